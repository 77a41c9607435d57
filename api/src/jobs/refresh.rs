//! The warehouse brought up to the hub: dimensions from golden versions, facts from landed events, quality figures, one release.

use std::collections::HashMap;

use anyhow::Context as _;
use arrow::record_batch::RecordBatch;
use kanak_ingest::{CheckedBatch, EventBatchBuilder, IngestError, Input, Rows, landing, read_file};
use kanak_model::access::LegalBasis;
use kanak_model::golden_record::GoldenValue;
use kanak_model::source_system::RowsAre;
use kanak_model::{Access, EntityModel, EventModel, GoldenRecord, Purpose, SourceRecordId, SourceSystem};
use kanak_store::IngestRunSummary;
use kanak_warehouse::{CrosswalkRow, GoldenVersionRow, RelationRow, Release};

use crate::config::Shared;
use crate::deployment::Deployment;
use crate::jobs::keys::landing_key;
use crate::jobs::on_record::record;
use crate::jobs::quality;
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// The setting that tells for which reads the dimensions were written.
const WRITTEN_FOR: &str = "dimensions_written_for";

/// Whether some read is withheld from by what the dimensions tell of each value: one that needs an agreement, or a purpose that rests on
/// consent when it states no other basis.
fn withheld_by(deployment: &Deployment) -> Shared {
    let purposes = deployment.config.declared_purposes();
    let rests_on_consent = |purpose: &Purpose| purposes.bases(*purpose).first() == Some(&LegalBasis::Consent);
    if Purpose::ALL.iter().any(rests_on_consent) { Shared::Agreed } else { deployment.config.sharing.reads }
}

fn word(reads: Shared) -> &'static str {
    match reads {
        Shared::All => "all",
        Shared::Agreed => "agreed",
    }
}

/// Rows read from the hub at a time.
const PAGE: u32 = 50_000;

/// Brings the warehouse up to the hub's feed. The former release stays in force until the new one is whole.
///
/// # Errors
/// When the hub cannot be read or the lake cannot be written.
pub async fn refresh(deployment: &Deployment, output: &Output) -> anyhow::Result<Release> {
    let position = deployment.store.feed_position().await?;
    let warehouse = &deployment.warehouse;
    let former = warehouse.release().map(|release| release.number);
    let reads = withheld_by(deployment);
    let written_for = deployment.store.get_setting(WRITTEN_FOR).await?.unwrap_or_else(|| word(Shared::All).to_owned());
    if warehouse.release().is_none_or(|release| release.feed_position != position.0) || written_for != word(reads) {
        let stage = Stage::begin(output, "Writing dimensions", 0);
        let mut rows = 0;
        for model in deployment.models.iter() {
            rows += load_dimension(deployment, model, &stage).await?;
        }
        warehouse.load_crosswalk(crosswalk_rows(deployment).await?).await?;
        if written_for != word(reads) {
            deployment.store.put_setting(WRITTEN_FOR, word(reads)).await?;
        }
        stage.end(&format!("{} golden versions", grouped(rows as i64)));
    }
    // A relation may change where no golden record does, and then the feed says nothing.
    warehouse.load_relations(relation_rows(deployment).await?).await?;
    let stage = Stage::begin(output, "Loading events", 0);
    let mut rows = 0;
    for event in deployment.events.iter() {
        rows += load_events(deployment, event, &stage).await?;
    }
    stage.end(&format!("{} new events", grouped(rows)));
    quality::load(deployment).await?;
    let stage = Stage::begin(output, "Building facts and marts", 0);
    let release = warehouse.build(position.0, deployment.clock.now()).await?;
    stage.end(&format!("{} tables, release at feed position {position}", release.tables.len()));
    if former != Some(release.number) {
        let detail = serde_json::json!({ "feed_position": release.feed_position, "tables": release.tables.len() });
        record(deployment, "refresh", "refreshed", format!("release {}", release.number), detail).await?;
    }
    Ok(release)
}

async fn load_dimension(deployment: &Deployment, model: &EntityModel, stage: &Stage) -> anyhow::Result<usize> {
    let access = Access::operation("refresh");
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = deployment.store.list_golden_versions(&access, model, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.id, last.version));
        stage.advance(page.len() as u64);
        // Which register states which value matters to the reads that need an agreement, and to no other.
        let registers = match withheld_by(deployment) {
            Shared::All => HashMap::new(),
            Shared::Agreed => {
                let values = page.iter().flat_map(|record| record.values.values());
                let from: Vec<SourceRecordId> = values.map(|value| value.source_record).collect();
                deployment.store.list_registers_of(&from).await?
            }
        };
        let stated_by = |record: &GoldenRecord| {
            let register = |(name, value): (&String, &GoldenValue)| {
                Some((name.clone(), registers.get(&value.source_record)?.clone()))
            };
            record.values.iter().filter_map(register).collect()
        };
        rows.extend(page.into_iter().map(|record| GoldenVersionRow {
            stated_by: stated_by(&record),
            golden_id: record.id.0,
            version: record.version,
            status: record.status,
            values: record.values.into_iter().map(|(name, value)| (name, value.value)).collect(),
            recorded_from: record.recorded_from.0,
            recorded_to: record.recorded_to.map(|at| at.0),
        }));
    }
    let count = rows.len();
    deployment.warehouse.load_dimension(model, rows).await?;
    Ok(count)
}

/// Every crosswalk that holds now.
///
/// # Errors
/// When the hub cannot be read.
pub async fn crosswalk_rows(deployment: &Deployment) -> anyhow::Result<Vec<CrosswalkRow>> {
    let sources: HashMap<_, _> = deployment
        .store
        .list_source_systems()
        .await?
        .into_iter()
        .filter_map(|row| match row.rows {
            RowsAre::Entity(entity) => Some((row.id, (row.name, entity))),
            RowsAre::Event(_) => None,
        })
        .collect();
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = deployment.store.list_crosswalks(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.source_record, last.recorded_from));
        for link in page.into_iter().filter(|link| link.recorded_to.is_none()) {
            if let Some((source, entity)) = sources.get(&link.source_system) {
                rows.push(CrosswalkRow {
                    source_system: source.clone(),
                    source_key: link.key,
                    entity: entity.clone(),
                    golden_id: link.golden_id.0,
                });
            }
        }
    }
    Ok(rows)
}

/// Every relation that is declared now, as it was ever held.
///
/// # Errors
/// When the hub cannot be read.
pub async fn relation_rows(deployment: &Deployment) -> anyhow::Result<Vec<RelationRow>> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = deployment.store.list_relation_rows(after, PAGE).await?;
        rows.extend(page.rows.into_iter().map(|row| RelationRow {
            relation: row.relation,
            entity: row.entity,
            class: row.class,
            golden_id: row.golden_id.0,
            to_entity: row.to_entity,
            to_golden_id: row.to_golden_id.map(|id| id.0),
            to_system: row.to_system,
            to_code: row.to_code,
            to_group: row.to_group,
            valid_from: row.period.from,
            valid_to: row.period.to,
            recorded_from: row.recorded_from.0,
            recorded_to: row.recorded_to.map(|at| at.0),
            source_system: row.source_system,
            district: row.district,
        }));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(rows)
}

/// Loads the runs of an event's sources that the warehouse does not have yet. Returns the number of rows.
async fn load_events(deployment: &Deployment, event: &EventModel, stage: &Stage) -> anyhow::Result<u64> {
    let mut rows = 0;
    for row in deployment.store.list_source_systems().await? {
        if row.rows != RowsAre::Event(event.name.clone()) {
            continue;
        }
        let Some(source) = deployment.sources.find(&row.name) else { continue };
        let runs = deployment.store.list_ingest_runs(Some(row.id), None, 10_000).await?;
        for run in runs.into_iter().rev() {
            if deployment.warehouse.has_events(event, run.id.0).await? {
                continue;
            }
            let batches = read_events(deployment, source, event, &run).await?;
            let read = batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
            stage.advance(read);
            rows += read;
            deployment.warehouse.append_events(event, run.id.0, batches).await?;
        }
    }
    Ok(rows)
}

/// Reads a landed event file once more, from its sealed copy.
async fn read_events(
    deployment: &Deployment,
    source: &SourceSystem,
    event: &EventModel,
    run: &IngestRunSummary,
) -> anyhow::Result<Vec<RecordBatch>> {
    let key = landing_key(deployment)?;
    let sealed = landing::sealed_path(&deployment.landing(), &run.content_hash);
    let (source, event, name) = (source.clone(), event.clone(), run.file_name.clone());
    let standardizer = deployment.standardizer();
    let today = run.recorded;
    tokio::task::spawn_blocking(move || {
        let mut builder = EventBatchBuilder::new(&event, &source.name);
        let mut batches = Vec::new();
        let mut take = |batch: CheckedBatch| -> Result<(), IngestError> {
            batch.rows.iter().try_for_each(|row| builder.push(row))?;
            batches.push(builder.finish());
            Ok(())
        };
        let input = Input::Sealed { path: &sealed, name: &name, key: &key };
        read_file(&source, Rows::Event(&event), input, &standardizer, today.day_ist(), &mut take)
            .with_context(|| format!("the landed file {name} cannot be read again"))?;
        Ok(batches)
    })
    .await?
}
