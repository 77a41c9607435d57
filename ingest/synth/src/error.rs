//! What can go wrong while extracts are written.

use std::path::PathBuf;

/// Why the made-up state could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// The caller must free space or choose another folder.
    #[error("cannot write {path}: {source}; check that the folder exists, has space and may be written", path = .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A spreadsheet could not be written.
    #[error("cannot write the workbook {path}: {source}", path = .path.display())]
    Workbook {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        source: rust_xlsxwriter::XlsxError,
    },
    /// A Parquet file could not be written.
    #[error("cannot write the Parquet file {path}: {source}", path = .path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        source: parquet::errors::ParquetError,
    },
    /// A code system that the made-up state needs is missing or unreadable.
    #[error(transparent)]
    Codes(#[from] kanak_codes::CodesError),
    /// A code system lacks what the made-up state needs.
    #[error("code system `{system}` has no {what}; the made-up state cannot do without")]
    CodesLack {
        /// The system.
        system: &'static str,
        /// What is missing.
        what: &'static str,
    },
}
