//! How a pair of values is graded: the levels of each kind, and what they mean before any training.

mod address;
mod date;
pub(crate) mod name;
mod number;
mod words;

use std::sync::Arc;

use kanak_model::kind::Kind;
use serde::{Deserialize, Serialize};

use super::address::AddressKeys;
use super::features::{DateParts, Features, Item, Phrase, Sets, Words};
use super::index::Kept;
use super::lexicon::Likenesses;
use super::rows::{Packed, Packing};

/// How values of a kind are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Names of people: words with roles, in any order.
    Name,
    /// Names of things and free text: words without roles.
    Words,
    /// Postal addresses: their parts where both say which is which, their words otherwise.
    Address,
    /// Dates, perhaps only a year: as rule sets of earlier versions compare them.
    Date,
    /// Dates known to the day, the month or only the year.
    PartialDate,
    /// The date of a death, compared with another and, crosswise, with what only the living do.
    Death,
    /// Numbers and identifiers in which a slip of the pen is possible.
    Number,
    /// Tax numbers that contain a PAN: one holder may have several.
    Gstin,
    /// Postal codes, whose first three digits are a district's.
    Pin,
    /// Codes: the same or not.
    Code,
    /// Whether both stand in one register.
    Register,
}

impl Method {
    /// The method of a kind.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::PersonName => Self::Name,
            Kind::BusinessName | Kind::PlaceName | Kind::Text => Self::Words,
            Kind::Address => Self::Address,
            Kind::Date | Kind::Timestamp => Self::PartialDate,
            Kind::Gstin => Self::Gstin,
            Kind::Mobile | Kind::Email | Kind::Pan | Kind::Epic | Kind::Udyam | Kind::Ifsc => Self::Number,
            Kind::Identifier | Kind::SourceKey => Self::Number,
            Kind::Pin => Self::Pin,
            Kind::Aadhaar | Kind::Sex | Kind::District | Kind::SubDistrict | Kind::Code => Self::Code,
            Kind::Integer | Kind::Money | Kind::Flag => Self::Code,
        }
    }

    /// The method of an attribute that is compared, perhaps crosswise with another.
    pub(crate) fn of_comparison(kind: Kind, crosswise: Option<&str>) -> Self {
        match Self::of(kind) {
            Self::PartialDate if crosswise.is_some() => Self::Death,
            other => other,
        }
    }

    /// Whether it compares words, which costs more than comparing numbers.
    pub(crate) fn is_of_words(self) -> bool {
        matches!(self, Self::Name | Self::Words | Self::Address)
    }

    /// Its levels, from the same to different.
    pub fn levels(self) -> &'static [Level] {
        match self {
            Self::Name => name::LEVELS,
            Self::Words => words::LEVELS,
            Self::Address => address::LEVELS,
            Self::Date => date::LEVELS,
            Self::PartialDate => date::PARTIAL,
            Self::Death => date::DEATH,
            Self::Number => number::NUMBER,
            Self::Gstin => number::GSTIN,
            Self::Pin => number::PIN,
            Self::Code => number::CODE,
            Self::Register => number::REGISTER,
        }
    }
}

/// One grade that a pair of values can get.
///
/// `m` and `u` are what is believed before any training: the share of pairs with this grade among those that are the same
/// one, and among those that are not. Training moves them; on few pairs it moves them little.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// What it is called in explanations and reports.
    pub name: &'static str,
    /// Share among pairs of the same one.
    pub m: f64,
    /// Share among pairs of different ones.
    pub u: f64,
    /// Which way it may weigh.
    pub side: Side,
    /// Whether an agreement on a rare value weighs more.
    pub rare: bool,
}

/// Which way a level may weigh. Training cannot turn an agreement into evidence against, nor a difference into evidence for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Evidence for, or none.
    For,
    /// Either.
    Either,
    /// Evidence against, or none.
    Against,
}

const fn level(name: &'static str, m: f64, u: f64, side: Side, rare: bool) -> Level {
    Level { name, m, u, side, rare }
}

/// Stands for "no evidence": a value is missing on either side.
pub(crate) const NONE: u8 = 15;

/// The grade of one pair of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Judged {
    /// Index into the method's levels, or [`NONE`].
    pub(crate) level: u8,
    /// How rare the value is that both agree on, in bits; not a number where that does not count.
    pub(crate) rarity_bits: f32,
}

impl Judged {
    pub(crate) const MISSING: Self = Self { level: NONE, rarity_bits: f32::NAN };

    /// The grade as one number; the last four bits of the rarity go.
    pub(crate) fn packed(self) -> u32 {
        self.rarity_bits.to_bits() & !0xf | u32::from(self.level)
    }

    pub(crate) fn of_packed(packed: u32) -> Self {
        Self { level: (packed & 0xf) as u8, rarity_bits: f32::from_bits(packed & !0xf) }
    }

    pub(crate) fn plain(level: u8) -> Self {
        Self { level, rarity_bits: f32::NAN }
    }
}

/// How rare the words and values of one column are, in bits.
#[derive(Debug, Default, Clone)]
pub(crate) struct Rarity {
    /// By value code.
    pub(crate) values: Vec<f32>,
    /// By phonetic key: of people's names only.
    pub(crate) sounds: Vec<f32>,
    /// No agreement is held to be rarer than this.
    pub(crate) bits_max: f32,
    /// The sounds of the lexicon below, where `sounds` goes on from another's.
    pub(crate) below: Option<Arc<Rarity>>,
}

impl Rarity {
    pub(crate) fn of_sounds<'i>(&self, items: impl Iterator<Item = &'i Item>) -> f32 {
        // Exact in 64 bits, whatever the order of the words.
        let bits: f64 = items.map(|item| f64::from(self.of_sound(item.sound))).sum();
        (bits as f32).min(self.bits_max)
    }

    fn of_sound(&self, sound: u32) -> f32 {
        let Some(below) = &self.below else { return self.sounds.get(sound as usize).copied().unwrap_or(0.0) };
        match below.sounds.get(sound as usize) {
            Some(bits) => *bits,
            None => self.sounds.get(sound as usize - below.sounds.len()).copied().unwrap_or(0.0),
        }
    }

    pub(crate) fn of_value(&self, code: u32) -> f32 {
        self.values.get(code as usize).copied().unwrap_or(f32::NAN)
    }
}

/// One side of a pair: a value of a column with its features.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) features: &'a Features,
    pub(crate) texts: Texts<'a>,
    pub(crate) code: u32,
}

/// Where the texts of values stand.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Texts<'a> {
    Of(&'a [Box<str>]),
    Kept(&'a Kept),
    One(&'a str),
}

impl<'a> Texts<'a> {
    fn get(self, code: u32) -> &'a str {
        match self {
            Self::Of(values) => &values[code as usize],
            Self::Kept(kept) => kept.text(code),
            Self::One(text) => text,
        }
    }
}

/// The words of a value, as they are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wording<'a> {
    words: &'a Words,
    code: u32,
    items: &'a [Item],
    phrase: &'a Phrase,
}

impl<'a> Wording<'a> {
    fn of(words: &'a Words, code: u32) -> Self {
        Self { words, code, items: words.items(code), phrase: words.phrase(code) }
    }

    fn sets(&self) -> Sets {
        self.words.sets(self.code)
    }

    /// Itself and another in an order of their own: what is found word by word is the same whichever stands on the left.
    fn in_order<'w>(&'w self, other: &'w Self) -> (&'w Self, &'w Self) {
        if self.phrase.words <= other.phrase.words { (self, other) } else { (other, self) }
    }

    fn address(&self) -> Option<&AddressKeys> {
        self.words.address(self.code)
    }

    /// Whether both have the same words, in any order.
    fn has_words_of(&self, other: &Self) -> bool {
        self.phrase.words == other.phrase.words && self.sets().words == other.sets().words
    }

    /// Whether the words of both sound the same, in any order.
    fn has_sounds_of(&self, other: &Self) -> bool {
        self.phrase.sounds == other.phrase.sounds && self.sets().sounds == other.sets().sounds
    }

    /// Whether one is written in Latin letters and the other is not.
    fn is_of_another_script_than(&self, other: &Self) -> bool {
        self.items.iter().all(Item::is_ascii) != other.items.iter().all(Item::is_ascii)
    }

    /// Whether the words of both, written as one, sound the same.
    fn sounds_as_one_with(&self, other: &Self) -> bool {
        self.phrase.joined == other.phrase.joined
            && self.sets().joined != 0
            && self.sets().joined == other.sets().joined
    }
}

impl<'a> Value<'a> {
    fn wording(&self) -> Option<Wording<'a>> {
        self.features.words().map(|words| Wording::of(words, self.code))
    }

    fn date(&self) -> DateParts {
        match self.features {
            Features::Dates(dates) => dates[self.code as usize],
            _ => DateParts::default(),
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.texts.get(self.code)
    }
}

/// Grades two present values, which differ unless they stand in two columns.
pub(crate) fn judge(
    method: Method,
    left: Value<'_>,
    right: Value<'_>,
    lexicon: &Likenesses<'_>,
    rarity: &Rarity,
) -> Judged {
    judge_by(method, left, right, lexicon, rarity, || rarity.of_value(left.code).min(rarity.of_value(right.code)))
}

/// The same, where how rare the two values are is found otherwise: of two writings the commoner says it. So the grade is the
/// same whichever stands on the left.
pub(crate) fn judge_by(
    method: Method,
    left: Value<'_>,
    right: Value<'_>,
    lexicon: &Likenesses<'_>,
    sounds: &Rarity,
    rarity_bits: impl FnOnce() -> f32,
) -> Judged {
    match method {
        Method::Name | Method::Words | Method::Address => {
            let Some((a, b)) = left.wording().zip(right.wording()) else { return Judged::MISSING };
            match method {
                Method::Name => name::judge(&a, &b, lexicon, sounds),
                Method::Address => address::judge(&a, &b, lexicon, rarity_bits),
                _ => words::judge(&a, &b, lexicon, rarity_bits),
            }
        }
        Method::Date => {
            let (a, b) = (left.date(), right.date());
            date::judge(a, b, if a.digits == b.digits { rarity_bits() } else { f32::NAN })
        }
        Method::PartialDate | Method::Death => {
            let (a, b) = (left.date(), right.date());
            date::judge_partial(a, b, if a.digits == b.digits { rarity_bits() } else { f32::NAN })
        }
        Method::Number => Judged::plain(number::judge_number(left.text(), right.text())),
        Method::Gstin => Judged::plain(number::judge_gstin(left.text(), right.text())),
        Method::Pin => Judged::plain(number::judge_pin(left.text(), right.text())),
        Method::Code | Method::Register => Judged::plain(1),
    }
}

/// Grades a value of a column against itself.
pub(crate) fn judge_equal(method: Method, value: Value<'_>, rarity: &Rarity) -> Judged {
    judge_equal_by(method, value, rarity, || rarity.of_value(value.code))
}

/// The same, where how rare the value is is found otherwise.
pub(crate) fn judge_equal_by(
    method: Method,
    value: Value<'_>,
    sounds: &Rarity,
    rarity_bits: impl FnOnce() -> f32,
) -> Judged {
    match method {
        Method::Name => value.wording().map_or(Judged::MISSING, |words| name::judge_equal(&words, sounds)),
        Method::Date => date::judge(value.date(), value.date(), rarity_bits()),
        Method::PartialDate | Method::Death => date::judge_partial(value.date(), value.date(), rarity_bits()),
        Method::Words
        | Method::Address
        | Method::Number
        | Method::Gstin
        | Method::Pin
        | Method::Code
        | Method::Register => Judged { level: 0, rarity_bits: rarity_bits() },
    }
}

/// The grade of a death and something that only the living do, of two source records that speak of one person: `None` where the
/// one may have come before the other.
pub(crate) fn judge_order(death: Value<'_>, of_living: Value<'_>) -> Option<Judged> {
    date::is_after(of_living.date(), death.date()).then(|| Judged::plain(date::IMPOSSIBLE))
}

/// Grades two different numbers of one length that are packed; `None` when their texts have to be looked at.
pub(crate) fn judge_packed(packing: Packing, left: Packed, right: Packed) -> Option<Judged> {
    number::judge_packed(packing, left, right).map(Judged::plain)
}

/// The m of the level "different", and the smallest u of the level "same", where a kind has its own.
///
/// Identifiers that a checksum guards differ between two source records of one person only by a mistake; a mobile number
/// differs because people change it. A coincidence of two identifiers is never held to be rarer than the floor: clerks type
/// the number of the one before.
pub(crate) fn defaults_for(kind: Kind) -> (Option<f64>, f64) {
    match kind {
        Kind::Aadhaar => (Some(0.01), 1e-6),
        Kind::Pan | Kind::Epic | Kind::Gstin | Kind::Udyam => (Some(0.02), 1e-6),
        Kind::Mobile => (Some(0.35), 1e-6),
        Kind::Email => (Some(0.3), 1e-6),
        Kind::Identifier | Kind::SourceKey => (Some(0.1), 1e-6),
        Kind::Sex => (Some(0.02), 0.1),
        Kind::District => (Some(0.08), 1e-4),
        Kind::PlaceName | Kind::SubDistrict | Kind::Pin => (Some(0.15), 1e-5),
        Kind::Address | Kind::Text | Kind::Code => (Some(0.2), 1e-5),
        _ => (None, 1e-6),
    }
}

/// Whether an agreement on a rare value of this kind weighs more, where the model does not say.
pub(crate) fn rare_counts(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Sex | Kind::Flag | Kind::Aadhaar | Kind::Pan | Kind::Epic | Kind::Gstin | Kind::Udyam | Kind::SourceKey
    )
}
