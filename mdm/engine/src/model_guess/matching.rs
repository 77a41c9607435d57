//! Blocking rules and comparisons that follow from what columns mean.

use kanak_model::entity_model::{BlockingKey, BlockingRule, Comparison, KeyFunction, KeyPart, Matching, Thresholds};

use super::recognise::Meaning;
use crate::matching::{BLOCKING_RULES_MAX, COMPARISONS_MAX};

/// The matching part of a guessed model.
pub(crate) fn of(names: &[String], meanings: &[Meaning]) -> Matching {
    let columns = Columns { names, meanings };
    let mut comparison: Vec<Comparison> =
        columns.telling().into_iter().filter_map(|at| columns.compare(&names[at], meanings[at])).collect();
    if comparison.is_empty() {
        comparison = names.iter().take(COMPARISONS_MAX).map(|name| plain(name)).collect();
    }
    let mut blocking = columns.blocking();
    if blocking.is_empty() {
        let compared = comparison.iter().map(|comparison| key(&comparison.attribute, None, Some(KeyFunction::Sounds)));
        blocking = compared.map(|key| BlockingRule { keys: vec![key] }).collect();
    }
    Matching { blocking, comparison, thresholds: Thresholds { matched: 0.8, review: 0.3 } }
}

struct Columns<'a> {
    names: &'a [String],
    meanings: &'a [Meaning],
}

fn plain(name: &str) -> Comparison {
    Comparison { attribute: name.to_owned(), crosswise: None, group: None, term_frequency: None }
}

fn key(name: &str, part: Option<KeyPart>, function: Option<KeyFunction>) -> BlockingKey {
    BlockingKey { attribute: name.to_owned(), part, function }
}

impl Columns<'_> {
    fn all(&self, wanted: &[Meaning]) -> Vec<&str> {
        let found = self.names.iter().zip(self.meanings).filter(|(_, meaning)| wanted.contains(meaning));
        found.map(|(name, _)| name.as_str()).collect()
    }

    fn first(&self, wanted: Meaning) -> Option<&str> {
        self.all(&[wanted]).first().copied()
    }

    /// The columns that are compared, in their order: all of them, or of a wide table those whose meaning is known, and of the
    /// others the first ones for which there is room.
    fn telling(&self) -> Vec<usize> {
        let is_compared = |at: &usize| !matches!(self.meanings[*at], Meaning::RowNumber | Meaning::Number);
        let (known, unknown): (Vec<usize>, Vec<usize>) =
            (0..self.names.len()).filter(is_compared).partition(|at| self.meanings[*at] != Meaning::Text);
        let mut kept: Vec<usize> = known.into_iter().chain(unknown).take(COMPARISONS_MAX).collect();
        kept.sort_unstable();
        kept
    }

    /// What a column contributes. Places are one group: a suburb, its postal code and its state tell the same thing.
    fn compare(&self, name: &str, meaning: Meaning) -> Option<Comparison> {
        let mut comparison = plain(name);
        match meaning {
            Meaning::RowNumber | Meaning::Number => return None,
            Meaning::GivenName => comparison.crosswise = self.first(Meaning::Surname).map(str::to_owned),
            Meaning::Surname => comparison.crosswise = self.first(Meaning::GivenName).map(str::to_owned),
            Meaning::FatherName => comparison.crosswise = self.first(Meaning::SpouseName).map(str::to_owned),
            Meaning::Locality | Meaning::City | Meaning::District | Meaning::State | Meaning::PostalCode => {
                comparison.group = Some("place".to_owned());
            }
            Meaning::Mobile | Meaning::Phone | Meaning::HouseholdNumber => {
                comparison.group = Some("household".to_owned());
            }
            Meaning::Pan | Meaning::Gstin => comparison.group = Some("tax".to_owned()),
            _ => {}
        }
        Some(comparison)
    }

    /// Numbers of a person alone; names with birthday, place or another name; birthday with place.
    fn blocking(&self) -> Vec<BlockingRule> {
        let sounds = Some(KeyFunction::Sounds);
        let mut rules: Vec<Vec<BlockingKey>> = Vec::new();
        let alone = [
            Meaning::Aadhaar,
            Meaning::Pan,
            Meaning::Gstin,
            Meaning::Epic,
            Meaning::Udyam,
            Meaning::PersonNumber,
            Meaning::Mobile,
            Meaning::Phone,
            Meaning::Email,
        ];
        rules.extend(self.all(&alone).iter().map(|name| vec![key(name, None, None)]));
        let mut names: Vec<BlockingKey> = Vec::new();
        if let Some(full) = self.first(Meaning::FullName) {
            names.push(key(full, Some(KeyPart::Given), sounds));
            names.push(key(full, Some(KeyPart::Surname), sounds));
        }
        for meaning in [Meaning::GivenName, Meaning::Surname] {
            names.extend(self.first(meaning).map(|name| key(name, None, sounds)));
        }
        names.extend(self.first(Meaning::BusinessName).map(|name| key(name, Some(KeyPart::Any), sounds)));
        let mut others: Vec<BlockingKey> = Vec::new();
        let birth = self.first(Meaning::BirthDate).map(|name| key(name, None, None));
        others.extend(birth.clone());
        for name in self.all(&[Meaning::FatherName, Meaning::MotherName, Meaning::SpouseName, Meaning::OwnerName]) {
            others.push(key(name, Some(KeyPart::Given), sounds));
        }
        let postal = self.first(Meaning::PostalCode).map(|name| key(name, None, None));
        others.extend(postal.clone());
        let place = [Meaning::Locality, Meaning::City].into_iter().find_map(|meaning| self.first(meaning));
        others.extend(place.map(|name| key(name, None, sounds)));
        let street = [Meaning::Street, Meaning::Address].into_iter().find_map(|meaning| self.first(meaning));
        for (at, name) in names.iter().enumerate() {
            rules.extend(names[at + 1..].iter().map(|other| vec![name.clone(), other.clone()]));
            rules.extend(others.iter().map(|other| vec![name.clone(), other.clone()]));
            // A table of names alone: a given name, or a word of a business name, is all there is to go by.
            if others.is_empty() && at == 0 {
                rules.push(vec![name.clone()]);
            }
        }
        if let Some(birth) = birth {
            rules
                .extend(others.iter().filter(|other| **other != birth).map(|other| vec![birth.clone(), other.clone()]));
            if let Some(year) = self.first(Meaning::BirthDate) {
                let year = key(year, Some(KeyPart::Year), None);
                rules.extend(street.map(|street| vec![year, key(street, None, sounds)]));
            }
        }
        if let (Some(postal), Some(street)) = (postal, street) {
            rules.push(vec![postal, key(street, None, sounds)]);
        }
        rules.into_iter().take(BLOCKING_RULES_MAX).map(|keys| BlockingRule { keys }).collect()
    }
}
