//! The folder of extracts: files of rows, the truth beside them, and the rows that ingest must refuse.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::Serialize;

use crate::chance::{Chance, Purpose};
use crate::error::SynthError;
use crate::layout::{FileFormat, Layout};
use crate::rates;
use crate::row::Row;
use crate::sink::{self, RowWriter};

/// One file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MadeFile {
    /// Its path.
    pub path: PathBuf,
    /// The source system whose extract it is; for truth files the entity.
    pub source: String,
    /// Rows, the header not counted.
    pub rows: u64,
    /// How many of them ingest must refuse.
    pub refused: u64,
}

/// Where everything is written.
pub(crate) struct Folder {
    out: PathBuf,
    end: NaiveDate,
    refused: Listing,
    refused_rows: u64,
    faults: Chance,
    made: Vec<MadeFile>,
}

/// An extract that is being written.
pub(crate) struct Extract {
    layout: Layout,
    path: PathBuf,
    writer: Box<dyn RowWriter>,
    rows: u64,
    rows_in_file: u64,
    files: u32,
    refused: u64,
    spoilt: Row,
    key: String,
}

/// A CSV file of plain words beside the extracts.
pub(crate) struct Listing {
    path: PathBuf,
    out: BufWriter<File>,
    rows: u64,
}

impl Folder {
    /// Makes the folder and what stands beside the extracts.
    pub(crate) fn create(out: &Path, end: NaiveDate, seed: u64) -> Result<Self, SynthError> {
        let truth = out.join("truth");
        fs::create_dir_all(&truth).map_err(|source| SynthError::Write { path: truth.clone(), source })?;
        let refused = Listing::create(&truth.join("refused.csv"), "source,file,line,id,rule")?;
        let faults = Chance::new(seed, Purpose::Faults, 0);
        Ok(Self { out: out.to_owned(), end, refused, refused_rows: 0, faults, made: Vec::new() })
    }

    /// Begins an extract.
    pub(crate) fn extract(&self, layout: Layout) -> Result<Extract, SynthError> {
        let path = self.path_of(&layout, 1);
        let writer = sink::open(&layout, &path)?;
        let spoilt = Row::default();
        Ok(Extract { layout, path, writer, rows: 0, rows_in_file: 0, files: 1, refused: 0, spoilt, key: String::new() })
    }

    /// Begins the truth about an entity: which source record speaks of which true one.
    pub(crate) fn truth(&self, entity: &str) -> Result<Listing, SynthError> {
        Listing::create(&self.out.join("truth").join(format!("{entity}.csv")), "source,id,entity")
    }

    /// Begins another list in the folder of truths.
    pub(crate) fn listing(&self, name: &str, header: &str) -> Result<Listing, SynthError> {
        Listing::create(&self.out.join("truth").join(name), header)
    }

    /// Ends an extract.
    pub(crate) fn finish(&mut self, extract: Extract) -> Result<(), SynthError> {
        let Extract { layout, path, writer, rows_in_file, refused, .. } = extract;
        writer.finish()?;
        self.made.push(MadeFile { path, source: layout.source.to_owned(), rows: rows_in_file, refused });
        Ok(())
    }

    /// Ends a list.
    pub(crate) fn finish_listing(&mut self, listing: Listing, about: &str) -> Result<(), SynthError> {
        let made = listing.finish(about)?;
        self.made.push(made);
        Ok(())
    }

    /// Ends the list of refused rows and says what was made.
    pub(crate) fn close(mut self) -> Result<Vec<MadeFile>, SynthError> {
        let refused = self.refused.finish("refused")?;
        self.made.push(refused);
        Ok(self.made)
    }

    fn path_of(&self, layout: &Layout, number: u32) -> PathBuf {
        let day = self.end.format("%Y%m%d");
        let part = if number > 1 { format!("_{number}") } else { String::new() };
        self.out.join(format!("{}_{day}{part}.{}", layout.source, layout.extension()))
    }

    fn refuse(&mut self, extract: &mut Extract, rule: &str) -> Result<(), SynthError> {
        let file = extract.path.file_name().unwrap_or_default().to_string_lossy();
        let line = extract.rows_in_file - 1 + sink::first_line(extract.layout.format);
        extract.refused += 1;
        self.refused_rows += 1;
        self.refused.write(format_args!("{},{file},{line},{},{rule}", extract.layout.source, extract.key))
    }
}

impl Extract {
    /// Rows written so far, in all its files.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The source system.
    pub(crate) fn source(&self) -> &'static str {
        self.layout.source
    }

    /// The source key of the row written last.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Writes a row; now and then spoilt, so that ingest must refuse it, and now and then once more under the same
    /// key. `room` is how many rows may still be written. Says whether the row can be loaded.
    pub(crate) fn write(&mut self, row: &Row, room: u64, folder: &mut Folder) -> Result<bool, SynthError> {
        assert_eq!(
            row.len(),
            self.layout.columns.len(),
            "a row of {} has another number of fields",
            self.layout.source
        );
        if self.layout.format == FileFormat::Xlsx && self.rows_in_file == sink::SHEET_ROWS {
            self.begin_next_file(folder)?;
        }
        self.key.clear();
        for (index, at) in self.layout.key.iter().enumerate() {
            if index > 0 {
                self.key.push('/');
            }
            self.key.push_str(row.field(*at));
        }
        let faults = &mut folder.faults;
        let spoilt = if let Some(name) = self.layout.name.filter(|_| faults.hits(rates::REFUSED_NAME)) {
            Some((name, String::new(), "required"))
        } else if !self.layout.codes.is_empty() && faults.hits(rates::REFUSED_CODE) {
            Some((faults.pick(&self.layout.codes), "ZZ-999".to_owned(), "code"))
        } else {
            self.layout
                .time
                .filter(|_| faults.hits(rates::REFUSED_TIME))
                .map(|time| (time, impossible_day(row.field(time)), "kind"))
        };
        if let Some((at, field, rule)) = spoilt {
            self.spoilt.copy_with(row, at, &field);
            self.writer.write(&self.spoilt)?;
            self.count();
            folder.refuse(self, rule)?;
            return Ok(false);
        }
        if faults.hits(rates::REFUSED_FIELDS) && self.writer.write_misfit(row)? {
            self.count();
            folder.refuse(self, "field_count")?;
            return Ok(false);
        }
        self.writer.write(row)?;
        self.count();
        if room > 1 && folder.faults.hits(rates::REFUSED_KEY) {
            self.writer.write(row)?;
            self.count();
            folder.refuse(self, "key_duplicate")?;
        }
        Ok(true)
    }

    fn count(&mut self) {
        self.rows += 1;
        self.rows_in_file += 1;
    }

    fn begin_next_file(&mut self, folder: &mut Folder) -> Result<(), SynthError> {
        self.files += 1;
        let path = folder.path_of(&self.layout, self.files);
        let writer = std::mem::replace(&mut self.writer, sink::open(&self.layout, &path)?);
        writer.finish()?;
        let path = std::mem::replace(&mut self.path, path);
        let (rows, refused) = (self.rows_in_file, std::mem::take(&mut self.refused));
        folder.made.push(MadeFile { path, source: self.layout.source.to_owned(), rows, refused });
        self.rows_in_file = 0;
        Ok(())
    }
}

/// A time whose day does not exist, in the form of a time that does.
fn impossible_day(time: &str) -> String {
    let mut text = time.to_owned();
    if text.len() >= 10 && text.is_ascii() {
        let (day, month) = if text.as_bytes()[2] == b'/' { (0..2, 3..5) } else { (8..10, 5..7) };
        text.replace_range(day, "30");
        text.replace_range(month, "02");
    }
    text
}

impl Listing {
    fn create(path: &Path, header: &str) -> Result<Self, SynthError> {
        let created = File::create(path).map(|file| BufWriter::with_capacity(1 << 16, file)).and_then(|mut out| {
            writeln!(out, "{header}")?;
            Ok(out)
        });
        let out = created.map_err(|source| SynthError::Write { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), out, rows: 0 })
    }

    /// Writes a line. The fields of a list need no quotes.
    pub(crate) fn write(&mut self, line: std::fmt::Arguments<'_>) -> Result<(), SynthError> {
        self.rows += 1;
        writeln!(self.out, "{line}").map_err(|source| SynthError::Write { path: self.path.clone(), source })
    }

    fn finish(mut self, about: &str) -> Result<MadeFile, SynthError> {
        self.out.flush().map_err(|source| SynthError::Write { path: self.path.clone(), source })?;
        Ok(MadeFile { path: self.path, source: about.to_owned(), rows: self.rows, refused: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::impossible_day;

    #[test]
    fn a_day_that_does_not_exist_keeps_the_form_of_the_time() {
        assert_eq!(impossible_day("2025-11-05T10:00:00+05:30"), "2025-02-30T10:00:00+05:30");
        assert_eq!(impossible_day("05/11/2025 10:00"), "30/02/2025 10:00");
    }
}
