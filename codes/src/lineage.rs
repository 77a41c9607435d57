//! What became of a code, and where it came from: splits, merges, renumberings.

use std::collections::BTreeSet;

use crate::{
    codes::Codes,
    concept::Concept,
    concept_map::{Direction, Relationship},
    day::Day,
    error::CodesError,
    system::CodeSystem,
};

/// The codes before and after one, as the lineage maps of its system and its column `replaced_by` say.
#[derive(Debug, Clone, PartialEq)]
pub struct Lineage<'a> {
    /// The concept itself.
    pub concept: Concept<'a>,
    /// Where it came from, nearest first.
    pub predecessors: Vec<LineageStep<'a>>,
    /// What came out of it, nearest first.
    pub successors: Vec<LineageStep<'a>>,
}

/// A step from a code to one that came before or after it.
#[derive(Debug, Clone, PartialEq)]
pub struct LineageStep<'a> {
    /// The code from which the step leads: the one that was asked about, or one that an earlier step led to.
    pub from_code: String,
    /// The code to which it leads.
    pub to_code: String,
    /// Its concept, if the system has it.
    pub concept: Option<Concept<'a>>,
    /// The day of the change, where it is known.
    pub on: Option<Day>,
    /// How `to_code` stands to `from_code`, which is the source in the words of the relationship.
    pub relationship: Relationship,
    /// What the author of the map says about it; empty when nothing.
    pub comment: &'a str,
    /// How many steps lie between the code that was asked about and this one, from 1.
    pub distance: usize,
}

impl Codes {
    /// The codes before and after one, over any number of steps. With a day, changes after it count as not having happened. `None`
    /// for a code that the system never had.
    ///
    /// # Errors
    /// [`CodesError::UnknownSystem`].
    pub fn lineage(
        &self,
        system: &str,
        code: &str,
        day: impl Into<Option<Day>>,
    ) -> Result<Option<Lineage<'_>>, CodesError> {
        let (system, day) = (self.get_system(system)?, day.into());
        Ok(system.lookup(code).map(|concept| Lineage {
            concept,
            predecessors: self.walk(system, concept.code(), Direction::Reverse, day),
            successors: self.walk(system, concept.code(), Direction::Forward, day),
        }))
    }

    /// The codes that stand on a day for what a code of any day stood for: itself while it is valid, and whatever came out of it,
    /// each valid on the day. Of an address that was written down in 2019 these are the districts in which it may lie today.
    ///
    /// # Errors
    /// [`CodesError::UnknownSystem`].
    pub fn standing_for(&self, system: &str, code: &str, day: Day) -> Result<Vec<Concept<'_>>, CodesError> {
        let Some(lineage) = self.lineage(system, code, day)? else { return Ok(Vec::new()) };
        let successors = lineage.successors.iter().filter(|step| step.relationship != Relationship::NotRelatedTo);
        let mut standing: Vec<Concept<'_>> = Vec::new();
        for concept in std::iter::once(lineage.concept).chain(successors.filter_map(|step| step.concept)) {
            if concept.validity().holds_on(day) && !standing.contains(&concept) {
                standing.push(concept);
            }
        }
        Ok(standing)
    }

    fn walk<'a>(
        &'a self,
        system: &'a CodeSystem,
        code: &str,
        direction: Direction,
        day: Option<Day>,
    ) -> Vec<LineageStep<'a>> {
        let mut steps: Vec<LineageStep<'a>> = Vec::new();
        let mut met = BTreeSet::from([code.to_owned()]);
        let mut border = vec![code.to_owned()];
        for distance in 1.. {
            let found: Vec<_> = border.iter().flat_map(|code| self.steps(system, code, direction, distance)).collect();
            border.clear();
            for step in found {
                let has_happened = day.zip(step.on).is_none_or(|(day, on)| on <= day);
                // A code that a step leads to again is a step of its own, but is not followed again.
                if has_happened && step.to_code != step.from_code {
                    if met.insert(step.to_code.clone()) {
                        border.push(step.to_code.clone());
                    }
                    steps.push(step);
                }
            }
            if border.is_empty() {
                break;
            }
        }
        steps
    }

    /// The steps that lead from a code in one direction, each code once.
    fn steps<'a>(
        &'a self,
        system: &'a CodeSystem,
        code: &str,
        direction: Direction,
        distance: usize,
    ) -> Vec<LineageStep<'a>> {
        let maps = self.concept_maps().filter(|map| map.is_lineage() && map.source_system() == system.name());
        let mapped = maps.flat_map(|map| map.find_mappings(code, direction)).filter(|row| !row.to_code.is_empty());
        let mut steps: Vec<LineageStep<'a>> = mapped
            .map(|row| LineageStep {
                from_code: row.from_code.to_owned(),
                to_code: row.to_code.to_owned(),
                concept: system.lookup(row.to_code),
                on: row.valid_from,
                relationship: row.relationship,
                comment: row.comment,
                distance,
            })
            .collect();
        let replaced = match direction {
            Direction::Forward => system.lookup(code).map(|old| (old, old.replaced_by().collect::<Vec<_>>())),
            Direction::Reverse => None,
        };
        let forward = replaced.into_iter().flat_map(|(old, new)| new.into_iter().map(move |new| (old, new.to_owned())));
        let backward = match direction {
            Direction::Forward => Vec::new(),
            Direction::Reverse => system.replaced_with(code),
        };
        let pairs = forward.chain(backward.into_iter().map(|old| (old, old.code().to_owned())));
        for (old, to_code) in pairs {
            if steps.iter().all(|step| step.to_code != to_code) {
                steps.push(LineageStep {
                    from_code: code.to_owned(),
                    concept: system.lookup(&to_code),
                    to_code,
                    on: old.validity().until,
                    relationship: Relationship::RelatedTo,
                    comment: "",
                    distance,
                });
            }
        }
        steps
    }
}

impl CodeSystem {
    /// The concepts that say they are replaced by a code.
    fn replaced_with(&self, code: &str) -> Vec<Concept<'_>> {
        if self.find_property("replaced_by").is_none() {
            return Vec::new();
        }
        self.concepts().filter(|old| old.replaced_by().any(|new| new == code)).collect()
    }
}
