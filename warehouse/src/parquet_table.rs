//! A table of a release as DataFusion reads it: a plain Parquet scan over the pinned file list.
//!
//! Delta's own scan declares neither an order nor exact row counts. This one does, so that sorted reads need no sort,
//! counts need no read, and joins build on their small side.

use std::path::Path;
use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectMeta;

use crate::release::ReleaseTable;
use crate::schema::arrow_schema;

/// A table pinned to its files.
#[derive(Debug)]
pub(crate) struct ParquetTable {
    schema: SchemaRef,
    files: Vec<PartitionedFile>,
    rows: usize,
    sorted_by: Vec<String>,
}

impl ParquetTable {
    /// The table of a release below `lake`, an absolute path.
    pub(crate) fn new(lake: &Path, table: &ReleaseTable) -> Result<Self> {
        let files = table
            .files
            .iter()
            .map(|file| {
                let location = object_store::path::Path::from_absolute_path(lake.join(&file.path))?;
                // The name of a file is never used twice, so that one time serves all of them.
                let last_modified = chrono::DateTime::UNIX_EPOCH;
                let meta = ObjectMeta { location, last_modified, size: file.bytes, e_tag: None, version: None };
                Ok(PartitionedFile::new_from_meta(meta))
            })
            .collect::<Result<Vec<_>>>()?;
        // Rows are sorted within a file; several files say nothing about their order.
        let sorted_by = if files.len() == 1 { table.sorted_by.clone() } else { Vec::new() };
        let rows = usize::try_from(table.rows).unwrap_or(usize::MAX);
        Ok(Self { schema: read_schema(&arrow_schema(&table.columns)), files, rows, sorted_by })
    }

    fn ordering(&self) -> Result<Vec<LexOrdering>> {
        let options = SortOptions { descending: false, nulls_first: true };
        let columns = self
            .sorted_by
            .iter()
            .map(|name| Ok(PhysicalSortExpr::new(col(name, &self.schema)?, options)))
            .collect::<Result<Vec<_>>>()?;
        Ok(LexOrdering::new(columns).into_iter().collect())
    }
}

/// Text is read as views, which need no copy.
fn read_schema(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => Arc::new(Field::new(field.name(), DataType::Utf8View, true)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[async_trait]
impl TableProvider for ParquetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if self.files.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema.project(columns)?),
                None => self.schema(),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let url = ObjectStoreUrl::local_filesystem();
        let store = state.runtime_env().object_store(&url)?;
        let footers = state.runtime_env().cache_manager.get_file_metadata_cache();
        let source = ParquetSource::new(self.schema())
            .with_table_parquet_options(state.table_options().parquet.clone())
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(store, footers)));
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Exact(self.rows);
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_group(FileGroup::new(self.files.clone()))
            .with_statistics(statistics)
            .with_output_ordering(self.ordering()?)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
