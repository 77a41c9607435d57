//! `kanak verify`: every invariant that one hub can show, each named.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::json;

use crate::cli::Global;
use crate::deployment::Deployment;
use crate::jobs::verify::verify;
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When a check finds something wrong.
pub async fn run(global: &Global, output: Output) -> anyhow::Result<ExitCode> {
    let deployment = Deployment::open(global).await?;
    let checks = verify(&deployment, output).await?;
    if output.json {
        let rows: Vec<_> = checks
            .iter()
            .map(|c| json!({ "check": c.name, "what": c.what, "passed": c.passed, "detail": c.detail }))
            .collect();
        output.document(&rows)?;
    } else {
        let rows: Vec<Vec<String>> = checks
            .iter()
            .map(|c| {
                let word = if c.passed { "holds" } else { "BROKEN" };
                vec![word.to_owned(), c.name.to_string(), c.what.to_string(), c.detail.clone()]
            })
            .collect();
        output.table(&["", "invariant", "what", "seen"], &rows);
    }
    let broken: Vec<String> = checks.iter().filter(|c| !c.passed).map(|c| c.name.to_string()).collect();
    if broken.is_empty() {
        output.note(format!("{} checks, all hold", checks.len()));
        return Ok(ExitCode::SUCCESS);
    }
    bail!("{} of {} checks are broken: {}", broken.len(), checks.len(), broken.join(", "))
}
