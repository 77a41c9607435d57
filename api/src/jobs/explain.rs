//! Why two source records do or do not match.

use anyhow::Context as _;
use kanak_engine::matching::{Explanation, Statement, explain_pair};
use kanak_model::{EntityModel, SourceRecord};

use crate::deployment::Deployment;
use crate::jobs::resolve::{find_rules, registers};

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
    let (_, rules) = find_rules(deployment, &model.name)
        .await?
        .with_context(|| format!("no {} was resolved yet; run `kanak resolve` first", model.name))?;
    let registers = registers(deployment).await?;
    let name = |of: &SourceRecord| registers.get(&of.source_system).map(|register| register.name.as_str());
    let left = Statement::of(name(left).unwrap_or_default(), &left.values);
    let right = Statement::of(name(right).unwrap_or_default(), &right.values);
    Ok(explain_pair(&rules, model, left, right))
}
