//! `kanak ingest`: the files of the inbox, or the named ones, into the hub.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use kanak_model::Timestamp;

use crate::cli::IngestArgs;
use crate::deployment::Deployment;
use crate::jobs::ingest_file::{HUB_DOMAIN, Ingested, Known, Retirements, Terms, ingest_file, source_of};
use crate::jobs::vault::sweep;
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// Runs the command.
///
/// # Errors
/// When a file was refused; the others are loaded all the same.
pub async fn run(args: &IngestArgs, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let inbox = args.inbox.clone().unwrap_or_else(|| deployment.config.inbox.clone());
    let files = files_of(deployment, &args.what, &inbox)?;
    let terms = Terms {
        retirements: if args.accept_retired { Retirements::Confirmed } else { Retirements::WithinLimit },
        known: if args.again { Known::ReadAgain } else { Known::LeaveAlone },
    };
    let begun = deployment.clock.now();
    let (done, refused) = ingest_all(deployment, &files, terms, output).await;
    if !refused.is_empty()
        && let Err(error) = sweep_after(deployment, begun, output).await
    {
        // What was refused is said all the same; the next `kanak vault sweep` takes out what is left.
        output.note(format!("what refused files left in the vault was not taken out: {error:#}"));
    }
    print(&done, &refused, output)?;
    let count = refused.len();
    match refused.into_iter().next() {
        None => Ok(()),
        Some((_, reason)) if count == 1 => Err(reason),
        Some((_, first)) => Err(first.context(format!("{count} files were refused, the first because"))),
    }
}

/// The files that were meant: named files, the files of named sources, or all of the inbox.
fn files_of(deployment: &Deployment, what: &[String], inbox: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let list = || list_folder(inbox);
    if what.is_empty() {
        return list();
    }
    let mut files = Vec::new();
    for word in what {
        let path = Path::new(word);
        if path.is_dir() {
            files.extend(list_folder(path)?);
        } else if path.is_file() {
            files.push(path.to_path_buf());
        } else if deployment.sources.find(word).is_some() {
            let before = files.len();
            for file in list()? {
                if source_of(deployment, &file).is_ok_and(|source| source.name == *word) {
                    files.push(file);
                }
            }
            if files.len() == before {
                bail!("no file of source `{word}` in {}; put one there or name it", inbox.display());
            }
        } else {
            let known: Vec<&str> = deployment.sources.iter().map(|source| source.name.as_str()).collect();
            bail!("`{word}` is neither a file nor a source; the sources are {}", known.join(", "));
        }
    }
    Ok(files)
}

/// The files of a folder, by name; hidden ones left out.
///
/// # Errors
/// When the folder cannot be read.
pub fn list_folder(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = std::fs::read_dir(folder).with_context(|| {
        format!("cannot read the inbox {}; make it, or name another with --inbox, or name files", folder.display())
    })?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in read {
        let path = entry?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Ingests files one after the other. A refused file does not stop the others.
pub async fn ingest_all(
    deployment: &Deployment,
    files: &[PathBuf],
    terms: Terms,
    output: &Output,
) -> (Vec<Ingested>, Vec<(PathBuf, anyhow::Error)>) {
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let stage = Stage::begin(output, format!("Reading {name}"), 0);
        match ingest_file(deployment, file, terms, &stage).await {
            Ok(ingested) => {
                let words = if ingested.known && ingested.declared_anew {
                    "known already; its source was declared anew since: --again reads it once more".to_owned()
                } else if ingested.known {
                    "known already, nothing changed".to_owned()
                } else {
                    let (rows, rejected) = (grouped(ingested.accepted), grouped(ingested.rejected));
                    format!("{rows} rows accepted, {rejected} rejected")
                };
                let words = if ingested.held_back == 0 {
                    words
                } else {
                    let held_back = grouped(ingested.held_back);
                    format!(
                        "{words}; {held_back} source records are missing from it and stay, because rows without a key were \
                         refused: mend those, or confirm with --accept-retired"
                    )
                };
                let words = if ingested.erased == 0 {
                    words
                } else {
                    format!("{words}; {} rows that were erased under an order left out", grouped(ingested.erased))
                };
                stage.end(&words);
                done.push(ingested);
            }
            Err(error) => {
                stage.end(&format!("refused: {error:#}"));
                refused.push((file.clone(), error));
            }
        }
    }
    (done, refused)
}

/// Takes out what refused files left in the vault: it is written before the hub, and the hub then took none of their rows.
async fn sweep_after(deployment: &Deployment, since: Timestamp, output: &Output) -> anyhow::Result<()> {
    if deployment.vault.has_new_references(HUB_DOMAIN, since).await? {
        let swept = sweep(deployment).await?;
        if swept > 0 {
            output.note(format!("{} references of refused files were taken out of the vault", grouped(swept)));
        }
    }
    Ok(())
}

fn print(done: &[Ingested], refused: &[(PathBuf, anyhow::Error)], output: &Output) -> anyhow::Result<()> {
    if output.json {
        let told = |(file, reason): &(PathBuf, anyhow::Error)| serde_json::json!({ "file": file, "reason": format!("{reason:#}") });
        let refused: Vec<_> = refused.iter().map(told).collect();
        return output.document(&serde_json::json!({ "files": done, "refused": refused }));
    }
    let rows: Vec<Vec<String>> = done
        .iter()
        .map(|one| {
            let mut row = vec![one.source.clone()];
            row.extend([one.accepted, one.rejected, one.new, one.changed, one.unchanged, one.retired].map(grouped));
            row.push(one.file.file_name().unwrap_or_default().to_string_lossy().into_owned());
            row
        })
        .collect();
    if !rows.is_empty() {
        output.table(&["source", "accepted", "rejected", "new", "changed", "unchanged", "retired", "file"], &rows);
    }
    for (_, reason) in refused {
        output.line(format!("refused  {reason:#}"));
    }
    Ok(())
}
