//! The pairs that an estimate speaks about, each with a probability and what became of it.

use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::MatchPair;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// What became of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// In one cluster, and weighed.
    Direct,
    /// In one cluster through others: it was not weighed, or not listed, and its probability is derived from theirs.
    Transitive,
    /// In two clusters.
    Apart,
}

impl Link {
    /// Whether the pair is in one cluster.
    pub fn is_linked(self) -> bool {
        self != Self::Apart
    }
}

/// One pair of source records, `left < right`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    /// The smaller id.
    pub left: SourceRecordId,
    /// The larger id.
    pub right: SourceRecordId,
    /// Match probability of the pair itself, 0..=1, as the rules give it; of a transitive pair, that of the strongest way.
    pub probability: f64,
    /// Of a pair in one cluster, the probability of the strongest way between both, which may be the pair itself: the product
    /// along the maximum spanning tree of the cluster. Of any other, the same as `probability`.
    pub through: f64,
    /// What became of it.
    pub link: Link,
}

/// Compared pairs that are listed nowhere, because they weigh too little: how many there are of about one probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Unlisted {
    /// The mean match probability of these pairs.
    pub probability: f64,
    /// How many.
    pub pairs: u64,
}

/// All that was compared or linked in one run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Population {
    /// Every pair in one cluster, and every other pair that is listed; by (left, right).
    pub pairs: Vec<ScoredPair>,
    /// The compared pairs that are not listed, by bands of their probability. Empty where that is not known: recall is then
    /// of what is listed.
    pub unlisted: Vec<Unlisted>,
}

/// Puts together the pairs of a run: those of `weighed`, and those that stand in one cluster without being weighed.
///
/// Where weighed pairs do not connect a cluster (groups that only all of their members together join), its parts are held to be
/// joined with `joined`, which is the match threshold. That is no probability that anyone trained. It orders the pairs, and
/// transitive ones are sampled as strata of their own.
pub fn scored_pairs(clusters: &[Vec<SourceRecordId>], weighed: &[MatchPair], joined: f64) -> Vec<ScoredPair> {
    let mut cluster_of: FxHashMap<SourceRecordId, usize> = FxHashMap::default();
    for (at, members) in clusters.iter().enumerate() {
        cluster_of.extend(members.iter().map(|member| (*member, at)));
    }
    let mut inside: Vec<Vec<&MatchPair>> = vec![Vec::new(); clusters.len()];
    let mut pairs: Vec<ScoredPair> = Vec::with_capacity(weighed.len());
    for pair in weighed {
        match cluster_of.get(&pair.left).filter(|at| cluster_of.get(&pair.right) == Some(at)) {
            Some(at) => inside[*at].push(pair),
            None => pairs.push(ScoredPair {
                left: pair.left,
                right: pair.right,
                probability: pair.probability,
                through: pair.probability,
                link: Link::Apart,
            }),
        }
    }
    for (members, own) in clusters.iter().zip(inside) {
        if members.len() > 1 {
            pairs.extend(linked_pairs(members, own, joined));
        }
    }
    pairs.sort_unstable_by_key(|pair| (pair.left, pair.right));
    pairs
}

/// All pairs of one cluster.
fn linked_pairs(members: &[SourceRecordId], mut own: Vec<&MatchPair>, joined: f64) -> Vec<ScoredPair> {
    let place: FxHashMap<SourceRecordId, usize> =
        members.iter().enumerate().map(|(at, member)| (*member, at)).collect();
    let known: FxHashMap<(SourceRecordId, SourceRecordId), f64> =
        own.iter().map(|pair| ((pair.left, pair.right), pair.probability)).collect();
    own.sort_by(|a, b| b.probability.total_cmp(&a.probability).then((a.left, a.right).cmp(&(b.left, b.right))));
    let links = own.iter().map(|pair| (place[&pair.left], place[&pair.right], pair.probability));
    // What remains in parts is joined to the first member.
    let bridges = (1..members.len()).map(|at| (0, at, joined));
    let mut part: Vec<usize> = (0..members.len()).collect();
    let mut tree: Vec<Vec<(usize, f64)>> = vec![Vec::new(); members.len()];
    for (a, b, probability) in links.chain(bridges) {
        let (from, to) = (part[a], part[b]);
        if from != to {
            part.iter_mut().filter(|part| **part == from).for_each(|part| *part = to);
            tree[a].push((b, probability));
            tree[b].push((a, probability));
        }
    }
    let mut found = Vec::with_capacity(members.len() * (members.len() - 1) / 2);
    for start in 0..members.len() {
        let mut way = vec![(start, usize::MAX, 1.0)];
        while let Some((at, before, through)) = way.pop() {
            let (left, right) = (members[start], members[at]);
            if left < right {
                let own = known.get(&(left, right)).copied();
                let link = if own.is_some() { Link::Direct } else { Link::Transitive };
                let probability = own.unwrap_or(through);
                found.push(ScoredPair { left, right, probability, through: through.max(probability), link });
            }
            way.extend(tree[at].iter().filter(|(to, _)| *to != before).map(|(to, step)| (*to, at, through * step)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use kanak_model::match_pair::Decision;

    use super::*;

    fn pair(left: i64, right: i64, probability: f64) -> MatchPair {
        let (left, right) = (SourceRecordId(left), SourceRecordId(right));
        MatchPair { left, right, weight_bits: 0.0, probability, decision: Decision::Review }
    }

    fn ids(members: &[i64]) -> Vec<SourceRecordId> {
        members.iter().copied().map(SourceRecordId).collect()
    }

    #[test]
    fn every_pair_of_a_cluster_is_there_once() {
        let clusters = [ids(&[1, 2, 3, 4]), ids(&[5])];
        let weighed = [pair(1, 2, 0.9), pair(2, 3, 0.8), pair(1, 3, 0.6), pair(4, 5, 0.5)];
        let scored = scored_pairs(&clusters, &weighed, 0.7);
        let seen: Vec<(i64, i64, Link)> = scored.iter().map(|pair| (pair.left.0, pair.right.0, pair.link)).collect();
        let (direct, through) = (Link::Direct, Link::Transitive);
        assert_eq!(
            seen,
            [
                (1, 2, direct),
                (1, 3, direct),
                (1, 4, through),
                (2, 3, direct),
                (2, 4, through),
                (3, 4, through),
                (4, 5, Link::Apart)
            ]
        );
        // 4 hangs on 1 by the threshold alone; the way from 3 goes over 2, which is stronger than the pair of 1 and 3.
        assert!((scored[2].probability - 0.7).abs() < 1e-12);
        assert!((scored[5].probability - 0.8 * 0.9 * 0.7).abs() < 1e-12);
    }

    #[test]
    fn a_cluster_of_two_that_was_never_compared_has_its_pair() {
        let scored = scored_pairs(&[ids(&[8, 9])], &[], 0.9);
        assert_eq!(scored.len(), 1);
        assert_eq!(scored[0].link, Link::Transitive);
    }
}
