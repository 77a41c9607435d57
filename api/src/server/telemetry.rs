//! Counters for `/metrics` in the Prometheus text format: requests by route and status, and their seconds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use crate::server::state::AppState;

/// Upper bounds of the histogram's buckets, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// What was served since the start.
#[derive(Debug, Default)]
pub struct Telemetry {
    routes: Mutex<BTreeMap<(String, String, u16), Served>>,
}

#[derive(Debug, Default, Clone)]
struct Served {
    count: u64,
    seconds: f64,
    buckets: [u64; BUCKETS.len()],
}

impl Telemetry {
    /// Counts one answer.
    pub fn count(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let served = routes.entry((method.to_owned(), route.to_owned(), status)).or_default();
        served.count += 1;
        served.seconds += seconds;
        for (bucket, bound) in served.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= bound);
        }
    }

    /// All counters as text.
    pub fn to_prometheus(&self) -> String {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::from("# HELP kanak_http_request_seconds Time from request to answer.\n");
        text.push_str("# TYPE kanak_http_request_seconds histogram\n");
        for ((method, route, status), served) in &routes {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            for (count, bound) in served.buckets.iter().zip(BUCKETS) {
                let _ = writeln!(text, "kanak_http_request_seconds_bucket{{{labels},le=\"{bound}\"}} {count}");
            }
            let _ = writeln!(text, "kanak_http_request_seconds_bucket{{{labels},le=\"+Inf\"}} {}", served.count);
            let _ = writeln!(text, "kanak_http_request_seconds_sum{{{labels}}} {}", served.seconds);
            let _ = writeln!(text, "kanak_http_request_seconds_count{{{labels}}} {}", served.count);
        }
        text
    }
}

/// A method's own name where it is one of HTTP's, so that nobody makes labels at will.
fn method_label(method: &Method) -> &'static str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    const NAMES: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.iter().position(|known| known == method).map_or("other", |place| NAMES[place])
}

/// Measures every request by its route (never by its path, which may hold a key) and logs it.
pub async fn measure(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method_label(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let seconds = started.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    state.telemetry.count(method, &route, status, seconds);
    tracing::info!(method, route, status, seconds, "Answered {method} {route} with {status} in {seconds:.4} s");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_answer_counts_only_in_the_buckets_it_fits() {
        let telemetry = Telemetry::default();
        telemetry.count("GET", "/x", 200, 0.02);
        telemetry.count("GET", "/x", 200, 9.0);
        let text = telemetry.to_prometheus();
        assert!(text.contains("status=\"200\",le=\"0.01\"} 0"));
        assert!(text.contains("status=\"200\",le=\"0.025\"} 1"));
        assert!(text.contains("le=\"+Inf\"} 2"));
        assert!(text.contains("_count{method=\"GET\",route=\"/x\",status=\"200\"} 2"));
    }

    #[test]
    fn a_made_up_method_makes_no_label_of_its_own() {
        assert_eq!(method_label(&Method::GET), "GET");
        assert_eq!(method_label(&Method::from_bytes(b"X1F9").unwrap()), "other");
    }
}
