//! Random histories: after every step every invariant holds, and doing a step again does nothing.

use std::collections::{BTreeMap, BTreeSet};

use kanak_model::match_pair::{ConstraintKind, Decision};
use kanak_model::source_record::Stated;
use kanak_model::source_system::Load;
use kanak_model::{GoldenId, SourceRecordId, StewardTaskId, UserId};
use kanak_store::{StoreError, TaskFilter, TaskQuery};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use crate::hub::{Hub, all, doubtful, file, on_both, on_sqlite, record};

#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A file with these keys and the name each states.
    Ingest { load: Load, rows: BTreeMap<u8, u8> },
    /// Source record by source record, the group it belongs to; and which pairs are doubted.
    Resolve { groups: Vec<u8>, doubts: Vec<(u8, u8)> },
    /// A steward decides an open task.
    Decide { task: u8, is_match: bool },
    /// A steward undoes a decision.
    Undo { task: u8 },
    /// A steward confirms a golden record, or withdraws what was confirmed.
    Confirm { golden: u8, withdraws: bool },
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let rows = proptest::collection::btree_map(0_u8..12, 0_u8..4, 0..10);
    prop_oneof![
        3 => (rows, prop_oneof![Just(Load::Snapshot), Just(Load::Delta)])
            .prop_map(|(rows, load)| Step::Ingest { load, rows }),
        4 => (proptest::collection::vec(0_u8..6, 12), proptest::collection::vec((0_u8..12, 0_u8..12), 0..5))
            .prop_map(|(groups, doubts)| Step::Resolve { groups, doubts }),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(task, is_match)| Step::Decide { task, is_match }),
        1 => any::<u8>().prop_map(|task| Step::Undo { task }),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(golden, withdraws)| Step::Confirm { golden, withdraws }),
    ]
}

async fn check(hub: &Hub, step: &Step) {
    for check in hub.store.check_invariants().await.unwrap() {
        assert!(check.passed, "{}: {} ({}) after {step:?}", check.name, check.what, check.detail);
    }
}

pub(crate) async fn ingest(hub: &Hub, load: Load, rows: &BTreeMap<u8, u8>) -> kanak_store::IngestSummary {
    let mut run = hub.store.begin_ingest(hub.source, file("food.csv", load)).await.unwrap();
    // Those of an odd name live in another district than the rest, and move with a change of name.
    let rows = rows.iter().map(|(key, name)| {
        let mut row = record(&format!("key{key}"), &format!("Name {name}"));
        let district = if name % 2 == 0 { "41" } else { "42" };
        row.values.insert("district", Stated::new(district, district));
        row
    });
    run.add(rows.collect()).await.unwrap();
    run.finish_confirmed().await.unwrap()
}

/// The groups asked for, bent so that what stewards decided holds.
pub(crate) async fn partition(hub: &Hub, groups: &[u8]) -> Vec<Vec<i64>> {
    let mut group: BTreeMap<i64, usize> =
        hub.records().await.iter().map(|r| (r.id.0, usize::from(groups[r.id.0 as usize % groups.len()]))).collect();
    let constraints = hub.store.list_constraints("citizen").await.unwrap();
    let must: Vec<(i64, i64)> = constraints
        .iter()
        .filter(|one| one.kind == ConstraintKind::MustLink)
        .map(|one| (one.left.0, one.right.0))
        .collect();
    for _ in 0..must.len() {
        for (left, right) in &must {
            let together = group[left].min(group[right]);
            group.insert(*left, together);
            group.insert(*right, together);
        }
    }
    // A chain of must-links leaves its group when a cannot-link stands in it.
    for (place, one) in constraints.iter().enumerate() {
        if one.kind == ConstraintKind::CannotLink && group[&one.left.0] == group[&one.right.0] {
            let mut chain = BTreeSet::from([one.left.0]);
            for _ in 0..must.len() {
                for (left, right) in &must {
                    if chain.contains(left) || chain.contains(right) {
                        chain.extend([*left, *right]);
                    }
                }
            }
            for id in chain {
                group.insert(id, 100 + place);
            }
        }
    }
    // What stewards confirmed separately stays separate.
    let mut first_of: BTreeMap<usize, i64> = BTreeMap::new();
    for one in hub.store.list_confirmed("citizen").await.unwrap() {
        let place = group[&one.right.0];
        if *first_of.entry(place).or_insert(one.left.0) != one.left.0 {
            group.insert(one.right.0, 1_000 * (1 + place) + one.left.0 as usize);
        }
    }
    let mut members: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for (id, place) in group {
        members.entry(place).or_default().push(id);
    }
    members.into_values().collect()
}

async fn resolve(hub: &Hub, groups: &[u8], doubts: &[(u8, u8)]) {
    let partition = partition(hub, groups).await;
    let live: Vec<i64> = partition.iter().flatten().copied().collect();
    let pairs: Vec<_> = doubts
        .iter()
        .filter_map(|(left, right)| Some((*live.get(usize::from(*left))?, *live.get(usize::from(*right))?)))
        .filter(|(left, right)| left < right)
        .map(|(left, right)| doubtful(left, right, 0.6))
        .collect();
    hub.resolve_with(&partition, pairs.clone()).await.unwrap();
    assert_eq!(hub.store.unresolved_count("citizen").await.unwrap(), 0);
    let again = hub.resolve_with(&partition, pairs).await.unwrap();
    let emitted = again.created + again.updated + again.merged + again.restored + again.emptied + again.tasks_opened;
    assert_eq!(emitted, 0, "the same resolution again must do nothing: {again:?}");
}

pub(crate) async fn take(hub: &Hub, step: &Step) {
    match step {
        Step::Ingest { load, rows } => {
            let feed = hub.store.feed_position().await.unwrap();
            ingest(hub, *load, rows).await;
            let records = hub.records().await;
            let again = ingest(hub, *load, rows).await;
            assert_eq!((again.new, again.changed, again.retired), (0, 0, 0), "the same file again must change nothing");
            assert_eq!(hub.records().await, records);
            assert_eq!(hub.store.feed_position().await.unwrap(), feed);
        }
        Step::Resolve { groups, doubts } => resolve(hub, groups, doubts).await,
        Step::Decide { task, is_match } => {
            let open = hub.store.list_steward_tasks(&all(), &TaskQuery::new(TaskFilter::Open, 100)).await.unwrap();
            if open.is_empty() {
                return;
            }
            let task = &open[usize::from(*task) % open.len()];
            let decision = if *is_match { Decision::Match } else { Decision::NoMatch };
            match hub.store.decide_task(task.id, UserId(1), decision, "seen").await {
                Ok(_) | Err(StoreError::Contradicts { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        Step::Undo { task } => {
            let decided =
                hub.store.list_steward_tasks(&all(), &TaskQuery::new(TaskFilter::Decided, 100)).await.unwrap();
            let decided: Vec<StewardTaskId> = decided.iter().map(|task| task.id).collect();
            if !decided.is_empty() {
                hub.store.undo_decision(decided[usize::from(*task) % decided.len()], UserId(2)).await.unwrap();
            }
        }
        Step::Confirm { golden, withdraws } => {
            let live: BTreeSet<GoldenId> = hub.links().await.into_values().collect();
            let Some(id) = live.iter().nth(usize::from(*golden) % live.len().max(1)) else { return };
            if *withdraws {
                let done = hub.store.withdraw_confirmation(*id, UserId(2)).await;
                assert!(matches!(done, Ok(()) | Err(StoreError::NotFound { .. })), "{done:?}");
            } else {
                hub.store.confirm_golden(*id, UserId(1), "seen").await.unwrap();
            }
        }
    }
}

pub(crate) fn histories(count: u32) -> Vec<Vec<Step>> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let strategy = proptest::collection::vec(step(), 1..14);
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// The first few histories run on both engines, all on `SQLite`.
pub(crate) fn on_some(number: usize, test: impl AsyncFn(Hub)) {
    if number < 6 { on_both(test) } else { on_sqlite(test) }
}

#[test]
fn every_invariant_holds_after_every_step_of_random_histories() {
    for (number, history) in histories(40).iter().enumerate() {
        on_some(number, async |hub: Hub| {
            for step in history {
                take(&hub, step).await;
                check(&hub, step).await;
            }
        });
    }
}

#[test]
fn a_coarser_resolution_undone_brings_back_every_link_and_every_id() {
    for (number, history) in histories(20).iter().enumerate() {
        on_some(number, async |hub: Hub| {
            let rows: BTreeMap<u8, u8> = (0..12).map(|key| (key, key % 4)).collect();
            ingest(&hub, Load::Snapshot, &rows).await;
            let fine: Vec<u8> = history
                .iter()
                .flat_map(|step| match step {
                    Step::Resolve { groups, .. } => groups.clone(),
                    _ => vec![0, 1, 2, 3, 4, 5],
                })
                .take(12)
                .collect();
            resolve(&hub, &fine, &[]).await;
            let before: BTreeMap<SourceRecordId, GoldenId> = hub.links().await;
            let coarse: Vec<u8> = fine.iter().map(|group| group / 2).collect();
            resolve(&hub, &coarse, &[]).await;
            resolve(&hub, &fine, &[]).await;
            assert_eq!(hub.links().await, before);
            check(&hub, &Step::Undo { task: 0 }).await;
        });
    }
}
