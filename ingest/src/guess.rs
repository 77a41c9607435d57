//! What format a file is in, by its first bytes; names of files lie too often.

use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use kanak_model::source_system::Format;

use crate::decode::sniff;
use crate::error::IngestError;
use crate::input::Input;

/// Separators, in the order in which they win a draw.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// The format of a file: Parquet and workbooks by their first bytes, NDJSON by its brace, else separated text with the
/// separator that parts its first lines most evenly, and the encoding that its bytes show.
///
/// # Errors
/// When the file cannot be read, or is empty.
pub fn guess_format(path: &Path) -> Result<Format, IngestError> {
    let input = Input::File(path);
    let sample = input.sample()?;
    if sample.is_empty() {
        return Err(IngestError::Empty { file: input.name() });
    }
    if sample.starts_with(b"PAR1") {
        return Ok(Format::Parquet);
    }
    if sample.starts_with(b"PK\x03\x04") {
        return Ok(Format::Xlsx { sheet: None });
    }
    let encoding = Encoding::for_bom(&sample).map_or_else(|| sniff(&sample).encoding, |(encoding, _)| encoding);
    let (text, ..) = encoding.decode(&sample);
    if encoding == UTF_8 && text.trim_start().starts_with('{') {
        return Ok(Format::Ndjson);
    }
    Ok(Format::Csv { separator: guess_separator(&text), encoding: encoding.name().to_lowercase() })
}

/// The separator of which the header has some and most of the first lines have as many.
fn guess_separator(text: &str) -> char {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(50).collect();
    let header = lines.first().copied().unwrap_or_default();
    let fit = |separator: &char| {
        let columns = count_outside_quotes(header, *separator);
        let alike = lines.iter().filter(|line| count_outside_quotes(line, *separator) == columns).count();
        // A separator that the header does not have fits every line and says nothing.
        if columns == 0 { (0, 0) } else { (alike * 10 / lines.len(), columns) }
    };
    SEPARATORS.into_iter().rev().max_by_key(fit).unwrap_or(',')
}

fn count_outside_quotes(line: &str, separator: char) -> usize {
    let mut quoted = false;
    line.chars()
        .filter(|character| {
            quoted ^= *character == '"';
            !quoted && *character == separator
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::guess_separator;

    #[track_caller]
    fn check(text: &str, separator: char) {
        assert_eq!(guess_separator(text), separator, "{text:?}");
    }

    #[test]
    fn the_separator_is_the_one_that_parts_the_lines_evenly() {
        check("a,b,c\n1,2,3\n", ',');
        check("a;b\n\"x, y, z\";2\n1,5;3\n", ';');
        check("a\tb\n1,000\t2\n", '\t');
        check("name|address\nAna|12, Mall Road, Moga\n", '|');
        check("\"last, first\";age\n\"b, a\";7\n", ';');
        check("name\nAna\n", ',');
        check("", ',');
    }
}
