//! A steward's decision, carried through: the constraint is recorded and the two golden records are resolved once more.

use anyhow::Context as _;
use kanak_model::match_pair::Decision;
use kanak_model::{Access, SourceRecordId, StewardTaskId, UserId};
use kanak_store::{Applied, Resolution, Scope};

use crate::deployment::Deployment;
use crate::jobs::resolve::{Held, compute, find_rules, pairs, trust_table};

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

async fn resolve_around(
    deployment: &Deployment,
    task: StewardTaskId,
    records: &[SourceRecordId],
) -> anyhow::Result<Applied> {
    let store = &deployment.store;
    let entity = store.find_steward_task_entity(task).await?.context("the task has no entity type")?;
    let model = deployment.get_model(&entity)?;
    let access = Access::operation("resolve");
    let mut unresolved = store.list_unresolved(&entity).await?;
    let near = store.list_cluster_neighbourhood(&access, records).await?;
    let (version, rules) =
        find_rules(deployment, &entity).await?.with_context(|| format!("no rule set for {entity} yet"))?;
    let mut ids: Vec<SourceRecordId> = near.source_records.iter().map(|record| record.id).collect();
    ids.sort_unstable();
    unresolved.source_records.retain(|record| ids.binary_search(record).is_ok());
    let mut redirected = pairs(&store.list_ended_links(&entity).await?);
    redirected.retain(|(record, _)| ids.binary_search(record).is_ok());
    let held = Held { links: pairs(&near.links), redirected, constraints: near.constraints };
    let trust = trust_table(deployment).await?;
    let work = compute(model, &near.source_records, &held, &trust, Some((version, rules)))?;
    let review_pairs = work.matched.pairs.iter().filter(|pair| pair.decision == Decision::Review).copied().collect();
    let resolution = Resolution { changes: work.changes, review_pairs, scope: Scope::These(ids), unresolved };
    Ok(store.apply_resolution(model, version, resolution).await?)
}
