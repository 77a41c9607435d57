//! Identifiers that carry their own check: what can be said about a number without asking anyone.
//!
//! Each type is parsed once and then holds the canonical form: ASCII digits, capitals, no separators but the hyphens of
//! an Udyam number. `parse` takes digits in ASCII, Gurmukhi and Devanagari, in any case, with spaces around. Identifiers of
//! people (Aadhaar, PAN, EPIC, mobile) show themselves masked, in `Debug` and `Display` alike, and no error repeats
//! what it was given.

mod aadhaar;
pub mod checksum;
mod epic;
mod error;
mod fixed;
mod gstin;
mod ifsc;
mod kind;
mod mobile;
mod pan;
mod pin;
mod redact;
mod udyam;

pub use self::{
    aadhaar::Aadhaar,
    checksum::{gstin_check_char, luhn_check_digit, verhoeff_check_digit},
    epic::Epic,
    error::{BrokenRule, IdentifierError},
    gstin::Gstin,
    ifsc::Ifsc,
    kind::CheckedKind,
    mobile::Mobile,
    pan::Pan,
    pin::Pin,
    redact::{
        AadhaarSearch, FoundAadhaar, REDACTED, find_aadhaar_like, holds_aadhaar_shape, redact_aadhaar_like,
        replace_aadhaar_like,
    },
    udyam::Udyam,
};
