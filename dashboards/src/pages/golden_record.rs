//! One golden record: its values with their origin, its source records side by side, its past.

pub(crate) mod acts;

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use kanak_codes::Codes;
use kanak_engine::survivorship::recount;
use kanak_model::access::LegalBasis;
use kanak_model::entity_model::{Attribute, EntityModel, SurvivorshipStrategy};
use kanak_model::golden_record::{EMPTIED, EMPTIED_REASON, GoldenRecord, GoldenValue, WithheldCounts};
use kanak_model::life_events::status_history;
use kanak_model::relation::{Day, Period};
use kanak_model::source_record::{Stated, Values};
use kanak_model::{
    Access, Class, GoldenId, Language, OverrideId, Purpose, RuleSetVersion, SourceRecordId, Timestamp, UserId,
};
use kanak_store::{
    Confirmation, Direction, MemberRecord, Other, OverrideView, Related, RelationPage, RelationQuery, SourceSystemRow,
};
use serde::Deserialize;
use serde_json::json;

use self::acts::{Refused, Stewardship};
use super::golden_records::READ_PURPOSES;
use super::show_page;
use crate::audit;
use crate::component::{Cell, Head, Table, Tone};
use crate::error::PageError;
use crate::link_evidence::{
    self, CheckedPair, LinkEvidence, NO_FIELD_CHECK, NO_NOTICE, Partner, WEIGHED_MAX, field_check_words,
};
use crate::relation_table::Shown;
use crate::rows::{Row, Rows};
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{department_answers, format, names, reading, values};

/// For what a golden record is read.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    purpose: String,
    /// A day or a time: the golden record is shown as the hub held it then. Empty: as it is.
    #[serde(default)]
    known_at: String,
    /// A day: the golden record is shown as it was then, by what the hub knew at `known_at`. Empty: as the hub holds it.
    #[serde(default)]
    as_of: String,
}

impl Asked {
    fn known_at(&self) -> Result<Option<Timestamp>, PageError> {
        let refused = || PageError::Refused(Timestamp::no_time("known_at"));
        match self.known_at.trim() {
            "" => Ok(None),
            text => Timestamp::parse(text).map(Some).ok_or_else(refused),
        }
    }

    fn as_of(&self) -> Result<Option<Timestamp>, PageError> {
        match self.as_of.trim() {
            "" => Ok(None),
            text => Timestamp::parse_day_end(text)
                .map(Some)
                .ok_or_else(|| PageError::Refused("`as_of` is no day; write it as 2026-04-01".to_owned())),
        }
    }
}

/// `GET /golden-records/{id}`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    signed: Signed,
) -> Result<Response, PageError> {
    let Some(purpose) = Purpose::find(&asked.purpose).filter(|purpose| READ_PURPOSES.contains(purpose)) else {
        return Ok(Redirect::to("/golden-records").into_response());
    };
    show_page(&Box::pin(read_page(&state, &signed, &id, purpose, &asked, None)).await?)
}

/// The page, with the stated value that was just refused.
async fn read_page(
    state: &DashboardState,
    signed: &Signed,
    id: &str,
    purpose: Purpose,
    asked: &Asked,
    refused: Option<Refused>,
) -> Result<GoldenRecordPage, PageError> {
    let access = signed.access(purpose)?;
    let not_found = || PageError::NotFound { what: "golden record", name: id.to_owned() };
    let golden_id: GoldenId = id.parse().map_err(|_| not_found())?;
    let store = &state.store;
    let entity = store.find_golden_entity(golden_id).await.map_err(PageError::inside)?.ok_or_else(not_found)?;
    let model = state.find_model(&entity).ok_or_else(not_found)?;
    let (known_at, as_of) = (asked.known_at()?, asked.as_of()?);
    let golden = match (as_of, known_at) {
        (Some(at), _) => {
            state.actions.find_as_of(&access, model, golden_id, at, known_at).await.map_err(PageError::inside)?
        }
        (None, None) => store.find_golden(&access, model, golden_id).await.map_err(PageError::inside)?,
        (None, Some(known_at)) => {
            store.find_golden_at(&access, model, golden_id, known_at).await.map_err(PageError::inside)?
        }
    };
    let mut golden = match (golden, known_at) {
        (Some(golden), _) => golden,
        (None, None) => return Err(not_found()),
        (None, Some(then)) => return Err(not_then(state, &access, model, golden_id, then).await?),
    };
    let id = golden.record.id;
    let is_past = known_at.is_some() || as_of.is_some();
    let known_at = golden.known_at;
    let now = model;
    let then = store.find_model_at(model, known_at).await.map_err(PageError::inside)?.model;
    let model = if is_past { &then } else { model };
    if access.may_withhold() {
        let seen: Vec<&Values> = golden.members.iter().map(|member| &member.values).collect();
        recount(model, &mut golden.record.values, &seen);
    }
    audit::record(state, &access, "read", [id]).await?;
    let query = RelationQuery {
        known_at: Some(known_at),
        as_of: as_of.map(Day::of),
        limit: RELATIONS_MAX,
        ..RelationQuery::default()
    };
    let relations = store.list_relations_of(&access, &state.models, id, &query).await.map_err(PageError::inside)?;
    // Who may read it as it was on a day may not read what it was at the recorded time.
    let relations = relations.unwrap_or_else(|| RelationPage { relations: Vec::new(), known_at, next: None });
    audit::record(state, &access, "read relations", others(&relations)).await?;
    let titles = store.list_source_systems().await.map_err(PageError::inside)?;
    let language = signed.visit.language;
    let crosswalk = store.list_crosswalks_of_at(&access, &[id], known_at).await.map_err(PageError::inside)?;
    let members: Vec<SourceRecordId> = golden.members.iter().map(|member| member.id).collect();
    let parts = GoldenRecordParts {
        // Links are weighed by the rules of today, payments and stewards' acts are those of today: not with the past.
        links: if is_past { Vec::new() } else { link_evidence::weigh(&*state.actions, &access, &members).await },
        paid_after_death: if is_past { Rows::default() } else { paid_after_death(state, &access, model, id).await? },
        still_open: if is_past { Rows::default() } else { still_open(state, &access, model, &golden.record).await? },
        past: is_past.then_some(known_at),
        as_of,
        // What officers found is about all that the golden record holds.
        field_checks: if access.may_withhold() {
            Vec::new()
        } else {
            store.list_field_checks_of(id).await.map_err(PageError::inside)?
        },
        members: golden.members.into_iter().map(|member| to_member(member, &titles, language)).collect(),
        redirected_from: golden.redirected_from,
        crosswalk: crosswalk
            .into_iter()
            .map(|line| CrosswalkLine {
                source: titles
                    .iter()
                    .find(|source| source.id == line.source_system)
                    .map_or_else(|| line.source_system.to_string(), |source| source.title.get(language).to_owned()),
                key: line.key,
                from: line.recorded_from,
                to: line.recorded_to,
            })
            .collect(),
        history: store.list_history_at(&access, now, id, known_at).await.map_err(PageError::inside)?,
        stewardship: if is_past {
            None
        } else {
            acts::read(state, signed, &access, model, id, &titles, refused.as_ref()).await?
        },
        record: golden.record,
        relations,
        sources: titles,
        refused,
    };
    let shell = Shell::new("golden_record", &signed.visit, state.made_up);
    Ok(GoldenRecordPage::build(shell, &state.codes(), (model, &state.models), &access, parts))
}

/// Why there is nothing to show of a recorded time.
async fn not_then(
    state: &DashboardState,
    access: &Access,
    model: &EntityModel,
    id: GoldenId,
    then: Timestamp,
) -> Result<PageError, PageError> {
    let since = state.store.find_known_since(access, model, id, then).await.map_err(PageError::inside)?;
    Ok(match since {
        Some(since) => PageError::NotKnownYet { id, then: format::instant(then), since: format::instant(since) },
        None => PageError::NotFound { what: "golden record", name: id.to_string() },
    })
}

/// How many source records of others the page looks at for its relations; the API pages through all of them.
const RELATIONS_MAX: u32 = 100;

/// The golden records at the other ends.
fn others(page: &RelationPage) -> BTreeSet<GoldenId> {
    let golden = page.relations.iter().filter_map(|one| match &one.other {
        Other::Golden(record) => Some(record.id),
        Other::Code { .. } | Other::Nobody => None,
    });
    golden.collect()
}

/// Payments of benefits to a citizen after the recorded death, as far as the visitor's districts go: `payment_no, scheme,
/// paid_on, amount_paise`. None before the first release.
async fn paid_after_death(
    state: &DashboardState,
    access: &Access,
    model: &EntityModel,
    id: GoldenId,
) -> Result<Rows, PageError> {
    // Facts do not tell which register states them: where values are withheld, they are.
    if model.name != "citizen" || access.may_withhold() || !access.shows(Class::Personal) {
        return Ok(Rows::default());
    }
    let sql = format!(
        "SELECT payment_no, scheme, paid_on, amount_paise FROM fct_benefit_payments \
         WHERE beneficiary_golden_id = {} AND is_paid_after_death ORDER BY paid_on, payment_no",
        id.0
    );
    match reading::query(state, access, &sql).await {
        Err(PageError::NoFigures) => Ok(Rows::default()),
        read => read,
    }
}

/// What is still open of a citizen who is recorded as dead, as far as the visitor's districts go: `matter, number, about, since`. Pending
/// applications, open grievances, and schemes that paid, with the day of the last payment. None before the first release.
async fn still_open(
    state: &DashboardState,
    access: &Access,
    model: &EntityModel,
    record: &GoldenRecord,
) -> Result<Rows, PageError> {
    // Facts do not tell which register states them: where values are withheld, they are.
    let is_told = !access.may_withhold() && access.shows(Class::Personal);
    if model.name != "citizen" || !is_told || !record.values.contains_key("date_of_death") {
        return Ok(Rows::default());
    }
    let id = record.id.0;
    let sql = format!(
        "SELECT 'application' AS matter, application_no AS number, service AS about, CAST(applied_on AS VARCHAR) AS since          FROM fct_service_applications WHERE applicant_golden_id = {id} AND is_pending          UNION ALL SELECT 'grievance', grievance_no, complaint_type, CAST(filed_on AS VARCHAR)          FROM fct_grievances WHERE complainant_golden_id = {id} AND is_open          UNION ALL SELECT 'benefit', '', scheme, CAST(max(paid_on) AS VARCHAR)          FROM fct_benefit_payments WHERE beneficiary_golden_id = {id} AND is_paid GROUP BY scheme          ORDER BY matter, about, number"
    );
    match reading::query(state, access, &sql).await {
        Err(PageError::NoFigures) => Ok(Rows::default()),
        read => read,
    }
}

/// A source record with its source's title.
pub(crate) fn to_member(member: MemberRecord, titles: &[SourceSystemRow], language: Language) -> Member {
    let source = titles.iter().find(|source| source.id == member.source_system);
    Member {
        id: member.id,
        source: source.map_or(member.source, |source| source.title.get(language).to_owned()),
        key: member.key,
        values: member.values,
        updated: member.updated,
    }
}

/// One golden record.
#[derive(Template)]
#[template(path = "pages/golden_record.html")]
pub(crate) struct GoldenRecordPage {
    shell: Shell,
    id: String,
    label: String,
    entity: String,
    status: (Tone, String),
    /// Since when it has this status, and what it had before, by its dated events; nothing where they tell nothing.
    status_since: Option<String>,
    version: String,
    recorded: String,
    rule_set: String,
    /// Why this visitor sees it.
    purpose: String,
    basis: &'static str,
    /// How much is withheld from this visitor, in words; `None` where nothing is.
    withheld: Option<String>,
    purpose_word: &'static str,
    /// When it was held as it is shown, and no more; `None` for now.
    past: Option<String>,
    /// The day as of which it is shown.
    as_of: Option<String>,
    /// The id in the address, when it was merged away into this one.
    redirected_from: Option<String>,
    values: Table,
    /// How it belongs to others; nothing where its model declares no relation and nobody names it.
    relations: Option<Table>,
    /// Whether there are more than the page shows.
    has_more_relations: bool,
    sources: Table,
    crosswalk: Table,
    history: Table,
    /// How sure its links are, and what must happen before anyone acts on one; nothing where it has none.
    case: Option<Case>,
    /// What a steward may do here; nothing for anyone else.
    stewardship: Option<Stewardship>,
    /// Why the last act on this page was not done.
    error: Option<String>,
}

/// A golden record that says of a person something that others might act on.
struct Case {
    links: Table,
    /// Payments after the recorded death.
    payments: Option<Table>,
    /// What else is still open after the recorded death.
    still_open: Option<Table>,
}

/// A source record that is linked, with the words for where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: SourceRecordId,
    /// The source system's title.
    pub(crate) source: String,
    pub(crate) key: String,
    pub(crate) values: Values,
    pub(crate) updated: Option<Timestamp>,
}

/// A line of the crosswalk.
pub(crate) struct CrosswalkLine {
    pub(crate) source: String,
    pub(crate) key: String,
    pub(crate) from: Timestamp,
    pub(crate) to: Option<Timestamp>,
}

/// What the page is made of, as the hub answers.
pub(crate) struct GoldenRecordParts {
    pub(crate) record: GoldenRecord,
    pub(crate) members: Vec<Member>,
    pub(crate) redirected_from: Option<GoldenId>,
    pub(crate) crosswalk: Vec<CrosswalkLine>,
    /// How its source records weigh against each other.
    pub(crate) links: Vec<LinkEvidence>,
    /// See [`paid_after_death`].
    pub(crate) paid_after_death: Rows,
    /// See [`still_open`].
    pub(crate) still_open: Rows,
    /// What officers were asked to find out about two of its source records.
    pub(crate) field_checks: Vec<CheckedPair>,
    /// Every version, oldest first.
    pub(crate) history: Vec<GoldenRecord>,
    pub(crate) stewardship: Option<Stewardship>,
    pub(crate) relations: RelationPage,
    /// The registers, with their titles.
    pub(crate) sources: Vec<SourceSystemRow>,
    /// The recorded time of which this is shown; `None` for now.
    pub(crate) past: Option<Timestamp>,
    /// The last instant of the day as of which this is shown.
    pub(crate) as_of: Option<Timestamp>,
    /// The stated value that was just refused.
    pub(crate) refused: Option<Refused>,
}

impl GoldenRecordPage {
    pub(crate) fn build(
        shell: Shell,
        codes: &Codes,
        (model, models): (&EntityModel, &[EntityModel]),
        access: &Access,
        parts: GoldenRecordParts,
    ) -> Self {
        let language = shell.language();
        let record = &parts.record;
        let related = &parts.relations.relations;
        let shown = Shown { codes, models, sources: &parts.sources, language, purpose: access.purpose() };
        let caption = "What source records state of it and others, when it held, and which register says so.";
        let has_relations = !model.relations.is_empty() || !related.is_empty();
        Self {
            relations: has_relations
                .then(|| shown.table(caption.to_owned(), related, "No relation that you may see.".to_owned())),
            has_more_relations: parts.relations.next.is_some(),
            id: record.id.to_string(),
            label: label(model, record),
            entity: model.title.get(language).to_owned(),
            status: (status_tone(&record.status), format::spaced(&record.status)),
            status_since: status_since(model, record),
            version: format::whole(i64::from(record.version)),
            recorded: format::instant(record.recorded_from),
            rule_set: record.rule_set.to_string(),
            purpose: format::spaced(access.purpose().word()),
            purpose_word: access.purpose().word(),
            past: parts.past.map(format::instant),
            as_of: parts.as_of.map(|at| at.day_ist().to_string()),
            basis: basis_words(access.basis()),
            withheld: withheld_words(record.withheld),
            redirected_from: parts.redirected_from.map(|id| id.to_string()),
            values: values_table(codes, model, language, record, &parts.members),
            sources: sources_table(codes, model, language, record, &parts.members),
            crosswalk: crosswalk_table(language, &parts.crosswalk),
            history: history_table(codes, model, language, &parts.history),
            case: case(codes, language, &parts),
            stewardship: parts.stewardship,
            error: parts.refused.map(|refused| refused.why),
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let models = kanak_model::builtin::entity_models().expect("a test parses each builtin model");
        let access = Access::decide(&sampler.caller(), Purpose::Stewardship).expect("the sample's caller is a steward");
        let members = sample_members(sampler);
        let record = sample_record(sampler);
        let mut first = record.clone();
        first.version = 1;
        first.recorded_to = Some(record.recorded_from);
        first.recorded_from = Timestamp(1_790_000_000_000_000);
        first.values.remove("mobile");
        let crosswalk = members.iter().map(|member| CrosswalkLine {
            source: member.source.clone(),
            key: member.key.clone(),
            from: first.recorded_from,
            to: None,
        });
        let partner = |id| Some(Partner { id: SourceRecordId(id), probability: 0.993, weight_bits: 7.1 });
        let links = [(11, partner(12)), (12, partner(11)), (13, None)];
        let parts = GoldenRecordParts {
            links: links
                .map(|(id, partner)| LinkEvidence { of: SourceRecordId(id), partner, is_weighed: true })
                .to_vec(),
            paid_after_death: sampler.rows(
                ["payment_no", "scheme", "paid_on", "amount_paise"],
                [[json!(sampler.word), json!(sampler.word), json!("2026-05-07"), json!(1_500_00)]],
            ),
            still_open: sampler.rows(
                ["matter", "number", "about", "since"],
                [[json!("grievance"), json!(sampler.word), json!(sampler.word), json!("2026-05-07")]],
            ),
            field_checks: Vec::new(),
            crosswalk: crosswalk.collect(),
            history: vec![first, record.clone()],
            redirected_from: Some(GoldenId(4_712)),
            stewardship: Some(sample_stewardship(sampler, &models[0], &access)),
            refused: Some(acts::sample_refused(sampler)),
            past: None,
            relations: sample_relations(sampler),
            sources: Vec::new(),
            as_of: None,
            record,
            members,
        };
        Self::build(sampler.shell("golden_record"), &sampler.codes, (&models[0], &models), &access, parts)
    }
}

/// A relation with a golden record, one with a code and one whose other end nobody knows.
pub(crate) fn sample_relations(sampler: &Sampler) -> RelationPage {
    let related = |entity: &str, relation: &str, direction, other| Related {
        relation: relation.to_owned(),
        entity: entity.to_owned(),
        direction,
        other,
        period: Period { from: "2019-04-01".parse().ok(), to: None },
        attributes: [("designation".to_owned(), sampler.word.to_owned())].into_iter().collect(),
        source: "hrms".to_owned(),
        key: Some(sampler.word.to_owned()),
        recorded_from: Timestamp(1_795_000_000_000_000),
    };
    let office = Other::Code { system: "office".to_owned(), code: "OFF-REV-D27".to_owned() };
    let relations = vec![
        related("citizen", "household", Direction::Forward, Other::Golden(Box::new(sample_record(sampler)))),
        related("employee", "posted_at", Direction::Inverse, office),
        related("employee", "reports_to", Direction::Forward, Other::Nobody),
    ];
    RelationPage { relations, known_at: crate::samples::NOW, next: None }
}

/// A golden record that a steward confirmed, with a stated value that holds and one that was withdrawn.
fn sample_stewardship(sampler: &Sampler, model: &EntityModel, access: &Access) -> Stewardship {
    let (by, at) = (UserId(2), Timestamp(1_795_000_000_000_000));
    let stated = |id, ended: Option<Timestamp>| OverrideView {
        id: OverrideId(id),
        attribute: "mobile".to_owned(),
        value: Some("9876543210".to_owned()),
        reason: sampler.word.to_owned(),
        by,
        at,
        expires: Some(Timestamp(1_799_000_000_000_000)),
        ended,
        ended_by: ended.map(|_| by),
    };
    let refused = acts::sample_refused(sampler);
    let found = acts::Found {
        confirmation: Some(Confirmation { by, at, reason: sampler.word.to_owned(), by_decision: false }),
        stated: vec![stated(2, None), stated(1, Some(at))],
        proposed: 1,
        answers: department_answers::sample(sampler),
        users: Vec::new(),
        sources: &[],
        refused: Some(&refused),
    };
    acts::build(&sampler.codes, model, access, sampler.shell("golden_record").language(), &found)
}

/// A golden record of a citizen.
pub(crate) fn sample_record(sampler: &Sampler) -> GoldenRecord {
    use SurvivorshipStrategy::{MostComplete, MostFrequent, MostRecent, MostTrusted};
    let members = sample_members(sampler);
    let chosen = |value: &str, source: usize, strategy, agreeing, stated| GoldenValue {
        value: value.to_owned(),
        source_record: members[source].id,
        source_version: 1,
        strategy,
        agreeing,
        stated,
    };
    let values = [
        ("full_name", chosen(sampler.word, 1, MostTrusted, 1, 3)),
        ("father_name", chosen("Balwinder Singh", 1, MostComplete, 2, 2)),
        ("sex", chosen("M", 1, MostFrequent, 3, 3)),
        ("date_of_birth", chosen("1985-03-01", 1, MostComplete, 1, 3)),
        ("mobile", chosen("9876543210", 2, MostRecent, 1, 2)),
        ("village", chosen("Verka", 0, MostRecent, 2, 2)),
        ("district", chosen("27", 0, MostRecent, 3, 3)),
    ];
    GoldenRecord {
        id: GoldenId(4_711),
        entity: "citizen".to_owned(),
        version: 2,
        status: "active".to_owned(),
        values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        recorded_from: crate::samples::NOW,
        recorded_to: None,
        rule_set: RuleSetVersion(3),
        withheld: WithheldCounts::default(),
    }
}

/// Three source records of one citizen, as three registers state them.
pub(crate) fn sample_members(sampler: &Sampler) -> Vec<Member> {
    let member = |id, source: &str, key: &str, values: &[(&str, &str, &str)]| Member {
        id: SourceRecordId(id),
        source: source.to_owned(),
        key: key.to_owned(),
        values: values.iter().map(|(name, value, raw)| ((*name).to_owned(), Stated::new(*value, raw))).collect(),
        updated: Some(Timestamp(1_780_000_000_000_000)),
    };
    vec![
        member(
            11,
            "Food & civil supplies: ration cards",
            "RC-0270-118822",
            &[
                ("full_name", sampler.word, sampler.word),
                ("sex", "M", "M"),
                ("date_of_birth", "1985", "1985"),
                ("village", "Verka", "VERKA"),
                ("district", "27", "ASR"),
            ],
        ),
        member(
            12,
            "Election: roll",
            "PB/018/219/412",
            &[
                ("full_name", sampler.word, "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ"),
                ("father_name", "Balwinder Singh", "BALWINDER SINGH"),
                ("sex", "M", "Male"),
                ("date_of_birth", "1985-03-01", "01/03/1985"),
                ("mobile", "9811122233", "9811122233"),
                ("district", "27", "Amritsar"),
            ],
        ),
        member(
            13,
            "Health: insured families",
            "HB-77120-02",
            &[
                ("full_name", "Gurprit Singh", "GURPRIT SINGH"),
                ("father_name", "Balwinder Singh", "Balwinder Singh"),
                ("sex", "M", "M"),
                ("date_of_birth", "1985-01-03", "03-01-1985"),
                ("mobile", "9876543210", "+91 98765 43210"),
                ("village", "Verka", "Verka"),
                ("district", "27", "Amritsar"),
            ],
        ),
    ]
}

/// What stands for a golden record in titles and lists; its id where its name may not be shown.
pub(crate) fn label(model: &EntityModel, record: &GoldenRecord) -> String {
    record.values.get(&model.label).map_or_else(|| record.id.to_string(), |value| value.value.clone())
}

/// How a status should be taken.
pub(crate) fn status_tone(status: &str) -> Tone {
    match status {
        "active" => Tone::Good,
        "deceased" | "dissolved" | "closed" | EMPTIED => Tone::Warn,
        _ => Tone::Plain,
    }
}

/// What is withheld in words; `None` where nothing is.
fn withheld_words(counts: WithheldCounts) -> Option<String> {
    let WithheldCounts { by_agreement, by_consent, source_records } = counts;
    let part = |count: u32, words: &str| (count > 0).then(|| format!("{} {words}", format::whole(i64::from(count))));
    let parts: Vec<String> = [
        part(by_agreement, "values of other departments' registers, which no agreement gives you"),
        part(by_consent, "values that no receipt of consent covers"),
        part(source_records, "source records of registers of which no agreement gives you anything"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Since when a golden record has its status, in words: `since 2024-05-01, before that active`.
fn status_since(model: &EntityModel, record: &GoldenRecord) -> Option<String> {
    if let Some(at) = record.emptied() {
        return Some(format!("since {}: {EMPTIED_REASON}", format::instant(at)));
    }
    let history = status_history(model, &record.values);
    let last = history.last().filter(|last| last.status == record.status)?;
    let before = history.iter().rev().skip(1).map(|one| match one.since {
        Some(since) => format!("{} from {since}", format::spaced(&one.status)),
        None => format::spaced(&one.status),
    });
    let words = before.fold(format!("since {}", last.since?), |words, before| format!("{words}, before that {before}"));
    Some(words)
}

/// A legal basis in words.
pub(crate) fn basis_words(basis: LegalBasis) -> &'static str {
    match basis {
        LegalBasis::StateService => {
            "a subsidy, benefit, service, certificate or licence of the State (Digital Personal Data Protection Act 2023, section 7(b))"
        }
        LegalBasis::Statistics => {
            "statistics without a decision about a person (Digital Personal Data Protection Act 2023, section 17(2)(b))"
        }
        LegalBasis::LegalDuty => "a duty under law to keep the register, to audit or to inquire",
        LegalBasis::Statute => {
            "a function of the State that a statute names (Digital Personal Data Protection Act 2023, section 7(c))"
        }
        LegalBasis::Consent => {
            "the citizen's consent, of which a receipt stands (Digital Personal Data Protection Act 2023, section 6)"
        }
        LegalBasis::CourtOrder => "the order of a court (Digital Personal Data Protection Act 2023, section 7(e))",
    }
}

fn strategy_words(strategy: SurvivorshipStrategy) -> &'static str {
    match strategy {
        SurvivorshipStrategy::MostTrusted => "most trusted source",
        SurvivorshipStrategy::MostRecent => "stated last",
        SurvivorshipStrategy::MostFrequent => "stated most often",
        SurvivorshipStrategy::Longest => "longest",
        SurvivorshipStrategy::MostComplete => "most complete",
        SurvivorshipStrategy::ValidatedFirst => "passed its check",
        SurvivorshipStrategy::StewardOverride => "stated by a steward",
    }
}

fn source_of(members: &[Member], value: &GoldenValue) -> String {
    if value.strategy == SurvivorshipStrategy::StewardOverride {
        return "a steward".to_owned();
    }
    let member = members.iter().find(|member| member.id == value.source_record);
    member.map_or_else(|| format!("source record {}", value.source_record), |member| member.source.clone())
}

fn values_table(
    codes: &Codes,
    model: &EntityModel,
    language: Language,
    record: &GoldenRecord,
    members: &[Member],
) -> Table {
    let row = |(attribute, value): (&Attribute, &GoldenValue)| {
        vec![
            Cell::text(attribute.title().get(language)),
            Cell::text(values::show(attribute, &value.value, codes, language)).class("value-cell"),
            Cell::text(source_of(members, value)),
            Cell::text(strategy_words(value.strategy)),
            Cell::text(format!("{} of {}", value.agreeing, value.stated)),
        ]
    };
    let stated = model.attributes.iter().filter_map(|one| Some((one, record.values.get(&one.name)?)));
    Table {
        caption:
            "Chosen values. “Agree” counts the linked source records that you may see and that state this value, of those that state any."
                .to_owned(),
        heads: vec![
            Head::word(language, "attribute"),
            Head::word(language, "value"),
            Head::word(language, "stated_by"),
            Head::word(language, "chosen_as"),
            Head::count(language, "agree"),
        ],
        rows: stated.map(row).collect(),
        total: None,
        empty: "Nothing that you may see.".to_owned(),
    }
}

fn sources_table(
    codes: &Codes,
    model: &EntityModel,
    language: Language,
    record: &GoldenRecord,
    members: &[Member],
) -> Table {
    let heads = members.iter().map(|member| Head::text(format!("{} · {}", member.source, member.key)));
    let row = |attribute: &Attribute| {
        let golden = record.values.get(&attribute.name);
        let any = members.iter().any(|member| member.values.find(&attribute.name).is_some());
        let cells = members.iter().map(|member| {
            let Some(stated) = member.values.find_stated(&attribute.name) else { return Cell::none() };
            let cell = stated_cell(attribute, stated, codes, language);
            let is_source = golden.is_some_and(|golden| {
                golden.source_record == member.id && golden.strategy != SurvivorshipStrategy::StewardOverride
            });
            match golden {
                Some(_) if is_source => cell.marked("chosen"),
                Some(golden) if golden.value != stated.standard => cell.marked("differs"),
                _ => cell,
            }
        });
        any.then(|| std::iter::once(Cell::text(attribute.title().get(language))).chain(cells).collect::<Vec<_>>())
    };
    let updated = members.iter().map(|member| Cell::maybe(member.updated.map(format::instant)));
    let updated: Vec<Cell> = std::iter::once(Cell::text("Last changed there")).chain(updated).collect();
    Table {
        caption:
            "What each register states, in its standard form, with the register's own words under it where they differ."
                .to_owned(),
        heads: std::iter::once(Head::word(language, "attribute")).chain(heads).collect(),
        rows: model.attributes.iter().filter_map(row).chain(std::iter::once(updated)).collect(),
        total: None,
        empty: "No source record that you may see.".to_owned(),
    }
}

/// A stated value with the source's own words under it, where they say it differently.
pub(crate) fn stated_cell(attribute: &Attribute, stated: &Stated, codes: &Codes, language: Language) -> Cell {
    let text = values::show(attribute, &stated.standard, codes, language);
    let own = stated.raw.as_deref().filter(|raw| *raw != text && *raw != stated.standard);
    let own = own.map(|raw| format!("“{raw}”"));
    Cell { sub: own, ..Cell::text(text) }
}

/// What is shown where a golden record holds someone more than once, or as dead.
fn case(codes: &Codes, language: Language, parts: &GoldenRecordParts) -> Option<Case> {
    let death = parts.record.values.get("date_of_death");
    if parts.past.is_some() || parts.members.len() < 2 && death.is_none() && parts.paid_after_death.is_empty() {
        return None;
    }
    let payments = (!parts.paid_after_death.is_empty()).then(|| payments_table(codes, language, parts, death));
    let still_open = (!parts.still_open.is_empty()).then(|| still_open_table(codes, language, parts, death));
    Some(Case { links: links_table(language, parts), payments, still_open })
}

fn member_words(members: &[Member], id: SourceRecordId) -> String {
    let member = members.iter().find(|member| member.id == id);
    member.map_or_else(|| format!("source record {id}"), |member| format!("{} · {}", member.source, member.key))
}

/// Probability of a link, its weight, notice and field check: what stands beside each case.
fn evidence_cells(link: Option<&LinkEvidence>, field_check: String) -> Vec<Cell> {
    let (probability, bits) = match link.and_then(|link| link.partner) {
        Some(one) => (format::probability(one.probability), format::bits(one.weight_bits)),
        None if link.is_some_and(|link| !link.is_weighed) => ("not weighed".to_owned(), format::NONE.to_owned()),
        None => ("cannot be weighed".to_owned(), format::NONE.to_owned()),
    };
    vec![Cell::text(probability), Cell::text(bits), Cell::text(NO_NOTICE), Cell::text(field_check)]
}

fn evidence_heads(language: Language) -> [Head; 4] {
    [
        Head::count(language, "match_probability"),
        Head::count(language, "weight_bits"),
        Head::word(language, "notice"),
        Head::word(language, "field_check"),
    ]
}

fn links_table(language: Language, parts: &GoldenRecordParts) -> Table {
    let members = &parts.members;
    let row = |link: &LinkEvidence| {
        let with = link.partner.map(|partner| member_words(members, partner.id));
        let first = [Cell::text(member_words(members, link.of)), Cell::maybe(with)];
        let checked = field_check_words(&parts.field_checks, link.of);
        first.into_iter().chain(evidence_cells(Some(link), checked)).collect()
    };
    let mut caption = "Each source record with the one of this golden record that it most probably belongs to, weighed by the rules \
                       in force; the match weight is what the comparisons add, without how rare a match is. A lower probability than that of a match by \
                       rule means a steward's decision, or a link through others."
        .to_owned();
    if parts.links.iter().any(|link| !link.is_weighed) {
        let many = parts.links.len();
        caption.push_str(&format!(
            " Of its {many} source records only the first {WEIGHED_MAX} were weighed; another may be likelier still."
        ));
    }
    Table {
        caption,
        heads: [Head::word(language, "source_record"), Head::word(language, "likeliest_with")]
            .into_iter()
            .chain(evidence_heads(language))
            .collect(),
        rows: parts.links.iter().map(row).collect(),
        total: None,
        empty: "No source record that you may see.".to_owned(),
    }
}

/// What is still open after the recorded death; what links the person to that death is the link of the source record that states it.
fn still_open_table(
    codes: &Codes,
    language: Language,
    parts: &GoldenRecordParts,
    death: Option<&GoldenValue>,
) -> Table {
    let stated_by = death.map(|death| death.source_record);
    let link = parts.links.iter().find(|link| Some(link.of) == stated_by);
    let checked = stated_by.map_or_else(|| NO_FIELD_CHECK.to_owned(), |id| field_check_words(&parts.field_checks, id));
    let stated_by = stated_by.map_or_else(|| format::NONE.to_owned(), |id| member_words(&parts.members, id));
    let row = |row: Row<'_>| {
        let (what, system) = match row.text("matter") {
            "application" => ("Pending application", "service"),
            "grievance" => ("Open grievance", "complaint-type"),
            _ => ("Benefit, last paid", "scheme"),
        };
        let first = [
            Cell::text(what).under(row.plain("number")),
            Cell::text(names::code_name(codes, system, row.text("about"), language)),
            Cell::text(row.plain("since")),
            Cell::text(&stated_by),
        ];
        first.into_iter().chain(evidence_cells(link, checked.clone())).collect()
    };
    let first =
        [Head::text("What is open"), Head::text("About"), Head::text("Since"), Head::word(language, "death_stated_by")];
    Table {
        caption: "What is still open of somebody who is recorded as dead, with the likeliest link of the source record that states the \
                  death. It is told so that an heir can be helped and an error found; nothing of it stops by itself."
            .to_owned(),
        heads: first.into_iter().chain(evidence_heads(language)).collect(),
        rows: parts.still_open.iter().map(row).collect(),
        total: None,
        empty: "Nothing is open.".to_owned(),
    }
}

/// Payments after the recorded death; what links the payee to that death is the link of the source record that states it.
fn payments_table(codes: &Codes, language: Language, parts: &GoldenRecordParts, death: Option<&GoldenValue>) -> Table {
    let stated_by = death.map(|death| death.source_record);
    let link = parts.links.iter().find(|link| Some(link.of) == stated_by);
    let checked = stated_by.map_or_else(|| NO_FIELD_CHECK.to_owned(), |id| field_check_words(&parts.field_checks, id));
    let stated_by = stated_by.map_or_else(|| format::NONE.to_owned(), |id| member_words(&parts.members, id));
    let row = |row: Row<'_>| {
        let first = [
            Cell::text(row.plain("payment_no")).under(row.plain("paid_on")),
            Cell::text(names::code_name(codes, "scheme", row.text("scheme"), language)),
            Cell::rupees(row.count("amount_paise")),
            Cell::text(&stated_by),
        ];
        first.into_iter().chain(evidence_cells(link, checked.clone())).collect()
    };
    let first = [
        Head::word(language, "payment"),
        Head::word(language, "scheme"),
        Head::count(language, "amount"),
        Head::word(language, "death_stated_by"),
    ];
    Table {
        caption: "Payments after the date of death that this golden record holds, with the likeliest link of the source record that \
                  states the death."
            .to_owned(),
        heads: first.into_iter().chain(evidence_heads(language)).collect(),
        rows: parts.paid_after_death.iter().map(row).collect(),
        total: None,
        empty: "No payment lies after the recorded death.".to_owned(),
    }
}

fn crosswalk_table(language: Language, lines: &[CrosswalkLine]) -> Table {
    let row = |line: &CrosswalkLine| {
        vec![
            Cell::text(&line.source),
            Cell::text(&line.key),
            Cell::text(format::instant(line.from)),
            Cell::text(line.to.map_or_else(|| "now".to_owned(), format::instant)),
        ]
    };
    Table {
        caption: "Keys of departments that lead or led to this golden record.".to_owned(),
        heads: vec![
            Head::word(language, "source"),
            Head::word(language, "key"),
            Head::word(language, "from"),
            Head::word(language, "to"),
        ],
        rows: lines.iter().map(row).collect(),
        total: None,
        empty: "No key leads here.".to_owned(),
    }
}

fn history_table(codes: &Codes, model: &EntityModel, language: Language, history: &[GoldenRecord]) -> Table {
    let rows = history.iter().enumerate().rev().map(|(at, version)| {
        let before = at.checked_sub(1).and_then(|at| history.get(at));
        vec![
            Cell::text(format!("Version {}", version.version)),
            Cell::text(format::instant(version.recorded_from)),
            before.map_or_else(
                || Cell::text("came to be"),
                |before| Cell::text(changes(codes, model, language, before, version)),
            ),
        ]
    });
    Table {
        caption: "Versions, latest first, with what changed from the one before.".to_owned(),
        heads: vec![
            Head::word(language, "version"),
            Head::word(language, "recorded"),
            Head::word(language, "what_changed"),
        ],
        rows: rows.collect(),
        total: None,
        empty: "No version that you may see.".to_owned(),
    }
}

/// What changed between two versions, in words.
fn changes(
    codes: &Codes,
    model: &EntityModel,
    language: Language,
    before: &GoldenRecord,
    after: &GoldenRecord,
) -> String {
    let mut said = Vec::new();
    if before.status != after.status {
        said.push(format!("status {} → {}", format::spaced(&before.status), format::spaced(&after.status)));
    }
    for attribute in &model.attributes {
        let value = |record: &GoldenRecord| {
            let found = record.values.get(&attribute.name)?;
            Some(values::show(attribute, &found.value, codes, language))
        };
        let titles = attribute.title();
        let title = titles.get(language);
        match (value(before), value(after)) {
            (Some(old), Some(new)) if old != new => said.push(format!("{title}: {old} → {new}")),
            (None, Some(new)) => said.push(format!("{title}: {new} came")),
            (Some(old), None) => said.push(format!("{title}: {old} went")),
            _ => {}
        }
    }
    if said.is_empty() { "its source records or their agreement".to_owned() } else { said.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_model::builtin;

    #[test]
    fn the_history_says_what_changed_and_the_comparison_what_differs() {
        let sampler = Sampler::new(Language::En, "Gurpreet Singh");
        let page = GoldenRecordPage::sample(&sampler);
        let latest: Vec<&str> = page.history.rows[0].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(latest[2], "Mobile: 9876543210 came");
        let names = &page.sources.rows[0];
        assert_eq!(names[1].class, None, "an equal value of another source is neither chosen nor different");
        assert_eq!(names[2].class, Some("chosen"));
        assert_eq!((names[3].class, names[3].text.as_str()), (Some("differs"), "Gurprit Singh"));
    }

    #[test]
    fn each_case_stands_with_its_probability_its_checks_and_the_way_to_contest_it() {
        let page = GoldenRecordPage::sample(&Sampler::new(Language::En, "word"));
        let case = page.case.as_ref().unwrap();
        for table in [&case.links, case.payments.as_ref().unwrap()] {
            for row in &table.rows {
                let said: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
                assert!(said.contains(&NO_NOTICE) && said.contains(&NO_FIELD_CHECK), "{said:?}");
                assert!(said.iter().any(|text| text.contains('%') || *text == "cannot be weighed"), "{said:?}");
            }
        }
        let html = page.render().unwrap();
        for needed in ["not a ground to stop a benefit", "Notice.", "Field check.", "Appeal.", "99.300\u{a0}%"] {
            assert!(html.contains(needed), "{needed}");
        }
    }

    #[test]
    fn a_record_whose_name_may_not_be_shown_is_called_by_its_id() {
        let models = builtin::entity_models().unwrap();
        let record = GoldenRecord {
            id: GoldenId(7),
            entity: "citizen".to_owned(),
            version: 1,
            status: "active".to_owned(),
            values: std::collections::BTreeMap::new(),
            recorded_from: Timestamp(0),
            recorded_to: None,
            rule_set: RuleSetVersion(1),
            withheld: WithheldCounts::default(),
        };
        assert_eq!(label(&models[0], &record), GoldenId(7).to_string());
    }
}
