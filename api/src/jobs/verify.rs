//! Every invariant that one hub can show: its own checks, its ledger replayed, its stores read through.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use arrow::array::{ArrayRef, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::record_batch::RecordBatch;
use kanak_codes::identifiers::{AadhaarSearch, FoundAadhaar};
use kanak_ingest::landing;
use kanak_model::golden_record::GoldenValues;
use kanak_model::{Access, Class, EntityModel, GoldenId};
use kanak_store::{HubUrl, Link, RevealStep, Store, VaultError};
use kanak_warehouse::{CrosswalkRow, Law, PERSONAL_RELATIONS, QueryLimits, RELATIONS};

use crate::deployment::Deployment;
use crate::jobs::ingest_file::HUB_DOMAIN;
use crate::jobs::kept_checkpoint;
use crate::jobs::keys::landing_key;
use crate::jobs::refresh::{crosswalk_rows, relation_rows};
use crate::jobs::resolve::{is_due, resolve};
use crate::output::{Output, grouped};
use crate::progress::Stage;

/// Golden records read at a time.
const GOLDEN_PAGE: u32 = 20_000;
/// Bytes of a file read at a time.
const SCAN_BYTES: usize = 1 << 20;

/// One invariant and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// A word for machines.
    pub name: String,
    /// What must hold, in a sentence.
    pub what: String,
    /// Whether it does.
    pub outcome: Outcome,
    /// What was seen. Never values of people.
    pub detail: String,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was looked at, and holds.
    Holds,
    /// It cannot be judged yet: work waits that has to be done first. The detail names the command.
    NotYet,
    /// It does not hold.
    Broken,
}

impl Outcome {
    /// The word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::NotYet => "not_yet",
            Self::Broken => "broken",
        }
    }

    fn of(passed: bool) -> Self {
        if passed { Self::Holds } else { Self::Broken }
    }
}

impl From<kanak_store::Check> for Check {
    fn from(check: kanak_store::Check) -> Self {
        Self {
            name: check.name.to_owned(),
            what: check.what.to_owned(),
            outcome: Outcome::of(check.passed),
            detail: check.detail,
        }
    }
}

/// Runs every check. A broken one is a result, not an error.
///
/// # Errors
/// When something cannot be read at all.
pub async fn verify(deployment: &Deployment, output: &Output) -> anyhow::Result<Vec<Check>> {
    let stage = Stage::begin(output, "Checking the hub", 0);
    let mut checks: Vec<Check> = deployment.store.check_invariants().await?.into_iter().map(Check::from).collect();
    stage.end(&format!("{} checks", checks.len()));
    checks.push(no_older_copy(deployment).await?);
    checks.extend(replayed(deployment, output).await?);
    let stage = Stage::begin(output, "Reading the landing", 0);
    checks.push(sealed_files(deployment).await?);
    stage.end("read");
    let stage = Stage::begin(output, "Opening every number of the vault", 0);
    checks.extend(vault_whole(deployment).await?);
    stage.end("opened");
    let stage = Stage::begin(output, "Reading the lake", 0);
    let lake = lake_whole(deployment).await?;
    stage.end("read");
    let lake_reads = if lake.outcome == Outcome::Holds { Lake::Whole } else { Lake::Broken };
    checks.push(lake);
    checks.push(reconciled(deployment, lake_reads).await?);
    checks.extend(figures_lawful(deployment, lake_reads).await?);
    checks.push(related(deployment, lake_reads).await?);
    let stage = Stage::begin(output, "Looking for Aadhaar numbers", 0);
    checks.push(no_aadhaar(deployment, lake_reads).await?);
    checks.extend(vault_trail(deployment).await?);
    stage.end("looked");
    Ok(checks)
}

/// Whether the lake's files are as they were put, so that its tables can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lake {
    Whole,
    Broken,
}

fn check(name: &str, what: &str, wrong: Option<String>, seen: impl Into<String>) -> Check {
    let outcome = Outcome::of(wrong.is_none());
    Check { name: name.to_owned(), what: what.to_owned(), outcome, detail: wrong.unwrap_or_else(|| seen.into()) }
}

/// A check that cannot be judged before a command has run.
fn not_whole(name: &str, what: &str) -> Check {
    check(name, what, Some("the lake is not whole, so that its tables say nothing".to_owned()), "")
}

fn not_yet(name: &str, what: &str, detail: impl Into<String>) -> Check {
    Check { name: name.to_owned(), what: what.to_owned(), outcome: Outcome::NotYet, detail: detail.into() }
}

/// Whether the hub holds what is known of it outside: the last checkpoint that was kept, and the feed as far as the lake has read it.
async fn no_older_copy(deployment: &Deployment) -> anyhow::Result<Check> {
    const NAME: &str = "hub is no older copy";
    const WHAT: &str = "the hub holds the signed checkpoint that was kept beside it, and is not behind the lake";
    if let Some(wrong) = kept_checkpoint::find_fault(deployment).await? {
        return Ok(check(NAME, WHAT, Some(wrong), ""));
    }
    let position = deployment.store.feed_position().await?;
    let ahead = deployment.warehouse.release().filter(|release| release.feed_position > position.0);
    let wrong = ahead.map(|release| {
        format!(
            "the lake has read the feed to {} and the hub's ends at {position}: it is an older copy of itself; where a backup was restored, run `kanak refresh`",
            release.feed_position
        )
    });
    Ok(check(NAME, WHAT, wrong, format!("the feed ends at {position}")))
}

/// Replays the ledger into a scratch hub and compares what follows from it there with what the hub holds.
async fn replayed(deployment: &Deployment, output: &Output) -> anyhow::Result<Vec<Check>> {
    let folder = deployment.data.join("scratch");
    remove_folder(&folder)?;
    let stage = Stage::begin(output, "Copying the ledger", 0);
    let url = HubUrl::Sqlite(folder.join("hub.sqlite"));
    let store = Store::open(&url, Arc::clone(&deployment.clock)).await?;
    let scratch = deployment.with_store(store);
    deployment.store.copy_ledger_into(&scratch.store).await?;
    stage.end("into a scratch hub");
    let mut checks = Vec::new();
    for model in deployment.models.iter() {
        let stage = Stage::begin(output, format!("Replaying {}", model.plural), 0);
        let check = replay(deployment, &scratch, model).await?;
        stage.end(&check.detail);
        checks.push(check);
    }
    let broken: Vec<String> = scratch
        .store
        .check_invariants()
        .await?
        .into_iter()
        .filter(|c| !c.passed)
        .map(|c| format!("{} ({})", c.name, c.detail))
        .collect();
    let wrong = (!broken.is_empty()).then(|| broken.join(", "));
    checks.push(check("replay is sound", "the replayed hub keeps every invariant of its own", wrong, "all hold"));
    scratch.store.close().await;
    remove_folder(&folder)?;
    Ok(checks)
}

/// Removes a folder, also one that an earlier run left behind.
fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Resolves an entity type in the scratch hub, and compares its clusters and values with the hub's.
async fn replay(deployment: &Deployment, scratch: &Deployment, model: &EntityModel) -> anyhow::Result<Check> {
    let name = format!("replay of {}", model.plural);
    let what =
        "source records, decisions and the frozen rule set alone give the clusters and values that the hub holds";
    let store = &deployment.store;
    if let Some(why) = is_due(deployment, model).await? {
        return Ok(not_yet(&name, what, format!("{why}; run `kanak resolve {}`", model.name)));
    }
    if store.find_rule_set(&model.name).await?.is_none() {
        return Ok(check(&name, what, None, "there are none"));
    }
    resolve(scratch, model).await?;
    let held = store.list_links(&model.name).await?;
    let made = scratch.store.list_links(&model.name).await?;
    let seen = |golden: usize| {
        format!("{} source records, {} golden records", grouped(held.len() as i64), grouped(golden as i64))
    };
    let names = match same_clusters(&held, &made) {
        Ok(names) => names,
        Err(wrong) => return Ok(check(&name, what, Some(wrong), String::new())),
    };
    let wrong = different_values(store, &scratch.store, model, &names).await?;
    Ok(check(&name, what, wrong, seen(names.len())))
}

/// Compares two partitions of the same source records, links ascending by source record. Gives, for each golden record of
/// the first, the one of the second with the same members.
///
/// # Errors
/// The first difference, in words.
fn same_clusters(held: &[Link], made: &[Link]) -> Result<HashMap<GoldenId, GoldenId>, String> {
    if let Some((one, other)) = held.iter().zip(made).find(|(one, other)| one.source_record != other.source_record) {
        let (one, other) = (one.source_record, other.source_record);
        return Err(format!(
            "source record {} is linked in one of hub and replay and not in the other",
            one.min(other)
        ));
    }
    if held.len() != made.len() {
        return Err(format!("{} source records are linked in the hub, {} in the replay", held.len(), made.len()));
    }
    let (mut forth, mut back) = (HashMap::new(), HashMap::new());
    for (one, other) in held.iter().zip(made) {
        let (held, made) = (one.golden_id, other.golden_id);
        if *forth.entry(held).or_insert(made) != made || *back.entry(made).or_insert(held) != held {
            return Err(format!(
                "source record {} has other companions in the hub than in the replay",
                one.source_record
            ));
        }
    }
    Ok(forth)
}

/// The first golden record whose values or status differ between a hub and its replay, in words.
async fn different_values(
    store: &Store,
    scratch: &Store,
    model: &EntityModel,
    names: &HashMap<GoldenId, GoldenId>,
) -> anyhow::Result<Option<String>> {
    let access = Access::operation("verify");
    let mut made = HashMap::new();
    let mut after = None;
    loop {
        let page = scratch.list_golden(&access, model, after, GOLDEN_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        made.extend(page.into_iter().map(|record| (record.id, (record.values, record.status))));
    }
    let mut after = None;
    loop {
        let page = store.list_golden(&access, model, after, GOLDEN_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for record in page {
            let id = record.id;
            match names.get(&id).and_then(|made_id| made.get(made_id)) {
                Some((values, status)) if *values == record.values && *status == record.status => {}
                Some((values, _)) => {
                    let what = first_different(&record.values, values);
                    return Ok(Some(format!("{what} of {id} is another in the hub than in the replay")));
                }
                None => return Ok(Some(format!("{id} is live in the hub and has no members in the replay"))),
            }
        }
    }
    Ok((made.len() != names.len()).then(|| "the replay has golden records that the hub lacks".to_owned()))
}

/// The first attribute in which two golden records differ, in words: never its values.
fn first_different(one: &GoldenValues, other: &GoldenValues) -> String {
    let attribute = one.keys().chain(other.keys()).find(|name| one.get(*name) != other.get(*name));
    attribute.map_or_else(|| "the status".to_owned(), |name| format!("`{name}`"))
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
            let read = landing::open(&path, &key).map_err(anyhow::Error::from).and_then(|mut sealed| {
                ensure!(sealed.content_hash() == run.content_hash, "it is another file than its name says");
                Ok(std::io::copy(&mut sealed, &mut std::io::sink())?)
            });
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

/// Checks what the hub counts on in the vault.
async fn vault_whole(deployment: &Deployment) -> anyhow::Result<Vec<Check>> {
    let Some(vault) = deployment.vault.vault() else {
        let what = "every reference leads to a number, and every number opens";
        let elsewhere = "the vault is a service of its own; its file is checked where it runs";
        let is_elsewhere = deployment.config.vault.at.is_some();
        return Ok(is_elsewhere.then(|| not_yet("vault whole", what, elsewhere)).into_iter().collect());
    };
    let used = deployment.store.list_references().await?;
    let checks = vault.check(HUB_DOMAIN, &used).await?;
    Ok(checks.into_iter().map(Check::from).collect())
}

/// Reads every file of the release in force.
async fn lake_whole(deployment: &Deployment) -> anyhow::Result<Check> {
    let faults = deployment.warehouse.list_faults().await?;
    let release = deployment.warehouse.release();
    let seen = release.map_or_else(
        || "no release yet".to_owned(),
        |release| format!("release {}, {} files", release.number, release.sums.len()),
    );
    let wrong = faults.first().map(|first| format!("{} broken, the first: {first}", faults.len()));
    Ok(check(
        "lake whole",
        "every file of the release in force is there as it was put, and it is the last release",
        wrong,
        seen,
    ))
}

/// Compares the lake's current rows with the hub's live golden records.
async fn reconciled(deployment: &Deployment, lake: Lake) -> anyhow::Result<Check> {
    let name = "warehouse reconciles";
    let what =
        "each dimension has as many current rows as the hub has live golden records, and the crosswalk is the hub's";
    if lake == Lake::Broken {
        return Ok(not_whole(name, what));
    }
    let Some(release) = deployment.warehouse.release() else {
        return Ok(not_yet(name, what, "the warehouse has no release; run `kanak refresh`"));
    };
    let position = deployment.store.feed_position().await?;
    if release.feed_position != position.0 {
        let seen = format!(
            "the warehouse stands at feed position {}, the hub at {position}; run `kanak refresh`",
            release.feed_position
        );
        return Ok(not_yet(name, what, seen));
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
    let held = crosswalk_rows(deployment).await?;
    let seen = format!("{} crosswalks, at feed position {position}", grouped(held.len() as i64));
    let wrong = match wrong {
        Some(wrong) => Some(wrong),
        None => different_crosswalks(held, crosswalks_in_lake(deployment, &access).await?),
    };
    Ok(check(name, what, wrong, seen))
}

/// The laws of figures, each over the lake's release.
async fn figures_lawful(deployment: &Deployment, lake: Lake) -> anyhow::Result<Vec<Check>> {
    if lake == Lake::Broken {
        return Ok(Law::ALL.iter().map(|law| not_whole(law.name(), law.what())).collect());
    }
    if deployment.warehouse.release().is_none() {
        let waits = |law: &Law| not_yet(law.name(), law.what(), "the warehouse has no release; run `kanak refresh`");
        return Ok(Law::ALL.iter().map(waits).collect());
    }
    let checks = deployment.warehouse.check_figures().await?.into_iter().map(|found| {
        let seen = format!("{} comparisons", grouped(found.compared as i64));
        check(found.law.name(), found.law.what(), found.wrong, seen)
    });
    Ok(checks.collect())
}

/// Compares the relations of the lake's release with the hub's, by relation.
async fn related(deployment: &Deployment, lake: Lake) -> anyhow::Result<Check> {
    let name = "relations reconcile";
    let what = "the lake holds each relation between the golden records and codes that the hub holds, now and before";
    if lake == Lake::Broken {
        return Ok(not_whole(name, what));
    }
    let position = deployment.store.feed_position().await?;
    let release = deployment.warehouse.release().filter(|release| release.feed_position == position.0);
    let Some(release) = release else {
        return Ok(not_yet(name, what, "the warehouse is not at the hub's feed position; run `kanak refresh`"));
    };
    let access = Access::operation("verify");
    let mut wrong = None;
    let mut seen = 0;
    let held = relation_rows(deployment).await?;
    for table in [RELATIONS, PERSONAL_RELATIONS] {
        let mut hub: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
        for row in held.iter().filter(|row| (row.class > Class::Internal) == (table == PERSONAL_RELATIONS)) {
            let figures = hub.entry((row.entity.clone(), row.relation.clone())).or_insert_with(|| vec![0; 4]);
            let other = row.to_golden_id.or(row.to_group).unwrap_or(0);
            let is_current = i64::from(row.recorded_to.is_none());
            for (figure, more) in
                figures.iter_mut().zip([1, is_current, row.golden_id * is_current, other * is_current])
            {
                // As the lake sums: numbers of groups are large, and many of them may leave the range.
                *figure = figure.wrapping_add(more);
            }
        }
        seen += hub.values().map(|figures| figures[0]).sum::<i64>();
        let lake = relations_in_lake(deployment, &access, table).await?;
        if let Some(((entity, relation), _)) = hub.iter().chain(&lake).find(|(key, _)| hub.get(*key) != lake.get(*key))
        {
            wrong = Some(format!("{relation} of {entity} is another in {table} than in the hub"));
        }
    }
    // The feed does not tell of a relation that changes where no golden record does.
    if let Some(wrong) = &wrong
        && deployment.store.recorded_until().await? > release.built_at
    {
        return Ok(not_yet(
            name,
            what,
            format!("{wrong}, which was written to since the release; run `kanak refresh`"),
        ));
    }
    Ok(check(name, what, wrong, format!("{} relations", grouped(seen))))
}

/// Of each relation in a table of the lake: its rows, those that hold now, and the sums of the ids at the ends of those.
async fn relations_in_lake(
    deployment: &Deployment,
    access: &Access,
    table: &str,
) -> anyhow::Result<BTreeMap<(String, String), Vec<i64>>> {
    let sql = format!(
        "select entity, relation, count(*), sum(case when is_current then 1 else 0 end), \
         sum(case when is_current then golden_id else 0 end), \
         sum(case when is_current then coalesce(to_golden_id, to_group, 0) else 0 end) from {table} group by entity, relation"
    );
    let result = deployment.warehouse.query(access, &sql, QueryLimits::default()).await?;
    let mut rows = BTreeMap::new();
    for batch in &result.batches {
        let words = [0, 1].map(|column| cast(batch.column(column), &DataType::Utf8));
        let [entity, relation] = words;
        let (entity, relation) = (entity?, relation?);
        for row in 0..batch.num_rows() {
            let figure = |column: usize| batch.column(column).as_primitive::<Int64Type>().value(row);
            let text = |column: &ArrayRef| column.as_string::<i32>().value(row).to_owned();
            rows.insert((text(&entity), text(&relation)), (2..6).map(figure).collect());
        }
    }
    Ok(rows)
}

/// The crosswalks that the lake's release holds.
async fn crosswalks_in_lake(deployment: &Deployment, access: &Access) -> anyhow::Result<Vec<CrosswalkRow>> {
    let sql = "select entity, source_system, source_key, golden_id from bridge_crosswalk";
    let limits = QueryLimits { rows_max: usize::MAX - 1, timeout_ms: 600_000 };
    let result = deployment.warehouse.query(access, sql, limits).await?;
    let mut rows = Vec::with_capacity(result.num_rows());
    for batch in &result.batches {
        let columns =
            (0..3).map(|column| cast(batch.column(column), &DataType::Utf8)).collect::<Result<Vec<_>, _>>()?;
        let golden = batch.column(3).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let text = |column: usize| columns[column].as_string::<i32>().value(row).to_owned();
            rows.push(CrosswalkRow {
                entity: text(0),
                source_system: text(1),
                source_key: text(2),
                golden_id: golden.value(row),
            });
        }
    }
    Ok(rows)
}

/// The first crosswalk that stands in one of hub and lake and not in the other, by its register: never by its key.
fn different_crosswalks(mut hub: Vec<CrosswalkRow>, mut lake: Vec<CrosswalkRow>) -> Option<String> {
    if hub.len() != lake.len() {
        return Some(format!("{} crosswalks in the lake, {} in the hub", lake.len(), hub.len()));
    }
    hub.sort_unstable();
    lake.sort_unstable();
    let (different, _) = hub.iter().zip(&lake).find(|(hub, lake)| hub != lake)?;
    let (entity, source) = (&different.entity, &different.source_system);
    Some(format!("a crosswalk of {entity} from {source} is another in the lake than in the hub"))
}

/// Reads everything under the data folder but vault and keys, and every text of the lake, for numbers that the vault holds.
async fn no_aadhaar(deployment: &Deployment, lake: Lake) -> anyhow::Result<Check> {
    const NAME: &str = "no Aadhaar outside the vault";
    const WHAT: &str = "no file and no table holds a number that the vault holds";
    let data = deployment.data.clone();
    let mut candidates: HashMap<String, String> = tokio::task::spawn_blocking(move || {
        let mut found = HashMap::new();
        scan_folder(&data, &mut found)?;
        anyhow::Ok(found)
    })
    .await??;
    let access = Access::operation("verify");
    // Of a lake that is not whole the files are looked through, and not its tables.
    let tables = if lake == Lake::Whole { lake_tables(deployment, &access)? } else { Vec::new() };
    for table in tables {
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
    let held = match deployment.vault.holds(&numbers).await {
        Err(away @ VaultError::Away { .. }) => return Ok(not_yet(NAME, WHAT, away.to_string())),
        held => held?,
    };
    let places: HashSet<&String> =
        numbers.iter().zip(held).filter(|(_, held)| *held).filter_map(|(number, _)| candidates.get(*number)).collect();
    let wrong = (!places.is_empty()).then(|| {
        let places: Vec<&str> = places.into_iter().map(String::as_str).take(5).collect();
        format!("numbers that the vault holds stand in {}", places.join(", "))
    });
    Ok(check(NAME, WHAT, wrong, "nothing found"))
}

/// Whether the vault's own trail is as it was written, the requests for numbers are what it tells, and the hub's trail tells the same of
/// them.
async fn vault_trail(deployment: &Deployment) -> anyhow::Result<Vec<Check>> {
    const NAME: &str = "vault trail chained";
    const WHAT: &str = "every event of the vault's own trail follows the one before";
    // The hub's trail hears of a step before the vault does: what it has told is in the vault's, and what the vault tells is in it then.
    let told = deployment.store.list_reveal_steps().await?;
    let checked = match deployment.vault.check_events().await {
        Err(away @ VaultError::Away { .. }) => return Ok(vec![not_yet(NAME, WHAT, away.to_string())]),
        checked => checked?,
    };
    let told_since = deployment.store.list_reveal_steps().await?;
    let wrong = checked
        .first_broken
        .map(|number| format!("event {number} of the vault was changed, or one before it is missing"));
    let chained = check(NAME, WHAT, wrong, format!("{} events", checked.events));
    if checked.first_broken.is_some() {
        return Ok(vec![chained]);
    }
    let unlike = checked.first_unlike.map(|id| format!("request {id} was changed, taken out or put in"));
    let seen = format!("{} requests", checked.requests);
    let requests =
        check("vault requests in trail", "requests for numbers are what the vault's own trail tells", unlike, seen);
    let step = |(word, id): &RevealStep| format!("`{word}` of request {id}");
    let cut_vault = told.difference(&checked.steps).next().map(|one| {
        format!(
            "the hub's trail tells of {}, and the vault's does not: it was cut, the vault is an older copy, or it went away in the middle of that step",
            step(one)
        )
    });
    let cut_hub = checked.steps.difference(&told_since).next().map(|one| {
        format!(
            "the vault's trail tells of {}, and the hub's does not: it was cut, or the hub is an older copy",
            step(one)
        )
    });
    let seen = format!("{} steps", checked.steps.len());
    let what = "the trails of hub and vault tell of the same decisions and answers";
    Ok(vec![chained, requests, check("vault trail agrees", what, cut_vault.or(cut_hub), seen)])
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
        } else if path.is_file() {
            match scan_file(&path, found) {
                // A server at work takes spilled and replaced files away.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                done => done.with_context(|| format!("cannot read {}", path.display()))?,
            }
        }
    }
    Ok(())
}

/// Reads a file piece by piece: a hub may be larger than memory.
fn scan_file(path: &Path, found: &mut HashMap<String, String>) -> std::io::Result<()> {
    let place = path.display().to_string();
    let mut file = std::fs::File::open(path)?;
    let mut piece = vec![0; SCAN_BYTES];
    let mut looking = Looking::at(&place);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => looking.feed(&piece[..read], found),
        }
    }
    looking.end(found);
    Ok(())
}

/// Looks through a text that is at hand whole.
fn look(bytes: &[u8], place: &str, found: &mut HashMap<String, String>) {
    let mut looking = Looking::at(place);
    looking.feed(bytes, found);
    looking.end(found);
}

/// Notes every Aadhaar number, however it is grouped: as texts of people are kept free of them, and in wide text too, where a
/// zero byte stands after each digit. Takes its text in pieces; where they are cut makes no difference.
struct Looking<'a> {
    place: &'a str,
    search: AadhaarSearch,
    /// The bytes of a character that is not whole yet.
    begun: Vec<u8>,
}

impl<'a> Looking<'a> {
    fn at(place: &'a str) -> Self {
        Self { place, search: AadhaarSearch::new(), begun: Vec::with_capacity(4) }
    }

    fn feed(&mut self, bytes: &[u8], found: &mut HashMap<String, String>) {
        for byte in bytes {
            if byte.is_ascii() {
                self.break_off(found);
                self.push(char::from(*byte), found);
            } else {
                self.feed_part(*byte, found);
            }
        }
    }

    fn end(&mut self, found: &mut HashMap<String, String>) {
        self.break_off(found);
        let last = self.search.end();
        self.note(last, found);
    }

    /// A byte of a character that has several.
    fn feed_part(&mut self, byte: u8, found: &mut HashMap<String, String>) {
        const FIRST_MIN: u8 = 0xC0;
        if byte >= FIRST_MIN {
            self.break_off(found);
        }
        self.begun.push(byte);
        match std::str::from_utf8(&self.begun) {
            Ok(whole) => {
                let character = whole.chars().next();
                self.begun.clear();
                if let Some(character) = character {
                    self.push(character, found);
                }
            }
            Err(error) if error.error_len().is_none() => {}
            Err(_) => self.break_off(found),
        }
    }

    /// Bytes that are no character stand for one each that is neither letter nor digit.
    fn break_off(&mut self, found: &mut HashMap<String, String>) {
        for _ in 0..self.begun.len() {
            self.push(char::REPLACEMENT_CHARACTER, found);
        }
        self.begun.clear();
    }

    fn push(&mut self, character: char, found: &mut HashMap<String, String>) {
        let number = self.search.push(character);
        self.note(number, found);
    }

    fn note(&self, number: Option<FoundAadhaar>, found: &mut HashMap<String, String>) {
        let Some(number) = number else { return };
        let digits = number.digits.iter().copied().map(char::from).collect();
        found.entry(digits).or_insert_with(|| self.place.to_owned());
    }
}

#[cfg(test)]
mod corruptions;

#[cfg(test)]
mod tests {
    use kanak_model::SourceRecordId;

    use super::*;

    fn links(of: &[(i64, i64)]) -> Vec<Link> {
        of.iter().map(|(r, g)| Link { source_record: SourceRecordId(*r), golden_id: GoldenId(*g) }).collect()
    }

    #[track_caller]
    fn check_clusters(held: &[(i64, i64)], made: &[(i64, i64)], same: bool) {
        assert_eq!(same_clusters(&links(held), &links(made)).is_ok(), same, "{held:?} {made:?}");
    }

    #[test]
    fn clusters_are_the_same_under_any_ids_and_no_record_may_change_company() {
        check_clusters(&[], &[], true);
        check_clusters(&[(1, 10), (2, 10), (3, 11)], &[(1, 5), (2, 5), (3, 4)], true);
        check_clusters(&[(1, 10), (2, 10)], &[(1, 5), (2, 6)], false);
        check_clusters(&[(1, 10), (2, 11)], &[(1, 5), (2, 5)], false);
        check_clusters(&[(1, 10), (2, 10)], &[(1, 5)], false);
        check_clusters(&[(1, 10)], &[(2, 5)], false);
    }

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
        for gap in ["/", "_", "--", ", ", "*", ") (", "\u{2013}", " \u{2013} ", " . "] {
            for groups in [
                vec!["2341", "2341", "2346"],
                vec!["234", "123", "412", "346"],
                vec!["23", "41", "23", "41", "23", "46"],
            ] {
                check_look(format!("Rurka {}.", groups.join(gap)).as_bytes(), true);
            }
        }
        check_look("੨੩੪੧–੨੩੪੧–੨੩੪੬".as_bytes(), true);
        check_look(b"2341\xE22341\xFF2346", true);
        check_look(&"234123412346".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), true);
        check_look(b"9234123412346", false);
        check_look(b"234123412347", false);
    }

    #[test]
    fn a_number_is_found_wherever_its_file_is_cut_into_pieces() {
        let wide: Vec<u8> = "no 234123412346.".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let dashed = "no 2341–2341–2346, ਕ".as_bytes();
        for text in [b"no 2341-2341-2346, 9234123412346".as_slice(), &wide, dashed] {
            for cut in 0..=text.len() {
                let mut found = HashMap::new();
                let mut looking = Looking::at("here");
                looking.feed(&text[..cut], &mut found);
                looking.feed(&text[cut..], &mut found);
                looking.end(&mut found);
                assert_eq!(found.len(), 1, "cut at {cut}");
                assert!(found.contains_key("234123412346"), "cut at {cut}");
            }
        }
    }

    fn crosswalk(source: &str, key: &str, golden_id: i64) -> CrosswalkRow {
        let (source_system, source_key) = (source.to_owned(), key.to_owned());
        CrosswalkRow { entity: "citizen".to_owned(), source_system, source_key, golden_id }
    }

    #[test]
    fn a_crosswalk_that_differs_between_hub_and_lake_is_named_by_its_register_alone() {
        let (a, b) = (crosswalk("health", "H/1", 1), crosswalk("education", "E/1", 1));
        let same = different_crosswalks(vec![a.clone(), b.clone()], vec![b.clone(), a.clone()]);
        assert_eq!(same, None);
        let moved = different_crosswalks(vec![a.clone(), b.clone()], vec![b.clone(), crosswalk("health", "H/1", 2)]);
        assert!(moved.as_ref().is_some_and(|words| words.contains("health") && !words.contains("H/1")), "{moved:?}");
        assert!(different_crosswalks(vec![a, b.clone()], vec![b]).is_some());
    }
}
