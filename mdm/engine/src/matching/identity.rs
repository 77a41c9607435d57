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

/// Gives each cluster the golden id of which it holds the largest share; of equal shares the oldest (smallest) id goes first.
///
/// `previous` says which golden record each source record was linked to. No id is given twice. An id that no cluster keeps is
/// absorbed by the cluster that holds most of it. The result has one entry a cluster, in the order of `clusters`.
pub fn assign_identities(previous: &[(SourceRecordId, GoldenId)], clusters: &[Vec<SourceRecordId>]) -> Vec<Assigned> {
    let mut linked: FxHashMap<SourceRecordId, GoldenId> = FxHashMap::default();
    let mut sizes: FxHashMap<GoldenId, usize> = FxHashMap::default();
    for (record, golden) in previous {
        if linked.insert(*record, *golden).is_none() {
            *sizes.entry(*golden).or_default() += 1;
        }
    }
    let mut shares = shares_of(&linked, clusters);
    shares.sort_unstable_by_key(|share| {
        (std::cmp::Reverse(share.count), share.golden, clusters[share.cluster].iter().min().copied(), share.cluster)
    });
    let mut kept: FxHashMap<GoldenId, usize> = FxHashMap::default();
    let mut identity: Vec<Option<GoldenId>> = vec![None; clusters.len()];
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
                    && members.iter().all(|member| linked.get(member) == Some(&golden))
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
        let assigned = assign_identities(&previous, &[records(&[1]), records(&[2, 3])]);
        assert_eq!(assigned[0].identity, Identity::New);
        assert_eq!(assigned[0].split_from, Some(GoldenId(7)));
        assert_eq!(assigned[1].identity, Identity::Keeps(GoldenId(7)));
        assert!(assigned[0].changed && assigned[1].changed);
    }

    #[test]
    fn of_equal_shares_the_oldest_id_is_kept_and_the_other_absorbed() {
        let previous = linked(&[(1, 9), (2, 7)]);
        let assigned = assign_identities(&previous, &[records(&[2, 1])]);
        assert_eq!(assigned[0].identity, Identity::Keeps(GoldenId(7)));
        assert_eq!(assigned[0].absorbed, [GoldenId(9)]);
        assert_eq!(assigned[0].members, records(&[1, 2]));
    }

    #[test]
    fn what_stays_the_same_is_unchanged() {
        let previous = linked(&[(1, 7), (2, 7)]);
        let assigned = assign_identities(&previous, &[records(&[1, 2])]);
        assert!(!assigned[0].changed);
        assert!(assign_identities(&previous, &[records(&[1, 2, 3])])[0].changed);
        assert!(assign_identities(&previous, &[records(&[1])])[0].changed);
        assert!(assign_identities(&previous, &[]).is_empty());
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
            let assigned = assign_identities(&previous, &clusters);
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
            for (at, one) in assign_identities(&previous, &clusters).into_iter().enumerate() {
                prop_assert_eq!(one.identity, Identity::Keeps(GoldenId(at as i64 + 1)));
                prop_assert!(!one.changed && one.absorbed.is_empty() && one.split_from.is_none());
            }
        }
    }
}
