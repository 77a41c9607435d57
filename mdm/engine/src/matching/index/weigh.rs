//! Weighing a query against the rows of an index, to the bit as [`RuleSet::weigh`] does.

use std::sync::Arc;

use kanak_model::kind::Kind;

use super::super::columns::{Columns, MISSING};
use super::super::frequency::{self, Frequencies};
use super::super::levels::{self, Judged, Method, Rarity, Value, name};
use super::super::lexicon::{Lexicon, Likenesses};
use super::super::rule_set::{ComparisonWeights, RuleSet};
use super::super::rules::COMPARED_MAX;
use super::super::weights::{Bits, LevelBits, Sums};
use super::asked::{Asked, AskedValue, Attribute};

/// A rule set, looked up beforehand.
#[derive(Debug)]
pub(crate) struct Scales {
    comparisons: Vec<Comparison>,
    sums: Sums,
    /// The place of the sex.
    sex: Option<usize>,
}

#[derive(Debug)]
struct Comparison {
    method: Method,
    /// The places of the attribute compared and of the one compared crosswise with it.
    at: Option<usize>,
    crosswise: Option<usize>,
    bits: LevelBits,
    /// By phonetic key of the lexicon of the index: of names only.
    sounds: Arc<Rarity>,
}

impl Scales {
    pub(crate) fn of(rule_set: &RuleSet, columns: &Columns) -> Self {
        let place = |attribute: &str| columns.columns.iter().position(|column| column.field.name == attribute);
        let of = |weights: &ComparisonWeights| Comparison {
            method: weights.method,
            at: place(&weights.attribute),
            crosswise: weights.crosswise.as_deref().and_then(place),
            bits: LevelBits::of(weights),
            sounds: Arc::new(Rarity { bits_max: weights.frequencies.bits_max(), ..Rarity::default() }),
        };
        Self {
            comparisons: rule_set.comparisons.iter().map(of).collect(),
            sums: Sums::of(rule_set),
            sex: columns.columns.iter().position(|column| column.field.kind == Kind::Sex),
        }
    }

    /// Learns how rare the sounds are that have come into the lexicon.
    pub(crate) fn hear(&mut self, rule_set: &RuleSet, lexicon: &Lexicon) {
        for (comparison, weights) in self.comparisons.iter_mut().zip(&rule_set.comparisons) {
            if comparison.method == Method::Name {
                let rarity = Arc::make_mut(&mut comparison.sounds);
                let new = rarity.sounds.len()..lexicon.sounds_len();
                rarity.sounds.extend(new.map(|at| weights.frequencies.of_sound(lexicon.sound_hash(at as u32))));
            }
        }
    }

    /// Someone who weighs a query against rows.
    pub(crate) fn weigher<'q>(
        &'q self,
        rule_set: &'q RuleSet,
        attributes: &'q [Attribute],
        asked: &'q Asked<'q>,
    ) -> Weigher<'q> {
        let compared = |(comparison, weights): (&'q Comparison, &'q ComparisonWeights)| {
            let at = comparison.at?;
            let left = asked.find(attributes, at);
            let crosswise = comparison.crosswise.map(|other| (other, asked.find(attributes, other)));
            if left.is_none() && crosswise.is_none_or(|(_, left)| left.is_none()) {
                return None;
            }
            let sounds = comparison.sounds_of(&weights.frequencies, asked);
            let rarity = |value| weights.frequencies.of_value(frequency::hash_of(value));
            let equal = left.map_or(Judged::MISSING, |left| {
                let judged = levels::judge_equal_by(comparison.method, left, &sounds, || rarity(left));
                // As it stands in the lanes of a batch.
                Judged::of_packed(judged.packed())
            });
            let code = match &asked.values[at] {
                AskedValue::Known(code) => *code,
                AskedValue::Missing | AskedValue::New { .. } => MISSING,
            };
            Some(Compared {
                comparison,
                frequencies: &weights.frequencies,
                sounds,
                at,
                code,
                left,
                equal: comparison.bits.of_judged(equal),
                equal_level: equal.level,
                crosswise,
            })
        };
        let woman = self.sex.and_then(|at| Some((at, attributes[at].texts.find("F")?)));
        let is_woman = |(at, _): &(usize, u32)| asked.find(attributes, *at).is_some_and(|sex| sex.text() == "F");
        Weigher {
            scales: self,
            attributes,
            likenesses: Likenesses::few_of(&asked.lexicon),
            compared: self.comparisons.iter().zip(&rule_set.comparisons).map(compared).collect(),
            woman: woman.filter(is_woman),
        }
    }

    /// Match probability at a weight.
    pub(crate) fn probability(&self, weight_bits: f64) -> f64 {
        self.sums.probability(weight_bits)
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.comparisons.iter().map(|comparison| comparison.sounds.sounds.capacity() * size_of::<f32>()).sum()
    }
}

impl Comparison {
    /// How rare sounds are, those of the query with them.
    fn sounds_of(&self, frequencies: &Frequencies, asked: &Asked<'_>) -> Arc<Rarity> {
        let known = self.sounds.sounds.len();
        if self.method != Method::Name || known == asked.lexicon.sounds_len() {
            return Arc::clone(&self.sounds);
        }
        let new = known..asked.lexicon.sounds_len();
        Arc::new(Rarity {
            sounds: new.map(|at| frequencies.of_sound(asked.lexicon.sound_hash(at as u32))).collect(),
            bits_max: self.sounds.bits_max,
            below: Some(Arc::clone(&self.sounds)),
            ..Rarity::default()
        })
    }
}

/// One comparison of a query.
#[derive(Debug)]
struct Compared<'q> {
    comparison: &'q Comparison,
    frequencies: &'q Frequencies,
    sounds: Arc<Rarity>,
    at: usize,
    /// The code of the query's value in the index.
    code: u32,
    left: Option<Value<'q>>,
    /// What an equal value weighs.
    equal: Bits,
    equal_level: u8,
    crosswise: Option<(usize, Option<Value<'q>>)>,
}

/// Weighs one query against rows, which are given by their codes.
#[derive(Debug)]
pub(crate) struct Weigher<'q> {
    scales: &'q Scales,
    attributes: &'q [Attribute],
    likenesses: Likenesses<'q>,
    /// One a comparison of the rules; `None` where the query says nothing.
    compared: Vec<Option<Compared<'q>>>,
    /// Of a woman: the place of the sex, and its code for one.
    woman: Option<(usize, u32)>,
}

impl Weigher<'_> {
    /// Weight in bits of a row, without the prior.
    pub(crate) fn weight_bits(&self, codes: &[u32]) -> f64 {
        let mut matched = [0.0; COMPARED_MAX];
        let mut related = [0.0; COMPARED_MAX];
        let mut moved = [0.0; COMPARED_MAX];
        for (at, compared) in self.compared.iter().enumerate() {
            if let Some(compared) = compared {
                let bits = self.bits(compared, codes);
                (matched[at], related[at], moved[at]) = (bits.matched, bits.related, bits.moved);
            }
        }
        self.scales.sums.sum(&mut matched, &mut related, &moved).weight_bits
    }

    /// What a name alone weighs in the comparison of an attribute.
    pub(crate) fn name_bits(&self, at: usize, code: u32) -> f64 {
        let right = self.attributes[at].value(code);
        let of_label = |compared: &&Compared<'_>| compared.at == at;
        self.compared.iter().flatten().find(of_label).map_or(0.0, |compared| match compared.left {
            _ if compared.code == code => compared.equal.matched,
            Some(left) => compared.comparison.bits.of_judged(self.judge(compared, left, right)).matched,
            None => 0.0,
        })
    }

    fn bits(&self, compared: &Compared<'_>, codes: &[u32]) -> Bits {
        let bits = &compared.comparison.bits;
        let code = codes[compared.at];
        let right = self.attributes[compared.at].find(code);
        let is_equal = code != MISSING && code == compared.code;
        let straight = match compared.left.zip(right) {
            Some(_) if is_equal => Judged { level: compared.equal_level, rarity_bits: f32::NAN },
            Some((left, right)) => self.judge(compared, left, right),
            None => Judged::MISSING,
        };
        let weigh = |judged: Judged| if is_equal { compared.equal } else { bits.of_judged(judged) };
        let Some((at, left_other)) = compared.crosswise else { return weigh(straight) };
        if name::agrees(straight.level) {
            return weigh(straight);
        }
        let crosswise = |left: Option<Value<'_>>, right: Option<Value<'_>>| {
            left.zip(right).map_or(Judged::MISSING, |(left, right)| self.judge(compared, left, right))
        };
        let crossed = crosswise(compared.left, self.attributes[at].find(codes[at]));
        let back = crosswise(left_other, right);
        let best = name::better(crossed, back);
        if name::agrees(best.level) {
            bits.of_judged(Judged { level: name::CROSSED, ..best })
        } else if self.woman.is_some_and(|(at, woman)| codes[at] == woman) {
            bits.of_judged(Judged { level: name::of_woman(straight.level), ..straight })
        } else {
            weigh(straight)
        }
    }

    fn judge(&self, compared: &Compared<'_>, left: Value<'_>, right: Value<'_>) -> Judged {
        let rarity = |value| compared.frequencies.of_value(frequency::hash_of(value));
        let rarity_bits = || rarity(left).min(rarity(right));
        levels::judge_by(compared.comparison.method, left, right, &self.likenesses, &compared.sounds, rarity_bits)
    }
}
