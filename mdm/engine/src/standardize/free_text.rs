//! Names, addresses, identifiers and keys: what is cleaned and never checked against a list. None lets an Aadhaar number through.

use std::borrow::Cow;

use kanak_model::entity_model::Attribute;
use kanak_model::kind::Kind;
use kanak_model::quality::QualityRule;

use super::contact::{spreadsheet_damage, without_decimal};
use super::redact::TwelveDigits;
use super::{Hint, Outcome, address as addresses, business, missing, name, redact};

/// Cleans one of these kinds. What is left may be a word for nothing once labels and marks are gone.
pub(super) fn clean(attribute: &Attribute, twelve_digits: TwelveDigits, text: Cow<'_, str>) -> Outcome {
    let kind = attribute.kind;
    let cleaned = match kind {
        Kind::PersonName => person_name(&attribute.name, &text),
        Kind::BusinessName => business_name(&text),
        Kind::Address => located(&text, addresses::clean_address),
        Kind::PlaceName => place_name(&text),
        Kind::Identifier => identifier(&text, twelve_digits),
        _ => return Outcome::Good(redact::redact_folded(text.into_owned())),
    };
    match cleaned {
        Outcome::Good(value) if missing::is_missing(kind, &value) => Outcome::Missing,
        other => other,
    }
}

/// A person's name as it is shown. Where the attribute is a relative's, `S/o` before the name belongs to the field, not the person.
fn person_name(attribute: &str, text: &str) -> Outcome {
    let parsed = name::parse_person_name(text);
    if !parsed.is_empty() {
        return Outcome::Good(parsed.display());
    }
    let of_relative = ["father", "mother", "spouse", "husband", "wife", "guardian", "relative"]
        .iter()
        .any(|word| attribute.contains(word));
    match parsed.relation {
        Some((_, relative)) if of_relative => Outcome::Good(redact::redact_folded(relative)),
        Some(_) => Outcome::bad(
            QualityRule::Kind,
            "the field names a relative and not the person; map it to the relative's attribute",
        ),
        None => Outcome::bad(QualityRule::Kind, "no word of a name in it; correct it at the source"),
    }
}

fn business_name(text: &str) -> Outcome {
    let clean = redact::redact_folded(business::parse_business_name(text).display());
    if clean.chars().any(char::is_alphanumeric) {
        Outcome::Good(clean)
    } else {
        Outcome::bad(QualityRule::Kind, "no word of a name in it; correct it at the source")
    }
}

fn place_name(text: &str) -> Outcome {
    match located(text, addresses::clean_place) {
        Outcome::Good(clean) if !clean.chars().any(char::is_alphanumeric) => {
            Outcome::bad(QualityRule::Kind, "no name of a place in it; correct it at the source")
        }
        other => other,
    }
}

/// An address or a place as `clean` has it. An Aadhaar number that stands across parts would come apart there and be found no
/// more, so that it is left out before.
fn located(text: &str, clean: fn(&str) -> String) -> Outcome {
    let Some(rest) = redact::without_aadhaar(text) else { return Outcome::Good(redact::redact_folded(clean(text))) };
    let clean = redact::redact_folded(clean(&rest));
    if clean.chars().any(char::is_alphanumeric) {
        Outcome::Good(clean)
    } else {
        Outcome::bad(QualityRule::Kind, "nothing but an Aadhaar number in it; correct it at the source")
    }
}

/// A number or word that an office issued: capitals, no spaces.
fn identifier(text: &str, twelve_digits: TwelveDigits) -> Outcome {
    if let Some(refused) = spreadsheet_damage(text) {
        return refused;
    }
    let text = text.trim_matches(['\'', '"', '`']);
    let whole = without_decimal(text);
    let text = if whole.bytes().all(|b| b.is_ascii_digit()) { whole } else { text };
    let tight: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect();
    let passes = || redact::holds_aadhaar(&tight) || tight != text && redact::holds_aadhaar(text);
    if twelve_digits == TwelveDigits::Aadhaar && passes() {
        return Outcome::bad(
            QualityRule::Kind,
            "this passes as an Aadhaar number; map the column as aadhaar, which only the vault keeps",
        );
    }
    Outcome::Good(tight)
}

/// A key of another register: `source_system:key`, the key as that register writes it.
pub(super) fn source_key(text: &str, hint: &Hint<'_>) -> Outcome {
    if hint.twelve_digits == TwelveDigits::Aadhaar && redact::holds_aadhaar(text) {
        return Outcome::bad(
            QualityRule::Kind,
            "this passes as an Aadhaar number; a key must not be one, ask the source for its own key",
        );
    }
    match hint.source {
        Some(source) if text.strip_prefix(source).is_some_and(|rest| rest.starts_with(':')) => {
            Outcome::Good(text.to_owned())
        }
        Some(source) => Outcome::Good(format!("{source}:{text}")),
        None if text.contains(':') => Outcome::Good(text.to_owned()),
        None => Outcome::bad(
            QualityRule::Kind,
            "no source system is named for this key; add `source = ..` to its [[column]]",
        ),
    }
}
