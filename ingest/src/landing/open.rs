//! Reading a sealed file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use aes_gcm::{Aes256Gcm, Tag, aead::AeadInPlace as _};

use super::{CHUNK_BYTES, HASH_BYTES, Header, MAGIC, MAGIC_ANEW, SALT_BYTES, TAG_BYTES, hex, nonce};
use crate::error::IngestError;

const SEALED_CHUNK_BYTES: u64 = (CHUNK_BYTES + TAG_BYTES) as u64;

/// A sealed file, open for reading at any place. Only chunks that pass their check are given out.
pub struct Opened {
    file: File,
    hash: [u8; HASH_BYTES],
    /// What the chunks are bound to: all that stands before them.
    header: Vec<u8>,
    cipher: Aes256Gcm,
    plain_bytes: u64,
    chunks: u64,
    /// The chunk in `chunk`, where one is.
    loaded: Option<u64>,
    chunk: Vec<u8>,
    at: u64,
}

/// Opens a sealed file.
///
/// # Errors
/// When it cannot be read, is no sealed file, was cut off, or its first chunk does not open under this key.
pub fn open(sealed_path: &Path, key: &[u8; 32]) -> Result<Opened, IngestError> {
    let file_name = || sealed_path.display().to_string();
    let broken = |what: &str| IngestError::Sealed { file: file_name(), what: what.to_owned() };
    let of_io = |cause| IngestError::Io { file: file_name(), cause };
    let mut file = File::open(sealed_path).map_err(of_io)?;
    let bytes = file.metadata().map_err(of_io)?.len();
    let (mut magic, mut hash, mut salt) = ([0; MAGIC.len()], [0; HASH_BYTES], [0; SALT_BYTES]);
    let begun = file.read_exact(&mut magic).and_then(|()| file.read_exact(&mut hash));
    begun.map_err(|_| broken("it is too short"))?;
    let header = match &magic {
        MAGIC => Header::of(hash),
        MAGIC_ANEW => {
            file.read_exact(&mut salt).map_err(|_| broken("it is too short"))?;
            Header::anew(hash, salt)
        }
        _ => return Err(broken("it does not begin as a sealed file does")),
    };
    let cipher = header.cipher(key);
    let header = header.bytes();
    let body = bytes.saturating_sub(header.len() as u64);
    let chunks = body.div_ceil(SEALED_CHUNK_BYTES);
    let plain_bytes = body
        .checked_sub(chunks * TAG_BYTES as u64)
        .filter(|_| chunks > 0 && (body - 1) % SEALED_CHUNK_BYTES >= TAG_BYTES as u64 - 1)
        .ok_or_else(|| broken("it is cut off"))?;
    let mut opened = Opened { file, hash, header, cipher, plain_bytes, chunks, loaded: None, chunk: Vec::new(), at: 0 };
    opened.load(0).map_err(|cause| broken(&cause.to_string()))?;
    opened.load(chunks - 1).map_err(|cause| broken(&cause.to_string()))?;
    Ok(opened)
}

/// Reads a sealed file from its first chunk to its last, so that every one of them passes its check.
///
/// # Errors
/// As for [`open`], and when a chunk cannot be read or does not open.
pub fn check(sealed_path: &Path, key: &[u8; 32]) -> Result<(), IngestError> {
    let mut opened = open(sealed_path, key)?;
    let read = io::copy(&mut opened, &mut io::sink());
    read.map(drop).map_err(|cause| IngestError::Io { file: sealed_path.display().to_string(), cause })
}

impl Opened {
    /// The size of the file as it came.
    pub fn plain_bytes(&self) -> u64 {
        self.plain_bytes
    }

    /// The keyed hash of its content, hexadecimal.
    pub fn content_hash(&self) -> String {
        hex(&self.hash)
    }

    /// The hash itself.
    pub(super) fn hash(&self) -> [u8; HASH_BYTES] {
        self.hash
    }

    /// Brings chunk `number` into memory.
    fn load(&mut self, number: u64) -> io::Result<()> {
        if self.loaded == Some(number) {
            return Ok(());
        }
        self.loaded = None;
        self.file.seek(SeekFrom::Start(self.header.len() as u64 + number * SEALED_CHUNK_BYTES))?;
        self.chunk.clear();
        (&mut self.file).take(SEALED_CHUNK_BYTES).read_to_end(&mut self.chunk)?;
        let damaged = || io::Error::other(format!("chunk {number} of {} does not open", self.chunks));
        let Some(length) = self.chunk.len().checked_sub(TAG_BYTES) else { return Err(damaged()) };
        let tag = Tag::clone_from_slice(&self.chunk[length..]);
        self.chunk.truncate(length);
        let nonce = nonce(number, number + 1 == self.chunks);
        if self.cipher.decrypt_in_place_detached(&nonce, &self.header, &mut self.chunk, &tag).is_err() {
            self.chunk.clear();
            return Err(damaged());
        }
        self.loaded = Some(number);
        Ok(())
    }
}

impl Read for Opened {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.plain_bytes || into.is_empty() {
            return Ok(0);
        }
        self.load(self.at / CHUNK_BYTES as u64)?;
        let from = &self.chunk[(self.at % CHUNK_BYTES as u64) as usize..];
        let read = from.len().min(into.len());
        into[..read].copy_from_slice(&from[..read]);
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Opened {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.plain_bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a place before the file's start"))?;
        Ok(self.at)
    }
}
