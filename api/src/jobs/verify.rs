//! Every invariant that one hub can show: its own checks, its ledger replayed, its stores read through.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use arrow::array::AsArray as _;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::record_batch::RecordBatch;
use kanak_codes::identifiers::Aadhaar;
use kanak_ingest::landing;
use kanak_model::{Access, EntityModel, GoldenId, SourceRecordId};
use kanak_warehouse::QueryLimits;

use crate::deployment::Deployment;
use crate::jobs::ingest_file::landing_key;
use crate::jobs::resolve::{Held, compute, pairs, trust_table};
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// One invariant and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// A word for machines.
    pub name: String,
    /// What must hold, in a sentence.
    pub what: String,
    /// Whether it does.
    pub passed: bool,
    /// What was seen. Never values of people.
    pub detail: String,
}

/// Runs every check. A broken one is a result, not an error.
///
/// # Errors
/// When something cannot be read at all.
pub async fn verify(deployment: &Deployment, output: Output) -> anyhow::Result<Vec<Check>> {
    let stage = Stage::begin(output, "Checking the hub", 0);
    let mut checks: Vec<Check> = deployment
        .store
        .check_invariants()
        .await?
        .into_iter()
        .map(|c| Check { name: c.name.to_owned(), what: c.what.to_owned(), passed: c.passed, detail: c.detail })
        .collect();
    stage.end(&format!("{} checks", checks.len()));
    for model in deployment.models.iter() {
        let stage = Stage::begin(output, format!("Replaying {}", model.plural), 0);
        let check = replay(deployment, model).await?;
        stage.end(&check.detail);
        checks.push(check);
    }
    let stage = Stage::begin(output, "Reading the landing", 0);
    checks.push(sealed_files(deployment).await?);
    stage.end("read");
    checks.push(reconciled(deployment).await?);
    let stage = Stage::begin(output, "Looking for Aadhaar numbers", 0);
    checks.push(no_aadhaar(deployment).await?);
    stage.end("looked");
    Ok(checks)
}

fn check(name: &str, what: &str, wrong: Option<String>, seen: impl Into<String>) -> Check {
    let passed = wrong.is_none();
    Check { name: name.to_owned(), what: what.to_owned(), passed, detail: wrong.unwrap_or_else(|| seen.into()) }
}

/// Resolves an entity type from nothing but its source records, decisions and frozen rules, and compares with what the hub holds.
async fn replay(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<Check> {
    let name = format!("replay of {}", model.plural);
    let what =
        "source records, decisions and the frozen rule set alone give the clusters and values that the hub holds";
    let store = &deployment.store;
    let Some(stored) = store.find_rule_set(&model.name).await? else {
        return Ok(check(&name, what, None, "nothing was resolved yet"));
    };
    let pending = store.unresolved_count(&model.name).await?;
    if pending > 0 {
        return Ok(check(&name, what, None, format!("{} source records wait for `kanak resolve`", grouped(pending))));
    }
    let access = Access::operation("verify");
    let records = store.list_source_records(&access, &model.name).await?;
    let links = pairs(&store.list_links(&model.name).await?);
    let constraints = store.list_constraints(&model.name).await?;
    let rule_set = serde_json::from_value(stored.body).context("the stored rule set cannot be read")?;
    let trust = trust_table(deployment).await?;
    let held = Held { links: Vec::new(), redirected: Vec::new(), constraints };
    let (worker_model, worker_records) = (model.clone(), Arc::new(records));
    let work = {
        let records = Arc::clone(&worker_records);
        tokio::task::spawn_blocking(move || {
            compute(&worker_model, &records, &held, &trust, Some((stored.version, rule_set)))
        })
        .await??
    };
    let mut in_hub: HashMap<GoldenId, Vec<SourceRecordId>> = HashMap::new();
    for (record, golden) in &links {
        in_hub.entry(*golden).or_default().push(*record);
    }
    let by_first: HashMap<SourceRecordId, (GoldenId, &Vec<SourceRecordId>)> =
        in_hub.iter().filter_map(|(golden, members)| Some((*members.first()?, (*golden, members)))).collect();
    let mut values: BTreeMap<GoldenId, _> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.list_golden(&access, model, after, 20_000).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        values.extend(page.into_iter().map(|record| (record.id, record)));
    }
    let mut wrong = None;
    for change in &work.changes {
        let first = change.members.first().context("a cluster has a member")?;
        let Some((golden, members)) = by_first.get(first) else {
            wrong = Some(format!("source record {first} begins a cluster in the replay and not in the hub"));
            break;
        };
        if **members != change.members {
            wrong = Some(format!(
                "{golden} has {} members in the hub and {} in the replay",
                members.len(),
                change.members.len()
            ));
            break;
        }
        match values.get(golden) {
            Some(record) if record.values == change.survived.values && record.status == change.survived.status => {}
            Some(_) => {
                wrong = Some(format!("{golden} has other values in the hub than in the replay"));
                break;
            }
            None => {
                wrong = Some(format!("{golden} is linked but not live"));
                break;
            }
        }
    }
    if wrong.is_none() && work.changes.len() != in_hub.len() {
        wrong =
            Some(format!("{} clusters in the replay, {} golden records in the hub", work.changes.len(), in_hub.len()));
    }
    Ok(check(
        &name,
        what,
        wrong,
        format!(
            "{} source records, {} golden records",
            grouped(worker_records.len() as i64),
            grouped(in_hub.len() as i64)
        ),
    ))
}

/// Opens every sealed file and reads it to its end: each part is authenticated.
async fn sealed_files(deployment: &Deployment) -> anyhow::Result<Check> {
    let key = landing_key(deployment)?;
    let folder = deployment.landing();
    let mut runs = deployment.store.list_ingest_runs(None, None, 1_000_000).await?;
    runs.retain(|run| !run.content_hash.is_empty());
    let (count, wrong) = tokio::task::spawn_blocking(move || {
        let mut wrong = None;
        for run in &runs {
            let path = landing::sealed_path(&folder, &run.content_hash);
            let read = landing::open(&path, &key)
                .map_err(anyhow::Error::from)
                .and_then(|mut sealed| Ok(std::io::copy(&mut sealed, &mut std::io::sink())?));
            if let Err(error) = read {
                wrong = Some(format!("{}: {error:#}", path.display()));
                break;
            }
        }
        (runs.len(), wrong)
    })
    .await?;
    Ok(check(
        "landing whole",
        "every landed file opens under its key and is as it was sealed",
        wrong,
        format!("{count} files"),
    ))
}

/// Compares the lake's current rows with the hub's live golden records.
async fn reconciled(deployment: &Deployment) -> anyhow::Result<Check> {
    let name = "warehouse reconciles";
    let what = "each dimension has as many current rows as the hub has live golden records";
    let Some(release) = deployment.warehouse.release() else {
        return Ok(check(name, what, None, "no release yet"));
    };
    let position = deployment.store.feed_position().await?;
    if release.feed_position != position.0 {
        let seen = format!(
            "the warehouse stands at {}, the hub at {position}; `kanak refresh` brings it up",
            release.feed_position
        );
        return Ok(check(name, what, None, seen));
    }
    let counts = deployment.store.counts().await?;
    let access = Access::operation("verify");
    let mut wrong = None;
    for model in deployment.models.iter() {
        let hub = counts.golden_records.get(&model.name).copied().unwrap_or(0);
        let sql = format!("select count(*) from dim_{} where is_current", model.plural);
        let result = deployment.warehouse.query(&access, &sql, QueryLimits::default()).await?;
        let lake = result.batches[0].column(0).as_primitive::<Int64Type>().value(0) as u64;
        if lake != hub {
            wrong = Some(format!("{}: {lake} in the lake, {hub} in the hub", model.plural));
        }
    }
    Ok(check(name, what, wrong, format!("at feed position {position}")))
}

/// Reads everything under the data folder but vault and keys, and every text of the lake, for numbers that the vault holds.
async fn no_aadhaar(deployment: &Deployment) -> anyhow::Result<Check> {
    let data = deployment.data.clone();
    let mut candidates: HashMap<String, String> = tokio::task::spawn_blocking(move || {
        let mut found = HashMap::new();
        scan_folder(&data, &mut found)?;
        anyhow::Ok(found)
    })
    .await??;
    let access = Access::operation("verify");
    for table in lake_tables(deployment, &access)? {
        let place = format!("table {table}");
        let limits = QueryLimits { rows_max: usize::MAX - 1, timeout_ms: 600_000 };
        let result = deployment.warehouse.query(&access, &format!("select * from {table}"), limits).await?;
        for column in result.batches.iter().flat_map(RecordBatch::columns) {
            // Text comes in several layouts; as one, every value can be looked at.
            let Ok(texts) = cast(column, &DataType::Utf8) else { continue };
            for text in texts.as_string::<i32>().iter().flatten() {
                look(text.as_bytes(), &place, &mut candidates);
            }
        }
    }
    let numbers: Vec<&str> = candidates.keys().map(String::as_str).collect();
    let held = deployment.vault.holds(&numbers).await?;
    let places: HashSet<&String> =
        numbers.iter().zip(held).filter(|(_, held)| *held).filter_map(|(number, _)| candidates.get(*number)).collect();
    let wrong = (!places.is_empty()).then(|| {
        let places: Vec<&str> = places.into_iter().map(String::as_str).take(5).collect();
        format!("numbers that the vault holds stand in {}", places.join(", "))
    });
    Ok(check(
        "no Aadhaar outside the vault",
        "no file and no table holds a number that the vault holds",
        wrong,
        "nothing found",
    ))
}

fn lake_tables(deployment: &Deployment, access: &Access) -> anyhow::Result<Vec<String>> {
    if deployment.warehouse.release().is_none() {
        return Ok(Vec::new());
    }
    Ok(deployment.warehouse.tables(access)?.into_iter().map(|table| table.name).collect())
}

fn scan_folder(folder: &Path, found: &mut HashMap<String, String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("vault.sqlite") || name == "keys" {
            continue;
        }
        if path.is_dir() {
            scan_folder(&path, found)?;
        } else {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            look(&bytes, &path.display().to_string(), found);
        }
    }
    Ok(())
}

/// Notes every run of exactly twelve digits, perhaps grouped 4-4-4, that passes the rules of an Aadhaar number.
fn look(bytes: &[u8], place: &str, found: &mut HashMap<String, String>) {
    let mut digits = String::with_capacity(12);
    let mut index = 0;
    while index <= bytes.len() {
        let byte = bytes.get(index).copied().unwrap_or(b'.');
        let groups = matches!(byte, b' ' | b'-' | 0) && bytes.get(index + 1).is_some_and(u8::is_ascii_digit);
        if byte.is_ascii_digit() {
            if digits.len() <= 12 {
                digits.push(char::from(byte));
            }
        } else if !(groups && !digits.is_empty() && (byte == 0 || digits.len().is_multiple_of(4))) {
            if digits.len() == 12 && Aadhaar::parse(&digits).is_ok() {
                found.entry(digits.clone()).or_insert_with(|| place.to_owned());
            }
            digits.clear();
        }
        index += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_look(text: &[u8], expected: bool) {
        let mut found = HashMap::new();
        look(text, "here", &mut found);
        assert_eq!(found.contains_key("234123412346"), expected, "{text:?}");
    }

    #[test]
    fn a_number_is_found_plain_grouped_and_in_wide_text_and_not_inside_a_longer_one() {
        check_look(b"x234123412346y", true);
        check_look(b"2341 2341 2346", true);
        check_look(b"2341-2341-2346", true);
        check_look(&"234123412346".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), true);
        check_look(b"9234123412346", false);
        check_look(b"234123412347", false);
    }
}
