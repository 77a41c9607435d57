//! Registration numbers of small enterprises.

use std::fmt;

use super::{
    error::IdentifierError,
    fixed::{Fixed, canonical},
};

const KIND: &str = "udyam";

/// A well-formed Udyam registration number, `UDYAM-PB-12-0001234`: state letters, a district number of the registry's own,
/// a serial number. It has no check digit. Numbers of the older Udyog Aadhaar are refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Udyam(Fixed<19>);

impl Udyam {
    /// Reads an Udyam number.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        // `A` in the pattern stands for any letter, so the A of UDYAM is compared apart.
        let number = Fixed::fit(KIND, "UDYAM-AA-99-9999999", &canonical(text))?;
        if number.bytes()[3] != b'A' {
            let rule = super::BrokenRule::Character { position: 4, expected: "as in UDYAM-PB-00-0000000" };
            return Err(IdentifierError { kind: KIND, rule });
        }
        Ok(Self(number))
    }

    /// The nineteen characters.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The two letters of the state; Punjab is `PB`.
    pub fn state(&self) -> &str {
        &self.as_str()[6..8]
    }
}

impl fmt::Display for Udyam {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Udyam {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Udyam({})", self.as_str())
    }
}
