//! What is computed once for each distinct value of a column.

use std::str::FromStr;

use kanak_model::date::PartialDate;
use kanak_model::kind::Kind;
use rayon::prelude::*;

use super::hash;
use super::levels::Method;
use super::lexicon::{Lexicon, WordId};
use super::words::{Read, Role, read};

/// What is known of the distinct values of one column, by value code.
#[derive(Debug)]
pub(crate) enum Features {
    Words(Words),
    Dates(Vec<DateParts>),
    Plain,
}

/// The words of each value, laid end to end.
#[derive(Debug, Default)]
pub(crate) struct Words {
    offsets: Vec<u32>,
    items: Vec<Item>,
    sets: Vec<Sets>,
    /// The sex that a name implies by custom.
    pub(crate) sexes: Vec<Option<&'static str>>,
}

/// One word of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) word: WordId,
    pub(crate) sound: u32,
    pub(crate) role: Role,
    pub(crate) initial: char,
}

/// Hashes that tell at once whether two values have the same words in any order, the same sounds, or sound the same when
/// their words are joined (0: not to be compared).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sets {
    pub(crate) words: u64,
    pub(crate) sounds: u64,
    pub(crate) joined: u64,
    /// The sound of the first two words joined (Gur Preet); 0 where there is only one.
    pub(crate) first_two: u64,
}

/// A date taken apart; 0 stands for an unknown month or day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct DateParts {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
    /// The eight digits as written, also of what is no calendar day; zeroes where there are none.
    pub(crate) digits: [u8; 8],
}

impl DateParts {
    fn of(value: &str) -> Self {
        let mut parts = Self::default();
        let mut digits = value.bytes().filter(u8::is_ascii_digit);
        for slot in &mut parts.digits {
            *slot = digits.next().unwrap_or(0);
        }
        match PartialDate::from_str(value) {
            Ok(date) => {
                parts.year = date.year();
                parts.month = date.month().unwrap_or(0) as u8;
                parts.day = date.day().unwrap_or(0) as u8;
            }
            Err(_) if parts.digits[7] != 0 => {
                let number = |from: usize, to: usize| {
                    parts.digits[from..to].iter().fold(0, |all, digit| all * 10 + i32::from(digit - b'0'))
                };
                (parts.year, parts.month, parts.day) = (number(0, 4), number(4, 6) as u8, number(6, 8) as u8);
            }
            Err(_) => {}
        }
        parts
    }

    /// Whether it says no more than a year: registers write the first of January for an unknown day.
    pub(crate) fn is_year_only(self) -> bool {
        self.month == 0 || (self.month == 1 && self.day <= 1)
    }
}

impl Features {
    /// Computes the features of a column's distinct values; their words enter the lexicon in the order of the values.
    pub(crate) fn of(kind: Kind, values: &[Box<str>], lexicon: &mut Lexicon) -> Self {
        match Method::of(kind) {
            Method::Name | Method::Words => {
                let reads: Vec<Read> = values.par_iter().map(|value| read(kind, value)).collect();
                Self::Words(Words::of(&reads, lexicon))
            }
            Method::Date => Self::Dates(values.iter().map(|value| DateParts::of(value)).collect()),
            _ => Self::Plain,
        }
    }

    pub(crate) fn words(&self) -> Option<&Words> {
        match self {
            Self::Words(words) => Some(words),
            _ => None,
        }
    }
}

impl Words {
    fn of(reads: &[Read], lexicon: &mut Lexicon) -> Self {
        let mut words = Self { offsets: vec![0], ..Self::default() };
        for read in reads {
            let from = words.items.len();
            for (text, role) in &read.words {
                let word = lexicon.intern(text);
                let initial = text.chars().next().unwrap_or(' ');
                words.items.push(Item { word, sound: lexicon.sound(word), role: *role, initial });
            }
            words.sets.push(Sets::of(&words.items[from..], read, lexicon));
            words.offsets.push(words.items.len() as u32);
            words.sexes.push(read.sex);
        }
        words
    }

    /// The words of a value.
    pub(crate) fn items(&self, code: u32) -> &[Item] {
        let code = code as usize;
        &self.items[self.offsets[code] as usize..self.offsets[code + 1] as usize]
    }

    pub(crate) fn sets(&self, code: u32) -> Sets {
        self.sets[code as usize]
    }
}

impl Sets {
    /// Whether the words of both, written as one, sound the same.
    pub(crate) fn sound_as_one(self, other: Self) -> bool {
        self.joined != 0 && self.joined == other.joined
    }

    fn of(items: &[Item], read: &Read, lexicon: &Lexicon) -> Self {
        let mut words: Vec<u64> = items.iter().map(|item| lexicon.hash(item.word)).collect();
        let mut sounds: Vec<u64> = items.iter().map(|item| lexicon.sound_hash(item.sound)).collect();
        words.sort_unstable();
        sounds.sort_unstable();
        let all = |hashes: &[u64]| hashes.iter().fold(1, |before, next| hash::join(before, *next));
        Self { words: all(&words), sounds: all(&sounds), joined: read.joined, first_two: read.first_two }
    }
}
