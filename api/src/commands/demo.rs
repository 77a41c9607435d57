//! `kanak demo`: the whole job on a made-up state with real codes. Run again, it resumes or says what is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use kanak_model::{Access, Caller, Role};
use kanak_store::FIRST_ADMINISTRATOR;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::{DemoArgs, Global};
use crate::commands::ingest::{ingest_all, list_folder};
use crate::commands::resolve::resolve_all;
use crate::commands::{serve, synth};
use crate::deployment::Deployment;
use crate::jobs::accuracy::{links_by_key, measure};
use crate::jobs::ingest_file::{Ingested, Terms};
use crate::jobs::publish::publish;
use crate::jobs::quality::keep_accuracy;
use crate::jobs::refresh::refresh;
use crate::jobs::resolve::Resolved;
use crate::output::{Output, grouped};
use crate::secrets::{new_password, os_rng};
use kanak_engine::matching::accuracy::Accuracy;

/// What a demo's extracts were made with; stands beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct MadeWith {
    records: u64,
    seed: u64,
}

/// Runs the command.
///
/// # Errors
/// When the data folder holds something else than this demo, or a stage fails.
pub async fn run(args: &DemoArgs, global: &Global, output: &Output) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let mut deployment = Deployment::open(global).await?;
    let extracts = extracts_folder(&global.data);
    let wanted = MadeWith { records: args.records, seed: args.seed };
    claim(&deployment, wanted).await?;
    deployment.made_up = true;
    let mut stages = Stages::default();
    stages.time("make the state", || make_extracts(wanted, &extracts, output))?;
    let before = Instant::now();
    let files = list_folder(&extracts)?;
    let (ingested, refused) = ingest_all(&deployment, &files, Terms::CAREFUL, output).await;
    stages.add("ingest", before);
    if let Some((file, reason)) = refused.into_iter().next() {
        return Err(reason.context(format!("{} was refused", file.display())));
    }
    let before = Instant::now();
    publish(&deployment).await?;
    let resolved = resolve_all(&deployment, &[], output).await?;
    stages.add("resolve", before);
    let before = Instant::now();
    let accuracies = accuracies(&deployment, &extracts).await?;
    stages.add("compare with the truth", before);
    let before = Instant::now();
    let release = refresh(&deployment, output).await?;
    stages.add("refresh", before);
    stages.seconds.push(("in all".to_owned(), started.elapsed().as_secs_f64()));
    let summary = Summary { ingested, resolved, accuracies, stages, tables: release.tables.len() };
    summary.print(&deployment, &extracts, output).await?;
    if args.no_serve {
        return Ok(ExitCode::SUCCESS);
    }
    make_users(&deployment, output).await?;
    // A demo is asked for, and its state is made up: its passwords are printed wherever it runs.
    serve::serve(deployment, &args.listen, serve::FirstPassword::Print, output).await?;
    Ok(ExitCode::SUCCESS)
}

/// Where the departments of the made-up state put their files: beside the data folder, since they hold Aadhaar numbers.
fn extracts_folder(data: &Path) -> PathBuf {
    let name = data.file_name().map_or_else(|| "kanak-data".into(), |name| name.to_string_lossy().into_owned());
    data.with_file_name(format!("{name}-extracts"))
}

/// Makes sure that the data folder is empty or holds this very demo.
async fn claim(deployment: &Deployment, wanted: MadeWith) -> anyhow::Result<()> {
    match deployment.store.get_setting("made_up").await? {
        Some(text) => {
            let held: MadeWith = serde_json::from_str(&text).context("the setting `made_up` cannot be read")?;
            if held != wanted {
                bail!(
                    "{} holds a demo of {} records with seed {}; run it with these, or name another folder with --data",
                    deployment.data.display(),
                    held.records,
                    held.seed
                );
            }
        }
        None if !deployment.store.list_source_systems().await?.is_empty() => {
            bail!("{} holds real registers; name another folder with --data", deployment.data.display());
        }
        None => deployment.store.put_setting("made_up", &serde_json::to_string(&wanted)?).await?,
    }
    Ok(())
}

/// Makes the extracts unless they are there already; half-made ones are made anew.
fn make_extracts(wanted: MadeWith, extracts: &Path, output: &Output) -> anyhow::Result<()> {
    let marker = extracts.join("truth/made_with.json");
    let held = std::fs::read_to_string(&marker).ok().and_then(|text| serde_json::from_str::<MadeWith>(&text).ok());
    match held {
        Some(held) if held == wanted => {
            output.note(format!("The departments' files are in {} already", extracts.display()));
            return Ok(());
        }
        Some(_) => bail!("{} holds the files of another demo; remove it or name another --data", extracts.display()),
        None if extracts.exists() => {
            bail!("{} exists and is not a demo's; remove it or name another --data", extracts.display())
        }
        None => {}
    }
    let unfinished = extracts.with_extension("unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).with_context(|| format!("cannot remove {}", unfinished.display()))?;
    }
    synth::make(wanted.records, wanted.seed, &unfinished, false, output)?;
    std::fs::write(unfinished.join("truth/made_with.json"), serde_json::to_string(&wanted)?)?;
    std::fs::rename(&unfinished, extracts).with_context(|| format!("cannot name {}", extracts.display()))?;
    Ok(())
}

async fn accuracies(deployment: &Deployment, extracts: &Path) -> anyhow::Result<Vec<(String, Accuracy)>> {
    let links = links_by_key(deployment).await?;
    let mut found = Vec::new();
    for model in deployment.models.iter() {
        let truth = extracts.join(format!("truth/{}.csv", model.name));
        if truth.exists() {
            let accuracy = measure(&truth, &links)?;
            keep_accuracy(deployment, &model.name, accuracy).await?;
            found.push((model.name.clone(), accuracy));
        }
    }
    Ok(found)
}

/// An administrator and a steward for looking around: on the first run only, with their passwords printed once.
async fn make_users(deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    // The first administrator is made while there is no user at all, and so before the steward.
    if let Some(password) = deployment.store.ensure_first_administrator(&mut os_rng()).await? {
        output.line(format!("user {FIRST_ADMINISTRATOR}, password (shown once): {password}"));
    }
    if deployment.store.find_user_by_name("steward").await?.is_none() {
        let password = new_password();
        let roles = [Role::Steward, Role::Analyst, Role::Department].into_iter().collect();
        let by = Caller::system("demo");
        deployment.store.create_user(&by, "steward", &password, &roles, None, &mut os_rng()).await?;
        output.line(format!("user steward, password (shown once): {password}"));
    } else {
        output.note("users admin and steward exist; `kanak user reset NAME` gives a new password");
    }
    Ok(())
}

#[derive(Default)]
struct Stages {
    seconds: Vec<(String, f64)>,
}

impl Stages {
    fn time<T>(&mut self, name: &str, work: impl FnOnce() -> T) -> T {
        let before = Instant::now();
        let done = work();
        self.add(name, before);
        done
    }

    fn add(&mut self, name: &str, before: Instant) {
        self.seconds.push((name.to_owned(), before.elapsed().as_secs_f64()));
    }
}

struct Summary {
    ingested: Vec<Ingested>,
    resolved: Vec<Resolved>,
    accuracies: Vec<(String, Accuracy)>,
    stages: Stages,
    tables: usize,
}

impl Summary {
    async fn print(&self, deployment: &Deployment, extracts: &Path, output: &Output) -> anyhow::Result<()> {
        let counts = deployment.store.counts().await?;
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        for row in deployment.store.count_quarantined(&Access::operation("demo")).await? {
            *reasons.entry(row.rule.word().to_owned()).or_default() += row.count;
        }
        let sum = |of: fn(&Ingested) -> u64| self.ingested.iter().map(of).sum::<u64>();
        let (new, changed) = (sum(|one| one.new), sum(|one| one.changed));
        if output.json {
            let accuracy: BTreeMap<&str, _> = self
                .accuracies
                .iter()
                .map(|(name, a)| (name.as_str(), json!({ "precision": a.precision, "recall": a.recall, "f1": a.f1 })))
                .collect();
            let seconds: Vec<_> =
                self.stages.seconds.iter().map(|(stage, s)| json!({ "stage": stage, "seconds": s })).collect();
            return output.document(&json!({
                "files": self.ingested, "new": new, "changed": changed,
                "source_records": counts.source_records, "golden_records": counts.golden_records,
                "resolved": self.resolved.iter().map(super::resolve::to_json).collect::<Vec<_>>(),
                "open_tasks": counts.open_tasks.values().sum::<u64>(), "accuracy": accuracy, "rejected_by_rule": reasons,
                "tables": self.tables, "stages": seconds, "data": deployment.data, "extracts": extracts,
            }));
        }
        output.note("");
        let rows: Vec<Vec<String>> = deployment
            .models
            .iter()
            .map(|model| {
                let source = counts.source_records.get(&model.name).copied().unwrap_or(0);
                let golden = counts.golden_records.get(&model.name).copied().unwrap_or(0);
                let mut row = vec![model.plural.clone(), grouped(source), grouped(golden)];
                row.push(grouped(source.saturating_sub(golden)));
                let accuracy = self.accuracies.iter().find(|(name, _)| *name == model.name).map(|(_, a)| *a);
                row.extend(accuracy.map_or_else(
                    || vec![String::new(); 3],
                    |a| [a.precision, a.recall, a.f1].iter().map(|share| format!("{share:.4}")).collect(),
                ));
                row
            })
            .collect();
        output.table(&["", "source records", "golden records", "duplicates", "precision", "recall", "pair F1"], &rows);
        output.line("");
        output.line(format!(
            "{} new, {} changed source records in this run; {} doubtful pairs wait for a steward",
            grouped(new),
            grouped(changed),
            grouped(counts.open_tasks.values().sum::<u64>())
        ));
        if !reasons.is_empty() {
            let rows: Vec<Vec<String>> =
                reasons.iter().map(|(rule, count)| vec![rule.clone(), grouped(*count)]).collect();
            output.line("");
            output.table(&["rejected because", "rows"], &rows);
        }
        output.line("");
        let rows: Vec<Vec<String>> =
            self.stages.seconds.iter().map(|(stage, s)| vec![stage.clone(), format!("{s:.1}")]).collect();
        output.table(&["stage", "seconds"], &rows);
        let data = deployment.data.display();
        output.note(format!(
            "\nWhere to look: the departments' files in {}; hub, vault, lake and landing in {data}; {} tables:\n  \
             kanak sql \"select * from mart_overview\" --data {data}\n  kanak serve --data {data}\n  kanak verify --data {data}",
            extracts.display(),
            self.tables
        ));
        Ok(())
    }
}
