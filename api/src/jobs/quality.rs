//! Figures about the registers themselves, from the hub into the warehouse: what was rejected, left out, and matched.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use kanak_model::source_system::RowsAre;
use kanak_model::{Access, GoldenId};
use kanak_warehouse::{Folder, INGEST_QUALITY, MATCH_QUALITY};

use crate::deployment::Deployment;
use kanak_engine::matching::accuracy::Accuracy;

/// The setting under which a measured accuracy of an entity type is kept.
pub fn accuracy_setting(entity: &str) -> String {
    format!("accuracy.{entity}")
}

/// Loads `ingest_quality` and `match_quality`.
///
/// # Errors
/// When the hub cannot be read or the lake cannot be written.
pub async fn load(deployment: &Deployment) -> anyhow::Result<()> {
    let warehouse = &deployment.warehouse;
    warehouse.load_table(INGEST_QUALITY, ingest_quality(deployment).await?, Folder::Open).await?;
    warehouse.load_table(MATCH_QUALITY, match_quality(deployment).await?, Folder::Open).await?;
    Ok(())
}

fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

fn numbers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

struct QualityRow {
    source: String,
    outcome: &'static str,
    rule: Option<&'static str>,
    attribute: Option<String>,
    count: i64,
}

/// One row a source and outcome: rows accepted, rows rejected by rule, values left out by rule and attribute.
async fn ingest_quality(deployment: &Deployment) -> anyhow::Result<RecordBatch> {
    let store = &deployment.store;
    let access = Access::operation("refresh");
    let mut rows = Vec::new();
    let mut entities = BTreeMap::new();
    for source in store.list_source_systems().await? {
        let name = match source.rows {
            RowsAre::Entity(name) | RowsAre::Event(name) => name,
        };
        entities.insert(source.name.clone(), name);
        if let Some(run) = store.list_ingest_runs(Some(source.id), None, 1).await?.first() {
            let count = (run.summary.rows - run.summary.rejected) as i64;
            rows.push(QualityRow { source: source.name, outcome: "accepted", rule: None, attribute: None, count });
        }
    }
    for row in store.count_quarantined(&access).await? {
        let (rule, count) = (Some(row.rule.word()), row.count as i64);
        rows.push(QualityRow { source: row.source, outcome: "rejected", rule, attribute: None, count });
    }
    for (source, left) in store.list_left_out(None).await? {
        let (rule, count) = (Some(left.rule.word()), left.count as i64);
        rows.push(QualityRow { source, outcome: "left_out", rule, attribute: Some(left.attribute), count });
    }
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("source_system", texts(rows.iter().map(|row| Some(&row.source))), true),
        ("entity", texts(rows.iter().map(|row| entities.get(&row.source))), true),
        ("outcome", texts(rows.iter().map(|row| Some(row.outcome))), true),
        ("rule", texts(rows.iter().map(|row| row.rule)), true),
        ("attribute", texts(rows.iter().map(|row| row.attribute.as_ref())), true),
        ("count", numbers(rows.iter().map(|row| row.count)), true),
    ])?)
}

/// One row an entity type. Precision and recall stand there where they were measured against a known truth.
async fn match_quality(deployment: &Deployment) -> anyhow::Result<RecordBatch> {
    let store = &deployment.store;
    let access = Access::operation("refresh");
    let mut columns: [Vec<i64>; 7] = Default::default();
    let (mut names, mut precision, mut recall) = (Vec::new(), Vec::new(), Vec::new());
    for model in deployment.models.iter() {
        let mut sizes: HashMap<GoldenId, i64> = HashMap::new();
        for link in store.list_links(&model.name).await? {
            *sizes.entry(link.golden_id).or_default() += 1;
        }
        let open = store.count_steward_tasks(&access, Some(&model.name)).await?.open as i64;
        let figures = [
            sizes.values().sum(),
            sizes.len() as i64,
            sizes.values().filter(|size| **size > 1).sum(),
            sizes.values().copied().max().unwrap_or(0),
            sizes.values().map(|size| size * (size - 1) / 2).sum(),
            open,
            open,
        ];
        for (column, figure) in columns.iter_mut().zip(figures) {
            column.push(figure);
        }
        let measured = store.get_setting(&accuracy_setting(&model.name)).await?;
        let measured: Option<Accuracy> = measured.and_then(|text| serde_json::from_str(&text).ok());
        precision.push(measured.map(|accuracy| accuracy.precision));
        recall.push(measured.map(|accuracy| accuracy.recall));
        names.push(Some(&model.name));
    }
    let [source, golden, linked, largest, matched, review, tasks] = columns;
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("entity", texts(names), true),
        ("source_records", numbers(source), true),
        ("golden_records", numbers(golden), true),
        ("linked_source_records", numbers(linked), true),
        ("largest_cluster", numbers(largest), true),
        ("pairs_matched", numbers(matched), true),
        ("pairs_in_review", numbers(review), true),
        ("tasks_open", numbers(tasks), true),
        ("precision", Arc::new(Float64Array::from(precision)) as ArrayRef, true),
        ("recall", Arc::new(Float64Array::from(recall)) as ArrayRef, true),
    ])?)
}
