//! Relations as the warehouse takes them: every statement of the relations that are declared now, with the golden records at
//! its ends and the recorded time for which all of it held at once.

use kanak_model::relation::{Day, Period, RelationEnd};
use kanak_model::source_record::Values;
use kanak_model::{Class, GoldenId, Timestamp};
use rustc_hash::FxHashMap;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::db::{Tx, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;

use super::read::by_key;
use super::{RelationType, list_types};

/// A relation between golden records, or a golden record and a code, for a recorded time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationRow {
    /// Its name.
    pub relation: String,
    /// The entity type whose source records state it.
    pub entity: String,
    /// How carefully it is handled.
    pub class: Class,
    /// The golden record that the source record was linked to.
    pub golden_id: GoldenId,
    /// The entity type at the other end.
    pub to_entity: Option<String>,
    /// The golden record at the other end.
    pub to_golden_id: Option<GoldenId>,
    /// The code system at the other end.
    pub to_system: Option<String>,
    /// The code at the other end.
    pub to_code: Option<String>,
    /// A number that all who share a value have in common: a household.
    pub to_group: Option<i64>,
    /// When it held in the world.
    pub period: Period,
    /// Since when the hub held it so.
    pub recorded_from: Timestamp,
    /// Until when; `None` while it does.
    pub recorded_to: Option<Timestamp>,
    /// The source system that states it.
    pub source_system: String,
    /// The district that the source record states.
    pub district: Option<String>,
}

/// A page of them.
#[derive(Debug, Clone, Default)]
pub struct RelationRows {
    /// The rows.
    pub rows: Vec<RelationRow>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<(i64, i64, i64)>,
}

/// A recorded time.
#[derive(Debug, Clone, Copy)]
struct Span {
    from_us: i64,
    to_us: Option<i64>,
}

impl Span {
    fn and(self, other: Self) -> Option<Self> {
        let to_us = match (self.to_us, other.to_us) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        let both = Self { from_us: self.from_us.max(other.from_us), to_us };
        to_us.is_none_or(|to_us| both.from_us < to_us).then_some(both)
    }
}

#[derive(FromRow)]
struct Statement {
    source_record_id: i64,
    version: i64,
    relation_type_id: i64,
    target: String,
    valid_from_day: Option<i64>,
    valid_to_day: Option<i64>,
    source: String,
    stated: Json<Values>,
    from_us: i64,
    to_us: Option<i64>,
}

const STATEMENTS: &str = "SELECT x.source_record_id, x.version, x.relation_type_id, x.target, x.valid_from_day, x.valid_to_day,
     s.name AS source, coalesce(v.stated, r.stated) AS stated, coalesce(v.recorded_from_us, r.recorded_from_us) AS from_us,
     coalesce(v.recorded_to_us, r.retired_us) AS to_us
     FROM relations x JOIN source_records r ON r.id = x.source_record_id JOIN source_systems s ON s.id = r.source_system_id
     LEFT JOIN source_record_versions v ON v.source_record_id = x.source_record_id AND v.version = x.version
     WHERE (x.source_record_id, x.version, x.relation_type_id) > ($1, $2, $3) AND x.side = 'from'
     ORDER BY x.source_record_id, x.version, x.relation_type_id LIMIT $4";

/// Golden records with the recorded time of each, by source record.
type Epochs = FxHashMap<i64, Vec<(GoldenId, Span)>>;

async fn epochs(tx: &mut Tx, ids: &[i64]) -> Result<Epochs, StoreError> {
    const SQL: &str = "SELECT source_record_id, golden_id, recorded_from_us, recorded_to_us FROM crosswalks
         WHERE source_record_id IN (SELECT id FROM {ids $1} AS i) ORDER BY source_record_id, recorded_from_us";
    let engine = tx.engine();
    let rows: Vec<(i64, i64, i64, Option<i64>)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(ids)).fetch_all(c).await)?;
    let mut epochs = Epochs::default();
    for (source, golden, from_us, to_us) in rows {
        epochs.entry(source).or_default().push((GoldenId(golden), Span { from_us, to_us }));
    }
    Ok(epochs)
}

/// Of values by which others can be named: the source records that state them, and when.
type Named = FxHashMap<(i64, String), Vec<(i64, Span)>>;

async fn named(tx: &mut Tx, wanted: &[(i64, &str)]) -> Result<Named, StoreError> {
    const SQL: &str = "SELECT x.relation_type_id, x.target, x.source_record_id,
         coalesce(v.recorded_from_us, r.recorded_from_us) AS from_us, coalesce(v.recorded_to_us, r.retired_us) AS to_us
         FROM {rows $1: relation_type_id int, target text} AS w CROSS JOIN relations x
         JOIN source_records r ON r.id = x.source_record_id
         LEFT JOIN source_record_versions v ON v.source_record_id = x.source_record_id AND v.version = x.version
         WHERE x.relation_type_id = w.relation_type_id AND x.side = 'to' AND x.target = w.target
         ORDER BY x.relation_type_id, x.target, x.source_record_id, x.version";
    let engine = tx.engine();
    let rows: Vec<(i64, String, i64, i64, Option<i64>)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(wanted)).fetch_all(c).await)?;
    let mut named = Named::default();
    for (relation, target, source, from_us, to_us) in rows {
        named.entry((relation, target)).or_default().push((source, Span { from_us, to_us }));
    }
    Ok(named)
}

/// A number for each shared value: the first version of a source record that ever stated it. The source record alone would not do: one that
/// states another value by now would give both the same number.
async fn groups(tx: &mut Tx, wanted: &[(i64, &str)]) -> Result<FxHashMap<(i64, String), i64>, StoreError> {
    const SQL: &str = "SELECT x.relation_type_id, x.target, min(x.source_record_id * 1048576 + x.version)
         FROM {rows $1: relation_type_id int, target text} AS w CROSS JOIN relations x
         WHERE x.relation_type_id = w.relation_type_id AND x.side = 'from' AND x.target = w.target
         GROUP BY x.relation_type_id, x.target";
    let engine = tx.engine();
    let rows: Vec<(i64, String, i64)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(json(wanted)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(relation, target, group)| ((relation, target), group)).collect())
}

/// What stands at the other ends of a page of statements.
struct Ends {
    keys: FxHashMap<String, i64>,
    named: Named,
    groups: FxHashMap<(i64, String), i64>,
    epochs: Epochs,
}

impl Ends {
    async fn read(tx: &mut Tx, page: &[(&Statement, &RelationType)]) -> Result<Self, StoreError> {
        let mut wanted = (Vec::new(), Vec::new(), Vec::new());
        for (by, one) in page {
            let target = by.target.as_str();
            match one.relation.end {
                RelationEnd::Code { .. } => {}
                RelationEnd::SourceKey { .. } => wanted.0.push(target),
                RelationEnd::Shared { .. } => wanted.1.push((one.id, target)),
                RelationEnd::Group => wanted.2.push((one.id, target)),
            }
        }
        for list in [&mut wanted.1, &mut wanted.2] {
            list.sort_unstable();
            list.dedup();
        }
        let keys = by_key(tx, &wanted.0).await?;
        let named = named(tx, &wanted.1).await?;
        let groups = groups(tx, &wanted.2).await?;
        let mut ids: Vec<i64> = page.iter().map(|(by, _)| by.source_record_id).collect();
        ids.extend(keys.values());
        ids.extend(named.values().flatten().map(|(source, _)| source));
        ids.sort_unstable();
        ids.dedup();
        let epochs = epochs(tx, &ids).await?;
        Ok(Self { keys, named, groups, epochs })
    }

    fn linked(&self, source: i64) -> &[(GoldenId, Span)] {
        self.epochs.get(&source).map_or(&[], Vec::as_slice)
    }

    /// The golden records at the other end, each with the recorded time for which it stood there.
    fn others(&self, by: &Statement, one: &RelationType) -> Vec<(GoldenId, Span)> {
        match &one.relation.end {
            RelationEnd::Code { .. } | RelationEnd::Group => Vec::new(),
            RelationEnd::SourceKey { .. } => self.keys.get(&by.target).map_or(&[][..], |id| self.linked(*id)).to_vec(),
            RelationEnd::Shared { .. } => {
                let named = self.named.get(&(one.id, by.target.clone())).into_iter().flatten();
                let links = |(source, stated): &(i64, Span)| {
                    let stated = *stated;
                    self.linked(*source).iter().filter_map(move |(id, span)| Some((*id, span.and(stated)?)))
                };
                named.flat_map(links).collect()
            }
        }
    }

    /// The rows of one statement.
    fn rows(&self, by: &Statement, one: &RelationType) -> Vec<RelationRow> {
        let others = self.others(by, one);
        let stated = Span { from_us: by.from_us, to_us: by.to_us };
        let mut rows = Vec::new();
        for (golden_id, linked) in self.linked(by.source_record_id) {
            let Some(held) = linked.and(stated) else { continue };
            let mut met = others.iter().filter_map(|(id, span)| Some((Some(*id), span.and(held)?))).peekable();
            if met.peek().is_none() {
                rows.push(self.row(by, one, *golden_id, None, held));
            }
            rows.extend(met.map(|(other, span)| self.row(by, one, *golden_id, other, span)));
        }
        rows
    }

    fn row(
        &self,
        by: &Statement,
        one: &RelationType,
        golden_id: GoldenId,
        to_golden_id: Option<GoldenId>,
        held: Span,
    ) -> RelationRow {
        let system = match &one.relation.end {
            RelationEnd::Code { system } => Some(system.clone()),
            _ => None,
        };
        RelationRow {
            relation: one.relation.name.clone(),
            entity: one.entity.clone(),
            class: one.relation.class,
            golden_id,
            to_entity: one.relation.end.entity(&one.entity).map(str::to_owned),
            to_golden_id,
            to_code: system.is_some().then(|| by.target.clone()),
            to_system: system,
            to_group: self.groups.get(&(one.id, by.target.clone())).copied(),
            period: Period {
                from: by.valid_from_day.and_then(Day::from_number),
                to: by.valid_to_day.and_then(Day::from_number),
            },
            recorded_from: Timestamp(held.from_us),
            recorded_to: held.to_us.map(Timestamp),
            source_system: by.source.clone(),
            district: by.stated.0.find("district").map(str::to_owned),
        }
    }
}

impl Store {
    /// The relations that are declared now, as they were ever stated and linked, by source record; `limit` statements at a
    /// time. A statement whose other end nobody answers to has a row without one.
    pub async fn list_relation_rows(
        &self,
        after: Option<(i64, i64, i64)>,
        limit: u32,
    ) -> Result<RelationRows, StoreError> {
        let (source, version, relation) = after.unwrap_or_default();
        let mut tx = self.db.begin_read().await?;
        let mut types = list_types(&mut tx).await?;
        types.retain(|one| one.ended_us.is_none());
        if types.is_empty() {
            return Ok(RelationRows::default());
        }
        let statements: Vec<Statement> = on_tx!(tx, |c| sqlx::query_as(STATEMENTS)
            .bind(source)
            .bind(version)
            .bind(relation)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        let last = statements.last().filter(|_| statements.len() == limit as usize);
        let next = last.map(|last| (last.source_record_id, last.version, last.relation_type_id));
        let page: Vec<(&Statement, &RelationType)> = statements
            .iter()
            .filter_map(|by| Some((by, types.iter().find(|one| one.id == by.relation_type_id)?)))
            .collect();
        let ends = Ends::read(&mut tx, &page).await?;
        let rows = page.iter().flat_map(|(by, one)| ends.rows(by, one)).collect();
        Ok(RelationRows { rows, next })
    }
}
