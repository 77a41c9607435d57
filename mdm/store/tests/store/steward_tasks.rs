//! Doubtful pairs: opened, decided, undone, lapsed.

use kanak_model::four_eyes::FourEyes;
use kanak_model::match_pair::{ConstraintKind, Decision};
use kanak_model::source_system::Load;
use kanak_model::steward_task::TaskState;
use kanak_model::{Access, Caller, GoldenId, Purpose, Role, SourceRecordId, StewardTaskId, Timestamp, UserId};
use kanak_store::{
    ActKind, Resolution, Scope, StoreError, TaskCounts, TaskCursor, TaskFilter, TaskQuery, Undone, Unresolved,
};
use rand::SeedableRng;

use crate::hub::{Hub, all, doubtful, model, on_both};

const FOUR: [(&str, &str); 4] = [("a", "Asha"), ("b", "Asha Rani"), ("c", "Charan"), ("d", "Deepa")];
const APART: [[i64; 1]; 4] = [[1], [2], [3], [4]];

fn apart() -> Vec<Vec<i64>> {
    APART.iter().map(|one| one.to_vec()).collect()
}

async fn open(hub: &Hub) -> Vec<(i64, i64, i64)> {
    let tasks = hub.store.list_steward_tasks(&all(), &TaskQuery::new(TaskFilter::Open, 100)).await.unwrap();
    tasks.iter().map(|task| (task.id.0, task.pair.left.0, task.pair.right.0)).collect()
}

/// Tasks 1 to 3 about (1,2), (2,3) and (3,4), ever less probable and so ever more doubtful.
async fn doubt(hub: &Hub) {
    hub.load(Load::Snapshot, &FOUR).await.unwrap();
    let pairs = vec![doubtful(1, 2, 0.9), doubtful(2, 3, 0.8), doubtful(3, 4, 0.7)];
    assert_eq!(hub.resolve_with(&apart(), pairs).await.unwrap().tasks_opened, 3);
}

#[test]
fn what_the_rules_know_least_of_comes_first_and_pages_go_on_after_a_cursor() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        let pairs = vec![doubtful(2, 3, 0.9), doubtful(1, 2, 0.6), doubtful(3, 4, 0.6)];
        hub.resolve_with(&apart(), pairs).await.unwrap();
        assert_eq!(open(&hub).await, [(2, 1, 2), (3, 3, 4), (1, 2, 3)]);
        let query = TaskQuery { entity: Some("citizen"), ..TaskQuery::new(TaskFilter::Open, 1) };
        let first = hub.store.list_steward_tasks(&all(), &query).await.unwrap();
        let query = TaskQuery { after: Some(TaskCursor::after(&first[0])), ..TaskQuery::new(TaskFilter::Open, 9) };
        let rest = hub.store.list_steward_tasks(&all(), &query).await.unwrap();
        assert_eq!(rest.iter().map(|task| task.id.0).collect::<Vec<_>>(), [3, 1]);
        let least = TaskQuery { priority_min: Some(first[0].priority), ..TaskQuery::new(TaskFilter::Open, 9) };
        assert_eq!(hub.store.list_steward_tasks(&all(), &least).await.unwrap().len(), 2);
        let business = TaskQuery { entity: Some("business"), ..TaskQuery::new(TaskFilter::Open, 9) };
        assert!(hub.store.list_steward_tasks(&all(), &business).await.unwrap().is_empty());
    });
}

#[test]
fn the_same_doubt_again_opens_nothing_and_a_doubt_that_is_gone_lapses_and_may_come_back() {
    on_both(async |hub: Hub| {
        doubt(&hub).await;
        let pairs = vec![doubtful(1, 2, 0.9), doubtful(2, 3, 0.8), doubtful(3, 4, 0.7)];
        let again = hub.resolve_with(&apart(), pairs).await.unwrap();
        assert_eq!((again.tasks_opened, again.tasks_lapsed), (0, 0));
        let fewer = hub.resolve_with(&apart(), vec![doubtful(1, 2, 0.9)]).await.unwrap();
        assert_eq!((fewer.tasks_opened, fewer.tasks_lapsed), (0, 2));
        let back = hub.resolve_with(&apart(), vec![doubtful(1, 2, 0.9), doubtful(3, 4, 0.95)]).await.unwrap();
        assert_eq!((back.tasks_opened, back.tasks_lapsed), (1, 0));
        assert_eq!(open(&hub).await, [(1, 1, 2), (3, 3, 4)]);
        assert_eq!(
            hub.store.count_steward_tasks(&all(), None).await.unwrap(),
            TaskCounts { open: 2, lapsed: 1, ..TaskCounts::default() }
        );
    });
}

#[test]
fn a_resolution_of_a_part_lets_only_pairs_inside_it_lapse() {
    on_both(async |hub: Hub| {
        doubt(&hub).await;
        let resolution = Resolution {
            changes: Vec::new(),
            questions: Vec::new(),
            scope: Scope::These(vec![SourceRecordId(1), SourceRecordId(2)]),
            unresolved: Unresolved::default(),
        };
        let applied = hub.store.apply_resolution(&model(), hub.rules, resolution).await.unwrap();
        assert_eq!(applied.tasks_lapsed, 1);
        assert_eq!(open(&hub).await, [(3, 3, 4), (2, 2, 3)]);
    });
}

#[test]
fn a_decision_becomes_a_constraint_and_its_records_wait_for_a_resolution() {
    on_both(async |hub: Hub| {
        doubt(&hub).await;
        let constraint =
            hub.store.decide_task(StewardTaskId(1), UserId(7), Decision::Match, "same mobile").await.unwrap();
        assert_eq!((constraint.left.0, constraint.right.0, constraint.kind), (1, 2, ConstraintKind::MustLink));
        assert_eq!(hub.store.list_constraints("citizen").await.unwrap(), [constraint]);
        assert_eq!(
            hub.store.list_unresolved("citizen").await.unwrap().source_records,
            [SourceRecordId(1), SourceRecordId(2)]
        );
        let around = hub.store.list_cluster_neighbourhood(&all(), &[constraint.left, constraint.right]).await.unwrap();
        assert_eq!(around.source_records.iter().map(|r| r.id.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((around.links.len(), around.constraints), (2, vec![constraint]));
        hub.resolve(&[vec![1, 2], vec![3], vec![4]]).await.unwrap();
        let view = hub.store.get_steward_task(&all(), &model(), StewardTaskId(1)).await.unwrap();
        assert_eq!((view.left_golden, view.right_golden), (Some(GoldenId(1)), Some(GoldenId(1))));
        assert_eq!(view.reason.as_deref(), Some("same mobile"));
        assert!(matches!(view.task.state, TaskState::Decided { by: UserId(7), decision: Decision::Match, .. }));
        // Doubted anew by the rules, it stays decided.
        hub.resolve_with(&[vec![1, 2], vec![3], vec![4]], vec![doubtful(1, 2, 0.9)]).await.unwrap();
        assert_eq!(hub.store.count_steward_tasks(&all(), None).await.unwrap().decided, 1);
    });
}

#[test]
fn an_undone_decision_opens_the_task_again_and_the_ledger_keeps_both() {
    on_both(async |hub: Hub| {
        doubt(&hub).await;
        let id = StewardTaskId(1);
        hub.store.decide_task(id, UserId(7), Decision::NoMatch, "father and son").await.unwrap();
        let error = hub.store.decide_task(id, UserId(8), Decision::Match, "again").await.unwrap_err();
        assert!(matches!(error, StoreError::TaskState { needed: "open", .. }), "{error}");
        let policy = FourEyes::default();
        let why = hub.store.undo_decision_under(&policy, id, UserId(8), &"x".repeat(501)).await.unwrap_err();
        assert!(matches!(why, StoreError::Reason { .. }), "{why}");
        let undone = hub.store.undo_decision_under(&policy, id, UserId(8), "one person ").await.unwrap();
        let Undone::InForce(task) = undone else { panic!("no policy wants a second steward") };
        assert_eq!(task.state, TaskState::Open);
        assert!(hub.store.list_constraints("citizen").await.unwrap().is_empty());
        let acts = hub.store.list_steward_acts(GoldenId(1), Timestamp(i64::MAX)).await.unwrap();
        let told: Vec<_> = acts.iter().map(|act| (act.what.clone(), act.by, act.reason.as_deref())).collect();
        let (parted, undone) = (ActKind::Parted, ActKind::PartedUndone);
        let by = |id| Some(UserId(id));
        assert_eq!(told, [(parted, by(7), Some("father and son")), (undone, by(8), Some("one person"))]);
        let trail = hub.store.list_audit_events(0, 99).await.unwrap();
        assert!(trail.iter().all(|entry| !entry.event.detail.to_string().contains("one person")), "{trail:?}");
        for check in hub.store.check_invariants().await.unwrap() {
            assert!(check.passed, "{}: {}", check.name, check.detail);
        }
        let error = hub.store.undo_decision(id, UserId(8)).await.unwrap_err();
        assert!(matches!(error, StoreError::TaskState { needed: "decided", .. }), "{error}");
        hub.store.decide_task(id, UserId(8), Decision::Match, "the same after all").await.unwrap();
        assert_eq!(hub.store.list_constraints("citizen").await.unwrap()[0].kind, ConstraintKind::MustLink);
        assert!(matches!(
            hub.store.decide_task(id, UserId(1), Decision::Review, "").await,
            Err(StoreError::NoDecision)
        ));
        let told = "UPDATE constraints SET undone_reason = 'told' WHERE undone_us IS NOT NULL";
        kanak_store::testing::break_hub(&hub.url, told).await.unwrap();
        let checks = hub.store.check_invariants().await.unwrap();
        let words = checks.iter().find(|check| check.name == "words_in_trail").unwrap();
        assert!(!words.passed && words.detail.contains("undoing of steward task 1"), "{}", words.detail);
    });
}

#[test]
fn contradictory_decisions_are_refused_and_both_are_named() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &FOUR).await.unwrap();
        let pairs = vec![doubtful(1, 2, 0.9), doubtful(2, 3, 0.8), doubtful(1, 3, 0.7)];
        hub.resolve_with(&apart(), pairs).await.unwrap();
        hub.store.decide_task(StewardTaskId(1), UserId(1), Decision::Match, "seen").await.unwrap();
        hub.store.decide_task(StewardTaskId(2), UserId(1), Decision::Match, "seen").await.unwrap();
        let error = hub.store.decide_task(StewardTaskId(3), UserId(1), Decision::NoMatch, "seen").await.unwrap_err();
        let words = error.to_string();
        assert!(words.contains("(1 with 3)") && words.contains("decision 1: must_link 1 with 2"), "{words}");
        hub.store.undo_decision(StewardTaskId(2), UserId(1)).await.unwrap();
        hub.store.decide_task(StewardTaskId(3), UserId(1), Decision::NoMatch, "seen").await.unwrap();
        let error = hub.store.decide_task(StewardTaskId(2), UserId(1), Decision::Match, "seen").await.unwrap_err();
        assert!(matches!(error, StoreError::Contradicts { kind: "cannot_link", .. }), "{error}");
    });
}

#[test]
fn a_task_about_a_retired_source_record_lapses_and_its_decision_sleeps() {
    on_both(async |hub: Hub| {
        doubt(&hub).await;
        hub.store.decide_task(StewardTaskId(1), UserId(1), Decision::Match, "seen").await.unwrap();
        hub.load(Load::Snapshot, &[FOUR[0], FOUR[2]]).await.unwrap();
        assert!(open(&hub).await.is_empty());
        assert!(hub.store.list_constraints("citizen").await.unwrap().is_empty());
        hub.load(Load::Delta, &[FOUR[1]]).await.unwrap();
        assert_eq!(hub.store.list_constraints("citizen").await.unwrap().len(), 1);
        hub.load(Load::Snapshot, &[FOUR[0], FOUR[2]]).await.unwrap();
        let undone = hub.store.undo_decision(StewardTaskId(1), UserId(1)).await.unwrap();
        assert_eq!(undone.state, TaskState::Lapsed, "nobody is asked about a retired source record");
    });
}

#[test]
fn a_steward_confined_to_other_districts_sees_no_task() {
    on_both(async |hub: Hub| {
        doubt(&hub).await;
        for (district, seen) in [("41", 3), ("42", 0)] {
            let caller = Caller {
                user: Some(UserId(1)),
                name: "someone".to_owned(),
                roles: [Role::Steward].into_iter().collect(),
                districts: Some([district.to_owned()].into_iter().collect()),
            };
            let access = Access::decide(&caller, Purpose::Stewardship).unwrap();
            let tasks = hub.store.list_steward_tasks(&access, &TaskQuery::new(TaskFilter::Open, 9)).await.unwrap();
            assert_eq!(tasks.len(), seen);
            assert_eq!(hub.store.count_steward_tasks(&access, None).await.unwrap().open, seen as u64);
            assert_eq!(hub.store.count_steward_tasks(&access, Some("business")).await.unwrap().open, 0);
            let view = hub.store.get_steward_task(&access, &model(), StewardTaskId(1)).await;
            assert_eq!(view.is_ok(), seen > 0);
        }
    });
}

#[test]
fn decisions_and_their_undoing_are_in_the_trail_under_the_stewards_name_without_the_reason() {
    on_both(async |hub: Hub| {
        doubt(&hub).await;
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let roles = [Role::Steward].into_iter().collect();
        let by = Caller::system("test");
        let deepa = hub.store.create_user(&by, "deepa", "a long password", &roles, None, &mut rng).await.unwrap();
        hub.store.decide_task(StewardTaskId(1), deepa, Decision::NoMatch, "father and son").await.unwrap();
        hub.store.undo_decision(StewardTaskId(1), UserId(9)).await.unwrap();
        let entries = hub.store.list_audit_events(1, 9).await.unwrap();
        let told: Vec<(&str, &str, &str)> = entries
            .iter()
            .map(|e| (e.event.actor.as_str(), e.event.action.as_str(), e.event.subject.as_str()))
            .collect();
        let task = "steward task 1";
        assert_eq!(told, [("deepa", "task_decided", task), ("user 9", "decision_undone", task)]);
        // (printf '\0\0\0\0\0\0\0\016'; printf 'father and son') | sha256sum
        let hash = "f0c172e05d2a53c77579799096c3aedfcfbbbeabf3fc96068679264864fabadb";
        let golden = [GoldenId(1).to_string(), GoldenId(2).to_string()];
        assert_eq!(
            entries[0].event.detail,
            serde_json::json!({"decision": "no_match", "golden_records": golden, "words_sha256": hash})
        );
        // Also where nothing was said, so that no words come in afterwards: printf '\0\0\0\0\0\0\0\0' | sha256sum
        let silent = "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc";
        assert_eq!(entries[1].event.detail, serde_json::json!({ "golden_records": golden, "words_sha256": silent }));
    });
}

#[test]
fn a_reason_is_a_sentence_without_an_aadhaar_number() {
    on_both(async |hub: Hub| {
        doubt(&hub).await;
        let long = "x".repeat(501);
        for bad in ["", "  \n", &long, "both have 2341-2341-2346", "Aadhaar ੨੩੪੧੨੩੪੧੨੩੪੬"] {
            let error = hub.store.decide_task(StewardTaskId(1), UserId(1), Decision::Match, bad).await.unwrap_err();
            assert!(matches!(error, StoreError::Reason { .. }), "{bad}: {error}");
            assert!(!error.to_string().contains("2346"));
        }
        assert_eq!(open(&hub).await.len(), 3, "nothing was decided");
        let longest = format!(" {}\n", "ਕ".repeat(500));
        hub.store.decide_task(StewardTaskId(1), UserId(1), Decision::Match, &longest).await.unwrap();
        let view = hub.store.get_steward_task(&all(), &model(), StewardTaskId(1)).await.unwrap();
        assert_eq!(view.reason.as_deref(), Some(longest.trim()));
    });
}
