//! Search over codes and names: prefixes, whole words, words begun, aliases of places, and words with one slip of the finger.

use std::{collections::BTreeSet, ops::Range};

use fst::{IntoStreamer as _, Streamer as _};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use crate::{
    aliases::{AliasHit, AliasIndex, Fit},
    bits::Bits,
    concept::Concept,
    slips::{OneSlip, Takes},
    sounds::sound_of,
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
    /// The alias that fits the text, of a concept that is found by one.
    pub alias: Option<&'a str>,
}

/// Why a concept fits a search, best reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Matched {
    /// Its code starts with the text.
    Code,
    /// Its names hold every word of the text, whole or begun.
    Words,
    /// One of its aliases holds every word of the text, whole or begun, or begins with the text: an old name of a place or another
    /// spelling. An alias that is the text comes before names of which a word is only begun.
    Alias,
    /// Its names hold every word of the text but for a slip in one or more of them.
    Typo,
    /// Its Punjabi or Hindi names sound like every word of the text, which is in Latin letters, and nothing else was found.
    Sound,
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
/// Among several words, none of whose rows fit them all, words with as many letters are searched with one letter missing: `twn`
/// for `town`.
const MISSING_LETTERS_MIN: usize = 3;
/// Longer words are not searched with slips: no name has them.
const TYPO_LETTERS_MAX: usize = 32;

/// The place of a row where all else is equal: active concepts before retired ones, short names before long ones.
type Rank = u32;

/// A word of the index, numbered in the order of the alphabet, so that the words with a common start are a range.
type Word = u32;

#[derive(Debug)]
pub(crate) struct SearchIndex {
    words: Column,
    automaton: fst::Map<Vec<u8>>,
    by_rank: Vec<Row>,
    /// The ranks of the rows of each word, least first.
    ranks: Lists,
    /// The words of the row of each rank.
    words_of: Lists,
    /// The ranks of the rows whose Punjabi or Hindi names have a word of this sound, least first.
    sounds: FxHashMap<String, Vec<Rank>>,
    /// Rows in the order of their codes.
    by_code: Vec<Row>,
    /// Of code systems whose concepts have aliases.
    aliases: Option<AliasIndex>,
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

/// What the words of a text find without slips.
#[derive(Clone, Copy)]
enum Found {
    Nothing,
    Rows,
}

/// A row that fits, so that the better one is less: its fit over all words of the text, its rank.
type Weighed = (std::cmp::Reverse<u32>, Rank);

impl SearchIndex {
    /// Indexes the names of a table in all languages, the properties of the given names, and the aliases of the code system's name.
    pub(crate) fn build(table: &Table, system: &str, searched: &[String]) -> Self {
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

        let rows = 0..table.len() as Row;
        let mut by_rank: Vec<Row> = rows.clone().collect();
        by_rank.sort_by_cached_key(|&row| (table.is_retired(row), words_of.get(row).len()));
        let mut of_ranks = Lists::default();
        for &row in &by_rank {
            of_ranks.items.extend_from_slice(words_of.get(row));
            of_ranks.ends.push(of_ranks.items.len() as u32);
        }
        let sounds = index_sounds(table, &by_rank);
        let mut by_code: Vec<Row> = rows.collect();
        by_code.sort_unstable_by_key(|&row| table.codes.get(row));
        Self {
            ranks: transpose(&of_ranks, sorted.len()),
            words,
            automaton,
            by_rank,
            words_of: of_ranks,
            sounds,
            by_code,
            aliases: AliasIndex::build(table, system),
        }
    }

    pub(crate) fn search<'a>(&self, system: &'a CodeSystem, text: &str, limit: usize) -> Vec<SearchHit<'a>> {
        let mut found = FxHashSet::default();
        let mut hits = Vec::new();
        let mut take = |rows: &mut dyn Iterator<Item = (Row, Option<&'static str>)>, matched: Matched| {
            for (row, alias) in rows {
                if hits.len() < limit && found.insert(row) {
                    hits.push(SearchHit { concept: system.concept(row), matched, alias });
                }
            }
            hits.len() < limit
        };
        let text = beginning(text.trim());
        if text.is_empty() {
            return hits;
        }
        if !take(&mut self.rows_by_code(system, text, limit).into_iter().map(unaliased), Matched::Code) {
            return hits;
        }
        let words = words_of(text);
        if words.is_empty() {
            return hits;
        }
        let mut meanings: Vec<_> = words.iter().map(|word| self.meanings(word)).collect();
        let ranks = self.ranks_by_meanings(&meanings, limit);
        let aliases = self.aliases_of(text, &words);
        let is_nothing = ranks.is_empty() && aliases.is_empty();
        let least = letters_min(&words, if is_nothing { Found::Nothing } else { Found::Rows });
        let (whole, begun): (Vec<Rank>, Vec<Rank>) =
            ranks.into_iter().partition(|rank| self.holds_whole_words(*rank, &meanings));
        for (fit, ranks) in [(Fit::Whole, whole), (Fit::Begun, begun)] {
            let fitting = aliases.iter().filter(|alias| alias.fit == fit);
            if !take(&mut ranks.into_iter().map(|rank| unaliased(self.row(rank))), Matched::Words)
                || !take(&mut fitting.map(|alias| (alias.row, Some(alias.name))), Matched::Alias)
            {
                return hits;
            }
        }
        // A word that the index knows is held to be right as long as slips in the others are enough to find something.
        let (known, unknown): (Vec<_>, Vec<_>) = (0..words.len()).partition(|&at| !meanings[at].begun.is_empty());
        for group in [unknown, known] {
            if group.is_empty() {
                continue;
            }
            for at in group {
                self.add_slips(&words[at], least, &mut meanings[at]);
            }
            // Twice as many, for some of these rows may have been found already.
            let ranks = self.ranks_by_meanings(&meanings, limit.saturating_mul(2));
            if !ranks.is_empty() {
                take(&mut ranks.into_iter().map(|rank| unaliased(self.row(rank))), Matched::Typo);
                break;
            }
        }
        if hits.is_empty() {
            let ranks = self.ranks_by_sound(&words).into_iter().take(limit);
            return ranks
                .map(|rank| SearchHit { concept: system.concept(self.row(rank)), matched: Matched::Sound, alias: None })
                .collect();
        }
        hits
    }

    /// All rows of `keep` whose code starts with the text or whose names or an alias hold each of its words, whole or begun; when there
    /// are none, those that do so with slips. Best first, up to a number of rows beyond which ranking them says little.
    pub(crate) fn filter(&self, system: &CodeSystem, text: &str, keep: &Bits) -> Vec<Row> {
        let text = beginning(text.trim());
        let mut ranked = self.rows_by_code(system, text, usize::MAX);
        ranked.retain(|&row| keep.contains(row));
        let words = words_of(text);
        if words.is_empty() {
            return ranked;
        }
        let mut meanings: Vec<_> = words.iter().map(|word| self.meanings(word)).collect();
        let mut fitting = self.ranks_that_fit(&meanings, keep);
        let mut aliased: Vec<Row> = self.aliases_of(text, &words).into_iter().map(|alias| alias.row).collect();
        aliased.retain(|&row| keep.contains(row));
        if ranked.is_empty() && fitting.count() == 0 && aliased.is_empty() {
            let least = letters_min(&words, Found::Nothing);
            words.iter().zip(&mut meanings).for_each(|(word, meanings)| self.add_slips(word, least, meanings));
            fitting = self.ranks_that_fit(&meanings, keep);
        }
        if ranked.is_empty() && fitting.count() == 0 && aliased.is_empty() {
            let rows = self.ranks_by_sound(&words).into_iter().map(|rank| self.row(rank));
            return rows.filter(|&row| keep.contains(row)).collect();
        }
        let by_code: FxHashSet<Row> = ranked.iter().copied().collect();
        fitting.retain(|rank| !by_code.contains(&self.row(rank)));
        if fitting.count() > CANDIDATES_MAX {
            ranked.extend(fitting.iter().map(|rank| self.row(rank)));
        } else {
            let mut weighed: Vec<Weighed> = fitting.iter().filter_map(|rank| self.weigh(rank, &meanings)).collect();
            weighed.sort_unstable();
            ranked.extend(weighed.into_iter().map(|(_, rank)| self.row(rank)));
        }
        if !aliased.is_empty() {
            let known: FxHashSet<Row> = ranked.iter().copied().collect();
            ranked.extend(aliased.into_iter().filter(|row| !known.contains(row)));
        }
        ranked
    }

    /// The rows with an alias that fits a text of these words.
    fn aliases_of(&self, text: &str, words: &[String]) -> Vec<AliasHit> {
        self.aliases.as_ref().map_or_else(Vec::new, |aliases| aliases.find(text, words))
    }

    /// Whether a row holds each word just as it is typed.
    fn holds_whole_words(&self, rank: Rank, meanings: &[Meanings]) -> bool {
        let words = self.words_of.get(rank);
        meanings.iter().all(|meanings| meanings.exact.is_some_and(|exact| words.contains(&exact)))
    }

    /// The ranks of the rows of `keep` that hold a meaning of each word.
    fn ranks_that_fit(&self, meanings: &[Meanings], keep: &Bits) -> Bits {
        let mut fitting = Bits::all(self.by_rank.len());
        for meanings in meanings {
            let mut ranks = Bits::none(self.by_rank.len());
            meanings.words().flat_map(|word| self.ranks.get(word)).for_each(|&rank| ranks.insert(rank));
            fitting.intersect(&ranks);
        }
        fitting.retain(|rank| keep.contains(self.row(rank)));
        fitting
    }

    fn row(&self, rank: Rank) -> Row {
        self.by_rank[rank as usize]
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
        let (mut low, mut high) = (from, self.ranks.ends.len() as Word);
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

    /// Adds the words that differ from `word` by one letter wrong, missing, added or swapped with its neighbour; none for a word
    /// of fewer than `letters_min` letters, and for one of fewer than [`TYPO_LETTERS_MIN`] only those with a letter more.
    fn add_slips(&self, word: &str, letters_min: usize, meanings: &mut Meanings) {
        let letters: Vec<char> = word.chars().collect();
        if !(letters_min..=TYPO_LETTERS_MAX).contains(&letters.len()) {
            return;
        }
        let takes = if letters.len() < TYPO_PREFIX_LETTERS_MIN { Takes::Words } else { Takes::Beginnings };
        let mut slips = Vec::new();
        let mut stream = self.automaton.search(OneSlip::of(&letters, takes)).into_stream();
        while let Some((_, number)) = stream.next() {
            slips.push(number as Word);
        }
        let is_short = letters.len() < TYPO_LETTERS_MIN;
        slips.retain(|slip| !meanings.begun.contains(slip));
        slips.retain(|slip| !is_short || self.words.get(*slip).chars().count() > letters.len());
        meanings.slips = slips;
    }

    /// The ranks of the rows whose names sound like every word, least first; none when a word has too little sound.
    fn ranks_by_sound(&self, words: &[String]) -> Vec<Rank> {
        let ranks: Option<Vec<&Vec<Rank>>> = words.iter().map(|word| self.sounds.get(&sound_of(word)?)).collect();
        let Some((first, rest)) = ranks.as_deref().and_then(<[_]>::split_first) else { return Vec::new() };
        let sounds_like_the_rest = |rank: &&Rank| rest.iter().all(|ranks| ranks.binary_search(*rank).is_ok());
        first.iter().filter(sounds_like_the_rest).copied().collect()
    }

    /// The ranks of the rows that fit every word, best first.
    fn ranks_by_meanings(&self, meanings: &[Meanings], limit: usize) -> Vec<Rank> {
        match meanings {
            [only] => self.ranks_by_word(only, limit),
            _ => self.ranks_by_words(meanings, limit),
        }
    }

    /// The ranks of the rows that fit one word: those that hold it, then those that hold one which begins with it, then those
    /// that hold a slip. The lists are sorted, so that of each little more is read than is wanted.
    fn ranks_by_word(&self, meanings: &Meanings, limit: usize) -> Vec<Rank> {
        let exact = meanings.exact.map_or(&[][..], |word| self.ranks.get(word));
        let mut best: Vec<Rank> = exact.iter().copied().take(limit).collect();
        for words in
            [&mut meanings.begun.clone() as &mut dyn Iterator<Item = Word>, &mut meanings.slips.iter().copied()]
        {
            let room = limit - best.len();
            if room == 0 {
                break;
            }
            let found: FxHashSet<Rank> = best.iter().copied().collect();
            let mut least = BTreeSet::new();
            let mut bound = Rank::MAX;
            for word in words {
                for &rank in self.ranks.get(word) {
                    if rank >= bound {
                        break;
                    }
                    if !found.contains(&rank) && least.insert(rank) && least.len() >= room {
                        if least.len() > room {
                            least.pop_last();
                        }
                        bound = least.last().copied().unwrap_or(bound);
                    }
                }
            }
            best.extend(least);
        }
        best
    }

    fn ranks_by_words(&self, meanings: &[Meanings], limit: usize) -> Vec<Rank> {
        let count = |meanings: &Meanings| meanings.words().map(|word| self.ranks.get(word).len()).sum::<usize>();
        let Some(rarest) = meanings.iter().min_by_key(|&meanings| count(meanings)) else { return Vec::new() };
        let candidates = rarest.words().flat_map(|word| self.ranks.get(word)).take(CANDIDATES_MAX);
        let mut weighed: Vec<Weighed> = candidates.filter_map(|&rank| self.weigh(rank, meanings)).collect();
        if rarest.words().nth(1).is_some() {
            // A row may hold several meanings of a word; it then stands here as often.
            let mut seen = FxHashSet::default();
            weighed.retain(|(_, rank)| seen.insert(*rank));
        }
        if weighed.len() > limit && limit > 0 {
            weighed.select_nth_unstable(limit - 1);
        }
        weighed.truncate(limit);
        weighed.sort_unstable();
        weighed.into_iter().map(|(_, rank)| rank).collect()
    }

    fn weigh(&self, rank: Rank, meanings: &[Meanings]) -> Option<Weighed> {
        let words = self.words_of.get(rank);
        let mut total = 0;
        for meanings in meanings {
            match words.iter().map(|&word| meanings.fit(word)).max() {
                None | Some(0) => return None,
                Some(fit) => total += fit,
            }
        }
        Some((std::cmp::Reverse(total), rank))
    }
}

/// The ranks of the rows by the sounds of the words of their Punjabi and Hindi names.
fn index_sounds(table: &Table, by_rank: &[Row]) -> FxHashMap<String, Vec<Rank>> {
    let mut sounds: FxHashMap<String, Vec<Rank>> = FxHashMap::default();
    for (rank, &row) in (0..).zip(by_rank) {
        for column in &table.displays[1..] {
            for_each_word(column.get(row), |word| {
                let Some(sound) = sound_of(word) else { return };
                let ranks = sounds.entry(sound).or_default();
                if ranks.last() != Some(&rank) {
                    ranks.push(rank);
                }
            });
        }
    }
    sounds
}

/// A row that no alias found.
fn unaliased(row: Row) -> (Row, Option<&'static str>) {
    (row, None)
}

/// How many letters a word needs to be searched with slips.
fn letters_min(words: &[String], found: Found) -> usize {
    match found {
        Found::Nothing if words.len() > 1 => MISSING_LETTERS_MIN,
        _ => TYPO_LETTERS_MIN,
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
