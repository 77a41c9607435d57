//! `/v1/sources/{source}/source-records`: a department writes the rows of its own registers one by one.

pub mod put;
pub mod retire;
pub mod view;

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use kanak_model::source_system::RowsAre;
use kanak_model::{Access, Purpose, Role, SourceSystem};
use kanak_store::Expected;

use crate::jobs::written::{RowToWrite, RowWritten, WriteError, hub_source};
use crate::server::actions::steward_of;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::stewardship;

/// A caller's own register of an entity type, and what the caller may be told of golden records.
pub(super) fn own_register(
    state: &AppState,
    caller: &ApiCaller,
    source: &str,
) -> Result<(Arc<SourceSystem>, Access), Problem> {
    let access = caller.access_for(
        &[Purpose::ServiceDelivery],
        "a department writes and corrects its registers to deliver services",
    )?;
    let declared = state.deployment.sources.find(source);
    let is_own = |one: &&SourceSystem| {
        caller.caller.has(Role::Department) && caller.department.as_ref() == Some(&one.department)
    };
    let source = declared.filter(is_own).ok_or_else(|| {
        Problem::forbidden(format!(
            "`{source}` is no register of this key's department; `kanak key department` says whose registers a key writes"
        ))
    })?;
    match source.rows {
        RowsAre::Entity(_) => Ok((Arc::new(source.clone()), access)),
        RowsAre::Event(_) => {
            Err(Problem::bad_request(format!("the rows of `{}` are events; they come in files", source.name)))
        }
    }
}

/// A register of the hub itself, for a signed-in steward: who was entered after a search and should not have been is taken out again.
/// `None` for any other register.
pub(super) fn hub_register(
    state: &AppState,
    caller: &ApiCaller,
    source: &str,
) -> Result<Option<(Arc<SourceSystem>, Access)>, Problem> {
    let of_hub = state.deployment.find_register(source).filter(|register| hub_source::is_one(Some(register)));
    let Some(of_hub) = of_hub else { return Ok(None) };
    steward_of(&caller.caller).map_err(|(status, detail)| Problem::new(status, detail))?;
    let access = stewardship::access(caller)?;
    Ok(Some((Arc::new(of_hub), access)))
}

/// What the caller expects of the row that is there: `If-Match: "3"`, or `If-None-Match: *`.
fn expected(headers: &HeaderMap) -> Result<Expected, Problem> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(Expected::Anything),
        (None, Some("*")) => Ok(Expected::None),
        (Some(tag), None) => tag
            .strip_prefix('"')
            .and_then(|tag| tag.strip_suffix('"'))
            .and_then(|version| version.parse().ok())
            .map(Expected::Version)
            .ok_or_else(|| Problem::bad_request("`If-Match` names a version, as `ETag` did: \"3\"")),
        _ => Err(Problem::bad_request("send `If-Match` with a version or `If-None-Match: *`, not both")),
    }
}

/// Writes a row and waits until it is durable.
pub(super) async fn write(state: &AppState, row: RowToWrite) -> Result<RowWritten, Problem> {
    state.rows.write(&state.deployment, &state.work, row).await.map_err(|error| match error {
        WriteError::Full => Problem::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        WriteError::Inside(detail) => Problem::internal(detail),
    })
}
