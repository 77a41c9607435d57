//! Names of columns that may be none: a file that comes without its header has a person's row in their place, and nothing of
//! that may stand in a message, a report or a profile.

use kanak_engine::standardize::date::parse_date;
use kanak_engine::standardize::{holds_aadhaar, redact, script};
use kanak_model::source_system::DateOrder;

/// Whether a name of a column looks like a value instead: a number, a date, an e-mail address, six digits or more.
pub(crate) fn looks_like_data(name: &str) -> bool {
    const DIGITS_MIN: usize = 6;
    let name = script::fold(name);
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let is_number = digits > 0 && !name.chars().any(char::is_alphabetic);
    let is_date = digits > 0 && [DateOrder::Dmy, DateOrder::Mdy].iter().any(|order| parse_date(&name, *order).is_ok());
    is_number || is_date || digits >= DIGITS_MIN || name.contains('@') || holds_aadhaar(&name)
}

/// The names of columns as they may be shown: as they are, without Aadhaar numbers; numbers in their place when one of them
/// is evidently a person's value.
pub(crate) fn shown(columns: &[String]) -> Vec<String> {
    // A year or an ordinal may head a column of a table; what follows is no heading anywhere.
    let is_value = |name: &String| name.chars().count() >= 6 && looks_like_data(name);
    if columns.iter().any(is_value) {
        return (1..=columns.len()).map(|number| format!("column_{number}")).collect();
    }
    columns.iter().map(|name| redact(name).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_from_names() {
        for value in [
            "1",
            "234123412346",
            "2341 2341 2346",
            "੧੨੩",
            "01/03/1985",
            "1-Mar-1985",
            "98140-12345",
            "RC/0312345",
            "a@b.in",
        ] {
            assert!(looks_like_data(value), "{value}");
        }
        for name in ["Card No", "Name", "DOB", "Address 2", "ਨਾਮ", "", "-", "2G_SITES", "H1B 2024"] {
            assert!(!looks_like_data(name), "{name}");
        }
    }

    #[test]
    fn a_persons_row_is_not_shown_for_names() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(shown(&names(&["Year", "2024"])), ["Year", "2024"]);
        assert_eq!(shown(&names(&["Ana Kaur", "01/03/1985"])), ["column_1", "column_2"]);
    }
}
