//! The questions of a pack, as data.

use std::collections::BTreeSet;

use kanak_model::Titles;
use kanak_model::toml_text::{ModelError, TomlText};
use serde::{Deserialize, Serialize};

/// The longest name of a pack or a question.
const NAME_MAX: usize = 64;

/// A pack: its questions in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// What it is.
    pub pack: Settings,
    /// What is asked.
    pub question: Vec<Question>,
}

/// What a pack is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `legislature`.
    pub name: String,
    /// Counts the changes of its questions.
    pub version: u32,
    /// Its title in three languages.
    pub title: Titles,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// `services_by_district`: the name of its file.
    pub name: String,
    /// The question in three languages.
    pub title: Titles,
    /// What exactly is counted.
    pub definition: String,
    /// A SELECT of aggregates with `:day` and `:year_start`; it gives every column but shares.
    pub sql: String,
    /// The columns of the answer in their order.
    pub column: Vec<PackColumn>,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackColumn {
    /// Its name.
    pub name: String,
    /// Its title in three languages.
    pub title: Titles,
    /// What its values are.
    pub unit: Unit,
    /// Whether it counts all that a row is about: where it is small the whole row is withheld.
    #[serde(default)]
    pub base: bool,
    /// Of a share the counts above and below the line; of a sum the counts that it goes with. Where one is withheld, so is it.
    #[serde(default)]
    pub of: Vec<String>,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// What a row is about, by its code.
    Code,
    /// Things or people counted.
    Count,
    /// A part of a whole, 0 to 1, reckoned from two counts.
    Share,
    /// Money in paise.
    Paise,
}

/// The packs that come with Kanak, by name.
const BUILTIN: [(&str, &str); 1] = [("legislature", include_str!("../../models/packs/legislature.toml"))];

impl Definition {
    /// The text of a pack that comes with Kanak.
    pub fn builtin(name: &str) -> Option<&'static str> {
        BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// Reads a definition; `file` names it in errors.
    ///
    /// # Errors
    /// [`ModelError`] at what does not fit: a question that asks nothing of a day, a share of other than two counts, none or
    /// several columns that count what a row is about.
    pub fn parse(file: &str, text: &str) -> Result<Self, ModelError> {
        let source = TomlText::new(file, text);
        let definition: Self = source.parse()?;
        match definition.find_fault() {
            None => Ok(definition),
            Some(fault) => Err(source.error_at(0..0, fault)),
        }
    }

    fn find_fault(&self) -> Option<String> {
        let is_plain = |name: &str| {
            (1..=NAME_MAX).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        if !is_plain(&self.pack.name) {
            return Some(format!("the name `{}` must be small letters, digits and _", self.pack.name));
        }
        let mut names = BTreeSet::new();
        for question in &self.question {
            let name = &question.name;
            if !is_plain(name) {
                return Some(format!("the name `{name}` must be small letters, digits and _"));
            }
            if !names.insert(name) {
                return Some(format!("there are two questions `{name}`"));
            }
            if let Some(fault) = question.find_fault() {
                return Some(format!("question `{name}`: {fault}"));
            }
        }
        self.question.is_empty().then(|| "it asks nothing".to_owned())
    }
}

impl Question {
    fn find_fault(&self) -> Option<String> {
        if !self.sql.contains(":day") {
            return Some("its sql does not mention :day, so that it would answer otherwise every day".to_owned());
        }
        let is_count = |name: &String| self.column.iter().any(|one| one.name == *name && one.unit == Unit::Count);
        let bases = self.column.iter().filter(|column| column.base);
        if bases.clone().count() != 1 || bases.clone().any(|column| column.unit != Unit::Count) {
            return Some("exactly one column must be `base`, a count of all that a row is about".to_owned());
        }
        if self.column.first().is_none_or(|column| column.unit != Unit::Code) {
            return Some("its first column must be of unit `code`".to_owned());
        }
        let mut names = BTreeSet::new();
        for column in &self.column {
            if !names.insert(&column.name) {
                return Some(format!("there are two columns `{}`", column.name));
            }
            if let Some(unknown) = column.of.iter().find(|name| !is_count(name)) {
                return Some(format!("column `{}` is of `{unknown}`, which is no count here", column.name));
            }
            let fits = match column.unit {
                Unit::Share => column.of.len() == 2,
                Unit::Paise => !column.of.is_empty(),
                Unit::Code | Unit::Count => column.of.is_empty(),
            };
            if !fits {
                let rule = "a share is `of` two counts, a sum of at least one, codes and counts of none";
                return Some(format!("column `{}`: {rule}", column.name));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pack_that_comes_along_reads_and_has_every_title_in_three_languages() {
        let text = Definition::builtin("legislature").unwrap();
        let definition = Definition::parse("legislature.toml", text).unwrap();
        assert_eq!(definition.question.len(), 5);
        let columns = definition.question.iter().flat_map(|question| &question.column).map(|column| &column.title);
        for title in definition.question.iter().map(|question| &question.title).chain(columns) {
            assert!(title.pa.is_some() && title.hi.is_some(), "{title:?}");
        }
        assert_eq!(Definition::builtin("parliament"), None);
    }

    #[test]
    fn a_definition_that_could_tell_too_much_or_nothing_is_refused_with_the_reason() {
        let text = Definition::builtin("legislature").unwrap();
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            Definition::parse("legislature.toml", &text.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert!(refused("base = true", "base = false").contains("exactly one column"));
        assert!(refused("of = [\"people\", \"payments\"]", "").contains("column `amount`"));
        assert!(refused("\"decided_in_time\", \"decided\"", "\"decided\", \"paid\"").contains("`paid`"));
        assert!(refused("name = \"services_by_service\"", "name = \"../up\"").contains("small letters"));
        let revenue = "FROM fct_receipts WHERE received_on >= :year_start AND received_on <= :day";
        assert!(refused(revenue, "FROM fct_receipts").contains("`revenue_by_head`"));
    }
}
