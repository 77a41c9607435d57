//! A small deployment with sources of its own, for tests that write their files by hand.

use std::path::{Path, PathBuf};

use kanak_tests::{Ran, kanak, kanak_ok};
use tempfile::TempDir;

/// A source of citizens in CSV: what came last holds.
pub(crate) const SOURCE: &str = r#"
[source]
name = "people"
title = { en = "People" }
department = "TEST"
entity = "citizen"
files = ["people*"]
format = { type = "csv" }
key = "ID"
load = "delta"

[[column]]
from = "NAME"
to = "full_name"

[[column]]
from = "DOB"
to = "date_of_birth"

[[column]]
from = "AADHAAR"
to = "aadhaar"
"#;

/// A deployment with three sources of one shape: CSV, XLSX and Parquet.
pub(crate) struct House {
    folder: TempDir,
}

impl House {
    /// A deployment on which no command ran yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kanak.toml"), "inbox = \"inbox\"\nsources = \"sources\"\n").unwrap();
        for name in ["inbox", "sources"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let house = Self { folder };
        house.source("people.toml", SOURCE);
        house.source("sheets.toml", &SOURCE.replace("people", "sheets").replace("\"csv\"", "\"xlsx\""));
        house.source("columns.toml", &SOURCE.replace("people", "columns").replace("\"csv\"", "\"parquet\""));
        house
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("kanak-data")
    }

    /// Declares a source.
    pub(crate) fn source(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join("sources").join(name), text).unwrap();
    }

    /// Puts a file into the inbox.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join("inbox").join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs a command on the data folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let data = self.data().display().to_string();
        let mut all: Vec<&str> = arguments.to_vec();
        all.extend(["--data", &data]);
        kanak(all)
    }

    /// Ingests one file, for machines.
    pub(crate) fn ingest(&self, path: &Path) -> Ran {
        self.run(&["ingest", &path.display().to_string(), "--json"])
    }

    /// Source records that a resolution finds.
    pub(crate) fn rows_in_hub(&self) -> u64 {
        let data = self.data().display().to_string();
        let ran = kanak_ok(["resolve", "citizen", "--data", &data, "--json"]);
        ran.json()[0]["source_records"].as_u64().unwrap()
    }
}
