//! What departments say of golden records, as stewards read it.

use kanak_model::source_system::RowsAre;
use kanak_model::{EntityModel, GoldenId, Language, SourceRecordId, Timestamp, UserId};
use kanak_store::{DepartmentAnswer, Says, SourceSystemRow, User, user_name};

use crate::samples::Sampler;
use crate::{format, names, words};

/// What a department said, in words.
pub(crate) struct AnswerLine {
    pub(crate) id: i64,
    /// The golden record's page: address and id.
    pub(crate) golden: (String, String),
    /// The register and the department's own key.
    pub(crate) row: String,
    /// What it says, in the page's language.
    pub(crate) says: &'static str,
    /// Of which attribute; `None` where the row is of somebody else.
    pub(crate) attribute: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) by: String,
    pub(crate) at: String,
    /// Who took note of it, and when.
    pub(crate) noted: Option<String>,
    /// Whether a steward has to take note of it: an objection of which none has.
    pub(crate) waits: bool,
}

/// The answers in words, in their order.
pub(crate) fn lines(
    answers: &[DepartmentAnswer],
    sources: &[SourceSystemRow],
    models: &[EntityModel],
    users: &[User],
    language: Language,
) -> Vec<AnswerLine> {
    let line = |answer: &DepartmentAnswer| {
        let source = sources.iter().find(|source| source.name == answer.source);
        let register = names::register(sources, &answer.source, language);
        let model = source.and_then(|source| match &source.rows {
            RowsAre::Entity(entity) => models.iter().find(|model| model.name == *entity),
            RowsAre::Event(_) => None,
        });
        let title = |name: &String| {
            let found = model.and_then(|model| model.find_attribute(name));
            found.map_or_else(|| name.clone(), |found| found.title().get(language).to_owned())
        };
        let says = match answer.says {
            Says::Accepts => "says.accepts",
            Says::Rejects => "says.rejects",
            Says::Differs => "says.differs",
        };
        let id = answer.golden_id;
        AnswerLine {
            id: answer.id,
            golden: (format!("/golden-records/{id}?purpose=stewardship"), id.to_string()),
            row: format!("{register} · {}", answer.key),
            says: words::word(language, says),
            attribute: answer.attribute.as_ref().map(title),
            reason: answer.reason.clone(),
            by: answer.by.clone(),
            at: format::instant(answer.at),
            noted: answer
                .seen
                .map(|(by, at)| format!("{} took note of it, {}.", user_name(users, by), format::instant(at))),
            waits: answer.seen.is_none() && answer.says != Says::Accepts,
        }
    };
    answers.iter().map(line).collect()
}

/// An objection that waits, and one of which a steward took note.
pub(crate) fn sample(sampler: &Sampler) -> Vec<DepartmentAnswer> {
    let at = Timestamp(1_795_300_000_000_000);
    let answer = |id, says, attribute: Option<&str>, seen| DepartmentAnswer {
        id,
        source_record: SourceRecordId(11),
        source: "election".to_owned(),
        key: sampler.word.to_owned(),
        says,
        attribute: attribute.map(str::to_owned),
        golden_id: GoldenId(4_711),
        golden_version: 2,
        reason: Some(sampler.word.to_owned()),
        by: sampler.word.to_owned(),
        at,
        seen,
    };
    vec![answer(2, Says::Rejects, Some("mobile"), None), answer(1, Says::Differs, None, Some((UserId(2), at)))]
}
