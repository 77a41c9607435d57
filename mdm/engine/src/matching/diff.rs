//! What a change of rules would do: two clusterings of the same source records, held against each other.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use super::accuracy::root;

/// Clusters before and after that share source records, directly or through others. Clusters are named by their places in the
/// two lists, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Clusters of the old clustering.
    pub before: Vec<usize>,
    /// Clusters of the new one.
    pub after: Vec<usize>,
}

/// What became of the clusters. Source records that only one side has are counted and otherwise left out, and so are clusters
/// that hold no others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterDiff {
    /// Clusters with the same members on both sides.
    pub unchanged: u64,
    /// Several old clusters that became one new one, whole.
    pub merged: Vec<Change>,
    /// One old cluster that became several new ones, whole.
    pub split: Vec<Change>,
    /// Anything else: members changed places between clusters that remain.
    pub overlapping: Vec<Change>,
    /// Pairs of source records that only the new clustering holds together.
    pub pairs_joined: u64,
    /// Pairs of source records that only the old clustering held together.
    pub pairs_parted: u64,
    /// Source records that both sides have.
    pub source_records: u64,
    /// Source records that only the old side has.
    pub only_before: u64,
    /// Source records that only the new side has.
    pub only_after: u64,
    /// How alike both sides are, above 0 and up to 1, which only equal clusterings reach: the root of the product of the two
    /// numbers of clusters, over the number of overlaps that are not empty.
    ///
    /// Source: Talburt, Wang, Hess and Kuo, "An Algebraic Approach to Data Quality Metrics for Entity Resolution over Large
    /// Datasets" (2007).
    pub talburt_wang: f64,
}

/// Holds two clusterings against each other. A source record stands in at most one cluster of a side. Changes are listed by
/// their first old cluster.
pub fn compare<K: Eq + Hash>(before: &[Vec<K>], after: &[Vec<K>]) -> ClusterDiff {
    let place_after: HashMap<&K, usize> =
        after.iter().enumerate().flat_map(|(at, members)| members.iter().map(move |member| (member, at))).collect();
    let mut overlaps: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    let (mut source_records, mut only_before) = (0, 0);
    for (old, members) in before.iter().enumerate() {
        for member in members {
            match place_after.get(member) {
                Some(new) => {
                    source_records += 1;
                    *overlaps.entry((old, *new)).or_default() += 1;
                }
                None => only_before += 1,
            }
        }
    }
    let (mut sizes_before, mut sizes_after) = (BTreeMap::new(), BTreeMap::new());
    for ((old, new), count) in &overlaps {
        *sizes_before.entry(*old).or_default() += count;
        *sizes_after.entry(*new).or_default() += count;
    }
    let together = pairs_in(overlaps.values());
    let clusters = sizes_before.len() as f64 * sizes_after.len() as f64;
    let mut diff = ClusterDiff {
        unchanged: 0,
        merged: Vec::new(),
        split: Vec::new(),
        overlapping: Vec::new(),
        pairs_joined: pairs_in(sizes_after.values()) - together,
        pairs_parted: pairs_in(sizes_before.values()) - together,
        source_records,
        only_before,
        only_after: place_after.len() as u64 - source_records,
        talburt_wang: if overlaps.is_empty() { 1.0 } else { clusters.sqrt() / overlaps.len() as f64 },
    };
    for change in connected(before.len(), after.len(), overlaps.keys()) {
        match (change.before.len(), change.after.len()) {
            (1, 1) => diff.unchanged += 1,
            (_, 1) => diff.merged.push(change),
            (1, _) => diff.split.push(change),
            _ => diff.overlapping.push(change),
        }
    }
    diff
}

fn pairs_in<'a>(sizes: impl Iterator<Item = &'a u64>) -> u64 {
    sizes.map(|size| size * (size - 1) / 2).sum()
}

/// The connected parts of the graph whose edges are the overlaps, by their first old cluster.
fn connected<'a>(
    before: usize,
    after: usize,
    overlaps: impl Iterator<Item = &'a (usize, usize)> + Clone,
) -> Vec<Change> {
    let mut up: Vec<usize> = (0..before + after).collect();
    for (old, new) in overlaps.clone() {
        let (a, b) = (root(&mut up, *old), root(&mut up, before + new));
        up[a.max(b)] = a.min(b);
    }
    // A root is the smallest place of its part, and so an old cluster.
    let mut parts: BTreeMap<usize, Change> = BTreeMap::new();
    for (old, new) in overlaps {
        let part = parts.entry(root(&mut up, *old)).or_insert_with(|| Change { before: Vec::new(), after: Vec::new() });
        part.before.push(*old);
        part.after.push(*new);
    }
    for part in parts.values_mut() {
        part.before.dedup();
        part.after.sort_unstable();
        part.after.dedup();
    }
    parts.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_splits_and_overlaps_are_told_apart() {
        let before = [vec![1, 2], vec![3], vec![4, 5, 6], vec![7, 8], vec![9, 10], vec![11]];
        let after = [vec![1, 2, 3], vec![4, 5], vec![6], vec![7, 9], vec![8, 10], vec![11]];
        let diff = compare(&before, &after);
        assert_eq!(diff.unchanged, 1);
        assert_eq!(diff.merged, [Change { before: vec![0, 1], after: vec![0] }]);
        assert_eq!(diff.split, [Change { before: vec![2], after: vec![1, 2] }]);
        assert_eq!(diff.overlapping, [Change { before: vec![3, 4], after: vec![3, 4] }]);
        assert_eq!((diff.pairs_joined, diff.pairs_parted), (4, 4));
        assert!((diff.talburt_wang - 6.0 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn turned_around_a_merge_is_a_split() {
        let (few, many) = ([vec!['a', 'b', 'c']], [vec!['a'], vec!['b', 'c']]);
        let (there, back) = (compare(&few, &many), compare(&many, &few));
        assert_eq!((there.split.len(), back.merged.len()), (1, 1));
        assert_eq!((there.pairs_parted, back.pairs_joined), (2, 2));
        assert!((there.talburt_wang - back.talburt_wang).abs() < 1e-12);
    }

    #[test]
    fn what_only_one_side_has_is_counted_and_left_out() {
        let diff = compare(&[vec![1, 2, 3], vec![4]], &[vec![2, 1], vec![5]]);
        assert_eq!((diff.unchanged, diff.source_records, diff.only_before, diff.only_after), (1, 2, 2, 1));
        assert!((diff.talburt_wang - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn nothing_equals_nothing() {
        let diff = compare::<u8>(&[], &[]);
        assert_eq!((diff.unchanged, diff.source_records), (0, 0));
        assert!((diff.talburt_wang - 1.0).abs() < f64::EPSILON);
    }
}
