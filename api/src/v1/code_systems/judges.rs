//! What judges the codes of a batch: a version of a code system, or a value set.

use kanak_codes::{
    AsOf, CODE_BYTES_MAX, CodeSystem, Codes, Concept, Day, DisplayCheck, InvalidReason, Judgement, Language,
    MemberJudgement, Membership,
};

use crate::server::problem::Problem;

/// Where the codes of a batch are looked for, by name: what is named is found anew for each part of an answer.
#[derive(Debug, Clone)]
pub enum Book {
    /// A code system.
    System {
        /// Its name.
        name: String,
        /// Its version, where one is asked for.
        version: Option<String>,
        /// The day that is asked about.
        day: Option<Day>,
    },
    /// A value set.
    ValueSet {
        /// Its name.
        name: String,
        /// Only its codes of this system.
        system: Option<String>,
        /// The day that is asked about.
        day: Option<Day>,
    },
}

impl Book {
    /// What judges by it.
    ///
    /// # Errors
    /// 404 where something that is named is not there.
    pub fn open<'c>(&self, codes: &'c Codes) -> Result<Judges<'c>, Problem> {
        Ok(match self {
            Self::System { name, version, day } => Judges::System(codes.as_of(name, version.as_deref(), *day)?),
            Self::ValueSet { name, system: Some(system), day } => {
                Judges::Members(vec![codes.membership(name, codes.as_of(system, None, *day)?)?])
            }
            Self::ValueSet { name, system: None, day } => Judges::Members(codes.memberships(name, *day)?),
        })
    }
}

/// What judges a code.
pub enum Judges<'c> {
    /// A code system on a day.
    System(AsOf<'c>),
    /// The codes of a value set on a day, code system by code system.
    Members(Vec<Membership<'c>>),
}

/// A concept with its code system.
pub type Found<'c> = (AsOf<'c>, Concept<'c>);

impl<'c> Judges<'c> {
    /// Judges a code, without a search for what was perhaps meant.
    ///
    /// # Errors
    /// Why it is not valid.
    pub fn judge(&self, code: &str) -> Result<Found<'c>, InvalidReason> {
        match self {
            Self::System(as_of) => judge_in(*as_of, code),
            Self::Members(members) => {
                let mut reason = None;
                for members in members {
                    match members.judge(code) {
                        MemberJudgement::Member(concept) => return Ok((members.as_of(), concept)),
                        // A code of a system of the set that is not in it says more than that another does not have it.
                        MemberJudgement::NotAMember(concept) => {
                            reason = Some(InvalidReason::NotInValueSet {
                                value_set: members.value_set().name().to_owned(),
                                code: concept.code().to_owned(),
                            });
                        }
                        MemberJudgement::Invalid(judgement) => {
                            reason = reason.or_else(|| reason_of(members.as_of().system(), judgement));
                        }
                    }
                }
                Err(reason.unwrap_or(InvalidReason::Empty))
            }
        }
    }

    /// Judges a code with the display that came with it.
    ///
    /// # Errors
    /// What is wrong in words, with the concept where the code is right and only the display is not.
    pub fn judge_with_display(
        &self,
        code: &str,
        display: Option<&str>,
        language: Language,
    ) -> Result<Found<'c>, (String, Option<Found<'c>>)> {
        if code.len() > CODE_BYTES_MAX {
            return Err((
                format!("longer than any code: {} bytes, and none has more than {CODE_BYTES_MAX}", code.len()),
                None,
            ));
        }
        let found = self.judge(code).map_err(|reason| (reason.to_string(), None))?;
        match display.filter(|display| !display.is_empty()).map(|display| found.1.check_display(display, language)) {
            Some(DisplayCheck::Wrong { right }) => Err((wrong_display(right), Some(found))),
            Some(DisplayCheck::Right(_)) | None => Ok(found),
        }
    }
}

/// What is said of a display that is no name of its code.
pub fn wrong_display(right: &str) -> String {
    format!("the display is no name of this code; it is `{right}`")
}

fn judge_in<'c>(as_of: AsOf<'c>, code: &str) -> Result<Found<'c>, InvalidReason> {
    match as_of.judge(code) {
        Judgement::Valid(concept) => Ok((as_of, concept)),
        other => Err(reason_of(as_of.system(), other).unwrap_or(InvalidReason::Empty)),
    }
}

/// Why a code is not valid; `None` of one that is.
fn reason_of(system: &CodeSystem, judgement: Judgement<'_>) -> Option<InvalidReason> {
    let name = || system.name().to_owned();
    Some(match judgement {
        Judgement::Valid(_) => return None,
        Judgement::NotYetValid { concept, from } => {
            InvalidReason::NotYetValid { system: name(), code: concept.code().to_owned(), from }
        }
        Judgement::NoLongerValid { concept, until } => InvalidReason::NoLongerValid {
            system: name(),
            code: concept.code().to_owned(),
            until,
            replaced_by: concept.replaced_by().map(str::to_owned).collect(),
        },
        Judgement::Empty => InvalidReason::Empty,
        Judgement::WrongShape => InvalidReason::WrongShape { system: name(), shapes: system.shapes().join(" or ") },
        Judgement::Unknown => InvalidReason::UnknownCode { system: name() },
    })
}
