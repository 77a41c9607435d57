//! Relations: what the source records state about how golden records belong together, and when.
//!
//! A relation is kept as a source record states it, one row a statement of a version: its target is a code, a register's key
//! or a value that the other end states too. Which golden records stand at its ends follows from the crosswalks of the time
//! that is asked about, so that merges and unmerges need no rule of their own, and a row holds exactly as long as the version
//! that states it.

mod history;
mod read;
mod replay;

use kanak_model::EntityModel;
use kanak_model::relation::{Relation, RelationEnd};
use kanak_model::source_record::Values;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;

pub use history::{RelationRow, RelationRows};
pub use read::{Direction, NotARelationCursor, Other, Related, RelationCursor, RelationPage, RelationQuery};
pub(crate) use replay::list_unlike_their_source;

/// A relation as it is, or was, declared.
#[derive(Debug, Clone)]
pub(crate) struct RelationType {
    id: i64,
    /// The entity type whose source records state it.
    entity: String,
    relation: Relation,
    declared_us: i64,
    ended_us: Option<i64>,
}

impl RelationType {
    /// Whether it was declared so at a recorded time.
    fn held_at(&self, at_us: i64) -> bool {
        self.declared_us <= at_us && self.ended_us.is_none_or(|ended_us| ended_us > at_us)
    }
}

/// Which end of a relation a value stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    From,
    To,
}

impl Side {
    fn word(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
        }
    }
}

/// A row of `relations`: source record, version, relation, side, target, first day, day after the last.
type StatementRow = (i64, i64, i64, Side, String, Option<i64>, Option<i64>);

/// What one version of a source record of `entity` states of these relations.
fn statements<'a>(
    types: &'a [RelationType],
    entity: &'a str,
    (id, version): (i64, i64),
    values: &'a Values,
) -> impl Iterator<Item = StatementRow> + 'a {
    types.iter().flat_map(move |one| {
        let relation = &one.relation;
        let names = (one.entity == entity).then(|| relation.target(values)).flatten().map(|target| {
            let period = relation.period(values);
            let days = [period.from, period.to].map(|day| day.map(kanak_model::relation::Day::number));
            (id, version, one.id, Side::From, target.to_owned(), days[0], days[1])
        });
        let is_named = match &relation.end {
            RelationEnd::Shared { entity: to, by } if to == entity => values.find(by).filter(|value| !value.is_empty()),
            _ => None,
        };
        let is_named = is_named.map(|value| (id, version, one.id, Side::To, value.to_owned(), None, None));
        names.into_iter().chain(is_named)
    })
}

/// The relations that source records of an entity type state or are named by, as they are declared now.
pub(crate) async fn stated_by(tx: &mut Tx, entity: &str) -> Result<Vec<RelationType>, StoreError> {
    let mut types = list_types(tx).await?;
    types.retain(|one| one.ended_us.is_none() && concerns(one, entity));
    Ok(types)
}

fn concerns(one: &RelationType, entity: &str) -> bool {
    one.entity == entity || one.relation.end.entity(&one.entity) == Some(entity)
}

/// Keeps what versions of source records state; each row is a source record, its version and its values.
pub(crate) async fn keep(
    tx: &mut Tx,
    types: &[RelationType],
    entity: &str,
    rows: impl Iterator<Item = (i64, i64, &Values)>,
) -> Result<(), StoreError> {
    if types.is_empty() {
        return Ok(());
    }
    let rows: Vec<StatementRow> =
        rows.flat_map(|(id, version, values)| statements(types, entity, (id, version), values)).collect();
    insert(tx, &rows).await
}

async fn insert(tx: &mut Tx, rows: &[StatementRow]) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO relations (source_record_id, version, relation_type_id, side, target, valid_from_day, valid_to_day)
         SELECT source_record_id, version, relation_type_id, side, target, valid_from_day, valid_to_day
         FROM {rows $1: source_record_id int, version int, relation_type_id int, side text, target text,
             valid_from_day int, valid_to_day int} AS r";
    let engine = tx.engine();
    for chunk in rows.chunks(ROWS_A_STATEMENT) {
        on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(chunk)).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Forgets what source records state, in all their versions.
pub(crate) async fn erase_values(tx: &mut Tx, sources: &[i64]) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM relations WHERE source_record_id IN (SELECT id FROM {ids $1} AS i)";
    let engine = tx.engine();
    on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(sources)).execute(c).await.map(drop))?;
    Ok(())
}

#[derive(FromRow)]
struct TypeRow {
    id: i64,
    entity: String,
    declared: String,
    declared_us: i64,
    ended_us: Option<i64>,
}

impl TryFrom<TypeRow> for RelationType {
    type Error = StoreError;

    fn try_from(row: TypeRow) -> Result<Self, StoreError> {
        let relation = serde_json::from_str(&row.declared).map_err(|_| StoreError::Stored {
            table: "relation_types",
            row: row.id,
            column: "declared",
            expected: "a declared relation",
        })?;
        let TypeRow { id, entity, declared_us, ended_us, .. } = row;
        Ok(Self { id, entity, relation, declared_us, ended_us })
    }
}

const TYPES: &str = "SELECT id, entity, declared, declared_us, ended_us FROM relation_types ORDER BY id";

async fn list_types(tx: &mut Tx) -> Result<Vec<RelationType>, StoreError> {
    let rows: Vec<TypeRow> = on_tx!(tx, |c| sqlx::query_as(TYPES).fetch_all(c).await)?;
    rows.into_iter().map(RelationType::try_from).collect()
}

/// A relation with the entity type that declares it.
type Wanted<'m> = (&'m str, &'m Relation);

/// Which declarations end and which begin, for the ones of `models` to be those that hold.
fn difference<'m>(held: &[RelationType], models: &'m [EntityModel]) -> (Vec<i64>, Vec<Wanted<'m>>) {
    let wanted: Vec<Wanted<'m>> = models
        .iter()
        .flat_map(|model| model.relations.iter().map(|relation| (model.name.as_str(), relation)))
        .collect();
    let is_same = |one: &RelationType, (entity, relation): &Wanted<'_>| {
        one.entity == *entity && one.relation.name == relation.name && one.relation.states_as(relation)
    };
    let held: Vec<&RelationType> = held.iter().filter(|one| one.ended_us.is_none()).collect();
    let ended = held.iter().filter(|one| !wanted.iter().any(|other| is_same(one, other))).map(|one| one.id).collect();
    let begun = wanted.iter().filter(|other| !held.iter().any(|one| is_same(one, other))).copied().collect();
    (ended, begun)
}

impl Store {
    /// Takes over the relations that models declare. One that is new, or reads something else out of source records than
    /// before, is read out of all source records that are there, in all their versions; what was answered under the former
    /// declaration is answered so again at its time. Gives how many begin; without a change nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn declare_relations(&self, models: &[EntityModel]) -> Result<usize, StoreError> {
        const END: &str = "UPDATE relation_types SET ended_us = $2 WHERE id IN (SELECT id FROM {ids $1} AS i)";
        const BEGIN: &str = "INSERT INTO relation_types (id, entity, name, declared, declared_us)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM relation_types), $1, $2, $3, $4) RETURNING id";
        let rows: Vec<TypeRow> = on_db!(&self.db, |c| sqlx::query_as(TYPES).fetch_all(c).await)?;
        let held: Vec<RelationType> = rows.into_iter().map(RelationType::try_from).collect::<Result<_, _>>()?;
        if difference(&held, models) == (Vec::new(), Vec::new()) {
            return Ok(0);
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        let held = list_types(&mut tx).await?;
        let (ended, begun) = difference(&held, models);
        let (engine, now) = (tx.engine(), tx.now.0);
        on_tx!(tx, |c| sqlx::query(sql(engine, END)).bind(json(&ended)).bind(now).execute(c).await.map(drop))?;
        let mut types = Vec::with_capacity(begun.len());
        for (entity, relation) in begun {
            let declared = json(relation);
            let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(BEGIN)
                .bind(entity)
                .bind(&relation.name)
                .bind(&declared)
                .bind(now)
                .fetch_one(c)
                .await)?;
            let (entity, relation) = (entity.to_owned(), relation.clone());
            types.push(RelationType { id, entity, relation, declared_us: now, ended_us: None });
        }
        read_out(&mut tx, &types).await?;
        tx.commit().await?;
        Ok(types.len())
    }
}

/// A version of a source record, with the entity type of its source.
#[derive(FromRow)]
pub(crate) struct StatedVersion {
    pub(crate) id: i64,
    pub(crate) version: i64,
    pub(crate) entity: String,
    pub(crate) stated: Json<Values>,
    pub(crate) recorded_from_us: i64,
}

/// Versions of source records after `($1, $2)`, by source record and version, `$3` of them.
pub(crate) const CURRENT: &str =
    "SELECT r.id, r.version, s.rows_of AS entity, r.stated, r.recorded_from_us FROM source_records r
     JOIN source_systems s ON s.id = r.source_system_id WHERE (r.id, r.version) > ($1, $2) ORDER BY r.id, r.version LIMIT $3";
/// The same of versions that others replaced.
pub(crate) const EARLIER: &str =
    "SELECT v.source_record_id AS id, v.version, s.rows_of AS entity, v.stated, v.recorded_from_us
     FROM source_record_versions v JOIN source_records r ON r.id = v.source_record_id
     JOIN source_systems s ON s.id = r.source_system_id
     WHERE (v.source_record_id, v.version) > ($1, $2) ORDER BY v.source_record_id, v.version LIMIT $3";

/// Reads relations out of all source records.
async fn read_out(tx: &mut Tx, types: &[RelationType]) -> Result<(), StoreError> {
    if types.is_empty() {
        return Ok(());
    }
    for text in [CURRENT, EARLIER] {
        let mut after = (0_i64, 0_i64);
        loop {
            let rows: Vec<StatedVersion> = on_tx!(tx, |c| sqlx::query_as(text)
                .bind(after.0)
                .bind(after.1)
                .bind(ROWS_A_STATEMENT as i64)
                .fetch_all(c)
                .await)?;
            let Some(last) = rows.last() else { break };
            after = (last.id, last.version);
            let stated: Vec<StatementRow> = rows
                .iter()
                .flat_map(|row| statements(types, &row.entity, (row.id, row.version), &row.stated.0))
                .collect();
            insert(tx, &stated).await?;
        }
    }
    Ok(())
}
