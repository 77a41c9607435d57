//! Guarded SQL: one statement that reads, within limits of length, nesting, rows, bytes and time.
//!
//! Left-deep chains (`1-1-1-...`) cost a caller two letters a level, and the engine walks, drops and evaluates trees by
//! recursion. So a statement is short, its chaining words are counted before it is parsed, and its plan is measured
//! before it is optimized. What it may call is in [`crate::functions`].

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::TableReference;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as Sql;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use futures::StreamExt;
use kanak_model::toml_text::choices;
use kanak_model::{Access, Purpose, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::error::WarehouseError;
use crate::functions;

/// The longest statement, in bytes.
const STATEMENT_BYTES_MAX: usize = 16 << 10;
/// How many words and signs that can chain (operators, AND, UNION, JOIN ...) a statement may have.
const CHAINING_MAX: usize = 500;
/// How many nodes a plan may have, each counted as often as it is reached: a name defined once and used twice doubles
/// what is below it.
const PLAN_NODES_MAX: usize = 1_000;
/// How deep a plan may be.
const PLAN_DEPTH_MAX: usize = 100;
/// What the rows of a caller's query may weigh. The hub's own work reads whole tables and has no such limit.
pub(crate) const RESULT_BYTES_MAX: usize = 64 << 20;
/// How many queries run at a time; the others wait, within their own time limits.
pub(crate) const QUERIES_AT_ONCE: usize = 4;

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

/// The columns of a result, its rows, and whether there were more.
pub(crate) type Collected = (SchemaRef, Vec<RecordBatch>, bool);

/// Plans and runs one statement of a caller within limits, or refuses it.
///
/// Planning computes for long stretches without giving way, so it has a thread of its own; the caller is answered when
/// the time is over whatever that thread is doing, and its place among the running queries stays taken until it ends.
pub(crate) async fn answer(
    session: SessionContext,
    access: &Access,
    sql: &str,
    limits: QueryLimits,
    places: &Arc<Semaphore>,
) -> Result<Collected, WarehouseError> {
    check_size(sql)?;
    run(session, access, sql, limits, places).await
}

/// Plans and runs one statement within limits: a caller's, which [`answer`] has measured, or one that the house made.
pub(crate) async fn run(
    session: SessionContext,
    access: &Access,
    sql: &str,
    limits: QueryLimits,
    places: &Arc<Semaphore>,
) -> Result<Collected, WarehouseError> {
    let bytes_max = if access.purpose() == Purpose::Operation { usize::MAX } else { RESULT_BYTES_MAX };
    let plans = if access.scope().is_whole() { Plans::Shown } else { Plans::Hidden };
    let (sql, places) = (sql.to_owned(), Arc::clone(places));
    // A set ends its tasks when it is dropped: when the time is over, or when nobody waits for the answer any more.
    let mut running = JoinSet::new();
    running.spawn(async move {
        let place = places.acquire_owned().await.map_err(|error| stopped(&error.to_string()))?;
        let handle = Handle::current();
        let planning = tokio::task::spawn_blocking(move || {
            let started = handle.block_on(start(&session, plans, &sql));
            started.map(|stream| (stream, place))
        });
        let (stream, place): (SendableRecordBatchStream, OwnedSemaphorePermit) =
            planning.await.map_err(|_| stopped("it cannot be planned"))??;
        let collected = collect(stream, limits.rows_max, bytes_max).await;
        drop(place);
        collected
    });
    match tokio::time::timeout(Duration::from_millis(limits.timeout_ms), running.join_next()).await {
        Ok(Some(Ok(answer))) => answer,
        Ok(_) => Err(stopped("the engine gave up on it")),
        Err(_) => Err(WarehouseError::TimedOut { timeout_ms: limits.timeout_ms }),
    }
}

fn stopped(message: &str) -> WarehouseError {
    WarehouseError::Query { message: message.to_owned() }
}

async fn start(session: &SessionContext, plans: Plans, sql: &str) -> Result<SendableRecordBatchStream, WarehouseError> {
    let plan = plan(session, plans, sql).await?;
    let frame = session.execute_logical_plan(plan).await.map_err(|error| failed(&error))?;
    frame.execute_stream().await.map_err(|error| failed(&error))
}

/// Refuses a statement that is too long to be parsed safely, or chains too much.
fn check_size(sql: &str) -> Result<(), WarehouseError> {
    if sql.len() > STATEMENT_BYTES_MAX {
        let message = format!(
            "the statement has {} bytes and {STATEMENT_BYTES_MAX} are allowed; shorten it, or ask in several",
            sql.len()
        );
        return Err(WarehouseError::Query { message });
    }
    // What cannot be cut into tokens cannot be parsed either; the parser says so better.
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap_or_default();
    let chaining = tokens.iter().filter(|token| chains(token)).count();
    if chaining > CHAINING_MAX {
        let message = format!(
            "the statement has {chaining} operators and joining words and {CHAINING_MAX} are allowed; write `IN (...)` \
             for a list of values, or ask in several statements"
        );
        return Err(WarehouseError::Query { message });
    }
    Ok(())
}

/// Whether a token can stand in a chain that is as deep as it is long. Brackets and words within them nest too, but the
/// parser itself bounds those.
fn chains(token: &Token) -> bool {
    match token {
        Token::EOF
        | Token::Number(..)
        | Token::Char(_)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::Comma
        | Token::Whitespace(_)
        | Token::Period
        | Token::SemiColon
        | Token::LParen
        | Token::RParen => false,
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::XOR
                | Keyword::IS
                | Keyword::NOTNULL
                | Keyword::IN
                | Keyword::BETWEEN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::RLIKE
                | Keyword::REGEXP
                | Keyword::SIMILAR
                | Keyword::DIV
                | Keyword::COLLATE
                | Keyword::AT
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
                | Keyword::MINUS
                | Keyword::JOIN
                | Keyword::PIVOT
                | Keyword::UNPIVOT
        ),
        _ => true,
    }
}

/// Whether a caller may have a plan explained: it counts rows and names values that are hidden from some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plans {
    Shown,
    Hidden,
}

/// Plans one statement of a caller, or refuses it.
async fn plan(session: &SessionContext, plans: Plans, sql: &str) -> Result<LogicalPlan, WarehouseError> {
    let state = session.state();
    let dialect = state.config_options().sql_parser.dialect;
    let statement = state.sql_to_statement(sql, &dialect).map_err(|error| failed(&error))?;
    check_kind(&statement)?;
    let named = state.resolve_table_references(&statement).map_err(|error| failed(&error))?;
    check_tables(&state, &named)?;
    let plan = state.statement_to_plan(statement).await.map_err(|error| failed(&error))?;
    let reads_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    reads_only.verify_plan(&plan).map_err(|error| WarehouseError::Refused { reason: error.strip_backtrace() })?;
    if plans == Plans::Hidden && explains(&plan) {
        return Err(WarehouseError::Refused {
            reason: "EXPLAIN counts rows of every district; ask someone who may see the whole state".to_owned(),
        });
    }
    measure(&plan, 1, 1, &mut 0)?;
    Ok(plan)
}

/// Refuses a plan that is too large or too deep to be optimized and run safely, or that joins texts that it joined
/// before, which multiplies their length at each level. Goes no deeper than it allows.
fn measure(node: &LogicalPlan, depth: usize, above: usize, nodes: &mut usize) -> Result<(), WarehouseError> {
    *nodes += 1;
    if *nodes > PLAN_NODES_MAX || depth > PLAN_DEPTH_MAX {
        let message = format!(
            "the statement joins and nests too much: at most {PLAN_NODES_MAX} steps, {PLAN_DEPTH_MAX} deep; ask in \
             several statements"
        );
        return Err(WarehouseError::Query { message });
    }
    let growth = above.saturating_mul(functions::growth(node));
    if growth > functions::GROWTH_MAX {
        let message = "the statement joins texts that it joined before, which makes them too long; join them once";
        return Err(WarehouseError::Query { message: message.to_owned() });
    }
    for input in node.inputs() {
        measure(input, depth + 1, growth, nodes)?;
    }
    for subquery in subqueries(node) {
        measure(&subquery, depth + 1, growth, nodes)?;
    }
    Ok(())
}

/// The plans of the subqueries in a node's expressions.
fn subqueries(node: &LogicalPlan) -> Vec<Arc<LogicalPlan>> {
    let mut found = Vec::new();
    for expression in node.expressions() {
        let walked = expression.apply(|part| {
            match part {
                Expr::ScalarSubquery(one) => found.push(Arc::clone(&one.subquery)),
                Expr::Exists(one) => found.push(Arc::clone(&one.subquery.subquery)),
                Expr::InSubquery(one) => found.push(Arc::clone(&one.subquery.subquery)),
                Expr::SetComparison(one) => found.push(Arc::clone(&one.subquery.subquery)),
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        });
        walked.expect("the walk returns no error");
    }
    found
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
        let is_function = table.schema().is_none() && state.table_functions().contains_key(table.table());
        if !known && !is_described && !is_function {
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

/// The rows of a stream, as many and as heavy as is allowed.
pub(crate) async fn collect(
    mut stream: SendableRecordBatchStream,
    rows_max: usize,
    bytes_max: usize,
) -> Result<Collected, WarehouseError> {
    let schema = plain_schema(&stream.schema());
    let mut batches = Vec::new();
    let (mut rows_left, mut bytes_left) = (rows_max, bytes_max);
    while let Some(batch) = stream.next().await {
        let batch = batch.and_then(|batch| plain(&batch, &schema)).map_err(|error| failed(&error))?;
        let is_last = batch.num_rows() > rows_left;
        let batch = if is_last { batch.slice(0, rows_left) } else { batch };
        let bytes = weight(&batch).map_err(|error| failed(&error))?;
        if bytes > bytes_left {
            let message = format!("its rows weigh more than {bytes_max} bytes; ask for fewer columns or rows");
            return Err(WarehouseError::Query { message });
        }
        rows_left -= batch.num_rows();
        bytes_left -= bytes;
        if batch.num_rows() > 0 || is_last {
            batches.push(batch);
        }
        if is_last {
            return Ok((schema, batches, true));
        }
    }
    Ok((schema, batches, false))
}

/// The bytes of a batch's own rows, whatever larger buffers they are a part of.
fn weight(batch: &RecordBatch) -> Result<usize, DataFusionError> {
    let mut bytes: usize = 0;
    for column in batch.columns() {
        bytes = bytes.saturating_add(column.to_data().get_slice_memory_size()?);
    }
    Ok(bytes)
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
