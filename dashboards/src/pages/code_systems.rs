//! Every code system there is, with where it comes from. Open to all.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kanak_codes::{CodeSystem, Codes};

use super::show_page;
use crate::component::{Cell, Head, Table, Tone};
use crate::error::PageError;
use crate::samples::Sampler;
use crate::session::Visit;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// The list of code systems.
#[derive(Template)]
#[template(path = "pages/code_systems.html")]
pub(crate) struct CodeSystemsPage {
    shell: Shell,
    systems: Table,
    concepts: String,
}

/// `GET /code-systems`
pub(crate) async fn show(State(state): State<DashboardState>, visit: Visit) -> Result<Response, PageError> {
    show_page(&CodeSystemsPage::build(Shell::new("code_systems", &visit, state.made_up), &state.codes()))
}

impl CodeSystemsPage {
    fn build(shell: Shell, codes: &Codes) -> Self {
        let language = shell.language();
        let concepts: usize = codes.systems().map(CodeSystem::len).sum();
        let row = |system: &CodeSystem| {
            let title = system.title_in(names::of(language));
            vec![
                Cell::text(title).link(format!("/code-systems/{}", system.name())).under(system.name()),
                Cell::whole(system.len() as i64),
                Cell::text(system.source()).under(format!("of {}, version {}", system.source_date(), system.version())),
                licence(system),
            ]
        };
        let systems = Table {
            caption:
                "Code systems with the number of their concepts, where they were published, and under which licence."
                    .to_owned(),
            heads: vec![
                Head::word(language, "code_system"),
                Head::count(language, "concepts"),
                Head::word(language, "source"),
                Head::word(language, "licence"),
            ],
            rows: codes.systems().map(row).collect(),
            total: None,
            empty: "No code system.".to_owned(),
        };
        Self { systems, concepts: format::whole(concepts as i64), shell }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        Self::build(sampler.shell("code_systems"), &sampler.codes)
    }
}

/// The licence, and whether the codes are invented.
fn licence(system: &CodeSystem) -> Cell {
    if system.is_made_up() { Cell::badge(Tone::Gold, "made up") } else { Cell::text(system.licence()) }
}
