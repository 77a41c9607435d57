//! Codes over HTTP: this process serves, another one asks. A lookup takes turns with a handler that returns a constant behind the same
//! layers, and what is compared are neighbours: a machine that gets slower meanwhile slows both.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use axum::http::{HeaderValue, header};
use axum::routing::get;
use kanak_codes::{CodeSystem, Codes, Language};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::clients::{self, Asked, Round};
use super::{SYSTEM, print, shuffled};
use crate::cli::{BenchCodesArgs, Global};
use crate::commands::bench::{median, thousandths};
use crate::deployment::Deployment;
use crate::output::Output;
use crate::server::listen;
use crate::server::router::{beside_codes, router_with};
use crate::server::state::{AppState, Cookies};
use crate::v1::code_systems::answered::tag_of;
use crate::v1::code_systems::write::write_concept;

/// Codes of one batch.
const BATCH: usize = 10_000;
/// Where the constant is served.
const CONSTANT: &str = "/bench/constant";
/// How many different codes are looked up.
const ASKED_MAX: usize = 100_000;

/// Serves a new data folder below `folder`, and measures what the clients get.
///
/// # Errors
/// When the folder cannot be served, or the clients fail.
pub(super) async fn run(
    args: &BenchCodesArgs,
    global: &Global,
    folder: &Path,
    codes: &Codes,
    output: &Output,
) -> anyhow::Result<()> {
    let global = Global { data: folder.join("data"), hub: global.hub.clone(), json: false, quiet: true };
    let mut state = AppState::new(Deployment::open(&global).await?, Cookies::Loopback);
    // One client asks for all.
    state.public_rate = None;
    let system = codes.get_system(SYSTEM)?;
    let asked: Vec<String> = shuffled(system);
    let constant = constant(system, &asked)?;
    let route = get(move || std::future::ready((constant.0.clone(), constant.1.clone())));
    let router = router_with(&state, beside_codes(CONSTANT, route));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(listen::serve(listener, router, async move { drop(stopped.await) }));

    let paths: String =
        asked.iter().take(ASKED_MAX).map(|code| format!("/v1/code-systems/{SYSTEM}/codes/{code}\n")).collect();
    let constant = Side::new("http_constant", CONSTANT.to_owned(), args.clients);
    let lookup = Side::new("http_lookup", paths, args.clients);
    beside(args, address, [constant, lookup], system.len(), output).await?;

    let lines: String = asked.iter().take(BATCH).map(|code| format!("\"{code}\"\n")).collect();
    let body = folder.join("batch.ndjson");
    std::fs::write(&body, lines).with_context(|| format!("cannot write {}", body.display()))?;
    let mut side = Side::new("http_validate_batch", format!("/v1/code-systems/{SYSTEM}/validate"), 1);
    side.body = Some(body);
    for _ in 0..args.rounds {
        side.run(args.seconds, address).await?;
    }
    side.print(output, BATCH);
    let per_second = side.median(|round| round.per_second) * BATCH as f64;
    print(output, "http_validate_codes", BATCH, json!({ "per_second": per_second.round() }));
    stop.send(()).ok();
    server.await?;
    state.deployment.store.close().await;
    Ok(())
}

/// Lets a constant and lookups take turns, and prints both and the median of what one is to the other, neighbour by neighbour.
async fn beside(
    args: &BenchCodesArgs,
    address: SocketAddr,
    mut sides: [Side; 2],
    rows: usize,
    output: &Output,
) -> anyhow::Result<()> {
    for round in 0..args.rounds {
        // Each goes first as often as the other.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for side in order {
            sides[side].run(args.seconds, address).await?;
        }
    }
    let [constant, lookup] = &sides;
    let ratios: Vec<f64> =
        constant.rounds.iter().zip(&lookup.rounds).map(|(peer, own)| own.per_second / peer.per_second).collect();
    constant.print(output, rows);
    lookup.print(output, rows);
    let per_second = |side: &Side| side.median(|round| round.per_second).round();
    let figures = json!({
        "per_second": per_second(lookup), "peer": "constant", "peer_per_second": per_second(constant),
        "ratio": thousandths(median(&ratios)),
        "ratios": ratios.iter().map(|ratio| thousandths(*ratio)).collect::<Vec<_>>(),
    });
    print(output, "http_lookup_to_constant", rows, figures);
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

/// One kind of request, and what its clients got in each round.
struct Side {
    case: &'static str,
    paths: Arc<String>,
    body: Option<PathBuf>,
    clients: u16,
    rounds: Vec<Round>,
}

impl Side {
    fn new(case: &'static str, paths: String, clients: u16) -> Self {
        Self { case, paths: Arc::new(paths), body: None, clients, rounds: Vec::new() }
    }

    async fn run(&mut self, seconds: u64, address: SocketAddr) -> anyhow::Result<()> {
        let (paths, body, clients) = (Arc::clone(&self.paths), self.body.clone(), self.clients);
        let round = tokio::task::spawn_blocking(move || {
            clients::start(&Asked { address, clients, seconds, body: body.as_deref(), paths: &paths })
        });
        self.rounds.push(round.await??);
        Ok(())
    }

    fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        median(&self.rounds.iter().map(figure).collect::<Vec<_>>())
    }

    /// Prints the medians of the rounds.
    fn print(&self, output: &Output, rows: usize) {
        let ms = |figure: fn(&Round) -> f64| thousandths(self.median(figure));
        let figures = json!({
            "clients": self.clients, "rounds": self.rounds.len(),
            "calls": self.rounds.iter().map(|round| round.answers).sum::<u64>(),
            "per_second": self.median(|round| round.per_second).round(),
            "p50_ms": ms(|round| round.p50_ms), "p95_ms": ms(|round| round.p95_ms), "p99_ms": ms(|round| round.p99_ms),
        });
        print(output, self.case, rows, figures);
    }
}
