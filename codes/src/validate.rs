//! Judging a code: valid, or why not and what was perhaps meant.

use crate::{concept::Concept, system::CodeSystem};

/// The answer to "is this a code of that system?".
#[derive(Debug, Clone, PartialEq)]
pub enum Validation<'a> {
    /// It is. The concept may be retired: see [`Concept::status`].
    Valid(Concept<'a>),
    /// It is not.
    Invalid {
        /// The first rule it breaks.
        reason: InvalidReason,
        /// Codes that differ from it by one keystroke, at most [`SUGGESTIONS_MAX`].
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

impl CodeSystem {
    /// Judges a code by the same rules as [`CodeSystem::lookup`].
    pub fn validate(&self, code: &str) -> Validation<'_> {
        if let Some(concept) = self.lookup(code) {
            return Validation::Valid(concept);
        }
        let code = self.fold(code);
        let system = self.name().to_owned();
        let reason = if code.is_empty() {
            InvalidReason::Empty
        } else if self.fits_a_shape(&code) {
            InvalidReason::UnknownCode { system }
        } else {
            InvalidReason::WrongShape { system, shapes: self.shapes().join(" or ") }
        };
        Validation::Invalid { reason, suggestions: self.suggest(&code) }
    }

    /// The codes one keystroke away from `code`: other capitals first, then swaps, slips, additions and omissions.
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
