//! Match pairs and what was decided about them.

use serde::{Deserialize, Serialize};

use crate::id::SourceRecordId;

/// What holds for a pair of source records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// They speak of the same one.
    Match,
    /// A person has to look.
    Review,
    /// They do not (by a constraint, a cut, or a steward).
    NoMatch,
}

impl Decision {
    /// The word in files, tables and pages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Review => "review",
            Self::NoMatch => "no_match",
        }
    }

    /// Reads [`Decision::word`].
    pub fn find(word: &str) -> Option<Self> {
        [Self::Match, Self::Review, Self::NoMatch].into_iter().find(|decision| decision.word() == word)
    }
}

/// A weighed pair of source records, `left < right`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchPair {
    /// The smaller id.
    pub left: SourceRecordId,
    /// The larger id.
    pub right: SourceRecordId,
    /// log2 of the Bayes factor, summed over comparisons.
    pub weight_bits: f64,
    /// Match probability, 0..=1, with the prior in.
    pub probability: f64,
    /// What the rules say of it.
    pub decision: Decision,
}

/// A steward's decision about a pair, what follows from it for two source records, or what is left to a steward. No rule overturns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Constraint {
    /// The smaller id.
    pub left: SourceRecordId,
    /// The larger id.
    pub right: SourceRecordId,
    /// What must hold.
    pub kind: ConstraintKind,
}

/// What a steward's decision asks for.
///
/// [`ConstraintKind::Confirmed`] tells which source records a steward has looked at as one golden record: rules alone never join those
/// of one such golden record with those of another, nor take those of one apart. A steward who decides that two of them do not match
/// lets them part as the evidence says. Both ends may be the same source record.
///
/// [`ConstraintKind::Asked`] is nobody's decision: whether the two are one is a question for a steward, however sure the rules are. A
/// steward's must-link joins them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConstraintKind {
    /// Both source records belong to one golden record.
    MustLink,
    /// They never do.
    CannotLink,
    /// They belong to what a steward confirmed as one golden record.
    Confirmed,
    /// Only a steward joins them.
    Asked,
}

impl ConstraintKind {
    /// Whether it tells of a pair whether it is one.
    pub fn is_answer(self) -> bool {
        match self {
            Self::MustLink | Self::CannotLink => true,
            Self::Confirmed | Self::Asked => false,
        }
    }

    /// The word in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Self::MustLink => "must_link",
            Self::CannotLink => "cannot_link",
            Self::Confirmed => "confirmed",
            Self::Asked => "asked",
        }
    }
}
