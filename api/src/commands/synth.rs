//! `kanak synth`: department extracts of a made-up state.

use std::path::Path;
use std::process::ExitCode;

use kanak_model::{Clock as _, SystemClock};
use kanak_synth::{Made, MadeFile, Options, generate};
use serde_json::json;

use crate::cli::SynthArgs;
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// Runs the command.
///
/// # Errors
/// When the folder cannot be written.
pub fn run(args: &SynthArgs, output: &Output) -> anyhow::Result<ExitCode> {
    let made = make(args.records, args.seed, &args.out, args.flat, output)?;
    if output.json {
        let files: Vec<_> = made
            .files
            .iter()
            .map(|file| json!({ "file": name_of(file), "source": file.source, "rows": file.rows }))
            .collect();
        let rates: Vec<_> =
            made.rates.iter().map(|r| json!({ "error": r.name, "rate": r.rate, "reason": r.reason })).collect();
        output.document(&json!({ "out": args.out, "seed": args.seed, "files": files, "rates": rates }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = made.files.iter().map(|file| vec![name_of(file), grouped(file.rows)]).collect();
    output.table(&["file", "rows"], &rows);
    let rates: Vec<Vec<String>> = made
        .rates
        .iter()
        .map(|rate| vec![rate.name.to_string(), format!("{:.2} %", rate.rate * 100.0), rate.reason.to_string()])
        .collect();
    output.line("");
    output.table(&["error", "rate", "because"], &rates);
    Ok(ExitCode::SUCCESS)
}

fn name_of(file: &MadeFile) -> String {
    file.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Makes the state's extracts, with progress.
///
/// # Errors
/// When the folder cannot be written.
pub fn make(records: u64, seed: u64, out: &Path, flat: bool, output: &Output) -> anyhow::Result<Made> {
    let stage = Stage::begin(output, "Making a state", records);
    let mut before = 0;
    let options = Options { records, seed, out: out.to_path_buf(), flat, end: SystemClock.now().day_ist() };
    let made = generate(&options, &mut |progress| {
        if progress.stage == "citizens" {
            stage.advance(progress.done.saturating_sub(before));
            before = progress.done;
        }
    })?;
    let rows: u64 = made.files.iter().map(|file| file.rows).sum();
    stage.end(&format!("{} rows in {} files", grouped(rows), made.files.len()));
    Ok(made)
}
