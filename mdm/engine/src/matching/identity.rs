//! Lasting identities: which golden record a cluster is.

use kanak_model::golden_record::Identity;
use kanak_model::id::{GoldenId, SourceRecordId};
use rustc_hash::FxHashMap;

/// A cluster with its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Its members, ascending.
    pub members: Vec<SourceRecordId>,
    /// The golden id it keeps, or that it is new.
    pub identity: Identity,
    /// Golden ids that end in it, ascending: each answers with a redirect from now on.
    pub absorbed: Vec<GoldenId>,
    /// The golden record that most of its members were linked to, when it is new and they were linked before.
    pub split_from: Option<GoldenId>,
    /// Whether it differs from what was held before: it is new, or its members are others.
    pub changed: bool,
}

/// Gives each cluster its golden id.
///
/// First, what comes off a golden record and is exactly what an ended one last held, or comes back after all of it was away,
/// gets that one's id back: so undoing a merge restores both ids, however the parts have grown since. Then each other cluster
/// keeps the id of which it holds the largest share; of equal shares the oldest (smallest) id goes first.
///
/// `linked` says which golden record each source record is linked to, `ended` which source records a golden record held when
/// it was merged away or lost its last member (those that are live now), what ended last first. No id is given twice, and an ended one to nobody but
/// those that were its own. An id that no cluster keeps is absorbed by the cluster that holds most of it. The result has one
/// entry a cluster, in the order of `clusters`.
pub fn assign_identities(
    linked: &[(SourceRecordId, GoldenId)],
    ended: &[(SourceRecordId, GoldenId)],
    clusters: &[Vec<SourceRecordId>],
) -> Vec<Assigned> {
    let mut golden_of: FxHashMap<SourceRecordId, GoldenId> = FxHashMap::default();
    let mut sizes: FxHashMap<GoldenId, usize> = FxHashMap::default();
    for (record, golden) in linked {
        if golden_of.insert(*record, *golden).is_none() {
            *sizes.entry(*golden).or_default() += 1;
        }
    }
    let mut shares = shares_of(&golden_of, clusters);
    let mut identity = restored(&shares, &sizes, ended, clusters);
    shares.sort_unstable_by_key(|share| {
        (std::cmp::Reverse(share.count), share.golden, clusters[share.cluster].iter().min().copied(), share.cluster)
    });
    let mut kept: FxHashMap<GoldenId, usize> = FxHashMap::default();
    for share in &shares {
        if identity[share.cluster].is_none() && !kept.contains_key(&share.golden) {
            identity[share.cluster] = Some(share.golden);
            kept.insert(share.golden, share.cluster);
        }
    }
    let mut assigned: Vec<Assigned> = clusters
        .iter()
        .zip(&identity)
        .map(|(cluster, identity)| {
            let mut members = cluster.clone();
            members.sort_unstable();
            let same = identity.is_some_and(|golden| {
                sizes.get(&golden) == Some(&members.len())
                    && members.iter().all(|member| golden_of.get(member) == Some(&golden))
            });
            let identity = identity.map_or(Identity::New, Identity::Keeps);
            Assigned { members, identity, absorbed: Vec::new(), split_from: None, changed: !same }
        })
        .collect();
    // Shares are sorted from the largest on: the first cluster that names an id holds most of it.
    for share in shares {
        let one = &mut assigned[share.cluster];
        if let std::collections::hash_map::Entry::Vacant(ended) = kept.entry(share.golden) {
            ended.insert(share.cluster);
            one.absorbed.push(share.golden);
        }
        if one.identity == Identity::New && one.split_from.is_none() {
            one.split_from = Some(share.golden);
        }
    }
    for one in &mut assigned {
        one.absorbed.sort_unstable();
    }
    assigned
}

/// The ids of ended golden records that come back: by cluster. A cluster takes one only when every golden record that its
/// members are linked to goes on elsewhere.
fn restored(
    shares: &[Share],
    sizes: &FxHashMap<GoldenId, usize>,
    ended: &[(SourceRecordId, GoldenId)],
    clusters: &[Vec<SourceRecordId>],
) -> Vec<Option<GoldenId>> {
    let mut identity = vec![None; clusters.len()];
    let mut held: FxHashMap<GoldenId, Vec<SourceRecordId>> = FxHashMap::default();
    let mut order = Vec::new();
    for (record, golden) in ended.iter().filter(|(_, golden)| !sizes.contains_key(golden)) {
        let members = held.entry(*golden).or_default();
        if members.is_empty() {
            order.push(*golden);
        }
        members.push(*record);
    }
    if held.is_empty() {
        return identity;
    }
    let mut ids: FxHashMap<Vec<SourceRecordId>, GoldenId> = FxHashMap::default();
    for golden in order {
        let mut members = held.remove(&golden).unwrap_or_default();
        members.sort_unstable();
        members.dedup();
        // Of several that held the same, the one that ended last comes back: it is what undoing undoes.
        ids.entry(members).or_insert(golden);
    }
    let mut stays_here = vec![false; clusters.len()];
    for share in shares {
        stays_here[share.cluster] |= sizes.get(&share.golden) == Some(&share.count);
    }
    for (place, cluster) in clusters.iter().enumerate().filter(|(place, _)| !stays_here[*place]) {
        let mut members = cluster.clone();
        members.sort_unstable();
        identity[place] = ids.get(&members).copied();
    }
    identity
}

/// How many members of a cluster were linked to a golden record.
#[derive(Debug, Clone, Copy)]
struct Share {
    cluster: usize,
    golden: GoldenId,
    count: usize,
}

fn shares_of(linked: &FxHashMap<SourceRecordId, GoldenId>, clusters: &[Vec<SourceRecordId>]) -> Vec<Share> {
    let mut shares = Vec::new();
    for (cluster, members) in clusters.iter().enumerate() {
        let mut held: Vec<GoldenId> = members.iter().filter_map(|member| linked.get(member).copied()).collect();
        held.sort_unstable();
        shares.extend(held.chunk_by(|a, b| a == b).map(|run| Share { cluster, golden: run[0], count: run.len() }));
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn records(ids: &[i64]) -> Vec<SourceRecordId> {
        ids.iter().copied().map(SourceRecordId).collect()
    }

    fn linked(pairs: &[(i64, i64)]) -> Vec<(SourceRecordId, GoldenId)> {
        pairs.iter().map(|(record, golden)| (SourceRecordId(*record), GoldenId(*golden))).collect()
    }

    #[test]
    fn the_larger_share_keeps_the_id_and_the_rest_is_split_from_it() {
        let previous = linked(&[(1, 7), (2, 7), (3, 7)]);
        let assigned = assign_identities(&previous, &[], &[records(&[1]), records(&[2, 3])]);
        assert_eq!(assigned[0].identity, Identity::New);
        assert_eq!(assigned[0].split_from, Some(GoldenId(7)));
        assert_eq!(assigned[1].identity, Identity::Keeps(GoldenId(7)));
        assert!(assigned[0].changed && assigned[1].changed);
    }

    #[test]
    fn of_equal_shares_the_oldest_id_is_kept_and_the_other_absorbed() {
        let previous = linked(&[(1, 9), (2, 7)]);
        let assigned = assign_identities(&previous, &[], &[records(&[2, 1])]);
        assert_eq!(assigned[0].identity, Identity::Keeps(GoldenId(7)));
        assert_eq!(assigned[0].absorbed, [GoldenId(9)]);
        assert_eq!(assigned[0].members, records(&[1, 2]));
    }

    #[track_caller]
    fn check_ids(linked_now: &[(i64, i64)], ended: &[(i64, i64)], clusters: &[&[i64]], expected: &[Option<i64>]) {
        let clusters: Vec<_> = clusters.iter().map(|members| records(members)).collect();
        let assigned = assign_identities(&linked(linked_now), &linked(ended), &clusters);
        let ids: Vec<Option<i64>> = assigned
            .iter()
            .map(|one| match one.identity {
                Identity::Keeps(golden) => Some(golden.0),
                Identity::New => None,
            })
            .collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn parts_of_a_merge_get_their_own_ids_back_whichever_is_larger_now() {
        // 9 held {2} and was merged into 7, which held {5}.
        check_ids(&[(2, 7), (5, 7)], &[(2, 9)], &[&[2], &[5]], &[Some(9), Some(7)]);
        // What was merged in has the larger share.
        check_ids(&[(2, 7), (3, 7), (5, 7)], &[(2, 9), (3, 9)], &[&[2, 3], &[5]], &[Some(9), Some(7)]);
    }

    #[test]
    fn an_ended_id_goes_to_nobody_but_exactly_those_that_were_its_own() {
        // 9 held {1, 2, 3, 4} and was merged into 7; 4 alone is parted: it is somebody new.
        let ended = [(1, 9), (2, 9), (3, 9), (4, 9)];
        check_ids(&[(1, 7), (2, 7), (3, 7), (4, 7), (5, 7)], &ended, &[&[1, 2, 3, 5], &[4]], &[Some(7), None]);
        // What is left of a golden record stays it, even when it is what an ended one held.
        check_ids(&[(2, 7)], &[(2, 9)], &[&[2]], &[Some(7)]);
    }

    #[test]
    fn of_ended_ids_that_held_the_same_the_last_to_end_comes_back() {
        check_ids(&[(1, 7), (2, 7)], &[(2, 9), (2, 8)], &[&[1], &[2]], &[Some(7), Some(9)]);
        check_ids(&[(1, 7), (2, 7)], &[(2, 8), (2, 9)], &[&[1], &[2]], &[Some(7), Some(8)]);
    }

    #[test]
    fn what_was_away_comes_back_under_its_id() {
        check_ids(&[(1, 3)], &[(2, 9)], &[&[1], &[2]], &[Some(3), Some(9)]);
        check_ids(&[(1, 3)], &[(2, 9)], &[&[1, 2]], &[Some(3)]);
    }

    #[test]
    fn what_stays_the_same_is_unchanged() {
        let previous = linked(&[(1, 7), (2, 7)]);
        let assigned = assign_identities(&previous, &[], &[records(&[1, 2])]);
        assert!(!assigned[0].changed);
        assert!(assign_identities(&previous, &[], &[records(&[1, 2, 3])])[0].changed);
        assert!(assign_identities(&previous, &[], &[records(&[1])])[0].changed);
        assert!(assign_identities(&previous, &[], &[]).is_empty());
    }

    proptest! {
        #[test]
        fn no_id_is_given_twice_and_none_is_lost(
            before in proptest::collection::vec(0..6_i64, 0..24),
            after in proptest::collection::vec(0..6_usize, 24),
        ) {
            let previous: Vec<_> =
                before.iter().enumerate().map(|(at, golden)| (SourceRecordId(at as i64), GoldenId(*golden))).collect();
            let mut clusters: BTreeMap<usize, Vec<SourceRecordId>> = BTreeMap::new();
            for (at, cluster) in after.iter().enumerate() {
                clusters.entry(*cluster).or_default().push(SourceRecordId(at as i64));
            }
            let clusters: Vec<Vec<SourceRecordId>> = clusters.into_values().collect();
            let assigned = assign_identities(&previous, &[], &clusters);
            let mut seen = BTreeSet::new();
            for one in &assigned {
                if let Identity::Keeps(golden) = one.identity {
                    prop_assert!(seen.insert(golden), "{golden} is kept twice");
                    prop_assert!(one.members.iter().any(|member| previous.contains(&(*member, golden))));
                }
                for golden in &one.absorbed {
                    prop_assert!(seen.insert(*golden), "{golden} is kept or absorbed twice");
                }
            }
            let held: BTreeSet<GoldenId> = previous.iter().map(|(_, golden)| *golden).collect();
            prop_assert_eq!(seen, held);
        }

        #[test]
        fn assigning_again_changes_nothing(after in proptest::collection::vec(0..6_usize, 1..24)) {
            let mut clusters: BTreeMap<usize, Vec<SourceRecordId>> = BTreeMap::new();
            for (at, cluster) in after.iter().enumerate() {
                clusters.entry(*cluster).or_default().push(SourceRecordId(at as i64));
            }
            let clusters: Vec<Vec<SourceRecordId>> = clusters.into_values().collect();
            let previous: Vec<_> = clusters
                .iter()
                .enumerate()
                .flat_map(|(golden, members)| members.iter().map(move |member| (*member, GoldenId(golden as i64 + 1))))
                .collect();
            for (at, one) in assign_identities(&previous, &[], &clusters).into_iter().enumerate() {
                prop_assert_eq!(one.identity, Identity::Keeps(GoldenId(at as i64 + 1)));
                prop_assert!(!one.changed && one.absorbed.is_empty() && one.split_from.is_none());
            }
        }
    }
}
