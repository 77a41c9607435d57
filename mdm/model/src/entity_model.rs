//! Entity models: everything that the hub knows about one kind of master, read from one TOML file.
//!
//! A new master is one such file and no code: its attributes, how two source records of it are matched, how the
//! golden value is chosen, and which dimension the warehouse makes of it.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::kind::{Class, Kind};
use crate::relation::{RawRelation, Relation, check_relations};
use crate::text::Titles;
use crate::toml_text::{ModelError, TomlText, choices};

/// One master: citizen, business, employee, scheme ...
#[derive(Debug, Clone, PartialEq)]
pub struct EntityModel {
    /// `citizen`; singular, snake case.
    pub name: String,
    /// `citizens`: the word in tables and URLs. By default the name and an `s`.
    pub plural: String,
    /// The title on pages.
    pub title: Titles,
    /// The attribute that stands for a golden record in lists.
    pub label: String,
    /// Its attributes, in the order of pages.
    pub attributes: Vec<Attribute>,
    /// How source records are matched.
    pub matching: Matching,
    /// How golden values are chosen: one rule an attribute, in the order of `attributes`.
    pub survivorship: Vec<SurvivorshipRule>,
    /// The status a golden record has when no rule below applies.
    pub status_default: String,
    /// First rule whose attribute is present gives the status.
    pub status_rules: Vec<StatusRule>,
    /// How its golden records belong to others, in the order of pages.
    pub relations: Vec<Relation>,
}

/// A named, typed property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// `full_name`; snake case, unique in its model.
    pub name: String,
    /// What its values mean.
    pub kind: Kind,
    /// How carefully they are handled.
    #[serde(default = "internal")]
    pub class: Class,
    /// The code system, for [`Kind::Code`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The entity whose register the key is of, for [`Kind::SourceKey`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// A row without it is refused.
    #[serde(default)]
    pub required: bool,
    /// What happens to a row whose value cannot be standardized.
    #[serde(default)]
    pub on_invalid: OnInvalid,
    /// The title on pages; by default the name with spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Titles>,
}

fn internal() -> Class {
    Class::Internal
}

impl Attribute {
    /// The title on pages.
    pub fn title(&self) -> Titles {
        self.title.clone().unwrap_or_else(|| {
            let mut words = self.name.replace('_', " ");
            if let Some(first) = words.get_mut(0..1) {
                first.make_ascii_uppercase();
            }
            Titles { en: words, pa: None, hi: None }
        })
    }
}

/// What happens to a row with a value that cannot be standardized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInvalid {
    /// The value is left out and counted; the row goes on. The source's word is kept sealed in the landing.
    #[default]
    LeaveOut,
    /// The row is refused and quarantined.
    Reject,
}

/// Blocking, comparisons and thresholds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// A pair is compared when it agrees on all keys of at least one rule.
    #[serde(default)]
    pub blocking: Vec<BlockingRule>,
    /// What a pair is judged by.
    #[serde(default)]
    pub comparison: Vec<Comparison>,
    /// Where `Match` and `Review` begin.
    #[serde(default)]
    pub thresholds: Thresholds,
}

/// One blocking rule: two source records are candidates when all keys are present and equal.
///
/// A key is `attribute`, `attribute.part` or `function(attribute.part)`. Parts of a person name: `given`, `surname`,
/// `any` (each token on its own); of a date: `year`, `month`, `day`; of an address: `house`, `place`.
/// Functions: `sounds` (one phonetic space for three scripts), `first3`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockingRule {
    /// The keys.
    pub keys: Vec<BlockingKey>,
}

/// One key of a blocking rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlockingKey {
    /// The attribute it reads.
    pub attribute: String,
    /// A part of it.
    pub part: Option<KeyPart>,
    /// What is done to the part.
    pub function: Option<KeyFunction>,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in TOML.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

words!(/** A part of an attribute's value. */ KeyPart {
    /** First given name of a person. */ Given = "given",
    /** Last name of a person, Singh, Kaur and their like left out. */ Surname = "surname",
    /** Each token of a name on its own: one key a token. */ Any = "any",
    /** Year of a date. */ Year = "year",
    /** Month of a date. */ Month = "month",
    /** Day of a date. */ Day = "day",
    /** House number of an address. */ House = "house",
    /** Village or locality of an address. */ Place = "place",
});

words!(/** What is done to a key's value. */ KeyFunction {
    /** The phonetic key of the value. */ Sounds = "sounds",
    /** Its first three characters. */ First3 = "first3",
});

fn find_word<T: Copy>(all: &[T], word: fn(T) -> &'static str, wanted: &str, what: &str) -> Result<T, String> {
    all.iter()
        .copied()
        .find(|candidate| word(*candidate) == wanted)
        .ok_or_else(|| format!("unknown {what} `{wanted}`; use {}", choices(all.iter().map(|one| word(*one)))))
}

impl TryFrom<String> for BlockingKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (function, inner) = match text.split_once('(') {
            None => (None, text.as_str()),
            Some((name, rest)) => {
                let inner =
                    rest.strip_suffix(')').ok_or_else(|| format!("`{text}` opens a bracket and does not close it"))?;
                (Some(find_word(KeyFunction::ALL, KeyFunction::word, name.trim(), "function")?), inner)
            }
        };
        let (attribute, part) = match inner.trim().split_once('.') {
            None => (inner.trim(), None),
            Some((attribute, part)) => (attribute, Some(find_word(KeyPart::ALL, KeyPart::word, part, "part")?)),
        };
        if attribute.is_empty() {
            return Err(format!("`{text}` names no attribute"));
        }
        Ok(Self { attribute: attribute.to_owned(), part, function })
    }
}

impl From<BlockingKey> for String {
    fn from(key: BlockingKey) -> Self {
        let mut text = key.attribute;
        if let Some(part) = key.part {
            text = format!("{text}.{}", part.word());
        }
        match key.function {
            Some(function) => format!("{}({text})", function.word()),
            None => text,
        }
    }
}

/// What one attribute, or two read crosswise, contributes to the match weight. Levels default from the kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The attribute compared.
    pub attribute: String,
    /// A second attribute compared crosswise with the first (father's name with husband's name).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crosswise: Option<String>,
    /// Comparisons of one group carry correlated evidence: only the strongest agreement among them counts in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether an agreement on a rare value weighs more; by default as the kind says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_frequency: Option<bool>,
}

/// Match probabilities at which a decision begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// At or above: `Match`.
    #[serde(rename = "match")]
    pub matched: f64,
    /// At or above, and below `match`: `Review`.
    pub review: f64,
}

impl Thresholds {
    /// Where `match` and `review` begin, as log odds in bits.
    pub fn bits(self) -> [f64; 2] {
        [self.matched, self.review].map(|probability| (probability / (1.0 - probability)).log2())
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { matched: 0.99, review: 0.5 }
    }
}

/// How the golden value of one attribute is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurvivorshipRule {
    /// The attribute.
    pub attribute: String,
    /// The strategy; ties fall through to trust, then to the most recent, then to the smallest source record id.
    pub strategy: SurvivorshipStrategy,
}

/// A declared way of choosing a value. The losers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurvivorshipStrategy {
    /// The value of the source with the highest trust.
    MostTrusted,
    /// The value stated last.
    MostRecent,
    /// The value that most sources state.
    MostFrequent,
    /// The longest value.
    Longest,
    /// The value with the most parts (a full date before a year, a full name before initials).
    MostComplete,
    /// A value that passed its check before one that did not.
    ValidatedFirst,
    /// A steward stated the value. No model declares it.
    #[serde(skip_deserializing)]
    StewardOverride,
}

impl SurvivorshipStrategy {
    /// The strategy of an attribute for which the model names none.
    pub fn default_for(kind: Kind) -> Self {
        match kind {
            Kind::PersonName | Kind::BusinessName | Kind::Date | Kind::Address => Self::MostComplete,
            Kind::Mobile | Kind::Email | Kind::PlaceName | Kind::District | Kind::SubDistrict | Kind::Pin => {
                Self::MostRecent
            }
            Kind::Sex => Self::MostFrequent,
            _ => Self::MostTrusted,
        }
    }

    /// The word in TOML, in provenance and on pages.
    pub fn word(self) -> &'static str {
        match self {
            Self::MostTrusted => "most_trusted",
            Self::MostRecent => "most_recent",
            Self::MostFrequent => "most_frequent",
            Self::Longest => "longest",
            Self::MostComplete => "most_complete",
            Self::ValidatedFirst => "validated_first",
            Self::StewardOverride => "steward_override",
        }
    }
}

/// When `attribute` has a value, the golden record's status is `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusRule {
    /// The status: `deceased`, `dissolved`, `retired` ...
    pub status: String,
    /// The attribute whose presence means it.
    pub when_present: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    entity: RawEntity,
    #[serde(default)]
    attribute: Vec<Spanned<Attribute>>,
    #[serde(default)]
    matching: RawMatching,
    #[serde(default)]
    survivorship: Vec<Spanned<SurvivorshipRule>>,
    #[serde(default)]
    status: Vec<Spanned<StatusRule>>,
    #[serde(default)]
    relation: Vec<Spanned<RawRelation>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntity {
    name: Spanned<String>,
    plural: Option<Spanned<String>>,
    title: Titles,
    label: Spanned<String>,
    #[serde(default = "active")]
    status: String,
}

fn active() -> String {
    "active".to_owned()
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawMatching {
    #[serde(default)]
    blocking: Vec<Spanned<BlockingRule>>,
    #[serde(default)]
    comparison: Vec<Spanned<Comparison>>,
    #[serde(default)]
    thresholds: Option<Spanned<Thresholds>>,
}

impl EntityModel {
    /// Reads a model.
    ///
    /// # Errors
    /// A [`ModelError`] that names the file, the line, the offending words and the allowed ones.
    pub fn parse(file: &str, text: &str) -> Result<Self, ModelError> {
        let source = TomlText::new(file, text);
        let raw: RawModel = source.parse()?;
        let attributes = check_attributes(&source, raw.attribute)?;
        let known = |name: &str| attributes.iter().any(|attribute| attribute.name == name);
        let check = |name: &str, span: std::ops::Range<usize>| {
            if known(name) {
                return Ok(());
            }
            let names = choices(attributes.iter().map(|attribute| attribute.name.as_str()));
            Err(source.error_at(span, format!("no attribute `{name}` in this model; it has {names}")))
        };
        for (what, name) in [("name", Some(&raw.entity.name)), ("plural", raw.entity.plural.as_ref())] {
            if let Some(name) = name.filter(|name| !is_word(name.get_ref())) {
                let message =
                    format!("`{}` is no {what} of an entity; use lower case letters, digits and `_`", name.get_ref());
                return Err(source.error_at(name.span(), message));
            }
        }
        check(raw.entity.label.get_ref(), raw.entity.label.span())?;
        for rule in &raw.matching.blocking {
            if rule.get_ref().keys.is_empty() {
                return Err(source.error_at(rule.span(), "a blocking rule needs at least one key"));
            }
            for key in &rule.get_ref().keys {
                check(&key.attribute, rule.span())?;
            }
        }
        for comparison in &raw.matching.comparison {
            check(&comparison.get_ref().attribute, comparison.span())?;
            if let Some(other) = &comparison.get_ref().crosswise {
                check(other, comparison.span())?;
            }
        }
        let thresholds = check_thresholds(&source, raw.matching.thresholds)?;
        for rule in &raw.survivorship {
            check(&rule.get_ref().attribute, rule.span())?;
        }
        for rule in &raw.status {
            check(&rule.get_ref().when_present, rule.span())?;
        }
        let relations = check_relations(&source, raw.entity.name.get_ref(), &attributes, raw.relation)?;
        let survivorship = attributes
            .iter()
            .map(|attribute| {
                let declared =
                    raw.survivorship.iter().map(Spanned::get_ref).find(|rule| rule.attribute == attribute.name);
                declared.cloned().unwrap_or_else(|| SurvivorshipRule {
                    attribute: attribute.name.clone(),
                    strategy: SurvivorshipStrategy::default_for(attribute.kind),
                })
            })
            .collect();
        Ok(Self {
            plural: raw.entity.plural.map_or_else(|| format!("{}s", raw.entity.name.get_ref()), Spanned::into_inner),
            name: raw.entity.name.into_inner(),
            title: raw.entity.title,
            label: raw.entity.label.into_inner(),
            attributes,
            matching: Matching {
                blocking: raw.matching.blocking.into_iter().map(Spanned::into_inner).collect(),
                comparison: raw.matching.comparison.into_iter().map(Spanned::into_inner).collect(),
                thresholds,
            },
            survivorship,
            status_default: raw.entity.status,
            status_rules: raw.status.into_iter().map(Spanned::into_inner).collect(),
            relations,
        })
    }

    /// The attribute of this name.
    pub fn find_attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The relation of this name.
    pub fn find_relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }
}

/// Whether this can name tables, files and columns.
pub(crate) fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Checks a model's attributes: names are words, none twice, code systems named where they must be.
pub(crate) fn check_attributes(
    source: &TomlText<'_>,
    raw: Vec<Spanned<Attribute>>,
) -> Result<Vec<Attribute>, ModelError> {
    let mut attributes: Vec<Attribute> = Vec::with_capacity(raw.len());
    for spanned in raw {
        let span = spanned.span();
        let attribute = spanned.into_inner();
        let name = &attribute.name;
        if !is_word(name) {
            return Err(
                source.error_at(span, format!("`{name}` is no attribute name; use lower case letters, digits and `_`"))
            );
        }
        if attributes.iter().any(|earlier| earlier.name == *name) {
            return Err(source.error_at(span, format!("attribute `{name}` stands here twice")));
        }
        if (attribute.kind == Kind::Code) != attribute.system.is_some() {
            return Err(source.error_at(span, format!("`{name}`: kind `code` and `system = ..` go together")));
        }
        if (attribute.kind == Kind::SourceKey) != attribute.entity.is_some() {
            return Err(source.error_at(span, format!("`{name}`: kind `source_key` and `entity = ..` go together")));
        }
        attributes.push(attribute);
    }
    if attributes.is_empty() {
        return Err(source.error_at(0..0, "a model needs at least one [[attribute]]"));
    }
    Ok(attributes)
}

fn check_thresholds(source: &TomlText<'_>, raw: Option<Spanned<Thresholds>>) -> Result<Thresholds, ModelError> {
    let Some(spanned) = raw else { return Ok(Thresholds::default()) };
    let thresholds = *spanned.get_ref();
    let good = 0.0 < thresholds.review && thresholds.review <= thresholds.matched && thresholds.matched < 1.0;
    if good {
        Ok(thresholds)
    } else {
        Err(source.error_at(spanned.span(), "thresholds must satisfy 0 < review <= match < 1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[entity]
name = "citizen"
title = { en = "Citizen" }
label = "full_name"

[[attribute]]
name = "full_name"
kind = "person_name"
class = "personal"

[[attribute]]
name = "died_on"
kind = "date"

[[matching.blocking]]
keys = ["sounds(full_name.given)", "died_on.year"]

[[matching.comparison]]
attribute = "full_name"

[[status]]
status = "deceased"
when_present = "died_on"
"#;

    #[test]
    fn a_model_fills_in_what_it_does_not_say() {
        let model = EntityModel::parse("citizen.toml", GOOD).unwrap();
        assert_eq!(model.plural, "citizens");
        assert_eq!(model.survivorship.len(), 2);
        assert_eq!(model.matching.thresholds, Thresholds::default());
        assert_eq!(String::from(model.matching.blocking[0].keys[0].clone()), "sounds(full_name.given)");
    }

    #[track_caller]
    fn refuses(from: &str, to: &str, line: usize, words: &[&str]) {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD);
        let error = EntityModel::parse("citizen.toml", &text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error} should say {word}");
        }
    }

    #[test]
    fn a_mistake_names_its_line_its_words_and_the_allowed_ones() {
        refuses("person_name", "personal_name", 9, &["personal_name", "person_name", "citizen.toml:9"]);
        refuses("sounds(", "sound(", 17, &["`sound`", "`sounds`"]);
        refuses("attribute = \"full_name\"", "attribute = \"name\"", 19, &["`name`", "`full_name`"]);
        refuses("label =", "lable =", 5, &["lable", "label"]);
        refuses("name = \"died_on\"", "name = \"full_name\"", 12, &["twice"]);
    }
}
