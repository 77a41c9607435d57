//! One department file: landed sealed, checked, its Aadhaar numbers into the vault, its rows into the hub, all or nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use kanak_engine::standardize::Standardizer;
use kanak_ingest::{CheckedBatch, FileReport, Rows, landing, read_file};
use kanak_model::source_record::NewSourceRecord;
use kanak_model::source_system::RowsAre;
use kanak_model::{SourceSystem, Timestamp};
use kanak_store::{FileFacts, IngestSummary, KeyStore as _};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::deployment::Deployment;
use crate::progress::Stage;

/// The domain under which the hub's own Aadhaar references are drawn.
pub const HUB_DOMAIN: &str = "hub";

/// What became of one file.
#[derive(Debug, Clone, Serialize)]
pub struct Ingested {
    /// The source system's name.
    pub source: String,
    /// The file.
    pub file: PathBuf,
    /// Rows that went on (events included).
    pub accepted: u64,
    /// Source records the hub did not have.
    pub new: u64,
    /// Source records that state something else now.
    pub changed: u64,
    /// Source records that state what they stated before.
    pub unchanged: u64,
    /// Source records that are no longer in the register.
    pub retired: u64,
    /// Rows in quarantine.
    pub rejected: u64,
    /// Whether the hub knew this very file, so that nothing was done.
    pub known: bool,
}

impl Ingested {
    fn of(source: &SourceSystem, file: &Path, summary: &IngestSummary) -> Self {
        Self {
            source: source.name.clone(),
            file: file.to_path_buf(),
            accepted: summary.rows - summary.rejected,
            new: summary.new,
            changed: summary.changed,
            unchanged: summary.unchanged,
            retired: summary.retired,
            rejected: summary.rejected,
            known: false,
        }
    }
}

/// The source a file belongs to, by its name.
///
/// # Errors
/// When it belongs to none; names the sources there are.
pub fn source_of<'a>(deployment: &'a Deployment, file: &Path) -> anyhow::Result<&'a SourceSystem> {
    Ok(deployment.sources.get_for_file(file)?)
}

/// Lands and loads one file. Nothing of it is in the hub unless all of it is.
///
/// # Errors
/// When the file cannot be read as its source says, or its snapshot would retire too much.
pub async fn ingest_file(
    deployment: &Deployment,
    file: &Path,
    retirements: Retirements,
    stage: &Stage,
) -> anyhow::Result<Ingested> {
    let source = source_of(deployment, file)?.clone();
    let source_id = deployment.store.ensure_source_system(&source).await?;
    let key = landing_key(deployment)?;
    let path = file.to_path_buf();
    let landing_folder = deployment.landing();
    let hash = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || landing::content_hash(&path, &key)).await??
    };
    if let Some(earlier) = deployment.store.find_finished_run(source_id, &hash).await? {
        let known = Ingested { known: true, ..Ingested::of(&source, file, &earlier.summary) };
        let unchanged = known.accepted;
        return Ok(Ingested { new: 0, changed: 0, retired: 0, unchanged, ..known });
    }
    let landed = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || landing::seal(&path, &landing_folder, &key)).await??
    };
    let facts = FileFacts {
        name: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        content_hash: landed.content_hash.clone(),
        bytes: landed.bytes,
        load: source.load,
    };
    let mut run = deployment.store.begin_ingest(source_id, facts).await?;
    let (sender, mut batches) = mpsc::channel::<CheckedBatch>(4);
    let reader = start_reader(deployment, source.clone(), path.clone(), sender);
    let is_event = matches!(source.rows, RowsAre::Event(_));
    while let Some(batch) = batches.recv().await {
        let CheckedBatch { mut rows, rejected } = batch;
        stage.advance((rows.len() + rejected.len()) as u64);
        run.reject(rejected).await?;
        if is_event {
            run.count_rows(rows.len() as u64);
            continue;
        }
        let numbers: Vec<&str> =
            rows.iter().flat_map(|row| &row.secrets).map(|secret| secret.aadhaar.expose()).collect();
        let references = deployment.vault.tokenise(HUB_DOMAIN, &numbers).await?;
        ensure!(references.len() == numbers.len(), "the vault answered fewer references than it was asked for");
        let places = rows
            .iter()
            .enumerate()
            .flat_map(|(row, checked)| (0..checked.secrets.len()).map(move |secret| (row, secret)));
        let places: Vec<(usize, usize)> = places.collect();
        for ((row, secret), reference) in places.into_iter().zip(&references) {
            rows[row].fill(secret, reference.as_str());
        }
        run.add(rows.into_iter().map(NewSourceRecord::from).collect()).await?;
    }
    let report: FileReport = reader.await??;
    run.left_out(report.left_out).await?;
    let summary = match retirements {
        Retirements::WithinLimit => run.finish().await?,
        Retirements::Confirmed => run.finish_confirmed().await?,
    };
    Ok(Ingested::of(&source, file, &summary))
}

/// Whether a person confirmed that a snapshot may retire more than its source's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retirements {
    /// Nobody did: a snapshot over the limit is refused.
    WithinLimit,
    /// Someone did.
    Confirmed,
}

/// The key under which files are sealed in the landing.
///
/// # Errors
/// When the key folder cannot be read or written.
pub fn landing_key(deployment: &Deployment) -> anyhow::Result<[u8; 32]> {
    Ok(*deployment.keys.get_key("landing")?.bytes())
}

/// Reads and checks the file on a thread of its own.
fn start_reader(
    deployment: &Deployment,
    source: SourceSystem,
    path: PathBuf,
    sender: mpsc::Sender<CheckedBatch>,
) -> tokio::task::JoinHandle<anyhow::Result<FileReport>> {
    let codes = Arc::clone(&deployment.codes);
    let models = Arc::clone(&deployment.models);
    let events = Arc::clone(&deployment.events);
    let now: Timestamp = deployment.clock.now();
    tokio::task::spawn_blocking(move || {
        let standardizer = Standardizer::new(&codes);
        let rows = match &source.rows {
            RowsAre::Entity(name) => {
                let model = models.iter().find(|model| model.name == *name);
                Rows::Entity(model.with_context(|| format!("source {}: no entity type `{name}`", source.name))?)
            }
            RowsAre::Event(name) => {
                let model = events.iter().find(|model| model.name == *name);
                Rows::Event(model.with_context(|| format!("source {}: no event `{name}`", source.name))?)
            }
        };
        let mut deliver = |batch: CheckedBatch| {
            sender.blocking_send(batch).map_err(|_| anyhow::anyhow!("the hub stopped taking rows"))
        };
        Ok(read_file(&source, rows, &path, &standardizer, now.day_ist(), &mut deliver)?)
    })
}
