//! Logistic regression with few features, held by what is believed of it beforehand.

use super::chance::Draws;

/// Log odds beyond this say no more.
const LOG_ODDS_MAX: f64 = 25.0;

pub(super) fn log_odds(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln().clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX)
}

pub(super) fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// What is believed of the factors of log odds: a normal law.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factors<const N: usize> {
    pub(super) mean: [f64; N],
    pub(super) variance: [[f64; N]; N],
}

impl<const N: usize> Factors<N> {
    /// Independent ones with these means and deviations.
    pub(super) fn believed(mean: [f64; N], deviation: [f64; N]) -> Self {
        let mut variance = [[0.0; N]; N];
        for at in 0..N {
            variance[at][at] = deviation[at] * deviation[at];
        }
        Self { mean, variance }
    }

    /// What is believed after outcomes (1 or 0) were seen, each counting as much as its last number says: the mode, and the curvature
    /// there, by Newton's method. The factors were believed to be independent.
    pub(super) fn after(&self, seen: &[([f64; N], f64, f64)]) -> Self {
        let mut now = *self;
        for _ in 0..50 {
            let mut gradient = [0.0; N];
            let mut curvature = [[0.0; N]; N];
            for at in 0..N {
                gradient[at] = (self.mean[at] - now.mean[at]) / self.variance[at][at];
                curvature[at][at] = 1.0 / self.variance[at][at];
            }
            for (features, outcome, counts) in seen {
                let p = logistic(dot(&now.mean, features));
                let weight = counts * p * (1.0 - p);
                for a in 0..N {
                    gradient[a] += counts * (outcome - p) * features[a];
                    for b in 0..N {
                        curvature[a][b] += weight * features[a] * features[b];
                    }
                }
            }
            now.variance = inverse(curvature);
            let step: [f64; N] = std::array::from_fn(|at| dot(&now.variance[at], &gradient));
            // A long step may overshoot; one deviation of the first belief is far enough.
            let long = (0..N).map(|at| step[at].abs() / self.variance[at][at].sqrt()).fold(1.0, f64::max);
            for (factor, step) in now.mean.iter_mut().zip(step) {
                *factor += step / long;
            }
            if step.iter().map(|step| step.abs()).sum::<f64>() < 1e-9 {
                break;
            }
        }
        now
    }

    /// Factors as they may be.
    pub(super) fn draw(&self, draws: &mut Draws) -> [f64; N] {
        let root = cholesky(self.variance);
        let normal: [f64; N] = std::array::from_fn(|_| draws.normal());
        std::array::from_fn(|at| self.mean[at] + dot(&root[at], &normal))
    }
}

pub(super) fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The lower triangle whose product with itself is a positive definite matrix.
fn cholesky<const N: usize>(matrix: [[f64; N]; N]) -> [[f64; N]; N] {
    let mut root = [[0.0; N]; N];
    for row in 0..N {
        for column in 0..=row {
            let rest = matrix[row][column] - (0..column).map(|at| root[row][at] * root[column][at]).sum::<f64>();
            root[row][column] = if row == column { rest.max(1e-18).sqrt() } else { rest / root[column][column] };
        }
    }
    root
}

/// The inverse of a positive definite matrix (Gauss and Jordan; the diagonal never vanishes).
fn inverse<const N: usize>(mut matrix: [[f64; N]; N]) -> [[f64; N]; N] {
    let mut inverse = [[0.0; N]; N];
    for (at, row) in inverse.iter_mut().enumerate() {
        row[at] = 1.0;
    }
    for at in 0..N {
        let pivot = matrix[at][at];
        for column in 0..N {
            matrix[at][column] /= pivot;
            inverse[at][column] /= pivot;
        }
        for row in (0..N).filter(|row| *row != at) {
            let factor = matrix[row][at];
            for column in 0..N {
                matrix[row][column] -= factor * matrix[at][column];
                inverse[row][column] -= factor * inverse[at][column];
            }
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        let matrix = [[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]];
        let (inverse, root) = (inverse(matrix), cholesky(matrix));
        for row in 0..3 {
            for column in 0..3 {
                let one: f64 = (0..3).map(|at| matrix[row][at] * inverse[at][column]).sum();
                assert!((one - f64::from(u8::from(row == column))).abs() < 1e-12);
                assert!((dot(&root[row], &root[column]) - matrix[row][column]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn what_nothing_was_seen_of_stays_as_believed() {
        let after = Factors::believed([0.5, 1.0], [1.0, 0.25]).after(&[]);
        assert!((after.mean[0] - 0.5).abs() < 1e-12 && (after.variance[1][1] - 0.0625).abs() < 1e-12);
    }
}
