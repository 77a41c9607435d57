//! Guarded SQL: one statement that reads, a row limit, a time limit.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::TableReference;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as Sql;
use futures::StreamExt;
use kanak_model::Timestamp;
use kanak_model::access::Filter;
use kanak_model::toml_text::choices;

use crate::error::WarehouseError;

/// What one query may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryLimits {
    /// At most so many rows come back; one more and the result says that it is truncated.
    pub rows_max: usize,
    /// After so many milliseconds the query is given up.
    pub timeout_ms: u64,
}

impl Default for QueryLimits {
    /// 10,000 rows and 30 seconds.
    fn default() -> Self {
        Self { rows_max: 10_000, timeout_ms: 30_000 }
    }
}

/// The rows of a query.
#[derive(Debug, Clone)]
pub struct QueryResult {
    /// Names and types of the columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// Whether there are more rows than were allowed.
    pub truncated: bool,
    /// The release that was read.
    pub release: u64,
    /// How fresh that release is: when it judged what is pending.
    pub as_of: Timestamp,
}

impl QueryResult {
    /// How many rows came back.
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

pub(crate) fn failed(error: &DataFusionError) -> WarehouseError {
    WarehouseError::Query { message: error.strip_backtrace() }
}

/// Plans one statement of a caller, or refuses it.
pub(crate) async fn plan(session: &SessionContext, filter: &Filter, sql: &str) -> Result<LogicalPlan, WarehouseError> {
    let state = session.state();
    let dialect = state.config_options().sql_parser.dialect;
    let statement = state.sql_to_statement(sql, &dialect).map_err(|error| failed(&error))?;
    check_kind(&statement)?;
    let named = state.resolve_table_references(&statement).map_err(|error| failed(&error))?;
    check_tables(&state, &named)?;
    let plan = state.statement_to_plan(statement).await.map_err(|error| failed(&error))?;
    let reads_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    reads_only.verify_plan(&plan).map_err(|error| WarehouseError::Refused { reason: error.strip_backtrace() })?;
    if *filter != Filter::Everything && explains(&plan) {
        return Err(WarehouseError::Refused {
            reason: "EXPLAIN counts rows of every district; ask someone who may see the whole state".to_owned(),
        });
    }
    Ok(plan)
}

fn check_kind(statement: &Statement) -> Result<(), WarehouseError> {
    match statement {
        Statement::Explain(_) => Ok(()),
        Statement::Statement(inner)
            if matches!(**inner, Sql::Query(_) | Sql::Explain { .. } | Sql::ShowTables { .. }) =>
        {
            Ok(())
        }
        other => {
            let text = other.to_string();
            let verb = text.split_whitespace().next().unwrap_or("this").to_ascii_uppercase();
            Err(WarehouseError::Refused { reason: format!("{verb} is not a query") })
        }
    }
}

fn explains(plan: &LogicalPlan) -> bool {
    let mut found = false;
    let visit = plan.apply(|node| {
        found |= matches!(node, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_));
        Ok(TreeNodeRecursion::Continue)
    });
    found || visit.is_err()
}

fn check_tables(state: &SessionState, named: &[TableReference]) -> Result<(), WarehouseError> {
    for table in named {
        let is_described = table.schema() == Some("information_schema");
        let schema = state.schema_for_ref(table.clone());
        let known = schema.as_ref().is_ok_and(|schema| schema.table_exist(table.table()));
        if !known && !is_described {
            let names =
                state.schema_for_ref(TableReference::bare("")).map(|schema| schema.table_names()).unwrap_or_default();
            return Err(unknown_table(table.table(), names));
        }
    }
    Ok(())
}

pub(crate) fn unknown_table(name: &str, mut names: Vec<String>) -> WarehouseError {
    names.sort();
    WarehouseError::UnknownTable { name: name.to_owned(), known: choices(names.iter().map(String::as_str)) }
}

/// Runs a plan within limits: `(columns, rows, whether there were more)`.
pub(crate) async fn run(
    session: &SessionContext,
    plan: LogicalPlan,
    limits: QueryLimits,
) -> Result<(SchemaRef, Vec<RecordBatch>, bool), WarehouseError> {
    let collecting = collect(session, plan, limits.rows_max);
    match tokio::time::timeout(Duration::from_millis(limits.timeout_ms), collecting).await {
        Ok(collected) => collected.map_err(|error| failed(&error)),
        Err(_) => Err(WarehouseError::TimedOut { timeout_ms: limits.timeout_ms }),
    }
}

async fn collect(
    session: &SessionContext,
    plan: LogicalPlan,
    rows_max: usize,
) -> Result<(SchemaRef, Vec<RecordBatch>, bool), DataFusionError> {
    let mut stream = session.execute_logical_plan(plan).await?.execute_stream().await?;
    let schema = plain_schema(&stream.schema());
    let mut batches = Vec::new();
    let mut left = rows_max;
    while let Some(batch) = stream.next().await {
        let batch = plain(&batch?, &schema)?;
        if batch.num_rows() > left {
            batches.push(batch.slice(0, left));
            return Ok((schema, batches, true));
        }
        left -= batch.num_rows();
        if batch.num_rows() > 0 {
            batches.push(batch);
        }
    }
    Ok((schema, batches, false))
}

/// Results carry text as plain UTF-8, whatever the engine used.
fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View | DataType::LargeUtf8 => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(array, field)| cast(array, field.data_type()))
        .collect::<Result<Vec<_>, _>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}
