//! Why a text is not an identifier. The text itself is never part of it.

/// The identifier that a text was read as, and the first rule it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {rule}")]
pub struct IdentifierError {
    /// What the text was read as, such as `aadhaar`.
    pub kind: &'static str,
    /// The first rule it breaks.
    pub rule: BrokenRule,
}

/// A rule of an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokenRule {
    /// Nothing but spaces and separators.
    #[error("empty")]
    Empty,
    /// Too many or too few characters, separators and prefixes apart.
    #[error("{found} characters, expected {expected}")]
    Length {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A character of the wrong sort.
    #[error("character {position} must be {expected}")]
    Character {
        /// Its place from 1, separators and prefixes apart.
        position: usize,
        /// What must stand there.
        expected: &'static str,
    },
    /// The number reads the same backwards.
    #[error("a palindrome is never issued")]
    Palindrome,
    /// The serial number is 0000, or all zeros.
    #[error("the serial number zero is never issued")]
    ZeroSerial,
    /// A state code that is not given out.
    #[error("unknown state code")]
    State,
    /// The check digit does not follow from the rest: one character is wrong or two are swapped.
    #[error("the check digit does not fit; a digit is wrong or two are swapped")]
    CheckDigit,
}
