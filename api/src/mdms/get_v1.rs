//! `GET` or `POST /egov-mdms-service/v1/_get`: the rows of one master, named in the query.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::Value;

use super::search_v1::{self, Criteria};
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::asked::read_day;

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Get {
    tenant_id: String,
    module_name: String,
    master_name: String,
    filter: Option<String>,
    /// As of which day.
    #[serde(rename = "as_of", alias = "asOf")]
    as_of: Option<String>,
}

/// Lists the rows of a master that fit the filter, in the form of [`search_v1::search`]. The body is the `RequestInfo`, an object that
/// has it, or nothing.
pub async fn get(State(state): State<AppState>, Query(get): Query<Get>, body: Bytes) -> Result<Json<Value>, Problem> {
    let Get { tenant_id, module_name, master_name, filter, as_of } = get;
    let day = read_day(as_of.as_deref())?;
    let request = request_of(&body)?;
    let info = request.get("RequestInfo").unwrap_or(&request);
    search_v1::answer(&state, info, &Criteria::of_one(tenant_id, module_name, master_name, filter), day)
}

fn request_of(body: &[u8]) -> Result<Value, Problem> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body)
        .map_err(|_| Problem::bad_request("the body is no JSON; send the `RequestInfo`, or no body"))
}
