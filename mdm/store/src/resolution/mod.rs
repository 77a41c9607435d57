//! Applying what the engine resolved: links, versions, redirects, feed and tasks, in one transaction.
//!
//! [`plan`] decides, without I/O; [`current`] reads what it needs; [`write`] does what it says, with the values that [`values`] gives.

mod current;
mod plan;
mod values;
mod write;

use kanak_model::access::Filter;
use kanak_model::golden_record::{GoldenChange, Survived};
use kanak_model::match_pair::MatchPair;
use kanak_model::{EntityModel, FeedPosition, RuleSetVersion, SourceRecordId, Timestamp};

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, as_list, json, listed, sql};
use crate::error::StoreError;
use crate::{feed_events, overrides, settings, steward_tasks};

pub use values::Choose;
pub(crate) use values::Values;

/// What an engine made of the source records it was given.
#[derive(Debug, Clone)]
pub struct Resolution<S = Survived> {
    /// Golden records that come to be, change or end. Those that stay as they are may be among them: they cost a
    /// comparison and emit nothing.
    pub changes: Vec<GoldenChange<S>>,
    /// What people are asked: whether the two of a pair are one.
    pub questions: Vec<MatchPair>,
    /// Among which source records those pairs were looked for.
    pub scope: Scope,
    /// What was unresolved when the source records were listed.
    pub unresolved: Unresolved,
}

impl Resolution {
    /// The values apart from what else it says.
    pub(crate) fn parted(self) -> (Resolution<()>, Values) {
        let Self { changes, questions, scope, unresolved } = self;
        let (changes, values) = changes.into_iter().map(|change| change.with(())).unzip();
        (Resolution { changes, questions, scope, unresolved }, Values::Given(values))
    }
}

/// Among which source records doubtful pairs were looked for: an open task about two of them that is no longer
/// doubted lapses.
#[derive(Debug, Clone)]
pub enum Scope {
    /// All live ones of the entity type.
    Everything,
    /// These.
    These(Vec<SourceRecordId>),
}

/// The source records that arrived, changed, were retired or decided about since the last resolution.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unresolved {
    /// The hub's recorded time when they were listed. What is marked later stays unresolved.
    pub through: Timestamp,
    /// Their ids, ascending; retired ones are among them.
    pub source_records: Vec<SourceRecordId>,
    /// What the writers of some of them may read: by rule alone these join nothing else.
    pub confined: Vec<(SourceRecordId, Filter)>,
}

/// What a resolution did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Golden records that came to be, those split off among them.
    pub created: u64,
    /// Golden records whose values, status or members changed.
    pub updated: u64,
    /// Golden records that ended in another.
    pub merged: u64,
    /// Golden records that came to be from members of another.
    pub split: u64,
    /// Golden records that came back with their id.
    pub restored: u64,
    /// Golden records that lost their last member.
    pub emptied: u64,
    /// Given changes that changed nothing.
    pub unchanged: u64,
    /// Steward tasks opened.
    pub tasks_opened: u64,
    /// Steward tasks that lapsed.
    pub tasks_lapsed: u64,
    /// The feed's last position afterwards.
    pub feed_position: FeedPosition,
    /// When it was recorded: the mark by which whoever keeps source records in memory knows the hub's last resolution.
    pub recorded: Timestamp,
}

impl Store {
    /// How many source records of an entity type a resolution has not seen as they are now.
    pub async fn unresolved_count(&self, entity: &str) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT count(*) FROM unresolved_source_records WHERE entity = $1";
        let count: i64 = on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(entity).fetch_one(c).await)?;
        Ok(count as u64)
    }

    /// Which they are, with those that share a steward's override with one of them. Take it before listing the source records, and give it back with the resolution.
    pub async fn list_unresolved(&self, entity: &str) -> Result<Unresolved, StoreError> {
        unresolved(&mut self.db.begin_read().await?, entity).await
    }

    /// Writes what an engine resolved. New golden records get the next ids in the order of the changes; a part split
    /// off that holds exactly what a merged-away golden record held gets that one's id back. A change that keeps the
    /// id of a golden record that has ended brings it back.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when source records or links moved on since they were listed;
    /// [`StoreError::ChangeMissing`] when a golden record loses members and no change says what is left of it;
    /// [`StoreError::NoRuleSet`] for unpublished rules. Then nothing happened.
    pub async fn apply_resolution(
        &self,
        model: &EntityModel,
        rule_set: RuleSetVersion,
        resolution: Resolution,
    ) -> Result<Applied, StoreError> {
        let (resolution, values) = resolution.parted();
        self.apply(None, model, rule_set, resolution, values).await
    }

    /// The same, with golden values that are chosen when they are compared and written, a few thousand at a time: a whole hub's need
    /// not be held in memory.
    ///
    /// # Errors
    /// As [`Store::apply_resolution`], and what `choose` fails with.
    pub async fn apply_resolution_choosing(
        &self,
        model: &EntityModel,
        rule_set: RuleSetVersion,
        resolution: Resolution<()>,
        choose: Choose,
    ) -> Result<Applied, StoreError> {
        self.apply(None, model, rule_set, resolution, Values::Chosen(choose)).await
    }

    /// The same for what was computed from source records in memory that followed from the resolution recorded at `mark`
    /// ([`Store::last_resolved`]): memory knows nothing of what another one has heard since.
    ///
    /// # Errors
    /// As [`Store::apply_resolution`]; [`StoreError::Stale`] also when another resolution was recorded since.
    pub async fn apply_resolution_after(
        &self,
        mark: Timestamp,
        model: &EntityModel,
        rule_set: RuleSetVersion,
        resolution: Resolution,
    ) -> Result<Applied, StoreError> {
        let (resolution, values) = resolution.parted();
        self.apply(Some(mark), model, rule_set, resolution, values).await
    }

    async fn apply(
        &self,
        after: Option<Timestamp>,
        model: &EntityModel,
        rule_set: RuleSetVersion,
        resolution: Resolution<()>,
        values: Values,
    ) -> Result<Applied, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let applied = apply(&mut tx, after, model, rule_set, resolution, &values).await?;
        tx.commit().await?;
        Ok(applied)
    }

    /// What [`Store::apply_resolution_choosing`] would do with it now, tasks and the feed left aside; writes nothing.
    ///
    /// # Errors
    /// As there, but for the rules, which need not be published.
    pub async fn preview_resolution(
        &self,
        model: &EntityModel,
        resolution: &Resolution<()>,
        choose: Choose,
    ) -> Result<Applied, StoreError> {
        let mut tx = self.db.begin_read().await?;
        let values = Values::Chosen(choose);
        let current = current::load(&mut tx, &model.name, &resolution.changes, &values, &resolution.unresolved).await?;
        Ok(plan::plan(&resolution.changes, &current, &resolution.unresolved)?.counts())
    }

    /// When the last resolution of an entity type was recorded that heard what was unresolved; `None` before the first.
    pub async fn last_resolved(&self, entity: &str) -> Result<Option<Timestamp>, StoreError> {
        find_mark(&mut self.db.begin_read().await?, entity).await
    }
}

/// The setting that holds when the last resolution of an entity type was recorded.
fn mark_setting(entity: &str) -> String {
    format!("resolved_through.{entity}")
}

pub(crate) async fn find_mark(tx: &mut Tx, entity: &str) -> Result<Option<Timestamp>, StoreError> {
    let mark = settings::get(tx, &mark_setting(entity)).await?;
    Ok(mark.and_then(|mark| mark.parse().ok()).map(Timestamp))
}

async fn leave_mark(tx: &mut Tx, entity: &str) -> Result<(), StoreError> {
    let mark = tx.now.0.to_string();
    settings::put(tx, &mark_setting(entity), &mark).await
}

/// Writes a resolution within a transaction, which is to be dropped when this fails; with `after`, one that followed from the
/// resolution recorded then.
pub(crate) async fn apply(
    tx: &mut Tx,
    after: Option<Timestamp>,
    model: &EntityModel,
    rule_set: RuleSetVersion,
    resolution: Resolution<()>,
    values: &Values,
) -> Result<Applied, StoreError> {
    const PUBLISHED: &str = "SELECT count(*) FROM rule_sets WHERE entity = $1 AND version = $2";
    let Resolution { changes, questions, scope, unresolved } = resolution;
    let published: i64 =
        on_tx!(tx, |c| sqlx::query_scalar(PUBLISHED).bind(&model.name).bind(rule_set.0).fetch_one(c).await)?;
    if published == 0 {
        return Err(StoreError::NoRuleSet { entity: model.name.clone(), version: rule_set });
    }
    if after.is_some() && find_mark(tx, &model.name).await? != after {
        return Err(StoreError::Stale { what: "another resolution was recorded meanwhile".to_owned() });
    }
    let current = current::load(tx, &model.name, &changes, values, &unresolved).await?;
    let plan = plan::plan(&changes, &current, &unresolved)?;
    drop(current);
    write::write(tx, model, rule_set, (&changes, values), &plan).await?;
    let feed_position = feed_events::append(tx, &model.name, &plan.events).await?;
    let (tasks_opened, tasks_lapsed) = steward_tasks::review(tx, &model.name, &questions, &scope).await?;
    mark_resolved(tx, &unresolved).await?;
    if unresolved != Unresolved::default() {
        // In this transaction: whoever follows the hub in memory must not miss it, wherever this process ends.
        leave_mark(tx, &model.name).await?;
    }
    Ok(Applied { tasks_opened, tasks_lapsed, feed_position, recorded: tx.now, ..plan.counts() })
}

/// See [`Store::list_unresolved`]. Within a transaction that writes, what it marked is among them.
pub(crate) async fn unresolved(tx: &mut Tx, entity: &str) -> Result<Unresolved, StoreError> {
    const NOW: &str = "SELECT last_us FROM hub_clock WHERE id = 1";
    const SQL: &str = "SELECT source_record_id, confined_to FROM unresolved_source_records WHERE entity = $1";
    let through: i64 = on_tx!(tx, |c| sqlx::query_scalar(NOW).fetch_one(c).await)?;
    let engine = tx.engine();
    let text = as_list(engine, "source_record_id, confined_to", SQL);
    let rows: String = on_tx!(tx, |c| sqlx::query_scalar(sql(engine, &text)).bind(entity).fetch_one(c).await)?;
    let mut rows: Vec<(i64, Option<String>)> = listed(&rows)?;
    rows.sort_unstable_by_key(|row| row.0);
    let mut ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let companions = overrides::list_companions(tx, entity).await?;
    if !companions.is_empty() {
        ids.extend(companions);
        ids.sort_unstable();
        ids.dedup();
    }
    let source_records = ids.into_iter().map(SourceRecordId).collect();
    // What cannot be read denies.
    let read = |(id, scope): (i64, Option<String>)| {
        Some((SourceRecordId(id), serde_json::from_str(&scope?).unwrap_or(Filter::Nothing)))
    };
    let confined = rows.into_iter().filter_map(read).collect();
    Ok(Unresolved { through: Timestamp(through), source_records, confined })
}

/// Marks source records as not seen by a resolution.
pub(crate) async fn mark_unresolved(tx: &mut Tx, entity: &str, ids: &[i64]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO unresolved_source_records (source_record_id, entity, marked_us)
         SELECT id, $2, $3 FROM {ids $1} AS i WHERE 1 = 1
         ON CONFLICT (source_record_id) DO UPDATE SET marked_us = excluded.marked_us";
    if ids.is_empty() {
        return Ok(());
    }
    let (now, engine) = (tx.now.0, tx.engine());
    on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(ids)).bind(entity).bind(now).execute(c).await.map(drop))?;
    Ok(())
}

/// Notes of source records that wait for a resolution what their writers may read.
pub(crate) async fn mark_confined(tx: &mut Tx, rows: &[(i64, String)]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE unresolved_source_records SET confined_to = r.confined_to
         FROM {rows $1: id int, confined_to text} AS r WHERE unresolved_source_records.source_record_id = r.id";
    let engine = tx.engine();
    for chunk in rows.chunks(ROWS_A_STATEMENT) {
        on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(chunk)).execute(c).await.map(drop))?;
    }
    Ok(())
}

async fn mark_resolved(tx: &mut Tx, unresolved: &Unresolved) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM unresolved_source_records
         WHERE source_record_id IN (SELECT id FROM {ids $1} AS i) AND marked_us <= $2";
    let engine = tx.engine();
    for chunk in unresolved.source_records.chunks(ROWS_A_STATEMENT) {
        on_tx!(tx, |c| sqlx::query(sql(engine, SQL))
            .bind(json(chunk))
            .bind(unresolved.through.0)
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}
