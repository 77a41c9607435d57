//! Figures in words, as the report's parts share them.

use kanak_engine::matching::estimate::Interval;

use crate::component::{Cell, Figure};
use crate::format;

/// A share in percent with as many digits as tell it from none and from all: `99.87 %`.
pub fn share(share: f64) -> String {
    in_percent(share, decimals(share))
}

fn decimals(share: f64) -> usize {
    match share.min(1.0 - share).abs() {
        far if far >= 0.05 => 1,
        far if far >= 0.001 || far == 0.0 => 2,
        _ => 3,
    }
}

fn in_percent(share: f64, decimals: usize) -> String {
    format!("{}\u{a0}%", format::decimal(share * 100.0, decimals))
}

/// A share as a cell.
pub(super) fn share_cell(of: f64) -> Cell {
    Cell { value: Some(of), ..Cell::text(share(of)) }
}

/// A share that may be tiny: in percent, or as one in so many.
pub(super) fn rare_share(of: f64) -> String {
    if of <= 0.0 {
        return "0".to_owned();
    }
    if of >= 0.01 { share(of) } else { format!("1 in {}", format::decimal(1.0 / of, 0)) }
}

/// An interval: `98.9 – 99.4 %`.
pub fn interval(of: Interval) -> String {
    let decimals = decimals(of.low).max(decimals(of.high));
    format!("{} – {}", format::decimal(of.low * 100.0, decimals), in_percent(of.high, decimals))
}

/// A probability from which on something is done, as a run's figures have it: `never` where there is none, which they hold as a
/// number above 1.
pub fn from_probability(probability: f64) -> String {
    if probability > 1.0 { "never".to_owned() } else { format::decimal(probability, 4) }
}

/// Pairs with an interval for each share where there are any; a dash where there are none.
pub(super) fn counted_share(of: f64, interval_of: Interval, pairs: u64) -> Cell {
    if pairs == 0 { Cell::none() } else { share_cell(of).under(interval(interval_of)) }
}

/// A headline figure.
pub(super) fn figure(name: &str, title: &str, value: String, exact: impl ToString, meaning: &str) -> Figure {
    Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        value,
        unit: String::new(),
        exact: exact.to_string(),
        meaning: meaning.to_owned(),
    }
}

/// A headline count.
pub(super) fn counted(name: &str, title: &str, number: u64, meaning: &str) -> Figure {
    figure(name, title, Cell::count(number).text, number, meaning)
}

/// A group's word as a person reads it: `from6_to17` becomes `from 6 to 17`.
pub(super) fn group(word: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for character in format::spaced(word).chars() {
        if character.is_ascii_digit() && before.is_ascii_alphabetic() {
            words.push(' ');
        }
        words.push(character);
        before = character;
    }
    words
}

/// A number of bits on an axis.
pub(super) fn bits(number: f64) -> String {
    format::decimal(number, 0)
}

/// A share on an axis.
pub(super) fn percent(number: f64) -> String {
    let hundredths = number * 100.0;
    let decimals = usize::from((hundredths - hundredths.round()).abs() > 1e-6);
    format!("{}\u{a0}%", format::decimal(hundredths, decimals))
}

/// A count on an axis.
pub(super) fn whole(number: f64) -> String {
    format::decimal(number, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_near_its_ends_is_not_rounded_to_them() {
        assert_eq!(share(0.5), "50.0\u{a0}%");
        assert_eq!(share(0.9987), "99.87\u{a0}%");
        assert_eq!(share(0.999_95), "99.995\u{a0}%");
        assert_eq!(share(1.0), "100.00\u{a0}%");
    }

    #[test]
    fn both_ends_of_an_interval_have_as_many_digits_and_groups_are_words() {
        assert_eq!(interval(Interval { low: 0.899, high: 0.9987 }), "89.90 – 99.87\u{a0}%");
        assert_eq!(group("from6_to17"), "from 6 to 17");
        assert_eq!(group("punjab_without_surname"), "punjab without surname");
    }

    #[test]
    fn what_no_probability_is_enough_for_is_never_done() {
        assert_eq!(from_probability(2.0), "never");
        assert_eq!(from_probability(1.0), "1.0000");
        assert_eq!(from_probability(0.98765), "0.9877");
    }

    #[test]
    fn a_tiny_share_is_one_in_so_many() {
        assert_eq!(rare_share(0.00001), "1 in 1,00,000");
        assert_eq!(rare_share(0.0), "0");
        assert_eq!(rare_share(0.25), "25.0\u{a0}%");
    }
}
