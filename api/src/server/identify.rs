//! Who sends a request: a session's cookie or a key. Nobody is a valid answer; handlers ask for more where they need it.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use kanak_dashboards::session::{SignedIn, find_language_cookie};
use kanak_model::access::{Denied, LegalBasis, Terms};
use kanak_model::toml_text::choices;
use kanak_model::{Access, Caller, Purpose};
use kanak_store::StoreError;
use sha2::{Digest as _, Sha256};

use crate::server::admit::is_batch_of_codes;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// The cookie that holds the session's token; behind TLS its name begins with `__Host-`.
pub const SESSION_COOKIE: &str = "kanak_session";

/// The token that a session's forms send back: derived from the session's own, which no other site can read.
pub fn csrf_token(session_token: &str) -> String {
    let digest = Sha256::digest(format!("csrf:{session_token}"));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Puts [`SignedIn`] and [`Caller`] into the request's extensions, and refuses changes sent by another site's page.
pub async fn identify(State(state): State<AppState>, jar: CookieJar, mut request: Request, next: Next) -> Response {
    let bearer = bearer_token(request.headers()).map(str::to_owned);
    if let Some(secret) = bearer {
        match state.deployment.store.find_api_key(&secret).await {
            Ok(Some(key)) => {
                let caller = key.caller();
                let asked = Asked::of(request.headers()).ok().map(|asked| (asked.purpose, asked.basis));
                match state.deployment.terms(&caller, asked).await {
                    Ok(terms) => drop(request.extensions_mut().insert(Arc::new(terms))),
                    Err(error) => return Problem::internal(error).into_response(),
                }
                request.extensions_mut().insert(caller);
                request.extensions_mut().insert(OwnDepartment(key.department));
            }
            Ok(None) => return Problem::unauthorized().into_response(),
            Err(error) => return Problem::internal(error).into_response(),
        }
        return next.run(request).await;
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && !asks_of_codes(request.uri().path()) && from_another_site(request.headers()) {
        return Problem::forbidden("this change was sent by another site's page; open the page here and try again")
            .into_response();
    }
    if let Some(cookie) = jar.get(&state.cookies.name(SESSION_COOKIE)) {
        match state.deployment.store.find_session(cookie.value()).await {
            Ok(Some(user)) => {
                let caller = user.caller();
                let language = find_language_cookie(request.headers()).unwrap_or_default();
                let csrf = csrf_token(cookie.value());
                let asked = Asked::of(request.headers()).ok().map(|asked| (asked.purpose, asked.basis));
                let of_pages = Purpose::ALL.map(|purpose| (purpose, None));
                let terms = match state.deployment.terms(&caller, asked.into_iter().chain(of_pages)).await {
                    Ok(terms) => Arc::new(terms),
                    Err(error) => return Problem::internal(error).into_response(),
                };
                request.extensions_mut().insert(Arc::clone(&terms));
                request.extensions_mut().insert(SignedIn {
                    caller: caller.clone(),
                    user_name: user.name,
                    csrf,
                    language,
                    terms,
                });
                request.extensions_mut().insert(caller);
            }
            Ok(None) => {}
            Err(error) => return Problem::internal(error).into_response(),
        }
    }
    next.run(request).await
}

/// Who sends what has these headers, as the key or the session stands now; `None` where it no longer opens anything.
///
/// # Errors
/// When the hub cannot be read.
pub async fn find_caller(state: &AppState, headers: &HeaderMap) -> Result<Option<Caller>, StoreError> {
    let store = &state.deployment.store;
    if let Some(secret) = bearer_token(headers) {
        return Ok(store.find_api_key(secret).await?.map(|key| key.caller()));
    }
    match CookieJar::from_headers(headers).get(&state.cookies.name(SESSION_COOKIE)) {
        Some(cookie) => Ok(store.find_session(cookie.value()).await?.map(|user| user.caller())),
        None => Ok(None),
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// Whether a path only answers questions about public codes, whatever the method: pages of any site may ask. What changes a code system
/// lies below the same name and is none of them.
fn asks_of_codes(path: &str) -> bool {
    is_batch_of_codes(path)
        || (path.starts_with("/v1/schemes/") && path.ends_with("/evaluate"))
        || ["/fhir/", "/mdms-v2/", "/egov-mdms-service/"].iter().any(|begins| path.starts_with(begins))
}

/// Browsers say where a request comes from; programs without a browser send neither header and carry no cookie by accident.
fn from_another_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => !matches!(site, "same-origin" | "none"),
        None => match (text("origin"), text("host")) {
            (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, from)| from != host),
            (Some(_), None) => true,
            (None, _) => false,
        },
    }
}

/// The department whose registers a key writes.
#[derive(Debug, Clone)]
struct OwnDepartment(Option<String>);

/// A caller of the API with the purpose that the request states in its `Purpose` header.
pub struct ApiCaller {
    /// Who calls.
    pub caller: Caller,
    /// Why; `statistics` where the header is missing, which shows nothing personal.
    pub purpose: Purpose,
    /// Whether the header was there.
    states_purpose: bool,
    /// The code of the department whose registers the caller writes; keys alone have one.
    pub department: Option<String>,
    /// On what basis, where the request states one of several.
    pub basis: Option<LegalBasis>,
    /// What departments agreed and citizens consented to, as far as it bears on this caller's reads.
    pub terms: Arc<Terms>,
}

impl ApiCaller {
    /// What the caller may read for the stated purpose.
    ///
    /// # Errors
    /// 403 when no role of the caller serves the purpose, or the stated basis does not carry it.
    pub fn access(&self) -> Result<Access, Problem> {
        let decided = Access::decide_under(&self.caller, self.purpose, self.basis, &self.terms);
        decided.map_err(|denied| self.refused(denied))
    }

    /// What the caller may read for one of the purposes that an endpoint is for; `what` says in words what for.
    ///
    /// # Errors
    /// 403 that names them where the request states another or none; else as [`Self::access`].
    pub fn access_for(&self, purposes: &[Purpose], what: &str) -> Result<Access, Problem> {
        if !purposes.contains(&self.purpose) {
            let send: Vec<String> = purposes.iter().map(|purpose| format!("`Purpose: {}`", purpose.word())).collect();
            return Err(Problem::forbidden(format!("{what}; send {}", send.join(" or "))));
        }
        self.access()
    }

    /// What a caller learns who may not read for a purpose. Who stated none did not mean the one that holds then, and is told which the
    /// own roles serve.
    pub fn refused(&self, denied: Denied) -> Problem {
        if self.states_purpose {
            return denied.into();
        }
        let serves = |purpose: &Purpose| Access::decide(&self.caller, *purpose).is_ok();
        let served: Vec<&str> = Purpose::ALL.into_iter().filter(serves).map(Purpose::word).collect();
        if served.is_empty() {
            return Problem::forbidden(
                "your roles serve no purpose; ask an administrator for the role that serves yours",
            );
        }
        Problem::forbidden(format!("say in the header `Purpose` what for; your roles serve {}", choices(served)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ApiCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned().ok_or_else(Problem::unauthorized)?;
        let terms = parts.extensions.get::<Arc<Terms>>().cloned().ok_or_else(Problem::unauthorized)?;
        let Asked { purpose, basis } = Asked::of(&parts.headers)?;
        let department = parts.extensions.get::<OwnDepartment>().and_then(|own| own.0.clone());
        let states_purpose = parts.headers.contains_key("purpose");
        Ok(Self { caller, purpose, states_purpose, department, basis, terms })
    }
}

/// The purpose that a request states, or that holds where it states none; `None` where it is none that is known.
pub fn purpose_of(headers: &HeaderMap) -> Option<Purpose> {
    Asked::of(headers).ok().map(|asked| asked.purpose)
}

/// Why a request reads, and on what legal basis.
struct Asked {
    purpose: Purpose,
    basis: Option<LegalBasis>,
}

impl Asked {
    /// Reads the headers `Purpose` and `Legal-Basis`.
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let purpose = match text("purpose") {
            None => Purpose::Statistics,
            Some(word) => Purpose::find(word).ok_or_else(|| {
                Problem::bad_request(
                    "unknown `Purpose`; use `service_delivery`, `stewardship`, `statistics` or `audit`",
                )
            })?,
        };
        let known = || choices(LegalBasis::ALL.iter().map(|basis| basis.word()));
        let find = |word| {
            LegalBasis::find(word)
                .ok_or_else(|| Problem::bad_request(format!("unknown `Legal-Basis`; use {}", known())))
        };
        Ok(Self { purpose, basis: text("legal-basis").map(find).transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], foreign: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        assert_eq!(from_another_site(&map), foreign, "{headers:?}");
    }

    #[test]
    fn a_change_counts_as_foreign_when_the_browser_says_so() {
        check(&[("sec-fetch-site", "same-origin")], false);
        check(&[("sec-fetch-site", "cross-site")], true);
        check(&[("sec-fetch-site", "same-site")], true);
        check(&[("origin", "http://a.example"), ("host", "a.example")], false);
        check(&[("origin", "http://evil.example"), ("host", "a.example")], true);
        check(&[("origin", "null"), ("host", "a.example")], true);
        check(&[], false);
    }

    #[test]
    fn two_sessions_have_two_form_tokens() {
        assert_ne!(csrf_token("a"), csrf_token("b"));
        assert_eq!(csrf_token("a").len(), 32);
    }
}
