//! The registers that feed the hub: whose they are, how fresh they are, how far they are trusted.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kanak_codes::Codes;
use kanak_model::source_system::RowsAre;
use kanak_model::{SourceSystemId, Titles};
use kanak_store::SourceSystemRow;

use super::show_page;
use crate::component::{Cell, Head, Table};
use crate::error::PageError;
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// The list of sources.
#[derive(Template)]
#[template(path = "pages/sources.html")]
pub(crate) struct SourcesPage {
    shell: Shell,
    sources: Table,
}

/// `GET /sources`
pub(crate) async fn show(State(state): State<DashboardState>, signed: Signed) -> Result<Response, PageError> {
    let sources = state.store.list_source_systems().await.map_err(PageError::inside)?;
    let events = state.store.count_events().await.map_err(PageError::inside)?;
    let shell = Shell::new("sources", &signed.visit, state.made_up);
    show_page(&SourcesPage::build(shell, &state.codes(), &sources, &events))
}

impl SourcesPage {
    /// `taken_in`: how many events of each register of events were.
    fn build(
        shell: Shell,
        codes: &Codes,
        sources: &[SourceSystemRow],
        taken_in: &HashMap<SourceSystemId, u64>,
    ) -> Self {
        let language = shell.language();
        let row = |source: &SourceSystemRow| {
            let (rows, [live, retired, events]) = match &source.rows {
                RowsAre::Entity(entity) => (
                    format!("{} source records", format::spaced(entity)),
                    [Cell::count(source.live), Cell::count(source.retired), Cell::none()],
                ),
                RowsAre::Event(event) => (
                    format!("{} events", format::spaced(event)),
                    [Cell::none(), Cell::none(), Cell::count(taken_in.get(&source.id).copied().unwrap_or(0))],
                ),
            };
            vec![
                Cell::text(source.title.get(language))
                    .link(format!("/data-quality?source={}", source.id))
                    .under(&source.name),
                Cell::text(names::code_name(codes, "department", &source.department, language)),
                Cell::text(rows),
                live,
                retired,
                events,
                Cell::decimal(Some(source.trust), 2),
                Cell::maybe(source.last_run.map(format::instant)),
            ]
        };
        let sources = Table {
            caption:
                "Registers that are taken in. Live: in the department's register now. Retired: gone from its latest \
                      snapshot, kept here. Events are counted when they are taken in: each happened once, and none is live or \
                      retired. Trust, 0 to 1, ranks a register where others state another value."
                    .to_owned(),
            heads: vec![
                Head::word(language, "source"),
                Head::word(language, "department"),
                Head::word(language, "holds"),
                Head::count(language, "live"),
                Head::count(language, "retired"),
                Head::count(language, "events_taken_in"),
                Head::count(language, "trust"),
                Head::word(language, "last_taken_in"),
            ],
            rows: sources.iter().map(row).collect(),
            total: None,
            empty: "No register has been taken in yet.".to_owned(),
        };
        Self { shell, sources }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let events = SourceSystemRow {
            id: SourceSystemId(2),
            name: "service_applications".to_owned(),
            rows: RowsAre::Event("service_application".to_owned()),
            last_run: None,
            ..sample_source(sampler)
        };
        let taken_in = HashMap::from([(events.id, 9_407)]);
        Self::build(sampler.shell("sources"), &sampler.codes, &[sample_source(sampler), events], &taken_in)
    }
}

/// A register of citizens.
pub(crate) fn sample_source(sampler: &Sampler) -> SourceSystemRow {
    SourceSystemRow {
        id: SourceSystemId(1),
        name: "land_revenue".to_owned(),
        title: Titles { en: sampler.word.to_owned(), pa: None, hi: None },
        department: "LGD-1349".to_owned(),
        rows: RowsAre::Entity("citizen".to_owned()),
        trust: 0.7,
        retire_share_max: 0.2,
        live: 41_220,
        retired: 312,
        last_run: Some(crate::samples::NOW),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_model::Language;

    #[test]
    fn a_register_of_events_tells_how_many_were_taken_in_and_no_live_ones() {
        let page = SourcesPage::sample(&Sampler::new(Language::En, "word"));
        let counts = |row: usize| page.sources.rows[row][3..6].iter().map(|cell| cell.text.clone()).collect::<Vec<_>>();
        assert_eq!(counts(0), ["41,220", "312", format::NONE]);
        assert_eq!(counts(1), [format::NONE, format::NONE, "9,407"]);
    }
}
