//! Schedules: every interval once, whoever works; missed ones caught up; a worker that is gone is followed by another.

use std::collections::BTreeMap;
use std::time::Duration;

use kanak_model::{Caller, Timestamp};
use kanak_store::{Attempt, Begins, CatchUp, Job, NewSchedule, OF_THE_HUB, Run, RunState, Store, StoreError};

use crate::hub::{Hub, on_both};

const LONG: Duration = Duration::from_secs(600);
const SECOND: i64 = 1_000_000;
/// The hub's clock when schedules are made: a time at which an interval of ten seconds begins.
const BEGIN: i64 = 1_000 * SECOND;

fn by() -> Caller {
    Caller::system("test")
}

fn every_ten_seconds(name: &str, catch_up: CatchUp) -> NewSchedule {
    NewSchedule {
        name: name.to_owned(),
        job: Job::Refresh,
        every: Duration::from_secs(10),
        offset: Duration::ZERO,
        catch_up,
        retries_max: 1,
        begins: Begins::AtOnce,
    }
}

async fn declare(hub: &Hub, new: NewSchedule) {
    hub.clock.set(BEGIN);
    hub.store.declare_schedules(&[new]).await.unwrap();
}

async fn take(store: &Store, worker: &str, lasts: Duration) -> Option<Run> {
    store.take_run("x", OF_THE_HUB, worker, lasts).await.unwrap()
}

/// Intervals of all runs, in seconds since the beginning, with their states.
async fn runs(store: &Store) -> Vec<(i64, i64, RunState)> {
    let seconds = |at: Timestamp| (at.0 - BEGIN) / SECOND;
    let mut runs = store.list_schedule_runs("x", None, 1_000).await.unwrap();
    runs.reverse();
    runs.into_iter().map(|run| (seconds(run.from), seconds(run.to), run.state)).collect()
}

#[test]
fn missed_intervals_are_caught_up_by_one_run_or_by_one_each() {
    on_both(async |hub: Hub| {
        let store = &hub.store;
        declare(&hub, every_ten_seconds("x", CatchUp::Each)).await;
        assert_eq!(store.plan_runs("x", OF_THE_HUB).await.unwrap(), 0, "no interval has ended");
        hub.clock.set(BEGIN + 35 * SECOND);
        assert_eq!(store.plan_runs("x", OF_THE_HUB).await.unwrap(), 3);
        assert_eq!(store.plan_runs("x", OF_THE_HUB).await.unwrap(), 0, "an interval has one run");
        let waiting = RunState::Waiting;
        assert_eq!(runs(store).await, [(0, 10, waiting), (10, 20, waiting), (20, 30, waiting)]);
        assert_eq!(store.plan_runs("x", "a lake").await.unwrap(), 3, "each place has its own");

        hub.clock.set(BEGIN + 40 * SECOND);
        store.declare_schedules(&[every_ten_seconds("once", CatchUp::Once)]).await.unwrap();
        hub.clock.set(BEGIN + 75 * SECOND);
        assert_eq!(store.plan_runs("once", OF_THE_HUB).await.unwrap(), 1);
        let made = store.list_schedule_runs("once", None, 10).await.unwrap();
        assert_eq!(made[0].to, Timestamp(BEGIN + 70 * SECOND));
        hub.clock.set(BEGIN + 95 * SECOND);
        assert_eq!(store.plan_runs("once", OF_THE_HUB).await.unwrap(), 0, "what waits is done first");
    });
}

#[test]
fn of_many_workers_at_once_one_has_each_interval_and_they_come_in_order() {
    on_both(async |hub: Hub| {
        declare(&hub, every_ten_seconds("x", CatchUp::Each)).await;
        hub.clock.set(BEGIN + 100 * SECOND);
        hub.store.plan_runs("x", OF_THE_HUB).await.unwrap();
        let workers = (0..4).map(|worker| {
            let store = hub.store.clone();
            tokio::spawn(async move {
                let mut done = Vec::new();
                while store.list_schedule_runs("x", None, 1).await.unwrap()[0].state != RunState::Done {
                    if let Some(run) = take(&store, &format!("worker {worker}"), LONG).await {
                        done.push(run.from);
                        assert!(store.end_run(&run, Attempt::Done("done")).await.unwrap());
                    }
                }
                done
            })
        });
        let mut times: BTreeMap<Timestamp, usize> = BTreeMap::new();
        for worker in workers.collect::<Vec<_>>() {
            let done = worker.await.unwrap();
            assert!(done.is_sorted(), "{done:?}");
            for from in done {
                *times.entry(from).or_default() += 1;
            }
        }
        assert_eq!(times.len(), 10);
        assert!(times.values().all(|times| *times == 1), "{times:?}");
    });
}

#[test]
fn a_run_whose_lease_ran_out_is_taken_over_and_its_former_worker_writes_nothing() {
    on_both(async |hub: Hub| {
        let store = &hub.store;
        declare(&hub, every_ten_seconds("x", CatchUp::Once)).await;
        hub.clock.set(BEGIN + 10 * SECOND);
        store.plan_runs("x", OF_THE_HUB).await.unwrap();
        let gone = take(store, "a", Duration::ZERO).await.unwrap();
        let taken = take(store, "b", LONG).await.unwrap();
        assert_eq!((taken.id, taken.attempt), (gone.id, 2));
        assert_eq!(take(store, "c", LONG).await, None, "its lease goes on");
        assert!(!store.renew_run(&gone, LONG).await.unwrap());
        assert!(!store.end_run(&gone, Attempt::Done("late")).await.unwrap());
        assert!(store.renew_run(&taken, Duration::ZERO).await.unwrap());

        // One retry was allowed, and both workers are gone.
        assert_eq!(take(store, "c", LONG).await, None);
        let run = store.list_schedule_runs("x", None, 1).await.unwrap().remove(0);
        assert_eq!((run.state, run.message.as_deref()), (RunState::Failed, Some("its worker was gone")));
    });
}

#[test]
fn a_failed_run_is_tried_again_after_a_wait_and_fails_for_good_when_its_retries_are_used_up() {
    on_both(async |hub: Hub| {
        let store = &hub.store;
        declare(&hub, every_ten_seconds("x", CatchUp::Once)).await;
        hub.clock.set(BEGIN + 10 * SECOND);
        store.plan_runs("x", OF_THE_HUB).await.unwrap();
        let first = take(store, "a", LONG).await.unwrap();
        assert!(store.end_run(&first, Attempt::Failed("no disk")).await.unwrap());
        let run = store.list_schedule_runs("x", None, 1).await.unwrap().remove(0);
        assert_eq!((run.state, run.message.as_deref()), (RunState::Waiting, Some("no disk")));
        assert_eq!(take(store, "a", LONG).await, None, "it waits");
        hub.clock.set(run.due.0 + 1);
        let second = take(store, "a", LONG).await.unwrap();
        assert!(store.end_run(&second, Attempt::Failed("no disk still")).await.unwrap());
        assert_eq!(runs(store).await, [(0, 10, RunState::Failed)]);
        assert!(!store.end_run(&second, Attempt::Done("after all")).await.unwrap(), "what has ended stays so");

        hub.clock.set(run.due.0 + 20 * SECOND);
        assert_eq!(store.plan_runs("x", OF_THE_HUB).await.unwrap(), 1, "the next interval has its run all the same");
    });
}

#[test]
fn a_pause_makes_no_intervals_and_what_was_missed_is_caught_up_while_a_person_may_run_it_at_any_time() {
    on_both(async |hub: Hub| {
        let store = &hub.store;
        let paused = NewSchedule { begins: Begins::Paused, ..every_ten_seconds("x", CatchUp::Once) };
        declare(&hub, paused).await;
        hub.clock.set(BEGIN + 25 * SECOND);
        assert_eq!(store.plan_runs("x", OF_THE_HUB).await.unwrap(), 0);
        store.run_schedule_now(&by(), "x", OF_THE_HUB).await.unwrap();
        store.run_schedule_now(&by(), "x", OF_THE_HUB).await.unwrap();
        assert_eq!(runs(store).await, [(0, 25, RunState::Waiting)], "one that waits is enough");
        let run = take(store, "a", LONG).await.unwrap();
        store.end_run(&run, Attempt::Done("done")).await.unwrap();

        store.resume_schedule(&by(), "x").await.unwrap();
        assert!(store.list_schedules().await.unwrap().iter().all(|schedule| schedule.paused.is_none()));
        hub.clock.set(BEGIN + 45 * SECOND);
        store.plan_runs("x", OF_THE_HUB).await.unwrap();
        assert_eq!(runs(store).await[1], (25, 40, RunState::Waiting));
        store.pause_schedule(&by(), "x").await.unwrap();
        store.declare_schedules(&[every_ten_seconds("x", CatchUp::Each)]).await.unwrap();
        let schedule = store.list_schedules().await.unwrap().remove(0);
        assert!(schedule.paused.is_some() && schedule.catch_up == CatchUp::Once, "what is there stays as it is");
        let error = store.pause_schedule(&by(), "y").await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { what: "schedule", .. }), "{error}");
    });
}

#[test]
fn history_is_kept_up_to_a_number_and_intervals_go_on_where_they_were() {
    on_both(async |hub: Hub| {
        let store = &hub.store;
        declare(&hub, every_ten_seconds("x", CatchUp::Each)).await;
        hub.clock.set(BEGIN + 50 * SECOND);
        store.plan_runs("x", OF_THE_HUB).await.unwrap();
        for _ in 0..4 {
            let run = take(store, "a", LONG).await.unwrap();
            store.end_run(&run, Attempt::Done("done")).await.unwrap();
        }
        assert_eq!(store.prune_runs(2).await.unwrap(), 3);
        assert_eq!(runs(store).await, [(30, 40, RunState::Done), (40, 50, RunState::Waiting)]);
        let run = take(store, "a", LONG).await.unwrap();
        store.end_run(&run, Attempt::Done("done")).await.unwrap();
        assert_eq!(store.prune_runs(0).await.unwrap(), 1, "the last one stays");
        assert_eq!(store.plan_runs("x", OF_THE_HUB).await.unwrap(), 0, "nothing is done once more");
    });
}
