//! The Delta tables of the lake: the one place that writes them.
//!
//! Each commit carries the fingerprint of its content as a Delta application transaction, or the ingest run that it
//! appends. Both are read back from the log itself, so that a write repeated after a crash is seen to be one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionConfig;
use deltalake::delta_datafusion::planner::DeltaPlanner;
use deltalake::kernel::Transaction;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::operations::write::{SchemaMode, WriteBuilder};
use deltalake::protocol::SaveMode;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tokio::sync::Mutex;
use url::Url;

use crate::error::WarehouseError;
use crate::release::{DataFile, Folder, ReleaseTable};
use crate::schema::{columns_of, fingerprint};

/// The application whose transactions carry the fingerprint of a table's content.
const CONTENT: &str = "kanak.content";
/// Rows of a row group: large enough to compress, small enough for two cores to share a file.
const ROW_GROUP_ROWS: usize = 131_072;
/// Rows of a page: what a selective filter reads at least.
const PAGE_ROWS: usize = 20_000;

/// The tables below one lake.
pub(crate) struct DeltaTables {
    lake: PathBuf,
    writer: SessionState,
    /// Tables that were opened, at the newest version this process knows.
    open: Mutex<HashMap<(Folder, String), DeltaTable>>,
}

/// The name under which a table remembers that it has a run's rows.
fn run_name(ingest_run: i64) -> String {
    format!("kanak.ingest_run.{ingest_run}")
}

impl DeltaTables {
    /// The tables below `lake`, which is an absolute path.
    pub(crate) fn new(lake: &Path, runtime: Arc<RuntimeEnv>) -> Self {
        // One partition: a sorted stream stays sorted, and a small table is one file.
        let config = SessionConfig::new().with_target_partitions(1);
        let writer = SessionStateBuilder::new()
            .with_default_features()
            .with_config(config)
            .with_runtime_env(runtime)
            .with_query_planner(DeltaPlanner::new())
            .build();
        Self { lake: lake.to_owned(), writer, open: Mutex::default() }
    }

    /// Replaces the content of a table by a batch, unless that is its content already. Says whether it wrote.
    pub(crate) async fn replace(
        &self,
        table: &str,
        folder: Folder,
        batch: RecordBatch,
    ) -> Result<bool, WarehouseError> {
        let mark = fingerprint(&batch)
            .map_err(|error| WarehouseError::Batch { table: table.to_owned(), message: error.to_string() })?;
        let delta = self.open(table, folder).await?;
        if transaction(table, &delta, CONTENT).await? == Some(mark) {
            return Ok(false);
        }
        let write = overwrite(delta.write([batch])).with_commit_properties(marked(CONTENT, mark));
        self.commit(table, folder, write).await?;
        Ok(true)
    }

    /// Replaces the content of a table by the rows of a query, as a stream.
    pub(crate) async fn replace_with_plan(
        &self,
        table: &str,
        folder: Folder,
        plan: LogicalPlan,
    ) -> Result<(), WarehouseError> {
        let delta = self.open(table, folder).await?;
        let plan = self.in_order(table, plan).await?;
        self.commit(table, folder, overwrite(delta.write([])).with_input_plan(plan)).await
    }

    /// The rows of a query in the order that it gives them. What writes them asks for no order, so that an optimizer which sees both at
    /// once takes the sorting away.
    async fn in_order(&self, table: &str, plan: LogicalPlan) -> Result<LogicalPlan, WarehouseError> {
        let fail = |error: DataFusionError| WarehouseError::table(table)(Box::new(error));
        let plan = self.writer.create_physical_plan(&plan).await.map_err(fail)?;
        let rows = InOrder { schema: plan.schema(), plan };
        let rows = StreamingTable::try_new(Arc::clone(&rows.schema), vec![Arc::new(rows)]).map_err(fail)?;
        let scan = LogicalPlanBuilder::scan(table, provider_as_source(Arc::new(rows)), None);
        scan.and_then(LogicalPlanBuilder::build).map_err(fail)
    }

    /// Appends the rows of a run, unless they are there already. Says whether it wrote.
    pub(crate) async fn append_once(
        &self,
        table: &str,
        folder: Folder,
        ingest_run: i64,
        batches: Vec<RecordBatch>,
    ) -> Result<bool, WarehouseError> {
        let run = run_name(ingest_run);
        let delta = self.open(table, folder).await?;
        if transaction(table, &delta, &run).await?.is_some() {
            return Ok(false);
        }
        let write = delta
            .write(batches)
            .with_save_mode(SaveMode::Append)
            .with_schema_mode(SchemaMode::Merge)
            .with_commit_properties(marked(&run, 1));
        self.commit(table, folder, write).await?;
        Ok(true)
    }

    /// Whether the rows of a run are there.
    pub(crate) async fn has_run(&self, table: &str, folder: Folder, ingest_run: i64) -> Result<bool, WarehouseError> {
        let delta = self.open(table, folder).await?;
        Ok(transaction(table, &delta, &run_name(ingest_run)).await?.is_some())
    }

    /// Whether a table has been written.
    pub(crate) async fn exists(&self, table: &str, folder: Folder) -> Result<bool, WarehouseError> {
        Ok(self.open(table, folder).await?.version().is_some())
    }

    /// A table as it stands, to be pinned by a release. `None` when it was never written.
    pub(crate) async fn find_snapshot(
        &self,
        table: &str,
        folder: Folder,
    ) -> Result<Option<ReleaseTable>, WarehouseError> {
        let delta = self.open(table, folder).await?;
        if delta.version().is_none() {
            return Ok(None);
        }
        let fail = |error: DeltaTableError| WarehouseError::table(table)(Box::new(error));
        let state = delta.snapshot().map_err(fail)?;
        let files: Vec<DataFile> = state
            .log_data()
            .iter()
            .map(|file| DataFile {
                path: folder.relative(table).join(file.object_store_path().as_ref()).to_string_lossy().into_owned(),
                bytes: file.size().unsigned_abs(),
                rows: file.num_records().unwrap_or_default() as u64,
            })
            .collect();
        let mark = transaction(table, &delta, CONTENT).await?.unwrap_or_default();
        Ok(Some(ReleaseTable {
            folder,
            version: state.version(),
            rows: files.iter().map(|file| file.rows).sum(),
            columns: columns_of(table, &state.snapshot().arrow_schema())?,
            sorted_by: Vec::new(),
            fingerprint: mark,
            files,
        }))
    }

    /// The table, opened at its newest version or, where it does not exist, ready to be created.
    pub(crate) async fn open(&self, table: &str, folder: Folder) -> Result<DeltaTable, WarehouseError> {
        if let Some(delta) = self.open.lock().await.get(&(folder, table.to_owned())) {
            return Ok(delta.clone());
        }
        let path = self.lake.join(folder.relative(table));
        std::fs::create_dir_all(&path).map_err(WarehouseError::io(&path))?;
        let fail = |error: DeltaTableError| WarehouseError::table(table)(Box::new(error));
        let url = Url::from_directory_path(&path)
            .map_err(|()| WarehouseError::io(&path)(std::io::Error::other("the lake's path is not absolute")))?;
        let mut delta = DeltaTableBuilder::from_url(url).and_then(DeltaTableBuilder::build).map_err(fail)?;
        match delta.load().await {
            Ok(()) | Err(DeltaTableError::NotATable(_)) => {}
            Err(error) => return Err(fail(error)),
        }
        self.open.lock().await.insert((folder, table.to_owned()), delta.clone());
        Ok(delta)
    }

    /// Keeps the newest state of a table that was changed.
    async fn keep(&self, table: &str, folder: Folder, delta: DeltaTable) {
        self.open.lock().await.insert((folder, table.to_owned()), delta);
    }

    /// Adds to a table the columns of an empty batch that it lacks; its rows are null there. Says whether it wrote.
    pub(crate) async fn widen(&self, table: &str, folder: Folder, empty: RecordBatch) -> Result<bool, WarehouseError> {
        let Some(held) = self.find_snapshot(table, folder).await? else { return Ok(false) };
        let lacks = |name: &String| !held.columns.iter().any(|column| column.name == *name);
        if !empty.schema().fields().iter().any(|field| lacks(field.name())) {
            return Ok(false);
        }
        let delta = self.open(table, folder).await?;
        let write = delta.write([empty]).with_save_mode(SaveMode::Append).with_schema_mode(SchemaMode::Merge);
        self.commit(table, folder, write).await?;
        Ok(true)
    }

    /// Writes the many small files of a table as few. Says whether it did.
    pub(crate) async fn merge_files(
        &self,
        table: &str,
        folder: Folder,
        files_max: usize,
    ) -> Result<bool, WarehouseError> {
        let fail = |error: DeltaTableError| WarehouseError::table(table)(Box::new(error));
        let delta = self.open(table, folder).await?;
        if delta.version().is_none() || delta.snapshot().map_err(fail)?.log_data().num_files() <= files_max {
            return Ok(false);
        }
        let (delta, _) = delta.optimize().await.map_err(fail)?;
        self.keep(table, folder, delta).await;
        Ok(true)
    }

    /// Removes a table with its files and its log from a folder where it no longer belongs.
    pub(crate) async fn remove(&self, table: &str, folder: Folder) -> Result<(), WarehouseError> {
        self.open.lock().await.remove(&(folder, table.to_owned()));
        let path = self.lake.join(folder.relative(table));
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(WarehouseError::io(path)(error)),
            _ => Ok(()),
        }
    }

    async fn commit(&self, table: &str, folder: Folder, write: WriteBuilder) -> Result<(), WarehouseError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).expect("3 is a level of zstd")))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_statistics_enabled(EnabledStatistics::Page)
            .build();
        let written = write
            .with_writer_properties(properties)
            .with_session_state(Arc::new(self.writer.clone()))
            .await
            .map_err(|error| WarehouseError::table(table)(Box::new(error)))?;
        self.keep(table, folder, written).await;
        Ok(())
    }
}

/// A query that was planned, as rows that nobody looks into.
#[derive(Debug)]
struct InOrder {
    schema: SchemaRef,
    plan: Arc<dyn ExecutionPlan>,
}

impl PartitionStream for InOrder {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        execute_stream(Arc::clone(&self.plan), context).unwrap_or_else(|error| {
            let failed = futures::stream::once(async { Err(error) });
            Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), failed))
        })
    }
}

fn overwrite(write: WriteBuilder) -> WriteBuilder {
    write.with_save_mode(SaveMode::Overwrite).with_schema_mode(SchemaMode::Overwrite)
}

fn marked(application: &str, version: i64) -> CommitProperties {
    CommitProperties::default().with_application_transaction(Transaction::new(application, version))
}

/// The version that an application last wrote to a table.
async fn transaction(table: &str, delta: &DeltaTable, application: &str) -> Result<Option<i64>, WarehouseError> {
    if delta.version().is_none() {
        return Ok(None);
    }
    let fail = |error: DeltaTableError| WarehouseError::table(table)(Box::new(error));
    let store = delta.log_store();
    delta.snapshot().map_err(fail)?.transaction_version(store.as_ref(), application).await.map_err(fail)
}
