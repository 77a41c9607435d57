//! The values of golden records that change: given with the changes, or chosen chunk by chunk while the chunk before is written.

use std::collections::VecDeque;
use std::slice::Chunks;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use kanak_model::SourceRecordId;
use kanak_model::golden_record::{GoldenChange, Survived};
use tokio::task::JoinHandle;

use crate::dialect::ROWS_A_STATEMENT;
use crate::error::StoreError;

/// Chooses the status and values of groups of source records, which it reads for itself: one for each group, in their order.
pub type Choose =
    Arc<dyn Fn(Vec<Vec<SourceRecordId>>) -> BoxFuture<'static, Result<Vec<Survived>, StoreError>> + Send + Sync>;

/// Where the values of changes come from.
pub(crate) enum Values {
    /// They were computed with the changes: one for each, in their order.
    Given(Vec<Survived>),
    /// They are chosen from the members when they are asked for.
    Chosen(Choose),
}

impl Values {
    /// Those of the changes at some places, in that order.
    pub(super) fn of(
        &self,
        changes: &[GoldenChange<()>],
        places: impl Iterator<Item = usize>,
    ) -> BoxFuture<'static, Result<Vec<Survived>, StoreError>> {
        match self {
            Self::Given(all) => ready(Ok(places.map(|place| all[place].clone()).collect())).boxed(),
            Self::Chosen(choose) => choose(places.map(|place| changes[place].members.clone()).collect()),
        }
    }
}

/// Work on chunks of things, a chunk ahead of where its results are used.
pub(super) struct Ahead<'a, T, R> {
    chunks: Chunks<'a, T>,
    under_way: VecDeque<(&'a [T], Work<R>)>,
}

type Work<R> = JoinHandle<Result<R, StoreError>>;

impl<'a, T, R: Send + 'static> Ahead<'a, T, R> {
    const UNDER_WAY_MAX: usize = 3;

    /// Chunks of as many things as a statement writes.
    pub(super) fn over(things: &'a [T]) -> Self {
        Self { chunks: things.chunks(ROWS_A_STATEMENT), under_way: VecDeque::new() }
    }

    /// The next chunk, and what came of the work on it.
    pub(super) async fn next(
        &mut self,
        start: impl Fn(&'a [T]) -> BoxFuture<'static, Result<R, StoreError>>,
    ) -> Result<Option<(&'a [T], R)>, StoreError> {
        while self.under_way.len() < Self::UNDER_WAY_MAX
            && let Some(chunk) = self.chunks.next()
        {
            self.under_way.push_back((chunk, tokio::spawn(start(chunk))));
        }
        let Some((chunk, work)) = self.under_way.pop_front() else { return Ok(None) };
        Ok(Some((chunk, work.await.expect("choosing and rendering values does not panic")?)))
    }
}
