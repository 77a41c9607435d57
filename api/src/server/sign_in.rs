//! Signing in and out.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use kanak_dashboards::pages;
use kanak_dashboards::session::{LANGUAGE_COOKIE, find_language, local_path};
use kanak_store::SignIn;
use serde::Deserialize;

use crate::commands::users::os_rng;
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
    let before = match jar.get(BEFORE_COOKIE) {
        Some(cookie) if cookie.value().len() >= 20 => cookie.value().to_owned(),
        _ => crate::commands::users::new_password(),
    };
    let language = jar.get(LANGUAGE_COOKIE).and_then(|cookie| find_language(cookie.value())).unwrap_or_default();
    let page = pages::sign_in::render(language, &csrf_token(&before), message, local_path(next));
    let jar = jar.add(cookie(BEFORE_COOKIE, before, state.cookies));
    (status, jar, Html(page)).into_response()
}

fn cookie(name: &'static str, value: String, cookies: Cookies) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(cookies == Cookies::Secure)
        .build()
}

/// Signs in and goes where the visitor wanted to.
pub async fn sign_in(State(state): State<AppState>, jar: CookieJar, Form(fields): Form<Fields>) -> Response {
    let known = jar.get(BEFORE_COOKIE).is_some_and(|before| csrf_token(before.value()) == fields.csrf);
    if !known {
        let message = "The form was too old; please try again.";
        return form(&state, jar, Some(message), &fields.next, StatusCode::FORBIDDEN);
    }
    let store = &state.deployment.store;
    let outcome = match store.sign_in(&fields.user_name, &fields.password).await {
        Ok(outcome) => outcome,
        Err(error) => return Problem::internal(error).into_response(),
    };
    match outcome {
        SignIn::Welcome(user) => match store.start_session(user.id, SESSION_US, &mut os_rng()).await {
            Ok(token) => {
                let jar = jar.remove(Cookie::build(BEFORE_COOKIE).path("/").build());
                let jar = jar.add(cookie(SESSION_COOKIE, token, state.cookies));
                (jar, Redirect::to(local_path(&fields.next))).into_response()
            }
            Err(error) => Problem::internal(error).into_response(),
        },
        SignIn::Refused => {
            let message = "Name or password is not right.";
            form(&state, jar, Some(message), &fields.next, StatusCode::UNAUTHORIZED)
        }
        SignIn::LockedUntil(until) => {
            let message = format!("Too many wrong passwords; try again after {until}.");
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
    if let Some(token) = jar.get(SESSION_COOKIE).map(|cookie| cookie.value().to_owned())
        && csrf_token(&token) == fields.csrf
    {
        if let Err(error) = state.deployment.store.end_session(&token).await {
            return Problem::internal(error).into_response();
        }
        let jar = jar.remove(Cookie::build(SESSION_COOKIE).path("/").build());
        return (jar, Redirect::to("/sign-in")).into_response();
    }
    Redirect::to("/").into_response()
}
