//! A guess at the entity model of a file that comes without one.
//!
//! Columns are recognised by the words of their headers and by the shape of their values. From what is recognised follow
//! kinds, classes, blocking rules and comparisons. [`to_toml`] writes the model down, for a person to correct.

mod matching;
mod recognise;
mod words;
mod write;

use kanak_model::entity_model::{Attribute, EntityModel, Matching, OnInvalid, SurvivorshipRule, SurvivorshipStrategy};
use kanak_model::kind::{Class, Kind};
use kanak_model::text::Titles;

pub(crate) use matching::of as matching_of;
pub use recognise::Meaning;
pub use write::to_toml;

/// Guesses the model of a table: `columns` holds, for each header, some of its values (a few thousand rows are plenty).
///
/// Attributes come in the order of the headers and are named by [`attribute_names`]. A column that only numbers the rows
/// becomes an attribute that is not compared. The guess never fails: of a table in which nothing is recognised every column is
/// text, and all of them are compared.
pub fn guess(header: &[&str], columns: &[Vec<&str>]) -> EntityModel {
    guess_named(&attribute_names(header), header, columns)
}

fn guess_named(names: &[String], header: &[&str], columns: &[Vec<&str>]) -> EntityModel {
    let nothing = Vec::new();
    let values = |at: usize| columns.get(at).unwrap_or(&nothing).as_slice();
    let meanings = meanings_of(header, columns);
    let kinds = meanings.iter().enumerate().map(|(at, meaning)| meaning.kind(values(at)));
    let columns = names.iter().zip(header).zip(kinds).map(|((name, header), kind)| (name.as_str(), *header, kind));
    model_of(columns, &meanings, matching_of(names, &meanings))
}

fn meanings_of(header: &[&str], columns: &[Vec<&str>]) -> Vec<Meaning> {
    let nothing = Vec::new();
    let values = |at: usize| columns.get(at).unwrap_or(&nothing).as_slice();
    let meanings = (0..header.len()).map(|at| recognise::meaning(header[at], values(at))).collect();
    recognise::settle(meanings, header, columns)
}

/// A guess at the model of several tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// The model of all of them.
    pub model: EntityModel,
    /// By table and column, the attribute that the column states.
    pub names: Vec<Vec<String>>,
}

/// Guesses one model of several tables, each given as the headers of its columns with some of their values. Columns of one header are one attribute; so are columns of different headers that mean the
/// same, where each is the only one of its table that means it: `surname` here, `last_name` there.
pub fn guess_tables(tables: &[Vec<(&str, Vec<&str>)>]) -> Guess {
    let mut header: Vec<&str> = Vec::new();
    let mut known: Vec<String> = Vec::new();
    let mut columns: Vec<Vec<&str>> = Vec::new();
    let mut meant: Vec<Meaning> = Vec::new();
    let mut names = Vec::with_capacity(tables.len());
    for table in tables {
        let own: Vec<&str> = table.iter().map(|(header, _)| *header).collect();
        let values: Vec<Vec<&str>> = table.iter().map(|(_, values)| values.clone()).collect();
        let meanings = meanings_of(&own, &values);
        let mut of_table = attribute_names(&own);
        let only = |meanings: &[Meaning], wanted: Meaning| {
            let mut found = meanings.iter().enumerate().filter(|(_, meaning)| **meaning == wanted);
            found.next().filter(|_| found.next().is_none()).map(|(at, _)| at)
        };
        for at in 0..own.len() {
            let says_much =
                !matches!(meanings[at], Meaning::Text | Meaning::Number | Meaning::RowNumber | Meaning::OtherDate);
            if says_much
                && !known.contains(&of_table[at])
                && only(&meanings, meanings[at]).is_some()
                && let Some(place) = only(&meant, meanings[at])
                && !of_table.contains(&known[place])
            {
                of_table[at].clone_from(&known[place]);
            }
        }
        for (at, name) in of_table.iter().enumerate() {
            match known.iter().position(|known| known == name) {
                Some(place) => columns[place].extend(&values[at]),
                None => {
                    known.push(name.clone());
                    header.push(own[at]);
                    columns.push(values[at].clone());
                    meant.push(meanings[at]);
                }
            }
        }
        names.push(of_table);
    }
    let model = guess_named(&known, &header, &columns);
    Guess { model, names }
}

/// The model of columns (attribute name, header, kind) that mean this and are matched so.
pub(crate) fn model_of<'a>(
    columns: impl Iterator<Item = (&'a str, &'a str, Kind)>,
    meanings: &[Meaning],
    matching: Matching,
) -> EntityModel {
    let attributes: Vec<Attribute> = columns.map(|(name, header, kind)| attribute(name, header, kind)).collect();
    let find = |wanted: Meaning| meanings.iter().position(|meaning| *meaning == wanted);
    let label = [Meaning::FullName, Meaning::BusinessName, Meaning::GivenName, Meaning::Surname]
        .into_iter()
        .find_map(find)
        .or_else(|| meanings.iter().position(|meaning| *meaning != Meaning::RowNumber))
        .unwrap_or(0);
    let entity =
        if find(Meaning::BusinessName).is_some() && find(Meaning::Surname).is_none() { "business" } else { "person" };
    EntityModel {
        name: entity.to_owned(),
        plural: if entity == "business" { "businesses" } else { "persons" }.to_owned(),
        title: Titles { en: if entity == "business" { "Business" } else { "Person" }.to_owned(), pa: None, hi: None },
        label: attributes.get(label).map(|attribute| attribute.name.clone()).unwrap_or_default(),
        matching,
        survivorship: attributes.iter().map(survivorship).collect(),
        attributes,
        status_default: "active".to_owned(),
        status_rules: Vec::new(),
        relations: Vec::new(),
    }
}

/// What a column means by its header alone.
pub(crate) fn meaning_of_header(header: &str) -> Meaning {
    recognise::meaning(header, &[])
}

/// The attribute names of a header: lower case, words joined by `_`, none twice.
pub fn attribute_names(header: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    for (at, word) in header.iter().enumerate() {
        let lower = word.trim().to_ascii_lowercase();
        let joined: String = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let mut name = joined.trim_matches('_').to_owned();
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            name = format!("column_{}", at + 1);
        }
        while names.contains(&name) {
            name.push_str("_2");
        }
        names.push(name);
    }
    names
}

fn attribute(name: &str, header: &str, kind: Kind) -> Attribute {
    let class = match kind {
        Kind::Aadhaar | Kind::Pan => Class::Sensitive,
        Kind::BusinessName | Kind::District | Kind::SubDistrict | Kind::Pin | Kind::Code | Kind::Gstin => {
            Class::Internal
        }
        _ => Class::Personal,
    };
    Attribute {
        name: name.to_owned(),
        kind,
        class,
        system: None,
        entity: None,
        required: false,
        on_invalid: OnInvalid::LeaveOut,
        title: Some(Titles { en: header.trim().to_owned(), pa: None, hi: None }),
    }
}

fn survivorship(attribute: &Attribute) -> SurvivorshipRule {
    SurvivorshipRule { attribute: attribute.name.clone(), strategy: SurvivorshipStrategy::default_for(attribute.kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_attribute_names_without_repeats() {
        assert_eq!(
            attribute_names(&["First Name", "first name", "ਨਾਮ", "PIN-Code", "2nd"]),
            ["first_name", "first_name_2", "column_3", "pin_code", "column_5"]
        );
    }

    #[test]
    fn a_guess_reads_back_from_its_toml() {
        let header = ["rec_id", "given_name", "surname", "date_of_birth", "postcode", "state", "soc_sec_id", "e-mail"];
        let row = |values: [&'static str; 8]| values;
        let rows = [
            row(["rec-1", "mitchell", "green", "19560409", "2119", "sa", "1804974", "m@green.net"]),
            row(["rec-2", "harley", "mccarthy", "19080419", "3165", "nsw", "6089216", ""]),
        ];
        let columns: Vec<Vec<&str>> = (0..8).map(|at| rows.iter().map(|row| row[at]).collect()).collect();
        let model = guess(&header, &columns);
        let text = to_toml(&model);
        let read = EntityModel::parse("guess.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(read, model);
        let kinds: Vec<Kind> = model.attributes.iter().map(|attribute| attribute.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::Identifier,
                Kind::PersonName,
                Kind::PersonName,
                Kind::Date,
                Kind::Identifier,
                Kind::Text,
                Kind::Identifier,
                Kind::Email
            ]
        );
        assert!(model.matching.comparison.iter().all(|comparison| comparison.attribute != "rec_id"));
        assert!(crate::matching::MatchRules::compile(&model).is_ok());
    }

    #[test]
    fn columns_that_mean_the_same_in_two_tables_are_one_attribute() {
        let one = vec![("surname", vec!["Gill"]), ("dob", vec!["1971-06-24"]), ("note", vec!["x"])];
        let other = vec![("last_name", vec!["Gill"]), ("Birth Date", vec!["24/06/1971"]), ("remark", vec!["x"])];
        let guess = guess_tables(&[one, other]);
        assert_eq!(guess.names[1], ["surname", "dob", "remark"]);
        assert_eq!(guess.model.attributes.len(), 4);
        // Where two columns of a table mean the same, nobody knows which is meant.
        let one = vec![("phone", vec!["02 61234567"]), ("tel", vec!["02 61234567"])];
        let other = vec![("telephone", vec!["02 61234567"])];
        assert_eq!(guess_tables(&[one, other]).names[1], ["telephone"]);
    }

    #[test]
    fn a_table_of_names_alone_still_brings_equal_names_together() {
        let model = guess(&["id", "name"], &[vec!["1", "2", "3"], vec!["Asha", "Asha", "Vikram Gill"]]);
        let rules: Vec<usize> = model.matching.blocking.iter().map(|rule| rule.keys.len()).collect();
        assert!(rules.contains(&1), "{:?}", model.matching.blocking);
    }

    #[test]
    fn of_a_wide_table_the_columns_that_mean_something_are_compared() {
        let mut header: Vec<String> = (0..40).map(|at| format!("remark {at}")).collect();
        header.push("mobile".to_owned());
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let columns: Vec<Vec<&str>> =
            (0..41).map(|at| vec![if at == 40 { "9814012345" } else { "some words" }]).collect();
        let model = guess(&header, &columns);
        assert!(crate::matching::MatchRules::compile(&model).is_ok());
        assert!(model.matching.comparison.iter().any(|comparison| comparison.attribute == "mobile"));
    }

    #[test]
    fn a_table_of_which_nothing_is_known_is_compared_as_text() {
        let model = guess(&["a", "b"], &[vec!["x", "y"], vec!["p q", "r"]]);
        assert!(crate::matching::MatchRules::compile(&model).is_ok());
        assert_eq!(model.matching.comparison.len(), 2);
        let empty = guess(&["a"], &[]);
        assert!(crate::matching::MatchRules::compile(&empty).is_ok());
    }
}
