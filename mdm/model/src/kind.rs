//! The semantic type of an attribute, and how carefully it is handled.

use serde::{Deserialize, Serialize};

/// What a value means: decides how it is standardized, checked and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person's name, in any order and any of three scripts.
    PersonName,
    /// The name of a firm, shop or company.
    BusinessName,
    /// A calendar date, perhaps only a year. Standard form: see [`crate::PartialDate`].
    Date,
    /// An instant. Standard form: RFC 3339 in UTC.
    Timestamp,
    /// `F`, `M` or `X`.
    Sex,
    /// A ten-digit Indian mobile number.
    Mobile,
    /// An e-mail address.
    Email,
    /// An Aadhaar number: only the vault holds it. Standard form everywhere else: a random reference.
    Aadhaar,
    /// Permanent account number.
    Pan,
    /// Goods and services tax number.
    Gstin,
    /// Voter card number.
    Epic,
    /// Udyam registration number.
    Udyam,
    /// Bank branch code.
    Ifsc,
    /// A postal address in one field.
    Address,
    /// A village, locality or town by name.
    PlaceName,
    /// A district: standardized to its LGD code.
    District,
    /// A sub-district (tehsil): standardized to its LGD code where the district tells it.
    SubDistrict,
    /// Six-digit postal code.
    Pin,
    /// A number or word that some office issued (ration card, account, licence): compared exactly.
    Identifier,
    /// A code of the code system that the attribute names.
    Code,
    /// A key of a register of another entity: standard form `source_system:key`.
    SourceKey,
    /// A whole number.
    Integer,
    /// An amount in rupees; standard form: whole paise.
    Money,
    /// Yes or no. Standard form: `true` or `false`.
    Flag,
    /// Anything else, as written.
    Text,
}

/// How a value is stored in a typed column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Physical {
    /// UTF-8 text.
    Text,
    /// Days since 1970-01-01. Only dates known to the day.
    Day,
    /// UTC microseconds.
    Timestamp,
    /// 64-bit integer (whole numbers, paise).
    Integer,
    /// True or false.
    Flag,
}

impl Kind {
    /// The column type that carries this kind in events and dimensions. A [`Kind::Date`] that may be partial stays text.
    pub fn physical(self) -> Physical {
        match self {
            Self::Timestamp => Physical::Timestamp,
            Self::Integer | Self::Money => Physical::Integer,
            Self::Flag => Physical::Flag,
            _ => Physical::Text,
        }
    }

    /// The name used in TOML, profiles and error messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::PersonName => "person_name",
            Self::BusinessName => "business_name",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Sex => "sex",
            Self::Mobile => "mobile",
            Self::Email => "email",
            Self::Aadhaar => "aadhaar",
            Self::Pan => "pan",
            Self::Gstin => "gstin",
            Self::Epic => "epic",
            Self::Udyam => "udyam",
            Self::Ifsc => "ifsc",
            Self::Address => "address",
            Self::PlaceName => "place_name",
            Self::District => "district",
            Self::SubDistrict => "sub_district",
            Self::Pin => "pin",
            Self::Identifier => "identifier",
            Self::Code => "code",
            Self::SourceKey => "source_key",
            Self::Integer => "integer",
            Self::Money => "money",
            Self::Flag => "flag",
            Self::Text => "text",
        }
    }
}

/// How carefully a value is handled. The order is from open to closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Anyone may see it.
    Public,
    /// Anyone who signs in may see it.
    Internal,
    /// Tells about a person: needs a purpose.
    Personal,
    /// Could harm a person: needs a purpose and a role that names it.
    Sensitive,
}
