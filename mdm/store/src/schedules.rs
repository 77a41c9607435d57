//! Schedules: what is done by itself at set times, and each interval for which it was.
//!
//! A schedule cuts time into intervals. [`Store::plan_runs`] makes a run of each that has ended; a worker takes it with a lease that
//! ends by itself, so that no interval is worked on twice at once and none is lost with its worker. A run that fails waits longer from
//! attempt to attempt. The runs of one schedule and place are taken in their order, one at a time. While nothing is due, nothing is
//! written.

use std::time::Duration;

use kanak_model::{Caller, Clock, Timestamp};
use sqlx::FromRow;

use crate::Store;
use crate::audit_events;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::now_us;
use crate::error::StoreError;

/// The place of what is done for the hub as a whole. What is done for one data folder's lake has that folder's word.
pub const OF_THE_HUB: &str = "";

/// Intervals that are planned at a time: a hub that stood still for long catches up in several goes.
const PLANNED_MAX: usize = 100;
/// How long a failed run waits for its second attempt; twice as long for each further one.
const FIRST_WAIT_US: i64 = 30 * 1_000_000;
/// How long it waits at most.
const WAIT_MAX_US: i64 = 3_600 * 1_000_000;

/// What a schedule has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// The inbox is read.
    Ingest,
    /// What waits is matched and survives.
    Resolve,
    /// The lake is brought up to the hub.
    Refresh,
    /// The lake's small files are joined, and those that nobody reads any more go.
    Compaction,
    /// Tables are held against what is promised of their age.
    Freshness,
}

impl Job {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ingest, Self::Resolve, Self::Refresh, Self::Compaction, Self::Freshness];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Resolve => "resolve",
            Self::Refresh => "refresh",
            Self::Compaction => "compaction",
            Self::Freshness => "freshness",
        }
    }
}

/// What becomes of intervals that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// One run covers them all.
    Once,
    /// Each has its run, in their order.
    Each,
}

impl CatchUp {
    const ALL: [Self; 2] = [Self::Once, Self::Each];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Each => "each",
        }
    }
}

/// What a schedule is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSchedule {
    /// Its name, unique.
    pub name: String,
    /// What it has done.
    pub job: Job,
    /// How long an interval is; zero where it ends as soon as somebody finds that there is work.
    pub every: Duration,
    /// How long after midnight, UTC, the first interval of a day begins.
    pub offset: Duration,
    /// What becomes of missed intervals.
    pub catch_up: CatchUp,
    /// How often a run that failed is tried again.
    pub retries_max: u32,
    /// Whether it begins at once, or waits for somebody to resume it.
    pub begins: Begins,
}

/// How a new schedule begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// Its first interval begins when it is made.
    AtOnce,
    /// It is paused.
    Paused,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// What it has done.
    pub job: Job,
    /// How long an interval is; zero where it ends as soon as somebody finds that there is work.
    pub every: Duration,
    /// What becomes of missed intervals.
    pub catch_up: CatchUp,
    /// How often a run that failed is tried again.
    pub retries_max: u32,
    /// Since when it is paused.
    pub paused: Option<Timestamp>,
    every_us: i64,
    offset_us: i64,
    begins_us: i64,
}

impl Schedule {
    /// The last end of an interval that is not after a time, where intervals have a length.
    fn end_before(&self, at_us: i64) -> i64 {
        (at_us - self.offset_us).div_euclid(self.every_us) * self.every_us + self.offset_us
    }

    /// The intervals that have ended since `through`, as their runs cover them.
    fn ended(&self, through_us: i64, now_us: i64) -> Vec<(i64, i64)> {
        // The hub's time goes on although a machine's clock may be set back.
        let last = if self.every_us == 0 { now_us.max(through_us + 1) } else { self.end_before(now_us) };
        if last <= through_us {
            return Vec::new();
        }
        match self.catch_up {
            CatchUp::Each if self.every_us > 0 => {
                let first = self.end_before(through_us) + self.every_us;
                let ends = std::iter::successors(Some(first), |end| Some(end + self.every_us));
                let ends: Vec<i64> = ends.take_while(|end| *end <= last).take(PLANNED_MAX).collect();
                let begins = std::iter::once(through_us).chain(ends.iter().copied());
                begins.zip(ends.iter().copied()).collect()
            }
            CatchUp::Once | CatchUp::Each => vec![(through_us, last)],
        }
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It is due, or will be.
    Waiting,
    /// A worker has it.
    Running,
    /// It ended well.
    Done,
    /// It failed as often as it may.
    Failed,
}

impl RunState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Done, Self::Failed];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// One interval for which a schedule was, or is to be, carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The id.
    pub id: i64,
    /// The schedule's name.
    pub schedule: String,
    /// The data folder whose lake it is about, or [`OF_THE_HUB`].
    pub place: String,
    /// The interval begins.
    pub from: Timestamp,
    /// It ends.
    pub to: Timestamp,
    /// Where it stands.
    pub state: RunState,
    /// How often it was begun.
    pub attempt: u32,
    /// It is not begun before.
    pub due: Timestamp,
    /// When it was begun last.
    pub started: Option<Timestamp>,
    /// When it ended last, well or not.
    pub ended: Option<Timestamp>,
    /// What it did, or what went wrong last.
    pub message: Option<String>,
    worker: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt<'a> {
    /// Well; what it did.
    Done(&'a str),
    /// Not; what went wrong.
    Failed(&'a str),
}

#[derive(FromRow)]
struct ScheduleRow {
    name: String,
    job: String,
    every_us: i64,
    offset_us: i64,
    catch_up: String,
    retries_max: i64,
    begins_us: i64,
    paused_us: Option<i64>,
}

impl TryFrom<ScheduleRow> for Schedule {
    type Error = StoreError;

    fn try_from(row: ScheduleRow) -> Result<Self, StoreError> {
        let stored = |column| StoreError::Stored { table: "schedules", row: 0, column, expected: column };
        Ok(Self {
            job: Job::ALL.into_iter().find(|job| job.word() == row.job).ok_or_else(|| stored("job"))?,
            catch_up: CatchUp::ALL
                .into_iter()
                .find(|catch_up| catch_up.word() == row.catch_up)
                .ok_or_else(|| stored("catch_up"))?,
            name: row.name,
            every: Duration::from_micros(row.every_us as u64),
            retries_max: row.retries_max as u32,
            paused: row.paused_us.map(Timestamp),
            every_us: row.every_us,
            offset_us: row.offset_us,
            begins_us: row.begins_us,
        })
    }
}

#[derive(FromRow)]
struct RunRow {
    id: i64,
    schedule: String,
    place: String,
    from_us: i64,
    to_us: i64,
    state: String,
    attempt: i64,
    due_us: i64,
    worker: Option<String>,
    started_us: Option<i64>,
    ended_us: Option<i64>,
    message: Option<String>,
}

impl TryFrom<RunRow> for Run {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self, StoreError> {
        let state = RunState::ALL.into_iter().find(|state| state.word() == row.state);
        let wrong = StoreError::Stored { table: "runs", row: row.id, column: "state", expected: "state" };
        Ok(Self {
            id: row.id,
            schedule: row.schedule,
            place: row.place,
            from: Timestamp(row.from_us),
            to: Timestamp(row.to_us),
            state: state.ok_or(wrong)?,
            attempt: row.attempt as u32,
            due: Timestamp(row.due_us),
            started: row.started_us.map(Timestamp),
            ended: row.ended_us.map(Timestamp),
            message: row.message,
            worker: row.worker,
        })
    }
}

const SCHEDULES: &str =
    "SELECT name, job, every_us, offset_us, catch_up, retries_max, begins_us, paused_us FROM schedules";
const RUN_COLUMNS: &str =
    "id, schedule, place, from_us, to_us, state, attempt, due_us, worker, started_us, ended_us, message";

fn microseconds(lasts: Duration) -> i64 {
    i64::try_from(lasts.as_micros()).unwrap_or(i64::MAX / 4)
}

/// How long a run waits after its failed attempt of this number.
fn wait_us(attempt: u32) -> i64 {
    let doublings = attempt.saturating_sub(1).min(16);
    (FIRST_WAIT_US << doublings).min(WAIT_MAX_US)
}

impl Store {
    /// Makes the schedules that are not there yet. What somebody changed of one stays.
    pub async fn declare_schedules(&self, schedules: &[NewSchedule]) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO schedules (name, job, every_us, offset_us, catch_up, retries_max, begins_us, paused_us)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING";
        let mut tx = self.db.begin_beside().await?;
        let now = hub_time_us(&mut tx, &*self.clock).await?;
        for new in schedules {
            on_tx!(tx, |c| sqlx::query(SQL)
                .bind(&new.name)
                .bind(new.job.word())
                .bind(microseconds(new.every))
                .bind(microseconds(new.offset))
                .bind(new.catch_up.word())
                .bind(i64::from(new.retries_max))
                .bind(now)
                .bind((new.begins == Begins::Paused).then_some(now))
                .execute(c)
                .await
                .map(drop))?;
        }
        tx.commit().await
    }

    /// All schedules, by name.
    pub async fn list_schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!("{SCHEDULES} ORDER BY name"));
        let rows: Vec<ScheduleRow> = on_db!(&self.db, |c| sqlx::query_as(text).fetch_all(c).await)?;
        rows.into_iter().map(Schedule::try_from).collect()
    }

    /// Pauses a schedule: no more intervals are made; `by` whom is audited. Runs that wait are carried out all the same.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn pause_schedule(&self, by: &Caller, name: &str) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE schedules SET paused_us = $2, paused_by = $3 WHERE name = $1 AND paused_us IS NULL";
        let mut tx = self.db.begin(&*self.clock).await?;
        find_schedule(&mut tx, name).await?;
        let now = tx.now.0;
        on_tx!(tx, |c| sqlx::query(SQL).bind(name).bind(now).bind(&by.name).execute(c).await.map(drop))?;
        record(&mut tx, by, "schedule_paused", name).await?;
        tx.commit().await
    }

    /// Lets a paused schedule go on; `by` whom is audited. What it missed is caught up.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn resume_schedule(&self, by: &Caller, name: &str) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE schedules SET paused_us = NULL, paused_by = NULL WHERE name = $1";
        let mut tx = self.db.begin(&*self.clock).await?;
        find_schedule(&mut tx, name).await?;
        on_tx!(tx, |c| sqlx::query(SQL).bind(name).execute(c).await.map(drop))?;
        record(&mut tx, by, "schedule_resumed", name).await?;
        tx.commit().await
    }

    /// Makes a run of each interval of a schedule that has ended and has none yet, and says how many. None while it is paused; and where
    /// one run covers all that was missed, none while one waits.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn plan_runs(&self, name: &str, place: &str) -> Result<usize, StoreError> {
        let mut tx = self.db.begin_read().await?;
        let now = hub_time_us(&mut tx, &*self.clock).await?;
        if ended_intervals(&mut tx, name, place, now).await?.is_empty() {
            return Ok(0);
        }
        drop(tx);
        let mut tx = self.db.begin_beside().await?;
        let now = hub_time_us(&mut tx, &*self.clock).await?;
        let mut made = 0;
        for interval in ended_intervals(&mut tx, name, place, now).await? {
            made += usize::from(make_run(&mut tx, name, place, interval, now).await?);
        }
        tx.commit().await?;
        Ok(made)
    }

    /// Has a schedule carried out now, for the interval that has begun, or the waiting one at once; `by` whom is audited. A pause does
    /// not hinder it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn run_schedule_now(&self, by: &Caller, name: &str, place: &str) -> Result<(), StoreError> {
        const HASTEN: &str =
            "UPDATE runs SET due_us = $3 WHERE schedule = $1 AND place = $2 AND state = 'waiting' AND due_us > $3";
        let mut tx = self.db.begin(&*self.clock).await?;
        let schedule = find_schedule(&mut tx, name).await?;
        let now = tx.now.0;
        // Another process may make one beside us, or take the id.
        while count_open(&mut tx, name, place).await? == 0 {
            let through = through_us(&mut tx, &schedule, place).await?;
            make_run(&mut tx, name, place, (through, now.max(through + 1)), now).await?;
        }
        on_tx!(tx, |c| sqlx::query(HASTEN).bind(name).bind(place).bind(now).execute(c).await.map(drop))?;
        record(&mut tx, by, "schedule_run", name).await?;
        tx.commit().await
    }

    /// Takes the next run of a schedule that is due, or whose worker let its lease run out; `None` when there is none, and while
    /// another worker has an earlier one. A worker that was gone has failed as often as one that said so.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn take_run(
        &self,
        name: &str,
        place: &str,
        worker: &str,
        lasts: Duration,
    ) -> Result<Option<Run>, StoreError> {
        const NEXT: &str = "SELECT id, state, attempt FROM runs WHERE schedule = $1 AND place = $2
                 AND state IN ('waiting', 'running') ORDER BY from_us LIMIT 1";
        const FREE: &str = "SELECT count(*) FROM runs WHERE id = $1
             AND (state = 'waiting' AND due_us <= $2 OR state = 'running' AND leased_until_us <= NOW_US)";
        const GONE: &str = "UPDATE runs SET state = 'failed', leased_until_us = NULL, ended_us = $2,
             message = 'its worker was gone' WHERE id = $1 AND state = 'running' AND attempt = $3";
        if count_open(&mut self.db.begin_read().await?, name, place).await? == 0 {
            return Ok(None);
        }
        let mut tx = self.db.begin_beside().await?;
        let (now, clock) = (hub_time_us(&mut tx, &*self.clock).await?, now_us(tx.engine()));
        let schedule = find_schedule(&mut tx, name).await?;
        let taken = loop {
            let next: Option<(i64, String, i64)> =
                on_tx!(tx, |c| sqlx::query_as(NEXT).bind(name).bind(place).fetch_optional(c).await)?;
            let Some((id, state, attempt)) = next else { break None };
            let free = sqlx::AssertSqlSafe(FREE.replace("NOW_US", clock));
            let free: i64 = on_tx!(tx, |c| sqlx::query_scalar(free).bind(id).bind(now).fetch_one(c).await)?;
            if free == 0 {
                break None;
            }
            if state == RunState::Running.word() && attempt > i64::from(schedule.retries_max) {
                on_tx!(tx, |c| sqlx::query(GONE).bind(id).bind(now).bind(attempt).execute(c).await.map(drop))?;
                continue;
            }
            let take = sqlx::AssertSqlSafe(format!(
                "UPDATE runs SET state = 'running', attempt = attempt + 1, worker = $2, leased_until_us = {clock} + $3,
                     started_us = $4, ended_us = NULL WHERE id = $1 AND state = $5 AND attempt = $6
                 RETURNING {RUN_COLUMNS}"
            ));
            let row: Option<RunRow> = on_tx!(tx, |c| sqlx::query_as(take)
                .bind(id)
                .bind(worker)
                .bind(microseconds(lasts))
                .bind(now)
                .bind(&state)
                .bind(attempt)
                .fetch_optional(c)
                .await)?;
            // None: another worker was quicker.
            break row.map(Run::try_from).transpose()?;
        };
        tx.commit().await?;
        Ok(taken)
    }

    /// Holds a taken run for as long again from now; `false` when another worker has it, or it has ended.
    pub async fn renew_run(&self, run: &Run, lasts: Duration) -> Result<bool, StoreError> {
        let mut tx = self.db.begin_beside().await?;
        let text = sqlx::AssertSqlSafe(format!(
            "UPDATE runs SET leased_until_us = {} + $4 WHERE id = $1 AND worker = $2 AND attempt = $3
                 AND state = 'running' RETURNING id",
            now_us(tx.engine())
        ));
        let held: Option<i64> = on_tx!(tx, |c| sqlx::query_scalar(text)
            .bind(run.id)
            .bind(run.worker.as_deref())
            .bind(i64::from(run.attempt))
            .bind(microseconds(lasts))
            .fetch_optional(c)
            .await)?;
        tx.commit().await?;
        Ok(held.is_some())
    }

    /// Writes down how an attempt ended; `false` when the run is another worker's meanwhile, and nothing is written. A failed one is
    /// tried again after a wait that grows, until the schedule's retries are used up.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the schedule is gone.
    pub async fn end_run(&self, run: &Run, ended: Attempt<'_>) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE runs SET state = $4, due_us = $5, leased_until_us = NULL, ended_us = $6, message = $7
             WHERE id = $1 AND worker = $2 AND attempt = $3 AND state = 'running' RETURNING id";
        let mut tx = self.db.begin_beside().await?;
        let schedule = find_schedule(&mut tx, &run.schedule).await?;
        let now = hub_time_us(&mut tx, &*self.clock).await?;
        let (state, due, message) = match ended {
            Attempt::Done(message) => (RunState::Done, run.due.0, message),
            Attempt::Failed(message) if run.attempt <= schedule.retries_max => {
                (RunState::Waiting, now + wait_us(run.attempt), message)
            }
            Attempt::Failed(message) => (RunState::Failed, run.due.0, message),
        };
        let written: Option<i64> = on_tx!(tx, |c| sqlx::query_scalar(SQL)
            .bind(run.id)
            .bind(run.worker.as_deref())
            .bind(i64::from(run.attempt))
            .bind(state.word())
            .bind(due)
            .bind(now)
            .bind(message)
            .fetch_optional(c)
            .await)?;
        tx.commit().await?;
        Ok(written.is_some())
    }

    /// Runs of a schedule, the latest first, at most so many, those before an id if one is given.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such schedule.
    pub async fn list_schedule_runs(
        &self,
        name: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Run>, StoreError> {
        if !self.list_schedules().await?.iter().any(|schedule| schedule.name == name) {
            return Err(no_schedule(name));
        }
        let text = sqlx::AssertSqlSafe(format!(
            "SELECT {RUN_COLUMNS} FROM runs WHERE schedule = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
        ));
        let rows: Vec<RunRow> = on_db!(&self.db, |c| sqlx::query_as(text)
            .bind(name)
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        rows.into_iter().map(Run::try_from).collect()
    }

    /// Lets go of runs that have ended, but for the latest so many of each schedule and place, and says how many went. The last one
    /// always stays: it says up to when intervals were made.
    pub async fn prune_runs(&self, kept: u32) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM runs WHERE state IN ('done', 'failed') AND id IN (
                 SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY schedule, place ORDER BY from_us DESC) AS nth
                     FROM runs) AS numbered WHERE nth > $1)";
        let mut tx = self.db.begin_beside().await?;
        let gone =
            on_tx!(tx, |c| sqlx::query(SQL).bind(i64::from(kept.max(1))).execute(c).await.map(|d| d.rows_affected()))?;
        tx.commit().await?;
        Ok(gone)
    }
}

fn no_schedule(name: &str) -> StoreError {
    StoreError::NotFound { what: "schedule", id: name.to_owned() }
}

async fn find_schedule(tx: &mut Tx, name: &str) -> Result<Schedule, StoreError> {
    let text = sqlx::AssertSqlSafe(format!("{SCHEDULES} WHERE name = $1"));
    let row: Option<ScheduleRow> = on_tx!(tx, |c| sqlx::query_as(text).bind(name).fetch_optional(c).await)?;
    row.ok_or_else(|| no_schedule(name))?.try_into()
}

/// The intervals of a schedule that a plan would make runs of.
async fn ended_intervals(tx: &mut Tx, name: &str, place: &str, now_us: i64) -> Result<Vec<(i64, i64)>, StoreError> {
    let schedule = find_schedule(tx, name).await?;
    if schedule.paused.is_some() || (schedule.catch_up == CatchUp::Once && count_open(tx, name, place).await? > 0) {
        return Ok(Vec::new());
    }
    Ok(schedule.ended(through_us(tx, &schedule, place).await?, now_us))
}

/// How many runs of a schedule at a place have not ended.
async fn count_open(tx: &mut Tx, name: &str, place: &str) -> Result<i64, StoreError> {
    const SQL: &str =
        "SELECT count(*) FROM runs WHERE schedule = $1 AND place = $2 AND state IN ('waiting', 'running')";
    on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(name).bind(place).fetch_one(c).await).map_err(StoreError::from)
}

/// Up to when a schedule has runs at a place.
async fn through_us(tx: &mut Tx, schedule: &Schedule, place: &str) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT max(to_us) FROM runs WHERE schedule = $1 AND place = $2";
    let last: Option<i64> =
        on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(&schedule.name).bind(place).fetch_one(c).await)?;
    Ok(last.unwrap_or(schedule.begins_us))
}

/// Makes a run that is due now; `false` where its interval has one, or another process took its id.
async fn make_run(tx: &mut Tx, name: &str, place: &str, (from, to): (i64, i64), due: i64) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO runs (id, schedule, place, from_us, to_us, state, attempt, due_us)
         VALUES ((SELECT coalesce(max(id), 0) + 1 FROM runs), $1, $2, $3, $4, 'waiting', 0, $5)
         ON CONFLICT DO NOTHING";
    let made = on_tx!(tx, |c| sqlx::query(SQL)
        .bind(name)
        .bind(place)
        .bind(from)
        .bind(to)
        .bind(due)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(made == 1)
}

/// The hub's time: the clock's, but never before what the hub recorded last. These rows are about the hub's work and not of what it
/// holds, so that they take no writer's turn and leave its recorded time alone.
async fn hub_time_us(tx: &mut Tx, clock: &dyn Clock) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT last_us FROM hub_clock WHERE id = 1";
    let now = clock.now().0;
    let last: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?;
    Ok(now.max(last))
}

async fn record(tx: &mut Tx, by: &Caller, action: &str, name: &str) -> Result<(), StoreError> {
    audit_events::append_act(tx, &by.name, action, format!("schedule {name}"), serde_json::json!({})).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(catch_up: CatchUp) -> Schedule {
        Schedule {
            name: "x".to_owned(),
            job: Job::Refresh,
            every: Duration::from_micros(10),
            catch_up,
            retries_max: 0,
            paused: None,
            every_us: 10,
            offset_us: 3,
            begins_us: 0,
        }
    }

    #[test]
    fn an_interval_is_planned_when_it_has_ended_and_missed_ones_once_or_each() {
        for (catch_up, through, now, expected) in [
            (CatchUp::Once, 5, 12, vec![]),
            (CatchUp::Once, 5, 13, vec![(5, 13)]),
            (CatchUp::Once, 5, 39, vec![(5, 33)]),
            (CatchUp::Each, 5, 39, vec![(5, 13), (13, 23), (23, 33)]),
            (CatchUp::Each, 33, 42, vec![]),
        ] {
            assert_eq!(schedule(catch_up).ended(through, now), expected, "{catch_up:?} {through} {now}");
        }
        assert_eq!(schedule(CatchUp::Each).ended(0, 1_000_000).len(), PLANNED_MAX);
        for catch_up in [CatchUp::Once, CatchUp::Each] {
            let as_it_comes = Schedule { every_us: 0, every: Duration::ZERO, ..schedule(catch_up) };
            assert_eq!(as_it_comes.ended(5, 12), [(5, 12)], "an interval ends when somebody finds work");
            assert_eq!(as_it_comes.ended(12, 7), [(12, 13)], "also when a clock was set back");
        }
    }

    #[test]
    fn a_failed_run_waits_twice_as_long_each_time_and_an_hour_at_most() {
        let waits: Vec<i64> = [1, 2, 3, 8, 1_000].into_iter().map(|attempt| wait_us(attempt) / 1_000_000).collect();
        assert_eq!(waits, [30, 60, 120, 3_600, 3_600]);
    }
}
