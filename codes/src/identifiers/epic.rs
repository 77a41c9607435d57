//! Voters' identity card numbers (Electors Photo Identity Card).

use std::fmt;

use super::{
    checksum::luhn_check_digit,
    error::{BrokenRule, IdentifierError},
    fixed::{Fixed, canonical},
};

const KIND: &str = "epic";

/// A well-formed EPIC number of the present form, `WKH1186253`: three letters, six digits, a Luhn check digit. Numbers of
/// the older long form (`PB/...`) are refused: keep them as they are. It shows itself masked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epic(Fixed<10>);

impl Epic {
    /// Reads an EPIC number.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let number = Fixed::fit(KIND, "AAA9999999", &canonical(text))?;
        let (body, check) = number.as_str()[3..].split_at(6);
        if luhn_check_digit(body) != check.chars().next() {
            return Err(IdentifierError { kind: KIND, rule: BrokenRule::CheckDigit });
        }
        Ok(Self(number))
    }

    /// The ten characters.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// All that may be shown: `WKHXXXX253`.
    pub fn masked(&self) -> String {
        let text = self.as_str();
        format!("{}XXXX{}", &text[..3], &text[7..])
    }
}

impl fmt::Display for Epic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.masked())
    }
}

impl fmt::Debug for Epic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Epic({})", self.masked())
    }
}
