//! Households and owners: who shares a phone or a ration card with whom, as evidence of a second pass.
//!
//! The first pass compares what two source records state. Its clusters then also tell whom each lives with: the others who
//! state the same phone or card. Where two groups, through different numbers, have a housemate in common, they are likely the
//! same one; where both have housemates and none in common, they live in two households. A number that both groups
//! state is no part of this: it was weighed when they were compared. A number that many state is a shop's or an agent's and
//! joins nobody. For businesses the same numbers are their owners'.
//!
//! How often the same one has a housemate in common is trained on the clusters of the first pass, each source record held against
//! the others of its cluster; how often others have, on the doubtful pairs between clusters, by expectation and maximisation.

use kanak_model::kind::Kind;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::cluster::Edge;
use super::columns::{Columns, MISSING};
use super::rules::MatchRules;

/// Shares of two groups that have a housemate in common, of those where both have housemates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HouseholdWeights {
    /// Among groups of the same one.
    pub m: f64,
    /// Among groups of different ones that are candidates.
    pub u: f64,
    /// Among relatives, who live together.
    pub related: f64,
}

/// More clusters than this share no household.
const HOUSEMATES_MAX: usize = 12;
/// Nor do more source records: so that a number's source records need not all be known to tell.
pub(crate) const NUMBER_ROWS_MAX: usize = 64;
/// What is believed beforehand, and as how many pairs it counts.
const BELIEVED: HouseholdWeights = HouseholdWeights { m: 0.8, u: 0.05, related: 0.5 };
const BELIEVED_PAIRS: f64 = 20.0;
const ROUNDS: usize = 10;

/// The households that the clusters of a first pass show.
#[derive(Debug)]
pub(crate) struct Households<'c> {
    shared: Vec<Shared<'c>>,
    /// Row to the smallest row of its cluster.
    root_of: &'c [u32],
}

/// A column of numbers that a household shares.
#[derive(Debug)]
struct Shared<'c> {
    codes: &'c [u32],
    /// By value code: where the clusters that state it end.
    ends: Vec<u32>,
    clusters: Vec<u32>,
}

impl Shared<'_> {
    /// The clusters that state a value; none where too many do.
    fn clusters(&self, code: u32) -> &[u32] {
        let from = code.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        let clusters = &self.clusters[from as usize..self.ends[code as usize] as usize];
        if clusters.len() > HOUSEMATES_MAX { &[] } else { clusters }
    }
}

/// The attributes with a number that a household or an owner shares.
pub(crate) fn shared_numbers(rules: &MatchRules) -> impl Iterator<Item = &str> {
    let is_shared = |kind: Kind| matches!(kind, Kind::Mobile | Kind::Email | Kind::Identifier);
    let grouped = rules.comparisons.iter().filter(|comparison| comparison.group.is_some());
    grouped
        .map(|comparison| comparison.attribute.as_str())
        .filter(move |attribute| rules.fields.iter().any(|field| field.name == *attribute && is_shared(field.kind)))
}

impl<'c> Households<'c> {
    /// `None` where the rules compare no number that a household or an owner shares.
    pub(crate) fn of(rules: &MatchRules, columns: &'c Columns, root_of: &'c [u32]) -> Option<Self> {
        let shared: Vec<Shared<'_>> = shared_numbers(rules)
            .filter_map(|attribute| columns.find(attribute))
            .map(|column| {
                let mut rows_of = vec![0_usize; column.values.len()];
                for code in column.codes.iter().filter(|code| **code != MISSING) {
                    rows_of[*code as usize] += 1;
                }
                let stated = column.codes.iter().zip(root_of).filter(|(code, _)| **code != MISSING);
                let stated = stated.filter(|(code, _)| rows_of[**code as usize] <= NUMBER_ROWS_MAX);
                let mut pairs: Vec<(u32, u32)> = stated.map(|(code, root)| (*code, *root)).collect();
                pairs.par_sort_unstable();
                pairs.dedup();
                let mut ends = vec![0; column.values.len()];
                for (at, (code, _)) in pairs.iter().enumerate() {
                    ends[*code as usize] = at as u32 + 1;
                }
                let mut last = 0;
                for end in &mut ends {
                    last = last.max(*end);
                    *end = last;
                }
                let clusters = pairs.into_iter().map(|(_, root)| root).collect();
                Shared { codes: &column.codes, ends, clusters }
            })
            .collect();
        (!shared.is_empty()).then_some(Self { shared, root_of })
    }

    /// Whether two groups of rows have a housemate in common; `None` where one of them has no housemate of its own.
    pub(crate) fn common(&self, left: &[u32], right: &[u32]) -> Option<bool> {
        let of_left = self.housemates(left, right);
        if of_left.is_empty() {
            return None;
        }
        let of_right = self.housemates(right, left);
        (!of_right.is_empty()).then(|| of_left.iter().any(|root| of_right.contains(root)))
    }

    /// The clusters, other than those of the rows themselves, that share with these rows a value that `others` do not state.
    fn housemates(&self, rows: &[u32], others: &[u32]) -> Vec<u32> {
        let mut found = Vec::new();
        for shared in &self.shared {
            for row in rows {
                let code = shared.codes[*row as usize];
                if code == MISSING || others.iter().any(|other| shared.codes[*other as usize] == code) {
                    continue;
                }
                found.extend_from_slice(shared.clusters(code));
            }
        }
        let own = |root: &u32| rows.iter().chain(others).any(|row| self.root_of[*row as usize] == *root);
        found.sort_unstable();
        found.dedup();
        found.retain(|root| !own(root));
        found
    }

    /// Trains the weights on the clusters of the first pass and on the pairs between them; `probability` is that of a weight.
    pub(crate) fn train(&self, edges: &[Edge], probability: impl Fn(f64) -> f64 + Sync) -> HouseholdWeights {
        let mut members: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (row, root) in self.root_of.iter().enumerate() {
            members.entry(*root).or_default().push(row as u32);
        }
        let of_same = |row: u32| {
            let rest: Vec<u32> =
                members[&self.root_of[row as usize]].iter().copied().filter(|other| *other != row).collect();
            if rest.is_empty() { None } else { self.common(&[row], &rest) }
        };
        let rows = 0..self.root_of.len() as u32;
        let (with, all) = rows
            .into_par_iter()
            .with_min_len(4096)
            .filter_map(of_same)
            .map(|common| (u64::from(common), 1))
            .reduce(|| (0, 0), |a: (u64, u64), b| (a.0 + b.0, a.1 + b.1));
        let m = (with as f64 + BELIEVED.m * BELIEVED_PAIRS) / (all as f64 + BELIEVED_PAIRS);
        let between: Vec<(f64, bool)> = edges
            .par_iter()
            .filter_map(|edge| {
                let (a, b) = (self.root_of[edge.left as usize], self.root_of[edge.right as usize]);
                if a == b {
                    return None;
                }
                Some((probability(edge.weight_bits), self.common(&members[&a], &members[&b])?))
            })
            .collect();
        let mut u = BELIEVED.u;
        for _ in 0..ROUNDS {
            let (mut with, mut all) = (BELIEVED.u * BELIEVED_PAIRS, BELIEVED_PAIRS);
            for (prior, common) in &between {
                let (same, other) = if *common { (m, u) } else { (1.0 - m, 1.0 - u) };
                let unlike = (1.0 - prior) * other / (prior * same + (1.0 - prior) * other);
                all += unlike;
                with += if *common { unlike } else { 0.0 };
            }
            u = with / all;
        }
        HouseholdWeights { m, u, related: BELIEVED.related }
    }
}

impl HouseholdWeights {
    /// Weight against unrelated ones, of a match and of relatives. A housemate in common is never evidence against.
    pub(crate) fn bits(self, common: Option<bool>) -> (f64, f64) {
        match common {
            None => (0.0, 0.0),
            Some(true) => ((self.m / self.u).log2().max(0.0), (self.related / self.u).log2().max(0.0)),
            Some(false) => {
                let unlike = 1.0 - self.u;
                (((1.0 - self.m) / unlike).log2().min(0.0), ((1.0 - self.related) / unlike).log2().min(0.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kanak_model::builtin::ENTITY_MODELS;
    use kanak_model::entity_model::EntityModel;
    use kanak_model::id::SourceRecordId;
    use kanak_model::source_record::{Stated, Values};

    use super::super::columns::Rank;
    use super::*;

    /// Whether rows 0 and 1, each in a cluster of its own, have a housemate in common. Each row is a mobile, a card and a
    /// cluster.
    fn common(rows: &[(&str, &str, i64)]) -> Option<bool> {
        let (file, text) = ENTITY_MODELS.iter().find(|(file, _)| file.contains("citizen")).unwrap();
        let model = EntityModel::parse(file, text).unwrap();
        let mut builder = Columns::builder(&model);
        for (id, (mobile, card, _)) in rows.iter().enumerate() {
            let mut values = Values::new();
            for (attribute, value) in [("mobile", mobile), ("ration_card", card)] {
                if !value.is_empty() {
                    values.insert(attribute, Stated::new(*value, value));
                }
            }
            builder.push(SourceRecordId(id as i64), Rank::of("", &id.to_string()), &values);
        }
        let columns = builder.finish();
        let row = |id: i64| columns.row(SourceRecordId(id)).unwrap();
        let mut root_of = vec![0; rows.len()];
        for (id, (.., cluster)) in rows.iter().enumerate() {
            let members = (0..rows.len() as i64).filter(|other| rows[*other as usize].2 == *cluster);
            root_of[row(id as i64) as usize] = members.map(row).min().unwrap();
        }
        let rules = MatchRules::compile(&model).unwrap();
        let households = Households::of(&rules, &columns, &root_of).unwrap();
        let found = households.common(&[row(0)], &[row(1)]);
        assert_eq!(found, households.common(&[row(1)], &[row(0)]));
        found
    }

    const PHONE: &str = "9876543210";
    const CARD: &str = "031234567890";

    #[test]
    fn a_phone_and_a_card_that_lead_to_one_person_are_a_household() {
        assert_eq!(common(&[(PHONE, "", 0), ("", CARD, 1), (PHONE, "", 2), ("", CARD, 2)]), Some(true));
        assert_eq!(common(&[(PHONE, "", 0), ("", CARD, 1), (PHONE, "", 2), ("", CARD, 3)]), Some(false));
    }

    #[test]
    fn who_shares_nothing_or_only_what_the_other_states_too_has_no_housemate() {
        assert_eq!(common(&[(PHONE, "", 0), ("", CARD, 1), (PHONE, "", 2)]), None);
        assert_eq!(common(&[(PHONE, "", 0), (PHONE, "", 1), (PHONE, "", 2)]), None);
    }

    #[test]
    fn a_number_that_many_state_is_nobodys_household() {
        let many = (0..=HOUSEMATES_MAX as i64).map(|at| (PHONE, CARD, at + 2));
        let rows: Vec<(&str, &str, i64)> = [(PHONE, "", 0), ("", CARD, 1)].into_iter().chain(many).collect();
        assert_eq!(common(&rows), None);
    }

    #[test]
    fn a_housemate_in_common_speaks_for_and_none_against() {
        let weights = HouseholdWeights { m: 0.9, u: 0.01, related: 0.5 };
        let (of_match, of_relatives) = weights.bits(Some(true));
        assert!(of_match > 6.0 && of_relatives > 5.0 && of_relatives < of_match);
        assert!(weights.bits(Some(false)).0 < -3.0);
        assert_eq!(weights.bits(None), (0.0, 0.0));
    }
}
