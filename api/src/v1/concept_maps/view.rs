//! Wire types of concept maps.

use std::collections::BTreeMap;

use kanak_codes::{ConceptMap, Translation};
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::code_systems::view::{titles, url_of};

/// A concept map with its origin.
#[derive(Serialize, ToSchema)]
pub struct ConceptMapView {
    /// Its name in URLs.
    name: String,
    /// Its canonical URL, by which FHIR clients know it.
    url: String,
    /// Its titles by language tag.
    titles: BTreeMap<&'static str, String>,
    version: String,
    /// Who says so.
    source: String,
    licence: String,
    made_up: bool,
    /// The code system that is mapped.
    source_system: String,
    /// The code system it is mapped to.
    target_system: String,
    /// Whether it tells which code came out of which through time.
    lineage: bool,
    /// How many rows it has.
    rows: usize,
    /// What to know before relying on it.
    notes: String,
}

impl From<&ConceptMap> for ConceptMapView {
    fn from(map: &ConceptMap) -> Self {
        Self {
            name: map.name().to_owned(),
            url: url_of("concept-map", map.name()),
            titles: titles(|language| map.title_in(language)),
            version: map.version().to_owned(),
            source: map.source().to_owned(),
            licence: map.licence().to_owned(),
            made_up: map.is_made_up(),
            source_system: map.source_system().to_owned(),
            target_system: map.target_system().to_owned(),
            lineage: map.is_lineage(),
            rows: map.len(),
            notes: map.notes().to_owned(),
        }
    }
}

/// What a code translates to.
#[derive(Serialize, ToSchema)]
pub struct TranslationView {
    /// The code that was asked about, as the map writes it.
    pub from_code: String,
    /// The code it leads to; empty where the map says that there is none.
    pub to_code: String,
    /// The display of `to_code`; absent where it is no code of its system on the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// How `to_code` stands to `from_code`, in the words of FHIR R5.
    pub relationship: &'static str,
    /// The first day on which this holds, where it has not always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// What the author of the map says about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

impl From<Translation<'_>> for TranslationView {
    fn from(translation: Translation<'_>) -> Self {
        let Translation { mapping, concept } = translation;
        Self {
            from_code: mapping.from_code.to_owned(),
            to_code: mapping.to_code.to_owned(),
            display: concept.map(|concept| concept.display().to_owned()),
            relationship: mapping.relationship.word(),
            valid_from: mapping.valid_from.map(|day| day.to_string()),
            comment: mapping.comment.to_owned(),
        }
    }
}
