//! Choosing the language of the frame: kept in a cookie, so that it holds before signing in too.

use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use crate::error::PageError;
use crate::session::{LANGUAGE_COOKIE, local_path};
use crate::words;

/// Where to go on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    next: String,
}

/// `GET /language/{tag}`
pub(crate) async fn choose(Path(tag): Path<String>, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let Some(language) = words::find_language(&tag) else {
        return Err(PageError::NotFound { what: "language", name: tag });
    };
    let cookie =
        format!("{LANGUAGE_COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly", words::tag(language));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(local_path(&asked.next))).into_response())
}
