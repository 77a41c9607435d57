//! Listing the codes of a value set or a code system, a page at a time.

use crate::{
    as_of::AsOf,
    bits::Bits,
    chosen::Selection,
    codes::Codes,
    concept::{Concept, Status},
    day::Day,
    error::CodesError,
    language::Language,
    members::Membership,
    system::CodeSystem,
};

/// Which page of an expansion is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Expand<'t> {
    /// Only concepts whose code begins with this text or whose names hold each of its words, whole or begun; all of them when it
    /// is empty.
    pub filter: &'t str,
    /// How many concepts to pass over.
    pub offset: usize,
    /// How many concepts to list at most.
    pub count: usize,
    /// Only concepts that are valid on this day.
    pub as_of: Option<Day>,
    /// The language of the displays, where a name in it is known.
    pub language: Language,
}

impl Default for Expand<'_> {
    fn default() -> Self {
        Self { filter: "", offset: 0, count: 100, as_of: None, language: Language::En }
    }
}

/// A page of concepts.
#[derive(Debug, Clone)]
pub struct Expansion<'a> {
    /// How many concepts there are on all pages.
    pub total: usize,
    /// How many were passed over.
    pub offset: usize,
    /// The versions of the code systems that were listed.
    pub systems: Vec<&'a CodeSystem>,
    /// The concepts of the page: with a filter the best first, otherwise in the order of the table.
    pub concepts: Vec<Expanded<'a>>,
}

/// A concept of an expansion.
#[derive(Debug, Clone, Copy)]
pub struct Expanded<'a> {
    /// Its code system.
    pub system: &'a CodeSystem,
    /// The concept.
    pub concept: Concept<'a>,
    /// Its name in the language asked for, or the English one.
    pub display: &'a str,
}

impl Codes {
    /// Lists a page of the codes of a value set.
    ///
    /// # Errors
    /// [`CodesError::UnknownValueSet`].
    pub fn expand(&self, value_set: &str, ask: &Expand<'_>) -> Result<Expansion<'_>, CodesError> {
        let memberships = self.memberships(value_set, ask.as_of)?;
        Ok(Expansion::of_members(&memberships, None, ask))
    }

    /// Lists a page of all codes of a code system.
    ///
    /// # Errors
    /// [`CodesError::UnknownSystem`].
    pub fn expand_system(&self, system: &str, ask: &Expand<'_>) -> Result<Expansion<'_>, CodesError> {
        let as_of = self.as_of(system, None, ask.as_of)?;
        Ok(as_of.system().expand(ask))
    }
}

impl CodeSystem {
    /// Lists a page of all codes of this version.
    pub fn expand(&self, ask: &Expand<'_>) -> Expansion<'_> {
        Expansion::of_system(self.as_of(ask.as_of), None, ask)
    }
}

impl<'a> Expansion<'a> {
    /// Lists a page of the members that stand in some code systems, each on its own day: those of a status, or all of them.
    pub fn of_members(members: &[Membership<'a>], status: Option<Status>, ask: &Expand<'_>) -> Self {
        let sources = members.iter().map(|members| {
            let as_of = members.as_of();
            (as_of.system(), of_status(as_of, members.rows(), status))
        });
        page(sources, ask)
    }

    /// Lists a page of what a choice takes of some code systems, each on its own day: the codes of a status, or all of them.
    pub fn of_selections(selections: &[Selection<'a>], status: Option<Status>, ask: &Expand<'_>) -> Self {
        let sources = selections.iter().map(|selection| {
            let as_of = selection.as_of();
            (as_of.system(), of_status(as_of, selection.rows().clone(), status))
        });
        page(sources, ask)
    }

    /// Lists a page of the codes of a code system that are valid on its day: those of a status, or all of them.
    pub fn of_system(as_of: AsOf<'a>, status: Option<Status>, ask: &Expand<'_>) -> Self {
        let table = as_of.system().table();
        let mut rows = Bits::all(table.len());
        if let Some(day) = as_of.day() {
            rows.retain(|row| table.validity(row).holds_on(day));
        }
        page(std::iter::once((as_of.system(), of_status(as_of, rows, status))), ask)
    }
}

/// The rows of a status. Of rows that are valid on a day, a retired one is active on it where the table states until when.
fn of_status(as_of: AsOf<'_>, mut rows: Bits, status: Option<Status>) -> Bits {
    let Some(status) = status else { return rows };
    let table = as_of.system().table();
    rows.retain(|row| {
        let is_retired = table.is_retired(row) && (as_of.day().is_none() || table.validity(row).until.is_none());
        (status == Status::Retired) == is_retired
    });
    rows
}

fn page<'a>(sources: impl Iterator<Item = (&'a CodeSystem, Bits)>, ask: &Expand<'_>) -> Expansion<'a> {
    let mut page = Expansion { total: 0, offset: ask.offset, systems: Vec::new(), concepts: Vec::new() };
    for (system, rows) in sources {
        let before = page.total;
        let skip = ask.offset.saturating_sub(before);
        let room = ask.count - page.concepts.len();
        let mut list = |row| {
            let concept = system.concept(row);
            page.concepts.push(Expanded { system, concept, display: concept.display_in(ask.language) });
        };
        if ask.filter.trim().is_empty() {
            page.total += rows.count();
            rows.iter().skip(skip).take(room).for_each(&mut list);
        } else {
            let ranked = system.filter(ask.filter, rows);
            page.total += ranked.len();
            ranked.into_iter().skip(skip).take(room).for_each(&mut list);
        }
        page.systems.push(system);
    }
    page
}
