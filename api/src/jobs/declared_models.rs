//! What the hub keeps of entity models: what they say now, so that the past can be answered by what they said then; and whether they
//! may say it.

use anyhow::{Context as _, bail};
use kanak_model::model_migration::{FIRST_VERSION, check_steps};
use kanak_model::{EntityModel, ModelMigration, ModelVersion};
use kanak_store::DeclaredModel;

use crate::deployment::Deployment;
use crate::jobs::resolve::registers;

/// Keeps what a model says now, where it says something else than before.
///
/// # Errors
/// When it lacks a migration, or the hub cannot be read or written.
pub async fn declare(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<()> {
    check(deployment, model).await?;
    let version = migrations_of(deployment, model).last().map_or(FIRST_VERSION, |last| last.version);
    let body = version_of(deployment, model).await?;
    deployment.store.declare_model(&model.name, version, &body).await?;
    Ok(())
}

/// Refuses a model by which the hub cannot answer: one that has changed so that stored values need a migration, or whose migrations
/// wait to be applied.
///
/// # Errors
/// What the author of the model has to write or run.
pub async fn check(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<()> {
    let Some(Waiting { last, migrations }) = waiting(deployment, model).await? else { return Ok(()) };
    if let Some(first) = migrations.first() {
        bail!(
            "the model of {} has a migration to version {} that is not applied; look at it with `kanak model migrate --preview {0}`, then run \
             `kanak model migrate {0}`",
            model.name,
            first.version
        );
    }
    check_steps(&last.body.attributes, &[], &model.attributes).with_context(|| remedy(model, last.version + 1))
}

/// Where to write what is missing.
pub fn remedy(model: &EntityModel, version: u32) -> String {
    format!(
        "the model of {} has changed, and what the hub holds has to follow: write a [[step]] into models/migrations/{0}/{version:04}.toml, \
         then run `kanak model migrate {0}`",
        model.name
    )
}

/// A model that the hub answers by, and migrations of it that wait to be applied.
pub struct Waiting {
    /// What was declared last.
    pub last: DeclaredModel,
    /// What is not applied yet, in its order.
    pub migrations: Vec<ModelMigration>,
}

/// What waits of a model's migrations; `None` before the hub has answered by any.
///
/// # Errors
/// When a migration that was applied says something else by now, or the hub cannot be read.
pub async fn waiting(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<Option<Waiting>> {
    let declared = deployment.store.list_declared_models(&model.name).await?;
    let files = migrations_of(deployment, model);
    for applied in declared.iter().flat_map(|one| &one.migrations) {
        if files.iter().any(|file| file.version == applied.version && file.steps != applied.steps) {
            bail!(
                "models/migrations/{}/{:04}.toml was applied with other steps; put them back, and write further steps into a new file",
                model.name,
                applied.version
            );
        }
    }
    let Some(last) = declared.into_iter().last() else { return Ok(None) };
    let migrations = files.iter().filter(|file| file.version > last.version).cloned().collect();
    Ok(Some(Waiting { last, migrations }))
}

fn migrations_of<'a>(deployment: &'a Deployment, model: &EntityModel) -> &'a [ModelMigration] {
    deployment.migrations.get(&model.name).map(Vec::as_slice).unwrap_or_default()
}

/// What a model says, with how far each register of the hub is trusted.
///
/// # Errors
/// When the hub cannot be read.
pub async fn version_of(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<ModelVersion> {
    let registers = registers(deployment).await?;
    let trust: Vec<_> = registers
        .values()
        .map(|register| (register.name.as_str(), move |attribute: &str| register.trust_for(attribute)))
        .collect();
    Ok(ModelVersion::of(model, trust.iter().map(|(name, trust_for)| (*name, trust_for as &dyn Fn(&str) -> f64))))
}
