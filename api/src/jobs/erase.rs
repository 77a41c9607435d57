//! Erasure under a recorded order: the vault, the hub, the landed files and the lake, in this order; cut off, it goes on when it is asked
//! for again.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use kanak_ingest::landing::{self, SALT_BYTES};
use kanak_ingest::{CheckedBatch, IngestError, Input, Rows, read_file};
use kanak_model::source_system::{Format, RowsAre};
use kanak_model::{GoldenId, IngestRunId, SourceSystem, SourceSystemId};
use kanak_store::{Erased, ErasedKeys, Key, Reach, key_store};
use serde::Serialize;

use crate::deployment::Deployment;
use crate::jobs::ingest_file::{HUB_DOMAIN, landing_key};
use crate::jobs::refresh::refresh;
use crate::jobs::resolve::resolve;
use crate::output::Output;

/// Runs of a register that are looked through.
const RUNS_MAX: u32 = 1_000_000;

/// What an erasure reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// Source records that state nothing any more.
    pub source_records: u64,
    /// Their earlier versions.
    pub source_versions: u64,
    /// Golden versions that lost values.
    pub golden_versions: u64,
    /// Stewards' overrides that lost their value.
    pub overrides: u64,
    /// Rows in quarantine that lost key and masked value.
    pub quarantined: u64,
    /// Numbers that left the vault.
    pub numbers: u64,
    /// Landed files that were sealed anew without the rows.
    pub files_cleaned: u64,
    /// Landed files of which nothing is left, since rows cannot be taken out of their format.
    pub files_emptied: u64,
}

impl Erasure {
    fn of(erased: Erased, numbers: u64) -> Self {
        let Erased { source_records, source_versions, golden_versions, overrides, quarantined, .. } = erased;
        Self { source_records, source_versions, golden_versions, overrides, quarantined, numbers, ..Self::default() }
    }
}

/// The key under which keys of erased rows are known again.
///
/// # Errors
/// When the key folder cannot be read or written.
pub fn erasure_key(deployment: &Deployment) -> anyhow::Result<Key> {
    Ok(deployment.keys.get_key(key_store::ERASURE)?)
}

/// Erases a golden record of an entity type under an order, and goes on with earlier erasures that were cut off. Nothing else may work
/// meanwhile.
///
/// # Errors
/// When a legal hold keeps it, there is nothing to erase, or something cannot be read or written.
pub async fn erase(
    deployment: &Deployment,
    entity: &str,
    id: GoldenId,
    order: &str,
    actor: &str,
    output: &Output,
) -> anyhow::Result<Erasure> {
    let model = deployment.get_model(entity)?;
    let (store, key) = (&deployment.store, erasure_key(deployment)?);
    let plan = store.plan_erasure(id, order).await?;
    ensure!(plan.entity == entity, "{id} is of the entity type `{}`, not `{entity}`", plan.entity);
    let is_unfinished = !store.list_unfinished_erasures().await?.is_empty();
    ensure!(!plan.source_records.is_empty() || is_unfinished, "nothing of {id} is left to erase");
    let mut erasure = Erasure::default();
    if !plan.source_records.is_empty() {
        // The hub knows the references only until it has forgotten them.
        let numbers = deployment.vault.erase(HUB_DOMAIN, &plan.references).await?;
        erasure = Erasure::of(store.erase(&plan, &key, actor).await?, numbers);
    }
    resolve(deployment, model).await?;
    if let Some(live) = &deployment.live {
        // Rows that went are only marked in memory.
        live.forget(entity);
    }
    follow(deployment, &key, &mut erasure, output).await?;
    Ok(erasure)
}

/// Brings landed files and the lake after every erasure that they do not follow yet.
async fn follow(deployment: &Deployment, key: &Key, erasure: &mut Erasure, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    let unfinished = store.list_unfinished_erasures().await?;
    for one in unfinished.iter().filter(|one| one.landing.is_none()) {
        for (source, first) in store.list_erased_sources(one.id).await? {
            let erased = store.list_erased_keys(source, key).await?;
            clean_landing(deployment, source, first, &erased, erasure).await?;
        }
        store.mark_erasure(one.id, Reach::Landing).await?;
    }
    if unfinished.is_empty() {
        return Ok(());
    }
    refresh(deployment, output).await?;
    // Former releases, and files that only they read, go at once.
    deployment.warehouse.compact(1).await?;
    for one in &unfinished {
        store.mark_erasure(one.id, Reach::Lake).await?;
    }
    Ok(())
}

/// Cleans every landed file of a register from its run `first` on.
async fn clean_landing(
    deployment: &Deployment,
    source: SourceSystemId,
    first: IngestRunId,
    erased: &ErasedKeys,
    erasure: &mut Erasure,
) -> anyhow::Result<()> {
    let mut runs = deployment.store.list_ingest_runs(Some(source), None, RUNS_MAX).await?;
    runs.retain(|run| run.id >= first);
    runs.sort_by(|one, other| one.content_hash.cmp(&other.content_hash));
    runs.dedup_by(|one, other| one.content_hash == other.content_hash);
    for run in runs {
        let source = deployment.sources.find(&run.source);
        match clean_file(deployment, source, (&run.content_hash, &run.file_name), erased).await? {
            Cleaned::HeldNothing => {}
            Cleaned::WithoutRows => erasure.files_cleaned += 1,
            Cleaned::Emptied => erasure.files_emptied += 1,
        }
    }
    Ok(())
}

/// What became of a landed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleaned {
    /// No erased row stands in it.
    HeldNothing,
    /// It was sealed anew without the rows; the lines are empty.
    WithoutRows,
    /// It is empty: rows cannot be taken out of its format, or it cannot be read any more.
    Emptied,
}

/// Takes erased rows out of one landed file, by its address and the name under which it came. What is left is read before it takes the file's place: where it does not hold the other
/// rows and them alone, nothing of the file stays.
///
/// # Errors
/// When the file does not open or cannot be written.
pub async fn clean_file(
    deployment: &Deployment,
    source: Option<&SourceSystem>,
    (content_hash, name): (&str, &str),
    erased: &ErasedKeys,
) -> anyhow::Result<Cleaned> {
    let path = landing::sealed_path(&deployment.landing(), content_hash);
    let file = LandedFile { path, key: landing_key(deployment)?, name: name.to_owned() };
    let source = source.cloned();
    let mut salt = [0; SALT_BYTES];
    deployment.keys.fill_random(&mut salt)?;
    let (deployment, erased) = (deployment.clone(), erased.clone());
    tokio::task::spawn_blocking(move || clean(&deployment, &file, source.as_ref(), &erased, salt)).await?
}

struct LandedFile {
    path: PathBuf,
    key: [u8; 32],
    name: String,
}

fn clean(
    deployment: &Deployment,
    file: &LandedFile,
    source: Option<&SourceSystem>,
    erased: &ErasedKeys,
    salt: [u8; SALT_BYTES],
) -> anyhow::Result<Cleaned> {
    if landing::open(&file.path, &file.key)?.plain_bytes() == 0 {
        return Ok(Cleaned::HeldNothing);
    }
    // A register that is not declared any more cannot be read: what its files hold is not known, so nothing of them stays.
    let seen = source.map(|source| look(deployment, file, source, erased)).transpose();
    let gone = match (&seen, source) {
        (Ok(Some(seen)), _) if seen.gone.is_empty() => return Ok(Cleaned::HeldNothing),
        (Ok(Some(seen)), Some(source)) if has_lines(&source.format) => Some(seen.ranges()),
        _ => None,
    };
    if let (Some(gone), Ok(Some(seen)), Some(source)) = (&gone, &seen, source) {
        let beside = landing::seal_without(&file.path, &file.key, salt, Some(gone))?;
        let left = LandedFile { path: beside.clone(), key: file.key, name: file.name.clone() };
        let is_right =
            look(deployment, &left, source, erased).is_ok_and(|left| left.gone.is_empty() && left.keys == seen.keys);
        if is_right {
            landing::put_anew(&beside, &file.path)?;
            return Ok(Cleaned::WithoutRows);
        }
        std::fs::remove_file(&beside).with_context(|| format!("cannot remove {}", beside.display()))?;
    }
    let beside = landing::seal_without(&file.path, &file.key, salt, None)?;
    landing::put_anew(&beside, &file.path)?;
    Ok(Cleaned::Emptied)
}

fn has_lines(format: &Format) -> bool {
    match format {
        Format::Csv { .. } | Format::Ndjson => true,
        Format::Xlsx { .. } | Format::Parquet => false,
    }
}

/// What stands in a landed file.
#[derive(Default)]
struct Seen {
    /// Where every row begins.
    starts: Vec<u64>,
    /// Where erased rows begin.
    gone: Vec<u64>,
    /// Other rows that were accepted, in their order, by line and key.
    keys: Vec<(u64, String)>,
}

impl Seen {
    /// The lines of erased rows: each to the next row's beginning.
    fn ranges(&self) -> Vec<Range<u64>> {
        let mut starts = self.starts.clone();
        starts.sort_unstable();
        let mut gone = self.gone.clone();
        gone.sort_unstable();
        let end = |start: u64| starts.get(starts.partition_point(|one| *one <= start)).copied().unwrap_or(u64::MAX);
        gone.into_iter().map(|start| start..end(start)).collect()
    }

    fn take(&mut self, batch: CheckedBatch, erased: &ErasedKeys) {
        for row in batch.rows {
            self.starts.push(row.line);
            if erased.contains(&row.key) {
                self.gone.push(row.line);
            } else {
                self.keys.push((row.line, row.key));
            }
        }
        for row in batch.rejected {
            self.starts.push(row.line);
            if row.key.is_some_and(|key| erased.contains(&key)) {
                self.gone.push(row.line);
            }
        }
    }
}

fn look(
    deployment: &Deployment,
    file: &LandedFile,
    source: &SourceSystem,
    erased: &ErasedKeys,
) -> anyhow::Result<Seen> {
    let RowsAre::Entity(entity) = &source.rows else { return Ok(Seen::default()) };
    let model = deployment.get_model(entity)?;
    let mut seen = Seen::default();
    let mut take = |batch: CheckedBatch| -> Result<(), IngestError> {
        seen.take(batch, erased);
        Ok(())
    };
    let input = Input::Sealed { path: &file.path, name: &file.name, key: &file.key };
    let today = deployment.clock.now().day_ist();
    read_file(source, Rows::Entity(model), input, &deployment.standardizer, today, &mut take)?;
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use kanak_model::{Access, GoldenId};
    use kanak_warehouse::QueryLimits;

    use super::*;
    use crate::commands::resolve::resolve_all;
    use crate::jobs::ingest_file::Ingested;
    use crate::jobs::verify::{Outcome, verify};
    use crate::testing::House;

    const HEAD: &str = "ID,NAME,DOB\n";
    const ASHA: &str = "kyz-1,Zarqabanu Devi,1990-01-02\n";
    const BINA: &str = "2,Bina Kumari,1991-03-04\n";
    const LATER: &str = "kyz-1,Zarqabanu Devi Khan,1990-01-02\n";

    /// Two people in two files of changes and in two rolls, resolved and in the lake.
    async fn house() -> House {
        let house = House::new().await;
        house.ingest("people_1.csv", &format!("{HEAD}{ASHA}{BINA}")).await;
        house.ingest("people_2.csv", &format!("{HEAD}{LATER}")).await;
        house.ingest("roll_1.csv", &format!("{HEAD}{BINA}{ASHA}")).await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        refresh(&house.deployment, &Output::silent()).await.unwrap();
        house
    }

    async fn golden_of(house: &House, source: &str, key: &str) -> GoldenId {
        let deployment = &house.deployment;
        let model = deployment.get_model("citizen").unwrap();
        let found =
            deployment.store.find_golden_by_crosswalk(&Access::operation("test"), model, source, key).await.unwrap();
        found.unwrap().record.id
    }

    /// Erases her, whether or not the rules found that both registers speak of her.
    async fn erase_her(house: &House) -> Erasure {
        let mut ids = vec![golden_of(house, "people", "kyz-1").await, golden_of(house, "roll", "kyz-1").await];
        ids.dedup();
        let mut all = Erasure::default();
        for id in ids {
            let one = erase_it(house, id).await.unwrap();
            all.source_records += one.source_records;
            all.source_versions += one.source_versions;
            all.files_cleaned += one.files_cleaned;
            all.files_emptied += one.files_emptied;
        }
        all
    }

    async fn erase_it(house: &House, id: GoldenId) -> anyhow::Result<Erasure> {
        erase(&house.deployment, "citizen", id, "order 12 of 2026", "system:test", &Output::silent()).await
    }

    /// What a landed file holds, by its place among the runs, the latest first.
    async fn landed(house: &House, place: usize) -> String {
        let runs = house.deployment.store.list_ingest_runs(None, None, 99).await.unwrap();
        let key = landing_key(&house.deployment).unwrap();
        let mut text = String::new();
        let mut file = landing::open(&house.sealed(&runs[place].content_hash), &key).unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    }

    async fn broken(house: &House) -> Vec<String> {
        let checks = verify(&house.deployment, &Output::silent()).await.unwrap();
        let wrong = checks.into_iter().filter(|check| check.outcome != Outcome::Holds);
        wrong.map(|check| format!("{}: {}", check.name, check.detail)).collect()
    }

    /// The files under the data folder, but for keys, in which a word stands in clear.
    fn files_with(house: &House, word: &str) -> Vec<String> {
        fn scan(folder: &std::path::Path, word: &[u8], found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    scan(&path, word, found);
                } else if std::fs::read(&path)
                    .unwrap_or_default()
                    .windows(word.len())
                    .any(|window| window.eq_ignore_ascii_case(word))
                {
                    found.push(path.display().to_string());
                }
            }
        }
        let mut found = Vec::new();
        scan(&house.deployment.data, word.as_bytes(), &mut found);
        found
    }

    #[tokio::test]
    async fn an_erased_person_is_nowhere_and_the_hub_still_verifies() {
        let house = house().await;
        let hers = golden_of(&house, "people", "kyz-1").await;
        let done = erase_her(&house).await;
        assert_eq!((done.source_records, done.source_versions), (2, 1));
        assert_eq!((done.files_cleaned, done.files_emptied), (3, 0));
        assert_eq!(landed(&house, 0).await, format!("{HEAD}{BINA}\n"));
        assert_eq!(landed(&house, 1).await, format!("{HEAD}\n"));
        assert_eq!(landed(&house, 2).await, format!("{HEAD}\n{BINA}"));
        assert_eq!(broken(&house).await, Vec::<String>::new());
        let lake = &house.deployment.warehouse;
        let sql = "select count(*) from dim_citizens_personal where full_name like '%Zarq%'";
        let found = lake.query(&Access::operation("test"), sql, QueryLimits::default()).await.unwrap();
        let count = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(found.batches[0].column(0));
        assert_eq!(count.value(0), 0);
        let left: Vec<String> =
            files_with(&house, "zarqabanu").into_iter().filter(|file| !file.contains("_delta_log")).collect();
        assert!(left.is_empty(), "{left:?}");
        let error = erase_it(&house, hers).await.unwrap_err();
        assert!(error.to_string().contains("nothing"), "{error}");
    }

    #[tokio::test]
    async fn a_register_that_still_lists_her_brings_nothing_back_and_its_file_is_landed_without_her() {
        let house = house().await;
        erase_her(&house).await;
        let next = house.ingest("roll_2.csv", &format!("{HEAD}{ASHA}{BINA}3,Chitra Rani,1992-05-06\n")).await;
        let Ingested { accepted, new, unchanged, erased, retired, .. } = next;
        assert_eq!((accepted, new, unchanged, erased, retired), (2, 1, 1, 1, 0));
        assert_eq!(landed(&house, 0).await, format!("{HEAD}\n{BINA}3,Chitra Rani,1992-05-06\n"));
        let again = house.ingest("roll_2.csv", &format!("{HEAD}{ASHA}{BINA}3,Chitra Rani,1992-05-06\n")).await;
        assert!(again.known);
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        refresh(&house.deployment, &Output::silent()).await.unwrap();
        assert_eq!(broken(&house).await, Vec::<String>::new());
        let house = house
            .declared_anew("roll.toml", "from = \"DOB\"\nto = \"date_of_birth\"", "value = \"female\"\nto = \"sex\"")
            .await;
        let reread = house.ingest("roll_2.csv", &format!("{HEAD}{ASHA}{BINA}3,Chitra Rani,1992-05-06\n")).await;
        assert_eq!((reread.known, reread.accepted, reread.changed, reread.erased), (false, 2, 2, 0));
    }

    #[tokio::test]
    async fn a_hold_wins_and_an_erasure_that_was_cut_off_goes_on() {
        let house = house().await;
        let store = &house.deployment.store;
        let hers = golden_of(&house, "people", "kyz-1").await;
        let hold = store.place_hold(hers, "High Court", "writ 881", "system:test").await.unwrap();
        let error = erase_it(&house, hers).await.unwrap_err().to_string();
        assert!(error.contains("High Court") && error.contains("writ 881"), "{error}");
        assert!(landed(&house, 0).await.contains("Zarqabanu"), "nothing was touched");
        store.remove_hold(hold, "system:test").await.unwrap();
        let key = erasure_key(&house.deployment).unwrap();
        let plan = store.plan_erasure(hers, "order 12 of 2026").await.unwrap();
        store.erase(&plan, &key, "system:test").await.unwrap();
        let done = erase_it(&house, hers).await.unwrap();
        assert!(done.source_records == 0 && done.files_cleaned >= 2, "{done:?}");
        assert!(store.list_unfinished_erasures().await.unwrap().is_empty());
        assert_eq!(broken(&house).await, Vec::<String>::new());
    }
}
