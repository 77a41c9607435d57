//! Draws from distributions, from a seed: the same on every machine.

use super::super::hash::Sequence;

/// A source of draws.
#[derive(Debug, Clone)]
pub(super) struct Draws(Sequence);

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Self(Sequence::new(seed))
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit as u64) as usize
    }

    /// Above 0 and below 1.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.0.below(1 << 52) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Mean 0, deviation 1 (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// The logarithm of a gamma variate of scale 1: of tiny shapes the variate itself would be 0.
    ///
    /// Source: Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", ACM TOMS 26 (2000).
    fn ln_gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.ln_gamma(shape + 1.0) + self.uniform().ln() / shape;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return (d * v).ln();
            }
        }
    }

    /// A share, where `yes` and `no` count what speaks for it and against it; both above 0.
    pub(super) fn beta(&mut self, yes: f64, no: f64) -> f64 {
        let (yes, no) = (self.ln_gamma(yes), self.ln_gamma(no));
        1.0 / (1.0 + (no - yes).exp())
    }

    /// How many of `of` hold, each with this probability. Large numbers by the normal law, rare ones by Poisson's.
    pub(super) fn binomial(&mut self, of: f64, probability: f64) -> f64 {
        let rare = probability.min(1.0 - probability);
        let count = if of * rare > 12.0 {
            (of * rare + (of * rare * (1.0 - rare)).sqrt() * self.normal()).round().clamp(0.0, of)
        } else {
            self.poisson(of * rare).min(of)
        };
        if probability <= 0.5 { count } else { of - count }
    }

    /// Poisson's law for a small mean (Knuth).
    fn poisson(&mut self, mean: f64) -> f64 {
        let stop = (-mean).exp();
        let (mut count, mut product) = (0.0, self.uniform());
        while product > stop {
            count += 1.0;
            product *= self.uniform();
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mut draw: impl FnMut(&mut Draws) -> f64, mean: f64, variance: f64) {
        let mut draws = Draws::new(3);
        let all: Vec<f64> = (0..20_000).map(|_| draw(&mut draws)).collect();
        let seen = all.iter().sum::<f64>() / all.len() as f64;
        let spread = all.iter().map(|value| (value - seen).powi(2)).sum::<f64>() / all.len() as f64;
        assert!((seen - mean).abs() < 4.0 * (variance / 20_000.0).sqrt() + 1e-9, "mean {seen}, not {mean}");
        assert!((spread / variance - 1.0).abs() < 0.15, "variance {spread}, not {variance}");
    }

    #[test]
    fn draws_have_the_mean_and_the_variance_of_their_law() {
        check(Draws::normal, 0.0, 1.0);
        check(|draws| draws.beta(2.0, 6.0), 0.25, 0.25 * 0.75 / 9.0);
        check(|draws| draws.beta(0.3, 0.9), 0.25, 0.25 * 0.75 / 2.2);
        check(|draws| draws.binomial(1000.0, 0.3), 300.0, 210.0);
        check(|draws| draws.binomial(1000.0, 0.997), 997.0, 2.991);
    }
}
