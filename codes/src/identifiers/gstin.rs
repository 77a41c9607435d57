//! Goods and services tax identification numbers.

use std::fmt;

use super::{
    checksum::gstin_check_char,
    error::{BrokenRule, IdentifierError},
    fixed::{Fixed, canonical},
    pan::Pan,
};

const KIND: &str = "gstin";

/// A well-formed GSTIN, `27AAPFU0939F1ZV`: a GST state code, the holder's PAN, the number of the registration within the
/// state, `Z`, a check character. It is printed on invoices and shows itself plainly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gstin {
    number: Fixed<15>,
    pan: Pan,
}

impl Gstin {
    /// Reads a GSTIN. Those of tax deductors, collectors and embassies, which do not have a `Z`, are refused.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let number = Fixed::fit(KIND, "99AAAAA9999AXZX", &canonical(text))?;
        let broken = |rule| Err(IdentifierError { kind: KIND, rule });
        if !is_state_code(&number.as_str()[..2]) {
            return broken(BrokenRule::State);
        }
        let pan = Pan::parse_as(KIND, &number.as_str()[2..12]).map_err(|error| {
            let rule = match error.rule {
                BrokenRule::Character { position, expected } => {
                    BrokenRule::Character { position: position + 2, expected }
                }
                other => other,
            };
            IdentifierError { kind: KIND, rule }
        })?;
        if number.bytes()[12] == b'0' {
            return broken(BrokenRule::Character {
                position: 13,
                expected: "a registration number: 1 to 9 or a letter",
            });
        }
        if gstin_check_char(&number.as_str()[..14]) != Some(char::from(number.bytes()[14])) {
            return broken(BrokenRule::CheckDigit);
        }
        Ok(Self { number, pan })
    }

    /// The fifteen characters.
    pub fn as_str(&self) -> &str {
        self.number.as_str()
    }

    /// The PAN of the holder, which links a proprietor's business to the person.
    pub fn pan(&self) -> Pan {
        self.pan
    }

    /// The GST state code; Punjab is `03`.
    pub fn state_code(&self) -> &str {
        &self.as_str()[..2]
    }

    /// The check character, the last.
    pub fn check(&self) -> char {
        char::from(self.number.bytes()[14])
    }
}

/// States and union territories are 01 to 38; 96 is abroad, 97 other territory, 99 the centre.
fn is_state_code(code: &str) -> bool {
    matches!(code, "96" | "97" | "99") || ("01"..="38").contains(&code)
}

impl fmt::Display for Gstin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Gstin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Gstin({})", self.as_str())
    }
}
