//! Value sets that come with a request and are not kept: `ValueSet` resources whose `compose` says what is in them.

use std::collections::BTreeMap;

use kanak_codes::{Choice, Chosen, Codes, Day, Expanded, Selection, Status};
use serde_json::{Value, json};

use super::compose::Block;
use super::params::Params;
use crate::server::problem::{Problem, beginning};

/// As many includes, excludes and filters one has at most.
const RULES_MAX: usize = 1_000;

/// A value set that came with a request.
pub struct Inline {
    choice: Choice,
    /// The displays that it gives to codes itself, by code system and code.
    displays: BTreeMap<String, BTreeMap<String, String>>,
    /// What it is called in answers.
    pub name: String,
    /// What of it an expansion repeats.
    pub resource: Value,
    /// The day by which it is to be read.
    pub day: Day,
    /// The status of the codes that it leaves in, where it leaves some out.
    pub status: Option<Status>,
}

impl Inline {
    /// Reads the value set that a request has in `valueSet`, for the day that the request states, or the value set, or today; `None` where
    /// none came.
    ///
    /// # Errors
    /// 400 for what is no value set, and for what is not supported of one; 404 where it names what is not there.
    pub fn find(codes: &Codes, params: &Params, today: Day) -> Result<Option<Self>, Problem> {
        let Some(sent) = params.resource("valueSet") else { return Ok(None) };
        if sent["resourceType"] != "ValueSet" {
            return Err(Problem::bad_request("`valueSet` is no ValueSet; send one as its `resource`"));
        }
        let compose = &sent["compose"];
        let locked = compose["lockedDate"].as_str().and_then(Day::parse);
        let day = params.day()?.or(locked).unwrap_or(today);
        let of = |name: &str| compose[name].as_array().map_or(&[][..], Vec::as_slice);
        let (includes, excludes) = (of("include"), of("exclude"));
        if includes.is_empty() {
            return Err(Problem::bad_request("the `valueSet` has no `compose.include`; say which codes are in it"));
        }
        let filters = |block: &Value| block["filter"].as_array().map_or(0, Vec::len);
        let rules: usize = includes.iter().chain(excludes).map(|block| 1 + filters(block)).sum();
        if rules > RULES_MAX {
            return Err(Problem::bad_request(format!(
                "{rules} rules, and at most {RULES_MAX} are read; list codes in one"
            )));
        }
        let text = |name: &str| sent[name].as_str().filter(|text| !text.is_empty());
        let name = text("url").or(text("name")).unwrap_or("sent with the request");
        let mut inline = Self {
            choice: Choice::default(),
            displays: BTreeMap::new(),
            name: beginning(name, 200),
            resource: json!({ "resourceType": "ValueSet", "status": text("status").unwrap_or("active") }),
            day,
            status: (compose["inactive"] == false).then_some(Status::Active),
        };
        for repeated in ["url", "version", "name", "title"] {
            if let Some(text) = text(repeated) {
                inline.resource[repeated] = text.into();
            }
        }
        for block in includes {
            let block = Block::read(codes, block, day)?;
            inline.choice.include.extend(block.in_versions(codes, params, day)?);
            if let Some(system) = block.system {
                inline.displays.entry(system).or_default().extend(block.displays);
            }
        }
        for block in excludes {
            let Block { system, version, all_of, none_of, .. } = Block::read(codes, block, day)?;
            inline.choice.exclude.push(Chosen { system, version, all_of, none_of });
        }
        Ok(Some(inline))
    }

    /// Its codes, version by version of the code systems that it takes codes of.
    ///
    /// # Errors
    /// 404 where a version is not there.
    pub fn selections<'c>(&self, codes: &'c Codes) -> Result<Vec<Selection<'c>>, Problem> {
        let mut of: Vec<(&str, Option<&str>)> = Vec::new();
        for chosen in &self.choice.include {
            let one = (chosen.system.as_deref().unwrap_or_default(), chosen.version.as_deref());
            if !of.contains(&one) {
                of.push(one);
            }
        }
        let select = |(system, version): (&str, Option<&str>)| -> Result<Selection<'c>, Problem> {
            Ok(codes.select(&self.choice, codes.as_of(system, version, self.day)?))
        };
        of.into_iter().map(select).collect()
    }

    /// The display that it gives a code itself.
    pub fn display(&self, system: &str, code: &str) -> Option<&str> {
        self.displays.get(system)?.get(code).map(String::as_str)
    }

    /// The same of a code of an expansion.
    pub fn display_of(&self, expanded: &Expanded<'_>) -> Option<&str> {
        self.display(expanded.system.name(), expanded.concept.code())
    }
}
