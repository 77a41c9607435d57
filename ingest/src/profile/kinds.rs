//! What the values of a column mean, most likely: the first kind, from strict to loose, that most of them fit.

use chrono::NaiveDate;
use kanak_engine::standardize::date::parse_date;
use kanak_engine::standardize::{Hint, Outcome, Standardizer, TwelveDigits};
use kanak_model::entity_model::{Attribute, OnInvalid};
use kanak_model::kind::{Class, Kind};
use kanak_model::source_system::DateOrder;

/// A kind is taken when this share of values fits it.
const SHARE_MIN: f64 = 0.8;

/// A guess at the meaning of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Guess {
    pub(super) kind: Kind,
    /// The share of values that fit it.
    pub(super) share: f64,
    /// Whether its values may tell about a person.
    pub(super) is_personal: bool,
}

/// Guesses from the column's name and some of its different values, each with how many rows have it.
pub(super) fn guess(
    name: &str,
    sample: &[(&str, u64)],
    distinct: u64,
    filled: u64,
    standardizer: &Standardizer,
) -> Guess {
    let column = Column { name: name.to_lowercase(), sample, distinct, filled, standardizer };
    let (kind, share) = column.kind();
    Guess { kind, share, is_personal: column.is_personal(kind) }
}

struct Column<'a> {
    name: String,
    sample: &'a [(&'a str, u64)],
    distinct: u64,
    filled: u64,
    standardizer: &'a Standardizer,
}

impl Column<'_> {
    fn kind(&self) -> (Kind, f64) {
        if self.sample.is_empty() {
            return (Kind::Text, 0.0);
        }
        self.checked_kind().or_else(|| self.plain_kind()).unwrap_or_else(|| self.worded_kind())
    }

    /// Kinds that are known by a check of their own.
    fn checked_kind(&self) -> Option<(Kind, f64)> {
        let strict =
            [Kind::Aadhaar, Kind::Gstin, Kind::Pan, Kind::Epic, Kind::Udyam, Kind::Ifsc, Kind::Mobile, Kind::Email];
        let found = strict.into_iter().find_map(|kind| self.fitting(kind));
        let few = self.distinct <= 12;
        found
            .or_else(|| few.then(|| self.fitting(Kind::Sex)).flatten())
            .or_else(|| few.then(|| self.fitting(Kind::Flag)).flatten())
            .or_else(|| {
                let has_time = self.share(|value| value.contains(':')) >= SHARE_MIN;
                has_time.then(|| self.fitting(Kind::Timestamp)).flatten()
            })
            .or_else(|| {
                // A year or a row of digits alone is a number more often than a date.
                let written_out = self.share(|value| value.contains(['-', '/', '.', ' '])) >= 0.5;
                (written_out || self.is_called(&["dob", "birth", "date"])).then(|| self.fitting(Kind::Date)).flatten()
            })
    }

    /// Numbers and codes.
    fn plain_kind(&self) -> Option<(Kind, f64)> {
        let is_digits = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
        let digits = self.share(is_digits);
        if digits >= SHARE_MIN && self.is_called(&["pin", "postal", "zip"]) {
            return self.fitting(Kind::Pin);
        }
        if self.is_called(&["aadhaar", "aadhar", "uid", "ਆਧਾਰ", "आधार"]) && digits >= SHARE_MIN {
            return Some((Kind::Aadhaar, self.rows(|value| self.fits(Kind::Aadhaar, value))));
        }
        // Digits beyond any count or amount name something, and so do those that every row has its own of.
        let long = self.share(|value| value.bytes().filter(u8::is_ascii_digit).count() >= 9);
        let is_amount = self.is_called(&["amount", "budget", "salary", "pay", "price", "fee"]);
        if digits >= SHARE_MIN
            && !is_amount
            && (long >= 0.5 || self.is_called(&["_no", " no", "number", "code", "card", "id"]))
        {
            return Some((Kind::Identifier, self.rows(is_digits)));
        }
        if let Some(found) = self.fitting(Kind::Integer) {
            return Some(found);
        }
        let numbers = self.share(|value| number(value).is_some());
        if numbers >= SHARE_MIN { self.fitting(Kind::Money) } else { None }
    }

    /// Words: districts, names, addresses, text.
    fn worded_kind(&self) -> (Kind, f64) {
        let letters = self.share(is_words);
        if letters >= SHARE_MIN {
            if let Some(found) = self.fitting(Kind::District) {
                return found;
            }
            if self.is_called(&["tehsil", "sub_district", "sub district", "subdistrict", "taluk"])
                && let Some(found) = self.fitting(Kind::SubDistrict)
            {
                return found;
            }
        }
        if self.is_called(&["address", "ਪਤਾ", "पता"]) {
            return (Kind::Address, self.rows(|value| self.fits(Kind::Address, value)));
        }
        let is_long = |value: &str| {
            let words = value.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
            value.len() >= 15 && words >= 3 && value.chars().any(char::is_numeric)
        };
        let long = self.share(is_long);
        if long >= 0.5 {
            return (Kind::Address, self.rows(is_long));
        }
        let firm_words = ["ltd", "store", "trader", "enterpris", "industr", "shop", "agency", "brothers", "& co"];
        let firms = self.share(|value| firm_words.iter().any(|word| value.to_lowercase().contains(word)));
        if firms >= 0.2 || self.is_called(&["firm", "business", "trade_name", "trade name", "company"]) {
            return (Kind::BusinessName, self.rows(|value| self.fits(Kind::BusinessName, value)));
        }
        if self.is_called(&["village", "town", "city", "locality", "place", "suburb", "ਪਿੰਡ", "गाँव"]) {
            return (Kind::PlaceName, self.rows(|value| self.fits(Kind::PlaceName, value)));
        }
        if letters >= SHARE_MIN && (self.is_called(&NAME_WORDS) || self.is_varied()) {
            return (Kind::PersonName, self.rows(is_words));
        }
        let is_tight = |value: &str| !value.contains(' ') && value.bytes().any(|byte| byte.is_ascii_digit());
        if self.share(is_tight) >= SHARE_MIN && self.is_varied() {
            return (Kind::Identifier, self.rows(is_tight));
        }
        (Kind::Text, 1.0)
    }

    fn fitting(&self, kind: Kind) -> Option<(Kind, f64)> {
        let fits = |value: &str| self.fits(kind, value);
        (self.share(fits) >= SHARE_MIN).then(|| (kind, self.rows(fits)))
    }

    fn fits(&self, kind: Kind, value: &str) -> bool {
        let attribute = Attribute {
            name: "value".into(),
            kind,
            class: Class::Internal,
            system: None,
            entity: None,
            required: false,
            on_invalid: OnInvalid::LeaveOut,
            title: None,
        };
        let today = NaiveDate::from_ymd_opt(2200, 1, 1).unwrap_or_default();
        let good = |date_order| {
            let hint = Hint { date_order, district: None, source: None, today, twelve_digits: TwelveDigits::Aadhaar };
            matches!(self.standardizer.standardize(&attribute, &hint, value), Outcome::Good(_))
        };
        let has_order = matches!(kind, Kind::Date | Kind::Timestamp);
        good(DateOrder::Dmy) || has_order && good(DateOrder::Mdy)
    }

    /// The share of different values, by which a kind is guessed: one word for nothing in many rows does not hide it.
    fn share(&self, passes: impl Fn(&str) -> bool) -> f64 {
        let passing = self.sample.iter().filter(|(value, _)| passes(value)).count();
        passing as f64 / self.sample.len().max(1) as f64
    }

    /// The share of filled rows, which is what is shown.
    fn rows(&self, passes: impl Fn(&str) -> bool) -> f64 {
        let all: u64 = self.sample.iter().map(|(_, rows)| rows).sum();
        let passing: u64 = self.sample.iter().filter(|(value, _)| passes(value)).map(|(_, rows)| rows).sum();
        passing as f64 / all.max(1) as f64
    }

    fn is_called(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.name.contains(word))
    }

    /// Whether nearly every third row has a value of its own.
    fn is_varied(&self) -> bool {
        self.distinct * 10 > self.filled * 3
    }

    fn is_personal(&self, kind: Kind) -> bool {
        match kind {
            Kind::PersonName
            | Kind::Mobile
            | Kind::Email
            | Kind::Aadhaar
            | Kind::Pan
            | Kind::Epic
            | Kind::Address
            | Kind::Identifier
            | Kind::Gstin
            | Kind::Udyam
            | Kind::Date
            | Kind::SourceKey => true,
            Kind::Text | Kind::PlaceName | Kind::BusinessName => self.is_varied() || self.is_called(&NAME_WORDS),
            _ => self.is_called(&["aadhaar", "aadhar", "account", "mobile", "phone", "uid"]),
        }
    }
}

const NAME_WORDS: [&str; 8] = ["name", "father", "mother", "spouse", "husband", "person", "ਨਾਮ", "नाम"];

/// Letters with spaces, stops and slashes between.
fn is_words(value: &str) -> bool {
    let is_word = |c: char| {
        c.is_alphabetic()
            || matches!(c, '\u{0900}'..='\u{0DFF}' | ' ' | '.' | '\'' | '-' | '/' | '\u{200C}' | '\u{200D}')
    };
    value.chars().all(is_word)
}

/// A plain number, with commas between its digits perhaps.
pub(super) fn number(value: &str) -> Option<f64> {
    let starts = value.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    if !starts || value.len() > 25 {
        return None;
    }
    let parsed = if value.contains(',') { value.replace(',', "").parse() } else { value.parse::<f64>() };
    parsed.ok().filter(|number| number.is_finite())
}

/// The year of a date or instant.
pub(super) fn year(value: &str) -> Option<i32> {
    parse_date(value, DateOrder::Dmy)
        .or_else(|_| parse_date(value, DateOrder::Mdy))
        .ok()
        .map(kanak_model::PartialDate::year)
        .filter(|year| (1800..2200).contains(year))
}
