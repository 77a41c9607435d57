//! Words that differ from a typed one by one slip: a letter wrong, missing or added, or two neighbours swapped.

use fst::Automaton;

/// Accepts the words within one slip of a word, or, when it takes beginnings, everything that starts with one.
///
/// It runs as a set of positions in the typed word, a bit each, so that making one costs nothing and a step is a
/// handful of operations. It reads UTF-8 and counts letters, not bytes.
///
/// Source: Wu and Manber, "Fast text searching allowing errors", CACM 35 (1992); the swap is from Damerau.
#[derive(Debug)]
pub(crate) struct OneSlip<'a> {
    letters: &'a [char],
    takes: Takes,
}

/// What must be within one slip of the typed word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// The whole of a word.
    Words,
    /// The beginning of a word.
    Beginnings,
}

/// Where the reading of a word stands. Bit `i` of a set means that the first `i` typed letters are accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Positions {
    without_slip: u64,
    with_slip: u64,
    /// The second of two swapped letters has been read at `i`, the first is to come.
    in_swap: u64,
    /// The code point of a letter that has not been read in full, and how many of its bytes are missing.
    letter: u32,
    bytes_missing: u8,
    has_begun_a_match: bool,
}

impl<'a> OneSlip<'a> {
    /// The longest word that fits the sets of positions.
    pub(crate) const LETTERS_MAX: usize = 62;

    /// For a word of at most [`Self::LETTERS_MAX`] letters.
    pub(crate) fn of(letters: &'a [char], takes: Takes) -> Self {
        assert!(letters.len() <= Self::LETTERS_MAX, "a word of {} letters does not fit", letters.len());
        Self { letters, takes }
    }

    fn is_whole(&self, positions: Positions) -> bool {
        (positions.without_slip | positions.with_slip) >> self.letters.len() & 1 == 1
    }

    fn read(&self, positions: Positions, letter: u32) -> Positions {
        let here =
            self.letters.iter().enumerate().fold(0u64, |set, (at, &own)| set | u64::from(own as u32 == letter) << at);
        let Positions { without_slip, with_slip, in_swap, .. } = positions;
        let matched = (without_slip & here) << 1;
        let wrong_or_added = without_slip << 1 | without_slip;
        let missing = matched << 1;
        let within = (1u64 << (self.letters.len() + 1)) - 1;
        let next = Positions {
            without_slip: matched & within,
            with_slip: ((with_slip & here) << 1 | wrong_or_added | missing | (in_swap & here) << 2) & within,
            in_swap: without_slip & (here >> 1),
            letter: 0,
            bytes_missing: 0,
            has_begun_a_match: positions.has_begun_a_match,
        };
        Positions { has_begun_a_match: next.has_begun_a_match || self.is_whole(next), ..next }
    }
}

impl Automaton for OneSlip<'_> {
    type State = Positions;

    fn start(&self) -> Positions {
        let start = Positions {
            without_slip: 1,
            with_slip: 2,
            in_swap: 0,
            letter: 0,
            bytes_missing: 0,
            has_begun_a_match: false,
        };
        Positions { has_begun_a_match: self.is_whole(start), ..start }
    }

    fn is_match(&self, state: &Positions) -> bool {
        match self.takes {
            Takes::Words => state.bytes_missing == 0 && self.is_whole(*state),
            Takes::Beginnings => state.has_begun_a_match,
        }
    }

    fn can_match(&self, state: &Positions) -> bool {
        self.will_always_match(state) || state.without_slip | state.with_slip | state.in_swap != 0
    }

    fn will_always_match(&self, state: &Positions) -> bool {
        self.takes == Takes::Beginnings && state.has_begun_a_match
    }

    fn accept(&self, state: &Positions, byte: u8) -> Positions {
        let (letter, bytes_missing) = match byte {
            0..0x80 => (u32::from(byte), 0),
            0x80..0xC0 => (state.letter << 6 | u32::from(byte & 0x3F), state.bytes_missing - 1),
            0xC0..0xE0 => (u32::from(byte & 0x1F), 1),
            0xE0..0xF0 => (u32::from(byte & 0x0F), 2),
            0xF0.. => (u32::from(byte & 0x07), 3),
        };
        if bytes_missing == 0 { self.read(*state, letter) } else { Positions { letter, bytes_missing, ..*state } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepts(takes: Takes, typed: &[char], word: &str) -> bool {
        let automaton = OneSlip::of(typed, takes);
        let end = word.bytes().fold(automaton.start(), |state, byte| automaton.accept(&state, byte));
        assert!(automaton.can_match(&end) || !automaton.is_match(&end));
        automaton.is_match(&end)
    }

    /// At most one edit between the two, by trying every edit of one.
    fn is_one_slip(typed: &[char], word: &[char]) -> bool {
        let mut edits = vec![typed.to_vec()];
        for at in 0..=typed.len() {
            if at < typed.len() {
                edits.push([&typed[..at], &typed[at + 1..]].concat());
                edits.extend(word.iter().map(|&letter| [&typed[..at], &[letter], &typed[at + 1..]].concat()));
            }
            if at + 1 < typed.len() {
                edits.push([&typed[..at], &[typed[at + 1], typed[at]], &typed[at + 2..]].concat());
            }
            edits.extend(word.iter().map(|&letter| [&typed[..at], &[letter], &typed[at..]].concat()));
        }
        edits.iter().any(|edit| edit == word)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn it_accepts_what_trying_every_edit_accepts(typed in "[abਕਖ]{0,6}", word in "[abਕਖ]{0,7}") {
            let typed: Vec<char> = typed.chars().collect();
            let letters: Vec<char> = word.chars().collect();
            prop_assert_eq!(accepts(Takes::Words, &typed, &word), is_one_slip(&typed, &letters));
            let begins = (0..=letters.len()).any(|end| is_one_slip(&typed, &letters[..end]));
            prop_assert_eq!(accepts(Takes::Beginnings, &typed, &word), begins);
        }
    }

    #[test]
    fn the_longest_word_fits() {
        let typed = vec!['a'; OneSlip::LETTERS_MAX];
        assert!(accepts(Takes::Words, &typed, &"a".repeat(OneSlip::LETTERS_MAX + 1)));
        assert!(!accepts(Takes::Words, &typed, &"a".repeat(OneSlip::LETTERS_MAX + 2)));
    }
}
