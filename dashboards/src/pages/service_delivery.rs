//! Services against their notified limits: by month, by department, by service.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_codes::Codes;
use kanak_model::{Access, Language};
use serde_json::json;

use super::{figures_page, show_page};
use crate::component::{Bar, Cell, Chart, ChartKind, ChartUnit, Filters, Head, Measure, Table, monthly};
use crate::cut::{By, Cut};
use crate::error::PageError;
use crate::rows::{Row, Rows};
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{names, reading};

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
    Query(cut): Query<Cut>,
    signed: Signed,
) -> Result<Response, PageError> {
    let (access, shell) = figures_page(&state, &signed, "service_delivery")?;
    let rows = read(&state, &access, &cut).await?;
    show_page(&ServiceDeliveryPage::build(shell, &state.codes(), &cut, &rows))
}

/// The mart, with the department that answers for the service as the department of this page.
const FIGURES: &str = "(SELECT *, service_department AS department FROM mart_service_delivery) AS figures";

async fn read(state: &DashboardState, access: &Access, cut: &Cut) -> Result<ServiceRows, PageError> {
    let condition = cut.condition(&[By::District, By::Department, By::Year]);
    let query = |columns: &str, order: &str| {
        let sql = format!("SELECT {columns}, {COUNTS} FROM {FIGURES}{condition} GROUP BY {columns} ORDER BY {order}");
        async move { reading::query(state, access, &sql).await }
    };
    Ok(ServiceRows {
        by_month: query("month", "month").await?,
        by_department: query("department", "timeliness").await?,
        by_service: query("service, department", "received DESC, service").await?,
        departments: reading::choices(state, access, FIGURES, "department").await?,
        years: reading::choices(state, access, FIGURES, "financial_year").await?,
    })
}

impl ServiceDeliveryPage {
    fn build(shell: Shell, codes: &Codes, cut: &Cut, rows: &ServiceRows) -> Self {
        let language = shell.language();
        let lists = vec![
            cut.district_list(codes, &shell),
            cut.department_list(codes, &shell, &rows.departments),
            cut.year_list(&shell, &rows.years),
        ];
        Self {
            filters: Filters::new("/service-delivery", &shell, lists),
            months: monthly(
                language,
                "Applications by month of application: received, disposed of, pending",
                "By month of application: received, disposed of by now, still pending; and the share of those disposed of \
                 whose service had a limit that were within it.",
                &rows.by_month,
                &[
                    ("received", "received", Measure::Count),
                    ("disposed", "disposed_of", Measure::Count),
                    ("pending", "pending", Measure::Count),
                    ("timeliness", "within_limit", Measure::UndrawnShare),
                ],
            ),
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
        Self::build(sampler.shell("service_delivery"), &sampler.codes, &Cut::default(), &rows)
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
        language,
        title: "Of the applications disposed of that had a notified limit, the share within it, by department".to_owned(),
        kind: ChartKind::Bars,
        unit: ChartUnit::Percent,
        table: Table {
            caption: "Of the applications disposed of whose service had a limit, the share disposed of within it, lowest first."
                .to_owned(),
            heads: vec![Head::word(language, "department"), Head::count(language, "within_limit"), Head::count(language, "disposed_of").undrawn()],
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
                  application. A rejection without a recorded reason is no disposal: it stays pending and its clock runs on. Average days are working days."
            .to_owned(),
        heads: vec![
            Head::word(language, "service"),
            Head::count(language, "limit"),
            Head::count(language, "received"),
            Head::count(language, "disposed_of"),
            Head::count(language, "within_limit"),
            Head::count(language, "average_days"),
            Head::count(language, "pending"),
            Head::count(language, "overdue"),
            Head::count(language, "refused_without_reason"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "No applications.".to_owned(),
    }
}
