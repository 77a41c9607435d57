//! Work for a data steward: a doubtful pair to decide, the only ways in which it moves on, and what hangs on the answer.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::clock::Timestamp;
use crate::id::{FieldCheckId, StewardTaskId, UserId};
use crate::match_pair::{Decision, MatchPair};

/// One doubtful pair. The hub closes it when a later resolution no longer doubts it.
#[derive(Debug, Clone, PartialEq)]
pub struct StewardTask {
    /// Its id.
    pub id: StewardTaskId,
    /// The entity type of both source records.
    pub entity: String,
    /// The pair, weighed.
    pub pair: MatchPair,
    /// What hangs on the answer: [`Impact::priority`] as the task was last written. The queue is in this order, the largest first.
    pub priority: f64,
    /// When it was opened.
    pub opened: Timestamp,
    /// Where it stands.
    pub state: TaskState,
}

/// Where a steward task stands. A stored one is moved on by a [`Step`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// Waits for any steward.
    Open,
    /// Waits for a steward with a further role.
    Escalated(Escalation),
    /// A steward works on it: until then nobody else does.
    Claimed {
        /// Who.
        by: UserId,
        /// Since when.
        at: Timestamp,
        /// From when on it waits again.
        until: Timestamp,
        /// For whom it waits then, where it was escalated before.
        escalation: Option<Escalation>,
    },
    /// A steward put it off: until then it is out of the queue.
    Deferred {
        /// Who.
        by: UserId,
        /// When.
        at: Timestamp,
        /// From when on it waits again.
        until: Timestamp,
        /// The steward's words.
        reason: String,
        /// For whom it waits then, where it was escalated before.
        escalation: Option<Escalation>,
    },
    /// A steward proposes a decision: it is in force once a second one approves it.
    Proposed {
        /// Who.
        by: UserId,
        /// When.
        at: Timestamp,
        /// `Match` or `NoMatch`.
        decision: Decision,
        /// For whom it waits once rejected, where it was escalated before.
        escalation: Option<Escalation>,
    },
    /// A steward decided. Undone, it waits again.
    Decided {
        /// Who.
        by: UserId,
        /// When.
        at: Timestamp,
        /// `Match` or `NoMatch`.
        decision: Decision,
        /// For whom it waits once undone, where it was escalated before.
        escalation: Option<Escalation>,
    },
    /// A later resolution no longer doubts the pair.
    Lapsed,
}

/// That a task waits for a steward with a further role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// Who escalated it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// The role that a steward needs beside.
    pub to: Role,
    /// The steward's words.
    pub reason: String,
}

/// The roles that a task may be escalated to.
pub const ESCALATION_ROLES: [Role; 2] = [Role::Supervisor, Role::Department];

impl TaskState {
    /// The word in tables, requests and pages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Escalated(_) => "escalated",
            Self::Claimed { .. } => "claimed",
            Self::Deferred { .. } => "deferred",
            Self::Proposed { .. } => "proposed",
            Self::Decided { .. } => "decided",
            Self::Lapsed => "lapsed",
        }
    }

    /// For which role it waits, now or once it is neither held nor decided.
    pub fn escalation(&self) -> Option<&Escalation> {
        match self {
            Self::Escalated(escalation) => Some(escalation),
            Self::Claimed { escalation, .. }
            | Self::Deferred { escalation, .. }
            | Self::Proposed { escalation, .. }
            | Self::Decided { escalation, .. } => escalation.as_ref(),
            Self::Open | Self::Lapsed => None,
        }
    }

    /// Where it stands at an instant: a claim or a deferral whose time has come no longer counts, whether or not the hub has
    /// written that down yet.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Claimed { until, escalation, .. } | Self::Deferred { until, escalation, .. } if until <= now => {
                waiting(escalation)
            }
            other => other,
        }
    }
}

fn waiting(escalation: Option<Escalation>) -> TaskState {
    escalation.map_or(TaskState::Open, TaskState::Escalated)
}

/// Who moves a task on.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// The steward.
    pub user: UserId,
    /// All roles of the steward.
    pub roles: &'a BTreeSet<Role>,
}

/// One step of a task, allowed where it was made: [`StewardTask`]'s methods alone make one, so nothing else can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    task: StewardTaskId,
    action: &'static str,
    to: TaskState,
}

impl Step {
    /// The task.
    pub fn task(&self) -> StewardTaskId {
        self.task
    }

    /// What is done, as the audit trail calls it.
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// Where the task stands afterwards.
    pub fn to(&self) -> &TaskState {
        &self.to
    }
}

/// Whether both source records of a pair still stand in their registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Both do.
    Live,
    /// One was retired.
    Retired,
}

/// Why a task does not take a step. Users are named by id: whoever shows it looks the name up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepRefused {
    /// Another steward holds it.
    #[error("user {by} holds it until {until}; wait, or ask them to release it")]
    Held {
        /// Who.
        by: UserId,
        /// Until when.
        until: Timestamp,
    },
    /// Another steward's decision waits for a second one.
    #[error("user {by} proposed a decision; a second steward approves or rejects it")]
    Proposed {
        /// Who proposed.
        by: UserId,
    },
    /// Nobody approves what they proposed themselves.
    #[error("you proposed this yourself; another steward has to agree")]
    Own,
    /// It was escalated to a role that the steward lacks.
    #[error("it waits for a {}; ask one, or an administrator for the role", role.word())]
    WaitsFor {
        /// The role.
        role: Role,
    },
    /// It stands where the step does not begin.
    #[error("it is {state}, not {needed}; reload it")]
    State {
        /// Where it stands.
        state: &'static str,
        /// Where it would have to stand.
        needed: &'static str,
    },
    /// A claim or a deferral would have ended already.
    #[error("it would wait again at once; choose a later day")]
    Past,
    /// It cannot be escalated to that role, or stands there already.
    #[error("it cannot be escalated to `{}`; the roles are supervisor and department, and not the one that it waits for", to.word())]
    Role {
        /// The role asked for.
        to: Role,
    },
    /// Only a match or no match decides.
    #[error("a steward task is decided `match` or `no_match`, not `review`")]
    NoDecision,
}

impl StewardTask {
    /// The step with which a claim or a deferral ends by itself; `None` before its time.
    pub fn come_back(&self, now: Timestamp) -> Option<Step> {
        let action = match &self.state {
            TaskState::Claimed { until, .. } if *until <= now => "claim_expired",
            TaskState::Deferred { until, .. } if *until <= now => "deferral_ended",
            _ => return None,
        };
        Some(self.step(action, self.state.clone().at(now)))
    }

    /// Takes it up: until then nobody else acts on it. Whoever holds it already holds it for longer.
    ///
    /// # Errors
    /// [`StepRefused`] when another holds it, it waits for a role that the steward lacks, it is settled, or `until` is past.
    pub fn claim(&self, actor: Actor<'_>, now: Timestamp, until: Timestamp) -> Result<Step, StepRefused> {
        let escalation = self.in_hand(actor, now)?;
        if until <= now {
            return Err(StepRefused::Past);
        }
        Ok(self.step("task_claimed", TaskState::Claimed { by: actor.user, at: now, until, escalation }))
    }

    /// Gives it back to those for whom it waited: what one holds, what one escalated, or what was escalated to one. A supervisor
    /// gives back what anyone holds.
    ///
    /// # Errors
    /// [`StepRefused`] when another holds it, or there is nothing to give back.
    pub fn release(&self, actor: Actor<'_>, now: Timestamp) -> Result<Step, StepRefused> {
        let refused =
            |state: &TaskState| StepRefused::State { state: state.word(), needed: "claimed, deferred or escalated" };
        let to = match self.state.clone().at(now) {
            TaskState::Claimed { by, until, escalation, .. } | TaskState::Deferred { by, until, escalation, .. } => {
                if by != actor.user && !actor.roles.contains(&Role::Supervisor) {
                    return Err(StepRefused::Held { by, until });
                }
                waiting(escalation)
            }
            TaskState::Escalated(escalation) => {
                if escalation.by != actor.user && !actor.roles.contains(&escalation.to) {
                    return Err(StepRefused::WaitsFor { role: escalation.to });
                }
                TaskState::Open
            }
            other => return Err(refused(&other)),
        };
        Ok(self.step("task_released", to))
    }

    /// Puts it off until a time.
    ///
    /// # Errors
    /// [`StepRefused`] as for [`StewardTask::claim`].
    pub fn defer(&self, actor: Actor<'_>, now: Timestamp, until: Timestamp, reason: &str) -> Result<Step, StepRefused> {
        let escalation = self.in_hand(actor, now)?;
        if until <= now {
            return Err(StepRefused::Past);
        }
        let reason = reason.to_owned();
        Ok(self.step("task_deferred", TaskState::Deferred { by: actor.user, at: now, until, reason, escalation }))
    }

    /// Hands it on to stewards with a further role.
    ///
    /// # Errors
    /// [`StepRefused`] as for [`StewardTask::claim`], or when the role is none of [`ESCALATION_ROLES`] or the one that it waits for.
    pub fn escalate(&self, actor: Actor<'_>, now: Timestamp, to: Role, reason: &str) -> Result<Step, StepRefused> {
        let before = self.in_hand(actor, now)?;
        if !ESCALATION_ROLES.contains(&to) || before.is_some_and(|before| before.to == to) {
            return Err(StepRefused::Role { to });
        }
        let escalation = Escalation { by: actor.user, at: now, to, reason: reason.to_owned() };
        Ok(self.step("task_escalated", TaskState::Escalated(escalation)))
    }

    /// Decides it.
    ///
    /// # Errors
    /// [`StepRefused`] when another holds it, it waits for a role that the steward lacks, it is settled, or the decision is none.
    pub fn decide(&self, actor: Actor<'_>, now: Timestamp, decision: Decision) -> Result<Step, StepRefused> {
        if decision == Decision::Review {
            return Err(StepRefused::NoDecision);
        }
        let escalation = self.in_hand(actor, now)?;
        Ok(self.step("task_decided", TaskState::Decided { by: actor.user, at: now, decision, escalation }))
    }

    /// Proposes a decision that a second steward has to approve.
    ///
    /// # Errors
    /// [`StepRefused`] as for [`StewardTask::decide`].
    pub fn propose(&self, actor: Actor<'_>, now: Timestamp, decision: Decision) -> Result<Step, StepRefused> {
        if decision == Decision::Review {
            return Err(StepRefused::NoDecision);
        }
        let escalation = self.in_hand(actor, now)?;
        Ok(self.step("decision_proposed", TaskState::Proposed { by: actor.user, at: now, decision, escalation }))
    }

    /// Puts a proposed decision in force, in the name of who proposed it.
    ///
    /// # Errors
    /// [`StepRefused::Own`] for who proposed it, [`StepRefused::WaitsFor`] for a steward who lacks the role that the task waits for,
    /// [`StepRefused::State`] when nothing is proposed.
    pub fn approve(&self, actor: Actor<'_>, now: Timestamp) -> Result<Step, StepRefused> {
        let (by, decision, escalation) = self.proposed()?;
        if by == actor.user {
            return Err(StepRefused::Own);
        }
        has_role(actor, escalation.as_ref())?;
        Ok(self.step("decision_approved", TaskState::Decided { by, at: now, decision, escalation }))
    }

    /// Turns a proposed decision down: the task waits as before. Who proposed it withdraws it, another steward rejects it.
    ///
    /// # Errors
    /// As [`StewardTask::approve`], but for [`StepRefused::Own`].
    pub fn turn_down(&self, actor: Actor<'_>) -> Result<Step, StepRefused> {
        let (by, _, escalation) = self.proposed()?;
        let action = if by == actor.user {
            "proposal_withdrawn"
        } else {
            has_role(actor, escalation.as_ref())?;
            "proposal_rejected"
        };
        Ok(self.step(action, waiting(escalation)))
    }

    fn proposed(&self) -> Result<(UserId, Decision, Option<Escalation>), StepRefused> {
        match &self.state {
            TaskState::Proposed { by, decision, escalation, .. } => Ok((*by, *decision, escalation.clone())),
            other => Err(StepRefused::State { state: other.word(), needed: "proposed" }),
        }
    }

    /// Takes its decision back: it waits for whom it waited before, or lapses when one of its source records is retired.
    ///
    /// # Errors
    /// [`StepRefused::State`] when it is not decided; [`StepRefused::WaitsFor`] when it was escalated to a role that the steward lacks:
    /// what a steward could not decide is not theirs to undo.
    pub fn undo(&self, actor: Actor<'_>, standing: Standing) -> Result<Step, StepRefused> {
        let TaskState::Decided { escalation, .. } = &self.state else {
            return Err(StepRefused::State { state: self.state.word(), needed: "decided" });
        };
        has_role(actor, escalation.as_ref())?;
        let to = match standing {
            Standing::Live => waiting(escalation.clone()),
            Standing::Retired => TaskState::Lapsed,
        };
        Ok(self.step("decision_undone", to))
    }

    /// The escalation that stays with the task when this steward acts on it now.
    fn in_hand(&self, actor: Actor<'_>, now: Timestamp) -> Result<Option<Escalation>, StepRefused> {
        let escalation = match self.state.clone().at(now) {
            TaskState::Open => None,
            TaskState::Escalated(escalation) => Some(escalation),
            TaskState::Claimed { by, until, escalation, .. } | TaskState::Deferred { by, until, escalation, .. } => {
                if by != actor.user {
                    return Err(StepRefused::Held { by, until });
                }
                escalation
            }
            TaskState::Proposed { by, .. } => return Err(StepRefused::Proposed { by }),
            settled @ (TaskState::Decided { .. } | TaskState::Lapsed) => {
                return Err(StepRefused::State { state: settled.word(), needed: "open" });
            }
        };
        has_role(actor, escalation.as_ref())?;
        Ok(escalation)
    }

    fn step(&self, action: &'static str, to: TaskState) -> Step {
        Step { task: self.id, action, to }
    }
}

/// Whether a steward has the role that a task waits for.
fn has_role(actor: Actor<'_>, escalation: Option<&Escalation>) -> Result<(), StepRefused> {
    match escalation {
        Some(escalation) if !actor.roles.contains(&escalation.to) => Err(StepRefused::WaitsFor { role: escalation.to }),
        _ => Ok(()),
    }
}

/// What hangs on the answer to a doubtful pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Impact {
    /// Live source records that both golden records hold together.
    pub source_records: u32,
    /// How many registers they stand in on which somebody's benefit hangs.
    pub benefit_registers: u32,
    /// How many of the two golden records stewards confirmed, 0 to 2.
    pub confirmed: u32,
}

impl Impact {
    /// The priority of a task: the larger, the earlier a steward is asked.
    ///
    /// `(0.2 + 0.8 H(p)) * (log2(n) + 2 b + c)`, where `p` is the match probability and `H(p)` its entropy in bits (1 at 0.5, 0 when
    /// certain), `n` the source records on both sides (at least 2), `b` the registers among them on which a benefit hangs, and `c`
    /// the golden records of the two that stewards confirmed. What an answer moves counts, and most where the rules know least; a
    /// fifth of it counts even where they are sure, for they ask only where a person alone may answer. Two source records of
    /// ordinary registers at even odds have priority 1.
    pub fn priority(self, probability: f64) -> f64 {
        let p = probability.clamp(0.0, 1.0);
        let bits = |share: f64| if share > 0.0 { -share * share.log2() } else { 0.0 };
        let doubt = bits(p) + bits(1.0 - p);
        let reach = f64::from(self.source_records.max(2)).log2();
        (0.2 + 0.8 * doubt) * (reach + 2.0 * f64::from(self.benefit_registers) + f64::from(self.confirmed))
    }
}

/// What an officer is asked to find out on the spot about the two of a task, and what came of it. By itself it decides nothing: a
/// steward's decision names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldCheck {
    /// Its id.
    pub id: FieldCheckId,
    /// The task.
    pub task: StewardTaskId,
    /// The steward's words.
    pub question: String,
    /// Which office is asked.
    pub office: String,
    /// The steward who asked.
    pub asked_by: UserId,
    /// When.
    pub asked: Timestamp,
    /// Where it stands.
    pub state: FieldCheckState,
}

/// Where a field check stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldCheckState {
    /// Nobody has answered.
    Asked,
    /// It was answered.
    Answered {
        /// What was found.
        answer: FieldAnswer,
        /// Who wrote it down.
        by: UserId,
        /// When.
        at: Timestamp,
    },
    /// A steward withdrew the question.
    Withdrawn {
        /// Who.
        by: UserId,
        /// When.
        at: Timestamp,
    },
}

/// What an officer found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldAnswer {
    /// What it comes to.
    pub finding: Finding,
    /// The officer who looked, by name or office.
    pub found_by: String,
    /// On which day, in India.
    pub found_on: NaiveDate,
    /// The officer's words.
    pub note: String,
}

/// What a field check comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Both source records are of the same one.
    Same,
    /// They are of different ones.
    Different,
    /// Nobody was found who could tell.
    NotFound,
}

impl Finding {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Same, Self::Different, Self::NotFound];

    /// The word in tables and requests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::NotFound => "not_found",
        }
    }

    /// Reads [`Finding::word`].
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finding| finding.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SourceRecordId;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_000);
    const LATER: Timestamp = Timestamp(2_000);

    fn task(state: TaskState) -> StewardTask {
        let pair = MatchPair {
            left: SourceRecordId(1),
            right: SourceRecordId(2),
            weight_bits: 1.0,
            probability: 0.5,
            decision: Decision::Review,
        };
        StewardTask {
            id: StewardTaskId(7),
            entity: "citizen".to_owned(),
            pair,
            priority: 1.0,
            opened: Timestamp(0),
            state,
        }
    }

    fn escalation() -> Escalation {
        Escalation { by: UserId(3), at: Timestamp(1), to: Role::Supervisor, reason: "unsure".to_owned() }
    }

    fn claimed(by: i64, until: Timestamp, escalation: Option<Escalation>) -> TaskState {
        TaskState::Claimed { by: UserId(by), at: Timestamp(1), until, escalation }
    }

    fn deferred(by: i64, until: Timestamp) -> TaskState {
        TaskState::Deferred {
            by: UserId(by),
            at: Timestamp(1),
            until,
            reason: "papers asked for".to_owned(),
            escalation: None,
        }
    }

    fn decided(escalation: Option<Escalation>) -> TaskState {
        TaskState::Decided { by: UserId(1), at: Timestamp(1), decision: Decision::Match, escalation }
    }

    fn proposed(by: i64, escalation: Option<Escalation>) -> TaskState {
        TaskState::Proposed { by: UserId(by), at: Timestamp(1), decision: Decision::Match, escalation }
    }

    #[test]
    fn a_proposal_is_approved_by_another_and_never_by_who_made_it() {
        let check = |state: TaskState,
                     roles: &[Role],
                     approved: Result<&str, StepRefused>,
                     turned: Result<&str, StepRefused>| {
            let roles = roles.iter().copied().collect();
            let actor = Actor { user: UserId(1), roles: &roles };
            let task = task(state);
            assert_eq!(task.approve(actor, NOW).map(|step| step.to().word()), approved, "{:?}", task.state);
            assert_eq!(task.turn_down(actor).map(|step| step.action()), turned, "{:?}", task.state);
        };
        check(proposed(2, None), &[], Ok("decided"), Ok("proposal_rejected"));
        check(proposed(1, None), &[Role::Supervisor], Err(StepRefused::Own), Ok("proposal_withdrawn"));
        let waits = StepRefused::WaitsFor { role: Role::Supervisor };
        check(proposed(2, Some(escalation())), &[], Err(waits.clone()), Err(waits));
        check(proposed(2, Some(escalation())), &[Role::Supervisor], Ok("decided"), Ok("proposal_rejected"));
        let none = StepRefused::State { state: "open", needed: "proposed" };
        check(TaskState::Open, &[], Err(none.clone()), Err(none));
        let roles = BTreeSet::new();
        let approved = task(proposed(2, None)).approve(Actor { user: UserId(1), roles: &roles }, NOW).unwrap();
        assert!(matches!(approved.to(), TaskState::Decided { by: UserId(2), at: NOW, decision: Decision::Match, .. }));
    }

    /// What each step comes to for user 1: the word of the state afterwards, or of the refusal.
    #[track_caller]
    fn check(state: TaskState, roles: &[Role], expected: [&str; 5]) {
        let roles = roles.iter().copied().collect();
        let actor = Actor { user: UserId(1), roles: &roles };
        let task = task(state);
        let word = |step: Result<Step, StepRefused>| match step {
            Ok(step) => step.to().word(),
            Err(StepRefused::Held { .. }) => "held",
            Err(StepRefused::WaitsFor { .. }) => "not for you",
            Err(StepRefused::State { .. }) => "settled",
            Err(StepRefused::Past) => "past",
            Err(StepRefused::Role { .. }) => "role",
            Err(StepRefused::NoDecision) => "none",
            Err(StepRefused::Proposed { .. }) => "proposed already",
            Err(StepRefused::Own) => "own",
        };
        let steps = [
            word(task.claim(actor, NOW, LATER)),
            word(task.release(actor, NOW)),
            word(task.defer(actor, NOW, LATER, "papers")),
            word(task.escalate(actor, NOW, Role::Department, "unsure")),
            word(task.decide(actor, NOW, Decision::Match)),
        ];
        assert_eq!(steps, expected, "{:?}", task.state);
    }

    #[test]
    fn each_step_begins_where_it_may_and_nowhere_else() {
        const ALL: [&str; 5] = ["claimed", "open", "deferred", "escalated", "decided"];
        const HELD: [&str; 5] = ["held"; 5];
        const SETTLED: [&str; 5] = ["settled"; 5];
        check(TaskState::Open, &[], ["claimed", "settled", "deferred", "escalated", "decided"]);
        check(claimed(1, LATER, None), &[], ALL);
        check(claimed(2, LATER, None), &[], HELD);
        check(claimed(2, NOW, None), &[], ["claimed", "settled", "deferred", "escalated", "decided"]);
        check(claimed(2, LATER, None), &[Role::Supervisor], ["held", "open", "held", "held", "held"]);
        check(deferred(1, LATER), &[], ALL);
        check(deferred(2, LATER), &[], HELD);
        check(TaskState::Escalated(escalation()), &[], ["not for you"; 5]);
        check(TaskState::Escalated(escalation()), &[Role::Supervisor], ALL);
        let own = Escalation { by: UserId(1), ..escalation() };
        check(TaskState::Escalated(own), &[], ["not for you", "open", "not for you", "not for you", "not for you"]);
        let kept = claimed(1, LATER, Some(escalation()));
        check(kept.clone(), &[Role::Supervisor], ["claimed", "escalated", "deferred", "escalated", "decided"]);
        check(kept, &[], ["not for you", "escalated", "not for you", "not for you", "not for you"]);
        check(
            proposed(1, None),
            &[],
            ["proposed already", "settled", "proposed already", "proposed already", "proposed already"],
        );
        check(decided(None), &[], SETTLED);
        check(TaskState::Lapsed, &[], SETTLED);
    }

    #[test]
    fn what_is_held_comes_back_by_itself_to_whom_it_waited_for() {
        let back = |state: TaskState| task(state).come_back(NOW).map(|step| (step.action(), step.to().word()));
        assert_eq!(back(claimed(1, NOW, None)), Some(("claim_expired", "open")));
        assert_eq!(back(claimed(1, NOW, Some(escalation()))), Some(("claim_expired", "escalated")));
        assert_eq!(back(deferred(1, NOW)), Some(("deferral_ended", "open")));
        assert_eq!(back(deferred(1, LATER)), None);
        assert_eq!(back(TaskState::Open), None);
    }

    #[test]
    fn an_undone_decision_waits_for_whom_it_waited_for_or_lapses() {
        let undo = |state, standing, roles: &[Role]| {
            let roles = roles.iter().copied().collect();
            task(state).undo(Actor { user: UserId(2), roles: &roles }, standing).map(|step| step.to().word())
        };
        let supervisor = [Role::Steward, Role::Supervisor];
        assert_eq!(undo(decided(None), Standing::Live, &[Role::Steward]), Ok("open"));
        assert_eq!(undo(decided(Some(escalation())), Standing::Live, &supervisor), Ok("escalated"));
        let waits = StepRefused::WaitsFor { role: Role::Supervisor };
        assert_eq!(undo(decided(Some(escalation())), Standing::Live, &[Role::Steward]), Err(waits));
        assert_eq!(undo(decided(None), Standing::Retired, &[Role::Steward]), Ok("lapsed"));
        assert!(undo(TaskState::Open, Standing::Live, &supervisor).is_err());
    }

    #[test]
    fn a_refusal_says_who_holds_a_task_and_until_when() {
        let roles = BTreeSet::new();
        let actor = Actor { user: UserId(1), roles: &roles };
        let refused = task(claimed(2, LATER, None)).decide(actor, NOW, Decision::Match).unwrap_err();
        assert_eq!(refused, StepRefused::Held { by: UserId(2), until: LATER });
        assert_eq!(task(TaskState::Open).claim(actor, NOW, NOW), Err(StepRefused::Past));
        assert_eq!(
            task(TaskState::Open).escalate(actor, NOW, Role::Auditor, "x"),
            Err(StepRefused::Role { to: Role::Auditor })
        );
        assert_eq!(task(TaskState::Open).decide(actor, NOW, Decision::Review), Err(StepRefused::NoDecision));
    }

    proptest! {
        #[test]
        fn more_hanging_on_an_answer_never_lowers_its_priority_and_less_certainty_neither(
            n in 2_u32..1_000, b in 0_u32..5, c in 0_u32..2, p in 0.0_f64..0.5, nearer in 0.0_f64..1.0
        ) {
            let impact = Impact { source_records: n, benefit_registers: b, confirmed: c };
            let at = |impact: Impact| impact.priority(p);
            let more = [
                Impact { source_records: n + 1, ..impact },
                Impact { benefit_registers: b + 1, ..impact },
                Impact { confirmed: c + 1, ..impact },
            ];
            for more in more {
                prop_assert!(at(more) > at(impact), "{more:?}");
            }
            let doubtful = p + (0.5 - p) * nearer;
            prop_assert!(impact.priority(doubtful) >= at(impact) - 1e-12);
            prop_assert!((impact.priority(1.0 - p) - at(impact)).abs() < 1e-9);
        }
    }

    #[test]
    fn two_ordinary_source_records_at_even_odds_have_priority_one() {
        let ordinary = Impact { source_records: 2, ..Impact::default() };
        assert!((ordinary.priority(0.5) - 1.0).abs() < 1e-12);
        assert!((ordinary.priority(1.0) - 0.2).abs() < 1e-12);
        let pension = Impact { source_records: 8, benefit_registers: 1, confirmed: 2 };
        assert!((pension.priority(0.5) - 7.0).abs() < 1e-12);
        assert!(ordinary.priority(f64::NAN).is_finite());
    }
}
