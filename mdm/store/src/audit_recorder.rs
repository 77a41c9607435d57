//! What records reads: many callers' entries in one transaction, to a chain that no other process appends to.
//!
//! A caller puts its events into a queue and waits. Whoever finds the queue at rest starts a task that writes all that
//! waits as one transaction, then all that came meanwhile, until nothing waits: the slower the disk, the more reads share
//! a commit. Each caller is answered only when its own entries are durable.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::Store;
use crate::audit_events::{AuditEvent, Head, extend, genesis};
use crate::db::{Tx, on_tx};
use crate::dialect::Engine;
use crate::error::StoreError;

/// So many entries are written in one transaction at most, and more only of one caller.
const ENTRIES_A_COMMIT: usize = 10_000;
/// How long after its last read a process keeps its chain to itself, where several processes share a hub.
const HELD_FOR_US: i64 = 60 * 1_000_000;
/// How often a chain is asked for when other processes take theirs at the same moment.
const TRIES: usize = 10;

/// The reads that wait to be recorded, and the word by which this process holds its chain.
pub(crate) struct Recorder {
    queue: Mutex<Queue>,
    holder: String,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    is_writing: bool,
}

struct Waiting {
    events: Vec<AuditEvent>,
    answer: oneshot::Sender<Result<(), Refused>>,
}

/// Why a commit failed, for each caller that took part in it.
#[derive(Clone)]
enum Refused {
    /// The database cannot be used now: its name and what is wrong.
    Unavailable(&'static str, &'static str, String),
    /// Anything else.
    Failed(&'static str, String),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { place, what, message } => Self::Unavailable(place, what, message),
            StoreError::Database { what, message } => Self::Failed(what, message),
            other => Self::Failed("record reads", other.to_string()),
        }
    }
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unavailable(place, what, message) => Self::Unavailable { place, what, message },
            Refused::Failed(what, message) => Self::Database { what, message },
        }
    }
}

impl Recorder {
    pub(crate) fn new() -> Self {
        // The standard library's seed differs from process to process and from store to store.
        let word = RandomState::new().hash_one(std::process::id());
        Self { queue: Mutex::default(), holder: format!("{word:016x}") }
    }

    /// A queue is whole between any two steps, also after a panic.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records events, all of them or none, and returns when they are durable.
    pub(crate) async fn record(&self, store: &Store, events: Vec<AuditEvent>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        let was_writing = {
            let mut queue = self.queue();
            queue.waiting.push(Waiting { events, answer });
            std::mem::replace(&mut queue.is_writing, true)
        };
        if !was_writing {
            // A task of its own: a caller that goes away must not take along what others wait for.
            tokio::spawn(write_all(store.clone()));
        }
        match answered.await {
            Ok(done) => done.map_err(StoreError::from),
            Err(_) => Err(StoreError::Internal("the recorder of reads was stopped; ask again")),
        }
    }

    /// What is written next; nothing when the queue came to rest.
    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        let mut entries = 0;
        let fits = queue.waiting.iter().take_while(|waiting| {
            let is_first = entries == 0;
            entries += waiting.events.len();
            is_first || entries <= ENTRIES_A_COMMIT
        });
        let count = fits.count();
        queue.is_writing = count > 0;
        queue.waiting.drain(..count).collect()
    }
}

/// When the task ends before its work does, those who wait are told and the next caller starts another.
struct Unfinished<'a>(Option<&'a Recorder>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(recorder) = self.0 {
            let mut queue = recorder.queue();
            queue.waiting.clear();
            queue.is_writing = false;
        }
    }
}

async fn write_all(store: Store) {
    let mut unfinished = Unfinished(Some(&store.recorder));
    loop {
        let batch = store.recorder.take();
        if batch.is_empty() {
            unfinished.0 = None;
            return;
        }
        let (events, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.events, waiting.answer)).unzip();
        let written = write(&store, events.into_iter().flatten().collect()).await.map_err(Refused::from);
        for answer in answers {
            // Who went away needs no answer.
            drop(answer.send(written.clone()));
        }
    }
}

async fn write(store: &Store, events: Vec<AuditEvent>) -> Result<(), StoreError> {
    let now = store.clock.now();
    for _ in 0..TRIES {
        let mut tx = store.db.begin_beside().await?;
        if let Some(head) = take_chain(&mut tx, &store.recorder.holder, now.0).await? {
            extend(&mut tx, head, now, events).await?;
            return tx.commit().await;
        }
    }
    Err(StoreError::Internal("other processes take their audit chains at this moment; ask again"))
}

/// The head of a chain that this process holds, or takes because nobody does, or begins. `None` when another process was
/// faster. On `SQLite` all writers of the file take turns, and one chain serves whoever has the turn.
async fn take_chain(tx: &mut Tx, holder: &str, now_us: i64) -> Result<Option<Head>, StoreError> {
    const TAKE: &str = "UPDATE audit_chains SET held_by = $1, held_until_us = $2 WHERE id = (
             SELECT id FROM audit_chains WHERE writer = 'reads' AND (held_by = $1 OR held_until_us <= $3)
             ORDER BY CASE WHEN held_by = $1 THEN 0 ELSE 1 END, id LIMIT 1)
         AND (held_by = $1 OR held_until_us <= $3) RETURNING id, number, hash";
    const NEXT: &str = "SELECT max(id) + 1 FROM audit_chains";
    const BEGIN: &str = "INSERT INTO audit_chains (id, writer, number, hash, held_by, held_until_us)
         VALUES ($3, 'reads', 0, $4, $1, $2) ON CONFLICT (id) DO NOTHING RETURNING id, number, hash";
    let until_us = match tx.engine() {
        Engine::Sqlite => now_us,
        Engine::Postgres => now_us + HELD_FOR_US,
    };
    let held: Option<Head> =
        on_tx!(tx, |c| sqlx::query_as(TAKE).bind(holder).bind(until_us).bind(now_us).fetch_optional(c).await)?;
    if held.is_some() {
        return Ok(held);
    }
    let next: i64 = on_tx!(tx, |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?;
    Ok(on_tx!(tx, |c| sqlx::query_as(BEGIN)
        .bind(holder)
        .bind(until_us)
        .bind(next)
        .bind(genesis(next))
        .fetch_optional(c)
        .await)?)
}
