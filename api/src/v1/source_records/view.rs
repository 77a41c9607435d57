//! Wire types of rows that are written one by one.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kanak_model::Access;
use kanak_model::access::Filter;
use kanak_model::quality::RejectedRow;
use kanak_store::Arrived;
use serde::Serialize;
use utoipa::ToSchema;

use crate::jobs::written::{RowArrived, RowResolution, RowWritten};
use crate::server::problem::Problem;

/// What became of a row.
#[derive(Serialize, ToSchema)]
pub struct RowView {
    /// The register.
    source: String,
    /// The department's own key.
    key: String,
    /// `new`, `changed`, `unchanged` or `retired`.
    outcome: &'static str,
    /// The row's version: `If-Match` takes it.
    version: i32,
    /// `done`, or `pending` where the golden record follows with the next resolution, within a minute.
    resolution: &'static str,
    /// The recorded time of which this is the answer.
    known_at: String,
    /// The golden record that it belongs to, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden_id: Option<String>,
    /// The version of the golden record.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden_version: Option<i32>,
    /// All that belongs to it, this row among it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    crosswalks: Vec<KeyView>,
    /// Questions to stewards that it raised; a caller who is confined to districts is told of none, for they may be about others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steward_tasks: Vec<i64>,
    /// Names in the row that nothing is taken from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
    /// Attributes whose value did not fit and was left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOutView>,
}

/// A source record by its key.
#[derive(Serialize, ToSchema)]
pub struct KeyView {
    /// The register.
    source: String,
    /// The department's own key.
    key: String,
}

/// A value that was left out.
#[derive(Serialize, ToSchema)]
pub struct LeftOutView {
    /// The attribute.
    attribute: String,
    /// The rule that it broke.
    rule: &'static str,
}

/// A row that a rule refused: a problem that also says which.
#[derive(Serialize, ToSchema)]
pub struct RefusedRow {
    #[serde(flatten)]
    problem: Problem,
    /// The rule; left out where it is the body as a whole that was refused.
    #[schema(required = false)]
    rule: &'static str,
    /// The column or attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    /// The value, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    masked: Option<String>,
}

impl RefusedRow {
    fn new(row: RejectedRow) -> Self {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, row.reason);
        Self { problem, rule: row.rule.word(), column: row.column, masked: row.masked }
    }
}

impl IntoResponse for RefusedRow {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (StatusCode::UNPROCESSABLE_ENTITY, body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

/// What a row was checked for besides.
#[derive(Default)]
pub struct Noticed {
    /// See [`RowView::ignored`].
    pub ignored: Vec<String>,
    /// Attribute and rule of what was left out.
    pub left_out: Vec<(String, &'static str)>,
}

/// The answer to whoever wrote a row.
///
/// # Errors
/// What the caller has to know where it was not taken in.
pub fn answer(
    source: &str,
    key: &str,
    access: &Access,
    written: RowWritten,
    noticed: Noticed,
) -> Result<Response, Problem> {
    let RowWritten { arrived, known_at, standing, resolution } = written;
    let (outcome, version, status) = match arrived {
        RowArrived::Refused(row) => return Ok(RefusedRow::new(row).into_response()),
        RowArrived::Erased => {
            let detail = "the row of this key was erased under an order; it does not come back";
            return Err(Problem::new(StatusCode::GONE, detail));
        }
        RowArrived::As(arrived) => match arrived {
            Arrived::New(_) => ("new", 1, StatusCode::CREATED),
            Arrived::Changed(_, version) => ("changed", version, StatusCode::OK),
            Arrived::Unchanged(_, version) => ("unchanged", version, StatusCode::OK),
            Arrived::Retired(_, version) => ("retired", version, StatusCode::OK),
            refused => return Err(refusal(source, refused)),
        },
    };
    // Whoever may not see the golden record is not told which it is.
    let standing = standing.filter(|one| access.filter().passes(&|name| one.values.get(name).map(String::as_str)));
    let view = RowView {
        source: source.to_owned(),
        key: key.to_owned(),
        outcome,
        version,
        resolution: match resolution {
            RowResolution::Done => "done",
            RowResolution::Pending => "pending",
        },
        known_at: known_at.to_string(),
        golden_id: standing.as_ref().map(|one| one.golden_id.to_string()),
        golden_version: standing.as_ref().map(|one| one.version),
        steward_tasks: match access.filter() {
            Filter::Everything => standing.iter().flat_map(|one| &one.tasks_opened).map(|task| task.0).collect(),
            _ => Vec::new(),
        },
        crosswalks: standing
            .into_iter()
            .flat_map(|one| one.crosswalks)
            .filter(|(source, _)| access.registers().read(source))
            .map(|(source, key)| KeyView { source, key })
            .collect(),
        ignored: noticed.ignored,
        left_out: noticed.left_out.into_iter().map(|(attribute, rule)| LeftOutView { attribute, rule }).collect(),
    };
    let status = if resolution == RowResolution::Pending { StatusCode::ACCEPTED } else { status };
    let mut response = (status, Json(view)).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

fn refusal(source: &str, arrived: Arrived) -> Problem {
    match arrived {
        Arrived::Unexpected(Some(version)) => {
            let detail = format!("the row is of version {version}; read it again before you change it");
            Problem::new(StatusCode::PRECONDITION_FAILED, detail)
        }
        Arrived::Unexpected(None) => {
            Problem::new(StatusCode::PRECONDITION_FAILED, "there is no such row; write it without `If-Match`")
        }
        Arrived::OutOfScope => {
            Problem::forbidden("the row lies outside the districts of this key, or would lie there; use another key")
        }
        Arrived::NotThere => Problem::not_found(format!("no source record with this key in `{source}`")),
        // A row that passed its check is never quarantined, and the others were answered for.
        other => Problem::internal(format!("a row of {source} became {other:?}")),
    }
}
