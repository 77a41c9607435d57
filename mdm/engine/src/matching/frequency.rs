//! Term frequencies: how often the values, words and sounds of an attribute occur.

use serde::{Deserialize, Serialize};

use super::columns::{Column, Columns, MISSING};
use super::features::Features;
use super::levels::{Method, Rarity};

/// How often values, words and phonetic keys occur in one attribute: counts of source records by lasting hash, ascending.
/// What occurs once stands for everything that is not listed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Frequencies {
    /// Source records that have a value.
    pub rows: u32,
    /// Whole values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(u64, u32)>,
    /// Words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<(u64, u32)>,
    /// Phonetic keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sounds: Vec<(u64, u32)>,
}

/// An agreement is never held to be rarer than one in so many times the rows seen.
const FLOOR_FACTOR: f32 = 4.0;
/// Nor than this.
const BITS_MAX: f32 = 20.0;

impl Frequencies {
    /// Counts one column.
    pub(crate) fn count(columns: &Columns, column: &Column) -> Self {
        let method = Method::of(column.field.kind);
        let mut by_code = vec![0_u32; column.values.len()];
        for code in column.codes.iter().filter(|code| **code != MISSING) {
            by_code[*code as usize] += 1;
        }
        let rows = by_code.iter().sum();
        let mut counted = Self { rows, ..Self::default() };
        if let Features::Words(words) = &column.features {
            let mut of_word = vec![0_u32; columns.lexicon.len()];
            let mut of_sound = vec![0_u32; columns.lexicon.sounds_len()];
            for (code, count) in by_code.iter().enumerate() {
                for item in words.items(code as u32) {
                    of_word[item.word as usize] += count;
                    of_sound[item.sound as usize] += count;
                }
            }
            if method == Method::Name {
                counted.words = table(&of_word, |at| columns.lexicon.hash(at));
            }
            counted.sounds = table(&of_sound, |at| columns.lexicon.sound_hash(at));
        }
        if method != Method::Name {
            counted.values = table(&by_code, |at| super::hash::of_text(&column.values[at as usize]));
        }
        counted
    }

    /// How rare the values of a column are under these counts, in bits.
    pub(crate) fn rarity(&self, columns: &Columns, column: &Column) -> Rarity {
        if self.rows == 0 {
            return Rarity { bits_max: BITS_MAX, ..Rarity::default() };
        }
        let rows = self.rows as f32;
        let bits_max = (rows * FLOOR_FACTOR).log2().clamp(1.0, BITS_MAX);
        let bits = |table: &[(u64, u32)], hash: u64| {
            let count = table.binary_search_by_key(&hash, |(hash, _)| *hash).map_or(1, |at| table[at].1);
            (rows / count as f32).log2().clamp(0.0, bits_max)
        };
        let is_name = Method::of(column.field.kind) == Method::Name;
        let has_words = column.features.words().is_some();
        let lexicon = &columns.lexicon;
        let words = if is_name { lexicon.len() } else { 0 };
        let sounds = if has_words { lexicon.sounds_len() } else { 0 };
        let values = if is_name { 0 } else { column.values.len() };
        Rarity {
            values: (0..values).map(|at| bits(&self.values, super::hash::of_text(&column.values[at]))).collect(),
            words: (0..words as u32).map(|at| bits(&self.words, lexicon.hash(at))).collect(),
            sounds: (0..sounds as u32).map(|at| bits(&self.sounds, lexicon.sound_hash(at))).collect(),
            bits_max,
        }
    }
}

fn table(counts: &[u32], hash: impl Fn(u32) -> u64) -> Vec<(u64, u32)> {
    let often = counts.iter().enumerate().filter(|(_, count)| **count > 1);
    let mut table: Vec<(u64, u32)> = often.map(|(at, count)| (hash(at as u32), *count)).collect();
    table.sort_unstable();
    table
}
