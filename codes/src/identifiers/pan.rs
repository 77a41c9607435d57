//! Permanent account numbers of the Income Tax Department.

use std::fmt;

use super::{
    error::{BrokenRule, IdentifierError},
    fixed::{Fixed, canonical},
};

const KIND: &str = "pan";

/// A well-formed PAN, `AAAPL1234C`. The fourth letter says what its holder is; the last is a check letter whose rule is
/// not published, so it is not checked. It shows itself masked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pan(Fixed<10>);

impl Pan {
    /// Reads a PAN.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        Self::parse_as(KIND, &canonical(text))
    }

    /// Reads the PAN within another identifier, which errors then name.
    pub(super) fn parse_as(kind: &'static str, text: &str) -> Result<Self, IdentifierError> {
        let number = Fixed::fit(kind, "AAAAA9999A", text)?;
        let broken = |rule| Err(IdentifierError { kind, rule });
        if !b"ABCFGHJLPT".contains(&number.bytes()[3]) {
            return broken(BrokenRule::Character { position: 4, expected: "a holder type: one of ABCFGHJLPT" });
        }
        if number.bytes()[5..9] == *b"0000" {
            return broken(BrokenRule::ZeroSerial);
        }
        Ok(Self(number))
    }

    /// The ten characters.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What the holder is: `P` a person, `C` a company, `F` a firm, `H` a Hindu undivided family, `A` an association, `B` a body
    /// of individuals, `T` a trust, `L` a local authority, `J` a juridical person, `G` the government.
    pub fn holder_type(&self) -> char {
        char::from(self.0.bytes()[3])
    }

    /// The first letter of a person's surname or of another holder's name: evidence for a match.
    pub fn name_initial(&self) -> char {
        char::from(self.0.bytes()[4])
    }

    /// All that may be shown: `AAAPLXXXXC`.
    pub fn masked(&self) -> String {
        let text = self.as_str();
        format!("{}XXXX{}", &text[..5], &text[9..])
    }
}

impl fmt::Display for Pan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.masked())
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pan({})", self.masked())
    }
}
