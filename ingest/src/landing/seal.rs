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
    let landed = Landed { content_hash, sealed_path: sealed.clone(), bytes };
    if sealed.exists() {
        return Ok(landed);
    }
    let shelf = sealed.parent().unwrap_or(dir);
    make_shelf(dir, shelf).map_err(|cause| of_landing(shelf, cause))?;
    let unfinished = sealed.with_extension(format!("part{}", std::process::id()));
    let written = write_sealed(path, &unfinished, key, &hash).and_then(|found| {
        if found == hash {
            fs::rename(&unfinished, &sealed)?;
            File::open(shelf)?.sync_all()
        } else {
            Err(io::Error::other("the file changed while it was read; wait until its sender is done"))
        }
    });
    if let Err(cause) = written {
        // What is left half-done must not stay; the first error is the one to tell.
        let _ = fs::remove_file(&unfinished);
        return Err(if is_of_landing(&cause) { of_landing(dir, cause) } else { of_io(path, cause) });
    }
    Ok(landed)
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
