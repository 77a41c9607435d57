//! Files come in: new, changed, unchanged, retired; all of a file or nothing.

use kanak_model::quality::{LeftOut, QualityRule, RejectedRow};
use kanak_model::source_record::NewSourceRecord;
use kanak_model::source_system::{Load, RowsAre};
use kanak_model::{Access, Caller, IngestRunId, Purpose, Role, Timestamp, UserId};
use kanak_store::StoreError;

use crate::hub::{Hub, all, file, on_both, record, source};

const THREE: [(&str, &str); 3] = [("a", "Asha"), ("b", "Balbir"), ("c", "Charan")];

fn counts(summary: kanak_store::IngestSummary) -> [u64; 4] {
    [summary.new, summary.changed, summary.unchanged, summary.retired]
}

#[test]
fn the_same_snapshot_again_changes_nothing() {
    on_both(async |hub: Hub| {
        assert_eq!(counts(hub.load(Load::Snapshot, &THREE).await.unwrap()), [3, 0, 0, 0]);
        let before = hub.records().await;
        assert_eq!(
            before.iter().map(|r| (r.key.as_str(), r.version)).collect::<Vec<_>>(),
            [("a", 1), ("b", 1), ("c", 1)]
        );
        assert_eq!(before[1].values.find_stated("full_name").unwrap().words(), "BALBIR");
        assert_eq!(counts(hub.load(Load::Snapshot, &THREE).await.unwrap()), [0, 0, 3, 0]);
        assert_eq!(hub.records().await, before);
    });
}

#[test]
fn a_changed_row_is_a_new_version_and_a_missing_one_is_retired_and_may_come_back() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &THREE).await.unwrap();
        let second = [("a", "Asha"), ("b", "Balvir"), ("d", "Deepa")];
        assert_eq!(counts(hub.load(Load::Snapshot, &second).await.unwrap()), [1, 1, 1, 1]);
        let records = hub.records().await;
        assert_eq!(
            records.iter().map(|r| (r.key.as_str(), r.version)).collect::<Vec<_>>(),
            [("a", 1), ("b", 2), ("d", 1)]
        );
        assert!(records[1].recorded_from > records[0].recorded_from);
        assert_eq!(counts(hub.load(Load::Delta, &[("c", "Charan")]).await.unwrap()), [0, 1, 0, 0]);
        let back = hub.records().await;
        assert_eq!(
            back.iter().map(|r| (r.id.0, r.key.as_str(), r.version)).collect::<Vec<_>>(),
            [(1, "a", 1), (2, "b", 2), (3, "c", 2), (4, "d", 1)]
        );
        assert_eq!(hub.store.unresolved_count("citizen").await.unwrap(), 4);
    });
}

#[test]
fn a_row_that_the_department_touched_without_changing_a_value_is_a_new_version() {
    on_both(async |hub: Hub| {
        let load = async |updated: Option<i64>| {
            let mut run = hub.store.begin_ingest(hub.source, file("food.csv", Load::Delta)).await.unwrap();
            run.add(vec![NewSourceRecord { updated: updated.map(Timestamp), ..record("a", "Asha") }]).await.unwrap();
            counts(run.finish().await.unwrap())
        };
        assert_eq!(load(Some(100)).await, [1, 0, 0, 0]);
        assert_eq!(load(Some(200)).await, [0, 1, 0, 0]);
        assert_eq!(load(Some(200)).await, [0, 0, 1, 0]);
        let records = hub.records().await;
        assert_eq!((records[0].version, records[0].updated), (2, Some(Timestamp(200))));
        assert_eq!(load(None).await, [0, 1, 0, 0]);
        assert_eq!(load(None).await, [0, 0, 1, 0]);
        assert!(hub.store.check_invariants().await.unwrap().iter().all(|check| check.passed), "both are kept");
    });
}

#[test]
fn a_snapshot_that_retires_too_much_changes_nothing_until_a_person_confirms_it() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &THREE).await.unwrap();
        let error = hub.load(Load::Snapshot, &[("a", "Ash")]).await.unwrap_err();
        assert!(matches!(error, StoreError::TooManyRetired { retired: 2, live: 3, .. }), "{error}");
        assert_eq!(hub.records().await.len(), 3);
        assert_eq!(hub.records().await[0].version, 1);
        let mut run = hub.store.begin_ingest(hub.source, file("food.csv", Load::Snapshot)).await.unwrap();
        run.add(vec![record("a", "Asha")]).await.unwrap();
        assert_eq!(run.finish_confirmed().await.unwrap().retired, 2);
        assert_eq!(hub.records().await.len(), 1);
        let held = async || {
            let source = hub.store.list_source_systems().await.unwrap().remove(0);
            let counted = hub.store.counts().await.unwrap().source_records["citizen"];
            assert_eq!(counted, source.live);
            (source.live, source.retired)
        };
        assert_eq!(held().await, (1, 2));
        hub.load(Load::Delta, &THREE[1..]).await.unwrap();
        assert_eq!(held().await, (3, 0), "they are back");
    });
}

#[test]
fn a_dropped_run_leaves_nothing() {
    on_both(async |hub: Hub| {
        let mut run = hub.store.begin_ingest(hub.source, file("food.csv", Load::Snapshot)).await.unwrap();
        run.add(vec![record("a", "Asha")]).await.unwrap();
        run.reject(vec![rejected(3)]).await.unwrap();
        drop(run);
        assert!(hub.records().await.is_empty());
        assert!(hub.store.list_ingest_runs(None, None, 10).await.unwrap().is_empty());
        assert_eq!(hub.store.counts().await.unwrap().quarantined, 0);
        assert_eq!(hub.store.unresolved_count("citizen").await.unwrap(), 0);
        assert_eq!(hub.load(Load::Snapshot, &THREE).await.unwrap().run, IngestRunId(1));
    });
}

#[test]
fn a_key_stated_twice_is_refused() {
    on_both(async |hub: Hub| {
        let error = hub.load(Load::Delta, &[("a", "Asha"), ("a", "Asha")]).await.unwrap_err();
        assert!(matches!(error, StoreError::KeyTwice { count: 1, .. }), "{error}");
        assert!(!error.to_string().contains("Asha"));
    });
}

fn rejected(line: u64) -> RejectedRow {
    RejectedRow {
        line,
        key: Some("k".to_owned()),
        rule: QualityRule::Checksum,
        column: Some("PAN".to_owned()),
        masked: Some("A********F".to_owned()),
        reason: "the check character does not fit".to_owned(),
    }
}

async fn refuse(hub: &Hub, rows: &[(&str, &str)], refused: Vec<RejectedRow>) -> kanak_store::IngestTx {
    let mut run = hub.store.begin_ingest(hub.source, file("food.csv", Load::Snapshot)).await.unwrap();
    run.reject(refused).await.unwrap();
    run.add(rows.iter().map(|(key, name)| record(key, name)).collect()).await.unwrap();
    run
}

#[test]
fn a_refused_row_does_not_retire_what_the_hub_holds_under_its_key() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &THREE).await.unwrap();
        let before = hub.records().await;
        let refused = RejectedRow { key: Some("b\0".to_owned()), ..rejected(3) };
        let run = refuse(&hub, &[THREE[0]], vec![refused]).await;
        let summary = run.finish().await.unwrap();
        assert_eq!((summary.unchanged, summary.retired, summary.held_back), (1, 1, 0));
        assert_eq!(hub.records().await, before[..2], "b stays as it was, c is gone");
    });
}

#[test]
fn a_row_without_a_readable_key_holds_all_retirements_back_until_a_person_confirms_them() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &THREE).await.unwrap();
        let unread = || vec![RejectedRow { key: None, ..rejected(3) }];
        let hash = file("food.csv", Load::Snapshot).content_hash;
        let run = refuse(&hub, &THREE[..2], unread()).await;
        let summary = run.finish().await.unwrap();
        assert_eq!((summary.retired, summary.held_back), (0, 1));
        assert_eq!(hub.records().await.len(), 3);
        assert_eq!(hub.store.list_ingest_runs(None, None, 1).await.unwrap()[0].summary, summary);
        let known = hub.store.find_finished_run(hub.source, &hash).await.unwrap();
        assert!(known.is_none(), "the file can be taken in again, to confirm it");
        let error = refuse(&hub, &THREE[..1], unread()).await.finish().await.unwrap_err();
        assert!(matches!(error, StoreError::TooManyRetired { retired: 2, .. }), "{error}");
        let run = refuse(&hub, &THREE[..2], unread()).await;
        let summary = run.finish_confirmed().await.unwrap();
        assert_eq!((summary.retired, summary.held_back), (1, 0));
        assert_eq!(hub.records().await.len(), 2);
        assert!(hub.store.find_finished_run(hub.source, &hash).await.unwrap().is_some());
    });
}

#[test]
fn refused_rows_and_left_out_values_are_listed_by_source_and_rule() {
    on_both(async |hub: Hub| {
        let mut run = hub.store.begin_ingest(hub.source, file("food.csv", Load::Snapshot)).await.unwrap();
        run.add(vec![record("a", "Asha")]).await.unwrap();
        run.reject(vec![rejected(3), rejected(9)]).await.unwrap();
        for count in [2, 3] {
            let left = LeftOut { attribute: "mobile".to_owned(), rule: QualityRule::Kind, count };
            run.left_out(vec![left]).await.unwrap();
        }
        let summary = run.finish().await.unwrap();
        assert_eq!((summary.rows, summary.rejected), (3, 2));
        let rows = hub
            .store
            .list_quarantined_rows(&all(), Some(hub.source), Some(QualityRule::Checksum), None, 10)
            .await
            .unwrap();
        assert_eq!(rows.iter().map(|row| row.row.line).collect::<Vec<_>>(), [9, 3], "newest first");
        assert_eq!(rows[1].row, rejected(3));
        let rest = hub.store.list_quarantined_rows(&all(), None, None, Some(rows[0].id), 10).await.unwrap();
        assert_eq!(rest, rows[1..]);
        assert!(
            hub.store.list_quarantined_rows(&all(), None, Some(QualityRule::Kind), None, 10).await.unwrap().is_empty()
        );
        assert_eq!(hub.store.count_quarantined(&all()).await.unwrap()[0].count, 2);
        assert_eq!(hub.store.list_left_out(None).await.unwrap()[0].1.count, 5);
    });
}

#[test]
fn refused_rows_have_no_place_and_are_personal() {
    on_both(async |hub: Hub| {
        refuse(&hub, &[], vec![rejected(3)]).await.finish().await.unwrap();
        let caller = |role: Role, districts: Option<&str>| Caller {
            user: Some(UserId(1)),
            name: "someone".to_owned(),
            roles: [role].into_iter().collect(),
            districts: districts.map(|code| [code.to_owned()].into_iter().collect()),
        };
        let confined = Access::decide(&caller(Role::Steward, Some("41")), Purpose::Stewardship).unwrap();
        assert!(hub.store.list_quarantined_rows(&confined, None, None, None, 10).await.unwrap().is_empty());
        assert!(hub.store.count_quarantined(&confined).await.unwrap().is_empty());
        let analyst = Access::decide(&caller(Role::Analyst, None), Purpose::Statistics).unwrap();
        let rows = hub.store.list_quarantined_rows(&analyst, None, None, None, 10).await.unwrap();
        assert_eq!(rows[0].row, RejectedRow { key: None, masked: None, ..rejected(3) });
        assert_eq!(hub.store.count_quarantined(&analyst).await.unwrap()[0].count, 1);
    });
}

#[test]
fn the_latest_refused_rows_come_newest_first_without_those_of_earlier_files() {
    on_both(async |hub: Hub| {
        let refused = |line: u64| RejectedRow {
            line,
            key: None,
            rule: QualityRule::Kind,
            column: None,
            masked: None,
            reason: "no date".to_owned(),
        };
        for lines in [vec![2, 3], vec![4, 5, 6]] {
            let mut run = hub.store.begin_ingest(hub.source, file("food.csv", Load::Delta)).await.unwrap();
            run.reject(lines.into_iter().map(refused).collect()).await.unwrap();
            run.finish().await.unwrap();
        }
        let list = async |before, limit| {
            hub.store.list_quarantined_rows(&all(), Some(hub.source), None, before, limit).await.unwrap()
        };
        let lines = |rows: &[kanak_store::QuarantinedRow]| rows.iter().map(|row| row.row.line).collect::<Vec<_>>();
        let first = list(None, 2).await;
        assert_eq!(lines(&first), [6, 5]);
        assert_eq!(lines(&list(Some(first[1].id), 9).await), [4]);
        let other = hub.store.list_quarantined_rows(&all(), None, Some(QualityRule::Code), None, 9).await.unwrap();
        assert!(other.is_empty());
    });
}

#[test]
fn a_file_already_taken_in_is_found_unless_the_register_has_moved_on() {
    on_both(async |hub: Hub| {
        let hash = file("food.csv", Load::Snapshot).content_hash;
        assert!(hub.store.find_finished_run(hub.source, &hash).await.unwrap().is_none());
        hub.load(Load::Snapshot, &THREE).await.unwrap();
        let found = hub.store.find_finished_run(hub.source, &hash).await.unwrap().unwrap();
        assert_eq!((found.summary.new, found.source.as_str()), (3, "food"));
        let mut later = hub.store.begin_ingest(hub.source, file("later.csv", Load::Delta)).await.unwrap();
        later.add(vec![record("a", "Aasha")]).await.unwrap();
        later.finish().await.unwrap();
        assert!(hub.store.find_finished_run(hub.source, &hash).await.unwrap().is_none());
        let delta = file("later.csv", Load::Delta).content_hash;
        hub.load(Load::Snapshot, &THREE).await.unwrap();
        assert!(hub.store.find_finished_run(hub.source, &delta).await.unwrap().is_some());
        let runs = hub.store.list_ingest_runs(Some(hub.source), Some(IngestRunId(3)), 10).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.id.0).collect::<Vec<_>>(), [2, 1]);
    });
}

#[test]
fn events_are_counted_and_not_kept() {
    on_both(async |hub: Hub| {
        let events = source("grievances", RowsAre::Event("grievance".to_owned()));
        let id = hub.store.ensure_source_system(&events).await.unwrap();
        assert_eq!(hub.store.ensure_source_system(&events).await.unwrap(), id);
        let mut run = hub.store.begin_ingest(id, file("g.csv", Load::Snapshot)).await.unwrap();
        run.count_rows(7);
        assert_eq!(run.finish().await.unwrap().rows, 7);
        for (name, rows) in [("h.csv", 3), ("g.csv", 7)] {
            let mut run = hub.store.begin_ingest(id, file(name, Load::Snapshot)).await.unwrap();
            run.count_rows(rows);
            run.finish().await.unwrap();
        }
        let sources = hub.store.list_source_systems().await.unwrap();
        let counted = hub.store.count_events().await.unwrap();
        let events_of = |id| counted.get(&id).copied().unwrap_or(0);
        let taken_in: Vec<(&str, u64)> = sources.iter().map(|one| (one.name.as_str(), events_of(one.id))).collect();
        assert_eq!(taken_in, [("food", 0), ("grievances", 10)], "a file that is read again counts once");
        let mut other = events.clone();
        other.rows = RowsAre::Entity("citizen".to_owned());
        assert!(hub.store.ensure_source_system(&other).await.is_err());
        assert!(hub.store.list_source_records(&all(), "grievance").await.unwrap().is_empty());
    });
}

#[test]
fn many_rows_in_many_batches_come_in_as_they_were() {
    on_both(async |hub: Hub| {
        let mut run = hub.store.begin_ingest(hub.source, file("big.csv", Load::Snapshot)).await.unwrap();
        for batch in 0..3 {
            let rows = (0..6_001).map(|n| record(&format!("{batch}-{n}"), "ਗੁਰ\u{0}ਪ੍ਰੀਤ \"x\" \\u0000 'y'")).collect();
            run.add(rows).await.unwrap();
        }
        assert_eq!(run.finish().await.unwrap().new, 18_003);
        let records = hub.records().await;
        assert_eq!(records.len(), 18_003);
        assert!(records.iter().all(|r| r.values.find("full_name") == Some("ਗੁਰਪ੍ਰੀਤ \"x\" \\u0000 'y'")));
        assert_eq!(records.iter().map(|r| r.id.0).collect::<Vec<_>>(), (1..=18_003).collect::<Vec<_>>());
        let groups: Vec<Vec<i64>> = (1..=18_003).collect::<Vec<_>>().chunks(2).map(<[i64]>::to_vec).collect();
        assert_eq!(hub.resolve(&groups).await.unwrap().created, 9_002);
        assert_eq!(hub.resolve(&groups).await.unwrap().unchanged, 9_002);
        let mut run = hub.store.begin_ingest(hub.source, file("big.csv", Load::Snapshot)).await.unwrap();
        run.add((0..6_001).map(|n| record(&format!("1-{n}"), "Asha")).collect()).await.unwrap();
        let summary = run.finish_confirmed().await.unwrap();
        assert_eq!((summary.changed, summary.retired), (6_001, 12_002));
    });
}

#[test]
fn a_clock_that_goes_back_does_not_take_recorded_time_back() {
    on_both(async |hub: Hub| {
        hub.load(Load::Delta, &[("a", "Asha")]).await.unwrap();
        hub.clock.set(5);
        hub.load(Load::Delta, &[("b", "Balbir")]).await.unwrap();
        let records = hub.records().await;
        assert!(records[0].recorded_from < records[1].recorded_from);
    });
}
