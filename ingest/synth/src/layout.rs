//! What an extract looks like: its source, its format, its columns and its key.

/// An extract as a department sends it.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The source system.
    pub(crate) source: &'static str,
    pub(crate) format: FileFormat,
    pub(crate) columns: Vec<Column>,
    /// Indexes of the columns that together are the key.
    pub(crate) key: Vec<usize>,
    /// The column without which ingest refuses a row of a register.
    pub(crate) name: Option<usize>,
    /// The columns whose codes ingest checks and whose rows it refuses.
    pub(crate) codes: Vec<usize>,
    /// The column with the time of an event.
    pub(crate) time: Option<usize>,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
}

/// What a typed format puts into a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Text,
    /// A whole number.
    Number,
    /// A day, given as `YYYY-MM-DD`.
    Day,
}

/// A file format with what is needed to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Text { separator: char, encoding: Encoding, packed: Packed },
    Ndjson,
    Xlsx,
    Parquet,
}

/// How text becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Windows1252,
    /// With a byte order mark.
    Utf16Le,
}

/// Whether a text file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packed {
    Plain,
    Gzip,
}

/// Plain UTF-8 text with a separator.
pub(crate) const fn text(separator: char) -> FileFormat {
    FileFormat::Text { separator, encoding: Encoding::Utf8, packed: Packed::Plain }
}

impl Layout {
    /// A layout of text columns; `key` and the others are named among them.
    ///
    /// # Panics
    /// When a name is not a column: layouts are written in this crate, and a test makes each.
    pub(crate) fn new(source: &'static str, format: FileFormat, columns: &[&'static str], key: &[&str]) -> Self {
        let columns: Vec<Column> = columns.iter().map(|name| Column { name, holds: Holds::Text }).collect();
        let mut layout = Self { source, format, columns, key: Vec::new(), name: None, codes: Vec::new(), time: None };
        layout.key = key.iter().map(|name| layout.at(name)).collect();
        layout
    }

    /// Names the column that a register's row needs.
    pub(crate) fn with_name(mut self, name: &str) -> Self {
        self.name = Some(self.at(name));
        self
    }

    /// Names the columns of an event that ingest checks: codes, and the time.
    pub(crate) fn with_event(mut self, codes: &[&str], time: Option<&str>) -> Self {
        self.codes = codes.iter().map(|name| self.at(name)).collect();
        self.time = time.map(|name| self.at(name));
        self
    }

    /// Types columns for formats that have types.
    pub(crate) fn holding(mut self, holds: Holds, columns: &[&str]) -> Self {
        for name in columns {
            let at = self.at(name);
            self.columns[at].holds = holds;
        }
        self
    }

    /// The end of the file's name.
    pub(crate) fn extension(&self) -> &'static str {
        match self.format {
            FileFormat::Text { packed: Packed::Plain, .. } => "csv",
            FileFormat::Text { packed: Packed::Gzip, .. } => "csv.gz",
            FileFormat::Ndjson => "ndjson",
            FileFormat::Xlsx => "xlsx",
            FileFormat::Parquet => "parquet",
        }
    }

    fn at(&self, name: &str) -> usize {
        self.columns
            .iter()
            .position(|column| column.name == name)
            .unwrap_or_else(|| panic!("{} has no column {name}", self.source))
    }
}
