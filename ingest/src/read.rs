//! A file from its first byte to checked rows.

use std::collections::BTreeMap;
use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;

use chrono::NaiveDate;
use kanak_engine::standardize::{Standardizer, redact};
use kanak_model::SourceSystem;
use kanak_model::quality::{LeftOut, QualityRule, RejectedRow};
use rustc_hash::FxHashMap;

use crate::check::{Checker, Tally, looks_like_aadhaar};
use crate::checked::{CheckedBatch, CheckedRow, FileReport};
use crate::connector::{self, RowRead, SourceReader};
use crate::error::IngestError;
use crate::input::Input;
use crate::memo::Memo;
use crate::other_rows::{OtherRows, hash_of};
use crate::plan::{Plan, Rows};
use crate::raw_row::RawRow;
use crate::twelve_digits::Judged;

/// How many rows a batch has at most.
pub const BATCH_ROWS: usize = 5_000;

/// Reads a file of a source, checks its rows and hands them over in batches, in the order of the file.
///
/// The caller keeps nothing until all has gone well: a file that breaks off half-way, or turns out to be damaged, gives
/// an error after batches have been handed over, and the caller's transaction drops them.
///
/// A source with `where_empty` has its file read twice: first for what the rows of a pair state of themselves, which are kept in
/// memory (about a hundred bytes a row and its value), then as any other. So pairs may lie as far apart as they like, and the
/// order of rows changes nothing.
///
/// # Errors
/// When the file as a whole cannot be used, or `sink` fails.
pub fn read_file<'i, E>(
    source: &SourceSystem,
    rows: Rows<'_>,
    input: impl Into<Input<'i>>,
    standardizer: &Standardizer,
    today: NaiveDate,
    sink: &mut dyn FnMut(CheckedBatch) -> Result<(), E>,
) -> Result<FileReport, IngestError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    read_file_without(source, rows, input, standardizer, today, &|_| false, sink)
}

/// Reads a file as [`read_file`] does, but for this: a row takes nothing from one whose key is `unheard`. The row of such a key is handed
/// over like any other, and the caller leaves it out.
///
/// # Errors
/// As for [`read_file`].
pub fn read_file_without<'i, E>(
    source: &SourceSystem,
    rows: Rows<'_>,
    input: impl Into<Input<'i>>,
    standardizer: &Standardizer,
    today: NaiveDate,
    unheard: &dyn Fn(&str) -> bool,
    sink: &mut dyn FnMut(CheckedBatch) -> Result<(), E>,
) -> Result<FileReport, IngestError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let input = input.into();
    let file = input.name();
    let bytes = input.bytes()?;
    let others = OtherRows::gather(source, rows, &input, unheard)?;
    let mut reader = connector::open(&input, &source.format)?;
    let plan = Plan::new(&file, source, rows, &mut *reader)?;
    let checker = Checker { plan: &plan, others: &others, standardizer, today };
    let mut run = Run {
        checker,
        file: &file,
        raw: Vec::with_capacity(BATCH_ROWS),
        filled: 0,
        unread: Vec::new(),
        keys: Keys::default(),
        judged: None,
        memos: memos(),
        tally: Tally::default(),
        report: FileReport { bytes, ..FileReport::default() },
        sink: &mut |batch| sink(batch).map_err(|cause| IngestError::Sink { file: file.clone(), cause: cause.into() }),
    };
    reader.read_rows(&mut |read| run.take(read))?;
    run.flush()?;
    let mut report = run.finish();
    describe(&mut report, &plan, &*reader);
    Ok(report)
}

/// Reads a file once more from the landing, as [`read_file`] does.
///
/// # Errors
/// As for [`read_file`], and when the sealed file does not pass its check.
pub fn read_sealed<E>(
    source: &SourceSystem,
    rows: Rows<'_>,
    sealed_path: &Path,
    key: &[u8; 32],
    standardizer: &Standardizer,
    today: NaiveDate,
    sink: &mut dyn FnMut(CheckedBatch) -> Result<(), E>,
) -> Result<FileReport, IngestError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let name = sealed_path.display().to_string();
    let input = Input::Sealed { path: sealed_path, name: &name, key };
    read_file(source, rows, input, standardizer, today, sink)
}

/// Adds what is known only at the end.
fn describe(report: &mut FileReport, plan: &Plan<'_>, reader: &dyn SourceReader) {
    report.columns_ignored = plan.ignored.iter().map(|name| redact(name).into_owned()).collect();
    report.columns_missing.clone_from(&plan.missing);
    if report.rows == 0 {
        let header = if reader.header_line().is_some() { "a header and no rows" } else { "no rows" };
        report.note = Some(format!("the file holds {header}; if that is not meant, ask for it again"));
    }
}

/// The reading of one file.
struct Run<'a, 's> {
    checker: Checker<'a>,
    file: &'a str,
    /// Rows read and not yet checked: the first `filled`; the others lend their buffers.
    raw: Vec<RawRow>,
    filled: usize,
    /// Lines of this batch that are no rows.
    unread: Vec<RejectedRow>,
    keys: Keys,
    /// What numbers of twelve digits are, once the first rows have told.
    judged: Option<Judged>,
    memos: Vec<Memo>,
    tally: Tally<'a>,
    report: FileReport,
    sink: &'s mut dyn FnMut(CheckedBatch) -> Result<(), IngestError>,
}

impl Run<'_, '_> {
    fn take(&mut self, read: RowRead<'_>) -> Result<(), IngestError> {
        match read {
            RowRead::Bad(rejected) => self.unread.push(rejected),
            RowRead::Row(row) => {
                if self.filled == self.raw.len() {
                    self.raw.push(RawRow::default());
                }
                std::mem::swap(row, &mut self.raw[self.filled]);
                self.filled += 1;
            }
        }
        if self.filled + self.unread.len() >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    /// Checks the rows read so far and hands them over.
    fn flush(&mut self) -> Result<(), IngestError> {
        if self.filled + self.unread.len() == 0 {
            return Ok(());
        }
        let raw = &self.raw[..self.filled];
        let plan = self.checker.plan;
        if self.judged.is_none() {
            refuse_aadhaar_keys(self.file, plan, raw)?;
        }
        let judged = self.judged.get_or_insert_with(|| Judged::of(plan, raw));
        let mut batch =
            CheckedBatch { rows: Vec::with_capacity(raw.len()), rejected: std::mem::take(&mut self.unread) };
        for (checked, tally) in check_all(self.checker, judged, raw, &mut self.memos) {
            self.tally.add(tally);
            for row in checked {
                match row.and_then(|row| self.keys.admit(row)) {
                    Ok(row) => batch.rows.push(row),
                    Err(rejected) => batch.rejected.push(rejected),
                }
            }
        }
        batch.rejected.sort_by_key(|rejected| rejected.line);
        self.filled = 0;
        self.report.rows += (batch.rows.len() + batch.rejected.len()) as u64;
        self.report.accepted += batch.rows.len() as u64;
        for rejected in &batch.rejected {
            *self.report.rejected.entry(rejected.rule).or_default() += 1;
        }
        (self.sink)(batch)
    }

    fn finish(self) -> FileReport {
        let mut report = self.report;
        report.from_other_rows = self.tally.from_other_rows;
        let by_name: BTreeMap<_, _> = self.tally.left_out.into_iter().collect();
        report.left_out = by_name
            .into_iter()
            .map(|((attribute, rule), count)| LeftOut { attribute: attribute.to_owned(), rule, count })
            .collect();
        report
    }
}

type Part<'a> = (Vec<Result<CheckedRow, RejectedRow>>, Tally<'a>);

/// Checks rows on every core; rows do not depend on each other, so the order and the outcome are those of one core.
fn check_all<'a>(checker: Checker<'a>, judged: &Judged, raw: &[RawRow], memos: &mut [Memo]) -> Vec<Part<'a>> {
    let check = |rows: &[RawRow], memo: &mut Memo| {
        let mut tally = Tally::default();
        (rows.iter().map(|row| checker.check(judged, row, memo, &mut tally)).collect(), tally)
    };
    let share = raw.len().div_ceil(memos.len()).max(500);
    let parts = raw.chunks(share).zip(memos);
    if raw.len() <= share {
        return parts.map(|(rows, memo)| check(rows, memo)).collect();
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> = parts.map(|(rows, memo)| scope.spawn(|| check(rows, memo))).collect();
        parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// One memo for each core that checks.
fn memos() -> Vec<Memo> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(8);
    std::iter::repeat_with(Memo::default).take(cores).collect()
}

/// A file that names its rows by Aadhaar numbers is refused as a whole: the key would stand in every table.
fn refuse_aadhaar_keys(file: &str, plan: &Plan<'_>, raw: &[RawRow]) -> Result<(), IngestError> {
    for column in &plan.key {
        let alike = raw.iter().filter(|row| looks_like_aadhaar(row.get(*column).trim()));
        let lines: Vec<u64> = alike.map(|row| row.line).collect();
        if lines.len() >= 3 && lines.len() * 2 > raw.len() {
            return Err(IngestError::AadhaarKey {
                file: file.to_owned(),
                line: lines[0],
                column: plan.key_names.clone(),
            });
        }
    }
    Ok(())
}

/// The keys of the rows that went on, by a hash of 128 bits, with the line of each.
#[derive(Default)]
struct Keys(FxHashMap<[u64; 2], u64>);

impl Keys {
    /// Lets a row through unless an earlier one of the file has its key.
    fn admit(&mut self, row: CheckedRow) -> Result<CheckedRow, RejectedRow> {
        let first_line = *self.0.entry(hash_of(&row.key)).or_insert(row.line);
        if first_line == row.line {
            return Ok(row);
        }
        Err(RejectedRow {
            line: row.line,
            key: Some(row.key),
            rule: QualityRule::KeyDuplicate,
            column: None,
            masked: None,
            reason: format!("line {first_line} of the file has the same key; keep one of the two at the source"),
        })
    }
}
