//! Titles in the state's three languages.

use serde::{Deserialize, Serialize};

/// A language that pages and titles come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Punjabi, in Gurmukhi.
    Pa,
    /// Hindi, in Devanagari.
    Hi,
}

/// A title in English, and in Punjabi and Hindi where someone wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Titles {
    /// English.
    pub en: String,
    /// Punjabi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pa: Option<String>,
    /// Hindi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hi: Option<String>,
}

impl Titles {
    /// The title in `language`, or in English where it is not written in that.
    pub fn get(&self, language: Language) -> &str {
        let wanted = match language {
            Language::En => None,
            Language::Pa => self.pa.as_deref(),
            Language::Hi => self.hi.as_deref(),
        };
        wanted.unwrap_or(&self.en)
    }
}
