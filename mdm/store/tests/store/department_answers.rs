//! Corrections that golden records propose to registers, and what departments say to them.

use kanak_model::source_record::{NewSourceRecord, Stated, Values};
use kanak_model::source_system::Load;
use kanak_model::{Access, Caller, GoldenId, Purpose, Role, SourceSystemId, UserId};
use kanak_store::{Correction, NewAnswer, Says, StoreError};

use crate::hub::{Hub, all, citizens, file, model, on_both};

fn row(key: &str, name: &str, mobile: &str) -> NewSourceRecord {
    let state = |attribute: &str, value: &str| (attribute.to_owned(), Stated::new(value, value));
    let values: Values =
        [state("full_name", name), state("mobile", mobile), state("pan", "ABCDE1234F"), state("district", "41")]
            .into_iter()
            .collect();
    NewSourceRecord { key: key.to_owned(), values, updated: None }
}

fn department(districts: Option<&[&str]>) -> Access {
    let caller = Caller {
        user: None,
        name: "key:roll".to_owned(),
        roles: [Role::Department].into_iter().collect(),
        districts: districts.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect()),
    };
    Access::decide(&caller, Purpose::ServiceDelivery).unwrap()
}

fn steward() -> Access {
    let caller = Caller {
        user: Some(UserId(7)),
        name: "harleen".to_owned(),
        roles: [Role::Steward].into_iter().collect(),
        districts: None,
    };
    Access::decide(&caller, Purpose::Stewardship).unwrap()
}

/// Two registers that hold the same two people; the second one writes them otherwise.
async fn two_registers(hub: &Hub) -> SourceSystemId {
    let roll = hub.store.ensure_source_system(&citizens("roll")).await.unwrap();
    let mut run = hub.store.begin_ingest(hub.source, file("food", Load::Delta)).await.unwrap();
    run.add(vec![row("1", "Asha Devi", "9800000001"), row("2", "Bina Kaur", "9800000002")]).await.unwrap();
    run.finish().await.unwrap();
    let mut run = hub.store.begin_ingest(roll, file("roll", Load::Delta)).await.unwrap();
    run.add(vec![row("a", "Aasha Devi", "9800000001"), row("b", "Beena Kaur", "9800000009")]).await.unwrap();
    run.finish().await.unwrap();
    hub.resolve(&[vec![1, 3], vec![2, 4]]).await.unwrap();
    roll
}

async fn corrections(hub: &Hub, access: &Access, source: SourceSystemId) -> Vec<Correction> {
    hub.store.list_corrections(access, &model(), source, "", 100).await.unwrap().0
}

fn places(corrections: &[Correction]) -> Vec<(&str, &str)> {
    corrections.iter().map(|one| (one.key.as_str(), one.attribute.as_str())).collect()
}

#[test]
fn a_register_sees_where_golden_records_differ_from_its_own_rows_and_why() {
    on_both(async |hub: Hub| {
        let roll = two_registers(&hub).await;
        let access = department(None);
        let found = corrections(&hub, &access, roll).await;
        assert_eq!(places(&found), [("a", "full_name"), ("b", "full_name"), ("b", "mobile")]);
        assert_eq!((found[0].stated.as_str(), found[0].proposed.as_str()), ("Aasha Devi", "Asha Devi"));
        assert_eq!((found[0].source.as_deref(), found[0].stated_by), (Some("food"), 2));
        assert!(corrections(&hub, &access, hub.source).await.is_empty(), "its own values were chosen");
        let first = hub.store.list_corrections(&access, &model(), roll, "", 1).await.unwrap();
        assert_eq!((places(&first.0), first.1.as_deref()), (vec![("a", "full_name")], Some("a")));
        let second = hub.store.list_corrections(&access, &model(), roll, "a", 1).await.unwrap();
        assert_eq!((second.0.len(), second.1), (2, None));
        assert!(corrections(&hub, &department(Some(&["42"])), roll).await.is_empty(), "another district");
        assert_eq!(corrections(&hub, &department(Some(&["41"])), roll).await.len(), 3);
        let figures = Caller { roles: [Role::Analyst].into_iter().collect(), ..access.caller().clone() };
        let figures = Access::decide(&figures, Purpose::Statistics).unwrap();
        assert!(corrections(&hub, &figures, roll).await.is_empty(), "personal values are not for statistics");
    });
}

#[test]
fn an_answer_is_kept_and_ends_when_the_register_states_the_golden_value() {
    on_both(async |hub: Hub| {
        let roll = two_registers(&hub).await;
        let access = department(None);
        let answer = NewAnswer { key: "a", attribute: "full_name", says: Says::Accepts, reason: "" };
        let kept = hub.store.answer_correction(&access, &model(), roll, answer).await.unwrap();
        assert_eq!((kept.says, kept.by.as_str(), kept.golden_id), (Says::Accepts, "key:roll", GoldenId(1)));
        let found = corrections(&hub, &access, roll).await;
        assert_eq!(found[0].answer.as_ref().map(|one| one.says), Some(Says::Accepts));
        assert_eq!(found[1].answer, None);
        let mut run = hub.store.begin_ingest(roll, file("roll 2", Load::Delta)).await.unwrap();
        run.add(vec![row("a", "Asha Devi", "9800000001")]).await.unwrap();
        run.finish().await.unwrap();
        hub.resolve(&[vec![1, 3], vec![2, 4]]).await.unwrap();
        assert_eq!(places(&corrections(&hub, &access, roll).await), [("b", "full_name"), ("b", "mobile")]);
        let none = hub.store.answer_correction(&access, &model(), roll, answer).await.unwrap_err();
        assert!(matches!(none, StoreError::NotFound { .. }), "{none}");
    });
}

#[test]
fn a_rejection_needs_a_reason_waits_for_a_steward_and_no_longer_speaks_of_another_value() {
    on_both(async |hub: Hub| {
        let roll = two_registers(&hub).await;
        let access = department(None);
        let answer = NewAnswer { key: "b", attribute: "mobile", says: Says::Rejects, reason: " " };
        let refused = hub.store.answer_correction(&access, &model(), roll, answer).await.unwrap_err();
        assert!(matches!(refused, StoreError::Reason { .. }), "{refused}");
        let answer = NewAnswer { reason: "she came with the bill", ..answer };
        let kept = hub.store.answer_correction(&access, &model(), roll, answer).await.unwrap();
        let waiting = async || hub.store.list_department_answers(&steward(), None, None, 10).await.unwrap();
        assert_eq!(waiting().await, std::slice::from_ref(&kept));
        let of_golden = hub.store.list_department_answers(&steward(), Some(GoldenId(2)), None, 10).await.unwrap();
        assert_eq!(of_golden.len(), 1);
        assert!(hub.store.list_department_answers(&steward(), Some(GoldenId(1)), None, 10).await.unwrap().is_empty());
        hub.store.mark_answer_seen(&steward(), kept.id, UserId(7)).await.unwrap();
        assert!(waiting().await.is_empty());
        assert!(hub.store.mark_answer_seen(&steward(), kept.id, UserId(7)).await.is_err(), "once");
        // The golden record takes another number: that is another correction.
        let mut run = hub.store.begin_ingest(hub.source, file("food 2", Load::Delta)).await.unwrap();
        run.add(vec![row("2", "Bina Kaur", "9800000003")]).await.unwrap();
        run.finish().await.unwrap();
        hub.resolve(&[vec![1, 3], vec![2, 4]]).await.unwrap();
        let found = corrections(&hub, &access, roll).await;
        let mobile = found.iter().find(|one| one.attribute == "mobile").unwrap();
        assert_eq!((mobile.proposed.as_str(), &mobile.answer), ("9800000003", &None));
        assert!(hub.store.check_invariants().await.unwrap().iter().all(|check| check.passed));
        assert!(!corrections(&hub, &all(), roll).await.is_empty());
    });
}

#[test]
fn an_answer_outside_the_districts_of_a_key_is_not_taken() {
    on_both(async |hub: Hub| {
        let roll = two_registers(&hub).await;
        let answer = NewAnswer { key: "a", attribute: "full_name", says: Says::Accepts, reason: "" };
        let outside = department(Some(&["42"]));
        let refused = hub.store.answer_correction(&outside, &model(), roll, answer).await.unwrap_err();
        assert!(matches!(refused, StoreError::NotFound { .. }), "{refused}");
        // A sensitive value is neither shown nor answered to.
        let answer = NewAnswer { attribute: "pan", ..answer };
        assert!(hub.store.answer_correction(&department(None), &model(), roll, answer).await.is_err());
    });
}
