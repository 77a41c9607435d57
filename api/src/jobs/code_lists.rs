//! Lists of codes from outside: read, checked, made into a version, and compared with the one before it. Pure.

use kanak_codes::{Codes, CodesError, Day, Sidecar, import_csv, import_digit, import_fhir};
use kanak_store::CodeParts;

use crate::jobs::code_difference::Difference;

/// How a list from outside is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFormat {
    /// CSV with a header, plain or gzip-compressed.
    Csv,
    /// A FHIR `CodeSystem` in JSON.
    Fhir,
    /// A master of DIGIT's MDMS in JSON.
    Digit,
}

impl ListFormat {
    /// Reads `csv`, `fhir` or `digit`.
    pub fn find(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "fhir" => Some(Self::Fhir),
            "digit" => Some(Self::Digit),
            _ => None,
        }
    }

    /// What a list looks like.
    pub fn of(bytes: &[u8]) -> Self {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && **byte < 0x80);
        match first {
            Some(b'{') if states(bytes, "resourceType") => Self::Fhir,
            Some(b'{' | b'[') => Self::Digit,
            _ => Self::Csv,
        }
    }
}

/// Whether a JSON object states a text of this name.
fn states(bytes: &[u8], name: &str) -> bool {
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    value.is_some_and(|value| {
        value.get(name).and_then(serde_json::Value::as_str).is_some_and(|text| !text.trim().is_empty())
    })
}

/// A list from outside, and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListToRead {
    /// The code system.
    pub system: String,
    /// How it is written; `None` for what it looks like.
    pub format: Option<ListFormat>,
    /// Its version; `None` for what it says itself, or else the day on which it comes into force.
    pub version: Option<String>,
    /// The first day on which it is in force; `None` for today where the code system is there.
    pub effective_from: Option<Day>,
    /// What is known of its sidecar; `None` for what the version before says.
    pub sidecar: Option<String>,
    /// Which master of a DIGIT file with several.
    pub master: Option<String>,
    /// The list.
    pub bytes: Vec<u8>,
}

/// A list that was read and checked, and compared with the version before it. Nothing is written yet.
#[derive(Debug, Clone)]
pub struct ListRead {
    /// The code system.
    pub system: String,
    /// Its version.
    pub version: String,
    /// The first day on which it is in force.
    pub effective_from: Option<Day>,
    /// How many concepts it has.
    pub concepts: u64,
    /// How it differs.
    pub difference: Difference,
    /// What was left out or filled in.
    pub notes: Vec<String>,
    pub(super) parts: CodeParts,
}

impl ListToRead {
    /// Reads and checks the whole list, and compares it with the version before it.
    ///
    /// # Errors
    /// [`CodesError`] that names the row at fault and the remedy: all of the list is taken or nothing.
    pub fn read(&self, codes: &Codes, today: Day) -> Result<ListRead, CodesError> {
        let format = self.format.unwrap_or_else(|| ListFormat::of(&self.bytes));
        let sidecar = self.draft(codes, today, format)?;
        let imported = match format {
            ListFormat::Csv => import_csv(sidecar, &self.bytes),
            ListFormat::Fhir => import_fhir(sidecar, &self.bytes),
            ListFormat::Digit => import_digit(sidecar, self.master.as_deref(), &self.bytes),
        }?;
        let with = codes.with(vec![imported.part()])?;
        let system = &imported.system;
        Ok(ListRead {
            system: system.name().to_owned(),
            version: system.version().to_owned(),
            effective_from: system.effective_from(),
            concepts: system.len() as u64,
            difference: Difference::of(&with, system),
            parts: CodeParts { sidecar: system.sidecar_text(), packed_csv: system.packed_csv().to_vec() },
            notes: imported.notes,
        })
    }

    /// What is known of the sidecar before the list is read.
    fn draft(&self, codes: &Codes, today: Day, format: ListFormat) -> Result<Sidecar, CodesError> {
        let fail = |problem: String| CodesError::Import { place: "the sidecar".to_owned(), problem };
        let newest = codes.versions(&self.system).next_back();
        let mut sidecar = match (&self.sidecar, newest) {
            (Some(text), _) => Sidecar::parse_draft("sidecar", text)?,
            (None, Some(newest)) => Sidecar {
                version: String::new(),
                source_date: String::new(),
                effective_from: None,
                ..newest.sidecar().clone()
            },
            (None, None) if format == ListFormat::Fhir => Sidecar::default(),
            (None, None) => {
                return Err(fail(format!(
                    "there is no code system `{}` yet; send a sidecar with its title_en, source and licence",
                    self.system
                )));
            }
        };
        if sidecar.name.is_empty() {
            sidecar.name.clone_from(&self.system);
        }
        if sidecar.name != self.system {
            return Err(fail(format!(
                "its name is `{}`, and `{}` is imported; make them one",
                sidecar.name, self.system
            )));
        }
        sidecar.effective_from =
            self.effective_from.or(sidecar.effective_from).or_else(|| newest.is_some().then_some(today));
        let day = sidecar.effective_from.unwrap_or(today).to_string();
        let is_stated = |name: &str| format == ListFormat::Fhir && states(&self.bytes, name);
        if let Some(version) = &self.version {
            sidecar.version.clone_from(version);
        } else if sidecar.version.is_empty() && !is_stated("version") {
            sidecar.version.clone_from(&day);
        }
        if sidecar.source_date.is_empty() && !is_stated("date") {
            sidecar.source_date = day;
        }
        Ok(sidecar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_what_it_looks_like() {
        let check = |text: &str, expected| assert_eq!(ListFormat::of(text.as_bytes()), expected, "{text}");
        check("code,display\nA,Ash\n", ListFormat::Csv);
        check("\u{feff}code,display\n", ListFormat::Csv);
        check(" {\"resourceType\": \"CodeSystem\"}", ListFormat::Fhir);
        check("{\"tenantId\": \"pb\", \"Department\": []}", ListFormat::Digit);
        check("[{\"code\": \"A\"}]", ListFormat::Digit);
        check("", ListFormat::Csv);
    }
}
