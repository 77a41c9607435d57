//! Reads of people that were refused, and those that found nobody: the trail has them as well, with who asked, why, and what for.

use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use kanak_model::{Caller, GoldenId, Purpose};
use kanak_store::{AuditEvent, READ_FOUND_NOTHING, READ_REFUSED, StoreError};

use crate::server::identify::purpose_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// How the routes begin, behind `/v1` or as pages, under which people are read.
const OF_PEOPLE: [&str; 9] = [
    "/golden-records",
    "/crosswalks/",
    "/steward-tasks",
    "/sources/",
    "/department-answers",
    "/proposals",
    "/consents",
    "/feed",
    "/relations/",
];

/// Whether people are read by a route. That a code is named by them is told under the code.
fn reads_people(method: &Method, route: &str) -> bool {
    let is_read = matches!(*method, Method::GET | Method::HEAD) || route.ends_with("/matches");
    let below = route.strip_prefix("/v1").unwrap_or(route);
    is_read && (OF_PEOPLE.iter().any(|begins| below.starts_with(begins)) || below.ends_with("/relations"))
}

/// Who asked for what, by the parts of its path.
struct Asked {
    caller: Caller,
    purpose: Option<Purpose>,
    route: String,
    parts: Vec<(String, String)>,
}

impl Asked {
    fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What was asked for by the hub's own ids: a department's key stays out of the trail, and so does whatever else stands in a path.
    async fn subject(&self, state: &AppState) -> Result<String, StoreError> {
        if let Some(id) = self.part("id").filter(|_| self.route.contains("/golden-records/")) {
            return Ok(id.parse::<GoldenId>().map_or_else(|_| "no golden id".to_owned(), |id| id.to_string()));
        }
        if let Some(id) = self.part("id").filter(|_| self.route.contains("/steward-tasks/")) {
            return Ok(id
                .parse::<i64>()
                .map_or_else(|_| "no steward task".to_owned(), |id| format!("steward task {id}")));
        }
        let register = self.part("source").and_then(|source| state.deployment.find_register(source));
        match (register, self.part("key")) {
            (Some(register), Some(key)) => {
                let found = state.deployment.store.find_source_record(&register.name, key).await?;
                Ok(found.map_or_else(
                    || format!("source {}, no such key", register.name),
                    |id| format!("source record {id}"),
                ))
            }
            (Some(register), None) => Ok(format!("source {}", register.name)),
            (None, _) => Ok(self.route.clone()),
        }
    }
}

/// Records a read of people that showed nothing, before it is answered so. As other reads, one that cannot be recorded is not answered.
pub async fn record(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let asked = asked(&mut parts).await;
    let response = next.run(Request::from_parts(parts, body)).await;
    let action = match response.status() {
        StatusCode::FORBIDDEN => READ_REFUSED,
        StatusCode::NOT_FOUND => READ_FOUND_NOTHING,
        _ => return response,
    };
    let Some(asked) = asked else { return response };
    match write(&state, action, &asked).await {
        Ok(()) => response,
        Err(error) => Problem::internal(error).into_response(),
    }
}

async fn asked(parts: &mut axum::http::request::Parts) -> Option<Asked> {
    let route = parts.extensions.get::<MatchedPath>()?;
    if !reads_people(&parts.method, route.as_str()) {
        return None;
    }
    let route = route.as_str().to_owned();
    let caller = parts.extensions.get::<Caller>()?.clone();
    // A page says in its own way what for.
    let purpose = if route.starts_with("/v1/") { purpose_of(&parts.headers) } else { None };
    let named = RawPathParams::from_request_parts(parts, &()).await;
    let named = named.map(|named| named.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
    Some(Asked { caller, purpose, route, parts: named.unwrap_or_default() })
}

async fn write(state: &AppState, action: &str, asked: &Asked) -> Result<(), StoreError> {
    let event = AuditEvent {
        actor: asked.caller.name.clone(),
        action: action.to_owned(),
        subject: asked.subject(state).await?,
        purpose: asked.purpose,
        detail: serde_json::json!({ "asked": asked.route }),
    };
    state.deployment.store.audit(event).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: Method, route: &str, expected: bool) {
        assert_eq!(reads_people(&method, route), expected, "{method} {route}");
    }

    #[test]
    fn reads_of_people_are_told_from_those_of_codes_and_figures_and_from_acts() {
        check(Method::GET, "/v1/golden-records", true);
        check(Method::HEAD, "/golden-records/{id}", true);
        check(Method::POST, "/v1/golden-records/matches", true);
        check(Method::POST, "/v1/golden-records", false);
        check(Method::GET, "/v1/crosswalks/{source}/{key}", true);
        check(Method::GET, "/v1/sources/{source}/corrections", true);
        check(Method::GET, "/v1/sources", false);
        check(Method::GET, "/v1/code-systems/{system}/codes/{code}/relations", true);
        check(Method::GET, "/v1/code-systems/{system}/codes/{code}", false);
        check(Method::GET, "/v1/metrics/{name}", false);
    }
}
