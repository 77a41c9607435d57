//! A department states one row of its register.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use kanak_ingest::{RowMismatch, Rows, StatedBy, check_row};
use kanak_model::SourceSystem;
use kanak_model::source_system::RowsAre;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::view::{Noticed, RefusedRow, RowView, answer};
use super::{expected, own_register, write};
use crate::deployment::Deployment;
use crate::jobs::written::{RowAct, RowToWrite};
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::refusals::read_body;
use crate::server::state::AppState;

/// The largest row, as it is sent.
const ROW_BYTES_MAX: usize = 64 << 10;

/// The longest key, in characters.
const KEY_CHARS_MAX: usize = 500;

/// What a row states: in the register's own columns, or in the hub's attributes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The register's own columns, as in its files; those that are the key may be left out.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({ "NAME": "Gurpreet Kaur", "DOB": "01/03/1985" }))]
    columns: Option<BTreeMap<String, Value>>,
    /// Values by attribute, dates as day, month, year or as 1985-03-01; `updated` says when the row was changed in the register.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    attributes: Option<BTreeMap<String, Value>>,
}

/// States one row of the caller's own register, as a file with that row alone would. It is durable when this answers, and resolved with
/// all that it touches; where it has to wait for the next resolution the answer is 202. The same row again changes nothing.
#[utoipa::path(put, path = "/v1/sources/{source}/source-records/{key}", tag = "registers", security(("key" = [])), request_body = Row,
    params(("source" = String, Path, description = "The register"), ("key" = String, Path, description = "The department's own key; the parts of one with several joined by `/`, written %2F"),
           ("Purpose" = String, Header, description = "`service_delivery`"),
           ("If-Match" = Option<String>, Header, description = "The version that the row must have"),
           ("If-None-Match" = Option<String>, Header, description = "`*`: the row must not be there")),
    responses((status = 200, description = "It was there", body = RowView), (status = 201, description = "It is new", body = RowView),
              (status = 202, description = "It is in the hub and waits for the next resolution", body = RowView),
              (status = 400, description = "The body is no row of this register", body = Problem),
              (status = 403, description = "Not the key's own register or districts, or not the purpose", body = Problem),
              (status = 410, description = "The row was erased under an order", body = Problem),
              (status = 412, description = "The row is not of the version that was named", body = Problem),
              (status = 422, description = "A quality rule refused the row, and it is in quarantine; or the body has another field than these", body = RefusedRow)))]
pub async fn put(
    State(state): State<AppState>,
    caller: ApiCaller,
    Path((source, key)): Path<(String, String)>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Problem> {
    let (source, access) = own_register(&state, &caller, &source)?;
    if key.chars().any(char::is_control) || key.chars().count() > KEY_CHARS_MAX {
        return Err(Problem::bad_request(format!(
            "a key has at most {KEY_CHARS_MAX} characters, and none that controls a device"
        )));
    }
    let expected = expected(&headers)?;
    let (stated_by, stated) = read(&body)?;
    let row = checked(&state.deployment, &source, &key, stated_by, &stated)?;
    let noticed = Noticed {
        ignored: row.ignored.clone(),
        left_out: row.left_out.iter().map(|one| (one.attribute.clone(), one.rule.word())).collect(),
    };
    let key = row.outcome.as_ref().map_or_else(|_| key.trim().to_owned(), |row| row.key.clone());
    let row = RowToWrite {
        source: Arc::clone(&source),
        key: key.clone(),
        act: RowAct::States(Arc::new(row)),
        body: body.into(),
        expected,
        access: access.clone(),
        apart: Vec::new(),
    };
    let written = write(&state, row).await?;
    answer(&source.name, &key, &access, written, noticed)
}

/// A row against its register's declaration.
pub(crate) fn checked(
    deployment: &Deployment,
    source: &SourceSystem,
    key: &str,
    stated_by: StatedBy,
    stated: &BTreeMap<String, String>,
) -> Result<kanak_ingest::RowChecked, Problem> {
    let (RowsAre::Entity(entity) | RowsAre::Event(entity)) = &source.rows;
    let model = deployment.get_model(entity).map_err(Problem::internal)?;
    let today = deployment.clock.now().day_ist();
    check_row(source, Rows::Entity(model), key, stated_by, stated, &deployment.standardizer(), today).map_err(|error| {
        match error {
            RowMismatch::Key { .. } | RowMismatch::Parts { .. } => Problem::bad_request(error.to_string()),
            RowMismatch::Source(error) => Problem::internal(error),
        }
    })
}

/// The body as texts by name. Of its values nothing is repeated in a refusal.
fn read(body: &str) -> Result<(StatedBy, BTreeMap<String, String>), Problem> {
    if body.len() > ROW_BYTES_MAX {
        let detail = format!("a row has at most {} KiB", ROW_BYTES_MAX >> 10);
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let row: Row = read_body(body)?;
    let (stated_by, values) = match (row.columns, row.attributes) {
        (Some(columns), None) => (StatedBy::Columns, columns),
        (None, Some(attributes)) => (StatedBy::Attributes, attributes),
        _ => return Err(Problem::bad_request("a row is stated by `columns` or by `attributes`, one of them")),
    };
    Ok((stated_by, texts(values)?))
}

/// Plain values as texts.
pub(crate) fn texts(values: BTreeMap<String, Value>) -> Result<BTreeMap<String, String>, Problem> {
    let text = |(name, value): (String, Value)| {
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) if text.contains('\0') => {
                return Err(Problem::bad_request("a value holds a NUL character"));
            }
            Value::String(text) => text,
            Value::Bool(is) => is.to_string(),
            Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                return Err(Problem::bad_request(
                    "a value is a text, a whole number of at most 19 digits, true, false or null; send other numbers as texts",
                ));
            }
        };
        Ok((name, text))
    };
    values.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_states_columns_or_attributes_in_plain_values() {
        let (by, values) = read(r#"{"columns":{"A":"x","B":12,"C":null,"D":true}}"#).unwrap();
        assert_eq!(by, StatedBy::Columns);
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(values, [("A", "x"), ("B", "12"), ("C", ""), ("D", "true")]);
        for bad in
            ["", "{}", r#"{"columns":{},"attributes":{}}"#, r#"{"columns":{"A":[1]}}"#, r#"{"columns":{"A":1.5}}"#]
        {
            assert_eq!(read(bad).unwrap_err().status, 400, "{bad}");
        }
        assert_eq!(read(r#"{"rows":{}}"#).unwrap_err().status, 422);
        let refused = read(r#"{"columns":{"NAME":"Gurpreet"#).unwrap_err().detail.unwrap();
        assert!(!refused.contains("Gurpreet"), "{refused}");
        assert_eq!(read(&" ".repeat(ROW_BYTES_MAX + 1)).unwrap_err().status, 413);
    }
}
