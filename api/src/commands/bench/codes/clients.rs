//! Clients in a process of their own: `kanak bench codes-clients`, and how `kanak bench codes` starts it.
//!
//! What is measured and what measures share no allocator, no threads and no lock then, only the machine. Paths come on standard
//! input, one a line; what the answers took goes to standard output as one JSON line.

use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::client;
use crate::cli::BenchCodesClientsArgs;
use crate::commands::bench::{at_share, thousandths};
use crate::output::Output;

/// What one round of clients is to ask.
pub(super) struct Asked<'a> {
    /// Where the server listens.
    pub(super) address: SocketAddr,
    /// Connections that ask at once.
    pub(super) clients: u16,
    /// How long they ask.
    pub(super) seconds: u64,
    /// A file that is posted as NDJSON to each path; without one, paths are read.
    pub(super) body: Option<&'a Path>,
    /// Paths, one a line, which each client asks for in turn.
    pub(super) paths: &'a str,
}

/// What one round of clients got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Round {
    /// Answers in all.
    pub(super) answers: u64,
    /// Answers a second, of all clients together.
    pub(super) per_second: f64,
    /// What half of the answers took at most, in milliseconds.
    pub(super) p50_ms: f64,
    /// The same of 95 in 100.
    pub(super) p95_ms: f64,
    /// The same of 99 in 100.
    pub(super) p99_ms: f64,
}

impl Round {
    /// # Errors
    /// When nothing was answered.
    fn of(mut waited: Vec<Duration>, lasted: Duration) -> anyhow::Result<Self> {
        ensure!(!waited.is_empty(), "no answer came in time; ask longer (--seconds)");
        waited.sort_unstable();
        let at = |share| at_share(&waited, share).unwrap_or_default();
        Ok(Self {
            answers: waited.len() as u64,
            per_second: thousandths(waited.len() as f64 / lasted.as_secs_f64()),
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
        })
    }
}

/// Runs `bench codes-clients`.
///
/// # Errors
/// When no paths come, the server cannot be reached, or it answers another status than 200.
pub(crate) fn run(args: &BenchCodesClientsArgs, output: &Output) -> anyhow::Result<()> {
    let paths: Vec<String> = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    ensure!(!paths.is_empty(), "no path on standard input; give one a line");
    let body = args.body.as_deref().map(read_body).transpose()?;
    let requests: Vec<Vec<u8>> = paths
        .iter()
        .map(|path| match &body {
            Some(body) => client::post(path, "application/x-ndjson", body),
            None => client::get(path),
        })
        .collect();
    let begin = Instant::now();
    let until = begin + Duration::from_secs(args.seconds);
    let ask = |client: usize| client::ask(args.address, &requests, client * 7919, until);
    let waited = thread::scope(|scope| {
        let clients: Vec<_> = (0..usize::from(args.clients)).map(|client| scope.spawn(move || ask(client))).collect();
        let answers = clients.into_iter().map(|client| client.join().expect("a client does not panic"));
        answers.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let round = Round::of(waited.concat(), begin.elapsed())?;
    output.line(serde_json::to_string(&round)?);
    Ok(())
}

fn read_body(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read the body {}", file.display()))
}

/// Starts the clients, and waits for what they got. Blocks.
///
/// # Errors
/// When this binary does not start a second time, or the clients fail: with their own words.
pub(super) fn start(asked: &Asked<'_>) -> anyhow::Result<Round> {
    let mut command = Command::new(std::env::current_exe().context("this binary has no path")?);
    command.args(["bench", "codes-clients", "--address", &asked.address.to_string()]);
    command.args(["--clients", &asked.clients.to_string(), "--seconds", &asked.seconds.to_string()]);
    if let Some(body) = asked.body {
        command.arg("--body").arg(body);
    }
    let mut clients = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start the clients")?;
    let mut input = clients.stdin.take().context("the clients have no input")?;
    // Clients that have ended already say themselves why.
    let given = input.write_all(asked.paths.as_bytes());
    drop(input);
    let ended = clients.wait_with_output()?;
    ensure!(ended.status.success(), "the clients failed: {}", String::from_utf8_lossy(&ended.stderr).trim_end());
    given.context("cannot tell the clients what to ask")?;
    serde_json::from_slice(&ended.stdout).context("the clients printed something else than a figure")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_tells_the_rate_of_all_clients_and_what_most_answers_took() {
        let waited = (1..=100).rev().map(Duration::from_millis).collect();
        let round = Round::of(waited, Duration::from_secs(4)).unwrap();
        let expected = Round { answers: 100, per_second: 25.0, p50_ms: 50.0, p95_ms: 95.0, p99_ms: 99.0 };
        assert_eq!(round, expected);
        assert!(Round::of(Vec::new(), Duration::from_secs(4)).is_err());
    }
}
