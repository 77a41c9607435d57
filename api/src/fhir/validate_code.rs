//! `CodeSystem/$validate-code`: whether a code is one of a code system.

use axum::extract::{Path, State};
use kanak_codes::{AsOf, Concept, Day, DisplayCheck, Language, Validation};

use super::answer::{Parameters, Resource};
use super::named::{find_system, is_inactive, keep_of, name_in, other_system, url_of_system, wrong_system};
use super::params::{Coding, Params};
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::code_systems::answered::Keep;
use crate::v1::code_systems::judges::wrong_display;
use crate::v1::code_systems::view::{words_of, words_of_retired};

/// So many codings one concept has at most.
const CODINGS_MAX: usize = 100;

/// `/fhir/CodeSystem/$validate-code` and `/fhir/CodeSystem/{id}/$validate-code`
pub async fn validate_code(
    State(state): State<AppState>,
    id: Option<Path<String>>,
    params: Params,
) -> Result<Resource, Problem> {
    let codes = state.codes();
    params.refuse_resource("codeSystem")?;
    let (asked_day, today) = (params.day()?, day_of(state.deployment.clock.now()));
    let day = asked_day.unwrap_or(today);
    let own = params.text(&["url"]).or(id.as_ref().map(|Path(id)| id.as_str()));
    let other = |coding: &Coding| other_system(own?, coding.system.as_deref()).map(str::to_owned);
    let judge = |coding: &Coding| -> Result<Judged, Problem> {
        let (system, other) = (own.or(coding.system.as_deref()), other(coding));
        let version = coding.version.as_deref().filter(|_| other.is_none()).or(params.text(&["version"]));
        let as_of = find_system(&codes, system, version, Some(day))?;
        let is_named = version.is_some() || system.is_some_and(|url| name_in("code-system", url).1.is_some());
        Ok(match other {
            Some(other) => Judged::of_other_system(coding, &other, as_of.system().name()),
            None => Judged::of(as_of, as_of.validate(&coding.code), coding, (params.language(), day))
                .kept(keep_of(as_of, is_named, asked_day, today)),
        })
    };
    let mut codings = params.asked_codes();
    codings.sort_by_key(|coding| other(coding).is_some());
    Ok(judge_any(&codings, judge)?.told())
}

/// Judges codes one after the other until one is valid. Where none is, the first that could be judged is told of.
///
/// # Errors
/// 400 where there is none, or more than are one concept's; that of the first where none could be judged.
pub fn judge_any(codings: &[Coding], judge: impl Fn(&Coding) -> Result<Judged, Problem>) -> Result<Judged, Problem> {
    let missing = "no code is asked about; send `code` with `system`, `coding` or `codeableConcept`";
    if codings.len() > CODINGS_MAX {
        let count = codings.len();
        let detail = format!(
            "{count} codings, and one concept has at most {CODINGS_MAX}; send `POST /v1/code-systems/{{system}}/validate` for many codes"
        );
        return Err(Problem::bad_request(detail));
    }
    let mut first = Err(Problem::bad_request(missing));
    for (place, coding) in codings.iter().enumerate() {
        let judged = judge(coding);
        if judged.as_ref().is_ok_and(Judged::is_valid) {
            return judged;
        }
        if place == 0 || (first.is_err() && judged.is_ok()) {
            first = judged;
        }
    }
    first
}

/// What a code turned out to be.
pub struct Judged {
    code: String,
    /// Name and version of the system that judged.
    system: Option<(String, String)>,
    display: Option<String>,
    /// What is wrong.
    message: Option<String>,
    /// What to know of a valid code that may no longer be given.
    inactive: Option<String>,
    keep: Keep,
}

impl Judged {
    /// A code as a system on a day, or a value set's part of it, judges it, together with the display that came with it.
    pub fn of(as_of: AsOf<'_>, validation: Validation<'_>, coding: &Coding, when: (Language, Day)) -> Self {
        let system = as_of.system();
        let named = Some((system.name().to_owned(), system.version().to_owned()));
        Self::named(named, validation, coding, when)
    }

    /// A code that came as one of another system than the one that is asked about.
    pub fn of_other_system(coding: &Coding, sent: &str, asked: &str) -> Self {
        let message = Some(wrong_system(&coding.code, sent, asked));
        Self { code: coding.code.clone(), system: None, display: None, message, inactive: None, keep: Keep::AWhile }
    }

    /// A code that no system in particular judged.
    pub fn named(
        system: Option<(String, String)>,
        validation: Validation<'_>,
        coding: &Coding,
        (language, day): (Language, Day),
    ) -> Self {
        let inactive = validation.concept().filter(|concept| is_inactive(*concept, day)).map(words_of_retired);
        let wrong = |concept: Concept<'_>| match concept.check_display(coding.display.as_deref()?, language) {
            DisplayCheck::Wrong { right } => Some(wrong_display(right)),
            DisplayCheck::Right(_) => None,
        };
        Self {
            code: validation.concept().map_or_else(|| coding.code.clone(), |concept| concept.code().to_owned()),
            system,
            display: validation.concept().map(|concept| concept.display_in(language).to_owned()),
            message: words_of(&validation).or_else(|| validation.concept().and_then(wrong)),
            inactive,
            keep: Keep::AWhile,
        }
    }

    /// The same, to be kept otherwise.
    #[must_use]
    pub fn kept(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }

    /// The same under the display that a value set gives the code, where it gives one.
    #[must_use]
    pub fn displayed(self, display: Option<&str>) -> Self {
        Self { display: display.map(str::to_owned).or(self.display), ..self }
    }

    /// Whether it is valid.
    pub fn is_valid(&self) -> bool {
        self.message.is_none()
    }

    /// The answer.
    pub fn told(self) -> Resource {
        let mut told = Parameters::default();
        told.add("result", "valueBoolean", self.message.is_none());
        let is_inactive = self.inactive.is_some();
        told.add("message", "valueString", self.message.or(self.inactive).unwrap_or_default());
        told.add("display", "valueString", self.display.unwrap_or_default());
        told.add("code", "valueCode", self.code);
        if let Some((system, version)) = self.system {
            told.add("system", "valueUri", url_of_system(&system));
            told.add("version", "valueString", version);
        }
        if is_inactive {
            told.add("inactive", "valueBoolean", true);
        }
        told.done().kept(self.keep)
    }
}
