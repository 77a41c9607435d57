//! Where bytes come from: a file as it lies there, or one sealed in the landing. Gzip is seen by its first bytes.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::error::IngestError;
use crate::landing;

/// A file to be read.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// A file as it came.
    File(&'a Path),
    /// A file sealed in the landing.
    Sealed {
        /// The sealed file.
        path: &'a Path,
        /// The name under which it came, for messages.
        name: &'a str,
        /// The landing's key.
        key: &'a [u8; 32],
    },
}

impl<'a> From<&'a Path> for Input<'a> {
    fn from(path: &'a Path) -> Self {
        Self::File(path)
    }
}

impl<'a> From<&'a PathBuf> for Input<'a> {
    fn from(path: &'a PathBuf) -> Self {
        Self::File(path)
    }
}

/// Bytes that can be read from any place.
pub(crate) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// The first bytes of a file with which sheets and formats are told apart.
pub(crate) const SAMPLE_BYTES: usize = 64 * 1024;

impl Input<'_> {
    /// The name for messages: the path as the caller gave it, or the name under which a sealed file came.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Sealed { name, .. } => (*name).to_owned(),
        }
    }

    /// How many bytes the file has as it came (compressed, where it is).
    pub(crate) fn bytes(&self) -> Result<u64, IngestError> {
        match self {
            Self::File(path) => {
                let metadata =
                    std::fs::metadata(path).map_err(|cause| IngestError::of_io(&self.name(), None, cause))?;
                if metadata.is_dir() {
                    return Err(IngestError::Broken {
                        file: self.name(),
                        line: None,
                        problem: "this is a folder".into(),
                        remedy: "name the files in it".into(),
                    });
                }
                Ok(metadata.len())
            }
            Self::Sealed { path, key, .. } => Ok(landing::open(path, key)?.plain_bytes()),
        }
    }

    /// The bytes as they are stored.
    pub(crate) fn open_raw(&self) -> Result<Box<dyn ReadSeek>, IngestError> {
        Ok(match self {
            Self::File(path) => {
                Box::new(File::open(path).map_err(|cause| IngestError::of_io(&self.name(), None, cause))?)
            }
            Self::Sealed { path, key, .. } => Box::new(landing::open(path, key)?),
        })
    }

    /// The bytes, unpacked where they are gzipped.
    pub(crate) fn open(&self) -> Result<Box<dyn Read + Send>, IngestError> {
        let mut raw = self.open_raw()?;
        if self.is_gzip(&mut *raw)? { Ok(Box::new(MultiGzDecoder::new(raw))) } else { Ok(raw) }
    }

    /// The bytes, unpacked where they are gzipped, from which any place can be read.
    pub(crate) fn open_seekable(&self) -> Result<Box<dyn ReadSeek>, IngestError> {
        let mut raw = self.open_raw()?;
        if self.is_gzip(&mut *raw)? { Ok(Box::new(Cursor::new(self.read_all()?))) } else { Ok(raw) }
    }

    /// All bytes, unpacked.
    pub(crate) fn read_all(&self) -> Result<Vec<u8>, IngestError> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes).map_err(|cause| IngestError::of_io(&self.name(), None, cause))?;
        Ok(bytes)
    }

    /// The first bytes, unpacked.
    pub(crate) fn sample(&self) -> Result<Vec<u8>, IngestError> {
        read_sample(&mut *self.open()?).map_err(|cause| IngestError::of_io(&self.name(), Some(1), cause))
    }

    fn is_gzip(&self, raw: &mut dyn ReadSeek) -> Result<bool, IngestError> {
        let mut magic = Vec::with_capacity(2);
        let read = raw.take(2).read_to_end(&mut magic).and_then(|_| raw.rewind());
        read.map_err(|cause| IngestError::of_io(&self.name(), None, cause))?;
        Ok(magic == [0x1f, 0x8b])
    }
}

/// Reads up to [`SAMPLE_BYTES`].
pub(crate) fn read_sample(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut sample = Vec::new();
    from.take(SAMPLE_BYTES as u64).read_to_end(&mut sample)?;
    Ok(sample)
}
