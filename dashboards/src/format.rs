//! Numbers, money and times as people in India read them: one place for every page.

use chrono::{DateTime, FixedOffset, NaiveDate};
use kanak_model::Timestamp;
use kanak_model::clock::IST_OFFSET_SECONDS;

/// What stands where there is no value.
pub const NONE: &str = "–";

/// A whole number in Indian grouping: `12,34,567`.
pub fn whole(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
    let mut grouped = String::with_capacity(digits.len() + 8);
    if number < 0 {
        grouped.push('-');
    }
    for (at, digit) in head.chars().enumerate() {
        if at > 0 && (head.len() - at).is_multiple_of(2) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !head.is_empty() {
        grouped.push(',');
    }
    grouped.push_str(tail);
    grouped
}

/// A number with `decimals` places, the whole part in Indian grouping.
pub fn decimal(number: f64, decimals: usize) -> String {
    if !number.is_finite() {
        return NONE.to_owned();
    }
    let text = format!("{:.decimals$}", number.abs());
    let (whole_part, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let Ok(parsed) = whole_part.parse::<i64>() else { return text };
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let sign = if number < 0.0 && !is_zero { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", whole(parsed))
}

/// A share of one as a percentage: `87.3 %`, with a space that does not break.
pub fn percent(share: f64) -> String {
    format!("{}\u{a0}%", decimal(share * 100.0, 1))
}

/// An amount in paise as rupees, in lakh from one lakh and in crore from one crore: `₹3.42 crore`.
pub fn rupees(paise: i64) -> String {
    let rupees = paise as f64 / 100.0;
    let sign = if paise < 0 { "-" } else { "" };
    match rupees.abs() {
        size if size >= 1e7 => format!("{sign}₹{}\u{a0}crore", decimal(size / 1e7, 2)),
        size if size >= 1e5 => format!("{sign}₹{}\u{a0}lakh", decimal(size / 1e5, 2)),
        size if paise % 100 == 0 => format!("{sign}₹{}", decimal(size, 0)),
        size => format!("{sign}₹{}", decimal(size, 2)),
    }
}

/// A headline figure: its number and what stands behind it. The unit is the warehouse's word: `count`, `share`, `paise`,
/// `days`, `bits` or another, which is then shown as it is.
pub fn figure(value: f64, unit: &str) -> (String, String) {
    let plain = |decimals: usize| decimal(value, decimals);
    match unit {
        "count" | "" => (plain(0), String::new()),
        "share" | "ratio" | "probability" => (decimal(value * 100.0, 1), "%".to_owned()),
        "percent" => (plain(1), "%".to_owned()),
        "paise" | "rupees" => {
            let paise = if unit == "paise" { value } else { value * 100.0 };
            let text = rupees(paise.round() as i64);
            match text.split_once('\u{a0}') {
                Some((number, size)) => (number.to_owned(), size.to_owned()),
                None => (text, String::new()),
            }
        }
        other => (plain(usize::from(value.fract() != 0.0)), spaced(other)),
    }
}

/// An instant in India: `23 Nov 2026, 14:05 IST`.
pub fn instant(at: Timestamp) -> String {
    let ist = FixedOffset::east_opt(IST_OFFSET_SECONDS).expect("a whole number of minutes below a day");
    let utc = DateTime::from_timestamp_micros(at.0).unwrap_or_default();
    utc.with_timezone(&ist).format("%-d %b %Y, %H:%M IST").to_string()
}

/// Words in which instants are written as programs write them (RFC 3339), as refusals have them, with India's time instead.
pub fn in_ist(words: &str) -> String {
    let written = |word: &str| {
        let bare = word.trim_end_matches([',', ';', '.']);
        let at = DateTime::parse_from_rfc3339(bare).ok()?;
        Some(format!("{}{}", instant(Timestamp(at.timestamp_micros())), &word[bare.len()..]))
    };
    words.split(' ').map(|word| written(word).unwrap_or_else(|| word.to_owned())).collect::<Vec<_>>().join(" ")
}

/// A day: `23 Nov 2026`.
pub fn day(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// A month from `2026-11`, or the words as they are when they name none: `Nov 2026`.
pub fn month(words: &str) -> String {
    let first = words.get(..7).unwrap_or(words);
    NaiveDate::parse_from_str(&format!("{first}-01"), "%Y-%m-%d")
        .map_or_else(|_| words.to_owned(), |day| day.format("%b %Y").to_string())
}

/// A financial year by its first calendar year, or as it is: `2025` becomes `2025–26`.
pub fn financial_year(year: &str) -> String {
    match year.parse::<i32>() {
        Ok(first) => format!("{first}–{:02}", (first + 1).rem_euclid(100)),
        Err(_) => year.to_owned(),
    }
}

/// Evidence in bits with its sign: `+12.4`, `-3.0`.
pub fn bits(weight_bits: f64) -> String {
    let text = decimal(weight_bits, 1);
    if text.starts_with('-') || text == "0.0" { text } else { format!("+{text}") }
}

/// A match probability with as many digits as tell it from certainty: `99.98 %`, `above 99.999 %`.
pub fn probability(probability: f64) -> String {
    if probability < 0.000_01 {
        return "below 0.001\u{a0}%".to_owned();
    }
    if probability > 0.999_99 {
        return "above 99.999\u{a0}%".to_owned();
    }
    let decimals = if (0.01..=0.99).contains(&probability) { 1 } else { 3 };
    format!("{}\u{a0}%", decimal(probability * 100.0, decimals))
}

/// A word of a machine as a person reads it: `most_recent` becomes `most recent`.
pub fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

/// The same with a capital first: `Most recent`.
pub fn sentence(word: &str) -> String {
    capital(&spaced(word))
}

/// Words with a capital first.
pub fn capital(words: &str) -> String {
    let mut text = words.to_owned();
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(written: &str, expected: &str) {
        assert_eq!(written, expected);
    }

    #[test]
    fn numbers_are_grouped_as_in_india() {
        check(&whole(0), "0");
        check(&whole(999), "999");
        check(&whole(1_000), "1,000");
        check(&whole(99_999), "99,999");
        check(&whole(1_00_000), "1,00,000");
        check(&whole(1_23_45_678), "1,23,45,678");
        check(&whole(-1_234), "-1,234");
    }

    #[test]
    fn money_is_in_rupees_lakh_and_crore() {
        check(&rupees(0), "₹0");
        check(&rupees(12_345), "₹123.45");
        check(&rupees(99_999_00), "₹99,999");
        check(&rupees(1_00_000_00), "₹1.00\u{a0}lakh");
        check(&rupees(12_34_567_00), "₹12.35\u{a0}lakh");
        check(&rupees(1_234_00_00_000_00), "₹1,234.00\u{a0}crore");
        check(&rupees(-2_50_000_00), "-₹2.50\u{a0}lakh");
    }

    #[test]
    fn shares_bits_and_probabilities_say_what_they_are() {
        check(&percent(0.873_4), "87.3\u{a0}%");
        check(&percent(1.0), "100.0\u{a0}%");
        check(&bits(12.44), "+12.4");
        check(&bits(-3.0), "-3.0");
        check(&bits(-0.01), "0.0");
        check(&probability(0.999_8), "99.980\u{a0}%");
        check(&probability(0.5), "50.0\u{a0}%");
        check(&decimal(f64::NAN, 1), NONE);
    }

    #[test]
    fn a_headline_figure_keeps_its_number_and_says_its_unit() {
        let of = |value, unit| {
            let (text, unit) = figure(value, unit);
            format!("{text}|{unit}")
        };
        check(&of(4_81_236.0, "count"), "4,81,236|");
        check(&of(0.873_4, "share"), "87.3|%");
        check(&of(1_234_00_00_000_00.0, "paise"), "₹1,234.00|crore");
        check(&of(11.25, "days"), "11.2|days");
        check(&of(11.0, "working_days"), "11|working days");
    }

    #[test]
    fn times_are_india_s() {
        check(&instant(Timestamp(1_711_909_800_000_000)), "1 Apr 2024, 00:00 IST");
        check(
            &in_ist("held by asha until 2024-03-31T18:30:00Z; wait, or ask 31 others: 2024-03-31"),
            "held by asha until 1 Apr 2024, 00:00 IST; wait, or ask 31 others: 2024-03-31",
        );
        check(&month("2026-11-01"), "Nov 2026");
        check(&financial_year("2099"), "2099–00");
        check(&financial_year("2024-25"), "2024-25");
        check(&month("never"), "never");
    }

    proptest! {
        #[test]
        fn grouping_only_adds_commas(number in any::<i64>()) {
            let written = whole(number);
            prop_assert_eq!(written.replace(',', ""), number.to_string());
            let groups: Vec<&str> = written.trim_start_matches('-').split(',').collect();
            prop_assert!(groups.len() == 1 || groups.last().is_some_and(|last| last.len() == 3));
            prop_assert!(groups.iter().rev().skip(1).rev().skip(1).all(|group| group.len() == 2));
        }
    }
}
