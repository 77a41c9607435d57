//! Wire types of the change feed.

use std::collections::BTreeMap;

use kanak_model::feed::{Crossing, SeenEvent, Side};
use serde::Serialize;
use utoipa::ToSchema;

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedEventView {
    /// Its number in commit order, without gaps; a caller confined to districts is shown the numbers of its own alone.
    position: i64,
    /// When it was committed.
    at: String,
    /// The entity type.
    entity: String,
    /// The golden record.
    golden_id: String,
    /// `created`, `updated`, `merged_into`, `split_from`, `restored` or `emptied`.
    change: &'static str,
    /// Its version afterwards.
    version: i32,
    /// The other golden record of a merge or split, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
    /// `entered` or `left`: the golden record came into the districts that the caller is confined to, or went out of
    /// them, by this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    /// What it was before, with `expand=values`: of an update, a merge and an emptying, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<SideView>,
    /// What it is afterwards, with `expand=values`: unless it ended, and where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<SideView>,
}

/// What a golden record was on one side of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct SideView {
    /// Its version.
    version: i32,
    /// `active`, `deceased` ...
    status: String,
    /// Its values in the standard form of their kinds: those that the caller's purpose shows, sensitive ones masked.
    values: BTreeMap<String, String>,
}

impl FeedEventView {
    /// The event's number.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// What happened, in a word.
    pub fn change(&self) -> &'static str {
        self.change
    }
}

impl From<SeenEvent> for FeedEventView {
    fn from(seen: SeenEvent) -> Self {
        let event = seen.event;
        Self {
            position: event.position.0,
            at: event.at.to_string(),
            entity: event.entity,
            golden_id: event.golden_id.to_string(),
            change: event.change.word(),
            version: event.version,
            other: event.other.map(|id| id.to_string()),
            scope: match seen.crossing {
                Crossing::None => None,
                Crossing::Entered => Some("entered"),
                Crossing::Left => Some("left"),
            },
            before: seen.before.map(SideView::from),
            after: seen.after.map(SideView::from),
        }
    }
}

impl From<Side> for SideView {
    fn from(side: Side) -> Self {
        let values = side.values.into_iter().map(|(name, value)| (name, value.value)).collect();
        Self { version: side.version, status: side.status, values }
    }
}
