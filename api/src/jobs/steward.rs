//! A steward's decision, carried through: the constraint is recorded and the two golden records are resolved once more.

use anyhow::Context as _;
use kanak_model::match_pair::Decision;
use kanak_model::{Access, SourceRecordId, StewardTaskId, UserId};
use kanak_store::{Applied, Resolution, Scope, Unresolved};

use crate::deployment::Deployment;
use crate::jobs::resolve::{Held, Resolved, Rules, Touched, compute, find_rules, pairs, registers, resolve_changed};

/// Decides a task and resolves what it touches.
///
/// # Errors
/// When the decision contradicts another one, or the task does not exist.
pub async fn decide(
    deployment: &Deployment,
    task: StewardTaskId,
    by: UserId,
    decision: Decision,
    reason: &str,
) -> anyhow::Result<Applied> {
    let constraint = deployment.store.decide_task(task, by, decision, reason).await?;
    resolve_around(deployment, task, &[constraint.left, constraint.right]).await
}

/// Takes a decision back and resolves what it touched.
///
/// # Errors
/// When the task does not exist or was not decided.
pub async fn undo(deployment: &Deployment, task: StewardTaskId, by: UserId) -> anyhow::Result<Applied> {
    let reopened = deployment.store.undo_decision(task, by).await?;
    resolve_around(deployment, task, &[reopened.pair.left, reopened.pair.right]).await
}

/// Resolves what a decision touches at once, so that the steward sees what came of it. Where the source records are in memory that is
/// all there is to do. Else the two golden records are resolved under the rules in force, and the rest of the hub hears of the decision
/// by the next resolution: both source records stay marked for it.
async fn resolve_around(
    deployment: &Deployment,
    task: StewardTaskId,
    records: &[SourceRecordId],
) -> anyhow::Result<Applied> {
    let store = &deployment.store;
    let entity = store.find_steward_task_entity(task).await?.context("the task has no entity type")?;
    let model = deployment.get_model(&entity)?.clone();
    // What else waits may lie around it, and is resolved with it.
    let unresolved = store.list_unresolved(&entity).await?;
    if let Some(Resolved { applied: Some(applied), .. }) = resolve_changed(deployment, &model, &unresolved).await? {
        return Ok(applied);
    }
    let access = Access::operation("resolve");
    let near = store.list_cluster_neighbourhood(&access, records).await?;
    let (version, rule_set) =
        find_rules(deployment, &entity).await?.with_context(|| format!("no rule set for {entity} yet"))?;
    let mut ids: Vec<SourceRecordId> = near.source_records.iter().map(|record| record.id).collect();
    ids.sort_unstable();
    let held = Held {
        links: pairs(&near.links),
        ended: pairs(&store.list_ended_links(&entity).await?),
        constraints: near.constraints,
    };
    let registers = registers(deployment).await?;
    let (work, model) = tokio::task::spawn_blocking(move || {
        let rules = Rules::InForce { version, rule_set };
        (compute(&model, &near.source_records, &held, &registers, rules, &Touched::All, None), model)
    })
    .await?;
    let questions = work.matched.questions;
    let unresolved = Unresolved::default();
    let resolution = Resolution { changes: work.changes, questions, scope: Scope::These(ids), unresolved };
    Ok(store.apply_resolution(&model, version, resolution).await?)
}
