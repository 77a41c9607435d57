//! `kanak verify`: every invariant that one hub can show, each named.

use crate::deployment::Deployment;
use crate::jobs::verify::verify;
use crate::output::Output;
use anyhow::bail;

/// Runs the command.
///
/// # Errors
/// When a check finds something wrong.
pub async fn run(deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let checks = verify(deployment, output).await?;
    if output.json {
        output.document(&checks)?;
    } else {
        let rows: Vec<Vec<String>> = checks
            .iter()
            .map(|c| {
                let word = if c.passed { "holds" } else { "BROKEN" };
                vec![word.to_owned(), c.name.clone(), c.what.clone(), c.detail.clone()]
            })
            .collect();
        output.table(&["", "invariant", "what", "seen"], &rows);
    }
    let broken: Vec<String> = checks.iter().filter(|c| !c.passed).map(|c| c.name.clone()).collect();
    if broken.is_empty() {
        output.note(format!("{} checks, all hold", checks.len()));
        return Ok(());
    }
    bail!("{} of {} checks are broken: {}", broken.len(), checks.len(), broken.join(", "))
}
