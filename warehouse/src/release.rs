//! Releases: which version of every table belongs to which position of the hub's change feed.
//!
//! A release is one JSON manifest. It is written beside the current one and renamed over it, so that a reader sees
//! the former release or the new one and never a mixture. It carries the file list of every table at its version,
//! so that opening it reads nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use kanak_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::WarehouseError;
use crate::schema::Column;

/// One consistent state of the whole warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// From 1; each build that changed something adds one.
    pub number: u64,
    /// The last event of the hub's change feed that it contains.
    pub feed_position: i64,
    /// The instant at which pending work was judged and which readers are shown as its freshness.
    pub built_at: Timestamp,
    /// Its tables by name.
    pub tables: BTreeMap<String, ReleaseTable>,
    /// The SHA-256 of each of its files when the release was put, in hex, by the file's path below the lake.
    #[serde(default)]
    pub sums: BTreeMap<String, String>,
}

/// One table of a release, pinned to a version of its Delta log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseTable {
    /// Where it lies.
    pub folder: Folder,
    /// The version of its Delta log.
    pub version: u64,
    /// How many rows it has.
    pub rows: u64,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// The columns by which its rows are sorted, ascending, nulls first. Empty when they are not. Releases of before stated an order as
    /// `sorted_by` that files did not always have: nobody goes by it.
    #[serde(rename = "lies_by", default)]
    pub sorted_by: Vec<String>,
    /// What it was made from: equal fingerprints need no new build.
    pub fingerprint: i64,
    /// Its files at that version.
    pub files: Vec<DataFile>,
}

/// One Parquet file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Its path below the lake.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
}

/// Which part of the lake a table lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folder {
    /// `lake/`: no personal attribute; any engine may read it.
    Open,
    /// `lake/restricted/`: personal attributes, source keys and facts about single persons; read only with an access that shows them.
    Restricted,
}

impl Folder {
    /// The folder that it is not.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Open => Self::Restricted,
            Self::Restricted => Self::Open,
        }
    }

    /// The path of a table below the lake.
    pub(crate) fn relative(self, table: &str) -> PathBuf {
        match self {
            Self::Open => PathBuf::from(table),
            Self::Restricted => Path::new("restricted").join(table),
        }
    }
}

pub(crate) fn current_path(lake: &Path) -> PathBuf {
    lake.join("release.json")
}

fn history(lake: &Path) -> PathBuf {
    lake.join("releases")
}

/// The current release, where one was put.
pub(crate) fn find_current(lake: &Path) -> Result<Option<Release>, WarehouseError> {
    let path = current_path(lake);
    match fs::read(&path) {
        Ok(bytes) => parse(&path, &bytes).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(WarehouseError::io(path)(error)),
    }
}

/// Where the manifest of a release is kept.
pub(crate) fn kept_path(lake: &Path, number: u64) -> PathBuf {
    history(lake).join(format!("{number}.json"))
}

/// The releases whose manifests are kept, oldest first.
pub(crate) fn list_kept(lake: &Path) -> Result<Vec<Release>, WarehouseError> {
    let folder = history(lake);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(WarehouseError::io(folder)(error)),
    };
    let mut releases = Vec::new();
    for entry in entries {
        let path = entry.map_err(WarehouseError::io(&folder))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let bytes = fs::read(&path).map_err(WarehouseError::io(&path))?;
            releases.push(parse(&path, &bytes)?);
        }
    }
    releases.sort_by_key(|release| release.number);
    Ok(releases)
}

/// Forgets the manifest of a release that nobody may read any more.
pub(crate) fn forget(lake: &Path, number: u64) -> Result<(), WarehouseError> {
    let path = kept_path(lake, number);
    fs::remove_file(&path).map_err(WarehouseError::io(path))
}

/// Makes `release` the current one.
pub(crate) fn put(lake: &Path, release: &Release) -> Result<(), WarehouseError> {
    let text = serde_json::to_vec(release)
        .map_err(|error| WarehouseError::Manifest { path: current_path(lake), message: error.to_string() })?;
    let folder = history(lake);
    fs::create_dir_all(&folder).map_err(WarehouseError::io(&folder))?;
    put_file(&kept_path(lake, release.number), &text)?;
    put_file(&current_path(lake), &text)
}

fn put_file(path: &Path, text: &[u8]) -> Result<(), WarehouseError> {
    let beside = path.with_extension("json.new");
    let write = || {
        let mut file = fs::File::create(&beside)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        match path.parent() {
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(WarehouseError::io(path))
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Release, WarehouseError> {
    serde_json::from_slice(bytes)
        .map_err(|error| WarehouseError::Manifest { path: path.to_owned(), message: error.to_string() })
}
