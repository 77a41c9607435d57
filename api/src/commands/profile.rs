//! `kanak profile`: what is in a file.

use std::path::Path;
use std::process::ExitCode;

use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When the file cannot be read; says where and what to do.
pub fn run(file: &Path, output: &Output) -> anyhow::Result<ExitCode> {
    let profile = kanak_ingest::profile(file, None)?;
    if output.json {
        output.document(&profile)?;
    } else {
        let (header, rows) = profile.to_table();
        output.note(profile.headline());
        output.table(&header, &rows);
    }
    Ok(ExitCode::SUCCESS)
}
