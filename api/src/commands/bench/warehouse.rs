//! `kanak bench warehouse`: made-up events loaded and built, then asked as dashboards and analysts ask, then changed.

mod adhoc;
mod batches;
mod chance;
mod changes;
mod dashboard;
mod load;
mod made;
mod peer;
mod statements;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use kanak_model::Access;
use serde_json::json;

use self::load::Loaded;
use self::peer::Peer;
use super::{load as load_average, thousandths};
use crate::cli::BenchWarehouseArgs;
use crate::output::Output;

/// Runs the command, in a folder that is removed afterwards.
///
/// # Errors
/// When a stage fails, or a peer answers otherwise.
pub(super) async fn run(args: &BenchWarehouseArgs, output: &Output) -> anyhow::Result<()> {
    let folder =
        args.dir.clone().unwrap_or_else(std::env::temp_dir).join(format!("kanak-bench-{}", std::process::id()));
    let done = Box::pin(measure_all(args, &folder, output)).await;
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    done
}

async fn measure_all(args: &BenchWarehouseArgs, folder: &Path, output: &Output) -> anyhow::Result<()> {
    let mut first: Option<(u64, Duration)> = None;
    for rows in &args.rows {
        let lake = folder.join(format!("lake-{rows}"));
        let p95 = Box::pin(measure(args, *rows, &lake, output)).await?;
        std::fs::remove_dir_all(&lake).with_context(|| format!("cannot remove {}", lake.display()))?;
        match first {
            None => first = Some((*rows, p95)),
            Some((from_rows, from)) => {
                let ratio = thousandths(p95.as_secs_f64() / from.as_secs_f64());
                print(output, "metric_slope", *rows, json!({ "from_rows": from_rows, "p95_ratio": ratio }));
            }
        }
    }
    Ok(())
}

/// All figures of one size; returns the time within which nineteen in twenty questions of dashboards were answered.
async fn measure(args: &BenchWarehouseArgs, rows: u64, lake: &Path, output: &Output) -> anyhow::Result<Duration> {
    std::fs::create_dir_all(lake).with_context(|| format!("cannot make {}", lake.display()))?;
    let lake = lake.canonicalize()?;
    let access = Access::operation("bench");
    let loaded = Box::pin(Loaded::load(&lake, rows, args.golden, args.seed, output)).await?;
    let p95 = dashboard::measure(&loaded, &access, args.questions, args.seed, output).await?;
    let peer = match args.peer.as_slice() {
        [python, script] => Some(Peer { python: python.clone(), script: script.clone() }),
        _ => None,
    };
    Box::pin(statements::measure(&loaded, &access, &lake, peer.as_ref(), output)).await?;
    Box::pin(changes::measure(&loaded, &access, args.changes, output)).await?;
    Ok(p95)
}

/// Prints a figure. `rows` is the number of service applications.
fn print(output: &Output, case: &str, rows: u64, figures: serde_json::Value) {
    let mut line = json!({ "bench": "warehouse", "case": case, "rows": rows, "load": load_average() });
    if let (Some(line), serde_json::Value::Object(figures)) = (line.as_object_mut(), figures) {
        line.extend(figures);
    }
    output.line(line.to_string());
}

/// What so many of the sorted times are within.
fn middle(sorted: &[Duration], share: f64) -> Duration {
    let place = (sorted.len().saturating_sub(1)) as f64 * share;
    sorted.get(place as usize).copied().unwrap_or_default()
}

fn seconds(lasted: Duration) -> f64 {
    thousandths(lasted.as_secs_f64())
}

fn milliseconds(waited: Duration) -> f64 {
    thousandths(waited.as_secs_f64() * 1_000.0)
}

/// The most memory that this process has had in RAM since it began or since [`reset_peak`]; `None` where the system does not tell.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1_024)
}

/// Forgets the peak so far. Where the system refuses, peaks are those since the process began.
fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").ok();
}
