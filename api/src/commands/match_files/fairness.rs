//! Errors by groups of people, against a known truth: whether some are found less well than others.
//!
//! The labels are read from the values, counted, and forgotten; nothing is kept on anyone.

use arrow::array::{Array as _, AsArray as _};
use arrow::record_batch::RecordBatch;
use kanak_engine::matching::accuracy::entities_of_pairs;
use kanak_engine::matching::group_labels::{name_type_of, script_of, sex_of};
use kanak_engine::matching::groups::errors_by_group;
use kanak_model::kind::Kind;
use kanak_model::{EntityModel, SourceRecordId};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::row_of;
use crate::output::{Output, grouped};

/// Precision and recall by script, type of name and sex, as far as the entity has such attributes.
pub(super) fn by_group(
    entity: &EntityModel,
    batches: &[RecordBatch],
    truth: &[(SourceRecordId, SourceRecordId)],
    clusters: &[Vec<SourceRecordId>],
) -> Value {
    let rows: Vec<SourceRecordId> = clusters.iter().flatten().copied().collect();
    let entities: Vec<usize> = entities_of_pairs(truth, clusters).into_iter().flatten().collect();
    let cluster_of: Vec<usize> =
        clusters.iter().enumerate().flat_map(|(at, members)| members.iter().map(move |_| at)).collect();
    let texts = |attribute: &str| -> Vec<String> {
        let all: Vec<String> = batches.iter().flat_map(|batch| column(batch, attribute)).collect();
        rows.iter().map(|id| all[row_of(*id)].clone()).collect()
    };
    let mut tables = Map::new();
    let is_name = entity.find_attribute(&entity.label).is_some_and(|attribute| attribute.kind == Kind::PersonName);
    if is_name {
        let names = texts(&entity.label);
        tables.insert("script".to_owned(), table(&names, script_of, &entities, &cluster_of));
        tables.insert("name_type".to_owned(), table(&names, name_type_of, &entities, &cluster_of));
    }
    if let Some(sex) = entity.attributes.iter().find(|attribute| attribute.kind == Kind::Sex) {
        tables.insert("sex".to_owned(), table(&texts(&sex.name), sex_of, &entities, &cluster_of));
    }
    Value::Object(tables)
}

fn table<G: Ord + Clone + Serialize>(
    values: &[String],
    label: impl Fn(&str) -> G,
    entities: &[usize],
    clusters: &[usize],
) -> Value {
    let labels: Vec<G> = values.iter().map(|value| label(value)).collect();
    json!(errors_by_group(&labels, entities, clusters))
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

/// Prints what [`by_group`] found.
pub(super) fn print(groups: &Value, output: &Output) {
    let mut rows = Vec::new();
    for (name, table) in groups.as_object().into_iter().flatten() {
        for group in table["groups"].as_array().into_iter().flatten() {
            let number = |field: &str| format!("{:.4}", group[field].as_f64().unwrap_or_default());
            rows.push(vec![
                format!(
                    "{}: {}",
                    name.replace('_', " "),
                    group["group"].as_str().unwrap_or_default().replace('_', " ")
                ),
                grouped(group["source_records"].as_u64().unwrap_or_default()),
                number("precision"),
                number("recall"),
            ]);
        }
    }
    if !rows.is_empty() {
        output.line("");
        output.table(&["group", "rows", "precision", "recall"], &rows);
    }
}
