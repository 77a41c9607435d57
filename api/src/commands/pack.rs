//! `kanak pack`: questions answered as of a day, signed and kept.

use std::path::Path;

use anyhow::Context as _;
use kanak_codes::Day;
use kanak_store::AuditKey;
use serde_json::{Value, json};

use crate::cli::PackDataCommand;
use crate::deployment::Deployment;
use crate::jobs::pack::{Known, Pack, again, list, make, open};
use crate::output::{Output, grouped};

/// Runs a command.
///
/// # Errors
/// When there is no such pack, the day is not over, or a kept one does not come out as it was.
pub async fn run(command: &PackDataCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    match command {
        PackDataCommand::Make { name, as_of, out, anew } => {
            let day = Day::parse(as_of).with_context(|| format!("`{as_of}` is no day; write it as 2026-03-31"))?;
            let known = if *anew { Known::Now } else { Known::Then };
            let pack = Box::pin(make(deployment, name, day, known)).await?;
            print_pack(&pack, out.as_deref(), deployment, output)
        }
        PackDataCommand::Again { id, out } => print_pack(&again(deployment, id)?, out.as_deref(), deployment, output),
        PackDataCommand::List => {
            let all = list(deployment)?;
            if output.json {
                let all = all.iter().map(|(id, kept)| {
                    json!({ "id": id, "pack": kept.name, "as_of": kept.answers.day, "known_at": kept.answers.known_at.to_string() })
                });
                return output.document(&all.collect::<Vec<Value>>());
            }
            let rows: Vec<Vec<String>> = all
                .into_iter()
                .map(|(id, kept)| vec![id, kept.name, kept.answers.day.to_string(), kept.answers.known_at.to_string()])
                .collect();
            output.table(&["id", "pack", "as of", "as known"], &rows);
            Ok(())
        }
    }
}

fn print_pack(pack: &Pack, out: Option<&Path>, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let file = out.map(|folder| folder.join(format!("{}.tar", pack.id)));
    if let Some(file) = &file {
        std::fs::create_dir_all(file.parent().unwrap_or(file))
            .and_then(|()| std::fs::write(file, &pack.bytes))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let key = deployment.store.audit_key().context("this hub was opened without its keys")?;
    if output.json {
        return output.document(&json!({
            "id": pack.id, "bytes": pack.bytes.len(), "file": file, "public_key": key.to_string(),
        }));
    }
    output.line(&pack.id);
    if let Some(file) = file {
        let shown = file.display();
        output.note(format!("{} bytes to {shown}", grouped(pack.bytes.len() as u64)));
        output.note(format!("check them anywhere: kanak pack verify {shown} --key {key}"));
    }
    Ok(())
}

/// Checks a pack without a hub.
///
/// # Errors
/// Names the file inside that is not as the key signed it.
pub fn verify(file: &Path, key: &str, output: &Output) -> anyhow::Result<()> {
    let shown = file.display().to_string();
    let key = AuditKey::parse(key)
        .with_context(|| format!("`{key}` is no public key; it is 64 hex digits, as `kanak audit key` prints them"))?;
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {shown}"))?;
    let manifest = open(&bytes, &key).with_context(|| shown.clone())?;
    if output.json {
        return output.document(&manifest);
    }
    let rows: Vec<Vec<String>> =
        manifest.files.iter().map(|file| vec![file.name.clone(), grouped(file.bytes), file.sha256.clone()]).collect();
    output.table(&["file", "bytes", "sha256"], &rows);
    output.note(format!("{shown} is as the key signed it: {} as of {}", manifest.name, manifest.as_of));
    Ok(())
}
