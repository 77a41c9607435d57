//! What a backup says of itself: each of its files, and what hub, vault and lake held.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use kanak_model::Timestamp;
use kanak_store::Checksums;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The manifest's file in a backup.
pub const FILE: &str = "manifest.json";
/// The layout that this version writes and reads.
const LAYOUT: u32 = 1;
/// Bytes of a file copied at a time.
const PIECE_BYTES: usize = 1 << 20;
/// Room that is left on a disk beside what is copied to it.
const SPARE_BYTES: u64 = 16 << 20;

/// A backup's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of the backup.
    pub layout: u32,
    /// The version of kanak that wrote it.
    pub kanak: String,
    /// When it was begun.
    pub at: Timestamp,
    /// The hub's copy.
    pub hub: HubPart,
    /// The lake's release; `None` where there was none.
    pub lake: Option<LakePart>,
    /// Each file but this one, by its path below the backup.
    pub files: BTreeMap<String, FilePart>,
}

/// What the hub's copy holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubPart {
    /// Its file.
    pub file: String,
    /// The version of its tables.
    pub schema: i64,
    /// Where its feed ends.
    pub feed_position: i64,
    /// All of `tables` in one.
    pub checksum: String,
    /// What each table holds.
    pub tables: Checksums,
}

/// Which release of the lake was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LakePart {
    /// Its number.
    pub release: u64,
    /// The position of the hub's feed that it holds: not beyond that of the hub's copy.
    pub feed_position: i64,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its content, in hex.
    pub sha256: String,
}

impl Manifest {
    /// What a finished copy is to say of itself.
    pub fn of(at: Timestamp, hub: HubPart, lake: Option<LakePart>, files: BTreeMap<String, FilePart>) -> Self {
        Self { layout: LAYOUT, kanak: env!("CARGO_PKG_VERSION").to_owned(), at, hub, lake, files }
    }

    /// Reads the manifest of a backup.
    ///
    /// # Errors
    /// When there is none, or one of another layout.
    pub fn read(backup: &Path) -> anyhow::Result<Self> {
        let path = backup.join(FILE);
        let text = fs::read(&path).with_context(|| {
            format!("cannot read {}; name a folder that `kanak backup` made, whole", path.display())
        })?;
        let manifest: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not the manifest of a backup; take another copy of it", path.display()))?;
        ensure!(
            manifest.layout == LAYOUT,
            "{} is a backup of layout {}, and this kanak reads layout {LAYOUT}; restore it with kanak {}",
            backup.display(),
            manifest.layout,
            manifest.kanak
        );
        Ok(manifest)
    }

    /// Writes it into a backup, durably.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, backup: &Path) -> anyhow::Result<()> {
        let path = backup.join(FILE);
        let write = || {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_all()
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    /// The bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }
}

/// Makes a folder that only its owner enters, and those above it.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(folder: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make {}", folder.display()))
}

/// Copies a file durably; tells its length and sum.
///
/// # Errors
/// When it cannot be read or written; names which.
pub fn copy_file(from: &Path, to: &Path) -> anyhow::Result<FilePart> {
    let of_from = || format!("cannot read {}", from.display());
    let of_to = || format!("cannot write {}", to.display());
    let mut source = File::open(from).with_context(of_from)?;
    let permissions = source.metadata().with_context(of_from)?.permissions();
    let mut target = File::options().write(true).create_new(true).mode(0o600).open(to).with_context(of_to)?;
    let (mut piece, mut digest, mut bytes) = (vec![0; PIECE_BYTES], Sha256::new(), 0);
    loop {
        let read = source.read(&mut piece).with_context(of_from)?;
        if read == 0 {
            break;
        }
        digest.update(&piece[..read]);
        target.write_all(&piece[..read]).with_context(of_to)?;
        bytes += read as u64;
    }
    target.set_permissions(permissions).and_then(|()| target.sync_all()).with_context(of_to)?;
    Ok(FilePart { bytes, sha256: hex(&digest.finalize()) })
}

/// The length and sum of a file that is in its place already.
///
/// # Errors
/// When it cannot be read.
pub fn sum_file(path: &Path) -> anyhow::Result<FilePart> {
    let of_io = || format!("cannot read {}", path.display());
    let mut source = File::open(path).with_context(of_io)?;
    let (mut piece, mut digest, mut bytes) = (vec![0; PIECE_BYTES], Sha256::new(), 0);
    loop {
        match source.read(&mut piece).with_context(of_io)? {
            0 => return Ok(FilePart { bytes, sha256: hex(&digest.finalize()) }),
            read => {
                digest.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// All files below a folder, as paths below it, in order. A folder that is not there has none; what queries spill is not kept.
///
/// # Errors
/// When a folder cannot be read.
pub fn list_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(below) = open.pop() {
        let here = folder.join(&below);
        if !here.exists() {
            continue;
        }
        for entry in fs::read_dir(&here).with_context(|| format!("cannot read {}", here.display()))? {
            let entry = entry.with_context(|| format!("cannot read {}", here.display()))?;
            let path = below.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                found.push(path);
            } else if entry.file_name() != ".spill" {
                open.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Sees that every name in a folder, and in those below it, is durable.
///
/// # Errors
/// When one cannot be opened.
pub fn sync_folders(folder: &Path) -> anyhow::Result<()> {
    let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    sync(folder).with_context(|| format!("cannot sync {}", folder.display()))
}

/// Refuses to begin what cannot end: the disk of a folder, which need not be there yet, has no room for so many bytes.
///
/// # Errors
/// When it has not; says how much is needed and how much there is.
pub fn check_room(folder: &Path, bytes: u64) -> anyhow::Result<()> {
    let mut place = std::path::absolute(folder)?;
    while !place.exists() {
        ensure!(place.pop(), "{} lies nowhere", folder.display());
    }
    let about = rustix::fs::statvfs(&place).with_context(|| format!("cannot tell the room at {}", place.display()))?;
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    let needed = bytes.saturating_add(SPARE_BYTES);
    if free < needed {
        bail!(
            "{} needs {} MB and the disk there has {} MB free; free {} MB, or name a folder on another disk",
            folder.display(),
            megabytes(needed),
            free / 1_000_000,
            megabytes(needed - free)
        );
    }
    Ok(())
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_sum_of_what_it_was_made_of_and_room_is_asked_for_first() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&from, vec![7; PIECE_BYTES + 1]).unwrap();
        let part = copy_file(&from, &to).unwrap();
        assert_eq!(part.bytes, PIECE_BYTES as u64 + 1);
        assert_eq!((sum_file(&from).unwrap(), sum_file(&to).unwrap()), (part.clone(), part));
        assert!(copy_file(&from, &to).is_err(), "nothing is written over");
        check_room(&folder.path().join("not/yet/there"), 1).unwrap();
        let refused = check_room(folder.path(), u64::MAX / 2).unwrap_err().to_string();
        assert!(refused.contains("needs") && refused.contains("free"), "{refused}");
    }

    #[test]
    fn files_are_listed_below_their_folder_and_what_queries_spill_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["x/1", "x/y/2", "restricted/.spill/3", "4"] {
            let path = folder.path().join(path);
            make_folder(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found: Vec<String> =
            list_files(folder.path()).unwrap().iter().map(|path| path.display().to_string()).collect();
        assert_eq!(found, ["4", "x/1", "x/y/2"]);
        assert!(list_files(&folder.path().join("none")).unwrap().is_empty());
        sync_folders(folder.path()).unwrap();
    }
}
