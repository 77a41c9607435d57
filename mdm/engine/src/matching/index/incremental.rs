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

use super::super::batch::{doubtful_from, doubtful_pairs};
use super::super::columns::{Columns, MISSING, Rank};
use super::super::hash;
use super::super::households::{NUMBER_ROWS_MAX, shared_numbers};
use super::super::keys::Entry;
use super::super::rule_set::RuleSet;
use super::Index;
use super::partners::Partners;
use super::postings::Postings;

/// All live source records of an entity in memory, under the rule set that holds them in clusters: an [`Index`] that also remembers
/// what came, changed and went since it was last asked, and who is doubtful with whom: so a change costs what the row that changed is
/// weighed against, and not what all around it are.
#[derive(Debug)]
pub struct Incremental {
    index: Index,
    /// By row, the rows that are doubtful with it or better. Not of those that came since this was last asked.
    partners: Partners,
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
        let (pairs, unsure) = doubtful_pairs(&rule_set, &columns);
        let partners = Partners::of(columns.len(), &pairs, &unsure);
        let index = Index::of(rule_set, columns);
        let mut entries = Vec::new();
        for row in 0..index.ids.len() as u32 {
            entries.extend(number_keys(&index, &shared, row).map(|key| Entry::of(key, row)));
        }
        let numbers = Postings::of(entries);
        Self { index, partners, shared, numbers, touched: FxHashSet::default(), near: FxHashSet::default() }
    }

    /// The source records, to be searched.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Those of these source records that are here as columns: the same that are made of them anew.
    pub fn columns_of(&self, ids: &[SourceRecordId]) -> Columns {
        let rows: Vec<u32> = ids.iter().filter_map(|id| self.index.find(*id)).collect();
        self.index.columns_of(&rows)
    }

    /// Takes in a source record that came or changed.
    pub fn put(&mut self, id: SourceRecordId, rank: Rank, values: &Values) {
        self.remove(id);
        self.touched.insert(id);
        self.index.insert_ranked(id, rank, values);
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
        let partners: Vec<u32> = match self.partners.find(row) {
            Some(known) => known.collect(),
            None => self.index.partners(row, self.doubtful(), |_| true),
        };
        self.partners.remove(row, &partners);
        let ids = &self.index.ids;
        self.touched.extend(partners.iter().map(|row| ids[*row as usize]));
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
            weighed: Vec::new(),
        };
        walk.over_islands_of(touched)?;
        let sharers = self.sharers(&walk.rows);
        walk.over_islands_of(near)?;
        walk.over_islands_of(sharers)?;
        let settled = walk.rows.clone();
        walk.over_islands_of(self.sharers(&settled))?;
        let Walk { rows: mut heard, weighed, .. } = walk;
        heard.extend(self.crowds(&heard));
        for (row, partners) in &weighed {
            self.partners.learn(*row, partners);
        }
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

    /// Bytes held, of everything but the rule set.
    pub fn bytes(&self) -> usize {
        self.index.bytes() + self.numbers.bytes() + self.partners.bytes()
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
    /// Those of which it was not remembered who is doubtful with them, with who is.
    weighed: Vec<(u32, Vec<u32>)>,
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
            let (mut beside, mut unknown): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
            for row in &next {
                match self.all.partners.find(*row) {
                    Some(partners) => beside.extend(partners),
                    None => unknown.push(*row),
                }
                beside.extend(self.bound.get(row).into_iter().flatten());
            }
            let weigh = |row: &u32| (*row, self.all.index.partners(*row, floor, few));
            let weighed: Vec<(u32, Vec<u32>)> = unknown.par_iter().map(weigh).collect();
            if *self.compared.get_mut() > COMPARED_MAX {
                return None;
            }
            beside.extend(weighed.iter().flat_map(|(_, partners)| partners));
            self.weighed.extend(weighed);
            self.rows.extend(next);
            next = beside;
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

#[cfg(test)]
mod tests {
    use kanak_model::builtin::ENTITY_MODELS;
    use kanak_model::entity_model::EntityModel;
    use kanak_model::source_record::Stated;

    use super::super::super::rules::MatchRules;
    use super::super::super::train;
    use super::*;

    const GIVEN: [&str; 6] = ["Gurpreet", "Gurprit", "Harjit", "Harjeet", "Manpreet", "Sukhdev"];
    const SURNAMES: [&str; 5] = ["Sidhu", "Sidhoo", "Gill", "Brar", ""];
    const VILLAGES: [&str; 4] = ["Raikot", "Rai Kot", "Bhikhi", ""];

    /// What somebody states: many are alike.
    fn statement(seed: u64) -> Values {
        let mut seed = seed;
        let mut pick = |limit: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % limit
        };
        let name = format!("{} Singh {}", GIVEN[pick(6)], SURNAMES[pick(5)]);
        let born = format!("19{:02}-0{}-1{}", 50 + pick(9), 1 + pick(3), pick(4));
        let mobile = format!("98140{:05}", pick(60));
        let stated = [("full_name", name.trim()), ("date_of_birth", born.as_str()), ("mobile", mobile.as_str())];
        let stated = stated.into_iter().chain([("village", VILLAGES[pick(4)]), ("district", "36")]);
        stated
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), Stated::new(value, value)))
            .collect()
    }

    fn citizen() -> EntityModel {
        EntityModel::parse("citizen.toml", ENTITY_MODELS[0].1).unwrap()
    }

    /// The first so many statements, in memory.
    fn incremental(count: i64) -> Incremental {
        let model = citizen();
        let columns = |count: i64| {
            let mut builder = Columns::builder(&model);
            for id in 0..count {
                builder.push(SourceRecordId(id), Rank::of("roll", &id.to_string()), &statement(id as u64));
            }
            builder.finish()
        };
        let rule_set = train(&MatchRules::compile(&model).unwrap(), &columns(600), 7);
        Incremental::of(Arc::new(rule_set), columns(count))
    }

    /// The rows whose partners are remembered; all of those are the ones that weighing finds.
    fn remembered(all: &Incremental) -> Vec<u32> {
        let living = (0..all.index.ids.len() as u32).filter(|row| !all.index.is_dead(*row));
        let known = living.filter_map(|row| {
            let mut known: Vec<u32> = all.partners.find(row)?.collect();
            known.sort_unstable();
            assert_eq!(known, all.index.partners(row, all.doubtful(), |_| true), "of row {row}");
            Some(row)
        });
        known.collect()
    }

    #[test]
    fn what_is_remembered_of_partners_is_what_weighing_finds() {
        let mut all = incremental(500);
        assert!(!remembered(&all).is_empty(), "nothing is remembered");
        for step in 0..6 {
            for at in 0..30 {
                let id = SourceRecordId((step * 97 + at * 13) % 600);
                if at % 4 == 0 {
                    all.remove(id);
                } else {
                    all.put(id, Rank::of("roll", &id.to_string()), &statement((id.0 + step * 1000) as u64));
                }
            }
            all.around(&[], usize::MAX).unwrap();
            remembered(&all);
        }
        let of_new = remembered(&all).iter().filter(|row| **row >= 500).count();
        assert!(of_new > 0, "nothing is remembered of who came later");
    }
}
