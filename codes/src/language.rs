//! The languages a concept may be named in.

use serde::{Deserialize, Serialize};

/// A language of the state: English, Punjabi in Gurmukhi script, Hindi in Devanagari script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English, `en`.
    En,
    /// Punjabi, `pa`.
    Pa,
    /// Hindi, `hi`.
    Hi,
}

impl Language {
    /// Every language, English first.
    pub const ALL: [Self; 3] = [Self::En, Self::Pa, Self::Hi];

    /// The two-letter tag of BCP 47.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Pa => "pa",
            Self::Hi => "hi",
        }
    }

    /// The language of a tag such as `pa` or `pa-IN`; `None` for any other language.
    ///
    /// ```
    /// use kanak_codes::Language;
    /// assert_eq!(Language::find_by_tag("pa-Guru-IN"), Some(Language::Pa));
    /// assert_eq!(Language::find_by_tag("ta"), None);
    /// ```
    pub fn find_by_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }
}
