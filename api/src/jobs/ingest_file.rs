//! One department file: landed sealed, checked, its Aadhaar numbers into the vault, its rows into the hub, all or nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use kanak_ingest::landing;
use kanak_ingest::{CheckedBatch, CheckedRow, FileReport, Input, Rows, read_file_without};
use kanak_model::source_record::NewSourceRecord;
use kanak_model::source_system::{Load, RowsAre};
use kanak_model::{IngestRunId, SourceSystem, SourceSystemId, Timestamp};
use kanak_store::{ErasedKeys, FileFacts, IngestSummary, PreparedRecord};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::deployment::Deployment;
use crate::jobs::declared_models;
use crate::jobs::erase::clean_file;
use crate::jobs::keys::{erasure_key, landing_key};
use crate::jobs::on_record;
use crate::jobs::vault::put_references;
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
    /// Source records missing from a snapshot that stay all the same, because rows without a readable key were refused.
    pub held_back: u64,
    /// Rows in quarantine.
    pub rejected: u64,
    /// Rows that were erased under an order and that the register still lists: they were left out.
    pub erased: u64,
    /// Whether the hub knew this very file, so that nothing was done.
    pub known: bool,
    /// Whether it was read under another declaration of its source or model, and so might say something else now.
    pub declared_anew: bool,
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
            held_back: summary.held_back,
            rejected: summary.rejected,
            erased: 0,
            known: false,
            declared_anew: false,
        }
    }

    /// A file that the hub has already: everything in it is unchanged.
    fn known(source: &SourceSystem, file: &Path, earlier: &IngestSummary) -> Self {
        let once = Self::of(source, file, earlier);
        Self { new: 0, changed: 0, retired: 0, held_back: 0, unchanged: once.accepted, known: true, ..once }
    }
}

/// What becomes of a file that the hub has read already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is left alone; only the latest snapshot of a register is read once more, when its source or model was declared
    /// anew since. Older files are not read by themselves: they would bring back what later ones have replaced.
    LeaveAlone,
    /// It is read once more: a person asked for it.
    ReadAgain,
}

/// How files are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Whether snapshots may retire more than their source's limit.
    pub retirements: Retirements,
    /// What becomes of known files.
    pub known: Known,
}

impl Terms {
    /// Nobody confirmed anything.
    pub const CAREFUL: Self = Self { retirements: Retirements::WithinLimit, known: Known::LeaveAlone };
}

/// The source a file belongs to, by its name.
///
/// # Errors
/// When it belongs to none; names the sources there are.
pub fn source_of<'a>(deployment: &'a Deployment, file: &Path) -> anyhow::Result<&'a SourceSystem> {
    Ok(deployment.sources.get_for_file(file)?)
}

/// Lands and loads one file. Nothing of it is in the hub unless all of it is; what is read is the sealed copy, so that the
/// hub holds what the landing holds, also when a sender is still writing.
///
/// # Errors
/// When the file cannot be read as its source says, or its snapshot would retire too much.
pub async fn ingest_file(
    deployment: &Deployment,
    file: &Path,
    terms: Terms,
    stage: &Stage,
) -> anyhow::Result<Ingested> {
    let source = source_of(deployment, file)?.clone();
    if let RowsAre::Entity(entity) = &source.rows {
        // What it states must be read by the model that the hub answers by.
        declared_models::check(deployment, deployment.get_model(entity)?).await?;
    }
    let source_id = deployment.store.ensure_source_system(&source).await?;
    let key = landing_key(deployment)?;
    let landed = {
        let (path, folder) = (file.to_path_buf(), deployment.landing());
        tokio::task::spawn_blocking(move || landing::seal(&path, &folder, &key)).await??
    };
    let declaration = declaration_fingerprint(deployment, &source)?;
    if let Some(earlier) = deployment.store.find_finished_run(source_id, &landed.content_hash).await?
        && terms.known == Known::LeaveAlone
    {
        let read_as = deployment.store.get_setting(&read_as_setting(earlier.id)).await?;
        let declared_anew = read_as.is_some_and(|read_as| read_as != declaration);
        let is_register = source.load == Load::Snapshot && matches!(source.rows, RowsAre::Entity(_));
        if !(declared_anew && is_register) {
            return Ok(Ingested { declared_anew, ..Ingested::known(&source, file, &earlier.summary) });
        }
    }
    let facts = FileFacts {
        name: file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        content_hash: landed.content_hash.clone(),
        bytes: landed.bytes,
        load: source.load,
    };
    let (content_hash, name) = (facts.content_hash.clone(), facts.name.clone());
    note_key(deployment, source_id, &source, &content_hash).await?;
    let mut run = deployment.store.begin_ingest(source_id, facts).await?;
    let erased = deployment.store.list_erased_keys(source_id, &erasure_key(deployment)?).await?;
    run.keep_erased(erased.clone());
    let (sender, mut batches) = mpsc::channel::<CheckedBatch>(4);
    let sealed = Sealed { path: landed.sealed_path, name: file.display().to_string(), key };
    let reader = start_reader(deployment, source.clone(), sealed, erased.clone(), sender);
    let is_event = matches!(source.rows, RowsAre::Event(_));
    // While the hub takes a batch in, the next one goes to the vault and is put into words.
    let mut ready = Vec::new();
    while let Some(batch) = batches.recv().await {
        let CheckedBatch { mut rows, rejected } = batch;
        stage.advance((rows.len() + rejected.len()) as u64);
        // Before the vault: a number that was erased must not come back either.
        run.leave_out_erased(&mut rows, |row| &row.key);
        run.reject(rejected).await?;
        if is_event {
            run.count_rows(rows.len() as u64);
            continue;
        }
        let next = tokio::spawn(prepared(deployment.clone(), rows, name.clone()));
        run.add_prepared(std::mem::take(&mut ready)).await?;
        ready = next.await??;
    }
    run.add_prepared(ready).await?;
    let report: FileReport = reader.await??;
    run.left_out(report.left_out).await?;
    let erased_rows = run.erased_rows();
    if erased_rows > 0 {
        // Before the commit: a run that is cut off here finds the file clean when it is sent again.
        clean_file(deployment, Some(&source), (&content_hash, &name), &erased).await?;
    }
    let summary = match terms.retirements {
        Retirements::WithinLimit => run.finish().await?,
        Retirements::Confirmed => run.finish_confirmed().await?,
    };
    // Lost in a crash, it is missed by nobody: a run without it counts as read under what is declared.
    deployment.store.put_setting(&read_as_setting(summary.run), &declaration).await?;
    let detail = serde_json::json!({
        "source": source.name, "rows": summary.rows, "rejected": summary.rejected, "new": summary.new,
        "changed": summary.changed, "unchanged": summary.unchanged, "retired": summary.retired, "erased": erased_rows,
    });
    on_record::record(deployment, "ingest", "ingested", format!("ingest run {}", summary.run), detail).await?;
    Ok(Ingested { erased: erased_rows, ..Ingested::of(&source, file, &summary) })
}

/// Rows as the hub takes them in, with the vault's references in the place of Aadhaar numbers.
async fn prepared(
    deployment: Deployment,
    mut rows: Vec<CheckedRow>,
    name: String,
) -> anyhow::Result<Vec<PreparedRecord>> {
    put_references(&deployment, rows.iter_mut()).await.with_context(|| {
        format!("{name}: its Aadhaar numbers cannot go to the vault, and nothing of it was taken in")
    })?;
    Ok(rows.into_iter().map(|row| PreparedRecord::from(NewSourceRecord::from(row))).collect())
}

/// Whether a person confirmed that a snapshot may retire more than its source's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retirements {
    /// Nobody did: a snapshot over the limit is refused.
    WithinLimit,
    /// Someone did.
    Confirmed,
}

/// The setting that keeps what a run's source and model said when it was read.
fn read_as_setting(run: IngestRunId) -> String {
    format!("read_as.{run}")
}

/// The setting that keeps by which key columns a register's landed file was ever read, as a JSON list of lists.
fn keys_setting(source: SourceSystemId, content_hash: &str) -> String {
    format!("read_by_key.{source}.{content_hash}")
}

/// Keeps by which key columns a landed file is read: its rows may have to be found again when others are declared.
async fn note_key(
    deployment: &Deployment,
    id: SourceSystemId,
    source: &SourceSystem,
    content_hash: &str,
) -> anyhow::Result<()> {
    let setting = keys_setting(id, content_hash);
    let mut keys = find_keys(deployment, id, content_hash).await?;
    if !keys.contains(&source.key) {
        keys.push(source.key.clone());
        deployment.store.put_setting(&setting, &serde_json::to_string(&keys)?).await?;
    }
    Ok(())
}

/// By which key columns a register's landed file was read; none where that was not kept.
///
/// # Errors
/// When the hub cannot be read.
pub async fn find_keys(
    deployment: &Deployment,
    id: SourceSystemId,
    content_hash: &str,
) -> anyhow::Result<Vec<Vec<String>>> {
    let setting = keys_setting(id, content_hash);
    let Some(text) = deployment.store.get_setting(&setting).await? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).with_context(|| format!("the setting `{setting}` is no list of keys; restore a backup"))
}

/// Whether a run read its file under another declaration of its source or model than today's.
///
/// # Errors
/// When the hub cannot be read, or the source names a model that is not declared.
pub async fn is_declared_anew(
    deployment: &Deployment,
    source: &SourceSystem,
    run: IngestRunId,
) -> anyhow::Result<bool> {
    let read_as = deployment.store.get_setting(&read_as_setting(run)).await?;
    let declaration = declaration_fingerprint(deployment, source)?;
    Ok(read_as.is_some_and(|read_as| read_as != declaration))
}

/// Says whether a source and the model of its rows are declared as they were.
fn declaration_fingerprint(deployment: &Deployment, source: &SourceSystem) -> anyhow::Result<String> {
    let model = match &source.rows {
        RowsAre::Entity(name) => format!("{:?}", deployment.get_model(name)?.attributes),
        RowsAre::Event(name) => {
            let event = deployment.events.iter().find(|event| event.name == *name);
            format!("{:?}", event.with_context(|| format!("source {}: no event `{name}`", source.name))?)
        }
    };
    let digest = Sha256::digest(format!("{source:?}\n{model}"));
    Ok(digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// A sealed file to be read.
struct Sealed {
    path: PathBuf,
    /// The name under which it came.
    name: String,
    key: [u8; 32],
}

/// Reads and checks the sealed copy of a file on a thread of its own. Rows take nothing from those that were erased.
fn start_reader(
    deployment: &Deployment,
    source: SourceSystem,
    sealed: Sealed,
    erased: ErasedKeys,
    sender: mpsc::Sender<CheckedBatch>,
) -> tokio::task::JoinHandle<anyhow::Result<FileReport>> {
    // Taken once: all rows of a file are read by the same code systems.
    let standardizer = deployment.standardizer();
    let models = Arc::clone(&deployment.models);
    let events = Arc::clone(&deployment.events);
    let now: Timestamp = deployment.clock.now();
    tokio::task::spawn_blocking(move || {
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
        let input = Input::Sealed { path: &sealed.path, name: &sealed.name, key: &sealed.key };
        let is_erased = |key: &str| erased.contains(key);
        Ok(read_file_without(&source, rows, input, &standardizer, now.day_ist(), &is_erased, &mut deliver)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::House;

    const ASHA: &str = "ID,NAME,DOB\n1,Asha Devi,1990-01-02\n";
    const AGAIN: Terms = Terms { known: Known::ReadAgain, ..Terms::CAREFUL };

    #[tokio::test]
    async fn what_is_read_is_what_was_sealed_although_the_sender_goes_on_writing() {
        let house = House::new().await;
        let deployment = &house.deployment;
        let path = house.folder().join("people_1.csv");
        std::fs::write(&path, ASHA).unwrap();
        let key = landing_key(deployment).unwrap();
        let landed = landing::seal(&path, &deployment.landing(), &key).unwrap();
        std::fs::write(&path, format!("{ASHA}2,Bina Kumari,1991-03-04\n")).unwrap();
        let source = source_of(deployment, &path).unwrap().clone();
        let (sender, mut batches) = mpsc::channel(4);
        let id = deployment.store.ensure_source_system(&source).await.unwrap();
        let erased = deployment.store.list_erased_keys(id, &erasure_key(deployment).unwrap()).await.unwrap();
        let sealed = Sealed { path: landed.sealed_path, name: "people_1.csv".to_owned(), key };
        let reader = start_reader(deployment, source, sealed, erased, sender);
        let mut rows = 0;
        while let Some(batch) = batches.recv().await {
            rows += batch.rows.len();
        }
        reader.await.unwrap().unwrap();
        assert_eq!(rows, 1);
    }

    #[tokio::test]
    async fn a_known_file_whose_sealed_copy_was_lost_is_sealed_again() {
        let house = House::new().await;
        house.ingest("people_1.csv", ASHA).await;
        let runs = house.deployment.store.list_ingest_runs(None, None, 1).await.unwrap();
        let sealed = house.sealed(&runs[0].content_hash);
        std::fs::remove_file(&sealed).unwrap();
        assert!(house.ingest("people_1.csv", ASHA).await.known);
        assert!(sealed.exists());
    }

    #[tokio::test]
    async fn the_latest_snapshot_is_read_once_more_when_its_source_was_declared_anew() {
        let house = House::new().await;
        assert_eq!(house.ingest("roll_1.csv", ASHA).await.new, 1);
        assert!(house.ingest("roll_1.csv", ASHA).await.known);
        let house = house
            .declared_anew("roll.toml", "from = \"DOB\"\nto = \"date_of_birth\"", "value = \"female\"\nto = \"sex\"")
            .await;
        let again = house.ingest("roll_1.csv", ASHA).await;
        assert_eq!((again.known, again.changed), (false, 1));
        assert!(house.ingest("roll_1.csv", ASHA).await.known, "once is enough");
    }

    #[tokio::test]
    async fn a_file_of_changes_is_read_once_more_only_when_a_person_asks() {
        let house = House::new().await;
        house.ingest("people_1.csv", ASHA).await;
        let house = house
            .declared_anew("people.toml", "from = \"DOB\"\nto = \"date_of_birth\"", "value = \"female\"\nto = \"sex\"")
            .await;
        let left = house.ingest("people_1.csv", ASHA).await;
        assert_eq!((left.known, left.declared_anew, left.changed), (true, true, 0));
        let again = house.ingest_on("people_1.csv", ASHA, AGAIN).await;
        assert_eq!((again.known, again.changed), (false, 1));
        assert!(!house.ingest("people_1.csv", ASHA).await.declared_anew);
    }
}
