//! Separated text.
//!
//! The grammar is that of the `csv` crate (RFC 4180, a quote inside a bare value is a plain character), which a test
//! holds beside it. It is read here and not there because a register's file can be wrong in ways that need more than
//! records: the line on which a quote opened that never closes, rows without end, bytes that are no text.

use kanak_model::quality::QualityRule;

use super::{ROW_BYTES_MAX, RowRead, SourceReader, bad_line};
use crate::decode::TextInput;
use crate::error::IngestError;
use crate::input::Input;
use crate::raw_row::RawRow;

/// A file of separated text.
pub(crate) struct CsvReader {
    records: Records,
    columns: Vec<String>,
    header_line: u64,
}

impl CsvReader {
    /// Opens the file and reads its header.
    pub(crate) fn open(input: &Input<'_>, separator: char, encoding: &str) -> Result<Self, IngestError> {
        let file = input.name();
        let separator = u8::try_from(separator)
            .ok()
            .filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n'))
            .ok_or_else(|| IngestError::Broken {
                file: file.clone(),
                line: None,
                problem: format!("its source says `separator = {separator:?}`, which cannot part values"),
                remedy: "use one ASCII character such as `,`, `;`, `|` or `\\t`".into(),
            })?;
        let mut records =
            Records { file, text: TextInput::open(input, encoding)?, separator, line: 1, after_return: false };
        let mut header = RawRow::default();
        let broken = |records: &Records, line, problem: &str| IngestError::Broken {
            file: records.file.clone(),
            line: Some(line),
            problem: problem.into(),
            remedy: "the first line must name the columns; send the file again".into(),
        };
        let columns = match records.next_record(&mut header)? {
            Record::End => return Err(IngestError::Empty { file: records.file }),
            Record::TooLong => return Err(broken(&records, header.line, "the header is longer than 1 MiB")),
            Record::NotText => {
                return Err(broken(&records, header.line, &format!("the header is not {encoding} text")));
            }
            Record::Row { .. } => (0..header.len()).map(|column| header.get(column).trim().to_owned()).collect(),
        };
        Ok(Self { records, columns, header_line: header.line })
    }
}

impl SourceReader for CsvReader {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn header_line(&self) -> Option<u64> {
        Some(self.header_line)
    }

    fn read_rows(&mut self, take: &mut dyn FnMut(RowRead<'_>) -> Result<(), IngestError>) -> Result<(), IngestError> {
        let expected = self.columns.len();
        let mut row = RawRow::default();
        loop {
            match self.records.next_record(&mut row)? {
                Record::End => return Ok(()),
                Record::Row { last_line } if row.len() != expected => {
                    let hint = if last_line > row.line {
                        format!("quoted text runs on to line {last_line}, perhaps a quote is not closed")
                    } else {
                        "put values that hold the separator in quotes".to_owned()
                    };
                    let reason = format!("{} values where the header has {expected} columns; {hint}", row.len());
                    take(RowRead::Bad(bad_line(row.line, QualityRule::FieldCount, reason)))?;
                }
                Record::Row { .. } => take(RowRead::Row(&mut row))?,
                Record::TooLong => {
                    let reason = "the row is longer than 1 MiB; look for a quote or line end that is missing";
                    take(RowRead::Bad(bad_line(row.line, QualityRule::Unreadable, reason)))?;
                }
                Record::NotText => {
                    let reason = "bytes that are not text in the declared encoding; mend them or declare the encoding";
                    take(RowRead::Bad(bad_line(row.line, QualityRule::Encoding, reason)))?;
                }
            }
        }
    }
}

/// What was read into the row; its line is set in every case but the last.
enum Record {
    /// A record, which ends on `last_line`.
    Row { last_line: u64 },
    /// Longer than allowed; skipped.
    TooLong,
    /// Not text in the declared encoding.
    NotText,
    /// The file is at its end.
    End,
}

/// Cuts text into records.
struct Records {
    file: String,
    text: TextInput,
    separator: u8,
    /// The line of the next byte.
    line: u64,
    /// The last byte was a carriage return that ended a record: a line feed after it belongs to it.
    after_return: bool,
}

/// Where in a record the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the start of a value.
    Start,
    /// In a value without quotes, or after the closing quote of one.
    Bare,
    /// Within quotes.
    Quoted,
    /// After a quote within quotes: it closed the value or stands for itself.
    AfterQuote,
}

impl Records {
    fn next_record(&mut self, row: &mut RawRow) -> Result<Record, IngestError> {
        let (mut bytes, mut spans) = row.take_buffers();
        let mut place = Place::Start;
        let mut start = 0;
        let (mut first_line, mut quote_line) = (self.line, self.line);
        let mut too_long = false;
        let ended = loop {
            let chunk = match self.text.fill() {
                Ok(chunk) => chunk,
                Err(cause) => return Err(IngestError::of_io(&self.file, Some(self.line), cause)),
            };
            if chunk.is_empty() {
                if place == Place::Quoted {
                    return Err(IngestError::UnclosedQuote { file: self.file.clone(), line: quote_line });
                }
                break false;
            }
            let (mut at, mut ended) = (0, false);
            while at < chunk.len() && !ended {
                let byte = chunk[at];
                match place {
                    Place::Start if byte == b'"' => {
                        place = Place::Quoted;
                        quote_line = self.line;
                        self.after_return = false;
                        at += 1;
                    }
                    Place::AfterQuote if byte == b'"' => {
                        bytes.push(b'"');
                        place = Place::Quoted;
                        at += 1;
                    }
                    Place::Quoted => {
                        let rest = &chunk[at..];
                        let stop = rest.iter().position(|byte| *byte == b'"').unwrap_or(rest.len());
                        self.line += line_feeds(&rest[..stop]);
                        push(&mut bytes, &rest[..stop], &mut too_long);
                        at += stop;
                        if stop < rest.len() {
                            place = Place::AfterQuote;
                            at += 1;
                        }
                    }
                    Place::Start | Place::Bare | Place::AfterQuote => {
                        let rest = &chunk[at..];
                        let separator = self.separator;
                        let is_end = |byte: &u8| *byte == separator || *byte == b'\n' || *byte == b'\r';
                        let stop = rest.iter().position(is_end).unwrap_or(rest.len());
                        if stop > 0 {
                            push(&mut bytes, &rest[..stop], &mut too_long);
                            place = Place::Bare;
                            self.after_return = false;
                        }
                        at += stop;
                        let Some(byte) = rest.get(stop) else { continue };
                        at += 1;
                        if *byte == separator {
                            spans.push((start as u32, bytes.len() as u32));
                            start = bytes.len();
                            place = Place::Start;
                            self.after_return = false;
                            continue;
                        }
                        let same_line_end = *byte == b'\n' && std::mem::take(&mut self.after_return);
                        self.line += u64::from(!same_line_end);
                        self.after_return = *byte == b'\r';
                        // A line with nothing on it is no record.
                        if place == Place::Start && spans.is_empty() && !too_long {
                            first_line = self.line;
                        } else {
                            ended = true;
                        }
                    }
                }
            }
            self.text.consume(at);
            if ended {
                break true;
            }
        };
        if !ended && place == Place::Start && spans.is_empty() && !too_long {
            row.put_buffers(first_line, bytes, spans);
            return Ok(Record::End);
        }
        spans.push((start as u32, bytes.len() as u32));
        if too_long {
            row.clear(first_line);
            return Ok(Record::TooLong);
        }
        let last_line = if ended { self.line - 1 } else { self.line };
        if bytes.contains(&0) || !row.put_buffers(first_line, bytes, spans) {
            row.clear(first_line);
            return Ok(Record::NotText);
        }
        Ok(Record::Row { last_line })
    }
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// Adds to a record as long as it has not grown too long.
fn push(bytes: &mut Vec<u8>, more: &[u8], too_long: &mut bool) {
    if bytes.len() + more.len() > ROW_BYTES_MAX {
        *too_long = true;
        bytes.clear();
    }
    if !*too_long {
        bytes.extend_from_slice(more);
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
