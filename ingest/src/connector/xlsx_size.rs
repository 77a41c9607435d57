//! How much a workbook unpacks to, known before it is opened: a small archive may hold gigabytes of one letter, and a list of
//! shared texts or a single cell is read into memory as a whole.

use std::io;

use zip::ZipArchive;

use crate::error::IngestError;
use crate::input::ReadSeek;

/// What a workbook may unpack to. A sheet of all the rows that Excel allows has some hundred megabytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// A sheet, which is read cell by cell.
    sheet_bytes_max: u64,
    /// Any other part, such as the shared texts, which is held in memory.
    part_bytes_max: u64,
    /// How many times its packed size a part of [`Limits::small_bytes`] or more may have. Sheets have ten to fifty times.
    ratio_max: u64,
    small_bytes: u64,
}

impl Limits {
    pub(super) const WORKBOOK: Self =
        Self { sheet_bytes_max: 2 << 30, part_bytes_max: 512 << 20, ratio_max: 200, small_bytes: 64 << 20 };
}

/// Refuses a workbook that unpacks to more than is read: first by what its table of contents says of each part, then by
/// unpacking without keeping anything, for a table of contents may lie. An archive that cannot be read is left to the reader
/// of workbooks, which says what is wrong with it.
///
/// # Errors
/// When a part is too large or packed suspiciously tight.
pub(super) fn check(file: &str, bytes: &mut dyn ReadSeek, limits: Limits) -> Result<(), IngestError> {
    let Ok(mut archive) = ZipArchive::new(bytes) else { return Ok(()) };
    for at in 0..archive.len() {
        let Ok(mut part) = archive.by_index(at) else { continue };
        let declared = part.size();
        let is_sheet = part.name().to_ascii_lowercase().starts_with("xl/worksheets/");
        let largest = if is_sheet { limits.sheet_bytes_max } else { limits.part_bytes_max };
        if declared > largest {
            return Err(refuse(file, at, format!("unpacks to more than {} MiB", largest >> 20)));
        }
        if declared > limits.small_bytes && declared / limits.ratio_max > part.compressed_size() {
            return Err(refuse(file, at, format!("unpacks to {} times its size", limits.ratio_max)));
        }
        // A part that is damaged ends early here and again when it is read.
        let unpacked = io::copy(&mut io::Read::take(&mut part, declared + 1), &mut io::sink());
        if unpacked.is_ok_and(|unpacked| unpacked > declared) {
            return Err(refuse(file, at, "unpacks to more than the archive says".to_owned()));
        }
    }
    Ok(())
}

fn refuse(file: &str, at: usize, how: String) -> IngestError {
    IngestError::Broken {
        file: file.to_owned(),
        line: None,
        problem: format!("part {} of the workbook {how}, which no register does", at + 1),
        remedy: "nothing of it was read; ask for the table as CSV".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    const SMALL: Limits = Limits { sheet_bytes_max: 4_000, part_bytes_max: 2_000, ratio_max: 20, small_bytes: 1_000 };

    fn archive(name: &str, content: &[u8]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(name, options).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap().into_inner()
    }

    /// Bytes that hardly pack: a third of their size or more remains.
    fn varied(length: usize) -> Vec<u8> {
        (0..length as u64).map(|at| ((at * at * 7_919) >> 7) as u8).collect()
    }

    #[track_caller]
    fn refused(bytes: Vec<u8>, words: &str) {
        let error = check("r.xlsx", &mut Cursor::new(bytes), SMALL).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("r.xlsx") && error.contains("as CSV"), "{error}");
    }

    #[test]
    fn a_part_is_refused_by_its_size_and_by_how_tight_it_is_packed() {
        let fits = |name, length| check("r.xlsx", &mut Cursor::new(archive(name, &varied(length))), SMALL).is_ok();
        assert!(fits("xl/worksheets/sheet1.xml", 4_000) && fits("xl/sharedStrings.xml", 2_000));
        refused(archive("xl/worksheets/sheet1.xml", &varied(4_001)), "unpacks to more than");
        refused(archive("xl/sharedStrings.xml", &varied(2_001)), "unpacks to more than");
        refused(archive("xl/sharedStrings.xml", &[b'a'; 1_900]), "20 times its size");
        assert!(check("r.xlsx", &mut Cursor::new(b"no archive"), SMALL).is_ok());
    }

    #[test]
    fn a_table_of_contents_that_lies_is_found_out() {
        let mut bytes = archive("xl/sharedStrings.xml", &varied(1_500));
        let mut lies = 0;
        for at in 0..bytes.len() - 4 {
            if bytes[at..at + 4] == 1_500_u32.to_le_bytes() {
                bytes[at..at + 4].copy_from_slice(&900_u32.to_le_bytes());
                lies += 1;
            }
        }
        assert!(lies > 0);
        refused(bytes, "more than the archive says");
    }
}
