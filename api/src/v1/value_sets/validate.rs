//! Whether a code may stand in a field.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use kanak_codes::{DisplayCheck, Status, Validation};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::hashed;
use crate::v1::code_systems::asked::{read_day, read_language};
use crate::v1::code_systems::judges::wrong_display;
use crate::v1::code_systems::only::Only;
use crate::v1::code_systems::view::{JudgedView, status_word, words_of};

/// Which code.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Code {
    /// The code.
    code: String,
    /// The code system it is of; left out: any of the value set.
    system: Option<String>,
    /// The display that came with it.
    display: Option<String>,
    /// On this day, such as `2019-07-01`; left out: whatever the day.
    as_of: Option<String>,
    /// The language of the display that is answered: `en`, `pa` or `hi`.
    language: Option<String>,
}

/// Judges one code in a value set, and says what was perhaps meant.
#[utoipa::path(get, path = "/v1/value-sets/{name}/validate", tag = "codes",
    params(("name" = String, Path, description = "A value set's name"), Code),
    responses((status = 200, description = "Whether it is in the set, and why not", body = JudgedView), (status = 304, description = "Not changed"),
              (status = 404, description = "No such value set or code system", body = Problem)))]
pub async fn validate(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Only((asked,)): Only<(Code,)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let codes = state.codes();
    let (day, language) = (read_day(asked.as_of.as_deref())?, read_language(asked.language.as_deref())?);
    let system = asked.system.as_deref().filter(|system| !system.is_empty());
    let validation = codes.validate_in(&name, system, &asked.code, day)?;
    let display = validation.concept().map(|concept| concept.display_in(language).to_owned());
    let wrong = match (&validation, asked.display.as_deref().filter(|display| !display.is_empty())) {
        (Validation::Valid(concept), Some(display)) => match concept.check_display(display, language) {
            DisplayCheck::Wrong { right } => Some(wrong_display(right)),
            DisplayCheck::Right(_) => None,
        },
        _ => None,
    };
    let reason = words_of(&validation).or(wrong);
    let valid = reason.is_none();
    let retired = validation.concept().filter(|concept| valid && concept.status() == Status::Retired);
    let status = retired.map(|concept| status_word(concept.status()));
    hashed(&headers, &JudgedView { code: asked.code, valid, display, status, reason })
}
