//! Field checks: asked, answered, withdrawn, named by decisions.

use kanak_model::match_pair::Decision;
use kanak_model::source_system::Load;
use kanak_model::steward_task::{FieldAnswer, FieldCheckState, Finding};
use kanak_model::{FieldCheckId, GoldenId, StewardTaskId, Timestamp, UserId};
use kanak_store::{CheckFilter, HubUrl, Store, StoreError, TaskFilter, TaskQuery};

use crate::hub::{Hub, all, doubtful, model, on_both};

const TASK: StewardTaskId = StewardTaskId(1);
const BY: UserId = UserId(7);
const OTHER: UserId = UserId(8);
/// A day on which officers look; the clock stands at its noon.
const NOON: i64 = 1_795_422_900_000_000;

async fn two(hub: &Hub) {
    hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Asha Rani"), ("c", "Charan")]).await.unwrap();
    let pairs = vec![doubtful(1, 2, 0.6), doubtful(2, 3, 0.6)];
    hub.resolve_with(&[vec![1], vec![2], vec![3]], pairs).await.unwrap();
    hub.clock.set(NOON);
}

fn answer(finding: Finding) -> FieldAnswer {
    FieldAnswer {
        finding,
        found_by: "R. Kaur, patwari".to_owned(),
        found_on: Timestamp(NOON).day_ist(),
        note: "one household, one woman of this name".to_owned(),
    }
}

async fn asked(hub: &Hub, filter: CheckFilter) -> Vec<i64> {
    let query = TaskQuery { field_check: Some(filter), ..TaskQuery::new(TaskFilter::Open, 9) };
    hub.store.list_steward_tasks(&all(), &query).await.unwrap().iter().map(|task| task.id.0).collect()
}

#[test]
fn an_answer_decides_nothing_and_a_decision_names_it() {
    on_both(async |hub: Hub| {
        two(&hub).await;
        let store = &hub.store;
        let check = store.ask_field_check(TASK, BY, "Do both live here?", "Patwari, Verka").await.unwrap();
        assert_eq!(
            (asked(&hub, CheckFilter::Asked).await, asked(&hub, CheckFilter::Answered).await),
            (vec![1], vec![])
        );
        let error = store.decide_task(TASK, BY, Decision::Match, "seen").await.unwrap_err();
        assert!(matches!(error, StoreError::FieldCheckWaits { check: waits, .. } if waits == check), "{error}");
        store.answer_field_check(TASK, check, OTHER, &answer(Finding::Same)).await.unwrap();
        assert_eq!(
            (asked(&hub, CheckFilter::Asked).await, asked(&hub, CheckFilter::Answered).await),
            (vec![], vec![1])
        );
        assert!(store.list_constraints("citizen").await.unwrap().is_empty(), "nothing is decided");
        let error = store.decide_task(TASK, BY, Decision::Match, "seen").await.unwrap_err();
        assert!(matches!(error, StoreError::FieldCheckUnnamed { check: last, .. } if last == check), "{error}");
        let error = store.decide_task_on(TASK, BY, Decision::Match, "seen", Some(FieldCheckId(9))).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
        // A steward may see it otherwise than the officer.
        store.decide_task_on(TASK, BY, Decision::NoMatch, "sisters", Some(check)).await.unwrap();
        let view = store.get_steward_task(&all(), &model(), TASK).await.unwrap();
        assert_eq!((view.evidence, view.reason.as_deref()), (Some(check), Some("sisters")));
        let FieldCheckState::Answered { answer: found, by, .. } = &view.field_checks[0].state else { panic!() };
        assert_eq!((found, *by), (&answer(Finding::Same), OTHER));
        let last = store.list_audit_events(0, 9).await.unwrap().pop().unwrap().event;
        assert_eq!((&last.detail["decision"], &last.detail["field_check"]), (&"no_match".into(), &check.0.into()));
        assert_eq!(last.detail["golden_records"].as_array().map(Vec::len), Some(2));
        // Undone, the evidence stands as it did.
        store.undo_decision(TASK, BY).await.unwrap();
        let error = store.decide_task(TASK, BY, Decision::Match, "seen").await.unwrap_err();
        assert!(matches!(error, StoreError::FieldCheckUnnamed { .. }), "{error}");
        // It is of one task only.
        let error = store.decide_task_on(StewardTaskId(2), BY, Decision::Match, "seen", Some(check)).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
    });
}

#[test]
fn a_question_is_answered_once_or_withdrawn() {
    on_both(async |hub: Hub| {
        two(&hub).await;
        let store = &hub.store;
        let first = store.ask_field_check(TASK, BY, "Who lives there?", "Patwari").await.unwrap();
        let second = store.ask_field_check(TASK, BY, "Is there a ration card?", "Food office").await.unwrap();
        let error = store.answer_field_check(TASK, second, BY, &answer(Finding::NotFound)).await.unwrap_err();
        assert!(matches!(error, StoreError::OwnFieldCheck(own) if own == second), "who asked does not answer: {error}");
        store.withdraw_field_check(TASK, first, BY).await.unwrap();
        store.answer_field_check(TASK, second, OTHER, &answer(Finding::NotFound)).await.unwrap();
        for check in [first, second] {
            for error in [
                store.answer_field_check(TASK, check, OTHER, &answer(Finding::Same)).await.unwrap_err(),
                store.withdraw_field_check(TASK, check, BY).await.unwrap_err(),
            ] {
                assert!(matches!(error, StoreError::FieldCheckEnded(ended) if ended == check), "{error}");
            }
        }
        let error =
            store.answer_field_check(StewardTaskId(2), second, OTHER, &answer(Finding::Same)).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
        // The one that was withdrawn is no evidence.
        let error = store.decide_task_on(TASK, BY, Decision::Match, "seen", Some(first)).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
        store.decide_task_on(TASK, BY, Decision::NoMatch, "nobody there", Some(second)).await.unwrap();
        let error = store.ask_field_check(TASK, BY, "Again?", "Patwari").await.unwrap_err();
        assert!(matches!(error, StoreError::TaskState { .. }), "{error}");
    });
}

#[test]
fn texts_that_cannot_be_kept_and_days_to_come_are_refused() {
    on_both(async |hub: Hub| {
        two(&hub).await;
        let store = &hub.store;
        for (question, office) in [("", "Patwari"), ("Who?", " "), ("Is it 2341-2341-2346?", "Patwari")] {
            let error = store.ask_field_check(TASK, BY, question, office).await.unwrap_err();
            assert!(matches!(error, StoreError::Text { .. }) && !error.to_string().contains("2346"), "{error}");
        }
        let check = store.ask_field_check(TASK, BY, "Who lives there?", "Patwari").await.unwrap();
        let later =
            FieldAnswer { found_on: answer(Finding::Same).found_on.succ_opt().unwrap(), ..answer(Finding::Same) };
        let error = store.answer_field_check(TASK, check, OTHER, &later).await.unwrap_err();
        assert!(matches!(error, StoreError::FoundLater), "{error}");
        for wrong in [
            FieldAnswer { note: String::new(), ..answer(Finding::Same) },
            FieldAnswer { found_by: "x".repeat(501), ..answer(Finding::Same) },
        ] {
            let error = store.answer_field_check(TASK, check, OTHER, &wrong).await.unwrap_err();
            assert!(matches!(error, StoreError::Text { .. }), "{error}");
        }
        let view = store.get_steward_task(&all(), &model(), TASK).await.unwrap();
        assert_eq!(view.field_checks[0].state, FieldCheckState::Asked, "nothing was written");
    });
}

#[test]
fn the_golden_record_that_holds_both_shows_what_was_found() {
    on_both(async |hub: Hub| {
        two(&hub).await;
        let store = &hub.store;
        let check = store.ask_field_check(TASK, BY, "Who lives there?", "Patwari").await.unwrap();
        assert!(store.list_field_checks_of(GoldenId(1)).await.unwrap().is_empty(), "they are two yet");
        store.answer_field_check(TASK, check, OTHER, &answer(Finding::Same)).await.unwrap();
        store.decide_task_on(TASK, BY, Decision::Match, "seen", Some(check)).await.unwrap();
        hub.resolve_with(&[vec![1, 2], vec![3]], vec![doubtful(2, 3, 0.6)]).await.unwrap();
        let found = store.list_field_checks_of(GoldenId(1)).await.unwrap();
        assert_eq!(found.iter().map(|one| (one.0.0, one.1.0, one.2.id)).collect::<Vec<_>>(), [(1, 2, check)]);
    });
}

#[test]
fn a_copied_ledger_holds_field_checks_with_their_tasks() {
    on_both(async |hub: Hub| {
        two(&hub).await;
        let check = hub.store.ask_field_check(TASK, BY, "Who lives there?", "Patwari").await.unwrap();
        hub.store.answer_field_check(TASK, check, OTHER, &answer(Finding::Different)).await.unwrap();
        let waits = hub.store.ask_field_check(StewardTaskId(2), BY, "Who lives there?", "Patwari").await.unwrap();
        hub.store.defer_task(StewardTaskId(2), BY, Timestamp(NOON * 2), "asked").await.unwrap();
        hub.store.decide_task_on(TASK, BY, Decision::NoMatch, "two women", Some(check)).await.unwrap();
        let url = HubUrl::Sqlite(hub.dir.path().join("copy.sqlite"));
        let copy = Store::open(&url, hub.clock.clone()).await.unwrap();
        hub.store.copy_ledger_into(&copy).await.unwrap();
        for id in [TASK, StewardTaskId(2)] {
            let view = async |store: &Store| {
                let view = store.get_steward_task(&all(), &model(), id).await.unwrap();
                (view.task, view.evidence, view.field_checks)
            };
            assert_eq!(view(&copy).await, view(&hub.store).await);
        }
        assert_eq!(copy.get_steward_task(&all(), &model(), StewardTaskId(2)).await.unwrap().field_checks[0].id, waits);
        copy.close().await;
    });
}
