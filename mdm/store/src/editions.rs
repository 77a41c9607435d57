//! Editions: what was last published of each code system and entity model, item by item as hashes, so that the next
//! publication can say in the feed what came, changed and went.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kanak_model::FeedPosition;
use kanak_model::feed::{Counts, Publication, Published};

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::error::StoreError;
use crate::feed_events;

/// An edition's items: the hash of each item's name, and of what it says.
pub type Items = BTreeMap<[u8; 8], [u8; 4]>;

/// What is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// [`Published::Codes`] or [`Published::Model`].
    pub kind: Published,
    /// The code system or entity type.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Tells two editions apart without looking at their items.
    pub stamp: String,
    /// Its items.
    pub items: Items,
}

/// Twelve bytes an item, in base 64: 16 letters.
fn pack(items: &Items) -> String {
    let bytes: Vec<u8> = items.iter().flat_map(|(name, says)| name.iter().chain(says)).copied().collect();
    STANDARD_NO_PAD.encode(bytes)
}

fn unpack(text: &str) -> Option<Items> {
    let bytes = STANDARD_NO_PAD.decode(text).ok()?;
    let item = |chunk: &[u8]| Some((chunk.get(..8)?.try_into().ok()?, chunk.get(8..)?.try_into().ok()?));
    bytes.chunks(12).map(item).collect()
}

/// What lies between two editions.
fn compare(before: &Items, after: &Items) -> Counts {
    let added = after.keys().filter(|name| !before.contains_key(*name)).count();
    let retired = before.keys().filter(|name| !after.contains_key(*name)).count();
    let changed = after.iter().filter(|(name, says)| before.get(*name).is_some_and(|old| old != *says)).count();
    Counts { added: added as u64, changed: changed as u64, retired: retired as u64, ..Counts::default() }
}

/// Keeps an edition as the one that was told last.
pub(crate) async fn put(tx: &mut Tx, edition: &Edition) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO editions (kind, name, version, stamp, items) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (kind, name) DO UPDATE
         SET version = excluded.version, stamp = excluded.stamp, items = excluded.items";
    on_tx!(tx, |c| sqlx::query(PUT)
        .bind(edition.kind.word())
        .bind(&edition.name)
        .bind(&edition.version)
        .bind(&edition.stamp)
        .bind(pack(&edition.items))
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

impl Store {
    /// The stamp of the edition that was published last; `None` before the first.
    pub async fn find_edition_stamp(&self, kind: Published, name: &str) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT stamp FROM editions WHERE kind = $1 AND name = $2";
        Ok(on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(kind.word()).bind(name).fetch_optional(c).await)?)
    }

    /// Publishes an edition: an event in the feed says what came, changed and went since the last one. One that says
    /// nothing new under the same version emits nothing.
    pub async fn publish_edition(&self, edition: &Edition) -> Result<Option<FeedPosition>, StoreError> {
        const LAST: &str = "SELECT version, items FROM editions WHERE kind = $1 AND name = $2";
        let kind = edition.kind.word();
        let mut tx = self.db.begin(&*self.clock).await?;
        let last: Option<(String, String)> =
            on_tx!(tx, |c| sqlx::query_as(LAST).bind(kind).bind(&edition.name).fetch_optional(c).await)?;
        let is_same_version = last.as_ref().is_some_and(|(version, _)| *version == edition.version);
        let stored = StoreError::Stored { table: "editions", row: 0, column: "items", expected: "list of hashes" };
        let before = last.map_or(Some(Items::new()), |(_, items)| unpack(&items)).ok_or(stored)?;
        let counts = compare(&before, &edition.items);
        put(&mut tx, edition).await?;
        let position = if is_same_version && counts == Counts::default() {
            None
        } else {
            let (name, version) = (edition.name.clone(), edition.version.clone());
            let publication = Publication { kind: edition.kind, name, version, counts: Some(counts), codes: None };
            Some(feed_events::append_publication(&mut tx, &publication).await?)
        };
        tx.commit().await?;
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_read_back_and_two_editions_differ_by_what_came_changed_and_went() {
        let items = |list: &[(u8, u8)]| -> Items { list.iter().map(|(name, says)| ([*name; 8], [*says; 4])).collect() };
        let (before, after) = (items(&[(1, 1), (2, 2), (3, 3)]), items(&[(2, 2), (3, 4), (5, 5), (6, 6)]));
        assert_eq!(unpack(&pack(&before)), Some(before.clone()));
        assert_eq!(unpack(&pack(&Items::new())), Some(Items::new()));
        assert_eq!(compare(&before, &after), Counts { added: 2, changed: 1, retired: 1, removed: 0 });
        assert_eq!(compare(&after, &after), Counts::default());
    }
}
