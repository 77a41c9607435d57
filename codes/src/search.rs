//! Search over codes and names: prefixes, whole words, words begun, and words with one slip of the finger.

use std::ops::Range;

use fst::{IntoStreamer as _, Streamer as _};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use crate::{
    concept::Concept,
    slips::{OneSlip, Takes},
    system::CodeSystem,
    table::{Column, Row, Table},
    text::for_each_word,
};

/// A concept that a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchHit<'a> {
    /// What was found.
    pub concept: Concept<'a>,
    /// Why.
    pub matched: Matched,
}

/// Why a concept fits a search, best reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Matched {
    /// Its code starts with the text.
    Code,
    /// Its names hold every word of the text, whole or begun.
    Words,
    /// Its names hold every word of the text but for a slip in one or more of them.
    Typo,
}

/// Rows weighed for one search at most. A search for a word that more rows hold ranks these only, so that its time is
/// bounded; any second word makes it exact again.
const CANDIDATES_MAX: usize = 10_000;
/// Longer texts are cut off here, and of the words only the first few that differ count: no name has more, and whoever may
/// ask must not be able to ask for minutes of work.
const TEXT_CHARACTERS_MAX: usize = 200;
const WORDS_MAX: usize = 8;
/// Words with fewer letters are not searched with slips: nearly every short word is a slip of another.
const TYPO_LETTERS_MIN: usize = 4;
/// Begun words with fewer letters are not searched with slips.
const TYPO_PREFIX_LETTERS_MIN: usize = 6;
/// Longer words are not searched with slips: no name has them.
const TYPO_LETTERS_MAX: usize = 32;

/// A word of the index, numbered in the order of the alphabet, so that the words with a common start are a range.
type Word = u32;

#[derive(Debug)]
pub(crate) struct SearchIndex {
    words: Column,
    automaton: fst::Map<Vec<u8>>,
    /// The rows of each word.
    rows: Lists,
    /// The words of each row.
    words_of: Lists,
    /// Rows in the order of their codes.
    by_code: Vec<Row>,
}

/// Lists of numbers end to end.
#[derive(Debug, Default)]
struct Lists {
    items: Vec<u32>,
    ends: Vec<u32>,
}

impl Lists {
    fn get(&self, index: u32) -> &[u32] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.items[start..self.ends[index] as usize]
    }
}

/// The words of the index that one word of the text may stand for.
struct Meanings {
    exact: Option<Word>,
    begun: Range<Word>,
    /// Sorted.
    slips: Vec<Word>,
}

impl Meanings {
    /// How well a word of the index fits; 0 is not at all.
    fn fit(&self, word: Word) -> u32 {
        if self.exact == Some(word) {
            4
        } else if self.begun.contains(&word) {
            2
        } else {
            u32::from(self.slips.binary_search(&word).is_ok())
        }
    }

    fn words(&self) -> impl Iterator<Item = Word> {
        let begun = self.begun.clone().filter(|word| self.exact != Some(*word));
        self.exact.into_iter().chain(begun).chain(self.slips.iter().copied())
    }
}

/// A row that fits, so that the better one is less: its fit over all words of the text, whether it is retired, its number of
/// words, itself.
type Weighed = (std::cmp::Reverse<u32>, bool, usize, Row);

impl SearchIndex {
    /// Indexes the names of a table in all languages and the properties of the given names.
    pub(crate) fn build(table: &Table, searched: &[String]) -> Self {
        let mut columns: Vec<&Column> = table.displays.iter().collect();
        columns.extend(searched.iter().filter_map(|name| table.find_property(name)));

        // Words are numbered as they come, then renumbered in the order of the alphabet.
        let mut numbers: FxHashMap<Box<str>, u32> = FxHashMap::default();
        let mut words_of = Lists::default();
        for row in 0..table.len() as Row {
            let start = words_of.items.len();
            for column in &columns {
                for_each_word(column.get(row), |word| {
                    let next = numbers.len() as u32;
                    let number = numbers.get(word).copied().unwrap_or_else(|| {
                        numbers.insert(word.into(), next);
                        next
                    });
                    if !words_of.items[start..].contains(&number) {
                        words_of.items.push(number);
                    }
                });
            }
            words_of.ends.push(words_of.items.len() as u32);
        }
        let mut sorted: Vec<(Box<str>, u32)> = numbers.into_iter().collect();
        sorted.sort_unstable();
        let mut renumbered = vec![0; sorted.len()];
        let mut words = Column::default();
        for (number, (word, old)) in sorted.iter().enumerate() {
            renumbered[*old as usize] = number as u32;
            words.push(word);
        }
        words_of.items.iter_mut().for_each(|word| *word = renumbered[*word as usize]);
        let automaton =
            fst::Map::from_iter(sorted.iter().zip(0u64..).map(|((word, _), number)| (word.as_bytes(), number)))
                .expect("the words are sorted and differ");

        let mut by_code: Vec<Row> = (0..table.len() as Row).collect();
        by_code.sort_unstable_by_key(|&row| table.codes.get(row));
        Self { rows: transpose(&words_of, sorted.len()), words, automaton, words_of, by_code }
    }

    pub(crate) fn search<'a>(&self, system: &'a CodeSystem, text: &str, limit: usize) -> Vec<SearchHit<'a>> {
        let mut found = FxHashSet::default();
        let mut hits = Vec::new();
        let mut take = |rows: Vec<Row>, matched: Matched| {
            for row in rows {
                if hits.len() < limit && found.insert(row) {
                    hits.push(SearchHit { concept: system.concept(row), matched });
                }
            }
            hits.len() < limit
        };
        let text = beginning(text.trim());
        if text.is_empty() || !take(self.rows_by_code(system, text, limit), Matched::Code) {
            return hits;
        }
        let words = words_of(text);
        if words.is_empty() {
            return hits;
        }
        let mut meanings: Vec<_> = words.iter().map(|word| self.meanings(word)).collect();
        if !take(self.rows_by_words(system.table(), &meanings, limit), Matched::Words) {
            return hits;
        }
        // A word that the index knows is held to be right as long as slips in the others are enough to find something.
        let (known, unknown): (Vec<_>, Vec<_>) = (0..words.len()).partition(|&at| !meanings[at].begun.is_empty());
        for group in [unknown, known] {
            if group.is_empty() {
                continue;
            }
            for at in group {
                self.add_slips(&words[at], &mut meanings[at]);
            }
            // Twice as many, for some of these rows may have been found already.
            let rows = self.rows_by_words(system.table(), &meanings, limit.saturating_mul(2));
            if !rows.is_empty() {
                take(rows, Matched::Typo);
                break;
            }
        }
        hits
    }

    fn rows_by_code(&self, system: &CodeSystem, text: &str, limit: usize) -> Vec<Row> {
        let table = system.table();
        let prefix = system.fold(text);
        let from = self.by_code.partition_point(|&row| table.codes.get(row) < prefix.as_ref());
        let rows = self.by_code[from..].iter().copied();
        rows.take(limit).take_while(|&row| table.codes.get(row).starts_with(prefix.as_ref())).collect()
    }

    fn meanings(&self, word: &str) -> Meanings {
        let from = self.first_word_where(0, |known| known >= word);
        let to = self.first_word_where(from, |known| !known.starts_with(word));
        let exact = (from < to && self.words.get(from) == word).then_some(from);
        Meanings { exact, begun: from..to, slips: Vec::new() }
    }

    /// The first word at or after `from` of which `holds` is true; it must be true of all words after that one.
    fn first_word_where(&self, from: Word, holds: impl Fn(&str) -> bool) -> Word {
        let (mut low, mut high) = (from, self.rows.ends.len() as Word);
        while low < high {
            let middle = low.midpoint(high);
            if holds(self.words.get(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// Adds the words that differ from `word` by one letter wrong, missing, added or swapped with its neighbour.
    fn add_slips(&self, word: &str, meanings: &mut Meanings) {
        let letters: Vec<char> = word.chars().collect();
        if !(TYPO_LETTERS_MIN..=TYPO_LETTERS_MAX).contains(&letters.len()) {
            return;
        }
        let takes = if letters.len() < TYPO_PREFIX_LETTERS_MIN { Takes::Words } else { Takes::Beginnings };
        let mut slips = Vec::new();
        let mut stream = self.automaton.search(OneSlip::of(&letters, takes)).into_stream();
        while let Some((_, number)) = stream.next() {
            slips.push(number as Word);
        }
        slips.retain(|slip| !meanings.begun.contains(slip));
        meanings.slips = slips;
    }

    /// The rows that fit every word, best first.
    fn rows_by_words(&self, table: &Table, meanings: &[Meanings], limit: usize) -> Vec<Row> {
        let count = |meanings: &Meanings| meanings.words().map(|word| self.rows.get(word).len()).sum::<usize>();
        let Some(rarest) = meanings.iter().min_by_key(|&meanings| count(meanings)) else { return Vec::new() };
        let candidates = rarest.words().flat_map(|word| self.rows.get(word)).take(CANDIDATES_MAX);
        let mut weighed: Vec<Weighed> = candidates.filter_map(|&row| self.weigh(table, row, meanings)).collect();
        if rarest.words().nth(1).is_some() {
            // A row may hold several meanings of a word; it then stands here as often.
            let mut seen = FxHashSet::default();
            weighed.retain(|(_, _, _, row)| seen.insert(*row));
        }
        if weighed.len() > limit && limit > 0 {
            weighed.select_nth_unstable(limit - 1);
        }
        weighed.truncate(limit);
        weighed.sort_unstable();
        weighed.into_iter().map(|(_, _, _, row)| row).collect()
    }

    fn weigh(&self, table: &Table, row: Row, meanings: &[Meanings]) -> Option<Weighed> {
        let words = self.words_of.get(row);
        let mut total = 0;
        for meanings in meanings {
            match words.iter().map(|&word| meanings.fit(word)).max() {
                None | Some(0) => return None,
                Some(fit) => total += fit,
            }
        }
        Some((std::cmp::Reverse(total), table.is_retired(row), words.len(), row))
    }
}

/// As much of a text as is searched for.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARACTERS_MAX).map_or(text, |(end, _)| &text[..end])
}

/// The different words of a text, in order, as many as are searched for.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for_each_word(text, |word| {
        if words.len() < WORDS_MAX && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    });
    words
}

/// From the words of each row to the rows of each word.
fn transpose(words_of: &Lists, words: usize) -> Lists {
    let mut ends = vec![0u32; words];
    words_of.items.iter().for_each(|&word| ends[word as usize] += 1);
    let mut total = 0;
    let mut next: Vec<u32> = Vec::with_capacity(words);
    for end in &mut ends {
        next.push(total);
        total += *end;
        *end = total;
    }
    let mut items = vec![0; words_of.items.len()];
    for row in 0..words_of.ends.len() as Row {
        for &word in words_of.get(row) {
            items[next[word as usize] as usize] = row;
            next[word as usize] += 1;
        }
    }
    Lists { items, ends }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_searched_for_by_its_first_few_different_words() {
        assert_eq!(words_of("b B, b"), ["b"]);
        assert_eq!(words_of("a b c d e f g h i"), ["a", "b", "c", "d", "e", "f", "g", "h"]);
        assert_eq!(beginning(&"ਕ".repeat(201)), "ਕ".repeat(200));
        assert_eq!(beginning("ਕ"), "ਕ");
    }
}
