//! `kanak bench codes`: codes looked up, judged and searched in process, and over HTTP beside a handler that returns a constant.

mod client;

use std::hint::black_box;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use axum::http::{HeaderValue, header};
use axum::routing::get;
use kanak_codes::{CodeSystem, Codes, Concept, Language, Subsumption};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{Figure, load};
use crate::cli::{BenchCodesArgs, Global};
use crate::deployment::Deployment;
use crate::output::Output;
use crate::server::listen;
use crate::server::router::{beside_codes, router_with};
use crate::server::state::{AppState, Cookies};
use crate::v1::code_systems::answered::tag_of;
use crate::v1::code_systems::write::write_concept;

/// The code system with the most codes.
const SYSTEM: &str = "ifsc";
/// Codes of one batch.
const BATCH: usize = 10_000;
/// Where the constant is served.
const CONSTANT: &str = "/bench/constant";
/// In-process figures are the best of so many runs.
const RUNS: usize = 5;

/// Runs the command.
///
/// # Errors
/// When the codes do not read or a server cannot be reached.
pub(super) async fn run(args: &BenchCodesArgs, global: &Global, output: &Output) -> anyhow::Result<()> {
    let codes = load_all(output)?;
    in_process(&codes, output)?;
    let folder =
        args.dir.clone().unwrap_or_else(std::env::temp_dir).join(format!("kanak-bench-{}", std::process::id()));
    let global = Global { data: folder.join("data"), hub: global.hub.clone(), json: false, quiet: true };
    let done = Box::pin(over_http(args, &global, &codes, output)).await;
    remove(&folder)?;
    done
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}

fn print(output: &Output, case: &str, rows: usize, figures: serde_json::Value) {
    let mut line = json!({ "bench": "codes", "case": case, "rows": rows, "load": load() });
    if let (Some(line), serde_json::Value::Object(figures)) = (line.as_object_mut(), figures) {
        line.extend(figures);
    }
    output.line(line.to_string());
}

/// Reads every table, with what stands in memory then.
fn load_all(output: &Output) -> anyhow::Result<Codes> {
    let begin = Instant::now();
    let codes = Codes::builtin()?;
    let bytes: usize = codes.systems().map(CodeSystem::table_bytes).sum();
    let rows = codes.systems().map(CodeSystem::len).sum();
    let seconds = begin.elapsed().as_secs_f64();
    print(output, "load", rows, json!({ "ms": (seconds * 1_000.0).round(), "bytes": bytes }));
    Ok(codes)
}

fn in_process(codes: &Codes, output: &Output) -> anyhow::Result<()> {
    let system = codes.get_system(SYSTEM)?;
    let all = shuffled(system);
    let rows = system.len();
    rate(output, "lookup", rows, all.len(), || all.iter().filter(|code| system.lookup(code).is_some()).count());
    let nic = codes.get_system("nic")?;
    let tree = nic.hierarchy().context("industries have no hierarchy")?;
    let concepts: Vec<Concept<'_>> = nic.concepts().collect();
    let pairs: Vec<_> = (0..1 << 20)
        .map(|at: usize| (concepts[at * 7 % concepts.len()], concepts[at * 131 % concepts.len()]))
        .collect();
    rate(output, "subsumes_handles", nic.len(), pairs.len(), || {
        pairs.iter().filter(|(a, b)| tree.subsumes(*a, *b) == Subsumption::Subsumes).count()
    });
    let begun: Vec<String> = all.iter().step_by(331).map(|code| code[..7].to_owned()).collect();
    drop(system.search("state", 1));
    waits(output, "prefix", rows, &begun, |text| system.search(text, 10).len());
    let slipped: Vec<String> = system.concepts().step_by(331).filter_map(|concept| slip(concept.display())).collect();
    waits(output, "search_one_slip", rows, &slipped, |text| system.search(text, 10).len());
    Ok(())
}

/// Every code once, in an order that the memory of the machine does not like.
fn shuffled(system: &CodeSystem) -> Vec<String> {
    let mut codes: Vec<String> = system.concepts().map(|concept| concept.code().to_owned()).collect();
    let mut state = 1u64;
    for at in (1..codes.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        codes.swap(at, (state >> 33) as usize % (at + 1));
    }
    codes
}

/// The longest word of a name with two letters swapped.
fn slip(name: &str) -> Option<String> {
    let words = name.split(|letter: char| !letter.is_ascii_alphabetic());
    let word = words.max_by_key(|word| word.len()).filter(|word| word.len() >= 6)?;
    let mut letters = word.as_bytes().to_vec();
    letters.swap(2, 3);
    String::from_utf8(letters).ok()
}

fn rate(output: &Output, case: &str, rows: usize, calls: usize, mut run: impl FnMut() -> usize) {
    let timed = (0..RUNS).map(|_| {
        let begin = Instant::now();
        black_box(run());
        begin.elapsed()
    });
    let best = timed.min().unwrap_or_default().as_secs_f64();
    print(output, case, rows, json!({ "calls": calls, "per_second": (calls as f64 / best).round() }));
}

fn waits(output: &Output, case: &'static str, rows: usize, texts: &[String], mut run: impl FnMut(&str) -> usize) {
    let begin = Instant::now();
    let timed = texts.iter().map(|text| {
        let begin = Instant::now();
        black_box(run(text));
        begin.elapsed()
    });
    let waited = timed.collect();
    let lasted = begin.elapsed();
    Figure { bench: "codes", case, rows: rows as u64, clients: 1, waited, lasted }.print(output);
}

async fn over_http(args: &BenchCodesArgs, global: &Global, codes: &Codes, output: &Output) -> anyhow::Result<()> {
    let mut state = AppState::new(Deployment::open(global).await?, Cookies::Loopback);
    // One client asks for all.
    state.public_rate = None;
    let system = codes.get_system(SYSTEM)?;
    let rows = system.len();
    let asked: Vec<String> = shuffled(system);
    let constant = constant(system, &asked)?;
    let route = get(move || std::future::ready((constant.0.clone(), constant.1.clone())));
    let router = router_with(&state, beside_codes(CONSTANT, route));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(listen::serve(listener, router, async move { drop(stopped.await) }));

    let constants = Arc::new(vec![client::get(CONSTANT)]);
    let path = |code: &String| client::get(&format!("/v1/code-systems/{SYSTEM}/codes/{code}"));
    let lookups = Arc::new(asked.iter().take(100_000).map(path).collect::<Vec<_>>());
    let mut sides = [Side::new("http_constant", constants), Side::new("http_lookup", lookups)];
    for _ in 0..args.rounds {
        for side in &mut sides {
            side.run(args, address).await?;
        }
    }
    let [peer, own] = sides.map(|side| side.print(output, rows));
    let ratio = (own / peer * 1_000.0).round() / 1_000.0;
    print(
        output,
        "http_lookup_to_constant",
        rows,
        json!({ "per_second": own.round(), "peer": "constant", "peer_per_second": peer.round(), "ratio": ratio }),
    );

    let lines: String = asked.iter().take(BATCH).map(|code| format!("\"{code}\"\n")).collect();
    let path = format!("/v1/code-systems/{SYSTEM}/validate");
    let batches = Arc::new(vec![client::post(&path, "application/x-ndjson", &lines)]);
    let one = BenchCodesArgs { clients: 1, dir: None, ..*args };
    let mut side = Side::new("http_validate_batch", batches);
    for _ in 0..args.rounds {
        side.run(&one, address).await?;
    }
    let batches = side.print(output, BATCH);
    let per_second = (batches * BATCH as f64).round();
    print(output, "http_validate_codes", BATCH, json!({ "per_second": per_second }));
    stop.send(()).ok();
    server.await?;
    state.deployment.store.close().await;
    Ok(())
}

/// Headers of an answer.
type Headers = [(header::HeaderName, HeaderValue); 3];

/// What a lookup answers of a code whose answer is of middle size, headers and all.
fn constant(system: &CodeSystem, asked: &[String]) -> anyhow::Result<(Headers, Vec<u8>)> {
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for concept in asked.iter().step_by(1_000).filter_map(|code| system.lookup(code)) {
        let mut body = Vec::new();
        write_concept(&mut body, system.as_of(None), concept, Language::En);
        bodies.push(body);
    }
    ensure!(!bodies.is_empty(), "{SYSTEM} has no codes");
    bodies.sort_by_key(Vec::len);
    let body = bodies.swap_remove(bodies.len() / 2);
    let headers = [
        (header::ETAG, HeaderValue::from_str(&tag_of(system.as_of(None)))?),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ];
    Ok((headers, body))
}

/// One kind of request, and what its callers waited for over all runs.
struct Side {
    case: &'static str,
    requests: Arc<Vec<Vec<u8>>>,
    clients: usize,
    waited: Vec<Duration>,
    lasted: Duration,
}

impl Side {
    fn new(case: &'static str, requests: Arc<Vec<Vec<u8>>>) -> Self {
        Self { case, requests, clients: 0, waited: Vec::new(), lasted: Duration::ZERO }
    }

    async fn run(&mut self, args: &BenchCodesArgs, address: SocketAddr) -> anyhow::Result<()> {
        let begin = Instant::now();
        let until = begin + Duration::from_secs(args.seconds);
        self.clients = usize::from(args.clients);
        let clients: Vec<_> = (0..self.clients)
            .map(|client| {
                let requests = Arc::clone(&self.requests);
                tokio::task::spawn_blocking(move || client::ask(address, &requests, client * 7919, until))
            })
            .collect();
        for client in clients {
            self.waited.extend(client.await??);
        }
        self.lasted += begin.elapsed();
        Ok(())
    }

    /// Prints the figure, and returns how many were answered a second.
    fn print(self, output: &Output, rows: usize) -> f64 {
        let per_second = self.waited.len() as f64 / self.lasted.as_secs_f64();
        let Self { case, clients, waited, lasted, .. } = self;
        Figure { bench: "codes", case, rows: rows as u64, clients, waited, lasted }.print(output);
        per_second
    }
}
