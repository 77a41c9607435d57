//! What can stop a whole file: each error names the file, where it can the line, and what to do about it.

use std::error::Error;
use std::io;

use kanak_model::toml_text::ModelError;

/// A file or a source's declaration that cannot be used. A bad row is no error: see [`crate::CheckedBatch`].
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The author of a source's TOML must act.
    #[error(transparent)]
    Model(#[from] ModelError),

    /// The operator must act: a file cannot be opened, read or written.
    #[error("{file}: {cause}; check that it is there and that this process may use it")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },

    /// The operator must act: the landing does not take a file.
    #[error(
        "the landing {folder} takes no file: {cause}; free some space there or let this process write there, then send the file again"
    )]
    Landing {
        /// The landing, or the folder in it.
        folder: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },

    /// Whoever put the file there must act: no source's `files` fits its name.
    #[error("{file}: no source takes a file of this name; known are {known}; rename it, or declare its source")]
    UnknownFile {
        /// The file.
        file: String,
        /// The sources and the names they take.
        known: String,
    },

    /// The author of the source must act: the file is in another encoding than declared.
    #[error(
        "{file}:{line}: this is not {declared} text, it looks like {likely}; write `encoding = \"{likely}\"` in the source's `format`"
    )]
    Encoding {
        /// The file.
        file: String,
        /// The first line that shows it.
        line: u64,
        /// The declared encoding.
        declared: String,
        /// The likely one.
        likely: String,
    },

    /// The department must act: a quoted value never ends.
    #[error(
        "{file}:{line}: a quote opens on this line and never closes; close it, or write it twice (\"\") where it belongs to the value, and send the file again"
    )]
    UnclosedQuote {
        /// The file.
        file: String,
        /// The line of the opening quote.
        line: u64,
    },

    /// The department or the author of the source must act: a mapped column is not in the file.
    #[error("{file}{}: there is no column `{column}`{nearest}; the file has {columns}; send the column, or correct the name in the source's declaration", at_line(*line))]
    MissingColumn {
        /// The file.
        file: String,
        /// The header's line, where there is one.
        line: Option<u64>,
        /// The missing column.
        column: String,
        /// The file's columns.
        columns: String,
        /// The nearest of them, in words, or nothing.
        nearest: String,
    },

    /// The department or the author of the source must act: perhaps a row of data stands where the names of columns should.
    /// None of it is repeated: it may be about a person.
    #[error(
        "{file}{}: {why}; there is no column `{column}` among its {count}: send the file with its header as the first line, or correct names and separator in the source's declaration",
        at_line(*line)
    )]
    NoHeader {
        /// The file.
        file: String,
        /// The line, where there is one.
        line: Option<u64>,
        /// A column that the source takes something from.
        column: String,
        /// How many columns the file has.
        count: usize,
        /// How it shows.
        why: &'static str,
    },

    /// The department must act: nothing in the file.
    #[error("{file}:1: the file is empty, without even a header; ask the department to send it again")]
    Empty {
        /// The file.
        file: String,
    },

    /// The department must act: the end of the file is missing.
    #[error("{file}{}: the file is cut off ({what}); nothing of it was kept, fetch it again", at_line(*line))]
    CutOff {
        /// The file.
        file: String,
        /// The last line that could be read, where lines are known.
        line: Option<u64>,
        /// How it shows.
        what: String,
    },

    /// The author of the source must act: the file is of another format than declared.
    #[error("{file}: this is not {expected} but {found}; {remedy}")]
    WrongFormat {
        /// The file.
        file: String,
        /// The declared format.
        expected: &'static str,
        /// What it looks like.
        found: String,
        /// What to do.
        remedy: String,
    },

    /// Something else in the file that cannot be read.
    #[error("{file}{}: {problem}; {remedy}", at_line(*line))]
    Broken {
        /// The file.
        file: String,
        /// The line, where lines are known.
        line: Option<u64>,
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: String,
    },

    /// The author of the source must act: rows would be named by Aadhaar numbers, which only the vault may hold.
    #[error(
        "{file}:{line}: the key column `{column}` holds Aadhaar numbers, which must not name rows; choose the department's own number as `key`"
    )]
    AadhaarKey {
        /// The file.
        file: String,
        /// The first line with such a key.
        line: u64,
        /// The key columns.
        column: String,
    },

    /// A sealed file does not open. The operator must act: it was changed, or the key is another.
    #[error(
        "{file}: the sealed file does not pass its check ({what}); it was changed or the key is not the one it was sealed with: restore it from a backup, or give the right key"
    )]
    Sealed {
        /// The sealed file.
        file: String,
        /// How it shows.
        what: String,
    },

    /// The taker of the rows failed, and reading stopped there.
    #[error("{file}: the rows could not be taken: {cause}")]
    Sink {
        /// The file.
        file: String,
        /// What the taker said.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

fn at_line(line: Option<u64>) -> String {
    line.map(|line| format!(":{line}")).unwrap_or_default()
}

impl IngestError {
    /// An error of the system about `file`; a file that ends too early is [`IngestError::CutOff`].
    pub(crate) fn of_io(file: &str, line: Option<u64>, cause: io::Error) -> Self {
        let file = file.to_owned();
        match cause.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutOff { file, line, what: "the compressed data stops early".into() },
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Self::Broken {
                file,
                line,
                problem: format!("the compressed data is damaged ({cause})"),
                remedy: "nothing of it was kept, fetch it again".into(),
            },
            _ => Self::Io { file, cause },
        }
    }
}
