//! Errors by group: whether matching is as right for single names, women or the old as it is for others.
//!
//! A group is a label that the caller computes for each source record, mostly by [`super::group_labels`]. Only counts leave this
//! file: labels serve the evaluation and are stored on nobody.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use super::estimate::Interval;

/// How right matching is for the source records of one group. Each pair counts for the group at either of its ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupErrors<G> {
    /// The group.
    pub group: G,
    /// Its source records.
    pub source_records: u64,
    /// Pairs of one of its source records with another that are in one cluster and belong together.
    pub right: u64,
    /// Those that are in one cluster.
    pub found: u64,
    /// Those that belong together.
    pub wanted: u64,
    /// `right` of `found`. 1 where there are none.
    pub precision: f64,
    /// `right` of `wanted`. 1 where there are none.
    pub recall: f64,
    /// Where the recall would lie were the truth drawn anew, with 95 % (Wilson).
    pub recall_interval: Interval,
    /// The same for the precision.
    pub precision_interval: Interval,
}

/// The groups, and how far apart they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorsByGroup<G> {
    /// One entry a group, in the order of the labels.
    pub groups: Vec<GroupErrors<G>>,
    /// The widest gap in precision between two groups with pairs enough; `None` where fewer than two have.
    pub precision: Option<Difference<G>>,
    /// The widest gap in recall.
    pub recall: Option<Difference<G>>,
}

/// The widest gap between two groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference<G> {
    /// The group that fares best.
    pub best: G,
    /// The group that fares worst.
    pub worst: G,
    /// How far apart they are, 0..=1.
    pub difference: f64,
}

/// Groups with fewer pairs than this stand in the list, but not in the widest gap: a handful of pairs tells too little.
pub const PAIRS_MIN: u64 = 50;

/// Measures each group. `groups`, `entities` and `clusters` have one entry a source record, in one order: its label, its true
/// entity, its cluster.
pub fn errors_by_group<G: Ord + Clone, E: Eq + Hash, C: Eq + Hash>(
    groups: &[G],
    entities: &[E],
    clusters: &[C],
) -> ErrorsByGroup<G> {
    let mut of_entity: HashMap<&E, u64> = HashMap::new();
    let mut of_cluster: HashMap<&C, u64> = HashMap::new();
    let mut of_both: HashMap<(&E, &C), u64> = HashMap::new();
    for (entity, cluster) in entities.iter().zip(clusters) {
        *of_entity.entry(entity).or_default() += 1;
        *of_cluster.entry(cluster).or_default() += 1;
        *of_both.entry((entity, cluster)).or_default() += 1;
    }
    let mut counts: BTreeMap<&G, [u64; 4]> = BTreeMap::new();
    for ((group, entity), cluster) in groups.iter().zip(entities).zip(clusters) {
        let [source_records, right, found, wanted] = counts.entry(group).or_default();
        *source_records += 1;
        // Its pairs are with the others; it is in each count itself.
        *right += of_both[&(entity, cluster)] - 1;
        *found += of_cluster[cluster] - 1;
        *wanted += of_entity[entity] - 1;
    }
    let share = |of: u64, all: u64| if all == 0 { 1.0 } else { of as f64 / all as f64 };
    let groups: Vec<GroupErrors<G>> = counts
        .into_iter()
        .map(|(group, [source_records, right, found, wanted])| GroupErrors {
            group: group.clone(),
            source_records,
            right,
            found,
            wanted,
            precision: share(right, found),
            recall: share(right, wanted),
            // Most pairs stand in one group with both ends, and are one observation each.
            recall_interval: Interval::wilson(right / 2, wanted / 2),
            precision_interval: Interval::wilson(right / 2, found / 2),
        })
        .collect();
    let precision = widest(&groups, |group| (group.found, group.precision));
    let recall = widest(&groups, |group| (group.wanted, group.recall));
    ErrorsByGroup { groups, precision, recall }
}

/// Of equal groups the first is named.
fn widest<G: Clone>(groups: &[GroupErrors<G>], of: impl Fn(&GroupErrors<G>) -> (u64, f64)) -> Option<Difference<G>> {
    let enough: Vec<(&G, f64)> =
        groups.iter().filter(|group| of(group).0 >= PAIRS_MIN).map(|group| (&group.group, of(group).1)).collect();
    if enough.len() < 2 {
        return None;
    }
    let first = enough[0];
    let best = enough.iter().fold(first, |best, group| if group.1 > best.1 { *group } else { best });
    let worst = enough.iter().fold(first, |worst, group| if group.1 < worst.1 { *group } else { worst });
    Some(Difference { best: best.0.clone(), worst: worst.0.clone(), difference: best.1 - worst.1 })
}

#[cfg(test)]
mod tests {
    use super::super::accuracy::accuracy_of_entities;
    use super::*;

    #[test]
    fn one_group_of_all_has_the_pair_scores() {
        let (entities, clusters) = ([1, 1, 1, 2, 2, 3], [0, 0, 1, 1, 2, 3]);
        let measured = errors_by_group(&["all"; 6], &entities, &clusters);
        let all = accuracy_of_entities(&[vec![1, 1], vec![1, 2], vec![2], vec![3]]);
        assert!((measured.groups[0].precision - all.precision).abs() < 1e-12);
        assert!((measured.groups[0].recall - all.recall).abs() < 1e-12);
        assert_eq!(measured.groups[0].wanted, 2 * all.wanted);
        assert_eq!(measured.recall, None);
    }

    #[test]
    fn the_widest_gap_leaves_out_groups_of_few_pairs() {
        // Sixty pairs that are found, sixty of which half are missed, one pair of a small group that is missed.
        let mut groups = Vec::new();
        let (mut entities, mut clusters) = (Vec::new(), Vec::new());
        for pair in 0..121 {
            let group = if pair < 60 {
                "single"
            } else if pair < 120 {
                "two"
            } else {
                "none"
            };
            for end in 0..2 {
                groups.push(group);
                entities.push(pair);
                let is_missed = end == 1 && pair >= 60 && (pair % 2 == 1 || pair == 120);
                clusters.push(if is_missed { 1000 + pair } else { pair });
            }
        }
        let measured = errors_by_group(&groups, &entities, &clusters);
        assert_eq!(measured.groups.len(), 3);
        let gap = measured.recall.unwrap();
        assert_eq!((gap.best, gap.worst), ("single", "two"));
        assert!((gap.difference - 0.5).abs() < 1e-12);
    }
}
