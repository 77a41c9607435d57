//! Whether the server lives, whether it can answer, and what it has done.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use kanak_store::{HubCounts, Store, StoreError};
use tokio::sync::Mutex;

use crate::jobs::code_currency::list_currency;
use crate::jobs::freshness;
use crate::server::code_gauges;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// How long counts are kept: they read every row of the hub.
const COUNTS_KEPT: Duration = Duration::from_secs(30);

/// The hub's counts, read at most every thirty seconds and by one request at a time.
#[derive(Debug, Default)]
pub struct CountsKept {
    kept: Mutex<Option<(Instant, Arc<HubCounts>)>>,
}

impl CountsKept {
    /// The counts, not older than thirty seconds.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub async fn get(&self, store: &Store) -> Result<Arc<HubCounts>, StoreError> {
        let mut kept = self.kept.lock().await;
        match kept.as_ref() {
            Some((at, counts)) if at.elapsed() < COUNTS_KEPT => Ok(Arc::clone(counts)),
            _ => {
                let counts = Arc::new(store.counts().await?);
                *kept = Some((Instant::now(), Arc::clone(&counts)));
                Ok(counts)
            }
        }
    }
}

/// It lives.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "The process lives", body = String)))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// It can answer: the hub can be read and the warehouse has a release.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses((status = 200, description = "Requests can be answered", body = String), (status = 503, description = "Not yet", body = Problem)))]
pub async fn readyz(State(state): State<AppState>) -> Response {
    if state.deployment.store.feed_position().await.is_err() {
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the hub cannot be read").into_response();
    }
    if state.deployment.warehouse.release().is_none() {
        let detail = "the warehouse has no release yet; run `kanak refresh`";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response();
    }
    "ok\n".into_response()
}

/// Counters in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses((status = 200, description = "Counters", body = String)))]
pub async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, Problem> {
    let counts = state.counts.get(&state.deployment.store).await.map_err(Problem::internal)?;
    let mut text = state.telemetry.to_prometheus();
    text.push_str("# HELP kanak_golden_records Live golden records.\n# TYPE kanak_golden_records gauge\n");
    for (entity, count) in &counts.golden_records {
        let _ = writeln!(text, "kanak_golden_records{{entity=\"{entity}\"}} {count}");
    }
    text.push_str("# HELP kanak_steward_tasks_open Steward tasks that wait.\n# TYPE kanak_steward_tasks_open gauge\n");
    let _ = writeln!(text, "kanak_steward_tasks_open {}", counts.open_tasks.values().sum::<u64>());
    text.push_str("# HELP kanak_resolver_lease Whether this server resolves and delivers for its hub.\n# TYPE kanak_resolver_lease gauge\n");
    let _ = writeln!(text, "kanak_resolver_lease {}", u8::from(state.lease.borrow().is_some()));
    let currency = list_currency(&state.deployment).await.map_err(Problem::internal)?;
    text.push_str(&code_gauges::to_prometheus(&currency));
    let tables = freshness::of_tables(&state.deployment).await.map_err(Problem::internal)?;
    text.push_str("# HELP kanak_table_behind_seconds For how long a table of this server's warehouse may have lacked what the hub holds.\n");
    text.push_str("# TYPE kanak_table_behind_seconds gauge\n");
    for table in &tables {
        let _ = writeln!(text, "kanak_table_behind_seconds{{table=\"{}\"}} {}", table.table, table.behind_seconds);
    }
    text.push_str("# HELP kanak_table_freshness How that stands to its promise: 0 kept, 1 a warning, 2 an error.\n");
    text.push_str("# TYPE kanak_table_freshness gauge\n");
    for table in &tables {
        let _ = writeln!(text, "kanak_table_freshness{{table=\"{}\"}} {}", table.table, table.kept as u8);
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}
