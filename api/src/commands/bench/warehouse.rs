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
use super::{milliseconds, remove, scratch, thousandths};
use crate::cli::BenchWarehouseArgs;
use crate::output::Output;

/// Runs the command, in a folder that is removed afterwards.
///
/// # Errors
/// When a stage fails, or a peer answers otherwise.
pub(super) async fn run(args: &BenchWarehouseArgs, output: &Output) -> anyhow::Result<()> {
    let folder = scratch(args.dir.as_deref());
    let done = Box::pin(measure_all(args, &folder, output)).await;
    remove(&folder)?;
    done
}

async fn measure_all(args: &BenchWarehouseArgs, folder: &Path, output: &Output) -> anyhow::Result<()> {
    let mut first: Option<(u64, Duration)> = None;
    for rows in &args.rows {
        let lake = folder.join(format!("lake-{rows}"));
        let p95 = Box::pin(measure(args, *rows, &lake, output)).await?;
        remove(&lake)?;
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
    super::print(output, "warehouse", (case, rows), figures);
}

fn seconds(lasted: Duration) -> f64 {
    thousandths(lasted.as_secs_f64())
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
