//! What the refresh job hands over beside dimensions: events, crosswalks and the hub's own statistics.
//!
//! Event rows and crosswalks carry source keys of people, so they lie in the restricted folder. Facts are made from
//! them and carry golden keys instead.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use kanak_model::{Class, EventModel};

use crate::error::WarehouseError;
use crate::schema::{Column, ColumnType, arrow_schema, conform};

/// The crosswalks: which golden record a source key stands for.
pub const CROSSWALK: &str = "bridge_crosswalk";
/// What ingest accepted and refused: see [`hub_columns`].
pub const INGEST_QUALITY: &str = "ingest_quality";
/// How well source records were matched: see [`hub_columns`].
pub const MATCH_QUALITY: &str = "match_quality";
/// When each register last came: see [`hub_columns`].
pub const REGISTER_FILES: &str = "register_files";

/// One crosswalk as it holds now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CrosswalkRow {
    /// The name of the source system.
    pub source_system: String,
    /// The department's own key.
    pub source_key: String,
    /// The entity type.
    pub entity: String,
    /// The golden record it is linked to.
    pub golden_id: i64,
}

/// The staging table of an event.
pub(crate) fn event_table(model: &EventModel) -> String {
    format!("evt_{}", model.name)
}

/// Its columns: the attributes that are not sensitive, where the row came from, and the run that brought it.
pub(crate) fn event_columns(model: &EventModel) -> Vec<Column> {
    let attributes = model.attributes.iter().filter(|attribute| attribute.class < Class::Sensitive);
    let stated =
        attributes.map(|attribute| Column { name: attribute.name.clone(), kind: ColumnType::of_kind(attribute.kind) });
    let origin = [
        ("source_system", ColumnType::Text),
        ("source_key", ColumnType::Text),
        ("source_line", ColumnType::Integer),
        ("ingest_run", ColumnType::Integer),
    ];
    stated.chain(origin.map(|(name, kind)| Column { name: name.to_owned(), kind })).collect()
}

/// A batch of events as it is staged.
pub(crate) fn event_batch(
    model: &EventModel,
    ingest_run: i64,
    batch: &RecordBatch,
) -> Result<RecordBatch, WarehouseError> {
    let table = event_table(model);
    for origin in ["source_system", "source_key"] {
        if batch.column_by_name(origin).is_none() {
            let message = format!("it has no column `{origin}`; events state which row of which source they are");
            return Err(WarehouseError::Batch { table, message });
        }
    }
    let columns = event_columns(model);
    let conformed = conform(&table, batch, &columns)?;
    let mut arrays = conformed.columns().to_vec();
    if let Some(last) = arrays.last_mut() {
        *last = Arc::new(Int64Array::from(vec![ingest_run; batch.num_rows()]));
    }
    RecordBatch::try_new(conformed.schema(), arrays)
        .map_err(|error| WarehouseError::Batch { table, message: error.to_string() })
}

/// An event table without rows.
pub(crate) fn empty(columns: &[Column]) -> RecordBatch {
    RecordBatch::new_empty(arrow_schema(columns))
}

/// The columns of `bridge_crosswalk`. `source_ref` is `source_system:source_key`, as events write source keys.
pub(crate) fn crosswalk_columns() -> Vec<Column> {
    columns(&[
        ("entity", ColumnType::Text),
        ("source_system", ColumnType::Text),
        ("source_key", ColumnType::Text),
        ("source_ref", ColumnType::Text),
        ("golden_id", ColumnType::Integer),
    ])
}

/// Crosswalks as rows, sorted.
///
/// # Errors
/// [`WarehouseError::CrosswalkTwice`] when a source key has two: facts would count its events twice.
pub(crate) fn crosswalk_batch(mut rows: Vec<CrosswalkRow>) -> Result<RecordBatch, WarehouseError> {
    rows.sort_unstable_by(|a, b| {
        (&a.entity, &a.source_system, &a.source_key).cmp(&(&b.entity, &b.source_system, &b.source_key))
    });
    for pair in rows.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        if a.entity == b.entity && a.source_system == b.source_system && a.source_key == b.source_key {
            return Err(WarehouseError::CrosswalkTwice {
                source_system: a.source_system.clone(),
                entity: a.entity.clone(),
            });
        }
    }
    let text = |of: fn(&CrosswalkRow) -> &str| Arc::new(StringArray::from_iter_values(rows.iter().map(of)));
    let references = rows.iter().map(|row| format!("{}:{}", row.source_system, row.source_key));
    RecordBatch::try_new(
        arrow_schema(&crosswalk_columns()),
        vec![
            text(|row| &row.entity),
            text(|row| &row.source_system),
            text(|row| &row.source_key),
            Arc::new(StringArray::from_iter_values(references)),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.golden_id))),
        ],
    )
    .map_err(|error| WarehouseError::Batch { table: CROSSWALK.to_owned(), message: error.to_string() })
}

/// The columns of a table of hub statistics.
///
/// `ingest_quality`, one row per source system, entity or event, and outcome: `outcome` is `accepted` (rows; `rule` and
/// `attribute` are null), `rejected` (rows, by the rule and source column that refused them) or `left_out` (values, by
/// rule and attribute, of rows that went on); `count` says how many.
///
/// `match_quality`, one row per entity type: counts of source and golden records, of source records that share a
/// golden record, of pairs by decision and of open steward tasks; precision and recall in pairs where they are known.
///
/// `register_files`, one row per source system that anything came from: how many files (or sealed batches of rows that
/// programs wrote), each once however often it was read, and when the hub first saw the latest of them.
pub fn hub_columns(table: &str) -> Option<Vec<Column>> {
    use ColumnType::{Integer, Number, Text, Timestamp};
    match table {
        INGEST_QUALITY => Some(columns(&[
            ("source_system", Text),
            ("entity", Text),
            ("outcome", Text),
            ("rule", Text),
            ("attribute", Text),
            ("count", Integer),
        ])),
        MATCH_QUALITY => Some(columns(&[
            ("entity", Text),
            ("source_records", Integer),
            ("golden_records", Integer),
            ("linked_source_records", Integer),
            ("largest_cluster", Integer),
            ("pairs_matched", Integer),
            ("pairs_in_review", Integer),
            ("tasks_open", Integer),
            ("precision", Number),
            ("recall", Number),
        ])),
        REGISTER_FILES => {
            Some(columns(&[("source_system", Text), ("entity", Text), ("files", Integer), ("latest_at", Timestamp)]))
        }
        _ => None,
    }
}

fn columns(named: &[(&str, ColumnType)]) -> Vec<Column> {
    named.iter().map(|(name, kind)| Column { name: (*name).to_owned(), kind: *kind }).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn row(key: &str, golden_id: i64) -> CrosswalkRow {
        CrosswalkRow {
            source_system: "food".to_owned(),
            source_key: key.to_owned(),
            entity: "citizen".to_owned(),
            golden_id,
        }
    }

    #[test]
    fn a_source_key_with_two_golden_records_is_refused_without_naming_the_key() {
        let error = crosswalk_batch(vec![row("RC-9", 1), row("RC-1", 2), row("RC-9", 3)]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("food") && !text.contains("RC-9"), "{text}");
    }

    #[test]
    fn crosswalks_are_sorted_and_refer_as_events_do() {
        let batch = crosswalk_batch(vec![row("b", 2), row("a", 1)]).unwrap();
        assert_eq!(batch["source_ref"].as_string::<i32>().value(0), "food:a");
        assert_eq!(batch["golden_id"].as_primitive::<Int64Type>().values().to_vec(), [1, 2]);
    }

    #[test]
    fn an_event_that_does_not_say_where_it_came_from_is_refused() {
        let model = EventModel::parse(
            "e.toml",
            "[event]\nname = \"e\"\ntitle = { en = \"E\" }\n[[attribute]]\nname = \"no\"\nkind = \"text\"\n",
        )
        .unwrap();
        let batch = empty(&[Column { name: "no".to_owned(), kind: ColumnType::Text }]);
        assert!(event_batch(&model, 1, &batch).unwrap_err().to_string().contains("source_system"));
    }

    #[test]
    fn an_attribute_that_a_batch_lacks_is_null() {
        let model = EventModel::parse(
            "e.toml",
            "[event]\nname = \"e\"\ntitle = { en = \"E\" }\n[[attribute]]\nname = \"no\"\nkind = \"integer\"\n",
        )
        .unwrap();
        let schema = columns(&[("source_system", ColumnType::Text), ("source_key", ColumnType::Text)]);
        let text = || Arc::new(StringArray::from(vec!["x"]));
        let batch = RecordBatch::try_new(arrow_schema(&schema), vec![text(), text()]).unwrap();
        let staged = event_batch(&model, 7, &batch).unwrap();
        assert!(staged["no"].is_null(0) && staged["source_line"].is_null(0));
        assert_eq!(staged["ingest_run"].as_primitive::<Int64Type>().value(0), 7);
    }
}
