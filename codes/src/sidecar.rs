//! The sidecar of a code system: what it is, where it comes from, and how its codes look.

use serde::{Deserialize, Serialize};

use crate::{day::Day, declared, error::CodesError, language::Language};

/// What a code system states about itself. [`Sidecar::parse`] refuses a text that leaves out a name, a title, source, licence,
/// date or version, or that has a key which is none of these; an import fills in what it can.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sidecar {
    /// The short name by which it is asked for; also the name of its files.
    pub name: String,
    /// What it is, in English.
    pub title_en: String,
    /// What it is, in Punjabi.
    pub title_pa: String,
    /// What it is, in Hindi.
    pub title_hi: String,
    /// The version of the list.
    pub version: String,
    /// Who published it and where it was read.
    pub source: String,
    /// The licence of the source; `none stated` where it states none.
    pub licence: String,
    /// The date of the source, as precise as it is known; [`NONE_STATED`] where nobody states it.
    pub source_date: String,
    /// Whether the codes are invented for the made-up state.
    pub made_up: bool,
    /// How many concepts the table must have.
    pub concepts: usize,
    /// How many codes the publisher's own count gives, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub official_count: Option<usize>,
    /// Codes are stored in upper case and asked for in any.
    pub case_insensitive: bool,
    /// What a code looks like, as [`crate::CodeSystem::shapes`] says; none means that any text may be a code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shapes: Vec<String>,
    /// Properties that are searched beside code and display.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub searched: Vec<String>,
    /// The code system whose codes the parent column holds; its own name for a hierarchy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_system: Option<String>,
    /// Properties that hold a parent in a further hierarchy of this same system.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hierarchies: Vec<String>,
    /// Parent codes that are known to be missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_orphans: Vec<String>,
    /// The first day on which this version is the one in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Day>,
    /// Known defects and other things to know before relying on it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub notes: String,
}

/// What stands in a sidecar for what nobody states.
pub const NONE_STATED: &str = "none stated";

impl Sidecar {
    /// Reads a sidecar. `file` is how errors name it.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] with the line at fault.
    pub fn parse(file: &str, text: &str) -> Result<Self, CodesError> {
        let sidecar: Self = declared::read(file, text)?;
        let required = [
            ("name", &*sidecar.name),
            ("title_en", &sidecar.title_en),
            ("title_pa", &sidecar.title_pa),
            ("title_hi", &sidecar.title_hi),
            ("version", &sidecar.version),
            ("source", &sidecar.source),
            ("licence", &sidecar.licence),
            ("source_date", &sidecar.source_date),
        ];
        declared::require(file, text, &required)?;
        declared::check_identity(file, &sidecar.name, &sidecar.version)?;
        Ok(sidecar)
    }

    /// Reads what is known so far of a sidecar, for an import to fill in the rest. `file` is how errors name it.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] with the line at fault.
    pub fn parse_draft(file: &str, text: &str) -> Result<Self, CodesError> {
        declared::read(file, text)
    }

    /// The date of the source; `None` where nobody states it.
    pub fn stated_source_date(&self) -> Option<&str> {
        let date = self.source_date.trim();
        (!date.is_empty() && date != NONE_STATED).then_some(date)
    }

    /// The sidecar as text, which [`parse`](Self::parse) reads back.
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("texts, numbers and lists of texts can be written as TOML")
    }

    /// The title in a language.
    pub fn title(&self, language: Language) -> &str {
        match language {
            Language::En => &self.title_en,
            Language::Pa => &self.title_pa,
            Language::Hi => &self.title_hi,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "# a comment\nname = \"pin\"\ntitle_en = \"PINs\"\ntitle_pa = \"ਪਿੰਨ\"\ntitle_hi = \"पिन\"\nversion = \"1\"\n\
        source = \"India Post\"\nlicence = \"GODL-India\"\nsource_date = \"2026-11\"\nmade_up = false\nshapes = [\"999999\", \"9\"]\n\
        known_orphans = []\nconcepts = 3\n";

    #[track_caller]
    fn refuses(text: &str, words: &str) {
        let message = Sidecar::parse("x.toml", text).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }

    #[test]
    fn a_full_sidecar_reads() {
        let sidecar = Sidecar::parse("x.toml", GOOD).unwrap();
        assert_eq!(sidecar.title(Language::Pa), "ਪਿੰਨ");
        assert_eq!(sidecar.shapes, ["999999", "9"]);
        assert_eq!((sidecar.concepts, sidecar.known_orphans.len(), sidecar.made_up), (3, 0, false));
        assert_eq!(sidecar.effective_from, None);
        let dated = Sidecar::parse("x.toml", &format!("{GOOD}effective_from = \"2022-03-11\"\n")).unwrap();
        assert_eq!(dated.effective_from, Day::parse("2022-03-11"));
    }

    #[test]
    fn a_sidecar_without_a_licence_line_is_refused() {
        refuses(&GOOD.replace("licence = \"GODL-India\"\n", ""), "`licence` is missing");
        refuses(&GOOD.replace("GODL-India", " "), "`licence` is missing");
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        refuses("name = \"x\"\nlicense = \"MIT\"", "x.toml line 2: unknown field `license`");
        refuses("name = \"x", "x.toml line 1");
        refuses("name = \"a\" \"b\"", "x.toml line 1");
        refuses("\nshapes = [\"a\" \"b\"]", "x.toml line 2");
        refuses("made_up = \"yes\"", "expected a boolean");
        refuses("[table]", "x.toml line 1");
        refuses(&format!("{GOOD}effective_from = \"11.03.2022\""), "line 14: `11.03.2022` is not a day");
        refuses(&GOOD.replace("\"pin\"", "\"../pin\""), "`name` cannot be `../pin`");
        refuses(&GOOD.replace("version = \"1\"", "version = \"a/b\""), "`version` cannot be `a/b`");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(title in "\\PC{1,20}", notes in "[\"\\\\'\\n\\ta-cਕ]{0,20}", concepts in 0usize..9, made_up: bool) {
            prop_assume!(!title.trim().is_empty());
            let good = Sidecar::parse("x.toml", GOOD).unwrap();
            let sidecar = Sidecar { title_en: title, notes, concepts, made_up, effective_from: Day::parse("2022-03-11"), ..good };
            prop_assert_eq!(Sidecar::parse("x.toml", &sidecar.to_text()).unwrap(), sidecar);
        }
    }
}
