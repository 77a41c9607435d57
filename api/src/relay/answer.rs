//! The answering half: a server runs the commands that askers send it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use kanak_store::HubUrl;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::{Answer, Asked, socket_path};
use crate::commands::run_on;
use crate::output::{Output, Printed};
use crate::server::state::AppState;

/// The longest command that is read.
const COMMAND_BYTES_MAX: u64 = 1 << 20;

/// A socket that is listened on; it is gone when this is dropped.
pub struct Listening {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        drop(std::fs::remove_file(&self.path));
    }
}

/// Listens for the commands of whoever owns the data folder. The caller holds the folder's lock.
///
/// # Errors
/// When the socket cannot be made.
pub fn listen(state: AppState) -> anyhow::Result<Listening> {
    let path = socket_path(&state.deployment.data)?;
    // Left by a server that was killed: the lock says that no one listens there any more.
    drop(std::fs::remove_file(&path));
    let listener = UnixListener::bind(&path).with_context(|| format!("cannot listen on {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let task = tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(answer(state.clone(), stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "Cannot take a command from the local socket: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    });
    Ok(Listening { path, task })
}

async fn answer(state: AppState, stream: UnixStream) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read.take(COMMAND_BYTES_MAX));
    let mut line = String::new();
    // An asker that only looks whether someone listens says nothing.
    if !matches!(read.read_line(&mut line).await, Ok(1..)) {
        return;
    }
    let (sender, mut printed) = mpsc::unbounded_channel::<Printed>();
    let work = run(&state, &line, sender);
    let answer = async {
        let mut work = std::pin::pin!(work);
        let end = loop {
            tokio::select! {
                Some(words) = printed.recv() => send(&mut write, &Answer::Printed(words)).await?,
                end = &mut work => break end,
            }
        };
        while let Ok(words) = printed.try_recv() {
            send(&mut write, &Answer::Printed(words)).await?;
        }
        send(&mut write, &end).await
    };
    let gone = async {
        let mut byte = [0];
        // The asker has said all that it will: a byte, or the end, means that it went away.
        drop(read.read(&mut byte).await);
    };
    tokio::select! {
        // A failed send means the same as a closed connection: the asker is gone.
        _ = answer => {}
        () = gone => tracing::info!("The asker of a local command went away; the command was stopped"),
    }
}

async fn send(write: &mut tokio::net::unix::OwnedWriteHalf, answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    write.write_all(&line).await
}

/// Whether the server would do what the asker means: on the hub that was named, by what is declared now.
fn can_be_done_here(state: &AppState, asked: &Asked) -> anyhow::Result<()> {
    let deployment = &state.deployment;
    if let Some(hub) = &asked.hub {
        ensure!(
            deployment.is_hub(&HubUrl::parse(hub)?),
            "the server of this data folder works on another hub than --hub names; leave --hub out, or stop the server"
        );
    }
    if asked.command.reads_declarations() {
        ensure!(
            deployment.is_as_declared()?,
            "kanak.toml, models or sources changed since the server of this data folder started; restart it, then ask again"
        );
    }
    Ok(())
}

/// Runs one command to its end.
async fn run(state: &AppState, line: &str, sender: mpsc::UnboundedSender<Printed>) -> Answer {
    let asked: Asked = match serde_json::from_str(line) {
        Ok(asked) => asked,
        Err(error) => {
            return Answer::Refused(format!(
                "the server does not know this command ({error}); is it of the same version?"
            ));
        }
    };
    if let Err(reason) = can_be_done_here(state, &asked) {
        return Answer::Refused(format!("{reason:#}"));
    }
    let output = Output::to_asker(asked.json, asked.quiet, sender);
    let _one_at_a_time = if asked.command.is_work() { Some(state.work.lock().await) } else { None };
    match run_on(&asked.command, &state.deployment, &output).await {
        Ok(()) => Answer::Done,
        Err(error) => Answer::Refused(format!("{error:#}")),
    }
}
