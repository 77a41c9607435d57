//! Aadhaar numbers out of free text.

use std::borrow::Cow;

pub use kanak_codes::identifiers::REDACTED;
use kanak_codes::identifiers::{
    Aadhaar, find_aadhaar_like, holds_aadhaar_shape, redact_aadhaar_like, replace_aadhaar_like,
};

use super::script;

/// A source's own words without any Aadhaar number, to be kept beside a standard form.
///
/// Digits of all three scripts count, and so does a number that shows only once white space is folded; then the folded text is
/// what comes back.
///
/// ```
/// use kanak_engine::standardize::redact;
/// assert_eq!(redact("UID 2341 2341 2346, paid"), "UID [Aadhaar removed], paid");
/// assert_eq!(redact("paid 2341"), "paid 2341");
/// ```
pub fn redact(raw: &str) -> Cow<'_, str> {
    if !may_hold_twelve_digits(raw) || is_office_number(raw.trim()) {
        return Cow::Borrowed(raw);
    }
    let clean = redact_aadhaar_like(raw).map_or(Cow::Borrowed(raw), Cow::Owned);
    let is_hidden = !find_aadhaar_like(&script::fold(&clean)).is_empty();
    if is_hidden { Cow::Owned(redact_folded(script::fold(raw).into_owned())) } else { clean }
}

/// The same for a text that is folded already.
pub(super) fn redact_folded(text: String) -> String {
    if may_hold_twelve_digits(&text) && !is_office_number(&text) {
        redact_aadhaar_like(&text).unwrap_or(text)
    } else {
        text
    }
}

/// A folded text with a comma for every Aadhaar number; none when it holds none.
pub(super) fn without_aadhaar(text: &str) -> Option<String> {
    if may_hold_twelve_digits(text) && !is_office_number(text) { replace_aadhaar_like(text, ", ") } else { None }
}

/// Whether a text is or holds an Aadhaar number, for keys and identifiers, which are refused then and not mended.
///
/// ```
/// use kanak_engine::standardize::holds_aadhaar;
/// assert!(holds_aadhaar("23 41 2341 2346") && holds_aadhaar("RC/234123412346"));
/// assert!(!holds_aadhaar("TR234123412346") && !holds_aadhaar("RC/2341"));
/// ```
pub fn holds_aadhaar(text: &str) -> bool {
    let text = text.trim();
    may_hold_twelve_digits(text)
        && !is_office_number(text)
        && (Aadhaar::parse(text).is_ok() || !find_aadhaar_like(text).is_empty())
}

/// What a number of twelve digits is that passes as an Aadhaar number. One value does not tell, for one in ten numbers of an
/// office's own series passes by chance; a column of them does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TwelveDigits {
    /// It is taken for an Aadhaar number.
    #[default]
    Aadhaar,
    /// Others of its column do not pass: it is a number of the office's own.
    OfficeNumber,
}

/// Whether a text has the form of an Aadhaar number or holds such a row of digits, whatever its last digit, which alone
/// tells an Aadhaar number from another.
pub fn has_aadhaar_shape(text: &str) -> bool {
    let text = script::fold(text);
    if !may_hold_twelve_digits(&text) || is_office_number(&text) {
        return false;
    }
    let is_shaped = |digits: &str| digits.len() == 12 && digits.starts_with(|first| matches!(first, '2'..='9'));
    let tight: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let runs = |text: &str| text.split(|c: char| !c.is_ascii_digit()).any(is_shaped);
    runs(&tight) || runs(&text) || holds_aadhaar_shape(&text) || holds_aadhaar(&text)
}

/// Whether the whole text is a number of some office's series, letters and digits in one: `TR260000000005`. About one such
/// number in eleven would pass as an Aadhaar number by chance, and no one writes an Aadhaar number so, but after `UID`.
fn is_office_number(text: &str) -> bool {
    const LETTERS_MAX: usize = 5;
    let digits = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = &text[..text.len() - digits.len()];
    let is_uid = ["UID", "UIDAI", "ADHAR", "AADH"].iter().any(|label| letters.eq_ignore_ascii_case(label));
    (1..=LETTERS_MAX).contains(&letters.len()) && !is_uid && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text has digits enough; nearly none has.
fn may_hold_twelve_digits(text: &str) -> bool {
    if text.len() < 12 {
        return false;
    }
    if text.is_ascii() {
        return text.bytes().filter(u8::is_ascii_digit).count() >= 12;
    }
    text.chars().filter(|c| c.is_numeric()).count() >= 12
}
