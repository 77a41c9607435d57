//! `metric('timeliness', 'district')`: a metric as a table of SQL.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::datasource::{MemTable, TableType};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use kanak_codes::Day;

use crate::error::WarehouseError;
use crate::metrics::answer::CELLS_MAX;
use crate::metrics::cut::{Cut, refused};
use crate::metrics::{Metric, MetricQuery};
use crate::query::{self, Collected, RESULT_BYTES_MAX};

/// Its name in SQL.
pub(crate) const FUNCTION: &str = "metric";

/// The function for callers of one access: the name of a metric, then the dimensions and the grain that it is cut by.
pub(crate) struct MetricFunction {
    /// The metrics.
    pub(crate) metrics: Arc<[Metric]>,
    /// The caller's tables, and nothing else.
    pub(crate) session: SessionContext,
    /// The day of the release.
    pub(crate) as_of: Day,
    /// The minimum below which the caller is told no number of things.
    pub(crate) minimum: Option<u32>,
}

impl fmt::Debug for MetricFunction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MetricFunction").field("as_of", &self.as_of).finish_non_exhaustive()
    }
}

fn planned(error: &WarehouseError) -> DataFusionError {
    DataFusionError::Plan(error.to_string())
}

/// The texts of the arguments.
fn words(arguments: &[Expr]) -> Result<Vec<String>> {
    let word = |argument: &Expr| match argument {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
        _ => None,
    };
    let words = arguments.iter().map(word).collect::<Option<Vec<String>>>();
    words.filter(|words| !words.is_empty()).ok_or_else(|| {
        DataFusionError::Plan(format!(
            "`{FUNCTION}` takes texts: the name of a metric, then what it is cut by, as in {FUNCTION}('timeliness', 'district')"
        ))
    })
}

impl TableFunctionImpl for MetricFunction {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        let words = words(args.exprs())?;
        let query = MetricQuery { by: words[1..].to_vec(), ..MetricQuery::of(&words[0]) };
        let cut = Cut::read(&query, &self.metrics).map_err(|error| planned(&error))?;
        let session = self.session.clone();
        Ok(Arc::new(MetricTable { schema: cut.schema(), cut, session, as_of: self.as_of, minimum: self.minimum }))
    }
}

/// A metric, cut, as a table that is made when it is read.
struct MetricTable {
    cut: Cut,
    schema: SchemaRef,
    session: SessionContext,
    as_of: Day,
    minimum: Option<u32>,
}

impl fmt::Debug for MetricTable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MetricTable").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl MetricTable {
    async fn run(&self, sql: &str) -> Result<Collected> {
        let stream = self.session.sql(sql).await?.execute_stream().await?;
        query::collect(stream, CELLS_MAX, RESULT_BYTES_MAX).await.map_err(|error| planned(&error))
    }
}

#[async_trait]
impl TableProvider for MetricTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let statements = self.cut.statements(self.as_of, self.minimum);
        let main = self.run(&statements.main).await?;
        let cells = match &statements.cells {
            None => None,
            Some(sql) => Some(self.run(sql).await?),
        };
        let finished = self.cut.finish(main, cells, self.minimum, CELLS_MAX).map_err(|error| planned(&error))?;
        if finished.1 {
            let message = format!("it has more than {CELLS_MAX} rows; cut it by fewer dimensions");
            return Err(planned(&refused(message)));
        }
        let rows = MemTable::try_new(Arc::clone(&self.schema), vec![vec![finished.0]])?;
        rows.scan(state, projection, filters, limit).await
    }
}
