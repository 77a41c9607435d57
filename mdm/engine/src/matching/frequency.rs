//! Term frequencies: how often the values, words and sounds of an attribute occur.

use serde::{Deserialize, Serialize};

use super::columns::{Column, Columns, MISSING};
use super::features::Features;
use super::levels::{Method, Rarity};

/// How often values and phonetic keys occur in one attribute: counts of source records by lasting hash, ascending. What occurs
/// once stands for everything that is not listed.
///
/// Spellings that sound the same are counted together: a rare spelling of a common name is no rare name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Frequencies {
    /// Source records that have a value.
    pub rows: u32,
    /// Whole values; of words, by the sounds of all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(u64, u32)>,
    /// Phonetic keys of the words in people's names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sounds: Vec<(u64, u32)>,
}

/// An agreement is never held to be rarer than one in so many times the rows seen.
const FLOOR_FACTOR: f32 = 4.0;
/// Nor than this.
const BITS_MAX: f32 = 20.0;

/// The two source records of a pair that agrees are part of every count and say nothing of how many others there are; half a
/// record stands for the others that were never seen.
const OF_THE_PAIR: f32 = 1.5;
const UNSEEN: f32 = 0.5;

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
        match &column.features {
            Features::Words(words) if method == Method::Name => {
                let mut of_sound = vec![0_u32; columns.lexicon.sounds_len()];
                for (code, count) in by_code.iter().enumerate() {
                    for item in words.items(code as u32) {
                        of_sound[item.sound as usize] += count;
                    }
                }
                let all = of_sound.iter().enumerate();
                counted.sounds =
                    table(all.map(|(at, count)| (columns.lexicon.sound_hash(at as u32), *count)).collect());
            }
            _ => {
                let all = by_code.iter().enumerate();
                counted.values = table(all.map(|(at, count)| (value_hash(column, at), *count)).collect());
            }
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
            (rows / (count as f32 - OF_THE_PAIR).max(UNSEEN)).log2().clamp(0.0, bits_max)
        };
        let is_name = Method::of(column.field.kind) == Method::Name;
        let lexicon = &columns.lexicon;
        let sounds = if is_name { lexicon.sounds_len() } else { 0 };
        let values = if is_name { 0 } else { column.values.len() };
        Rarity {
            values: (0..values).map(|at| bits(&self.values, value_hash(column, at))).collect(),
            sounds: (0..sounds as u32).map(|at| bits(&self.sounds, lexicon.sound_hash(at))).collect(),
            bits_max,
        }
    }
}

/// What a value is counted by.
fn value_hash(column: &Column, code: usize) -> u64 {
    match &column.features {
        Features::Words(words) => words.sets(code as u32).sounds,
        _ => super::hash::of_text(&column.values[code]),
    }
}

/// Sums counts by hash and keeps what occurs more than once.
fn table(mut counts: Vec<(u64, u32)>) -> Vec<(u64, u32)> {
    counts.sort_unstable();
    counts.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    counts.retain(|(_, count)| *count > 1);
    counts
}
