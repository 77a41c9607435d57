//! Incremental resolution: which clusters may change with some source records, and whom to hear to settle them.
//!
//! A batch settles islands: source records that doubtful pairs or constraints connect. In its first pass nothing outside an island
//! has a say; in the second, the clusters of those do who state a number that its members state. So from the source records that
//! came, changed or went, three steps lead to all that must be looked at, and no further:
//!
//! ```text
//! changed ──their islands──► first pass may change ──numbers──► second pass may change ──numbers──► has a say
//! ```
//!
//! [`super::super::match_around`] over those gives the clusters that [`super::super::match_batch`] would give over all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::Constraint;
use kanak_model::source_record::Values;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::batch::doubtful_from;
use super::super::columns::{Columns, MISSING};
use super::super::hash;
use super::super::households::{NUMBER_ROWS_MAX, shared_numbers};
use super::super::keys::Entry;
use super::super::rule_set::RuleSet;
use super::Index;
use super::postings::Postings;

/// All live source records of an entity in memory, under the rule set that holds them in clusters: an [`Index`] that also remembers
/// what came, changed and went since it was last asked.
#[derive(Debug)]
pub struct Incremental {
    index: Index,
    /// The places of the attributes with a number that households share.
    shared: Vec<usize>,
    /// By such an attribute and value: rows.
    numbers: Postings,
    /// Source records whose island may have changed.
    touched: FxHashSet<SourceRecordId>,
    /// Source records whose housemates may have changed.
    near: FxHashSet<SourceRecordId>,
}

/// So many pairs are weighed to see whom a change concerns, while all who search wait: a second's work.
const COMPARED_MAX: usize = 1_000_000;

/// What to look at after some source records changed. Both ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// Source records whose clusters are settled anew: whole clusters, before and after.
    pub settled: Vec<SourceRecordId>,
    /// These and all who have a say in it: what is to be matched.
    pub heard: Vec<SourceRecordId>,
}

impl Incremental {
    /// Takes over all live source records, as they were when they were last resolved.
    pub fn of(rule_set: Arc<RuleSet>, columns: Columns) -> Self {
        let place = |attribute: &str| columns.columns.iter().position(|column| column.field.name == attribute);
        let shared: Vec<usize> = shared_numbers(&rule_set.rules).filter_map(place).collect();
        let index = Index::of(rule_set, columns);
        let mut entries = Vec::new();
        for row in 0..index.ids.len() as u32 {
            entries.extend(number_keys(&index, &shared, row).map(|key| Entry::of(key, row)));
        }
        let numbers = Postings::of(entries);
        Self { index, shared, numbers, touched: FxHashSet::default(), near: FxHashSet::default() }
    }

    /// The source records, to be searched.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Takes in a source record that came or changed.
    pub fn put(&mut self, id: SourceRecordId, register: &str, values: &Values) {
        self.remove(id);
        self.touched.insert(id);
        self.index.insert(id, register, values);
        let row = self.index.ids.len() as u32 - 1;
        for key in number_keys(&self.index, &self.shared, row) {
            self.numbers.push(key, row);
        }
        self.mark_crossings(row);
    }

    /// Takes out a source record that went; whether it was there.
    pub fn remove(&mut self, id: SourceRecordId) -> bool {
        let Some(row) = self.index.find(id) else { return false };
        self.touched.insert(id);
        let ids = &self.index.ids;
        self.touched.extend(self.index.partners(row, self.doubtful(), |_| true).iter().map(|row| ids[*row as usize]));
        self.near.extend(self.sharers(&[row]).iter().map(|row| ids[*row as usize]));
        self.mark_crossings(row);
        self.index.remove(id)
    }

    /// Marks those who share a number that one row more makes nobody's, or one row less a household's again.
    fn mark_crossings(&mut self, row: u32) {
        let crossing: Vec<u32> =
            self.by_number(&[row]).filter(|sharers| sharers.len() == NUMBER_ROWS_MAX + 1).flatten().collect();
        let ids = &self.index.ids;
        self.near.extend(crossing.iter().map(|row| ids[*row as usize]));
    }

    /// Marks a source record that was decided about.
    pub fn touch(&mut self, id: SourceRecordId) {
        self.touched.insert(id);
    }

    /// What to look at for all that came, changed, went or was decided about since this was last asked; `constraints` are all that
    /// stand. `None` where that is more than `heard_max` source records, or where too many share a block with them: then a batch over
    /// all is due.
    pub fn around(&mut self, constraints: &[Constraint], heard_max: usize) -> Option<Around> {
        let bound = self.bound(constraints);
        // Who is bound to one that went loses a tie.
        let lost = |one: &&Constraint| self.touched.contains(&one.left) || self.touched.contains(&one.right);
        let lost: Vec<SourceRecordId> = constraints.iter().filter(lost).flat_map(|one| [one.left, one.right]).collect();
        self.touched.extend(lost);
        let rows_of = |ids: &FxHashSet<SourceRecordId>| -> Vec<u32> {
            ids.iter().filter_map(|id| self.index.find(*id)).collect()
        };
        let (touched, near) = (rows_of(&self.touched), rows_of(&self.near));
        let mut walk = Walk {
            all: self,
            bound,
            max: heard_max,
            compared: AtomicUsize::new(0),
            known: FxHashSet::default(),
            rows: Vec::new(),
        };
        walk.over_islands_of(touched)?;
        let sharers = self.sharers(&walk.rows);
        walk.over_islands_of(near)?;
        walk.over_islands_of(sharers)?;
        let settled = walk.rows.clone();
        walk.over_islands_of(self.sharers(&settled))?;
        let mut heard = walk.rows;
        heard.extend(self.crowds(&heard));
        self.touched.clear();
        self.near.clear();
        let ids_of = |rows: Vec<u32>| {
            let mut ids: Vec<SourceRecordId> = rows.into_iter().map(|row| self.index.ids[row as usize]).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        Some(Around { settled: ids_of(settled), heard: ids_of(heard) })
    }

    fn doubtful(&self) -> f64 {
        self.index.scales.weight_at(doubtful_from(&self.index.rule_set.rules))
    }

    /// By row, the rows that a steward's decision holds it against.
    fn bound(&self, constraints: &[Constraint]) -> FxHashMap<u32, Vec<u32>> {
        let mut bound: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for constraint in constraints {
            if let (Some(a), Some(b)) = (self.index.find(constraint.left), self.index.find(constraint.right)) {
                bound.entry(a).or_default().push(b);
                bound.entry(b).or_default().push(a);
            }
        }
        bound
    }

    /// The living rows that state a number which one of these states, where not too many do.
    fn sharers(&self, rows: &[u32]) -> Vec<u32> {
        self.by_number(rows).filter(|sharers| sharers.len() <= NUMBER_ROWS_MAX).flatten().collect()
    }

    /// Of each number that too many state, as many rows as it takes to see that they are too many.
    fn crowds(&self, rows: &[u32]) -> Vec<u32> {
        let crowds = self.by_number(rows).filter(|sharers| sharers.len() > NUMBER_ROWS_MAX);
        crowds.flat_map(|sharers| sharers.into_iter().take(NUMBER_ROWS_MAX + 1)).collect()
    }

    /// The living rows by number, of each number that one of these rows states.
    fn by_number(&self, rows: &[u32]) -> impl Iterator<Item = Vec<u32>> {
        let stated = |row: &u32| number_keys(&self.index, &self.shared, *row);
        let mut keys: Vec<u64> = rows.iter().flat_map(stated).collect();
        keys.sort_unstable();
        keys.dedup();
        let living = |key: u64| {
            let rows = self.numbers.find(key).into_iter().flatten().copied();
            rows.filter(|row| !self.index.is_dead(*row)).collect()
        };
        keys.into_iter().map(living)
    }
}

/// A walk from row to row over all that holds islands together.
struct Walk<'i> {
    all: &'i Incremental,
    /// By row, the rows that a steward's decision holds it against.
    bound: FxHashMap<u32, Vec<u32>>,
    /// More rows are not walked over.
    max: usize,
    /// Pairs that were weighed on the way.
    compared: AtomicUsize,
    known: FxHashSet<u32>,
    /// The rows walked over, whole islands.
    rows: Vec<u32>,
}

impl Walk<'_> {
    /// Walks over the islands of some rows; `None` where that is too much.
    fn over_islands_of(&mut self, rows: Vec<u32>) -> Option<()> {
        let floor = self.all.doubtful();
        let mut next = rows;
        while !next.is_empty() {
            next.retain(|row| self.known.insert(*row));
            if self.known.len() > self.max {
                return None;
            }
            let few = |rows: usize| self.compared.fetch_add(rows, Ordering::Relaxed) + rows <= COMPARED_MAX;
            let beside = |row: &u32| {
                let mut beside = self.all.index.partners(*row, floor, few);
                beside.extend(self.bound.get(row).into_iter().flatten());
                beside
            };
            self.rows.extend(&next);
            next = next.par_iter().flat_map_iter(beside).collect();
            if *self.compared.get_mut() > COMPARED_MAX {
                return None;
            }
        }
        Some(())
    }
}

/// The keys of the numbers that a row states in the attributes at some places.
fn number_keys(index: &Index, places: &[usize], row: u32) -> impl Iterator<Item = u64> {
    let codes = index.row(row);
    places.iter().map(|at| (*at, codes[*at])).filter(|(_, code)| *code != MISSING).map(|(at, code)| {
        let key = hash::join(hash::mix(at as u64), u64::from(code));
        Entry::of(key, 0).key()
    })
}
