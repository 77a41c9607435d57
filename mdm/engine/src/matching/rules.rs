//! The matching part of an entity model, checked and resolved to fields.

use kanak_model::entity_model::{BlockingKey, BlockingRule, Comparison, EntityModel, KeyPart, Thresholds};
use kanak_model::kind::Kind;
use serde::{Deserialize, Serialize};

use super::columns::{Columns, ColumnsBuilder};
use super::levels::Method;

/// Rules that cannot be used for matching. The author of the model must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// No comparison, so every pair would weigh the same.
    #[error("entity `{entity}` has no [[matching.comparison]]; add one for each attribute that tells two apart")]
    NothingToCompare {
        /// The entity.
        entity: String,
    },
    /// No blocking rule, so no pair would be compared.
    #[error("entity `{entity}` has no [[matching.blocking]]; add at least one rule, such as `keys = [\"{example}\"]`")]
    NothingToBlockOn {
        /// The entity.
        entity: String,
        /// One of its attributes.
        example: String,
    },
    /// A key's part does not exist in its attribute's kind.
    #[error("blocking key `{key}`: kind `{kind}` has no part `{part}`; it has {known}")]
    NoSuchPart {
        /// The key as written.
        key: String,
        /// The kind of its attribute.
        kind: &'static str,
        /// The part.
        part: &'static str,
        /// The parts it has.
        known: &'static str,
    },
    /// Two attributes that are compared crosswise must be of one kind, and of one that can be.
    #[error(
        "comparison of `{attribute}` crosswise with `{other}`: both must be person names, or a date of death and a date of the living"
    )]
    CrosswiseKinds {
        /// The attribute.
        attribute: String,
        /// The other one.
        other: String,
    },
    /// An attribute is named that the model does not have.
    #[error("matching names `{attribute}`, which entity `{entity}` does not have")]
    NoSuchAttribute {
        /// The entity.
        entity: String,
        /// The attribute.
        attribute: String,
    },
    /// More blocking rules than a row has room for.
    #[error("entity `{entity}` has {count} blocking rules; at most {limit} fit")]
    TooManyBlockingRules {
        /// The entity.
        entity: String,
        /// How many it has.
        count: usize,
        /// How many fit.
        limit: usize,
    },
    /// More comparisons than a pattern has room for.
    #[error("entity `{entity}` has {count} comparisons; at most {limit} fit")]
    TooMany {
        /// The entity.
        entity: String,
        /// How many it has.
        count: usize,
        /// How many fit.
        limit: usize,
    },
}

/// The comparison that asks whether two source records stand in one register. Most registers list a person once, so that two of
/// one register are less likely the same one than two of different registers; how much less is trained.
pub const SAME_REGISTER: &str = "same_register";

/// An attribute that matching reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The attribute's name.
    pub name: String,
    /// What its values mean.
    pub kind: Kind,
}

/// The matching part of an entity model: checked, and free of everything that matching does not read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatchRules {
    /// The entity's name.
    pub entity: String,
    /// The attributes that matching reads.
    pub fields: Vec<Field>,
    /// The attribute that names the entity: what tells two relatives apart.
    pub label: String,
    /// The blocking rules, in the order of the model.
    pub blocking: Vec<BlockingRule>,
    /// The comparisons, in the order of the model.
    pub comparisons: Vec<Comparison>,
    /// Where `Match` and `Review` begin.
    pub thresholds: Thresholds,
}

/// How many blocking rules fit into a row's bits.
pub(crate) const BLOCKING_RULES_MAX: usize = 64;
/// How many comparisons fit into a pattern of four bits each.
pub(crate) const COMPARED_MAX: usize = 32;
/// How many a model may have: the register is one more.
pub(crate) const COMPARISONS_MAX: usize = COMPARED_MAX - 1;

impl MatchRules {
    /// Checks the matching part of a model.
    ///
    /// # Errors
    /// A [`MatchError`] that says what its author must change.
    pub fn compile(model: &EntityModel) -> Result<Self, MatchError> {
        let entity = model.name.clone();
        let matching = &model.matching;
        if matching.comparison.is_empty() {
            return Err(MatchError::NothingToCompare { entity });
        }
        if matching.blocking.is_empty() {
            return Err(MatchError::NothingToBlockOn { entity, example: model.label.clone() });
        }
        if matching.blocking.len() > BLOCKING_RULES_MAX {
            let count = matching.blocking.len();
            return Err(MatchError::TooManyBlockingRules { entity, count, limit: BLOCKING_RULES_MAX });
        }
        if matching.comparison.len() > COMPARISONS_MAX {
            let count = matching.comparison.len();
            return Err(MatchError::TooMany { entity, count, limit: COMPARISONS_MAX });
        }
        let kind_of = |attribute: &str| {
            let found = model.find_attribute(attribute).map(|attribute| attribute.kind);
            found.ok_or_else(|| MatchError::NoSuchAttribute {
                entity: model.name.clone(),
                attribute: attribute.to_owned(),
            })
        };
        for key in matching.blocking.iter().flat_map(|rule| &rule.keys) {
            check_part(key, kind_of(&key.attribute)?)?;
        }
        for comparison in &matching.comparison {
            let kind = kind_of(&comparison.attribute)?;
            let Some(other) = &comparison.crosswise else { continue };
            if kind_of(other)? != kind || !matches!(kind, Kind::PersonName | Kind::Date) {
                return Err(MatchError::CrosswiseKinds {
                    attribute: comparison.attribute.clone(),
                    other: other.clone(),
                });
            }
        }
        Ok(Self {
            entity,
            fields: fields_of(model),
            label: model.label.clone(),
            blocking: matching.blocking.clone(),
            comparisons: matching.comparison.iter().cloned().chain([same_register()]).collect(),
            thresholds: matching.thresholds,
        })
    }
}

impl MatchRules {
    /// Starts collecting source records to be matched under these rules: what they read, whatever a model says by now.
    pub fn columns(&self) -> ColumnsBuilder {
        Columns::builder_for(&self.fields, &self.label)
    }
}

impl MatchRules {
    /// The kind of an attribute that is compared; text for the register, which no model declares.
    pub(crate) fn kind_of(&self, attribute: &str) -> Kind {
        self.fields.iter().find(|field| field.name == attribute).map_or(Kind::Text, |field| field.kind)
    }

    /// Whether a comparison is of a relative's name, crosswise with another: of a woman now her father, now her husband. The parts of
    /// one's own name are each compared crosswise with the other.
    pub(crate) fn is_of_changing_relative(&self, comparison: &Comparison) -> bool {
        let Some(crosswise) = &comparison.crosswise else { return false };
        let is_back = |other: &Comparison| {
            other.attribute == *crosswise && other.crosswise.as_ref() == Some(&comparison.attribute)
        };
        let is_label = comparison.attribute == self.label || *crosswise == self.label;
        let is_name = self.kind_of(&comparison.attribute) == Kind::PersonName;
        is_name && !is_label && !self.comparisons.iter().any(is_back)
    }
}

fn same_register() -> Comparison {
    Comparison { attribute: SAME_REGISTER.to_owned(), crosswise: None, group: None, term_frequency: Some(false) }
}

/// The attributes of a model that its matching reads, in the order of the model.
pub(crate) fn fields_of(model: &EntityModel) -> Vec<Field> {
    let keys = model.matching.blocking.iter().flat_map(|rule| &rule.keys).map(|key| key.attribute.as_str());
    let compared = model.matching.comparison.iter().map(|comparison| comparison.attribute.as_str());
    let crosswise = model.matching.comparison.iter().filter_map(|comparison| comparison.crosswise.as_deref());
    let mut named: Vec<&str> = keys.chain(compared).chain(crosswise).collect();
    named.push(&model.label);
    let read = model.attributes.iter().filter(|attribute| named.contains(&attribute.name.as_str()));
    read.map(|attribute| Field { name: attribute.name.clone(), kind: attribute.kind }).collect()
}

fn check_part(key: &BlockingKey, kind: Kind) -> Result<(), MatchError> {
    let Some(part) = key.part else { return Ok(()) };
    let (known, fits) = match Method::of(kind) {
        Method::Name => {
            ("`given`, `surname` and `any`", matches!(part, KeyPart::Given | KeyPart::Surname | KeyPart::Any))
        }
        Method::PartialDate => {
            ("`year`, `month` and `day`", matches!(part, KeyPart::Year | KeyPart::Month | KeyPart::Day))
        }
        Method::Address => {
            ("`house`, `place` and `any`", matches!(part, KeyPart::House | KeyPart::Place | KeyPart::Any))
        }
        Method::Words => ("`any`", part == KeyPart::Any),
        _ => ("none", false),
    };
    if fits {
        return Ok(());
    }
    Err(MatchError::NoSuchPart { key: String::from(key.clone()), kind: kind.name(), part: part.word(), known })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_model::builtin::ENTITY_MODELS;

    #[test]
    fn the_models_that_come_with_kanak_compile() {
        for (file, text) in ENTITY_MODELS {
            let model = EntityModel::parse(file, text).unwrap();
            let rules = MatchRules::compile(&model).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(rules.fields.iter().any(|field| field.name == model.label), "{file}");
        }
    }

    #[test]
    fn a_part_that_the_kind_does_not_have_is_refused_with_the_parts_it_has() {
        let (file, text) = ENTITY_MODELS[0];
        let text = text.replacen("date_of_birth.year", "date_of_birth.given", 1);
        let model = EntityModel::parse(file, &text).unwrap();
        let error = MatchRules::compile(&model).unwrap_err().to_string();
        assert!(error.contains("date_of_birth.given") && error.contains("`month`"), "{error}");
    }

    #[test]
    fn names_are_compared_crosswise_with_names_and_deaths_with_dates() {
        let (file, text) = ENTITY_MODELS[0];
        for (of, with) in [("full_name", "date_of_birth"), ("date_of_death", "full_name"), ("village", "address")] {
            let mut model = EntityModel::parse(file, text).unwrap();
            let mut comparison = model.matching.comparison[0].clone();
            (comparison.attribute, comparison.crosswise) = (of.to_owned(), Some(with.to_owned()));
            model.matching.comparison.push(comparison);
            assert!(matches!(MatchRules::compile(&model), Err(MatchError::CrosswiseKinds { .. })), "{of} / {with}");
        }
    }

    #[test]
    fn a_model_without_comparisons_or_blocking_is_refused() {
        let (file, text) = ENTITY_MODELS[0];
        let mut model = EntityModel::parse(file, text).unwrap();
        model.matching.blocking.clear();
        assert!(matches!(MatchRules::compile(&model), Err(MatchError::NothingToBlockOn { .. })));
        model.matching.comparison.clear();
        assert!(matches!(MatchRules::compile(&model), Err(MatchError::NothingToCompare { .. })));
    }
}
