//! Signing in and out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::{Extension, Form};
use axum_extra::extract::CookieJar;
use kanak_dashboards::pages;
use kanak_dashboards::session::{LANGUAGE_COOKIE, find_language, local_path};
use kanak_store::SignIn;
use serde::Deserialize;

use crate::secrets::{new_password, os_rng};
use crate::server::attempts::network_of;
use crate::server::identify::{SESSION_COOKIE, csrf_token};
use crate::server::problem::Problem;
use crate::server::state::{AppState, Cookies};

/// How long a session lasts.
const SESSION_US: i64 = 8 * 3600 * 1_000_000;
/// The cookie whose value the sign-in form sends back, so that no other site can sign a visitor in.
const BEFORE_COOKIE: &str = "kanak_before";

/// Where to go after signing in.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// The form's fields.
#[derive(Deserialize)]
pub struct Fields {
    user_name: String,
    password: String,
    csrf: String,
    #[serde(default)]
    next: String,
}

/// The page with the form.
pub async fn show(State(state): State<AppState>, Query(query): Query<Next>, jar: CookieJar) -> Response {
    form(&state, jar, None, &query.next, StatusCode::OK)
}

fn form(state: &AppState, jar: CookieJar, message: Option<&str>, next: &str, status: StatusCode) -> Response {
    let before = match jar.get(&state.cookies.name(BEFORE_COOKIE)) {
        Some(cookie) if cookie.value().len() >= 20 => cookie.value().to_owned(),
        _ => new_password(),
    };
    let language = jar.get(LANGUAGE_COOKIE).and_then(|cookie| find_language(cookie.value())).unwrap_or_default();
    let page = pages::sign_in::render(language, &csrf_token(&before), message, local_path(next));
    let jar = jar.add(state.cookies.make(BEFORE_COOKIE, before));
    (status, jar, Html(page)).into_response()
}

/// Takes a cookie back. A browser takes a `__Host-` cookie back only by what set it: path and `Secure` as they were.
fn without(jar: CookieJar, name: &'static str, cookies: Cookies) -> CookieJar {
    let mut gone = cookies.make(name, String::new());
    gone.make_removal();
    jar.add(gone)
}

/// The address that a request comes from: the connection's, or, behind a proxy on this machine, the one that the proxy saw.
pub(super) fn address_of(state: &AppState, connection: Option<ConnectInfo<SocketAddr>>, headers: &HeaderMap) -> IpAddr {
    let address = connection.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip());
    if state.deployment.config.public_url.is_none() || !address.is_loopback() {
        return address;
    }
    // The last one is the proxy's own word; those before it are whatever the client sent.
    let seen = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    seen.and_then(|list| list.rsplit(',').next()?.trim().parse().ok()).unwrap_or(address)
}

/// Signs in and goes where the visitor wanted to.
pub async fn sign_in(
    State(state): State<AppState>,
    connection: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    jar: CookieJar,
    Form(fields): Form<Fields>,
) -> Response {
    let known =
        jar.get(&state.cookies.name(BEFORE_COOKIE)).is_some_and(|before| csrf_token(before.value()) == fields.csrf);
    if !known {
        let message = "The form was too old; please try again.";
        return form(&state, jar, Some(message), &fields.next, StatusCode::FORBIDDEN);
    }
    let address = address_of(&state, connection.map(|Extension(info)| info), &headers);
    if !state.attempts.take(address, Instant::now()) {
        let message = "Too many attempts from your address; wait a few minutes and try again.";
        return form(&state, jar, Some(message), &fields.next, StatusCode::TOO_MANY_REQUESTS);
    }
    let store = &state.deployment.store;
    let from = network_of(address).to_string();
    let outcome = match store.sign_in(&fields.user_name, &fields.password, &from).await {
        Ok(outcome) => outcome,
        Err(error) => return Problem::internal(error).into_response(),
    };
    match outcome {
        SignIn::Welcome(user) => match store.start_session(user.id, SESSION_US, &mut os_rng()).await {
            Ok(token) => {
                state.attempts.give_back(address);
                let jar = without(jar, BEFORE_COOKIE, state.cookies);
                let jar = jar.add(state.cookies.make(SESSION_COOKIE, token));
                (jar, Redirect::to(local_path(&fields.next))).into_response()
            }
            Err(error) => Problem::internal(error).into_response(),
        },
        SignIn::Refused => {
            let message = "Name or password is not right.";
            form(&state, jar, Some(message), &fields.next, StatusCode::UNAUTHORIZED)
        }
        SignIn::LockedUntil(until) => {
            let message = format!("Too many wrong passwords from your address; try again after {until}.");
            form(&state, jar, Some(&message), &fields.next, StatusCode::TOO_MANY_REQUESTS)
        }
    }
}

/// The form's one field.
#[derive(Deserialize)]
pub struct Leave {
    csrf: String,
}

/// Ends the session.
pub async fn sign_out(State(state): State<AppState>, jar: CookieJar, Form(fields): Form<Leave>) -> Response {
    let session = state.cookies.name(SESSION_COOKIE);
    if let Some(token) = jar.get(&session).map(|cookie| cookie.value().to_owned())
        && csrf_token(&token) == fields.csrf
    {
        if let Err(error) = state.deployment.store.end_session(&token).await {
            return Problem::internal(error).into_response();
        }
        let jar = without(jar, SESSION_COOKIE, state.cookies);
        return (jar, Redirect::to("/sign-in")).into_response();
    }
    Redirect::to("/").into_response()
}
