//! Term frequencies: how often the values, words and sounds of an attribute occur.

use serde::{Deserialize, Serialize};

use super::columns::{Column, Columns, MISSING};
use super::features::Features;
use super::levels::{Method, Rarity, Value};

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
        let bits_max = self.bits_max();
        if self.rows == 0 {
            return Rarity { bits_max, ..Rarity::default() };
        }
        let is_name = Method::of(column.field.kind) == Method::Name;
        let lexicon = &columns.lexicon;
        let sounds = if is_name { lexicon.sounds_len() } else { 0 };
        let values = if is_name { 0 } else { column.values.len() };
        Rarity {
            values: (0..values).map(|at| self.of_value(value_hash(column, at))).collect(),
            sounds: (0..sounds as u32).map(|at| self.of_sound(lexicon.sound_hash(at))).collect(),
            bits_max,
            below: None,
        }
    }

    /// No agreement is held to be rarer than so many bits.
    pub(crate) fn bits_max(&self) -> f32 {
        if self.rows == 0 { BITS_MAX } else { (self.rows as f32 * FLOOR_FACTOR).log2().clamp(1.0, BITS_MAX) }
    }

    /// How rare a value is, in bits; not a number where nothing was counted.
    pub(crate) fn of_value(&self, hash: u64) -> f32 {
        if self.rows == 0 { f32::NAN } else { self.bits(&self.values, hash) }
    }

    /// How rare a phonetic key is, in bits.
    pub(crate) fn of_sound(&self, hash: u64) -> f32 {
        if self.rows == 0 { 0.0 } else { self.bits(&self.sounds, hash) }
    }

    fn bits(&self, table: &[(u64, u32)], hash: u64) -> f32 {
        let count = table.binary_search_by_key(&hash, |(hash, _)| *hash).map_or(1, |at| table[at].1);
        (self.rows as f32 / (count as f32 - OF_THE_PAIR).max(UNSEEN)).log2().clamp(0.0, self.bits_max())
    }
}

fn value_hash(column: &Column, code: usize) -> u64 {
    hash_of(column.value(code as u32))
}

/// What a value is counted by.
pub(crate) fn hash_of(value: Value<'_>) -> u64 {
    match value.features {
        Features::Words(words) => words.sets(value.code).sounds,
        _ => super::hash::of_text(value.text()),
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
