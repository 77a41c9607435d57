//! What a policy wants two stewards to agree to: proposed, approved, rejected, withdrawn.

use std::collections::BTreeSet;
use std::time::Duration;

use kanak_model::four_eyes::FourEyes;
use kanak_model::match_pair::{ConstraintKind, Decision};
use kanak_model::source_system::Load;
use kanak_model::steward_task::{StepRefused, TaskState};
use kanak_model::{Access, Caller, GoldenId, OverrideId, ProposalId, Purpose, Role, StewardTaskId, Timestamp, UserId};
use kanak_store::{
    Activity, BatchTerms, Decided, NewOverride, ProposalOutcome, ProposedAct, StoreError, TaskFilter, TaskQuery, Undone,
};
use rand::SeedableRng;

use crate::hub::{Hub, all, doubtful, model, on_both};

const ONE: StewardTaskId = StewardTaskId(1);
const ASHA: UserId = UserId(1);
const BINA: UserId = UserId(2);

fn policy() -> FourEyes {
    FourEyes { match_of_confirmed: Some(2), match_below: Some(0.5), ..FourEyes::default() }
}

/// People who sign in, by name and roles; their ids go on from 1.
async fn people(hub: &Hub, people: &[(&str, &[Role])]) -> Vec<UserId> {
    let (mut rng, by) = (rand::rngs::StdRng::seed_from_u64(1), Caller::system("test"));
    let mut ids = Vec::new();
    for (name, roles) in people {
        let roles: BTreeSet<Role> = roles.iter().copied().collect();
        ids.push(hub.store.create_user(&by, name, "a long password", &roles, None, &mut rng).await.unwrap());
    }
    ids
}

async fn two_stewards(hub: &Hub) {
    assert_eq!(people(hub, &[("asha", &[Role::Steward]), ("bina", &[Role::Steward])]).await, [ASHA, BINA]);
}

/// Tasks about (1, 2) of 0.4, (2, 3) of 0.6 and (3, 4) of 0.6.
async fn three(hub: &Hub) {
    two_stewards(hub).await;
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

async fn listed(hub: &Hub, access: &Access, after: Option<i64>, limit: u32) -> Vec<i64> {
    let found = hub.store.list_proposals(access, &["citizen"], after.map(ProposalId), limit).await.unwrap();
    found.iter().map(|proposal| proposal.id.0).collect()
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
                assert!(error.to_string().contains("asha proposed a decision"), "{error}");
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
        let expected = [("asha", "decision_proposed"), ("bina", "decision_approved")];
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
        let rejected = store.list_rejected_proposals(&all(), &["citizen"], 9).await.unwrap();
        let told: Vec<_> = rejected.iter().map(|one| (one.id, one.ended.clone().unwrap().reason)).collect();
        assert_eq!(told, [(first, Some("the fathers differ".to_owned()))], "who withdraws says so to nobody");
        assert!(store.list_rejected_proposals(&all(), &["business"], 9).await.unwrap().is_empty());
        assert_eq!(store.get_proposal(second).await.unwrap().ended.unwrap().outcome, ProposalOutcome::Withdrawn);
        assert!(listed(&hub, &all(), None, 9).await.is_empty());
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
        two_stewards(&hub).await;
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
        let both: &[Role] = &[Role::Steward, Role::Supervisor];
        let users = people(&hub, &[("chitra", both), ("deepa", both)]).await;
        hub.store.escalate_task(ONE, ASHA, Role::Supervisor, "unsure").await.unwrap();
        let Decided::Proposed(id) = decide(&hub, ONE, users[0], Decision::Match).await.unwrap() else { panic!() };
        let error = hub.store.approve_proposal(id, BINA).await.unwrap_err();
        let waits = StepRefused::WaitsFor { role: Role::Supervisor };
        assert!(matches!(&error, StoreError::TaskStep { refused, .. } if *refused == waits), "{error}");
        // Who proposed it must have the role still, and so must whoever undoes it.
        let (by, steward) = (Caller::system("test"), BTreeSet::from([Role::Steward]));
        hub.store.set_user_access(&by, users[0], &steward, None).await.unwrap();
        let error = hub.store.approve_proposal(id, users[1]).await.unwrap_err();
        assert!(matches!(error, StoreError::ProposerGone { needed: "supervisor", .. }), "{error}");
        hub.store.set_user_access(&by, users[0], &both.iter().copied().collect(), None).await.unwrap();
        hub.store.approve_proposal(id, users[1]).await.unwrap();
        let error = hub.store.undo_decision(ONE, BINA).await.unwrap_err();
        assert!(matches!(&error, StoreError::TaskStep { refused, .. } if *refused == waits), "{error}");
        let undone = hub.store.undo_decision(ONE, users[1]).await.unwrap();
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
        assert_eq!((last.actor.as_str(), last.action.as_str()), ("bina", "proposal_rejected"));
    });
}

async fn undo(hub: &Hub, policy: &FourEyes, task: StewardTaskId, by: UserId) -> Result<Undone, StoreError> {
    hub.store.undo_decision_under(policy, task, by, "").await
}

#[test]
fn what_needed_two_stewards_is_not_undone_by_one() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let store = &hub.store;
        let id = propose(&hub).await;
        store.approve_proposal(id, BINA).await.unwrap();
        for by in [ASHA, BINA] {
            let error = store.turn_down_proposal(id, by, "no").await.unwrap_err();
            assert!(matches!(error, StoreError::ProposalEnded { .. }), "{error}");
        }
        let Undone::Proposed(second) = undo(&hub, &policy(), ONE, ASHA).await.unwrap() else { panic!("one alone") };
        assert!(matches!(stands(&hub).await, TaskState::Decided { .. }), "nothing is undone");
        assert_eq!(store.list_constraints("citizen").await.unwrap().len(), 1);
        let proposal = store.get_proposal(second).await.unwrap();
        assert_eq!((&proposal.act, proposal.by), (&ProposedAct::Undo { task: ONE }, ASHA));
        assert!(proposal.policy.contains("the undoing of a match of a probability below 0.5"), "{}", proposal.policy);
        let error = undo(&hub, &policy(), ONE, BINA).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::ProposalWaits { proposal, by } if *proposal == second && by == "asha"),
            "{error}"
        );
        assert!(matches!(store.approve_proposal(second, ASHA).await, Err(StoreError::OwnProposal(_))));
        // Turned down, all is as it was.
        store.turn_down_proposal(second, BINA, "it was right").await.unwrap();
        assert!(matches!(stands(&hub).await, TaskState::Decided { .. }));
        let Undone::Proposed(third) = undo(&hub, &policy(), ONE, BINA).await.unwrap() else { panic!("one alone") };
        let approved = store.approve_proposal(third, ASHA).await.unwrap();
        assert_eq!(approved.touched.iter().map(|record| record.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(stands(&hub).await, TaskState::Open);
        assert!(store.list_constraints("citizen").await.unwrap().is_empty());
        let told: Vec<(String, String)> = store
            .list_audit_events(0, 99)
            .await
            .unwrap()
            .into_iter()
            .filter(|entry| {
                ["decision_undone", "undo_proposed", "undo_approved"].contains(&entry.event.action.as_str())
            })
            .map(|entry| (entry.event.actor, entry.event.action))
            .collect();
        let expected = [
            ("asha", "undo_proposed"),
            ("bina", "undo_proposed"),
            ("bina", "decision_undone"),
            ("asha", "undo_approved"),
        ];
        assert_eq!(told, expected.map(|(actor, action)| (actor.to_owned(), action.to_owned())));
        // What the policy does not name is undone at once.
        decide(&hub, StewardTaskId(3), ASHA, Decision::NoMatch).await.unwrap();
        assert!(matches!(undo(&hub, &policy(), StewardTaskId(3), BINA).await.unwrap(), Undone::InForce(_)));
        for check in store.check_invariants().await.unwrap() {
            assert!(check.passed, "{}: {}", check.name, check.detail);
        }
    });
}

#[test]
fn a_match_is_undone_by_how_both_golden_records_stood_when_it_was_made() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let (task, only_confirmed) =
            (StewardTaskId(2), FourEyes { match_of_confirmed: Some(2), ..FourEyes::default() });
        // Neither was confirmed: that the match itself confirmed them does not count.
        hub.store.decide_task(task, ASHA, Decision::Match, "seen").await.unwrap();
        hub.resolve(&[vec![1], vec![2, 3], vec![4]]).await.unwrap();
        assert!(matches!(undo(&hub, &only_confirmed, task, ASHA).await.unwrap(), Undone::InForce(_)));
        hub.resolve_with(&[vec![1], vec![2], vec![3], vec![4]], vec![doubtful(2, 3, 0.6)]).await.unwrap();
        for golden in [2, 3].map(kanak_model::SourceRecordId) {
            let golden = hub.links().await[&golden];
            hub.store.confirm_golden(golden, ASHA, "seen").await.unwrap();
        }
        let none = FourEyes::default();
        let terms = BatchTerms::AllOrNothing;
        let batch =
            hub.store.decide_tasks(&none, &[task], ASHA, Decision::Match, "one", terms).await.unwrap().id.unwrap();
        hub.resolve(&[vec![1], vec![2, 3], vec![4]]).await.unwrap();
        assert!(matches!(undo(&hub, &only_confirmed, task, ASHA).await.unwrap(), Undone::Proposed(_)));
        let error = hub.store.undo_tasks(&only_confirmed, batch, BINA, "").await.unwrap_err();
        assert!(matches!(error, StoreError::NeedsSecond { task: named, .. } if named == task), "{error}");
        assert_eq!(hub.store.undo_tasks(&none, batch, BINA, "").await.unwrap().len(), 1);
    });
}

#[test]
fn confirmations_and_stated_values_that_need_two_are_not_withdrawn_by_one() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let store = &hub.store;
        let named = FourEyes { overrides: ["citizen.full_name".to_owned()].into(), ..policy() };
        store.confirm_golden(GoldenId(1), ASHA, "seen").await.unwrap();
        let id = store.withdraw_confirmation_under(&policy(), GoldenId(1), ASHA).await.unwrap().expect("two");
        assert!(store.find_confirmation(GoldenId(1)).await.unwrap().is_some());
        let error = store.withdraw_confirmation_under(&policy(), GoldenId(1), BINA).await.unwrap_err();
        assert!(matches!(error, StoreError::ProposalWaits { .. }), "{error}");
        let approved = store.approve_proposal(id, BINA).await.unwrap();
        assert_eq!((approved.entity.as_str(), approved.touched.len()), ("citizen", 1));
        assert!(store.find_confirmation(GoldenId(1)).await.unwrap().is_none());
        let error = store.withdraw_confirmation_under(&policy(), GoldenId(1), ASHA).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "there is nothing to withdraw: {error}");
        let only_overrides = FourEyes { match_of_confirmed: None, ..named.clone() };
        store.confirm_golden(GoldenId(1), ASHA, "seen").await.unwrap();
        assert_eq!(store.withdraw_confirmation_under(&only_overrides, GoldenId(1), ASHA).await.unwrap(), None);

        let new =
            |attribute| NewOverride { golden_id: GoldenId(1), attribute, value: "x", reason: "paper", expires: None };
        let name = store.state_override(new("full_name"), ASHA).await.unwrap();
        let mobile = store.state_override(new("mobile"), ASHA).await.unwrap();
        assert_eq!(store.withdraw_override_under(&named, mobile, ASHA).await.unwrap(), None, "it is not named");
        let id = store.withdraw_override_under(&named, name, ASHA).await.unwrap().expect("two");
        assert_eq!(store.list_overrides("citizen").await.unwrap().len(), 1);
        let error = store.withdraw_override_under(&named, name, BINA).await.unwrap_err();
        assert!(matches!(error, StoreError::ProposalWaits { .. }), "{error}");
        assert_eq!(store.list_proposals_of_golden(GoldenId(1)).await.unwrap().len(), 1);
        assert!(matches!(store.approve_proposal(id, ASHA).await, Err(StoreError::OwnProposal(_))));
        store.approve_proposal(id, BINA).await.unwrap();
        assert!(store.list_overrides("citizen").await.unwrap().is_empty());
        let ended = store.list_overrides_of(&all(), &model(), GoldenId(1)).await.unwrap();
        assert!(ended.iter().all(|one| one.ended_by == Some(ASHA)), "in the name of who proposed it: {ended:?}");
    });
}

#[test]
fn who_is_no_steward_any_more_puts_nothing_in_force() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let (store, by) = (&hub.store, Caller::system("test"));
        let id = propose(&hub).await;
        store.set_user_disabled(&by, ASHA, Activity::Disabled).await.unwrap();
        let error = store.approve_proposal(id, BINA).await.unwrap_err();
        assert!(matches!(error, StoreError::ProposerGone { needed: "steward", .. }) && error.is_refusal(), "{error}");
        assert!(error.to_string().contains("asha"), "{error}");
        store.set_user_disabled(&by, ASHA, Activity::Active).await.unwrap();
        store.set_user_access(&by, ASHA, &BTreeSet::from([Role::Analyst]), None).await.unwrap();
        assert!(matches!(store.approve_proposal(id, BINA).await, Err(StoreError::ProposerGone { .. })));
        assert!(store.list_constraints("citizen").await.unwrap().is_empty());
        store.set_user_access(&by, ASHA, &BTreeSet::from([Role::Steward]), None).await.unwrap();
        store.approve_proposal(id, BINA).await.unwrap();
    });
}

#[test]
fn every_proposal_of_a_callers_districts_is_reached_page_by_page_and_no_other() {
    on_both(async |hub: Hub| {
        two_stewards(&hub).await;
        let store = &hub.store;
        // Of eight people every other one lives in 42.
        let mut run = store.begin_ingest(hub.source, crate::hub::file("food.csv", Load::Snapshot)).await.unwrap();
        let rows = (0..8).map(|at| {
            let mut row = crate::hub::record(&format!("k{at}"), &format!("Asha {at}"));
            let district = if at % 4 < 2 { "41" } else { "42" };
            row.values.insert("district", kanak_model::source_record::Stated::new(district, district));
            row
        });
        run.add(rows.collect()).await.unwrap();
        run.finish().await.unwrap();
        let pairs: Vec<_> = (1..8).map(|left| doubtful(left, left + 1, 0.4)).collect();
        hub.resolve_with(&(1..=8).map(|id| vec![id]).collect::<Vec<_>>(), pairs).await.unwrap();
        for task in 1..=7 {
            let done = decide(&hub, StewardTaskId(task), ASHA, Decision::Match).await.unwrap();
            assert!(matches!(done, Decided::Proposed(_)));
        }
        for golden in [1, 3] {
            let new = NewOverride {
                golden_id: GoldenId(golden),
                attribute: "mobile",
                value: "x",
                reason: "paper",
                expires: None,
            };
            store.propose_override(new, ASHA, "x").await.unwrap();
        }
        let steward = |districts: &[&str]| {
            let districts = Some(districts.iter().map(|code| (*code).to_owned()).collect());
            let caller = Caller { user: Some(BINA), name: "bina".to_owned(), roles: [Role::Steward].into(), districts };
            Access::decide(&caller, Purpose::Stewardship).unwrap()
        };
        assert_eq!(listed(&hub, &all(), None, 99).await, (1..=9).collect::<Vec<_>>());
        assert!(store.list_proposals(&all(), &["business"], None, 9).await.unwrap().is_empty());
        // Tasks of which both lie there, and the golden record that does.
        for (access, expected) in [(steward(&["41"]), [1, 5, 8]), (steward(&["42"]), [3, 7, 9])] {
            assert_eq!(listed(&hub, &access, None, 99).await, expected);
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = listed(&hub, &access, after, 1).await;
                let Some(last) = page.last() else { break };
                after = Some(*last);
                seen.extend(page);
            }
            assert_eq!(seen, expected, "the first page is not filled by what is hidden");
        }
        assert!(listed(&hub, &steward(&[]), None, 99).await.is_empty());
        // A merged-away golden record lies where the one lies that it ended in.
        hub.resolve(&[vec![1, 3], vec![2], vec![4], vec![5], vec![6], vec![7], vec![8]]).await.unwrap();
        assert!(listed(&hub, &steward(&["41"]), None, 99).await.ends_with(&[8, 9]));
        assert!(!listed(&hub, &steward(&["42"]), None, 99).await.contains(&9));
    });
}
