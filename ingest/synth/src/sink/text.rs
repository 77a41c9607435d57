//! Separated text in three encodings, plain or compressed.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{RowWriter, write_error};
use crate::error::SynthError;
use crate::layout::{Column, Encoding, Packed};
use crate::row::Row;

/// A file of separated text with a header line.
pub(crate) struct TextWriter {
    path: PathBuf,
    out: Out,
    separator: char,
    encoding: Encoding,
    line: String,
    bytes: Vec<u8>,
}

enum Out {
    Plain(BufWriter<File>),
    Gzip(Box<BufWriter<GzEncoder<File>>>),
}

impl TextWriter {
    /// Creates the file and writes its header.
    pub(crate) fn create(
        path: &Path,
        columns: &[Column],
        separator: char,
        encoding: Encoding,
        packed: Packed,
    ) -> Result<Self, SynthError> {
        let file = File::create(path).map_err(write_error(path))?;
        let out = match packed {
            Packed::Plain => Out::Plain(BufWriter::with_capacity(1 << 16, file)),
            Packed::Gzip => {
                Out::Gzip(Box::new(BufWriter::with_capacity(1 << 16, GzEncoder::new(file, Compression::fast()))))
            }
        };
        let mut writer =
            Self { path: path.to_owned(), out, separator, encoding, line: String::new(), bytes: Vec::new() };
        if encoding == Encoding::Utf16Le {
            writer.line.push('\u{FEFF}');
        }
        writer.write_fields(columns.iter().map(|column| column.name))?;
        Ok(writer)
    }

    fn write_fields<'f>(&mut self, fields: impl Iterator<Item = &'f str>) -> Result<(), SynthError> {
        for (index, field) in fields.enumerate() {
            if index > 0 {
                self.line.push(self.separator);
            }
            push_field(&mut self.line, field, self.separator);
        }
        self.line.push('\n');
        let bytes: Cow<'_, [u8]> = match self.encoding {
            Encoding::Utf8 => Cow::Borrowed(self.line.as_bytes()),
            Encoding::Windows1252 => encoding_rs::WINDOWS_1252.encode(&self.line).0,
            Encoding::Utf16Le => {
                self.bytes.clear();
                self.bytes.extend(self.line.encode_utf16().flat_map(u16::to_le_bytes));
                Cow::Borrowed(&self.bytes)
            }
        };
        let written = match &mut self.out {
            Out::Plain(out) => out.write_all(&bytes),
            Out::Gzip(out) => out.write_all(&bytes),
        };
        written.map_err(write_error(&self.path))?;
        self.line.clear();
        Ok(())
    }
}

/// Appends a field, quoted where it must be.
fn push_field(line: &mut String, field: &str, separator: char) {
    if !field.contains([separator, '"', '\n', '\r']) {
        line.push_str(field);
        return;
    }
    line.push('"');
    for (index, part) in field.split('"').enumerate() {
        if index > 0 {
            line.push_str("\"\"");
        }
        line.push_str(part);
    }
    line.push('"');
}

impl RowWriter for TextWriter {
    fn write(&mut self, row: &Row) -> Result<(), SynthError> {
        self.write_fields(row.fields())
    }

    /// Leaves the last field out, or adds one: whichever the length of the row says.
    fn write_misfit(&mut self, row: &Row) -> Result<bool, SynthError> {
        if row.field(0).len().is_multiple_of(2) {
            self.write_fields(row.fields().take(row.len() - 1))?;
        } else {
            self.write_fields(row.fields().chain(["0"]))?;
        }
        Ok(true)
    }

    fn finish(self: Box<Self>) -> Result<(), SynthError> {
        let Self { path, out, .. } = *self;
        match out {
            Out::Plain(mut out) => out.flush(),
            Out::Gzip(out) => {
                out.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(GzEncoder::finish).map(drop)
            }
        }
        .map_err(write_error(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_only_where_it_must_be() {
        let mut line = String::new();
        for field in ["plain", "a;b", "says \"x\""] {
            push_field(&mut line, field, ';');
            line.push('|');
        }
        assert_eq!(line, r#"plain|"a;b"|"says ""x"""|"#);
    }
}
