//! `kanak model`: guess an entity model from a file, make one of Splink's settings, hold two against each other, or check one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use kanak_engine::matching::MatchRules;
use kanak_model::EntityModel;

use crate::cli::{MatchArgs, ModelFileCommand};
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When the file cannot be read or the model says something wrong.
pub fn run(command: &ModelFileCommand, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        ModelFileCommand::Suggest { file } => {
            let table = kanak_ingest::read_columns(file)?.batch;
            let model = super::match_files::guess(&table)?;
            output.line(kanak_engine::model_guess::to_toml(&model).trim_end());
        }
        ModelFileCommand::ImportSplink { file } => import_splink(file, output)?,
        ModelFileCommand::Diff { before, after, input, id, source } => {
            let args = MatchArgs {
                input: input.clone(),
                out: PathBuf::new(),
                model: None,
                id: id.clone(),
                source: source.clone(),
                threads: None,
                plan: false,
                truth: None,
                estimate: false,
                sample: None,
                answers: None,
                explain: Vec::new(),
            };
            super::match_files::diff(&args, before, after, output)?;
        }
        ModelFileCommand::Check { file } => {
            let model = read(file)?;
            MatchRules::compile(&model)?;
            output.note(format!(
                "{}: entity `{}` with {} attributes, {} blocking rules, {} comparisons",
                file.display(),
                model.name,
                model.attributes.len(),
                model.matching.blocking.len(),
                model.matching.comparison.len()
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the model that Splink's settings give. Its notes are comments at the head of the TOML, so that nothing is lost in a
/// file; how many there are is also said beside it.
fn import_splink(file: &Path, output: &Output) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let imported =
        kanak_engine::splink_import::import(&text).with_context(|| format!("cannot import {}", file.display()))?;
    if output.json {
        let notes: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
        let toml = kanak_engine::model_guess::to_toml(&imported.model);
        return output.document(&serde_json::json!({ "model": toml, "notes": notes }));
    }
    output.line(imported.to_toml().trim_end());
    output.progress(format_args!(
        "{}: {} settings are not carried over as they were; the first lines of the model say which",
        file.display(),
        imported.notes.len()
    ));
    Ok(())
}

/// Reads an entity model from a file.
///
/// # Errors
/// When it cannot be read or says something wrong.
pub fn read(file: &Path) -> anyhow::Result<EntityModel> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(EntityModel::parse(&file.display().to_string(), &text)?)
}
