//! Relations as a table: what, with whom, when, and who says so.

use kanak_codes::Codes;
use kanak_model::{EntityModel, Language, Purpose};
use kanak_store::{Direction, Other, Related, SourceSystemRow};

use crate::component::{Cell, Head, Table};
use crate::pages::golden_record::label;
use crate::session::percent_encode;
use crate::{format, names, values};

/// What relations are shown with.
pub(crate) struct Shown<'a> {
    pub(crate) codes: &'a Codes,
    pub(crate) models: &'a [EntityModel],
    pub(crate) sources: &'a [SourceSystemRow],
    pub(crate) language: Language,
    /// The purpose that links carry on.
    pub(crate) purpose: Purpose,
}

impl Shown<'_> {
    /// The table, in the order of what is given.
    pub(crate) fn table<'r>(
        &self,
        caption: String,
        relations: impl IntoIterator<Item = &'r Related>,
        empty: String,
    ) -> Table {
        let language = self.language;
        Table {
            caption,
            heads: vec![
                Head::word(language, "relation"),
                Head::word(language, "other_end"),
                Head::word(language, "details"),
                Head::word(language, "from"),
                Head::word(language, "to"),
                Head::word(language, "stated_by"),
            ],
            rows: relations.into_iter().map(|one| self.row(one)).collect(),
            total: None,
            empty,
        }
    }

    fn row(&self, one: &Related) -> Vec<Cell> {
        vec![
            Cell::text(self.title(one)),
            self.other(&one.other),
            Cell::text(self.details(one)),
            Cell::maybe(one.period.from.map(|day| format::day(day.date()))),
            Cell::maybe(one.period.to.map(|day| format::day(day.date()))),
            self.source(one),
        ]
    }

    fn model(&self, entity: &str) -> Option<&EntityModel> {
        self.models.iter().find(|model| model.name == entity)
    }

    /// What a relation is called at the end that is looked at.
    pub(crate) fn title(&self, one: &Related) -> String {
        let relation = self.model(&one.entity).and_then(|model| model.find_relation(&one.relation));
        relation.map_or_else(
            || format::spaced(&one.relation),
            |relation| match one.direction {
                Direction::Forward => relation.title.get(self.language).to_owned(),
                Direction::Inverse => relation.inverse.get(self.language).to_owned(),
            },
        )
    }

    fn other(&self, other: &Other) -> Cell {
        match other {
            Other::Nobody => Cell::text("a key that nobody answers to"),
            Other::Code { system, code } => {
                let href = address(system, code, self.purpose);
                Cell::text(names::code_name(self.codes, system, code, self.language)).under(code).link(href)
            }
            Other::Golden(record) => {
                let (id, model) = (record.id.to_string(), self.model(&record.entity));
                let words = model.map_or_else(|| id.clone(), |model| label(model, record));
                let href = format!("/golden-records/{}?purpose={}", percent_encode(&id), self.purpose.word());
                let title = model.map_or(record.entity.as_str(), |model| model.title.get(self.language));
                Cell::text(words).under(title).link(href)
            }
        }
    }

    /// The attributes that describe a relation, in words.
    pub(crate) fn details(&self, one: &Related) -> String {
        let model = self.model(&one.entity);
        let said = one.attributes.iter().map(|(name, value)| {
            let attribute = model.and_then(|model| model.find_attribute(name));
            attribute
                .map_or_else(|| value.clone(), |attribute| values::show(attribute, value, self.codes, self.language))
        });
        let said: Vec<String> = said.collect();
        if said.is_empty() { format::NONE.to_owned() } else { said.join("; ") }
    }

    fn source(&self, one: &Related) -> Cell {
        let source = self.sources.iter().find(|source| source.name == one.source);
        let title =
            source.map_or_else(|| format::spaced(&one.source), |source| source.title.get(self.language).to_owned());
        Cell { sub: one.key.clone(), ..Cell::text(title) }
    }
}

/// Where the page stands that says which golden records name a code.
pub(crate) fn address(system: &str, code: &str, purpose: Purpose) -> String {
    format!("/relations/{}/{}?purpose={}", percent_encode(system), percent_encode(code), purpose.word())
}
