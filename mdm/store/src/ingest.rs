//! Taking in one file of one source: everything in one transaction, or nothing.

use std::hash::{DefaultHasher, Hash, Hasher};

use kanak_model::quality::{LeftOut, RejectedRow};
use kanak_model::source_record::{NewSourceRecord, Stated, Values};
use kanak_model::source_system::Load;
use kanak_model::{IngestRunId, SourceSystemId, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest, Sha256};

use crate::Store;
use crate::db::{Tx, on_tx};
use crate::dialect::{Packed, ROWS_A_STATEMENT, json, sql};
use crate::erasures::ErasedKeys;
use crate::error::StoreError;
use crate::quarantined_rows;
use crate::relations::{self, RelationType};
use crate::resolution;
use crate::source_systems::{self, SourceFacts, get_source};
use crate::steward_tasks;

/// A file as it was landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// The file's name, without its folder.
    pub name: String,
    /// Keyed hash of its bytes.
    pub content_hash: String,
    /// Its size.
    pub bytes: u64,
    /// Whether it holds the whole register.
    pub load: Load,
}

/// How rows come to the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrivedBy {
    /// In a file.
    File,
    /// A program wrote them one by one.
    Call,
}

impl ArrivedBy {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Call => "call",
        }
    }
}

/// What one ingest run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestSummary {
    /// The run.
    pub run: IngestRunId,
    /// Rows read: accepted and rejected.
    pub rows: u64,
    /// Keys never seen before. For a source of events: its accepted rows.
    pub new: u64,
    /// Keys with other values or another time of change than before, or back after a retirement.
    pub changed: u64,
    /// Keys that state the same.
    pub unchanged: u64,
    /// Keys missing from a snapshot.
    pub retired: u64,
    /// Keys missing from a snapshot that stay all the same: a row whose key nobody could read may be any of them.
    pub held_back: u64,
    /// Rows in quarantine.
    pub rejected: u64,
}

/// A row with what the hub stores of it, so that a file's rows are put into words beside the hub's one writer and not by it.
#[derive(Debug)]
pub struct PreparedRecord {
    record: NewSourceRecord,
    hash: i64,
    /// See [`in_words`].
    row: String,
}

impl From<NewSourceRecord> for PreparedRecord {
    fn from(mut record: NewSourceRecord) -> Self {
        clean(&mut record);
        let (hash, row) = in_words(&record);
        Self { record, hash, row }
    }
}

/// One ingest run under way. It holds the hub's one writer; dropped, nothing happened.
pub struct IngestTx {
    tx: Tx,
    source: SourceFacts,
    load: Load,
    /// Whether the source never held a row: then no key needs looking up.
    first_load: bool,
    next_id: i64,
    /// Source records that came to be.
    added: u64,
    /// Retired source records that are back.
    revived: u64,
    /// Hashes of the keys that the file stated so far.
    keys: FxHashSet<u64>,
    /// Ids of source records that were there before and stand in the file, those of refused rows among them.
    seen: FxHashSet<i64>,
    /// Refused rows whose key nobody could read: each may be any source record that was there before.
    keyless: u64,
    summary: IngestSummary,
    /// The register's rows that were erased: none of them comes back.
    erased: Option<ErasedKeys>,
    /// Rows of them that the file still held.
    erased_rows: u64,
    /// The relations that its source records state.
    relations: Vec<RelationType>,
}

/// A stored source record that a key was found for.
#[derive(sqlx::FromRow)]
pub(crate) struct Known {
    pub(crate) id: i64,
    pub(crate) source_key: String,
    pub(crate) version: i64,
    content_hash: i64,
    updated_us: Option<i64>,
    pub(crate) retired_us: Option<i64>,
}

impl Known {
    /// Whether a row states what is stored already. When the department last changed it belongs to that: survivorship
    /// prefers the most recent, so an older time kept would make the result depend on which files were loaded.
    pub(crate) fn states(&self, hash: i64, updated: Option<Timestamp>) -> bool {
        self.content_hash == hash && self.updated_us == updated.map(|at| at.0) && self.retired_us.is_none()
    }
}

impl Store {
    /// Begins an ingest run. Until it is finished or dropped no other writing call comes through.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown source system; [`StoreError::Database`] when the writer stays busy.
    pub async fn begin_ingest(&self, source: SourceSystemId, file: FileFacts) -> Result<IngestTx, StoreError> {
        IngestTx::begin(self.db.begin(&*self.clock).await?, source, file).await
    }
}

impl IngestTx {
    /// Begins a run within a transaction.
    async fn begin(mut tx: Tx, source: SourceSystemId, file: FileFacts) -> Result<Self, StoreError> {
        const RUN: &str = "INSERT INTO ingest_runs (id, source_system_id, file_name, content_hash, file_bytes, load,
             recorded_us, rows_read, rows_new, rows_changed, rows_unchanged, rows_retired, rows_held_back, rows_rejected, arrived_by)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM ingest_runs), $1, $2, $3, $4, $5, $6, 0, 0, 0, 0, 0, 0, 0, $7)
             RETURNING id";
        const NEXT: &str = "SELECT coalesce(max(id), 0) + 1 FROM source_records";
        let source = get_source(&mut tx, source).await?;
        let now = tx.now.0;
        let run: i64 = on_tx!(tx, |c| sqlx::query_scalar(RUN)
            .bind(source.id)
            .bind(&file.name)
            .bind(&file.content_hash)
            .bind(file.bytes as i64)
            .bind(load_word(file.load))
            .bind(now)
            .bind(ArrivedBy::File.word())
            .fetch_one(c)
            .await)?;
        let next_id: i64 = on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?;
        let run = IngestRunId(run);
        let relations = relations::stated_by(&mut tx, &source.rows_of).await?;
        Ok(Self {
            tx,
            relations,
            load: file.load,
            first_load: source.live_count + source.retired_count == 0,
            source,
            added: 0,
            revived: 0,
            next_id,
            keys: FxHashSet::default(),
            seen: FxHashSet::default(),
            keyless: 0,
            summary: IngestSummary {
                run,
                rows: 0,
                new: 0,
                changed: 0,
                unchanged: 0,
                retired: 0,
                held_back: 0,
                rejected: 0,
            },
            erased: None,
            erased_rows: 0,
        })
    }

    /// The run's id.
    pub fn run(&self) -> IngestRunId {
        self.summary.run
    }

    /// Rows of these keys are left out of the run from here on, and counted.
    pub fn keep_erased(&mut self, keys: ErasedKeys) {
        self.erased = (!keys.is_empty()).then_some(keys);
    }

    /// Takes rows out that were erased: neither their values nor their numbers go anywhere.
    pub fn leave_out_erased<R>(&mut self, rows: &mut Vec<R>, key: impl Fn(&R) -> &str) {
        if let Some(erased) = &self.erased {
            let before = rows.len();
            rows.retain(|row| !erased.contains(key(row)));
            self.erased_rows += (before - rows.len()) as u64;
        }
    }

    /// How many rows of erased source records the file held so far.
    pub fn erased_rows(&self) -> u64 {
        self.erased_rows
    }

    /// Takes accepted rows in.
    ///
    /// # Errors
    /// [`StoreError::KeyTwice`] when the file stated a key already.
    pub async fn add(&mut self, records: Vec<NewSourceRecord>) -> Result<(), StoreError> {
        self.add_prepared(records.into_iter().map(PreparedRecord::from).collect()).await
    }

    /// The same as [`Self::add`] for rows that were prepared beside the writer.
    ///
    /// # Errors
    /// [`StoreError::KeyTwice`] when the file stated a key already.
    pub async fn add_prepared(&mut self, mut records: Vec<PreparedRecord>) -> Result<(), StoreError> {
        self.leave_out_erased(&mut records, |prepared| &prepared.record.key);
        let mut twice = 0;
        for PreparedRecord { record, .. } in &records {
            let mut hasher = DefaultHasher::new();
            record.key.hash(&mut hasher);
            twice += u64::from(!self.keys.insert(hasher.finish()));
        }
        if twice > 0 {
            return Err(StoreError::KeyTwice { run: self.summary.run, count: twice });
        }
        self.summary.rows += records.len() as u64;
        for chunk in records.chunks(ROWS_A_STATEMENT) {
            self.add_chunk(chunk).await?;
        }
        Ok(())
    }

    async fn add_chunk(&mut self, records: &[PreparedRecord]) -> Result<(), StoreError> {
        let keys: Vec<&str> = records.iter().map(|prepared| prepared.record.key.as_str()).collect();
        let known = self.find_known(&keys).await?;
        let mut new = Rows::default();
        let mut changed = Vec::new();
        let mut versions = Vec::with_capacity(records.len());
        let mut touched = Vec::with_capacity(records.len());
        for PreparedRecord { record, hash, row } in records {
            match known.get(record.key.as_str()) {
                None => {
                    versions.push((self.next_id, 1, &record.values));
                    touched.push(self.next_id);
                    new.push(self.next_id, row);
                    self.next_id += 1;
                }
                Some(known) => {
                    self.seen.insert(known.id);
                    if known.states(*hash, record.updated) {
                        self.summary.unchanged += 1;
                    } else {
                        self.revived += u64::from(known.retired_us.is_some());
                        versions.push((known.id, known.version + 1, &record.values));
                        touched.push(known.id);
                        changed.push((known.id, *hash, Packed(&record.values), record.updated));
                    }
                }
            }
        }
        self.added += new.count;
        self.summary.new += new.count;
        self.summary.changed += changed.len() as u64;
        self.insert_new(new).await?;
        self.update_changed(&changed).await?;
        self.keep_relations(versions).await?;
        self.mark_unresolved(&touched).await
    }

    /// Keeps the relations that versions of source records state: id, version, values.
    async fn keep_relations(&mut self, versions: Vec<(i64, i64, &Values)>) -> Result<(), StoreError> {
        relations::keep(&mut self.tx, &self.relations, &self.source.rows_of, versions.into_iter()).await
    }

    async fn find_known(&mut self, keys: &[&str]) -> Result<FxHashMap<String, Known>, StoreError> {
        const SQL: &str =
            "SELECT r.id, r.source_key, r.version, r.content_hash, r.updated_us, r.retired_us FROM {texts $1} AS t
             CROSS JOIN source_records r WHERE r.source_system_id = $2 AND r.source_key = t.word";
        if self.first_load {
            return Ok(FxHashMap::default());
        }
        let (engine, source) = (self.tx.engine(), self.source.id);
        let rows: Vec<Known> =
            on_tx!(self.tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(keys)).bind(source).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|known| (known.source_key.clone(), known)).collect())
    }

    async fn insert_new(&mut self, rows: Rows) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO source_records (id, source_system_id, source_key, version, content_hash, stated,
             updated_us, recorded_from_us, ingest_run_id)
             SELECT id, $2, source_key, 1, content_hash, stated, updated_us, $3, $4
             FROM {rows $1: id int, source_key text, content_hash int, stated packed, updated_us int} AS r";
        if rows.count == 0 {
            return Ok(());
        }
        let (now, run) = (self.tx.now.0, self.summary.run.0);
        let text = sql(self.tx.engine(), SQL);
        let source = self.source.id;
        on_tx!(self.tx, |c| sqlx::query(text)
            .bind(rows.finish())
            .bind(source)
            .bind(now)
            .bind(run)
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }

    async fn update_changed(&mut self, rows: &[ChangedRow<'_>]) -> Result<(), StoreError> {
        const KEEP: &str = "INSERT INTO source_record_versions (source_record_id, version, stated, updated_us,
             recorded_from_us, recorded_to_us, ingest_run_id)
             SELECT r.id, r.version, r.stated, r.updated_us, r.recorded_from_us, coalesce(r.retired_us, $2), r.ingest_run_id
             FROM source_records r WHERE r.id IN (SELECT id FROM {ids $1} AS i)";
        const UPDATE: &str =
            "UPDATE source_records SET version = source_records.version + 1, content_hash = r.content_hash,
             stated = r.stated, updated_us = r.updated_us, recorded_from_us = $2, ingest_run_id = $3, retired_us = NULL
             FROM {rows $1: id int, content_hash int, stated packed, updated_us int} AS r WHERE source_records.id = r.id";
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let (now, run, engine) = (self.tx.now.0, self.summary.run.0, self.tx.engine());
        on_tx!(self.tx, |c| sqlx::query(sql(engine, KEEP)).bind(json(&ids)).bind(now).execute(c).await.map(drop))?;
        on_tx!(self.tx, |c| sqlx::query(sql(engine, UPDATE))
            .bind(json(rows))
            .bind(now)
            .bind(run)
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }

    async fn mark_unresolved(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        let entity = self.source.rows_of.clone();
        resolution::mark_unresolved(&mut self.tx, &entity, ids).await
    }

    /// Puts refused rows into quarantine. The register still has them: what the hub holds under their keys stays as it
    /// is. While a row without a readable key is among them, the snapshot retires nothing: see [`IngestTx::finish`].
    pub async fn reject(&mut self, mut rows: Vec<RejectedRow>) -> Result<(), StoreError> {
        self.leave_out_erased(&mut rows, |row| row.key.as_deref().unwrap_or_default());
        self.summary.rows += rows.len() as u64;
        self.summary.rejected += rows.len() as u64;
        let keys: Vec<String> = rows.iter().filter_map(|row| row.key.as_deref()).map(without_nul).collect();
        self.keyless += (rows.len() - keys.len()) as u64;
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        for chunk in keys.chunks(ROWS_A_STATEMENT) {
            let known = self.find_known(chunk).await?;
            self.seen.extend(known.values().map(|known| known.id));
        }
        quarantined_rows::insert(&mut self.tx, self.summary.run, &rows).await
    }

    /// Counts values that were left out of rows that went on. May be called again for the same attribute and rule.
    pub async fn left_out(&mut self, counts: Vec<LeftOut>) -> Result<(), StoreError> {
        quarantined_rows::add_left_out(&mut self.tx, self.summary.run, &counts).await
    }

    /// Counts accepted rows that the hub does not keep: events.
    pub fn count_rows(&mut self, rows: u64) {
        self.summary.rows += rows;
        self.summary.new += rows;
    }

    /// Finishes the run: a snapshot retires the source records whose keys it lacks, and everything is committed.
    ///
    /// A refused row without a readable key (a broken line, a missing key) may be any of the rows that seem to be gone,
    /// and a broken line may even have swallowed several. With one such row in the file nothing is retired, and
    /// [`IngestSummary::held_back`] says how many would have been: the next whole snapshot retires them, or a person
    /// who confirms this one.
    ///
    /// # Errors
    /// [`StoreError::TooManyRetired`] when more of the source would go than may; then nothing happened.
    pub async fn finish(self) -> Result<IngestSummary, StoreError> {
        self.finish_with(Retirements::UpToShare).await
    }

    /// Finishes the run however many source records it retires: a person has confirmed it.
    pub async fn finish_confirmed(self) -> Result<IngestSummary, StoreError> {
        self.finish_with(Retirements::Confirmed).await
    }

    async fn finish_with(mut self, retirements: Retirements) -> Result<IngestSummary, StoreError> {
        if self.load == Load::Snapshot && self.source.rows_are == "entity" && !self.first_load {
            self.retire_unseen(retirements).await?;
        }
        let (tx, summary) = self.close().await?;
        tx.commit().await?;
        Ok(summary)
    }

    /// Writes down what the run did; its transaction goes on.
    async fn close(mut self) -> Result<(Tx, IngestSummary), StoreError> {
        const ERASED: &str = "INSERT INTO erased_rows_seen (ingest_run_id, row_count) VALUES ($1, $2)";
        const COUNT: &str =
            "UPDATE ingest_runs SET rows_read = $2, rows_new = $3, rows_changed = $4, rows_unchanged = $5,
             rows_retired = $6, rows_held_back = $7, rows_rejected = $8 WHERE id = $1";
        let s = self.summary;
        let (added, revived, retired) = (self.added as i64, self.revived as i64, s.retired as i64);
        source_systems::count(&mut self.tx, self.source.id, added + revived - retired, retired - revived).await?;
        on_tx!(self.tx, |c| sqlx::query(COUNT)
            .bind(s.run.0)
            .bind(s.rows as i64)
            .bind(s.new as i64)
            .bind(s.changed as i64)
            .bind(s.unchanged as i64)
            .bind(s.retired as i64)
            .bind(s.held_back as i64)
            .bind(s.rejected as i64)
            .execute(c)
            .await
            .map(drop))?;
        if self.erased_rows > 0 {
            let (run, rows) = (s.run.0, self.erased_rows as i64);
            on_tx!(self.tx, |c| sqlx::query(ERASED).bind(run).bind(rows).execute(c).await.map(drop))?;
        }
        Ok((self.tx, s))
    }

    async fn retire_unseen(&mut self, retirements: Retirements) -> Result<(), StoreError> {
        const LIVE: &str =
            "SELECT id FROM source_records WHERE source_system_id = $1 AND retired_us IS NULL AND ingest_run_id <> $2
             ORDER BY id";
        let (run, source) = (self.summary.run.0, self.source.id);
        let live: Vec<i64> = on_tx!(self.tx, |c| sqlx::query_scalar(LIVE).bind(source).bind(run).fetch_all(c).await)?;
        let gone: Vec<i64> = live.into_iter().filter(|id| !self.seen.contains(id)).collect();
        let share = gone.len() as f64 / (self.source.live_count as f64).max(1.0);
        if retirements == Retirements::UpToShare && share > self.source.retire_share_max {
            return Err(StoreError::TooManyRetired {
                source_system: self.source.name.clone(),
                retired: gone.len() as u64,
                live: self.source.live_count as u64,
                share,
                max: self.source.retire_share_max,
            });
        }
        if retirements == Retirements::UpToShare && self.keyless > 0 {
            self.summary.held_back = gone.len() as u64;
            return Ok(());
        }
        self.retire(&gone).await
    }

    /// Retires source records.
    async fn retire(&mut self, gone: &[i64]) -> Result<(), StoreError> {
        const RETIRE: &str = "UPDATE source_records SET retired_us = $2 WHERE id IN (SELECT id FROM {ids $1} AS i)";
        let (now, engine) = (self.tx.now.0, self.tx.engine());
        for ids in gone.chunks(ROWS_A_STATEMENT) {
            let list = json(ids);
            on_tx!(self.tx, |c| sqlx::query(sql(engine, RETIRE)).bind(&list).bind(now).execute(c).await.map(drop))?;
            steward_tasks::lapse_of(&mut self.tx, ids).await?;
            self.mark_unresolved(ids).await?;
        }
        self.summary.retired += gone.len() as u64;
        Ok(())
    }
}

/// How many source records a snapshot may retire.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retirements {
    UpToShare,
    Confirmed,
}

/// The hash of what a source record states, and its key, that hash, what it states and when it was updated as a JSON array.
fn in_words(record: &NewSourceRecord) -> (i64, String) {
    let stated = json(&record.values);
    let hash = hash_of_text(&stated);
    (hash, json(&(&record.key, hash, stated, record.updated)))
}

/// New source records as one JSON text: each with its id before what was prepared.
#[derive(Default)]
struct Rows {
    text: String,
    count: u64,
}

impl Rows {
    /// Adds one, as [`in_words`] has it.
    fn push(&mut self, id: i64, row: &str) {
        let head = if self.text.is_empty() { "[[" } else { ",[" };
        self.text.push_str(head);
        self.text.push_str(&id.to_string());
        self.text.push(',');
        self.text.push_str(row.strip_prefix('[').unwrap_or(row));
        self.count += 1;
    }

    fn finish(mut self) -> String {
        self.text.push(']');
        self.text
    }
}

type ChangedRow<'a> = (i64, i64, Packed<&'a Values>, Option<Timestamp>);

pub(crate) fn load_word(load: Load) -> &'static str {
    match load {
        Load::Snapshot => "snapshot",
        Load::Delta => "delta",
    }
}

/// The first 64 bits of the SHA-256 of the stored form.
pub(crate) fn content_hash(values: &Values) -> i64 {
    hash_of_text(&json(values))
}

fn hash_of_text(stored: &str) -> i64 {
    let digest = Sha256::digest(stored.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

/// No engine stores U+0000 in JSON; registers carry it as padding.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

pub(crate) fn clean(record: &mut NewSourceRecord) {
    record.key.retain(|c| c != '\0');
    let has_nul =
        |stated: &Stated| stated.standard.contains('\0') || stated.raw.as_ref().is_some_and(|r| r.contains('\0'));
    if record.values.iter().any(|(_, stated)| has_nul(stated)) {
        record.values = record
            .values
            .iter()
            .map(|(name, stated)| {
                let raw = stated.raw.as_deref().map(without_nul);
                (name.to_owned(), Stated { standard: without_nul(&stated.standard), raw })
            })
            .collect();
    }
}
