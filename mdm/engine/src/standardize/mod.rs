//! Pure cleaning of single values, by kind.
//!
//! [`Standardizer::standardize`] turns one word of a source into the standard form of its kind, or says what is wrong with it. A
//! standard form is its own standard form: cleaning twice changes nothing. The one exception: codes of another state's districts
//! are not taken when they come as bare numbers.

pub mod address;
pub mod business;
mod coded;
mod contact;
pub mod date;
mod free_text;
pub(crate) mod missing;
pub mod name;
mod number;
pub mod phonetic;
mod redact;
pub mod script;
pub mod sex;
pub mod timestamp;

use chrono::NaiveDate;
use kanak_codes::{Codes, identifiers};
use kanak_model::entity_model::Attribute;
use kanak_model::kind::Kind;
use kanak_model::quality::QualityRule;
use kanak_model::source_system::DateOrder;

pub use name::{Relation, Relative, parse_person_name, split_relation};
pub use redact::{REDACTED, TwelveDigits, has_aadhaar_shape, holds_aadhaar, redact};

/// What is known about a value besides its attribute.
#[derive(Debug, Clone, Copy)]
pub struct Hint<'a> {
    /// How the source writes dates.
    pub date_order: DateOrder,
    /// The LGD code of the district in the same row, for sub-districts.
    pub district: Option<&'a str>,
    /// The source system whose key the value is, for source keys.
    pub source: Option<&'a str>,
    /// The day of reading, in India: nobody is born after it.
    pub today: NaiveDate,
    /// What the column's numbers of twelve digits are, for identifiers and source keys.
    pub twelve_digits: TwelveDigits,
}

/// What became of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Blank, or a word that registers use for nothing.
    Missing,
    /// The standard form.
    Good(String),
    /// It does not fit its kind.
    Bad {
        /// The rule it breaks.
        rule: QualityRule,
        /// What is wrong and what to do, in a sentence. Never the value.
        reason: String,
    },
}

impl Outcome {
    pub(crate) fn bad(rule: QualityRule, reason: impl Into<String>) -> Self {
        Self::Bad { rule, reason: reason.into() }
    }

    /// The standard form of a good value.
    pub fn good(self) -> Option<String> {
        match self {
            Self::Good(value) => Some(value),
            Self::Missing | Self::Bad { .. } => None,
        }
    }
}

/// Cleans values. Making one costs nothing: code systems are read when a value first needs them.
#[derive(Debug, Clone)]
pub struct Standardizer {
    codes: Codes,
    titles: coded::Titles,
    place_sounds: coded::PlaceSounds,
}

impl Standardizer {
    /// A standardizer that knows these code systems.
    pub fn new(codes: &Codes) -> Self {
        Self { codes: codes.clone(), titles: coded::Titles::default(), place_sounds: coded::PlaceSounds::default() }
    }

    /// Cleans one value of an attribute.
    ///
    /// For [`Kind::Aadhaar`] the good value is the number itself: the caller gives it to the vault at once and keeps the reference.
    pub fn standardize(&self, attribute: &Attribute, hint: &Hint<'_>, raw: &str) -> Outcome {
        let text = script::fold(raw);
        if missing::is_missing(attribute.kind, &text) {
            return Outcome::Missing;
        }
        match attribute.kind {
            Kind::PersonName | Kind::BusinessName | Kind::Address | Kind::PlaceName | Kind::Identifier | Kind::Text => {
                free_text::clean(attribute, hint.twelve_digits, text)
            }
            Kind::SourceKey => free_text::source_key(&text, hint),
            Kind::Date => date::standardize_date(&attribute.name, hint, &text),
            Kind::Timestamp => timestamp::standardize_timestamp(hint.date_order, &text),
            Kind::Sex => match sex::Sex::find(&text) {
                Some(sex) => Outcome::Good(sex.code().to_owned()),
                None => {
                    Outcome::bad(QualityRule::Kind, "not a word for sex; write F, M or X, or map the source's codes")
                }
            },
            Kind::Mobile => contact::mobile(&text),
            Kind::Email => contact::email(&text),
            Kind::Aadhaar => contact::aadhaar(&text),
            Kind::Pan => contact::checked(&text, |text| identifiers::Pan::parse(text).map(|id| id.as_str().to_owned())),
            Kind::Gstin => {
                contact::checked(&text, |text| identifiers::Gstin::parse(text).map(|id| id.as_str().to_owned()))
            }
            Kind::Epic => {
                contact::checked(&text, |text| identifiers::Epic::parse(text).map(|id| id.as_str().to_owned()))
            }
            Kind::Udyam => contact::udyam(&text),
            Kind::Ifsc => {
                contact::checked(&text, |text| identifiers::Ifsc::parse(text).map(|id| id.as_str().to_owned()))
            }
            Kind::Pin => contact::pin(&text),
            Kind::District => coded::district(&self.codes, &self.place_sounds, &text),
            Kind::SubDistrict => coded::sub_district(&self.codes, &self.place_sounds, hint.district, &text),
            Kind::Code => {
                coded::code(&self.codes, &self.titles, attribute.system.as_deref().unwrap_or_default(), &text)
            }
            Kind::Integer => number::integer(&text),
            Kind::Money => number::money(&text),
            Kind::Flag => number::flag(&text),
        }
    }
}

/// Whether a value is one that is typed to get past a form, such as the mobile number 9999999999: it counts as missing, and unlike a blank
/// somebody should know of it.
pub fn is_filler(kind: Kind, raw: &str) -> bool {
    missing::is_filler(kind, &script::fold(raw))
}

#[cfg(test)]
mod tests;
