//! Scorecards: from the state to districts, to offices, to officers by their golden key.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_codes::Codes;
use kanak_model::{Access, Language};
use serde::Deserialize;
use serde_json::json;

use super::{figures_page, show_page};
use crate::component::{Bar, Cell, Head, Table};
use crate::error::PageError;
use crate::reading::{self, where_equal};
use crate::rows::{Row, Rows};
use crate::samples::{Sampler, wave};
use crate::session::{Signed, percent_encode};
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// One step of the drill-down.
#[derive(Template)]
#[template(path = "pages/offices.html")]
pub(crate) struct OfficesPage {
    shell: Shell,
    /// The way here: address and title; the last has no address.
    crumbs: Vec<(Option<String>, String)>,
    heading: String,
    total: Vec<(&'static str, String)>,
    table: Table,
    note: Option<&'static str>,
}

/// Where the visitor stands.
#[derive(Debug, Default, Clone, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    district: String,
    #[serde(default)]
    office: String,
}

/// The steps of the drill-down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    State,
    District,
    Office,
}

/// What the page is made of.
struct OfficeRows {
    /// One row with the columns of [`OFFICE_COUNTS`]: the whole of what is shown.
    total: Rows,
    /// `district` or `office` and those columns; or rows of `mart_officer_scorecard`.
    parts: Rows,
}

const OFFICE_COUNTS: &str = "sum(applications_received) AS received, sum(applications_disposed) AS disposed, \
     sum(applications_pending) AS pending, sum(applications_overdue) AS overdue, \
     sum(applications_within_limit) * 1.0 / nullif(sum(applications_with_limit), 0) AS timeliness, \
     sum(grievances_filed) AS filed, sum(grievances_open) AS open, sum(grievances_overdue) AS grievances_overdue, \
     sum(grievances_within_due) * 1.0 / nullif(sum(grievances_closed), 0) AS within_due, \
     sum(rating_mean * ratings) / nullif(sum(ratings), 0) AS rating, sum(receipts_paise) AS receipts_paise";

/// `GET /offices`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Query(asked): Query<Asked>,
    signed: Signed,
) -> Result<Response, PageError> {
    let (access, shell) = figures_page(&state, &signed, "offices")?;
    let rows = read(&state, &access, &asked).await?;
    show_page(&OfficesPage::build(shell, &state.codes(), &asked, &rows))
}

impl Asked {
    fn step(&self) -> Step {
        match (self.district.is_empty(), self.office.is_empty()) {
            (_, false) => Step::Office,
            (false, true) => Step::District,
            (true, true) => Step::State,
        }
    }
}

async fn read(state: &DashboardState, access: &Access, asked: &Asked) -> Result<OfficeRows, PageError> {
    let cut = where_equal(&[("district", &asked.district), ("office", &asked.office)]);
    let parts = match asked.step() {
        Step::State => format!(
            "SELECT district, {OFFICE_COUNTS} FROM mart_office_scorecard GROUP BY district ORDER BY received DESC, district"
        ),
        Step::District => format!(
            "SELECT office, {OFFICE_COUNTS} FROM mart_office_scorecard{cut} GROUP BY office ORDER BY received DESC, office"
        ),
        Step::Office => format!(
            "SELECT * FROM mart_officer_scorecard{} ORDER BY cases DESC, officer_golden_id",
            where_equal(&[("office", &asked.office)])
        ),
    };
    Ok(OfficeRows {
        total: reading::query(state, access, &format!("SELECT {OFFICE_COUNTS} FROM mart_office_scorecard{cut}"))
            .await?,
        parts: reading::query(state, access, &parts).await?,
    })
}

impl OfficesPage {
    fn build(shell: Shell, codes: &Codes, asked: &Asked, rows: &OfficeRows) -> Self {
        let language = shell.language();
        let district = names::district(codes, &asked.district, language);
        let office = names::code_name(codes, "office", &asked.office, language);
        let mut crumbs = vec![(Some("/offices".to_owned()), shell.t("word.state").to_owned())];
        if !asked.district.is_empty() {
            crumbs.push((Some(format!("/offices?district={}", percent_encode(&asked.district))), district.clone()));
        }
        if !asked.office.is_empty() {
            crumbs.push((None, office.clone()));
        }
        if let Some(last) = crumbs.last_mut() {
            last.0 = None;
        }
        let (heading, table, note) = match asked.step() {
            Step::State => ("Districts of the state".to_owned(), district_table(codes, language, &rows.parts), None),
            Step::District => (district, office_table(codes, language, asked, &rows.parts), None),
            Step::Office => (office, officer_table(codes, language, &rows.parts), Some(OFFICER_NOTE)),
        };
        Self { crumbs, heading, total: rows.total.iter().next().map(totals).unwrap_or_default(), table, note, shell }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let codes: Vec<String> = sampler.districts().into_iter().map(|(code, _)| code).collect();
        Self::sample_at(sampler, &Asked::default(), "district", &codes)
    }

    /// The sample of one office's officers.
    pub(crate) fn sample_office(sampler: &Sampler) -> Self {
        let asked = Asked { district: "27".to_owned(), office: "OFF-REV-D27".to_owned() };
        let columns = [
            "officer_golden_id",
            "officer_golden_key",
            "designation",
            "cases",
            "has_enough_cases",
            "applications_disposed",
            "timeliness",
            "applications_overdue",
            "grievances_closed",
            "grievances_within_due_of_closed",
            "rating_mean",
            "ratings",
        ];
        let officers = (1..=9).map(|at: usize| {
            [
                json!(at),
                json!(format!("K-00000{at}-{at}")),
                json!(sampler.word),
                json!(300 - 31 * at),
                json!(at < 8),
                json!(200),
                json!(wave(at)),
                json!(12),
                json!(30),
                json!(wave(at + 3)),
                json!(4.1),
                json!(12),
            ]
        });
        let rows = OfficeRows {
            total: Self::sample_rows("district", &["27".to_owned()]),
            parts: sampler.rows(columns, officers),
        };
        Self::build(sampler.shell("offices"), &sampler.codes, &asked, &rows)
    }

    fn sample_at(sampler: &Sampler, asked: &Asked, column: &str, codes: &[String]) -> Self {
        let rows =
            OfficeRows { total: Self::sample_rows(column, &codes[..1]), parts: Self::sample_rows(column, codes) };
        Self::build(sampler.shell("offices"), &sampler.codes, asked, &rows)
    }

    fn sample_rows(column: &str, codes: &[String]) -> Rows {
        let names = [
            column,
            "received",
            "disposed",
            "pending",
            "overdue",
            "timeliness",
            "filed",
            "open",
            "grievances_overdue",
            "within_due",
            "rating",
            "receipts_paise",
        ];
        let rows = codes.iter().enumerate().map(|(at, code)| {
            let at = wave(at);
            vec![
                json!(code),
                json!(9_000.0 + at * 9_000.0),
                json!(8_000),
                json!(900),
                json!(at * 300.0),
                json!(0.6 + at * 0.38),
                json!(812),
                json!(64),
                json!(12),
                json!(0.5 + at * 0.4),
                json!(3.0 + at),
                json!(1_23_45_678_00_i64),
            ]
        });
        Rows::new(names.map(str::to_owned).to_vec(), rows.collect())
    }
}

const OFFICER_NOTE: &str = "Officers stand by their golden key, not by name, and in the order of their cases, not of their \
     merit: below 30 cases a share is mostly chance and is not shown. An officer's cases count here \
     wherever they arose, by the office that the officer is at now, so that they need not add up to the office's own figures. Cases \
     differ in kind and hardness; ask before you judge.";

fn totals(row: Row<'_>) -> Vec<(&'static str, String)> {
    let share = |column: &str| row.number(column).map_or_else(|| format::NONE.to_owned(), format::percent);
    vec![
        ("Applications received", format::whole(row.count("received"))),
        ("Disposed of within the limit", share("timeliness")),
        ("Applications overdue", format::whole(row.count("overdue"))),
        ("Grievances filed", format::whole(row.count("filed"))),
        ("Grievances closed when due", share("within_due")),
        ("Receipts", format::rupees(row.count("receipts_paise"))),
    ]
}

fn heads(language: Language, first: &str) -> Vec<Head> {
    let numbers = [
        "applications",
        "within_limit",
        "pending",
        "overdue",
        "grievances",
        "closed_when_due",
        "open",
        "rating",
        "receipts",
    ];
    std::iter::once(Head::word(language, first)).chain(numbers.map(|name| Head::count(language, name))).collect()
}

fn counts(row: Row<'_>) -> Vec<Cell> {
    let (timeliness, within) = (row.number("timeliness"), row.number("within_due"));
    vec![
        Cell::whole(row.count("received")),
        Cell { bar: timeliness.map(Bar::share), ..Cell::percent(timeliness) },
        Cell::whole(row.count("pending")),
        Cell::whole(row.count("overdue")),
        Cell::whole(row.count("filed")),
        Cell { bar: within.map(Bar::share), ..Cell::percent(within) },
        Cell::whole(row.count("open")),
        Cell::decimal(row.number("rating"), 1),
        Cell::rupees(row.count("receipts_paise")),
    ]
}

const CAPTION: &str = "Applications received; of those disposed of, within the notified limit; pending and overdue now. Grievances \
     filed; of the closed, closed when due; open now; mean rating, 1 to 5. Everything over all years.";

fn district_table(codes: &Codes, language: Language, rows: &Rows) -> Table {
    let row = |row: Row<'_>| {
        let code = row.text("district");
        let name = Cell::text(names::district(codes, code, language));
        let name =
            if code.is_empty() { name } else { name.link(format!("/offices?district={}", percent_encode(code))) };
        std::iter::once(name).chain(counts(row)).collect()
    };
    Table {
        caption: CAPTION.to_owned(),
        heads: heads(language, "district"),
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "No figures.".to_owned(),
    }
}

fn office_table(codes: &Codes, language: Language, asked: &Asked, rows: &Rows) -> Table {
    let row = |row: Row<'_>| {
        let code = row.text("office");
        let name = Cell::text(names::code_name(codes, "office", code, language));
        let href = format!("/offices?district={}&office={}", percent_encode(&asked.district), percent_encode(code));
        let name = if code.is_empty() { name } else { name.link(href).under(code) };
        std::iter::once(name).chain(counts(row)).collect()
    };
    Table {
        caption: CAPTION.to_owned(),
        heads: heads(language, "office"),
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "No office of this district has figures.".to_owned(),
    }
}

fn officer_table(codes: &Codes, language: Language, rows: &Rows) -> Table {
    let row = |row: Row<'_>| {
        let is_enough = row.flag("has_enough_cases");
        let share = |column: &str| match row.number(column).filter(|_| is_enough) {
            Some(share) => Cell { bar: Some(Bar::share(share)), ..Cell::percent(Some(share)) },
            None if is_enough => Cell::none(),
            None => Cell::text("too few cases"),
        };
        vec![
            Cell::text(row.plain("officer_golden_key")),
            Cell::text(names::code_name(codes, "designation", row.text("designation"), language)),
            Cell::whole(row.count("cases")),
            Cell::whole(row.count("applications_disposed")),
            share("timeliness"),
            Cell::whole(row.count("applications_overdue")),
            Cell::whole(row.count("grievances_closed")),
            share("grievances_within_due_of_closed"),
            if is_enough { Cell::decimal(row.number("rating_mean"), 1) } else { Cell::text("too few cases") },
        ]
    };
    Table {
        caption: "Officers of this office by golden key: cases disposed of or closed, and how many of them in time."
            .to_owned(),
        heads: vec![
            Head::word(language, "officer"),
            Head::word(language, "designation"),
            Head::count(language, "cases"),
            Head::count(language, "applications_disposed_of"),
            Head::count(language, "within_limit"),
            Head::count(language, "overdue"),
            Head::count(language, "grievances_closed"),
            Head::count(language, "closed_when_due"),
            Head::count(language, "rating"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "No officer of this office is known.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_officer_with_few_cases_has_no_share() {
        let page = OfficesPage::sample_office(&Sampler::new(Language::En, "word"));
        let last = page.table.rows.last().unwrap();
        assert_eq!((last[4].text.as_str(), last[4].bar.is_none()), ("too few cases", true));
        assert!(page.table.rows[0][4].bar.is_some());
        assert!(page.note.is_some());
    }

    #[test]
    fn the_way_down_is_the_way_back_up() {
        let page = OfficesPage::sample_office(&Sampler::new(Language::En, "word"));
        let crumbs: Vec<Option<&str>> = page.crumbs.iter().map(|(href, _)| href.as_deref()).collect();
        assert_eq!(crumbs, [Some("/offices"), Some("/offices?district=27"), None]);
        let asked = Asked { office: "X".to_owned(), ..Asked::default() };
        assert_eq!(asked.step(), Step::Office);
    }
}
