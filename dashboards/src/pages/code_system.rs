//! One code system: searched as one types, or read through. Open to all.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use kanak_codes::{CodeSystem, Codes, Concept, Language, Status};
use serde::Deserialize;

use super::show_page;
use crate::component::{Cell, Head, Table};
use crate::error::PageError;
use crate::samples::Sampler;
use crate::session::{Visit, percent_encode};
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// One code system.
#[derive(Template)]
#[template(path = "pages/code_system.html")]
pub(crate) struct CodeSystemPage {
    shell: Shell,
    name: String,
    title: String,
    facts: Vec<(&'static str, String)>,
    notes: String,
    q: String,
    /// The concepts shown, in words: `1 to 50 of 763`.
    range: String,
    concepts: Table,
    previous: Option<String>,
    next: Option<String>,
}

/// What is asked of a code system.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// What is searched for.
    #[serde(default)]
    q: String,
    /// Only concepts under this code.
    #[serde(default)]
    parent: String,
    /// How many concepts to skip.
    #[serde(default)]
    skip: usize,
}

const PAGE: usize = 50;

/// `GET /code-systems/{system}`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    visit: Visit,
) -> Result<Response, PageError> {
    let not_found = || PageError::NotFound { what: "code system", name: name.clone() };
    let system = state.codes.system(&name).ok_or_else(not_found)?;
    show_page(&CodeSystemPage::build(Shell::new("code_system", &visit, state.made_up), &state.codes, system, asked))
}

impl CodeSystemPage {
    fn build(mut shell: Shell, codes: &Codes, system: &CodeSystem, asked: Asked) -> Self {
        let language = names::of(shell.language());
        let title = system.title_in(language).to_owned();
        shell.title.clone_from(&title);
        let q = asked.q.trim().to_owned();
        let (shown, total): (Vec<Concept<'_>>, usize) = if !q.is_empty() {
            let hits: Vec<_> = system.search(&q, PAGE).into_iter().map(|hit| hit.concept).collect();
            let found = hits.len();
            (hits, found)
        } else if !asked.parent.is_empty() {
            let children = system.children(&asked.parent);
            let total = children.len();
            (children.skip(asked.skip).take(PAGE).collect(), total)
        } else {
            (system.concepts().skip(asked.skip).take(PAGE).collect(), system.len())
        };
        let link = |skip: usize| {
            format!("/code-systems/{}?parent={}&skip={skip}", system.name(), percent_encode(&asked.parent))
        };
        let browsing = q.is_empty();
        let facts = vec![
            ("Source", system.source().to_owned()),
            ("Licence", system.licence().to_owned()),
            ("Version", format!("{}, source of {}", system.version(), system.source_date())),
            ("Concepts", format::whole(system.len() as i64)),
        ];
        Self {
            name: system.name().to_owned(),
            range: range_words(&q, asked.skip, shown.len(), total),
            concepts: concept_table(codes, system, shell.language(), &shown),
            previous: (browsing && asked.skip > 0).then(|| link(asked.skip.saturating_sub(PAGE))),
            next: (browsing && asked.skip + shown.len() < total).then(|| link(asked.skip + PAGE)),
            notes: system.notes().to_owned(),
            facts,
            title,
            q,
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let system = sampler.codes.system("lgd-district").expect("districts are built in");
        let asked = Asked { parent: "3".to_owned(), ..Asked::default() };
        Self::build(sampler.shell("code_system"), &sampler.codes, system, asked)
    }

    /// The sample of a search.
    pub(crate) fn sample_search(sampler: &Sampler) -> Self {
        let system = sampler.codes.system("complaint-type").expect("complaint types are built in");
        let asked = Asked { q: sampler.word.to_owned(), ..Asked::default() };
        Self::build(sampler.shell("code_system"), &sampler.codes, system, asked)
    }
}

fn range_words(q: &str, skip: usize, shown: usize, total: usize) -> String {
    let number = |number: usize| format::whole(number as i64);
    match (q.is_empty(), shown) {
        (false, 0) => format!("Nothing begins with or holds “{q}”, even with one slip of the finger."),
        (false, shown) if shown == PAGE => format!("The best {} for “{q}”.", number(PAGE)),
        (false, shown) => format!("{} for “{q}”.", number(shown)),
        (true, 0) => "No concept here.".to_owned(),
        (true, shown) => format!("{} to {} of {}.", number(skip + 1), number(skip + shown), number(total)),
    }
}

fn concept_table(codes: &Codes, system: &CodeSystem, language: kanak_model::Language, shown: &[Concept<'_>]) -> Table {
    let own = names::of(language);
    let row = |concept: &Concept<'_>| {
        let properties: Vec<String> = concept
            .properties()
            .filter(|(name, _)| *name != "label")
            .map(|(name, value)| format!("{}: {value}", format::spaced(name)))
            .collect();
        let name = concept.designation(own).unwrap_or_else(|| concept.display());
        let local = [Language::Pa, Language::Hi].into_iter().filter_map(|one| concept.designation(one));
        let local: Vec<&str> = local.filter(|other| *other != name).collect();
        let sub = (!local.is_empty()).then(|| local.join(" · "));
        let parent = concept.parent().map_or_else(Cell::none, |code| parent_cell(codes, system, code, own));
        let retired = if concept.status() == Status::Retired { Some("retired") } else { None };
        vec![
            Cell { mark: retired, ..Cell::text(concept.code()) },
            Cell { sub, ..Cell::text(name) },
            parent,
            Cell { text: properties.join("; "), class: Some("small quiet"), ..Cell::default() },
        ]
    };
    Table {
        caption: "Codes with their names, the code above each, and what else is known of them.".to_owned(),
        heads: vec![
            Head::word(language, "code"),
            Head::word(language, "name"),
            Head::word(language, "under"),
            Head::word(language, "more"),
        ],
        rows: shown.iter().map(row).collect(),
        total: None,
        empty: "No code to show.".to_owned(),
    }
}

fn parent_cell(codes: &Codes, system: &CodeSystem, code: &str, language: Language) -> Cell {
    let above = system.parent_system().and_then(|name| codes.system(name)?.lookup(code));
    let name = above.map_or(code, |concept| concept.designation(language).unwrap_or_else(|| concept.display()));
    Cell::text(name).link(format!("/code-systems/{}?parent={}", system.name(), percent_encode(code))).under(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_model::Language as PageLanguage;

    fn page(system: &str, asked: Asked) -> CodeSystemPage {
        let sampler = Sampler::new(PageLanguage::En, "x");
        let system = sampler.codes.system(system).unwrap();
        CodeSystemPage::build(sampler.shell("code_system"), &sampler.codes, system, asked)
    }

    #[test]
    fn browsing_goes_forth_and_back_and_ends() {
        let first = page("lgd-district", Asked::default());
        assert_eq!((first.concepts.rows.len(), first.previous.is_none()), (PAGE, true));
        assert!(first.next.unwrap().ends_with("skip=50"));
        let last = page("lgd-district", Asked { skip: 750, ..Asked::default() });
        assert_eq!((last.concepts.rows.len(), last.next), (13, None));
        let beyond = page("lgd-district", Asked { skip: usize::MAX / 2, ..Asked::default() });
        assert!(beyond.concepts.rows.is_empty());
    }

    #[test]
    fn a_search_finds_with_a_slip_and_says_when_it_does_not() {
        let found = page("lgd-district", Asked { q: " Ludhiena ".to_owned(), ..Asked::default() });
        assert!(found.concepts.rows[0][1].text.to_uppercase().contains("LUDHIANA"), "{:?}", found.concepts.rows[0]);
        let none = page("lgd-district", Asked { q: "qqqqqqqq".to_owned(), ..Asked::default() });
        assert!(none.concepts.rows.is_empty() && none.range.contains("Nothing"));
    }
}
