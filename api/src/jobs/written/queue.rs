//! The queue of rows to be written: many callers' rows in one transaction.
//!
//! A caller puts its row into the queue and waits. Whoever finds the queue at rest starts a task that writes all that waits as one
//! batch, then all that came meanwhile, until nothing waits: the slower the disk, the more rows share a commit. Callers who write
//! row after row come back as soon as they are answered, so the next batch waits a moment for as many as the last one had; otherwise
//! such callers fall into two halves that take turns, and each pays for a batch of half the size.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::batch::{Kept, write_batch};
use super::{RowToWrite, RowWritten};
use crate::deployment::Deployment;

/// So many rows are written in one transaction at most.
const ROWS_A_BATCH: usize = 256;
/// So many rows may wait. Whoever comes later is told to come again.
const WAITING_MAX: usize = 10_000;
/// So long a batch waits for those who were answered just now: far less than a batch takes.
const COMING_BACK: Duration = Duration::from_millis(2);

/// What writes rows.
#[derive(Default)]
pub struct RowWriter {
    queue: Mutex<Queue>,
    /// Told of each row that was put into the queue.
    came: Notify,
    keys: std::sync::OnceLock<Kept>,
}

impl std::fmt::Debug for RowWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowWriter(..)")
    }
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    is_writing: bool,
}

struct Waiting {
    row: RowToWrite,
    answer: oneshot::Sender<Result<RowWritten, WriteError>>,
}

/// Why a row was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The caller must act: too many wait.
    #[error("{max} rows wait to be written; try again in a minute", max = WAITING_MAX)]
    Full,
    /// The operator must act.
    #[error("{0}")]
    Inside(String),
}

impl RowWriter {
    /// A queue is whole between any two steps, also after a panic.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a row and answers when it is durable. `work` is held while something is written: one resolution, ingest or refresh at a
    /// time.
    ///
    /// # Errors
    /// [`WriteError`] when it was not written: nothing of it is in the hub then.
    pub async fn write(
        self: &Arc<Self>,
        deployment: &Deployment,
        work: &Arc<tokio::sync::Mutex<()>>,
        row: RowToWrite,
    ) -> Result<RowWritten, WriteError> {
        let (answer, answered) = oneshot::channel();
        let was_writing = {
            let mut queue = self.queue();
            if queue.waiting.len() >= WAITING_MAX {
                return Err(WriteError::Full);
            }
            queue.waiting.push_back(Waiting { row, answer });
            std::mem::replace(&mut queue.is_writing, true)
        };
        self.came.notify_one();
        if !was_writing {
            // A task of its own: a caller that goes away must not take along what others wait for.
            tokio::spawn(write_all(Arc::clone(self), deployment.clone(), Arc::clone(work)));
        }
        answered
            .await
            .unwrap_or_else(|_| Err(WriteError::Inside("the writer of rows was stopped; try again".to_owned())))
    }

    /// Waits until so many rows are there, or a moment has passed.
    async fn wait_for(&self, rows: usize) {
        let all_came = async {
            while self.queue().waiting.len() < rows {
                self.came.notified().await;
            }
        };
        // Whether all came or not, what is there is written.
        drop(tokio::time::timeout(COMING_BACK, all_came).await);
    }

    /// What is written next, each row once, in the order of arrival; nothing when the queue came to rest.
    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        let mut named: HashSet<(String, String)> = HashSet::new();
        let mut taken = Vec::new();
        // A second writing of a row waits for the next batch, and with it all that came after.
        while taken.len() < ROWS_A_BATCH
            && queue.waiting.front().is_some_and(|one| named.insert((one.row.source.name.clone(), one.row.key.clone())))
        {
            taken.extend(queue.waiting.pop_front());
        }
        queue.is_writing = !taken.is_empty();
        taken
    }
}

/// When the task ends before its work does, those who wait are told and the next caller starts another.
struct Unfinished<'a>(Option<&'a RowWriter>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(writer) = self.0 {
            let mut queue = writer.queue();
            queue.waiting.clear();
            queue.is_writing = false;
        }
    }
}

async fn write_all(writer: Arc<RowWriter>, deployment: Deployment, work: Arc<tokio::sync::Mutex<()>>) {
    let mut unfinished = Unfinished(Some(&writer));
    loop {
        let batch = writer.take();
        if batch.is_empty() {
            unfinished.0 = None;
            return;
        }
        let (rows, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|one| (one.row, one.answer)).unzip();
        let written = {
            let _one_at_a_time = work.lock().await;
            write_each(&writer, &deployment, rows).await
        };
        let answered = answers.len();
        for (answer, written) in answers.into_iter().zip(written) {
            // Who went away needs no answer.
            drop(answer.send(written));
        }
        if answered > 1 {
            writer.wait_for(answered.min(ROWS_A_BATCH)).await;
        }
    }
}

/// Writes rows together; where that fails, one by one, so that a bad one fails alone.
async fn write_each(
    writer: &RowWriter,
    deployment: &Deployment,
    rows: Vec<RowToWrite>,
) -> Vec<Result<RowWritten, WriteError>> {
    let keys = match keys(writer, deployment) {
        Ok(keys) => keys,
        Err(error) => return rows.iter().map(|_| Err(inside(&error))).collect(),
    };
    match Box::pin(write_batch(deployment, keys, &rows)).await {
        Ok(written) => written.into_iter().map(Ok).collect(),
        Err(error) if rows.len() == 1 => vec![Err(inside(&error))],
        Err(error) => {
            tracing::warn!(
                rows = rows.len(),
                "{} rows were not written together and go one by one: {error:#}",
                rows.len()
            );
            let mut written = Vec::with_capacity(rows.len());
            for row in rows {
                let one = Box::pin(write_batch(deployment, keys, &[row])).await;
                written.push(one.map(|mut one| one.remove(0)).map_err(|error| inside(&error)));
            }
            written
        }
    }
}

fn keys<'w>(writer: &'w RowWriter, deployment: &Deployment) -> anyhow::Result<&'w Kept> {
    if let Some(keys) = writer.keys.get() {
        return Ok(keys);
    }
    let read = Kept::read(deployment)?;
    Ok(writer.keys.get_or_init(|| read))
}

fn inside(error: &anyhow::Error) -> WriteError {
    WriteError::Inside(format!("{error:#}"))
}
