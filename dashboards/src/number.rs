//! A number in a page's address.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::error::PageError;

/// The first part of an address that changes from page to page, where that is a number: of a task, a proposal, a user.
pub(crate) struct Number(pub(crate) i64);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let word =
            params.ok().and_then(|params| params.iter().next().map(|(_, word)| word.to_owned())).unwrap_or_default();
        word.parse().map(Self).map_err(|_| PageError::NotFound { what: "number", name: word })
    }
}
