//! Erasure under a recorded order: the hub, the vault, the landed files and the lake, in this order; cut off, it goes on when it is asked
//! for again.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use kanak_ingest::landing::{self, SALT_BYTES};
use kanak_ingest::{CheckedBatch, IngestError, Input, Rows, landed_as, read_file_without};
use kanak_model::source_system::{Format, RowsAre};
use kanak_model::{GoldenId, SourceSystem, SourceSystemId};
use kanak_store::{ArrivedBy, Erased, ErasedKeys, IngestRunSummary, Key, Reach, Reference};
use serde::Serialize;

use crate::deployment::Deployment;
use crate::jobs::ingest_file::{HUB_DOMAIN, find_keys, is_declared_anew};
use crate::jobs::keys::{erasure_key, landing_key};
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
    fn of(erased: Erased) -> Self {
        let Erased { source_records, source_versions, golden_versions, overrides, quarantined, .. } = erased;
        Self { source_records, source_versions, golden_versions, overrides, quarantined, ..Self::default() }
    }
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
        erasure = Erasure::of(store.erase(&plan, &key, actor).await?);
    }
    follow_in_vault(deployment, &mut erasure).await?;
    resolve(deployment, model).await?;
    if let Some(live) = &deployment.live {
        // Rows that went are only marked in memory.
        live.forget(entity);
    }
    follow(deployment, &key, &mut erasure, output).await?;
    Ok(erasure)
}

/// Takes the numbers of every erasure out of the vault whose numbers are still in it. One that came back meanwhile, because somebody else
/// states it, stays: it has the reference that it had.
async fn follow_in_vault(deployment: &Deployment, erasure: &mut Erasure) -> anyhow::Result<()> {
    let store = &deployment.store;
    for one in store.list_unfinished_erasures().await?.into_iter().filter(|one| !one.references.is_empty()) {
        let used = store.list_references().await?;
        let gone: Vec<Reference> = one.references.into_iter().filter(|reference| !used.contains(reference)).collect();
        erasure.numbers += deployment.vault.erase(HUB_DOMAIN, &gone).await?;
        store.mark_erasure(one.id, Reach::Vault).await?;
    }
    Ok(())
}

/// Brings landed files and the lake after every erasure that they do not follow yet.
async fn follow(deployment: &Deployment, key: &Key, erasure: &mut Erasure, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    let unfinished = store.list_unfinished_erasures().await?;
    for one in unfinished.iter().filter(|one| one.landing.is_none()) {
        for source in store.list_erased_sources(one.id).await? {
            let erased = store.list_erased_keys(source, key).await?;
            clean_landing(deployment, source, &erased, erasure).await?;
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

/// Cleans every landed file of a register: also those of runs that refused an erased row before another run accepted it.
async fn clean_landing(
    deployment: &Deployment,
    source: SourceSystemId,
    erased: &ErasedKeys,
    erasure: &mut Erasure,
) -> anyhow::Result<()> {
    let mut runs = deployment.store.list_ingest_runs(Some(source), None, RUNS_MAX).await?;
    runs.sort_by(|one, other| one.content_hash.cmp(&other.content_hash));
    for runs in runs.chunk_by(|one, other| one.content_hash == other.content_hash) {
        let run = &runs[0];
        let mut cleaned = Cleaned::HeldNothing;
        for source in as_read(deployment, source, runs).await? {
            let one = clean_file(deployment, source.as_ref(), (&run.content_hash, &run.file_name), erased).await;
            cleaned = cleaned.max(one.with_context(|| {
                let (id, name) = (run.id, &run.file_name);
                format!("the landed file of ingest run {id} ({name}) stays as it is; restore it from a backup of the landing and erase again")
            })?);
        }
        match cleaned {
            Cleaned::HeldNothing => {}
            Cleaned::WithoutRows => erasure.files_cleaned += 1,
            Cleaned::Emptied => erasure.files_emptied += 1,
        }
    }
    Ok(())
}

/// The declarations under which the rows of one landed file get the keys that they had when runs read it; `None` where that cannot be told.
async fn as_read(
    deployment: &Deployment,
    source: SourceSystemId,
    runs: &[IngestRunSummary],
) -> anyhow::Result<Vec<Option<SourceSystem>>> {
    if runs[0].arrived_by == ArrivedBy::Call {
        let registers = deployment.store.list_source_systems().await?;
        let register = registers.into_iter().find(|row| row.id == source).context("the register is not in the hub")?;
        return Ok(vec![Some(landed_as(&register.name, &register.rows))]);
    }
    let Some(declared) = deployment.sources.find(&runs[0].source) else { return Ok(vec![None]) };
    let keys = find_keys(deployment, source, &runs[0].content_hash).await?;
    if !keys.is_empty() {
        let under = |key| Some(SourceSystem { key, ..declared.clone() });
        return Ok(keys.into_iter().map(under).collect());
    }
    for run in runs {
        if is_declared_anew(deployment, declared, run.id).await? {
            return Ok(vec![None]);
        }
    }
    Ok(vec![Some(declared.clone())])
}

/// What became of a landed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cleaned {
    /// No erased row stands in it.
    HeldNothing,
    /// It was sealed anew without the rows; the lines are empty.
    WithoutRows,
    /// It is empty: rows cannot be taken out of its format, or it cannot be read any more.
    Emptied,
}

/// Takes erased rows out of one landed file, by its address and the name under which it came. What is left is read before it takes the file's
/// place: where it does not hold the other rows and them alone, nothing of the file stays. `None` for a source under which its rows
/// cannot be told.
///
/// # Errors
/// When the file cannot be read to its end, does not pass its check, or cannot be written: then it stays as it is.
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
    // Rows of a register that is not declared any more cannot be told: what its files hold is not known, so nothing of them stays.
    let seen = match source.map(|source| (source, look(deployment, file, source, erased))) {
        None => None,
        Some((_, Ok(seen))) if seen.gone.is_empty() => return Ok(Cleaned::HeldNothing),
        Some((source, Ok(seen))) => Some((source, seen)),
        Some((_, Err(error))) if is_unreadable(&error) => return Err(error),
        Some((_, Err(_))) => None,
    };
    // What a format does not tell of a disk that fails: nothing of a file goes that cannot be read to its end.
    landing::check(&file.path, &file.key)?;
    if let Some((source, seen)) = seen.filter(|(source, _)| has_lines(&source.format)) {
        let beside = landing::seal_without(&file.path, &file.key, salt, Some(&seen.ranges()))?;
        let left = LandedFile { path: beside.clone(), key: file.key, name: file.name.clone() };
        let left = look(deployment, &left, source, erased);
        if left.as_ref().is_ok_and(|left| left.gone.is_empty() && left.keys == seen.keys) {
            landing::put_anew(&beside, &file.path)?;
            return Ok(Cleaned::WithoutRows);
        }
        std::fs::remove_file(&beside).with_context(|| format!("cannot remove {}", beside.display()))?;
        if let Err(error) = left
            && is_unreadable(&error)
        {
            return Err(error);
        }
    }
    let beside = landing::seal_without(&file.path, &file.key, salt, None)?;
    landing::put_anew(&beside, &file.path)?;
    Ok(Cleaned::Emptied)
}

/// Whether a file could not be read, rather than not be understood.
fn is_unreadable(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(IngestError::Io { .. } | IngestError::Sealed { .. }))
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
    let RowsAre::Entity(entity) = &source.rows else {
        bail!("the rows of {} are no source records any more", source.name);
    };
    let model = deployment.get_model(entity)?;
    let mut seen = Seen::default();
    let mut take = |batch: CheckedBatch| -> Result<(), IngestError> {
        seen.take(batch, erased);
        Ok(())
    };
    let input = Input::Sealed { path: &file.path, name: &file.name, key: &file.key };
    let today = deployment.clock.now().day_ist();
    let is_erased = |key: &str| erased.contains(key);
    let standardizer = deployment.standardizer();
    read_file_without(source, Rows::Entity(model), input, &standardizer, today, &is_erased, &mut take)?;
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

    /// Flips one bit in the middle of a sealed file; gives what it is then.
    fn damage(path: &std::path::Path) -> Vec<u8> {
        let mut bytes = std::fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, &bytes).unwrap();
        bytes
    }

    #[tokio::test]
    async fn a_landed_file_that_cannot_be_read_ends_the_erasure_and_stays() {
        let house = House::new().await;
        // Larger than one chunk, so that its first and its last are whole.
        let long = "x".repeat(90_000);
        let text = format!(
            "ID,NAME,DOB,NOTE\n{}{}",
            ASHA.replace('\n', &format!(",{long}\n")),
            BINA.replace('\n', &format!(",{long}\n"))
        );
        house.ingest("people_1.csv", &text).await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        refresh(&house.deployment, &Output::silent()).await.unwrap();
        let hers = golden_of(&house, "people", "kyz-1").await;
        let runs = house.deployment.store.list_ingest_runs(None, None, 9).await.unwrap();
        let sealed = house.sealed(&runs[0].content_hash);
        let whole = std::fs::read(&sealed).unwrap();
        let damaged = damage(&sealed);
        let error = format!("{:#}", erase_it(&house, hers).await.unwrap_err());
        assert!(error.contains("people_1.csv") && error.contains("restore it from a backup"), "{error}");
        assert!(!error.to_lowercase().contains("zarqabanu"), "{error}");
        assert_eq!(std::fs::read(&sealed).unwrap(), damaged, "nothing of it is lost");
        assert_eq!(house.deployment.store.list_unfinished_erasures().await.unwrap().len(), 1);
        std::fs::write(&sealed, whole).unwrap();
        let done = erase_it(&house, hers).await.unwrap();
        assert_eq!((done.files_cleaned, done.files_emptied), (1, 0));
        assert!(!landed(&house, 0).await.contains("Zarqabanu") && landed(&house, 0).await.contains("Bina"));
    }

    #[tokio::test]
    async fn rows_go_from_files_that_refused_them_and_from_files_read_under_another_key() {
        let house = House::new().await;
        let head = "ID,REG,NAME,DOB\n";
        house.ingest("people_1.csv", &format!("{head}kyz-1,r7,,1990-01-02\n2,r8,Bina Kumari,1991-03-04\n")).await;
        house.ingest("people_2.csv", &format!("{head}kyz-1,r7,Zarqabanu Devi,1990-01-02\n")).await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        refresh(&house.deployment, &Output::silent()).await.unwrap();
        let hers = golden_of(&house, "people", "kyz-1").await;
        let house = house.declared_anew("people.toml", "key = \"ID\"", "key = \"REG\"").await;
        house.ingest("people_3.csv", &format!("{head}9,r9,Chitra Rani,1992-05-06\n")).await;
        let done = erase_it(&house, hers).await.unwrap();
        assert_eq!((done.files_cleaned, done.files_emptied), (2, 0));
        assert_eq!(landed(&house, 2).await, format!("{head}\n2,r8,Bina Kumari,1991-03-04\n"));
        assert_eq!(landed(&house, 1).await, format!("{head}\n"));
        assert!(landed(&house, 0).await.contains("Chitra Rani"));
    }

    #[tokio::test]
    async fn the_other_row_of_a_pair_does_not_bring_an_erased_name_back() {
        let pair = "from = \"DOB\"\nto = \"date_of_birth\"\n\n[[column]]\nfrom = \"SPOUSE\"\nto = \"spouse_name\"\nwhere_empty = { take = \"NAME\", of_other_with_same = \"M\" }";
        let house = House::new().await.declared_anew("roll.toml", "from = \"DOB\"\nto = \"date_of_birth\"", pair).await;
        let head = "ID,NAME,DOB,SPOUSE,M\n";
        let (hers, his) = ("kyz-1,Zarqabanu Devi,1990-01-02,,m1\n", "2,Bir Singh,1988-03-04,,m1\n");
        house.ingest("roll_1.csv", &format!("{head}{hers}")).await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        refresh(&house.deployment, &Output::silent()).await.unwrap();
        erase_it(&house, golden_of(&house, "roll", "kyz-1").await).await.unwrap();
        let next = house.ingest("roll_2.csv", &format!("{head}{hers}{his}")).await;
        assert_eq!((next.accepted, next.erased), (1, 1));
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        let access = Access::operation("test");
        let model = house.deployment.get_model("citizen").unwrap();
        let golden =
            house.deployment.store.find_golden_by_crosswalk(&access, model, "roll", "2").await.unwrap().unwrap();
        assert_eq!(golden.record.values.get("spouse_name"), None);
        let left: Vec<String> =
            files_with(&house, "zarqabanu").into_iter().filter(|file| !file.contains("_delta_log")).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[tokio::test]
    async fn cut_off_between_hub_and_vault_the_numbers_go_when_it_is_asked_for_again() {
        let column = "to = \"date_of_birth\"\n\n[[column]]\nfrom = \"UID\"\nto = \"aadhaar\"";
        let house = House::new().await.declared_anew("people.toml", "to = \"date_of_birth\"", column).await;
        let numbers = ["999999990019", "234123412346"];
        let rows = format!(
            "ID,NAME,DOB,UID\nkyz-1,Zarqabanu Devi,1990-01-02,{}\n2,Bina Kumari,1991-03-04,{}\n",
            numbers[0], numbers[1]
        );
        house.ingest("people_1.csv", &rows).await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        refresh(&house.deployment, &Output::silent()).await.unwrap();
        let (store, vault) = (&house.deployment.store, &house.deployment.vault);
        assert_eq!(vault.holds(&numbers).await.unwrap(), [true, true]);
        vault.tokenise("food", &numbers[..1]).await.unwrap();
        let hers = golden_of(&house, "people", "kyz-1").await;
        let plan = store.plan_erasure(hers, "order 12 of 2026").await.unwrap();
        store.erase(&plan, &erasure_key(&house.deployment).unwrap(), "system:test").await.unwrap();
        assert_eq!(vault.holds(&numbers).await.unwrap(), [true, true], "the hub goes first");
        let done = erase_it(&house, hers).await.unwrap();
        assert_eq!((done.source_records, done.numbers), (0, 1));
        assert_eq!(vault.holds(&numbers).await.unwrap(), [false, true]);
        assert!(store.list_unfinished_erasures().await.unwrap().is_empty());
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
