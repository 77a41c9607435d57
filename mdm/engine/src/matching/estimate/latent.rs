//! A mixture over which keys a match agrees on, fitted to the matches that blocking lets through, with the rest filled in.

use super::chance::Draws;

/// More keys than this are not told apart one by one.
pub(super) const KEYS_MAX: usize = 16;
const ROUNDS_MAX: usize = 400;
/// What all classes have in common counts as so many matches in each.
const COMMON: f64 = 2.0;
/// No share of missed matches above this is believed.
const MISSED_MAX: f64 = 0.8;

/// Matches that agree on exactly these keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) agreed: usize,
    pub(super) matches: f64,
}

/// Classes of matches; within one, keys agree independently of each other.
#[derive(Debug, Clone)]
pub(super) struct Mixture {
    /// Share of each class among all matches.
    shares: Vec<f64>,
    /// By class and key, the probability that the key agrees.
    agrees: Vec<Vec<f64>>,
    /// The share of all matches that no rule lets through.
    pub(super) missed: f64,
    /// Of the cells given that they are let through.
    pub(super) log_likelihood: f64,
}

/// The probability of each way to agree in one class, from two tables of half the keys each.
struct Table {
    low: Vec<f64>,
    high: Vec<f64>,
    bits: usize,
}

impl Table {
    fn of(agrees: &[f64]) -> Self {
        let bits = agrees.len() / 2;
        Self { low: half(&agrees[..bits]), high: half(&agrees[bits..]), bits }
    }

    fn probability(&self, agreed: usize) -> f64 {
        self.low[agreed & ((1 << self.bits) - 1)] * self.high[agreed >> self.bits]
    }
}

fn half(agrees: &[f64]) -> Vec<f64> {
    let mut table = vec![1.0];
    for share in agrees {
        let with: Vec<f64> = table.iter().map(|probability| probability * share).collect();
        for probability in &mut table {
            *probability *= 1.0 - share;
        }
        table.extend(with);
    }
    table
}

/// Expected matches of each class, and of each class and key.
struct Sums {
    all: Vec<f64>,
    agreed: Vec<Vec<f64>>,
}

impl Sums {
    fn add(&mut self, class: usize, agreed: usize, matches: f64) {
        self.all[class] += matches;
        let mut rest = agreed;
        while rest != 0 {
            self.agreed[class][rest.trailing_zeros() as usize] += matches;
            rest &= rest - 1;
        }
    }
}

impl Mixture {
    /// A start: classes that agree more and less often than the cells do.
    pub(super) fn start(cells: &[Cell], keys: usize, classes: usize) -> Self {
        let common = common(cells, keys);
        let power = |class: usize| 4.0_f64.powf(class as f64 - (classes as f64 - 1.0) / 2.0);
        // A class at one end agrees on nearly all, the one at the other end on few.
        let agrees = (0..classes).map(|class| common.iter().map(|share| share.powf(power(class))).collect()).collect();
        Self { shares: vec![1.0 / classes as f64; classes], agrees, missed: 0.0, log_likelihood: 0.0 }
    }

    /// Fits by expectation and maximisation. `missed` lists the ways to agree that satisfy no rule: the matches among them are not
    /// seen, and are expected.
    pub(super) fn fit(mut self, cells: &[Cell], missed: &[usize], rounds_max: usize) -> Self {
        let keys = self.agrees[0].len();
        let common = common(cells, keys);
        let seen: f64 = cells.iter().map(|cell| cell.matches).sum();
        for round in 0..rounds_max.min(ROUNDS_MAX) {
            let (sums, log_likelihood) = self.expect(cells, missed, seen);
            let all: f64 = sums.all.iter().sum();
            for class in 0..self.shares.len() {
                self.shares[class] = sums.all[class] / all;
                for (key, common) in common.iter().enumerate() {
                    let agreed = sums.agreed[class][key] + COMMON * common;
                    self.agrees[class][key] = (agreed / (sums.all[class] + COMMON)).clamp(1e-4, 1.0 - 1e-4);
                }
            }
            let gain = log_likelihood - self.log_likelihood;
            self.log_likelihood = log_likelihood;
            if round > 0 && gain.abs() < 1e-7 * seen.max(1.0) {
                break;
            }
        }
        self
    }

    fn expect(&mut self, cells: &[Cell], missed: &[usize], seen: f64) -> (Sums, f64) {
        let classes = self.shares.len();
        let tables: Vec<Table> = self.agrees.iter().map(|agrees| Table::of(agrees)).collect();
        let keys = self.agrees[0].len();
        let empty = || Sums { all: vec![0.0; classes], agreed: vec![vec![0.0; keys]; classes] };
        let (mut sums, mut unseen) = (empty(), empty());
        let mut log_likelihood = 0.0;
        for cell in cells {
            let joint: Vec<f64> =
                (0..classes).map(|class| self.shares[class] * tables[class].probability(cell.agreed)).collect();
            let all: f64 = joint.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            log_likelihood += cell.matches * all.ln();
            for (class, joint) in joint.iter().enumerate() {
                sums.add(class, cell.agreed, cell.matches * joint / all);
            }
        }
        for (class, table) in tables.iter().enumerate() {
            for agreed in missed {
                unseen.add(class, *agreed, self.shares[class] * table.probability(*agreed));
            }
        }
        self.missed = unseen.all.iter().sum::<f64>().clamp(1e-9, MISSED_MAX);
        log_likelihood -= seen * (1.0 - self.missed).ln();
        let scale = seen / (1.0 - self.missed);
        for class in 0..classes {
            sums.all[class] += scale * unseen.all[class];
            for key in 0..keys {
                sums.agreed[class][key] += scale * unseen.agreed[class][key];
            }
        }
        (sums, log_likelihood)
    }

    /// Log odds of being missed, in nats.
    pub(super) fn log_odds_missed(&self) -> f64 {
        (self.missed / (1.0 - self.missed)).ln()
    }

    /// Bayes's criterion: the smaller the better.
    pub(super) fn criterion(&self, seen: f64) -> f64 {
        let parameters = self.shares.len() * (self.agrees[0].len() + 1) - 1;
        parameters as f64 * seen.max(1.0).ln() - 2.0 * self.log_likelihood
    }
}

/// How often each key agrees, over all cells.
fn common(cells: &[Cell], keys: usize) -> Vec<f64> {
    let all: f64 = cells.iter().map(|cell| cell.matches).sum();
    let of_key = |key: usize| cells.iter().filter(move |cell| cell.agreed >> key & 1 == 1).map(|cell| cell.matches);
    (0..keys).map(|key| ((of_key(key).sum::<f64>() + 0.5) / (all + 1.0)).clamp(0.01, 0.99)).collect()
}

/// The cells as they might have been: each count drawn anew.
pub(super) fn redrawn(cells: &[Cell], draws: &mut Draws) -> Vec<Cell> {
    let redraw = |cell: &Cell| {
        let matches = (cell.matches + cell.matches.sqrt() * draws.normal()).max(0.0);
        Cell { agreed: cell.agreed, matches }
    };
    cells.iter().map(redraw).collect()
}
