//! Golden records read whole by many callers at once: those that ask while others are being read share the next statement.
//!
//! A caller's question waits at most for the statements under way. The fewer hands are free, the more callers share one;
//! a caller that is alone has a statement of its own at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use kanak_model::access::Filter;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use sqlx::types::Json;
use tokio::sync::oneshot;

use crate::access_sql::compile;
use crate::db::{Db, on_db};
use crate::dialect::{Engine, JsonColumn, as_list, json, json_text, listed, sql};
use crate::error::StoreError;
use crate::golden_records::{GoldenRow, MemberRow};

/// So many share a statement at most: the last of them waits for the first.
const SHARED_MAX: usize = 64;
/// So many statements run at once.
const READERS: usize = 2;

/// A golden record and what is linked to it, as stored.
#[derive(Clone)]
pub(crate) struct Whole {
    /// The hub's recorded time when it was read.
    pub(crate) known_us: i64,
    /// Whether it ended in another.
    pub(crate) redirected: bool,
    pub(crate) golden: GoldenRow,
    pub(crate) members: Vec<MemberRow>,
}

/// What a golden record is looked up by.
#[derive(Clone)]
pub(crate) enum Key {
    Id(i64),
    /// A department's key in a source system.
    Of {
        source: String,
        key: String,
    },
}

impl Key {
    /// Questions of one kind share a statement.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Id(_), Self::Id(_)) => true,
            (Self::Of { source, .. }, Self::Of { source: as_well, .. }) => source == as_well,
            (Self::Id(_), Self::Of { .. }) | (Self::Of { .. }, Self::Id(_)) => false,
        }
    }
}

struct Waiting {
    filter: Filter,
    key: Key,
    answer: oneshot::Sender<Option<Whole>>,
}

/// The questions that wait.
#[derive(Default)]
pub(crate) struct SharedReads {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    readers: usize,
}

impl SharedReads {
    /// A queue is whole between any two steps, also after a panic.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is read next: the question that waits longest, and others like it; nothing when this reader may go.
    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        let mut taken: Vec<Waiting> = Vec::new();
        for waiting in std::mem::take(&mut queue.waiting) {
            let fits =
                taken.first().is_none_or(|first| first.key.is_like(&waiting.key) && first.filter == waiting.filter);
            if fits && taken.len() < SHARED_MAX { taken.push(waiting) } else { queue.waiting.push(waiting) }
        }
        queue.readers -= usize::from(taken.is_empty());
        taken
    }
}

impl crate::Store {
    /// The golden record of a key that passes a filter, as it is after this call began.
    pub(crate) async fn find_whole(&self, filter: &Filter, key: Key) -> Result<Option<Whole>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let is_new_reader = {
            let mut queue = self.shared_reads.queue();
            queue.waiting.push(Waiting { filter: filter.clone(), key: key.clone(), answer });
            let is_free = queue.readers < READERS;
            queue.readers += usize::from(is_free);
            is_free
        };
        if is_new_reader {
            // A task of its own: a caller that goes away must not take along what others wait for.
            tokio::spawn(read_all(self.clone()));
        }
        match answered.await {
            Ok(whole) => Ok(whole),
            // The statement failed; this caller's own tells why.
            Err(_) => Ok(load(&self.db, filter, std::slice::from_ref(&key)).await?.pop().flatten()),
        }
    }
}

/// When the task ends before its work does, another may take its place.
struct Unfinished<'a>(Option<&'a SharedReads>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(reads) = self.0 {
            let mut queue = reads.queue();
            queue.readers -= 1;
            // Nobody waits for a reader that is not there: they ask for themselves.
            if queue.readers == 0 {
                queue.waiting.clear();
            }
        }
    }
}

async fn read_all(store: crate::Store) {
    let mut unfinished = Unfinished(Some(&store.shared_reads));
    loop {
        let taken = store.shared_reads.take();
        let Some(first) = taken.first() else {
            unfinished.0 = None;
            return;
        };
        let keys: Vec<Key> = taken.iter().map(|waiting| waiting.key.clone()).collect();
        // A caller who hears nothing asks by itself and is told what is wrong.
        if let Ok(found) = load(&store.db, &first.filter, &keys).await {
            for (waiting, whole) in taken.into_iter().zip(found) {
                // Who went away needs no answer.
                drop(waiting.answer.send(whole));
            }
        }
    }
}

/// The golden records of keys of one kind that pass a filter, in the order of the keys; one that ended in another passes any. One statement:
/// one state of the hub.
async fn load(db: &Db, filter: &Filter, keys: &[Key]) -> Result<Vec<Option<Whole>>, StoreError> {
    const BY_ID: &str = "g.id IN (SELECT id FROM {ids $1} AS i)";
    const BY_CROSSWALK: &str = "g.id IN (SELECT x.golden_id FROM source_systems o CROSS JOIN {texts $1} AS i
         CROSS JOIN source_records k CROSS JOIN crosswalks x WHERE o.name = $2 AND k.source_system_id = o.id
         AND k.source_key = i.word AND x.source_record_id = k.id AND x.recorded_to_us IS NULL)";
    let engine = db.engine();
    let (mut ids, mut words, mut of_source): (Vec<i64>, Vec<&str>, Option<&str>) = (Vec::new(), Vec::new(), None);
    for key in keys {
        match key {
            Key::Id(id) => ids.push(*id),
            Key::Of { source, key } => {
                of_source = Some(source);
                words.push(key);
            }
        }
    }
    let wanted = if of_source.is_some() { BY_CROSSWALK } else { BY_ID };
    let condition = compile(filter, engine, JsonColumn::Chosen("v.chosen"), 2 + usize::from(of_source.is_some()));
    let condition_sql = format!("{wanted} AND (g.state = 'redirected' OR ({}))", condition.sql);
    let golden = as_list(engine, GOLDEN, &format!("{} WHERE {condition_sql}", golden_columns(engine)));
    let members = as_list(engine, MEMBER, &format!("{} WHERE {condition_sql}", member_columns(engine)));
    let text = format!("SELECT ({golden}) AS golden, ({members}) AS members");
    let asked = if of_source.is_some() { json(&words) } else { json(&ids) };
    let (golden, members): (String, String) = on_db!(db, |c| {
        let mut query = sqlx::query_as(sql(engine, &text)).bind(asked);
        for text in of_source.map(str::to_owned).into_iter().chain(condition.bind) {
            query = query.bind(text);
        }
        query.fetch_one(c).await
    })?;
    let mut wholes: Vec<Whole> =
        listed::<GoldenCells>(&golden)?.into_iter().map(GoldenCells::whole).collect::<Result<_, _>>()?;
    wholes.sort_unstable_by_key(|whole| whole.golden.id().0);
    let mut members: Vec<MemberCells> = listed(&members)?;
    members.sort_unstable_by_key(|member| (member.golden_id, member.id));
    for member in members {
        if let Ok(place) = wholes.binary_search_by_key(&member.golden_id, |whole| whole.golden.id().0) {
            wholes[place].members.push(member.read()?);
        }
    }
    Ok(in_order(keys, wholes))
}

/// The columns of a golden record, as a list has them.
const GOLDEN: &str =
    "known_us, state, id, entity, version, status, chosen, recorded_from_us, recorded_to_us, rule_set_version";
/// Those of a source record that is linked to one.
const MEMBER: &str =
    "golden_id, id, source_system_id, source, source_key, version, stated, updated_us, recorded_from_us, retired_us";

/// Golden records, a row for each: what is told of one is long, and stands once.
fn golden_columns(engine: Engine) -> String {
    format!(
        "SELECT (SELECT last_us FROM hub_clock WHERE id = 1) AS known_us, g.state, g.id, g.entity, v.version, v.status, {} AS chosen,
         v.recorded_from_us, v.recorded_to_us, v.rule_set_version
         FROM golden_records g JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version",
        json_text(engine, "v.chosen")
    )
}

/// What is linked to them, a row for each.
fn member_columns(engine: Engine) -> String {
    format!(
        "SELECT g.id AS golden_id, r.id, r.source_system_id, s.name AS source, r.source_key, r.version, {} AS stated, r.updated_us,
         r.recorded_from_us, r.retired_us
         FROM golden_records g JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version
         JOIN crosswalks c ON c.golden_id = g.id AND c.recorded_to_us IS NULL
         JOIN source_records r ON r.id = c.source_record_id JOIN source_systems s ON s.id = r.source_system_id",
        json_text(engine, "r.stated")
    )
}

/// A golden record, without what is linked to it.
#[derive(Deserialize)]
struct GoldenCells {
    known_us: i64,
    state: String,
    id: i64,
    entity: String,
    version: i64,
    status: String,
    chosen: String,
    recorded_from_us: i64,
    recorded_to_us: Option<i64>,
    rule_set_version: i64,
}

impl GoldenCells {
    fn whole(self) -> Result<Whole, StoreError> {
        let expected = "golden values by attribute";
        let wrong = |_| StoreError::Stored { table: "golden_versions", row: self.id, column: "chosen", expected };
        let golden = GoldenRow {
            id: self.id,
            entity: self.entity,
            version: self.version,
            status: self.status,
            chosen: serde_json::from_str(&self.chosen).map(Json).map_err(wrong)?,
            recorded_from_us: self.recorded_from_us,
            recorded_to_us: self.recorded_to_us,
            rule_set_version: self.rule_set_version,
        };
        Ok(Whole { known_us: self.known_us, redirected: self.state == "redirected", golden, members: Vec::new() })
    }
}

/// A source record, with the golden record that it is linked to.
#[derive(Deserialize)]
struct MemberCells {
    golden_id: i64,
    id: i64,
    source_system_id: i64,
    source: String,
    source_key: String,
    version: i64,
    stated: String,
    updated_us: Option<i64>,
    recorded_from_us: i64,
    retired_us: Option<i64>,
}

impl MemberCells {
    fn read(self) -> Result<MemberRow, StoreError> {
        let expected = "values by attribute";
        let wrong = |_| StoreError::Stored { table: "source_records", row: self.id, column: "stated", expected };
        Ok(MemberRow {
            id: self.id,
            source_system_id: self.source_system_id,
            source: self.source,
            source_key: self.source_key,
            version: self.version,
            stated: serde_json::from_str(&self.stated).map(Json).map_err(wrong)?,
            updated_us: self.updated_us,
            recorded_from_us: self.recorded_from_us,
            retired_us: self.retired_us,
        })
    }
}

/// For each key the golden record that it leads to, of those found, which ascend by id.
fn in_order(keys: &[Key], found: Vec<Whole>) -> Vec<Option<Whole>> {
    let mut by_key: FxHashMap<(&str, &str), usize> = FxHashMap::default();
    if matches!(keys.first(), Some(Key::Of { .. })) {
        for (place, whole) in found.iter().enumerate() {
            by_key.extend(
                whole.members.iter().map(|member| ((member.source.as_str(), member.source_key.as_str()), place)),
            );
        }
    }
    let place = |key: &Key| match key {
        Key::Id(id) => found.binary_search_by_key(id, |whole| whole.golden.id().0).ok(),
        Key::Of { source, key } => by_key.get(&(source.as_str(), key.as_str())).copied(),
    };
    let places: Vec<Option<usize>> = keys.iter().map(place).collect();
    let mut asked = vec![0_usize; found.len()];
    for place in places.iter().flatten() {
        asked[*place] += 1;
    }
    let mut found: Vec<Option<Whole>> = found.into_iter().map(Some).collect();
    let mut give = |place: usize| {
        asked[place] -= 1;
        if asked[place] == 0 { found[place].take() } else { found[place].clone() }
    };
    places.into_iter().map(|place| place.and_then(&mut give)).collect()
}
