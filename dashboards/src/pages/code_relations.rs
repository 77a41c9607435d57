//! Who and what names a code: the officers posted at an office on a day, the assets of a department. With what stands above the code
//! and below it, that is the way from a department to its offices, their posts and their officers.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use kanak_codes::{CodeSystem, Codes, Concept};
use kanak_model::relation::Day;
use kanak_model::{EntityModel, Purpose, Timestamp};
use kanak_store::{Other, RelationPage, RelationQuery, SourceSystemRow};
use serde::Deserialize;

use super::golden_records::PURPOSES;
use super::show_page;
use crate::audit;
use crate::component::Table;
use crate::error::PageError;
use crate::relation_table::{Shown, address};
use crate::samples::Sampler;
use crate::session::{Signed, percent_encode};
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// What names one code.
#[derive(Template)]
#[template(path = "pages/code_relations.html")]
pub(crate) struct CodeRelationsPage {
    shell: Shell,
    system: String,
    system_title: String,
    code: String,
    name: String,
    /// What stands above it, the highest first: address and name.
    above: Vec<(String, String)>,
    /// What stands below it.
    below: Vec<(String, String)>,
    /// How many more stand below it than are shown.
    below_more: usize,
    purpose: &'static str,
    as_of: String,
    known_at: String,
    day: String,
    relations: Table,
    next: Option<String>,
}

/// Of which day, and for what, it is asked.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    purpose: String,
    /// The day on which the relations held. Empty: today.
    #[serde(default)]
    as_of: String,
    /// What the hub knew then. Empty: now.
    #[serde(default)]
    known_at: String,
    /// After the last one of the page before.
    #[serde(default)]
    after: String,
}

const PAGE: u32 = 200;
/// How many codes below are listed.
const BELOW: usize = 60;

/// `GET /relations/{system}/{code}`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Path((system, code)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    signed: Signed,
) -> Result<Response, PageError> {
    let purpose = Purpose::find(&asked.purpose).filter(|purpose| PURPOSES.contains(purpose));
    let access = match purpose {
        Some(purpose) => signed.access(purpose)?,
        None => signed.access(PURPOSES[0]).or_else(|_| signed.access(PURPOSES[1]))?,
    };
    let codes = state.codes();
    let found = codes.system(&system);
    let concept = found.and_then(|found| Some((found, found.lookup(&code)?)));
    let concept = concept.ok_or_else(|| PageError::NotFound { what: "code", name: code.clone() })?;
    let refused = |word: &str, text: &str| PageError::Refused(format!("`{word}` is no {text}"));
    let as_of = match asked.as_of.trim() {
        "" => Day::of(state.clock.now()),
        text => text.parse().map_err(|_| refused("as_of", "day; write it as 2026-04-01"))?,
    };
    let known_at = match asked.known_at.trim() {
        "" => None,
        text => Some(Timestamp::parse(text).ok_or_else(|| refused("known_at", "time; write a day as 2026-04-01"))?),
    };
    let after = match asked.after.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| refused("after", "page; begin with the first"))?),
    };
    let query = RelationQuery { known_at, as_of: Some(as_of), relation: None, after, limit: PAGE };
    let page = state.store.list_relations_to_code(&access, &state.models, (&system, &code), &query).await;
    let page = page.map_err(PageError::inside)?;
    let subjects = page.relations.iter().filter_map(|one| match &one.other {
        Other::Golden(record) => Some(record.id.to_string()),
        Other::Code { .. } | Other::Nobody => None,
    });
    let subjects: BTreeSet<String> = subjects.chain([format!("{system} {code}")]).collect();
    audit::record(&state, &access, "read relations", subjects).await?;
    let sources = state.store.list_source_systems().await.map_err(PageError::inside)?;
    let shell = Shell::new("code_relations", &signed.visit, state.made_up);
    let parts = Parts {
        models: &state.models,
        sources: &sources,
        purpose: access.purpose(),
        as_of,
        known_at: asked.known_at,
        page,
    };
    show_page(&CodeRelationsPage::build(shell, &codes, concept, parts))
}

/// What the page is made of.
struct Parts<'a> {
    models: &'a [EntityModel],
    sources: &'a [SourceSystemRow],
    purpose: Purpose,
    as_of: Day,
    known_at: String,
    page: RelationPage,
}

impl CodeRelationsPage {
    fn build(mut shell: Shell, codes: &Codes, (system, concept): (&CodeSystem, Concept<'_>), parts: Parts<'_>) -> Self {
        let language = shell.language();
        let Parts { models, sources, purpose, as_of, known_at, page } = parts;
        let name = names::concept_name(concept, language);
        shell.title.clone_from(&name);
        let link = |system: &CodeSystem, concept: Concept<'_>| {
            (address(system.name(), concept.code(), purpose), names::concept_name(concept, language))
        };
        let above = above(codes, system, concept).into_iter().rev().map(|(system, concept)| link(system, concept));
        let mut below = below(codes, system, concept);
        let below_more = below.len().saturating_sub(BELOW);
        below.truncate(BELOW);
        let shown = Shown { codes, models, sources, language, purpose };
        let mut relations = page.relations;
        // Post by post: who holds the same one stands together.
        relations.sort_by_cached_key(|one| (shown.title(one), shown.details(one)));
        let day = format::day(as_of.date());
        let caption =
            format!("What names this code, as it held on {day}: post by post, with the register that says so.");
        Self {
            system: system.name().to_owned(),
            system_title: system.title_in(names::of(language)).to_owned(),
            code: concept.code().to_owned(),
            above: above.collect(),
            below: below.into_iter().map(|(system, concept)| link(system, concept)).collect(),
            below_more,
            purpose: purpose.word(),
            as_of: as_of.to_string(),
            next: page.next.map(|next| {
                let address = address(system.name(), concept.code(), purpose);
                format!("{address}&as_of={as_of}&after={}", percent_encode(&next.to_string()))
            }),
            known_at,
            relations: shown.table(caption, &relations, "Nothing that you may see named it on this day.".to_owned()),
            day,
            name,
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let models = kanak_model::builtin::entity_models().expect("a test parses each builtin model");
        let system = sampler.codes.system("office").expect("offices are built in");
        let concept = system.lookup("OFF-REV-D27").expect("Amritsar has a Deputy Commissioner");
        let parts = Parts {
            models: &models,
            sources: &[],
            purpose: Purpose::Stewardship,
            as_of: Day::of(crate::samples::NOW),
            known_at: String::new(),
            page: super::golden_record::sample_relations(sampler),
        };
        Self::build(sampler.shell("code_relations"), &sampler.codes, (system, concept), parts)
    }
}

/// A code with its code system.
type Placed<'a> = (&'a CodeSystem, Concept<'a>);

/// What stands above a code, the nearest first: the code it reports to, or its parent.
fn above<'a>(codes: &'a Codes, system: &'a CodeSystem, concept: Concept<'a>) -> Vec<Placed<'a>> {
    /// More levels than any hierarchy has; a circle ends here.
    const LEVELS_MAX: usize = 12;
    let mut found: Vec<Placed<'a>> = Vec::new();
    let mut at = (system, concept);
    while found.len() < LEVELS_MAX {
        let reports_to = at.1.property("reports_to").and_then(|code| Some((at.0, at.0.lookup(code)?)));
        let parent = || {
            let system = codes.system(at.0.parent_system()?)?;
            Some((system, system.lookup(at.1.parent()?)?))
        };
        let Some(next) = reports_to.or_else(parent) else { break };
        found.push(next);
        at = next;
    }
    found
}

/// What stands below a code: what reports to it, or has it as parent, is of a system whose concepts report to one another, and reports to
/// nothing else.
fn below<'a>(codes: &'a Codes, system: &'a CodeSystem, concept: Concept<'a>) -> Vec<Placed<'a>> {
    let code = concept.code();
    let reporting = system.concepts().filter(|other| other.property("reports_to") == Some(code));
    let reports = |other: &&CodeSystem| other.property_names().any(|name| name == "reports_to");
    let below = codes.systems().filter(|other| other.parent_system() == Some(system.name())).filter(reports);
    let children = below.flat_map(|other| {
        let first = other.children(code).filter(|child| child.property("reports_to").is_none());
        first.map(move |child| (other, child))
    });
    reporting.map(|other| (system, other)).chain(children).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_leads_to_its_offices_and_an_office_back_to_it() {
        let codes = Codes::builtin().unwrap();
        let find = |system: &str, code: &str| {
            let system = codes.system(system).unwrap();
            (system, system.lookup(code).unwrap())
        };
        let (system, office) = find("office", "OFF-REV-D27");
        let up: Vec<&str> = above(&codes, system, office).iter().map(|(_, concept)| concept.code()).collect();
        assert_eq!(up, ["OFF-REV", "LGD-1349"]);
        let (departments, revenue) = find("department", "LGD-1349");
        let down: Vec<&str> = below(&codes, departments, revenue).iter().map(|(_, concept)| concept.code()).collect();
        assert_eq!(down, ["OFF-REV"]);
        let (_, head) = find("office", "OFF-REV");
        let districts = below(&codes, system, head);
        assert!(districts.len() >= 23 && districts.iter().any(|(_, concept)| concept.code() == "OFF-REV-D27"));
    }
}
