//! A hub in a temporary place, and short ways to fill it.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use kanak_model::entity_model::SurvivorshipStrategy;
use kanak_model::golden_record::{GoldenChange, GoldenValue, Identity, Survived};
use kanak_model::match_pair::{Decision, MatchPair};
use kanak_model::source_record::{NewSourceRecord, Stated, Values};
use kanak_model::source_system::{Format, Load, RowsAre, Stakes};
use kanak_model::{
    Access, Clock, EntityModel, GoldenId, RuleSetVersion, SourceRecord, SourceRecordId, SourceSystem, SourceSystemId,
    Timestamp, Titles,
};
use kanak_store::{
    Applied, AuditSigner, FileFacts, FileKeyStore, HubUrl, IngestSummary, Link, Resolution, Scope, Store, StoreError,
};

pub(crate) const MODEL: &str = r#"
[entity]
name = "citizen"
title = { en = "Citizen" }
label = "full_name"

[[attribute]]
name = "full_name"
kind = "person_name"
class = "personal"

[[attribute]]
name = "mobile"
kind = "mobile"
class = "personal"

[[attribute]]
name = "pan"
kind = "pan"
class = "sensitive"

[[attribute]]
name = "district"
kind = "district"
class = "internal"
"#;

pub(crate) fn model() -> EntityModel {
    EntityModel::parse("citizen.toml", MODEL).unwrap()
}

pub(crate) fn all() -> Access {
    Access::operation("test")
}

/// A clock that a test moves.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn set(&self, us: i64) {
        self.0.store(us, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// An open hub with one source system.
pub(crate) struct Hub {
    pub(crate) store: Store,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) source: SourceSystemId,
    pub(crate) rules: RuleSetVersion,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) url: HubUrl,
}

pub(crate) fn source(name: &str, rows: RowsAre) -> SourceSystem {
    SourceSystem {
        name: name.to_owned(),
        title: Titles { en: name.to_owned(), pa: None, hi: None },
        department: "food".to_owned(),
        rows,
        files: vec!["*.csv".to_owned()],
        format: Format::Csv { separator: ',', encoding: "utf-8".to_owned() },
        load: Load::Snapshot,
        retire_share_max: 0.5,
        key: vec!["id".to_owned()],
        updated: None,
        updated_date_order: None,
        trust: 0.5,
        stakes: Stakes::Ordinary,
        columns: Vec::new(),
    }
}

pub(crate) fn citizens(name: &str) -> SourceSystem {
    source(name, RowsAre::Entity("citizen".to_owned()))
}

pub(crate) async fn hub_at(url: HubUrl) -> Hub {
    let clock = Arc::new(TestClock(AtomicI64::new(1_000_000)));
    let dir = tempfile::tempdir().unwrap();
    let keys = FileKeyStore::open(&dir.path().join("keys")).unwrap();
    let signer = AuditSigner::open(&keys).unwrap();
    let store = Store::open(&url, clock.clone()).await.unwrap().signed_by(signer);
    let source = store.ensure_source_system(&citizens("food")).await.unwrap();
    let rules = store.put_rule_set("citizen", &serde_json::json!({"prior": 0.5})).await.unwrap();
    Hub { store, clock, source, rules, dir, url }
}

static DATABASES: AtomicU64 = AtomicU64::new(0);

/// Runs a test on a `SQLite` file and, where there is one, on a `PostgreSQL` database of its own.
pub(crate) fn on_both(test: impl AsyncFn(Hub)) {
    let test = &test;
    run_on_sqlite(&|hub| Box::pin(test(hub)));
    run_on_postgres(&|hub| Box::pin(test(hub)));
}

/// Runs a test on a `SQLite` file alone: one of many like it, the first of which run on both.
pub(crate) fn on_sqlite(test: impl AsyncFn(Hub)) {
    let test = &test;
    run_on_sqlite(&|hub| Box::pin(test(hub)));
}

/// Runs a test on a `PostgreSQL` database alone, where there is one.
pub(crate) fn on_postgres(test: impl AsyncFn(Hub)) {
    let test = &test;
    run_on_postgres(&|hub| Box::pin(test(hub)));
}

type Run<'a> = dyn Fn(Hub) -> Pin<Box<dyn Future<Output = ()> + 'a>> + 'a;

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn run_on_sqlite(test: &Run<'_>) {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let mut hub = hub_at(HubUrl::Sqlite(dir.path().join("hub.sqlite"))).await;
        hub.dir = dir;
        test(hub).await;
    });
}

fn run_on_postgres(test: &Run<'_>) {
    let Ok(server) = std::env::var("KANAK_TEST_POSTGRES") else {
        eprintln!("skipped on PostgreSQL: set KANAK_TEST_POSTGRES=postgres://user@host:port/postgres");
        return;
    };
    runtime().block_on(async {
        let name = format!("kanak_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::SeqCst));
        let admin = kanak_store::testing::Admin::connect(&server).await.unwrap();
        admin.create(&name).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        let hub = hub_at(HubUrl::parse(&format!("{base}/{name}")).unwrap()).await;
        let store = hub.store.clone();
        test(hub).await;
        store.close().await;
        admin.drop(&name).await.unwrap();
    });
}

pub(crate) fn record(key: &str, name: &str) -> NewSourceRecord {
    let values: Values = [
        ("full_name".to_owned(), Stated::new(name, &name.to_uppercase())),
        ("district".to_owned(), Stated::new("41", "41")),
    ]
    .into_iter()
    .collect();
    NewSourceRecord { key: key.to_owned(), values, updated: None }
}

pub(crate) fn file(name: &str, load: Load) -> FileFacts {
    FileFacts { name: name.to_owned(), content_hash: format!("hash of {name}"), bytes: 10, load }
}

impl Hub {
    pub(crate) async fn load(&self, load: Load, rows: &[(&str, &str)]) -> Result<IngestSummary, StoreError> {
        let mut run = self.store.begin_ingest(self.source, file("food.csv", load)).await?;
        run.add(rows.iter().map(|(key, name)| record(key, name)).collect()).await?;
        run.finish().await
    }

    pub(crate) async fn records(&self) -> Vec<SourceRecord> {
        self.store.list_source_records(&all(), "citizen").await.unwrap()
    }

    /// Golden id by source record.
    pub(crate) async fn links(&self) -> BTreeMap<SourceRecordId, GoldenId> {
        let links = self.store.list_links("citizen").await.unwrap();
        links.into_iter().map(|link| (link.source_record, link.golden_id)).collect()
    }

    /// Resolves so that each group of source records is one golden record. Identity by the written rule: the largest
    /// share keeps the id, then the oldest.
    pub(crate) async fn resolve(&self, groups: &[Vec<i64>]) -> Result<Applied, StoreError> {
        self.resolve_with(groups, Vec::new()).await
    }

    pub(crate) async fn resolve_with(&self, groups: &[Vec<i64>], pairs: Vec<MatchPair>) -> Result<Applied, StoreError> {
        let unresolved = self.store.list_unresolved("citizen").await?;
        let records = self.records().await;
        let links = self.links().await;
        let ended = self.store.list_ended_links("citizen").await?;
        let changes = identified(groups, &records, &links, &ended);
        let resolution = Resolution { changes, questions: pairs, scope: Scope::Everything, unresolved };
        self.store.apply_resolution(&model(), self.rules, resolution).await
    }
}

pub(crate) fn doubtful(left: i64, right: i64, probability: f64) -> MatchPair {
    MatchPair {
        left: SourceRecordId(left),
        right: SourceRecordId(right),
        weight_bits: probability * 10.0,
        probability,
        decision: Decision::Review,
    }
}

/// What an engine would make of a partition, with the ids that ended golden records get back.
pub(crate) fn identified(
    groups: &[Vec<i64>],
    records: &[SourceRecord],
    links: &BTreeMap<SourceRecordId, GoldenId>,
    ended: &[Link],
) -> Vec<GoldenChange> {
    bring_back(restore(changes(groups, records, links), ended, records, links), ended)
}

/// What an engine would make of a partition.
pub(crate) fn changes(
    groups: &[Vec<i64>],
    records: &[SourceRecord],
    links: &BTreeMap<SourceRecordId, GoldenId>,
) -> Vec<GoldenChange> {
    let by_id: BTreeMap<i64, &SourceRecord> = records.iter().map(|record| (record.id.0, record)).collect();
    // Which group keeps which id: by share, then by age of the golden record.
    let mut claims: Vec<(std::cmp::Reverse<usize>, GoldenId, usize)> = Vec::new();
    for (place, group) in groups.iter().enumerate() {
        let mut shares: BTreeMap<GoldenId, usize> = BTreeMap::new();
        for id in group {
            if let Some(golden) = links.get(&SourceRecordId(*id)) {
                *shares.entry(*golden).or_default() += 1;
            }
        }
        claims.extend(shares.into_iter().map(|(golden, share)| (std::cmp::Reverse(share), golden, place)));
    }
    claims.sort();
    let mut identity: BTreeMap<usize, GoldenId> = BTreeMap::new();
    let mut taken: BTreeMap<GoldenId, usize> = BTreeMap::new();
    for (_, golden, place) in &claims {
        if !identity.contains_key(place) && !taken.contains_key(golden) {
            identity.insert(*place, *golden);
            taken.insert(*golden, *place);
        }
    }
    groups
        .iter()
        .enumerate()
        .map(|(place, group)| {
            let mut members = group.clone();
            members.sort_unstable();
            let before: Vec<GoldenId> = claims.iter().filter(|claim| claim.2 == place).map(|claim| claim.1).collect();
            let absorbed = before.iter().copied().filter(|golden| !taken.contains_key(golden));
            let mut absorbed: Vec<GoldenId> =
                absorbed.filter(|golden| claims.iter().find(|claim| claim.1 == *golden).unwrap().2 == place).collect();
            absorbed.sort();
            GoldenChange {
                identity: identity.get(&place).map_or(Identity::New, |id| Identity::Keeps(*id)),
                split_from: if identity.contains_key(&place) { None } else { before.first().copied() },
                absorbed,
                survived: survive(&members, &by_id),
                members: members.into_iter().map(SourceRecordId).collect(),
            }
        })
        .collect()
}

/// Undoing a merge: when the parts of a golden record are exactly what was merged into it, each gets its own id back,
/// whichever of them is larger.
fn restore(
    mut changes: Vec<GoldenChange>,
    ended_links: &[Link],
    records: &[SourceRecord],
    links: &BTreeMap<SourceRecordId, GoldenId>,
) -> Vec<GoldenChange> {
    let live: BTreeSet<SourceRecordId> = records.iter().map(|record| record.id).collect();
    let mut ended: BTreeMap<GoldenId, Vec<SourceRecordId>> = BTreeMap::new();
    for link in ended_links.iter().filter(|link| live.contains(&link.source_record)) {
        ended.entry(link.golden_id).or_default().push(link.source_record);
    }
    for place in 0..changes.len() {
        let Identity::Keeps(kept) = changes[place].identity else { continue };
        let was_merged_in = ended.values().any(|members| *members == changes[place].members);
        let is_part = changes[place].members.len() < links.values().filter(|golden| **golden == kept).count();
        let other = changes.iter().position(|change| {
            change.identity == Identity::New
                && change.split_from == Some(kept)
                && !ended.values().any(|members| *members == change.members)
        });
        if let (true, true, Some(other)) = (was_merged_in, is_part, other) {
            changes[other].identity = Identity::Keeps(kept);
            changes[other].split_from = None;
            changes[place].identity = Identity::New;
            changes[place].split_from = Some(kept);
        }
    }
    changes
}

/// Source records that come back without company of their own get the golden record back that they left empty.
fn bring_back(mut changes: Vec<GoldenChange>, ended: &[Link]) -> Vec<GoldenChange> {
    let mut given: BTreeSet<GoldenId> = BTreeSet::new();
    for change in changes.iter_mut().filter(|change| change.identity == Identity::New && change.split_from.is_none()) {
        let former = ended.iter().filter(|link| change.members.contains(&link.source_record));
        if let Some(id) = former.map(|link| link.golden_id).filter(|id| !given.contains(id)).min() {
            given.insert(id);
            change.identity = Identity::Keeps(id);
        }
    }
    changes
}

/// The values of the smallest source record that states them.
pub(crate) fn survive(members: &[i64], by_id: &BTreeMap<i64, &SourceRecord>) -> Survived {
    let mut values = BTreeMap::new();
    for id in members {
        let Some(record) = by_id.get(id) else { continue };
        for (name, stated) in record.values.iter() {
            values.entry(name.to_owned()).or_insert_with(|| GoldenValue {
                value: stated.standard.clone(),
                source_record: record.id,
                source_version: record.version,
                strategy: SurvivorshipStrategy::MostTrusted,
                agreeing: 1,
                stated: members.len() as u32,
            });
        }
    }
    Survived { status: "active".to_owned(), values }
}
