//! Every code system there is, with where it comes from. Open to all.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kanak_codes::{CodeSystem, Codes, Currency, Day};
use kanak_model::{Language, Timestamp};

use super::show_page;
use crate::component::{Cell, Head, Table, Tone};
use crate::error::PageError;
use crate::samples::{NOW, Sampler};
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
    currency: Table,
    concepts: String,
    is_signed_in: bool,
}

/// `GET /code-systems`
pub(crate) async fn show(State(state): State<DashboardState>, visit: Visit) -> Result<Response, PageError> {
    let is_signed_in = visit.signed_in.is_some();
    let shell = Shell::new("code_systems", &visit, state.made_up);
    show_page(&CodeSystemsPage::build(shell, &state.codes(), state.clock.now(), is_signed_in))
}

impl CodeSystemsPage {
    fn build(shell: Shell, codes: &Codes, now: Timestamp, is_signed_in: bool) -> Self {
        let language = shell.language();
        let concepts: usize = codes.systems().map(CodeSystem::len).sum();
        let row = |system: &CodeSystem| {
            let title = system.title_in(names::of(language));
            vec![
                Cell::text(title).link(format!("/code-systems/{}", system.name())).under(system.name()),
                Cell::whole(system.len() as i64),
                Cell::text(system.source()).under(format!("{}, version {}", source_date(system), system.version())),
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
        let currency = currency(language, codes, now);
        Self { systems, currency, concepts: format::whole(concepts as i64), is_signed_in, shell }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        Self::build(sampler.shell("code_systems"), &sampler.codes, NOW, true)
    }
}

/// As of when the source is.
fn source_date(system: &CodeSystem) -> String {
    system.stated_source_date().map_or_else(|| "date not known".to_owned(), |date| format!("of {date}"))
}

/// The licence, and whether the codes are invented.
fn licence(system: &CodeSystem) -> Cell {
    if system.is_made_up() { Cell::badge(Tone::Gold, "made up") } else { Cell::text(system.licence()) }
}

/// How old each list is, and how much of the official one is there.
fn currency(language: Language, codes: &Codes, now: Timestamp) -> Table {
    let today = Day::parse(&now.day_ist().to_string());
    let row = |one: Currency<'_>| {
        let age = today.and_then(|today| one.age_days(today));
        let official = one.rows_official.map_or_else(|| "not known".to_owned(), |rows| format::whole(rows as i64));
        let gaps = if one.gaps.is_empty() { "none known".to_owned() } else { one.gaps.join("; ") };
        vec![
            Cell::text(one.system).link(format!("/code-systems/{}", one.system)),
            Cell::text(one.source_date.unwrap_or("not known")),
            Cell::text(age.map_or_else(|| "not known".to_owned(), |days| format::whole(i64::from(days)))),
            Cell::whole(one.rows_real as i64),
            Cell::text(official),
            Cell::text(one.share_present().map_or_else(|| "not known".to_owned(), format::percent)),
            Cell::text(gaps),
        ]
    };
    Table {
        caption: "How current each code system is: the date of its source and the days since, its codes that are not made up, how many \
                  the publisher counts, which share of those is here, and what is known to be missing."
            .to_owned(),
        heads: vec![
            Head::word(language, "code_system"),
            Head::word(language, "source_date"),
            Head::count(language, "days_old"),
            Head::count(language, "real_codes"),
            Head::count(language, "official_codes"),
            Head::count(language, "share_present"),
            Head::word(language, "known_gaps"),
        ],
        rows: codes.currency().into_iter().map(row).collect(),
        total: None,
        empty: "No code system.".to_owned(),
    }
}
