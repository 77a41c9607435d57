//! `/fhir`: the codes as a terminology server of HL7 FHIR R4, public as `/v1/code-systems` is.
//!
//! Code systems, value sets and concept maps are known by their canonical URLs, `urn:kanak:code-system:NAME` and so on, and by their short
//! names as well. Each operation is asked by GET with a query or by POST with `Parameters`, on the type or, where it has one, on an instance;
//! names of parameters of R5 are taken beside those of R4. Where no date is sent, codes are judged and listed as of today.
//! A value set that comes with a request is read for that request alone. Answers to `GET` have a strong tag; those of a named version that hang
//! on no day to come may be kept for good. What cannot be answered is told as an `OperationOutcome`.

pub mod answer;
pub mod code_systems;
pub mod compose;
pub mod concept_maps;
pub mod expand;
pub mod inline;
pub mod lookup;
pub mod members;
pub mod metadata;
pub mod named;
pub mod params;
pub mod search;
pub mod subsumes;
pub mod translate;
pub mod validate_code;
pub mod validate_code_in;
pub mod value_sets;
