//! What a policy wants two stewards to agree to: proposed, approved, rejected, withdrawn.

use std::collections::BTreeSet;
use std::time::Duration;

use kanak_model::four_eyes::FourEyes;
use kanak_model::match_pair::{ConstraintKind, Decision};
use kanak_model::source_system::Load;
use kanak_model::steward_task::{StepRefused, TaskState};
use kanak_model::{Caller, GoldenId, OverrideId, ProposalId, Role, StewardTaskId, Timestamp, UserId};
use kanak_store::{Decided, NewOverride, ProposalOutcome, ProposedAct, StoreError, TaskFilter, TaskQuery};
use rand::SeedableRng;

use crate::hub::{Hub, all, doubtful, model, on_both};

const ONE: StewardTaskId = StewardTaskId(1);
const ASHA: UserId = UserId(7);
const BINA: UserId = UserId(8);

fn policy() -> FourEyes {
    FourEyes { match_of_confirmed: Some(2), match_below: Some(0.5), ..FourEyes::default() }
}

/// Tasks about (1, 2) of 0.4, (2, 3) of 0.6 and (3, 4) of 0.6.
async fn three(hub: &Hub) {
    hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Asha Rani"), ("c", "Charan"), ("d", "Deepa")]).await.unwrap();
    let pairs = vec![doubtful(1, 2, 0.4), doubtful(2, 3, 0.6), doubtful(3, 4, 0.6)];
    hub.resolve_with(&[vec![1], vec![2], vec![3], vec![4]], pairs).await.unwrap();
}

async fn decide(hub: &Hub, task: StewardTaskId, by: UserId, decision: Decision) -> Result<Decided, StoreError> {
    hub.store.decide_task_under(&policy(), task, by, decision, "seen", None).await
}

async fn propose(hub: &Hub) -> ProposalId {
    match decide(hub, ONE, ASHA, Decision::Match).await.unwrap() {
        Decided::Proposed(id) => id,
        Decided::InForce(constraint) => panic!("{constraint:?}"),
    }
}

async fn stands(hub: &Hub) -> TaskState {
    hub.store.get_steward_task(&all(), &model(), ONE).await.unwrap().task.state
}

#[test]
fn nothing_is_in_force_before_a_second_steward_approves() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let store = &hub.store;
        // What the policy does not name is in force at once.
        let decided = decide(&hub, StewardTaskId(3), ASHA, Decision::NoMatch).await.unwrap();
        assert!(matches!(decided, Decided::InForce(one) if one.kind == ConstraintKind::CannotLink), "{decided:?}");
        let id = propose(&hub).await;
        assert_eq!(store.list_constraints("citizen").await.unwrap().len(), 1);
        assert!(store.list_confirmed("citizen").await.unwrap().is_empty());
        let waiting = store.list_unresolved("citizen").await.unwrap().source_records;
        assert!(!waiting.iter().any(|record| record.0 == 1), "{waiting:?}");
        assert!(matches!(stands(&hub).await, TaskState::Proposed { by: ASHA, decision: Decision::Match, .. }));
        let listed = store.list_steward_tasks(&all(), &TaskQuery::new(TaskFilter::Proposed, 9)).await.unwrap();
        assert_eq!(listed.iter().map(|task| task.id).collect::<Vec<_>>(), [ONE]);
        let proposal = store.find_proposal_of_task(ONE).await.unwrap().unwrap();
        assert_eq!((proposal.id, proposal.reason.as_str(), &proposal.ended), (id, "seen", &None));
        assert!(proposal.policy.contains("below 0.5"), "{}", proposal.policy);
        // Nobody acts on it but by an answer to the proposal, and nobody answers their own.
        for by in [ASHA, BINA] {
            for error in [
                decide(&hub, ONE, by, Decision::NoMatch).await.unwrap_err(),
                store.claim_task(ONE, by, Duration::from_secs(60)).await.map(drop).unwrap_err(),
            ] {
                assert!(error.to_string().contains("user 7 proposed a decision"), "{error}");
            }
        }
        let error = store.approve_proposal(id, ASHA).await.unwrap_err();
        assert!(matches!(error, StoreError::OwnProposal(own) if own == id), "{error}");
        let approved = store.approve_proposal(id, BINA).await.unwrap();
        assert_eq!(approved.touched.iter().map(|record| record.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(store.list_constraints("citizen").await.unwrap().len(), 2);
        assert!(matches!(stands(&hub).await, TaskState::Decided { by: ASHA, decision: Decision::Match, .. }));
        let ended = store.get_proposal(id).await.unwrap().ended.unwrap();
        assert_eq!((ended.outcome, ended.by), (ProposalOutcome::Approved, Some(BINA)));
        let error = store.approve_proposal(id, BINA).await.unwrap_err();
        assert!(matches!(error, StoreError::ProposalEnded { outcome: "approved", .. }), "{error}");
        let told: Vec<(String, String)> = store
            .list_audit_events(0, 99)
            .await
            .unwrap()
            .into_iter()
            .filter(|entry| entry.event.subject == "steward task 1")
            .map(|entry| (entry.event.actor, entry.event.action))
            .collect();
        let expected = [("user 7", "decision_proposed"), ("user 8", "decision_approved")];
        assert_eq!(told, expected.map(|(actor, action)| (actor.to_owned(), action.to_owned())));
        assert_eq!(store.undo_decision(ONE, BINA).await.unwrap().state, TaskState::Open);
    });
}

#[test]
fn a_proposal_that_is_turned_down_leaves_everything_as_it_was() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let store = &hub.store;
        let first = propose(&hub).await;
        let error = store.turn_down_proposal(first, BINA, " ").await.unwrap_err();
        assert!(matches!(error, StoreError::Reason { .. }), "a rejection has a reason: {error}");
        store.turn_down_proposal(first, BINA, "the fathers differ").await.unwrap();
        assert_eq!(stands(&hub).await, TaskState::Open);
        let ended = store.get_proposal(first).await.unwrap().ended.unwrap();
        assert_eq!((ended.outcome, ended.reason.as_deref()), (ProposalOutcome::Rejected, Some("the fathers differ")));
        let second = propose(&hub).await;
        store.turn_down_proposal(second, ASHA, "").await.unwrap();
        assert_eq!(store.get_proposal(second).await.unwrap().ended.unwrap().outcome, ProposalOutcome::Withdrawn);
        assert!(store.list_open_proposals(9).await.unwrap().is_empty());
        assert!(store.list_constraints("citizen").await.unwrap().is_empty());
        // One whose task lapses ends with it.
        let third = propose(&hub).await;
        hub.resolve(&[vec![1], vec![2], vec![3], vec![4]]).await.unwrap();
        let ended = store.get_proposal(third).await.unwrap().ended.unwrap();
        assert_eq!((ended.outcome, ended.by), (ProposalOutcome::Lapsed, None));
        let error = store.approve_proposal(third, BINA).await.unwrap_err();
        assert!(matches!(error, StoreError::ProposalEnded { outcome: "lapsed", .. }), "{error}");
        for check in store.check_invariants().await.unwrap() {
            assert!(check.passed, "{}: {}", check.name, check.detail);
        }
    });
}

#[test]
fn a_match_of_two_confirmed_golden_records_needs_a_second_steward() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let task = StewardTaskId(2);
        hub.store.confirm_golden(GoldenId(2), ASHA, "seen").await.unwrap();
        let one = decide(&hub, task, ASHA, Decision::Match).await.unwrap();
        assert!(matches!(one, Decided::InForce(_)), "one of two is confirmed");
        hub.store.undo_decision(task, ASHA).await.unwrap();
        hub.store.confirm_golden(GoldenId(3), ASHA, "seen").await.unwrap();
        assert!(matches!(decide(&hub, task, ASHA, Decision::Match).await.unwrap(), Decided::Proposed(_)));
    });
}

#[test]
fn what_stands_against_a_decision_stands_against_its_approval_too() {
    on_both(async |hub: Hub| {
        hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Asha Rani"), ("c", "Charan")]).await.unwrap();
        let pairs = vec![doubtful(1, 2, 0.4), doubtful(2, 3, 0.6), doubtful(1, 3, 0.6)];
        hub.resolve_with(&[vec![1], vec![2], vec![3]], pairs).await.unwrap();
        let id = propose(&hub).await;
        hub.store.decide_task(StewardTaskId(2), BINA, Decision::Match, "seen").await.unwrap();
        hub.store.decide_task(StewardTaskId(3), BINA, Decision::NoMatch, "seen").await.unwrap();
        let error = hub.store.approve_proposal(id, BINA).await.unwrap_err();
        assert!(matches!(error, StoreError::Contradicts { .. }), "{error}");
        assert!(matches!(stands(&hub).await, TaskState::Proposed { .. }), "it goes on waiting");
        assert!(hub.store.get_proposal(id).await.unwrap().ended.is_none());
    });
}

#[test]
fn an_escalated_task_is_approved_by_a_steward_with_the_role() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let mut users = Vec::new();
        for name in ["chitra", "deepa"] {
            let roles: BTreeSet<Role> = [Role::Steward, Role::Supervisor].into();
            let by = Caller::system("test");
            users.push(hub.store.create_user(&by, name, "a long password", &roles, None, &mut rng).await.unwrap());
        }
        hub.store.escalate_task(ONE, ASHA, Role::Supervisor, "unsure").await.unwrap();
        let Decided::Proposed(id) = decide(&hub, ONE, users[0], Decision::Match).await.unwrap() else { panic!() };
        let error = hub.store.approve_proposal(id, BINA).await.unwrap_err();
        let waits = StepRefused::WaitsFor { role: Role::Supervisor };
        assert!(matches!(&error, StoreError::TaskStep { refused, .. } if *refused == waits), "{error}");
        hub.store.approve_proposal(id, users[1]).await.unwrap();
        let undone = hub.store.undo_decision(ONE, BINA).await.unwrap();
        assert!(matches!(undone.state, TaskState::Escalated(_)));
    });
}

#[test]
fn a_proposed_value_is_stated_by_a_second_stewards_approval() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let store = &hub.store;
        let new = NewOverride {
            golden_id: GoldenId(1),
            attribute: "full_name",
            value: "Asha Devi",
            reason: "birth certificate",
            expires: None,
        };
        let past = NewOverride { expires: Some(Timestamp(1)), ..new };
        assert!(matches!(store.propose_override(past, ASHA, "x").await, Err(StoreError::ExpiresPast)));
        let gone = NewOverride { golden_id: GoldenId(99), ..new };
        assert!(matches!(store.propose_override(gone, ASHA, "x").await, Err(StoreError::NotFound { .. })));
        let id = store.propose_override(new, ASHA, "a stated value of citizen.full_name").await.unwrap();
        assert!(store.list_overrides("citizen").await.unwrap().is_empty());
        let waiting = store.list_proposals_of_golden(GoldenId(1)).await.unwrap();
        assert!(matches!(&waiting[0].act, ProposedAct::Override { value, .. } if value == "Asha Devi"));
        assert!(matches!(store.approve_proposal(id, ASHA).await, Err(StoreError::OwnProposal(_))));
        let approved = store.approve_proposal(id, BINA).await.unwrap();
        assert_eq!((approved.entity.as_str(), approved.touched[0].0), ("citizen", 1));
        let held = store.list_overrides_of(&all(), &model(), GoldenId(1)).await.unwrap();
        assert_eq!((held[0].id, held[0].by, held[0].reason.as_str()), (OverrideId(1), ASHA, "birth certificate"));
        let second = store.propose_override(new, ASHA, "x").await.unwrap();
        store.turn_down_proposal(second, BINA, "no paper").await.unwrap();
        assert_eq!(store.list_overrides("citizen").await.unwrap().len(), 1);
        assert!(store.list_proposals_of_golden(GoldenId(1)).await.unwrap().is_empty());
        let last = store.list_audit_events(0, 99).await.unwrap().pop().unwrap().event;
        assert_eq!((last.actor.as_str(), last.action.as_str()), ("user 8", "proposal_rejected"));
    });
}
