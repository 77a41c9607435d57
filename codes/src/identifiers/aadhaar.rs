//! Aadhaar numbers.

use std::fmt;

use super::{
    checksum::verhoeff_holds,
    error::{BrokenRule, IdentifierError},
    fixed::{Fixed, without_separators},
};

const KIND: &str = "aadhaar";

/// A well-formed Aadhaar number: twelve digits, the first 2 to 9, no palindrome, the last a Verhoeff check digit.
///
/// It shows itself masked. The digits come out through [`Aadhaar::expose`] only, which belongs in the vault.
/// It has no `Ord` and no `Serialize`, so that it is not stored by accident.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Aadhaar(Fixed<12>);

impl Aadhaar {
    /// Reads a number, plain or in groups parted by spaces or hyphens.
    ///
    /// ```
    /// use kanak_codes::identifiers::Aadhaar;
    /// assert_eq!(Aadhaar::parse("੨੩੪੧ 2341 2346")?.to_string(), "XXXX XXXX 2346");
    /// # Ok::<_, kanak_codes::identifiers::IdentifierError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let number = Fixed::fit(KIND, "999999999999", &without_separators(text))?;
        check(number.bytes()).map_err(|rule| IdentifierError { kind: KIND, rule })?;
        Ok(Self(number))
    }

    /// The twelve digits. Never log, store or show them outside the vault.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// All that may be shown: `XXXX XXXX 2346`.
    pub fn masked(&self) -> String {
        format!("XXXX XXXX {}", &self.0.as_str()[8..])
    }
}

/// The rules beyond "twelve ASCII digits".
pub(super) fn check(digits: &[u8; 12]) -> Result<(), BrokenRule> {
    if digits[0] < b'2' {
        Err(BrokenRule::Character { position: 1, expected: "a digit from 2 to 9" })
    } else if digits.iter().eq(digits.iter().rev()) {
        Err(BrokenRule::Palindrome)
    } else if verhoeff_holds(digits) {
        Ok(())
    } else {
        Err(BrokenRule::CheckDigit)
    }
}

impl fmt::Display for Aadhaar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.masked())
    }
}

impl fmt::Debug for Aadhaar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Aadhaar({})", self.masked())
    }
}
