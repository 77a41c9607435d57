//! The live source records of each entity type in memory: what changed is resolved by itself, and whoever asks is told at once which
//! golden records a statement may speak of.
//!
//! The server keeps them from one resolution to the next. Whenever they may not be what the hub holds, the next resolution is one
//! over all, which leaves new ones behind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use kanak_engine::matching::{Columns, Incremental, RuleSet, Searched};
use kanak_model::source_record::Values;
use kanak_model::{Access, EntityModel, RuleSetVersion, Timestamp};

use crate::deployment::Deployment;
use crate::jobs::resolve::{find_rules, is_of_model, rank, registers};

/// More source records of one type are not kept: a million citizens take 0.3 GiB, and eight bytes for each two that are doubtful or
/// better.
const RECORDS_MAX: u64 = 5_000_000;
/// How long a server goes on with what it read while another one resolves: reading all again is work.
const READ_AGAIN: Duration = Duration::from_secs(60);
/// So many rows in the tail or dead, of all, are put in order.
const UNSETTLED_MAX: f64 = 0.2;

/// What a server keeps, by entity type.
#[derive(Debug, Default)]
pub struct LiveRecords(Mutex<HashMap<String, Arc<Live>>>);

/// The source records of one entity type, as they were last resolved.
#[derive(Debug)]
pub struct Live {
    /// The rules under which they were.
    pub version: RuleSetVersion,
    /// Those rules.
    pub rule_set: Arc<RuleSet>,
    /// When the resolution was recorded that this follows from; `None` while memory and hub may differ.
    resolved: Mutex<Option<Timestamp>>,
    /// When it was read.
    read: Instant,
    /// The source records. Searches share it; a resolution has it for itself while it takes changes in.
    pub incremental: RwLock<Incremental>,
}

impl LiveRecords {
    /// What is kept of an entity type.
    pub fn find(&self, entity: &str) -> Option<Arc<Live>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(entity).cloned()
    }

    /// Keeps what a resolution left.
    pub fn keep(&self, entity: &str, live: Live) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entity.to_owned(), Arc::new(live));
    }

    /// Keeps nothing of an entity type any more.
    pub fn forget(&self, entity: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(entity);
    }
}

impl Live {
    /// Takes over the columns of a resolution.
    pub fn of(version: RuleSetVersion, rule_set: Arc<RuleSet>, resolved: Timestamp, columns: Columns) -> Self {
        let incremental = RwLock::new(Incremental::of(Arc::clone(&rule_set), columns));
        Self { version, rule_set, resolved: Mutex::new(Some(resolved)), read: Instant::now(), incremental }
    }

    /// Takes the mark of the resolution that this follows from; a resolution that carries it on gives back another.
    pub fn take_mark(&self) -> Option<Timestamp> {
        self.resolved.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Leaves the mark of the resolution that this follows from now.
    pub fn mark(&self, resolved: Timestamp) {
        *self.resolved.lock().unwrap_or_else(PoisonError::into_inner) = Some(resolved);
    }

    fn find_mark(&self) -> Option<Timestamp> {
        *self.resolved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether searches may go on with it: it is what the hub's last resolution left, or was read a moment ago while another server
    /// resolves.
    fn is_fresh(&self, resolved: Option<Timestamp>) -> bool {
        self.find_mark().is_some_and(|mark| Some(mark) == resolved || self.read.elapsed() < READ_AGAIN)
    }

    /// The golden records' source records that a statement may speak of, the likeliest first.
    pub fn search(&self, values: &Values, limit: usize) -> Searched {
        let incremental = self.incremental.read().unwrap_or_else(PoisonError::into_inner);
        incremental.index().search(values, "", limit)
    }

    /// Whether so much has come and gone that searches grow slow.
    fn is_worn(&self) -> bool {
        let incremental = self.incremental.read().unwrap_or_else(PoisonError::into_inner);
        incremental.index().unsettled() as f64 > UNSETTLED_MAX * incremental.index().len() as f64 + 1000.0
    }
}

/// Whether an entity type with so many source records is kept in memory by this process.
pub fn is_kept(deployment: &Deployment, source_records: u64) -> bool {
    deployment.live.is_some() && source_records <= RECORDS_MAX
}

/// Reads the source records of an entity type into memory, where that was not done yet and everything is resolved.
///
/// # Errors
/// When the hub cannot be read.
pub async fn warm(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<()> {
    let (store, entity) = (&deployment.store, model.name.as_str());
    let Some(kept) = &deployment.live else { return Ok(()) };
    let resolved = store.last_resolved(entity).await?;
    if kept.find(entity).is_some_and(|live| live.is_fresh(resolved) && !live.is_worn()) {
        return Ok(());
    }
    if !is_kept(deployment, store.source_record_count(entity).await?) {
        return Ok(());
    }
    let Some(resolved) = resolved else { return Ok(()) };
    if store.unresolved_count(entity).await? > 0 {
        return Ok(());
    }
    let Some((version, rule_set)) = find_rules(deployment, entity).await? else { return Ok(()) };
    if !is_of_model(&rule_set, model)? {
        return Ok(());
    }
    let registers = registers(deployment).await?;
    let mut builder = rule_set.rules.columns();
    let access = Access::operation("resolve");
    store
        .visit_source_records(&access, entity, |record| {
            builder.push(record.id, rank(&registers, &record), &record.values);
        })
        .await?;
    // Whatever came meanwhile may have been read as it is now, and not as it was resolved.
    if store.unresolved_count(entity).await? > 0 || store.last_resolved(entity).await? != Some(resolved) {
        return Ok(());
    }
    let live =
        tokio::task::spawn_blocking(move || Live::of(version, Arc::new(rule_set), resolved, builder.finish())).await?;
    kept.keep(entity, live);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use kanak_store::Link;

    use super::*;
    use crate::jobs::resolve::{Resolved, resolve};
    use crate::server::state::{AppState, Cookies};
    use crate::testing::House;

    const GIVEN: [&str; 8] = ["Asha", "Bina", "Gurpreet", "Harjit", "Manpreet", "Rajinder", "Sunita", "Kulwant"];
    const SURNAMES: [&str; 6] = ["Devi", "Sidhu", "Gill", "Sharma", "Brar", "Kumar"];

    /// A file of people: some of them in both registers, some written otherwise, some born on another day.
    fn file(from: u64, to: u64, slip: u64) -> String {
        let mut text = String::from("ID,NAME,DOB\n");
        for id in from..to {
            let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let (given, surname) = (GIVEN[mixed as usize % 8], SURNAMES[(mixed >> 8) as usize % 6]);
            let given = if id % slip == 0 { given.replace("ee", "i") } else { given.to_owned() };
            let (year, month) = (1950 + (mixed >> 16) % 50, 1 + (mixed >> 5) % 12);
            writeln!(text, "{id},{given} {surname},{year}-{month:02}-{:02}", 1 + (id + u64::from(id % slip == 1)) % 28)
                .unwrap();
        }
        text
    }

    async fn resolved(deployment: &Deployment) -> Resolved {
        resolve(deployment, deployment.get_model("citizen").unwrap()).await.unwrap()
    }

    /// Four loads, each resolved; gives the links after each and how many source records each resolution matched.
    async fn run(deployment: &Deployment, house: &House) -> (Vec<Vec<Link>>, Vec<usize>) {
        let loads = [
            ("roll_1.csv", file(0, 300, 9)),
            ("people_1.csv", file(0, 200, 5)),
            ("people_2.csv", file(150, 240, 3)),
            ("people_3.csv", file(20, 30, 2)),
        ];
        let (mut links, mut matched) = (Vec::new(), Vec::new());
        for (at, (name, text)) in loads.iter().enumerate() {
            house.ingest(name, text).await;
            // The rules are trained on both registers.
            if at > 0 {
                matched.push(resolved(deployment).await.source_records);
                links.push(deployment.store.list_links("citizen").await.unwrap());
            }
        }
        (links, matched)
    }

    #[tokio::test]
    async fn what_is_in_memory_gives_the_golden_records_of_a_resolution_over_all() {
        let (served, plain) = (House::new().await, House::new().await);
        let state = AppState::new(served.deployment.clone(), Cookies::Loopback);
        let (links, matched) = run(&state.deployment, &served).await;
        let (expected, of_all) = run(&plain.deployment, &plain).await;
        assert_eq!(links, expected);
        assert_eq!(matched[0], of_all[0]);
        assert!(matched[2] < of_all[2], "{matched:?} of {of_all:?} source records were matched");
        let live = state.deployment.live.as_ref().unwrap().find("citizen").unwrap();
        assert_eq!(
            live.find_mark(),
            state.deployment.store.last_resolved("citizen").await.unwrap(),
            "memory follows the hub"
        );
    }

    #[tokio::test]
    async fn a_server_that_starts_reads_what_is_resolved_and_nothing_else() {
        let house = House::with_two_people().await;
        let state = AppState::new(house.deployment.clone(), Cookies::Loopback);
        let model = state.deployment.get_model("citizen").unwrap();
        house.ingest("people_2.csv", "ID,NAME,DOB\n3,Chander Kala,1992-05-06\n").await;
        warm(&state.deployment, model).await.unwrap();
        let kept = state.deployment.live.as_ref().unwrap();
        assert!(kept.find("citizen").is_none(), "one waits");
        let all = resolved(&state.deployment).await;
        assert_eq!(all.source_records, 3);
        let found = |values: Values| kept.find("citizen").unwrap().search(&values, 5).found.len();
        let asked = |name: &str| {
            let stated = kanak_model::source_record::Stated::new(name, name);
            [("full_name".to_owned(), stated)].into_iter().collect::<Values>()
        };
        assert_eq!(found(asked("Chander Kala")), 1);
        assert_eq!(found(asked("Wholly Other")), 0);
        let again = AppState::new(house.deployment.clone(), Cookies::Loopback);
        warm(&again.deployment, model).await.unwrap();
        assert_eq!(
            again.deployment.live.as_ref().unwrap().find("citizen").unwrap().search(&asked("Asha Devi"), 5).found.len(),
            1
        );
    }
}
