//! Codes of bank branches.

use std::fmt;

use super::{
    error::IdentifierError,
    fixed::{Fixed, canonical},
};

/// A well-formed IFSC, `HDFC0CAACOB`: four letters of the bank, 0, six letters or digits of the branch. Whether there is
/// such a branch the code system `ifsc` knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ifsc(Fixed<11>);

impl Ifsc {
    /// Reads an IFSC.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        Fixed::fit("ifsc", "AAAA0XXXXXX", &canonical(text)).map(Self)
    }

    /// The eleven characters.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The code of the bank, in the code system `bank`.
    pub fn bank(&self) -> &str {
        &self.as_str()[..4]
    }
}

impl fmt::Display for Ifsc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Ifsc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ifsc({})", self.as_str())
    }
}
