//! SQL over the warehouse, read-only, under the access of whoever asks. Posted, so that no statement stands in an
//! address. A statement for a purpose that shows people is written into the audit trail before it runs: by its hash,
//! since its words may name a person.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use kanak_model::{Access, Class, Purpose};
use kanak_warehouse::{QueryLimits, TableInfo, WarehouseError};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::golden_records::Choice;
use super::show_page;
use crate::audit;
use crate::component::{Cell, Head, Table};
use crate::error::PageError;
use crate::rows::Rows;
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, reading};

/// The console.
#[derive(Template)]
#[template(path = "pages/sql_console.html")]
pub(crate) struct SqlConsolePage {
    shell: Shell,
    sql: String,
    purposes: Vec<Choice>,
    answer: Answer,
    tables: Vec<ListedTable>,
}

/// What the last statement gave.
enum Answer {
    None,
    Rows { table: Table, said: String },
    Refused(String),
}

/// A table that the visitor may ask.
struct ListedTable {
    name: String,
    description: String,
    rows: String,
    columns: String,
}

/// A statement.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    sql: String,
    #[serde(default)]
    purpose: String,
}

const LIMITS: QueryLimits = QueryLimits { rows_max: 500, timeout_ms: 20_000 };
const FIRST: &str = "SELECT title, value, unit, definition\nFROM mart_overview\nORDER BY position";
const PURPOSES: [Purpose; 3] = [Purpose::Statistics, Purpose::Stewardship, Purpose::ServiceDelivery];

/// `GET /sql-console`
pub(crate) async fn show(State(state): State<DashboardState>, signed: Signed) -> Result<Response, PageError> {
    let asked = Asked { sql: FIRST.to_owned(), ..Asked::default() };
    let purpose = PURPOSES.into_iter().find(|purpose| signed.access(*purpose).is_ok());
    let access = signed.access(purpose.unwrap_or(Purpose::Statistics))?;
    show_page(&build(&state, &signed, &access, &asked, Answer::None)?)
}

/// `POST /sql-console`
pub(crate) async fn run(
    State(state): State<DashboardState>,
    signed: Signed,
    Form(asked): Form<Asked>,
) -> Result<Response, PageError> {
    signed.check_csrf(&asked.csrf)?;
    let purpose = Purpose::find(&asked.purpose).filter(|purpose| PURPOSES.contains(purpose));
    let access = signed.access(purpose.unwrap_or(Purpose::Statistics))?;
    if access.shows(Class::Personal) {
        audit::record(&state, &access, "query", [audited_as(&asked.sql)]).await?;
    }
    let answer = match state.warehouse.query(&access, &asked.sql, LIMITS).await {
        Ok(result) => {
            let more = if result.truncated { ", and there are more" } else { "" };
            let said =
                format!("{} rows{more}, of release {}.", format::whole(result.num_rows() as i64), result.release);
            Answer::Rows { table: result_table(&reading::to_rows(&result)), said }
        }
        Err(WarehouseError::NoRelease) => return Err(PageError::NoFigures),
        Err(
            error @ (WarehouseError::Refused { .. }
            | WarehouseError::Query { .. }
            | WarehouseError::UnknownTable { .. }
            | WarehouseError::TimedOut { .. }),
        ) => Answer::Refused(error.to_string()),
        Err(other) => return Err(PageError::inside(other)),
    };
    show_page(&build(&state, &signed, &access, &asked, answer)?)
}

/// What the audit trail calls a statement: by its SHA-256, with which a statement that is asked about can be found.
fn audited_as(sql: &str) -> String {
    let hash: String = Sha256::digest(sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("statement {hash}")
}

fn build(
    state: &DashboardState,
    signed: &Signed,
    access: &Access,
    asked: &Asked,
    answer: Answer,
) -> Result<SqlConsolePage, PageError> {
    let tables = match state.warehouse.tables(access) {
        Ok(tables) => tables,
        Err(WarehouseError::NoRelease) => Vec::new(),
        Err(other) => return Err(PageError::inside(other)),
    };
    let shell = Shell::new("sql_console", &signed.visit, state.made_up).fresh(reading::freshness(state));
    let purposes: Vec<Purpose> = PURPOSES.into_iter().filter(|purpose| signed.access(*purpose).is_ok()).collect();
    Ok(SqlConsolePage::build(shell, asked, &purposes, answer, &tables))
}

impl SqlConsolePage {
    fn build(shell: Shell, asked: &Asked, purposes: &[Purpose], answer: Answer, tables: &[TableInfo]) -> Self {
        let purposes = purposes.iter().map(|purpose| Choice {
            is_chosen: purpose.word() == asked.purpose,
            value: purpose.word().to_owned(),
            title: format::sentence(purpose.word()),
        });
        let tables = tables.iter().map(|table| ListedTable {
            name: table.name.clone(),
            description: table.description.clone(),
            rows: format::whole(i64::try_from(table.rows).unwrap_or(i64::MAX)),
            columns: table
                .columns
                .iter()
                .map(|column| format!("{} {}", column.name, column.kind.word()))
                .collect::<Vec<_>>()
                .join(", "),
        });
        Self { sql: asked.sql.clone(), purposes: purposes.collect(), answer, tables: tables.collect(), shell }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let rows = sampler.rows(
            ["title", "value", "is_good"],
            [[sampler.word.into(), 12_345.5.into(), true.into()], [Value::Null, 3.into(), Value::Null]],
        );
        let answer = Answer::Rows { table: result_table(&rows), said: "2 rows, of release 42.".to_owned() };
        let asked = Asked { sql: sampler.word.to_owned(), ..Asked::default() };
        let table = TableInfo {
            name: "mart_overview".to_owned(),
            description: sampler.word.to_owned(),
            grain: None,
            folder: kanak_warehouse::Folder::Open,
            rows: 14,
            columns: Vec::new(),
        };
        Self::build(sampler.shell("sql_console"), &asked, &PURPOSES, answer, &[table])
    }

    /// The sample of a statement that was refused.
    pub(crate) fn sample_refused(sampler: &Sampler) -> Self {
        let asked = Asked { sql: sampler.word.to_owned(), ..Asked::default() };
        Self::build(sampler.shell("sql_console"), &asked, &PURPOSES, Answer::Refused(sampler.word.to_owned()), &[])
    }
}

/// Rows as they are: numbers to the right and ungrouped, so that they can be copied.
fn result_table(rows: &Rows) -> Table {
    let is_number = |at: usize| {
        let mut cells = rows.iter().filter_map(|row| row.cells().get(at)).filter(|cell| !cell.is_null()).peekable();
        cells.peek().is_some() && cells.all(Value::is_number)
    };
    let head = |(at, name): (usize, &String)| if is_number(at) { Head::number(name) } else { Head::text(name) };
    let cell = |value: &Value| match value {
        Value::Null => Cell::none(),
        Value::String(text) => Cell::text(text),
        other => Cell::text(other.to_string()),
    };
    Table {
        caption: "The rows of the answer, as the warehouse holds them.".to_owned(),
        heads: rows.columns().iter().enumerate().map(head).collect(),
        rows: rows.iter().map(|row| row.cells().iter().map(cell).collect()).collect(),
        total: None,
        empty: "No row.".to_owned(),
    }
}
