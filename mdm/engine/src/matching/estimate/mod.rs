//! How right a run of matching is, estimated: precision, recall and blocking recall with intervals.
//!
//! ```text
//! clusters, weighed pairs ──► scored_pairs ──┬─► expected: no answers, wide intervals ───────────────┐
//! keys on which pairs agree ─► blocking_recall ┤                                                     ├──► Estimates
//!                                            └─► draw_sample ──► a steward answers ──► answered ─────┘
//!                                                                       └──► recalibrate, reliability
//! chances of all pairs ──► curve: recall against review load; by_threshold: precision and recall of single pairs
//! ```
//!
//! Three sources of error are kept apart, because they are learned in different ways. Pairs that are linked, or that are listed and
//! not linked, can be shown to a person: a stratified sample of them is answered. Pairs that were compared and weigh too little to
//! be listed are too many to sample; their matches are read off the curve from probabilities to shares. Pairs that
//! were never compared cannot be seen at all; how many matches are among them follows from how often several blocking rules find
//! the same match. Each part gives draws from what is believed of it, and an interval is the middle 95 % of the drawn results.

mod answered;
mod blocking_recall;
mod by_threshold;
mod chance;
mod curve;
mod expected;
mod latent;
mod logistic;
mod pairs;
mod recalibration;
mod run;
mod sample;
mod unlinkable;

use serde::{Deserialize, Serialize};

pub use answered::{Answers, answered, label_of};
pub use blocking_recall::{BlockingRecall, KeyAgreement, blocking_recall};
pub use by_threshold::{ThresholdPoint, by_threshold};
pub use curve::{Chance, CurvePoint, PRECISION, curve};
pub use expected::expected;
pub use pairs::{Link, Population, ScoredPair, Unlisted, scored_pairs};
pub use recalibration::{Band, Recalibration, Seen, recalibrate, reliability};
pub use run::{RunEstimates, of_run, sample_of_run};
pub use sample::{Answer, draw_sample};
pub use unlinkable::{BelowBits, Unlinkable, unlinkable};

/// Between two values, both 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// How far apart the ends are.
    pub fn width(self) -> f64 {
        self.high - self.low
    }

    /// Whether a value lies in it, ends included.
    pub fn covers(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The 95 % interval of a share that was seen `count` times in `of`. All of 0..=1 where nothing was seen.
    ///
    /// Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927).
    pub fn wilson(count: u64, of: u64) -> Self {
        if of == 0 {
            return Self { low: 0.0, high: 1.0 };
        }
        let (share, of) = (count as f64 / of as f64, of as f64);
        let square = Z * Z / of;
        let half = Z * (share * (1.0 - share) / of + square / (4.0 * of)).sqrt();
        let end = |sign: f64| ((share + square / 2.0 + sign * half) / (1.0 + square)).clamp(0.0, 1.0);
        Self { low: end(-1.0), high: end(1.0) }
    }
}

/// The normal deviate that leaves 2.5 % on each side.
const Z: f64 = 1.959_964;

/// An estimated share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The middle of what is believed, 0..=1.
    pub value: f64,
    /// Where it lies with 95 %.
    pub interval: Interval,
}

/// What is estimated of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimates {
    /// Of the pairs in one cluster, the share that belong together.
    pub precision: Estimate,
    /// Of the pairs that belong together, the share in one cluster.
    pub recall: Estimate,
    /// Of the pairs that belong together, the share that some blocking rule let through to be compared.
    /// `None` where that cannot be told: recall is then of what was compared.
    pub blocking_recall: Option<Estimate>,
    /// Answers that it rests on; 0 where it rests on probabilities alone.
    pub answers: u64,
}

/// The middle of some draws and their middle 95 %. The draws are put in order.
fn estimate_of(draws: &mut [f64]) -> Estimate {
    draws.sort_by(f64::total_cmp);
    let at = |share: f64| draws[((draws.len() - 1) as f64 * share).round() as usize];
    Estimate { value: at(0.5), interval: Interval { low: at(0.025), high: at(0.975) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_never_leaves_what_a_share_can_be() {
        let none = Interval::wilson(0, 10);
        assert!(none.low.abs() < 1e-12 && (none.high - 0.2775).abs() < 1e-3, "{none:?}");
        let all = Interval::wilson(10, 10);
        assert!((all.high - 1.0).abs() < 1e-12 && (all.low - 0.7225).abs() < 1e-3, "{all:?}");
        assert!(Interval::wilson(0, 0).covers(0.5));
    }
}
