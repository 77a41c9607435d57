//! What each entity model said of stored values at every time: a ledger, so that what was answered under a former model is
//! answered so again, and the migrations that led from one to the next.

use std::borrow::Cow;

use kanak_model::golden_record::GoldenValues;
use kanak_model::model_migration::{FIRST_VERSION, Step, carry_golden};
use kanak_model::{EntityModel, ModelMigration, ModelVersion, Timestamp};
use sqlx::FromRow;

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::json;
use crate::error::StoreError;

/// An entity model as it was declared at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredModel {
    /// From 1: counts what was declared anew of the entity type.
    pub number: i64,
    /// The model's version: that of the last migration it came by; 1 before any.
    pub version: u32,
    /// What it says.
    pub body: ModelVersion,
    /// The migrations that led to it from the one before; none where none was needed.
    pub migrations: Vec<ModelMigration>,
    /// Since when the hub answers by it.
    pub recorded: Timestamp,
}

#[derive(FromRow)]
struct Row {
    number: i64,
    version: i64,
    body: String,
    migrations: String,
    recorded_us: i64,
}

impl TryFrom<Row> for DeclaredModel {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let stored =
            |column, expected| StoreError::Stored { table: "declared_models", row: row.number, column, expected };
        Ok(Self {
            number: row.number,
            version: row.version as u32,
            body: serde_json::from_str(&row.body).map_err(|_| stored("body", "model"))?,
            migrations: serde_json::from_str(&row.migrations)
                .map_err(|_| stored("migrations", "list of migrations"))?,
            recorded: Timestamp(row.recorded_us),
        })
    }
}

const ALL: &str = "SELECT number, version, body, migrations, recorded_us FROM declared_models
     WHERE entity = $1 ORDER BY number";

/// Writes what a model says from now on.
pub(crate) async fn insert(
    tx: &mut Tx,
    entity: &str,
    version: u32,
    body: &ModelVersion,
    migrations: &[ModelMigration],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO declared_models (entity, number, version, body, migrations, recorded_us)
         VALUES ($1, (SELECT coalesce(max(number), 0) + 1 FROM declared_models WHERE entity = $1), $2, $3, $4, $5)";
    let (now, body, migrations) = (tx.now.0, json(body), json(migrations));
    on_tx!(tx, |c| sqlx::query(SQL)
        .bind(entity)
        .bind(i64::from(version))
        .bind(body)
        .bind(migrations)
        .bind(now)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

impl Store {
    /// What an entity model said, from the first declaration on.
    pub async fn list_declared_models(&self, entity: &str) -> Result<Vec<DeclaredModel>, StoreError> {
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(ALL).bind(entity).fetch_all(c).await)?;
        rows.into_iter().map(DeclaredModel::try_from).collect()
    }

    /// Keeps what an entity model says from now on, where it says something else than before; tells whether it did. A first
    /// declaration is of version `version`; a later one keeps its version, because it needed no migration: see
    /// [`Store::begin_model_migration`] for one that did.
    pub async fn declare_model(&self, entity: &str, version: u32, body: &ModelVersion) -> Result<bool, StoreError> {
        const LAST: &str =
            "SELECT number, version, body, migrations, recorded_us FROM declared_models WHERE entity = $1
             ORDER BY number DESC LIMIT 1";
        let last: Option<Row> = on_db!(&self.db, |c| sqlx::query_as(LAST).bind(entity).fetch_optional(c).await)?;
        if last.as_ref().is_some_and(|last| last.body == json(body)) {
            return Ok(false);
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        let version = last.map_or(version, |last| last.version as u32);
        insert(&mut tx, entity, version.max(FIRST_VERSION), body, &[]).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// A model as it was at a time, and how what was stored before is read by it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelThen {
    /// The model.
    pub model: EntityModel,
    /// What was kept of it; `None` in a hub that has kept nothing yet.
    pub version: Option<ModelVersion>,
    /// The migrations until then: when each was made, and its steps.
    pub steps: Vec<(Timestamp, Vec<Step>)>,
}

impl ModelThen {
    /// The steps that carry what was recorded at a time over to this model.
    pub fn steps_since(&self, recorded: Timestamp) -> impl Iterator<Item = &Step> + Clone {
        self.steps.iter().filter(move |(at, _)| *at > recorded).flat_map(|(_, steps)| steps)
    }
}

impl Store {
    /// The model of an entity type by which the hub answered at a recorded time, its survivorship and its trust in registers
    /// included. A time before the first that was kept has that one.
    pub async fn find_model_at(&self, now: &EntityModel, at: Timestamp) -> Result<ModelThen, StoreError> {
        let Eras(all) = Eras::load(&mut self.db.begin_read().await?, &now.name).await?;
        let steps_of = |one: &DeclaredModel| -> Vec<Step> {
            one.migrations.iter().flat_map(|migration| migration.steps.iter().cloned()).collect()
        };
        let since: Vec<Step> = all.iter().filter(|one| one.recorded > at).flat_map(steps_of).collect();
        let steps = all.iter().filter(|one| one.recorded <= at).map(|one| (one.recorded, steps_of(one))).collect();
        let then = all.iter().rev().find(|one| one.recorded <= at).or(all.first());
        let model = then.map_or_else(|| now.clone(), |then| then.body.as_model(now, &since));
        Ok(ModelThen { model, version: then.map(|then| then.body.clone()), steps })
    }
}

/// The declarations of an entity type, to read what was stored under one of them in the words of another.
pub(crate) struct Eras(Vec<DeclaredModel>);

impl Eras {
    pub(crate) async fn load(tx: &mut Tx, entity: &str) -> Result<Self, StoreError> {
        let rows: Vec<Row> = on_tx!(tx, |c| sqlx::query_as(ALL).bind(entity).fetch_all(c).await)?;
        Ok(Self(rows.into_iter().map(DeclaredModel::try_from).collect::<Result<_, _>>()?))
    }

    /// The steps of the migrations that were made after one time and until another.
    fn steps(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = &Step> + Clone {
        let between = move |one: &&DeclaredModel| one.recorded > after && one.recorded <= until;
        self.0.iter().filter(between).flat_map(|one| &one.migrations).flat_map(|one| &one.steps)
    }

    /// The model by which the hub answered at a time. Where no migration came since, that is the model as it is: what was only
    /// added to it nothing of that time states.
    pub(crate) fn model_at<'m>(&self, now: &'m EntityModel, at: Timestamp) -> Cow<'m, EntityModel> {
        let since: Vec<Step> = self.steps(at, Timestamp(i64::MAX)).cloned().collect();
        if since.is_empty() {
            return Cow::Borrowed(now);
        }
        let then = self.0.iter().rev().find(|one| one.recorded <= at).or(self.0.first());
        then.map_or(Cow::Borrowed(now), |then| Cow::Owned(then.body.as_model(now, &since)))
    }

    /// Golden values that were stored at one time, under the names that they have at another.
    pub(crate) fn carry(&self, values: GoldenValues, from: Timestamp, to: Timestamp) -> GoldenValues {
        let mut steps = self.steps(from, to).peekable();
        if steps.peek().is_none() {
            return values;
        }
        carry_golden(self.steps(from, to), values)
    }
}
