//! A list of codes from outside becomes a version that waits for a second steward.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use kanak_codes::Day;
use kanak_store::CodeVersionState;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{CodeVersionView, ImportView};
use super::{curator, refusal};
use crate::jobs::code_lists::{ListFormat, ListToRead};
use crate::jobs::code_references::Removals;
use crate::jobs::code_versions::{propose, read};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// What is said about the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// `csv`, `fhir` or `digit`; left out: what it looks like.
    format: Option<String>,
    /// Its version; left out: what the list says, or else the day from which it is in force.
    version: Option<String>,
    /// The first day on which it is in force; left out: today, and of a new code system ever since.
    effective_from: Option<String>,
    /// The date of its source, as precisely as it is known: `2026-04-01`, `2026-04` or `2026`; left out: what the list says, or else not
    /// known.
    source_date: Option<String>,
    /// Which master, of a DIGIT file with several.
    master: Option<String>,
    /// Why, for those who look later.
    reason: Option<String>,
    /// `true`: write nothing, answer what the list would change.
    #[serde(default)]
    dry_run: bool,
    /// `true`: propose it though it removes codes that others name; these references will point to nothing.
    #[serde(default)]
    accept_removed: bool,
}

/// Reads a list of codes (CSV with a header, perhaps gzipped, a FHIR `CodeSystem` or a DIGIT master in JSON; up to 2 MiB, longer ones with
/// `kanak codes import`), and proposes it as a version of a code system: all of it or nothing. A second steward publishes it. A new code
/// system comes as FHIR, which says what it is, or at the command line with its sidecar.
#[utoipa::path(post, path = "/v1/code-systems/{system}/versions", tag = "codes", security(("session" = [])),
    request_body(content = String, content_type = "application/octet-stream", description = "The list"),
    params(("system" = String, Path, description = "A code system's name, such as `department`"), About),
    responses((status = 200, description = "A dry run: what the list would change; or the version is published already, and nothing changed", body = ImportView),
              (status = 201, description = "It waits for a second steward", body = ImportView),
              (status = 403, description = "Only a signed-in steward of the whole state curates code systems", body = Problem),
              (status = 409, description = "That version is there already and says something else, or codes are removed that others name: says which, and who names them", body = Problem),
              (status = 422, description = "The list breaks a rule: says which row, and what to do", body = Problem)))]
pub async fn import(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path(system): Path<String>,
    Query(about): Query<About>,
    body: Bytes,
) -> Result<(StatusCode, Json<ImportView>), Problem> {
    let who = curator(&caller)?;
    let format = |word: &String| {
        ListFormat::find(word).ok_or_else(|| Problem::bad_request("`format` is `csv`, `fhir` or `digit`"))
    };
    let day = |text: &String| {
        Day::parse(text).ok_or_else(|| Problem::bad_request("`effective_from` is a day, such as 2026-04-01"))
    };
    let list = ListToRead {
        system,
        format: about.format.as_ref().map(format).transpose()?,
        version: about.version,
        effective_from: about.effective_from.as_ref().map(day).transpose()?,
        source_date: about.source_date,
        sidecar: None,
        master: about.master,
        bytes: body.to_vec(),
    };
    let deployment = &state.deployment;
    let read = read(deployment, list).await.map_err(refusal)?;
    let (status, proposed) = if about.dry_run {
        (StatusCode::OK, None)
    } else {
        let reason = about.reason.as_deref().unwrap_or("imported");
        let removals = Removals::from(about.accept_removed);
        let proposed = propose(deployment, &read, who, reason, removals).await.map_err(refusal)?;
        let is_new = proposed.state == CodeVersionState::Proposed;
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        (status, Some(CodeVersionView::from(proposed)))
    };
    let view = ImportView {
        system: read.system,
        version: read.version,
        effective_from: read.effective_from.map(|day| day.to_string()),
        concepts: read.concepts,
        notes: read.notes,
        is_there: read.is_there,
        difference: read.difference,
        proposed,
    };
    Ok((status, Json(view)))
}
