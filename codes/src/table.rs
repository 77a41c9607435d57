//! The rows of a code system, packed: one text and one array of offsets a column.

use std::io::Read as _;

use flate2::read::GzDecoder;
use rustc_hash::FxHashSet;

use crate::{error::CodesError, index::CodeIndex, sidecar::Sidecar};

/// A row number of a [`Table`].
pub(crate) type Row = u32;

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
        let mut text = Vec::with_capacity(packed.len() * 6);
        GzDecoder::new(packed).read_to_end(&mut text).map_err(|error| fail(format!("not gzip: {error}")))?;
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let header = reader.headers().map_err(|error| fail(error.to_string()))?.clone();
        let mut table = Self {
            codes: Column::default(),
            displays: Default::default(),
            parents: Column::default(),
            retired: FxHashSet::default(),
            properties: Vec::new(),
            index: CodeIndex::build(&Column::default()).expect("no code stands twice among none"),
        };
        let targets: Vec<_> = header.iter().map(|name| table.target(name)).collect();
        for name in ["code", "display", "parent", "status"] {
            if !header.iter().any(|column| column == name) {
                return Err(fail(format!("the column `{name}` is missing")));
            }
        }
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| fail(error.to_string()))? {
            table.push(&targets, &record).map_err(fail)?;
        }
        table.fill_missing_languages();
        table.index = CodeIndex::build(&table.codes).map_err(|code| fail(format!("the code `{code}` stands twice")))?;
        if table.len() != sidecar.concepts {
            return Err(fail(format!("{} concepts, but its sidecar says {}", table.len(), sidecar.concepts)));
        }
        Ok(table)
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

    /// How many concepts there are.
    pub(crate) fn len(&self) -> usize {
        self.codes.len()
    }

    /// The row of exactly this code.
    pub(crate) fn find(&self, code: &str) -> Option<Row> {
        self.index.find(&self.codes, code)
    }

    /// Whether the concept is kept for history only.
    pub(crate) fn is_retired(&self, row: Row) -> bool {
        !self.retired.is_empty() && self.retired.contains(&row)
    }

    /// The property of that name, empty where a row has none.
    pub(crate) fn find_property(&self, name: &str) -> Option<&Column> {
        self.properties.iter().find(|(property, _)| property == name).map(|(_, column)| column)
    }

    /// Bytes of memory held.
    pub(crate) fn bytes(&self) -> usize {
        let columns = [&self.codes, &self.parents].into_iter().chain(&self.displays);
        columns.chain(self.properties.iter().map(|(_, column)| column)).map(Column::bytes).sum::<usize>()
            + self.index.bytes()
    }
}
