//! Refusals of the API that come before its handlers: an unknown path, a method that is not there, a query or body that
//! cannot be read or is too large. They are `application/problem+json` like those of the handlers.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::fhir::answer::outcome;
use crate::mdms::answer::errors;
use crate::server::problem::Problem;

/// What the framework says of a body that is no JSON.
const NO_JSON: &str = "Failed to parse the request body as JSON: ";
/// What it says of one that is JSON and not what is taken.
const OTHER_BODY: &str = "Failed to deserialize the JSON body into the target type: ";
/// What it says of a query.
const OTHER_QUERY: &str = "Failed to deserialize query string: ";
/// What it says of a path.
const OTHER_PATH: &str = "Invalid URL: ";
/// What it says of a body of another or of no kind.
const OTHER_KIND: &str = "Expected request with `Content-Type: application/json`";

/// As much of a refusal's text as is read; more is no sentence.
const TEXT_BYTES_MAX: usize = 4096;

/// In whose form a path refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Face {
    /// Problems.
    Own,
    /// FHIR's `OperationOutcome`.
    Fhir,
    /// DIGIT's `Errors`.
    Mdms,
}

impl Face {
    fn of(path: &str) -> Option<Self> {
        match path {
            path if path.starts_with("/v1/") => Some(Self::Own),
            path if path == "/fhir" || path.starts_with("/fhir/") => Some(Self::Fhir),
            path if path.starts_with("/mdms-v2/") || path.starts_with("/egov-mdms-service/") => Some(Self::Mdms),
            _ => None,
        }
    }

    /// Whether an answer is a refusal in another form than this one.
    fn is_foreign(self, response: &Response) -> bool {
        let status = response.status();
        match self {
            Self::Own => status.is_client_error() && !is_problem(response.headers()),
            Self::Fhir | Self::Mdms => status.is_client_error() || status.is_server_error(),
        }
    }

    fn refuse(self, status: StatusCode, detail: String) -> Response {
        match self {
            Self::Own => Problem::new(status, detail).into_response(),
            Self::Fhir => outcome(status, &detail),
            Self::Mdms => errors(status, &detail),
        }
    }
}

/// Answers that refuse in another form than their path does are put into it: under `/v1/` into problems, under `/fhir` into FHIR's outcomes, under
/// DIGIT's paths into its errors. Their headers stay.
pub async fn as_problems(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let response = next.run(request).await;
    let Some(face) = Face::of(&path).filter(|face| face.is_foreign(&response)) else { return response };
    let status = response.status();
    let (parts, body) = response.into_parts();
    let says = |text: &str| format!("{text}; /docs says what `{path}` takes");
    let detail = match status {
        _ if is_problem(&parts.headers) => detail_of(body).await,
        StatusCode::NOT_FOUND => format!("there is no `{path}`; /docs lists what there is"),
        StatusCode::METHOD_NOT_ALLOWED => format!("`{path}` does not take {method}; `Allow` says what it takes"),
        _ if is_text(&parts.headers) => match to_bytes(body, TEXT_BYTES_MAX).await {
            Ok(text) => says(&in_plain_words(&String::from_utf8_lossy(&text))),
            Err(_) => format!("/docs says what `{path}` takes"),
        },
        _ => format!("/docs says what `{path}` takes"),
    };
    let mut answer = face.refuse(status, detail);
    for (name, value) in &parts.headers {
        if name != header::CONTENT_LENGTH && !answer.headers().contains_key(name) {
            answer.headers_mut().append(name, value.clone());
        }
    }
    answer
}

/// What a problem says.
async fn detail_of(body: Body) -> String {
    let problem = to_bytes(body, TEXT_BYTES_MAX).await.unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_slice(&problem).unwrap_or_default();
    let said = problem["detail"].as_str().or(problem["title"].as_str());
    said.unwrap_or("this cannot be answered").to_owned()
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE) == Some(&HeaderValue::from_static("application/problem+json"))
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/plain"))
}

/// A body that a handler takes as text, as what it takes.
///
/// # Errors
/// 400 where it is no JSON, 422 where it is another: with the field, its place and what to send.
pub fn read_body<T: DeserializeOwned>(body: &str) -> Result<T, Problem> {
    let refused = |rejection: JsonRejection| Problem::new(rejection.status(), in_plain_words(&rejection.body_text()));
    Json::from_bytes(body.as_bytes()).map(|Json(read)| read).map_err(refused)
}

/// What the framework says of a request that it could not read, in plain words: which field, where, and what to send. Of what was sent
/// nothing is repeated but the names of fields.
pub fn in_plain_words(text: &str) -> String {
    let text = text.trim();
    if let Some(said) = text.strip_prefix(NO_JSON) {
        return format!("the body is no JSON{}; send an object", split_place(said).1);
    }
    if let Some(said) = text.strip_prefix(OTHER_BODY) {
        return wrong_field(said, "the body");
    }
    if let Some(said) = text.strip_prefix(OTHER_QUERY) {
        return wrong_field(said, "the query");
    }
    if text.starts_with(OTHER_PATH) {
        return "a part of the path cannot be read; numbers are written with digits alone".to_owned();
    }
    if text == OTHER_KIND {
        return "send the body with `Content-Type: application/json`".to_owned();
    }
    text.to_owned()
}

/// A sentence without the place at its end, and the place in words.
fn split_place(said: &str) -> (&str, String) {
    let found = said.rsplit_once(" at line ").and_then(|(what, place)| Some((what, place.split_once(" column ")?)));
    match found {
        Some((what, (line, column))) => (what, format!(" (line {line}, column {column})")),
        None => (said, String::new()),
    }
}

/// `field: what is wrong`, or what is wrong alone, of the body or the query as a whole.
fn wrong_field(said: &str, whole: &str) -> String {
    const BEGINNINGS: [&str; 7] = [
        "missing field `",
        "unknown field `",
        "duplicate field `",
        "unknown variant `",
        "invalid type: ",
        "invalid value: ",
        "invalid length ",
    ];
    let (said, place) = split_place(said);
    let begins = BEGINNINGS.iter().filter_map(|beginning| said.find(beginning)).min();
    let begins = begins.or_else(|| said.rfind(": ").map(|at| at + 2)).unwrap_or(0);
    let (path, wrong) = said.split_at(begins);
    let path = path.trim_end_matches(": ");
    let kind = wrong.split_once('`').map_or("", |(kind, _)| kind);
    let own = wrong.split('`').nth(1).unwrap_or_default();
    let name = match path {
        "" => own.to_owned(),
        // Of a field that is not known, the path leads to itself.
        _ if kind == "unknown field " => path.to_owned(),
        _ => format!("{path}.{own}"),
    };
    let choices = wrong.split_once(", expected ").map(|(_, choices)| choices);
    match (kind, choices) {
        ("missing field ", _) => format!("`{name}` is missing in {whole}{place}; send it"),
        ("duplicate field ", _) => format!("`{name}` stands twice in {whole}{place}; send it once"),
        ("unknown field ", Some(choices)) => format!("{whole} takes no `{name}`{place}; it takes {choices}"),
        ("unknown field ", None) => format!("{whole} takes no `{name}`{place}; leave it out"),
        ("unknown variant ", Some(choices)) => {
            format!("`{path}` in {whole}{place} is another word than it may be; send {choices}")
        }
        _ if path.is_empty() => format!("{whole}{place} cannot be taken; send {}", wanted(wrong)),
        _ => format!("`{path}` in {whole}{place} cannot be taken; send {}", wanted(wrong)),
    }
}

/// What was expected in the place of a value, in plain words.
fn wanted(wrong: &str) -> &'static str {
    let expected = wrong.rsplit_once("expected ").map_or(wrong, |(_, expected)| expected);
    let says = |words: &[&str]| words.iter().any(|word| expected.contains(word));
    match expected {
        "i64" | "i32" | "u64" | "u32" | "usize" => "a whole number",
        "f64" => "a number",
        _ if says(&["a code, or an object"]) => "a code as a text, or an object with `code`",
        _ if says(&["boolean", "`true`"]) => "`true` or `false`",
        _ if says(&["string or map", "a string"]) => "a text",
        _ if says(&["digit", "integer", "number"]) => "a whole number",
        _ if says(&["float"]) => "a number",
        _ if says(&["sequence"]) => "a list",
        _ if says(&["struct", "map"]) => "an object",
        _ => "another value",
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;
    use axum::http::Uri;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what does not read is looked at")]
    struct Sample {
        tasks: Vec<i64>,
        values: std::collections::BTreeMap<String, String>,
        #[serde(default)]
        answer: Option<Word>,
        #[serde(default)]
        partial: bool,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Accept,
        Reject,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what does not read is looked at")]
    struct Page {
        search: String,
        limit: Option<u32>,
        whole: Option<bool>,
    }

    #[track_caller]
    fn check_body(body: &str, expected: &str) {
        let refused = Json::<Sample>::from_bytes(body.as_bytes()).unwrap_err();
        assert_eq!(in_plain_words(&refused.body_text()), expected);
    }

    #[test]
    fn a_body_that_is_refused_is_told_which_field_where_and_what_to_send() {
        check_body("{", "the body is no JSON (line 1, column 1); send an object");
        check_body("{} x", "`tasks` is missing in the body (line 1, column 2); send it");
        check_body("7", "the body (line 1, column 1) cannot be taken; send an object");
        check_body(
            r#"{"tasks":[1,"Gurpreet"]}"#,
            "`tasks[1]` in the body (line 1, column 22) cannot be taken; send a whole number",
        );
        check_body(
            r#"{"tasks":[],"values":{"full_name":7}}"#,
            "`values.full_name` in the body (line 1, column 35) cannot be taken; send a text",
        );
        check_body(
            r#"{"shoe":1}"#,
            "the body takes no `shoe` (line 1, column 7); it takes one of `tasks`, `values`, `answer`, `partial`",
        );
        check_body(r#"{"tasks":[],"tasks":[]}"#, "`tasks` stands twice in the body (line 1, column 19); send it once");
        check_body(
            r#"{"answer":"perhaps"}"#,
            "`answer` in the body (line 1, column 19) is another word than it may be; send `accept` or `reject`",
        );
        check_body(
            r#"{"partial":"yes"}"#,
            "`partial` in the body (line 1, column 16) cannot be taken; send `true` or `false`",
        );
    }

    #[track_caller]
    fn check_query(query: &str, expected: &str) {
        let uri: Uri = format!("http://hub/?{query}").parse().unwrap();
        let refused = Query::<Page>::try_from_uri(&uri).unwrap_err();
        assert_eq!(in_plain_words(&refused.body_text()), expected);
    }

    #[test]
    fn a_query_that_is_refused_is_told_which_parameter_and_what_to_send() {
        check_query("", "`search` is missing in the query; send it");
        check_query("search=a&limit=many", "`limit` in the query cannot be taken; send a whole number");
        check_query("search=a&limit=-1", "`limit` in the query cannot be taken; send a whole number");
        check_query("search=a&whole=maybe", "`whole` in the query cannot be taken; send `true` or `false`");
        check_query("search=a&search=b", "`search` stands twice in the query; send it once");
    }
}
