//! What was answered once is answered so again.

use std::collections::BTreeMap;

use kanak_model::source_system::Load;
use kanak_model::{Access, Caller, GoldenId, Purpose, Role, Timestamp, UserId};
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

/// All that can be asked about a small hub, as it answers now, with the time that it says it answers of.
async fn answers_now(hub: &Hub) -> (Timestamp, Vec<String>) {
    let (store, model) = (&hub.store, model());
    let known_at = store.recorded_until().await.unwrap();
    let mut answers = Vec::new();
    for access in &readers() {
        for id in (1..=14).map(GoldenId) {
            let golden = store.find_golden(access, &model, id).await.unwrap();
            assert!(golden.as_ref().is_none_or(|golden| golden.known_at == known_at));
            answers.push(format!("{golden:?}"));
            answers.push(format!("{:?}", store.list_history(access, &model, id).await.unwrap()));
            answers.push(format!("{:?}", store.list_crosswalks_of(access, &[id]).await.unwrap()));
        }
        for key in 0..12 {
            let key = format!("key{key}");
            answers.push(format!("{:?}", store.find_golden_by_crosswalk(access, &model, "food", &key).await.unwrap()));
        }
        answers.push(format!("{:?}", store.list_golden(access, &model, Some(GoldenId(2)), 5).await.unwrap()));
    }
    (known_at, answers)
}

async fn answers_at(hub: &Hub, known_at: Timestamp) -> Vec<String> {
    let (store, model) = (&hub.store, model());
    let mut answers = Vec::new();
    for access in &readers() {
        for id in (1..=14).map(GoldenId) {
            answers.push(format!("{:?}", store.find_golden_at(access, &model, id, known_at).await.unwrap()));
            answers.push(format!("{:?}", store.list_history_at(access, &model, id, known_at).await.unwrap()));
            answers.push(format!("{:?}", store.list_crosswalks_of_at(access, &[id], known_at).await.unwrap()));
        }
        for key in 0..12 {
            let key = format!("key{key}");
            let golden = store.find_golden_by_crosswalk_at(access, &model, "food", &key, known_at).await.unwrap();
            answers.push(format!("{golden:?}"));
        }
        answers
            .push(format!("{:?}", store.list_golden_at(access, &model, Some(GoldenId(2)), 5, known_at).await.unwrap()));
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
        for (place, (first, again)) in answers.iter().zip(&again).enumerate() {
            assert_eq!(first, again, "answer {place} of {known_at} changed after {steps:?}");
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
