//! Sums of a release's files: what lies in the lake is what was put there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::error::WarehouseError;
use crate::release::{self, Release};

/// Bytes of a file read at a time.
const PIECE_BYTES: usize = 1 << 20;

/// The SHA-256 of a file, in hex.
fn sum_file(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let (mut piece, mut digest) = (vec![0; PIECE_BYTES], Sha256::new());
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => digest.update(&piece[..read]),
        }
    }
    Ok(digest.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The sums of a release's files. A file is written once, so that those which the former release has need not be read.
pub(crate) fn sum_files(
    lake: &Path,
    release: &Release,
    former: Option<&Release>,
) -> Result<BTreeMap<String, String>, WarehouseError> {
    let mut sums = BTreeMap::new();
    for file in release.tables.values().flat_map(|table| &table.files) {
        let known = former.and_then(|former| former.sums.get(&file.path)).cloned();
        let path = lake.join(&file.path);
        let sum = match known {
            Some(sum) => sum,
            None => sum_file(&path).map_err(WarehouseError::io(&path))?,
        };
        sums.insert(file.path.clone(), sum);
    }
    Ok(sums)
}

/// What is not as it was when the release in force was put, in words.
pub(crate) fn list_faults(lake: &Path, release: Option<&Release>) -> Result<Vec<String>, WarehouseError> {
    let mut faults = Vec::new();
    let last = release::list_kept(lake)?.pop();
    let Some(release) = release else {
        faults.extend(last.map(|last| format!("no release is in force, and {} was put", last.number)));
        return Ok(faults);
    };
    let (current, kept) = (release::current_path(lake), release::kept_path(lake, release.number));
    let same = match (fs::read(&current), fs::read(&kept)) {
        (Ok(current), Ok(kept)) => current == kept,
        _ => false,
    };
    if !same {
        faults.push(format!("the manifest in force is not the one of release {} that was kept", release.number));
    }
    if let Some(last) = last.filter(|last| last.number > release.number) {
        faults.push(format!("release {} is in force and {} was put after it", release.number, last.number));
    }
    for file in release.tables.values().flat_map(|table| &table.files) {
        let path = lake.join(&file.path);
        match fs::metadata(&path) {
            Err(_) => faults.push(format!("{} is missing", file.path)),
            Ok(about) if about.len() != file.bytes => {
                faults.push(format!("{} has {} bytes of {}", file.path, about.len(), file.bytes));
            }
            // A release from before sums were kept is judged by the lengths of its files alone.
            Ok(_) => match release.sums.get(&file.path) {
                Some(sum) if sum_file(&path).map_err(WarehouseError::io(&path))? != *sum => {
                    faults.push(format!("{} was changed", file.path));
                }
                _ => {}
            },
        }
    }
    Ok(faults)
}
