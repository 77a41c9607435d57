//! What the clusters of a first pass teach a second: who lives with whom, how seldom a source record stands alone, and which
//! registers list nobody twice.
//!
//! A weight by itself asks whether two source records are the same one, out of all pairs. Where most source records of a register
//! are found elsewhere, the question is rather which of the candidates it is: a match probability that is short of certain grows
//! where there is no other candidate, and shrinks where there are several. With the odds o1 .. ok of the candidates of one
//! source record, and the share a of its register's source records that stand alone, it is the first one with probability
//! o1 / (a + o1 + .. + ok); pair by pair, a would be 1.
//!
//! Source of the idea: one-to-one links in Fortini et al., "On Bayesian Record Linkage", Research in Official Statistics 4 (2001),
//! and Sadinle, "Bayesian Estimation of Bipartite Matchings for Record Linkage", JASA 112 (2017).

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::cluster::Edge;
use super::columns::{Columns, MISSING};
use super::households::{HouseholdWeights, Households};
use super::rules::{MatchRules, SAME_REGISTER};

/// What a second pass decides by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecondPass {
    /// What a housemate in common weighs; `None` where nothing that households share is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub households: Option<HouseholdWeights>,
    /// By the register's mark, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registers: Vec<RegisterShares>,
    /// The same over all source records.
    pub all: RegisterShares,
}

/// What became of the source records of a register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisterShares {
    /// The register, by the hash of its name.
    pub register: String,
    /// The share that stand alone, 0..=1.
    pub alone: f64,
    /// The share that stand together with another one of the register, 0..=1.
    pub doubled: f64,
}

/// A smaller share is not believed: that so many are linked says little of those that were not.
const ALONE_MIN: f64 = 0.1;
/// Nor is it believed that a register lists somebody twice so much more seldom than all, in bits.
const DOUBLED_BITS_MAX: f64 = 6.0;
/// What is believed beforehand counts as so many source records.
const BELIEVED_ROWS: f64 = 50.0;

impl SecondPass {
    /// Learns from the clusters of a first pass, given by row as their smallest row, and from the pairs between them.
    pub(crate) fn train(
        rules: &MatchRules,
        columns: &Columns,
        root_of: &[u32],
        edges: &[Edge],
        probability: impl Fn(f64) -> f64 + Sync,
    ) -> Self {
        let households = Households::of(rules, columns, root_of).map(|households| households.train(edges, probability));
        let codes = columns.find(SAME_REGISTER);
        let register_of = |row: usize| codes.map_or(MISSING, |column| column.codes[row]);
        let mut members = vec![0_u32; root_of.len()];
        let mut of_register: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        for (row, root) in root_of.iter().enumerate() {
            members[*root as usize] += 1;
            *of_register.entry((*root, register_of(row))).or_default() += 1;
        }
        let registers = codes.map_or(0, |column| column.values.len());
        let mut counts = vec![Counts::default(); registers];
        let mut all = Counts::default();
        for (row, root) in root_of.iter().enumerate() {
            let register = register_of(row);
            let is_alone = members[*root as usize] == 1;
            let is_doubled = register != MISSING && of_register[&(*root, register)] > 1;
            for counts in counts.get_mut(register as usize).into_iter().chain([&mut all]) {
                counts.add(is_alone, is_doubled);
            }
        }
        let all = all.shares(String::new(), 0.0);
        let named = codes.into_iter().flat_map(|column| &column.values).zip(counts);
        let registers = named.map(|(name, counts)| counts.shares(name.to_string(), all.doubled)).collect();
        Self { households, registers, all }
    }

    /// The shares bound to columns.
    pub(crate) fn of_registers<'c>(&self, columns: &'c Columns) -> Registers<'c> {
        let column = columns.find(SAME_REGISTER);
        let shares = |name: &str| {
            let found = self.registers.binary_search_by(|shares| shares.register.as_str().cmp(name));
            found.map_or(&self.all, |at| &self.registers[at])
        };
        let names = || column.iter().flat_map(|column| &column.values);
        let seldom = |shares: &RegisterShares| (shares.doubled / self.all.doubled).log2().clamp(-DOUBLED_BITS_MAX, 0.0);
        Registers {
            codes: column.map(|column| column.codes.as_slice()),
            alone: names().map(|name| shares(name).alone).collect(),
            doubled_bits: names().map(|name| seldom(shares(name))).collect(),
            alone_in_all: self.all.alone,
        }
    }
}

/// Source records of a register.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    rows: u64,
    alone: u64,
    doubled: u64,
}

impl Counts {
    fn add(&mut self, is_alone: bool, is_doubled: bool) {
        self.rows += 1;
        self.alone += u64::from(is_alone);
        self.doubled += u64::from(is_doubled);
    }

    /// The shares, held by what is believed beforehand: that all stand alone, and that so many are listed twice.
    fn shares(self, register: String, doubled: f64) -> RegisterShares {
        let share =
            |seen: u64, believed: f64| (seen as f64 + believed * BELIEVED_ROWS) / (self.rows as f64 + BELIEVED_ROWS);
        RegisterShares {
            register,
            alone: share(self.alone, 1.0).clamp(ALONE_MIN, 1.0),
            doubled: share(self.doubled, doubled).max(f64::MIN_POSITIVE),
        }
    }
}

/// What is known of the registers of rows.
#[derive(Debug)]
pub(crate) struct Registers<'c> {
    codes: Option<&'c [u32]>,
    alone: Vec<f64>,
    doubled_bits: Vec<f64>,
    alone_in_all: f64,
}

impl Registers<'_> {
    fn code(&self, row: u32) -> u32 {
        self.codes.map_or(MISSING, |codes| codes[row as usize])
    }

    /// The share of source records of a row's register that stand alone.
    pub(crate) fn alone(&self, row: u32) -> f64 {
        self.alone.get(self.code(row) as usize).copied().unwrap_or(self.alone_in_all)
    }

    /// What it weighs that two groups would list somebody twice in one register, beyond what it does on average: 0 or less.
    pub(crate) fn bits(&self, left: &[u32], right: &[u32]) -> f64 {
        let mut least = 0.0_f64;
        for a in left {
            let code = self.code(*a);
            let Some(bits) = self.doubled_bits.get(code as usize) else { continue };
            if *bits < least && right.iter().any(|b| self.code(*b) == code) {
                least = *bits;
            }
        }
        least
    }
}

/// The candidate that a source record most likely belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Choice {
    /// Its place among the candidates.
    pub(crate) at: usize,
    /// Its odds, pair by pair.
    pub(crate) odds: f64,
    /// What the odds stand against: standing alone, and all other candidates.
    pub(crate) otherwise: f64,
}

impl Choice {
    /// That it belongs there.
    pub(crate) fn probability(self) -> f64 {
        self.odds / (self.odds + self.otherwise)
    }
}

/// Chooses among candidates by their odds, the first of equal ones; `alone` is the share of source records without any.
pub(crate) fn most_likely(odds: &[f64], alone: f64) -> Option<Choice> {
    let best = |best: usize, at: usize| if odds[at] > odds[best] { at } else { best };
    let at = (0..odds.len()).reduce(best)?;
    Some(Choice { at, odds: odds[at], otherwise: alone + odds.iter().sum::<f64>() - odds[at] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(odds: &[f64], alone: f64, expected: f64) {
        let choice = most_likely(odds, alone).unwrap();
        assert!((choice.probability() - expected).abs() < 1e-12, "{choice:?}");
    }

    #[test]
    fn the_only_candidate_is_likelier_the_fewer_stand_alone() {
        // An even chance pair by pair.
        check(&[1.0], 1.0, 0.5);
        check(&[1.0], 0.1, 1.0 / 1.1);
        assert_eq!(most_likely(&[], 0.1), None);
    }

    #[test]
    fn two_good_candidates_make_each_other_unlikely() {
        check(&[4.0, 4.0], 0.2, 4.0 / 8.2);
        let choice = most_likely(&[1.0, 9.0, 2.0], 1.0).unwrap();
        assert_eq!(choice.at, 1);
        check(&[1.0, 9.0, 2.0], 1.0, 9.0 / 13.0);
    }

    #[test]
    fn a_register_that_lists_nobody_twice_weighs_against_doing_so() {
        let shares =
            |register: &str, alone: f64, doubled: f64| RegisterShares { register: register.to_owned(), alone, doubled };
        let marks: Vec<String> = ["births", "rations"].iter().map(|name| mark_of(name)).collect();
        let mut registers = vec![shares(&marks[0], 0.3, 0.001), shares(&marks[1], 0.1, 0.03)];
        registers.sort_by(|a, b| a.register.cmp(&b.register));
        let taught = SecondPass { households: None, registers, all: shares("", 0.2, 0.016) };
        let (file, text) =
            kanak_model::builtin::ENTITY_MODELS.iter().find(|(file, _)| file.contains("citizen")).unwrap();
        let model = kanak_model::entity_model::EntityModel::parse(file, text).unwrap();
        let mut builder = Columns::builder(&model);
        for (id, register) in [(0, "births"), (1, "births"), (2, "rations"), (3, "rations"), (4, "elsewhere")] {
            let rank = super::super::columns::Rank::of(register, &id.to_string());
            builder.push(kanak_model::id::SourceRecordId(id), rank, &kanak_model::source_record::Values::new());
        }
        let columns = builder.finish();
        let row = |id: i64| columns.row(kanak_model::id::SourceRecordId(id)).unwrap();
        let bound = taught.of_registers(&columns);
        assert!((bound.bits(&[row(0)], &[row(1)]) + 4.0).abs() < 1e-9, "one in sixteen of what is usual");
        assert!(bound.bits(&[row(2)], &[row(3)]).abs() < f64::EPSILON, "what is usual is no evidence twice");
        assert!(bound.bits(&[row(0), row(2)], &[row(3), row(1)]) < -3.9);
        assert!(bound.bits(&[row(0)], &[row(2)]).abs() < f64::EPSILON);
        assert!((bound.alone(row(2)) - 0.1).abs() < f64::EPSILON);
        assert!((bound.alone(row(4)) - 0.2).abs() < f64::EPSILON, "an unknown register is like all");
    }

    fn mark_of(register: &str) -> String {
        super::super::columns::Rank::of(register, "").register_text().unwrap()
    }
}
