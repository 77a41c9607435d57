//! What is shown of a value to a person: never an Aadhaar number.

use std::borrow::Cow;

use kanak_engine::standardize::redact;
use kanak_model::{EntityModel, Kind};

/// So many digits of an Aadhaar number may be shown: its last ones.
const DIGITS_SHOWN: usize = 4;

/// A value of an attribute as a screen, a report or a sheet may show it.
///
/// An attribute of Aadhaar numbers shows no more than the last four digits of whatever stands in it: a number with a slip in it
/// is somebody's all the same. In any other what passes as an Aadhaar number is left out.
pub(super) fn shown<'t>(entity: &EntityModel, attribute: &str, text: &'t str) -> Cow<'t, str> {
    match entity.find_attribute(attribute) {
        Some(attribute) if attribute.kind == Kind::Aadhaar && !is_reference(text) => Cow::Owned(last_digits(text)),
        _ => redact(text),
    }
}

/// Whether a text is a reference that stands in place of a number, as made-up registers have it: `ref-d27e66b0c3f572ed`.
fn is_reference(text: &str) -> bool {
    const DIGITS_IN_A_ROW_MAX: usize = 7;
    let is_named = text.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("ref"));
    let is_one_word = !text.contains(char::is_whitespace);
    is_named && is_one_word && text.split(|c: char| !c.is_numeric()).all(|digits| digits.len() <= DIGITS_IN_A_ROW_MAX)
}

/// A text of whose digits, of whichever script, all but the last four are `X`.
fn last_digits(text: &str) -> String {
    let digits = text.chars().filter(|c| c.is_numeric()).count();
    let mut hidden = digits.saturating_sub(DIGITS_SHOWN);
    let mask = |c: char| {
        if c.is_numeric() && hidden > 0 {
            hidden -= 1;
            'X'
        } else {
            c
        }
    };
    text.chars().map(mask).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_number_its_last_four_digits_are_shown_whatever_its_check_digit() {
        assert_eq!(last_digits("234123412346"), "XXXXXXXX2346");
        assert_eq!(last_digits("2341 2341 2347"), "XXXX XXXX 2347");
        assert_eq!(last_digits("੨੩੪੧੨੩੪੧੨੩੪੬"), "XXXXXXXX੨੩੪੬");
        assert!(is_reference("ref-d27e66b0c3f572ed") && is_reference("REFD27E66B0C3F572ED"));
        assert!(!is_reference("REF234123412347") && !is_reference("ref 2341 2341 2347") && !is_reference("a1b2c3"));
        assert_eq!(last_digits("2346"), "2346");
        assert_eq!(last_digits(""), "");
    }
}
