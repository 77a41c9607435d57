//! Accuracy of clusters against known truth: over pairs, and over source records (B-cubed).
//!
//! Pair scores give a cluster of ten forty-five votes and one of two a single one. B-cubed asks each source record once how
//! right its own cluster is, so that a few large clusters do not drown the rest.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use serde::{Deserialize, Serialize};

/// How right clusters are, counted over pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Of the pairs in one cluster, the share that belong together. 1 where there are none.
    pub precision: f64,
    /// Of the pairs that belong together, the share in one cluster. 1 where there are none.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// Pairs that belong together and are.
    pub right: u64,
    /// Pairs that are together.
    pub found: u64,
    /// Pairs that belong together.
    pub wanted: u64,
}

/// How right clusters are, as a mean over their source records.
///
/// Source: Bagga and Baldwin, "Entity-Based Cross-Document Coreferencing Using the Vector Space Model", COLING-ACL (1998).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BCubed {
    /// Of a source record's cluster, itself included, the mean share that is of its own entity. 1 where there are none.
    pub precision: f64,
    /// Of a source record's entity, itself included, the mean share that stands in its own cluster. 1 where there are none.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
    /// Source records asked.
    pub source_records: u64,
}

/// Counts pairs. `truth` lists every pair that belongs together, in either order; a pair listed twice counts once.
pub fn accuracy<K: Eq + Hash + Ord + Clone>(truth: &[(K, K)], clusters: &[Vec<K>]) -> Accuracy {
    let mut cluster_of: HashMap<&K, usize> = HashMap::new();
    let mut found = 0;
    for (at, members) in clusters.iter().enumerate() {
        let count = members.len() as u64;
        found += count * count.saturating_sub(1) / 2;
        cluster_of.extend(members.iter().map(|member| (member, at)));
    }
    let wanted: HashSet<(&K, &K)> =
        truth.iter().filter(|(a, b)| a != b).map(|(a, b)| if a < b { (a, b) } else { (b, a) }).collect();
    let together = |pair: &&(&K, &K)| {
        let place = cluster_of.get(pair.0);
        place.is_some() && place == cluster_of.get(pair.1)
    };
    let right = wanted.iter().filter(together).count() as u64;
    of_counts(right, found, wanted.len() as u64)
}

/// The same from the true entity of each member: pairs of one entity belong together.
pub fn accuracy_of_entities<E: Eq + Hash>(clusters: &[Vec<E>]) -> Accuracy {
    let pairs = |count: u64| count * count.saturating_sub(1) / 2;
    let mut of_entity: HashMap<&E, u64> = HashMap::new();
    let (mut right, mut found) = (0, 0);
    for members in clusters {
        found += pairs(members.len() as u64);
        let mut here: HashMap<&E, u64> = HashMap::new();
        for entity in members {
            *here.entry(entity).or_default() += 1;
            *of_entity.entry(entity).or_default() += 1;
        }
        right += here.values().copied().map(pairs).sum::<u64>();
    }
    of_counts(right, found, of_entity.values().copied().map(pairs).sum())
}

/// B-cubed scores from the true entity of each member.
pub fn b_cubed_of_entities<E: Eq + Hash>(clusters: &[Vec<E>]) -> BCubed {
    let mut of_entity: HashMap<&E, u64> = HashMap::new();
    for entity in clusters.iter().flatten() {
        *of_entity.entry(entity).or_default() += 1;
    }
    let (mut precision, mut recall, mut members_all) = (0.0, 0.0, 0_u64);
    for members in clusters {
        let mut here: HashMap<&E, u64> = HashMap::new();
        for entity in members {
            *here.entry(entity).or_default() += 1;
        }
        members_all += members.len() as u64;
        // Sums of whole numbers: the order of a hash map does not show in them.
        let squares: u64 = here.values().map(|count| count * count).sum();
        precision += squares as f64 / members.len().max(1) as f64;
        let mut shares: Vec<(u64, u64)> = here.iter().map(|(entity, count)| (*count, of_entity[entity])).collect();
        shares.sort_unstable();
        recall += shares.iter().map(|(count, all)| (count * count) as f64 / *all as f64).sum::<f64>();
    }
    let mean = |sum: f64| if members_all == 0 { 1.0 } else { sum / members_all as f64 };
    let (precision, recall) = (mean(precision), mean(recall));
    BCubed { precision, recall, f1: harmonic_mean(precision, recall), source_records: members_all }
}

/// B-cubed scores where the truth is given as pairs: what true pairs connect is one entity, and a source record that no true
/// pair names is alone in its own. Pairs that name a source record of no cluster connect, and count for nothing else.
pub fn b_cubed<K: Eq + Hash>(truth: &[(K, K)], clusters: &[Vec<K>]) -> BCubed {
    b_cubed_of_entities(&entities_of_pairs(truth, clusters))
}

/// The true entity of each member, as a number, where the truth is given as pairs: connected components.
pub fn entities_of_pairs<K: Eq + Hash>(truth: &[(K, K)], clusters: &[Vec<K>]) -> Vec<Vec<usize>> {
    let mut place: HashMap<&K, usize> = HashMap::new();
    for member in clusters.iter().flatten().chain(truth.iter().flat_map(|(a, b)| [a, b])) {
        let next = place.len();
        place.entry(member).or_insert(next);
    }
    let mut up: Vec<usize> = (0..place.len()).collect();
    for (a, b) in truth {
        let (a, b) = (root(&mut up, place[a]), root(&mut up, place[b]));
        up[a.max(b)] = a.min(b);
    }
    clusters.iter().map(|members| members.iter().map(|member| root(&mut up, place[member])).collect()).collect()
}

/// The root of a place in a forest of unions, with the way to it halved.
pub(super) fn root(up: &mut [usize], mut at: usize) -> usize {
    while up[at] != at {
        up[at] = up[up[at]];
        at = up[at];
    }
    at
}

fn harmonic_mean(precision: f64, recall: f64) -> f64 {
    if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
}

fn of_counts(right: u64, found: u64, wanted: u64) -> Accuracy {
    let share = |of: u64| if of == 0 { 1.0 } else { right as f64 / of as f64 };
    let (precision, recall) = (share(found), share(wanted));
    Accuracy { precision, recall, f1: harmonic_mean(precision, recall), right, found, wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_once_and_in_either_order() {
        let truth = [("a", "b"), ("b", "a"), ("b", "c"), ("a", "c")];
        let clusters = [vec!["a", "b"], vec!["c", "d"]];
        let measured = accuracy(&truth, &clusters);
        assert_eq!((measured.right, measured.found, measured.wanted), (1, 2, 3));
        assert!((measured.f1 - 0.4).abs() < 1e-12);
        let entities = [vec![1, 1], vec![1, 2]];
        assert_eq!(accuracy_of_entities(&entities), measured);
    }

    #[test]
    fn nothing_found_where_nothing_was_wanted_is_perfect() {
        let measured = accuracy::<&str>(&[], &[vec!["a"]]);
        assert!((measured.f1 - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn b_cubed_is_the_mean_over_source_records() {
        // The worked example of Bagga and Baldwin: 5, 2 and 5 of three entities, the last two answered as one.
        let clusters = [vec!['a'; 5], [vec!['b'; 2], vec!['c'; 5]].concat()];
        let measured = b_cubed_of_entities(&clusters);
        let precision = (5.0 + (4.0 + 25.0) / 7.0) / 12.0;
        assert!((measured.precision - precision).abs() < 1e-12, "{measured:?}");
        assert!((measured.recall - 1.0).abs() < 1e-12);
        assert_eq!(measured.source_records, 12);
    }

    #[test]
    fn true_pairs_are_closed_before_source_records_are_asked() {
        let truth = [(1, 2), (3, 2), (9, 4)];
        let clusters = [vec![1, 3], vec![2], vec![4, 5]];
        let entities = entities_of_pairs(&truth, &clusters);
        assert_eq!(entities[0][0], entities[0][1]);
        assert_eq!(entities[0][0], entities[1][0]);
        assert_ne!(entities[2][0], entities[2][1]);
        let measured = b_cubed(&truth, &clusters);
        assert!((measured.precision - 0.8).abs() < 1e-12);
        assert!((measured.recall - (2.0 * 2.0 / 3.0 + 1.0 / 3.0 + 2.0) / 5.0).abs() < 1e-12);
    }

    #[test]
    fn without_source_records_all_are_right() {
        let measured = b_cubed_of_entities::<u8>(&[]);
        assert!((measured.f1 - 1.0).abs() < f64::EPSILON);
    }
}
