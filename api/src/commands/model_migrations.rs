//! `kanak model migrate`: what the hub holds follows the migrations of its entity models.

use serde_json::{Value, json};

use crate::cli::ModelDataCommand;
use crate::commands::resolve;
use crate::deployment::Deployment;
use crate::jobs::model_migrations::{Migrated, Mode, StepDone, migrate};
use crate::jobs::resolve::Resolved;
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// Runs the command.
///
/// # Errors
/// When an entity type is unknown, steps do not lead to the model on disk, or the hub cannot be read or written.
pub async fn run(command: &ModelDataCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let ModelDataCommand::Migrate { entities, preview } = command;
    let mode = if *preview { Mode::Preview } else { Mode::Apply };
    let names: Vec<String> = if entities.is_empty() {
        deployment.models.iter().map(|model| model.name.clone()).collect()
    } else {
        entities.clone()
    };
    let mut done = Vec::new();
    for name in names {
        let model = deployment.get_model(&name)?;
        let stage = Stage::begin(output, format!("Migrating {}", model.plural), 0);
        let migrated = migrate(deployment, model, mode).await?;
        stage.end(if migrated.is_some() { "looked through" } else { "no migration waits" });
        done.extend(migrated);
    }
    if output.json {
        return output.document(&done.iter().map(to_json).collect::<Vec<_>>());
    }
    print(&done, mode, output);
    Ok(())
}

fn to_json((migrated, resolved): &(Migrated, Option<Resolved>)) -> Value {
    json!({ "migration": migrated, "resolved": resolved.as_ref().map(resolve::to_json) })
}

fn print(done: &[(Migrated, Option<Resolved>)], mode: Mode, output: &Output) {
    if done.is_empty() {
        output.line("no migration waits");
        return;
    }
    let row = |entity: &str, one: &StepDone| {
        let step = serde_json::to_string(&one.step).unwrap_or_default();
        let version = one.version.to_string();
        vec![entity.to_owned(), version, step, grouped(one.values), grouped(one.unreadable)]
    };
    let rows: Vec<_> =
        done.iter().flat_map(|(one, _)| one.steps.iter().map(move |step| row(&one.entity, step))).collect();
    output.table(&["entity", "version", "step", "values", "no longer parse"], &rows);
    for (one, resolved) in done {
        let Migrated { entity, from, to, source_records, overrides_restated, overrides_ended, proposals, .. } = one;
        output.line(format!(
            "{entity}: version {from} to {to}; {} source records stated anew, {overrides_restated} values of stewards stated anew, \
             {overrides_ended} ended, {proposals} proposals touched",
            grouped(*source_records)
        ));
        if let Some(applied) = resolved.as_ref().and_then(|resolved| resolved.applied) {
            output.line(format!("{entity}: {} golden records have other values", grouped(applied.updated)));
        }
    }
    if mode == Mode::Preview {
        output.line("nothing was changed; `kanak model migrate` does it");
    }
}
