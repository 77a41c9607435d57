//! Figures about the registers themselves, from the hub into the warehouse: what was rejected, left out, and matched.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use kanak_engine::matching::accuracy::Accuracy;
use kanak_model::source_system::{Load, RowsAre};
use kanak_model::{Access, FeedPosition, GoldenId, Timestamp};
use kanak_store::IngestRunSummary;
use kanak_warehouse::{Folder, INGEST_QUALITY, MATCH_QUALITY, REGISTER_FILES};
use serde::{Deserialize, Serialize};

use crate::deployment::Deployment;

/// An accuracy against a known truth, and what the hub held when it was measured.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Measured {
    #[serde(flatten)]
    accuracy: Accuracy,
    /// When, in microseconds since 1970.
    measured_us: Timestamp,
    /// Live source records of the entity type.
    source_records: u64,
    /// Where the hub's feed stood.
    feed_position: FeedPosition,
}

fn accuracy_setting(entity: &str) -> String {
    format!("accuracy.{entity}")
}

/// Keeps a measured accuracy of an entity type. It is shown until the hub moves on.
///
/// # Errors
/// When the hub cannot be read or written.
pub async fn keep_accuracy(deployment: &Deployment, entity: &str, accuracy: Accuracy) -> anyhow::Result<()> {
    let store = &deployment.store;
    let source_records = store.counts().await?.source_records.get(entity).copied().unwrap_or(0);
    let measured_us = deployment.clock.now();
    let measured = Measured { accuracy, measured_us, source_records, feed_position: store.feed_position().await? };
    store.put_setting(&accuracy_setting(entity), &serde_json::to_string(&measured)?).await?;
    Ok(())
}

/// The accuracy of an entity type, where it was measured of what the hub holds now.
async fn find_accuracy(deployment: &Deployment, entity: &str, source_records: u64) -> anyhow::Result<Option<Accuracy>> {
    let store = &deployment.store;
    let Some(text) = store.get_setting(&accuracy_setting(entity)).await? else { return Ok(None) };
    let Ok(measured) = serde_json::from_str::<Measured>(&text) else { return Ok(None) };
    let is_current =
        measured.source_records == source_records && measured.feed_position == store.feed_position().await?;
    Ok(is_current.then_some(measured.accuracy))
}

/// The runs of a source whose rows stand, of all its runs with the latest first: the latest snapshot of a register, every
/// file of changes or events. A file that was read again counts once.
fn standing(runs: Vec<IngestRunSummary>, rows: &RowsAre) -> Vec<IngestRunSummary> {
    let mut seen = HashSet::new();
    let mut stand: Vec<IngestRunSummary> =
        runs.into_iter().filter(|run| seen.insert(run.content_hash.clone())).collect();
    if matches!(rows, RowsAre::Entity(_)) && stand.first().is_some_and(|run| run.load == Load::Snapshot) {
        stand.truncate(1);
    }
    stand
}

/// Loads `ingest_quality`, `match_quality` and `register_files`.
///
/// # Errors
/// When the hub cannot be read or the lake cannot be written.
pub async fn load(deployment: &Deployment) -> anyhow::Result<()> {
    let warehouse = &deployment.warehouse;
    warehouse.load_table(INGEST_QUALITY, ingest_quality(deployment).await?, Folder::Open).await?;
    warehouse.load_table(MATCH_QUALITY, match_quality(deployment).await?, Folder::Open).await?;
    warehouse.load_table(REGISTER_FILES, register_files(deployment).await?, Folder::Open).await?;
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

/// One row a source and outcome: rows accepted, rows rejected by rule, values left out by rule and attribute, all of the
/// runs that stand.
async fn ingest_quality(deployment: &Deployment) -> anyhow::Result<RecordBatch> {
    let store = &deployment.store;
    let access = Access::operation("refresh");
    let mut rows = Vec::new();
    let mut entities = BTreeMap::new();
    for source in store.list_source_systems().await? {
        let runs = standing(store.list_ingest_runs(Some(source.id), None, u32::MAX).await?, &source.rows);
        let name = match source.rows {
            RowsAre::Entity(name) | RowsAre::Event(name) => name,
        };
        entities.insert(source.name.clone(), name);
        if !runs.is_empty() {
            let count = runs.iter().map(|run| (run.summary.rows - run.summary.rejected) as i64).sum();
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
        let tasks = store.count_steward_tasks(&access, Some(&model.name)).await?;
        let figures = [
            sizes.values().sum(),
            sizes.len() as i64,
            sizes.values().filter(|size| **size > 1).sum(),
            sizes.values().copied().max().unwrap_or(0),
            sizes.values().map(|size| size * (size - 1) / 2).sum(),
            // Pairs that the rules left to people: those that wait, and those that were decided since.
            (tasks.undecided() + tasks.decided) as i64,
            tasks.undecided() as i64,
        ];
        for (column, figure) in columns.iter_mut().zip(figures) {
            column.push(figure);
        }
        let measured = find_accuracy(deployment, &model.name, sizes.values().sum::<i64>() as u64).await?;
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

/// When each file of a source first came, of all readings of its files (the hash of the file, and when it was read).
fn first_readings(readings: impl IntoIterator<Item = (String, Timestamp)>) -> HashMap<String, Timestamp> {
    let mut first: HashMap<String, Timestamp> = HashMap::new();
    for (content_hash, read) in readings {
        first.entry(content_hash).and_modify(|earlier| *earlier = read.min(*earlier)).or_insert(read);
    }
    first
}

/// One row a source that anything came from: how many files, and when the latest first came.
async fn register_files(deployment: &Deployment) -> anyhow::Result<RecordBatch> {
    let store = &deployment.store;
    let (mut names, mut entities, mut files, mut latest) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for source in store.list_source_systems().await? {
        let runs = store.list_ingest_runs(Some(source.id), None, u32::MAX).await?;
        let first = first_readings(runs.into_iter().map(|run| (run.content_hash, run.recorded)));
        let Some(last) = first.values().max() else { continue };
        let name = match source.rows {
            RowsAre::Entity(name) | RowsAre::Event(name) => name,
        };
        names.push(Some(source.name));
        entities.push(Some(name));
        files.push(first.len() as i64);
        latest.push(last.0);
    }
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("source_system", texts(names), true),
        ("entity", texts(entities), true),
        ("files", numbers(files), true),
        ("latest_at", Arc::new(TimestampMicrosecondArray::from(latest).with_timezone("UTC")) as ArrayRef, true),
    ])?)
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray as _;
    use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

    use super::*;
    use crate::testing::House;

    fn counts(batch: &RecordBatch, source: &str, outcome: &str) -> Vec<i64> {
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let (sources, outcomes) = (column("source_system").as_string::<i32>(), column("outcome").as_string::<i32>());
        let counts = column("count").as_primitive::<Int64Type>();
        let mut found: Vec<i64> = (0..batch.num_rows())
            .filter(|row| sources.value(*row) == source && outcomes.value(*row) == outcome)
            .map(|row| counts.value(row))
            .collect();
        found.sort_unstable();
        found
    }

    #[tokio::test]
    async fn every_file_of_changes_counts_and_of_a_register_the_latest() {
        let house = House::new().await;
        for name in ["people", "roll"] {
            house
                .ingest(
                    &format!("{name}_1.csv"),
                    "ID,NAME,DOB\n1,Asha Devi,1990-01-02\n2,Bina Kumari,1991-03-04\n,Nobody,\n",
                )
                .await;
            house
                .ingest(
                    &format!("{name}_2.csv"),
                    "ID,NAME,DOB\n1,Asha Devi,1990-01-02\n2,Bina Rani,1991-03-04\n3,Chitra Rani,1992-05-06\n,No one,\n",
                )
                .await;
        }
        let batch = ingest_quality(&house.deployment).await.unwrap();
        assert_eq!(counts(&batch, "people", "accepted"), [5]);
        assert_eq!(counts(&batch, "people", "rejected"), [2]);
        assert_eq!(counts(&batch, "roll", "accepted"), [3]);
        assert_eq!(counts(&batch, "roll", "rejected"), [1]);
    }

    #[test]
    fn a_file_that_is_read_again_is_no_later_one() {
        let reading = |hash: &str, at: i64| (hash.to_owned(), Timestamp(at));
        let first = first_readings([reading("a", 9), reading("b", 5), reading("a", 2)]);
        assert_eq!(first, HashMap::from([reading("a", 2), reading("b", 5)]));
    }

    #[tokio::test]
    async fn a_register_that_came_tells_its_files_and_one_that_did_not_is_left_out() {
        let house = House::new().await;
        for (name, text) in
            [("people_1.csv", "ID,NAME,DOB\n1,Asha Devi,\n"), ("people_2.csv", "ID,NAME,DOB\n2,Bina Rani,\n")]
        {
            house.ingest(name, text).await;
        }
        let batch = register_files(&house.deployment).await.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        assert_eq!(column("source_system").as_string::<i32>().iter().collect::<Vec<_>>(), [Some("people")]);
        assert_eq!(column("files").as_primitive::<Int64Type>().values().to_vec(), [2]);
        let runs = house.deployment.store.list_ingest_runs(None, None, u32::MAX).await.unwrap();
        let latest = runs.iter().map(|run| run.recorded.0).max().unwrap();
        assert_eq!(column("latest_at").as_primitive::<TimestampMicrosecondType>().values().to_vec(), [latest]);
    }

    #[tokio::test]
    async fn a_measured_accuracy_is_shown_until_the_hub_moves_on() {
        let house = House::with_two_people().await;
        let accuracy = kanak_engine::matching::accuracy::accuracy_of_entities(&[vec!["a", "a"], vec!["b"]]);
        keep_accuracy(&house.deployment, "citizen", accuracy).await.unwrap();
        assert!(find_accuracy(&house.deployment, "citizen", 2).await.unwrap().is_some());
        house.ingest("people_2.csv", "ID,NAME,DOB\n3,Chitra Rani,1992-05-06\n").await;
        let output = crate::output::Output::silent();
        crate::commands::resolve::resolve_all(&house.deployment, &[], &output).await.unwrap();
        assert!(find_accuracy(&house.deployment, "citizen", 3).await.unwrap().is_none());
    }
}
