//! Wire types of code systems: what the API answers and `kanak codes --json` prints.

use std::collections::BTreeMap;

use kanak_codes::{CodeSystem, Concept, Language, Status};
use serde::Serialize;
use utoipa::ToSchema;

/// A code system with its origin.
#[derive(Serialize, ToSchema)]
pub struct CodeSystemView {
    /// Its name in URLs.
    name: String,
    /// Its title in English.
    title: String,
    /// Which edition is served.
    version: String,
    /// Where it comes from.
    source: String,
    /// Under which licence.
    licence: String,
    /// Whether all or part of it is made up.
    made_up: bool,
    /// How many concepts it has.
    concepts: usize,
}

impl From<&CodeSystem> for CodeSystemView {
    fn from(system: &CodeSystem) -> Self {
        Self {
            name: system.name().to_owned(),
            title: system.title().to_owned(),
            version: system.version().to_owned(),
            source: system.source().to_owned(),
            licence: system.licence().to_owned(),
            made_up: system.is_made_up(),
            concepts: system.len(),
        }
    }
}

/// One concept.
#[derive(Serialize, ToSchema)]
pub struct ConceptView {
    /// The code system's name.
    system: String,
    /// The code.
    code: String,
    /// The English display.
    display: String,
    /// Displays by language tag.
    designations: BTreeMap<&'static str, String>,
    /// The code above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// `active` or `retired`.
    status: &'static str,
    /// What else is known of it.
    properties: BTreeMap<String, String>,
}

impl ConceptView {
    /// A concept of a system.
    pub fn new(system: &CodeSystem, concept: Concept<'_>) -> Self {
        let languages = [Language::En, Language::Pa, Language::Hi].into_iter();
        Self {
            system: system.name().to_owned(),
            code: concept.code().to_owned(),
            display: concept.display().to_owned(),
            designations: languages
                .filter_map(|language| Some((language.tag(), concept.designation(language)?.to_owned())))
                .collect(),
            parent: concept.parent().map(str::to_owned),
            status: status_word(concept.status()),
            properties: concept.properties().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }
}

/// The word for a concept's status.
pub fn status_word(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Retired => "retired",
    }
}
