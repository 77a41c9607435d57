//! Names of codes, in the page's language where the code system has them.

use kanak_codes::{Codes, Concept};
use kanak_model::Language;
use kanak_store::SourceSystemRow;

/// The page's language as the code systems say it.
pub(crate) fn of(language: Language) -> kanak_codes::Language {
    match language {
        Language::En => kanak_codes::Language::En,
        Language::Pa => kanak_codes::Language::Pa,
        Language::Hi => kanak_codes::Language::Hi,
    }
}

/// The name of a code; the code itself where its system does not know it, and a dash where there is none.
pub(crate) fn code_name(codes: &Codes, system: &str, code: &str, language: Language) -> String {
    if code.is_empty() {
        return "not stated".to_owned();
    }
    let concept = codes.system(system).and_then(|system| system.lookup(code));
    concept.map_or_else(|| code.to_owned(), |concept| concept_name(concept, language))
}

/// The name of a district by its LGD code.
pub(crate) fn district(codes: &Codes, code: &str, language: Language) -> String {
    code_name(codes, "lgd-district", code, language)
}

/// The name of a concept; a label of ordinary capitals is preferred to the register's own capitals.
pub(crate) fn concept_name(concept: Concept<'_>, language: Language) -> String {
    let own = (language != Language::En).then(|| concept.designation(of(language))).flatten();
    own.or_else(|| concept.property("label")).unwrap_or_else(|| concept.display()).to_owned()
}

/// The districts of the state, code and name, by name.
pub(crate) fn districts(codes: &Codes, language: Language) -> Vec<(String, String)> {
    /// LGD code of Punjab.
    const STATE: &str = "3";
    let system = codes.system("lgd-district").into_iter();
    let mut districts: Vec<(String, String)> = system
        .flat_map(|system| system.children(STATE))
        .map(|concept| (concept.code().to_owned(), concept_name(concept, language)))
        .collect();
    districts.sort_by(|a, b| a.1.cmp(&b.1));
    districts
}

/// The title of a register by its name in the deployment; the name where it is not among these.
pub(crate) fn register<'a>(sources: &'a [SourceSystemRow], name: &'a str, language: Language) -> &'a str {
    let found = sources.iter().find(|source| source.name == name);
    found.map_or(name, |source| source.title.get(language))
}
