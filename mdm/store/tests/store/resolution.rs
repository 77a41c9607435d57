//! Resolutions: ids, links, versions, redirects and the feed.

use std::sync::Arc;

use kanak_model::feed::Change;
use kanak_model::golden_record::{EMPTIED, GoldenChange, Identity};
use kanak_model::source_system::Load;
use kanak_model::{FeedPosition, GoldenId, RuleSetVersion, SourceRecordId, Timestamp};
use kanak_store::{Choose, Link, Resolution, Scope, Store, StoreError, Unresolved};

use crate::hub::{Hub, all, changes, model, on_both, survive};

const FOUR: [(&str, &str); 4] = [("a", "Asha"), ("b", "Asha Rani"), ("c", "Charan"), ("d", "Deepa")];

/// Events of golden records, numbered from 1: before them the feed tells that the rule set was published.
async fn feed(hub: &Hub) -> Vec<(i64, Change, i64, i32, Option<i64>)> {
    let events = hub.store.list_feed(FeedPosition(0), 100).await.unwrap();
    events.iter().map(|e| (e.position.0 - 1, e.change, e.golden_id.0, e.version, e.other.map(|id| id.0))).collect()
}

async fn golden_of(hub: &Hub) -> Vec<i64> {
    hub.links().await.into_values().map(|id| id.0).collect()
}

#[test]
fn a_first_resolution_numbers_golden_records_and_events_in_the_order_of_the_changes() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        assert_eq!(hub.store.unresolved_count("citizen").await.unwrap(), 4);
        let applied = hub.resolve(&[vec![1, 2], vec![4], vec![3]]).await.unwrap();
        assert_eq!((applied.created, applied.updated, applied.feed_position), (3, 0, FeedPosition(4)));
        assert_eq!(golden_of(&hub).await, [1, 1, 3, 2]);
        assert_eq!(hub.store.unresolved_count("citizen").await.unwrap(), 0);
        let created = |n: i64| (n, Change::Created, n, 1, None);
        assert_eq!(feed(&hub).await, [created(1), created(2), created(3)]);
    });
}

#[test]
fn the_same_resolution_again_emits_nothing() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        let groups = [vec![1, 2], vec![4], vec![3]];
        hub.resolve(&groups).await.unwrap();
        let before = hub.store.list_golden_versions(&all(), &model(), None, 100).await.unwrap();
        let applied = hub.resolve(&groups).await.unwrap();
        assert_eq!((applied.unchanged, applied.created, applied.updated), (3, 0, 0));
        assert_eq!(applied.feed_position, FeedPosition(4));
        assert_eq!(hub.store.list_golden_versions(&all(), &model(), None, 100).await.unwrap(), before);
    });
}

#[test]
fn a_merge_redirects_and_the_undone_merge_brings_the_id_back() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        hub.resolve(&[vec![1, 2], vec![3], vec![4]]).await.unwrap();
        let merged = hub.resolve(&[vec![1, 2, 3], vec![4]]).await.unwrap();
        assert_eq!((merged.merged, merged.updated, merged.unchanged), (1, 1, 1));
        let found = hub.store.find_golden(&all(), &model(), GoldenId(2)).await.unwrap().unwrap();
        assert_eq!((found.record.id, found.redirected_from, found.members.len()), (GoldenId(1), Some(GoldenId(2)), 3));
        let apart = hub.resolve(&[vec![1, 2], vec![3], vec![4]]).await.unwrap();
        assert_eq!((apart.restored, apart.updated, apart.created), (1, 1, 0));
        assert_eq!(golden_of(&hub).await, [1, 1, 2, 3]);
        assert_eq!(
            feed(&hub).await[3..],
            [
                (4, Change::Updated, 1, 2, None),
                (5, Change::MergedInto, 2, 1, Some(1)),
                (6, Change::Updated, 1, 3, None),
                (7, Change::Restored, 2, 2, Some(1)),
            ]
        );
        let found = hub.store.find_golden(&all(), &model(), GoldenId(2)).await.unwrap().unwrap();
        assert_eq!((found.redirected_from, found.record.version), (None, 2));
        let history = hub.store.list_history(&all(), &model(), GoldenId(2)).await.unwrap();
        assert_eq!(history[0].values, history[1].values);
        assert!(history[0].recorded_to.unwrap() < history[1].recorded_from);
    });
}

#[test]
fn a_merge_of_merges_undone_in_one_step_brings_both_ids_back() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        let apart = [vec![1], vec![2], vec![3], vec![4]];
        hub.resolve(&apart).await.unwrap();
        hub.resolve(&[vec![1], vec![2, 3], vec![4]]).await.unwrap();
        hub.resolve(&[vec![1, 2, 3], vec![4]]).await.unwrap();
        hub.resolve(&[vec![1], vec![2, 3], vec![4]]).await.unwrap();
        hub.resolve(&apart).await.unwrap();
        assert_eq!(golden_of(&hub).await, [1, 2, 3, 4]);
    });
}

#[test]
fn a_part_split_off_is_new_and_says_from_what() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        hub.resolve(&[vec![1, 2, 3], vec![4]]).await.unwrap();
        let applied = hub.resolve(&[vec![1, 2], vec![3], vec![4]]).await.unwrap();
        assert_eq!((applied.split, applied.created), (1, 1));
        assert_eq!(feed(&hub).await.last(), Some(&(4, Change::SplitFrom, 3, 1, Some(1))));
        let crosswalks = hub.store.list_crosswalks_of(&all(), &[GoldenId(1)]).await.unwrap();
        let open: Vec<bool> = crosswalks.iter().map(|c| c.recorded_to.is_none()).collect();
        assert_eq!(open, [true, true, false]);
    });
}

#[test]
fn retired_source_records_leave_and_the_last_one_empties_the_golden_record() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        hub.resolve(&[vec![1, 2], vec![3], vec![4]]).await.unwrap();
        hub.load(Load::Snapshot, &[("a", "Asha"), ("d", "Deepa")]).await.unwrap();
        assert_eq!(
            hub.store.list_unresolved("citizen").await.unwrap().source_records,
            [SourceRecordId(2), SourceRecordId(3)]
        );
        let applied = hub.resolve(&[vec![1], vec![4]]).await.unwrap();
        assert_eq!((applied.updated, applied.emptied), (1, 1));
        assert_eq!(golden_of(&hub).await, [1, 3]);
        let emptied = hub.store.find_golden(&all(), &model(), GoldenId(2)).await.unwrap().unwrap();
        assert!(!emptied.is_live() && emptied.members.is_empty());
        assert_eq!(emptied.record.status, EMPTIED, "it is not told as if a register stated it still");
        let at = emptied.record.emptied().unwrap();
        assert_eq!(hub.store.list_crosswalks_of(&all(), &[GoldenId(2)]).await.unwrap()[0].recorded_to, Some(at));
        for (known_at, status) in [(at, EMPTIED), (Timestamp(at.0 - 1), "active")] {
            let then = hub.store.find_golden_at(&all(), &model(), GoldenId(2), known_at).await.unwrap().unwrap();
            assert_eq!(then.record.status, status, "{known_at}");
        }
        let history = hub.store.list_history(&all(), &model(), GoldenId(2)).await.unwrap();
        assert_eq!(history.iter().map(|version| version.status.as_str()).collect::<Vec<_>>(), ["active"]);
        assert_eq!(hub.store.list_golden(&all(), &model(), None, 10).await.unwrap().len(), 2);
    });
}

#[test]
fn a_source_record_that_comes_back_gets_its_golden_id_back() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        hub.resolve(&[vec![1, 2], vec![3], vec![4]]).await.unwrap();
        hub.load(Load::Snapshot, &[FOUR[0], FOUR[1], FOUR[3]]).await.unwrap();
        hub.resolve(&[vec![1, 2], vec![4]]).await.unwrap();
        assert!(hub.store.list_ended_links("citizen").await.unwrap().is_empty(), "what it held is retired");
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        let ended = hub.store.list_ended_links("citizen").await.unwrap();
        assert_eq!(ended, [Link { source_record: SourceRecordId(3), golden_id: GoldenId(2) }]);
        let applied = hub.resolve(&[vec![1, 2], vec![3], vec![4]]).await.unwrap();
        assert_eq!((applied.restored, applied.created, applied.updated), (1, 0, 0));
        assert_eq!(golden_of(&hub).await, [1, 1, 2, 3]);
        assert_eq!(feed(&hub).await[3..], [(4, Change::Emptied, 2, 1, None), (5, Change::Restored, 2, 2, None)]);
        assert!(hub.store.find_golden(&all(), &model(), GoldenId(2)).await.unwrap().unwrap().is_live());
        assert_eq!(hub.store.search_golden(&all(), &model(), "charan", 9).await.unwrap()[0].id, GoldenId(2));
        assert!(hub.store.list_ended_links("citizen").await.unwrap().is_empty());
        assert!(hub.store.check_invariants().await.unwrap().iter().all(|check| check.passed));
    });
}

#[test]
fn a_change_that_leaves_a_live_source_record_out_is_refused_and_nothing_happens() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        hub.resolve(&[vec![1, 2], vec![3], vec![4]]).await.unwrap();
        let error = hub.resolve(&[vec![1], vec![3], vec![4]]).await.unwrap_err();
        assert!(matches!(error, StoreError::Stale { .. }), "{error}");
        // 2 moves to 3's golden record, but nobody says what becomes of the one it left.
        let records = hub.records().await;
        let links = hub.links().await;
        let mut both = changes(&[vec![1], vec![2, 3]], &records, &links);
        both.remove(0);
        let resolution = Resolution {
            changes: both,
            questions: Vec::new(),
            scope: Scope::Everything,
            unresolved: Unresolved::default(),
        };
        let error = hub.store.apply_resolution(&model(), hub.rules, resolution).await.unwrap_err();
        assert!(matches!(error, StoreError::ChangeMissing { golden_id: GoldenId(1) }), "{error}");
        assert_eq!(golden_of(&hub).await, [1, 1, 2, 3]);
        assert_eq!(hub.store.feed_position().await.unwrap(), FeedPosition(4));
    });
}

#[test]
fn what_arrives_while_an_engine_works_stays_unresolved() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR[..2]).await.unwrap();
        let unresolved = hub.store.list_unresolved("citizen").await.unwrap();
        let records = hub.records().await;
        let mut changed = FOUR[..2].to_vec();
        changed[0].1 = "Aasha";
        hub.load(Load::Snapshot, &changed).await.unwrap();
        let changes = changes(&[vec![1], vec![2]], &records, &hub.links().await);
        let resolution = Resolution { changes, questions: Vec::new(), scope: Scope::Everything, unresolved };
        hub.store.apply_resolution(&model(), hub.rules, resolution).await.unwrap();
        assert_eq!(hub.store.list_unresolved("citizen").await.unwrap().source_records, [SourceRecordId(1)]);
    });
}

/// Chooses as [`survive`] does, from what the hub holds when it is asked; refuses groups of more than are asked for at a time.
fn chooser(store: &Store, most: usize) -> Choose {
    let store = store.clone();
    Arc::new(move |groups: Vec<Vec<SourceRecordId>>| {
        let store = store.clone();
        Box::pin(async move {
            if groups.len() > most {
                return Err(StoreError::Stale { what: format!("{} at once", groups.len()) });
            }
            let records = store.list_source_records_of(&all(), &groups.concat()).await?;
            let by_id = records.iter().map(|record| (record.id.0, record)).collect();
            let ids = |group: &Vec<SourceRecordId>| group.iter().map(|id| id.0).collect::<Vec<_>>();
            Ok(groups.iter().map(|group| survive(&ids(group), &by_id)).collect())
        })
    })
}

#[test]
fn values_chosen_as_they_are_written_are_those_given_with_the_changes() {
    const ROWS: i64 = 5_200;
    on_both(async |hub: Hub| {
        let keys: Vec<(String, String)> = (1..=ROWS).map(|id| (format!("k{id:05}"), format!("Name {id}"))).collect();
        let mut rows: Vec<(&str, &str)> = keys.iter().map(|(key, name)| (key.as_str(), name.as_str())).collect();
        hub.load(Load::Snapshot, &rows).await.unwrap();
        let groups: Vec<Vec<i64>> = (1..=ROWS).map(|id| vec![id]).collect();
        let resolution = async || {
            let unresolved = hub.store.list_unresolved("citizen").await.unwrap();
            let changes = changes(&groups, &hub.records().await, &hub.links().await);
            let changes = changes.into_iter().map(|change| change.with(()).0).collect();
            Resolution { changes, questions: Vec::new(), scope: Scope::Everything, unresolved }
        };
        let apply = async |most| {
            let choose = chooser(&hub.store, most);
            hub.store.apply_resolution_choosing(&model(), hub.rules, resolution().await, choose).await
        };
        let refused = apply(10).await.unwrap_err();
        assert!(matches!(refused, StoreError::Stale { .. }), "{refused}");
        assert_eq!(hub.store.feed_position().await.unwrap(), FeedPosition(1), "nothing was written");

        assert_eq!(apply(5_000).await.unwrap().created, ROWS as u64);
        let again = hub.resolve(&groups).await.unwrap();
        assert_eq!((again.updated, again.unchanged), (0, ROWS as u64), "given values are those that were chosen");

        rows[5_100].1 = "Another";
        hub.load(Load::Snapshot, &rows).await.unwrap();
        let preview =
            hub.store.preview_resolution(&model(), &resolution().await, chooser(&hub.store, 5_000)).await.unwrap();
        let changed = apply(5_000).await.unwrap();
        assert_eq!((changed.updated, changed.unchanged), (1, ROWS as u64 - 1));
        assert_eq!((preview.updated, preview.unchanged), (changed.updated, changed.unchanged));
        let found = hub.store.search_golden(&all(), &model(), "another", 9).await.unwrap();
        assert_eq!(found.iter().map(|golden| (golden.id, golden.version)).collect::<Vec<_>>(), [(GoldenId(5_101), 2)]);
    });
}

#[test]
fn changes_from_another_state_are_refused() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        let resolution = |change: GoldenChange| Resolution {
            changes: vec![change],
            questions: Vec::new(),
            scope: Scope::Everything,
            unresolved: Unresolved::default(),
        };
        let records = hub.records().await;
        let good = changes(&[vec![1]], &records, &hub.links().await).remove(0);
        let unknown_member = GoldenChange { members: vec![SourceRecordId(9)], ..good.clone() };
        let unknown_golden = GoldenChange { identity: Identity::Keeps(GoldenId(9)), ..good.clone() };
        let twice = GoldenChange { members: vec![SourceRecordId(1), SourceRecordId(1)], ..good.clone() };
        for bad in [unknown_member, unknown_golden, twice] {
            let error = hub.store.apply_resolution(&model(), hub.rules, resolution(bad)).await.unwrap_err();
            assert!(matches!(error, StoreError::Stale { .. }), "{error}");
        }
        let error = hub.store.apply_resolution(&model(), RuleSetVersion(7), resolution(good)).await.unwrap_err();
        assert!(matches!(error, StoreError::NoRuleSet { .. }), "{error}");
        assert_eq!(hub.store.feed_position().await.unwrap(), FeedPosition(1));
    });
}

#[test]
fn equal_rules_keep_their_version() {
    on_both(async |hub: Hub| {
        let body = serde_json::json!({"m": [0.1, 1e-7, 12_345_678_901.5], "name": "ਗ"});
        let second = hub.store.put_rule_set("citizen", &body).await.unwrap();
        assert_eq!(second, RuleSetVersion(2));
        assert_eq!(hub.store.put_rule_set("citizen", &body).await.unwrap(), second);
        assert_eq!(hub.store.get_rule_set("citizen", second).await.unwrap().body, body);
        assert_eq!(hub.store.find_rule_set("citizen").await.unwrap().unwrap().version, second);
        assert!(hub.store.find_rule_set("business").await.unwrap().is_none());
    });
}

#[test]
fn undoing_a_merge_brings_back_the_id_merged_last_and_not_an_older_one_that_held_the_same() {
    on_both(async |hub: Hub| {
        hub.load(Load::Delta, &[("a", "Asha"), ("b", "Asha Rani")]).await.unwrap();
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        hub.resolve(&[vec![1, 2]]).await.unwrap();
        // `b` leaves with another, so that it becomes somebody new; then the other goes.
        hub.load(Load::Delta, &[("c", "Charan")]).await.unwrap();
        hub.resolve(&[vec![1], vec![2, 3]]).await.unwrap();
        hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Asha Rani")]).await.unwrap();
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        let before = golden_of(&hub).await;
        assert_eq!(before, [1, 3]);
        hub.resolve(&[vec![1, 2]]).await.unwrap();
        assert_eq!(golden_of(&hub).await, [1, 1]);
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        assert_eq!(golden_of(&hub).await, before);
    });
}
