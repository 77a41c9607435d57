//! Wire types of the change feed, as requests and webhooks give it.

use std::collections::BTreeMap;

use kanak_model::feed::{ChangedCodes, Counts, Crossing, FeedEntry, Publication, SeenEvent, Side};
use serde::Serialize;
use utoipa::ToSchema;

/// One event.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct FeedEventView {
    /// Its number in commit order, without gaps; a caller confined to districts is shown the numbers of its own alone.
    position: i64,
    /// When it was committed.
    at: String,
    /// Of a golden record `created`, `updated`, `merged_into`, `split_from`, `restored` or `emptied`; else
    /// `rules_published`, `codes_published` or `model_published`.
    change: &'static str,
    /// The entity type of the golden record.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<String>,
    /// The golden record.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden_id: Option<String>,
    /// The golden record's version afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i32>,
    /// The other golden record of a merge or split, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
    /// `entered` or `left`: the golden record came into the districts that the caller is confined to, or went out of
    /// them, by this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    /// What it was before, with `expand=values`: of an update, a merge and an emptying, where the caller may see
    /// it and the golden record as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<SideView>,
    /// What it is afterwards, with `expand=values`: unless it ended, and where the caller may see it and the
    /// golden record as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<SideView>,
    /// What was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<PublicationView>,
}

/// A code system, rule set or entity model that was published.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicationView {
    /// The code system, or the entity type.
    name: String,
    /// Its version.
    version: String,
    /// Concepts or attributes that it says for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<u64>,
    /// Those that it says otherwise than before.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<u64>,
    /// Those that it says no more; of a code system published here, those that it says are retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<u64>,
    /// Concepts that a code system published here no longer lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<u64>,
    /// Which codes, where a version of a code system was published here.
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<ChangedCodesView>,
}

/// The codes by which a version differs from the one before: at most 1,000 of each kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedCodesView {
    /// The version before; left out for the first of a code system.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// Codes that the version before lacks.
    added: Vec<String>,
    /// Codes that say something else and are not retired by it.
    changed: Vec<String>,
    /// Codes that are retired by it.
    retired: Vec<String>,
    /// Codes that it no longer lists.
    removed: Vec<String>,
    /// Whether these are all of them; the counts beside them tell of all.
    complete: bool,
    /// Where the whole difference is told.
    difference: String,
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

impl From<FeedEntry> for FeedEventView {
    fn from(entry: FeedEntry) -> Self {
        match entry {
            FeedEntry::Golden(seen) => seen.into(),
            FeedEntry::Published(event) => Self {
                position: event.position.0,
                at: event.at.to_string(),
                change: event.publication.kind.word(),
                published: Some(event.publication.into()),
                ..Self::default()
            },
        }
    }
}

impl From<Publication> for PublicationView {
    fn from(publication: Publication) -> Self {
        let Publication { kind: _, name, version, counts, codes } = publication;
        let count = |of: fn(Counts) -> u64| counts.map(of);
        let (added, changed, retired) = (count(|c| c.added), count(|c| c.changed), count(|c| c.retired));
        // Of rule sets and models, and of what came with a binary, what is gone is counted as retired.
        let removed = if codes.is_some() { count(|c| c.removed) } else { None };
        let codes = codes.map(|codes| {
            let complete = codes.is_complete(counts.unwrap_or_default());
            let difference = format!("/v1/code-systems/{name}/versions/{version}");
            let ChangedCodes { previous, added, changed, retired, removed } = codes;
            ChangedCodesView { previous, added, changed, retired, removed, complete, difference }
        });
        Self { name, version, added, changed, retired, removed, codes }
    }
}

impl From<SeenEvent> for FeedEventView {
    fn from(seen: SeenEvent) -> Self {
        let event = seen.event;
        Self {
            position: event.position.0,
            at: event.at.to_string(),
            change: event.change.word(),
            entity: Some(event.entity),
            golden_id: Some(event.golden_id.to_string()),
            version: Some(event.version),
            other: event.other.map(|id| id.to_string()),
            scope: match seen.crossing {
                Crossing::None => None,
                Crossing::Entered => Some("entered"),
                Crossing::Left => Some("left"),
            },
            before: seen.before.map(SideView::from),
            after: seen.after.map(SideView::from),
            published: None,
        }
    }
}

impl From<Side> for SideView {
    fn from(side: Side) -> Self {
        let values = side.values.into_iter().map(|(name, value)| (name, value.value)).collect();
        Self { version: side.version, status: side.status, values }
    }
}
