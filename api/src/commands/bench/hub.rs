//! `kanak bench hub`: rows written one by one, durable and resolved, and reads by id and by crosswalk with access and audit on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use kanak_ingest::{Rows, StatedBy, check_row};
use kanak_model::source_system::RowsAre;
use kanak_model::{Access, Caller, EntityModel, GoldenId, Kind, Purpose, Role, SourceRecord, SourceSystem};
use kanak_store::{Arrived, Expected};

use super::{Figure, remove, scratch};
use crate::cli::{BenchHubArgs, Global};
use crate::commands::ingest::{ingest_all, list_folder};
use crate::commands::resolve::resolve_all;
use crate::commands::synth;
use crate::deployment::Deployment;
use crate::jobs::ingest_file::Terms;
use crate::jobs::live::warm;
use crate::jobs::written::{RowAct, RowArrived, RowResolution, RowToWrite};
use crate::output::Output;
use crate::server::state::{AppState, Cookies};

const ENTITY: &str = "citizen";
/// So many source records are written about.
const WRITTEN_ABOUT: usize = 20_000;

/// Runs the command, in a folder that is removed afterwards.
///
/// # Errors
/// When a stage fails.
pub(super) async fn run(args: &BenchHubArgs, global: &Global, output: &Output) -> anyhow::Result<()> {
    let folder = scratch(args.dir.as_deref());
    let global = Global { data: folder.join("data"), hub: global.hub.clone(), json: false, quiet: true };
    let done = Box::pin(measure(args, &folder, &global, output)).await;
    remove(&folder)?;
    done
}

async fn measure(args: &BenchHubArgs, folder: &Path, global: &Global, output: &Output) -> anyhow::Result<()> {
    let house = Box::pin(House::load(args, folder, global, output)).await?;
    let written = house.write_all(args, output).await?;
    house.read_all(args, output, Read::ById).await?;
    house.read_all(args, output, Read::ByCrosswalk).await?;
    output.note(format!(
        "Written: {} new, {} changed, {} unchanged; {} of them waited for a resolution",
        written.new, written.changed, written.unchanged, written.pending
    ));
    house.state.deployment.store.close().await;
    Ok(())
}

/// A served made-up state, and what is known of it.
struct House {
    state: AppState,
    model: EntityModel,
    access: Access,
    sources: Vec<Arc<SourceSystem>>,
    records: Arc<Vec<SourceRecord>>,
    /// Register and key of those source records.
    keys: Arc<Vec<(Arc<SourceSystem>, String)>>,
    golden: Arc<Vec<GoldenId>>,
    golden_count: u64,
}

/// How a golden record is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    ById,
    ByCrosswalk,
}

/// What was written.
#[derive(Default)]
struct Written {
    new: u64,
    changed: u64,
    unchanged: u64,
    pending: u64,
}

impl House {
    async fn load(args: &BenchHubArgs, folder: &Path, global: &Global, output: &Output) -> anyhow::Result<Self> {
        let extracts: PathBuf = folder.join("extracts");
        synth::make(args.records, 1, &extracts, false, output)?;
        let deployment = Deployment::open(global).await?;
        let files = list_folder(&extracts)?.into_iter().filter(|file| is_of_citizens(&deployment, file));
        let files: Vec<PathBuf> = files.collect();
        let (_, refused) = ingest_all(&deployment, &files, Terms::CAREFUL, output).await;
        if let Some((file, reason)) = refused.into_iter().next() {
            return Err(reason.context(format!("{} was refused", file.display())));
        }
        let state = AppState::new(deployment, Cookies::Loopback);
        let deployment = &state.deployment;
        resolve_all(deployment, &[ENTITY.to_owned()], output).await?;
        let model = deployment.get_model(ENTITY)?.clone();
        warm(deployment, &model).await?;
        let mut records = deployment.store.list_source_records(&Access::operation("bench"), ENTITY).await?;
        ensure!(!records.is_empty(), "the made-up state has no citizens");
        let step = (records.len() / WRITTEN_ABOUT).max(1);
        records = records.into_iter().step_by(step).collect();
        let stored = deployment.store.list_source_systems().await?;
        let named = |record: &SourceRecord| {
            let row = stored.iter().find(|row| row.id == record.source_system)?;
            Some((Arc::new(deployment.sources.find(&row.name)?.clone()), record.key.clone()))
        };
        let keys: Vec<_> =
            records.iter().map(named).collect::<Option<_>>().context("a register is not declared any more")?;
        let sources: BTreeMap<String, Arc<SourceSystem>> =
            keys.iter().map(|(source, _)| (source.name.clone(), Arc::clone(source))).collect();
        let links = deployment.store.list_links(ENTITY).await?;
        let golden: Vec<GoldenId> = links.iter().step_by(step).map(|link| link.golden_id).collect();
        let golden_count = deployment.store.counts().await?.golden_records.get(ENTITY).copied().unwrap_or(0);
        let roles = [Role::Department].into_iter().collect();
        let caller = Caller { user: None, name: "key:bench".to_owned(), roles, districts: None };
        let access = Access::decide(&caller, Purpose::ServiceDelivery)?;
        let (records, keys, golden) = (Arc::new(records), Arc::new(keys), Arc::new(golden));
        let sources = sources.into_values().collect();
        Ok(Self { state, model, access, sources, records, keys, golden, golden_count })
    }

    /// Writes rows by many clients, each its next one when the last is answered: a third new, a third changed, a third as they are.
    async fn write_all(&self, args: &BenchHubArgs, output: &Output) -> anyhow::Result<Written> {
        let begin = Instant::now();
        let clients = (0..args.clients).map(|client| {
            let writer = Client {
                state: self.state.clone(),
                model: self.model.clone(),
                access: self.access.clone(),
                sources: self.sources.clone(),
                records: Arc::clone(&self.records),
                keys: Arc::clone(&self.keys),
            };
            let calls = args.writes / args.clients;
            tokio::spawn(async move { writer.write(client, calls).await })
        });
        let clients: Vec<_> = clients.collect();
        let mut waited = Vec::with_capacity(args.writes);
        let mut written = Written::default();
        for client in clients {
            for (call, arrived, resolution) in client.await?? {
                waited.push(call);
                match arrived {
                    Arrived::New(_) => written.new += 1,
                    Arrived::Changed(..) => written.changed += 1,
                    Arrived::Unchanged(..) => written.unchanged += 1,
                    other => bail!("a row became {other:?}"),
                }
                written.pending += u64::from(resolution == RowResolution::Pending);
            }
        }
        let (rows, lasted) = (self.golden_count, begin.elapsed());
        Figure { bench: "hub", case: "upsert", rows, clients: args.clients, waited, lasted }.print(output);
        Ok(written)
    }

    async fn read_all(&self, args: &BenchHubArgs, output: &Output, read: Read) -> anyhow::Result<()> {
        let begin = Instant::now();
        let readers = (0..args.readers).map(|reader| {
            let (state, access, model) = (self.state.clone(), self.access.clone(), self.model.clone());
            let (golden, keys) = (Arc::clone(&self.golden), Arc::clone(&self.keys));
            let calls = args.reads / args.readers;
            tokio::spawn(async move {
                let store = &state.deployment.store;
                let mut waited = Vec::with_capacity(calls);
                for call in 0..calls {
                    let mixed = mixed((reader * calls + call) as u64) as usize;
                    let asked = Instant::now();
                    let found = match read {
                        Read::ById => store.find_golden(&access, &model, golden[mixed % golden.len()]).await?,
                        Read::ByCrosswalk => {
                            let (source, key) = &keys[mixed % keys.len()];
                            store.find_golden_by_crosswalk(&access, &model, &source.name, key).await?
                        }
                    };
                    let found = found.context("a golden record is not there")?;
                    store.record_reads(&access, "read golden record", [found.record.id]).await?;
                    waited.push(asked.elapsed());
                }
                anyhow::Ok(waited)
            })
        });
        let readers: Vec<_> = readers.collect();
        let mut waited = Vec::with_capacity(args.reads);
        for reader in readers {
            waited.extend(reader.await??);
        }
        let (rows, lasted) = (self.golden_count, begin.elapsed());
        let case = if read == Read::ById { "read_by_id" } else { "read_by_crosswalk" };
        Figure { bench: "hub", case, rows, clients: args.readers, waited, lasted }.print(output);
        Ok(())
    }
}

fn is_of_citizens(deployment: &Deployment, file: &Path) -> bool {
    let source = deployment.sources.get_for_file(file);
    source.is_ok_and(|source| source.rows == RowsAre::Entity(ENTITY.to_owned()))
}

/// Chance that is the same each time.
fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20
}

/// A department's program.
struct Client {
    state: AppState,
    model: EntityModel,
    access: Access,
    sources: Vec<Arc<SourceSystem>>,
    records: Arc<Vec<SourceRecord>>,
    keys: Arc<Vec<(Arc<SourceSystem>, String)>>,
}

/// A row as it is sent.
type Sent = (Arc<SourceSystem>, String, BTreeMap<String, String>);

impl Client {
    async fn write(&self, client: usize, calls: usize) -> anyhow::Result<Vec<(Duration, Arrived, RowResolution)>> {
        let mut done = Vec::with_capacity(calls);
        let mut last: Option<Sent> = None;
        for call in 0..calls {
            let number = mixed((client * calls + call) as u64);
            let place = number as usize % self.records.len();
            let sent = match (call % 3, last.take()) {
                (2, Some(last)) => last,
                (1, _) => self.changed(place, number),
                _ => self.arrives(place, number, client * calls + call),
            };
            let begin = Instant::now();
            let row = self.row(&sent)?;
            let written = self.state.rows.write(&self.state.deployment, &self.state.work, row).await?;
            let RowArrived::As(arrived) = written.arrived else { bail!("a row was refused") };
            done.push((begin.elapsed(), arrived, written.resolution));
            last = Some(sent);
        }
        Ok(done)
    }

    /// Somebody who is known registers with another department.
    fn arrives(&self, place: usize, number: u64, call: usize) -> Sent {
        let source = &self.sources[number as usize % self.sources.len()];
        let parts = vec![format!("b{call}"); source.key.len()];
        (Arc::clone(source), parts.join("/"), self.values(place))
    }

    /// A department learns another telephone number.
    fn changed(&self, place: usize, number: u64) -> Sent {
        let (source, key) = &self.keys[place];
        let mut values = self.values(place);
        values.insert("mobile".to_owned(), format!("9{:09}", number % 1_000_000_000));
        (Arc::clone(source), key.clone(), values)
    }

    /// What a source record states, in the hub's words. A reference of the vault is no number.
    fn values(&self, place: usize) -> BTreeMap<String, String> {
        let is_plain = |name: &str| self.model.find_attribute(name).is_some_and(|one| one.kind != Kind::Aadhaar);
        let values = self.records[place].values.iter().filter(|(name, _)| is_plain(name));
        values.map(|(name, stated)| (name.to_owned(), stated.standard.clone())).collect()
    }

    fn row(&self, (source, key, values): &Sent) -> anyhow::Result<RowToWrite> {
        let deployment = &self.state.deployment;
        let (rows, today) = (Rows::Entity(&self.model), deployment.clock.now().day_ist());
        let by = StatedBy::Attributes;
        let checked = check_row(source, rows, key, by, values, &deployment.standardizer(), today)?;
        if let Err(refused) = &checked.outcome {
            bail!("a row of {} was refused: {}", source.name, refused.reason);
        }
        Ok(RowToWrite {
            source: Arc::clone(source),
            key: key.clone(),
            act: RowAct::States(Arc::new(checked)),
            body: serde_json::to_string(values)?.into(),
            expected: Expected::Anything,
            access: self.access.clone(),
            apart: Vec::new(),
        })
    }
}
