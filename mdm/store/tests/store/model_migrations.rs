//! A model migrated: what the hub holds is in the words of the new model, and what it answered stays as it was.

use kanak_model::feed::{Detail, FeedEntry};
use kanak_model::model_migration::{Step, carry};
use kanak_model::source_record::Stated;
use kanak_model::source_system::Load;
use kanak_model::{
    EntityModel, FeedPosition, GoldenId, ModelMigration, ModelVersion, SourceRecordId, Timestamp, UserId,
};
use kanak_store::{HubUrl, NewOverride, RelationQuery, Store};

use crate::hub::{Hub, MODEL, all, file, model, on_both, record};

/// The model with `mobile` renamed to `phone` and without `pan`.
fn migrated() -> EntityModel {
    let pan = "[[attribute]]\nname = \"pan\"\nkind = \"pan\"\nclass = \"sensitive\"\n";
    assert!(MODEL.contains(pan));
    EntityModel::parse("citizen.toml", &MODEL.replace(pan, "").replace("name = \"mobile\"", "name = \"phone\""))
        .unwrap()
}

fn migration() -> ModelMigration {
    let rename = Step::Rename { from: "mobile".to_owned(), to: "phone".to_owned() };
    ModelMigration { version: 2, why: "a test".to_owned(), steps: vec![rename, Step::Retire("pan".to_owned())] }
}

fn version_of(model: &EntityModel) -> ModelVersion {
    let trust = |_: &str| 0.5;
    ModelVersion::of(model, [("food", &trust as &dyn Fn(&str) -> f64)])
}

/// Two people with numbers, one of them stated by a steward.
async fn fill(hub: &Hub) {
    let mut run = hub.store.begin_ingest(hub.source, file("food.csv", Load::Snapshot)).await.unwrap();
    let mut rows = vec![record("a", "Asha Devi"), record("b", "Balbir Singh"), record("c", "Charan Kaur")];
    for (place, row) in rows.iter_mut().enumerate().take(2) {
        let mobile = format!("987654321{place}");
        row.values.insert("mobile", Stated::new(mobile.clone(), &format!("+91 {mobile}")));
        row.values.insert("pan", Stated::new("ABCPE1234F", "ABCPE1234F"));
    }
    run.add(rows).await.unwrap();
    run.finish().await.unwrap();
    hub.resolve(&[vec![1], vec![2], vec![3]]).await.unwrap();
    let new = NewOverride {
        golden_id: GoldenId(2),
        attribute: "mobile",
        value: "9811122233",
        reason: "told at the counter",
        expires: None,
    };
    hub.store.state_override(new, UserId(7)).await.unwrap();
    hub.store.declare_model("citizen", 1, &version_of(&model())).await.unwrap();
    hub.resolve(&[vec![1], vec![2], vec![3]]).await.unwrap();
}

async fn migrate(hub: &Hub) {
    let steps = migration().steps;
    let mut tx = hub.store.begin_model_migration("citizen").await.unwrap();
    let mut restated = Vec::new();
    loop {
        let records = tx.next_records().await.unwrap();
        if records.is_empty() {
            break;
        }
        for record in records {
            let values = carry(&steps, &record.values, &|_, _, _, _| None);
            if values != record.values {
                restated.push((record.id, values));
            }
        }
    }
    assert_eq!(restated.iter().map(|one| one.0).collect::<Vec<_>>(), [1, 2].map(SourceRecordId));
    tx.restate(&restated).await.unwrap();
    for held in tx.list_overrides().await.unwrap() {
        assert_eq!((held.attribute.as_str(), held.value.as_str()), ("mobile", "9811122233"));
        tx.restate_override(held.id, Some(("phone", &held.value))).await.unwrap().unwrap();
    }
    tx.finish(2, &version_of(&migrated()), &[migration()], "system:test").await.unwrap();
    hub.resolve(&[vec![1], vec![2], vec![3]]).await.unwrap();
}

/// All that is told of the three, by what the hub knew at a time.
async fn answers(hub: &Hub, model: &EntityModel, at: Timestamp) -> Vec<String> {
    let store = &hub.store;
    let mut told = Vec::new();
    for id in [1, 2, 3].map(GoldenId) {
        told.push(format!("{:?}", store.find_golden_at(&all(), model, id, at).await.unwrap()));
        told.push(format!("{:?}", store.list_history_at(&all(), model, id, at).await.unwrap()));
        told.push(format!("{:?}", store.find_standing(&all(), model, id, Some(at)).await.unwrap()));
    }
    told.push(format!("{:?}", store.list_golden_at(&all(), model, None, 9, at).await.unwrap()));
    told.push(format!("{:?}", store.search_golden_at(&all(), model, "9876543210", 9, at).await.unwrap()));
    told
}

#[test]
fn what_was_answered_under_a_former_model_is_answered_so_again() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let then = hub.store.recorded_until().await.unwrap();
        let before = answers(&hub, &model(), then).await;
        assert!(
            before.iter().any(|one| one.contains("\"mobile\"")) && before.iter().any(|one| one.contains("ABCPE1234F"))
        );
        let told = hub.store.read_feed(&all(), &[model()], FeedPosition(0), 100, Detail::Values).await.unwrap();
        migrate(&hub).await;
        assert_eq!(answers(&hub, &migrated(), then).await, before);
        let again = hub.store.read_feed(&all(), &[migrated()], FeedPosition(0), 100, Detail::Values).await.unwrap();
        let golden = |entries: &[FeedEntry]| -> Vec<String> {
            entries.iter().filter(|one| matches!(one, FeedEntry::Golden(_))).map(|one| format!("{one:?}")).collect()
        };
        let (told, again) = (golden(&told.entries), golden(&again.entries));
        assert_eq!(told, again[..told.len()], "an event is told in the words of its time");
        assert!(again[told.len()..].iter().any(|one| one.contains("\"phone\"")));
    });
}

#[test]
fn values_and_overrides_go_on_under_the_new_name_and_the_ledger_keeps_what_was_stated() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        migrate(&hub).await;
        let (store, now) = (&hub.store, migrated());
        let golden = store.find_golden(&all(), &now, GoldenId(1)).await.unwrap().unwrap();
        assert_eq!(golden.record.values["phone"].value, "9876543210");
        assert_eq!(golden.members[0].values.find_stated("phone").unwrap().words(), "+91 9876543210");
        assert_eq!(golden.members[0].version, 2);
        assert!(!golden.record.values.contains_key("pan") && !golden.record.values.contains_key("mobile"));
        let history = store.list_history(&all(), &now, GoldenId(1)).await.unwrap();
        assert!(history.len() > 1 && history.iter().all(|version| version.values.contains_key("phone")));

        let held = store.list_overrides("citizen").await.unwrap();
        assert_eq!(held.iter().map(|one| (one.attribute.as_str(), one.subject.0)).collect::<Vec<_>>(), [("phone", 2)]);
        let told = store.list_overrides_of(&all(), &now, GoldenId(2)).await.unwrap();
        assert_eq!((told.len(), told[0].attribute.as_str()), (1, "phone"));
        assert_eq!((told[0].by, told[0].reason.as_str(), told[0].ended), (UserId(7), "told at the counter", None));

        for check in store.check_invariants().await.unwrap() {
            assert!(check.passed, "{}: {} ({})", check.name, check.what, check.detail);
        }
        let copy =
            Store::open(&HubUrl::Sqlite(hub.dir.path().join("scratch.sqlite")), hub.clock.clone()).await.unwrap();
        store.copy_ledger_into(&copy).await.unwrap();
        let declared = store.list_declared_models("citizen").await.unwrap();
        assert_eq!(copy.list_declared_models("citizen").await.unwrap(), declared);
        assert_eq!(declared.iter().map(|one| one.version).collect::<Vec<_>>(), [1, 2]);
        copy.close().await;
    });
}

#[test]
fn what_is_stated_anew_states_its_relations_and_those_of_before_are_answered_as_they_were() {
    const LIVES: &str =
        "\n[[relation]]\nname = \"lives_in\"\ntitle = { en = \"Lives in\" }\nattribute = \"district\"\n";
    let lives = EntityModel::parse("citizen.toml", &format!("{MODEL}{LIVES}")).unwrap().relations;
    let with = |model: EntityModel| [EntityModel { relations: lives.clone(), ..model }];
    on_both(async |hub: Hub| {
        let (store, before, after) = (&hub.store, with(model()), with(migrated()));
        assert_eq!(store.declare_relations(&before).await.unwrap(), 1);
        fill(&hub).await;
        let list = async |models: &[EntityModel], known_at: Option<Timestamp>| {
            let query = RelationQuery { known_at, limit: 9, ..RelationQuery::default() };
            store.list_relations_to_code(&all(), models, ("lgd-district", "41"), &query).await.unwrap()
        };
        let then = store.recorded_until().await.unwrap();
        let told = list(&before, Some(then)).await;
        assert!(format!("{told:?}").contains("\"mobile\""), "{told:?}");
        migrate(&hub).await;
        assert_eq!(list(&after, Some(then)).await, told, "also in its words");
        let now = list(&after, None).await;
        assert_eq!(now.relations.len(), 3);
        assert!(format!("{now:?}").contains("\"phone\""), "{now:?}");
        for check in store.check_invariants().await.unwrap() {
            assert!(check.passed, "{}: {} ({})", check.name, check.what, check.detail);
        }
    });
}

#[test]
fn a_migration_that_is_dropped_leaves_everything_as_it_was_and_a_model_said_again_is_not_kept_twice() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let store = &hub.store;
        let before = (hub.records().await, store.recorded_until().await.unwrap());
        let mut tx = store.begin_model_migration("citizen").await.unwrap();
        let records = tx.next_records().await.unwrap();
        let restated: Vec<_> = records.iter().map(|one| (one.id, kanak_model::source_record::Values::new())).collect();
        tx.restate(&restated).await.unwrap();
        drop(tx);
        assert_eq!((hub.records().await, store.recorded_until().await.unwrap()), before);
        assert!(!store.declare_model("citizen", 1, &version_of(&model())).await.unwrap());
        assert!(store.declare_model("citizen", 1, &version_of(&migrated())).await.unwrap());
    });
}
