//! What one caller sees of one release: the tables, filtered, in a session that is made once and kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Date32Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::datasource::MemTable;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::{SessionConfig, SessionContext, col};
use kanak_codes::Day;
use kanak_model::access::Scope as AccessScope;
use kanak_model::{Access, Class, Timestamp};

use crate::calendar::days_since_epoch;
use crate::code_tables::is_code_list;
use crate::functions;
use crate::metrics::{FUNCTION, Metric, MetricFunction, OVERVIEW, SMALLEST_COUNT, WITHHELD};
use crate::parquet_table::ParquetTable;
use crate::release::{Folder, Release, ReleaseTable};
use crate::schema::{Column, ColumnType, arrow_schema};
use crate::scoped_table::{Masks, Scope, ScopedTable, masks, scope};

/// The table, one row, that says which release is read and at which instant it judged.
pub(crate) const THIS_RELEASE: &str = "this_release";
/// How many callers' sessions are kept; the oldest goes first.
const SESSIONS_MAX: usize = 64;

/// A release, opened.
pub(crate) struct Catalog {
    pub(crate) release: Release,
    tables: BTreeMap<String, (Folder, Arc<dyn TableProvider>)>,
    runtime: Arc<RuntimeEnv>,
    metrics: Arc<[Metric]>,
    smallest_cell: u32,
    sessions: Mutex<Vec<KeptSession>>,
}

struct KeptSession {
    scope: AccessScope,
    session: SessionContext,
}

impl Catalog {
    /// Opens a release below `lake`, an absolute path. Reads nothing but what it was given.
    pub(crate) fn open(
        lake: &Path,
        release: Release,
        runtime: Arc<RuntimeEnv>,
        metrics: Arc<[Metric]>,
        smallest_cell: u32,
    ) -> Result<Self> {
        let mut tables: BTreeMap<String, (Folder, Arc<dyn TableProvider>)> = BTreeMap::new();
        for (name, table) in &release.tables {
            tables.insert(name.clone(), (table.folder, provider(lake, table)?));
        }
        let moment = this_release(release.number, release.feed_position, release.built_at)?;
        tables.insert(THIS_RELEASE.to_owned(), (Folder::Open, moment));
        Ok(Self { release, tables, runtime, metrics, smallest_cell, sessions: Mutex::default() })
    }

    /// The session of callers with this access. Nobody can change it, so that they share it.
    pub(crate) fn session(&self, access: &Access) -> Result<SessionContext> {
        let mut kept = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = kept.iter().find(|one| one.scope == *access.scope()) {
            return Ok(one.session.clone());
        }
        let visible = self.visible(access);
        let session = functions::confine(new_session(visible.clone(), &self.runtime)?)?;
        let metric = MetricFunction {
            metrics: Arc::clone(&self.metrics),
            session: functions::confine(new_session(visible, &self.runtime)?)?,
            as_of: self.as_of(),
            minimum: self.minimum(access),
        };
        session.register_udtf(FUNCTION, Arc::new(metric));
        if kept.len() == SESSIONS_MAX {
            kept.remove(0);
        }
        kept.push(KeptSession { scope: access.scope().clone(), session: session.clone() });
        Ok(session)
    }

    /// The day of the release.
    pub(crate) fn as_of(&self) -> Day {
        Day::from_days(days_since_epoch(self.release.built_at.day_ist()))
    }

    /// The minimum below which an access is told no number of things: of those that read figures alone, and no person.
    pub(crate) fn minimum(&self, access: &Access) -> Option<u32> {
        (!access.shows(Class::Personal)).then_some(self.smallest_cell)
    }

    /// What is withheld of the headline figures from an access.
    fn small_figures(&self, access: &Access, table: &Arc<dyn TableProvider>) -> Option<BTreeMap<String, Expr>> {
        let minimum = f64::from(self.minimum(access)?);
        // A release from before figures told how small they are tells none.
        let is_told = match table.schema().column_with_name(SMALLEST_COUNT) {
            None => lit(false),
            Some(_) => {
                let smallest = || col(SMALLEST_COUNT);
                smallest().is_null().or(smallest().eq(lit(0.0))).or(smallest().gt_eq(lit(minimum)))
            }
        };
        let columns = WITHHELD.into_iter().filter(|name| table.schema().column_with_name(name).is_some());
        Some(columns.map(|name| (name.to_owned(), is_told.clone())).collect())
    }

    /// The tables of an access. A restricted table that a place cannot be told of is left out for a caller who is
    /// confined to one; an open one holds no person and stays. Where values are withheld, so is a restricted table that does not tell
    /// which register states them.
    fn visible(&self, access: &Access) -> Vec<(String, Arc<dyn TableProvider>)> {
        let mut visible: Vec<(String, Arc<dyn TableProvider>)> = Vec::new();
        for (name, (folder, table)) in &self.tables {
            if *folder == Folder::Restricted && !access.shows(Class::Personal) {
                continue;
            }
            let table = Arc::clone(table);
            let is_restricted = *folder == Folder::Restricted;
            let masks = match masks(access, &table.schema()) {
                Masks::None => None,
                Masks::Columns(masks) => Some(masks),
                Masks::Unknown if is_restricted => continue,
                Masks::Unknown => None,
            };
            let policy = match scope(access.filter(), &table.schema()) {
                Scope::All => None,
                Scope::Where(policy) if has_places(name, &table) || is_restricted || masks.is_some() => Some(policy),
                // Rows of golden records that cannot be told apart are nobody's.
                Scope::Unknown if is_restricted || (masks.is_some() && access.receipts().is_some()) => continue,
                Scope::Where(_) | Scope::Unknown => None,
            };
            let masks = if name == OVERVIEW { self.small_figures(access, &table).or(masks) } else { masks };
            let table: Arc<dyn TableProvider> = match (policy, masks) {
                (None, None) => table,
                (policy, masks) => {
                    Arc::new(ScopedTable::new(table, policy.unwrap_or_else(|| lit(true)), masks.unwrap_or_default()))
                }
            };
            visible.push((name.clone(), table));
        }
        visible
    }

    /// The names of the tables of an access.
    pub(crate) fn table_names(&self, access: &Access) -> Vec<String> {
        self.visible(access).into_iter().map(|(name, _)| name).collect()
    }
}

/// Whether rows of a table belong to a district. Code lists name districts, but are everybody's.
fn has_places(name: &str, table: &Arc<dyn TableProvider>) -> bool {
    !is_code_list(name) && table.schema().column_with_name("district").is_some()
}

/// A table of a release for a session.
pub(crate) fn provider(lake: &Path, table: &ReleaseTable) -> Result<Arc<dyn TableProvider>> {
    Ok(Arc::new(ParquetTable::new(lake, table)?))
}

/// The columns of [`THIS_RELEASE`].
pub(crate) fn this_release_columns() -> Vec<Column> {
    [
        ("release", ColumnType::Integer),
        ("feed_position", ColumnType::Integer),
        ("as_of", ColumnType::Timestamp),
        ("as_of_on", ColumnType::Day),
    ]
    .map(|(name, kind)| Column { name: name.to_owned(), kind })
    .to_vec()
}

/// The table [`THIS_RELEASE`].
pub(crate) fn this_release(number: u64, feed_position: i64, as_of: Timestamp) -> Result<Arc<dyn TableProvider>> {
    let schema = arrow_schema(&this_release_columns());
    let row = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(Int64Array::from(vec![number.cast_signed()])),
            Arc::new(Int64Array::from(vec![feed_position])),
            Arc::new(TimestampMicrosecondArray::from(vec![as_of.0]).with_timezone("UTC")),
            Arc::new(Date32Array::from(vec![days_since_epoch(as_of.day_ist())])),
        ],
    )?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![row]])?))
}

/// A session over some tables and nothing else: it knows no files, formats or other catalogs by name.
pub(crate) fn new_session(
    tables: impl IntoIterator<Item = (String, Arc<dyn TableProvider>)>,
    runtime: &Arc<RuntimeEnv>,
) -> Result<SessionContext> {
    let schema = Arc::new(MemorySchemaProvider::new());
    for (name, table) in tables {
        schema.register_table(name, table)?;
    }
    let catalog = Arc::new(MemoryCatalogProvider::new());
    catalog.register_schema("lake", schema)?;
    let config = SessionConfig::new()
        .with_default_catalog_and_schema("kanak", "lake")
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true);
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(Arc::clone(runtime))
        .build();
    let session = SessionContext::new_with_state(state);
    if session.register_catalog("kanak", catalog).is_some() {
        return Err(DataFusionError::Internal("a fresh session has a catalog already".to_owned()));
    }
    Ok(session)
}
