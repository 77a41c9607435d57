//! Grievances: what is open and how old it is, and what became of those that were filed.

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
use crate::samples::{Sampler, wave};
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names, reading};

/// The page.
#[derive(Template)]
#[template(path = "pages/grievances.html")]
pub(crate) struct GrievancesPage {
    shell: Shell,
    filters: Filters,
    ageing: Chart,
    months: Chart,
    departments: Table,
    types: Table,
}

/// What the page is made of.
struct GrievanceRows {
    /// `department`, `band_1` to `band_7`, `open`, `unassigned`.
    ageing: Rows,
    /// `month`, `filed`, `closed`, `open`.
    months: Rows,
    /// `department` and the columns of [`COUNTS`].
    departments: Rows,
    /// `complaint_type`, `department` and the columns of [`COUNTS`].
    types: Rows,
    /// `department`, to choose from.
    choices: Rows,
}

const BANDS: [&str; 7] = ["0 to 7 days", "8 to 15", "16 to 21", "22 to 30", "31 to 60", "61 to 180", "over 180 days"];

const COUNTS: &str = "sum(filed) AS filed, sum(closed) AS closed, sum(open) AS open, sum(unassigned) AS unassigned, \
     sum(overdue) AS overdue, sum(reopened) AS reopened, \
     sum(within_due) * 1.0 / nullif(sum(closed), 0) AS within_due, sum(resolved) * 1.0 / nullif(sum(closed), 0) AS resolved, \
     sum(hours_to_close) / nullif(sum(closed), 0) / 24.0 AS days_to_close, \
     sum(rating_sum) * 1.0 / nullif(sum(ratings), 0) AS rating, sum(ratings) AS ratings";

/// `GET /grievances`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Query(cut): Query<Cut>,
    signed: Signed,
) -> Result<Response, PageError> {
    let (access, shell) = figures_page(&state, &signed, "grievances")?;
    let rows = read(&state, &access, &cut).await?;
    show_page(&GrievancesPage::build(shell, &state.codes(), &cut, &rows))
}

/// The marts, with the department of the office as the department of this page.
const DISPOSAL: &str = "(SELECT *, office_department AS department FROM mart_grievance_disposal) AS disposal";
const AGEING: &str = "(SELECT *, office_department AS department FROM mart_grievance_ageing) AS ageing";

async fn read(state: &DashboardState, access: &Access, cut: &Cut) -> Result<GrievanceRows, PageError> {
    let cut = cut.condition(&[By::District, By::Department]);
    let query = |sql: String| async move { reading::query(state, access, &sql).await };
    let disposal = |columns: &str, order: &str| {
        query(format!("SELECT {columns}, {COUNTS} FROM {DISPOSAL}{cut} GROUP BY {columns} ORDER BY {order}"))
    };
    let bands: Vec<String> = (1..=BANDS.len())
        .map(|band| format!("sum(CASE WHEN age_band_number = {band} THEN open ELSE 0 END) AS band_{band}"))
        .collect();
    Ok(GrievanceRows {
        ageing: query(format!(
            "SELECT department, {}, sum(open) AS open, sum(unassigned) AS unassigned FROM {AGEING}{cut} \
             GROUP BY department ORDER BY open DESC",
            bands.join(", ")
        ))
        .await?,
        months: disposal("month", "month").await?,
        departments: disposal("department", "filed DESC").await?,
        types: disposal("complaint_type, department", "filed DESC, complaint_type").await?,
        choices: reading::choices(state, access, DISPOSAL, "department").await?,
    })
}

impl GrievancesPage {
    fn build(shell: Shell, codes: &Codes, cut: &Cut, rows: &GrievanceRows) -> Self {
        let language = shell.language();
        let lists = vec![cut.district_list(codes, &shell), cut.department_list(codes, &shell, &rows.choices)];
        let department =
            |row: Row<'_>| Cell::text(names::code_name(codes, "department", row.text("department"), language));
        let complaint = |row: Row<'_>| {
            Cell::text(names::code_name(codes, "complaint-type", row.text("complaint_type"), language))
                .under(names::code_name(codes, "department", row.text("department"), language))
        };
        Self {
            filters: Filters::new("/grievances", &shell, lists),
            ageing: ageing(codes, language, &rows.ageing),
            months: monthly(
                language,
                "Grievances by month of filing: closed by now, still open",
                "By month of filing: filed, closed by now, still open; and of those closed, the share that were closed \
                 when due.",
                &rows.months,
                &[
                    ("filed", "filed", Measure::Count),
                    ("closed", "closed", Measure::Count),
                    ("open", "open", Measure::Count),
                    ("within_due", "closed_when_due", Measure::UndrawnShare),
                ],
            ),
            departments: disposal_table(language, "department", &rows.departments, &department),
            types: disposal_table(language, "complaint_type", &rows.types, &complaint),
            shell: shell.with_charts(),
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let counts = [
            "filed",
            "closed",
            "open",
            "unassigned",
            "overdue",
            "reopened",
            "within_due",
            "resolved",
            "days_to_close",
            "rating",
            "ratings",
        ];
        let columns = |first: &[&str]| first.iter().chain(&counts).map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let row = |first: Vec<serde_json::Value>, at: usize| {
            let at = wave(at);
            let rest = [
                json!(900.0 + 400.0 * at),
                json!(800),
                json!(100),
                json!(7),
                json!(30),
                json!(12),
                json!(0.5 + 0.4 * at),
                json!(0.9),
                json!(3.0 + 9.0 * at),
                json!(null),
                json!(0),
            ];
            first.into_iter().chain(rest).collect::<Vec<_>>()
        };
        let bands: Vec<String> = (1..=7).map(|band| format!("band_{band}")).collect();
        let ageing_columns =
            std::iter::once("department".to_owned()).chain(bands).chain(["open".to_owned(), "unassigned".to_owned()]);
        let departments = ["MC-PHE", "MC-ROADS", "LGD-1349", sampler.word];
        let rows = GrievanceRows {
            ageing: Rows::new(
                ageing_columns.collect(),
                departments
                    .iter()
                    .map(|code| {
                        std::iter::once(json!(code)).chain((0..9).map(|at| json!((wave(at) * 90.0).round()))).collect()
                    })
                    .collect(),
            ),
            months: Rows::new(
                columns(&["month"]),
                sampler.months().into_iter().enumerate().map(|(at, (month, _))| row(vec![month], at)).collect(),
            ),
            departments: Rows::new(
                columns(&["department"]),
                departments.iter().enumerate().map(|(at, code)| row(vec![json!(code)], at)).collect(),
            ),
            types: Rows::new(
                columns(&["complaint_type", "department"]),
                departments
                    .iter()
                    .enumerate()
                    .map(|(at, code)| row(vec![json!(sampler.word), json!(code)], at))
                    .collect(),
            ),
            choices: sampler.rows(["department"], [[json!(sampler.word)]]),
        };
        Self::build(sampler.shell("grievances"), &sampler.codes, &Cut::default(), &rows)
    }
}

fn ageing(codes: &Codes, language: Language, rows: &Rows) -> Chart {
    let row = |row: Row<'_>| {
        let bands = (1..=BANDS.len()).map(|band| Cell::whole(row.count(&format!("band_{band}"))));
        let name = Cell::text(names::code_name(codes, "department", row.text("department"), language));
        let totals = [Cell::whole(row.count("open")), Cell::whole(row.count("unassigned"))];
        std::iter::once(name).chain(bands).chain(totals).collect()
    };
    let heads = BANDS.iter().map(|band| Head::number(*band));
    let totals = [Head::count(language, "open").undrawn(), Head::count(language, "unassigned").undrawn()];
    Chart {
        language,
        title: "Open grievances by department and age".to_owned(),
        kind: ChartKind::StackedBars,
        unit: ChartUnit::Count,
        table: Table {
            caption: "Grievances open now, by days since they were filed, whether or not anybody was assigned."
                .to_owned(),
            heads: std::iter::once(Head::word(language, "department")).chain(heads).chain(totals).collect(),
            rows: rows.iter().map(row).collect(),
            total: None,
            empty: "No grievance is open.".to_owned(),
        },
    }
}

fn disposal_table(language: Language, first: &str, rows: &Rows, name: &dyn Fn(Row<'_>) -> Cell) -> Table {
    let row = |row: Row<'_>| {
        let within = row.number("within_due");
        let rating = Cell::decimal(row.number("rating"), 1);
        vec![
            name(row),
            Cell::whole(row.count("filed")),
            Cell::whole(row.count("closed")),
            Cell { bar: within.map(Bar::share), ..Cell::percent(within) },
            Cell::percent(row.number("resolved")),
            Cell::decimal(row.number("days_to_close"), 1),
            Cell::whole(row.count("open")),
            Cell::whole(row.count("overdue")),
            Cell::whole(row.count("reopened")),
            if row.count("ratings") > 0 {
                rating.under(format!("of {}", format::whole(row.count("ratings"))))
            } else {
                rating
            },
        ]
    };
    Table {
        caption: "Filed and closed; closed when due and resolved are shares of the closed ones, and a rejected grievance is closed and \
                  not resolved. Average days run from filing to closing. Rating, 1 to 5, only where the complainant gave one."
            .to_owned(),
        heads: vec![
            Head::word(language, first),
            Head::count(language, "filed"),
            Head::count(language, "closed"),
            Head::count(language, "closed_when_due"),
            Head::count(language, "resolved"),
            Head::count(language, "average_days"),
            Head::count(language, "open"),
            Head::count(language, "overdue"),
            Head::count(language, "reopened"),
            Head::count(language, "rating"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "No grievance was filed.".to_owned(),
    }
}
