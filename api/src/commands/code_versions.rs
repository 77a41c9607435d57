//! `kanak codes import`, `publish` and what lies between: versions of code systems that the deployment publishes itself.

use std::path::Path;

use anyhow::{Context as _, bail};
use kanak_codes::{Day, IMPORT_BYTES_MAX};
use kanak_store::{AuditKey, CodeVersion, CodeVersionState, Curator};
use serde_json::{Value, json};

use crate::cli::{CodesDataCommand, CodesImportArgs};
use crate::deployment::Deployment;
use crate::jobs::code_bundle::open;
use crate::jobs::code_difference::{DIFFERENCES_MAX, Difference};
use crate::jobs::code_lists::{ListFormat, ListRead, ListToRead};
use crate::jobs::code_references::{LostReference, ReferencesLost, Removals};
use crate::jobs::code_versions::{propose, publish_version, read};
use crate::output::{Output, grouped};

/// Runs a command.
///
/// # Errors
/// When a list does not read, a person may not, or no such version waits.
pub async fn run(command: &CodesDataCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    match command {
        CodesDataCommand::Import(args) => import(args, deployment, output).await,
        CodesDataCommand::Bundle { out } => {
            let bundle = deployment.code_bundle().await?;
            let shown = out.display().to_string();
            std::fs::write(out, &bundle.bytes).with_context(|| format!("cannot write {shown}"))?;
            let key = store.audit_key().context("this hub was opened without its keys")?;
            if output.json {
                return output.document(&json!({
                    "file": shown, "bytes": bundle.bytes.len(), "manifest_sha256": bundle.sha256,
                    "public_key": key.to_string(),
                }));
            }
            output.note(format!("{} bytes to {shown}", grouped(bundle.bytes.len() as u64)));
            output.note(format!("check them anywhere: kanak codes verify-bundle {shown} --key {key}"));
            Ok(())
        }
        CodesDataCommand::Proposals { all } => {
            let mut versions = store.list_code_versions().await?;
            versions.retain(|one| *all || one.state == CodeVersionState::Proposed);
            print_versions(&versions, output)
        }
        CodesDataCommand::Publish { system, version, by, reason, accept_removed } => {
            let (published, position) = publish_version(
                deployment,
                (system, version),
                Curator::Named(by),
                reason.as_deref().unwrap_or_default(),
                Removals::from(*accept_removed),
            )
            .await?;
            if output.json {
                return output.document(&json!({ "version": document_of(&published), "feed_position": position.0 }));
            }
            output.note(format!(
                "{} {} is published; the feed tells of it at {}",
                published.system, published.version, position.0
            ));
            Ok(())
        }
        CodesDataCommand::Refuse { system, version, by, reason } => {
            let refused = store.refuse_code_version(system, version, (Curator::Named(by), reason)).await?;
            print_decided(&refused, output)
        }
        CodesDataCommand::Withdraw { system, version, by, reason } => {
            let words = reason.as_deref().unwrap_or_default();
            let withdrawn = store.withdraw_code_version(system, version, (Curator::Named(by), words)).await?;
            print_decided(&withdrawn, output)
        }
    }
}

/// Checks a bundle without a hub.
///
/// # Errors
/// Names the file inside that is not as the key signed it.
pub fn verify_bundle(file: &Path, key: &str, output: &Output) -> anyhow::Result<()> {
    let shown = file.display().to_string();
    let key = AuditKey::parse(key)
        .with_context(|| format!("`{key}` is no public key; it is 64 hex digits, as `kanak audit key` prints them"))?;
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {shown}"))?;
    let opened = open(&bytes, &key).with_context(|| shown.clone())?;
    if output.json {
        return output.document(&opened);
    }
    let rows: Vec<Vec<String>> = opened
        .systems
        .iter()
        .map(|(name, version, concepts)| vec![name.clone(), version.clone(), grouped(*concepts as u64)])
        .collect();
    output.table(&["system", "version", "concepts"], &rows);
    output.note(format!(
        "{shown} is as the key signed it: {} code systems, {} value sets, {} concept maps",
        rows.len(),
        opened.value_sets.len(),
        opened.concept_maps.len()
    ));
    Ok(())
}

async fn import(args: &CodesImportArgs, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let shown = args.file.display().to_string();
    let bytes = std::fs::metadata(&args.file).with_context(|| format!("cannot read {shown}"))?.len();
    if bytes > IMPORT_BYTES_MAX as u64 {
        bail!("{shown} has {bytes} bytes, and at most {IMPORT_BYTES_MAX} are taken; part it");
    }
    let day = |text: &String| Day::parse(text).with_context(|| format!("`{text}` is no day; write it as 2026-04-01"));
    let format = |word: &String| {
        ListFormat::find(word).with_context(|| format!("no format `{word}`; there are csv, fhir and digit"))
    };
    let sidecar = match &args.sidecar {
        None => None,
        Some(file) => Some(std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?),
    };
    let list = ListToRead {
        system: args.system.clone(),
        format: args.format.as_ref().map(format).transpose()?,
        version: args.version.clone(),
        effective_from: args.effective_from.as_ref().map(day).transpose()?,
        source_date: args.source_date.clone(),
        sidecar,
        master: args.master.clone(),
        bytes: std::fs::read(&args.file).with_context(|| format!("cannot read {shown}"))?,
    };
    let read = read(deployment, list).await.with_context(|| shown.clone())?;
    let proposed = match (&args.by, args.dry_run) {
        (_, true) => None,
        (None, false) => bail!("say who proposes it: --by USER, a steward; or look at it alone with --dry-run"),
        (Some(by), false) => {
            let name = args.file.file_name().unwrap_or_default().to_string_lossy();
            let reason = args.reason.clone().unwrap_or_else(|| format!("imported from {name}"));
            let removals = Removals::from(args.accept_removed);
            let proposed = propose(deployment, &read, Curator::Named(by), &reason, removals).await;
            Some(proposed.with_context(|| shown.clone())?)
        }
    };
    if output.json {
        let state = proposed.as_ref().map(document_of);
        return output.document(&json!({
            "system": read.system, "version": read.version, "concepts": read.concepts, "notes": read.notes,
            "effective_from": read.effective_from.map(|day| day.to_string()), "difference": read.difference,
            "is_there": read.is_there, "proposed": state,
        }));
    }
    print_read(&read, output);
    match proposed {
        None if read.is_there => {
            output.note(format!("version {} is there already and says just this; nothing would change", read.version));
        }
        None => output.note("nothing was written; leave out --dry-run to propose it"),
        Some(one) if one.state == CodeVersionState::Published => {
            output.note(format!("{} {} is published already; nothing changed", one.system, one.version));
        }
        Some(one) => output.note(format!(
            "{} {} waits for another steward: kanak codes publish {0} {1} --by USER",
            one.system, one.version
        )),
    }
    Ok(())
}

fn print_read(read: &ListRead, output: &Output) {
    for note in &read.notes {
        output.note(format!("note: {note}"));
    }
    let Difference { previous, added, changed, retired, removed, references_lost, rows } = &read.difference;
    let lines = rows.iter().flat_map(|row| {
        row.fields.iter().map(move |field| {
            vec![
                row.code.clone(),
                row.change.to_owned(),
                field.field.clone(),
                one_line(&field.before),
                one_line(&field.after),
            ]
        })
    });
    let lines: Vec<Vec<String>> = lines.collect();
    if !lines.is_empty() {
        output.table(&["code", "change", "what", "before", "after"], &lines);
    }
    if rows.len() == DIFFERENCES_MAX {
        output.note(format!("only the first {DIFFERENCES_MAX} differences are shown"));
    }
    let against =
        previous.as_ref().map_or_else(|| "the first version".to_owned(), |one| format!("against version {one}"));
    let count = |number: &u64| grouped(*number);
    output.line(format!(
        "{} {}: {} concepts, {against}: {} added, {} changed, {} retired, {} removed",
        read.system,
        read.version,
        grouped(read.concepts),
        count(added),
        count(changed),
        count(retired),
        count(removed)
    ));
    print_lost(references_lost, output);
}

/// What would point to nothing.
fn print_lost(lost: &ReferencesLost, output: &Output) {
    if lost.count == 0 {
        return;
    }
    let line = |one: &LostReference| [&one.code, &one.name, &one.at, &one.field].map(|text| one_line(text)).to_vec();
    output.table(&["removed", "named by", "at", "in"], &lost.first.iter().map(line).collect::<Vec<_>>());
    output.line(format!("{} references would point to nothing: {}", grouped(lost.count), lost.summary));
    output.note("retire these codes instead of removing them, or accept it with --accept-removed");
}

/// A value within a cell of a table.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\t'], " ")
}

fn print_decided(version: &CodeVersion, output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.document(&document_of(version));
    }
    output.note(format!("{} {} is {}", version.system, version.version, version.state.word()));
    Ok(())
}

fn document_of(version: &CodeVersion) -> Value {
    let (by, at) = (&version.proposed.0, version.proposed.1.to_string());
    let decided = version.decided.as_ref();
    json!({
        "system": version.system, "version": version.version, "effective_from": version.effective_from,
        "previous": version.previous, "concepts": version.concepts, "added": version.differs.added,
        "changed": version.differs.changed, "retired": version.differs.retired, "removed": version.differs.removed,
        "sha256": version.sha256, "state": version.state.word(), "proposed_by": by, "proposed": at,
        "reason": version.reason, "decided_by": decided.map(|(by, _)| by),
        "decided": decided.map(|(_, at)| at.to_string()), "decided_reason": version.decided_reason,
    })
}

fn print_versions(versions: &[CodeVersion], output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.document(&versions.iter().map(document_of).collect::<Vec<_>>());
    }
    if versions.is_empty() {
        output.note("no version of a code system waits");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = versions
        .iter()
        .map(|one| {
            let differs = one.differs;
            vec![
                one.system.clone(),
                one.version.clone(),
                one.effective_from.clone().unwrap_or_default(),
                one.previous.clone().unwrap_or_default(),
                grouped(differs.added),
                grouped(differs.changed),
                grouped(differs.retired),
                grouped(differs.removed),
                one.state.word().to_owned(),
                one.proposed.0.clone(),
                one.reason.clone(),
            ]
        })
        .collect();
    let header = [
        "system",
        "version",
        "in force from",
        "against",
        "added",
        "changed",
        "retired",
        "removed",
        "stands",
        "proposed by",
        "why",
    ];
    output.table(&header, &rows);
    Ok(())
}
