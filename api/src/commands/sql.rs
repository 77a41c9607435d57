//! `kanak sql`: the warehouse, under the caller's access.

use anyhow::Context as _;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use kanak_model::{Access, Caller, Purpose};
use kanak_store::AuditEvent;
use kanak_warehouse::{QueryLimits, QueryResult, rows_json};

use crate::deployment::Deployment;
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When the statement is not one SELECT, or names something that is not there.
pub async fn run(
    query: &str,
    purpose: &str,
    rows_max: usize,
    deployment: &Deployment,
    output: &Output,
) -> anyhow::Result<()> {
    let purpose = Purpose::find(purpose).context("unknown purpose")?;
    let access = Access::decide(&Caller::system("command line"), purpose)?;
    if purpose == Purpose::Operation {
        deployment.store.audit(AuditEvent::read(&access, "asked the restricted warehouse", "sql".to_owned())).await?;
    }
    let limits = QueryLimits { rows_max, timeout_ms: 300_000 };
    let result = deployment.warehouse.query(&access, query, limits).await?;
    if output.json {
        output.document(&rows_json(&result))?;
    } else {
        let header: Vec<&str> = result.schema.fields().iter().map(|field| field.name().as_str()).collect();
        output.table(&header, &texts(&result)?);
        if result.truncated {
            output.note(format!("(the first {rows_max} rows; --rows-max shows more)"));
        }
    }
    Ok(())
}

/// The rows as texts, column by column as the header names them.
fn texts(result: &QueryResult) -> anyhow::Result<Vec<Vec<String>>> {
    let options = FormatOptions::default();
    let mut rows = Vec::with_capacity(result.num_rows());
    for batch in &result.batches {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<_, _>>()?;
        rows.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|column| column.value(row).to_string()).collect()),
        );
    }
    Ok(rows)
}
