//! Identifiers: integers inside, short checkable words outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! integer_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

integer_id!(/** A source system in one hub. */ SourceSystemId);
integer_id!(/** One row of one source system: the pair (source system, source key), over all its versions. */ SourceRecordId);
integer_id!(/** One execution of reading a source's file. */ IngestRunId);
integer_id!(/** A task for a data steward. */ StewardTaskId);
integer_id!(/** A question to an officer on the spot. */ FieldCheckId);
integer_id!(/** Decisions that a steward made at once. */ DecisionBatchId);
integer_id!(/** A value that a steward stated. */ OverrideId);
integer_id!(/** What one steward wants and a second one has to approve. */ ProposalId);
integer_id!(/** A person who signs in. */ UserId);
integer_id!(/** A position in the change feed: 1 is the first event; numbers follow commit order without gaps. */ FeedPosition);
integer_id!(/** A frozen set of match weights, frequencies and thresholds of one entity type. */ RuleSetVersion);

/// The lasting id of a golden record. Never given to another; a merged-away one answers with a redirect.
///
/// Outside the hub it reads `K-` and the number in Crockford base 32 (at least six characters) and one
/// check character, so that a slip of the pen is noticed: `K-000001-H`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoldenId(pub i64);

const BASE32: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// A prime, so that any wrong digit and any swap of neighbours changes the remainder.
const CHECK: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";

/// A word that is not a golden id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a golden id; one looks like K-000001-1 and its last character must fit the others")]
pub struct NotAGoldenId(pub String);

impl fmt::Display for GoldenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = Vec::with_capacity(13);
        let mut rest = self.0.unsigned_abs();
        while rest > 0 || digits.len() < 6 {
            digits.push(BASE32[(rest % 32) as usize]);
            rest /= 32;
        }
        digits.reverse();
        let body = String::from_utf8_lossy(&digits);
        let check = char::from(CHECK[(self.0.unsigned_abs() % 37) as usize]);
        f.pad(&format!("K-{body}-{check}"))
    }
}

impl FromStr for GoldenId {
    type Err = NotAGoldenId;

    fn from_str(text: &str) -> Result<Self, NotAGoldenId> {
        let refuse = || NotAGoldenId(text.chars().take(40).collect());
        let upper = text.trim().to_ascii_uppercase();
        let (body, check) = upper.strip_prefix("K-").and_then(|rest| rest.rsplit_once('-')).ok_or_else(refuse)?;
        if body.len() < 6 || body.len() > 13 {
            return Err(refuse());
        }
        let mut number: u64 = 0;
        for byte in body.bytes() {
            let byte = match byte {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let digit = BASE32.iter().position(|b| *b == byte).ok_or_else(refuse)? as u64;
            number = number.checked_mul(32).and_then(|n| n.checked_add(digit)).ok_or_else(refuse)?;
        }
        let expected = char::from(CHECK[(number % 37) as usize]);
        let id = i64::try_from(number).map_err(|_| refuse())?;
        if check.chars().eq(std::iter::once(expected)) { Ok(Self(id)) } else { Err(refuse()) }
    }
}

impl Serialize for GoldenId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoldenId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_golden_id_reads_back_as_it_was_written(number in 0..i64::MAX) {
            let id = GoldenId(number);
            prop_assert_eq!(id.to_string().parse::<GoldenId>(), Ok(id));
        }

        #[test]
        fn one_wrong_character_is_noticed(number in 0..1_000_000_000_i64, place in 2_usize..8, other in 0_usize..32) {
            let good = GoldenId(number).to_string();
            let mut bytes = good.clone().into_bytes();
            prop_assume!(bytes[place] != BASE32[other]);
            bytes[place] = BASE32[other];
            let bad = String::from_utf8(bytes).unwrap();
            prop_assert!(bad.parse::<GoldenId>().is_err(), "{} for {}", bad, good);
        }
    }

    #[test]
    fn letters_that_look_like_digits_are_read_as_digits() {
        let id = GoldenId(1).to_string();
        assert_eq!(id.replace("000001", "oooool").parse(), Ok(GoldenId(1)));
    }
}
