//! The ledger copied into another hub: the same sources, versions and decisions, and nothing that follows from them.

use std::collections::BTreeSet;

use kanak_model::match_pair::Decision;
use kanak_model::source_system::Load;
use kanak_model::{SourceRecordId, StewardTaskId, UserId};
use kanak_store::{HubUrl, Resolution, Scope, Store, StoreError, TaskFilter, TaskQuery};

use crate::histories::{histories, on_some, take};
use crate::hub::{Hub, all, changes, doubtful, model, on_both};

async fn scratch(hub: &Hub) -> Store {
    let url = HubUrl::Sqlite(hub.dir.path().join("scratch.sqlite"));
    Store::open(&url, hub.clock.clone()).await.unwrap()
}

async fn hold(store: &Store) {
    for check in store.check_invariants().await.unwrap() {
        assert!(check.passed, "{}: {} ({})", check.name, check.what, check.detail);
    }
}

#[test]
fn a_copy_holds_the_ledger_and_waits_for_a_resolution() {
    for (number, history) in histories(12).iter().enumerate() {
        on_some(number, async |hub: Hub| {
            for step in history {
                take(&hub, step).await;
            }
            let copy = scratch(&hub).await;
            hub.store.copy_ledger_into(&copy).await.unwrap();
            let records = hub.records().await;
            assert_eq!(copy.list_source_records(&all(), "citizen").await.unwrap(), records);
            assert_eq!(copy.list_source_systems().await.unwrap(), hub.store.list_source_systems().await.unwrap());
            assert_eq!(
                copy.list_constraints("citizen").await.unwrap(),
                hub.store.list_constraints("citizen").await.unwrap()
            );
            let decided = async |store: &Store| {
                store.list_steward_tasks(&all(), &TaskQuery::new(TaskFilter::Decided, 100)).await.unwrap()
            };
            assert_eq!(decided(&copy).await, decided(&hub.store).await);
            assert_eq!(
                copy.get_rule_set("citizen", hub.rules).await.unwrap(),
                hub.store.get_rule_set("citizen", hub.rules).await.unwrap()
            );
            let runs = async |store: &Store| store.list_ingest_runs(None, None, 100).await.unwrap();
            assert_eq!(runs(&copy).await, runs(&hub.store).await);
            let waiting = copy.list_unresolved("citizen").await.unwrap().source_records;
            assert_eq!(waiting, records.iter().map(|record| record.id).collect::<Vec<_>>());
            assert_eq!(copy.list_golden_versions(&all(), &model(), None, 1).await.unwrap(), []);
            hold(&copy).await;
            let error = hub.store.copy_ledger_into(&copy).await.unwrap_err();
            assert!(matches!(error, StoreError::NotEmpty), "{error}");
            assert_eq!(copy.list_source_records(&all(), "citizen").await.unwrap(), records);
            copy.close().await;
        });
    }
}

#[test]
fn a_resolution_in_the_copy_leaves_every_decision_on_its_own_task() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Asha Rani"), ("c", "Charan"), ("d", "Deepa")]).await.unwrap();
        let pairs = || vec![doubtful(1, 2, 0.9), doubtful(2, 3, 0.8), doubtful(3, 4, 0.7)];
        let apart: Vec<Vec<i64>> = (1..=4).map(|id| vec![id]).collect();
        hub.resolve_with(&apart, pairs()).await.unwrap();
        hub.store.decide_task(StewardTaskId(2), UserId(1), Decision::NoMatch, "father and son").await.unwrap();
        hub.store.decide_task(StewardTaskId(1), UserId(1), Decision::NoMatch, "sisters").await.unwrap();
        hub.store.undo_decision(StewardTaskId(1), UserId(1)).await.unwrap();
        hub.resolve_with(&apart, pairs()).await.unwrap();
        let copy = scratch(&hub).await;
        hub.store.copy_ledger_into(&copy).await.unwrap();
        let records = copy.list_source_records(&all(), "citizen").await.unwrap();
        let resolution = Resolution {
            changes: changes(&apart, &records, &std::collections::BTreeMap::new()),
            questions: pairs(),
            scope: Scope::Everything,
            unresolved: copy.list_unresolved("citizen").await.unwrap(),
        };
        copy.apply_resolution(&model(), hub.rules, resolution).await.unwrap();
        hold(&copy).await;
        let pairs_of = async |store: &Store, filter: TaskFilter| -> BTreeSet<(SourceRecordId, SourceRecordId)> {
            let tasks = store.list_steward_tasks(&all(), &TaskQuery::new(filter, 9)).await.unwrap();
            tasks.iter().map(|task| (task.pair.left, task.pair.right)).collect()
        };
        for filter in [TaskFilter::Open, TaskFilter::Decided] {
            assert_eq!(pairs_of(&copy, filter).await, pairs_of(&hub.store, filter).await, "{filter:?}");
        }
        let view = copy.get_steward_task(&all(), &model(), StewardTaskId(2)).await.unwrap();
        assert_eq!(view.reason.as_deref(), Some("father and son"));
        copy.close().await;
    });
}
