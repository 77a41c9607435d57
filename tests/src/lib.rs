//! What the end-to-end suites share: where the house stands, and how its binary is called.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The workspace's root folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the workspace").to_path_buf()
}

/// The binary under test: `KANAK_BIN`, else the one of the profile that this test was built with.
///
/// # Panics
/// When it was not built.
pub fn kanak_binary() -> PathBuf {
    if let Some(named) = std::env::var_os("KANAK_BIN") {
        return PathBuf::from(named);
    }
    let test = std::env::current_exe().expect("a running test has a path");
    let binary = test.parent().and_then(Path::parent).expect("tests run from target/PROFILE/deps").join("kanak");
    assert!(
        binary.exists(),
        "{} is not built; run `cargo build --release` first, or `bash tests/run`",
        binary.display()
    );
    binary
}

#[expect(clippy::print_stdout, reason = "a test says what it skipped")]
/// The folder of measurement data beside the checkout, where it is there; says how to get on without it.
pub fn find_shared() -> Option<PathBuf> {
    let folder = std::env::var_os("KANAK_SHARED").map_or_else(|| workspace().join("../shared"), PathBuf::from);
    let found = folder.join("data/linkage").is_dir();
    if !found {
        println!("skipped: {} has no labelled data; name the folder with KANAK_SHARED", folder.display());
    }
    found.then_some(folder)
}

/// What a command did.
pub struct Ran {
    /// Its exit status; `None` when it was killed.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// The last line of standard error: where a refusal gives its reason.
    pub fn reason(&self) -> &str {
        self.stderr.lines().last().unwrap_or_default()
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    /// When it is not.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in: {}\n{}", self.stdout, self.stderr))
    }
}

/// Runs the binary to its end.
///
/// # Panics
/// When it cannot be started.
pub fn kanak<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Ran {
    let output: Output = Command::new(kanak_binary()).args(arguments).output().expect("the binary starts");
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the binary and expects it to succeed.
///
/// # Panics
/// When it does not; shows what it said.
#[track_caller]
pub fn kanak_ok<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Ran {
    let ran = kanak(arguments);
    assert_eq!(ran.status, Some(0), "stdout: {}\nstderr: {}", ran.stdout, ran.stderr);
    ran
}

/// All files below a folder, in order.
///
/// # Panics
/// When a folder cannot be read.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
