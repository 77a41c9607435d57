//! Numbers by which people and firms are reached and identified, through the checked identifiers.

use kanak_codes::identifiers::{Aadhaar, BrokenRule, IdentifierError, Mobile, Pin, Udyam};
use kanak_model::quality::QualityRule;

use super::{Outcome, redact};

/// An identifier that its own type reads; spaces, hyphens and a spreadsheet's apostrophe are taken out first.
pub(super) fn checked(text: &str, parse: impl Fn(&str) -> Result<String, IdentifierError>) -> Outcome {
    if let Some(refused) = spreadsheet_damage(text) {
        return refused;
    }
    let tight: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\'' | '"' | '`')).collect();
    parse(&tight).map_or_else(|error| refuse(&error), Outcome::Good)
}

/// Udyam numbers keep their hyphens; where they were left out they are put back.
pub(super) fn udyam(text: &str) -> Outcome {
    let upper: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let hyphened = match upper.len() {
        16 if upper.starts_with("UDYAM") => format!("UDYAM-{}-{}-{}", &upper[5..7], &upper[7..9], &upper[9..]),
        _ => text.to_owned(),
    };
    Udyam::parse(&hyphened).map_or_else(|error| refuse(&error), |id| Outcome::Good(id.as_str().to_owned()))
}

/// A mobile number; of several in one field the first that is one.
pub(super) fn mobile(text: &str) -> Outcome {
    if let Some(refused) = spreadsheet_damage(text) {
        return refused;
    }
    let text = without_decimal(text).trim_matches(['\'', '"', '`']);
    match Mobile::parse(text) {
        Ok(mobile) => Outcome::Good(mobile.as_str().to_owned()),
        Err(error) => text
            .split([',', '/', ';', '&', '|'])
            .find_map(|part| Mobile::parse(part.trim()).ok())
            .map_or_else(|| refuse(&error), |mobile| Outcome::Good(mobile.as_str().to_owned())),
    }
}

/// The twelve digits, for the vault alone.
pub(super) fn aadhaar(text: &str) -> Outcome {
    if let Some(refused) = spreadsheet_damage(text) {
        return refused;
    }
    let text = without_decimal(text).trim_matches(['\'', '"', '`']);
    if text.contains(['X', 'x', '*']) {
        return Outcome::bad(
            QualityRule::Kind,
            "a masked Aadhaar number identifies nobody; ask the source for the whole number or leave it out",
        );
    }
    Aadhaar::parse(text).map_or_else(|error| refuse(&error), |number| Outcome::Good(number.expose().to_owned()))
}

/// A PIN, perhaps with the word before it.
pub(super) fn pin(text: &str) -> Outcome {
    let text = without_decimal(text);
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_end_matches('.');
    Pin::parse(digits).map_or_else(|error| refuse(&error), |pin| Outcome::Good(pin.as_str().to_owned()))
}

/// An e-mail address in lower case.
pub(super) fn email(text: &str) -> Outcome {
    let text = text.trim_matches(['<', '>', '"', '\'', ',', ';', '.']).trim_start_matches("mailto:").to_lowercase();
    let good = text.split_once('@').is_some_and(|(user, domain)| {
        let host = domain.rsplit_once('.').is_some_and(|(host, top)| {
            top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic()) && !host.is_empty() && !host.starts_with('.')
        });
        let plain = |part: &str, extra: &str| part.chars().all(|c| c.is_alphanumeric() || extra.contains(c));
        !user.is_empty() && host && plain(user, "._%+-'&~#") && plain(domain, ".-") && !domain.contains("..")
    });
    if redact::holds_aadhaar(&text) {
        Outcome::bad(QualityRule::Kind, "this passes as an Aadhaar number, which only the vault keeps; leave it out")
    } else if good && text.len() <= 254 {
        Outcome::Good(text)
    } else {
        Outcome::bad(QualityRule::Kind, "not an e-mail address; one looks like name@example.org, and a field holds one")
    }
}

/// `9814012345.0`: what a spreadsheet makes of a number kept as one.
pub(super) fn without_decimal(text: &str) -> &str {
    text.strip_suffix(".0").or_else(|| text.strip_suffix(".00")).unwrap_or(text)
}

/// `9.81401E+09`: the digits are lost.
pub(super) fn spreadsheet_damage(text: &str) -> Option<Outcome> {
    let (mantissa, exponent) = text.split_once(['E', 'e'])?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let damaged = mantissa.contains('.') && is_number(mantissa) && is_number(exponent.trim_start_matches('+'));
    damaged.then(|| Outcome::bad(QualityRule::Kind, "a spreadsheet shortened this number; export the column as text"))
}

fn refuse(error: &IdentifierError) -> Outcome {
    let rule = if error.rule == BrokenRule::CheckDigit { QualityRule::Checksum } else { QualityRule::Kind };
    Outcome::bad(rule, format!("{error}; correct it at the source or leave it out"))
}
