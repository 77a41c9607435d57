//! The crate from outside: the tables against their files, lookup, hierarchy, search, places, identifiers.
#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod identifiers;
mod lookup;
mod places;
mod redact;
mod search;
mod tables;
