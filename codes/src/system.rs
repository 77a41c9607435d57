//! A code system: lookup, hierarchy and search over its concepts.

use std::{borrow::Cow, sync::OnceLock};

use serde::Serialize;

use crate::{
    bits::Bits,
    concept::{Concept, Property},
    day::Day,
    error::CodesError,
    hierarchy::{Children, Forest, Hierarchy},
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
    /// The main hierarchy, if there is one, and then the further ones in the order of the sidecar.
    forests: OnceLock<Vec<(String, Forest)>>,
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
    /// [`CodesError::Sidecar`] or [`CodesError::Table`], naming the line, the row or the cycle of parents at fault.
    pub fn from_parts(sidecar: &str, packed_csv: Vec<u8>) -> Result<Self, CodesError> {
        let system = Self::unread(Sidecar::parse("sidecar", sidecar)?, Cow::Owned(packed_csv));
        let table = Table::parse(&system.sidecar, &system.packed)?;
        let forests = grow_forests(&system.sidecar, &table)?;
        Ok(Self { table: OnceLock::from(table), forests: OnceLock::from(forests), ..system })
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
            forests: OnceLock::new(),
            search: OnceLock::new(),
        }
    }

    pub(crate) fn table(&self) -> &Table {
        self.table.get_or_init(|| {
            Table::parse(&self.sidecar, &self.packed).expect("an embedded table reads; a test reads them all")
        })
    }

    fn forests(&self) -> &[(String, Forest)] {
        self.forests.get_or_init(|| {
            grow_forests(&self.sidecar, self.table())
                .expect("an embedded hierarchy has no cycle; a test grows them all")
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
        self.title_in(Language::En)
    }

    /// What it is, in a language of the state.
    pub fn title_in(&self, language: Language) -> &str {
        self.sidecar.title(language)
    }

    /// The version of the list.
    pub fn version(&self) -> &str {
        &self.sidecar.version
    }

    /// The first day on which this version is the one in force; `None` when it has been ever since.
    pub fn effective_from(&self) -> Option<Day> {
        self.sidecar.effective_from
    }

    /// Whether its table states of any code since when or until when it is valid, so that this one version answers for days
    /// before it as well.
    pub fn keeps_history(&self) -> bool {
        self.table().keeps_history()
    }

    /// Whether codes are asked for in any case.
    pub fn ignores_case(&self) -> bool {
        self.sidecar.case_insensitive
    }

    /// What it states about itself.
    pub fn sidecar(&self) -> &Sidecar {
        &self.sidecar
    }

    /// The sidecar, as text that [`from_parts`](Self::from_parts) reads.
    pub fn sidecar_text(&self) -> String {
        self.sidecar.to_text()
    }

    /// The gzip-compressed CSV that [`from_parts`](Self::from_parts) reads.
    pub fn packed_csv(&self) -> &[u8] {
        &self.packed
    }

    /// Who published it and where it was read.
    pub fn source(&self) -> &str {
        &self.sidecar.source
    }

    /// The licence of the source; `none stated` where it states none.
    pub fn licence(&self) -> &str {
        &self.sidecar.licence
    }

    /// The date of the source, as precise as it is known (`2022-03-11`, `2021-07`), or `none stated`.
    pub fn source_date(&self) -> &str {
        &self.sidecar.source_date
    }

    /// The date of the source, as precise as it is known; `None` where nobody states it.
    pub fn stated_source_date(&self) -> Option<&str> {
        self.sidecar.stated_source_date()
    }

    /// Known defects and other things to know before relying on it.
    pub fn notes(&self) -> &str {
        &self.sidecar.notes
    }

    /// Whether the codes are invented for the made-up state. A system that is only partly invented says `false` here
    /// and marks its concepts with the property `made_up`.
    pub fn is_made_up(&self) -> bool {
        self.sidecar.made_up
    }

    /// How many concepts it has.
    pub fn len(&self) -> usize {
        self.sidecar.concepts
    }

    /// How many codes the publisher's own count gives, where it is known.
    pub fn official_count(&self) -> Option<usize> {
        self.sidecar.official_count
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

    /// The names of the properties that concepts may have, as [`property_names`](Self::property_names) gives them; a table that was not
    /// read yet stays packed but for its header.
    pub fn declared_properties(&self) -> Vec<String> {
        match self.table.get() {
            Some(table) => table.properties.iter().map(|(name, _)| name.clone()).collect(),
            None => Table::property_names_of(&self.packed),
        }
    }

    /// The concept of a code, whatever spaces stand around it and, where the system ignores case, however it is
    /// capitalized.
    pub fn lookup(&self, code: &str) -> Option<Concept<'_>> {
        let table = self.table();
        let row = table.find(bare(code))?;
        Some(Concept { table, row })
    }

    /// The concepts of many codes, in their order, told one by one; about twice as fast as [`lookup`](Self::lookup) of each, since memory is
    /// waited for once for several.
    pub fn lookup_all<'a>(&'a self, codes: &[&str], mut found: impl FnMut(Option<Concept<'a>>)) {
        let table = self.table();
        let mut bare_codes = [""; 64];
        for codes in codes.chunks(bare_codes.len()) {
            let asked = &mut bare_codes[..codes.len()];
            for (bare_code, code) in asked.iter_mut().zip(codes) {
                *bare_code = bare(code);
            }
            table.find_all(asked, |row| found(row.map(|row| Concept { table, row })));
        }
    }

    /// The concept in a row, as [`Concept::row`] numbers them.
    pub fn concept_at(&self, row: u32) -> Option<Concept<'_>> {
        let table = self.table();
        ((row as usize) < table.len()).then_some(Concept { table, row })
    }

    /// A property, resolved once; `None` when no concept of the system can have it.
    pub fn find_property(&self, name: &str) -> Option<Property<'_>> {
        let table = self.table();
        table.find_property(name).map(|column| Property { table, column })
    }

    /// The hierarchy of the parents; `None` when parents belong to another system or there are none.
    pub fn hierarchy(&self) -> Option<Hierarchy<'_>> {
        self.is_hierarchical().then(|| Hierarchy { table: self.table(), forest: &self.forests()[0].1 })
    }

    /// A hierarchy by its name: `parent` for the main one, or the property that a further one hangs on.
    pub fn find_hierarchy(&self, name: &str) -> Option<Hierarchy<'_>> {
        let (_, forest) = self.forests().iter().find(|(known, _)| known == name)?;
        Some(Hierarchy { table: self.table(), forest })
    }

    /// The names of its hierarchies, the main one, `parent`, first.
    pub fn hierarchy_names(&self) -> impl Iterator<Item = &str> {
        let main = self.is_hierarchical().then_some(MAIN_HIERARCHY);
        main.into_iter().chain(self.sidecar.hierarchies.iter().map(String::as_str))
    }

    /// A code as this system writes it.
    pub(crate) fn fold<'c>(&self, code: &'c str) -> Cow<'c, str> {
        let code = bare(code);
        if self.sidecar.case_insensitive && code.bytes().any(|byte| byte.is_ascii_lowercase()) {
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
    pub fn children<'a>(&'a self, code: &str) -> impl ExactSizeIterator<Item = Concept<'a>> + use<'a> {
        let table = self.table();
        let children = self.children.get_or_init(|| Children::index(table));
        children.of(table, &self.fold(code)).iter().map(move |&row| Concept { table, row })
    }

    /// How two codes stand to each other. `None` when the system is no hierarchy or does not know one of the codes.
    pub fn subsumes(&self, a: &str, b: &str) -> Option<Subsumption> {
        let hierarchy = self.hierarchy()?;
        Some(hierarchy.subsumes(self.lookup(a)?, self.lookup(b)?))
    }

    /// The concepts above one, nearest first. Empty when the system is no hierarchy.
    pub fn ancestors<'a>(&'a self, concept: Concept<'a>) -> impl Iterator<Item = Concept<'a>> {
        self.hierarchy().into_iter().flat_map(move |hierarchy| hierarchy.ancestors(concept))
    }

    /// Whether another version is this one, word for word.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.sidecar == other.sidecar && self.packed == other.packed
    }

    /// The concepts that best fit a text, best first, at most `limit`.
    ///
    /// The start of a code comes first, then names that hold every word of the text, whole or begun, with aliases of places
    /// ([`SearchHit::alias`]), then names that do so when one letter of a word of four letters or more is wrong, missing, added or swapped, in as many words as need it. Of
    /// several words that no name holds, those of three letters may lack one as well. When there is none of these, names
    /// in Punjabi and Hindi that sound like a text in Latin letters. Of a longer text the first 200 characters count, and of those
    /// the first eight words that differ.
    pub fn search(&self, text: &str, limit: usize) -> Vec<SearchHit<'_>> {
        self.search_index().search(self, text, limit)
    }

    /// The rows of `keep` that fit a text, best first.
    pub(crate) fn filter(&self, text: &str, keep: Bits) -> Vec<Row> {
        self.search_index().filter(self, text, &keep)
    }

    fn search_index(&self) -> &SearchIndex {
        self.search.get_or_init(|| SearchIndex::build(self.table(), self.name(), &self.sidecar.searched))
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

/// The name of the hierarchy that the column of parents makes.
const MAIN_HIERARCHY: &str = "parent";

fn grow_forests(sidecar: &Sidecar, table: &Table) -> Result<Vec<(String, Forest)>, CodesError> {
    let fail = |problem| CodesError::Table { system: sidecar.name.clone(), problem };
    let mut forests = Vec::new();
    let mut grow = |name: &str, parents| {
        let forest = Forest::grow(table, parents).map_err(|cycle| {
            fail(format!(
                "`{name}` goes round in a circle: {}; end it by leaving one of them without",
                cycle.join(" < ")
            ))
        })?;
        forests.push((name.to_owned(), forest));
        Ok(())
    };
    if sidecar.parent_system.as_ref() == Some(&sidecar.name) {
        grow(MAIN_HIERARCHY, &table.parents)?;
    }
    for name in &sidecar.hierarchies {
        let column = table.find_property(name);
        grow(name, column.ok_or_else(|| fail(format!("`hierarchies` names `{name}`, which is no column")))?)?;
    }
    Ok(forests)
}

/// A code without the spaces around it.
fn bare(code: &str) -> &str {
    let is_bare = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_graphic);
    let bytes = code.as_bytes();
    if is_bare(bytes.first()) && is_bare(bytes.last()) { code } else { code.trim() }
}
