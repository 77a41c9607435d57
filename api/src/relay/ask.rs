//! The asking half: the command line, when a server owns the data folder.

use std::path::Path;

use anyhow::{Context as _, bail};
use kanak_store::HubUrl;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::{Answer, Asked};
use crate::cli::DataCommand;
use crate::output::Output;

/// Has the server run a command, and prints what it prints.
///
/// # Errors
/// The command's own refusal, or that the server went away before it was done.
pub async fn ask(socket: &Path, command: DataCommand, hub: Option<&str>, output: &Output) -> anyhow::Result<()> {
    let command = command.with_absolute_paths().context("cannot tell the current folder")?;
    let hub = hub.map(with_absolute_path).transpose()?;
    let asked = Asked { command, hub, json: output.json, quiet: output.quiet };
    let stream = UnixStream::connect(socket)
        .await
        .with_context(|| format!("the server of this data folder does not answer on {}", socket.display()))?;
    let (read, mut write) = stream.into_split();
    write.write_all(format!("{}\n", serde_json::to_string(&asked)?).as_bytes()).await?;
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line).context("the server answers in words of another version")? {
            Answer::Printed(printed) => printed.write(),
            Answer::Done => return Ok(()),
            Answer::Refused(reason) => bail!("{reason}"),
        }
    }
    bail!("the server stopped before the command was done; nothing is half-done: ask again when it runs")
}

/// A hub's address that means the same in a process that stands in another folder.
fn with_absolute_path(hub: &str) -> anyhow::Result<String> {
    Ok(match HubUrl::parse(hub)? {
        HubUrl::Sqlite(path) => std::path::absolute(path)?.to_string_lossy().into_owned(),
        HubUrl::Postgres(_) => hub.to_owned(),
    })
}
