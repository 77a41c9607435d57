//! The change feed: what happened to golden records, and what was published, numbered in commit order without gaps.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::golden_record::GoldenValues;
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

/// An event as one reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenEvent {
    /// The event; `other` only where the reader may see that golden record too.
    pub event: FeedEvent,
    /// Whether the golden record came into the reader's scope, or left it, by this event.
    pub crossing: Crossing,
    /// What the golden record was before, where it was anything that the reader may see and values were asked for.
    pub before: Option<Side>,
    /// What it is afterwards, likewise.
    pub after: Option<Side>,
}

/// What a golden record was on one side of an event, as far as the reader may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Its version.
    pub version: i32,
    /// `active`, `deceased` ...
    pub status: String,
    /// Its values.
    pub values: GoldenValues,
}

/// How an event lies to the scope of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    /// What there is of the golden record before and after lies within it.
    None,
    /// The golden record lay outside before: to this reader it is new.
    Entered,
    /// The golden record lies outside afterwards: this reader will hear no more of it.
    Left,
}

/// How much of each event is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What happened to which golden record.
    Changes,
    /// The values before and after as well.
    Values,
}

/// What the feed tells at one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedEntry {
    /// Something happened to a golden record.
    Golden(SeenEvent),
    /// Something was published to all.
    Published(PublishedEvent),
}

impl FeedEntry {
    /// Its number.
    pub fn position(&self) -> FeedPosition {
        match self {
            Self::Golden(seen) => seen.event.position,
            Self::Published(event) => event.position,
        }
    }

    /// The event, where it is one of a golden record.
    pub fn golden(&self) -> Option<&SeenEvent> {
        match self {
            Self::Golden(seen) => Some(seen),
            Self::Published(_) => None,
        }
    }
}

/// A publication in the feed. It holds nothing of a person: every reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedEvent {
    /// Its number.
    pub position: FeedPosition,
    /// When it was committed.
    pub at: Timestamp,
    /// What was published.
    pub publication: Publication,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// What it is.
    pub kind: Published,
    /// The code system, or the entity type.
    pub name: String,
    /// Its version: of a rule set a number, of a code system what its source says, of a model a hash.
    pub version: String,
    /// How it differs from the one before: in concepts or attributes. Rule sets are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Of a version of a code system that was published here: which codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<ChangedCodes>,
}

/// As many codes of each kind are named in one event; the counts tell of all.
pub const CODES_NAMED_MAX: usize = 1_000;

/// The codes by which a version of a code system differs from the one before, each list with at most [`CODES_NAMED_MAX`] of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangedCodes {
    /// The version before; `None` for the first of a system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Codes that the version before lacks.
    pub added: Vec<String>,
    /// Codes that say something else and are not retired by it.
    pub changed: Vec<String>,
    /// Codes that are retired by it.
    pub retired: Vec<String>,
    /// Codes that it no longer lists; events from before this was told apart have them among the retired.
    #[serde(default)]
    pub removed: Vec<String>,
}

impl ChangedCodes {
    /// Whether the lists name every code that the counts tell of.
    pub fn is_complete(&self, counts: Counts) -> bool {
        let all = |named: &[String], count: u64| named.len() as u64 == count;
        all(&self.added, counts.added)
            && all(&self.changed, counts.changed)
            && all(&self.retired, counts.retired)
            && all(&self.removed, counts.removed)
    }
}

/// How a publication differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// What it says for the first time.
    pub added: u64,
    /// What it says otherwise.
    pub changed: u64,
    /// What it says no more; of a code system published here, what it says is retired.
    pub retired: u64,
    /// Of a code system published here, what it no longer lists; events from before this was told apart count it among the retired.
    #[serde(default)]
    pub removed: u64,
}

/// What can be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Published {
    /// A rule set of an entity type.
    Rules,
    /// A code system.
    Codes,
    /// An entity model.
    Model,
}

impl Published {
    /// The word in the feed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rules => "rules_published",
            Self::Codes => "codes_published",
            Self::Model => "model_published",
        }
    }
}

/// Part of the feed, as one reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage {
    /// What the reader may see, in order.
    pub entries: Vec<FeedEntry>,
    /// Up to where the feed was read: the reader goes on after it, also when it may see none of the events.
    pub through: FeedPosition,
    /// The feed's last position at that time.
    pub end: FeedPosition,
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
