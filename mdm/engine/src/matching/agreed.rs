//! Which rows may stand together in one cluster: those of registers between which an agreement stands.
//!
//! A rule set is published with the agreements that stand then ([`super::RuleSet::agreed`]), so that a decision replays whatever is
//! agreed later. Registers stand in columns by hashes of their names; so do the agreements here.

use kanak_model::sharing::AgreedLinks;
use rustc_hash::{FxHashMap, FxHashSet};

use super::columns::{Columns, MISSING, Rank};
use super::rules::SAME_REGISTER;

/// By register, those with which it may stand together; each by the text under which it stands in columns.
#[derive(Debug, Clone)]
pub(crate) struct Agreed(FxHashMap<String, FxHashSet<String>>);

impl Agreed {
    /// The pairs, hashed.
    pub(crate) fn of(links: &AgreedLinks) -> Self {
        let text = |register: &str| Rank::of(register, "").register_text().unwrap_or_default();
        let mut with: FxHashMap<String, FxHashSet<String>> = FxHashMap::default();
        for (one, other) in links.pairs() {
            with.entry(text(one)).or_default().insert(text(other));
            with.entry(text(other)).or_default().insert(text(one));
        }
        Self(with)
    }

    /// Whether two registers may stand together. One that is not known stands with nobody.
    pub(crate) fn allows(&self, one: &str, other: &str) -> bool {
        one == other || self.0.get(one).is_some_and(|with| with.contains(other))
    }
}

/// Which rows of some columns may stand together.
#[derive(Debug, Clone)]
pub(crate) struct Together {
    /// Row to the code of its register.
    codes: Vec<u32>,
    /// How many registers there are.
    registers: usize,
    /// By one code and the other.
    allowed: Vec<bool>,
}

impl Together {
    /// Those of columns; `None` where registers need no agreement.
    pub(crate) fn of(links: Option<&AgreedLinks>, columns: &Columns) -> Option<Self> {
        let agreed = Agreed::of(links?);
        let column = columns.find(SAME_REGISTER)?;
        let names = &column.values;
        let allowed = names.iter().flat_map(|one| names.iter().map(|other| agreed.allows(one, other))).collect();
        Some(Self { codes: column.codes.clone(), registers: names.len(), allowed })
    }

    /// The register of a row.
    pub(crate) fn register(&self, row: u32) -> u32 {
        self.codes[row as usize]
    }

    /// Whether two registers may stand together.
    pub(crate) fn allow(&self, one: u32, other: u32) -> bool {
        one != MISSING && other != MISSING && self.allowed[one as usize * self.registers + other as usize]
    }

    /// Whether two rows may stand together.
    pub(crate) fn allow_rows(&self, one: u32, other: u32) -> bool {
        self.allow(self.register(one), self.register(other))
    }

    /// Whether all of some registers may stand together with all of others.
    pub(crate) fn allow_all(&self, some: &[u32], others: &[u32]) -> bool {
        some.iter().all(|one| others.iter().all(|other| self.allow(*one, *other)))
    }

    /// How many pairs of rows may stand together.
    pub(crate) fn possible(&self) -> u64 {
        let mut held = vec![0_u64; self.registers];
        for code in self.codes.iter().filter(|code| **code != MISSING) {
            held[*code as usize] += 1;
        }
        let within = held.iter().map(|rows| rows * rows.saturating_sub(1) / 2);
        let across = (0..self.registers).flat_map(|one| (0..one).map(move |other| (one, other)));
        let across = across.filter(|(one, other)| self.allow(*one as u32, *other as u32));
        within.sum::<u64>() + across.map(|(one, other)| held[one] * held[other]).sum::<u64>()
    }
}

/// Merges two ascending lists of registers.
pub(crate) fn join(some: &mut Vec<u32>, others: &[u32]) {
    some.extend_from_slice(others);
    some.sort_unstable();
    some.dedup();
}
