//! Relations of one golden record, or of one code: as they held on a day of the world, as the hub knew them at a recorded time.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use kanak_model::relation::{Day, Period, Relation, RelationEnd};
use kanak_model::source_record::Values;
use kanak_model::{Access, Class, EntityModel, GoldenId, GoldenRecord, SourceRecordId, Timestamp};
use rustc_hash::FxHashMap;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::access_sql::{StatedBy, compile, show_golden};
use crate::db::{Tx, on_tx};
use crate::declared_models::Eras;
use crate::dialect::{JsonColumn, json, sql};
use crate::error::StoreError;
use crate::golden_records::{GoldenRow, Place, VERSIONS, carried, readable_now, recorded_until};

use super::{RelationType, Side, list_types};

/// Which relations are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct RelationQuery<'a> {
    /// What the hub knew then; `None` for now. A cursor brings its own.
    pub known_at: Option<Timestamp>,
    /// What held on this day; `None` for what held on any.
    pub as_of: Option<Day>,
    /// Only the relation of this name.
    pub relation: Option<&'a str>,
    /// After the last one of the page before.
    pub after: Option<RelationCursor>,
    /// How many statements of others are looked at; those that the caller may not see are left out of them.
    pub limit: u32,
}

/// The place after which a page begins, and the recorded time that all pages are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelationCursor {
    known_at: Timestamp,
    place: i64,
    source_record: SourceRecordId,
}

impl fmt::Display for RelationCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}~{}", self.known_at.0, self.place, self.source_record.0)
    }
}

/// A word that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor; take `next` of the page before")]
pub struct NotARelationCursor;

impl FromStr for RelationCursor {
    type Err = NotARelationCursor;

    fn from_str(word: &str) -> Result<Self, NotARelationCursor> {
        let mut parts = word.split('~').map(|part| part.parse::<i64>().map_err(|_| NotARelationCursor));
        let mut next = || parts.next().ok_or(NotARelationCursor)?;
        let cursor = Self { known_at: Timestamp(next()?), place: next()?, source_record: SourceRecordId(next()?) };
        if parts.next().is_some() { Err(NotARelationCursor) } else { Ok(cursor) }
    }
}

/// A page of relations.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationPage {
    /// Those that the caller may see.
    pub relations: Vec<Related>,
    /// The recorded time of which this is the answer; asked again with it, the answer is the same.
    pub known_at: Timestamp,
    /// Where the next page begins; `None` after the last.
    pub next: Option<RelationCursor>,
}

/// A relation that one source record states.
#[derive(Debug, Clone, PartialEq)]
pub struct Related {
    /// Its name in the model of `entity`.
    pub relation: String,
    /// The entity type whose model declares it.
    pub entity: String,
    /// At which end of it stands what was asked about.
    pub direction: Direction,
    /// What stands at the other end.
    pub other: Other,
    /// When it held in the world.
    pub period: Period,
    /// Attributes that describe it, as far as the caller may see them.
    pub attributes: BTreeMap<String, String>,
    /// The source system of the source record that states it.
    pub source: String,
    /// The department's own key of that source record, where the caller sees personal data.
    pub key: Option<String>,
    /// When the hub learned it.
    pub recorded_from: Timestamp,
}

/// At which end of a relation something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It states the relation: the employee who is posted.
    Forward,
    /// It is what the relation names: the officer reported to.
    Inverse,
}

impl Direction {
    /// The word in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Inverse => "inverse",
        }
    }
}

/// What stands at the other end of a relation.
#[derive(Debug, Clone, PartialEq)]
pub enum Other {
    /// A golden record, as the hub held it then and as far as the caller may see it.
    Golden(Box<GoldenRecord>),
    /// A concept of a code system.
    Code {
        /// The code system.
        system: String,
        /// The code.
        code: String,
    },
    /// A key that no golden record answers to: the register that it is of has no such row, or it waits for a resolution.
    Nobody,
}

/// A statement with the source record that makes it.
#[derive(Debug, Clone, FromRow)]
struct Statement {
    place: i64,
    source_record_id: i64,
    relation_type_id: i64,
    side: String,
    target: String,
    valid_from_day: Option<i64>,
    valid_to_day: Option<i64>,
    source: String,
    source_key: String,
    stated: Json<Values>,
    recorded_from_us: i64,
}

impl Statement {
    fn period(&self) -> Period {
        Period {
            from: self.valid_from_day.and_then(Day::from_number),
            to: self.valid_to_day.and_then(Day::from_number),
        }
    }
}

/// What is selected of a statement, and the joins that find its source record and its version.
const COLUMNS: &str = "x.source_record_id, x.relation_type_id, x.side, x.target, x.valid_from_day, x.valid_to_day,
     s.name AS source, r.source_key, coalesce(v.stated, r.stated) AS stated,
     coalesce(v.recorded_from_us, r.recorded_from_us) AS recorded_from_us";
const JOINS: &str = "JOIN source_records r ON r.id = x.source_record_id
     JOIN source_systems s ON s.id = r.source_system_id
     LEFT JOIN source_record_versions v ON v.source_record_id = x.source_record_id AND v.version = x.version";
/// That the version held at `$2`.
const HELD: &str = "coalesce(v.recorded_from_us, r.recorded_from_us) <= $2
     AND (coalesce(v.recorded_to_us, r.retired_us) IS NULL OR coalesce(v.recorded_to_us, r.retired_us) > $2)";

/// What these source records stated then.
async fn stated_of(tx: &mut Tx, ids: &[i64], at: Timestamp) -> Result<Vec<Statement>, StoreError> {
    let engine = tx.engine();
    let text = format!(
        "SELECT CAST(0 AS BIGINT) AS place, {COLUMNS} FROM relations x {JOINS}
         WHERE x.source_record_id IN (SELECT id FROM {{ids $1}} AS i) AND {HELD}
         ORDER BY x.source_record_id, x.relation_type_id, x.side"
    );
    Ok(on_tx!(tx, |c| sqlx::query_as(sql(engine, &text)).bind(json(ids)).bind(at.0).fetch_all(c).await)?)
}

/// Statements that are looked for: those of a relation, at a side, with a target.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Probe {
    relation_type_id: i64,
    side: Side,
    target: String,
    direction: Direction,
    /// When the statement held from which the probe came.
    period: Period,
    /// That statement, by its place; it is the evidence where the found one only answers to the value.
    own: Option<usize>,
}

/// What others stated then, by probe and source record. Probe by probe, so that an index has the order and a page ends early.
async fn stated_to(
    tx: &mut Tx,
    probes: &[Probe],
    at: Timestamp,
    query: &RelationQuery<'_>,
) -> Result<Vec<Statement>, StoreError> {
    let text = format!(
        "SELECT CAST($8 AS BIGINT) AS place, {COLUMNS} FROM relations x {JOINS}
         WHERE x.relation_type_id = $1 AND x.side = $3 AND x.target = $4 AND {HELD} AND x.source_record_id > $5
         AND ($6 IS NULL OR ((x.valid_from_day IS NULL OR x.valid_from_day <= $6) AND (x.valid_to_day IS NULL OR x.valid_to_day > $6)))
         ORDER BY x.source_record_id LIMIT $7"
    );
    let (first, source) = query.after.map_or((0, 0), |cursor| (cursor.place, cursor.source_record.0));
    let mut found: Vec<Statement> = Vec::new();
    for (probe, place) in probes.iter().zip(0_i64..) {
        let room = query.limit as usize - found.len();
        if place < first || room == 0 {
            continue;
        }
        let after = if place == first { source } else { 0 };
        let (engine, side) = (tx.engine(), probe.side.word());
        let rows: Vec<Statement> = on_tx!(tx, |c| sqlx::query_as(sql(engine, &text))
            .bind(probe.relation_type_id)
            .bind(at.0)
            .bind(side)
            .bind(&probe.target)
            .bind(after)
            .bind(query.as_of.map(Day::number))
            .bind(room as i64)
            .bind(place)
            .fetch_all(c)
            .await)?;
        found.extend(rows);
    }
    Ok(found)
}

/// The golden records that these source records were linked to then.
async fn linked(tx: &mut Tx, ids: &[i64], at: Timestamp) -> Result<FxHashMap<i64, GoldenId>, StoreError> {
    const SQL: &str = "SELECT c.source_record_id, c.golden_id FROM crosswalks c
         WHERE c.source_record_id IN (SELECT id FROM {ids $1} AS i) AND c.recorded_from_us <= $2
         AND (c.recorded_to_us IS NULL OR c.recorded_to_us > $2)";
    let engine = tx.engine();
    let rows: Vec<(i64, i64)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(ids)).bind(at.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(source, golden)| (source, GoldenId(golden))).collect())
}

/// The source records of keys as statements write them, `source_system:key`.
pub(super) async fn by_key(tx: &mut Tx, targets: &[&str]) -> Result<FxHashMap<String, i64>, StoreError> {
    const SQL: &str = "SELECT k.place, r.id FROM {rows $1: place int, source text, source_key text} AS k
         CROSS JOIN source_systems s CROSS JOIN source_records r
         WHERE s.name = k.source AND r.source_system_id = s.id AND r.source_key = k.source_key";
    let engine = tx.engine();
    let keys: Vec<(usize, &str, &str)> = targets
        .iter()
        .enumerate()
        .filter_map(|(place, target)| target.split_once(':').map(|(source, key)| (place, source, key)))
        .collect();
    let rows: Vec<(i64, i64)> = on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(&keys)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(place, id)| (targets[place as usize].to_owned(), id)).collect())
}

/// Those of these golden records that were live then and that the caller may see, then and now, as far as they may be seen: in the
/// words of the model of that time.
async fn visible(
    tx: &mut Tx,
    access: &Access,
    models: &[EntityModel],
    ids: &[i64],
    at: Timestamp,
) -> Result<BTreeMap<GoldenId, GoldenRecord>, StoreError> {
    let engine = tx.engine();
    let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 3);
    let text = format!(
        "{VERSIONS} WHERE g.id IN (SELECT id FROM {{ids $1}} AS i) AND v.recorded_from_us <= $2
         AND (v.recorded_to_us IS NULL OR v.recorded_to_us > $2) AND {}",
        condition.sql
    );
    let rows: Vec<GoldenRow> = on_tx!(tx, |c| {
        let mut query = sqlx::query_as(sql(engine, &text)).bind(json(ids)).bind(at.0);
        for text in condition.bind {
            query = query.bind(text);
        }
        query.fetch_all(c).await
    })?;
    let readable = readable_now(tx, access, ids).await?;
    let mut rows: Vec<GoldenRow> = rows.into_iter().filter(|row| readable.contains(&row.id().0)).collect();
    let mut seen = BTreeMap::new();
    for model in models {
        let of_model: Vec<GoldenRow> = rows.extract_if(.., |row| row.entity() == model.name).collect();
        if of_model.is_empty() {
            continue;
        }
        let eras = Eras::load(tx, &model.name).await?;
        let model = eras.model_at(model, at);
        for row in of_model {
            // An end that came later was not known.
            let mut record = GoldenRecord { recorded_to: None, ..carried(&eras, at, row) };
            (record.values, record.withheld) =
                show_golden(access, &model, record.id, record.values, &StatedBy::default());
            seen.insert(record.id, record);
        }
    }
    Ok(seen)
}

/// What one caller may see of relations that were declared at one time.
struct Reader<'a> {
    access: &'a Access,
    models: &'a [EntityModel],
    types: Vec<RelationType>,
    at: Timestamp,
}

impl<'a> Reader<'a> {
    async fn new(
        tx: &mut Tx,
        access: &'a Access,
        models: &'a [EntityModel],
        query: &RelationQuery<'_>,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut types = list_types(tx).await?;
        types.retain(|one| one.held_at(at.0) && query.relation.is_none_or(|name| one.relation.name == name));
        // What a model does not declare any more has no class, and what has none is denied.
        types.retain(|one| {
            declared(models, one).is_some_and(|(_, relation)| access.shows(relation.class.max(one.relation.class)))
        });
        // Which register states a relation is not looked at: where a register's values may be withheld, none is told.
        if access.may_withhold() {
            types.clear();
        }
        Ok(Self { access, models, types, at })
    }

    fn find(&self, id: i64) -> Option<&RelationType> {
        self.types.iter().find(|one| one.id == id)
    }

    /// Whether a statement is of a relation that may be seen, by a source record that lies where the caller may read.
    fn may_see(&self, statement: &Statement) -> bool {
        let stated = &statement.stated.0;
        self.find(statement.relation_type_id).is_some() && self.access.filter().passes(&|name| stated.find(name))
    }

    fn related(
        &self,
        one: &RelationType,
        by: &Statement,
        direction: Direction,
        period: Period,
        other: Other,
    ) -> Related {
        let described = declared(self.models, one).into_iter().flat_map(|(model, relation)| {
            let is_shown = move |name: &&String| {
                model.find_attribute(name).is_some_and(|attribute| self.access.shows(attribute.class))
            };
            let said = move |name: &String| Some((name.clone(), by.stated.0.find(name)?.to_owned()));
            relation.attributes.iter().filter(is_shown).filter_map(said)
        });
        Related {
            relation: one.relation.name.clone(),
            entity: one.entity.clone(),
            direction,
            other,
            period,
            attributes: described.collect(),
            source: by.source.clone(),
            key: self.access.shows(Class::Personal).then(|| by.source_key.clone()),
            recorded_from: Timestamp(by.recorded_from_us),
        }
    }

    /// Pages through what others state. `own` are the statements that the probes name; `but` is left out, since nobody is
    /// related to itself by sharing a value.
    async fn page(
        &self,
        tx: &mut Tx,
        probes: &[Probe],
        own: &[Statement],
        but: Option<GoldenId>,
        query: &RelationQuery<'_>,
    ) -> Result<(Vec<Related>, Option<RelationCursor>), StoreError> {
        let found = stated_to(tx, probes, self.at, query).await?;
        let last = found.last().filter(|_| found.len() == query.limit as usize);
        let next = last.map(|last| RelationCursor {
            known_at: self.at,
            place: last.place,
            source_record: SourceRecordId(last.source_record_id),
        });
        let ids: Vec<i64> = found.iter().map(|one| one.source_record_id).collect();
        let links = linked(tx, &ids, self.at).await?;
        let golden: Vec<i64> = links.values().map(|id| id.0).collect();
        let seen = visible(tx, self.access, self.models, &golden, self.at).await?;
        let related = found.iter().filter(|one| self.may_see(one)).filter_map(|one| {
            let probe = &probes[one.place as usize];
            let id = links.get(&one.source_record_id).filter(|id| Some(**id) != but)?;
            let other = Other::Golden(Box::new(seen.get(id)?.clone()));
            let by = probe.own.map_or(one, |place| &own[place]);
            let period = probe.period.and(one.period());
            let holds = match query.as_of {
                Some(day) => period.holds_on(day),
                None => !is_apart(probe, one),
            };
            let declared = self.find(one.relation_type_id).filter(|_| holds)?;
            Some(self.related(declared, by, probe.direction, period, other))
        });
        Ok((related.collect(), next))
    }

    /// What its own statements name directly: codes, and golden records by a register's key.
    async fn named(
        &self,
        tx: &mut Tx,
        own: &[Statement],
        query: &RelationQuery<'_>,
    ) -> Result<Vec<Related>, StoreError> {
        let stated: Vec<(&Statement, &RelationType)> = own
            .iter()
            .filter(|one| one.side == Side::From.word() && query.as_of.is_none_or(|day| one.period().holds_on(day)))
            .filter_map(|one| Some((one, self.find(one.relation_type_id)?)))
            .collect();
        let is_key = |one: &RelationType| matches!(one.relation.end, RelationEnd::SourceKey { .. });
        let keys: Vec<&str> = stated.iter().filter(|(_, one)| is_key(one)).map(|(by, _)| by.target.as_str()).collect();
        let sources = by_key(tx, &keys).await?;
        let ids: Vec<i64> = sources.values().copied().collect();
        let links = linked(tx, &ids, self.at).await?;
        let golden: Vec<i64> = links.values().map(|id| id.0).collect();
        let seen = visible(tx, self.access, self.models, &golden, self.at).await?;
        let mut named = Vec::new();
        for (by, one) in stated {
            let other = match &one.relation.end {
                RelationEnd::Code { system } => Other::Code { system: system.clone(), code: by.target.clone() },
                RelationEnd::SourceKey { entity } => match sources.get(&by.target).and_then(|id| links.get(id)) {
                    None => Other::Nobody,
                    Some(id) => match seen.get(id).filter(|record| record.entity == *entity) {
                        Some(record) => Other::Golden(Box::new(record.clone())),
                        None => continue,
                    },
                },
                RelationEnd::Shared { .. } | RelationEnd::Group => continue,
            };
            named.push(self.related(one, by, Direction::Forward, by.period(), other));
        }
        Ok(named)
    }

    /// What to look for among the statements of others: those that name these keys, and those that share a value with what
    /// is stated here.
    fn probes(&self, entity: &str, keys: &[String], own: &[Statement], as_of: Option<Day>) -> Vec<Probe> {
        let mut probes = Vec::new();
        for one in &self.types {
            if matches!(&one.relation.end, RelationEnd::SourceKey { entity: to } if to == entity) {
                probes.extend(keys.iter().map(|key| Probe {
                    relation_type_id: one.id,
                    side: Side::From,
                    target: key.clone(),
                    direction: Direction::Inverse,
                    period: Period::default(),
                    own: None,
                }));
            }
        }
        for (place, by) in own.iter().enumerate() {
            let Some(one) = self.find(by.relation_type_id) else { continue };
            let names = by.side == Side::From.word();
            let (side, direction, own) = match (&one.relation.end, names) {
                (RelationEnd::Group, _) => (Side::From, Direction::Forward, None),
                (RelationEnd::Shared { .. }, true) => (Side::To, Direction::Forward, Some(place)),
                (RelationEnd::Shared { .. }, false) => (Side::From, Direction::Inverse, None),
                (RelationEnd::Code { .. } | RelationEnd::SourceKey { .. }, _) => continue,
            };
            let period = by.period();
            if as_of.is_none_or(|day| period.holds_on(day)) {
                let target = by.target.clone();
                probes.push(Probe { relation_type_id: one.id, side, target, direction, period, own });
            }
        }
        let order = |one: &Probe| {
            (one.relation_type_id, one.side, one.target.clone(), one.direction, one.period.from, one.period.to, one.own)
        };
        probes.sort_by_key(order);
        probes.dedup();
        probes
    }
}

/// Whether a found statement and the one that led to it, each of which held on some day, never held on the same one.
fn is_apart(probe: &Probe, found: &Statement) -> bool {
    let stated = found.period();
    !probe.period.is_empty() && !stated.is_empty() && probe.period.and(stated).is_empty()
}

/// A relation as its model declares it now.
fn declared<'m>(models: &'m [EntityModel], one: &RelationType) -> Option<(&'m EntityModel, &'m Relation)> {
    let model = models.iter().find(|model| model.name == one.entity)?;
    Some((model, model.find_relation(&one.relation.name)?))
}

impl Store {
    /// The relations of a golden record, in both directions: what its source records state, and what those of others state
    /// of it. An other end that the caller may not see is left out. `None` when there is no golden record that the caller
    /// may see.
    ///
    /// The first page begins with all that its own source records name; others' statements follow, page by page.
    pub async fn list_relations_of(
        &self,
        access: &Access,
        models: &[EntityModel],
        id: GoldenId,
        query: &RelationQuery<'_>,
    ) -> Result<Option<RelationPage>, StoreError> {
        let asked = query.after.map_or(query.known_at, |cursor| Some(cursor.known_at));
        let entity = self.find_golden_entity(id).await?;
        let Some(model) = models.iter().find(|model| Some(&model.name) == entity.as_ref()) else { return Ok(None) };
        let golden = self.find_golden_at(access, model, id, asked.unwrap_or(Timestamp(i64::MAX))).await?;
        let Some(golden) = golden else { return Ok(None) };
        let at = golden.known_at;
        let members = golden.members.iter().filter(|member| member.place == Place::Inside && member.retired.is_none());
        let (ids, keys): (Vec<i64>, Vec<String>) =
            members.map(|member| (member.id.0, format!("{}:{}", member.source, member.key))).unzip();
        let mut tx = self.db.begin_read().await?;
        let reader = Reader::new(&mut tx, access, models, query, at).await?;
        let mut own = stated_of(&mut tx, &ids, at).await?;
        own.retain(|statement| reader.may_see(statement));
        let mut relations = if query.after.is_none() { reader.named(&mut tx, &own, query).await? } else { Vec::new() };
        let probes = reader.probes(&model.name, &keys, &own, query.as_of);
        let (others, next) = reader.page(&mut tx, &probes, &own, Some(golden.record.id), query).await?;
        relations.extend(others);
        Ok(Some(RelationPage { relations, known_at: at, next }))
    }

    /// The golden records that name a code: who was posted at an office, what lies in a district. Those that the caller may
    /// not see are left out.
    pub async fn list_relations_to_code(
        &self,
        access: &Access,
        models: &[EntityModel],
        (system, code): (&str, &str),
        query: &RelationQuery<'_>,
    ) -> Result<RelationPage, StoreError> {
        let mut tx = self.db.begin_read().await?;
        let until = recorded_until(&mut tx).await?;
        let asked = query.after.map_or(query.known_at, |cursor| Some(cursor.known_at));
        let at = asked.map_or(until, |asked| asked.min(until));
        let reader = Reader::new(&mut tx, access, models, query, at).await?;
        let names = |one: &&RelationType| matches!(&one.relation.end, RelationEnd::Code { system: to } if to == system);
        let probes: Vec<Probe> = reader
            .types
            .iter()
            .filter(names)
            .map(|one| Probe {
                relation_type_id: one.id,
                side: Side::From,
                target: code.to_owned(),
                direction: Direction::Inverse,
                period: Period::default(),
                own: None,
            })
            .collect();
        let (relations, next) = reader.page(&mut tx, &probes, &[], None, query).await?;
        Ok(RelationPage { relations, known_at: at, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_other_words_are_none() {
        let cursor = RelationCursor { known_at: Timestamp(7), place: 3, source_record: SourceRecordId(9) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for word in ["", "1~2", "1~2~x", "1~2~3~4", "~~"] {
            assert_eq!(word.parse::<RelationCursor>(), Err(NotARelationCursor), "{word}");
        }
    }
}
