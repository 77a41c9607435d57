//! How many reads of personal data a second a hub records: `audit [READS] [READERS] [HUB]`, 100,000 reads by 256 readers
//! into a temporary `SQLite` file by default. Each reader asks for its next golden record only when its last read is
//! durable. Prints reads a second and how long a reader waited.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, run by hand")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use kanak_model::{Access, GoldenId, SystemClock};
use kanak_store::{HubUrl, Store};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let reads: usize = arguments.next().map_or(100_000, |text| text.parse().unwrap());
    let readers: usize = arguments.next().map_or(256, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let url = arguments.next().unwrap_or_else(|| dir.path().join("hub.sqlite").display().to_string());
    let store = Store::open(&HubUrl::parse(&url).unwrap(), Arc::new(SystemClock)).await.unwrap();

    let begin = Instant::now();
    let tasks: Vec<_> = (0..readers)
        .map(|reader| {
            let store = store.clone();
            tokio::spawn(async move {
                let access = Access::operation("bench");
                let mut waited = Vec::with_capacity(reads / readers + 1);
                for read in (reader..reads).step_by(readers) {
                    let asked = Instant::now();
                    store.record_reads(&access, "read", [GoldenId(read as i64 + 1)]).await.unwrap();
                    waited.push(asked.elapsed());
                }
                waited
            })
        })
        .collect();
    let mut waited: Vec<Duration> = Vec::with_capacity(reads);
    for task in tasks {
        waited.extend(task.await.unwrap());
    }
    let seconds = begin.elapsed().as_secs_f64();
    waited.sort();
    let at = |share: f64| waited[((waited.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!(
        "{reads} reads by {readers} readers in {seconds:.2} s: {:.0} a second; waited p50 {:.1} ms, p99 {:.1} ms",
        reads as f64 / seconds,
        at(0.5),
        at(0.99)
    );
    store.close().await;
}
