//! What names a code: rows of code systems, value sets, concept maps, holidays and schemes. Asked before codes are removed.

use std::{collections::BTreeSet, fmt};

use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::{
    codes::Codes,
    holidays::Holidays,
    scheme::Schemes,
    system::CodeSystem,
    value_set::{OneOrMore, Rule},
};

/// So many references of one holder are told one by one.
const EACH_MAX: usize = 5;
/// So many codes and holders a message tells.
const TOLD_MAX: usize = 8;

/// Properties that hold codes of another code system, or of their own, and are not named after it.
const OTHERWISE_NAMED: [(&str, &str, &str); 2] =
    [("bank", "default_ifsc", "ifsc"), ("lgd-district", "split_from", "lgd-district")];

/// What kind of thing names a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderKind {
    /// A row of a code system.
    CodeSystem,
    /// A rule of a value set.
    ValueSet,
    /// A row of a concept map.
    ConceptMap,
    /// A day in the list of holidays.
    Holidays,
    /// The rules of a scheme.
    Scheme,
}

/// A place that names a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// What kind of thing it is.
    pub kind: HolderKind,
    /// The code system, value set, concept map, list or scheme.
    pub holder: String,
    /// Where in it: the code of the row, the rule, the source code of the row, the day.
    pub at: String,
    /// `parent`, a property, or what else holds the code there.
    pub field: String,
    /// The code that it names.
    pub code: String,
}

/// How often one thing names codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HolderCount {
    /// What kind of thing it is.
    pub kind: HolderKind,
    /// The code system, value set, concept map, list or scheme.
    pub holder: String,
    /// How many of its rows or rules name one, counted once for each code.
    pub count: usize,
}

/// The references that would point to nothing without some codes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LostReferences {
    /// How many there are.
    pub count: usize,
    /// The codes that they name, sorted.
    pub codes: BTreeSet<String>,
    /// How many each holder has, in the order in which they were looked through.
    pub holders: Vec<HolderCount>,
    /// The first few of each holder.
    pub first: Vec<Reference>,
}

impl LostReferences {
    /// Whether nothing names a code that is gone.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// In one line, for a message: which codes, and who names them.
impl fmt::Display for LostReferences {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<String> = self.codes.iter().take(TOLD_MAX).map(|code| format!("`{code}`")).collect();
        write!(out, "{}{}, named by ", codes.join(", "), and_more(self.codes.len()))?;
        for (place, HolderCount { kind, holder, count }) in self.holders.iter().take(TOLD_MAX).enumerate() {
            let first = self.first.iter().filter(|one| (one.kind, &one.holder) == (*kind, holder)).take(2);
            let first: Vec<&str> = first.map(|one| one.at.as_str()).collect();
            let between = if place > 0 { "; " } else { "" };
            let more = count.saturating_sub(first.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            write!(out, "{between}`{holder}` at {}{more}", first.join(", "))?;
        }
        write!(out, "{}", and_more(self.holders.len()))
    }
}

/// How many of a list a message leaves out.
fn and_more(count: usize) -> String {
    if count > TOLD_MAX { format!(" and {} more", count - TOLD_MAX) } else { String::new() }
}

impl Codes {
    /// What would point to nothing if one version of a code system took the place of another: every reference to a code that `before`
    /// has and `after` lacks. Looked through are the current versions of all other code systems (their parents, and the properties
    /// that are named after the code system, as `district_code` or `district_codes` for `lgd-district`), the rows of `after` itself,
    /// value sets, concept maps, holidays and schemes. Parents that `after` knows to be missing do not count.
    pub fn references_lost(&self, before: &CodeSystem, after: &CodeSystem) -> LostReferences {
        let gone = before.concepts().map(|concept| concept.code()).filter(|code| after.lookup(code).is_none());
        let mut search = Search { target: after, gone: gone.collect(), lost: LostReferences::default() };
        if search.gone.is_empty() {
            return search.lost;
        }
        for system in self.systems() {
            search.look_through_system(if system.name() == after.name() { after } else { system });
        }
        for set in self.value_sets() {
            for (word, rules) in [("include", set.includes()), ("exclude", set.excludes())] {
                for (number, rule) in rules.iter().enumerate() {
                    let place = format!("{word} {}", number + 1);
                    search.look_at_rule(self, (set.name(), place.as_str()), rule);
                }
            }
        }
        for map in self.concept_maps() {
            let is_source = map.source_system() == after.name();
            let is_target = map.target_system() == after.name();
            for row in map.mappings().filter(|_| is_source || is_target) {
                let source = is_source.then_some(("source", row.from_code));
                let target = is_target.then_some(("target", row.to_code));
                search.take((HolderKind::ConceptMap, map.name(), row.from_code), source.into_iter().chain(target));
            }
        }
        for (on, state, district) in self.find_holidays().unwrap_or_else(Holidays::builtin).places() {
            let of = |name: &str| after.name() == name;
            let state = of("lgd-state").then_some(("state", state));
            let district = of("lgd-district").then_some(("district", district));
            search.take((HolderKind::Holidays, "holidays", on.as_str()), state.into_iter().chain(district));
        }
        if after.name() == "scheme" {
            for scheme in Schemes::builtin().into_iter().flat_map(Schemes::iter) {
                let code = scheme.code.as_str();
                search.take((HolderKind::Scheme, "schemes", code), [("scheme", code)].into_iter());
            }
        }
        search.lost
    }
}

/// Looking for the codes of one code system that are gone.
struct Search<'a> {
    target: &'a CodeSystem,
    /// As the version before writes them.
    gone: FxHashSet<&'a str>,
    lost: LostReferences,
}

impl Search<'_> {
    fn look_through_system(&mut self, system: &CodeSystem) {
        let has_parents = system.parent_system() == Some(self.target.name());
        let properties = system.declared_properties();
        let is_own = system.name() == self.target.name();
        let names: Vec<&str> = properties
            .iter()
            .map(String::as_str)
            .filter(|name| {
                holds_codes_of(self.target.name(), system.name(), name)
                    || (is_own && (*name == "replaced_by" || system.hierarchy_names().any(|known| known == *name)))
            })
            .collect();
        if !has_parents && names.is_empty() {
            return;
        }
        let columns: Vec<_> = names.iter().filter_map(|name| Some((*name, system.find_property(name)?))).collect();
        let is_known = |code: &str| is_own && system.known_orphans().iter().any(|orphan| orphan == code);
        for concept in system.concepts() {
            let parent = concept.parent().filter(|parent| has_parents && !is_known(parent));
            let parent = parent.map(|parent| ("parent", parent));
            let values = columns.iter().filter_map(|(name, column)| Some((*name, column.of(concept)?)));
            self.take((HolderKind::CodeSystem, system.name(), concept.code()), parent.into_iter().chain(values));
        }
    }

    fn look_at_rule(&mut self, codes: &Codes, (set, place): (&str, &str), rule: &Rule) {
        let systems: Vec<&str> = match (&rule.system, &rule.value_set) {
            (Some(system), _) => vec![system.as_str()],
            (None, Some(name)) => codes.systems_of(name).unwrap_or_default(),
            (None, None) => Vec::new(),
        };
        let target = self.target.name().to_owned();
        let parents_are_codes = systems
            .iter()
            .filter_map(|name| codes.system(name))
            .any(|system| system.parent_system() == Some(target.as_str()));
        let mut named: Vec<(&str, &str)> = Vec::new();
        if systems.contains(&target.as_str()) {
            named.extend(rule.codes.iter().map(|code| ("codes", code.as_str())));
            named.extend(rule.is_a.iter().map(|code| ("is_a", code.as_str())));
        }
        if parents_are_codes {
            named.extend(rule.parent.iter().map(|code| ("parent", code.as_str())));
        }
        for (property, values) in &rule.properties {
            if systems.iter().any(|system| holds_codes_of(&target, system, property)) {
                let values = match values {
                    OneOrMore::One(one) => std::slice::from_ref(one),
                    OneOrMore::More(more) => more.as_slice(),
                };
                named.extend(values.iter().map(|value| (property.as_str(), value.as_str())));
            }
        }
        self.take((HolderKind::ValueSet, set, place), named.into_iter());
    }

    /// Takes in what one place names in its fields: each code that is gone, once.
    fn take<'f>(
        &mut self,
        (kind, holder, at): (HolderKind, &str, &str),
        fields: impl Iterator<Item = (&'f str, &'f str)>,
    ) {
        let mut seen: Vec<String> = Vec::new();
        for (field, value) in fields {
            for part in value.split('|') {
                let code = self.target.fold(part);
                if self.gone.contains(&*code) && !seen.iter().any(|known| *known == *code) {
                    seen.push(code.clone().into_owned());
                    self.add(Reference {
                        kind,
                        holder: holder.to_owned(),
                        at: at.to_owned(),
                        field: field.to_owned(),
                        code: code.into_owned(),
                    });
                }
            }
        }
    }

    fn add(&mut self, one: Reference) {
        let lost = &mut self.lost;
        lost.count += 1;
        lost.codes.insert(one.code.clone());
        let count = match lost.holders.last_mut() {
            Some(last) if (last.kind, &last.holder) == (one.kind, &one.holder) => {
                last.count += 1;
                last.count
            }
            _ => {
                lost.holders.push(HolderCount { kind: one.kind, holder: one.holder.clone(), count: 1 });
                1
            }
        };
        if count <= EACH_MAX {
            lost.first.push(one);
        }
    }
}

/// Whether a property holds codes of a code system, by its name: `department` of `department`, `district_code` and `district_codes`
/// of `lgd-district`.
fn holds_codes_of(target: &str, system: &str, property: &str) -> bool {
    let stem = property.strip_suffix("_codes").or_else(|| property.strip_suffix("_code")).unwrap_or(property);
    let is_named_after = |name: &str| name.bytes().map(|byte| if byte == b'-' { b'_' } else { byte }).eq(stem.bytes());
    is_named_after(target)
        || target.strip_prefix("lgd-").is_some_and(is_named_after)
        || OTHERWISE_NAMED.contains(&(system, property, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_hold_codes_of_what_they_are_named_after() {
        let check = |target, property, expected| {
            assert_eq!(holds_codes_of(target, "office", property), expected, "{property} of {target}");
        };
        check("lgd-district", "district_codes", true);
        check("lgd-district", "district", true);
        check("lgd-district", "subdistrict_code", false);
        check("lgd-subdistrict", "subdistrict_code", true);
        check("complaint-type", "complaint_type", true);
        check("department", "department", true);
        check("department", "department_as_stated", false);
        check("lgd-district", "split_from", false);
        assert!(holds_codes_of("lgd-district", "lgd-district", "split_from"));
        assert!(holds_codes_of("ifsc", "bank", "default_ifsc"));
    }

    #[test]
    fn every_property_that_is_listed_is_one_of_its_system() {
        let codes = Codes::builtin().unwrap();
        for (system, property, target) in OTHERWISE_NAMED {
            let has_it = codes.get_system(system).unwrap().declared_properties().iter().any(|known| known == property);
            assert!(has_it && codes.system(target).is_some(), "{system} {property}");
        }
    }
}
