//! The thin compiler from [`Access`] to SQL, and the masking of what it does not show.

use std::collections::HashMap;

use kanak_model::access::{Filter, Withheld};
use kanak_model::golden_record::{GoldenValues, WithheldCounts};
use kanak_model::quality::mask;
use kanak_model::source_record::{Stated, Values};
use kanak_model::{Access, Class, EntityModel, GoldenId, GoldenRecord, SourceRecordId};

use crate::Store;
use crate::dialect::{Engine, JsonColumn, attribute_path, attribute_text, json};
use crate::error::StoreError;

/// A condition on rows and what is bound to its parameters, in order.
pub(crate) struct Condition {
    /// SQL that is true for the rows that may be read.
    pub(crate) sql: String,
    /// Texts for its parameters.
    pub(crate) bind: Vec<String>,
}

/// Compiles a filter; its parameters are numbered from `first`.
pub(crate) fn compile(filter: &Filter, engine: Engine, column: JsonColumn, first: usize) -> Condition {
    match filter {
        Filter::Everything => Condition { sql: "1 = 1".to_owned(), bind: Vec::new() },
        Filter::Nothing => Condition { sql: "1 = 0".to_owned(), bind: Vec::new() },
        // A name that no model can have: what is unknown denies.
        Filter::AttributeIn { attribute, .. } if attribute.contains(['"', '\\', '\0']) => {
            Condition { sql: "1 = 0".to_owned(), bind: Vec::new() }
        }
        Filter::AttributeIn { attribute, values } => {
            let text = attribute_text(engine, column, &format!("${first}"));
            let second = first + 1;
            Condition {
                sql: format!("(({text}) IN (SELECT word FROM {{texts ${second}}} AS scope))"),
                bind: vec![attribute_path(engine, attribute), json(values)],
            }
        }
        Filter::GoldenIn(golden) => {
            let ids: Vec<i64> = golden.iter().map(|id| id.0).collect();
            let is_one = format!("IN (SELECT id FROM {{ids ${first}}} AS scope)");
            let sql = match column {
                JsonColumn::Chosen(column) => format!("({}.golden_id {is_one})", alias(column)),
                JsonColumn::Stated(column) => format!(
                    "EXISTS (SELECT 1 FROM crosswalks scoped WHERE scoped.source_record_id = {}.id
                     AND scoped.recorded_to_us IS NULL AND scoped.golden_id {is_one})",
                    alias(column)
                ),
            };
            Condition { sql, bind: vec![json(&ids)] }
        }
        Filter::All(filters) => {
            let mut all = Condition { sql: "1 = 1".to_owned(), bind: Vec::new() };
            for filter in filters {
                let one = compile(filter, engine, column, first + all.bind.len());
                all.sql = format!("{} AND {}", all.sql, one.sql);
                all.bind.extend(one.bind);
            }
            all
        }
    }
}

/// The row whose column it is: of `v.chosen`, `v`.
fn alias(column: &str) -> &str {
    column.split_once('.').map_or(column, |(alias, _)| alias)
}

/// How a value of one attribute is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Clear,
    Masked,
    LeftOut,
}

/// An attribute that the model does not know is left out. Who may see personal values sees a mask of sensitive ones.
fn shown(access: &Access, model: &EntityModel, attribute: &str) -> Shown {
    match model.find_attribute(attribute).map(|attribute| attribute.class) {
        Some(class) if access.shows(class) => Shown::Clear,
        Some(Class::Sensitive) if access.shows(Class::Personal) => Shown::Masked,
        _ => Shown::LeftOut,
    }
}

/// The registers of source records, for an access that may withhold values; for any other they are not asked for.
#[derive(Default)]
pub(crate) struct StatedBy(HashMap<SourceRecordId, String>);

impl StatedBy {
    /// The registers of all source records that golden values are from.
    pub(crate) async fn of(store: &Store, access: &Access, values: &[&GoldenValues]) -> Result<Self, StoreError> {
        if !access.may_withhold() {
            return Ok(Self::default());
        }
        let from: Vec<SourceRecordId> =
            values.iter().flat_map(|values| values.values()).map(|value| value.source_record).collect();
        Ok(Self(store.list_registers_of(&from).await?))
    }

    /// These registers of source records.
    pub(crate) fn known<'r>(access: &Access, registers: impl Iterator<Item = (SourceRecordId, &'r str)>) -> Self {
        if !access.may_withhold() {
            return Self::default();
        }
        Self(registers.map(|(id, register)| (id, register.to_owned())).collect())
    }

    fn find(&self, source_record: SourceRecordId) -> Option<&str> {
        self.0.get(&source_record).map(String::as_str)
    }
}

/// Golden values as the caller may see them, and how many are withheld that their classes would show.
pub(crate) fn show_golden(
    access: &Access,
    model: &EntityModel,
    golden: GoldenId,
    mut values: GoldenValues,
    stated_by: &StatedBy,
) -> (GoldenValues, WithheldCounts) {
    let mut counts = WithheldCounts::default();
    values.retain(|name, value| {
        let shown = shown(access, model, name);
        let class = model.find_attribute(name).map_or(Class::Sensitive, |attribute| attribute.class);
        let register = stated_by.find(value.source_record);
        match (shown, access.withholds(Some(golden), register, name, class)) {
            (Shown::LeftOut, _) => false,
            (_, Some(Withheld::ByAgreement)) => {
                counts.by_agreement += 1;
                false
            }
            (_, Some(Withheld::ByConsent)) => {
                counts.by_consent += 1;
                false
            }
            (Shown::Clear, None) => true,
            (Shown::Masked, None) => {
                value.value = mask(&value.value);
                true
            }
        }
    });
    (values, counts)
}

impl Store {
    /// Golden records as the caller may see them.
    pub(crate) async fn show_all(
        &self,
        access: &Access,
        model: &EntityModel,
        records: Vec<GoldenRecord>,
    ) -> Result<Vec<GoldenRecord>, StoreError> {
        let values: Vec<&GoldenValues> = records.iter().map(|record| &record.values).collect();
        let stated_by = StatedBy::of(self, access, &values).await?;
        let show = |mut record: GoldenRecord| {
            let values = std::mem::take(&mut record.values);
            (record.values, record.withheld) = show_golden(access, model, record.id, values, &stated_by);
            record
        };
        Ok(records.into_iter().map(show).collect())
    }

    /// A golden record as the caller may see it.
    pub(crate) async fn show_one(
        &self,
        access: &Access,
        model: &EntityModel,
        record: GoldenRecord,
    ) -> Result<GoldenRecord, StoreError> {
        let mut shown = self.show_all(access, model, vec![record]).await?;
        Ok(shown.remove(0))
    }
}

/// A source record's values as the caller may see them.
pub(crate) fn show_stated(
    access: &Access,
    model: &EntityModel,
    golden: Option<GoldenId>,
    register: &str,
    values: &Values,
) -> Values {
    values
        .iter()
        .filter_map(|(name, stated)| {
            let class = model.find_attribute(name)?.class;
            if access.withholds(golden, Some(register), name, class).is_some() {
                return None;
            }
            let stated = match shown(access, model, name) {
                Shown::Clear => stated.clone(),
                Shown::Masked => Stated { standard: mask(&stated.standard), raw: None },
                Shown::LeftOut => return None,
            };
            Some((name.to_owned(), stated))
        })
        .collect()
}
