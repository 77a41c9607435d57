//! The ticker: every ten seconds claims and deferrals of steward tasks whose time has come end, and so do stewards' overrides; a checkpoint
//! of the audit trail is signed when one is due; versions of code systems that were published are taken up; source records are
//! taken into memory; and schedules that are due have their runs carried out: what waits is resolved, and the warehouse is brought up when
//! the hub has moved on. Of several servers on one hub, the holder of the lease writes to the hub; each follows it with its own memory
//! and its own lake.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kanak_model::{FeedPosition, IngestRunId};
use kanak_store::{Job as Scheduled, Schedule, StoreError};
use tokio::sync::Mutex;
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::deployment::Deployment;
use crate::jobs::kept_checkpoint;
use crate::jobs::live::warm;
use crate::jobs::scheduled::{self, Worker, waiting_entities};
use crate::server::problem::is_unavailable;
use crate::server::state::AppState;

/// How long the ticker rests after a failure: what failed is likely to fail again, and a person has to look.
const REST: Duration = Duration::from_secs(300);

/// How long the ticker waits for its turn.
const TURN: Duration = Duration::from_secs(1);

/// What the hub stood at. A warehouse that was made at the same is as good as a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    /// Golden records change with the feed.
    feed: FeedPosition,
    /// Events come with ingest runs, and move no feed.
    run: Option<IngestRunId>,
    /// Ages and delays grow with India's days.
    day: String,
}

/// What the ticker remembers from one look to the next.
#[derive(Debug, Default)]
struct Memory {
    /// Where the hub stood when the warehouse was last brought up, or found to be.
    served: Option<Standing>,
    /// Who carries runs out: this process, once it has seen to it that there are schedules.
    worker: Option<Worker>,
    rests_until: Option<Instant>,
}

/// Starts the ticker. It stops when the returned scheduler is dropped with the process.
///
/// # Errors
/// When the scheduler cannot start.
pub async fn start(state: AppState) -> anyhow::Result<JobScheduler> {
    let scheduler = JobScheduler::new().await.context("cannot make the scheduler")?;
    let memory = Arc::new(Mutex::new(Memory::default()));
    let job = Job::new_async("*/10 * * * * *", move |_id, _scheduler| {
        let (state, memory) = (state.clone(), Arc::clone(&memory));
        Box::pin(async move {
            // A look that takes longer than ten seconds is not joined by another.
            let Ok(mut memory) = memory.try_lock() else { return };
            if memory.rests_until.is_some_and(|until| Instant::now() < until) {
                return;
            }
            memory.rests_until = None;
            if let Err(error) = tick(&state, &mut memory).await {
                if matches!(error.downcast_ref(), Some(StoreError::LeaseLost(_))) {
                    tracing::info!("The scheduled work is another server's now: {error:#}");
                    return;
                }
                if is_unavailable(&error) {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "The scheduled work waits for the hub's database: {error:#}"
                    );
                    return;
                }
                memory.rests_until = Some(Instant::now() + REST);
                let seconds = REST.as_secs();
                tracing::error!(
                    error = format!("{error:#}"),
                    "The scheduled work failed, and is tried again in {seconds} s: {error:#}"
                );
            }
        })
    })
    .context("cannot make the refresh job")?;
    scheduler.add(job).await.context("cannot add the refresh job")?;
    scheduler.start().await.context("cannot start the scheduler")?;
    Ok(scheduler)
}

/// Carries out what is due. Does nothing while other work is under way: the next tick looks again.
async fn tick(state: &AppState, memory: &mut Memory) -> anyhow::Result<()> {
    // Published by another server or a command, or in force from today.
    state.deployment.renew_codes().await?;
    // Rows that programs write hold it again and again, but briefly, and whoever waits comes next.
    let Ok(_one_at_a_time) = tokio::time::timeout(TURN, state.work.lock()).await else { return Ok(()) };
    let deployment = &state.deployment;
    let worker = match memory.worker.clone() {
        Some(worker) => worker,
        None => {
            deployment.store.declare_schedules(&scheduled::builtin()).await?;
            memory.worker.insert(Worker::on(&deployment.data)?).clone()
        }
    };
    let schedules = deployment.store.list_schedules().await?;
    let of = |job: Scheduled| schedules.iter().filter(move |schedule| schedule.job == job);
    let lease = state.lease.borrow().clone();
    if let Some(lease) = lease {
        let holding = deployment.holding(&lease);
        keep_hub(&holding).await?;
        for schedule in of(Scheduled::Ingest) {
            follow(&holding, schedule, &worker, Work::Due).await?;
        }
        for schedule in of(Scheduled::Resolve) {
            let waiting = waiting_entities(&holding).await?;
            follow(&holding, schedule, &worker, if waiting.is_empty() { Work::None } else { Work::Due }).await?;
        }
    }
    for model in deployment.models.iter() {
        warm(deployment, model).await?;
    }
    let (standing, is_served) = look(deployment).await?;
    if memory.served.as_ref() == Some(&standing) || (memory.served.is_none() && is_served) {
        memory.served = Some(standing.clone());
    }
    for schedule in of(Scheduled::Refresh) {
        let work = if memory.served.as_ref() == Some(&standing) { Work::None } else { Work::Due };
        if follow(deployment, schedule, &worker, work).await? {
            memory.served = Some(standing.clone());
        }
    }
    for schedule in of(Scheduled::Compaction).chain(of(Scheduled::Freshness)) {
        follow(deployment, schedule, &worker, Work::Due).await?;
    }
    Ok(())
}

/// Whether there is anything for a job to do. Until there is, the interval of its schedule goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    None,
    Due,
}

/// Plans a schedule's intervals and carries out the run that is due, if one is; whether it ended well. A failure is in the history, and
/// is tried again.
async fn follow(deployment: &Deployment, schedule: &Schedule, worker: &Worker, work: Work) -> anyhow::Result<bool> {
    if work == Work::Due {
        deployment.store.plan_runs(&schedule.name, worker.place(schedule.job)).await?;
    }
    match Box::pin(worker.carry_out_next(deployment, schedule)).await? {
        None => Ok(false),
        Some((_, Ok(_))) => Ok(true),
        Some((run, Err(error))) => {
            tracing::error!(
                run.id,
                run.attempt,
                error = format!("{error:#}"),
                "Attempt {} of run {} of schedule {} failed: {error:#}",
                run.attempt,
                run.id,
                run.schedule
            );
            Ok(false)
        }
    }
}

/// Does what one server alone does beside its schedules. Writes nothing any more once the lease is lost.
async fn keep_hub(deployment: &Deployment) -> anyhow::Result<()> {
    deployment.store.return_due_tasks().await?;
    deployment.store.expire_overrides().await?;
    kept_checkpoint::checkpoint_if_due(deployment).await
}

/// Where the hub stands, and whether the release in force was made then.
async fn look(deployment: &Deployment) -> anyhow::Result<(Standing, bool)> {
    let store = &deployment.store;
    let feed = store.feed_position().await?;
    let run = store.list_ingest_runs(None, None, 1).await?.into_iter().next();
    let day = deployment.clock.now().day_ist();
    let is_served = deployment.warehouse.release().is_some_and(|release| {
        release.feed_position == feed.0
            && release.built_at.day_ist() == day
            && run.as_ref().is_none_or(|run| run.recorded <= release.built_at)
    });
    Ok((Standing { feed, run: run.map(|run| run.id), day: day.to_string() }, is_served))
}

#[cfg(test)]
mod tests {
    use kanak_model::clock::FixedClock;
    use kanak_model::{Access, Caller, Timestamp};
    use kanak_store::RunState;
    use kanak_warehouse::QueryLimits;

    use super::*;
    use crate::server::state::Cookies;
    use crate::testing::House;

    async fn rows(state: &AppState, table: &str) -> usize {
        let access = Access::operation("test");
        let sql = format!("select * from {table}");
        state.deployment.warehouse.query(&access, &sql, QueryLimits::default()).await.unwrap().num_rows()
    }

    fn release(state: &AppState) -> u64 {
        state.deployment.warehouse.release().unwrap().number
    }

    #[tokio::test]
    async fn pages_follow_new_records_new_events_and_new_days_and_otherwise_rest() {
        let house = House::with_two_people().await;
        let mut state = AppState::holding_the_lease(house.deployment.clone()).await;
        let mut memory = Memory::default();
        let first = release(&state);
        tick(&state, &mut memory).await.unwrap();
        assert_eq!(release(&state), first, "the warehouse was up to date");

        house.ingest("people_2.csv", "ID,NAME,DOB\n3,Chitra Rani,1992-05-06\n").await;
        tick(&state, &mut memory).await.unwrap();
        assert_eq!(rows(&state, "dim_citizens").await, 3, "what waited was resolved and loaded");

        let receipt = "RECEIPT_NO|MAJOR_HEAD|DDO_OFFICE|DISTRICT|PAYER_GSTIN|AMOUNT|RECEIVED_ON|MODE\n\
                       TR1|0006||||12.50|01/04/2026 10:00|cash\n";
        let ingested = house.ingest("receipts_1.csv", receipt).await;
        assert_eq!(ingested.accepted, 1);
        tick(&state, &mut memory).await.unwrap();
        assert_eq!(rows(&state, "evt_receipt").await, 1, "events move no feed and are loaded all the same");

        let before = release(&state);
        tick(&state, &mut memory).await.unwrap();
        assert_eq!(release(&state), before);
        let store = &state.deployment.store;
        let runs = |name: &'static str| async move {
            let runs = store.list_schedule_runs(name, None, 10).await.unwrap();
            runs.into_iter().map(|run| run.state).collect::<Vec<_>>()
        };
        assert_eq!(runs("refresh").await, [RunState::Done; 2], "an interval in which nothing came has no run");
        assert_eq!(runs("resolve").await, [RunState::Done]);
        let tomorrow = Timestamp(state.deployment.clock.now().0 + 24 * 3600 * 1_000_000);
        state.deployment.clock = Arc::new(FixedClock(tomorrow));
        tick(&state, &mut memory).await.unwrap();
        assert_eq!(state.deployment.warehouse.release().unwrap().built_at, tomorrow);
    }

    #[tokio::test]
    async fn the_first_resolution_is_left_to_a_person() {
        let house = House::new().await;
        house.ingest("people_1.csv", "ID,NAME,DOB\n1,Asha Devi,1990-01-02\n").await;
        assert!(waiting_entities(&house.deployment).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn without_the_lease_a_server_follows_the_hub_and_writes_nothing_to_it() {
        let house = House::with_two_people().await;
        let (holder, other) = (
            AppState::holding_the_lease(house.deployment.clone()).await,
            AppState::new(house.deployment.clone(), Cookies::Loopback),
        );
        house.ingest("people_2.csv", "ID,NAME,DOB\n3,Chitra Rani,1992-05-06\n").await;
        let unresolved = async || house.deployment.store.unresolved_count("citizen").await.unwrap();
        tick(&other, &mut Memory::default()).await.unwrap();
        assert_eq!(unresolved().await, 1);

        let store = &house.deployment.store;
        let lasts = Duration::from_secs(600);
        let taken = store.take_lease(kanak_store::RESOLVER, "another", Some("test"), lasts).await.unwrap();
        let error = tick(&holder, &mut Memory::default()).await.unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(StoreError::LeaseLost("resolver"))), "{error:#}");
        assert_eq!(unresolved().await, 1, "who lost the lease resolves no more");

        other.lease.send_replace(taken);
        tick(&other, &mut Memory::default()).await.unwrap();
        assert_eq!((unresolved().await, rows(&other, "dim_citizens").await), (0, 3));
    }

    #[tokio::test]
    async fn a_paused_schedule_rests_and_one_that_fails_is_tried_again_later_and_holds_up_nothing_else() {
        let house = House::with_two_people().await;
        let state = AppState::holding_the_lease(house.deployment.clone()).await;
        let (store, by) = (&state.deployment.store, Caller::system("test"));
        let mut memory = Memory::default();
        tick(&state, &mut memory).await.unwrap();
        store.pause_schedule(&by, "refresh").await.unwrap();
        house.ingest("people_2.csv", "ID,NAME,DOB\n3,Chitra Rani,1992-05-06\n").await;
        tick(&state, &mut memory).await.unwrap();
        assert_eq!(rows(&state, "dim_citizens").await, 2, "what waited was resolved, and the warehouse rests");

        // The inbox is not there.
        store.resume_schedule(&by, "ingest").await.unwrap();
        store.run_schedule_now(&by, "ingest", kanak_store::OF_THE_HUB).await.unwrap();
        store.resume_schedule(&by, "refresh").await.unwrap();
        tick(&state, &mut memory).await.unwrap();
        tick(&state, &mut memory).await.unwrap();
        let failed = store.list_schedule_runs("ingest", None, 10).await.unwrap();
        assert_eq!(failed.iter().map(|run| (run.state, run.attempt)).collect::<Vec<_>>(), [(RunState::Waiting, 1)]);
        assert!(failed[0].message.as_deref().unwrap().contains("inbox"), "{failed:?}");
        assert_eq!(rows(&state, "dim_citizens").await, 3);
    }

    #[tokio::test]
    async fn the_ticker_waits_for_other_work() {
        let house = House::new().await;
        let state = AppState::new(house.deployment.clone(), Cookies::Loopback);
        let _busy = state.work.lock().await;
        tick(&state, &mut Memory::default()).await.unwrap();
        assert!(state.deployment.warehouse.release().is_none());
    }
}
