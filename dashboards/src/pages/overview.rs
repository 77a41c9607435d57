//! The first page: headline figures, the districts, the last months, the services that do best and worst.

use askama::Template;
use kanak_codes::Codes;
use serde_json::json;

use crate::component::{
    Bar, Cell, Chart, ChartKind, ChartUnit, DistrictMap, DistrictValue, Figure, FigureGroup, Figures, Head, Table,
};
use crate::rows::{Row, Rows};
use crate::samples::Sampler;
use crate::shell::Shell;
use crate::{format, names};

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
pub(crate) struct OverviewRows {
    /// `figure, value, unit, definition`: the rows of `mart_overview`.
    pub(crate) figures: Rows,
    /// `district, applications, within_limit_share, pending_over_limit`.
    pub(crate) districts: Rows,
    /// `month, received, disposed`.
    pub(crate) applications: Rows,
    /// `month, filed, closed`.
    pub(crate) grievances: Rows,
    /// `service, disposed, within_limit_share`, by share, lowest first.
    pub(crate) services: Rows,
}

const SERVICES_SHOWN: usize = 6;

impl OverviewPage {
    pub(crate) fn build(shell: Shell, codes: &Codes, rows: &OverviewRows) -> Self {
        let services: Vec<Row<'_>> = rows.services.iter().collect();
        let shown = SERVICES_SHOWN.min(services.len());
        let worst = services[..shown].iter().map(|row| service_row(codes, &shell, *row)).collect();
        let best = services[services.len() - shown..].iter().rev().map(|row| service_row(codes, &shell, *row)).collect();
        let values: Vec<DistrictValue> = rows.districts.iter().map(district_value).collect();
        Self {
            figures: headline(&rows.figures),
            map: DistrictMap::draw("Share of applications decided within the notified limit, by district", codes, &values),
            districts: district_table(codes, &shell, &rows.districts),
            applications: monthly(
                "Service applications received and disposed of by month",
                "Applications by the month in which they were filed, and disposals by the month of the decision.",
                &rows.applications,
                [("received", "Received"), ("disposed", "Disposed of")],
            ),
            grievances: monthly(
                "Grievances filed and closed by month",
                "Grievances by the month in which they were filed, and by the month in which they were closed.",
                &rows.grievances,
                [("filed", "Filed"), ("closed", "Closed")],
            ),
            best: service_table(best),
            worst: service_table(worst),
            shell: shell.with_charts(),
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let figures = [
            ("applications", 4_81_236.0, "count"),
            ("applications_within_limit", 0.873_4, "share"),
            ("grievances_open", 3_412.0, "count"),
            ("revenue", 1_234_00_00_000_00.0, "paise"),
            ("days_to_dispose", 11.25, "days"),
            ("golden_citizens", 72_410.0, "count"),
        ];
        let rows = OverviewRows {
            figures: sampler.rows(
                ["figure", "value", "unit", "definition"],
                figures.map(|(figure, value, unit)| {
                    [json!(figure), json!(value), json!(unit), json!(format!("{}: what it counts, in a sentence", sampler.word))]
                }),
            ),
            districts: sampler.rows(
                ["district", "applications", "within_limit_share", "pending_over_limit"],
                sampler.districts().into_iter().map(|(code, at)| {
                    [json!(code), json!(9_000.0 + at * 40_000.0), json!(0.7 + at * 0.28), json!(at * 900.0)]
                }),
            ),
            applications: sampler.rows(
                ["month", "received", "disposed"],
                sampler.months().into_iter().map(|(month, at)| [month, json!(9_000.0 + at * 4_000.0), json!(8_500.0 + at * 3_900.0)]),
            ),
            grievances: sampler.rows(
                ["month", "filed", "closed"],
                sampler.months().into_iter().map(|(month, at)| [month, json!(900.0 + at * 400.0), json!(850.0 + at * 450.0)]),
            ),
            services: sampler.rows(
                ["service", "disposed", "within_limit_share"],
                (1..=14_u8).map(|at| {
                    [json!(format!("SVC-{at:03}")), json!(u32::from(at) * 431), json!(0.55 + f64::from(at) * 0.03)]
                }),
            ),
        };
        Self::build(sampler.shell("overview"), &sampler.codes, &rows)
    }
}

/// The rows of `mart_overview` as figures; the page changes the writing of a number, never the number.
pub(crate) fn headline(rows: &Rows) -> Figures {
    let figures = rows.iter().map(|row| {
        let value = row.number("value");
        let (text, unit) = value.map_or_else(
            || (format::NONE.to_owned(), String::new()),
            |value| format::figure(value, row.text("unit")),
        );
        Figure {
            name: row.text("figure").to_owned(),
            title: format::sentence(row.text("figure")),
            value: text,
            unit,
            exact: value.map_or_else(String::new, |value| value.to_string()),
            meaning: row.text("definition").to_owned(),
        }
    });
    Figures { groups: vec![FigureGroup { title: "Headline figures".to_owned(), figures: figures.collect() }] }
}

fn district_value(row: Row<'_>) -> DistrictValue {
    let share = row.number("within_limit_share");
    DistrictValue {
        code: row.text("district").to_owned(),
        value: share,
        text: share.map_or_else(|| "no figure".to_owned(), format::percent),
        href: format!("/offices?district={}", row.text("district")),
    }
}

fn district_table(codes: &Codes, shell: &Shell, rows: &Rows) -> Table {
    let row = |row: Row<'_>| {
        let code = row.text("district");
        let share = row.number("within_limit_share");
        vec![
            Cell::text(names::district(codes, code, shell.language())).link(format!("/offices?district={code}")),
            Cell::whole(row.count("applications")),
            Cell { bar: share.map(Bar::share), ..Cell::percent(share) },
            Cell::whole(row.count("pending_over_limit")),
        ]
    };
    Table {
        caption: "Service applications by district of the applicant's office: received, share of those decided that were \
                  decided within the notified limit, and those pending beyond it."
            .to_owned(),
        heads: vec![
            Head::text("District"),
            Head::number("Applications"),
            Head::number("Within limit"),
            Head::number("Pending beyond"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "No applications yet.".to_owned(),
    }
}

fn monthly(title: &str, caption: &str, rows: &Rows, series: [(&str, &str); 2]) -> Chart {
    let row = |row: Row<'_>| {
        let cells = series.iter().map(|(column, _)| Cell::whole(row.count(column)));
        std::iter::once(Cell::text(format::month(row.text("month")))).chain(cells).collect()
    };
    let heads = series.iter().map(|(_, title)| Head::number(*title));
    Chart {
        title: title.to_owned(),
        kind: ChartKind::Line,
        unit: ChartUnit::Count,
        table: Table {
            caption: caption.to_owned(),
            heads: std::iter::once(Head::text("Month")).chain(heads).collect(),
            rows: rows.iter().map(row).collect(),
            total: None,
            empty: "Nothing in these months.".to_owned(),
        },
    }
}

fn service_row(codes: &Codes, shell: &Shell, row: Row<'_>) -> Vec<Cell> {
    let share = row.number("within_limit_share");
    vec![
        Cell::text(names::code_name(codes, "service", row.text("service"), shell.language())),
        Cell::whole(row.count("disposed")),
        Cell { bar: share.map(Bar::share), ..Cell::percent(share) },
    ]
}

fn service_table(rows: Vec<Vec<Cell>>) -> Table {
    Table {
        caption: "Of the applications decided, the share decided within the notified working days.".to_owned(),
        heads: vec![Head::text("Service"), Head::number("Decided"), Head::number("Within limit")],
        rows,
        total: None,
        empty: "No service has enough decisions yet.".to_owned(),
    }
}
