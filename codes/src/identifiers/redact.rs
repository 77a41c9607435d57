//! Finding Aadhaar numbers in free text, and taking them out of it.

use std::ops::Range;

use super::aadhaar::check;
use crate::text::digit;

/// Digits that stand together.
struct Run {
    bytes: Range<usize>,
    digits: Vec<u8>,
}

/// The byte ranges of a text that hold an Aadhaar number, in order: twelve digits in a row, or three groups of four
/// parted by one space or hyphen each, that obey every rule of [`super::Aadhaar`]. Digits may be ASCII, Gurmukhi or
/// Devanagari.
///
/// A longer row of digits holds none. About eight in a hundred random twelve-digit numbers obey the rules, so a hit is a
/// reason to mask, not a proof.
///
/// ```
/// use kanak_codes::identifiers::find_aadhaar_like;
/// assert_eq!(find_aadhaar_like("no. 2341 2341 2346, paid"), [4..18]);
/// ```
pub fn find_aadhaar_like(text: &str) -> Vec<Range<usize>> {
    let runs = digit_runs(text);
    let mut found = Vec::new();
    let mut index = 0;
    while index < runs.len() {
        let groups = [12, 4].into_iter().find_map(|length| group(text, &runs[index..], length));
        match groups {
            Some(count) => {
                found.push(runs[index].bytes.start..runs[index + count - 1].bytes.end);
                index += count;
            }
            None => index += 1,
        }
    }
    found
}

/// What stands where an Aadhaar number was.
pub const REDACTED: &str = "[Aadhaar removed]";

/// A text with [`REDACTED`] in the place of every number that [`find_aadhaar_like`] finds; none when there is no number.
///
/// ```
/// use kanak_codes::identifiers::redact_aadhaar_like;
/// assert_eq!(redact_aadhaar_like("request 234123412346").as_deref(), Some("request [Aadhaar removed]"));
/// assert_eq!(redact_aadhaar_like("request 7"), None);
/// ```
pub fn redact_aadhaar_like(text: &str) -> Option<String> {
    let found = find_aadhaar_like(text);
    let mut clean = String::with_capacity(text.len());
    let mut from = 0;
    for range in &found {
        clean.push_str(&text[from..range.start]);
        clean.push_str(REDACTED);
        from = range.end;
    }
    clean.push_str(&text[from..]);
    (!found.is_empty()).then_some(clean)
}

/// How many runs make up a number at the start of `runs`, each of `length` digits and one separator from the next.
fn group(text: &str, runs: &[Run], length: usize) -> Option<usize> {
    let count = 12 / length;
    let runs = runs.get(..count)?;
    let apart = runs.windows(2).all(|pair| is_separator(&text[pair[0].bytes.end..pair[1].bytes.start]));
    if !apart || runs.iter().any(|run| run.digits.len() != length) {
        return None;
    }
    let digits: Vec<u8> = runs.iter().flat_map(|run| &run.digits).copied().collect();
    let digits: &[u8; 12] = digits.as_slice().try_into().ok()?;
    check(digits).is_ok().then_some(count)
}

fn is_separator(text: &str) -> bool {
    matches!(text, " " | "-" | "\u{00A0}" | "\u{2010}" | "\u{2011}" | "\u{2012}" | "\u{2013}")
}

fn digit_runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, character) in text.char_indices() {
        let Some(digit) = digit(character) else { continue };
        let end = at + character.len_utf8();
        match runs.last_mut().filter(|run| run.bytes.end == at) {
            Some(run) => {
                run.bytes.end = end;
                run.digits.push(digit);
            }
            None => runs.push(Run { bytes: at..end, digits: vec![digit] }),
        }
    }
    runs
}
