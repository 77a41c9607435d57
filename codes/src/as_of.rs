//! A code system as it stood on a day.

use crate::{
    concept::Concept,
    day::Day,
    error::CodesError,
    system::{CodeSystem, Subsumption},
};

/// As many codes are judged in one call at most.
pub const BATCH_MAX: usize = 100_000;

/// A code system as it stood on a day; without a day, whatever was valid at any time.
///
/// A concept of which the table states no days is valid on all of them: see [`Concept::validity`].
///
/// ```
/// # use kanak_codes::{Codes, Day};
/// let codes = Codes::builtin()?;
/// let districts = codes.get_system("lgd-district")?.as_of(Day::parse("2026-11-28"));
/// assert!(districts.lookup("737").is_some());
/// # Ok::<_, kanak_codes::CodesError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct AsOf<'a> {
    system: &'a CodeSystem,
    day: Option<Day>,
}

/// What a code is on a day, without words about it, so that it costs no more than the lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement<'a> {
    /// A code of the system. It may be retired today: see [`Concept::status`].
    Valid(Concept<'a>),
    /// A code that begins later.
    NotYetValid {
        /// The concept.
        concept: Concept<'a>,
        /// Its first day.
        from: Day,
    },
    /// A code that ended before.
    NoLongerValid {
        /// The concept.
        concept: Concept<'a>,
        /// The first day on which it was no longer valid.
        until: Day,
    },
    /// Nothing but spaces.
    Empty,
    /// Nothing that could be a code of the system, whichever codes there are.
    WrongShape,
    /// No code of the system, though it looks like one.
    Unknown,
}

impl<'a> Judgement<'a> {
    /// Whether the code is valid on the day.
    pub fn is_valid(&self) -> bool {
        matches!(self, Self::Valid(_))
    }

    /// The concept of a code that is valid on the day or was or will be on another one.
    pub fn concept(&self) -> Option<Concept<'a>> {
        match *self {
            Self::Valid(concept) | Self::NotYetValid { concept, .. } | Self::NoLongerValid { concept, .. } => {
                Some(concept)
            }
            Self::Empty | Self::WrongShape | Self::Unknown => None,
        }
    }
}

impl CodeSystem {
    /// This version as it stood on a day; of `None`, whatever the day.
    pub fn as_of(&self, day: impl Into<Option<Day>>) -> AsOf<'_> {
        AsOf { system: self, day: day.into() }
    }
}

impl<'a> AsOf<'a> {
    /// The version that answers.
    pub fn system(&self) -> &'a CodeSystem {
        self.system
    }

    /// The day that is asked about.
    pub fn day(&self) -> Option<Day> {
        self.day
    }

    /// Whether a concept is valid on the day.
    pub fn holds(&self, concept: Concept<'_>) -> bool {
        self.day.is_none_or(|day| concept.validity().holds_on(day))
    }

    /// The concept of a code that is valid on the day.
    pub fn lookup(&self, code: &str) -> Option<Concept<'a>> {
        self.system.lookup(code).filter(|concept| self.holds(*concept))
    }

    /// What a code is on the day.
    pub fn judge(&self, code: &str) -> Judgement<'a> {
        self.judge_found(code, self.system.lookup(code))
    }

    fn judge_found(&self, code: &str, found: Option<Concept<'a>>) -> Judgement<'a> {
        let Some(concept) = found else { return self.judge_unknown(code) };
        let Some(day) = self.day else { return Judgement::Valid(concept) };
        let validity = concept.validity();
        match (validity.from, validity.until) {
            (Some(from), _) if day < from => Judgement::NotYetValid { concept, from },
            (_, Some(until)) if until <= day => Judgement::NoLongerValid { concept, until },
            _ => Judgement::Valid(concept),
        }
    }

    fn judge_unknown(&self, code: &str) -> Judgement<'a> {
        let code = self.system.fold(code);
        if code.is_empty() {
            Judgement::Empty
        } else if self.system.fits_a_shape(&code) {
            Judgement::Unknown
        } else {
            Judgement::WrongShape
        }
    }

    /// What each of many codes is on the day, in their order.
    ///
    /// # Errors
    /// [`CodesError::Batch`] of more than [`BATCH_MAX`] codes.
    pub fn judge_all(&self, codes: &[&str]) -> Result<Vec<Judgement<'a>>, CodesError> {
        check_batch(codes.len())?;
        let (mut judgements, mut asked) = (Vec::with_capacity(codes.len()), codes.iter());
        self.system.lookup_all(codes, |concept| {
            judgements.extend(asked.next().map(|code| self.judge_found(code, concept)));
        });
        Ok(judgements)
    }

    /// The concepts of many codes that are valid on the day, in their order.
    ///
    /// # Errors
    /// [`CodesError::Batch`] of more than [`BATCH_MAX`] codes.
    pub fn lookup_all(&self, codes: &[&str]) -> Result<Vec<Option<Concept<'a>>>, CodesError> {
        check_batch(codes.len())?;
        let mut concepts = Vec::with_capacity(codes.len());
        self.system.lookup_all(codes, |concept| concepts.push(concept.filter(|concept| self.holds(*concept))));
        Ok(concepts)
    }

    /// The concepts that are valid on the day, in the order of the table.
    pub fn concepts(&self) -> impl Iterator<Item = Concept<'a>> + use<'a> {
        let as_of = *self;
        self.system.concepts().filter(move |concept| as_of.holds(*concept))
    }

    /// The concepts that are valid on the day and whose parent is `code`, as [`CodeSystem::children`] gives them.
    pub fn children(&self, code: &str) -> impl Iterator<Item = Concept<'a>> + use<'a> {
        let as_of = *self;
        self.system.children(code).filter(move |concept| as_of.holds(*concept))
    }

    /// How two codes stand to each other in the main hierarchy. `None` when the system is no hierarchy or one of the codes is
    /// not valid on the day.
    pub fn subsumes(&self, a: &str, b: &str) -> Option<Subsumption> {
        let hierarchy = self.system.hierarchy()?;
        Some(hierarchy.subsumes(self.lookup(a)?, self.lookup(b)?))
    }

    /// How two codes stand to each other in a hierarchy of that name; as [`subsumes`](Self::subsumes).
    pub fn subsumes_in(&self, hierarchy: &str, a: &str, b: &str) -> Option<Subsumption> {
        let hierarchy = self.system.find_hierarchy(hierarchy)?;
        Some(hierarchy.subsumes(self.lookup(a)?, self.lookup(b)?))
    }
}

fn check_batch(count: usize) -> Result<(), CodesError> {
    if count > BATCH_MAX { Err(CodesError::Batch { count }) } else { Ok(()) }
}
