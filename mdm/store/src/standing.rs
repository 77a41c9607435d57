//! What an answer as of a day is made of: all versions of the source records that belong to a golden record, and what stewards
//! stated of it, as the hub knew them at a recorded time. The engine chooses among them what held on the day.
//!
//! A source record belongs to the golden record that it is linked to. One that its register dropped belongs to the one that it was
//! linked to at that end, wherever that one leads to by now: what held once is not lost with the key. A key that came again is
//! another epoch, and each of its versions belongs to the golden record of its epoch.

use std::collections::BTreeMap;

use kanak_model::golden_record::{Survived, ValueOverride, WithheldCounts};
use kanak_model::source_record::Values;
use kanak_model::valid_time::{KeyEpoch, StatedVersion, epochs, in_force};
use kanak_model::{Access, EntityModel, GoldenId, GoldenRecord, OverrideId, SourceRecordId, SourceSystemId, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::access_sql::{StatedBy, show_golden, show_stated};
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;
use crate::golden_records::{Golden, GoldenRow, MemberRecord, Place, VERSIONS, readable_now, recorded_until};
use crate::past::{follow, held_after};

/// A golden record with all that an answer as of a day may rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The version that was held. Its values are as they were stored: nobody has masked them.
    pub record: GoldenRecord,
    /// The merged-away id that was asked for, when it was one.
    pub redirected_from: Option<GoldenId>,
    /// The recorded time of which this is.
    pub known_at: Timestamp,
    /// The source records that belong to it, or ever did in one of their epochs, and those that its overrides speak of; ascending.
    pub sources: Vec<SourceStanding>,
    /// What stewards stated of those, in the order in which they did.
    pub overrides: Vec<OverrideStanding>,
}

/// A source record with all its versions.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceStanding {
    /// The source record.
    pub id: SourceRecordId,
    /// Whose it is.
    pub source_system: SourceSystemId,
    /// The source system's name.
    pub source: String,
    /// The department's own key.
    pub key: String,
    /// Its versions, from the first on. Values are as they were stored: nobody has masked them.
    pub versions: Vec<StatedVersion>,
}

impl SourceStanding {
    /// The version that held at an instant, if it belongs to this golden record.
    pub fn in_force(&self, golden: GoldenId, at: Timestamp) -> Option<&StatedVersion> {
        in_force(&self.versions, at).filter(|version| version.golden_id == Some(golden))
    }

    /// The last version that is known, if it belongs to this golden record and the register lists the record still.
    pub fn known(&self, golden: GoldenId) -> Option<&StatedVersion> {
        self.versions.last().filter(|last| last.dropped.is_none() && last.golden_id == Some(golden))
    }
}

/// A value that a steward stated, with the time in which it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideStanding {
    /// Of two for one attribute the larger id wins.
    pub id: OverrideId,
    /// The attribute, by its name of that time.
    pub attribute: String,
    /// The value.
    pub value: String,
    /// Since when.
    pub from: Timestamp,
    /// Until when, as far as was known; `None` for no end.
    pub to: Option<Timestamp>,
    /// The source records that it speaks of: the golden record of the first that is there takes the value.
    pub subjects: Vec<SourceRecordId>,
}

impl OverrideStanding {
    /// The override as it held at an instant, when `find` tells of a source record whether it was there then.
    pub fn held(&self, at: Timestamp, is_there: impl Fn(SourceRecordId) -> bool) -> Option<ValueOverride> {
        let holds = self.from <= at && self.to.is_none_or(|to| to > at);
        let subject = self.subjects.iter().copied().find(|subject| is_there(*subject)).filter(|_| holds)?;
        Some(ValueOverride { id: self.id, subject, attribute: self.attribute.clone(), value: self.value.clone() })
    }
}

/// A source record in the version that held, its values in the words of the model of the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldVersion<'a> {
    /// The source record.
    pub source: &'a SourceStanding,
    /// The version that held.
    pub version: &'a StatedVersion,
    /// What it states.
    pub values: Values,
}

/// What the engine made of a standing as of a day, as the caller may see it by the model of the answer; `None` where the caller may
/// not read what the golden record was on that day.
pub fn show_as_of(
    access: &Access,
    model: &EntityModel,
    standing: &Standing,
    survived: &Survived,
    held: Vec<HeldVersion<'_>>,
) -> Option<Golden> {
    let id = standing.record.id;
    if !access.filter().passes_of(Some(id), &|name| survived.values.get(name).map(|value| value.value.as_str())) {
        return None;
    }
    let (read, withheld): (Vec<HeldVersion<'_>>, Vec<HeldVersion<'_>>) =
        held.into_iter().partition(|held| access.registers().read(&held.source.source));
    let members = read.into_iter().map(|HeldVersion { source, version, values }| {
        let is_inside = access.filter().passes_of(Some(id), &|name| values.find(name));
        let shown = || show_stated(access, model, Some(id), &source.source, &values);
        MemberRecord {
            id: source.id,
            source_system: source.source_system,
            source: source.source.clone(),
            key: source.key.clone(),
            version: version.version,
            place: if is_inside { Place::Inside } else { Place::Outside },
            values: if is_inside { shown() } else { Values::new() },
            updated: version.updated.filter(|_| is_inside),
            recorded_from: version.recorded_from,
            retired: version.dropped,
        }
    });
    let Survived { status, values } = survived.clone();
    let registers = standing.sources.iter().map(|source| (source.id, source.source.as_str()));
    let (values, counts) = show_golden(access, model, id, values, &StatedBy::known(access, registers));
    let withheld = WithheldCounts { source_records: withheld.len() as u32, ..counts };
    Some(Golden {
        record: GoldenRecord { status, values, withheld, ..standing.record.clone() },
        members: members.collect(),
        redirected_from: standing.redirected_from,
        known_at: standing.known_at,
    })
}

/// Where golden ids led at a time, for those that may lead to one that is asked for.
struct Leads(FxHashMap<i64, i64>);

impl Leads {
    /// All ids that ever ended in one of `ids`, with where they led then.
    async fn load(tx: &mut Tx, ids: &[i64], at: Timestamp) -> Result<Self, StoreError> {
        const EVER: &str = "WITH RECURSIVE led(id) AS (
                 SELECT i.id FROM {ids $1} AS i
                 UNION SELECT f.golden_id FROM led l JOIN feed_events f ON f.other_golden_id = l.id
                     AND f.change = 'merged_into' AND f.at_us <= $2)
             SELECT id FROM led";
        const LAST: &str = "SELECT f.golden_id, f.change, f.other_golden_id FROM feed_events f
             WHERE f.golden_id IN (SELECT id FROM {ids $1} AS i) AND f.at_us <= $2 ORDER BY f.position";
        let engine = tx.engine();
        let ever: Vec<i64> =
            on_tx!(tx, |c| sqlx::query_scalar(sql(engine, EVER)).bind(json(ids)).bind(at.0).fetch_all(c).await)?;
        let mut next: FxHashMap<i64, Option<i64>> = ever.iter().map(|id| (*id, None)).collect();
        for chunk in ever.chunks(ROWS_A_STATEMENT) {
            let events: Vec<(i64, String, Option<i64>)> =
                on_tx!(tx, |c| sqlx::query_as(sql(engine, LAST)).bind(json(chunk)).bind(at.0).fetch_all(c).await)?;
            for (id, change, other) in events {
                next.insert(id, other.filter(|_| change == "merged_into"));
            }
        }
        let leads = ever.iter().map(|start| {
            let mut id = *start;
            for _ in 0..next.len() {
                match next.get(&id) {
                    Some(Some(further)) => id = *further,
                    _ => break,
                }
            }
            (*start, id)
        });
        Ok(Self(leads.collect()))
    }

    fn of(&self, golden: i64) -> GoldenId {
        GoldenId(self.0.get(&golden).copied().unwrap_or(golden))
    }
}

/// A link in recorded time.
struct LinkRow {
    from_us: i64,
    to_us: Option<i64>,
    golden_id: i64,
}

impl LinkRow {
    fn held_at(&self, us: i64) -> bool {
        self.from_us <= us && self.to_us.is_none_or(|to_us| to_us > us)
    }
}

#[derive(FromRow)]
struct VersionRow {
    source_record_id: i64,
    version: i64,
    stated: Json<Values>,
    updated_us: Option<i64>,
    recorded_from_us: i64,
    ended_us: Option<i64>,
}

#[derive(FromRow)]
struct SourceRow {
    id: i64,
    source_system_id: i64,
    source: String,
    source_key: String,
}

/// The source records with all their versions that were known then; each version with the golden record of its epoch.
async fn load_sources(
    tx: &mut Tx,
    ids: &[i64],
    leads: &Leads,
    at: Timestamp,
) -> Result<BTreeMap<i64, SourceStanding>, StoreError> {
    const SOURCES: &str = "SELECT r.id, r.source_system_id, s.name AS source, r.source_key FROM source_records r
         JOIN source_systems s ON s.id = r.source_system_id WHERE r.id IN (SELECT id FROM {ids $1} AS i)";
    const VERSIONS: &str =
        "SELECT source_record_id, version, stated, updated_us, recorded_from_us, recorded_to_us AS ended_us
         FROM source_record_versions WHERE source_record_id IN (SELECT id FROM {ids $1} AS i) AND recorded_from_us <= $2
         UNION ALL
         SELECT id, version, stated, updated_us, recorded_from_us, retired_us FROM source_records
         WHERE id IN (SELECT id FROM {ids $1} AS i) AND recorded_from_us <= $2";
    const LINKS: &str = "SELECT source_record_id, recorded_from_us, recorded_to_us, golden_id FROM crosswalks
         WHERE source_record_id IN (SELECT id FROM {ids $1} AS i) AND recorded_from_us <= $2
         ORDER BY source_record_id, recorded_from_us";
    let engine = tx.engine();
    let mut all = BTreeMap::new();
    for chunk in ids.chunks(ROWS_A_STATEMENT) {
        let sources: Vec<SourceRow> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, SOURCES)).bind(json(chunk)).fetch_all(c).await)?;
        let mut rows: Vec<VersionRow> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, VERSIONS)).bind(json(chunk)).bind(at.0).fetch_all(c).await)?;
        rows.sort_unstable_by_key(|row| (row.source_record_id, row.version));
        let found: Vec<(i64, i64, Option<i64>, i64)> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, LINKS)).bind(json(chunk)).bind(at.0).fetch_all(c).await)?;
        let mut links: FxHashMap<i64, Vec<LinkRow>> = FxHashMap::default();
        for (source, from_us, to_us, golden_id) in found {
            let to_us = to_us.filter(|to_us| *to_us <= at.0);
            links.entry(source).or_default().push(LinkRow { from_us, to_us, golden_id });
        }
        let mut versions: FxHashMap<i64, Vec<VersionRow>> = FxHashMap::default();
        for row in rows {
            versions.entry(row.source_record_id).or_default().push(row);
        }
        for source in sources {
            let of_source = versions.remove(&source.id).unwrap_or_default();
            let links = links.get(&source.id).map(Vec::as_slice).unwrap_or_default();
            let standing = SourceStanding {
                id: SourceRecordId(source.id),
                source_system: SourceSystemId(source.source_system_id),
                source: source.source,
                key: source.source_key,
                versions: stated_versions(of_source, links, leads, at),
            };
            all.insert(source.id, standing);
        }
    }
    Ok(all)
}

/// Versions in their order, each with the golden record of its epoch: the one that the link of the epoch's end led to.
fn stated_versions(rows: Vec<VersionRow>, links: &[LinkRow], leads: &Leads, at: Timestamp) -> Vec<StatedVersion> {
    let next_from: Vec<Option<i64>> =
        rows.iter().skip(1).map(|next| Some(next.recorded_from_us)).chain([None]).collect();
    let mut versions: Vec<StatedVersion> = rows
        .into_iter()
        .zip(next_from)
        .map(|(row, next_from)| {
            // A version that the next one replaced ends where that begins; any other end is a retirement.
            let dropped = row.ended_us.filter(|ended_us| *ended_us <= at.0 && next_from != Some(*ended_us));
            StatedVersion {
                version: row.version as i32,
                values: row.stated.0,
                updated: row.updated_us.map(Timestamp),
                recorded_from: Timestamp(row.recorded_from_us),
                dropped: dropped.map(Timestamp),
                golden_id: None,
            }
        })
        .collect();
    let mut golden = None;
    for (place, version) in versions.iter_mut().rev().enumerate() {
        if version.dropped.is_some() || place == 0 {
            let end = version.dropped.unwrap_or(at);
            golden = links.iter().find(|link| link.held_at(end.0)).map(|link| leads.of(link.golden_id));
        }
        version.golden_id = golden;
    }
    versions
}

#[derive(FromRow)]
struct OverrideRow {
    id: i64,
    attribute: String,
    value: String,
    stated_us: i64,
    expires_us: Option<i64>,
    ended_us: Option<i64>,
    source_record_id: i64,
}

/// The overrides that were stated until then of any of these source records, in the order in which they were.
async fn load_overrides(tx: &mut Tx, sources: &[i64], at: Timestamp) -> Result<Vec<OverrideStanding>, StoreError> {
    const SQL: &str = "SELECT o.id, o.attribute, o.value, o.stated_us, o.expires_us, o.ended_us, m.source_record_id
         FROM overrides o JOIN override_members m ON m.override_id = o.id
         WHERE o.stated_us <= $2 AND o.id IN (SELECT s.override_id FROM override_members s
             WHERE s.source_record_id IN (SELECT id FROM {ids $1} AS i)) ORDER BY o.id, m.place";
    let engine = tx.engine();
    let mut all: BTreeMap<i64, OverrideStanding> = BTreeMap::new();
    for chunk in sources.chunks(ROWS_A_STATEMENT) {
        let rows: Vec<OverrideRow> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(chunk)).bind(at.0).fetch_all(c).await)?;
        let of_chunk = rows.chunk_by(|one, other| one.id == other.id).filter_map(|rows| {
            let first = rows.first()?;
            let ended = first.ended_us.filter(|ended_us| *ended_us <= at.0);
            let standing = OverrideStanding {
                id: OverrideId(first.id),
                attribute: first.attribute.clone(),
                value: first.value.clone(),
                from: Timestamp(first.stated_us),
                to: [ended, first.expires_us].into_iter().flatten().min().map(Timestamp),
                subjects: rows.iter().map(|row| SourceRecordId(row.source_record_id)).collect(),
            };
            Some((first.id, standing))
        });
        all.extend(of_chunk);
    }
    Ok(all.into_values().collect())
}

/// The standing of golden records that were held then, in their order.
async fn load(tx: &mut Tx, records: Vec<GoldenRecord>, at: Timestamp) -> Result<Vec<Standing>, StoreError> {
    const EVER_LINKED: &str = "SELECT DISTINCT source_record_id, golden_id FROM crosswalks
         WHERE golden_id IN (SELECT id FROM {ids $1} AS i) AND recorded_from_us <= $2";
    let engine = tx.engine();
    let ids: Vec<i64> = records.iter().map(|record| record.id.0).collect();
    let leads = Leads::load(tx, &ids, at).await?;
    let mut linked: FxHashMap<GoldenId, FxHashSet<i64>> = FxHashMap::default();
    let mut golden: Vec<i64> = leads.0.keys().copied().collect();
    golden.sort_unstable();
    for chunk in golden.chunks(ROWS_A_STATEMENT) {
        let rows: Vec<(i64, i64)> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, EVER_LINKED)).bind(json(chunk)).bind(at.0).fetch_all(c).await)?;
        for (source, golden) in rows {
            linked.entry(leads.of(golden)).or_default().insert(source);
        }
    }
    let mut sources: Vec<i64> = linked.values().flatten().copied().collect();
    sources.sort_unstable();
    sources.dedup();
    let overrides = load_overrides(tx, &sources, at).await?;
    sources.extend(overrides.iter().flat_map(|one| one.subjects.iter().map(|subject| subject.0)));
    sources.sort_unstable();
    sources.dedup();
    let sources = load_sources(tx, &sources, &leads, at).await?;
    let standing = |record: GoldenRecord| {
        let mut mine: FxHashSet<i64> = linked.get(&record.id).cloned().unwrap_or_default();
        let of_mine: Vec<OverrideStanding> =
            overrides.iter().filter(|one| one.subjects.iter().any(|one| mine.contains(&one.0))).cloned().collect();
        mine.extend(of_mine.iter().flat_map(|one| one.subjects.iter().map(|subject| subject.0)));
        let sources = sources.iter().filter(|(id, _)| mine.contains(id)).map(|(_, source)| source.clone()).collect();
        Standing { record, redirected_from: None, known_at: at, sources, overrides: of_mine }
    };
    Ok(records.into_iter().map(standing).collect())
}

fn known(mut record: GoldenRecord, at: Timestamp) -> GoldenRecord {
    record.recorded_to = record.recorded_to.filter(|to| *to <= at);
    record
}

impl Store {
    /// What an answer about a golden record as of a day is made of, as the hub knew it at a recorded time (now, when none is named).
    /// `None` when there is none of the model's entity type, or the caller may not read it as it is now. Nothing of it is masked: it
    /// is for the engine, and what that makes of it is shown by [`crate::show_as_of`].
    pub async fn find_standing(
        &self,
        access: &Access,
        model: &EntityModel,
        id: GoldenId,
        known_at: Option<Timestamp>,
    ) -> Result<Option<Standing>, StoreError> {
        let mut tx = self.db.begin_read().await?;
        let until = recorded_until(&mut tx).await?;
        let at = known_at.map_or(until, |known_at| known_at.min(until));
        let Some(then) = follow(&mut tx, id, at).await? else { return Ok(None) };
        if then.entity != model.name || readable_now(&mut tx, access, &[then.id]).await?.is_empty() {
            return Ok(None);
        }
        let text = sqlx::AssertSqlSafe(format!("{VERSIONS} WHERE g.id = $1 AND v.version = $2"));
        let row: GoldenRow = on_tx!(tx, |c| sqlx::query_as(text).bind(then.id).bind(then.version).fetch_one(c).await)?;
        let found = load(&mut tx, vec![known(GoldenRecord::from(row), at)], at).await?;
        let redirected_from = (then.id != id.0).then_some(id);
        Ok(found.into_iter().next().map(|standing| Standing { redirected_from, ..standing }))
    }

    /// The same of all golden records of an entity type that were held at a recorded time, by ascending id after a cursor, but for
    /// those that the caller may not read as they are now. The cursor of the next page comes with them; `None` at the end.
    pub async fn list_standing(
        &self,
        access: &Access,
        model: &EntityModel,
        after: Option<GoldenId>,
        limit: u32,
        known_at: Timestamp,
    ) -> Result<(Vec<Standing>, Option<GoldenId>), StoreError> {
        let mut tx = self.db.begin_read().await?;
        let at = known_at.min(recorded_until(&mut tx).await?);
        let everyone = Access::operation("as of a day");
        let rows = held_after(&mut tx, &everyone, &model.name, after, limit, at).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id().0).collect();
        let readable = readable_now(&mut tx, access, &ids).await?;
        let records: Vec<GoldenRecord> = rows
            .into_iter()
            .filter(|row| readable.contains(&row.id().0))
            .map(|row| known(GoldenRecord::from(row), at))
            .collect();
        let next = ids.last().copied().map(GoldenId);
        Ok((load(&mut tx, records, at).await?, next))
    }

    /// The epochs of a department's key, as the hub knew them at a recorded time (now, when none is named), with that time. A golden
    /// record that the caller may not read as it is now is not named.
    pub async fn list_key_epochs(
        &self,
        access: &Access,
        source: &str,
        key: &str,
        known_at: Option<Timestamp>,
    ) -> Result<Vec<KeyEpoch>, StoreError> {
        let (at, found) = self.key_versions(source, key, known_at).await?;
        let Some(found) = found else { return Ok(Vec::new()) };
        let mut told = epochs(&found.versions);
        let mut tx = self.db.begin_read().await?;
        for epoch in &mut told {
            let Some(golden) = epoch.golden_id else { continue };
            epoch.golden_id = follow(&mut tx, golden, at).await?.map(|then| GoldenId(then.id));
        }
        let ids: Vec<i64> = told.iter().filter_map(|epoch| epoch.golden_id).map(|id| id.0).collect();
        let readable = readable_now(&mut tx, access, &ids).await?;
        for epoch in &mut told {
            epoch.golden_id = epoch.golden_id.filter(|id| readable.contains(&id.0));
        }
        Ok(told)
    }

    /// The golden record that a department's key stood for at an instant, as the hub knew it at a recorded time.
    pub async fn find_golden_of_key_as_of(
        &self,
        source: &str,
        key: &str,
        as_of: Timestamp,
        known_at: Option<Timestamp>,
    ) -> Result<Option<GoldenId>, StoreError> {
        let (_, found) = self.key_versions(source, key, known_at).await?;
        Ok(found.and_then(|found| in_force(&found.versions, as_of)?.golden_id))
    }

    /// A source record with its versions, each with the golden record that its epoch was linked to at its end.
    async fn key_versions(
        &self,
        source: &str,
        key: &str,
        known_at: Option<Timestamp>,
    ) -> Result<(Timestamp, Option<SourceStanding>), StoreError> {
        const SQL: &str = "SELECT r.id FROM source_systems s
             JOIN source_records r ON r.source_system_id = s.id AND r.source_key = $2 WHERE s.name = $1";
        let id: Option<i64> =
            on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(source).bind(key).fetch_optional(c).await)?;
        let mut tx = self.db.begin_read().await?;
        let until = recorded_until(&mut tx).await?;
        let at = known_at.map_or(until, |known_at| known_at.min(until));
        let Some(id) = id else { return Ok((at, None)) };
        let leads = Leads(FxHashMap::default());
        Ok((at, load_sources(&mut tx, &[id], &leads, at).await?.remove(&id)))
    }
}
