//! One concept of a code system.

use serde::{Deserialize, Serialize};

use crate::{
    day::Day,
    language::Language,
    table::{Column, Row, Table},
};

/// Whether a code may still be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// In use.
    Active,
    /// Kept so that old records still read; not to be given to new ones.
    Retired,
}

/// The days on which a code may be given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Validity {
    /// The first day; `None` when none is known.
    pub from: Option<Day>,
    /// The first day after the last; `None` while no end is known.
    pub until: Option<Day>,
}

impl Validity {
    /// Whether a day is one of them.
    pub fn holds_on(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }
}

/// A code and what it stands for. Copying one costs nothing: it points into its code system.
#[derive(Clone, Copy)]
pub struct Concept<'a> {
    pub(crate) table: &'a Table,
    pub(crate) row: Row,
}

impl<'a> Concept<'a> {
    /// The code as its code system writes it.
    pub fn code(&self) -> &'a str {
        self.table.codes.get(self.row)
    }

    /// The English name.
    pub fn display(&self) -> &'a str {
        self.table.displays[0].get(self.row)
    }

    /// The name in a language, where it is known. English is always known.
    pub fn designation(&self, language: Language) -> Option<&'a str> {
        let column = match language {
            Language::En => 0,
            Language::Pa => 1,
            Language::Hi => 2,
        };
        non_empty(self.table.displays[column].get(self.row))
    }

    /// The name in a language, or the English one where that is not known.
    pub fn display_in(&self, language: Language) -> &'a str {
        self.designation(language).unwrap_or_else(|| self.display())
    }

    /// The code one level up, in the code system that [`crate::CodeSystem::parent_system`] names.
    pub fn parent(&self) -> Option<&'a str> {
        non_empty(self.table.parents.get(self.row))
    }

    /// Its number in its table. Together with the system, its version and [`crate::CodeSystem::concept_at`] it stands for the
    /// concept where a borrow cannot be kept.
    pub fn row(&self) -> u32 {
        self.row
    }

    /// The days on which the code may be given, where the table states them.
    pub fn validity(&self) -> Validity {
        self.table.validity(self.row)
    }

    /// The codes that stand in its place since it is no longer valid, of the same system.
    pub fn replaced_by(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.property("replaced_by").into_iter().flat_map(|codes| codes.split('|')).map(str::trim)
    }

    /// Whether the code may still be given.
    pub fn status(&self) -> Status {
        if self.table.is_retired(self.row) { Status::Retired } else { Status::Active }
    }

    /// The value of a property; `None` when the concept has no such property or an empty one.
    pub fn property(&self, name: &str) -> Option<&'a str> {
        self.table.find_property(name).and_then(|column| non_empty(column.get(self.row)))
    }

    /// Every property that has a value, as (name, value), in the order of the code system's file.
    pub fn properties(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let Self { table, row } = *self;
        table.properties.iter().filter_map(move |(name, column)| Some((name.as_str(), non_empty(column.get(row))?)))
    }
}

/// A property of a code system, resolved once, to be read of many concepts.
#[derive(Debug, Clone, Copy)]
pub struct Property<'a> {
    pub(crate) table: &'a Table,
    pub(crate) column: &'a Column,
}

impl<'a> Property<'a> {
    /// Its value; `None` when it is empty or the concept is of another table.
    pub fn of(&self, concept: Concept<'_>) -> Option<&'a str> {
        std::ptr::eq(self.table, concept.table).then(|| self.column.get(concept.row)).and_then(non_empty)
    }
}

impl std::fmt::Debug for Concept<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ({})", self.code(), self.display())
    }
}

/// Two concepts are equal when they are the same row of the same code system.
impl PartialEq for Concept<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.table, other.table) && self.row == other.row
    }
}

impl Eq for Concept<'_> {}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
