//! Who is looking at a page. The server's middleware puts [`SignedIn`] into each request; pages only read it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use kanak_model::access::Terms;
use kanak_model::{Access, Caller, Language, Purpose, Role};

use crate::error::PageError;
use crate::{nav, words};

/// The cookie in which a visitor's choice of language is kept, as a tag (`en`, `pa`, `hi`).
pub const LANGUAGE_COOKIE: &str = "kanak_language";

/// A person who has signed in. Put into the request's extensions by the server.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who it is, for decisions about access.
    pub caller: Caller,
    /// The name shown at the head of the page.
    pub user_name: String,
    /// The token that every form sends back.
    pub csrf: String,
    /// The language of navigation and titles.
    pub language: Language,
    /// What departments agreed and citizens consented to, as far as it bears on this person's reads.
    pub terms: Arc<Terms>,
}

/// One request for a page: who asks (or nobody, on public pages), in which language, from where.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Who has signed in.
    pub signed_in: Option<SignedIn>,
    /// The language chosen by the visitor, else that of the session, else English.
    pub language: Language,
    /// Path and query of the page that is open; of a form that is sent, the page on which it stands.
    pub here: String,
    /// What the answer is: a whole page or the part that changes.
    pub wants: Wants,
}

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// A browser that opens the page.
    Page,
    /// A script that replaces a part of the page that is open.
    Part,
}

/// A request by someone who has signed in; anyone else is sent to sign in.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The request.
    pub visit: Visit,
    /// Who it is.
    pub user: SignedIn,
}

impl Signed {
    /// Decides what this person may read for `purpose`.
    ///
    /// # Errors
    /// [`PageError::Denied`], which becomes a page that says what would help.
    pub fn access(&self, purpose: Purpose) -> Result<Access, PageError> {
        Access::decide_under(&self.user.caller, purpose, None, &self.user.terms).map_err(PageError::Denied)
    }

    /// Asks for a role.
    ///
    /// # Errors
    /// [`PageError::RoleMissing`] when this person does not have it.
    pub fn require(&self, role: Role) -> Result<(), PageError> {
        if self.user.caller.has(role) { Ok(()) } else { Err(PageError::RoleMissing(role)) }
    }

    /// Checks the token that a form sent back.
    ///
    /// # Errors
    /// [`PageError::StaleForm`] when it is not this session's.
    pub fn check_csrf(&self, sent: &str) -> Result<(), PageError> {
        let (ours, sent) = (self.user.csrf.as_bytes(), sent.as_bytes());
        let differs = ours.iter().zip(sent).fold(u8::from(ours.len() != sent.len()), |seen, (a, b)| seen | (a ^ b));
        if differs == 0 && !ours.is_empty() { Ok(()) } else { Err(PageError::StaleForm) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let signed_in = parts.extensions.get::<SignedIn>().cloned();
        let session = signed_in.as_ref().map(|user| user.language);
        let language = find_language_cookie(&parts.headers).or(session).unwrap_or_default();
        let here = match parts.method {
            Method::GET | Method::HEAD => parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            _ => nav::page_of_form(parts.uri.path()),
        };
        let wants = if parts.headers.contains_key("hx-request") { Wants::Part } else { Wants::Page };
        Ok(Self { signed_in, language, here, wants })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Ok(visit) = Visit::from_request_parts(parts, state).await;
        match visit.signed_in.clone() {
            Some(user) => Ok(Self { visit, user }),
            None => Err(to_sign_in(&visit)),
        }
    }
}

fn to_sign_in(visit: &Visit) -> Response {
    let target = format!("/sign-in?next={}", percent_encode(&visit.here));
    match visit.wants {
        Wants::Page => Redirect::to(&target).into_response(),
        Wants::Part => (StatusCode::UNAUTHORIZED, [(HeaderName::from_static("hx-redirect"), target)]).into_response(),
    }
}

/// The language that a visitor chose before signing in or against the session's.
pub fn find_language_cookie(headers: &HeaderMap) -> Option<Language> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == LANGUAGE_COOKIE)
        .and_then(|(_, tag)| words::find_language(tag))
}

/// The language of a tag such as the cookie's value.
pub fn find_language(tag: &str) -> Option<Language> {
    words::find_language(tag)
}

/// `next` when it is a path of this site, else `/`: a link in a mail cannot send a visitor elsewhere.
pub fn local_path(next: &str) -> &str {
    let is_local = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_local { next } else { "/" }
}

/// A text as one part of a query string.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_that_leaves_the_site_becomes_the_first_page() {
        assert_eq!(local_path("/offices?district=27"), "/offices?district=27");
        for bad in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nset-cookie: b"] {
            assert_eq!(local_path(bad), "/", "{bad}");
        }
    }

    #[test]
    fn the_language_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=b; kanak_language=pa; c=d".parse().unwrap());
        assert_eq!(find_language_cookie(&headers), Some(Language::Pa));
        headers.insert(header::COOKIE, "kanak_language=fr".parse().unwrap());
        assert_eq!(find_language_cookie(&headers), None);
    }

    #[test]
    fn a_query_part_is_encoded_byte_by_byte() {
        assert_eq!(percent_encode("/offices?a=ਕ&b"), "/offices%3Fa%3D%E0%A8%95%26b");
    }
}
