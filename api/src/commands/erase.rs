//! `kanak erase`: a golden record forgotten under a recorded order.

use anyhow::Context as _;
use kanak_model::{Access, GoldenId};

use crate::cli::EraseArgs;
use crate::deployment::Deployment;
use crate::jobs::erase::erase;
use crate::output::{Output, grouped};

/// Runs the command.
///
/// # Errors
/// When a legal hold keeps it, there is nothing to erase, or something cannot be read or written.
pub async fn run(args: &EraseArgs, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let id: GoldenId = args.golden.parse().with_context(|| format!("`{}` is no golden id", args.golden))?;
    let actor = Access::operation("command line").caller().name.clone();
    let done = erase(deployment, &args.entity, id, &args.order, &actor, output).await?;
    if output.json {
        return output.document(&done);
    }
    let rows: Vec<Vec<String>> = [
        ("source records", done.source_records),
        ("their earlier versions", done.source_versions),
        ("golden versions", done.golden_versions),
        ("stewards' overrides", done.overrides),
        ("rows in quarantine", done.quarantined),
        ("numbers of the vault", done.numbers),
        ("landed files sealed anew without the rows", done.files_cleaned),
        ("landed files emptied", done.files_emptied),
    ]
    .into_iter()
    .map(|(what, count)| vec![what.to_owned(), grouped(count)])
    .collect();
    output.table(&["erased", "count"], &rows);
    output.note(
        "Backups, the departments' own files and what subscribers received are not reached: see README of kanak-store",
    );
    Ok(())
}
