//! A state that many tests look at.

use std::path::PathBuf;
use std::sync::OnceLock;

use chrono::NaiveDate;
use kanak_synth::{Made, Options, generate};
use tempfile::TempDir;

/// The day of the extracts.
pub(crate) fn end() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 1).unwrap()
}

/// Makes a state in a folder of its own.
pub(crate) fn make(records: u64, seed: u64) -> (TempDir, Made) {
    let folder = TempDir::new().unwrap();
    let options = Options { records, seed, out: folder.path().to_owned(), end: end(), flat: true };
    let made = generate(&options, &mut |_| {}).unwrap();
    (folder, made)
}

/// Citizen source records of [`state`].
pub(crate) const RECORDS: u64 = 30_000;

/// One state for all tests that only read.
pub(crate) fn state() -> &'static (TempDir, Made) {
    static STATE: OnceLock<(TempDir, Made)> = OnceLock::new();
    STATE.get_or_init(|| make(RECORDS, 1))
}

/// The path of a source's extract in [`state`].
pub(crate) fn path_of(source: &str) -> PathBuf {
    let mut files =
        state().1.files.iter().filter(|file| file.source == source && !file.path.to_string_lossy().contains("truth"));
    files.next().unwrap_or_else(|| panic!("no extract of {source}")).path.clone()
}

/// The lines of a list in the folder of truths, without its header, split at commas.
pub(crate) fn truth(name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(state().0.path().join("truth").join(name)).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}
