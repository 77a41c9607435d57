//! Sealing a file into the landing.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use aes_gcm::aead::AeadInPlace as _;
use hmac::Mac as _;

use super::{CHUNK_BYTES, HASH_BYTES, Header, content_hasher, hex, nonce};
use crate::error::IngestError;

/// A file that is in the landing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// The keyed hash of its content, 64 hexadecimal digits: its address.
    pub content_hash: String,
    /// Where it is sealed.
    pub sealed_path: PathBuf,
    /// Its size as it came.
    pub bytes: u64,
}

/// The keyed hash (HMAC-SHA256, hexadecimal) of a file's content, by which a file that came before is known again.
///
/// # Errors
/// When the file cannot be read.
pub fn content_hash(path: &Path, key: &[u8; 32]) -> Result<String, IngestError> {
    hash_file(path, key).map(|(hash, _)| hex(&hash)).map_err(|cause| of_io(path, cause))
}

/// The same hash of a text at hand.
pub fn content_hash_of(text: &[u8], key: &[u8; 32]) -> String {
    hex(&hash_text(text, key))
}

fn hash_text(text: &[u8], key: &[u8; 32]) -> [u8; HASH_BYTES] {
    content_hasher(key).chain_update(text).finalize().into_bytes().into()
}

/// Where a file of this hash lies in a landing.
pub fn sealed_path(dir: &Path, content_hash: &str) -> PathBuf {
    let shelf = content_hash.get(..2).unwrap_or("xx");
    dir.join(shelf).join(format!("{content_hash}.sealed"))
}

/// Seals a copy of a file into the landing `dir` and makes it durable. A file that is there already is left as it is.
///
/// # Errors
/// When the file cannot be read, or the landing not written, or the file changes meanwhile.
pub fn seal(path: &Path, dir: &Path, key: &[u8; 32]) -> Result<Landed, IngestError> {
    let (hash, bytes) = hash_file(path, key).map_err(|cause| of_io(path, cause))?;
    let content_hash = hex(&hash);
    let sealed = sealed_path(dir, &content_hash);
    let write = |unfinished: &Path| write_sealed(path, unfinished, key, &hash);
    put_sealed(dir, &sealed, &hash, write, |cause| of_io(path, cause))?;
    Ok(Landed { content_hash, sealed_path: sealed, bytes })
}

/// Seals a text into the landing `dir` and makes it durable, as [`seal`] does with a file.
///
/// # Errors
/// When the landing cannot be written.
pub fn seal_text(text: &[u8], dir: &Path, key: &[u8; 32]) -> Result<Landed, IngestError> {
    let hash = hash_text(text, key);
    let content_hash = hex(&hash);
    let sealed = sealed_path(dir, &content_hash);
    let write = |unfinished: &Path| write_chunks(&mut &*text, File::create(unfinished)?, key, &Header::of(hash));
    put_sealed(dir, &sealed, &hash, write, |cause| of_landing(dir, cause))?;
    Ok(Landed { content_hash, sealed_path: sealed, bytes: text.len() as u64 })
}

/// Puts a sealed file in its place in the landing `dir`, unless it is there already. `write` writes it and answers the hash of what it
/// read; `refuse` says of what an error is that need not be of the landing.
fn put_sealed(
    dir: &Path,
    sealed: &Path,
    hash: &[u8; HASH_BYTES],
    write: impl FnOnce(&Path) -> io::Result<[u8; HASH_BYTES]>,
    refuse: impl FnOnce(io::Error) -> IngestError,
) -> Result<(), IngestError> {
    if sealed.exists() {
        return Ok(());
    }
    let shelf = sealed.parent().unwrap_or(dir);
    make_shelf(dir, shelf).map_err(|cause| of_landing(shelf, cause))?;
    let unfinished = sealed.with_extension(format!("{}{}", UNFINISHED[0], std::process::id()));
    let written = write(&unfinished).and_then(|found| {
        if found == *hash {
            fs::rename(&unfinished, sealed)?;
            File::open(shelf)?.sync_all()
        } else {
            Err(io::Error::other("the file changed while it was read; wait until its sender is done"))
        }
    });
    written.map_err(|cause| {
        // What is left half-done must not stay; the first error is the one to tell.
        let _ = fs::remove_file(&unfinished);
        if is_of_landing(&cause) { of_landing(dir, cause) } else { refuse(cause) }
    })
}

/// What the name of a file that is being sealed ends with, before the number of the process: of one that came, and of one that is sealed
/// anew.
pub(super) const UNFINISHED: [&str; 2] = ["part", "anew"];

/// Removes what processes that were killed while they sealed left in a landing: nobody else may use it meanwhile. Gives how many files.
///
/// # Errors
/// When the landing cannot be read, or a file not removed.
pub fn remove_unfinished(dir: &Path) -> Result<usize, IngestError> {
    let is_unfinished = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        UNFINISHED.iter().filter_map(|word| extension.strip_prefix(word)).any(|process| process.parse::<u32>().is_ok())
    };
    let list = |dir: &Path| -> io::Result<Vec<PathBuf>> {
        fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    if !dir.exists() {
        return Ok(0);
    }
    let mut removed = 0;
    for shelf in list(dir).map_err(|cause| of_io(dir, cause))?.into_iter().filter(|path| path.is_dir()) {
        let files = list(&shelf).map_err(|cause| of_io(&shelf, cause))?;
        for path in files.into_iter().filter(|path| is_unfinished(path)) {
            fs::remove_file(&path).map_err(|cause| of_io(&path, cause))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Makes the folder of a sealed file, and sees that it is still there after a power cut: a file is as durable as the names that
/// lead to it.
fn make_shelf(dir: &Path, shelf: &Path) -> io::Result<()> {
    if shelf.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(shelf)?;
    File::open(dir)?.sync_all()?;
    match dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Whether an error can only be of the landing, to which is written, and not of the file that is read.
fn is_of_landing(cause: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(cause.kind(), StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem)
}

fn of_landing(dir: &Path, cause: io::Error) -> IngestError {
    IngestError::Landing { folder: dir.display().to_string(), cause }
}

fn of_io(path: &Path, cause: io::Error) -> IngestError {
    IngestError::Io { file: path.display().to_string(), cause }
}

fn hash_file(path: &Path, key: &[u8; 32]) -> io::Result<([u8; HASH_BYTES], u64)> {
    let mut file = File::open(path)?;
    let mut hasher = content_hasher(key);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut bytes = 0;
    loop {
        let read = read_full(&mut file, &mut chunk)?;
        hasher.update(&chunk[..read]);
        bytes += read as u64;
        if read < CHUNK_BYTES {
            return Ok((hasher.finalize().into_bytes().into(), bytes));
        }
    }
}

/// Writes the sealed file; answers the hash of what was read, which must be the one that the key was derived from.
fn write_sealed(from: &Path, to: &Path, key: &[u8; 32], hash: &[u8; HASH_BYTES]) -> io::Result<[u8; HASH_BYTES]> {
    write_chunks(&mut File::open(from)?, File::create(to)?, key, &Header::of(*hash))
}

/// Seals a text under a header, durably; answers the hash of what was read.
pub(super) fn write_chunks(
    from: &mut dyn Read,
    to: File,
    key: &[u8; 32],
    header: &Header,
) -> io::Result<[u8; HASH_BYTES]> {
    let mut out = BufWriter::new(to);
    let cipher = header.cipher(key);
    let header = header.bytes();
    out.write_all(&header)?;
    let mut hasher = content_hasher(key);
    let (mut chunk, mut next) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
    let mut length = read_full(from, &mut chunk)?;
    for number in 0_u64.. {
        let next_length = if length < CHUNK_BYTES { 0 } else { read_full(from, &mut next)? };
        let last = next_length == 0;
        hasher.update(&chunk[..length]);
        let tag = cipher
            .encrypt_in_place_detached(&nonce(number, last), &header, &mut chunk[..length])
            .map_err(|_| io::Error::other("a chunk could not be sealed"))?;
        out.write_all(&chunk[..length])?;
        out.write_all(&tag)?;
        if last {
            break;
        }
        std::mem::swap(&mut chunk, &mut next);
        length = next_length;
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(hasher.finalize().into_bytes().into())
}

/// Fills the buffer, less at the end of the file only.
fn read_full(file: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
