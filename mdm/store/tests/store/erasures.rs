//! Erasure under an order: nothing of the person is left in the hub, what is left still verifies, and nothing comes back.

use kanak_model::feed::{Change, Crossing, Detail, FeedEntry};
use kanak_model::four_eyes::FourEyes;
use kanak_model::match_pair::Decision;
use kanak_model::quality::{QualityRule, RejectedRow};
use kanak_model::source_record::Stated;
use kanak_model::source_system::Load;
use kanak_model::{
    Access, Caller, FeedPosition, GoldenId, ProposalId, Purpose, Role, SourceRecordId, StewardTaskId, UserId,
};
use kanak_store::{
    BatchTerms, Erased, FileKeyStore, HubUrl, IngestSummary, Key, KeyStore as _, NewOverride, ProposedAct, Reach,
    Reference, StoreError, Vault,
};

use crate::hub::{Hub, all, doubtful, file, model, on_both, record};

const ORDER: &str = "order 12 of 2026";

fn key(hub: &Hub) -> Key {
    FileKeyStore::open(&hub.dir.path().join("keys")).unwrap().get_key("erasure").unwrap()
}

/// Two source records of Zarqabanu, one of them in two versions, and one of another person; resolved.
async fn three(hub: &Hub) {
    hub.load(Load::Snapshot, &[("kyz-1", "Zarqabanu"), ("kyz-2", "Zarqabanu Begam"), ("c", "Charan")]).await.unwrap();
    hub.resolve(&[vec![1, 2], vec![3]]).await.unwrap();
    hub.load(Load::Delta, &[("kyz-1", "Zarqabanu Rani")]).await.unwrap();
    hub.resolve(&[vec![1, 2], vec![3]]).await.unwrap();
}

async fn erase(hub: &Hub, id: i64) -> Result<Erased, StoreError> {
    let plan = hub.store.plan_erasure(GoldenId(id), ORDER).await?;
    hub.store.erase(&plan, &key(hub), "system:test").await
}

#[track_caller]
fn broken(checks: &[kanak_store::Check]) -> Vec<&'static str> {
    checks.iter().filter(|check| !check.passed).map(|check| check.name).collect()
}

async fn check_whole(hub: &Hub) {
    let checks = hub.store.check_invariants().await.unwrap();
    assert!(broken(&checks).is_empty(), "{:?}", broken(&checks));
}

/// Whether a word stands in the files of the hub, in any case.
fn stands_on_disk(hub: &Hub, word: &str) -> bool {
    let HubUrl::Sqlite(path) = &hub.url else { return false };
    let holds = |suffix: &str| {
        let bytes = std::fs::read(format!("{}{suffix}", path.display())).unwrap_or_default();
        bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
    };
    holds("") || holds("-wal")
}

#[test]
fn nothing_of_an_erased_person_is_left_and_counts_hashes_and_checks_hold() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let stated = NewOverride {
            golden_id: GoldenId(1),
            attribute: "full_name",
            value: "Zarqabanu Khan",
            reason: "says Zarqabanu herself",
            expires: None,
        };
        hub.store.state_override(stated, UserId(7)).await.unwrap();
        hub.store.confirm_golden(GoldenId(1), UserId(7), "met Zarqabanu").await.unwrap();
        hub.resolve(&[vec![1, 2], vec![3]]).await.unwrap();
        let mut run = hub.store.begin_ingest(hub.source, file("more.csv", Load::Delta)).await.unwrap();
        let refused = |key: Option<&str>| RejectedRow {
            line: 3,
            key: key.map(str::to_owned),
            rule: QualityRule::Kind,
            column: Some("DOB".to_owned()),
            masked: Some("Z*******u".to_owned()),
            reason: "no date".to_owned(),
        };
        run.reject(vec![refused(Some("kyz-1")), refused(Some("c"))]).await.unwrap();
        run.finish().await.unwrap();
        assert!(stands_on_disk(&hub, "zarqabanu") || matches!(hub.url, HubUrl::Postgres(_)));

        let before = hub.store.counts().await.unwrap();
        let erased = erase(&hub, 1).await.unwrap();
        assert_eq!((erased.source_records, erased.source_versions, erased.overrides), (2, 1, 1));
        assert_eq!(erased.quarantined, 1);
        check_whole(&hub).await;
        hub.resolve(&[vec![3]]).await.unwrap();
        check_whole(&hub).await;

        let golden = hub.store.find_golden(&all(), &model(), GoldenId(1)).await.unwrap().unwrap();
        assert!(!golden.is_live() && golden.record.values.is_empty());
        let history = hub.store.list_history(&all(), &model(), GoldenId(1)).await.unwrap();
        assert!(history.len() >= 2 && history.iter().all(|version| version.values.is_empty()), "{history:?}");
        assert!(hub.store.search_golden(&all(), &model(), "zarqabanu", 9).await.unwrap().is_empty());
        assert_eq!(hub.store.search_golden(&all(), &model(), "charan", 9).await.unwrap().len(), 1);
        assert_eq!(hub.records().await.iter().map(|record| record.id).collect::<Vec<_>>(), [SourceRecordId(3)]);
        let rows = hub.store.list_quarantined_rows(&all(), None, None, None, 9).await.unwrap();
        let told: Vec<_> = rows.iter().map(|row| (row.row.key.as_deref(), row.row.masked.is_some())).collect();
        assert_eq!(told, [(Some("c"), true), (None, false)], "the row is counted still");
        let after = hub.store.counts().await.unwrap();
        assert_eq!((after.quarantined, after.ingest_runs), (before.quarantined, before.ingest_runs));
        assert_eq!(after.source_records["citizen"], 1);
        for word in ["zarqabanu", "kyz-1", "kyz-2"] {
            assert!(!stands_on_disk(&hub, word), "{word}");
        }
        let entries = hub.store.list_audit_events(0, 99).await.unwrap();
        let entry = entries.iter().find(|entry| entry.event.action == "erased").unwrap();
        assert_eq!((entry.event.actor.as_str(), &entry.event.detail["source_records"]), ("system:test", &2.into()));
    });
}

#[test]
fn a_register_that_still_lists_an_erased_row_brings_nothing_back() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        erase(&hub, 1).await.unwrap();
        hub.resolve(&[vec![3]]).await.unwrap();
        let key = key(&hub);
        let load = async |rows: &[(&str, &str)], load: Load| -> (IngestSummary, u64) {
            let mut run = hub.store.begin_ingest(hub.source, file("next.csv", load)).await.unwrap();
            run.keep_erased(hub.store.list_erased_keys(hub.source, &key).await.unwrap());
            let mut rows: Vec<_> = rows.iter().map(|(key, name)| record(key, name)).collect();
            run.leave_out_erased(&mut rows, |row| &row.key);
            run.add(rows).await.unwrap();
            let refused = |key: &str| RejectedRow {
                line: 9,
                key: Some(key.to_owned()),
                rule: QualityRule::Kind,
                column: None,
                masked: Some("Z*".to_owned()),
                reason: "no date".to_owned(),
            };
            run.reject(vec![refused("kyz-2")]).await.unwrap();
            let erased = run.erased_rows();
            (run.finish_confirmed().await.unwrap(), erased)
        };
        let (done, erased) = load(&[("kyz-1", "Zarqabanu"), ("c", "Charan"), ("d", "Deepa")], Load::Snapshot).await;
        assert_eq!((done.rows, done.new, done.unchanged, done.retired, done.rejected), (2, 1, 1, 0, 0));
        assert_eq!(erased, 2);
        assert_eq!(hub.records().await.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["c", "d"]);
        assert!(!stands_on_disk(&hub, "zarqabanu") && !stands_on_disk(&hub, "kyz-1"));
        hub.resolve(&[vec![3], vec![4]]).await.unwrap();
        check_whole(&hub).await;
        let (done, erased) = load(&[("d", "Deepa")], Load::Delta).await;
        assert_eq!((done.rows, erased), (1, 1));
        let another = Key::random(&FileKeyStore::open(&hub.dir.path().join("keys")).unwrap()).unwrap();
        let error = hub.store.list_erased_keys(hub.source, &another).await.unwrap_err();
        assert!(matches!(error, StoreError::WrongErasureKey), "with another key they would all come back: {error}");
        let other = hub.store.ensure_source_system(&crate::hub::citizens("health")).await.unwrap();
        let elsewhere = hub.store.list_erased_keys(other, &key).await.unwrap();
        assert!(elsewhere.is_empty() && !elsewhere.contains("kyz-1"), "another register's key is another row");
    });
}

#[test]
fn a_hold_wins_says_why_and_once_removed_lets_go() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let hold = hub.store.place_hold(GoldenId(1), "High Court", "writ 881", "system:test").await.unwrap();
        let holds = hub.store.list_holds().await.unwrap();
        assert_eq!((holds.len(), holds[0].golden.as_slice()), (1, [GoldenId(1)].as_slice()));
        // The hold goes along when the golden record is merged into another.
        hub.resolve(&[vec![1, 2, 3]]).await.unwrap();
        for id in [1, 2] {
            let error = erase(&hub, id).await.unwrap_err();
            assert!(matches!(error, StoreError::Held { .. }), "{error}");
            let words = error.to_string();
            assert!(words.contains("High Court") && words.contains("writ 881"), "{words}");
        }
        hub.store.remove_hold(hold, "system:test").await.unwrap();
        assert!(matches!(hub.store.remove_hold(hold, "x").await, Err(StoreError::NotFound { .. })));
        assert!(hub.store.list_holds().await.unwrap().is_empty());
        let plan = hub.store.plan_erasure(GoldenId(1), ORDER).await.unwrap();
        let again = hub.store.place_hold(GoldenId(2), "Vigilance", "file 3", "system:test").await.unwrap();
        let error = hub.store.erase(&plan, &key(&hub), "system:test").await.unwrap_err();
        assert!(
            matches!(error, StoreError::Held { hold, .. } if hold == again),
            "placed between plan and act: {error}"
        );
        assert_eq!(hub.records().await.len(), 3);
        hub.store.remove_hold(again, "system:test").await.unwrap();
        assert_eq!(hub.store.erase(&plan, &key(&hub), "system:test").await.unwrap().source_records, 3);
        assert!(matches!(hub.store.place_hold(GoldenId(1), "a", "b", "x").await, Err(StoreError::NotFound { .. })));
        for (authority, reason) in [("", "writ"), ("Court", " "), ("Court", "about 234123412346")] {
            let error = hub.store.place_hold(GoldenId(1), authority, reason, "x").await.unwrap_err();
            match error {
                StoreError::Text { what, .. } => assert_eq!((what, authority), ("the authority", "")),
                error => assert!(matches!(error, StoreError::Reason { .. }) && !authority.is_empty(), "{error}"),
            }
        }
        for bad in ["", " ", "of 234123412346", &"x".repeat(501)] {
            let error = hub.store.plan_erasure(GoldenId(1), bad).await.unwrap_err();
            assert!(matches!(error, StoreError::Order { .. }), "{error}");
        }
        assert!(matches!(hub.store.plan_erasure(GoldenId(99), ORDER).await, Err(StoreError::NotFound { .. })));
    });
}

#[test]
fn what_was_retired_goes_too_and_another_person_who_once_had_the_values_keeps_the_rest() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &[("kyz-1", "Zarqabanu"), ("kyz-2", "Zarqabanu Begam"), ("c", "Charan")])
            .await
            .unwrap();
        // Hers and his were taken for one, whose id he kept; then one of hers is retired.
        hub.resolve(&[vec![1, 3], vec![2]]).await.unwrap();
        hub.resolve(&[vec![3], vec![1, 2]]).await.unwrap();
        let links = hub.links().await;
        let (hers, his) = (links[&SourceRecordId(1)], links[&SourceRecordId(3)]);
        assert_eq!((hers, his), (GoldenId(2), GoldenId(1)));
        let history = hub.store.list_history(&all(), &model(), his).await.unwrap();
        assert_eq!(history[0].values["full_name"].value, "Zarqabanu");
        hub.load(Load::Snapshot, &[("kyz-2", "Zarqabanu Begam"), ("c", "Charan")]).await.unwrap();
        hub.resolve(&[vec![3], vec![2]]).await.unwrap();
        let erased = erase(&hub, hers.0).await.unwrap();
        assert_eq!(erased.source_records, 2, "the retired one belonged to it last");
        hub.resolve(&[vec![3]]).await.unwrap();
        let history = hub.store.list_history(&all(), &model(), his).await.unwrap();
        let values = history.iter().flat_map(|version| version.values.values());
        assert!(
            values.clone().count() >= 2 && values.into_iter().all(|value| value.source_record.0 == 3),
            "{history:?}"
        );
        assert!(!stands_on_disk(&hub, "zarqabanu"));
        check_whole(&hub).await;
        let error = hub.store.plan_erasure(hers, ORDER).await.unwrap();
        assert!(error.source_records.is_empty(), "nothing is left to erase");
    });
}

#[test]
fn numbers_go_from_the_vault_unless_another_person_states_them() {
    on_both(async |hub: Hub| {
        let keys = std::sync::Arc::new(FileKeyStore::open(&hub.dir.path().join("keys")).unwrap());
        let vault = Vault::open(&hub.dir.path().join("vault.sqlite"), keys, hub.clock.clone()).await.unwrap();
        let numbers = ["234123412346", "999999990019", "200000000009"];
        let hub_references = vault.tokenise("hub", &numbers).await.unwrap();
        vault.tokenise("food", &numbers[..1]).await.unwrap();
        let with = |key: &str, name: &str, reference: &Reference| {
            let mut row = record(key, name);
            row.values.insert("aadhaar", Stated::new(reference.as_str(), reference.as_str()));
            row
        };
        let load = async |rows: Vec<_>, kind: Load| {
            let mut run = hub.store.begin_ingest(hub.source, file("a.csv", kind)).await.unwrap();
            run.add(rows).await.unwrap();
            run.finish().await.unwrap();
        };
        // Her first version states a number of her own, her second one that another person states as well.
        load(vec![with("a", "Asha", &hub_references[0]), with("b", "Bina", &hub_references[1])], Load::Snapshot).await;
        load(vec![with("a", "Asha", &hub_references[1])], Load::Delta).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        let plan = hub.store.plan_erasure(GoldenId(1), ORDER).await.unwrap();
        assert_eq!(plan.references, hub_references[..1]);
        assert_eq!(vault.erase("hub", &plan.references).await.unwrap(), 1);
        assert_eq!(vault.holds(&numbers).await.unwrap(), [false, true, true]);
        let anew = vault.tokenise("food", &numbers[..1]).await.unwrap();
        assert_ne!(anew[0], hub_references[0]);
        let erased = hub.store.erase(&plan, &key(&hub), "system:test").await.unwrap();
        let unfinished = hub.store.list_unfinished_erasures().await.unwrap();
        assert_eq!((unfinished[0].id, unfinished[0].references.as_slice()), (erased.id, plan.references.as_slice()));
        for reach in [Reach::Landing, Reach::Lake] {
            hub.store.mark_erasure(erased.id, reach).await.unwrap();
        }
        assert_eq!(hub.store.list_unfinished_erasures().await.unwrap().len(), 1, "the vault is still to follow");
        assert!(stands_on_disk(&hub, plan.references[0].as_str()) || matches!(hub.url, HubUrl::Postgres(_)));
        hub.store.mark_erasure(erased.id, Reach::Vault).await.unwrap();
        assert!(hub.store.list_unfinished_erasures().await.unwrap().is_empty());
        assert!(!stands_on_disk(&hub, plan.references[0].as_str()));
        assert_eq!(hub.store.list_references().await.unwrap().len(), 1);
        assert_eq!(vault.erase("hub", &plan.references).await.unwrap(), 0);
    });
}

#[test]
fn what_is_to_follow_outside_the_hub_is_remembered_until_it_is_done() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let id = erase(&hub, 1).await.unwrap().id;
        let unfinished = hub.store.list_unfinished_erasures().await.unwrap();
        assert_eq!((unfinished.len(), unfinished[0].golden_id, unfinished[0].landing), (1, GoldenId(1), None));
        assert_eq!(hub.store.list_erased_sources(id).await.unwrap(), [hub.source]);
        assert!(unfinished[0].references.is_empty(), "nobody stated a number");
        hub.store.mark_erasure(id, Reach::Landing).await.unwrap();
        assert!(hub.store.list_unfinished_erasures().await.unwrap()[0].landing.is_some());
        hub.store.mark_erasure(id, Reach::Lake).await.unwrap();
        assert!(hub.store.list_unfinished_erasures().await.unwrap().is_empty());
        let access = Access::operation("test");
        assert_eq!(hub.store.list_source_records(&access, "citizen").await.unwrap().len(), 1);
    });
}

/// What people wrote, by the ledgers that keep it.
async fn words(hub: &Hub) -> Vec<String> {
    let mut said = Vec::new();
    for id in [1, 2].map(StewardTaskId) {
        said.extend(hub.store.get_steward_task(&all(), &model(), id).await.unwrap().reason);
    }
    for id in 1..=3 {
        let proposal = hub.store.get_proposal(ProposalId(id)).await.unwrap();
        let value = match proposal.act {
            ProposedAct::Override { value, .. } => value,
            _ => String::new(),
        };
        said.push(format!("{} {value} {:?}", proposal.reason, proposal.ended.map(|end| end.outcome)));
    }
    said
}

#[test]
fn words_that_speak_of_an_erased_person_go_from_decisions_at_once_and_from_proposals_about_where_they_stood() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &[("kyz-1", "Zarqabanu"), ("b", "Bina"), ("c", "Charan"), ("d", "Deepa")])
            .await
            .unwrap();
        let doubts = vec![doubtful(1, 2, 0.5), doubtful(3, 4, 0.5)];
        // She and Bina are held to be one at first.
        hub.resolve_with(&[vec![1, 2], vec![3], vec![4]], doubts).await.unwrap();
        let (store, by) = (&hub.store, UserId(7));
        let named = |golden_id, reason| NewOverride {
            golden_id: GoldenId(golden_id),
            attribute: "full_name",
            value: "Zarqabanu Rani",
            reason,
            expires: None,
        };
        store.propose_override(named(1, "says Zarqabanu"), by, "x").await.unwrap();
        let rejected = store.propose_override(named(1, "says Zarqabanu again"), by, "x").await.unwrap();
        store.turn_down_proposal(rejected, UserId(8), "Zarqabanu errs").await.unwrap();
        let other = NewOverride { value: "Deepa Rani", ..named(3, "says Deepa") };
        store.propose_override(other, by, "x").await.unwrap();
        let tasks = [StewardTaskId(1), StewardTaskId(2)];
        let policy = FourEyes::default();
        let reason = "Zarqabanu and Charan told us";
        store.decide_tasks(&policy, &tasks, by, Decision::NoMatch, reason, BatchTerms::AllOrNothing).await.unwrap();
        // Now she is another golden record than the one that the proposals name.
        hub.resolve(&[vec![2], vec![1], vec![3], vec![4]]).await.unwrap();
        let hers = hub.links().await[&SourceRecordId(1)];
        assert_ne!(hers, hub.links().await[&SourceRecordId(2)]);
        erase(&hub, hers.0).await.unwrap();
        let words = words(&hub).await;
        assert!(!words.iter().any(|word| word.contains("Zarqabanu")), "{words:?}");
        assert!(words.iter().any(|word| word.starts_with("says Deepa Deepa Rani None")), "others' stay: {words:?}");
        assert_eq!(words.iter().filter(|word| word.contains("Some(Lapsed)")).count(), 1, "{words:?}");
        hub.resolve(&[vec![2], vec![3], vec![4]]).await.unwrap();
        check_whole(&hub).await;
    });
}

#[test]
fn a_reader_confined_to_districts_hears_that_a_golden_record_was_erased() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let reader = |districts: &[&str]| {
            let districts = Some(districts.iter().map(|code| (*code).to_owned()).collect());
            let roles = [Role::Department].into();
            let caller = Caller { user: None, name: "key:welfare".to_owned(), roles, districts };
            Access::decide(&caller, Purpose::ServiceDelivery).unwrap()
        };
        let read = async |access: &Access, after: FeedPosition| {
            let page = hub.store.read_feed(access, &[model()], after, 99, Detail::Values).await.unwrap();
            page.entries.iter().filter_map(FeedEntry::golden).cloned().collect::<Vec<_>>()
        };
        let before = hub.store.feed_position().await.unwrap();
        erase(&hub, 1).await.unwrap();
        hub.resolve(&[vec![3]]).await.unwrap();
        for access in [reader(&["41"]), reader(&["42"])] {
            let heard = read(&access, before).await;
            assert_eq!(heard.len(), 1, "{heard:?}");
            assert_eq!((heard[0].event.change, heard[0].event.golden_id), (Change::Emptied, GoldenId(1)));
            assert_eq!((heard[0].crossing, &heard[0].before, &heard[0].after), (Crossing::Left, &None, &None));
        }
        assert!(read(&reader(&[]), before).await.is_empty(), "who may see nobody hears of nobody");
        // What a register drops is told only to those in whose districts it lay.
        let mut run = hub.store.begin_ingest(hub.source, file("none.csv", Load::Snapshot)).await.unwrap();
        run.add(vec![record("e", "Esha")]).await.unwrap();
        run.finish_confirmed().await.unwrap();
        let before = hub.store.feed_position().await.unwrap();
        hub.resolve(&[vec![4]]).await.unwrap();
        let emptied = |heard: Vec<kanak_model::feed::SeenEvent>| {
            heard.iter().filter(|seen| seen.event.change == Change::Emptied).count()
        };
        assert_eq!(
            (emptied(read(&reader(&["41"]), before).await), emptied(read(&reader(&["42"]), before).await)),
            (1, 0)
        );
    });
}
