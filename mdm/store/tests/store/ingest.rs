//! Files come in: new, changed, unchanged, retired; all of a file or nothing.

use kanak_model::IngestRunId;
use kanak_model::quality::{LeftOut, QualityRule, RejectedRow};
use kanak_model::source_system::{Load, RowsAre};
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
        assert_eq!(hub.store.list_source_systems().await.unwrap()[0].retired, 2);
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
        let rows =
            hub.store.list_quarantined_rows(Some(hub.source), Some(QualityRule::Checksum), None, 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.row.line).collect::<Vec<_>>(), [3, 9]);
        assert_eq!(rows[0].row, rejected(3));
        let rest = hub.store.list_quarantined_rows(None, None, Some(rows[0].id), 10).await.unwrap();
        assert_eq!(rest, rows[1..]);
        assert!(hub.store.list_quarantined_rows(None, Some(QualityRule::Kind), None, 10).await.unwrap().is_empty());
        assert_eq!(hub.store.count_quarantined().await.unwrap()[0].count, 2);
        assert_eq!(hub.store.list_left_out(None).await.unwrap()[0].1.count, 5);
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
            hub.store.list_latest_quarantined_rows(Some(hub.source), None, before, limit).await.unwrap()
        };
        let lines = |rows: &[kanak_store::QuarantinedRow]| rows.iter().map(|row| row.row.line).collect::<Vec<_>>();
        let first = list(None, 2).await;
        assert_eq!(lines(&first), [6, 5]);
        assert_eq!(lines(&list(Some(first[1].id), 9).await), [4]);
        let other = hub.store.list_latest_quarantined_rows(None, Some(QualityRule::Code), None, 9).await.unwrap();
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
