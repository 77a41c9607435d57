//! The change feed: what happened to golden records, numbered in commit order without gaps.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{FeedPosition, GoldenId};

/// One event of the change feed. A reader that keeps `position` sees each exactly once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedEvent {
    /// Its number, from 1, without gaps.
    pub position: FeedPosition,
    /// When it was committed.
    pub at: Timestamp,
    /// The entity type.
    pub entity: String,
    /// The golden record.
    pub golden_id: GoldenId,
    /// What happened.
    pub change: Change,
    /// The golden record's version afterwards.
    pub version: i32,
    /// The other golden record of a merge or split.
    pub other: Option<GoldenId>,
}

/// What happened to a golden record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It came to be.
    Created,
    /// Its values, status or members changed.
    Updated,
    /// It ended in `other` and redirects there.
    MergedInto,
    /// It came to be from members of `other`.
    SplitFrom,
    /// It came back: after an undone merge, or when a source record that had been retired did.
    Restored,
    /// Its last source record left it.
    Emptied,
}

impl Change {
    /// The word in the feed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::MergedInto => "merged_into",
            Self::SplitFrom => "split_from",
            Self::Restored => "restored",
            Self::Emptied => "emptied",
        }
    }

    /// Reads [`Change::word`].
    pub fn find(word: &str) -> Option<Self> {
        [Self::Created, Self::Updated, Self::MergedInto, Self::SplitFrom, Self::Restored, Self::Emptied]
            .into_iter()
            .find(|change| change.word() == word)
    }
}
