//! ASCII text of a fixed length, and the reading of identifiers into it.

use super::error::{BrokenRule, IdentifierError};
use crate::text::with_ascii_digits;

/// Exactly `N` ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Fixed<const N: usize>([u8; N]);

impl<const N: usize> Fixed<N> {
    /// Takes a text that fits a pattern: `A` a letter, `9` a digit, `X` either, anything else itself.
    pub(super) fn fit(kind: &'static str, pattern: &str, text: &str) -> Result<Self, IdentifierError> {
        let broken = |rule| IdentifierError { kind, rule };
        if text.is_empty() {
            return Err(broken(BrokenRule::Empty));
        }
        let found = text.chars().count();
        if found != N {
            return Err(broken(BrokenRule::Length { expected: N, found }));
        }
        let mut bytes = [0; N];
        for (index, (character, want)) in text.chars().zip(pattern.chars()).enumerate() {
            let expected = match want {
                'A' if !character.is_ascii_uppercase() => "a letter",
                '9' if !character.is_ascii_digit() => "a digit",
                'X' if !character.is_ascii_uppercase() && !character.is_ascii_digit() => "a letter or a digit",
                'A' | '9' | 'X' => "",
                '0' if character != want => "the digit 0",
                'Z' if character != want => "the letter Z",
                '-' if character != want => "a hyphen",
                _ if character != want => "as in UDYAM-PB-00-0000000",
                _ => "",
            };
            if !expected.is_empty() {
                return Err(broken(BrokenRule::Character { position: index + 1, expected }));
            }
            bytes[index] = character as u8;
        }
        Ok(Self(bytes))
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII characters are let in")
    }

    pub(super) fn bytes(&self) -> &[u8; N] {
        &self.0
    }
}

/// The text trimmed, in capitals, with ASCII digits.
pub(super) fn canonical(text: &str) -> String {
    let mut text = with_ascii_digits(text.trim());
    text.make_ascii_uppercase();
    text
}

/// The same without the separators that people put between groups of digits.
pub(super) fn without_separators(text: &str) -> String {
    canonical(text)
        .chars()
        .filter(|character| !matches!(character, ' ' | '-' | '\u{00A0}' | '\u{2010}'..='\u{2013}'))
        .collect()
}
