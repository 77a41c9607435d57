//! The warehouse as the rest of Kanak sees it: a handle that loads, builds and answers.

use std::borrow::Cow;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use kanak_codes::{Codes, CodesInUse, Holidays};
use kanak_model::{Access, EntityModel, EventModel, Timestamp};
use serde::Serialize;
use tokio::sync::{Mutex, Semaphore};
use tracing::{info, warn};

use crate::appraisal::Appraisals;
use crate::build_release::Builder;
use crate::calendar;
use crate::catalog::{Catalog, THIS_RELEASE, this_release_columns};
use crate::code_tables;
use crate::delta::DeltaTables;
use crate::dimension::{self, GoldenVersionRow};
use crate::error::WarehouseError;
use crate::metrics::{
    CELLS_MAX, Cut, LawCheck, Metric, MetricAnswer, MetricQuery, ROWS_MAX, SMALLEST_CELL, builtin_metrics, check_laws,
};
use crate::models::{SqlModel, builtin_models};
use crate::query::{self, QueryLimits, QueryResult};
use crate::relations::{self, RelationRow};
use crate::release::{self, Folder, Release};
use crate::schema::{Column, normalize};
use crate::staging::{self, CrosswalkRow};

/// Memory that all queries of callers share; beyond it they spill below `lake/restricted/` or fail.
const QUERY_MEMORY_BYTES: usize = 1 << 30;
/// Memory that a build may use.
const BUILD_MEMORY_BYTES: usize = 1 << 30;
/// How many releases can be read after a build: the one in force and the one before, which queries may still run on.
const RELEASES_KEPT: usize = 2;
/// What all queries of callers may spill at a time.
const QUERY_SPILL_BYTES: u64 = 8 << 30;
/// What a build may spill.
const BUILD_SPILL_BYTES: u64 = 100 << 30;

/// The warehouse below one lake. Cloning it shares it.
#[derive(Clone)]
pub struct Warehouse {
    inner: Arc<Inner>,
}

struct Inner {
    lake: PathBuf,
    codes: CodesInUse,
    holidays: Holidays,
    metrics: Arc<[Metric]>,
    smallest_cell: u32,
    models: Vec<SqlModel>,
    tables: DeltaTables,
    build_runtime: Arc<RuntimeEnv>,
    query_runtime: Arc<RuntimeEnv>,
    /// A place for each query that may run now.
    places: Arc<Semaphore>,
    current: RwLock<Option<Arc<Catalog>>>,
    /// Held while the lake is written, so that tables and releases have one writer.
    writing: Mutex<()>,
}

impl std::fmt::Debug for Warehouse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Warehouse").field("lake", &self.inner.lake).finish_non_exhaustive()
    }
}

/// What a table holds, for a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableInfo {
    /// Its name.
    pub name: String,
    /// What a row is.
    pub description: String,
    /// Which columns tell rows apart, where that is stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grain: Option<String>,
    /// Whether reading it needs an access that shows personal data.
    pub folder: Folder,
    /// Its rows in this release, of every district.
    pub rows: u64,
    /// Its columns.
    pub columns: Vec<Column>,
}

impl Warehouse {
    /// Opens the warehouse below `lake`, which is made where it is not there, at its current release. The folder is its
    /// owner's alone. Each build writes the code systems that are in use then. A file `holidays.csv` in it stands in place of the built-in
    /// list of holidays, and one that was published as a code system in place of both.
    ///
    /// # Errors
    /// When the folder cannot be made or read, its manifest does not read, or its list of holidays does not.
    pub fn open(lake: &Path, codes: impl Into<CodesInUse>) -> Result<Self, WarehouseError> {
        Self::open_with_smallest_cell(lake, codes, SMALLEST_CELL)
    }

    /// Opens it as [`Warehouse::open`] does. To whoever reads for statistics alone, no figure tells of fewer things than
    /// `smallest_cell` and not none; there it is 10.
    ///
    /// # Errors
    /// Those of [`Warehouse::open`].
    pub fn open_with_smallest_cell(
        lake: &Path,
        codes: impl Into<CodesInUse>,
        smallest_cell: u32,
    ) -> Result<Self, WarehouseError> {
        let restricted = lake.join("restricted");
        private_folder(lake)?;
        private_folder(&restricted)?;
        let lake = lake.canonicalize().map_err(WarehouseError::io(lake))?;
        let spill = lake.join("restricted").join(".spill");
        if spill.exists() {
            fs::remove_dir_all(&spill).map_err(WarehouseError::io(&spill))?;
        }
        private_folder(&spill)?;
        let holidays = read_holidays(&lake)?;
        let metrics: Arc<[Metric]> = builtin_metrics()?.into();
        let models = builtin_models(&metrics)?;
        let build_runtime = runtime(&spill, BUILD_MEMORY_BYTES, BUILD_SPILL_BYTES)?;
        let query_runtime = runtime(&spill, QUERY_MEMORY_BYTES, QUERY_SPILL_BYTES)?;
        let current = match release::find_current(&lake)? {
            None => None,
            Some(release) => {
                let metrics = Arc::clone(&metrics);
                let opened = Catalog::open(&lake, release, Arc::clone(&query_runtime), metrics, smallest_cell);
                Some(Arc::new(opened.map_err(engine)?))
            }
        };
        let tables = DeltaTables::new(&lake, Arc::clone(&build_runtime));
        let current = RwLock::new(current);
        let writing = Mutex::new(());
        let places = Arc::new(Semaphore::new(query::QUERIES_AT_ONCE));
        let inner = Inner {
            lake,
            codes: codes.into(),
            holidays,
            metrics,
            smallest_cell,
            models,
            tables,
            build_runtime,
            query_runtime,
            places,
            current,
            writing,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Loads a dimension from all versions of an entity's golden records: `dim_<plural>` and, where the model has
    /// personal attributes, `dim_<plural>_personal` in the restricted folder. The same rows change nothing; says whether
    /// anything changed. What is loaded is seen from the next release on.
    pub async fn load_dimension(
        &self,
        model: &EntityModel,
        versions: impl IntoIterator<Item = GoldenVersionRow>,
    ) -> Result<bool, WarehouseError> {
        let rows: Vec<GoldenVersionRow> = versions.into_iter().collect();
        let open = dimension::open_batch(model, &rows)?;
        let personal = dimension::personal_batch(model, &rows)?;
        drop(rows);
        let _writing = self.inner.writing.lock().await;
        let mut changed = self.inner.tables.replace(&dimension::table_name(model), Folder::Open, open).await?;
        if let Some(batch) = personal {
            let name = dimension::personal_table_name(model);
            changed |= self.inner.tables.replace(&name, Folder::Restricted, batch).await?;
        }
        Ok(changed)
    }

    /// Loads all crosswalks as they hold now. Says whether anything changed.
    ///
    /// # Errors
    /// [`WarehouseError::CrosswalkTwice`] when one source key has two.
    pub async fn load_crosswalk(&self, rows: Vec<CrosswalkRow>) -> Result<bool, WarehouseError> {
        let batch = staging::crosswalk_batch(rows)?;
        let _writing = self.inner.writing.lock().await;
        self.inner.tables.replace(staging::CROSSWALK, Folder::Restricted, batch).await
    }

    /// Loads all relations as they were ever held: `bridge_relations`, and `bridge_relations_personal` in the restricted folder.
    /// Says whether anything changed.
    pub async fn load_relations(&self, rows: Vec<RelationRow>) -> Result<bool, WarehouseError> {
        let open = relations::batch(relations::RELATIONS, &rows)?;
        let personal = relations::batch(relations::PERSONAL_RELATIONS, &rows)?;
        drop(rows);
        let _writing = self.inner.writing.lock().await;
        let changed = self.inner.tables.replace(relations::RELATIONS, Folder::Open, open).await?;
        Ok(self.inner.tables.replace(relations::PERSONAL_RELATIONS, Folder::Restricted, personal).await? || changed)
    }

    /// Appends the events that an ingest run accepted. The same run twice changes nothing; says whether it appended. An
    /// event stated again by a later run (same source system and key) replaces the former in the facts.
    ///
    /// The batches have a column for each attribute of the model, of the type of its kind, and `source_system`,
    /// `source_key` and `source_line`.
    pub async fn append_events(
        &self,
        model: &EventModel,
        ingest_run: i64,
        batches: Vec<RecordBatch>,
    ) -> Result<bool, WarehouseError> {
        let mut staged = batches
            .iter()
            .map(|batch| staging::event_batch(model, ingest_run, batch))
            .collect::<Result<Vec<_>, _>>()?;
        // A run without events is recorded as well, so that its file need not be read again.
        if staged.is_empty() {
            staged.push(staging::empty(&staging::event_columns(model)));
        }
        let _writing = self.inner.writing.lock().await;
        self.inner.tables.append_once(&staging::event_table(model), Folder::Restricted, ingest_run, staged).await
    }

    /// Whether the events of an ingest run are there, so that its file need not be read again.
    pub async fn has_events(&self, model: &EventModel, ingest_run: i64) -> Result<bool, WarehouseError> {
        self.inner.tables.has_run(&staging::event_table(model), Folder::Restricted, ingest_run).await
    }

    /// Loads a whole table by name, such as the hub's statistics (see [`crate::hub_columns`]). Says whether it changed.
    ///
    /// # Errors
    /// [`WarehouseError::Batch`] for a name that a model or a dimension has, or a batch that does not fit.
    pub async fn load_table(&self, name: &str, batch: RecordBatch, folder: Folder) -> Result<bool, WarehouseError> {
        let fail = |message: String| WarehouseError::Batch { table: name.to_owned(), message };
        let is_word = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let is_taken =
            ["dim_", "fct_", "mart_", "evt_", "bridge_", "this_"].iter().any(|prefix| name.starts_with(prefix));
        if !is_word || is_taken {
            return Err(fail(
                "the name must be small letters, digits and _, and none that models or dimensions have".to_owned(),
            ));
        }
        let batch = match staging::hub_columns(name) {
            Some(columns) => match columns.iter().find(|column| batch.column_by_name(&column.name).is_none()) {
                Some(missing) => return Err(fail(format!("it lacks the column `{}`", missing.name))),
                None => crate::schema::conform(name, &batch, &columns)?,
            },
            None => normalize(name, &batch)?,
        };
        let _writing = self.inner.writing.lock().await;
        self.inner.tables.replace(name, folder, batch).await
    }

    /// Builds the release of what was loaded: facts, marts and the manifest, put atomically. `feed_position` is the last
    /// event of the hub's feed that the loads contain; `now` is the instant at which pending work is judged. Where
    /// nothing has changed and the day is the same, the current release is returned. One whose figures break a [law](crate::Law)
    /// is not put.
    ///
    /// Of former releases the one before stays readable, for queries that run; files that only older ones read are
    /// deleted.
    pub async fn build(&self, feed_position: i64, now: Timestamp) -> Result<Release, WarehouseError> {
        let _writing = self.inner.writing.lock().await;
        let former = self.release();
        let codes = self.inner.codes.get();
        let holidays = self.holidays_by(&codes);
        let builder = Builder {
            lake: &self.inner.lake,
            tables: &self.inner.tables,
            runtime: &self.inner.build_runtime,
            codes: &codes,
            holidays: &holidays,
            models: &self.inner.models,
        };
        let mut built = builder.build(former.as_ref(), feed_position, now).await?;
        if former.as_ref() == Some(&built) {
            return Ok(built);
        }
        built.sums = crate::sums::sum_files(&self.inner.lake, &built, former.as_ref())?;
        let catalog = self.open_catalog(built.clone())?;
        let broken: Vec<String> = self
            .laws_of(&catalog)
            .await?
            .iter()
            .filter(|check| check.wrong.is_some())
            .map(LawCheck::to_string)
            .collect();
        if !broken.is_empty() {
            return Err(WarehouseError::Law { broken: broken.join("; ") });
        }
        release::put(&self.inner.lake, &built)?;
        *self.inner.current.write().unwrap_or_else(PoisonError::into_inner) = Some(catalog);
        // Tables that a model has moved to the other folder are not left lying where they were.
        for model in &self.inner.models {
            self.inner.tables.remove(&model.name, model.folder.other()).await?;
        }
        // The release is in force whether or not the old files go; the next build sweeps again.
        if let Err(error) = crate::compact::sweep(&self.inner.lake, &self.inner.tables, RELEASES_KEPT).await {
            warn!(%error, "Could not delete files of former warehouse releases: {error}");
        }
        info!(
            release = built.number,
            feed_position, "Put warehouse release {} at feed position {feed_position}", built.number
        );
        Ok(built)
    }

    /// The current release.
    pub fn release(&self) -> Option<Release> {
        let current = self.inner.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|catalog| catalog.release.clone())
    }

    /// The list of holidays by which working days are counted: the one that was published as the code system `holiday`, or the deployment's
    /// own, or the built-in one.
    pub fn holidays(&self) -> Cow<'_, Holidays> {
        self.holidays_by(&self.inner.codes.get())
    }

    fn holidays_by(&self, codes: &Codes) -> Cow<'_, Holidays> {
        codes.find_holidays().map_or(Cow::Borrowed(&self.inner.holidays), Cow::Owned)
    }

    /// Answers one SELECT under the caller's access. It has at most 16 KiB, and its rows weigh at most 64 MiB unless the
    /// hub itself asks; a few run at a time and the others wait.
    ///
    /// # Errors
    /// [`WarehouseError::Refused`] for anything that does more than read; [`WarehouseError::UnknownTable`], which lists
    /// the tables; [`WarehouseError::Query`] with what the engine says; [`WarehouseError::TimedOut`].
    pub async fn query(&self, access: &Access, sql: &str, limits: QueryLimits) -> Result<QueryResult, WarehouseError> {
        let catalog = self.catalog()?;
        let session = catalog.session(access).map_err(|error| query::failed(&error))?;
        let (schema, batches, truncated) = query::answer(session, access, sql, limits, &self.inner.places).await?;
        let (release, as_of) = (catalog.release.number, catalog.release.built_at);
        Ok(QueryResult { schema, batches, truncated, release, as_of })
    }

    /// The tables that the caller may read, by name.
    pub fn tables(&self, access: &Access) -> Result<Vec<TableInfo>, WarehouseError> {
        let catalog = self.catalog()?;
        Ok(catalog.table_names(access).iter().map(|name| self.describe(&catalog.release, name)).collect())
    }

    /// One table that the caller may read.
    ///
    /// # Errors
    /// [`WarehouseError::UnknownTable`], which lists the tables.
    pub fn table_info(&self, access: &Access, name: &str) -> Result<TableInfo, WarehouseError> {
        let catalog = self.catalog()?;
        let names = catalog.table_names(access);
        if names.iter().any(|known| known == name) {
            Ok(self.describe(&catalog.release, name))
        } else {
            Err(query::unknown_table(name, names))
        }
    }

    /// Every metric, by name.
    pub fn list_metrics(&self) -> &[Metric] {
        &self.inner.metrics
    }

    /// Metrics, cut as asked: a row for each combination of dimensions and period, with numerator, denominator and value of each
    /// measure. From whoever reads for statistics alone small cells are withheld.
    ///
    /// # Errors
    /// [`WarehouseError::UnknownMetric`], [`WarehouseError::UnknownDimension`] and [`WarehouseError::MetricQuery`], which name what
    /// is allowed; [`WarehouseError::TimedOut`]; [`WarehouseError::NoRelease`].
    pub async fn metrics(&self, access: &Access, query: &MetricQuery) -> Result<MetricAnswer, WarehouseError> {
        let catalog = self.catalog()?;
        let cut = Cut::read(query, &self.inner.metrics)?;
        let session = catalog.session(access).map_err(|error| query::failed(&error))?;
        let minimum = catalog.minimum(access);
        let statements = cut.statements(catalog.as_of(), minimum);
        let rows_max = if minimum.is_some() { CELLS_MAX } else { ROWS_MAX };
        let limits = QueryLimits { rows_max, ..QueryLimits::default() };
        let run = |sql: String| {
            let session = session.clone();
            async move { query::run(session, access, &sql, limits, &self.inner.places).await }
        };
        let main = run(statements.main).await?;
        let cells = match statements.cells {
            None => None,
            Some(sql) => Some(run(sql).await?),
        };
        let (rows, truncated) = cut.finish(main, cells, minimum, ROWS_MAX)?;
        let (release, as_of) = (catalog.release.number, catalog.release.built_at);
        let result = QueryResult { schema: rows.schema(), batches: vec![rows], truncated, release, as_of };
        Ok(MetricAnswer { result, cut })
    }

    /// Whether the figures of the current release keep the [laws](crate::Law), each checked anew.
    ///
    /// # Errors
    /// [`WarehouseError::NoRelease`] before the first one.
    pub async fn check_figures(&self) -> Result<Vec<LawCheck>, WarehouseError> {
        let catalog = self.catalog()?;
        self.laws_of(&catalog).await
    }

    async fn laws_of(&self, catalog: &Catalog) -> Result<Vec<LawCheck>, WarehouseError> {
        let session = catalog.session(&Access::operation("check figures")).map_err(|error| query::failed(&error))?;
        check_laws(&self.inner.metrics, &session).await
    }

    fn open_catalog(&self, release: Release) -> Result<Arc<Catalog>, WarehouseError> {
        let inner = &self.inner;
        let (runtime, metrics) = (Arc::clone(&inner.query_runtime), Arc::clone(&inner.metrics));
        Catalog::open(&inner.lake, release, runtime, metrics, inner.smallest_cell).map(Arc::new).map_err(engine)
    }

    /// Compacts staged events, forgets all but the newest `keep` releases (at least one) and deletes the files that none
    /// of the kept ones reads. A query that runs on an older release may fail; keep two.
    pub async fn compact(&self, keep: usize) -> Result<(), WarehouseError> {
        let _writing = self.inner.writing.lock().await;
        crate::compact::merge_staged(&self.inner.lake, &self.inner.tables).await?;
        crate::compact::sweep(&self.inner.lake, &self.inner.tables, keep.max(1)).await
    }

    /// Reads every file of the current release, and tells what is not as it was when the release was put: a file that is missing,
    /// cut short or changed, a manifest in force that is not the last. Empty where all is well, or there never was a release.
    pub async fn list_faults(&self) -> Result<Vec<String>, WarehouseError> {
        let _writing = self.inner.writing.lock().await;
        let release = self.release();
        let lake = self.inner.lake.clone();
        let read = tokio::task::spawn_blocking(move || crate::sums::list_faults(&lake, release.as_ref())).await;
        read.map_err(|error| WarehouseError::table("release")(Box::new(error)))?
    }

    /// The frozen appraisals, which stand beside the lake and not in it.
    pub fn appraisals(&self) -> Appraisals {
        Appraisals::at(self.inner.lake.parent().unwrap_or(&self.inner.lake).join("appraisals"))
    }

    fn catalog(&self) -> Result<Arc<Catalog>, WarehouseError> {
        let current = self.inner.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone().ok_or(WarehouseError::NoRelease)
    }

    fn describe(&self, release: &Release, name: &str) -> TableInfo {
        let model = self.inner.models.iter().find(|model| model.name == name);
        let table = release.tables.get(name);
        TableInfo {
            name: name.to_owned(),
            description: match model {
                Some(model) => model.description.clone(),
                None => describe_input(&self.inner.codes.get(), name),
            },
            grain: model.map(|model| model.grain.clone()),
            folder: table.map_or(Folder::Open, |table| table.folder),
            rows: table.map_or(1, |table| table.rows),
            columns: table.map_or_else(this_release_columns, |table| table.columns.clone()),
        }
    }
}

fn describe_input(codes: &Codes, name: &str) -> String {
    if let Some(text) = code_tables::describe(codes, name) {
        return text;
    }
    match name {
        "dim_dates" => {
            "one row per day: financial years from April, working days Monday to Friday but for holidays".to_owned()
        }
        calendar::DISTRICT_DATES => {
            "one row per day of each district that keeps holidays of its own; elsewhere dim_dates holds".to_owned()
        }
        code_tables::SERVICE_LIMITS => {
            "one row per service and period in which one working-day limit was in force".to_owned()
        }
        staging::CROSSWALK => "one row per source key: the golden record that it stands for".to_owned(),
        relations::RELATIONS => {
            "one row per relation that a source record states, with the golden record or code at its other end: when it \
             held in the world and when the hub held it so"
                .to_owned()
        }
        relations::PERSONAL_RELATIONS => {
            "relations that tell about a person, as in bridge_relations; members of a household share to_group".to_owned()
        }
        staging::INGEST_QUALITY => {
            "rows accepted and rejected, and values left out, by source, rule and column; of a register its latest \
             snapshot, of changes and events every file"
                .to_owned()
        }
        staging::MATCH_QUALITY => "one row per entity type: what matching did and how good it is".to_owned(),
        staging::REGISTER_FILES => "one row per source system: how many files came, and when the latest did".to_owned(),
        THIS_RELEASE => "one row: the release that is read and the instant at which it judged".to_owned(),
        _ => match (name.strip_prefix("evt_"), name.strip_prefix("dim_")) {
            (Some(event), _) => {
                format!("one row per {} as a source stated it in one ingest run", event.replace('_', " "))
            }
            (_, Some(dimension)) => {
                let things = dimension.trim_end_matches("_personal").replace('_', " ");
                format!("one row per golden record of {things} and period in which its attributes held")
            }
            _ => "loaded by the hub".to_owned(),
        },
    }
}

fn engine(error: DataFusionError) -> WarehouseError {
    WarehouseError::table("release")(Box::new(error))
}

/// Makes a folder that only its owner may look into, and takes from one that is there what others were given.
fn private_folder(path: &Path) -> Result<(), WarehouseError> {
    fs::create_dir_all(path).map_err(WarehouseError::io(path))?;
    let mode = fs::metadata(path).map_err(WarehouseError::io(path))?.permissions().mode();
    let of_others = mode & 0o077;
    if of_others == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(WarehouseError::io(path))
}

/// The deployment's own holidays, where it has put a list into the lake, or else those that come with Kanak.
fn read_holidays(lake: &Path) -> Result<Holidays, WarehouseError> {
    let path = lake.join("holidays.csv");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Holidays::parse(&path.display().to_string(), &text)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Holidays::builtin()),
        Err(error) => Err(WarehouseError::io(path)(error)),
    }
}

/// Spilled rows may be personal, so they lie in the restricted folder and not in the machine's temporary one.
fn runtime(spill: &Path, memory_bytes: usize, spill_bytes: u64) -> Result<Arc<RuntimeEnv>, WarehouseError> {
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![spill.to_owned()]))
        .with_max_temp_directory_size(spill_bytes);
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(memory_bytes)))
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(engine)
}
