//! Lists of codes from outside: read, checked, made into a version, and compared with the one before it. Pure.

use kanak_codes::{
    CodeSystem, Codes, CodesError, Day, Imported, NONE_STATED, Sidecar, diff, digit_objects, import_csv, import_digit,
    import_fhir, last_day_of,
};
use kanak_store::CodeParts;

use crate::jobs::code_difference::Difference;
use crate::mdms::{masters, read_back::read_back};

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
            Some(b'{') if stated(bytes, "resourceType").is_some() => Self::Fhir,
            Some(b'{' | b'[') => Self::Digit,
            _ => Self::Csv,
        }
    }
}

/// The text of this name that a JSON object states.
fn stated(bytes: &[u8], name: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let text = value.get(name)?.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
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
    /// The date of its source: a day, or as precisely as it is known (`2026-04`, `2026`); `None` for what the sidecar or the list says,
    /// or else for a date that is not known.
    pub source_date: Option<String>,
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
    /// Whether that version is there already and says just this: nothing would change.
    pub is_there: bool,
    pub(super) parts: CodeParts,
}

impl ListToRead {
    /// Reads and checks the whole list, and compares it with the version before it.
    ///
    /// # Errors
    /// [`CodesError`] that names the row at fault and the remedy: all of the list is taken or nothing.
    pub fn read(&self, codes: &Codes, today: Day) -> Result<ListRead, CodesError> {
        let format = self.format.unwrap_or_else(|| ListFormat::of(&self.bytes));
        let mut number = 1;
        loop {
            let draft = self.draft(codes, today, format, number)?;
            let imported = self.import(codes, format, draft.sidecar, draft.known)?;
            let there = codes.system_version(imported.system.name(), imported.system.version());
            let is_there = there.is_some_and(|there| says_the_same(there, &imported.system));
            // A version that nobody named gives way to one that says something else: lists of one day stand beside each other.
            let gives_way = there.is_some() && !is_there && draft.is_named_by_day && number < NUMBER_MAX;
            if !gives_way {
                return list_read(codes, imported, there.filter(|_| is_there));
            }
            number += 1;
        }
    }

    /// Reads the list. A master of DIGIT shows a part of its code system; the rest is what `known` says, or else the current version.
    fn import(
        &self,
        codes: &Codes,
        format: ListFormat,
        sidecar: Sidecar,
        known: Option<&CodeSystem>,
    ) -> Result<Imported, CodesError> {
        let master = self.master.as_deref();
        match format {
            ListFormat::Csv => import_csv(sidecar, &self.bytes),
            ListFormat::Fhir => import_fhir(sidecar, &self.bytes),
            ListFormat::Digit => {
                let base = known.or_else(|| codes.system(&self.system));
                match base.zip(masters::find_of_system(&self.system, master)) {
                    Some((base, of)) => read_back(of, base, sidecar, &digit_objects(master, &self.bytes)?),
                    None => import_digit(sidecar, master, &self.bytes),
                }
            }
        }
    }

    /// What is known of the sidecar before the list is read. `number` counts the versions that are named after one day.
    fn draft<'c>(
        &self,
        codes: &'c Codes,
        today: Day,
        format: ListFormat,
        number: usize,
    ) -> Result<Draft<'c>, CodesError> {
        let fail = |problem: String| CodesError::Import { place: "the sidecar".to_owned(), problem };
        let newest = codes.versions(&self.system).next_back();
        let says = |name: &str| if format == ListFormat::Fhir { stated(&self.bytes, name) } else { None };
        let draft = self.sidecar.as_ref().map(|text| Sidecar::parse_draft("sidecar", text)).transpose()?;
        let asked_day = self.effective_from.or(draft.as_ref().and_then(|draft| draft.effective_from));
        let named = self.version.clone();
        let named = named.or_else(|| draft.as_ref().map(|draft| draft.version.clone()).filter(|one| !one.is_empty()));
        let named = named.or_else(|| says("version"));
        let is_named_by_day = named.is_none();
        let version = named.unwrap_or_else(|| {
            let day = asked_day.unwrap_or(today);
            if number == 1 { day.to_string() } else { format!("{day}-{number}") }
        });
        let known = codes.system_version(&self.system, &version);
        let mut sidecar = match (draft, known.or(newest)) {
            (Some(draft), _) => draft,
            (None, Some(before)) => Sidecar { source_date: String::new(), ..before.sidecar().clone() },
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
        sidecar.version = version;
        // A version that is there keeps what it says of itself where nothing else is said.
        sidecar.effective_from = asked_day.or_else(|| match known {
            Some(known) => known.effective_from(),
            None => newest.is_some().then_some(today),
        });
        if let Some(date) = &self.source_date {
            check_source_date(date)?;
            sidecar.source_date.clone_from(date);
        } else if sidecar.source_date.trim().is_empty() {
            let date = says("date").or_else(|| known.map(|known| known.source_date().to_owned()));
            sidecar.source_date = date.unwrap_or_else(|| NONE_STATED.to_owned());
        }
        Ok(Draft { sidecar, known, is_named_by_day })
    }
}

/// So many versions may be named after one day.
const NUMBER_MAX: usize = 99;

/// What is known of a list before it is read.
struct Draft<'c> {
    sidecar: Sidecar,
    /// The version that it would be, where that is there already.
    known: Option<&'c CodeSystem>,
    /// Whether neither the caller nor the list says which version it is.
    is_named_by_day: bool,
}

/// A list that was read, beside the version that is there and says the same, if there is one.
fn list_read(codes: &Codes, imported: Imported, there: Option<&CodeSystem>) -> Result<ListRead, CodesError> {
    let system = &imported.system;
    let difference = match there {
        Some(there) => Difference::none_to(there),
        None => {
            let with = codes.with(vec![imported.part()])?;
            Difference::of(&with, system)
        }
    };
    Ok(ListRead {
        system: system.name().to_owned(),
        version: system.version().to_owned(),
        effective_from: system.effective_from(),
        concepts: system.len() as u64,
        difference,
        is_there: there.is_some(),
        parts: CodeParts { sidecar: system.sidecar_text(), packed_csv: system.packed_csv().to_vec() },
        notes: imported.notes,
    })
}

/// Whether two versions say the same of themselves and of every code, however their tables are packed.
fn says_the_same(there: &CodeSystem, read: &CodeSystem) -> bool {
    there.sidecar() == read.sidecar() && diff(there, read).is_empty()
}

/// Refuses what is no date of a source.
fn check_source_date(text: &str) -> Result<(), CodesError> {
    if last_day_of(text).is_some() {
        return Ok(());
    }
    let shown = crate::server::problem::beginning(text, 40);
    let problem =
        format!("`{shown}` is no date; write it as 2026-04-01, or as precisely as it is known: 2026-04 or 2026");
    Err(CodesError::Import { place: "the date of the source".to_owned(), problem })
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
