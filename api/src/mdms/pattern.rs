//! Patterns that callers send: searched in time that grows with the text, and refused where they would grow large.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

/// Longer patterns are not read.
const BYTES_MAX: usize = 256;

/// As large may a pattern become when it is made ready; repetitions such as `(a{100}){100}` become larger.
const READY_BYTES_MAX: usize = 256 * 1024;

/// As deep may groups stand in groups.
const DEPTH_MAX: u32 = 20;

/// One call may hold as many patterns at most.
pub(super) const PATTERNS_MAX: usize = 16;

/// A regular expression without look-around and without references back.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Regex);

/// Whether large and small letters differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// `a` is not `A`.
    Differ,
    /// `a` is `A`.
    AreOne,
}

impl Pattern {
    /// Reads a pattern that is to be found anywhere in a text.
    ///
    /// # Errors
    /// What to change where it is too long, grows too large or is no pattern.
    pub(super) fn anywhere(text: &str, letters: Letters) -> Result<Self, String> {
        if text.len() > BYTES_MAX {
            return Err(format!("has a pattern of more than {BYTES_MAX} bytes; send a shorter one"));
        }
        let read = build(text, letters).map_err(|_| {
            "has a pattern that is not understood or grows too large; send one without look-around, references back and large repetitions"
        })?;
        Ok(Self(read))
    }

    /// Reads a pattern that is to cover a text from its beginning to its end.
    ///
    /// # Errors
    /// As [`Self::anywhere`].
    pub(super) fn whole(text: &str, letters: Letters) -> Result<Self, String> {
        // On its own first: `a)|(b` is no pattern, and would become one between parentheses.
        Self::anywhere(text, letters)?;
        let read = build(&format!("^(?:{text})$"), letters);
        read.map(Self).map_err(|_| "has a pattern that grows too large; send a shorter one".to_owned())
    }

    /// Whether a text, a number or a truth value is as the pattern says; nothing else ever is.
    pub(super) fn fits(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.0.is_match(text),
            Value::Number(_) | Value::Bool(_) => self.0.is_match(&value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        }
    }
}

fn build(text: &str, letters: Letters) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .case_insensitive(letters == Letters::AreOne)
        .size_limit(READY_BYTES_MAX)
        .dfa_size_limit(READY_BYTES_MAX)
        .nest_limit(DEPTH_MAX)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_a_text_or_is_found_in_it() {
        let light = Value::from("Street Lights");
        let whole = |text: &str| Pattern::whole(text, Letters::Differ).unwrap().fits(&light);
        let anywhere = |text: &str| Pattern::anywhere(text, Letters::AreOne).unwrap().fits(&light);
        assert!(whole("Street.*") && whole("Water|Street Lights") && whole("Street|Street Lights"));
        assert!(!whole("Street") && !whole("street.*"));
        assert!(anywhere("^street") && anywhere("LIGHT") && !anywhere("^light"));
        let number = Pattern::whole("9[0-9]", Letters::Differ).unwrap();
        assert!(number.fits(&96.into()) && !number.fits(&Value::Null));
    }

    #[test]
    fn patterns_that_grow_or_are_none_are_refused() {
        let long = "x".repeat(BYTES_MAX + 1);
        let deep = format!("{}a{}", "(".repeat(50), ")".repeat(50));
        for text in ["(a{1000}){1000}", "a(?=b)", r"(a)\1", "a)|(b", "[", &long, &deep] {
            assert!(Pattern::anywhere(text, Letters::Differ).is_err(), "{text}");
            assert!(Pattern::whole(text, Letters::Differ).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_that_is_slow_elsewhere_is_answered_at_once() {
        let slow = Pattern::whole("(a+)+b", Letters::Differ).unwrap();
        assert!(!slow.fits(&Value::from("a".repeat(5_000))));
    }
}
