//! Accuracy of clusters against known truth, over pairs.

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

fn of_counts(right: u64, found: u64, wanted: u64) -> Accuracy {
    let share = |of: u64| if of == 0 { 1.0 } else { right as f64 / of as f64 };
    let (precision, recall) = (share(found), share(wanted));
    let f1 = if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
    Accuracy { precision, recall, f1, right, found, wanted }
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
}
