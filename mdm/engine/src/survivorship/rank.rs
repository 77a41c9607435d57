//! The order in which values are preferred.

use std::borrow::Cow;
use std::cmp::Ordering;

use kanak_codes::identifiers::{CheckedKind, Ifsc, Pin};
use kanak_model::PartialDate;
use kanak_model::clock::Timestamp;
use kanak_model::entity_model::{Attribute, SurvivorshipStrategy};
use kanak_model::id::SourceRecordId;
use kanak_model::kind::Kind;

use super::{Member, agree};
use crate::matching::Rank;
use crate::standardize::address::parse_address;
use crate::standardize::name::parse_person_name;

/// One stated value with all that it is judged by.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Its member's place.
    pub(super) member: usize,
    /// What the strategy measures: more is better. Zero where the strategy is a link of the common chain.
    pub(super) measure: u64,
    /// How many members say the same, itself included.
    pub(super) agreeing: u32,
    pub(super) trust: f64,
    pub(super) updated: Option<Timestamp>,
    rank: Rank,
    id: SourceRecordId,
    version: i32,
}

/// One comparison of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Measure,
    Agreement,
    Trust,
    Recency,
    Place,
}

/// The chain of a strategy: what is compared first, and what breaks ties. A steward's override is not compared with what sources
/// state; those are ranked as if nothing but trust were declared.
pub(super) fn chain(strategy: SurvivorshipStrategy) -> &'static [Link] {
    match strategy {
        SurvivorshipStrategy::MostTrusted | SurvivorshipStrategy::StewardOverride => {
            &[Link::Trust, Link::Recency, Link::Place]
        }
        SurvivorshipStrategy::MostRecent => &[Link::Recency, Link::Trust, Link::Place],
        SurvivorshipStrategy::MostFrequent | SurvivorshipStrategy::Longest | SurvivorshipStrategy::ValidatedFirst => {
            &[Link::Measure, Link::Trust, Link::Recency, Link::Place]
        }
        // As complete as another, what more registers say is likelier true than what the most trusted one says alone.
        SurvivorshipStrategy::MostComplete => {
            &[Link::Measure, Link::Agreement, Link::Trust, Link::Recency, Link::Place]
        }
    }
}

impl Candidate {
    /// How two values compare at one link; the greater is preferred.
    pub(super) fn cmp_at(&self, link: Link, other: &Self) -> Ordering {
        match link {
            Link::Measure => self.measure.cmp(&other.measure),
            Link::Agreement => self.agreeing.cmp(&other.agreeing),
            Link::Trust => self.trust.total_cmp(&other.trust),
            Link::Recency => self.updated.cmp(&other.updated),
            Link::Place => {
                other.rank.cmp(&self.rank).then(other.id.cmp(&self.id)).then(self.version.cmp(&other.version))
            }
        }
    }

    /// How two values compare under a strategy; the greatest wins.
    pub(super) fn cmp_for(&self, strategy: SurvivorshipStrategy, other: &Self) -> Ordering {
        chain(strategy)
            .iter()
            .map(|link| self.cmp_at(*link, other))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// The values that members state for an attribute, judged.
pub(super) fn candidates(
    attribute: &Attribute,
    strategy: SurvivorshipStrategy,
    members: &[Member<'_>],
) -> Vec<Candidate> {
    let stated: Vec<(usize, &str, Cow<'_, str>)> = members
        .iter()
        .enumerate()
        .filter_map(|(at, member)| {
            let value = member.values.find(&attribute.name)?;
            Some((at, value, agree::form(attribute.kind, value)))
        })
        .collect();
    stated
        .iter()
        .map(|(at, value, form)| {
            let member = &members[*at];
            let agreeing = stated.iter().filter(|(_, _, other)| other == form).count() as u32;
            Candidate {
                member: *at,
                measure: measure(strategy, attribute.kind, value, agreeing),
                agreeing,
                trust: (member.trust)(&attribute.name),
                updated: member.updated,
                rank: member.rank,
                id: member.id,
                version: member.version,
            }
        })
        .collect()
}

fn measure(strategy: SurvivorshipStrategy, kind: Kind, value: &str, agreeing: u32) -> u64 {
    match strategy {
        SurvivorshipStrategy::MostTrusted
        | SurvivorshipStrategy::MostRecent
        | SurvivorshipStrategy::StewardOverride => 0,
        SurvivorshipStrategy::MostFrequent => u64::from(agreeing),
        SurvivorshipStrategy::Longest => value.chars().count() as u64,
        SurvivorshipStrategy::MostComplete => completeness(kind, value),
        SurvivorshipStrategy::ValidatedFirst => u64::from(passes_its_check(kind, value)),
    }
}

/// How many parts a value has. A name written out counts far more than an initial; a newborn's stand-in counts nothing. The first of
/// January is what registers write who know the year alone, and counts less than any other day.
fn completeness(kind: Kind, value: &str) -> u64 {
    match kind {
        Kind::Date => match value.split('-').count() as u64 {
            3 if !value.ends_with("-01-01") => 4,
            parts => parts,
        },
        Kind::PersonName => {
            let name = parse_person_name(value);
            name.full_tokens() as u64 * 100 + name.initials.len().min(99) as u64
        }
        Kind::Address => {
            let parts = parse_address(value);
            let named = [&parts.house, &parts.place, &parts.post_office, &parts.sub_district, &parts.district];
            (named.iter().filter(|part| part.is_some()).count() + parts.rest.len()) as u64
        }
        _ => value.split_whitespace().count() as u64,
    }
}

/// Whether a value is one of its kind, as far as the value itself can tell. An Aadhaar reference stands for a number that the
/// vault checked.
fn passes_its_check(kind: Kind, value: &str) -> bool {
    let checked = match kind {
        Kind::Pan => CheckedKind::Pan,
        Kind::Gstin => CheckedKind::Gstin,
        Kind::Epic => CheckedKind::Epic,
        Kind::Udyam => CheckedKind::Udyam,
        Kind::Mobile => CheckedKind::Mobile,
        Kind::Ifsc => return Ifsc::parse(value).is_ok(),
        Kind::Pin => return Pin::parse(value).is_ok(),
        Kind::Date => return value.parse::<PartialDate>().is_ok_and(|date| date.to_day().is_some()),
        Kind::Sex => return matches!(value, "F" | "M" | "X"),
        Kind::Email => return value.contains('@'),
        _ => return true,
    };
    checked.check(value).is_ok()
}
