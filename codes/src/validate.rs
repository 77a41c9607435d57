//! Judging a code: valid, or why not and what was perhaps meant.

use crate::{
    as_of::{AsOf, Judgement},
    concept::Concept,
    day::Day,
    language::Language,
    system::CodeSystem,
    text::squeeze,
};

/// The answer to "is this a code of that system?".
#[derive(Debug, Clone, PartialEq)]
pub enum Validation<'a> {
    /// It is. The concept may be retired: see [`Concept::status`].
    Valid(Concept<'a>),
    /// It is not.
    Invalid {
        /// The first rule it breaks.
        reason: InvalidReason,
        /// Codes that were perhaps meant, at most [`SUGGESTIONS_MAX`]: of a code that is no longer valid those that replace
        /// it, of an unknown one those that differ from it by one keystroke.
        suggestions: Vec<Concept<'a>>,
    },
}

/// The rule that a code breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReason {
    /// Nothing but spaces.
    #[error("empty")]
    Empty,
    /// It cannot be a code of this system, whichever codes there are.
    #[error(
        "wrong shape: a code of `{system}` looks like {shapes} (A a capital, 9 a digit, X either, x a small letter or a digit)"
    )]
    WrongShape {
        /// The code system.
        system: String,
        /// The shapes it allows.
        shapes: String,
    },
    /// The code is given from a later day on.
    #[error("not yet valid: `{code}` of `{system}` begins on {from}")]
    NotYetValid {
        /// The code system.
        system: String,
        /// The code as the system writes it.
        code: String,
        /// The first day on which it is valid.
        from: Day,
    },
    /// The code was given until an earlier day.
    #[error("no longer valid: `{code}` of `{system}` ended on {until}{}", replacement(replaced_by))]
    NoLongerValid {
        /// The code system.
        system: String,
        /// The code as the system writes it.
        code: String,
        /// The first day on which it was no longer valid.
        until: Day,
        /// The codes that stand in its place.
        replaced_by: Vec<String>,
    },
    /// It is a code of its system, but not one of the value set.
    #[error("`{code}` is not in the value set `{value_set}`")]
    NotInValueSet {
        /// The value set.
        value_set: String,
        /// The code.
        code: String,
    },
    /// It looks right, but the system has no such code.
    #[error("unknown code in `{system}`")]
    UnknownCode {
        /// The code system.
        system: String,
    },
}

/// How many suggestions an invalid code gets at most.
pub const SUGGESTIONS_MAX: usize = 5;

impl<'a> Validation<'a> {
    /// Whether the code is one of the system.
    pub fn is_valid(&self) -> bool {
        matches!(self, Self::Valid(_))
    }

    /// The concept of a valid code.
    pub fn concept(&self) -> Option<Concept<'a>> {
        match self {
            Self::Valid(concept) => Some(*concept),
            Self::Invalid { .. } => None,
        }
    }
}

/// How a display that came with a code stands to the names of its concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayCheck<'a> {
    /// It is the name in this language, up to case, spaces, punctuation and letters that are written one way or the other.
    Right(Language),
    /// It is no name of the concept.
    Wrong {
        /// The name that it should be, in the language asked for or in English.
        right: &'a str,
    },
}

impl<'a> Concept<'a> {
    /// Compares a display with the names in all languages.
    pub fn check_display(&self, display: &str, language: Language) -> DisplayCheck<'a> {
        let display = squeeze(display);
        let is_it = |language: &Language| self.designation(*language).is_some_and(|name| squeeze(name) == display);
        match Language::ALL.into_iter().find(is_it) {
            Some(language) => DisplayCheck::Right(language),
            None => DisplayCheck::Wrong { right: self.display_in(language) },
        }
    }
}

fn replacement(replaced_by: &[String]) -> String {
    if replaced_by.is_empty() { String::new() } else { format!(", replaced by {}", replaced_by.join(" and ")) }
}

impl<'a> AsOf<'a> {
    /// Judges a code by the same rules as [`AsOf::judge`], with the words and the suggestions for whoever typed it.
    pub fn validate(&self, code: &str) -> Validation<'a> {
        let system = self.system();
        let name = || system.name().to_owned();
        let invalid = |reason, suggestions| Validation::Invalid { reason, suggestions };
        match self.judge(code) {
            Judgement::Valid(concept) => Validation::Valid(concept),
            Judgement::NotYetValid { concept, from } => {
                let code = concept.code().to_owned();
                invalid(InvalidReason::NotYetValid { system: name(), code, from }, Vec::new())
            }
            Judgement::NoLongerValid { concept, until } => {
                let code = concept.code().to_owned();
                let replaced_by = concept.replaced_by().map(str::to_owned).collect();
                let suggestions = concept.replaced_by().filter_map(|code| system.lookup(code));
                let suggestions = suggestions.take(SUGGESTIONS_MAX).collect();
                invalid(InvalidReason::NoLongerValid { system: name(), code, until, replaced_by }, suggestions)
            }
            Judgement::Empty => invalid(InvalidReason::Empty, Vec::new()),
            Judgement::WrongShape => {
                let reason = InvalidReason::WrongShape { system: name(), shapes: system.shapes().join(" or ") };
                invalid(reason, system.suggest(&system.fold(code)))
            }
            Judgement::Unknown => {
                invalid(InvalidReason::UnknownCode { system: name() }, system.suggest(&system.fold(code)))
            }
        }
    }

    /// Judges a code together with the display that came with it. The display of an invalid code is not judged.
    pub fn validate_with_display(
        &self,
        code: &str,
        display: &str,
        language: Language,
    ) -> (Validation<'a>, Option<DisplayCheck<'a>>) {
        let validation = self.validate(code);
        let check = validation.concept().map(|concept| concept.check_display(display, language));
        (validation, check)
    }
}

impl CodeSystem {
    /// Judges a code by the same rules as [`CodeSystem::lookup`]: whatever the day.
    pub fn validate(&self, code: &str) -> Validation<'_> {
        self.as_of(None).validate(code)
    }

    /// The codes one keystroke away from `code`: other capitals first, then a leading zero, swaps, slips, additions and omissions.
    fn suggest<'a>(&'a self, code: &str) -> Vec<Concept<'a>> {
        const TYPED: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.";
        const CODE_BYTES_MAX: usize = 40;
        let mut found: Vec<Concept<'a>> = Vec::new();
        if code.is_empty() || code.len() > CODE_BYTES_MAX || !code.is_ascii() {
            return found;
        }
        let bytes = code.as_bytes();
        let mut tried = Vec::with_capacity(bytes.len() + 1);
        let mut attempt = |found: &mut Vec<Concept<'a>>, parts: [&[u8]; 3]| {
            tried.clear();
            for part in parts {
                tried.extend_from_slice(part);
            }
            let text = std::str::from_utf8(&tried).expect("edits of ASCII with ASCII are ASCII");
            if let Some(concept) = self.lookup(text).filter(|concept| !found.contains(concept)) {
                found.push(concept);
            }
        };
        attempt(&mut found, [&bytes.to_ascii_uppercase(), b"", b""]);
        attempt(&mut found, [&bytes.to_ascii_lowercase(), b"", b""]);
        if bytes.iter().all(u8::is_ascii_digit) {
            attempt(&mut found, [b"0", bytes, b""]);
        }
        for at in 1..bytes.len() {
            attempt(&mut found, [&bytes[..at - 1], &[bytes[at], bytes[at - 1]], &bytes[at + 1..]]);
        }
        for at in 0..bytes.len() {
            for typed in TYPED {
                attempt(&mut found, [&bytes[..at], &[*typed], &bytes[at + 1..]]);
            }
        }
        for at in 0..bytes.len() {
            attempt(&mut found, [&bytes[..at], b"", &bytes[at + 1..]]);
        }
        for at in 0..=bytes.len() {
            for typed in TYPED {
                attempt(&mut found, [&bytes[..at], &[*typed], &bytes[at..]]);
            }
        }
        found.truncate(SUGGESTIONS_MAX);
        found
    }
}
