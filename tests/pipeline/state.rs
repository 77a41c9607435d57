//! One small made-up state that the tests of this suite look at; made once a run.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use kanak_tests::{Ran, kanak_ok};
use tempfile::TempDir;

/// A finished demo.
pub(crate) struct State {
    folder: TempDir,
    /// What `demo --json` printed.
    pub(crate) demo: Ran,
}

/// Citizen source records of the shared state.
pub(crate) const RECORDS: &str = "4000";

impl State {
    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("kanak-data")
    }

    /// The departments' files.
    pub(crate) fn extracts(&self) -> PathBuf {
        self.folder.path().join("kanak-data-extracts")
    }

    /// Runs SQL and gives its rows as JSON.
    pub(crate) fn sql(&self, query: &str) -> serde_json::Value {
        sql(&self.data(), query)
    }
}

/// Runs SQL on a data folder and gives its rows as JSON.
pub(crate) fn sql(data: &Path, query: &str) -> serde_json::Value {
    let data = data.display().to_string();
    kanak_ok(["sql", query, "--purpose", "operation", "--data", &data, "--json"]).json()
}

/// Runs a demo into a folder, to its summary.
pub(crate) fn run_demo(data: &Path, records: &str) -> Ran {
    let data = data.display().to_string();
    kanak_ok(["demo", "--records", records, "--no-serve", "--data", &data, "--json"])
}

/// The shared state. Commands lock its folder: the guard keeps them apart.
pub(crate) fn state() -> (&'static State, std::sync::MutexGuard<'static, ()>) {
    static STATE: OnceLock<State> = OnceLock::new();
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let guard = LOCK.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let state = STATE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let demo = run_demo(&folder.path().join("kanak-data"), RECORDS);
        State { folder, demo }
    });
    (state, guard)
}
