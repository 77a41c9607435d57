//! Indian mobile numbers.

use std::fmt;

use super::{
    error::{BrokenRule, IdentifierError},
    fixed::{Fixed, without_separators},
};

const KIND: &str = "mobile";

/// A mobile number of ten digits, the first 6 to 9. It shows itself masked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mobile(Fixed<10>);

impl Mobile {
    /// Reads a number, with or without `+91`, `0091`, `91` or `0` before it, with spaces, hyphens or brackets within it.
    ///
    /// ```
    /// use kanak_codes::identifiers::Mobile;
    /// assert_eq!(Mobile::parse("+91 98140-12345")?.as_str(), "9814012345");
    /// # Ok::<_, kanak_codes::identifiers::IdentifierError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let mut digits = without_separators(text);
        digits.retain(|character| !matches!(character, '(' | ')'));
        let number = Fixed::fit(KIND, "9999999999", national(&digits))?;
        if number.bytes()[0] < b'6' {
            let rule = BrokenRule::Character { position: 1, expected: "a digit from 6 to 9" };
            return Err(IdentifierError { kind: KIND, rule });
        }
        Ok(Self(number))
    }

    /// The ten digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The number as E.164 writes it: `+919814012345`.
    pub fn e164(&self) -> String {
        format!("+91{}", self.as_str())
    }

    /// All that may be shown: `XXXXXX2345`.
    pub fn masked(&self) -> String {
        format!("XXXXXX{}", &self.as_str()[6..])
    }
}

/// What follows a country or trunk prefix. A bare `91` is a prefix only when ten digits follow it.
fn national(digits: &str) -> &str {
    if let Some(rest) = digits.strip_prefix("+91").or_else(|| digits.strip_prefix("0091")) {
        return rest.strip_prefix('0').filter(|rest| rest.len() == 10).unwrap_or(rest);
    }
    ["91", "0"].iter().find_map(|prefix| digits.strip_prefix(prefix).filter(|rest| rest.len() == 10)).unwrap_or(digits)
}

impl fmt::Display for Mobile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.masked())
    }
}

impl fmt::Debug for Mobile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mobile({})", self.masked())
    }
}
