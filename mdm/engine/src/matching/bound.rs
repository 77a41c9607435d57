//! A rule set bound to columns: everything looked up beforehand, so that weighing a pair is arithmetic.

use kanak_model::kind::Kind;

use super::columns::{Column, Columns, MISSING};
use super::levels::{self, Judged, Method, NONE, Rarity, Value, name};
use super::lexicon::Lexicon;
use super::rule_set::{ComparisonWeights, Part, RuleSet, Weighed};
use super::rules::COMPARISONS_MAX;
use super::weights::{self, Groups, RelativesOdds};

/// A rule set bound to columns.
#[derive(Debug)]
pub(crate) struct Bound<'a> {
    rule_set: &'a RuleSet,
    lexicon: &'a Lexicon,
    comparisons: Vec<Comparison<'a>>,
    rows: Rows<'a>,
    groups: Groups,
    prior_bits: f64,
    related: RelativesOdds,
}

/// The codes of the columns that are compared, laid out row by row: a pair touches two short runs of memory, not two places
/// in each column.
#[derive(Debug, Default)]
struct Rows<'a> {
    columns: Vec<&'a Column>,
    codes: Vec<u32>,
}

impl<'a> Rows<'a> {
    /// The lane of a column, new or known.
    fn lane(&mut self, column: &'a Column) -> usize {
        let known = self.columns.iter().position(|known| std::ptr::eq(*known, column));
        known.unwrap_or_else(|| {
            self.columns.push(column);
            self.columns.len() - 1
        })
    }

    fn lay(&mut self, rows: usize) {
        self.codes.reserve_exact(rows * self.columns.len());
        for row in 0..rows {
            self.codes.extend(self.columns.iter().map(|column| column.codes[row]));
        }
    }

    fn of(&self, row: u32) -> &[u32] {
        let from = row as usize * self.columns.len();
        &self.codes[from..from + self.columns.len()]
    }
}

#[derive(Debug)]
struct Comparison<'a> {
    method: Method,
    column: Option<(usize, &'a Column)>,
    crosswise: Option<(usize, &'a Column)>,
    /// The lane of the sex column and its code for a woman.
    sex: Option<(usize, u32)>,
    rarity: Rarity,
    bits: [LevelBits; 16],
    /// By value code: the grade of two equal values.
    equal: Vec<Judged>,
}

/// log2 of the shares of one level.
#[derive(Debug, Clone, Copy, Default)]
struct LevelBits {
    matched: f64,
    related: f64,
    unrelated: f64,
    rare: bool,
}

impl<'a> Bound<'a> {
    pub(crate) fn of(rule_set: &'a RuleSet, columns: &'a Columns) -> Self {
        let mut rows = Rows::default();
        let comparisons =
            rule_set.comparisons.iter().map(|weights| Comparison::of(weights, columns, &mut rows)).collect();
        rows.lay(columns.len());
        Self {
            rule_set,
            lexicon: &columns.lexicon,
            comparisons,
            rows,
            groups: Groups::of(rule_set.comparisons.iter().map(|weights| weights.group.as_deref())),
            prior_bits: rule_set.prior.bits(),
            related: RelativesOdds::of(rule_set.prior.related_odds()),
        }
    }

    /// The levels of a pair as one number: four bits a comparison.
    pub(crate) fn pattern(&self, left: u32, right: u32) -> u128 {
        let (left, right) = (self.rows.of(left), self.rows.of(right));
        let mut pattern = 0;
        for (at, comparison) in self.comparisons.iter().enumerate() {
            pattern |= u128::from(comparison.judge(left, right, self.lexicon).level) << (4 * at);
        }
        pattern
    }

    /// Weight in bits of a pair, without the prior.
    pub(crate) fn weight_bits(&self, left: u32, right: u32) -> f64 {
        let (left, right) = (self.rows.of(left), self.rows.of(right));
        let mut matched = [0.0; COMPARISONS_MAX];
        let mut related = [0.0; COMPARISONS_MAX];
        for (at, comparison) in self.comparisons.iter().enumerate() {
            (matched[at], related[at]) = comparison.bits(comparison.judge(left, right, self.lexicon));
        }
        self.sum(&mut matched, &mut related).0
    }

    /// Weight in bits of two groups of rows, without the prior: what they tell together.
    ///
    /// Of each comparison the best agreement between members counts, tempered by the average: one source record gives the
    /// father, another the village, and together they tell what neither does alone. The more pairs there are, the more likely
    /// the best of them agrees by chance; that many times rarer it has to be.
    pub(crate) fn weight_bits_of_groups(&self, left: &[u32], right: &[u32]) -> f64 {
        let mut matched = [0.0; COMPARISONS_MAX];
        let mut related = [0.0; COMPARISONS_MAX];
        for (at, comparison) in self.comparisons.iter().enumerate() {
            let mut together = Together::default();
            for a in left {
                for b in right {
                    let (a, b) = (self.rows.of(*a.min(b)), self.rows.of(*a.max(b)));
                    let judged = comparison.judge(a, b, self.lexicon);
                    if judged.level != NONE {
                        together.hear(comparison.bits(judged));
                    }
                }
            }
            (matched[at], related[at]) = together.bits();
        }
        self.sum(&mut matched, &mut related).0 - ((left.len() * right.len()) as f64).log2()
    }

    /// The sum of what counts, in the order of the comparisons, and what relatives take off.
    fn sum(&self, matched: &mut [f64], related: &mut [f64]) -> (f64, f64) {
        let count = self.comparisons.len();
        self.groups.count_once(&mut matched[..count]);
        let of_relatives = self.groups.count_once(&mut related[..count]);
        let relatives = self.related.bits(of_relatives);
        (matched[..count].iter().sum::<f64>() + relatives, relatives)
    }

    /// Match probability at a weight.
    pub(crate) fn probability(&self, weight_bits: f64) -> f64 {
        weights::probability(weight_bits + self.prior_bits)
    }

    /// The weight at which a probability is reached.
    pub(crate) fn weight_at(&self, probability: f64) -> f64 {
        (probability / (1.0 - probability)).log2() - self.prior_bits
    }

    /// Weighs a pair and keeps what each comparison contributed.
    pub(crate) fn weigh_in_parts(&self, left: u32, right: u32) -> Weighed {
        let (left, right) = (self.rows.of(left), self.rows.of(right));
        let mut matched = [0.0; COMPARISONS_MAX];
        let mut related = [0.0; COMPARISONS_MAX];
        let mut parts = Vec::with_capacity(self.comparisons.len());
        for (at, comparison) in self.comparisons.iter().enumerate() {
            let judged = comparison.judge(left, right, self.lexicon);
            (matched[at], related[at]) = comparison.bits(judged);
            parts.push(Part { level: (judged.level != NONE).then_some(judged.level), weight_bits: 0.0 });
        }
        let (weight_bits, relatives_bits) = self.sum(&mut matched, &mut related);
        for (part, bits) in parts.iter_mut().zip(matched) {
            part.weight_bits = bits;
        }
        let probability = self.probability(weight_bits);
        Weighed { weight_bits, probability, decision: self.rule_set.decide(probability), parts, relatives_bits }
    }
}

/// What the members of two groups say of one comparison.
#[derive(Debug, Default)]
struct Together {
    heard: f64,
    sum: (f64, f64),
    best: (f64, f64),
}

/// How much of the best agreement counts against the average.
const BEST_SHARE: f64 = 0.6;

impl Together {
    fn hear(&mut self, bits: (f64, f64)) {
        if self.heard == 0.0 || bits.0 > self.best.0 {
            self.best = bits;
        }
        self.heard += 1.0;
        self.sum = (self.sum.0 + bits.0, self.sum.1 + bits.1);
    }

    fn bits(&self) -> (f64, f64) {
        if self.heard == 0.0 {
            return (0.0, 0.0);
        }
        let mean = (self.sum.0 / self.heard, self.sum.1 / self.heard);
        if self.best.0 <= 0.0 {
            return mean;
        }
        let blend = |best: f64, mean: f64| BEST_SHARE * best + (1.0 - BEST_SHARE) * mean;
        (blend(self.best.0, mean.0), blend(self.best.1, mean.1))
    }
}

impl<'a> Comparison<'a> {
    fn of(weights: &ComparisonWeights, columns: &'a Columns, rows: &mut Rows<'a>) -> Self {
        let mut bound = Self::without_equal(weights, columns, rows);
        let Some((_, column)) = bound.column else { return bound };
        let equal = |code: u32| {
            let value = Value { features: &column.features, values: &column.values, code };
            levels::judge(bound.method, value, value, true, &columns.lexicon, &bound.rarity)
        };
        bound.equal = (0..column.values.len() as u32).map(equal).collect();
        bound
    }

    fn without_equal(weights: &ComparisonWeights, columns: &'a Columns, rows: &mut Rows<'a>) -> Self {
        let column = columns.find(&weights.attribute);
        let mut bits = [LevelBits::default(); 16];
        for (level, slot) in weights.levels.iter().zip(&mut bits) {
            *slot = LevelBits {
                matched: level.m.log2(),
                related: level.related.0.log2(),
                unrelated: level.u.log2(),
                rare: level.rare,
            };
        }
        Self {
            method: weights.method,
            column: column.map(|column| (rows.lane(column), column)),
            crosswise: weights
                .crosswise
                .as_deref()
                .and_then(|other| columns.find(other))
                .map(|column| (rows.lane(column), column)),
            sex: columns.columns.iter().find(|column| column.field.kind == Kind::Sex).and_then(|column| {
                let woman = column.values.binary_search_by(|value| (**value).cmp("F")).ok()?;
                Some((rows.lane(column), woman as u32))
            }),
            rarity: column.map(|column| weights.frequencies.rarity(columns, column)).unwrap_or_default(),
            bits,
            equal: Vec::new(),
        }
    }

    /// Weight against unrelated ones, of a match and of relatives. An agreement on a rare value weighs by its rarity, and one
    /// on a very common value nothing; it never weighs against.
    fn bits(&self, judged: Judged) -> (f64, f64) {
        if judged.level == NONE {
            return (0.0, 0.0);
        }
        let level = self.bits[judged.level as usize];
        if level.rare && !judged.rarity_bits.is_nan() {
            let rarity = f64::from(judged.rarity_bits);
            ((level.matched + rarity).max(0.0), level.related + rarity)
        } else {
            (level.matched - level.unrelated, level.related - level.unrelated)
        }
    }

    /// Grades a pair of rows, given by their codes.
    fn judge(&self, left: &[u32], right: &[u32], lexicon: &Lexicon) -> Judged {
        let Some((lane, column)) = self.column else { return Judged::MISSING };
        let (a, b) = (left[lane], right[lane]);
        let straight = if a == MISSING || b == MISSING {
            Judged::MISSING
        } else if a == b {
            self.equal[a as usize]
        } else {
            self.judge_values(column, a, column, b, lexicon)
        };
        let Some((other_lane, other)) = self.crosswise else { return straight };
        if name::agrees(straight.level) {
            return straight;
        }
        let crosswise = |(a, of): (u32, &Column), (b, with): (u32, &Column)| {
            if a == MISSING || b == MISSING { Judged::MISSING } else { self.judge_values(of, a, with, b, lexicon) }
        };
        let crossed = crosswise((a, column), (right[other_lane], other));
        let back = crosswise((left[other_lane], other), (b, column));
        let best = if back.level < crossed.level { back } else { crossed };
        if name::agrees(best.level) {
            Judged { level: name::CROSSED, ..best }
        } else if self.sex.is_some_and(|(lane, woman)| left[lane] == woman && right[lane] == woman) {
            Judged { level: name::of_woman(straight.level), ..straight }
        } else {
            straight
        }
    }

    fn judge_values(&self, of: &Column, left: u32, with: &Column, right: u32, lexicon: &Lexicon) -> Judged {
        let left = Value { features: &of.features, values: &of.values, code: left };
        let right = Value { features: &with.features, values: &with.values, code: right };
        levels::judge(self.method, left, right, false, lexicon, &self.rarity)
    }
}
