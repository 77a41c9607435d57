//! The API's own description: OpenAPI for machines, one page for people.

use std::sync::Arc;

use axum::Extension;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse};
use kanak_dashboards::pages::api_docs::{self, Operation};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

/// Says in the description how callers prove who they are.
pub struct BearerKey;

impl utoipa::Modify for BearerKey {
    fn modify(&self, openapi: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("key", scheme);
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
        Self { page: api_docs::render(&operations(&value)), json }
    }
}

fn operations(openapi: &serde_json::Value) -> Vec<Operation> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().trim().to_owned();
    let mut found = Vec::new();
    for (path, item) in openapi["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let responses = operation["responses"].as_object().into_iter().flatten();
            found.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(&operation["summary"]),
                description: text(&operation["description"]),
                needs_key: operation["security"].is_array(),
                parameters: parameters
                    .map(|p| (text(&p["name"]), text(&p["in"]), text(&p["description"])))
                    .collect(),
                responses: responses.map(|(status, r)| (status.clone(), text(&r["description"]))).collect(),
            });
        }
    }
    found
}

/// `/openapi.json`.
pub async fn openapi_json(Extension(served): Extension<Arc<Served>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], served.json.clone())
}

/// `/docs`.
pub async fn page(Extension(served): Extension<Arc<Served>>) -> Html<String> {
    Html(served.page.clone())
}
