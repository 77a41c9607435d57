//! Rows that programs write one by one: what becomes of each, in one transaction with what a resolution makes of them.

use std::collections::BTreeSet;

use kanak_model::access::Filter;
use kanak_model::quality::{QualityRule, RejectedRow};
use kanak_model::source_record::NewSourceRecord;
use kanak_model::source_system::Load;
use kanak_model::{Purpose, SourceRecordId, Timestamp};
use kanak_store::{
    ApiKeyId, Arrivals, Arrived, Arriving, ArrivingPart, ArrivingRow, AuditEvent, Expected, Member, Resolution, Scope,
    Store, StoreError,
};

use crate::hub::{Hub, all, citizens, doubtful, file, identified, model, on_both, record};

fn states(key: &str, name: &str) -> ArrivingRow {
    arriving(key, Arriving::States(record(key, name)))
}

fn arriving(key: &str, what: Arriving) -> ArrivingRow {
    ArrivingRow { key: key.to_owned(), what, expected: Expected::Anything, scope: Filter::Everything }
}

fn in_districts(row: ArrivingRow, codes: &[&str]) -> ArrivingRow {
    let values: BTreeSet<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    ArrivingRow { scope: Filter::AttributeIn { attribute: "district".to_owned(), values }, ..row }
}

impl Hub {
    async fn arrive(&self, rows: Vec<ArrivingRow>) -> Vec<Arrived> {
        let (arrivals, arrived) = self.take_in(rows).await.unwrap();
        arrivals.commit().await.unwrap();
        arrived
    }

    async fn take_in(&self, rows: Vec<ArrivingRow>) -> Result<(Arrivals, Vec<Arrived>), StoreError> {
        let arrivals = self.store.begin_arrivals().await?;
        let part = ArrivingPart { source: self.source, rows, left_out: Vec::new() };
        let (arrivals, mut arrived) = arrivals.take_in(&file("rows", Load::Delta), vec![part]).await?;
        Ok((arrivals, arrived.remove(0)))
    }
}

async fn check_invariants(store: &Store) {
    for check in store.check_invariants().await.unwrap() {
        assert!(check.passed, "{}: {:?}", check.name, check.detail);
    }
}

#[test]
fn a_row_is_new_then_unchanged_then_changed_then_retired_then_back() {
    on_both(async |hub: Hub| {
        let id = SourceRecordId(1);
        assert_eq!(hub.arrive(vec![states("a", "Asha")]).await, [Arrived::New(id)]);
        assert_eq!(hub.arrive(vec![states("a", "Asha")]).await, [Arrived::Unchanged(id, 1)]);
        assert_eq!(hub.arrive(vec![states("a", "Aasha")]).await, [Arrived::Changed(id, 2)]);
        let retires = || arriving("a", Arriving::Retires);
        assert_eq!(hub.arrive(vec![retires()]).await, [Arrived::Retired(id, 2)]);
        assert_eq!(hub.arrive(vec![retires()]).await, [Arrived::NotThere]);
        assert_eq!(hub.arrive(vec![states("a", "Aasha")]).await, [Arrived::Changed(id, 3)]);
        let runs = hub.store.list_ingest_runs(None, None, 10).await.unwrap();
        assert_eq!(runs.len(), 6, "each batch is a run");
        check_invariants(&hub.store).await;
    });
}

#[test]
fn a_row_is_known_by_all_that_it_ever_stated() {
    on_both(async |hub: Hub| {
        hub.arrive(vec![states("a", "Asha")]).await;
        hub.arrive(vec![states("a", "Aasha")]).await;
        hub.arrive(vec![arriving("a", Arriving::Retires)]).await;
        let registers = ["food".to_owned(), "health".to_owned()];
        let otherwise = async |key: &str, register: &str, name: &str| {
            let values = record(key, name).values;
            hub.store.is_stated_otherwise(&registers, key, Some((register, &values))).await.unwrap()
        };
        assert!(!otherwise("a", "food", "Asha").await);
        assert!(!otherwise("a", "food", "Aasha").await);
        assert!(otherwise("a", "food", "Balbir").await);
        assert!(otherwise("a", "health", "Asha").await, "another register");
        assert!(!otherwise("b", "food", "Balbir").await, "there is no such row");
        assert!(hub.store.is_stated_otherwise(&registers, "a", None).await.unwrap());
        assert!(!hub.store.is_stated_otherwise(&registers[1..], "a", None).await.unwrap());
    });
}

#[test]
fn rows_one_by_one_are_the_rows_of_a_file() {
    on_both(async |hub: Hub| {
        hub.arrive(vec![states("a", "Asha"), states("b", "Balbir")]).await;
        let summary = hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Balvir"), ("c", "Charan")]).await.unwrap();
        assert_eq!((summary.new, summary.changed, summary.unchanged), (1, 1, 1));
        // A snapshot retires what was written one by one like anything else.
        hub.arrive(vec![states("d", "Deepa")]).await;
        let summary = hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Balvir"), ("c", "Charan")]).await.unwrap();
        assert_eq!(summary.retired, 1);
        check_invariants(&hub.store).await;
    });
}

#[test]
fn a_refused_row_refuses_itself_alone() {
    on_both(async |hub: Hub| {
        hub.arrive(vec![states("a", "Asha"), states("b", "Balbir")]).await;
        let rejected = RejectedRow {
            line: 4,
            key: Some("x".to_owned()),
            rule: QualityRule::Required,
            column: Some("NAME".to_owned()),
            masked: None,
            reason: "`full_name` has no value".to_owned(),
        };
        let rows = vec![
            ArrivingRow { expected: Expected::Version(7), ..states("a", "Aasha") },
            ArrivingRow { expected: Expected::None, ..states("b", "Balvir") },
            in_districts(states("c", "Charan"), &["42"]),
            in_districts(states("d", "Deepa"), &["41"]),
            arriving("x", Arriving::Rejected(rejected)),
            ArrivingRow { expected: Expected::Version(1), ..states("z", "Zora") },
        ];
        let expected = [
            Arrived::Unexpected(Some(1)),
            Arrived::Unexpected(Some(1)),
            Arrived::OutOfScope,
            Arrived::New(SourceRecordId(3)),
            Arrived::Quarantined,
            Arrived::Unexpected(None),
        ];
        assert_eq!(hub.arrive(rows).await, expected);
        let quarantined = hub.store.list_quarantined_rows(&all(), None, None, None, 10).await.unwrap();
        assert_eq!(quarantined.len(), 1);
        assert_eq!((quarantined[0].row.line, quarantined[0].row.rule), (4, QualityRule::Required));
        // Later rows leave it in the list, a later file does not.
        hub.arrive(vec![states("e", "Esha")]).await;
        assert_eq!(hub.store.list_quarantined_rows(&all(), None, None, None, 10).await.unwrap().len(), 1);
        hub.load(Load::Delta, &[("e", "Esha")]).await.unwrap();
        assert!(hub.store.list_quarantined_rows(&all(), None, None, None, 10).await.unwrap().is_empty());
        check_invariants(&hub.store).await;
    });
}

#[test]
fn a_row_put_right_one_by_one_leaves_the_quarantine() {
    on_both(async |hub: Hub| {
        hub.load(Load::Delta, &[("a", "Asha"), ("c", "Charan")]).await.unwrap();
        let refused = |key: &str| RejectedRow {
            line: 4,
            key: Some(key.to_owned()),
            rule: QualityRule::Required,
            column: Some("NAME".to_owned()),
            masked: None,
            reason: "`full_name` has no value".to_owned(),
        };
        let mut run = hub.store.begin_ingest(hub.source, file("later.csv", Load::Delta)).await.unwrap();
        run.reject(["a", "b", "c"].map(refused).to_vec()).await.unwrap();
        run.finish().await.unwrap();
        hub.arrive(vec![arriving("d", Arriving::Rejected(refused("d")))]).await;
        let listed = async || {
            let rows = hub.store.list_quarantined_rows(&all(), None, None, None, 10).await.unwrap();
            rows.into_iter().filter_map(|row| row.row.key).collect::<Vec<_>>()
        };
        assert_eq!(listed().await, ["d", "c", "b", "a"], "what an earlier file stated puts nothing right");
        hub.arrive(vec![states("a", "Aasha"), states("b", "Bina"), states("d", "Deepa")]).await;
        assert_eq!(listed().await, ["c"]);
        hub.arrive(vec![arriving("d", Arriving::Rejected(refused("d")))]).await;
        assert_eq!(listed().await, ["d", "c"], "refused again");
        check_invariants(&hub.store).await;
    });
}

#[test]
fn what_is_written_one_by_one_is_told_by_register_and_day_beside_the_files() {
    on_both(async |hub: Hub| {
        hub.load(Load::Delta, &[("a", "Asha")]).await.unwrap();
        hub.arrive(vec![states("b", "Bina")]).await;
        hub.arrive(vec![states("b", "Beena"), states("c", "Charan")]).await;
        let files = hub.store.list_file_runs(None, 10).await.unwrap();
        assert_eq!(files.iter().map(|run| run.id.0).collect::<Vec<_>>(), [1]);
        let days = hub.store.list_written_days(None, Timestamp(0), 10).await.unwrap();
        let told: Vec<_> = days.iter().map(|day| (day.source.as_str(), day.rows, day.new, day.changed)).collect();
        assert_eq!(told, [("food", 3, 2, 1)]);
        // 19 hours after the hub's first second it is another day in India, and not yet in Greenwich.
        hub.clock.set(19 * 3_600_000_000);
        hub.arrive(vec![states("d", "Deepa")]).await;
        let days = hub.store.list_written_days(Some(hub.source), Timestamp(0), 10).await.unwrap();
        assert_eq!(days.iter().map(|day| day.rows).collect::<Vec<_>>(), [1, 3], "the latest day first");
        assert_eq!(hub.store.list_written_days(None, days[0].latest, 10).await.unwrap().len(), 1);
        assert_eq!(hub.store.list_written_days(None, Timestamp(0), 1).await.unwrap().len(), 1);
    });
}

#[test]
fn who_is_confined_to_districts_neither_takes_a_row_out_of_others_nor_moves_one_there() {
    on_both(async |hub: Hub| {
        hub.arrive(vec![states("a", "Asha")]).await;
        let outside = in_districts(states("a", "Aasha"), &["42"]);
        let mut moved = states("a", "Asha");
        moved.what = Arriving::States(NewSourceRecord {
            values: kanak_model::source_record::Values::new(),
            ..record("a", "Asha")
        });
        let retires = in_districts(arriving("a", Arriving::Retires), &["42"]);
        for row in [outside, in_districts(moved, &["41"]), retires] {
            assert_eq!(hub.arrive(vec![row]).await, [Arrived::OutOfScope]);
        }
        let inside = in_districts(states("a", "Aasha"), &["41"]);
        assert_eq!(hub.arrive(vec![inside]).await, [Arrived::Changed(SourceRecordId(1), 2)]);
    });
}

#[test]
fn arrivals_and_their_resolution_are_one_transaction() {
    on_both(async |hub: Hub| {
        hub.load(Load::Delta, &[("a", "Asha")]).await.unwrap();
        hub.resolve(&[vec![1]]).await.unwrap();
        let feed = hub.store.feed_position().await.unwrap();
        let mut recorded = None;
        for commits in [false, true] {
            let (mut arrivals, arrived) = hub.take_in(vec![states("b", "Asha")]).await.unwrap();
            assert_eq!(arrived, [Arrived::New(SourceRecordId(2))]);
            let unresolved = arrivals.list_unresolved("citizen").await.unwrap();
            assert_eq!(unresolved.source_records, [SourceRecordId(2)]);
            let ids = [SourceRecordId(1), SourceRecordId(2)];
            let records = arrivals.list_source_records_of(&all(), &ids).await.unwrap();
            let links = arrivals.list_links_around(&ids).await.unwrap();
            let links = links.into_iter().map(|link| (link.source_record, link.golden_id)).collect();
            let ended = arrivals.list_ended_links_around(&ids).await.unwrap();
            let changes = identified(&[vec![1, 2]], &records, &links, &ended);
            let questions = vec![doubtful(1, 2, 0.5)];
            let resolution = Resolution { changes, questions, scope: Scope::These(ids.to_vec()), unresolved };
            let after = arrivals.last_resolved("citizen").await.unwrap();
            let applied = arrivals.apply_resolution(after, &model(), hub.rules, resolution).await.unwrap();
            recorded = Some(applied.recorded);
            let standing = arrivals.list_standing(&ids).await.unwrap().remove(&SourceRecordId(2)).unwrap();
            assert_eq!((standing.version, standing.tasks_opened.len()), (2, 1));
            let crosswalks: Vec<&str> = standing.crosswalks.iter().map(|(_, key)| key.as_str()).collect();
            assert_eq!(crosswalks, ["a", "b"]);
            assert_eq!(hub.store.feed_position().await.unwrap(), feed, "nobody sees it before the commit");
            if commits {
                let mut event = AuditEvent::read(&all(), "wrote source record", standing.golden_id.to_string());
                event.purpose = Some(Purpose::Operation);
                arrivals.audit(vec![event]).await.unwrap();
                arrivals.commit().await.unwrap();
            }
        }
        assert_eq!(hub.links().await.len(), 2);
        assert_eq!(hub.store.last_resolved("citizen").await.unwrap(), recorded);
        assert_eq!(hub.store.unresolved_count("citizen").await.unwrap(), 0);
        check_invariants(&hub.store).await;
    });
}

#[test]
fn a_row_that_was_away_finds_the_golden_record_that_it_left_empty() {
    on_both(async |hub: Hub| {
        hub.load(Load::Delta, &[("a", "Asha")]).await.unwrap();
        hub.resolve(&[vec![1]]).await.unwrap();
        hub.arrive(vec![arriving("a", Arriving::Retires)]).await;
        hub.resolve(&[]).await.unwrap();
        let (mut arrivals, _) = hub.take_in(vec![states("a", "Asha")]).await.unwrap();
        let ended = arrivals.list_ended_links_around(&[SourceRecordId(1)]).await.unwrap();
        assert_eq!(ended.len(), 1);
        drop(arrivals);
        assert!(
            hub.store.list_ended_links_around(&[SourceRecordId(1)]).await.unwrap().is_empty(),
            "it is retired still"
        );
    });
}

#[test]
fn what_ended_around_some_is_what_ended_of_all_as_far_as_it_was_theirs() {
    on_both(async |hub: Hub| {
        let rows = [("a", "Asha"), ("b", "Balbir"), ("c", "Charan"), ("d", "Deepa")];
        hub.load(Load::Delta, &rows).await.unwrap();
        hub.resolve(&[vec![1], vec![2], vec![3], vec![4]]).await.unwrap();
        hub.resolve(&[vec![1, 2], vec![3, 4]]).await.unwrap();
        let all_ended = hub.store.list_ended_links("citizen").await.unwrap();
        let ids: Vec<SourceRecordId> = (1..5).map(SourceRecordId).collect();
        assert_eq!(hub.store.list_ended_links_around(&ids).await.unwrap(), all_ended);
        let around = hub.store.list_ended_links_around(&ids[..2]).await.unwrap();
        let of_them: Vec<_> = all_ended.iter().filter(|link| link.source_record.0 <= 2).copied().collect();
        assert_eq!(around, of_them);
    });
}

#[test]
fn several_registers_are_written_in_one_transaction() {
    on_both(async |hub: Hub| {
        let roll = hub.store.ensure_source_system(&citizens("roll")).await.unwrap();
        let part = |source, rows: &[(&str, &str)]| {
            let rows = rows.iter().map(|(key, name)| states(key, name)).collect();
            ArrivingPart { source, rows, left_out: Vec::new() }
        };
        let arrive = async |parts: Vec<ArrivingPart>| {
            let arrivals = hub.store.begin_arrivals().await.unwrap();
            let (arrivals, arrived) = arrivals.take_in(&file("rows", Load::Delta), parts).await.unwrap();
            arrivals.commit().await.unwrap();
            arrived
        };
        let both = vec![part(hub.source, &[("a", "Asha")]), part(roll, &[("a", "Asha"), ("b", "Balbir")])];
        let id = SourceRecordId;
        let new = vec![vec![Arrived::New(id(1))], vec![Arrived::New(id(2)), Arrived::New(id(3))]];
        assert_eq!(arrive(both).await, new);
        let both = vec![part(roll, &[("b", "Balvir")]), part(hub.source, &[("b", "Balbir"), ("a", "Asha")])];
        let became = vec![vec![Arrived::Changed(id(3), 2)], vec![Arrived::New(id(4)), Arrived::Unchanged(id(1), 1)]];
        assert_eq!(arrive(both).await, became, "a key is a register's own");
        assert_eq!(arrive(Vec::new()).await, Vec::<Vec<Arrived>>::new());
        let runs = hub.store.list_ingest_runs(None, None, 10).await.unwrap();
        assert_eq!(runs[0].content_hash, runs[1].content_hash);
        assert_eq!(runs[0].recorded, runs[1].recorded);
        let held = hub.store.find_finished_run(roll, &runs[0].content_hash).await.unwrap();
        assert!(held.is_none(), "a file with the same bytes is read");
        check_invariants(&hub.store).await;
    });
}

#[test]
fn a_steward_keeps_a_new_row_apart_by_a_decision_that_can_be_undone() {
    on_both(async |hub: Hub| {
        hub.load(Load::Delta, &[("a", "Asha")]).await.unwrap();
        hub.resolve(&[vec![1]]).await.unwrap();
        let (mut arrivals, _) = hub.take_in(vec![states("b", "Asha")]).await.unwrap();
        let (one, other) = (SourceRecordId(2), SourceRecordId(1));
        let by = kanak_model::UserId(7);
        let task = arrivals.keep_apart("citizen", one, other, 0.9, by, "her sister").await.unwrap();
        arrivals.commit().await.unwrap();
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        assert_eq!(hub.store.list_constraints("citizen").await.unwrap().len(), 1);
        check_invariants(&hub.store).await;
        hub.store.undo_decision(task, by).await.unwrap();
        assert!(hub.store.list_constraints("citizen").await.unwrap().is_empty());
    });
}

#[test]
fn a_key_writes_for_the_department_that_an_administrator_named() {
    on_both(async |hub: Hub| {
        use kanak_model::{Caller, Role};
        use rand::SeedableRng as _;
        let by = Caller::system("test");
        let roles = [Role::Department].into_iter().collect();
        let mut rng = rand::rngs::StdRng::seed_from_u64(7);
        let secret = hub.store.create_api_key(&by, "food", &roles, None, None, &mut rng).await.unwrap();
        let key = hub.store.find_api_key(&secret).await.unwrap().unwrap();
        assert_eq!(key.department, None);
        hub.store.set_department(&by, Member::Key(key.id), Some("FCS")).await.unwrap();
        assert_eq!(hub.store.find_api_key(&secret).await.unwrap().unwrap().department.as_deref(), Some("FCS"));
        let nobody = Member::Key(ApiKeyId(key.id.0 + 1));
        let refused = hub.store.set_department(&by, nobody, Some("FCS")).await.unwrap_err();
        assert!(matches!(refused, StoreError::NotFound { .. }), "{refused}");
    });
}
