//! `kanak model`: guess an entity model from a file, or check one.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use kanak_engine::matching::MatchRules;
use kanak_model::EntityModel;

use crate::cli::ModelCommand;
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When the file cannot be read or the model says something wrong.
pub fn run(command: &ModelCommand, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        ModelCommand::Suggest { file } => {
            let table = kanak_ingest::read_columns(file)?.batch;
            let model = super::match_files::guess(std::iter::once(&table), &[])?;
            output.line(kanak_engine::model_guess::to_toml(&model).trim_end());
        }
        ModelCommand::Check { file } => {
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

/// Reads an entity model from a file.
///
/// # Errors
/// When it cannot be read or says something wrong.
pub fn read(file: &Path) -> anyhow::Result<EntityModel> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(EntityModel::parse(&file.display().to_string(), &text)?)
}
