//! `kanak bench`: figures on a made-up state, one JSON line each.

mod codes;
mod hub;
mod warehouse;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use crate::cli::{BenchCommand, Global};
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When a stage fails.
pub async fn run(command: &BenchCommand, global: &Global, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        BenchCommand::Hub(args) => hub::run(args, global, output).await?,
        BenchCommand::Codes(args) => Box::pin(codes::run(args, global, output)).await?,
        BenchCommand::CodesClients(args) => codes::clients::run(args, output)?,
        BenchCommand::Warehouse(args) => Box::pin(warehouse::run(args, output)).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// One figure: what many callers waited for, and how many were answered a second.
struct Figure {
    bench: &'static str,
    case: &'static str,
    /// How many golden records there are.
    rows: u64,
    clients: usize,
    waited: Vec<Duration>,
    lasted: Duration,
}

impl Figure {
    fn print(mut self, output: &Output) {
        self.waited.sort_unstable();
        let per_second = self.waited.len() as f64 / self.lasted.as_secs_f64();
        let at = |share: f64| at_share(&self.waited, share);
        let line = json!({
            "bench": self.bench, "case": self.case, "rows": self.rows, "clients": self.clients,
            "calls": self.waited.len(), "per_second": per_second.round(),
            "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99), "load": load(),
        });
        output.line(line.to_string());
    }
}

/// Prints a figure of another shape than [`Figure`]'s.
fn print(output: &Output, bench: &str, (case, rows): (&str, u64), figures: serde_json::Value) {
    let mut line = json!({ "bench": bench, "case": case, "rows": rows, "load": load() });
    if let (Some(line), serde_json::Value::Object(figures)) = (line.as_object_mut(), figures) {
        line.extend(figures);
    }
    output.line(line.to_string());
}

/// A folder of this process below `dir`, or among temporary files. Whoever fills it removes it with [`remove`].
fn scratch(dir: Option<&Path>) -> PathBuf {
    dir.map_or_else(std::env::temp_dir, Path::to_path_buf).join(format!("kanak-bench-{}", std::process::id()))
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// What a share of the answers waited for at most; of sorted waits, none when there are none.
fn within(sorted: &[Duration], share: f64) -> Option<Duration> {
    sorted.get((sorted.len().saturating_sub(1) as f64 * share) as usize).copied()
}

/// The same in milliseconds.
fn at_share(sorted: &[Duration], share: f64) -> Option<f64> {
    within(sorted, share).map(milliseconds)
}

fn milliseconds(waited: Duration) -> f64 {
    thousandths(waited.as_secs_f64() * 1_000.0)
}

/// The middle of some figures, or half-way between the two in the middle; not a number when there are none.
fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(middle)) {
        (_, None) => f64::NAN,
        (1, Some(figure)) => *figure,
        (_, Some(figure)) => f64::midpoint(sorted[middle - 1], *figure),
    }
}

fn thousandths(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

/// The machine's load over the last minute: figures are to be compared at the same one.
fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_one_whatever_the_order_or_half_way_between_two() {
        for (figures, expected) in [(vec![3.0, 1.0, 90.0], 3.0), (vec![4.0, 1.0, 2.0, 90.0], 3.0), (vec![7.0], 7.0)] {
            assert!((median(&figures) - expected).abs() < 1e-12, "{figures:?}");
        }
        assert!(median(&[]).is_nan());
    }
}
