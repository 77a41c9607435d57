//! A whole code system as one file.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, stream};
use kanak_codes::{AsOf, Codes, Concept, Day, Language};

use super::answered::{Keep, is_known, tag_of};
use super::asked::Edition;
use super::only::Only;
use super::view::status_word;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Bytes that are written at a time; a reader that is slow holds no more.
const CHUNK: usize = 128 << 10;

/// Downloads a whole code system: code, displays, parent, status and every property, a line each. With `as_of` only codes that are valid
/// on that day.
///
/// Cells are told as they are, so that an import of the file makes the same table again. A cell that begins with `=`, `+`, `-` or `@` is a
/// formula to a spreadsheet: open the file there by importing its columns as text.
#[utoipa::path(get, path = "/v1/code-systems/{system}/codes.csv", tag = "codes",
    params(("system" = String, Path, description = "A code system's name, such as `ifsc`"), Edition),
    responses((status = 200, description = "The table", body = String, content_type = "text/csv"), (status = 304, description = "Not changed"),
              (status = 404, description = "No such code system or version", body = Problem)))]
pub async fn csv(
    State(state): State<AppState>,
    Path(system): Path<String>,
    Only((edition,)): Only<(Edition,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    let as_of = edition.find(&codes, &system)?;
    let tag = tag_of(as_of).replacen('"', "\"csv-", 1);
    let keep = match edition.keep() {
        Keep::ForGood => "public, max-age=31536000, immutable",
        Keep::AWhile => "public, max-age=300",
    };
    let version = as_of.system().version().to_owned();
    let name = format!("attachment; filename=\"{system}-{version}.csv\"");
    let value = |text: &str| HeaderValue::from_str(text).map_err(Problem::internal);
    let keeping = [(header::ETAG, value(&tag)?), (header::CACHE_CONTROL, HeaderValue::from_static(keep))];
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, keeping).into_response());
    }
    let kind = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, value(&name)?),
    ];
    let table = Table { day: as_of.day(), codes: Arc::clone(&codes), system, version, row: 0 };
    let lines =
        stream::unfold(table, |mut table| async move { table.next().map(|bytes| (Ok::<_, Infallible>(bytes), table)) });
    // What compresses an answer asks once more after its end.
    Ok((keeping, kind, Body::from_stream(lines.fuse())).into_response())
}

/// A table as far as it was written.
struct Table {
    codes: Arc<Codes>,
    system: String,
    version: String,
    day: Option<Day>,
    row: u32,
}

impl Table {
    fn next(&mut self) -> Option<Vec<u8>> {
        let as_of = self.codes.as_of(&self.system, Some(&self.version), self.day).ok()?;
        let mut out = Vec::new();
        if self.row == 0 {
            write_header(&mut out, as_of);
        }
        while let Some(concept) = as_of.system().concept_at(self.row).filter(|_| out.len() < CHUNK) {
            self.row += 1;
            if as_of.holds(concept) {
                write_row(&mut out, as_of, concept);
            }
        }
        (!out.is_empty()).then_some(out)
    }
}

fn write_header(out: &mut Vec<u8>, as_of: AsOf<'_>) {
    let fixed = ["code", "display", "display_pa", "display_hi", "parent", "status"];
    write_line(out, fixed.into_iter().chain(as_of.system().property_names()));
}

fn write_row(out: &mut Vec<u8>, as_of: AsOf<'_>, concept: Concept<'_>) {
    let named = |language| concept.designation(language).unwrap_or_default();
    let fixed = [
        concept.code(),
        concept.display(),
        named(Language::Pa),
        named(Language::Hi),
        concept.parent().unwrap_or_default(),
        status_word(concept.status()),
    ];
    let properties = as_of.system().property_names().map(|name| concept.property(name).unwrap_or_default());
    write_line(out, fixed.into_iter().chain(properties));
}

fn write_line<'t>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'t str>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        if cell.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n')) {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}
