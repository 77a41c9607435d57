//! Figures about the registers themselves, from the hub into the warehouse: what was rejected, left out, and matched.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;

use crate::deployment::Deployment;

/// Loads `ingest_quality`, `ingest_runs` and `match_quality`.
///
/// # Errors
/// When the hub cannot be read or the lake cannot be written.
pub async fn load(deployment: &Deployment) -> anyhow::Result<()> {
    let warehouse = &deployment.warehouse;
    warehouse.load_table("ingest_quality", ingest_quality(deployment).await?, false).await?;
    warehouse.load_table("ingest_runs", ingest_runs(deployment).await?, false).await?;
    warehouse.load_table("match_quality", match_quality(deployment).await?, false).await?;
    Ok(())
}

fn texts(values: impl IntoIterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn numbers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// One row a source, rule and way of refusal: rows rejected, values left out.
async fn ingest_quality(deployment: &Deployment) -> anyhow::Result<RecordBatch> {
    let mut rows: Vec<(String, &'static str, String, String, i64)> = Vec::new();
    for row in deployment.store.count_quarantined().await? {
        rows.push((row.source, "row_rejected", String::new(), row.rule.word().to_owned(), row.count as i64));
    }
    for (source, left) in deployment.store.list_left_out(None).await? {
        rows.push((source, "value_left_out", left.attribute, left.rule.word().to_owned(), left.count as i64));
    }
    Ok(RecordBatch::try_from_iter([
        ("source_system", texts(rows.iter().map(|row| row.0.clone()))),
        ("outcome", texts(rows.iter().map(|row| row.1.to_owned()))),
        ("attribute", texts(rows.iter().map(|row| row.2.clone()))),
        ("rule", texts(rows.iter().map(|row| row.3.clone()))),
        ("count", numbers(rows.iter().map(|row| row.4))),
    ])?)
}

/// One row a finished run.
async fn ingest_runs(deployment: &Deployment) -> anyhow::Result<RecordBatch> {
    let names: std::collections::HashMap<_, _> =
        deployment.store.list_source_systems().await?.into_iter().map(|row| (row.id, row.name)).collect();
    let runs = deployment.store.list_ingest_runs(None, None, 100_000).await?;
    let count = |of: fn(&kanak_store::IngestSummary) -> u64| numbers(runs.iter().map(|run| of(&run.summary) as i64));
    let started = TimestampMicrosecondArray::from_iter_values(runs.iter().map(|run| run.started.0)).with_timezone("UTC");
    Ok(RecordBatch::try_from_iter([
        ("run", numbers(runs.iter().map(|run| run.summary.run.0))),
        ("source_system", texts(runs.iter().map(|run| names.get(&run.source_system).cloned().unwrap_or_default()))),
        ("started_at", Arc::new(started) as ArrayRef),
        ("rows_accepted", count(|summary| summary.rows)),
        ("rows_rejected", count(|summary| summary.rejected)),
        ("rows_new", count(|summary| summary.new)),
        ("rows_changed", count(|summary| summary.changed)),
        ("rows_retired", count(|summary| summary.retired)),
    ])?)
}

/// One row an entity type.
async fn match_quality(deployment: &Deployment) -> anyhow::Result<RecordBatch> {
    let counts = deployment.store.counts().await?;
    let mut rows = Vec::new();
    for model in deployment.models.iter() {
        let tasks = deployment.store.count_steward_tasks(Some(&model.name)).await?;
        let source = counts.source_records.get(&model.name).copied().unwrap_or(0);
        let golden = counts.golden_records.get(&model.name).copied().unwrap_or(0);
        rows.push((model.name.clone(), source as i64, golden as i64, tasks.open as i64, tasks.decided as i64));
    }
    Ok(RecordBatch::try_from_iter([
        ("entity", texts(rows.iter().map(|row| row.0.clone()))),
        ("source_records", numbers(rows.iter().map(|row| row.1))),
        ("golden_records", numbers(rows.iter().map(|row| row.2))),
        ("tasks_open", numbers(rows.iter().map(|row| row.3))),
        ("tasks_decided", numbers(rows.iter().map(|row| row.4))),
    ])?)
}
