//! A code system: lookup, hierarchy and search over its concepts.

use std::{borrow::Cow, sync::OnceLock};

use serde::Serialize;

use crate::{
    concept::Concept,
    error::CodesError,
    hierarchy::Children,
    language::Language,
    search::{SearchHit, SearchIndex},
    shape,
    sidecar::Sidecar,
    table::{Row, Table},
};

/// A set of codes from one source. What it says about itself is known at once; its table is unpacked on the first
/// question about a code, and its search index on the first search.
#[derive(Debug)]
pub struct CodeSystem {
    sidecar: Sidecar,
    packed: Cow<'static, [u8]>,
    crc: OnceLock<u32>,
    table: OnceLock<Table>,
    children: OnceLock<Children>,
    search: OnceLock<SearchIndex>,
}

/// How two codes of a hierarchy stand to each other, as in FHIR `$subsumes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subsumption {
    /// They are the same concept.
    Equivalent,
    /// The first contains the second.
    Subsumes,
    /// The second contains the first.
    SubsumedBy,
    /// Neither contains the other.
    NotSubsumed,
}

impl CodeSystem {
    /// Reads a code system from the text of its sidecar and its gzip-compressed CSV.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] or [`CodesError::Table`], naming the line or the row at fault.
    pub fn from_parts(sidecar: &str, packed_csv: Vec<u8>) -> Result<Self, CodesError> {
        let system = Self::unread(Sidecar::parse("sidecar", sidecar)?, Cow::Owned(packed_csv));
        let table = Table::parse(&system.sidecar, &system.packed)?;
        system.packed_crc();
        Ok(Self { packed: Cow::Borrowed(&[]), table: OnceLock::from(table), ..system })
    }

    /// A code system that is part of this binary; its table is read when it is first needed.
    pub(crate) fn embedded(name: &str, sidecar: &str, packed: &'static [u8]) -> Result<Self, CodesError> {
        Ok(Self::unread(Sidecar::parse(&format!("{name}.toml"), sidecar)?, Cow::Borrowed(packed)))
    }

    fn unread(sidecar: Sidecar, packed: Cow<'static, [u8]>) -> Self {
        Self {
            sidecar,
            packed,
            crc: OnceLock::new(),
            table: OnceLock::new(),
            children: OnceLock::new(),
            search: OnceLock::new(),
        }
    }

    pub(crate) fn table(&self) -> &Table {
        self.table.get_or_init(|| {
            Table::parse(&self.sidecar, &self.packed).expect("an embedded table reads; a test reads them all")
        })
    }

    pub(crate) fn concept(&self, row: Row) -> Concept<'_> {
        Concept { table: self.table(), row }
    }

    /// The short name by which it is asked for, such as `ifsc`.
    pub fn name(&self) -> &str {
        &self.sidecar.name
    }

    /// What it is, in English.
    pub fn title(&self) -> &str {
        &self.sidecar.titles[0]
    }

    /// What it is, in a language of the state.
    pub fn title_in(&self, language: Language) -> &str {
        &self.sidecar.titles[language as usize]
    }

    /// The version of the list.
    pub fn version(&self) -> &str {
        &self.sidecar.version
    }

    /// Who published it and where it was read.
    pub fn source(&self) -> &str {
        &self.sidecar.source
    }

    /// The licence of the source; `none stated` where it states none.
    pub fn licence(&self) -> &str {
        &self.sidecar.licence
    }

    /// The date of the source, as precise as it is known (`2022-03-11`, `2021-07`).
    pub fn source_date(&self) -> &str {
        &self.sidecar.source_date
    }

    /// Known defects and other things to know before relying on it.
    pub fn notes(&self) -> &str {
        &self.sidecar.notes
    }

    /// Whether the codes are invented for the made-up state. A system that is only partly invented says `false` here
    /// and marks its concepts with the property `made_up`.
    pub fn is_made_up(&self) -> bool {
        self.sidecar.is_made_up
    }

    /// How many concepts it has.
    pub fn len(&self) -> usize {
        self.sidecar.concepts
    }

    /// Whether it has no concept at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code system that parents belong to: its own name when it is a hierarchy, `None` when it has no parents.
    pub fn parent_system(&self) -> Option<&str> {
        self.sidecar.parent_system.as_deref()
    }

    /// Whether parents are codes of this same system, so that one code can contain another.
    pub fn is_hierarchical(&self) -> bool {
        self.parent_system() == Some(self.name())
    }

    /// Parent codes that the source refers to but does not define.
    pub fn known_orphans(&self) -> &[String] {
        &self.sidecar.known_orphans
    }

    /// The shapes a code may have, such as `AAAA0XXXXXX`: `A` is a capital, `9` a digit, `X` either, `x` a small letter
    /// or a digit, the rest itself. Empty when any text may be a code.
    pub fn shapes(&self) -> &[String] {
        &self.sidecar.shapes
    }

    /// The names of the properties that concepts may have.
    pub fn property_names(&self) -> impl Iterator<Item = &str> {
        self.table().properties.iter().map(|(name, _)| name.as_str())
    }

    /// The concept of a code, whatever spaces stand around it and, where the system ignores case, however it is
    /// capitalized.
    pub fn lookup(&self, code: &str) -> Option<Concept<'_>> {
        let table = self.table();
        let row = table.find(&self.fold(code))?;
        Some(Concept { table, row })
    }

    /// A code as this system writes it.
    pub(crate) fn fold<'c>(&self, code: &'c str) -> Cow<'c, str> {
        let is_bare = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_graphic);
        let bytes = code.as_bytes();
        let code = if is_bare(bytes.first()) && is_bare(bytes.last()) { code } else { code.trim() };
        if self.sidecar.folds_case && code.bytes().any(|byte| byte.is_ascii_lowercase()) {
            Cow::Owned(code.to_ascii_uppercase())
        } else {
            Cow::Borrowed(code)
        }
    }

    pub(crate) fn fits_a_shape(&self, code: &str) -> bool {
        self.shapes().is_empty() || self.shapes().iter().any(|shape| shape::fits(shape, code))
    }

    /// Every concept, in the order of its file.
    pub fn concepts(&self) -> impl ExactSizeIterator<Item = Concept<'_>> {
        let table = self.table();
        (0..table.len() as Row).map(move |row| Concept { table, row })
    }

    /// The concepts whose parent is `code`, in the order of the file. The parent may belong to another code system: the
    /// children of `3` in `lgd-district` are the districts of Punjab.
    pub fn children(&self, code: &str) -> impl ExactSizeIterator<Item = Concept<'_>> {
        let table = self.table();
        let children = self.children.get_or_init(|| Children::index(table));
        children.of(table, &self.fold(code)).iter().map(move |&row| Concept { table, row })
    }

    /// How two codes stand to each other. `None` when the system is no hierarchy or does not know one of the codes.
    pub fn subsumes(&self, a: &str, b: &str) -> Option<Subsumption> {
        if !self.is_hierarchical() {
            return None;
        }
        let (a, b) = (self.lookup(a)?, self.lookup(b)?);
        Some(if a == b {
            Subsumption::Equivalent
        } else if self.ancestors(b).any(|ancestor| ancestor == a) {
            Subsumption::Subsumes
        } else if self.ancestors(a).any(|ancestor| ancestor == b) {
            Subsumption::SubsumedBy
        } else {
            Subsumption::NotSubsumed
        })
    }

    /// The concepts above one, nearest first. Empty when the system is no hierarchy.
    pub fn ancestors<'a>(&'a self, concept: Concept<'a>) -> impl Iterator<Item = Concept<'a>> {
        let up = |concept: &Concept<'a>| concept.parent().and_then(|code| self.lookup(code));
        let first = if self.is_hierarchical() { up(&concept) } else { None };
        std::iter::successors(first, up).take(self.len())
    }

    /// The concepts that best fit a text, best first, at most `limit`.
    ///
    /// The start of a code comes first, then names that hold every word of the text, whole or begun, then names that
    /// do so when one letter of a word of four letters or more is wrong, missing, added or swapped. Of a longer text the
    /// first 200 characters count, and of those the first eight words that differ.
    pub fn search(&self, text: &str, limit: usize) -> Vec<SearchHit<'_>> {
        let index = self.search.get_or_init(|| SearchIndex::build(self.table(), &self.sidecar.searched));
        index.search(self, text, limit)
    }

    /// CRC-32 of its packed table: another one tells of another table, without a look into it.
    pub fn packed_crc(&self) -> u32 {
        *self.crc.get_or_init(|| {
            let mut crc = flate2::Crc::new();
            crc.update(&self.packed);
            crc.sum()
        })
    }

    /// Bytes of memory that the table holds once it is read, search and hierarchy apart.
    pub fn table_bytes(&self) -> usize {
        self.table().bytes()
    }
}
