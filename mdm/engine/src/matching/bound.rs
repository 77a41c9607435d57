//! A rule set bound to columns: everything looked up beforehand, so that weighing a pair is arithmetic.

use kanak_model::kind::Kind;
use rayon::prelude::*;

use super::columns::{Column, Columns, MISSING};
use super::levels::{self, Judged, Method, NONE, Rarity, name};
use super::lexicon::{Lexicon, Likenesses};
use super::rows::{Lanes, Packed, Packing, Rows};
use super::rule_set::{ComparisonWeights, LevelWeight, Part, RuleSet, Weighed};
use super::rules::{COMPARED_MAX, MatchRules};
use super::weights::{Bits, LevelBits, Sum, Sums};

/// A rule set bound to columns.
#[derive(Debug)]
pub(crate) struct Bound<'a> {
    rule_set: &'a RuleSet,
    lexicon: &'a Lexicon,
    comparisons: Vec<Comparison<'a>>,
    /// The comparisons whose values are graded at once, and those that compare words, the most telling first.
    cheap: Vec<usize>,
    costly: Vec<usize>,
    rows: Rows,
    sums: Sums,
}

#[derive(Debug)]
struct Comparison<'a> {
    method: Method,
    column: Option<(usize, &'a Column)>,
    crosswise: Option<(usize, &'a Column)>,
    /// The lane of the sex column and its code for a woman.
    sex: Option<(usize, u32)>,
    rarity: Rarity,
    bits: LevelBits,
    /// How much more it weighs for one who moved, at most.
    moved_most: f64,
    /// By level: the weight of one more pair of values that is no better than it, of a match and of relatives.
    no_better: [(f64, f64); 16],
    /// The lane with the grade of two equal values.
    equal: usize,
    /// The lanes of packed numbers, and how they are packed.
    packed: Option<(usize, Packing)>,
    /// Of words: the lanes that say how much a pair with this value weighs at most, as bits of an `f32`; of the column, and of
    /// the one crosswise.
    most: (Option<usize>, Option<usize>),
}

impl<'a> Bound<'a> {
    pub(crate) fn of(rule_set: &'a RuleSet, columns: &'a Columns) -> Self {
        let mut lanes = Lanes::default();
        let comparisons: Vec<Comparison<'_>> =
            rule_set.comparisons.iter().map(|weights| Comparison::of(weights, columns, &mut lanes)).collect();
        let rows = lanes.lay(columns.len());
        let is_costly = |at: &usize| matches!(comparisons[*at].method, Method::Name | Method::Words);
        let (costly, cheap) = (0..comparisons.len()).partition(is_costly);
        Self { rule_set, lexicon: &columns.lexicon, comparisons, cheap, costly, rows, sums: Sums::of(rule_set) }
    }

    pub(crate) fn rules(&self) -> &'a MatchRules {
        &self.rule_set.rules
    }

    /// Match probability at a weight.
    pub(crate) fn probability(&self, weight_bits: f64) -> f64 {
        self.sums.probability(weight_bits)
    }

    /// The odds of a match at a weight.
    pub(crate) fn odds(&self, weight_bits: f64) -> f64 {
        self.sums.odds(weight_bits)
    }

    /// The weight at which a probability is reached.
    pub(crate) fn weight_at(&self, probability: f64) -> f64 {
        self.sums.weight_at(probability)
    }

    /// Someone who weighs pairs. Each piece of parallel work has its own.
    pub(crate) fn weigher(&self) -> Weigher<'_> {
        Weigher { bound: self, likenesses: Likenesses::of(self.lexicon), alive: Vec::new(), bits: Vec::new() }
    }
}

/// Weighs pairs by a bound rule set.
#[derive(Debug)]
pub(crate) struct Weigher<'b> {
    bound: &'b Bound<'b>,
    likenesses: Likenesses<'b>,
    /// The partners of the row at hand that may still reach the floor, and where their bits begin.
    alive: Vec<(u32, u32)>,
    /// By partner: of each comparison the weight of a match, then of relatives, then how much more it weighs for one who moved.
    bits: Vec<f64>,
}

impl Weigher<'_> {
    /// The levels of a pair as one number: four bits a comparison.
    pub(crate) fn pattern(&self, left: u32, right: u32) -> u128 {
        let (left, right) = (self.bound.rows.of(left), self.bound.rows.of(right));
        let mut pattern = 0;
        for (at, comparison) in self.bound.comparisons.iter().enumerate() {
            pattern |= u128::from(comparison.judge(left, right, &self.likenesses).level) << (4 * at);
        }
        pattern
    }

    /// Weight in bits of a pair, without the prior.
    pub(crate) fn weight_bits(&self, left: u32, right: u32) -> f64 {
        let bound = self.bound;
        let (left, right) = (bound.rows.of(left), bound.rows.of(right));
        let mut matched = [0.0; COMPARED_MAX];
        let mut related = [0.0; COMPARED_MAX];
        let mut moved = [0.0; COMPARED_MAX];
        for (at, comparison) in bound.comparisons.iter().enumerate() {
            let bits = comparison.bits(comparison.judge(left, right, &self.likenesses));
            (matched[at], related[at], moved[at]) = (bits.matched, bits.related, bits.moved);
        }
        bound.sums.sum(&mut matched, &mut related, &moved).weight_bits
    }

    /// Weighs a row against its partners and tells of those that reach `floor`.
    ///
    /// Numbers and codes are compared first; words only while what they could say at best may reach the floor. One comparison
    /// goes over all partners before the next begins, so that the memory of many is fetched at once.
    pub(crate) fn weigh_row(&mut self, left: u32, partners: &[u32], floor: f64, mut found: impl FnMut(u32, f64)) {
        let bound = self.bound;
        let count = bound.comparisons.len();
        let left_codes = bound.rows.of(left);
        for right in partners {
            bound.rows.touch(*right);
        }
        self.alive.clear();
        self.bits.clear();
        for right in partners {
            let codes = bound.rows.of(*right);
            let from = self.bits.len();
            self.bits.resize(from + 3 * count, 0.0);
            let [matched, related, moved] = of_partner(&mut self.bits, from, count);
            for at in &bound.cheap {
                let comparison = &bound.comparisons[*at];
                let bits = comparison.bits(comparison.judge(left_codes, codes, &self.likenesses));
                (matched[*at], related[*at], moved[*at]) = (bits.matched, bits.related, bits.moved);
            }
            for at in &bound.costly {
                matched[*at] = bound.comparisons[*at].bits_max(left_codes, codes);
                moved[*at] = bound.comparisons[*at].moved_most;
            }
            if bound.sums.may_reach(floor, matched, moved) {
                self.alive.push((*right, from as u32));
            } else {
                self.bits.truncate(from);
            }
        }
        for at in &bound.costly {
            let comparison = &bound.comparisons[*at];
            for (right, _) in &self.alive {
                comparison.touch(bound.rows.of(*right));
            }
            let (likenesses, all_bits) = (&self.likenesses, &mut self.bits);
            self.alive.retain(|(right, from)| {
                let [matched, related, moved] = of_partner(all_bits, *from as usize, count);
                let bits = comparison.bits(comparison.judge(left_codes, bound.rows.of(*right), likenesses));
                (matched[*at], related[*at], moved[*at]) = (bits.matched, bits.related, bits.moved);
                bound.sums.may_reach(floor, matched, moved)
            });
        }
        for (right, from) in &self.alive {
            let [matched, related, moved] = of_partner(&mut self.bits, *from as usize, count);
            let weight_bits = bound.sums.sum(matched, related, moved).weight_bits;
            if weight_bits >= floor {
                found(*right, weight_bits);
            }
        }
    }

    /// Weight in bits of two groups of rows, without the prior: what they tell together.
    ///
    /// Of each comparison the best agreement between members counts, tempered by the average: one source record gives the
    /// father, another the village, and together they tell what neither does alone. The more pairs there are, the more likely
    /// the best of them agrees by chance; that many times rarer it has to be.
    ///
    /// `beside` is what speaks for a match and for relatives beside what the rows state.
    pub(crate) fn weight_bits_of_groups(&self, left: &[u32], right: &[u32], beside: (f64, f64)) -> f64 {
        let bound = self.bound;
        let mut matched = [0.0; COMPARED_MAX];
        let mut related = [0.0; COMPARED_MAX];
        let mut moved = [0.0; COMPARED_MAX];
        for (at, comparison) in bound.comparisons.iter().enumerate() {
            let mut together = Together::default();
            for a in left {
                let mut is_heard = false;
                for b in right {
                    let (a, b) = (bound.rows.of(*a.min(b)), bound.rows.of(*a.max(b)));
                    let judged = comparison.judge(a, b, &self.likenesses);
                    if judged.level != NONE {
                        let Bits { matched, related, .. } = comparison.bits(judged);
                        together.hear(judged.level, (matched, related));
                        is_heard = true;
                    }
                }
                together.left += f64::from(u8::from(is_heard));
            }
            (matched[at], related[at]) = match comparison.method {
                Method::Register => together.worst,
                _ => together.bits(&comparison.no_better),
            };
            moved[at] = if together.heard > 0.0 { comparison.bits.moved(together.best_level) } else { 0.0 };
        }
        let sum = bound.sums.sum_beside(&mut matched, &mut related, &moved, beside);
        sum.weight_bits - ((left.len() * right.len()) as f64).log2()
    }

    /// Whether some members of two groups agree in what names them.
    pub(crate) fn agree_in_name(&self, left: &[u32], right: &[u32]) -> bool {
        let bound = self.bound;
        let mut names = bound.rule_set.comparisons.iter().zip(&bound.comparisons);
        let Some((_, name)) = names.find(|(weights, _)| weights.attribute == bound.rule_set.rules.label) else {
            return true;
        };
        let bits = |a: u32, b: u32| {
            let judged = name.judge(bound.rows.of(a.min(b)), bound.rows.of(a.max(b)), &self.likenesses);
            name.bits(judged).matched
        };
        left.iter().any(|a| right.iter().any(|b| bits(*a, *b) > 0.0))
    }

    /// Weighs a pair and keeps what each comparison contributed.
    pub(crate) fn weigh_in_parts(&self, left: u32, right: u32) -> Weighed {
        let bound = self.bound;
        let (left, right) = (bound.rows.of(left), bound.rows.of(right));
        let mut matched = [0.0; COMPARED_MAX];
        let mut related = [0.0; COMPARED_MAX];
        let mut moved = [0.0; COMPARED_MAX];
        let mut parts = Vec::with_capacity(bound.comparisons.len());
        for (at, comparison) in bound.comparisons.iter().enumerate() {
            let judged = comparison.judge(left, right, &self.likenesses);
            let bits = comparison.bits(judged);
            (matched[at], related[at], moved[at]) = (bits.matched, bits.related, bits.moved);
            parts.push(Part { level: (judged.level != NONE).then_some(judged.level), weight_bits: 0.0 });
        }
        let sum = bound.sums.sum(&mut matched, &mut related, &moved);
        let Sum { weight_bits, moved: moved_bits, relatives: relatives_bits } = sum;
        for (part, bits) in parts.iter_mut().zip(matched) {
            part.weight_bits = bits;
        }
        let probability = bound.probability(weight_bits);
        let decision = bound.rule_set.decide(probability);
        Weighed { weight_bits, probability, decision, parts, moved_bits, relatives_bits }
    }
}

/// The bits of the partner whose bits begin at a place: of a match, of relatives, and for one who moved.
fn of_partner(bits: &mut [f64], from: usize, count: usize) -> [&mut [f64]; 3] {
    let (matched, rest) = bits[from..from + 3 * count].split_at_mut(count);
    let (related, moved) = rest.split_at_mut(count);
    [matched, related, moved]
}

/// What the members of two groups say of one comparison.
#[derive(Debug, Default)]
struct Together {
    /// Pairs in which both state something, and members of the left group in them.
    heard: f64,
    left: f64,
    sum: (f64, f64),
    best: (f64, f64),
    best_level: u8,
    worst: (f64, f64),
}

/// How much of the best agreement counts against the average.
const BEST_SHARE: f64 = 0.6;
/// At most so many members of each side are held to have been written independently of each other.
const WITNESSES_MAX: f64 = 3.0;

impl Together {
    fn hear(&mut self, level: u8, bits: (f64, f64)) {
        if self.heard == 0.0 || bits.0 > self.best.0 {
            self.best = bits;
            self.best_level = level;
        }
        if self.heard == 0.0 || bits.0 < self.worst.0 {
            self.worst = bits;
        }
        self.heard += 1.0;
        self.sum = (self.sum.0 + bits.0, self.sum.1 + bits.1);
    }

    /// Of an agreement the best counts, tempered by the average. Where even the best is less than the same, each further member
    /// of the smaller side is one more who could have agreed and did not.
    fn bits(&self, no_better: &[(f64, f64); 16]) -> (f64, f64) {
        if self.heard == 0.0 {
            return (0.0, 0.0);
        }
        let right = self.heard / self.left;
        let more = (self.left.min(right).min(WITNESSES_MAX) - 1.0).max(0.0);
        let (of_match, of_relatives) = no_better[self.best_level as usize];
        let mean = (self.sum.0 / self.heard, self.sum.1 / self.heard);
        let blend = |best: f64, mean: f64| BEST_SHARE * best + (1.0 - BEST_SHARE) * mean;
        let best = if self.best.0 > 0.0 { (blend(self.best.0, mean.0), blend(self.best.1, mean.1)) } else { self.best };
        (best.0 + more * of_match, best.1 + more * of_relatives)
    }
}

impl<'a> Comparison<'a> {
    fn of(weights: &ComparisonWeights, columns: &'a Columns, lanes: &mut Lanes<'a>) -> Self {
        let mut bound = Self::without_equal(weights, columns, lanes);
        let Some((_, column)) = bound.column else { return bound };
        let equal = |code: u32| levels::judge_equal(bound.method, column.value(code), &bound.rarity);
        let all = 0..column.values.len() as u32;
        let equal = all.into_par_iter().with_min_len(4096).map(|code| equal(code).packed()).collect();
        bound.equal = lanes.of_values(column, equal);
        if matches!(bound.method, Method::Name | Method::Words) {
            bound.most.0 = Some(lanes.of_values(column, bound.most_of(column)));
            bound.most.1 = bound.crosswise.map(|(_, other)| lanes.of_values(other, bound.most_of(other)));
        }
        if bound.method == Method::Number {
            let packing = Packing::of(&column.values);
            let packed = || column.values.iter().map(|value| packing.pack(value).0);
            let low = lanes.of_values(column, packed().map(|packed| packed as u32).collect());
            lanes.of_values(column, packed().map(|packed| (packed >> 32) as u32).collect());
            bound.packed = Some((low, packing));
        }
        bound
    }

    fn without_equal(weights: &ComparisonWeights, columns: &'a Columns, lanes: &mut Lanes<'a>) -> Self {
        let column = columns.find(&weights.attribute);
        let bits = LevelBits::of(weights);
        Self {
            method: weights.method,
            column: column.map(|column| (lanes.code(column), column)),
            crosswise: weights
                .crosswise
                .as_deref()
                .and_then(|other| columns.find(other))
                .map(|column| (lanes.code(column), column)),
            sex: columns.columns.iter().find(|column| column.field.kind == Kind::Sex).and_then(|column| {
                let woman = column.values.binary_search_by(|value| (**value).cmp("F")).ok()?;
                Some((lanes.code(column), woman as u32))
            }),
            rarity: column.map(|column| weights.frequencies.rarity(columns, column)).unwrap_or_default(),
            no_better: no_better(weights),
            bits,
            moved_most: bits.moved_most(),
            equal: 0,
            packed: None,
            most: (None, None),
        }
    }

    fn bits(&self, judged: Judged) -> Bits {
        self.bits.of_judged(judged)
    }

    /// By value code: what a pair with this value weighs at most, as the bits of an `f32`.
    fn most_of(&self, column: &Column) -> Vec<u32> {
        let Some(words) = column.features.words() else { return Vec::new() };
        let most = |code: u32| {
            let rarity = match self.method {
                Method::Name => self.rarity.of_sounds(words.items(code).iter()),
                _ => self.rarity.of_value(code),
            };
            // A little more than it is: what it is held against is the exact sum.
            ((self.bits.most(rarity) + 1e-3) as f32).to_bits()
        };
        (0..column.values.len() as u32).into_par_iter().with_min_len(4096).map(most).collect()
    }

    /// What two rows weigh at most in this comparison of words.
    fn bits_max(&self, left: &[u32], right: &[u32]) -> f64 {
        // A value that is missing says 0 bits, as its lane does.
        let at = |codes: &[u32], lane: Option<usize>| lane.map_or(0.0, |lane| f32::from_bits(codes[lane]));
        let both = |a: f32, b: f32| if a == 0.0 || b == 0.0 { 0.0 } else { a.max(b) };
        let straight = both(at(left, self.most.0), at(right, self.most.0));
        let crossed = both(at(left, self.most.0), at(right, self.most.1));
        let back = both(at(left, self.most.1), at(right, self.most.0));
        f64::from(straight.max(crossed).max(back))
    }

    /// Grades a pair of rows, given by their codes.
    fn judge(&self, left: &[u32], right: &[u32], lexicon: &Likenesses<'_>) -> Judged {
        let Some((lane, column)) = self.column else { return Judged::MISSING };
        let (a, b) = (left[lane], right[lane]);
        let straight = if a == MISSING || b == MISSING {
            Judged::MISSING
        } else if a == b {
            Judged::of_packed(left[self.equal])
        } else {
            self.judge_packed(left, right).unwrap_or_else(|| self.judge_values(column, a, column, b, lexicon))
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
        let best = name::better(crossed, back);
        if name::agrees(best.level) {
            Judged { level: name::CROSSED, ..best }
        } else if self.sex.is_some_and(|(lane, woman)| left[lane] == woman && right[lane] == woman) {
            Judged { level: name::of_woman(straight.level), ..straight }
        } else {
            straight
        }
    }

    /// Fetches what will be read of a row's words.
    fn touch(&self, codes: &[u32]) {
        for (lane, column) in [self.column, self.crosswise].into_iter().flatten() {
            if codes[lane] != MISSING
                && let Some(words) = column.features.words()
            {
                std::hint::black_box(words.phrase(codes[lane]).words);
            }
        }
    }

    /// Grades two different numbers that are packed.
    fn judge_packed(&self, left: &[u32], right: &[u32]) -> Option<Judged> {
        let (low, packing) = self.packed?;
        let of = |codes: &[u32]| Packed(u64::from(codes[low]) | u64::from(codes[low + 1]) << 32);
        levels::judge_packed(packing, of(left), of(right))
    }

    fn judge_values(&self, of: &Column, left: u32, with: &Column, right: u32, lexicon: &Likenesses<'_>) -> Judged {
        levels::judge(self.method, of.value(left), with.value(right), lexicon, &self.rarity)
    }
}

fn no_better(weights: &ComparisonWeights) -> [(f64, f64); 16] {
    let over = |level: &LevelWeight| level.m / level.u;
    let mut all = [(0.0, 0.0); 16];
    for (level, slot) in weights.levels.iter().zip(&mut all) {
        let worse = || weights.levels.iter().filter(|other| over(other) <= over(level));
        let sum = |of: fn(&LevelWeight) -> f64| worse().map(of).sum::<f64>();
        let unrelated = sum(|level| level.u);
        *slot = ((sum(|level| level.m) / unrelated).log2().min(0.0), (sum(|level| level.related.0) / unrelated).log2());
    }
    all
}
