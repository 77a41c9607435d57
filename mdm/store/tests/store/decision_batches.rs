//! Many tasks decided at once, and undone at once.

use kanak_model::four_eyes::FourEyes;
use kanak_model::match_pair::Decision;
use kanak_model::source_system::Load;
use kanak_model::{DecisionBatchId, StewardTaskId, UserId};
use kanak_store::{BATCH_MAX, BatchTerms, DecidedAtOnce, StoreError, TaskCounts};

use crate::hub::{Hub, all, doubtful, on_both};

const BY: UserId = UserId(7);

/// Tasks 1 to 3 about (1,2), (2,3) and (1,3), and 4 about (3,4).
async fn four(hub: &Hub) {
    hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Asha Rani"), ("c", "Charan"), ("d", "Deepa")]).await.unwrap();
    let pairs = vec![doubtful(1, 2, 0.9), doubtful(2, 3, 0.8), doubtful(1, 3, 0.7), doubtful(3, 4, 0.2)];
    hub.resolve_with(&[vec![1], vec![2], vec![3], vec![4]], pairs).await.unwrap();
}

fn ids(tasks: &[i64]) -> Vec<StewardTaskId> {
    tasks.iter().copied().map(StewardTaskId).collect()
}

async fn decide(hub: &Hub, tasks: &[i64], decision: Decision, terms: BatchTerms) -> DecidedAtOnce {
    let policy = FourEyes { match_below: Some(0.3), ..FourEyes::default() };
    hub.store.decide_tasks(&policy, &ids(tasks), BY, decision, "one family", terms).await.unwrap()
}

fn refused(done: &DecidedAtOnce) -> Vec<i64> {
    done.refused.iter().map(|(task, _)| task.0).collect()
}

async fn counts(hub: &Hub) -> TaskCounts {
    hub.store.count_steward_tasks(&all(), None).await.unwrap()
}

#[test]
fn all_are_decided_or_none_and_each_refusal_is_told() {
    on_both(async |hub: Hub| {
        four(&hub).await;
        let audited = hub.store.list_audit_events(0, 99).await.unwrap().len();
        hub.store.decide_task(StewardTaskId(1), BY, Decision::NoMatch, "sisters").await.unwrap();
        // Decided, contradicted by a decision of the same batch and by an earlier one, in need of a second steward, unknown.
        let done = decide(&hub, &[1, 2, 3, 4, 9, 2], Decision::Match, BatchTerms::AllOrNothing).await;
        assert_eq!((done.id, done.decided.len(), refused(&done)), (None, 0, vec![1, 3, 4, 9]));
        let why: Vec<String> = done.refused.iter().map(|(_, error)| error.to_string()).collect();
        for (why, says) in why.iter().zip(["is decided", "contradicts decision 1", "second steward", "no steward task"])
        {
            assert!(why.contains(says), "{why}");
        }
        assert_eq!(
            counts(&hub).await,
            TaskCounts { open: 3, decided: 1, ..TaskCounts::default() },
            "nothing was decided"
        );
        assert_eq!(hub.store.list_audit_events(0, 99).await.unwrap().len(), audited + 1);

        let done = decide(&hub, &[1, 2, 3, 4, 9], Decision::Match, BatchTerms::WhatCan).await;
        assert_eq!(done.decided.iter().map(|one| one.0.0).collect::<Vec<_>>(), [2]);
        assert_eq!(refused(&done), [1, 3, 4, 9]);
        assert_eq!(counts(&hub).await, TaskCounts { open: 2, decided: 2, ..TaskCounts::default() });
        for check in hub.store.check_invariants().await.unwrap() {
            assert!(check.name == "must_links_hold" || check.passed, "{}: {}", check.name, check.detail);
        }
    });
}

#[test]
fn what_was_decided_at_once_is_undone_at_once_but_for_what_was_undone_before() {
    on_both(async |hub: Hub| {
        four(&hub).await;
        let done = decide(&hub, &[1, 2, 3, 4], Decision::NoMatch, BatchTerms::AllOrNothing).await;
        let id = done.id.unwrap();
        assert_eq!((done.decided.len(), done.refused.len()), (4, 0));
        assert_eq!(hub.store.list_batch_tasks(id).await.unwrap(), ids(&[1, 2, 3, 4]));
        hub.store.undo_decision(StewardTaskId(2), BY).await.unwrap();
        hub.store.decide_task(StewardTaskId(2), BY, Decision::NoMatch, "again").await.unwrap();
        let undone = hub.store.undo_tasks(&FourEyes::default(), id, UserId(8), "").await.unwrap();
        assert_eq!(undone.iter().map(|task| task.id.0).collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(counts(&hub).await, TaskCounts { open: 3, decided: 1, ..TaskCounts::default() });
        for gone in [id, DecisionBatchId(9)] {
            let error = hub.store.undo_tasks(&FourEyes::default(), gone, BY, "").await.unwrap_err();
            assert!(matches!(error, StoreError::BatchUndone(_)), "{error}");
        }
        let last = hub.store.list_audit_events(0, 99).await.unwrap().pop().unwrap().event;
        assert_eq!((last.action.as_str(), last.subject.as_str()), ("decisions_undone", "decisions 1"));
    });
}

#[test]
fn a_batch_has_a_reason_a_decision_and_a_size() {
    on_both(async |hub: Hub| {
        four(&hub).await;
        let decide = async |tasks: Vec<StewardTaskId>, decision, reason: &str| {
            hub.store.decide_tasks(&FourEyes::default(), &tasks, BY, decision, reason, BatchTerms::WhatCan).await
        };
        assert!(matches!(decide(ids(&[1]), Decision::Review, "x").await, Err(StoreError::NoDecision)));
        assert!(matches!(decide(ids(&[1]), Decision::Match, " ").await, Err(StoreError::Reason { .. })));
        for count in [0, BATCH_MAX as i64 + 1] {
            let tasks = (1..=count).map(StewardTaskId).collect();
            let error = decide(tasks, Decision::Match, "x").await.unwrap_err();
            assert!(matches!(error, StoreError::BatchSize { max: BATCH_MAX, .. }), "{error}");
        }
        let most = decide((1..=BATCH_MAX as i64).map(StewardTaskId).collect(), Decision::NoMatch, "x").await.unwrap();
        assert_eq!((most.decided.len(), most.refused.len()), (4, BATCH_MAX - 4));
    });
}
