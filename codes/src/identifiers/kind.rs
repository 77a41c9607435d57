//! The identifiers that can be checked by name.

use serde::{Deserialize, Serialize};

use super::{Aadhaar, Epic, Gstin, IdentifierError, Mobile, Pan, Udyam};

/// An identifier whose rules are all in the number itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckedKind {
    /// [`Aadhaar`].
    Aadhaar,
    /// [`Pan`].
    Pan,
    /// [`Gstin`].
    Gstin,
    /// [`Epic`].
    Epic,
    /// [`Mobile`].
    Mobile,
    /// [`Udyam`].
    Udyam,
}

impl CheckedKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Aadhaar, Self::Pan, Self::Gstin, Self::Epic, Self::Mobile, Self::Udyam];

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aadhaar => "aadhaar",
            Self::Pan => "pan",
            Self::Gstin => "gstin",
            Self::Epic => "epic",
            Self::Mobile => "mobile",
            Self::Udyam => "udyam",
        }
    }

    /// The kind of a name; `None` for any other word.
    pub fn parse_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a text is such an identifier, and if not, the first rule it breaks.
    pub fn check(self, text: &str) -> Result<(), IdentifierError> {
        match self {
            Self::Aadhaar => Aadhaar::parse(text).map(drop),
            Self::Pan => Pan::parse(text).map(drop),
            Self::Gstin => Gstin::parse(text).map(drop),
            Self::Epic => Epic::parse(text).map(drop),
            Self::Mobile => Mobile::parse(text).map(drop),
            Self::Udyam => Udyam::parse(text).map(drop),
        }
    }
}
