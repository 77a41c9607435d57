//! Blocking rules and comparisons that follow from what columns mean.

use kanak_model::entity_model::{BlockingKey, BlockingRule, Comparison, KeyFunction, KeyPart, Matching, Thresholds};

use super::recognise::Meaning;
use crate::matching::{BLOCKING_RULES_MAX, COMPARISONS_MAX};

/// At most so many columns of mere numbers go together with names.
const NUMBERS_MAX: usize = 3;

/// So many rules are enough without those that may be a place's.
const RULES_ENOUGH: usize = 3;

/// The matching part of a guessed model.
pub(crate) fn of(names: &[String], meanings: &[Meaning]) -> Matching {
    let columns = Columns { names, meanings };
    let mut comparison: Vec<Comparison> =
        columns.telling().into_iter().filter_map(|at| columns.compare(&names[at], meanings[at])).collect();
    if comparison.is_empty() {
        comparison = names.iter().take(COMPARISONS_MAX).map(|name| plain(name)).collect();
    }
    let blocking = columns.blocking(&comparison);
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
        let is_compared = |at: &usize| self.meanings[*at] != Meaning::RowNumber;
        let (known, unknown): (Vec<usize>, Vec<usize>) =
            (0..self.names.len()).filter(is_compared).partition(|at| self.meanings[*at] != Meaning::Text);
        let mut kept: Vec<usize> = known.into_iter().chain(unknown).take(COMPARISONS_MAX).collect();
        kept.sort_unstable();
        kept
    }

    /// What a column contributes. Places are one group: a street, its suburb, its postal code and its state tell the same thing.
    fn compare(&self, name: &str, meaning: Meaning) -> Option<Comparison> {
        let mut comparison = plain(name);
        match meaning {
            Meaning::RowNumber => return None,
            Meaning::GivenName => comparison.crosswise = self.first(Meaning::Surname).map(str::to_owned),
            Meaning::Surname => comparison.crosswise = self.first(Meaning::GivenName).map(str::to_owned),
            Meaning::FatherName => comparison.crosswise = self.first(Meaning::SpouseName).map(str::to_owned),
            Meaning::Street
            | Meaning::Address
            | Meaning::HouseNumber
            | Meaning::Locality
            | Meaning::City
            | Meaning::District
            | Meaning::State
            | Meaning::PostalCode => {
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

    /// Numbers of a person alone; names with birthday, place, a number or another name; birthday with place; and each column that is
    /// compared alone, since nobody knows which of them is written well.
    fn blocking(&self, compared: &[Comparison]) -> Vec<BlockingRule> {
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
        others.extend(self.all(&[Meaning::Number]).into_iter().take(NUMBERS_MAX).map(|name| key(name, None, None)));
        let street = [Meaning::Street, Meaning::Address].into_iter().find_map(|meaning| self.first(meaning));
        for (at, name) in names.iter().enumerate() {
            rules.extend(names[at + 1..].iter().map(|other| vec![name.clone(), other.clone()]));
            rules.extend(others.iter().map(|other| vec![name.clone(), other.clone()]));
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
        // What is known to tell somebody first; what may be a place only where there is little else: those who share no more than
        // a place would be most of all candidates.
        for may_be_place in [false, true] {
            if may_be_place && rules.len() >= RULES_ENOUGH {
                break;
            }
            for (name, meaning) in self.names.iter().zip(self.meanings) {
                let (is_place, function) = match meaning {
                    // Too few of them to tell anybody.
                    Meaning::Sex | Meaning::State | Meaning::District => continue,
                    Meaning::PostalCode | Meaning::HouseNumber | Meaning::Number => (true, None),
                    Meaning::Text | Meaning::Locality | Meaning::City => (true, sounds),
                    Meaning::BirthDate | Meaning::OtherDate | Meaning::HouseholdNumber => (false, None),
                    _ => (false, sounds),
                };
                let is_compared = compared.iter().any(|comparison| comparison.attribute == *name);
                let is_known = rules.iter().any(|rule| rule.len() == 1 && rule[0].attribute == *name);
                if is_place == may_be_place && is_compared && !is_known {
                    rules.push(vec![key(name, None, function)]);
                }
            }
        }
        rules.into_iter().take(BLOCKING_RULES_MAX).map(|keys| BlockingRule { keys }).collect()
    }
}
