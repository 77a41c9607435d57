//! `kanak sql`: the warehouse, under the caller's access.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use kanak_model::{Access, Caller, Purpose};
use kanak_store::AuditEvent;
use kanak_warehouse::QueryLimits;

use crate::cli::Global;
use crate::deployment::Deployment;
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When the statement is not one SELECT, or names something that is not there.
pub async fn run(query: &str, purpose: &str, rows_max: usize, global: &Global, output: Output) -> anyhow::Result<ExitCode> {
    let deployment = Deployment::open(global).await?;
    let purpose = Purpose::find(purpose).context("unknown purpose")?;
    let access = Access::decide(&Caller::system("command line"), purpose)?;
    if purpose == Purpose::Operation {
        let event = AuditEvent {
            actor: access.caller().name.clone(),
            action: "asked the restricted warehouse".to_owned(),
            subject: "sql".to_owned(),
            purpose: Some(purpose),
            detail: serde_json::Value::Null,
        };
        deployment.store.audit(event).await?;
    }
    let limits = QueryLimits { rows_max, timeout: Duration::from_secs(300) };
    let result = deployment.warehouse.query(&access, query, limits).await?;
    if output.json {
        output.document(&result.to_json()?)?;
    } else {
        let (header, rows) = result.to_table()?;
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        output.table(&header, &rows);
        if result.truncated {
            output.note(format!("(the first {rows_max} rows; --rows-max shows more)"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
