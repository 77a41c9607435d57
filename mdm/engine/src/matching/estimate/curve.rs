//! Recall against review load: what a steward's hours buy, at a fixed precision of what is linked without one.

use serde::{Deserialize, Serialize};

/// One compared pair: in which order it is looked at, and how much of a match it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// Pairs are linked, and after that reviewed, from the highest probability down.
    pub probability: f64,
    /// 1 or 0 where the truth is known, else the mended probability.
    pub matched: f64,
}

/// What is reached with one review load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Pairs that a person looks at, for 1,000 source records.
    pub tasks_per_1000: f64,
    /// Of the pairs that belong together, the share that is linked, by the rules or by a person.
    pub recall: f64,
    /// The lowest probability that a person has looked at; the threshold of the rules where nobody has.
    pub reviewed_from: f64,
    /// Pairs of at least this probability are linked without a person; above 1 where no threshold is precise enough.
    pub matched_from: f64,
}

/// The precision at which pairs are linked without a person, when nothing else is asked for.
pub const PRECISION: f64 = 0.999;

/// The curve at some review loads. `missed` is how many matches are among pairs that nobody compared or listed, which no review
/// finds. The rules link from the lowest threshold on at which what is above it is still so precise; the rest is
/// reviewed from the top, one task a pair. Clusters need fewer tasks, since one answer decides all pairs between
/// two of them: the load is an upper bound.
pub fn curve(chances: &[Chance], missed: f64, source_records: u64, precision: f64, loads: &[f64]) -> Vec<CurvePoint> {
    let mut order: Vec<Chance> = chances.to_vec();
    order.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let mut sums = Vec::with_capacity(order.len() + 1);
    sums.push(0.0);
    for pair in &order {
        sums.push(sums[sums.len() - 1] + pair.matched);
    }
    let wanted = sums[order.len()] + missed;
    // A threshold takes all pairs of one probability or none.
    let is_end = |count: usize| count == order.len() || order[count].probability < order[count - 1].probability;
    let linked = (1..=order.len())
        .rev()
        .find(|count| is_end(*count) && sums[*count] >= precision * *count as f64)
        .unwrap_or_default();
    let matched_from = if linked == 0 { f64::INFINITY } else { order[linked - 1].probability };
    let point = |load: &f64| {
        let tasks = (load * source_records as f64 / 1000.0).round().max(0.0) as usize;
        let seen = (linked + tasks).min(order.len());
        CurvePoint {
            tasks_per_1000: *load,
            recall: if wanted > 0.0 { sums[seen] / wanted } else { 1.0 },
            reviewed_from: if seen == 0 { matched_from } else { order[seen - 1].probability },
            matched_from: matched_from.min(2.0),
        }
    };
    loads.iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(probability: f64, matched: f64) -> Chance {
        Chance { probability, matched }
    }

    #[test]
    fn review_buys_recall_where_the_rules_may_not_link() {
        let pairs = [chance(0.99, 1.0), chance(0.98, 1.0), chance(0.7, 0.0), chance(0.6, 1.0), chance(0.2, 0.0)];
        let points = curve(&pairs, 1.0, 2000, PRECISION, &[0.0, 0.5, 1.0, 10.0]);
        let recalls: Vec<f64> = points.iter().map(|point| point.recall).collect();
        assert_eq!(recalls, [0.5, 0.5, 0.75, 0.75]);
        assert!((points[0].matched_from - 0.98).abs() < 1e-12);
        assert!((points[2].reviewed_from - 0.6).abs() < 1e-12);
    }

    #[test]
    fn equal_probabilities_are_linked_together_or_not_at_all() {
        let pairs = [chance(0.9, 1.0), chance(0.9, 0.0)];
        let points = curve(&pairs, 0.0, 1000, PRECISION, &[0.0, 1.0]);
        assert!(points[0].recall.abs() < 1e-12 && points[0].matched_from > 1.0);
        assert!((points[1].recall - 1.0).abs() < 1e-12);
    }

    #[test]
    fn with_nothing_to_find_all_is_found() {
        assert!((curve(&[], 0.0, 10, PRECISION, &[1.0])[0].recall - 1.0).abs() < 1e-12);
    }
}
