//! Rows and values that did not pass: data, not errors.

use serde::{Deserialize, Serialize};

/// The rule that a row or value broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityRule {
    /// The row has more or fewer fields than the header.
    FieldCount,
    /// The text is not in the declared encoding.
    Encoding,
    /// The row cannot be read at all (an unclosed quote, broken JSON, a line over the limit).
    Unreadable,
    /// The row has no key.
    KeyMissing,
    /// Another row of the same file has the same key.
    KeyDuplicate,
    /// A required attribute has no value.
    Required,
    /// A value does not fit its kind.
    Kind,
    /// A code is not in its code system.
    Code,
    /// A check digit or character does not fit.
    Checksum,
    /// A date lies outside what is possible.
    Range,
    /// A value is one that is typed to get past a form, such as 9999999999.
    Filler,
}

impl QualityRule {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::FieldCount => "field_count",
            Self::Encoding => "encoding",
            Self::Unreadable => "unreadable",
            Self::KeyMissing => "key_missing",
            Self::KeyDuplicate => "key_duplicate",
            Self::Required => "required",
            Self::Kind => "kind",
            Self::Code => "code",
            Self::Checksum => "checksum",
            Self::Range => "range",
            Self::Filler => "filler",
        }
    }
}

/// A row that was refused, as it is kept in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Where it stands in the file: line (text), row (sheets, Parquet), from 1; the header counts.
    pub line: u64,
    /// The row's key, where it has one that is not sensitive.
    pub key: Option<String>,
    /// The rule it broke.
    pub rule: QualityRule,
    /// The source column.
    pub column: Option<String>,
    /// The value, masked: at most its first and last character.
    pub masked: Option<String>,
    /// What is wrong and what to do, in a sentence. Never the value itself.
    pub reason: String,
}

/// Values that were left out of rows that went on: counts by attribute and rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftOut {
    /// The attribute.
    pub attribute: String,
    /// The rule.
    pub rule: QualityRule,
    /// How many values.
    pub count: u64,
}

/// A value shown so that its owner recognizes it and no one else learns it: `G*****t`.
pub fn mask(value: &str) -> String {
    let characters: Vec<char> = value.chars().collect();
    match characters.as_slice() {
        [] => String::new(),
        [_] | [_, _] | [_, _, _] => "*".repeat(characters.len()),
        [first, middle @ .., last] => format!("{first}{}{last}", "*".repeat(middle.len().min(10))),
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn a_mask_shows_at_most_two_characters() {
        assert_eq!(mask(""), "");
        assert_eq!(mask("abc"), "***");
        assert_eq!(mask("234123412346"), "2**********6");
    }
}
