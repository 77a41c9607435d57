//! What a `compose` takes in and leaves out: its blocks as rules.

use std::collections::BTreeMap;

use kanak_codes::{Chosen, CodeSystem, Codes, Day, OneOrMore, Rule, Status};
use serde_json::Value;

use super::answer::NOT_SUPPORTED;
use super::members::version_of;
use super::named::{all_codes_of, find_value_set, name_in};
use super::params::Params;
use crate::server::problem::{Problem, beginning};

/// One `include` or `exclude`.
#[derive(Default)]
pub struct Block {
    /// The code system; `None` where value sets alone say whose codes it takes.
    pub system: Option<String>,
    /// The version of it, where one is named.
    pub version: Option<String>,
    /// What holds of its codes.
    pub all_of: Vec<Rule>,
    /// What does not hold of them.
    pub none_of: Vec<Rule>,
    /// The displays that it gives the codes that it lists.
    pub displays: BTreeMap<String, String>,
}

impl Block {
    /// Reads one for a day.
    ///
    /// # Errors
    /// 400 for what it lacks or what is not supported of it; 404 where it names what is not there.
    pub fn read(codes: &Codes, sent: &Value, day: Day) -> Result<Self, Problem> {
        let text = |name: &str| sent[name].as_str().map(str::trim).filter(|text| !text.is_empty());
        let list = |name: &str| sent[name].as_array().map_or(&[][..], Vec::as_slice);
        let mut block = Self::default();
        if let Some(url) = text("system") {
            let (name, version) = name_in("code-system", url);
            block.system = Some(name.to_owned());
            block.version = text("version").or(version).map(str::to_owned);
        }
        for url in list("valueSet") {
            let url = url.as_str().ok_or_else(|| Problem::bad_request("a `valueSet` of `compose` is no URL"))?;
            block.add_value_set(codes, url)?;
        }
        let Some(name) = &block.system else {
            if block.all_of.is_empty() || !list("concept").is_empty() || !list("filter").is_empty() {
                let missing = "an `include` or `exclude` of the `valueSet` names neither `system` nor `valueSet`, or lists codes of no system";
                return Err(Problem::bad_request(missing));
            }
            return Ok(block);
        };
        let system = codes.as_of(name, block.version.as_deref(), day)?.system();
        let mut listed = Vec::new();
        for concept in list("concept") {
            let code = concept["code"]
                .as_str()
                .ok_or_else(|| Problem::bad_request("a `concept` of `compose` has no `code`"))?;
            if let (Some(known), Some(display)) = (system.lookup(code), concept["display"].as_str()) {
                block.displays.insert(known.code().to_owned(), display.to_owned());
            }
            listed.push(code.to_owned());
        }
        if !listed.is_empty() {
            block.all_of.push(Rule { codes: listed, ..Rule::default() });
        }
        for filter in list("filter") {
            let (sign, rule) = read_filter(system, filter)?;
            match sign {
                Sign::AllOf => block.all_of.push(rule),
                Sign::NoneOf => block.none_of.push(rule),
                Sign::Below => {
                    let own = rule.is_a.iter().cloned().collect();
                    block.all_of.push(rule);
                    block.none_of.push(Rule { codes: own, ..Rule::default() });
                }
            }
        }
        Ok(block)
    }

    /// Confines the block to a value set that is served, or to all codes of a code system.
    fn add_value_set(&mut self, codes: &Codes, url: &str) -> Result<(), Problem> {
        let Some((system, version)) = all_codes_of(url) else {
            let set = find_value_set(codes, url, None)?;
            self.all_of.push(Rule { value_set: Some(set.name().to_owned()), ..Rule::default() });
            return Ok(());
        };
        let (system, own_version) = name_in("code-system", system);
        if self.system.as_deref().is_some_and(|named| named != system) {
            return Err(Problem::bad_request(format!(
                "an `include` or `exclude` names two code systems, of which no code is: `{}` and `{system}`",
                self.system.as_deref().unwrap_or_default()
            )));
        }
        self.system = Some(system.to_owned());
        self.version = self.version.take().or(version.or(own_version).map(str::to_owned));
        Ok(())
    }

    /// The block for each code system that it takes codes of, each in the version that it, the request or the day asks for.
    ///
    /// # Errors
    /// 400 for a `system-version` that names no version; 404 where a version is not there.
    pub fn in_versions(&self, codes: &Codes, params: &Params, day: Day) -> Result<Vec<Chosen>, Problem> {
        let systems = match &self.system {
            Some(system) => vec![system.as_str()],
            None => {
                let set = self.all_of.iter().find_map(|rule| rule.value_set.as_deref());
                let systems = codes.systems_of(set.unwrap_or_default())?;
                systems.into_iter().filter(|system| codes.system(system).is_some()).collect()
            }
        };
        let chosen = |system: &str| -> Result<Chosen, Problem> {
            let asked = match self.version.as_deref() {
                Some(version) => Some(version),
                None => version_of(params, system)?,
            };
            let version = codes.as_of(system, asked, day)?.system().version();
            Ok(Chosen {
                system: Some(system.to_owned()),
                version: Some(version.to_owned()),
                all_of: self.all_of.clone(),
                none_of: self.none_of.clone(),
            })
        };
        systems.into_iter().map(chosen).collect()
    }
}

/// How a filter's rule is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// It holds.
    AllOf,
    /// It does not hold.
    NoneOf,
    /// It holds, and the concept is not the one that it names.
    Below,
}

/// The rule of a filter, by what the code system says in `filter` that codes are chosen by.
fn read_filter(system: &CodeSystem, filter: &Value) -> Result<(Sign, Rule), Problem> {
    let text = |name: &str| filter[name].as_str().unwrap_or_default().trim();
    let (property, op, value) = (text("property"), text("op"), text("value"));
    let values = || value.split(',').map(|one| one.trim().to_owned()).collect::<Vec<String>>();
    let sign = match op {
        "not-in" | "is-not-a" => Sign::NoneOf,
        "descendent-of" => Sign::Below,
        "exists" if value == "true" => Sign::NoneOf,
        _ => Sign::AllOf,
    };
    let is_of_tree = matches!(op, "is-a" | "is-not-a" | "descendent-of");
    let hierarchy = match property {
        "concept" | "code" | "parent" => None,
        name => Some(name.to_owned()),
    };
    let has_tree = match &hierarchy {
        None => system.hierarchy().is_some(),
        Some(name) => system.find_hierarchy(name).is_some(),
    };
    let status = match (property, value) {
        ("status", "active") | ("inactive", "false") => Some(Status::Active),
        ("status", "retired") | ("inactive", "true") => Some(Status::Retired),
        _ => None,
    };
    let with = |values: OneOrMore| Rule { properties: [(property.to_owned(), values)].into(), ..Rule::default() };
    let is_property = system.find_property(property).is_some();
    let rule = match (property, op) {
        _ if is_of_tree && has_tree => Rule { is_a: Some(value.to_owned()), hierarchy, ..Rule::default() },
        ("concept" | "code", "=" | "in" | "not-in") => Rule { codes: values(), ..Rule::default() },
        ("status" | "inactive", "=") if status.is_some() => Rule { status, ..Rule::default() },
        ("parent", "=") if system.parent_system().is_some() => {
            Rule { parent: Some(value.to_owned()), ..Rule::default() }
        }
        (_, "=") if is_property => with(OneOrMore::One(value.to_owned())),
        (_, "in" | "not-in") if is_property => with(OneOrMore::More(values())),
        (_, "exists") if is_property && matches!(value, "true" | "false") => with(OneOrMore::One(String::new())),
        _ => {
            let (property, op) = (beginning(property, 40), beginning(op, 40));
            let name = system.name();
            return Err(Problem::bad_request(format!(
                "{NOT_SUPPORTED}a filter of `{name}` by `{property}` `{op}` and that value; /fhir/CodeSystem/{name} says in `filter` what codes \
                 are chosen by"
            )));
        }
    };
    Ok((sign, rule))
}
