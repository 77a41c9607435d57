//! Memory does not grow with the number of records.

use std::process::Command;

use crate::made::make;

/// Tells the process that it is to make a state of so many records and to print its memory.
const RECORDS: &str = "KANAK_SYNTH_TEST_RECORDS";

/// Run by itself this makes a small state; run by the test below, in a process of its own, one of a given size.
#[test]
fn one_state_is_made() {
    let records = std::env::var(RECORDS).map_or(100, |text| text.parse().unwrap());
    make(records, 4);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    println!("peak {}", peak.trim());
}

#[test]
fn six_times_the_records_do_not_need_more_memory() {
    let (small, large) = (peak_kib(10_000), peak_kib(60_000));
    if small == 0 {
        eprintln!("no /proc/self/status here: memory is not measured");
        return;
    }
    // 60,000 rows more are 20 MB of text more. The places of the sample grow by 125.
    assert!(large < small + 8 * 1024, "{small} KiB, then {large} KiB");
}

fn peak_kib(records: u64) -> u64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::one_state_is_made", "--nocapture", "--test-threads", "1"])
        .env(RECORDS, records.to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let peak = text.split("peak ").nth(1).unwrap();
    peak.split_whitespace().next().unwrap().parse().unwrap()
}
