//! One JSON object a line.

use std::borrow::Cow;
use std::fmt;

use kanak_model::quality::QualityRule;
use rustc_hash::FxHashMap;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{ROW_BYTES_MAX, RowRead, SourceReader, bad_line};
use crate::decode::TextInput;
use crate::error::IngestError;
use crate::input::Input;
use crate::raw_row::RawRow;

/// Objects with more names than this over the whole file are no table; the further ones are left.
const COLUMNS_MAX: usize = 2_000;

/// A file of JSON objects.
pub(crate) struct NdjsonReader {
    file: String,
    text: TextInput,
    columns: Columns,
    line: u64,
}

/// The names found so far.
struct Columns {
    names: Vec<String>,
    places: FxHashMap<String, usize>,
}

impl Columns {
    fn place(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.places.get(name) {
            return Some(*place);
        }
        (self.names.len() < COLUMNS_MAX).then(|| {
            self.names.push(name.to_owned());
            self.places.insert(name.to_owned(), self.names.len() - 1);
            self.names.len() - 1
        })
    }
}

impl NdjsonReader {
    /// Opens the file. Its columns are those of its first rows, which are read ahead, and more as they come.
    pub(crate) fn open(input: &Input<'_>) -> Result<Self, IngestError> {
        let file = input.name();
        let sample = input.sample()?;
        let start = sample.trim_ascii_start();
        if start.is_empty() {
            return Err(IngestError::Empty { file });
        }
        if start.starts_with(b"[") {
            return Err(IngestError::WrongFormat {
                file,
                expected: "NDJSON",
                found: "one JSON array".into(),
                remedy: "write one object a line (`jq -c '.[]'` does it)".into(),
            });
        }
        let text = TextInput::open(input, "utf-8")?;
        let mut columns = Columns { names: Vec::new(), places: FxHashMap::default() };
        let mut row = RawRow::default();
        for line in sample.split(|byte| *byte == b'\n') {
            row.clear(0);
            if let Ok(line) = std::str::from_utf8(line) {
                let _ = read_object(line, &mut columns, &mut row);
            }
        }
        Ok(Self { file, text, columns, line: 1 })
    }

    /// Reads one line into `buffer`; answers whether there was one, and whether it was within the limit.
    fn next_line(&mut self, buffer: &mut Vec<u8>) -> Result<Option<bool>, IngestError> {
        buffer.clear();
        let (mut any, mut fits) = (false, true);
        loop {
            let chunk = match self.text.fill() {
                Ok(chunk) => chunk,
                Err(cause) => return Err(IngestError::of_io(&self.file, Some(self.line), cause)),
            };
            if chunk.is_empty() {
                return Ok(any.then_some(fits));
            }
            any = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if buffer.len() + part.len() > ROW_BYTES_MAX {
                fits = false;
                buffer.clear();
            } else if fits {
                buffer.extend_from_slice(part);
            }
            let consumed = part.len() + usize::from(end.is_some());
            self.text.consume(consumed);
            if end.is_some() {
                return Ok(Some(fits));
            }
        }
    }
}

impl SourceReader for NdjsonReader {
    fn columns(&self) -> &[String] {
        &self.columns.names
    }

    fn header_line(&self) -> Option<u64> {
        None
    }

    fn add_column(&mut self, name: &str) -> Option<usize> {
        self.columns.place(name)
    }

    fn read_rows(&mut self, take: &mut dyn FnMut(RowRead<'_>) -> Result<(), IngestError>) -> Result<(), IngestError> {
        let mut row = RawRow::default();
        let mut buffer = Vec::new();
        while let Some(fits) = self.next_line(&mut buffer)? {
            let line = self.line;
            self.line += 1;
            if !fits {
                let reason = "the line is longer than 1 MiB; write one object a line";
                take(RowRead::Bad(bad_line(line, QualityRule::Unreadable, reason)))?;
                continue;
            }
            let Ok(text) = std::str::from_utf8(&buffer) else {
                let reason = "bytes that are not utf-8 text; JSON must be utf-8";
                take(RowRead::Bad(bad_line(line, QualityRule::Encoding, reason)))?;
                continue;
            };
            if text.trim_ascii().is_empty() {
                continue;
            }
            row.clear(line);
            match read_object(text, &mut self.columns, &mut row) {
                Ok(()) => take(RowRead::Row(&mut row))?,
                Err(reason) => take(RowRead::Bad(bad_line(line, QualityRule::Unreadable, reason)))?,
            }
        }
        Ok(())
    }
}

/// Reads one object into a row. The error never repeats what the line says.
fn read_object(line: &str, columns: &mut Columns, row: &mut RawRow) -> Result<(), String> {
    let mut json = serde_json::Deserializer::from_str(line);
    let read = json.deserialize_map(ObjectVisitor { columns, row }).and_then(|()| json.end());
    read.map_err(|error| {
        let column = error.column();
        match error.classify() {
            serde_json::error::Category::Eof => {
                format!("the object is cut off at column {column}; send the whole line")
            }
            serde_json::error::Category::Syntax => format!("broken JSON at column {column}; mend the line"),
            _ => format!("not a JSON object with plain values (column {column}); write one object a line"),
        }
    })
}

struct ObjectVisitor<'a> {
    columns: &'a mut Columns,
    row: &'a mut RawRow,
}

impl<'de> Visitor<'de> for ObjectVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Name<'de>>()? {
            match self.columns.place(&name.0) {
                Some(column) => {
                    let value = plain_value(map.next_value::<&RawValue>()?.get()).map_err(A::Error::custom)?;
                    self.row.set(column, &value);
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A name, borrowed from the line where it has no escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(name.into()))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(name.to_owned().into()))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Decimal digits that a floating-point number surely keeps.
const FLOAT_DIGITS: usize = f64::DIGITS as usize;

/// The text of a plain value as it stands in the line: whole numbers digit by digit, whatever their length (account numbers
/// have twenty), others as the shortest decimal that means the same. A list or an object is no value of a table.
fn plain_value(json: &str) -> Result<Cow<'_, str>, &'static str> {
    match json.as_bytes().first() {
        Some(b'"') if !json.contains('\\') => Ok(Cow::Borrowed(json.trim_matches('"'))),
        Some(b'"') => {
            let text = serde_json::from_str::<Name<'_>>(json).map_err(|_| "an escape that is no character")?.0;
            if text.contains('\0') { Err("a NUL character") } else { Ok(text) }
        }
        Some(b'{' | b'[') => Err("an object or a list within the object"),
        Some(b'n') => Ok(Cow::Borrowed("")),
        Some(b't' | b'f') => Ok(Cow::Borrowed(json)),
        _ => {
            let is_whole = !json.contains(['.', 'e', 'E']);
            let is_long = json.bytes().filter(u8::is_ascii_digit).count() > FLOAT_DIGITS;
            if is_whole || is_long && !json.contains(['e', 'E']) {
                return Ok(Cow::Borrowed(json));
            }
            let number = json.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(|number| Cow::Owned(number.to_string())).ok_or("a number beyond all bounds")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Result<&[(&str, &str)], &str>) {
        let mut columns = Columns { names: Vec::new(), places: FxHashMap::default() };
        let mut row = RawRow::default();
        match (read_object(line, &mut columns, &mut row), expected) {
            (Ok(()), Ok(values)) => {
                let found: Vec<(&str, &str)> =
                    columns.names.iter().enumerate().map(|(at, name)| (name.as_str(), row.get(at))).collect();
                assert_eq!(found, values, "{line}");
            }
            (Err(reason), Err(words)) => {
                assert!(reason.contains(words), "{line}: {reason}");
                assert!(!reason.contains("Gurpreet"), "{reason}");
            }
            (found, _) => panic!("{line}: {found:?}"),
        }
    }

    #[test]
    fn an_object_is_a_row_and_nothing_else_is() {
        let plain = r#"{"a":"x \"y\"","b":12,"c":-1.5,"d":true,"e":null,"a\n":"z"}"#;
        check(plain, Ok(&[("a", "x \"y\""), ("b", "12"), ("c", "-1.5"), ("d", "true"), ("e", ""), ("a\n", "z")]));
        check(r#"{"a":1,"a":2}"#, Ok(&[("a", "2")]));
        check(r#"{"a": "" ,"b": "\u0a15\t"}"#, Ok(&[("a", ""), ("b", "ਕ\t")]));
        check(r#"{"a":["Gurpreet"]}"#, Err("plain values"));
        check(r#"{"a":"\u0000"}"#, Err("plain values"));
        check(r#"{"name":"Gurpreet"#, Err("cut off"));
        check(r#"{"name":"Gurpreet",}"#, Err("broken JSON at column 20"));
        check(r#"{"name":["Gurpreet"]}"#, Err("plain values"));
        check(r#""Gurpreet""#, Err("not a JSON object"));
        check(r#"{"name":"Gurpreet"} {}"#, Err("broken JSON"));
    }

    #[test]
    fn a_number_keeps_its_digits() {
        check(r#"{"a":12345678901234567890123}"#, Ok(&[("a", "12345678901234567890123")]));
        check(r#"{"a":-18446744073709551617}"#, Ok(&[("a", "-18446744073709551617")]));
        check(r#"{"a":1234567890123456789.25}"#, Ok(&[("a", "1234567890123456789.25")]));
        check(r#"{"a":9814012345.0,"b":1.50,"c":1e3}"#, Ok(&[("a", "9814012345"), ("b", "1.5"), ("c", "1000")]));
        check(r#"{"a":1e999}"#, Err("plain values"));
    }
}
