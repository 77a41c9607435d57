//! Tasks that stewards hold, put off and hand on: each step and each refusal, and random histories against a simple model.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kanak_model::match_pair::Decision;
use kanak_model::source_system::{Load, Stakes};
use kanak_model::steward_task::{Impact, StepRefused, TaskState};
use kanak_model::{Caller, GoldenId, Role, StewardTaskId, Timestamp, UserId};
use kanak_store::{StoreError, TaskCounts, TaskFilter, TaskQuery};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand::SeedableRng;

use crate::histories::on_some;
use crate::hub::{Hub, all, citizens, doubtful, file, model, on_both, record};

const ROWS: [(&str, &str); 4] = [("a", "Asha"), ("b", "Asha Rani"), ("c", "Charan"), ("d", "Deepa")];
const ONE: StewardTaskId = StewardTaskId(1);
const MINUTE: Duration = Duration::from_secs(60);
/// Later than all that these tests do before they move the clock.
const START: i64 = 1_000_000_000;

fn apart() -> Vec<Vec<i64>> {
    (1..=4).map(|id| vec![id]).collect()
}

fn pairs() -> Vec<kanak_model::match_pair::MatchPair> {
    vec![doubtful(1, 2, 0.9), doubtful(2, 3, 0.8), doubtful(3, 4, 0.7)]
}

/// Tasks 1 to 3, and two stewards and a supervisor.
async fn three(hub: &Hub) -> [UserId; 3] {
    hub.load(Load::Snapshot, &ROWS).await.unwrap();
    hub.resolve_with(&apart(), pairs()).await.unwrap();
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    let mut made = Vec::new();
    for (name, roles) in [
        ("asha", vec![Role::Steward]),
        ("bina", vec![Role::Steward]),
        ("chitra", vec![Role::Steward, Role::Supervisor]),
    ] {
        let (by, roles) = (Caller::system("test"), roles.into_iter().collect());
        made.push(hub.store.create_user(&by, name, "a long password", &roles, None, &mut rng).await.unwrap());
    }
    hub.clock.set(START);
    [made[0], made[1], made[2]]
}

async fn listed(hub: &Hub, state: TaskFilter) -> BTreeSet<i64> {
    let tasks = hub.store.list_steward_tasks(&all(), &TaskQuery::new(state, 100)).await.unwrap();
    tasks.iter().map(|task| task.id.0).collect()
}

fn held(error: &StoreError) -> (&str, Timestamp) {
    match error {
        StoreError::TaskHeld { by, until, .. } => (by, *until),
        other => panic!("{other}"),
    }
}

fn step_refused(error: StoreError) -> StepRefused {
    match error {
        StoreError::TaskStep { refused, .. } => refused,
        other => panic!("{other}"),
    }
}

#[test]
fn a_claimed_task_is_one_stewards_until_it_is_released_or_its_time_is_over() {
    on_both(async |hub: Hub| {
        let [asha, bina, chitra] = three(&hub).await;
        let store = &hub.store;
        let task = store.claim_task(ONE, asha, MINUTE).await.unwrap();
        let TaskState::Claimed { by, until, .. } = task.state else { panic!("{task:?}") };
        assert!(by == asha && until.0 >= START + 60_000_000);
        assert_eq!(
            (listed(&hub, TaskFilter::Open).await, listed(&hub, TaskFilter::Claimed).await),
            ([2, 3].into(), [1].into())
        );
        for error in [
            store.claim_task(ONE, bina, MINUTE).await.unwrap_err(),
            store.defer_task(ONE, bina, Timestamp(START * 9), "papers").await.unwrap_err(),
            store.escalate_task(ONE, bina, Role::Supervisor, "unsure").await.unwrap_err(),
            store.decide_task(ONE, bina, Decision::Match, "seen").await.unwrap_err(),
            store.release_task(ONE, bina).await.unwrap_err(),
            store.ask_field_check(ONE, bina, "Who lives there?", "Patwari").await.unwrap_err(),
        ] {
            assert_eq!(held(&error), ("asha", until), "{error}");
            assert!(error.to_string().contains("held by asha until 1970-"), "{error}");
        }
        let mine = TaskQuery { of: Some(asha), ..TaskQuery::new(TaskFilter::Claimed, 9) };
        assert_eq!(store.list_steward_tasks(&all(), &mine).await.unwrap().len(), 1);
        let others = TaskQuery { of: Some(bina), ..TaskQuery::new(TaskFilter::Claimed, 9) };
        assert!(store.list_steward_tasks(&all(), &others).await.unwrap().is_empty());
        // Held for longer by the same steward, given back by a supervisor.
        hub.clock.set(START + 30_000_000);
        let longer = store.claim_task(ONE, asha, MINUTE).await.unwrap();
        assert!(matches!(longer.state, TaskState::Claimed { until: later, .. } if later > until));
        assert_eq!(store.release_task(ONE, chitra).await.unwrap().state, TaskState::Open);
        let error = store.release_task(ONE, asha).await.unwrap_err();
        assert!(matches!(error, StoreError::TaskState { .. }), "{error}");
        // Its time over, it counts as open before anybody has written that down, and another takes it.
        store.claim_task(ONE, asha, MINUTE).await.unwrap();
        hub.clock.set(START + 200_000_000);
        assert_eq!(listed(&hub, TaskFilter::Open).await, [1, 2, 3].into());
        assert!(listed(&hub, TaskFilter::Claimed).await.is_empty());
        assert_eq!(
            store.count_steward_tasks(&all(), None).await.unwrap(),
            TaskCounts { open: 3, ..TaskCounts::default() }
        );
        assert_eq!(store.get_steward_task(&all(), &model(), ONE).await.unwrap().task.state, TaskState::Open);
        store.decide_task(ONE, bina, Decision::NoMatch, "sisters").await.unwrap();
        let told: Vec<(String, String)> = store
            .list_audit_events(0, 99)
            .await
            .unwrap()
            .into_iter()
            .filter(|entry| entry.event.subject == "steward task 1")
            .map(|entry| (entry.event.actor, entry.event.action))
            .collect();
        let told: Vec<(&str, &str)> = told.iter().map(|(actor, action)| (actor.as_str(), action.as_str())).collect();
        let expected = [
            ("asha", "task_claimed"),
            ("asha", "task_claimed"),
            ("chitra", "task_released"),
            ("asha", "task_claimed"),
            ("system:stewardship", "claim_expired"),
            ("bina", "task_decided"),
        ];
        assert_eq!(told, expected);
    });
}

#[test]
fn a_deferred_task_comes_back_by_itself() {
    on_both(async |hub: Hub| {
        let [asha, bina, _] = three(&hub).await;
        let store = &hub.store;
        let until = Timestamp(START + 500_000_000);
        let error = store.defer_task(ONE, asha, Timestamp(START), "papers").await.unwrap_err();
        assert_eq!(step_refused(error), StepRefused::Past);
        assert!(matches!(store.defer_task(ONE, asha, until, " ").await, Err(StoreError::Reason { .. })));
        let task = store.defer_task(ONE, asha, until, "papers asked for").await.unwrap();
        assert!(matches!(&task.state, TaskState::Deferred { reason, .. } if reason == "papers asked for"));
        assert_eq!(
            (listed(&hub, TaskFilter::Open).await, listed(&hub, TaskFilter::Deferred).await),
            ([2, 3].into(), [1].into())
        );
        let error = store.claim_task(ONE, bina, MINUTE).await.unwrap_err();
        assert_eq!(held(&error), ("asha", until));
        // Doubted anew meanwhile, it stays put off.
        hub.resolve_with(&apart(), pairs()).await.unwrap();
        assert_eq!(listed(&hub, TaskFilter::Deferred).await, [1].into());
        assert_eq!(store.return_due_tasks().await.unwrap(), 0);
        hub.clock.set(until.0);
        assert_eq!(listed(&hub, TaskFilter::Open).await, [1, 2, 3].into());
        let page = TaskQuery::new(TaskFilter::Open, 1);
        let first = store.list_steward_tasks(&all(), &page).await.unwrap();
        let rest =
            TaskQuery { after: Some(kanak_store::TaskCursor::after(&first[0])), ..TaskQuery::new(TaskFilter::Open, 9) };
        assert_eq!(
            store.list_steward_tasks(&all(), &rest).await.unwrap().len(),
            2,
            "what is due stands in the same order"
        );
        assert_eq!(store.return_due_tasks().await.unwrap(), 1);
        assert_eq!(store.return_due_tasks().await.unwrap(), 0);
        assert_eq!(listed(&hub, TaskFilter::Open).await, [1, 2, 3].into());
        let last = store.list_audit_events(0, 99).await.unwrap().pop().unwrap().event;
        assert_eq!((last.actor.as_str(), last.action.as_str()), ("system:stewardship", "deferral_ended"));
    });
}

#[test]
fn an_escalated_task_waits_for_a_steward_with_the_role_also_after_a_claim_and_an_undoing() {
    on_both(async |hub: Hub| {
        let [asha, bina, chitra] = three(&hub).await;
        let store = &hub.store;
        let error = store.escalate_task(ONE, asha, Role::Auditor, "unsure").await.unwrap_err();
        assert_eq!(step_refused(error), StepRefused::Role { to: Role::Auditor });
        store.escalate_task(ONE, asha, Role::Supervisor, "twins perhaps").await.unwrap();
        assert_eq!(
            (listed(&hub, TaskFilter::Open).await, listed(&hub, TaskFilter::Escalated).await),
            ([2, 3].into(), [1].into())
        );
        let waits = StepRefused::WaitsFor { role: Role::Supervisor };
        for by in [asha, bina] {
            assert_eq!(step_refused(store.claim_task(ONE, by, MINUTE).await.unwrap_err()), waits);
            let error = store.decide_task(ONE, by, Decision::Match, "seen").await.unwrap_err();
            assert!(error.to_string().contains("waits for a supervisor"), "{error}");
        }
        assert_eq!(step_refused(store.release_task(ONE, bina).await.unwrap_err()), waits, "bina did not escalate it");
        let error = store.escalate_task(ONE, chitra, Role::Supervisor, "no").await.unwrap_err();
        assert_eq!(step_refused(error), StepRefused::Role { to: Role::Supervisor });
        store.claim_task(ONE, chitra, MINUTE).await.unwrap();
        hub.clock.set(START + 61_000_000);
        assert_eq!(listed(&hub, TaskFilter::Escalated).await, [1].into(), "it waits for whom it waited");
        store.decide_task(ONE, chitra, Decision::NoMatch, "twins").await.unwrap();
        let undone = store.undo_decision(ONE, chitra).await.unwrap();
        assert!(matches!(&undone.state, TaskState::Escalated(one) if one.reason == "twins perhaps" && one.by == asha));
        assert_eq!(
            store.release_task(ONE, asha).await.unwrap().state,
            TaskState::Open,
            "who escalated it takes it back"
        );
        // One that lapses is nobody's when it comes back.
        store.escalate_task(ONE, asha, Role::Department, "theirs").await.unwrap();
        store.claim_task(StewardTaskId(2), asha, MINUTE).await.unwrap();
        hub.resolve_with(&apart(), Vec::new()).await.unwrap();
        assert_eq!(listed(&hub, TaskFilter::Lapsed).await, [1, 2, 3].into());
        hub.resolve_with(&apart(), pairs()).await.unwrap();
        assert_eq!(listed(&hub, TaskFilter::Open).await, [1, 2, 3].into());
    });
}

#[test]
fn a_task_of_a_retired_source_record_lapses_whoever_holds_it() {
    on_both(async |hub: Hub| {
        let [asha, ..] = three(&hub).await;
        hub.store.claim_task(ONE, asha, MINUTE).await.unwrap();
        hub.store.defer_task(StewardTaskId(2), asha, Timestamp(START * 9), "papers").await.unwrap();
        hub.load(Load::Snapshot, &[ROWS[0], ROWS[2], ROWS[3]]).await.unwrap();
        assert_eq!(listed(&hub, TaskFilter::Lapsed).await, [1, 2].into());
        let error = hub.store.decide_task(ONE, asha, Decision::Match, "seen").await.unwrap_err();
        assert!(matches!(error, StoreError::TaskState { needed: "open", .. }), "{error}");
        for check in hub.store.check_invariants().await.unwrap() {
            assert!(check.passed, "{}: {}", check.name, check.detail);
        }
    });
}

#[test]
fn the_queue_is_narrowed_to_a_district_and_a_department() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let count = async |query: TaskQuery<'_>| hub.store.list_steward_tasks(&all(), &query).await.unwrap().len();
        let open = TaskQuery::new(TaskFilter::Open, 9);
        assert_eq!(count(TaskQuery { district: Some("41"), ..open }).await, 3);
        assert_eq!(count(TaskQuery { district: Some("42"), ..open }).await, 0);
        assert_eq!(count(TaskQuery { department: Some("food"), ..open }).await, 3);
        assert_eq!(count(TaskQuery { department: Some("health"), district: Some("41"), ..open }).await, 0);
    });
}

#[test]
fn a_task_is_asked_earlier_the_more_hangs_on_it() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &ROWS).await.unwrap();
        let pension = kanak_model::SourceSystem { stakes: Stakes::Benefit, ..citizens("pension") };
        let pension = hub.store.ensure_source_system(&pension).await.unwrap();
        let mut run = hub.store.begin_ingest(pension, file("pension.csv", Load::Snapshot)).await.unwrap();
        run.add(vec![record("p", "Deepa"), record("q", "Esha")]).await.unwrap();
        run.finish().await.unwrap();
        // 1 and 2 are one golden record, 5 and 6 stand in the pension register.
        let groups = vec![vec![1, 2], vec![3], vec![4], vec![5], vec![6]];
        let pairs = || vec![doubtful(3, 4, 0.5), doubtful(2, 3, 0.5), doubtful(4, 5, 0.5), doubtful(5, 6, 0.99)];
        hub.resolve_with(&groups, pairs()).await.unwrap();
        let priorities = async || -> BTreeMap<i64, f64> {
            let tasks = hub.store.list_steward_tasks(&all(), &TaskQuery::new(TaskFilter::Open, 9)).await.unwrap();
            tasks.iter().map(|task| (task.id.0, task.priority)).collect()
        };
        let by = |source_records, benefit_registers, confirmed, probability| {
            Impact { source_records, benefit_registers, confirmed }.priority(probability)
        };
        let expected = [(1, by(2, 0, 0, 0.5)), (2, by(3, 0, 0, 0.5)), (3, by(2, 1, 0, 0.5)), (4, by(2, 1, 0, 0.99))];
        assert_eq!(priorities().await, expected.into());
        let tasks = hub.store.list_steward_tasks(&all(), &TaskQuery::new(TaskFilter::Open, 9)).await.unwrap();
        assert_eq!(tasks.iter().map(|task| task.id.0).collect::<Vec<_>>(), [3, 2, 1, 4]);
        // Confirmed by a steward meanwhile, it is written anew by the next resolution.
        hub.store.confirm_golden(GoldenId(1), UserId(1), "seen").await.unwrap();
        hub.resolve_with(&groups, pairs()).await.unwrap();
        let expected = BTreeMap::from([expected[0], (2, by(3, 0, 1, 0.5)), expected[2], expected[3]]);
        assert_eq!(priorities().await, expected);
    });
}

/// One thing that happens to a task: a steward tries something, or time passes.
#[derive(Debug, Clone, Copy)]
enum Try {
    Claim {
        minutes: i64,
    },
    Release,
    Defer {
        minutes: i64,
    },
    Escalate,
    Decide,
    Undo,
    /// The hub writes down what is due.
    Return,
    Pass {
        minutes: i64,
    },
}

/// Where a task stands, in the plainest words: who holds it until when, whether a supervisor is needed, whether it is decided.
#[derive(Debug, Clone, Copy, Default)]
struct Plain {
    held: Option<(usize, i64, TaskFilterWord)>,
    escalated_by: Option<usize>,
    is_decided: bool,
}

type TaskFilterWord = &'static str;

impl Plain {
    fn word(&self) -> TaskFilterWord {
        match (self.is_decided, self.held, self.escalated_by) {
            (true, ..) => "decided",
            (false, Some((.., word)), _) => word,
            (false, None, Some(_)) => "escalated",
            (false, None, None) => "open",
        }
    }

    /// Whether a steward may act; 2 is the supervisor.
    fn may(&self, who: usize) -> bool {
        !self.is_decided && self.held.is_none_or(|held| held.0 == who) && (self.escalated_by.is_none() || who == 2)
    }

    /// Does it; tells whether it was allowed.
    fn take(&mut self, who: usize, tried: Try, now: i64) -> bool {
        let allowed = match tried {
            Try::Claim { .. } | Try::Defer { .. } | Try::Decide => self.may(who),
            Try::Escalate => self.may(who) && self.escalated_by.is_none(),
            Try::Release => match (self.is_decided, self.held, self.escalated_by) {
                (false, Some((by, ..)), _) => by == who || who == 2,
                (false, None, Some(by)) => by == who || who == 2,
                _ => false,
            },
            // What was handed on to the third is the third's to undo.
            Try::Undo => self.is_decided && (self.escalated_by.is_none() || who == 2),
            Try::Return | Try::Pass { .. } => true,
        };
        if allowed {
            match tried {
                Try::Claim { minutes } => self.held = Some((who, now + minutes, "claimed")),
                Try::Defer { minutes } => self.held = Some((who, now + minutes, "deferred")),
                Try::Decide => (self.is_decided, self.held) = (true, None),
                Try::Escalate => (self.escalated_by, self.held) = (Some(who), None),
                Try::Release if self.held.is_some() => self.held = None,
                Try::Release => self.escalated_by = None,
                Try::Undo => self.is_decided = false,
                Try::Return | Try::Pass { .. } => {}
            }
        }
        allowed
    }
}

fn tries() -> impl Strategy<Value = Vec<(usize, usize, Try)>> {
    let tried = prop_oneof![
        4 => (1_i64..6).prop_map(|minutes| Try::Claim { minutes }),
        2 => Just(Try::Release),
        2 => (1_i64..6).prop_map(|minutes| Try::Defer { minutes }),
        2 => Just(Try::Escalate),
        2 => Just(Try::Decide),
        1 => Just(Try::Undo),
        1 => Just(Try::Return),
        3 => (1_i64..4).prop_map(|minutes| Try::Pass { minutes }),
    ];
    proptest::collection::vec((0_usize..3, 0_usize..3, tried), 20..50)
}

#[test]
fn random_histories_of_three_stewards_go_as_a_simple_model_says() {
    let config = Config::default();
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for number in 0..24 {
        let history = tries().new_tree(&mut runner).unwrap().current();
        on_some(number, async |hub: Hub| {
            let users = three(&hub).await;
            let mut plain = [Plain::default(); 3];
            let mut now = 0_i64;
            for (who, which, tried) in &history {
                let (by, id) = (users[*who], StewardTaskId(*which as i64 + 1));
                // Half a minute beside what the model counts by: a claim ends between two looks.
                let at = |minutes: i64| Timestamp(START + minutes * 60_000_000 + 30_000_000);
                hub.clock.set(START + now * 60_000_000);
                let store = &hub.store;
                let done = match tried {
                    Try::Claim { minutes } => {
                        store.claim_task(id, by, Duration::from_secs(*minutes as u64 * 60 - 30)).await.map(drop)
                    }
                    Try::Release => store.release_task(id, by).await.map(drop),
                    Try::Defer { minutes } => store.defer_task(id, by, at(now + minutes - 1), "later").await.map(drop),
                    Try::Escalate => store.escalate_task(id, by, Role::Supervisor, "unsure").await.map(drop),
                    Try::Decide => store.decide_task(id, by, Decision::NoMatch, "seen").await.map(drop),
                    Try::Undo => store.undo_decision(id, by).await.map(drop),
                    Try::Return => store.return_due_tasks().await.map(drop),
                    Try::Pass { minutes } => {
                        now += minutes;
                        hub.clock.set(START + now * 60_000_000);
                        for one in &mut plain {
                            one.held = one.held.filter(|held| held.1 > now);
                        }
                        Ok(())
                    }
                };
                let expected = plain[*which].take(*who, *tried, now);
                assert_eq!(done.is_ok(), expected, "{who} {which} {tried:?}: {done:?} in {history:?}");
                for state in TaskFilter::ALL {
                    let stand: BTreeSet<i64> =
                        (1..=3).zip(&plain).filter(|(_, one)| one.word() == state.word()).map(|(id, _)| id).collect();
                    assert_eq!(listed(&hub, state).await, stand, "{state:?} after {tried:?} in {history:?}");
                }
            }
            let counts = hub.store.count_steward_tasks(&all(), None).await.unwrap();
            let decided = plain.iter().filter(|one| one.is_decided).count() as u64;
            assert_eq!((counts.decided, counts.undecided()), (decided, 3 - decided));
            for check in hub.store.check_invariants().await.unwrap() {
                assert!(check.passed, "{}: {}", check.name, check.detail);
            }
        });
    }
}
