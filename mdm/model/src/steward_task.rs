//! Work for a data steward: a doubtful pair to decide.

use crate::clock::Timestamp;
use crate::id::{StewardTaskId, UserId};
use crate::match_pair::{Decision, MatchPair};

/// One doubtful pair. The hub closes it when a later resolution no longer doubts it.
#[derive(Debug, Clone, PartialEq)]
pub struct StewardTask {
    /// Its id.
    pub id: StewardTaskId,
    /// The entity type of both source records.
    pub entity: String,
    /// The pair, weighed.
    pub pair: MatchPair,
    /// When it was opened.
    pub opened: Timestamp,
    /// Where it stands.
    pub state: TaskState,
}

/// Where a steward task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// Waits for a steward.
    Open,
    /// A steward decided. Undone, it is open again.
    Decided {
        /// Who.
        by: UserId,
        /// When.
        at: Timestamp,
        /// `Match` or `NoMatch`.
        decision: Decision,
    },
    /// A later resolution no longer doubts the pair.
    Lapsed,
}
