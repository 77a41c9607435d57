//! Finding Aadhaar numbers in free text, and taking them out of it.

use std::ops::Range;

use super::aadhaar::check;
use crate::text::digit;

/// Digits of a number.
const LENGTH: usize = 12;
/// Characters that may stand between two groups of a number: a dash of two strokes with a space on either side.
const GAP_MAX: usize = 4;

/// The byte ranges of a text that hold an Aadhaar number, in order: twelve digits that obey every rule of
/// [`super::Aadhaar`], in a row or in groups of one length (1, 2, 3, 4 or 6; of 4 and 8 in any order), with up to four
/// characters between two groups that are neither letters nor digits. Digits may be ASCII, Gurmukhi or Devanagari.
///
/// A longer row of digits holds none, and neither do groups of other lengths, in which telephone numbers, times and amounts
/// are written. About eight in a hundred random twelve-digit numbers obey the rules, so a hit is a reason to mask, not a
/// proof.
///
/// ```
/// use kanak_codes::identifiers::find_aadhaar_like;
/// assert_eq!(find_aadhaar_like("no. 2341 2341 2346, paid"), [4..18]);
/// assert_eq!(find_aadhaar_like("no. 23/41/23/41/23/46, paid"), [4..21]);
/// ```
pub fn find_aadhaar_like(text: &str) -> Vec<Range<usize>> {
    find(text, |digits| check(digits).is_ok())
}

/// Whether a text holds twelve digits as an Aadhaar number may be written, whatever its last digit, which alone tells such a
/// number from another.
///
/// ```
/// use kanak_codes::identifiers::holds_aadhaar_shape;
/// assert!(holds_aadhaar_shape("2341/2341/2340") && !holds_aadhaar_shape("1341/2341/2346"));
/// ```
pub fn holds_aadhaar_shape(text: &str) -> bool {
    !find(text, |digits| digits[0] >= b'2').is_empty()
}

fn find(text: &str, passes: fn(&[u8; LENGTH]) -> bool) -> Vec<Range<usize>> {
    if text.len() < LENGTH || text.chars().filter(|character| digit(*character).is_some()).count() < LENGTH {
        return Vec::new();
    }
    let mut search = AadhaarSearch::of(passes);
    let mut found: Vec<Range<usize>> =
        text.chars().filter_map(|character| search.push(character)).map(|found| found.bytes).collect();
    found.extend(search.end().map(|found| found.bytes));
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
    replace_aadhaar_like(text, REDACTED)
}

/// The same with other words in the place of every number.
pub fn replace_aadhaar_like(text: &str, words: &str) -> Option<String> {
    let found = find_aadhaar_like(text);
    let mut clean = String::with_capacity(text.len());
    let mut from = 0;
    for range in &found {
        clean.push_str(&text[from..range.start]);
        clean.push_str(words);
        from = range.end;
    }
    clean.push_str(&text[from..]);
    (!found.is_empty()).then_some(clean)
}

/// [`find_aadhaar_like`] for texts that do not fit in memory, character by character.
///
/// ```
/// use kanak_codes::identifiers::AadhaarSearch;
/// let mut search = AadhaarSearch::new();
/// assert!("no. 2341/2341/2346".chars().all(|character| search.push(character).is_none()));
/// assert_eq!(search.end().unwrap().digits, *b"234123412346");
/// ```
#[derive(Debug, Clone)]
pub struct AadhaarSearch {
    passes: fn(&[u8; LENGTH]) -> bool,
    /// The last runs that may begin a number; at most twelve.
    runs: Vec<Run>,
    /// Bytes read.
    at: usize,
    /// Characters since the last run; 0 while it goes on.
    gap: usize,
    has_colon: bool,
}

/// What a search came upon.
#[derive(Clone, PartialEq, Eq)]
pub struct FoundAadhaar {
    /// Where it stands among all bytes read, counted in UTF-8.
    pub bytes: Range<usize>,
    /// Its digits, in ASCII. Never log, store or show them.
    pub digits: [u8; LENGTH],
}

/// Digits that stand together.
#[derive(Clone)]
struct Run {
    bytes: Range<usize>,
    digits: [u8; LENGTH],
    /// How many digits; one beyond twelve is enough to know that they are part of no number.
    length: usize,
    /// Whether a colon parts them from the run before.
    after_colon: bool,
}

impl std::fmt::Debug for FoundAadhaar {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FoundAadhaar({:?})", self.bytes)
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Run({:?})", self.bytes)
    }
}

impl Default for AadhaarSearch {
    fn default() -> Self {
        Self::new()
    }
}

impl AadhaarSearch {
    /// A search at the start of a text.
    pub fn new() -> Self {
        Self::of(|digits| check(digits).is_ok())
    }

    fn of(passes: fn(&[u8; LENGTH]) -> bool) -> Self {
        Self { passes, runs: Vec::new(), at: 0, gap: 0, has_colon: false }
    }

    /// Reads the next character. What it gives ended just before that character.
    pub fn push(&mut self, character: char) -> Option<FoundAadhaar> {
        let start = self.at;
        self.at += character.len_utf8();
        if let Some(digit) = digit(character) {
            self.push_digit(digit, start..self.at);
            return None;
        }
        if self.runs.is_empty() {
            return None;
        }
        let found = if self.gap == 0 { self.close() } else { None };
        self.gap += 1;
        self.has_colon |= character == ':';
        if character.is_alphanumeric() || self.gap > GAP_MAX {
            self.runs.clear();
        }
        found
    }

    /// Reads the end of the text. The next character begins another.
    pub fn end(&mut self) -> Option<FoundAadhaar> {
        let found = if self.gap == 0 { self.close() } else { None };
        self.runs.clear();
        found
    }

    fn push_digit(&mut self, digit: u8, bytes: Range<usize>) {
        if self.gap > 0 || self.runs.is_empty() {
            if self.runs.len() == LENGTH {
                self.runs.remove(0);
            }
            let after_colon = self.has_colon;
            self.runs.push(Run { bytes: bytes.clone(), digits: [0; LENGTH], length: 0, after_colon });
            (self.gap, self.has_colon) = (0, false);
        }
        if let Some(run) = self.runs.last_mut() {
            run.bytes.end = bytes.end;
            if let Some(place) = run.digits.get_mut(run.length) {
                *place = digit;
            }
            run.length = (run.length + 1).min(LENGTH + 1);
        }
    }

    /// The number that the last run ends.
    fn close(&mut self) -> Option<FoundAadhaar> {
        let mut length = 0;
        let from = self.runs.iter().rposition(|run| {
            length += run.length;
            length >= LENGTH
        })?;
        let groups = &self.runs[from..];
        if length != LENGTH || !are_groups(groups) {
            return None;
        }
        let mut digits = [0; LENGTH];
        let all = groups.iter().flat_map(|run| &run.digits[..run.length]);
        digits.iter_mut().zip(all).for_each(|(place, digit)| *place = *digit);
        if !(self.passes)(&digits) {
            return None;
        }
        let bytes = groups[0].bytes.start..groups[groups.len() - 1].bytes.end;
        self.runs.clear();
        Some(FoundAadhaar { bytes, digits })
    }
}

/// Whether twelve digits are grouped as a number may be.
fn are_groups(groups: &[Run]) -> bool {
    let first = groups[0].length;
    let are_alike = groups.iter().all(|run| run.length == first);
    let are_fours = groups.iter().all(|run| matches!(run.length, 4 | 8));
    (are_alike || are_fours) && !is_date_and_time(groups)
}

/// Whether six groups of two are a day and a time, of which the colons tell: `25/01/24 10:30:45`.
fn is_date_and_time(groups: &[Run]) -> bool {
    let colons = groups[1..].iter().filter(|run| run.after_colon).count();
    groups.len() == 6 && (1..5).contains(&colons)
}
