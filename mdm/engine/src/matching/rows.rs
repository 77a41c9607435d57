//! Source records as weighing reads them: all that a pair needs of a row in one short run of memory.

use rayon::prelude::*;

use super::columns::{Column, MISSING};

/// Row by row, a few numbers each: value codes, packed numbers, bounds.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    lanes: usize,
    words: Vec<u32>,
}

/// Says what the lanes of [`Rows`] hold.
#[derive(Debug, Default)]
pub(crate) struct Lanes<'a> {
    lanes: Vec<Lane<'a>>,
}

#[derive(Debug)]
enum Lane<'a> {
    Code(&'a Column),
    /// By value code, something of the value: its grade against itself, a bound, half of a packed number.
    OfValues(&'a Column, Vec<u32>),
}

impl<'a> Lanes<'a> {
    /// The lane of a column's codes, new or known.
    pub(crate) fn code(&mut self, column: &'a Column) -> usize {
        let is_known = |lane: &Lane<'_>| matches!(lane, Lane::Code(known) if std::ptr::eq(*known, column));
        self.lanes.iter().position(is_known).unwrap_or_else(|| self.push(Lane::Code(column)))
    }

    /// A lane with something of each value of a column; 0 where it is missing.
    pub(crate) fn of_values(&mut self, column: &'a Column, values: Vec<u32>) -> usize {
        self.push(Lane::OfValues(column, values))
    }

    fn push(&mut self, lane: Lane<'a>) -> usize {
        self.lanes.push(lane);
        self.lanes.len() - 1
    }

    /// Lays so many rows out.
    pub(crate) fn lay(&self, rows: usize) -> Rows {
        let lanes = self.lanes.len();
        let mut words = vec![0; rows * lanes];
        words.par_chunks_mut(ROWS_LAID * lanes.max(1)).enumerate().for_each(|(piece, words)| {
            for (at, words) in words.chunks_exact_mut(lanes).enumerate() {
                for (word, lane) in words.iter_mut().zip(&self.lanes) {
                    *word = lane.of(piece * ROWS_LAID + at);
                }
            }
        });
        Rows { lanes: self.lanes.len(), words }
    }
}

impl Lane<'_> {
    fn of(&self, row: usize) -> u32 {
        match self {
            Self::Code(column) => column.codes[row],
            Self::OfValues(column, values) => match column.codes[row] {
                MISSING => 0,
                code => values[code as usize],
            },
        }
    }
}

/// What the machine fetches at once.
const LINE_WORDS: usize = 16;
/// Rows of one piece of parallel work.
const ROWS_LAID: usize = 1 << 14;

impl Rows {
    /// Fetches a row's memory.
    pub(crate) fn touch(&self, row: u32) {
        let words = self.of(row);
        for word in words.iter().step_by(LINE_WORDS) {
            std::hint::black_box(*word);
        }
    }

    pub(crate) fn of(&self, row: u32) -> &[u32] {
        let from = row as usize * self.lanes;
        &self.words[from..from + self.lanes]
    }
}

/// How the numbers of a column are packed: bits a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Up to fifteen digits.
    Digits,
    /// Up to ten digits and capital letters.
    Letters,
}

/// A short number or identifier as one word of the machine: its length in the highest four bits, its characters from the
/// lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packed(pub(crate) u64);

impl Packed {
    /// How many characters it has.
    pub(crate) fn len(self) -> usize {
        (self.0 >> 60) as usize
    }
}

impl Packing {
    /// The packing for a column of numbers.
    pub(crate) fn of(values: &[Box<str>]) -> Self {
        let is_digits = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
        if values.iter().all(|value| is_digits(value)) { Self::Digits } else { Self::Letters }
    }

    /// The lowest bit of each character.
    fn lowest_bits(self) -> u64 {
        match self {
            Self::Digits => 0x0111_1111_1111_1111,
            Self::Letters => 0x0041_0410_4104_1041,
        }
    }

    fn bits(self) -> u32 {
        match self {
            Self::Digits => 4,
            Self::Letters => 6,
        }
    }

    /// Packs a number; 0 when it does not fit.
    pub(crate) fn pack(self, value: &str) -> Packed {
        let len_max = 60 / self.bits() as usize;
        let code = |byte: u8| match byte {
            b'0'..=b'9' => Some(u64::from(byte - b'0')),
            b'A'..=b'Z' if self == Self::Letters => Some(u64::from(byte - b'A') + 10),
            _ => None,
        };
        if value.len() > len_max {
            return Packed(0);
        }
        let packed = value.bytes().rev().try_fold(0, |all, byte| Some(all << self.bits() | code(byte)?));
        Packed(packed.map_or(0, |packed: u64| (value.len() as u64) << 60 | packed))
    }

    /// Whether one character is wrong or two neighbours are swapped, of two that have one length. `None` when the lengths
    /// differ, or one could not be packed.
    pub(crate) fn is_one_slip(self, left: Packed, right: Packed) -> Option<bool> {
        if left.0 >> 60 != right.0 >> 60 || left.0 == 0 {
            return None;
        }
        let bits = self.bits();
        let apart = left.0 ^ right.0;
        let any = (1..bits).fold(apart, |any, shift| any | apart >> shift);
        let wrong = any & self.lowest_bits();
        let at = wrong.trailing_zeros();
        Some(match wrong.count_ones() {
            1 => true,
            2 if wrong >> at == 1 << bits | 1 => {
                let one = (1 << bits) - 1;
                let first = |of: Packed| of.0 >> at & one;
                let second = |of: Packed| of.0 >> (at + bits) & one;
                first(left) == second(right) && second(left) == first(right)
            }
            _ => false,
        })
    }
}
