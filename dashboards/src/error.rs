//! What can go wrong on the way to a page, and the page that says so.

use std::any::Any;

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use kanak_engine::standardize::redact;
use kanak_model::access::Denied;
use kanak_model::{GoldenId, Role};
use kanak_store::StoreError;
use tracing::error;

use crate::format;
use crate::pages::problem;

/// Why a page cannot be shown. Sorted by who must act.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The visitor lacks a role; the page names the remedy.
    #[error(transparent)]
    Denied(Denied),
    /// The page is for a role that the visitor does not have.
    #[error("this page is for the role `{}`; ask an administrator for it", .0.word())]
    RoleMissing(Role),
    /// The page's rows have no district, and the visitor is confined to some.
    #[error("this page has no districts and you work for some only; ask an administrator for the whole state")]
    Confined,
    /// The address names nothing that is there, or nothing that this visitor may see.
    #[error("no {what} `{name}`; look for it from its list")]
    NotFound {
        /// What was asked for: `golden record`, `code system`.
        what: &'static str,
        /// Its name in the address.
        name: String,
    },
    /// What the address names was not known yet at the time that is asked about.
    #[error("nothing was known of golden record {id} on {then} that you may see; it is known since {since}")]
    NotKnownYet {
        /// The golden record.
        id: GoldenId,
        /// The time that is asked about.
        then: String,
        /// Since when it is known.
        since: String,
    },
    /// The form is of another session or was open too long.
    #[error("the form is not of this session; go back, load the page again and repeat")]
    StaleForm,
    /// What the visitor asked for cannot be done as things stand.
    #[error("{0}")]
    Refused(String),
    /// The warehouse has no release yet.
    #[error("no figures yet; run `kanak refresh`, or wait for the first refresh to end")]
    NoFigures,
    /// The database is gone, full or closed: an operator must act, and the visitor may come back.
    #[error("{0}")]
    Unavailable(String),
    /// An operator must act.
    #[error("{0}")]
    Inside(String),
}

impl PageError {
    /// Something inside did not work: the visitor learns that it did not, the log learns why.
    pub(crate) fn inside(error: impl std::fmt::Display + 'static) -> Self {
        let of_store = (&error as &dyn Any).downcast_ref::<StoreError>();
        if of_store.is_some_and(StoreError::is_unavailable) {
            return Self::Unavailable(error.to_string());
        }
        Self::Inside(error.to_string())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Denied(_) | Self::RoleMissing(_) | Self::Confined | Self::StaleForm => StatusCode::FORBIDDEN,
            Self::NotFound { .. } | Self::NotKnownYet { .. } => StatusCode::NOT_FOUND,
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::NoFigures | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Inside(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (title, detail) = match &self {
            Self::Denied(denied) => ("You may not open this page", format!("{denied}.")),
            Self::RoleMissing(_) | Self::Confined => {
                ("You may not open this page", format!("{}.", format::capital(&self.to_string())))
            }
            Self::NotFound { .. } => ("Not found", format!("There is {self}.")),
            Self::NotKnownYet { .. } => ("Not known yet", format!("{}.", format::capital(&self.to_string()))),
            Self::StaleForm => ("The form is out of date", "Go back, load the page again and repeat.".to_owned()),
            Self::Refused(reason) => ("That cannot be done", reason.clone()),
            Self::NoFigures => {
                ("No figures yet", "The warehouse has no release yet: the first refresh has not ended.".to_owned())
            }
            Self::Unavailable(inner) => {
                error!(error = %inner, "A page could not be served: {inner}");
                (
                    "Come back in a minute",
                    "The hub's database cannot be used just now, and nothing was done. Its operator is told."
                        .to_owned(),
                )
            }
            Self::Inside(inner) => {
                error!(error = %inner, "A page could not be made: {inner}");
                (
                    "The page could not be made",
                    "This is not your doing. Try again; the log of the server says why.".to_owned(),
                )
            }
        };
        // What a page repeats of its address repeats no Aadhaar number.
        let detail = redact(&detail);
        (self.status(), Html(problem::render(self.status().as_u16(), title, &detail))).into_response()
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::inside(error)
    }
}
