//! Wire types of value sets.

use std::collections::BTreeMap;

use kanak_codes::{Codes, CodesError, Expansion, OneOrMore, Rule, ValueSet};
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::code_systems::view::{status_word, titles, url_of};

/// A value set with its origin and its rules.
#[derive(Serialize, ToSchema)]
pub struct ValueSetView {
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
    /// Whether it is made up.
    made_up: bool,
    /// What to know before relying on it.
    notes: String,
    /// The code systems whose codes it takes.
    systems: Vec<String>,
    /// What is taken in.
    include: Vec<RuleView>,
    /// What is left out of that.
    exclude: Vec<RuleView>,
    /// What its rules name that is not there.
    problems: Vec<String>,
}

/// Which concepts a rule is about: those for which all of its conditions hold.
#[derive(Serialize, ToSchema)]
pub struct RuleView {
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_a: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hierarchy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    /// The property on the left has one of the values on the right.
    #[serde(rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_set: Option<String>,
}

impl From<&Rule> for RuleView {
    fn from(rule: &Rule) -> Self {
        let values = |values: &OneOrMore| match values {
            OneOrMore::One(one) => vec![one.clone()],
            OneOrMore::More(more) => more.clone(),
        };
        Self {
            system: rule.system.clone(),
            codes: rule.codes.clone(),
            is_a: rule.is_a.clone(),
            hierarchy: rule.hierarchy.clone(),
            parent: rule.parent.clone(),
            status: rule.status.map(status_word),
            properties: rule.properties.iter().map(|(name, of)| (name.clone(), values(of))).collect(),
            value_set: rule.value_set.clone(),
        }
    }
}

impl ValueSetView {
    /// A value set of these codes.
    ///
    /// # Errors
    /// [`CodesError::UnknownValueSet`] of one that is not among them.
    pub fn new(codes: &Codes, set: &ValueSet) -> Result<Self, CodesError> {
        Ok(Self {
            name: set.name().to_owned(),
            url: url_of("value-set", set.name()),
            titles: titles(|language| set.title_in(language)),
            version: set.version().to_owned(),
            source: set.source().to_owned(),
            licence: set.licence().to_owned(),
            made_up: set.is_made_up(),
            notes: set.notes().to_owned(),
            systems: codes.systems_of(set.name())?.into_iter().map(str::to_owned).collect(),
            include: set.includes().iter().map(RuleView::from).collect(),
            exclude: set.excludes().iter().map(RuleView::from).collect(),
            problems: codes.problems_of(set.name())?,
        })
    }
}

/// A page of the codes of a value set.
#[derive(Serialize, ToSchema)]
pub struct ExpansionView {
    /// How many there are on all pages.
    pub total: usize,
    /// How many were passed over.
    pub offset: usize,
    /// The code systems that were listed, with their versions.
    pub systems: BTreeMap<String, String>,
    /// The codes of the page.
    pub codes: Vec<ExpandedView>,
}

/// A code of an expansion.
#[derive(Serialize, ToSchema)]
pub struct ExpandedView {
    /// Its code system.
    pub system: String,
    /// The code.
    pub code: String,
    /// Its display in the language asked for, or the English one.
    pub display: String,
    /// `active` or `retired`.
    pub status: &'static str,
}

impl From<Expansion<'_>> for ExpansionView {
    fn from(expansion: Expansion<'_>) -> Self {
        let systems = expansion.systems.iter();
        let codes = expansion.concepts.iter().map(|expanded| ExpandedView {
            system: expanded.system.name().to_owned(),
            code: expanded.concept.code().to_owned(),
            display: expanded.display.to_owned(),
            status: status_word(expanded.concept.status()),
        });
        Self {
            total: expansion.total,
            offset: expansion.offset,
            systems: systems.map(|system| (system.name().to_owned(), system.version().to_owned())).collect(),
            codes: codes.collect(),
        }
    }
}
