#![doc = include_str!("../README.md")]

mod codes;
mod concept;
mod error;
mod hierarchy;
mod holidays;
pub mod identifiers;
mod index;
mod language;
mod places;
mod search;
mod shape;
mod sidecar;
mod slips;
mod system;
mod table;
mod text;
mod validate;

pub use crate::{
    codes::Codes,
    concept::{Concept, Status},
    error::CodesError,
    holidays::Holidays,
    language::Language,
    places::PlaceName,
    search::{Matched, SearchHit},
    system::{CodeSystem, Subsumption},
    validate::{InvalidReason, SUGGESTIONS_MAX, Validation},
};
