//! Who is signed in: what they may do, and their own password.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use kanak_model::Caller;
use kanak_store::{PASSWORD_BYTES_MAX, PASSWORD_MIN, SignIn};
use serde::Deserialize;

use super::show_page;
use super::users::{district_words, role_words};
use crate::error::PageError;
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// One's own account.
#[derive(Template)]
#[template(path = "pages/account.html")]
pub(crate) struct AccountPage {
    shell: Shell,
    name: String,
    roles: Vec<&'static str>,
    districts: String,
    /// Why the password was not changed.
    error: Option<String>,
}

/// A change of password as its form sends it.
#[derive(Deserialize)]
pub(crate) struct Sent {
    csrf: String,
    current: String,
    new: String,
    repeated: String,
}

/// `GET /account`
pub(crate) async fn show(State(state): State<DashboardState>, signed: Signed) -> Result<Response, PageError> {
    show_page(&build(&state, &signed, None))
}

/// What wrong passwords of who has signed in are counted by: nobody who has not keeps them from a new one.
const SIGNED_IN: &str = "signed in";

/// `POST /account`: another password. It ends every session of the user, so that they sign in anew.
pub(crate) async fn change_password(
    State(state): State<DashboardState>,
    signed: Signed,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    signed.check_csrf(&sent.csrf)?;
    let refuse = |why: String| show_page(&build(&state, &signed, Some(why)));
    if sent.new != sent.repeated {
        return refuse("The new password and its repetition differ.".to_owned());
    }
    if sent.new.chars().count() < PASSWORD_MIN || sent.new.len() > PASSWORD_BYTES_MAX {
        return refuse(format!(
            "A password has at least {PASSWORD_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes."
        ));
    }
    let store = &state.store;
    let caller = &signed.user.caller;
    let user = match store.sign_in(&caller.name, &sent.current, SIGNED_IN).await.map_err(PageError::inside)? {
        SignIn::Welcome(user) if Some(user.id) == caller.user => user,
        SignIn::Welcome(_) | SignIn::Refused => return refuse("The present password is not right.".to_owned()),
        SignIn::LockedUntil(until) => {
            return refuse(format!("Too many wrong passwords; try again after {}.", format::instant(until)));
        }
    };
    store.reset_password(caller, user.id, &sent.new, &mut (state.chance)()).await.map_err(PageError::inside)?;
    Ok(Redirect::to("/sign-in?next=/account").into_response())
}

fn build(state: &DashboardState, signed: &Signed, error: Option<String>) -> AccountPage {
    let shell = Shell::new("account", &signed.visit, state.made_up);
    let districts = names::districts(&state.codes(), shell.language());
    AccountPage::build(shell, &signed.user.caller, &districts, error)
}

impl AccountPage {
    fn build(shell: Shell, caller: &Caller, districts: &[(String, String)], error: Option<String>) -> Self {
        Self {
            shell,
            name: caller.name.clone(),
            roles: caller.roles.iter().map(|role| role_words(*role)).collect(),
            districts: district_words(caller.districts.as_ref(), districts),
            error,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let caller = Caller { name: sampler.word.to_owned(), ..sampler.caller() };
        Self::build(sampler.shell("account"), &caller, &[], Some(sampler.word.to_owned()))
    }
}
