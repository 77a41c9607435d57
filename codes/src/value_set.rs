//! Value sets: which codes may stand in a field, listed or by rule.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Deserialize;

use crate::{codes::Codes, concept::Status, day::Day, declared, error::CodesError, language::Language};

/// A named choice of codes of one or more code systems. What its rules take in is united, and what they leave out is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSet {
    text: String,
    declared: Declared,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Declared {
    name: String,
    title_en: String,
    title_pa: String,
    title_hi: String,
    version: String,
    source: String,
    licence: String,
    source_date: String,
    made_up: bool,
    effective_from: Option<Day>,
    notes: String,
    include: Vec<Rule>,
    exclude: Vec<Rule>,
}

/// Which concepts a rule is about: those for which all of its conditions hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// The code system; `None` for every one of the value set that is named.
    pub system: Option<String>,
    /// The code is one of these; none listed is no condition.
    pub codes: Vec<String>,
    /// The concept is this one or below it in the hierarchy.
    pub is_a: Option<String>,
    /// The hierarchy of `is_a`; the main one when none is named.
    pub hierarchy: Option<String>,
    /// The parent column holds this code.
    pub parent: Option<String>,
    /// On the day that is asked about, or today, the code may be given or no longer may.
    pub status: Option<Status>,
    /// The value of each property, or one of the parts between `|` in it, is one of those listed.
    #[serde(rename = "where")]
    pub properties: BTreeMap<String, OneOrMore>,
    /// The code is in this value set.
    pub value_set: Option<String>,
}

/// A value or several of which one is enough.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl OneOrMore {
    /// Whether a value or one of the parts between `|` in it is one of these.
    pub(crate) fn fits(&self, value: &str) -> bool {
        value.split('|').map(str::trim).any(|part| match self {
            Self::One(one) => one == part,
            Self::More(more) => more.iter().any(|one| one == part),
        })
    }
}

/// As many rules a value set has at most.
const RULES_MAX: usize = 1_000;

impl ValueSet {
    /// Reads a value set. `file` is how errors name it.
    ///
    /// # Errors
    /// [`CodesError::Sidecar`] with the line at fault.
    pub fn parse(file: &str, text: &str) -> Result<Self, CodesError> {
        let declared: Declared = declared::read(file, text)?;
        let required = [
            ("name", &*declared.name),
            ("title_en", &declared.title_en),
            ("title_pa", &declared.title_pa),
            ("title_hi", &declared.title_hi),
            ("version", &declared.version),
            ("source", &declared.source),
            ("licence", &declared.licence),
        ];
        declared::require(file, text, &required)?;
        let fail = |problem| CodesError::Sidecar { file: file.to_owned(), line: 1, problem };
        declared::check_identity(file, &declared.name, &declared.version)?;
        if declared.include.is_empty() {
            return Err(fail("no `[[include]]`; say which codes are in the set".to_owned()));
        }
        let rules = declared.include.len() + declared.exclude.len();
        if rules > RULES_MAX {
            return Err(fail(format!("{rules} rules, and at most {RULES_MAX} are read; list codes in one rule")));
        }
        for rule in declared.include.iter().chain(&declared.exclude) {
            if rule.system.is_none() && rule.value_set.is_none() {
                return Err(fail(
                    "a rule names neither `system` nor `value_set`; say of which its codes are".to_owned(),
                ));
            }
            if rule.hierarchy.is_some() && rule.is_a.is_none() {
                return Err(fail("a rule names `hierarchy` without `is_a`; say below which code".to_owned()));
            }
        }
        Ok(Self { text: text.to_owned(), declared })
    }

    /// The short name by which it is asked for.
    pub fn name(&self) -> &str {
        &self.declared.name
    }

    /// What it is, in a language of the state.
    pub fn title_in(&self, language: Language) -> &str {
        match language {
            Language::En => &self.declared.title_en,
            Language::Pa => &self.declared.title_pa,
            Language::Hi => &self.declared.title_hi,
        }
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.declared.version
    }

    /// Who says so.
    pub fn source(&self) -> &str {
        &self.declared.source
    }

    /// The licence of the source.
    pub fn licence(&self) -> &str {
        &self.declared.licence
    }

    /// The date of the source; empty when none is stated.
    pub fn source_date(&self) -> &str {
        &self.declared.source_date
    }

    /// Whether it is invented for the made-up state.
    pub fn is_made_up(&self) -> bool {
        self.declared.made_up
    }

    /// The first day on which it holds, where one is stated.
    pub fn effective_from(&self) -> Option<Day> {
        self.declared.effective_from
    }

    /// What to know before relying on it.
    pub fn notes(&self) -> &str {
        &self.declared.notes
    }

    /// The declaration, as [`parse`](Self::parse) reads it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is taken in.
    pub fn includes(&self) -> &[Rule] {
        &self.declared.include
    }

    /// What is left out of that.
    pub fn excludes(&self) -> &[Rule] {
        &self.declared.exclude
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.includes().iter().chain(self.excludes())
    }
}

impl Codes {
    /// The names of the code systems from which a value set takes codes, in the order of its rules.
    ///
    /// # Errors
    /// [`CodesError::UnknownValueSet`].
    pub fn systems_of(&self, value_set: &str) -> Result<Vec<&str>, CodesError> {
        let mut systems = Vec::new();
        let (mut waiting, mut seen) = (vec![self.get_value_set(value_set)?], BTreeSet::new());
        while let Some(set) = waiting.pop() {
            if !seen.insert(set.name()) {
                continue;
            }
            for rule in set.includes() {
                match (&rule.system, &rule.value_set) {
                    (Some(system), _) if !systems.contains(&system.as_str()) => systems.push(system.as_str()),
                    (None, Some(name)) => waiting.extend(self.get_value_set(name)),
                    _ => {}
                }
            }
        }
        Ok(systems)
    }

    /// What a value set names that is not there: systems, value sets, codes, hierarchies and properties. A steward should look
    /// at them; nothing of them is a member.
    ///
    /// # Errors
    /// [`CodesError::UnknownValueSet`].
    pub fn problems_of(&self, value_set: &str) -> Result<Vec<String>, CodesError> {
        let set = self.get_value_set(value_set)?;
        Ok(set.rules().flat_map(|rule| self.problems_of_rule(rule)).collect())
    }

    fn problems_of_rule(&self, rule: &Rule) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(name) = &rule.value_set
            && let Err(error) = self.get_value_set(name)
        {
            problems.push(error.to_string());
        }
        let Some(name) = &rule.system else { return problems };
        let system = match self.get_system(name) {
            Ok(system) => system,
            Err(error) => {
                problems.push(error.to_string());
                return problems;
            }
        };
        let missing = rule.codes.iter().chain(&rule.is_a).filter(|code| system.lookup(code).is_none());
        problems.extend(missing.map(|code| format!("`{name}` has no code `{code}`")));
        if let Some(parent) = &rule.parent
            && system.children(parent).len() == 0
        {
            problems.push(format!("nothing in `{name}` has the parent `{parent}`"));
        }
        let hierarchy = rule.hierarchy.as_deref().unwrap_or("parent");
        if rule.is_a.is_some() && system.find_hierarchy(hierarchy).is_none() {
            problems.push(format!("`{name}` has no hierarchy `{hierarchy}`"));
        }
        let unknown = rule.properties.keys().filter(|property| system.find_property(property).is_none());
        problems.extend(unknown.map(|property| format!("`{name}` has no property `{property}`")));
        problems
    }
}

/// A value set is made of others, and those of others, so many times at most.
const NESTING_MAX: usize = 32;

/// Refuses value sets that include each other in a circle, or are made of others too many times over.
pub(crate) fn refuse_cycles(sets: &[Arc<ValueSet>]) -> Result<(), CodesError> {
    let fail =
        |at: usize, problem| CodesError::Sidecar { file: format!("value set {}", sets[at].name()), line: 1, problem };
    let named = |set: &ValueSet| {
        let names = set.rules().filter_map(|rule| rule.value_set.as_deref());
        let at = names.filter_map(|name| sets.binary_search_by(|known| known.name().cmp(name)).ok());
        at.collect::<Vec<usize>>()
    };
    // How many sets lie one within the other below each, itself counted; 0 while nobody knows.
    let mut nesting = vec![0; sets.len()];
    for start in 0..sets.len() {
        // The way down to where we stand, each with what it names and is still to be followed.
        let mut path = vec![(start, named(&sets[start]))];
        while let Some((at, left)) = path.last_mut() {
            let Some(next) = left.pop() else {
                let at = *at;
                path.pop();
                nesting[at] = 1 + named(&sets[at]).into_iter().map(|below| nesting[below]).max().unwrap_or(0);
                if nesting[at] > NESTING_MAX {
                    return Err(fail(
                        at,
                        format!("it is made of value sets more than {NESTING_MAX} deep; make it of fewer"),
                    ));
                }
                continue;
            };
            if let Some(from) = path.iter().position(|(on_path, _)| *on_path == next) {
                let circle = path[from..].iter().map(|(at, _)| *at).chain([next]).map(|at| sets[at].name());
                return Err(fail(next, format!("it includes itself: {}", circle.collect::<Vec<_>>().join(" < "))));
            }
            if nesting[next] == 0 {
                path.push((next, named(&sets[next])));
            }
        }
    }
    Ok(())
}
