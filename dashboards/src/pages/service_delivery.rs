//! Services against their notified limits: by month, by department, by service.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_codes::Codes;
use kanak_model::{Access, Language, Purpose};
use serde::Deserialize;
use serde_json::json;

use super::{department_filter, district_filter, show_page, year_filter};
use crate::component::{Bar, Cell, Chart, ChartKind, ChartUnit, Filters, Head, Table};
use crate::error::PageError;
use crate::reading::{self, where_equal};
use crate::rows::{Row, Rows};
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// The page.
#[derive(Template)]
#[template(path = "pages/service_delivery.html")]
pub(crate) struct ServiceDeliveryPage {
    shell: Shell,
    filters: Filters,
    months: Chart,
    departments: Chart,
    services: Table,
}

/// What is looked at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    district: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    financial_year: String,
}

/// What the page is made of: cuts of `mart_service_delivery`, each with the counts of [`COUNTS`].
struct ServiceRows {
    by_month: Rows,
    by_department: Rows,
    by_service: Rows,
    /// `department`, to choose from.
    departments: Rows,
    /// `financial_year`, to choose from.
    years: Rows,
}

/// The counts of a cut, and shares of those counts.
pub(crate) const COUNTS: &str = "sum(received) AS received, sum(disposed) AS disposed, sum(pending) AS pending, \
     sum(overdue) AS overdue, sum(rejected_without_reason) AS rejected_without_reason, \
     sum(within_limit) * 1.0 / nullif(sum(disposed_with_limit), 0) AS timeliness, \
     sum(working_days_taken) * 1.0 / nullif(sum(disposed), 0) AS working_days";

/// `GET /service-delivery`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Query(asked): Query<Asked>,
    signed: Signed,
) -> Result<Response, PageError> {
    let access = signed.access(Purpose::Statistics)?;
    let rows = read(&state, &access, &asked).await?;
    let shell = Shell::new("service_delivery", &signed.visit, state.made_up).fresh(reading::freshness(&state));
    show_page(&ServiceDeliveryPage::build(shell, &state.codes, &asked, &rows))
}

/// The mart, with the department that answers for the service as the department of this page.
const FIGURES: &str = "(SELECT *, service_department AS department FROM mart_service_delivery) AS figures";

async fn read(state: &DashboardState, access: &Access, asked: &Asked) -> Result<ServiceRows, PageError> {
    let cut = where_equal(&[
        ("district", &asked.district),
        ("department", &asked.department),
        ("CAST(financial_year AS VARCHAR)", &asked.financial_year),
    ]);
    let query = |columns: &str, order: &str| {
        let sql = format!("SELECT {columns}, {COUNTS} FROM {FIGURES}{cut} GROUP BY {columns} ORDER BY {order}");
        async move { reading::query(state, access, &sql).await }
    };
    let choices = |column: &str| {
        let sql = format!("SELECT DISTINCT {column} FROM {FIGURES} WHERE {column} IS NOT NULL ORDER BY {column} DESC");
        async move { reading::query(state, access, &sql).await }
    };
    Ok(ServiceRows {
        by_month: query("month", "month").await?,
        by_department: query("department", "timeliness").await?,
        by_service: query("service, department", "received DESC, service").await?,
        departments: choices("department").await?,
        years: choices("financial_year").await?,
    })
}

impl ServiceDeliveryPage {
    fn build(shell: Shell, codes: &Codes, asked: &Asked, rows: &ServiceRows) -> Self {
        let language = shell.language();
        let filters = Filters {
            action: "/service-delivery",
            lists: vec![
                district_filter(codes, &shell, &asked.district),
                department_filter(codes, &shell, &rows.departments, &asked.department),
                year_filter(&rows.years, &asked.financial_year),
            ],
            button: shell.t("word.show").to_owned(),
        };
        Self {
            filters,
            months: months(&rows.by_month),
            departments: by_department(codes, language, &rows.by_department),
            services: by_service(codes, language, &rows.by_service),
            shell: shell.with_charts(),
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let counts = |at: f64| {
            [
                json!(9_000.0 + at * 4_000.0),
                json!(8_000.0),
                json!(900.0),
                json!(at * 300.0),
                json!(12),
                json!(0.6 + at * 0.38),
                json!(at * 20.0),
            ]
        };
        let join = |first: Vec<serde_json::Value>, at: f64| first.into_iter().chain(counts(at)).collect::<Vec<_>>();
        let columns = |first: &[&str]| {
            let counts =
                ["received", "disposed", "pending", "overdue", "rejected_without_reason", "timeliness", "working_days"];
            first.iter().chain(&counts).map(|name| (*name).to_owned()).collect::<Vec<_>>()
        };
        let rows = ServiceRows {
            by_month: Rows::new(
                columns(&["month"]),
                sampler.months().into_iter().map(|(month, at)| join(vec![month], at)).collect(),
            ),
            by_department: Rows::new(
                columns(&["department"]),
                ["LGD-1349", "LGD-1350", "LGD-1351", sampler.word]
                    .iter()
                    .zip([0.2, 0.5, 0.7, 0.9])
                    .map(|(code, at)| join(vec![json!(code)], at))
                    .collect(),
            ),
            by_service: Rows::new(
                columns(&["service", "department"]),
                (1..=24)
                    .map(|at| join(vec![json!(format!("SVC-{at:03}")), json!("LGD-1349")], crate::samples::wave(at)))
                    .collect(),
            ),
            departments: sampler.rows(["department"], [[json!("LGD-1349")], [json!(sampler.word)]]),
            years: sampler.rows(["financial_year"], [[json!(2026)], [json!(2025)]]),
        };
        Self::build(sampler.shell("service_delivery"), &sampler.codes, &Asked::default(), &rows)
    }
}

fn months(rows: &Rows) -> Chart {
    let row = |row: Row<'_>| {
        vec![
            Cell::text(format::month(row.text("month"))),
            Cell::whole(row.count("received")),
            Cell::whole(row.count("disposed")),
            Cell::whole(row.count("pending")),
            Cell::percent(row.number("timeliness")),
        ]
    };
    Chart {
        title: "Applications by month of application: received, disposed of, pending".to_owned(),
        kind: ChartKind::Line,
        unit: ChartUnit::Count,
        table: Table {
            caption:
                "By month of application: received, disposed of by now, still pending; and the share of those disposed \
                      of that were within their notified limit."
                    .to_owned(),
            heads: vec![
                Head::text("Month"),
                Head::number("Received"),
                Head::number("Disposed of"),
                Head::number("Pending"),
                Head::number("Within limit").undrawn(),
            ],
            rows: rows.iter().map(row).collect(),
            total: None,
            empty: "No applications.".to_owned(),
        },
    }
}

fn by_department(codes: &Codes, language: Language, rows: &Rows) -> Chart {
    let row = |row: Row<'_>| {
        vec![
            Cell::text(names::code_name(codes, "department", row.text("department"), language)),
            Cell::percent(row.number("timeliness")),
            Cell::whole(row.count("disposed")),
        ]
    };
    Chart {
        title: "Share of applications disposed of within the notified limit, by department".to_owned(),
        kind: ChartKind::Bars,
        unit: ChartUnit::Percent,
        table: Table {
            caption: "Of the applications disposed of whose service had a limit, the share disposed of within it, lowest first."
                .to_owned(),
            heads: vec![Head::text("Department"), Head::number("Within limit"), Head::number("Disposed of").undrawn()],
            rows: rows.iter().filter(|row| row.number("timeliness").is_some()).map(row).collect(),
            total: None,
            empty: "No applications.".to_owned(),
        },
    }
}

fn by_service(codes: &Codes, language: Language, rows: &Rows) -> Table {
    let row = |row: Row<'_>| {
        let timeliness = row.number("timeliness");
        let limit = codes
            .system("service")
            .and_then(|system| system.lookup(row.text("service"))?.property("working_day_limit"))
            .and_then(|days| days.parse::<f64>().ok());
        vec![
            Cell::text(names::code_name(codes, "service", row.text("service"), language)).under(names::code_name(
                codes,
                "department",
                row.text("department"),
                language,
            )),
            Cell::decimal(limit, 0),
            Cell::whole(row.count("received")),
            Cell::whole(row.count("disposed")),
            Cell { bar: timeliness.map(Bar::share), ..Cell::percent(timeliness) },
            Cell::decimal(row.number("working_days"), 1),
            Cell::whole(row.count("pending")),
            Cell::whole(row.count("overdue")),
            Cell::whole(row.count("rejected_without_reason")),
        ]
    };
    Table {
        caption: "Limit: working days notified at present; timeliness is judged by the limit in force on the day of \
                  application. A rejection without a recorded reason is no disposal: it stays pending and its clock runs on."
            .to_owned(),
        heads: vec![
            Head::text("Service"),
            Head::number("Limit"),
            Head::number("Received"),
            Head::number("Disposed of"),
            Head::number("Within limit"),
            Head::number("Average days"),
            Head::number("Pending"),
            Head::number("Overdue"),
            Head::number("Refused without reason"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "No applications.".to_owned(),
    }
}
