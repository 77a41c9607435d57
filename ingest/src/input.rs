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

/// A gzipped workbook or Parquet file has to be unpacked into memory, since it is read from any place. It may have so many
/// bytes then: both formats are packed in themselves, so that gzip spares nothing and a larger one need only come without.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

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

    /// All bytes, unpacked, of a file that is read from any place.
    ///
    /// # Errors
    /// When there are more than 1 GiB, and as for reading.
    pub(crate) fn read_all(&self) -> Result<Vec<u8>, IngestError> {
        read_bounded(&self.name(), &mut *self.open()?, UNPACKED_BYTES_MAX)
    }

    /// The first bytes, unpacked.
    pub(crate) fn sample(&self) -> Result<Vec<u8>, IngestError> {
        read_sample(&mut *self.open()?).map_err(|cause| IngestError::of_io(&self.name(), Some(1), cause))
    }

    /// Whether the stored bytes are packed by gzip.
    pub(crate) fn is_gzipped(&self) -> Result<bool, IngestError> {
        self.is_gzip(&mut *self.open_raw()?)
    }

    fn is_gzip(&self, raw: &mut dyn ReadSeek) -> Result<bool, IngestError> {
        let mut magic = Vec::with_capacity(2);
        let read = raw.take(2).read_to_end(&mut magic).and_then(|_| raw.rewind());
        read.map_err(|cause| IngestError::of_io(&self.name(), None, cause))?;
        Ok(magic == [0x1f, 0x8b])
    }
}

fn read_bounded(file: &str, from: &mut dyn Read, bytes_max: u64) -> Result<Vec<u8>, IngestError> {
    let mut bytes = Vec::new();
    from.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|cause| IngestError::of_io(file, None, cause))?;
    if bytes.len() as u64 > bytes_max {
        return Err(IngestError::Broken {
            file: file.to_owned(),
            line: None,
            problem: format!("unpacked it has more than {} MiB, more than is held in memory", bytes_max >> 20),
            remedy: "send it without gzip: its format is packed in itself".into(),
        });
    }
    Ok(bytes)
}

/// Reads up to [`SAMPLE_BYTES`].
pub(crate) fn read_sample(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut sample = Vec::new();
    from.take(SAMPLE_BYTES as u64).read_to_end(&mut sample)?;
    Ok(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unpacked_into_memory_has_a_bound() {
        let read = |bytes: usize| read_bounded("r.xlsx.gz", &mut io::repeat(b'a').take(bytes as u64), 3 << 20);
        assert_eq!(read(3 << 20).unwrap().len(), 3 << 20);
        let error = read((3 << 20) + 1).unwrap_err().to_string();
        assert!(
            error.contains("r.xlsx.gz: unpacked it has more than 3 MiB") && error.contains("without gzip"),
            "{error}"
        );
    }
}
