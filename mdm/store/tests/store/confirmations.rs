//! Golden records that stewards confirmed: by a decision or by themselves, and withdrawn again.

use kanak_model::match_pair::{Constraint, ConstraintKind, Decision};
use kanak_model::source_system::Load;
use kanak_model::{GoldenId, SourceRecordId, StewardTaskId, UserId};
use kanak_store::StoreError;

use crate::hub::{Hub, all, doubtful, model, on_both};

const FIVE: [(&str, &str); 5] =
    [("a", "Asha"), ("b", "Asha Rani"), ("c", "Charan"), ("d", "Deepa"), ("e", "Deepa Rani")];

fn confirmed(pairs: &[(i64, i64)]) -> Vec<Constraint> {
    let pair = |(left, right): &(i64, i64)| Constraint {
        left: SourceRecordId(*left),
        right: SourceRecordId(*right),
        kind: ConstraintKind::Confirmed,
    };
    pairs.iter().map(pair).collect()
}

async fn held(hub: &Hub) -> Vec<Constraint> {
    hub.store.list_confirmed("citizen").await.unwrap()
}

/// Golden records 1 of {1, 2}, 2 of {3} and 3 of {4, 5}; tasks about each two of them.
async fn three(hub: &Hub) {
    hub.load(Load::Snapshot, &FIVE).await.unwrap();
    let pairs = vec![doubtful(2, 3, 0.9), doubtful(3, 4, 0.8), doubtful(1, 5, 0.7)];
    hub.resolve_with(&[vec![1, 2], vec![3], vec![4, 5]], pairs).await.unwrap();
}

#[test]
fn a_match_confirms_all_that_both_golden_records_hold_until_it_is_undone() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        hub.store.decide_task(StewardTaskId(1), UserId(7), Decision::Match, "same mobile").await.unwrap();
        assert_eq!(held(&hub).await, confirmed(&[(1, 1), (1, 2), (1, 3)]));
        let waiting = hub.store.list_unresolved("citizen").await.unwrap().source_records;
        assert_eq!(waiting, [1, 2, 3].map(SourceRecordId), "what a rule may join is decided anew for all of them");
        hub.resolve_with(&[vec![1, 2, 3], vec![4, 5]], vec![doubtful(3, 4, 0.8)]).await.unwrap();
        let found = hub.store.find_confirmation(GoldenId(1)).await.unwrap().unwrap();
        assert_eq!((found.by, found.reason.as_str(), found.by_decision), (UserId(7), "same mobile", true));
        assert!(matches!(
            hub.store.withdraw_confirmation(GoldenId(1), UserId(7)).await,
            Err(StoreError::NotFound { what: "confirmation of golden record", .. })
        ));
        hub.store.undo_decision(StewardTaskId(1), UserId(8)).await.unwrap();
        assert!(held(&hub).await.is_empty());
        let waiting = hub.store.list_unresolved("citizen").await.unwrap().source_records;
        assert_eq!(waiting, [1, 2, 3].map(SourceRecordId));
    });
}

#[test]
fn no_match_confirms_nobody() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        hub.store.decide_task(StewardTaskId(1), UserId(7), Decision::NoMatch, "sisters").await.unwrap();
        assert!(held(&hub).await.is_empty());
    });
}

#[test]
fn a_task_about_two_confirmed_golden_records_says_so() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let says =
            async || hub.store.get_steward_task(&all(), &model(), StewardTaskId(3)).await.unwrap().both_confirmed;
        hub.store.confirm_golden(GoldenId(1), UserId(7), "seen both papers").await.unwrap();
        assert!(!says().await, "one of two");
        hub.store.confirm_golden(GoldenId(3), UserId(7), "seen both papers").await.unwrap();
        assert!(says().await);
        assert_eq!(held(&hub).await, confirmed(&[(1, 1), (1, 2), (4, 4), (4, 5)]));
        // Whoever says that they are the same makes one confirmed golden record of both.
        hub.store.decide_task(StewardTaskId(3), UserId(7), Decision::Match, "the same after all").await.unwrap();
        assert_eq!(held(&hub).await, confirmed(&[(1, 1), (1, 2), (1, 4), (1, 5)]));
        hub.store.undo_decision(StewardTaskId(3), UserId(7)).await.unwrap();
        assert_eq!(held(&hub).await, confirmed(&[(1, 1), (1, 2), (4, 4), (4, 5)]));
    });
}

#[test]
fn a_confirmation_is_withdrawn_by_who_may_and_both_are_in_the_trail() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        hub.store.confirm_golden(GoldenId(3), UserId(7), "seen").await.unwrap();
        hub.resolve(&[vec![1, 2], vec![3], vec![4, 5]]).await.unwrap();
        hub.store.withdraw_confirmation(GoldenId(3), UserId(8)).await.unwrap();
        assert!(held(&hub).await.is_empty());
        assert_eq!(hub.store.find_confirmation(GoldenId(3)).await.unwrap(), None);
        let waiting = hub.store.list_unresolved("citizen").await.unwrap().source_records;
        assert_eq!(waiting, [4, 5].map(SourceRecordId));
        let entries = hub.store.list_audit_events(0, 9).await.unwrap();
        let told: Vec<(&str, &str)> =
            entries.iter().map(|entry| (entry.event.action.as_str(), entry.event.subject.as_str())).collect();
        let id = GoldenId(3).to_string();
        assert_eq!(told, [("golden_record_confirmed", id.as_str()), ("confirmation_withdrawn", id.as_str())]);
        for refused in [GoldenId(3), GoldenId(99)] {
            let error = hub.store.withdraw_confirmation(refused, UserId(8)).await.unwrap_err();
            assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
        }
        assert!(matches!(hub.store.confirm_golden(GoldenId(1), UserId(7), " ").await, Err(StoreError::Reason { .. })));
    });
}

#[test]
fn a_retired_source_record_is_not_heard_of_until_it_is_back() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        hub.store.confirm_golden(GoldenId(3), UserId(7), "seen").await.unwrap();
        hub.load(Load::Snapshot, &FIVE[..4]).await.unwrap();
        assert_eq!(held(&hub).await, confirmed(&[(4, 4)]));
        hub.load(Load::Snapshot, &FIVE).await.unwrap();
        assert_eq!(held(&hub).await, confirmed(&[(4, 4), (4, 5)]));
    });
}
