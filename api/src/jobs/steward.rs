//! What a steward decides, confirms or states, carried through: it is recorded, and the golden records that it touches are resolved
//! once more.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{Days, NaiveDate};
use kanak_dashboards::{GoldenAct, TaskAct};
use kanak_engine::standardize::{Outcome, redact};
use kanak_model::match_pair::{Constraint, Decision};
use kanak_model::steward_task::StewardTask;
use kanak_model::{
    Access, DecisionBatchId, EntityModel, FieldCheckId, GoldenId, Kind, ProposalId, SourceRecordId, StewardTaskId,
    Timestamp, UserId,
};
use kanak_store::{
    Applied, BatchTerms, Decided, DecidedAtOnce, Golden, NewOverride, Resolution, Scope, StoreError, Undone, Unresolved,
};

use crate::deployment::Deployment;
use crate::jobs::resolve::{Held, Resolved, Rules, Touched, compute, find_rules, pairs, registers, resolve_changed};

/// Decides a task, on the evidence of a field check where there was one, and resolves what it touches; proposes the decision where the
/// deployment wants a second steward.
///
/// # Errors
/// When the decision contradicts another one, another steward holds the task, or it does not exist.
pub async fn decide(
    deployment: &Deployment,
    task: StewardTaskId,
    by: UserId,
    decision: Decision,
    reason: &str,
    evidence: Option<FieldCheckId>,
) -> anyhow::Result<Done> {
    let policy = &deployment.config.stewardship.four_eyes;
    match deployment.store.decide_task_under(policy, task, by, decision, reason, evidence).await? {
        Decided::Proposed(id) => Ok(Done::Proposed(id)),
        Decided::InForce(Constraint { left, right, .. }) => {
            resolve_around(deployment, &entity_of(deployment, task).await?, &[left, right]).await.map(Done::Applied)
        }
    }
}

/// Decides tasks at once and resolves what they touch; gives what became of each, and what followed.
///
/// # Errors
/// When the whole is refused: see [`kanak_store::Store::decide_tasks`].
pub async fn decide_many(
    deployment: &Deployment,
    tasks: &[StewardTaskId],
    by: UserId,
    decision: Decision,
    reason: &str,
    terms: BatchTerms,
) -> anyhow::Result<(DecidedAtOnce, Vec<Applied>)> {
    let policy = &deployment.config.stewardship.four_eyes;
    let done = deployment.store.decide_tasks(policy, tasks, by, decision, reason, terms).await?;
    let touched = done.decided.iter().map(|(_, entity, one)| (entity.clone(), [one.left, one.right]));
    let applied = resolve_each(deployment, touched).await?;
    Ok((done, applied))
}

/// Undoes what still holds of decisions made at once, for a reason that may be empty, and resolves what they touched.
///
/// # Errors
/// When nothing of them holds, or the reason cannot be kept.
pub async fn undo_many(
    deployment: &Deployment,
    id: DecisionBatchId,
    by: UserId,
    reason: &str,
) -> anyhow::Result<Vec<Applied>> {
    let policy = &deployment.config.stewardship.four_eyes;
    let undone = deployment.store.undo_tasks(policy, id, by, reason).await?;
    resolve_each(deployment, undone.into_iter().map(|task| (task.entity, [task.pair.left, task.pair.right]))).await
}

/// Resolves source records entity type by entity type.
async fn resolve_each(
    deployment: &Deployment,
    touched: impl Iterator<Item = (String, [SourceRecordId; 2])>,
) -> anyhow::Result<Vec<Applied>> {
    let mut by_entity: BTreeMap<String, Vec<SourceRecordId>> = BTreeMap::new();
    for (entity, both) in touched {
        by_entity.entry(entity).or_default().extend(both);
    }
    let mut applied = Vec::new();
    for (entity, records) in by_entity {
        applied.push(resolve_around(deployment, &entity, &records).await?);
    }
    Ok(applied)
}

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It is in force, and this followed from it.
    Applied(Applied),
    /// It waits for a second steward.
    Proposed(ProposalId),
}

/// Approves what another steward proposed, and resolves what it touches.
///
/// # Errors
/// When it is the steward's own, no longer waits, or what was proposed is refused by now.
pub async fn approve(deployment: &Deployment, id: ProposalId, by: UserId) -> anyhow::Result<Applied> {
    let approved = deployment.store.approve_proposal(id, by).await?;
    resolve_around(deployment, &approved.entity, &approved.touched).await
}

/// Takes a decision back, for a reason that may be empty, and resolves what it touched; proposes that where the deployment wanted a second
/// steward for the decision.
///
/// # Errors
/// When the task does not exist or was not decided, or the reason cannot be kept.
pub async fn undo(deployment: &Deployment, task: StewardTaskId, by: UserId, reason: &str) -> anyhow::Result<Done> {
    let policy = &deployment.config.stewardship.four_eyes;
    match deployment.store.undo_decision_under(policy, task, by, reason).await? {
        Undone::Proposed(id) => Ok(Done::Proposed(id)),
        Undone::InForce(StewardTask { entity, pair, .. }) => {
            resolve_around(deployment, &entity, &[pair.left, pair.right]).await.map(Done::Applied)
        }
    }
}

/// Takes a task up, gives it back, puts it off, hands it on, or has it looked into on the spot. Nothing is resolved: nothing is
/// decided.
///
/// # Errors
/// [`StoreError`] when the hub refuses, [`PutOffTooLong`] for a day that lies too far ahead.
pub async fn step(deployment: &Deployment, task: StewardTaskId, by: UserId, act: &TaskAct) -> anyhow::Result<()> {
    let (store, set) = (&deployment.store, &deployment.config.stewardship);
    match act {
        TaskAct::Claim => drop(store.claim_task(task, by, set.claim_lasts()).await?),
        TaskAct::Release => drop(store.release_task(task, by).await?),
        TaskAct::Defer { until, reason } => {
            let today = deployment.clock.now().day_ist();
            let latest = today.checked_add_days(Days::new(u64::from(set.defer_days_max))).unwrap_or(NaiveDate::MAX);
            if *until > latest {
                return Err(PutOffTooLong { latest, days_max: set.defer_days_max }.into());
            }
            store.defer_task(task, by, Timestamp::start_of_day_ist(*until), reason).await?;
        }
        TaskAct::Escalate { to, reason } => drop(store.escalate_task(task, by, *to, reason).await?),
        TaskAct::AskFieldCheck { question, office } => {
            store.ask_field_check(task, by, question, office).await?;
        }
        TaskAct::AnswerFieldCheck { check, answer } => store.answer_field_check(task, *check, by, answer).await?,
        TaskAct::WithdrawFieldCheck { check } => store.withdraw_field_check(task, *check, by).await?,
    }
    Ok(())
}

/// A task would be put off for longer than the deployment allows.
#[derive(Debug, thiserror::Error)]
#[error("a task is put off for at most {days_max} days; choose a day until {latest}")]
pub struct PutOffTooLong {
    /// The last day.
    latest: NaiveDate,
    /// How many days it is away.
    days_max: u32,
}

async fn entity_of(deployment: &Deployment, task: StewardTaskId) -> anyhow::Result<String> {
    deployment.store.find_steward_task_entity(task).await?.context("the task has no entity type")
}

/// Does something to one golden record and resolves what it touches; proposes it where the deployment wants a second steward.
///
/// # Errors
/// [`StoreError`] when the hub refuses, [`NotStated`] when a value does not fit its attribute.
pub async fn act_on(deployment: &Deployment, id: GoldenId, by: UserId, act: &GoldenAct) -> anyhow::Result<Done> {
    let store = &deployment.store;
    let not_found = || StoreError::NotFound { what: "golden record", id: id.to_string() };
    let entity = store.find_golden_entity(id).await?.ok_or_else(not_found)?;
    let model = deployment.get_model(&entity)?;
    let access = Access::operation("stewardship");
    let golden = store.find_golden(&access, model, id).await?.ok_or_else(not_found)?;
    let id = golden.record.id;
    let policy = &deployment.config.stewardship.four_eyes;
    match act {
        GoldenAct::Confirm { reason } => store.confirm_golden(id, by, reason).await?,
        GoldenAct::WithdrawConfirmation => {
            if let Some(proposed) = store.withdraw_confirmation_under(policy, id, by).await? {
                return Ok(Done::Proposed(proposed));
            }
        }
        GoldenAct::Override { attribute, value, reason, until } => {
            let value = standard(deployment, model, &golden, attribute, value)?;
            let expires = until.and_then(|day| day.succ_opt()).map(Timestamp::start_of_day_ist);
            let new = NewOverride { golden_id: id, attribute, value: &value, reason, expires };
            if policy.needs_override(&entity, attribute) {
                let why = format!("a stated value of {entity}.{attribute}");
                return Ok(Done::Proposed(store.propose_override(new, by, &why).await?));
            }
            store.state_override(new, by).await?;
        }
        GoldenAct::WithdrawOverride(stated) => {
            if store.get_override_golden(*stated).await? != (entity.clone(), id) {
                return Err(StoreError::NotFound { what: "override", id: stated.to_string() }.into());
            }
            if let Some(proposed) = store.withdraw_override_under(policy, *stated, by).await? {
                return Ok(Done::Proposed(proposed));
            }
        }
    }
    let members: Vec<SourceRecordId> = golden.members.iter().map(|member| member.id).collect();
    resolve_around(deployment, &entity, &members).await.map(Done::Applied)
}

/// Why a value cannot be stated. Never holds the value.
#[derive(Debug, thiserror::Error)]
pub enum NotStated {
    /// The model has no such attribute.
    #[error("{entity} has no attribute `{attribute}`; there are {known}")]
    NoAttribute {
        /// The entity type.
        entity: String,
        /// What was asked for.
        attribute: String,
        /// What there is.
        known: String,
    },
    /// Aadhaar numbers stand in the vault alone.
    #[error("`{0}` is kept in the vault; have the department correct it in its register")]
    InVault(String),
    /// The value is missing or does not fit its kind.
    #[error("`{attribute}`: {reason}")]
    Unfit {
        /// The attribute.
        attribute: String,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// A value in the standard form of its attribute's kind, as it would be read from a register.
fn standard(
    deployment: &Deployment,
    model: &EntityModel,
    golden: &Golden,
    attribute: &str,
    value: &str,
) -> Result<String, NotStated> {
    let found = model.find_attribute(attribute).ok_or_else(|| NotStated::NoAttribute {
        entity: model.name.clone(),
        attribute: redact(attribute).into_owned(),
        known: model.attributes.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", "),
    })?;
    if found.kind == Kind::Aadhaar {
        return Err(NotStated::InVault(found.name.clone()));
    }
    let known = |name: &str| golden.record.values.get(name).map(|known| known.value.as_str());
    let unfit = |reason: String| NotStated::Unfit { attribute: found.name.clone(), reason };
    match deployment.standardize(model, found, value, known) {
        Outcome::Good(value) => Ok(value),
        Outcome::Missing => Err(unfit("says nothing; state a value".to_owned())),
        Outcome::Bad { reason, .. } => Err(unfit(reason)),
    }
}

/// Resolves what a decision touches at once, so that the steward sees what came of it. Where the source records are in memory that is
/// all there is to do. Else the two golden records are resolved under the rules in force, and the rest of the hub hears of the decision
/// by the next resolution: both source records stay marked for it.
async fn resolve_around(deployment: &Deployment, entity: &str, records: &[SourceRecordId]) -> anyhow::Result<Applied> {
    let store = &deployment.store;
    let model = deployment.get_model(entity)?.clone();
    // What else waits may lie around it, and is resolved with it.
    let unresolved = store.list_unresolved(entity).await?;
    if let Some(Resolved { applied: Some(applied), .. }) = resolve_changed(deployment, &model, &unresolved).await? {
        return Ok(applied);
    }
    let access = Access::operation("resolve");
    let near = store.list_cluster_neighbourhood(&access, records).await?;
    let (version, rule_set) =
        find_rules(deployment, entity).await?.with_context(|| format!("no rule set for {entity} yet"))?;
    let mut ids: Vec<SourceRecordId> = near.source_records.iter().map(|record| record.id).collect();
    ids.sort_unstable();
    let held = Held {
        links: pairs(&near.links),
        ended: pairs(&store.list_ended_links(entity).await?),
        restated: store.list_restated_links(entity).await?,
        constraints: [near.constraints, near.confirmed].concat(),
        overrides: store.list_overrides(entity).await?,
    };
    let registers = registers(deployment).await?;
    let (work, model) = tokio::task::spawn_blocking(move || {
        let rules = Rules::InForce { version, rule_set: Arc::new(rule_set) };
        (compute(&model, &near.source_records, &held, &registers, rules, &Touched::All), model)
    })
    .await?;
    let questions = work.matched.questions;
    let unresolved = Unresolved::default();
    let resolution = Resolution { changes: work.changes, questions, scope: Scope::These(ids), unresolved };
    Ok(store.apply_resolution(&model, version, resolution).await?)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use kanak_model::feed::Change;
    use kanak_store::{TaskFilter, TaskQuery};

    use super::*;
    use crate::jobs::resolve::resolve;
    use crate::jobs::verify::{Outcome, verify};
    use crate::output::Output;
    use crate::testing::House;

    const GIVEN: [&str; 8] = ["Asha", "Bina", "Gurpreet", "Harjit", "Manpreet", "Rajinder", "Sunita", "Kulwant"];
    const SURNAMES: [&str; 6] = ["Devi", "Sidhu", "Gill", "Sharma", "Brar", "Kumar"];
    const BY: UserId = UserId(7);
    /// Who is written otherwise in one register at first.
    const SOMEONE: u64 = 77;
    const WRITTEN_OTHERWISE: &str = "77,Tarlochan Aulakh,1931-12-30\n";

    fn person(id: u64) -> String {
        let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let (given, surname) = (GIVEN[mixed as usize % 8], SURNAMES[(mixed >> 8) as usize % 6]);
        let (year, month) = (1950 + (mixed >> 16) % 50, 1 + (mixed >> 5) % 12);
        format!("{id},{given} {surname},{year}-{month:02}-{:02}\n", 1 + id % 28)
    }

    fn file(ids: impl Iterator<Item = u64>) -> String {
        ids.fold("ID,NAME,DOB\n".to_owned(), |mut text, id| {
            write!(text, "{}", person(id)).unwrap();
            text
        })
    }

    async fn resolved(deployment: &Deployment) {
        resolve(deployment, deployment.get_model("citizen").unwrap()).await.unwrap();
    }

    /// Two registers of the same people; someone is written otherwise in one of them.
    async fn house() -> House {
        let house = House::new().await;
        house.ingest("roll_1.csv", &file(0..300)).await;
        let others = file((0..200).filter(|id| *id != SOMEONE));
        house.ingest("people_1.csv", &format!("{others}{WRITTEN_OTHERWISE}")).await;
        resolved(&house.deployment).await;
        house
    }

    async fn golden(house: &House, source: &str) -> Golden {
        let model = house.deployment.get_model("citizen").unwrap();
        let access = Access::operation("test");
        let key = SOMEONE.to_string();
        house.deployment.store.find_golden_by_crosswalk(&access, model, source, &key).await.unwrap().unwrap()
    }

    async fn ids(house: &House) -> (GoldenId, GoldenId) {
        (golden(house, "roll").await.record.id, golden(house, "people").await.record.id)
    }

    /// Nothing is wrong with the hub, and its replay gives the same.
    async fn check(house: &House) {
        resolved(&house.deployment).await;
        for check in verify(&house.deployment, &Output::silent()).await.unwrap() {
            assert_ne!(check.outcome, Outcome::Broken, "{}: {}", check.name, check.detail);
            assert!(!check.name.starts_with("replay") || check.outcome == Outcome::Holds, "{}", check.detail);
        }
    }

    #[tokio::test]
    async fn two_confirmed_golden_records_are_joined_by_a_steward_alone() {
        let house = house().await;
        let deployment = &house.deployment;
        let apart = ids(&house).await;
        assert_ne!(apart.0, apart.1);
        for id in [apart.0, apart.1] {
            let act = GoldenAct::Confirm { reason: "seen both papers".to_owned() };
            act_on(deployment, id, BY, &act).await.unwrap();
        }
        assert_eq!(ids(&house).await, apart);
        house.ingest("people_2.csv", &format!("ID,NAME,DOB\n{}", person(SOMEONE))).await;
        resolved(deployment).await;
        assert_eq!(ids(&house).await, apart, "rules join them no more");
        check(&house).await;

        let access = Access::operation("test");
        let tasks = deployment.store.list_steward_tasks(&access, &TaskQuery::new(TaskFilter::Open, 100)).await.unwrap();
        let model = deployment.get_model("citizen").unwrap();
        let mut asked = None;
        for task in tasks {
            let view = deployment.store.get_steward_task(&access, model, task.id).await.unwrap();
            let both = [view.left_golden.unwrap(), view.right_golden.unwrap()];
            if both.contains(&apart.0) && both.contains(&apart.1) {
                assert!(view.both_confirmed);
                asked = Some(task.id);
            }
        }
        let asked = asked.expect("a steward is asked instead");
        decide(deployment, asked, BY, Decision::Match, "the same after all", None).await.unwrap();
        let joined = ids(&house).await;
        assert_eq!(joined.0, joined.1);
        check(&house).await;
        let gone = if joined.0 == apart.0 { apart.1 } else { apart.0 };
        let told = async |id: GoldenId| {
            let all = deployment.store.list_identity_changes(id, Timestamp(i64::MAX)).await.unwrap();
            all.iter().map(|one| (one.golden_id, one.change, one.other)).collect::<Vec<_>>()
        };
        let merged = (gone, Change::MergedInto, Some(joined.0));
        assert_eq!((told(joined.0).await, told(gone).await), (vec![merged], vec![merged]));
        undo(deployment, asked, BY, "").await.unwrap();
        let restored = (gone, Change::Restored, Some(joined.0));
        assert_eq!((told(joined.0).await, told(gone).await), (vec![merged, restored], vec![merged, restored]));
        assert_eq!(ids(&house).await, apart);
        check(&house).await;
        // Withdrawn on one side, the rules decide again.
        act_on(deployment, apart.1, BY, &GoldenAct::WithdrawConfirmation).await.unwrap();
        resolved(deployment).await;
        let joined = ids(&house).await;
        assert_eq!(joined.0, joined.1);
        check(&house).await;
    }

    #[tokio::test]
    async fn a_key_that_comes_back_is_who_it_was_unless_it_states_another_person() {
        let house = house().await;
        let deployment = &house.deployment;
        let of = async |id: u64| {
            let model = deployment.get_model("citizen").unwrap();
            let (access, key) = (Access::operation("test"), id.to_string());
            deployment
                .store
                .find_golden_by_crosswalk(&access, model, "roll", &key)
                .await
                .unwrap()
                .map(|one| one.record.id)
        };
        // These two stand in the roll alone.
        let (same, recycled) = (of(250).await.unwrap(), of(251).await.unwrap());
        house.ingest("roll_2.csv", &file((0..300).filter(|id| *id != 250 && *id != 251))).await;
        resolved(deployment).await;
        let links = deployment.store.list_links("citizen").await.unwrap();
        assert!(links.iter().all(|link| link.golden_id != same && link.golden_id != recycled), "both are away");
        let back = file((0..300).filter(|id| *id != 251));
        house.ingest("roll_3.csv", &format!("{back}251,Xerxes Quartermain,1921-12-29\n")).await;
        resolved(deployment).await;
        assert_eq!(of(250).await, Some(same), "who was away is who it was");
        let other = of(251).await.unwrap();
        assert_ne!(other, recycled, "an id that others kept for a person never answers with another");
        check(&house).await;
        // Nor does it come back when the former one's key is freed and filled once more.
        let back = file((0..300).filter(|id| *id != 251));
        house.ingest("roll_4.csv", &back).await;
        resolved(deployment).await;
        house.ingest("roll_5.csv", &format!("{back}251,XERXES QUARTERMAIN,1921-12-29\n")).await;
        resolved(deployment).await;
        assert_eq!(of(251).await, Some(other));
        check(&house).await;
    }

    #[tokio::test]
    async fn what_a_steward_states_wins_over_every_source_until_it_is_withdrawn() {
        let house = house().await;
        let deployment = &house.deployment;
        let name = async || golden(&house, "people").await.record.values["full_name"].clone();
        let before = name().await;
        let state = |value: &str, attribute: &str| GoldenAct::Override {
            attribute: attribute.to_owned(),
            value: value.to_owned(),
            reason: "birth certificate".to_owned(),
            until: None,
        };
        let id = golden(&house, "people").await.record.id;
        act_on(deployment, id, BY, &state("TARLOCHAN SINGH AULAKH", "full_name")).await.unwrap();
        let stated = name().await;
        assert_eq!((stated.value.as_str(), stated.strategy.word()), ("Tarlochan Singh Aulakh", "steward_override"));
        assert_eq!((stated.agreeing, stated.stated), (0, 1));
        check(&house).await;
        // It goes along with a merge and with what a register states anew.
        house.ingest("people_2.csv", &format!("ID,NAME,DOB\n{}", person(SOMEONE))).await;
        resolved(deployment).await;
        let joined = golden(&house, "roll").await;
        assert_eq!(joined.record.id, golden(&house, "people").await.record.id);
        assert_eq!(joined.record.values["full_name"].value, "Tarlochan Singh Aulakh");
        assert_eq!(joined.record.values["full_name"].stated, 2);
        check(&house).await;
        house.ingest("people_3.csv", &format!("ID,NAME,DOB\n{WRITTEN_OTHERWISE}")).await;
        resolved(deployment).await;
        assert_ne!(golden(&house, "roll").await.record.values["full_name"].value, "Tarlochan Singh Aulakh");
        assert_eq!(name().await.value, "Tarlochan Singh Aulakh");

        let model = deployment.get_model("citizen").unwrap();
        let access = Access::operation("test");
        let id = golden(&house, "people").await.record.id;
        let held = deployment.store.list_overrides_of(&access, model, id).await.unwrap();
        assert_eq!((held.len(), held[0].by, held[0].reason.as_str()), (1, BY, "birth certificate"));
        let elsewhere = golden(&house, "roll").await.record.id;
        let error = act_on(deployment, elsewhere, BY, &GoldenAct::WithdrawOverride(held[0].id)).await.unwrap_err();
        assert!(error.to_string().contains("override"), "{error}");
        act_on(deployment, id, BY, &GoldenAct::WithdrawOverride(held[0].id)).await.unwrap();
        assert_eq!(name().await.value, before.value);
        check(&house).await;

        for (value, attribute, says) in [
            ("31/02/1990", "date_of_birth", "no such day"),
            ("", "full_name", "state a value"),
            ("x", "no_such", "there are"),
            ("234123412346", "aadhaar", "vault"),
        ] {
            let error = act_on(deployment, id, BY, &state(value, attribute)).await.unwrap_err();
            assert!(error.is::<NotStated>() && error.to_string().contains(says), "{error}");
            assert!(!error.to_string().contains("2346"), "{error}");
        }
    }
}
