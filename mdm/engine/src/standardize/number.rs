//! Whole numbers, amounts of money, yes and no.

use kanak_codes::identifiers::Aadhaar;
use kanak_model::quality::QualityRule;

use super::Outcome;

/// A whole number: grouped or not, with a spreadsheet's `.0` or not.
pub(super) fn integer(text: &str) -> Outcome {
    let refuse = || Outcome::bad(QualityRule::Kind, "not a whole number; write digits only");
    let Some(read) = Decimal::read(text) else { return refuse() };
    if read.fraction.bytes().any(|b| b != b'0') {
        return refuse();
    }
    if read.whole.len() == 12 && Aadhaar::parse(&read.whole).is_ok() {
        return Outcome::bad(
            QualityRule::Kind,
            "this passes as an Aadhaar number; map the column as aadhaar or leave it out",
        );
    }
    match read.whole.parse::<i64>() {
        Ok(number) => Outcome::Good(if read.negative { -number } else { number }.to_string()),
        Err(_) => Outcome::bad(QualityRule::Range, "the number has over eighteen digits; is it an identifier?"),
    }
}

/// An amount in rupees to whole paise: `₹ 1,20,000.50`, `Rs. 500/-`, `1.2 lakh`, `(500)` below zero.
pub(super) fn money(text: &str) -> Outcome {
    let refuse = || Outcome::bad(QualityRule::Kind, "not an amount in rupees; write it as 120000.50");
    let lower = text.to_lowercase();
    let mut rest = lower.trim();
    let bracketed = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    rest = bracketed.unwrap_or(rest).trim();
    for suffix in ["/-", "/=", "only"] {
        rest = rest.strip_suffix(suffix).unwrap_or(rest).trim_end();
    }
    for prefix in ["₹", "rupees", "rs.", "rs", "inr", "ਰੁ.", "रु."] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest).trim_start();
    }
    let (rest, zeros) = multiplier(rest);
    let Some(read) = Decimal::read(rest.trim()) else { return refuse() };
    let places = zeros + 2;
    let fraction = read.fraction.trim_end_matches('0');
    if fraction.len() > places {
        return Outcome::bad(QualityRule::Kind, "an amount has parts of a paisa; round it to two decimals");
    }
    let digits = format!("{}{fraction:0<places$}", read.whole);
    match digits.parse::<i64>() {
        Ok(paise) => Outcome::Good(if read.negative || bracketed.is_some() { -paise } else { paise }.to_string()),
        Err(_) => Outcome::bad(QualityRule::Range, "the amount is beyond any budget; correct it at the source"),
    }
}

/// Takes a word for a number off the end: the number of zeros it stands for.
fn multiplier(text: &str) -> (&str, usize) {
    for (word, zeros) in [
        ("lakhs", 5),
        ("lakh", 5),
        ("lacs", 5),
        ("lac", 5),
        ("crores", 7),
        ("crore", 7),
        ("cr", 7),
        ("ਲੱਖ", 5),
        ("लाख", 5),
        ("ਕਰੋੜ", 7),
        ("करोड़", 7),
    ] {
        if let Some(rest) = text.strip_suffix(word) {
            return (rest, zeros);
        }
    }
    (text, 0)
}

/// Yes or no, in three languages.
pub(super) fn flag(text: &str) -> Outcome {
    let value = match text.to_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" | "on" | "✓" | "✔" | "ਹਾਂ" | "ਹਾਂ ਜੀ" | "हाँ" | "हां" | "haan" | "han" => {
            "true"
        }
        "false" | "f" | "no" | "n" | "0" | "off" | "ਨਹੀਂ" | "ਨਾਂਹ" | "नहीं" | "nahi" | "nahin" => {
            "false"
        }
        _ => {
            return Outcome::bad(
                QualityRule::Kind,
                "neither yes nor no; write true or false, or map the source's codes",
            );
        }
    };
    Outcome::Good(value.to_owned())
}

/// A decimal number, read.
struct Decimal {
    negative: bool,
    /// Digits before the point; at least one.
    whole: String,
    /// Digits after it; perhaps none.
    fraction: String,
}

impl Decimal {
    /// Reads digits with an optional sign, grouping commas (three digits last, two or three before) and a decimal point.
    fn read(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix(['-', '−']) {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if !fraction.bytes().all(|b| b.is_ascii_digit()) || whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default();
        let rest: Vec<&str> = groups.collect();
        let grouped = match rest.split_last() {
            None => true,
            Some((last, between)) => {
                (1..=3).contains(&first.len())
                    && last.len() == 3
                    && between.iter().all(|group| matches!(group.len(), 2 | 3))
            }
        };
        let mut whole: String = std::iter::once(first).chain(rest).collect();
        if !grouped || !whole.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        if whole.is_empty() {
            whole.push('0');
        }
        Some(Self { negative, whole, fraction: fraction.to_owned() })
    }
}
