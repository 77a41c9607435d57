//! References of land records: hadbast, khewat, khatauni and khasra numbers.
//!
//! A village (an estate) has a hadbast number within its tehsil. Its record of rights lists owners by khewat and tenants by
//! khatauni, and fields by khasra number. Where the land was squared off, a field is `murabba//killa`: 23//14/2 is part 2 of
//! killa 14 of murabba 23, and a murabba has 25 killas. Each is parsed once and then holds the canonical form: ASCII digits, no
//! leading zeros, no spaces but the one before `min`, which marks a part of a field that was not measured out.

use std::{fmt, str::FromStr};

use crate::text::with_ascii_digits;

/// Killas of a murabba are numbered from 1 to this.
pub const KILLAS: u32 = 25;
/// Numbers of land records have at most this many digits.
pub const DIGITS_MAX: usize = 6;
/// How often a field or a khewat may be divided in writing, `14/2/1` being twice.
pub const DIVISIONS_MAX: usize = 4;

/// Why a text is no reference to land, and at which part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {part}: {rule}")]
pub struct LandError {
    /// The part that is wrong: `hadbast number`, `murabba`, `killa` ...
    pub part: &'static str,
    /// The first rule it breaks.
    pub rule: LandRule,
}

/// A rule of land references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LandRule {
    /// Nothing stands there.
    #[error("it is missing")]
    Missing,
    /// Something other than digits.
    #[error("it is written in digits")]
    NotDigits,
    /// Too many digits.
    #[error("it has at most {DIGITS_MAX} digits")]
    TooLong,
    /// Numbers begin with 1.
    #[error("numbers begin with 1")]
    Zero,
    /// A killa beyond the last one.
    #[error("a murabba has the killas 1 to {KILLAS}")]
    NoSuchKilla,
    /// Divided too often.
    #[error("it is divided at most {DIVISIONS_MAX} times")]
    TooDeep,
    /// More than one `//`.
    #[error("`//` stands once, between murabba and killa")]
    TwoMurabbas,
    /// A word that names no part of a reference, or names one again.
    #[error("write each part once, as `hadbast 123, khewat 45/1, khatauni 78, khasra 23//14/2`")]
    Label,
}

/// The number of a village within its tehsil.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hadbast(u32);

/// The number of an owner's holding in a record of rights, divided where a holding was: `45`, `45/1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Khewat(Divided);

/// The number of a cultivator's holding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Khatauni(Divided);

/// The number of a field.
///
/// ```
/// use kanak_codes::land::Khasra;
/// let field: Khasra = " ੨੩ // 014 / 2 ".parse()?;
/// assert_eq!(field.to_string(), "23//14/2");
/// assert_eq!((field.murabba(), field.number(), field.divisions()), (Some(23), 14, &[2][..]));
/// assert_eq!("23//26".parse::<Khasra>().unwrap_err().part, "killa");
/// # Ok::<_, kanak_codes::land::LandError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Khasra {
    murabba: Option<u32>,
    field: Divided,
    is_min: bool,
}

/// A field, or a holding, as a record of rights refers to it. At least one part is there.
///
/// ```
/// use kanak_codes::land::LandReference;
/// let reference: LandReference = "Khasra 23//14/2; HB 123, khewat no. 45".parse()?;
/// assert_eq!(reference.to_string(), "hadbast 123, khewat 45, khasra 23//14/2");
/// # Ok::<_, kanak_codes::land::LandError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LandReference {
    /// The village.
    pub hadbast: Option<Hadbast>,
    /// The owner's holding.
    pub khewat: Option<Khewat>,
    /// The cultivator's holding.
    pub khatauni: Option<Khatauni>,
    /// The field.
    pub khasra: Option<Khasra>,
}

/// A number and the parts it was divided into. All are 1 or more.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Divided {
    number: u32,
    parts: Vec<u32>,
}

impl Hadbast {
    /// The number.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl Khewat {
    /// The number, before any division.
    pub fn number(&self) -> u32 {
        self.0.number
    }

    /// The divisions, outermost first.
    pub fn divisions(&self) -> &[u32] {
        &self.0.parts
    }
}

impl Khatauni {
    /// The number, before any division.
    pub fn number(&self) -> u32 {
        self.0.number
    }

    /// The divisions, outermost first.
    pub fn divisions(&self) -> &[u32] {
        &self.0.parts
    }
}

impl Khasra {
    /// The square of 25 killas; `None` where the land was not squared off.
    pub fn murabba(&self) -> Option<u32> {
        self.murabba
    }

    /// The killa of the murabba, or the number of the field.
    pub fn number(&self) -> u32 {
        self.field.number
    }

    /// The divisions of the field, outermost first.
    pub fn divisions(&self) -> &[u32] {
        &self.field.parts
    }

    /// Whether only a part of the field is meant that was not measured out (`min`).
    pub fn is_min(&self) -> bool {
        self.is_min
    }

    /// Whether this field contains another one or is it: the same field, divided no further.
    pub fn contains(&self, other: &Self) -> bool {
        self.murabba == other.murabba
            && self.field.number == other.field.number
            && other.field.parts.starts_with(&self.field.parts)
            && (!self.is_min || self == other)
    }
}

impl FromStr for Hadbast {
    type Err = LandError;

    fn from_str(text: &str) -> Result<Self, LandError> {
        parse_number("hadbast number", &with_ascii_digits(text)).map(Self)
    }
}

impl FromStr for Khewat {
    type Err = LandError;

    fn from_str(text: &str) -> Result<Self, LandError> {
        Divided::parse("khewat", "division of the khewat", &with_ascii_digits(text)).map(Self)
    }
}

impl FromStr for Khatauni {
    type Err = LandError;

    fn from_str(text: &str) -> Result<Self, LandError> {
        Divided::parse("khatauni", "division of the khatauni", &with_ascii_digits(text)).map(Self)
    }
}

impl FromStr for Khasra {
    type Err = LandError;

    fn from_str(text: &str) -> Result<Self, LandError> {
        const DIVISION: &str = "division of the field";
        let text = with_ascii_digits(text);
        let (numbers, is_min) = without_min(text.trim());
        let Some((murabba, field)) = numbers.split_once("//") else {
            let field = Divided::parse("khasra number", DIVISION, numbers)?;
            return Ok(Self { murabba: None, field, is_min });
        };
        if field.contains("//") {
            return Err(LandError { part: "khasra number", rule: LandRule::TwoMurabbas });
        }
        let murabba = Some(parse_number("murabba", murabba)?);
        let field = Divided::parse("killa", DIVISION, field)?;
        if field.number > KILLAS {
            return Err(LandError { part: "killa", rule: LandRule::NoSuchKilla });
        }
        Ok(Self { murabba, field, is_min })
    }
}

impl FromStr for LandReference {
    type Err = LandError;

    /// Reads parts with their names, in any order, parted by commas or semicolons.
    fn from_str(text: &str) -> Result<Self, LandError> {
        const LABEL: LandError = LandError { part: "land reference", rule: LandRule::Label };
        let mut reference = Self::default();
        for part in text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
            let at = part.find(|letter: char| !letter.is_alphabetic()).unwrap_or(part.len());
            let (label, rest) = part.split_at(at);
            let rest = without_no(rest);
            let is_new = match label.to_lowercase().as_str() {
                "hadbast" | "hb" => reference.hadbast.replace(rest.parse()?).is_none(),
                "khewat" => reference.khewat.replace(rest.parse()?).is_none(),
                "khatauni" => reference.khatauni.replace(rest.parse()?).is_none(),
                "khasra" => reference.khasra.replace(rest.parse()?).is_none(),
                _ => false,
            };
            if !is_new {
                return Err(LABEL);
            }
        }
        if reference == Self::default() {
            return Err(LandError { part: "land reference", rule: LandRule::Missing });
        }
        Ok(reference)
    }
}

impl fmt::Display for Hadbast {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

impl fmt::Display for Khewat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for Khatauni {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for Khasra {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(murabba) = self.murabba {
            write!(formatter, "{murabba}//")?;
        }
        self.field.fmt(formatter)?;
        if self.is_min { formatter.write_str(" min") } else { Ok(()) }
    }
}

impl fmt::Display for LandReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("hadbast", self.hadbast.map(|part| part.to_string())),
            ("khewat", self.khewat.as_ref().map(ToString::to_string)),
            ("khatauni", self.khatauni.as_ref().map(ToString::to_string)),
            ("khasra", self.khasra.as_ref().map(ToString::to_string)),
        ];
        let written = parts.into_iter().filter_map(|(label, part)| Some(format!("{label} {}", part?)));
        formatter.write_str(&written.collect::<Vec<_>>().join(", "))
    }
}

impl Divided {
    fn parse(part: &'static str, division: &'static str, text: &str) -> Result<Self, LandError> {
        let mut numbers = text.split('/');
        let number = parse_number(part, numbers.next().unwrap_or_default())?;
        let parts = numbers.map(|text| parse_number(division, text)).collect::<Result<Vec<_>, _>>()?;
        if parts.len() > DIVISIONS_MAX {
            return Err(LandError { part: division, rule: LandRule::TooDeep });
        }
        Ok(Self { number, parts })
    }
}

impl fmt::Display for Divided {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.number)?;
        self.parts.iter().try_for_each(|part| write!(formatter, "/{part}"))
    }
}

fn parse_number(part: &'static str, text: &str) -> Result<u32, LandError> {
    let broken = |rule| LandError { part, rule };
    let text = text.trim();
    if text.is_empty() {
        return Err(broken(LandRule::Missing));
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(broken(LandRule::NotDigits));
    }
    let digits = text.trim_start_matches('0');
    if digits.is_empty() {
        return Err(broken(LandRule::Zero));
    }
    if digits.len() > DIGITS_MAX {
        return Err(broken(LandRule::TooLong));
    }
    digits.parse().map_err(|_| broken(LandRule::NotDigits))
}

/// A khasra number without the word `min` at its end, and whether it was there.
fn without_min(text: &str) -> (&str, bool) {
    let is_word = |from: usize| text[from..].trim_matches(['(', ')', '.']).eq_ignore_ascii_case("min");
    let from = text.rfind(|character: char| character.is_ascii_digit() || character == ' ').map_or(0, |at| at + 1);
    if is_word(from) {
        return (text[..from].trim_end(), true);
    }
    match text.strip_suffix("ਮਿਨ") {
        Some(rest) => (rest.trim_end(), true),
        None => (text, false),
    }
}

/// What follows a label, without `no.` or `number` and signs before the number.
fn without_no(text: &str) -> &str {
    let text = text.trim_start_matches([' ', ':', '.']);
    let lower = ["no", "No", "NO", "number", "Number"];
    let text = lower.iter().rev().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
    text.trim_start_matches([' ', ':', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn refuses<T: FromStr<Err = LandError> + fmt::Debug>(text: &str, part: &str, rule: LandRule) {
        let error = text.parse::<T>().unwrap_err();
        assert_eq!((error.part, error.rule), (part, rule), "{text}");
    }

    #[test]
    fn a_wrong_reference_names_its_part() {
        refuses::<Hadbast>("", "hadbast number", LandRule::Missing);
        refuses::<Hadbast>("12a", "hadbast number", LandRule::NotDigits);
        refuses::<Hadbast>("1234567", "hadbast number", LandRule::TooLong);
        refuses::<Khewat>("0", "khewat", LandRule::Zero);
        refuses::<Khewat>("45/", "division of the khewat", LandRule::Missing);
        refuses::<Khatauni>("x", "khatauni", LandRule::NotDigits);
        refuses::<Khasra>("//14", "murabba", LandRule::Missing);
        refuses::<Khasra>("23//", "killa", LandRule::Missing);
        refuses::<Khasra>("23//26", "killa", LandRule::NoSuchKilla);
        refuses::<Khasra>("23//14//2", "khasra number", LandRule::TwoMurabbas);
        refuses::<Khasra>("23//14/x", "division of the field", LandRule::NotDigits);
        refuses::<Khasra>("1/1/1/1/1/1", "division of the field", LandRule::TooDeep);
        refuses::<Khasra>("min", "khasra number", LandRule::Missing);
        refuses::<LandReference>("", "land reference", LandRule::Missing);
        refuses::<LandReference>("plot 5", "land reference", LandRule::Label);
        refuses::<LandReference>("khewat 5, khewat 5", "land reference", LandRule::Label);
        refuses::<LandReference>("khasra 23//40", "killa", LandRule::NoSuchKilla);
    }

    #[test]
    fn spellings_of_one_field_have_one_canonical_form() {
        for text in ["23//14/2 min", "23 // 14 / 2(min)", "੨੩//੧੪/੨ ਮਿਨ", "023//014/02Min.", "२३//१४/२ MIN"]
        {
            assert_eq!(text.parse::<Khasra>().map(|field| field.to_string()).as_deref(), Ok("23//14/2 min"), "{text}");
        }
        assert_eq!("128/2".parse::<Khasra>().unwrap().murabba(), None);
    }

    #[test]
    fn a_field_contains_its_divisions_and_no_neighbour() {
        let field = |text: &str| text.parse::<Khasra>().unwrap();
        assert!(field("23//14").contains(&field("23//14/2/1")));
        assert!(field("23//14").contains(&field("23//14 min")));
        assert!(!field("23//14 min").contains(&field("23//14")));
        assert!(!field("23//14/2").contains(&field("23//14")));
        assert!(!field("23//1").contains(&field("23//14")));
        assert!(!field("14").contains(&field("23//14")));
    }

    fn divided() -> impl Strategy<Value = Divided> {
        (1u32..=999_999, prop::collection::vec(1u32..=999_999, 0..=DIVISIONS_MAX))
            .prop_map(|(number, parts)| Divided { number, parts })
    }

    fn khasra() -> impl Strategy<Value = Khasra> {
        (prop::option::of(1u32..=999_999), divided(), any::<bool>()).prop_map(|(murabba, mut field, is_min)| {
            if murabba.is_some() {
                field.number = field.number % KILLAS + 1;
            }
            Khasra { murabba, field, is_min }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same(
            hadbast in prop::option::of(1u32..=999_999), khewat in prop::option::of(divided()), khatauni in prop::option::of(divided()), khasra in khasra()
        ) {
            let reference = LandReference {
                hadbast: hadbast.map(Hadbast),
                khewat: khewat.map(Khewat),
                khatauni: khatauni.map(Khatauni),
                khasra: Some(khasra),
            };
            prop_assert_eq!(reference.to_string().parse::<LandReference>(), Ok(reference));
        }

        #[test]
        fn the_canonical_form_of_what_parses_parses_to_the_same(text in "[ 0-9/੧੨१a-n.()]{0,14}") {
            if let Ok(field) = text.parse::<Khasra>() {
                prop_assert_eq!(field.to_string().parse::<Khasra>(), Ok(field));
            }
        }

        #[test]
        fn any_text_gets_an_answer(text in ".{0,40}") {
            let _ = text.parse::<LandReference>();
            let _ = text.parse::<Khasra>();
        }
    }
}
