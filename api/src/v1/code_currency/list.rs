//! How current each code system is.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::jobs::code_currency::{CurrencyRow, list_currency};
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::only::Only;

/// How current one code system is.
#[derive(Serialize, ToSchema)]
pub struct CurrencyView {
    /// The code system.
    system: String,
    /// The version in use.
    version: String,
    /// As of when its source was, as precisely as is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_date: Option<String>,
    /// Days from the date of the source to today; absent where the date does not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_days: Option<u32>,
    /// Days from the date of the source to the day on which the version was published here; absent of what came with the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    published_after_days: Option<u32>,
    /// How many codes are not made up.
    rows_real: usize,
    /// How many codes the publisher's own count gives, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_official: Option<usize>,
    /// The share of the official list that is present, 0 to 1; absent where the official count is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    share_present: Option<f64>,
    /// What is known to be missing or wrong as a whole.
    gaps: Vec<String>,
    /// How many defects of single codes are known; `/v1/code-defects` lists them.
    defects: usize,
}

impl From<&CurrencyRow> for CurrencyView {
    fn from(row: &CurrencyRow) -> Self {
        Self {
            system: row.system.clone(),
            version: row.version.clone(),
            source_date: row.source_date.clone(),
            age_days: row.age_days,
            published_after_days: row.published_after_days,
            rows_real: row.rows_real,
            rows_official: row.rows_official,
            share_present: row.share_present,
            gaps: row.gaps.clone(),
            defects: row.defects,
        }
    }
}

/// Tells how current each code system in use is: the age of its source, how long after it the version was published here, how much of the
/// official list is here, and what is known to be missing.
#[utoipa::path(get, path = "/v1/code-currency", tag = "codes",
    responses((status = 200, description = "All of them, by name", body = [CurrencyView]), (status = 304, description = "Not changed")))]
pub async fn list(State(state): State<AppState>, _: Only<()>, headers: HeaderMap) -> Result<Response, Problem> {
    let rows = list_currency(&state.deployment).await.map_err(Problem::internal)?;
    hashed(&headers, &rows.iter().map(CurrencyView::from).collect::<Vec<_>>())
}
