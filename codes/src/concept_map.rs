//! Concept maps: from the codes of one system to those of another, and back.

use serde::{Deserialize, Serialize};

use crate::{
    as_of::AsOf,
    codes::Codes,
    concept::Concept,
    day::Day,
    declared::{self, NAME_RULE},
    error::CodesError,
    language::Language,
    table::{Column, Row},
};

/// How a target stands to its source, in the words of FHIR R5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relationship {
    /// Both mean the same.
    Equivalent,
    /// The target means more than the source.
    SourceIsNarrowerThanTarget,
    /// The target means less than the source.
    SourceIsBroaderThanTarget,
    /// They have to do with each other, and nobody says how.
    RelatedTo,
    /// They have nothing to do with each other, though one may think so.
    NotRelatedTo,
}

impl Relationship {
    /// Every relationship, the closest first.
    pub const ALL: [Self; 5] = [
        Self::Equivalent,
        Self::SourceIsNarrowerThanTarget,
        Self::SourceIsBroaderThanTarget,
        Self::RelatedTo,
        Self::NotRelatedTo,
    ];

    /// The word of FHIR R5.
    pub fn word(self) -> &'static str {
        match self {
            Self::Equivalent => "equivalent",
            Self::SourceIsNarrowerThanTarget => "source-is-narrower-than-target",
            Self::SourceIsBroaderThanTarget => "source-is-broader-than-target",
            Self::RelatedTo => "related-to",
            Self::NotRelatedTo => "not-related-to",
        }
    }

    /// The relationship of a word of FHIR R5.
    pub fn find_by_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relationship| relationship.word() == word)
    }

    /// The same, seen from the target.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::SourceIsNarrowerThanTarget => Self::SourceIsBroaderThanTarget,
            Self::SourceIsBroaderThanTarget => Self::SourceIsNarrowerThanTarget,
            same => same,
        }
    }
}

/// Which way a map is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From a source to its targets.
    Forward,
    /// From a target to its sources.
    Reverse,
}

/// A map from the codes of one system to those of another.
#[derive(Debug)]
pub struct ConceptMap {
    text: String,
    csv: String,
    declared: Declared,
    sources: Column,
    targets: Column,
    relationships: Vec<Relationship>,
    from: Vec<Option<Day>>,
    comments: Column,
    /// Rows sorted by source and by target.
    by_source: Vec<Row>,
    by_target: Vec<Row>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Declared {
    name: String,
    title_en: String,
    title_pa: String,
    title_hi: String,
    version: String,
    source: String,
    licence: String,
    source_date: String,
    source_system: String,
    target_system: String,
    made_up: bool,
    lineage: bool,
    notes: String,
}

/// One row of a map, read in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping<'a> {
    /// The code that was asked about, as the map writes it.
    pub from_code: &'a str,
    /// The code it leads to; empty when the map says that there is none.
    pub to_code: &'a str,
    /// How `to_code` stands to `from_code`, which is the source in the words of the relationship.
    pub relationship: Relationship,
    /// The first day on which this holds; `None` when it always has.
    pub valid_from: Option<Day>,
    /// What the author of the map says about it; empty when nothing.
    pub comment: &'a str,
}

/// What a code translates to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Translation<'a> {
    /// The row of the map.
    pub mapping: Mapping<'a>,
    /// The concept it leads to; `None` when the system is not there or has no such code on the day.
    pub concept: Option<Concept<'a>>,
}

const ROWS_MAX: usize = 4_000_000;

impl ConceptMap {
    /// Reads a map from its declaration and its rows, a CSV with the columns `source,target,relationship,valid_from,comment`.
    /// `file` is how errors name it.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] with the line at fault.
    pub fn parse(file: &str, text: &str, csv: &str) -> Result<Self, CodesError> {
        let declared: Declared = declared::read(file, text)?;
        let required = [
            ("name", &*declared.name),
            ("title_en", &declared.title_en),
            ("title_pa", &declared.title_pa),
            ("title_hi", &declared.title_hi),
            ("version", &declared.version),
            ("source", &declared.source),
            ("licence", &declared.licence),
            ("source_system", &declared.source_system),
            ("target_system", &declared.target_system),
        ];
        declared::require(file, text, &required)?;
        let fail = |line, problem| CodesError::Sidecar { file: file.to_owned(), line, problem };
        for name in [&declared.name, &declared.source_system, &declared.target_system] {
            if !declared::is_name(name) {
                return Err(fail(
                    1,
                    format!("a map or system cannot be named `{}`; {NAME_RULE}", name.escape_default()),
                ));
            }
        }
        declared::check_version(file, &declared.version)?;
        if declared.lineage && declared.source_system != declared.target_system {
            return Err(fail(
                1,
                "`lineage` is for a map of a system to itself; source_system and target_system differ".to_owned(),
            ));
        }
        let mut map = Self {
            text: text.to_owned(),
            csv: csv.to_owned(),
            declared,
            sources: Column::default(),
            targets: Column::default(),
            relationships: Vec::new(),
            from: Vec::new(),
            comments: Column::default(),
            by_source: Vec::new(),
            by_target: Vec::new(),
        };
        let in_rows = |line, problem| CodesError::Sidecar { file: format!("{file} rows"), line, problem };
        map.read_rows(csv).map_err(|(line, problem)| in_rows(line, problem))?;
        let sorted = |column: &Column| {
            let mut rows: Vec<Row> = (0..column.len() as Row).collect();
            rows.sort_by_key(|&row| column.get(row));
            rows
        };
        map.by_source = sorted(&map.sources);
        map.by_target = sorted(&map.targets);
        Ok(map)
    }

    fn read_rows(&mut self, csv: &str) -> Result<(), (usize, String)> {
        const COLUMNS: [&str; 5] = ["source", "target", "relationship", "valid_from", "comment"];
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(csv.as_bytes());
        let header = reader.headers().map_err(|error| (1, error.to_string()))?;
        if header.iter().ne(COLUMNS) {
            return Err((1, format!("the columns are to be {}", COLUMNS.join(","))));
        }
        for record in reader.records() {
            let record = record.map_err(|error| {
                (error.position().map_or(1, |position| position.line() as usize), error.to_string())
            })?;
            let line = record.position().map_or(1, |position| position.line() as usize);
            let cell = |at: usize| record.get(at).unwrap_or_default();
            let relationship = Relationship::find_by_word(cell(2)).ok_or_else(|| {
                let words = Relationship::ALL.map(Relationship::word).join(", ");
                (line, format!("`{}` is no relationship; write one of {words}", cell(2)))
            })?;
            if cell(0).is_empty() || (cell(1).is_empty() && relationship != Relationship::NotRelatedTo) {
                return Err((
                    line,
                    "a row has a source and a target; without a target it is not-related-to".to_owned(),
                ));
            }
            let from = match cell(3) {
                "" => None,
                text => Some(
                    Day::parse(text)
                        .ok_or_else(|| (line, format!("valid_from `{text}` is not a day; write YYYY-MM-DD")))?,
                ),
            };
            if self.relationships.len() == ROWS_MAX {
                return Err((line, format!("more than {ROWS_MAX} rows; part the map")));
            }
            self.sources.push(cell(0));
            self.targets.push(cell(1));
            self.relationships.push(relationship);
            self.from.push(from);
            self.comments.push(cell(4));
        }
        Ok(())
    }

    /// The short name by which it is asked for.
    pub fn name(&self) -> &str {
        &self.declared.name
    }

    /// What it is, in a language of the state.
    pub fn title_in(&self, language: Language) -> &str {
        match language {
            Language::En => &self.declared.title_en,
            Language::Pa => &self.declared.title_pa,
            Language::Hi => &self.declared.title_hi,
        }
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.declared.version
    }

    /// Who says so.
    pub fn source(&self) -> &str {
        &self.declared.source
    }

    /// The licence of the source.
    pub fn licence(&self) -> &str {
        &self.declared.licence
    }

    /// The date of the source; empty when none is stated.
    pub fn source_date(&self) -> &str {
        &self.declared.source_date
    }

    /// Whether it is invented for the made-up state.
    pub fn is_made_up(&self) -> bool {
        self.declared.made_up
    }

    /// What to know before relying on it.
    pub fn notes(&self) -> &str {
        &self.declared.notes
    }

    /// The code system of the sources.
    pub fn source_system(&self) -> &str {
        &self.declared.source_system
    }

    /// The code system of the targets.
    pub fn target_system(&self) -> &str {
        &self.declared.target_system
    }

    /// Whether it maps a system to itself through time: which code came out of which.
    pub fn is_lineage(&self) -> bool {
        self.declared.lineage
    }

    /// The declaration and the rows, as [`parse`](Self::parse) reads them.
    pub fn parts(&self) -> (&str, &str) {
        (&self.text, &self.csv)
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.relationships.len()
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every row, in the order of the file, from source to target.
    pub fn mappings(&self) -> impl ExactSizeIterator<Item = Mapping<'_>> {
        (0..self.len() as Row).map(|row| self.mapping(row, Direction::Forward))
    }

    /// The rows about exactly this code, in the order of the file.
    pub fn find_mappings(&self, code: &str, direction: Direction) -> impl ExactSizeIterator<Item = Mapping<'_>> {
        let (rows, column) = match direction {
            Direction::Forward => (&self.by_source, &self.sources),
            Direction::Reverse => (&self.by_target, &self.targets),
        };
        let from = rows.partition_point(|&row| column.get(row) < code);
        let count = rows[from..].partition_point(|&row| column.get(row) == code);
        rows[from..from + count].iter().map(move |&row| self.mapping(row, direction))
    }

    fn mapping(&self, row: Row, direction: Direction) -> Mapping<'_> {
        let (source, target) = (self.sources.get(row), self.targets.get(row));
        let relationship = self.relationships[row as usize];
        let (valid_from, comment) = (self.from[row as usize], self.comments.get(row));
        match direction {
            Direction::Forward => Mapping { from_code: source, to_code: target, relationship, valid_from, comment },
            Direction::Reverse => Mapping {
                from_code: target,
                to_code: source,
                relationship: relationship.reversed(),
                valid_from,
                comment,
            },
        }
    }
}

impl Codes {
    /// What a code translates to by a map on a day, the closest relationship first; nothing for a code that the map does not have.
    ///
    /// # Errors
    /// [`CodesError::UnknownConceptMap`].
    pub fn translate(
        &self,
        concept_map: &str,
        code: &str,
        direction: Direction,
        day: impl Into<Option<Day>>,
    ) -> Result<Vec<Translation<'_>>, CodesError> {
        let (map, day) = (self.get_concept_map(concept_map)?, day.into());
        let (from, to) = match direction {
            Direction::Forward => (map.source_system(), map.target_system()),
            Direction::Reverse => (map.target_system(), map.source_system()),
        };
        let code = self.system(from).map_or_else(|| code.trim().into(), |system| system.fold(code));
        if code.is_empty() {
            return Ok(Vec::new());
        }
        let to: Option<AsOf<'_>> = self.as_of(to, None, day).ok();
        let holds = |mapping: &Mapping<'_>| day.zip(mapping.valid_from).is_none_or(|(day, from)| from <= day);
        let mut translations: Vec<_> = map
            .find_mappings(&code, direction)
            .filter(holds)
            .map(|mapping| Translation { mapping, concept: to.and_then(|to| to.lookup(mapping.to_code)) })
            .collect();
        translations.sort_by_key(|translation| translation.mapping.relationship);
        Ok(translations)
    }
}
