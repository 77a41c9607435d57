//! The first page: headline figures, the districts, the last months, the services that do best and worst.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kanak_codes::Codes;
use kanak_model::{Access, Language};
use kanak_warehouse::Metric;
use serde_json::json;

use super::{figures_page, show_page};
use crate::component::{
    Bar, Cell, Chart, DistrictMap, DistrictValue, Figure, FigureGroup, Figures, Head, Measure, Table, monthly,
};
use crate::error::PageError;
use crate::rows::{Row, Rows};
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names, reading, words};

/// The first page.
#[derive(Template)]
#[template(path = "pages/overview.html")]
pub(crate) struct OverviewPage {
    shell: Shell,
    figures: Figures,
    map: DistrictMap,
    districts: Table,
    applications: Chart,
    grievances: Chart,
    best: Table,
    worst: Table,
}

/// What the page is made of, as the warehouse answers.
struct OverviewRows {
    /// `figure, title, value, unit, definition`: the rows of `mart_overview`.
    figures: Rows,
    /// `district, received, timeliness, overdue`.
    districts: Rows,
    /// `month, received, disposed, pending`, by month of application.
    applications: Rows,
    /// `month, filed, closed`.
    grievances: Rows,
    /// `service, disposed, timeliness`, by share, lowest first.
    services: Rows,
}

const SERVICES_SHOWN: usize = 6;
/// Fewer decisions than this say little about a service.
const DECISIONS_MIN: u32 = 30;
const MONTHS_SHOWN: u32 = 24;

/// `GET /overview`
pub(crate) async fn show(State(state): State<DashboardState>, signed: Signed) -> Result<Response, PageError> {
    let (access, shell) = figures_page(&state, &signed, "overview")?;
    let rows = read(&state, &access).await?;
    let metrics = state.warehouse.list_metrics();
    show_page(&OverviewPage::build(shell, &state.codes(), &rows, metrics))
}

async fn read(state: &DashboardState, access: &Access) -> Result<OverviewRows, PageError> {
    let query = |sql: String| async move { reading::query(state, access, &sql).await };
    let counts = super::service_delivery::COUNTS;
    let latest = |columns: &str, table: &str| {
        format!(
            "SELECT * FROM (SELECT month, {columns} FROM {table} WHERE month IS NOT NULL GROUP BY month \
             ORDER BY month DESC LIMIT {MONTHS_SHOWN}) AS latest ORDER BY month"
        )
    };
    Ok(OverviewRows {
        figures: query("SELECT * FROM mart_overview ORDER BY position".to_owned()).await?,
        districts: query(format!(
            "SELECT district, {counts} FROM mart_service_delivery WHERE district IS NOT NULL GROUP BY district \
             ORDER BY received DESC"
        ))
        .await?,
        applications: query(latest(counts, "mart_service_delivery")).await?,
        grievances: query(latest("sum(filed) AS filed, sum(closed) AS closed", "mart_grievances_by_month")).await?,
        services: query(format!(
            "SELECT service, {counts} FROM mart_service_delivery GROUP BY service HAVING sum(disposed_with_limit) >= \
             {DECISIONS_MIN} ORDER BY timeliness, service"
        ))
        .await?,
    })
}

impl OverviewPage {
    fn build(shell: Shell, codes: &Codes, rows: &OverviewRows, metrics: &[Metric]) -> Self {
        let language = shell.language();
        let services: Vec<Row<'_>> = rows.services.iter().collect();
        let shown = SERVICES_SHOWN.min(services.len());
        let worst = services[..shown].iter().map(|row| service_row(codes, &shell, *row)).collect();
        let best =
            services[services.len() - shown..].iter().rev().map(|row| service_row(codes, &shell, *row)).collect();
        let values: Vec<DistrictValue> = rows.districts.iter().map(district_value).collect();
        Self {
            figures: headline(&rows.figures, language, metrics),
            map: DistrictMap::draw(
                "Of the applications decided that had a notified limit, the share decided within it, by district",
                codes,
                &values,
            ),
            districts: district_table(codes, &shell, &rows.districts),
            applications: monthly(
                language,
                "Service applications by month of application",
                "By month of application: received, disposed of by now, still pending.",
                &rows.applications,
                &[
                    ("received", "received", Measure::Count),
                    ("disposed", "disposed_of", Measure::Count),
                    ("pending", "pending", Measure::Count),
                ],
            ),
            grievances: monthly(
                language,
                "Grievances filed and closed by month",
                "Grievances by the month in which they were filed, and by the month in which they were closed.",
                &rows.grievances,
                &[("filed", "filed", Measure::Count), ("closed", "closed", Measure::Count)],
            ),
            best: service_table(language, "Highest share first.", best),
            worst: service_table(language, "Lowest share first.", worst),
            shell: shell.with_charts(),
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let figures = [
            ("applications", 4_81_236.0, "count"),
            ("applications_within_limit", 0.873_4, "share"),
            ("grievances_open", 3_412.0, "count"),
            ("revenue", 1_234_00_00_000.0, "rupees"),
            ("days_to_dispose", 11.25, "working_days"),
            ("golden_citizens", 72_410.0, "count"),
        ];
        let rows = OverviewRows {
            figures: sampler.rows(
                ["figure", "title", "value", "unit", "definition"],
                figures.map(|(figure, value, unit)| {
                    [
                        json!(figure),
                        json!(format::sentence(figure)),
                        json!(value),
                        json!(unit),
                        json!(format!("{}: what it counts, in a sentence", sampler.word)),
                    ]
                }),
            ),
            districts: sampler.rows(
                ["district", "received", "timeliness", "overdue"],
                sampler.districts().into_iter().map(|(code, at)| {
                    [json!(code), json!(9_000.0 + at * 40_000.0), json!(0.7 + at * 0.28), json!(at * 900.0)]
                }),
            ),
            applications: sampler.rows(
                ["month", "received", "disposed", "pending"],
                sampler.months().into_iter().map(|(month, at)| {
                    [month, json!(9_000.0 + at * 4_000.0), json!(8_500.0 + at * 3_900.0), json!(at * 700.0)]
                }),
            ),
            grievances: sampler.rows(
                ["month", "filed", "closed"],
                sampler
                    .months()
                    .into_iter()
                    .map(|(month, at)| [month, json!(900.0 + at * 400.0), json!(850.0 + at * 450.0)]),
            ),
            services: sampler.rows(
                ["service", "disposed", "timeliness"],
                (1..=14_u8).map(|at| {
                    [json!(format!("SVC-{at:03}")), json!(u32::from(at) * 431), json!(0.55 + f64::from(at) * 0.03)]
                }),
            ),
        };
        Self::build(sampler.shell("overview"), &sampler.codes, &rows, &[])
    }
}

/// The rows of `mart_overview` as figures; the page changes the writing of a number, never the number. They are grouped
/// by what they are about, in the order in which the rows come.
fn headline(rows: &Rows, language: Language, metrics: &[Metric]) -> Figures {
    let mut groups: Vec<FigureGroup> = Vec::new();
    for row in rows.iter() {
        let metric = metrics.iter().find(|metric| metric.name == row.text("figure"));
        let about = words::word(language, metric.map_or("word.state", |metric| about(&metric.source)));
        let title = metric.map_or_else(|| row.text("title"), |metric| metric.title.get(language));
        let value = row.number("value");
        let (text, unit) = value
            .map_or_else(|| (format::NONE.to_owned(), String::new()), |value| format::figure(value, row.text("unit")));
        let figure = Figure {
            name: row.text("figure").to_owned(),
            title: title.to_owned(),
            value: text,
            unit,
            exact: value.map_or_else(String::new, |value| value.to_string()),
            meaning: row.text("definition").to_owned(),
        };
        match groups.iter_mut().find(|group| group.title == about) {
            Some(group) => group.figures.push(figure),
            None => groups.push(FigureGroup { title: about.to_owned(), figures: vec![figure] }),
        }
    }
    Figures { groups, tag: words::tag(language) }
}

/// The word for what a table's figures are about.
fn about(table: &str) -> &'static str {
    match table {
        "mart_service_delivery" => "title.services",
        "mart_grievance_ageing" | "mart_grievance_disposal" => "page.grievances",
        "mart_revenue_by_head_district" => "page.revenue",
        "mart_benefits_by_scheme" => "page.benefits",
        "mart_data_quality_by_source" => "page.data_quality",
        _ => "page.golden_records",
    }
}

fn district_value(row: Row<'_>) -> DistrictValue {
    let share = row.number("timeliness");
    DistrictValue {
        code: row.text("district").to_owned(),
        value: share,
        text: share.map_or_else(|| "no figure".to_owned(), format::percent),
        href: format!("/offices?district={}", row.text("district")),
    }
}

fn district_table(codes: &Codes, shell: &Shell, rows: &Rows) -> Table {
    let language = shell.language();
    let row = |row: Row<'_>| {
        let code = row.text("district");
        let share = row.number("timeliness");
        vec![
            Cell::text(names::district(codes, code, language)).link(format!("/offices?district={code}")),
            Cell::whole(row.count("received")),
            Cell { bar: share.map(Bar::share), ..Cell::percent(share) },
            Cell::whole(row.count("overdue")),
        ]
    };
    Table {
        caption:
            "Service applications by district, that of the office where the application states none: received, of those \
                  decided that had a notified limit the share decided within it, and those pending beyond it (overdue)."
                .to_owned(),
        heads: vec![
            Head::word(language, "district"),
            Head::count(language, "applications"),
            Head::count(language, "within_limit"),
            Head::count(language, "overdue"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "No applications yet.".to_owned(),
    }
}

fn service_row(codes: &Codes, shell: &Shell, row: Row<'_>) -> Vec<Cell> {
    let share = row.number("timeliness");
    vec![
        Cell::text(names::code_name(codes, "service", row.text("service"), shell.language())),
        Cell::whole(row.count("disposed")),
        Cell { bar: share.map(Bar::share), ..Cell::percent(share) },
    ]
}

fn service_table(language: Language, order: &str, rows: Vec<Vec<Cell>>) -> Table {
    Table {
        caption: format!(
            "Of the applications decided that had a notified limit, the share decided within it; services with at least \
             {DECISIONS_MIN} such decisions. {order}"
        ),
        heads: vec![
            Head::word(language, "service"),
            Head::count(language, "decided"),
            Head::count(language, "within_limit"),
        ],
        rows,
        total: None,
        empty: "No service has enough decisions yet.".to_owned(),
    }
}
