//! Postal index numbers.

use std::fmt;

use super::{
    error::{BrokenRule, IdentifierError},
    fixed::{Fixed, without_separators},
};

const KIND: &str = "pin";

/// A well-formed PIN: six digits, the first not 0. Whether it is in use the code system `pin` knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pin(Fixed<6>);

impl Pin {
    /// Reads a PIN, with or without a space in the middle.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let number = Fixed::fit(KIND, "999999", &without_separators(text))?;
        if number.bytes()[0] == b'0' {
            let rule = BrokenRule::Character { position: 1, expected: "a digit from 1 to 9" };
            return Err(IdentifierError { kind: KIND, rule });
        }
        Ok(Self(number))
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pin({})", self.as_str())
    }
}
