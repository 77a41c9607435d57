//! Tables in the format of `data/README.md`.

use std::io::Read as _;

use flate2::read::GzDecoder;

use super::{CODE, Draft, IMPORT_BYTES_MAX, Imported, fail, read_text, shorten};
use crate::{error::CodesError, sidecar::Sidecar};

/// Reads a CSV with a header, plain or gzip-compressed: `code` and `display`, and as they are wanted `parent`, `status`,
/// `display_pa`, `display_hi`, `valid_from`, `valid_until`, `replaced_by` and properties. The count of the sidecar is filled in.
///
/// # Errors
/// [`CodesError::Import`] with the line at fault, [`CodesError::Sidecar`] or [`CodesError::Table`].
pub fn import_csv(sidecar: Sidecar, bytes: &[u8]) -> Result<Imported, CodesError> {
    let unpacked = unpack(bytes)?;
    let text = read_text(unpacked.as_deref().unwrap_or(bytes))?;
    let mut reader = ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(text.as_bytes());
    let mut lines = Lines { text: text.as_bytes(), at: 0, line: 1 };
    let mut draft = Draft::new();
    let header = reader.headers().map_err(|error| wrong_row(&error, &mut lines))?.clone();
    refuse_other_separators(&header)?;
    let mut columns = Vec::with_capacity(header.len());
    for name in &header {
        let at = draft.column("line 1", name)?;
        if columns.contains(&at) {
            return Err(fail("line 1", format!("the column `{name}` stands twice; keep one of them")));
        }
        columns.push(at);
    }
    if let Some(missing) = ["code", "display"].iter().find(|name| !header.iter().any(|column| column == **name)) {
        return Err(fail("line 1", format!("the column `{missing}` is missing; the first line names the columns")));
    }
    for record in reader.into_records() {
        let record = record.map_err(|error| wrong_row(&error, &mut lines))?;
        let place = format!("line {}", lines.of(record.position()));
        let cells: Vec<(usize, String)> = columns.iter().copied().zip(record.iter().map(str::to_owned)).collect();
        if let Some((_, status)) = cells.iter().find(|(at, _)| *at == super::STATUS)
            && !["active", "retired", ""].contains(&status.as_str())
        {
            let code = cells.iter().find(|(at, _)| *at == CODE).map_or("", |(_, code)| code);
            let problem =
                format!("the status of `{}` is `{}`; write active, retired or nothing", shorten(code), shorten(status));
            return Err(fail(&place, problem));
        }
        draft.push(place, cells)?;
    }
    draft.finish(sidecar)
}

fn unpack(bytes: &[u8]) -> Result<Option<Vec<u8>>, CodesError> {
    const GZIP: [u8; 2] = [0x1F, 0x8B];
    if !bytes.starts_with(&GZIP) {
        return Ok(None);
    }
    let mut text = Vec::new();
    let read = GzDecoder::new(bytes).take(IMPORT_BYTES_MAX as u64 + 1).read_to_end(&mut text);
    read.map_err(|error| {
        fail("the file", format!("it begins like gzip and does not unpack ({error}); send it again"))
    })?;
    Ok(Some(text))
}

/// Counts the lines of a text, as an editor numbers them, while its rows are read from first to last.
struct Lines<'t> {
    text: &'t [u8],
    /// So many bytes have been counted.
    at: usize,
    /// The line in which the next byte stands, from 1.
    line: usize,
}

impl Lines<'_> {
    /// The line in which a row begins. The reader gives the place where the row before it ended, so that a line feed after a
    /// carriage return and empty lines may still lie between.
    fn of(&mut self, position: Option<&::csv::Position>) -> usize {
        let ended = position.map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        while let Some(&byte) = self.text.get(self.at) {
            if self.at >= ended && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.at += 1;
            let ends_a_line = byte == b'\n' || (byte == b'\r' && self.text.get(self.at) != Some(&b'\n'));
            self.line += usize::from(ends_a_line);
        }
        self.line
    }
}

/// Refuses a header of one column that is several, parted by something else than commas.
fn refuse_other_separators(header: &::csv::StringRecord) -> Result<(), CodesError> {
    const OTHERS: [(char, &str); 3] = [(';', "`;`"), ('\t', "tabs"), ('|', "`|`")];
    let only = if header.len() == 1 { header.get(0).unwrap_or_default() } else { "" };
    match OTHERS.iter().find(|(separator, _)| only.contains(*separator)) {
        Some((_, shown)) => Err(fail(
            "line 1",
            format!("the columns are parted by {shown}; part them by commas, and save the file again"),
        )),
        None => Ok(()),
    }
}

fn wrong_row(error: &::csv::Error, lines: &mut Lines<'_>) -> CodesError {
    let line = lines.of(error.position());
    let problem = match error.kind() {
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "it has {len} cells where the header has {expected_len}; put cells with commas between double quotes"
            )
        }
        _ => format!("it does not read as CSV: {error}"),
    };
    fail(&format!("line {line}"), problem)
}
