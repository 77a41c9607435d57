//! Differences from what was expected, drawn towards nothing by how little they rest on.
//!
//! Source: the moment estimate of the variance between units of DerSimonian and Laird, "Meta-analysis in clinical trials", Controlled
//! Clinical Trials 7 (1986); shrinkage as in Efron and Morris, "Stein's estimation rule and its competitors", JASA 68 (1973).

use super::config::Settings;

/// An officer's sums over the cases that tell an indicator, each counted by the officer's share of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) cases: f64,
    pub(crate) observed: f64,
    pub(crate) expected: f64,
    /// Of the sum of differences: squares of shares times the variance of a case.
    variance: f64,
}

impl Tally {
    pub(crate) fn add(&mut self, share: f64, value: f64, expected: f64, variance: f64) {
        self.cases += share;
        self.observed += share * value;
        self.expected += share * expected;
        self.variance += share * share * variance;
    }

    /// The mean difference from what was expected.
    pub(crate) fn difference(&self) -> f64 {
        (self.observed - self.expected) / self.cases
    }

    /// The variance of that mean by chance alone.
    pub(crate) fn variance(&self) -> f64 {
        self.variance / (self.cases * self.cases)
    }

    /// The difference that is to be believed, and its variance, where officers truly differ by `between`.
    pub(crate) fn shrunk(&self, between: f64) -> (f64, f64) {
        let by_chance = self.variance();
        let kept = between / (between + by_chance);
        (kept * self.difference(), kept * by_chance)
    }
}

/// The variance of officers' true differences, as far as their tallies tell it.
pub(crate) fn variance_between(tallies: &[Tally], settings: &Settings) -> f64 {
    if tallies.len() < settings.officers_minimum as usize {
        return settings.prior_deviation * settings.prior_deviation;
    }
    let (mut weights, mut squares, mut weighed) = (0.0, 0.0, 0.0);
    for tally in tallies {
        let weight = 1.0 / tally.variance();
        weights += weight;
        squares += weight * weight;
        weighed += weight * tally.difference();
    }
    let mean = weighed / weights;
    let off = |tally: &Tally| (tally.difference() - mean) * (tally.difference() - mean) / tally.variance();
    let excess = tallies.iter().map(off).sum::<f64>() - (tallies.len() as f64 - 1.0);
    let least = settings.least_deviation * settings.least_deviation;
    (excess / (weights - squares / weights)).max(least)
}

#[cfg(test)]
mod tests {
    use super::super::config::AppraisalConfig;
    use super::*;

    fn settings() -> Settings {
        AppraisalConfig::parse("appraisal.toml", AppraisalConfig::BUILTIN).unwrap().appraisal
    }

    fn tally(cases: u32, value: f64) -> Tally {
        let mut tally = Tally::default();
        for _ in 0..cases {
            tally.add(1.0, value, 0.8, 0.16);
        }
        tally
    }

    #[test]
    fn the_fewer_the_cases_the_nearer_to_nothing_and_never_across_it() {
        let between = 0.0025;
        let (few, _) = tally(5, 1.0).shrunk(between);
        let (many, _) = tally(500, 1.0).shrunk(between);
        assert!(0.0 < few && few < many && many < 0.2, "{few} {many}");
        let (worse, _) = tally(5, 0.0).shrunk(between);
        assert!(worse < 0.0);
        // Five cases: 0.16/5 by chance beside 0.0025.
        assert!((few - 0.2 * 0.0025 / (0.0025 + 0.032)).abs() < 1e-12, "{few}");
    }

    #[test]
    fn where_officers_differ_by_chance_alone_the_least_is_taken_and_where_they_are_few_the_prior() {
        let same = vec![tally(100, 0.8); 12];
        assert!((variance_between(&same, &settings()) - 0.0001).abs() < 1e-12);
        assert!((variance_between(&same[..9], &settings()) - 0.0025).abs() < 1e-12);
        let apart: Vec<Tally> = (0..12).map(|at| tally(400, if at % 2 == 0 { 0.7 } else { 0.9 })).collect();
        let between = variance_between(&apart, &settings());
        // A tenth to either side is a variance of 0.01, of twelve officers 0.0109; chance is 0.0004 of it.
        assert!((between - (0.01 * 12.0 / 11.0 - 0.0004)).abs() < 1e-9, "{between}");
    }
}
