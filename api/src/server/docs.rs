//! The API's own description: OpenAPI for machines, one page for people.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Extension;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};

use crate::server::identify::SESSION_COOKIE;
use crate::v1::golden_records::create::KEY_REUSED;

/// Says in the description how callers prove who they are: a program by its key, a person by the session's cookie.
pub struct WhoCalls;

impl utoipa::Modify for WhoCalls {
    fn modify(&self, openapi: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let cookie = ApiKeyValue::with_description(
            SESSION_COOKIE,
            "The session of a person who signed in at `/sign-in`. Behind TLS the cookie's name begins with `__Host-`.",
        );
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("key", scheme);
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// What refusals have in common, said once for all endpoints: they are problems, and some may come from any endpoint of a kind.
pub fn describe_refusals(openapi: &mut OpenApi) {
    for (path, item) in &mut openapi.paths.paths {
        for operation in [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten() {
            if path.starts_with("/v1/") {
                add_refusals(operation);
            }
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && status.starts_with(['4', '5'])
                    && let Some(content) = response.content.shift_remove("application/json")
                {
                    response.content.insert(PROBLEM.to_owned(), content);
                }
            }
        }
    }
}

const PROBLEM: &str = "application/problem+json";

/// Adds the refusals that an endpoint may give by what it asks for, where it does not describe them itself.
fn add_refusals(operation: &mut Operation) {
    let needs_caller = operation.security.as_ref().is_some_and(|needed| !needed.is_empty());
    let takes_body = operation.request_body.is_some();
    // Words in a path are looked up; ids and what stands in a query are read.
    let reads = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(Parameter { parameter_in: ParameterIn::Query, .. }) => true,
        RefOr::T(Parameter { parameter_in: ParameterIn::Path, name, .. }) => name.ends_with("id"),
        RefOr::T(_) | RefOr::Ref(_) => false,
    };
    let takes_parameters = operation.parameters.iter().flatten().any(reads);
    let refusals = [
        (needs_caller, "401", "No key, one that opens nothing, or nobody is signed in"),
        (needs_caller, "403", "No role of the caller serves what is asked, or another site's page sent it"),
        (takes_body || takes_parameters, "400", "What was sent cannot be read: says which part, and what to send"),
        (takes_body, "413", "The body is too large"),
        (takes_body, "422", "The body is JSON and not what is taken: says which field, where, and what to send"),
        (true, "503", "The server has no room, or its database cannot be used: come back after `Retry-After`"),
    ];
    for (_, status, description) in refusals.into_iter().filter(|(may_be_given, ..)| *may_be_given) {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| {
            let content = Content::new(Some(Ref::from_schema_name("Problem")));
            ResponseBuilder::new().description(description).content(PROBLEM, content).into()
        });
    }
}

/// The description, written once.
pub struct Served {
    json: String,
    page: String,
}

impl Served {
    /// Writes both forms of a description.
    pub fn of(openapi: &OpenApi) -> Self {
        let json = openapi.to_pretty_json().unwrap_or_default();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
        Self { page: page_of(&value), json }
    }
}

/// The page: every operation with its parameters and answers, from the description itself.
fn page_of(openapi: &serde_json::Value) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>API · Kanak</title><link rel=\"icon\" href=\"{}\" type=\"image/svg+xml\"><link rel=\"stylesheet\" href=\"{}\"></head>\n\
         <body>\n<main class=\"wrap stack reference\" id=\"content\">\n\
         <h1>The API</h1>\n<p>{}</p>\n<p>For machines: <a href=\"/openapi.json\">/openapi.json</a>. Back to <a href=\"/\">the pages</a>.</p>\n",
        kanak_dashboards::assets::url("icon.svg"),
        kanak_dashboards::assets::url("app.css"),
        escape(&openapi["info"]["description"])
    );
    let _ = writeln!(
        page,
        "<section class=\"panel\" id=\"{KEY_REUSED}\"><h2>The problem <code>{KEY_REUSED}</code></h2><p>An <code>Idempotency-Key</code> \
         stands for one body for ever: sent again with it, the answer is the first one; with another, 422. Send a new key with each \
         new body.</p></section>"
    );
    for (path, item) in openapi["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            write_operation(&mut page, path, method, operation);
        }
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn write_operation(page: &mut String, path: &str, method: &str, operation: &serde_json::Value) {
    let needs = |scheme: &str| {
        operation["security"].as_array().is_some_and(|all| all.iter().any(|one| one.get(scheme).is_some()))
    };
    let key = match (needs("key"), needs("session")) {
        (true, _) => "needs a key",
        (false, true) => "needs a person who is signed in",
        (false, false) => "public",
    };
    let _ = writeln!(
        page,
        "<section class=\"panel\"><h2><code>{} {path}</code></h2><p>{} <span class=\"quiet small\">({key})</span></p><p>{}</p>",
        method.to_uppercase(),
        escape(&operation["summary"]),
        escape(&operation["description"])
    );
    // A table that is wider than the window scrolls by itself, as on the pages.
    let opened = |what: &str| {
        let of = format!("{what} of {} {path}", method.to_uppercase());
        format!("<div class=\"table-wrap\" role=\"region\" aria-label=\"{of}\" tabindex=\"0\">")
    };
    let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    if !parameters.is_empty() {
        page.push_str(&opened("Parameters"));
        page.push_str("<table><caption>Parameters</caption><thead><tr><th scope=\"col\">name</th><th scope=\"col\">in</th><th scope=\"col\">meaning</th></tr></thead><tbody>");
        for parameter in parameters {
            let _ = write!(
                page,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                escape(&parameter["name"]),
                escape(&parameter["in"]),
                escape(&parameter["description"])
            );
        }
        page.push_str("</tbody></table></div>");
    }
    page.push_str(&opened("Answers"));
    page.push_str("<table><caption>Answers</caption><thead><tr><th scope=\"col\">status</th><th scope=\"col\">meaning</th></tr></thead><tbody>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let _ = write!(page, "<tr><td>{status}</td><td>{}</td></tr>", escape(&response["description"]));
    }
    page.push_str("</tbody></table></div></section>\n");
}

fn escape(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `/openapi.json`.
pub async fn openapi_json(Extension(served): Extension<Arc<Served>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], served.json.clone())
}

/// `/docs`.
pub async fn page(Extension(served): Extension<Arc<Served>>) -> Html<String> {
    Html(served.page.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_scrolls_by_itself_where_the_window_is_narrow() {
        let operation = serde_json::json!({
            "summary": "Reads",
            "parameters": [{ "name": "id", "in": "path", "description": "A golden id" }],
            "responses": { "200": { "description": "It" } },
        });
        let page = page_of(&serde_json::json!({ "paths": { "/v1/things/{id}": { "get": operation } } }));
        let wrapped = "tabindex=\"0\"><table>";
        assert_eq!((page.matches("<table>").count(), page.matches(wrapped).count()), (2, 2), "{page}");
        assert_eq!(page.matches("</table></div>").count(), 2, "{page}");
        assert!(page.contains("aria-label=\"Answers of GET /v1/things/{id}\""), "{page}");
    }
}
