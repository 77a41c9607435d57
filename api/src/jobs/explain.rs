//! Why two source records do or do not match.

use anyhow::Context as _;
use kanak_engine::matching::{ClusterLink, Explanation, RuleSet, Statement, explain_cluster, explain_pair};
use kanak_model::{EntityModel, SourceRecord};

use crate::deployment::Deployment;
use crate::jobs::resolve::{Registers, find_rules, register_name, registers};

/// Weighs a pair under the rule set in force.
///
/// # Errors
/// When nothing of the entity type was resolved yet.
pub async fn explain(
    deployment: &Deployment,
    model: &EntityModel,
    left: &SourceRecord,
    right: &SourceRecord,
) -> anyhow::Result<Explanation> {
    let (rules, registers) = find(deployment, model).await?;
    Ok(explain_pair(&rules, model, statement(&registers, left), statement(&registers, right)))
}

/// The links that hold source records together, under the rule set in force; see [`explain_cluster`].
///
/// # Errors
/// When nothing of the entity type was resolved yet.
pub async fn explain_together(
    deployment: &Deployment,
    model: &EntityModel,
    members: &[SourceRecord],
) -> anyhow::Result<Vec<ClusterLink>> {
    let (rules, registers) = find(deployment, model).await?;
    let statements: Vec<Statement<'_>> = members.iter().map(|member| statement(&registers, member)).collect();
    Ok(explain_cluster(&rules, model, &statements))
}

async fn find(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<(RuleSet, Registers)> {
    let (_, rules) = find_rules(deployment, &model.name)
        .await?
        .with_context(|| format!("no {} was resolved yet; run `kanak resolve` first", model.name))?;
    Ok((rules, registers(deployment).await?))
}

fn statement<'a>(registers: &'a Registers, of: &'a SourceRecord) -> Statement<'a> {
    Statement::of(register_name(registers, of.source_system), &of.values)
}
