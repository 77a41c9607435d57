//! What was answered once is answered so again.

use std::collections::BTreeMap;

use kanak_model::source_system::Load;
use kanak_model::{Access, Caller, GoldenId, GoldenRecord, Purpose, Role, Timestamp, UserId};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};

use crate::histories::{ingest, step, take};
use crate::hub::{Hub, all, model, on_both, on_sqlite};

/// Readers of the state and of one district, where the made-up people live.
fn readers() -> [Access; 2] {
    let caller = Caller {
        user: Some(UserId(1)),
        name: "deepa".to_owned(),
        roles: [Role::Steward].into_iter().collect(),
        districts: Some(["41".to_owned()].into_iter().collect()),
    };
    [all(), Access::decide(&caller, Purpose::Stewardship).unwrap()]
}

/// One answer: what it shows, piece by piece.
type Answer = Vec<String>;

fn pieces(all: impl IntoIterator<Item = impl std::fmt::Debug>) -> Answer {
    all.into_iter().map(|one| format!("{one:?}")).collect()
}

/// All that can be asked about a small hub, as it answers now, with the time that it says it answers of.
async fn answers_now(hub: &Hub) -> (Timestamp, Vec<Answer>) {
    let (store, model) = (&hub.store, model());
    let known_at = store.recorded_until().await.unwrap();
    let mut answers = Vec::new();
    for access in &readers() {
        for id in (1..=14).map(GoldenId) {
            let golden = store.find_golden(access, &model, id).await.unwrap();
            assert!(golden.as_ref().is_none_or(|golden| golden.known_at == known_at));
            answers.push(pieces(golden));
            answers.push(pieces(store.list_history(access, &model, id).await.unwrap()));
            answers.push(pieces(store.list_crosswalks_of(access, &[id]).await.unwrap()));
            answers.push(pieces(store.find_standing(access, &model, id, None).await.unwrap()));
        }
        for key in 0..12 {
            let key = format!("key{key}");
            answers.push(pieces(store.find_golden_by_crosswalk(access, &model, "food", &key).await.unwrap()));
            answers.push(pieces(store.list_key_epochs(&all(), "food", &key, None).await.unwrap()));
        }
        answers.push(pieces(store.list_golden(access, &model, None, 20).await.unwrap()));
        answers.push(pieces(store.search_golden(access, &model, "name 1", 20).await.unwrap()));
    }
    (known_at, answers)
}

async fn answers_at(hub: &Hub, known_at: Timestamp) -> Vec<Answer> {
    let (store, model) = (&hub.store, model());
    let mut answers = Vec::new();
    for access in &readers() {
        for id in (1..=14).map(GoldenId) {
            answers.push(pieces(store.find_golden_at(access, &model, id, known_at).await.unwrap()));
            answers.push(pieces(store.list_history_at(access, &model, id, known_at).await.unwrap()));
            answers.push(pieces(store.list_crosswalks_of_at(access, &[id], known_at).await.unwrap()));
            answers.push(pieces(store.find_standing(access, &model, id, Some(known_at)).await.unwrap()));
        }
        for key in 0..12 {
            let key = format!("key{key}");
            let golden = store.find_golden_by_crosswalk_at(access, &model, "food", &key, known_at).await.unwrap();
            answers.push(pieces(golden));
            answers.push(pieces(store.list_key_epochs(&all(), "food", &key, Some(known_at)).await.unwrap()));
        }
        answers.push(pieces(store.list_golden_at(access, &model, None, 20, known_at).await.unwrap()));
        answers.push(pieces(store.search_golden_at(access, &model, "name 1", 20, known_at).await.unwrap()));
    }
    answers
}

async fn replay(hub: Hub, steps: Vec<crate::histories::Step>) {
    let mut given = vec![answers_now(&hub).await];
    for (place, step) in steps.iter().enumerate() {
        hub.clock.set(2_000_000 * (place as i64 + 1));
        take(&hub, step).await;
        given.push(answers_now(&hub).await);
    }
    for (known_at, answers) in given {
        let again = answers_at(&hub, known_at).await;
        assert_eq!(answers.len(), again.len());
        let confined_from = answers.len() / 2;
        for (place, (first, again)) in answers.iter().zip(&again).enumerate() {
            if place < confined_from {
                assert_eq!(first, again, "answer {place} of {known_at} changed after {steps:?}");
            } else {
                // Who may read is decided now, so that some are shown no more and others only now; but whatever is shown both times
                // is shown the same.
                let of = |piece: &String| piece.split(',').next().map(str::to_owned);
                let is_same = |one: &String| first.contains(one) || !first.iter().any(|other| of(other) == of(one));
                let known = again.iter().all(is_same);
                assert!(
                    known,
                    "answer {place} of {known_at} shows something else after {steps:?}: {first:?} {again:?}"
                );
            }
        }
    }
}

#[test]
fn answers_recorded_along_a_history_are_the_same_byte_for_byte_at_its_end() {
    let mut runner = TestRunner::new(Config::default());
    let histories = proptest::collection::vec(step(), 1..14);
    for case in 0..40 {
        let steps = histories.new_tree(&mut runner).unwrap().current();
        if case < 4 {
            on_both(async |hub: Hub| replay(hub, steps.clone()).await);
        } else {
            on_sqlite(async |hub: Hub| replay(hub, steps.clone()).await);
        }
    }
}

#[test]
fn a_recycled_key_has_an_epoch_for_each_person_and_the_earlier_one_stays_as_it_was() {
    on_both(async |hub: Hub| {
        let (store, model) = (&hub.store, model());
        let first = BTreeMap::from([(1, 1), (2, 2)]);
        ingest(&hub, Load::Snapshot, &first).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        let was_first = store.recorded_until().await.unwrap();
        ingest(&hub, Load::Snapshot, &BTreeMap::from([(2, 2)])).await;
        hub.resolve(&[vec![2]]).await.unwrap();
        let was_gone = store.recorded_until().await.unwrap();
        // The number comes back for someone whom the register knows under another number already.
        ingest(&hub, Load::Snapshot, &BTreeMap::from([(1, 3), (2, 2)])).await;
        let was_waiting = store.recorded_until().await.unwrap();
        hub.resolve(&[vec![1, 2]]).await.unwrap();

        let golden = async |at| store.find_golden_by_crosswalk_at(&all(), &model, "food", "key1", at).await.unwrap();
        let then = golden(was_first).await.unwrap();
        assert_eq!((then.record.id, then.members.len()), (GoldenId(1), 1));
        assert_eq!(then.members[0].values.find("full_name"), Some("Name 1"), "as the key's first holder was stated");
        assert_eq!((then.members[0].version, then.members[0].retired, then.record.recorded_to), (1, None, None));
        assert_eq!(golden(was_gone).await, None);
        assert_eq!(golden(was_waiting).await, None);
        let now = golden(Timestamp(i64::MAX)).await.unwrap();
        assert_eq!(now, store.find_golden_by_crosswalk(&all(), &model, "food", "key1").await.unwrap().unwrap());
        assert_eq!((now.record.id, now.members.len()), (GoldenId(2), 2));
        let epochs = store.list_crosswalks_of(&all(), &[GoldenId(1), GoldenId(2)]).await.unwrap();
        let of_key: Vec<_> = epochs.iter().filter(|epoch| epoch.key == "key1").collect();
        assert_eq!(of_key.iter().map(|epoch| epoch.golden_id).collect::<Vec<_>>(), [GoldenId(1), GoldenId(2)]);
        assert!(of_key[0].recorded_to.unwrap() < of_key[1].recorded_from);
        // The same in the time of which the register speaks: it says no times, so recorded time stands in.
        let told = store.list_key_epochs(&all(), "food", "key1", None).await.unwrap();
        assert_eq!(told.iter().map(|one| one.golden_id).collect::<Vec<_>>(), [Some(GoldenId(1)), Some(GoldenId(2))]);
        assert!(told[0].from < told[0].to.unwrap() && told[0].to.unwrap() < told[1].from && told[1].to.is_none());
        let stood_for = async |at: Timestamp| store.find_golden_of_key_as_of("food", "key1", at, None).await.unwrap();
        assert_eq!(stood_for(Timestamp(told[0].from.0 - 1)).await, None);
        assert_eq!(stood_for(told[0].from).await, Some(GoldenId(1)));
        assert_eq!(stood_for(told[0].to.unwrap()).await, None, "between two epochs the key stands for nobody");
        assert_eq!(stood_for(told[1].from).await, Some(GoldenId(2)));
    });
}

#[test]
fn an_id_answers_for_itself_until_it_was_merged_away() {
    on_both(async |hub: Hub| {
        let (store, model) = (&hub.store, model());
        let before = store.recorded_until().await.unwrap();
        ingest(&hub, Load::Snapshot, &BTreeMap::from([(1, 1), (2, 2)])).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        let apart = store.recorded_until().await.unwrap();
        hub.resolve(&[vec![1, 2]]).await.unwrap();
        let together = store.recorded_until().await.unwrap();
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        let golden = async |at| store.find_golden_at(&all(), &model, GoldenId(2), at).await.unwrap();
        assert_eq!(golden(before).await, None);
        for (at, id, members, from) in [
            (apart, GoldenId(2), 1, None),
            (together, GoldenId(1), 2, Some(GoldenId(2))),
            (Timestamp(i64::MAX), GoldenId(2), 1, None),
        ] {
            let found = golden(at).await.unwrap();
            assert_eq!((found.record.id, found.members.len(), found.redirected_from), (id, members, from));
        }
    });
}

#[test]
fn whoever_may_not_read_a_golden_record_now_may_not_read_its_past() {
    on_both(async |hub: Hub| {
        let (store, model, [everyone, steward]) = (&hub.store, model(), readers());
        ingest(&hub, Load::Snapshot, &BTreeMap::from([(1, 2), (2, 4)])).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        let then = store.recorded_until().await.unwrap();
        let (one, other) = (GoldenId(1), GoldenId(2));
        assert!(store.find_golden_at(&steward, &model, one, then).await.unwrap().is_some());
        // An odd name lives in the other district.
        ingest(&hub, Load::Snapshot, &BTreeMap::from([(1, 3), (2, 4)])).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        assert_eq!(store.find_golden_at(&steward, &model, one, then).await.unwrap(), None);
        assert_eq!(store.list_history(&steward, &model, one).await.unwrap(), []);
        assert_eq!(store.list_history_at(&steward, &model, one, then).await.unwrap(), []);
        assert_eq!(store.list_crosswalks_of_at(&steward, &[one], then).await.unwrap(), []);
        assert_eq!(store.find_standing(&steward, &model, one, Some(then)).await.unwrap(), None);
        let ids = |found: Vec<GoldenRecord>| found.iter().map(|golden| golden.id).collect::<Vec<_>>();
        assert_eq!(ids(store.list_golden_at(&steward, &model, None, 1, then).await.unwrap()), [other], "a full page");
        assert_eq!(ids(store.search_golden_at(&steward, &model, "name", 9, then).await.unwrap()), [other]);
        assert_eq!(ids(store.search_golden_at(&everyone, &model, "name", 9, then).await.unwrap()), [one, other]);
    });
}

#[test]
fn what_a_merged_golden_record_held_belongs_to_the_one_it_leads_to() {
    on_both(async |hub: Hub| {
        let (store, model) = (&hub.store, model());
        ingest(&hub, Load::Snapshot, &BTreeMap::from([(1, 1), (2, 2), (3, 3)])).await;
        hub.resolve(&[vec![1], vec![2], vec![3]]).await.unwrap();
        let apart = store.recorded_until().await.unwrap();
        // The third key is dropped; the golden record that it led to before is merged, by way of another, into the first.
        hub.resolve(&[vec![1], vec![2, 3]]).await.unwrap();
        ingest(&hub, Load::Snapshot, &BTreeMap::from([(1, 1), (2, 2)])).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        hub.resolve(&[vec![1, 2]]).await.unwrap();
        let sources = async |at: Option<Timestamp>, id: i64| {
            let standing = store.find_standing(&all(), &model, GoldenId(id), at).await.unwrap().unwrap();
            let golden = standing.record.id;
            let belongs = |source: &&kanak_store::SourceStanding| {
                source.versions.iter().any(|version| version.golden_id == Some(golden))
            };
            let ids: Vec<i64> = standing.sources.iter().filter(belongs).map(|source| source.id.0).collect();
            (golden.0, ids)
        };
        assert_eq!(sources(None, 1).await, (1, vec![1, 2, 3]));
        assert_eq!(sources(None, 2).await, (1, vec![1, 2, 3]), "a merged-away id leads there");
        assert_eq!(sources(Some(apart), 2).await, (2, vec![2]));
    });
}
