//! Errors by groups of people, against a known truth: whether some are found less well than others.
//!
//! The labels are read from the values, counted, and forgotten; nothing is kept on anyone.

use std::collections::BTreeMap;

use arrow::array::{Array as _, AsArray as _};
use arrow::record_batch::RecordBatch;
use chrono::NaiveDate;
use kanak_engine::matching::accuracy::entities_of_pairs;
use kanak_engine::matching::group_labels::{age_band_of, name_type_of, script_of, sex_of};
use kanak_engine::matching::groups::{Difference, ErrorsByGroup, GroupErrors, errors_by_group};
use kanak_engine::matching::{Columns, texts_of};
use kanak_model::kind::Kind;
use kanak_model::{EntityModel, SourceRecordId};
use serde::Serialize;

use super::row_of;

/// Precision and recall by script, type of name, sex and age at a day, as far as the entity has such attributes.
pub(super) fn by_group(
    entity: &EntityModel,
    batches: &[RecordBatch],
    columns: &Columns,
    truth: &[(SourceRecordId, SourceRecordId)],
    clusters: &[Vec<SourceRecordId>],
    day: NaiveDate,
) -> BTreeMap<&'static str, ErrorsByGroup<String>> {
    let rows: Vec<SourceRecordId> = clusters.iter().flatten().copied().collect();
    let entities: Vec<usize> = entities_of_pairs(truth, clusters).into_iter().flatten().collect();
    let cluster_of: Vec<usize> =
        clusters.iter().enumerate().flat_map(|(at, members)| members.iter().map(move |_| at)).collect();
    let texts = |attribute: &str| -> Vec<String> {
        let all: Vec<String> = batches.iter().flat_map(|batch| column(batch, attribute)).collect();
        rows.iter().map(|id| all[row_of(*id)].clone()).collect()
    };
    let mut tables = BTreeMap::new();
    let is_name = entity.find_attribute(&entity.label).is_some_and(|attribute| attribute.kind == Kind::PersonName);
    if is_name {
        let names = texts(&entity.label);
        tables.insert("script", table(&names, script_of, &entities, &cluster_of));
        tables.insert("name_type", table(&names, name_type_of, &entities, &cluster_of));
    }
    if let Some(sex) = entity.attributes.iter().find(|attribute| attribute.kind == Kind::Sex) {
        tables.insert("sex", table(&texts(&sex.name), sex_of, &entities, &cluster_of));
    }
    let births = entity.attributes.iter().find(|one| one.kind == Kind::Date && one.name.contains("birth"));
    if let Some(texts) = births.and_then(|births| texts_of(columns, &births.name)) {
        let births: Vec<String> = rows.iter().map(|id| texts[row_of(*id)].to_owned()).collect();
        tables.insert("age_band", table(&births, |text| age_band_of(text, day), &entities, &cluster_of));
    }
    tables
}

fn table<G: Ord + Clone + Serialize>(
    values: &[String],
    label: impl Fn(&str) -> G,
    entities: &[usize],
    clusters: &[usize],
) -> ErrorsByGroup<String> {
    let labels: Vec<G> = values.iter().map(|value| label(value)).collect();
    in_words(errors_by_group(&labels, entities, clusters))
}

/// The same with the words of its labels.
fn in_words<G: Serialize>(errors: ErrorsByGroup<G>) -> ErrorsByGroup<String> {
    let word = |label: &G| serde_json::to_value(label).ok().and_then(|word| Some(word.as_str()?.to_owned()));
    let word = |label: &G| word(label).unwrap_or_default();
    let group = |of: GroupErrors<G>| GroupErrors {
        group: word(&of.group),
        source_records: of.source_records,
        right: of.right,
        found: of.found,
        wanted: of.wanted,
        precision: of.precision,
        recall: of.recall,
        recall_interval: of.recall_interval,
        precision_interval: of.precision_interval,
    };
    let gap =
        |of: Difference<G>| Difference { best: word(&of.best), worst: word(&of.worst), difference: of.difference };
    ErrorsByGroup {
        groups: errors.groups.into_iter().map(group).collect(),
        precision: errors.precision.map(gap),
        recall: errors.recall.map(gap),
    }
}

/// The texts of a column; empty ones where it is missing.
fn column(batch: &RecordBatch, attribute: &str) -> Vec<String> {
    let found = batch.column_by_name(attribute).and_then(|array| array.as_string_opt::<i32>());
    let text = |row: usize| {
        let texts = found.filter(|texts| texts.is_valid(row));
        texts.map_or_else(String::new, |texts| texts.value(row).to_owned())
    };
    (0..batch.num_rows()).map(text).collect()
}
