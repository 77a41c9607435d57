//! The rows of a code system, packed: one text and one array of offsets a column.

use std::io::Read as _;

use flate2::read::GzDecoder;
use rustc_hash::FxHashSet;

use crate::{
    concept::Validity,
    day::Day,
    error::CodesError,
    index::{BadCode, Case, CodeIndex, ROWS_MAX},
    sidecar::Sidecar,
};

/// A row number of a [`Table`].
pub(crate) type Row = u32;

/// A table that unpacks to as many bytes is refused.
const BYTES_MAX: u64 = 1 << 30;
/// So many bytes are unpacked and then read while they are still in the cache.
const UNPACKED_AT_ONCE: usize = 64 << 10;

/// As many bytes are unpacked at once where only the header is read.
const HEADER_BYTES: usize = 4 << 10;
/// The columns that are no properties.
const OWN_COLUMNS: [&str; 6] = ["code", "display", "display_pa", "display_hi", "parent", "status"];

/// A column of texts end to end; `ends[row]` is where a row's text ends and the next one starts.
#[derive(Debug, Default)]
pub(crate) struct Column {
    text: String,
    ends: Vec<u32>,
}

impl Column {
    /// Adds a row.
    pub(crate) fn push(&mut self, value: &str) {
        self.text.push_str(value);
        self.ends.push(u32::try_from(self.text.len()).expect("a column holds less than 4 GiB of text"));
    }

    /// The text of a row.
    pub(crate) fn get(&self, row: Row) -> &str {
        let row = row as usize;
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.text[start..self.ends[row] as usize]
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

/// A parsed code system. Codes are unique and every column has `len()` rows.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) codes: Column,
    /// English, Punjabi, Hindi.
    pub(crate) displays: [Column; 3],
    pub(crate) parents: Column,
    retired: FxHashSet<Row>,
    pub(crate) properties: Vec<(String, Column)>,
    /// Of every row, or empty when no column states any.
    validity: Vec<Validity>,
    index: CodeIndex,
}

/// Where the columns of the CSV go. The first four names are given, the rest are properties.
enum Target {
    Code,
    Display(usize),
    Parent,
    Status,
    Property(usize),
}

impl Table {
    /// Unpacks and reads a gzip-compressed CSV with a header line.
    pub(crate) fn parse(sidecar: &Sidecar, packed: &[u8]) -> Result<Self, CodesError> {
        let fail = |problem: String| CodesError::Table { system: sidecar.name.clone(), problem };
        let wrong = |error: csv::Error| match error.kind() {
            csv::ErrorKind::Io(error) => fail(format!("not gzip: {error}")),
            _ => fail(error.to_string()),
        };
        let unpacking = GzDecoder::new(packed).take(BYTES_MAX);
        let mut reader = csv::ReaderBuilder::new().buffer_capacity(UNPACKED_AT_ONCE).from_reader(unpacking);
        let header = reader.headers().map_err(wrong)?.clone();
        check_header(&header).map_err(fail)?;
        let case = if sidecar.case_insensitive { Case::Folded } else { Case::Kept };
        let mut table = Self {
            codes: Column::default(),
            displays: Default::default(),
            parents: Column::default(),
            retired: FxHashSet::default(),
            properties: Vec::new(),
            validity: Vec::new(),
            index: CodeIndex::build(&Column::default(), case).expect("no code stands twice among none"),
        };
        let targets: Vec<_> = header.iter().map(|name| table.target(name)).collect();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(wrong)? {
            table.push(&targets, &record).map_err(fail)?;
        }
        if reader.get_ref().limit() == 0 {
            return Err(fail(format!("the table unpacks to {BYTES_MAX} bytes or more; part the list")));
        }
        table.fill_missing_languages();
        table.validity = table.read_validity().map_err(fail)?;
        if table.len() > ROWS_MAX {
            return Err(fail(format!("{} rows, and at most {ROWS_MAX} are read; part the list", table.len())));
        }
        table.index = CodeIndex::build(&table.codes, case).map_err(|bad| {
            fail(match bad {
                BadCode::Twice(code) => format!("the code `{code}` stands twice; keep one row of it"),
                BadCode::SmallLetter(code) => format!(
                    "the code `{code}` has small letters, but `case_insensitive` says that codes stand in capitals"
                ),
            })
        })?;
        if table.len() != sidecar.concepts {
            return Err(fail(format!("{} concepts, but its sidecar says {}", table.len(), sidecar.concepts)));
        }
        Ok(table)
    }

    /// The names of the properties of a packed table, of which no more than the first lines are unpacked; none of one that does not read.
    pub(crate) fn property_names_of(packed: &[u8]) -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new().buffer_capacity(HEADER_BYTES).from_reader(GzDecoder::new(packed));
        let Ok(header) = reader.headers() else { return Vec::new() };
        header.iter().filter(|name| !OWN_COLUMNS.contains(name)).map(str::to_owned).collect()
    }

    fn target(&mut self, name: &str) -> Target {
        match name {
            "code" => Target::Code,
            "display" => Target::Display(0),
            "display_pa" => Target::Display(1),
            "display_hi" => Target::Display(2),
            "parent" => Target::Parent,
            "status" => Target::Status,
            property => {
                self.properties.push((property.to_owned(), Column::default()));
                Target::Property(self.properties.len() - 1)
            }
        }
    }

    fn push(&mut self, targets: &[Target], record: &csv::StringRecord) -> Result<(), String> {
        let row = self.len() as Row;
        for (target, value) in targets.iter().zip(record) {
            match target {
                Target::Code if value.is_empty() => return Err(format!("row {} has no code", row + 1)),
                Target::Code => self.codes.push(value),
                Target::Display(language) => self.displays[*language].push(value),
                Target::Parent => self.parents.push(value),
                Target::Status => match value {
                    "active" | "" => {}
                    "retired" => {
                        self.retired.insert(row);
                    }
                    other => return Err(format!("row {}: status `{other}` is neither active nor retired", row + 1)),
                },
                Target::Property(index) => self.properties[*index].1.push(value),
            }
        }
        Ok(())
    }

    fn fill_missing_languages(&mut self) {
        let rows = self.len();
        for column in &mut self.displays {
            if column.ends.is_empty() {
                column.ends = vec![0; rows];
            }
        }
    }

    /// Reads the columns `valid_from` and `valid_until`.
    fn read_validity(&self) -> Result<Vec<Validity>, String> {
        let (from, until) = (self.find_property("valid_from"), self.find_property("valid_until"));
        if from.is_none() && until.is_none() {
            return Ok(Vec::new());
        }
        let read = |row: Row, name: &str, column: Option<&Column>| match column.map_or("", |column| column.get(row)) {
            "" => Ok(None),
            text => Day::parse(text).map(Some).ok_or_else(|| {
                let code = self.codes.get(row);
                format!("row {} (`{code}`): {name} `{text}` is not a day; write YYYY-MM-DD, or nothing", row + 1)
            }),
        };
        let rows = 0..self.len() as Row;
        rows.map(|row| {
            let validity = Validity { from: read(row, "valid_from", from)?, until: read(row, "valid_until", until)? };
            if let Validity { from: Some(from), until: Some(until) } = validity
                && until <= from
            {
                let code = self.codes.get(row);
                return Err(format!(
                    "row {} (`{code}`): valid_until {until} is not after valid_from {from}; it is the first day on which \
                     the code is no longer valid",
                    row + 1
                ));
            }
            Ok(validity)
        })
        .collect()
    }

    /// How many concepts there are.
    pub(crate) fn len(&self) -> usize {
        self.codes.len()
    }

    /// The row of a code, in any case where the system ignores case.
    pub(crate) fn find(&self, code: &str) -> Option<Row> {
        self.index.find(&self.codes, code)
    }

    /// The rows of many codes, in their order.
    pub(crate) fn find_all(&self, asked: &[&str], found: impl FnMut(Option<Row>)) {
        self.index.find_all(&self.codes, asked, found);
    }

    /// Whether the concept is kept for history only.
    pub(crate) fn is_retired(&self, row: Row) -> bool {
        !self.retired.is_empty() && self.retired.contains(&row)
    }

    /// When the concept may be given.
    pub(crate) fn validity(&self, row: Row) -> Validity {
        self.validity.get(row as usize).copied().unwrap_or_default()
    }

    /// Whether the table states of any code since when or until when it is valid.
    pub(crate) fn keeps_history(&self) -> bool {
        !self.validity.is_empty()
    }

    /// The property of that name, empty where a row has none.
    pub(crate) fn find_property(&self, name: &str) -> Option<&Column> {
        self.properties.iter().find(|(property, _)| property == name).map(|(_, column)| column)
    }

    /// Bytes of memory held.
    pub(crate) fn bytes(&self) -> usize {
        let columns = [&self.codes, &self.parents].into_iter().chain(&self.displays);
        columns.chain(self.properties.iter().map(|(_, column)| column)).map(Column::bytes).sum::<usize>()
            + self.validity.capacity() * size_of::<Validity>()
            + self.index.bytes()
    }
}

/// Each column once, and the four that every table has.
fn check_header(header: &csv::StringRecord) -> Result<(), String> {
    if let Some(missing) =
        ["code", "display", "parent", "status"].iter().find(|name| !header.iter().any(|column| column == **name))
    {
        return Err(format!("the column `{missing}` is missing"));
    }
    let mut seen = FxHashSet::default();
    match header.iter().find(|name| name.is_empty() || !seen.insert(*name)) {
        Some("") => Err("a column has no name".to_owned()),
        Some(name) => Err(format!("the column `{name}` stands twice")),
        None => Ok(()),
    }
}
