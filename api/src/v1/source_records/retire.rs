//! A department takes one row out of its register.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use kanak_store::{Arrived, Expected};

use super::view::{Noticed, RowView, answer};
use super::{expected, hub_register, own_register, write};
use crate::jobs::written::{RowAct, RowArrived, RowToWrite};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Retires one row of the caller's own register: it is no longer in it. Written again, it is back. A signed-in steward so takes out of a
/// register of the hub itself (`hub_citizen`) who was entered after a search.
#[utoipa::path(delete, path = "/v1/sources/{source}/source-records/{key}", tag = "registers", security(("key" = []), ("session" = [])),
    params(("source" = String, Path, description = "The register"), ("key" = String, Path, description = "The department's own key"),
           ("Purpose" = String, Header, description = "`service_delivery`; a steward's `stewardship`"),
           ("If-Match" = Option<String>, Header, description = "The version that the row must have")),
    responses((status = 200, description = "It is retired", body = RowView),
              (status = 202, description = "It is retired, and what follows waits for the next resolution", body = RowView),
              (status = 403, description = "Not the key's own register, or not the purpose", body = Problem),
              (status = 404, description = "There is no such row in the key's districts", body = Problem),
              (status = 412, description = "The row is not of the version that was named", body = Problem)))]
pub async fn retire(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((source, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (source, access) = match hub_register(&state, &caller, &source)? {
        Some(of_hub) => of_hub,
        None => own_register(&state, &caller, &source)?,
    };
    let expected = expected(&headers)?;
    let row = RowToWrite {
        source: Arc::clone(&source),
        key: key.clone(),
        act: RowAct::Retires,
        body: "".into(),
        expected,
        access: access.clone(),
        apart: Vec::new(),
    };
    let mut written = write(&state, row).await?;
    if matches!(written.arrived, RowArrived::As(Arrived::OutOfScope)) {
        // Whoever may not see a row is not told that it is there; the trail is.
        let unseen = match expected {
            Expected::Version(_) => Arrived::Unexpected(None),
            Expected::Anything | Expected::None => Arrived::NotThere,
        };
        written.arrived = RowArrived::As(unseen);
    }
    answer(&source.name, &key, &access, written, Noticed::default())
}
