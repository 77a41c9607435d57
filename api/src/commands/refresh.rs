//! `kanak refresh`: the warehouse brought up to the hub.

use crate::deployment::Deployment;
use crate::jobs::refresh::refresh;
use crate::output::{Output, grouped};

/// Runs the command.
///
/// # Errors
/// When the hub cannot be read or the lake cannot be written; the former release stays.
pub async fn run(deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let release = refresh(deployment, output).await?;
    if output.json {
        output.document(&release)?;
    } else {
        let rows: Vec<Vec<String>> =
            release.tables.iter().map(|(name, table)| vec![name.clone(), grouped(table.rows)]).collect();
        output.table(&["table", "rows"], &rows);
        output.note(format!("release at feed position {}", release.feed_position));
    }
    Ok(())
}
