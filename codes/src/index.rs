//! From a code to its row: a hash table with open addressing that holds short codes itself.

use std::hash::Hasher as _;

use rustc_hash::FxHasher;

use crate::table::{Column, Row};

/// Where each code stands. A slot is a key in the upper 96 bits, a length in the next 4, and a row plus one in the lower
/// 28; 0 is free. Slots are searched bucket by bucket, each as long as a line of the cache and filled from its beginning.
///
/// When no code is longer than twelve bytes, the key is the code, so that a lookup reads one slot and no text. Otherwise
/// it is a hash, the length is zero, and the text is compared.
#[derive(Debug)]
pub(crate) struct CodeIndex {
    buckets: Vec<Bucket>,
    keys: Keys,
    case: Case,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    Codes,
    Hashes,
}

/// Whether the capitals of a code matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// They do.
    Kept,
    /// They do not: codes stand in capitals and are asked for in any case.
    Folded,
}

/// Four slots in a line of the cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Bucket([u128; 4]);

const KEY_BYTES: usize = 12;
/// So many codes are looked for at once.
const AT_ONCE: usize = 16;
/// What no slot has for a key, since its length is none.
const NO_KEY: u128 = u128::MAX;
const ROW_BITS: u32 = 28;
const ROW_MASK: u128 = (1 << ROW_BITS) - 1;

/// A table has fewer rows than this.
pub(crate) const ROWS_MAX: usize = ROW_MASK as usize;

/// Why a column of codes cannot be indexed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadCode<'a> {
    /// This code stands in two rows.
    Twice(&'a str),
    /// Case is folded and this code has a small letter, so that nobody could ask for it.
    SmallLetter(&'a str),
}

impl CodeIndex {
    /// Indexes a column of codes.
    ///
    /// # Errors
    /// The first code that stands twice or that nobody could ask for.
    pub(crate) fn build(codes: &Column, case: Case) -> Result<Self, BadCode<'_>> {
        let fits = |row| codes.get(row).len() <= KEY_BYTES;
        let keys = if (0..codes.len() as Row).all(fits) { Keys::Codes } else { Keys::Hashes };
        let mut index = Self { buckets: vec![Bucket::default(); buckets_for(codes.len())], keys, case };
        let mask = index.buckets.len() - 1;
        for row in 0..codes.len() as Row {
            let code = codes.get(row);
            if case == Case::Folded && code.bytes().any(|byte| byte.is_ascii_lowercase()) {
                return Err(BadCode::SmallLetter(code));
            }
            let key = index.key(code).expect("the keys were chosen so that every code has one");
            let mut at = place(key) & mask;
            let free = loop {
                let Bucket(slots) = &index.buckets[at];
                if slots.iter().any(|&slot| index.holds(slot, key, codes, code)) {
                    return Err(BadCode::Twice(code));
                }
                match slots.iter().position(|&slot| slot == 0) {
                    Some(free) => break free,
                    None => at = (at + 1) & mask,
                }
            };
            index.buckets[at].0[free] = key | u128::from(row + 1);
        }
        Ok(index)
    }

    /// The row of a code, without a copy of it, in whatever case where case is folded.
    pub(crate) fn find(&self, codes: &Column, code: &str) -> Option<Row> {
        let key = self.key(code)?;
        let mask = self.buckets.len() - 1;
        let mut at = place(key) & mask;
        loop {
            let Bucket(slots) = &self.buckets[at];
            let found = match self.keys {
                Keys::Codes => only_row_of(slots, key),
                Keys::Hashes => {
                    slots.iter().find(|&&slot| self.holds(slot, key, codes, code)).map(|&slot| row_of(slot))
                }
            };
            if found.is_some() || slots[slots.len() - 1] == 0 {
                return found;
            }
            at = (at + 1) & mask;
        }
    }

    /// The rows of many codes, in their order, each as [`find`](Self::find) tells it. Where the keys are the codes, the first buckets of
    /// sixteen are read one after the other by so short a loop that a processor waits for many of them at once.
    pub(crate) fn find_all(&self, codes: &Column, asked: &[&str], mut found: impl FnMut(Option<Row>)) {
        if self.keys == Keys::Hashes {
            for code in asked {
                found(self.find(codes, code));
            }
            return;
        }
        let mask = self.buckets.len() - 1;
        for asked in asked.chunks(AT_ONCE) {
            let mut keys = [NO_KEY; AT_ONCE];
            for (key, code) in keys.iter_mut().zip(asked) {
                *key = self.key(code).unwrap_or(NO_KEY);
            }
            let mut first = [(None, false); AT_ONCE];
            for (first, &key) in first.iter_mut().zip(&keys) {
                let Bucket(slots) = &self.buckets[place(key) & mask];
                *first = (only_row_of(slots, key), slots[slots.len() - 1] != 0);
            }
            for ((row, is_full), code) in first.into_iter().zip(asked) {
                found(if row.is_none() && is_full { self.find(codes, code) } else { row });
            }
        }
    }

    /// Bytes of memory held.
    pub(crate) fn bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<Bucket>()
    }

    fn holds(&self, slot: u128, key: u128, codes: &Column, code: &str) -> bool {
        slot != 0
            && slot & !ROW_MASK == key
            && match (self.keys, self.case) {
                (Keys::Codes, _) => true,
                (Keys::Hashes, Case::Kept) => codes.get(row_of(slot)) == code,
                (Keys::Hashes, Case::Folded) => codes.get(row_of(slot)).eq_ignore_ascii_case(code),
            }
    }

    /// Key and length of a code, in the places where a slot has them; `None` when no code here is as long.
    fn key(&self, code: &str) -> Option<u128> {
        let bytes = code.as_bytes();
        match self.keys {
            Keys::Codes if bytes.len() > KEY_BYTES => None,
            Keys::Codes => {
                let mut padded = padded(bytes);
                if self.case == Case::Folded {
                    padded.make_ascii_uppercase();
                }
                Some(u128::from_le_bytes(padded) << 32 | (bytes.len() as u128) << ROW_BITS)
            }
            Keys::Hashes => {
                let mut hasher = FxHasher::default();
                for chunk in bytes.chunks(KEY_BYTES) {
                    let mut padded = padded(chunk);
                    if self.case == Case::Folded {
                        padded.make_ascii_uppercase();
                    }
                    hasher.write_u128(u128::from_le_bytes(padded));
                }
                hasher.write_usize(bytes.len());
                Some(u128::from(hasher.finish()) << 32)
            }
        }
    }
}

/// A power of two, so that at most three in four slots are taken: a table that fits a cache is worth a few more steps in it.
fn buckets_for(codes: usize) -> usize {
    (codes / 3 + 1).next_power_of_two()
}

/// The row of the one slot that has this key. It looks at all of them without asking which, for a processor goes on to the next
/// lookup while this one waits for memory only if it can foresee the way.
fn only_row_of(slots: &[u128; 4], key: u128) -> Option<Row> {
    let row = |slot: u128| (slot & ROW_MASK) as Row * Row::from(slot & !ROW_MASK == key);
    slots.iter().fold(0, |found, &slot| found | row(slot)).checked_sub(1)
}

fn row_of(slot: u128) -> Row {
    (slot & ROW_MASK) as Row - 1
}

/// At most twelve bytes, filled up with zeros. Two reads that overlap are quicker than a copy of a length that varies.
fn padded(bytes: &[u8]) -> [u8; 16] {
    let mut padded = [0; 16];
    let length = bytes.len();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        let rest = if length == 8 { 0 } else { last >> (64 - 8 * (length - 8)) };
        padded = (u128::from(first) | u128::from(rest) << 64).to_le_bytes();
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        let both = u64::from(first) | u64::from(last) << (8 * (length - 4));
        padded[..8].copy_from_slice(&both.to_le_bytes());
    } else {
        for (into, byte) in padded.iter_mut().zip(bytes) {
            *into = *byte;
        }
    }
    padded
}

/// Where a key is looked for first: its halves folded and multiplied, the well-mixed upper bits taken.
fn place(key: u128) -> usize {
    let folded = (key as u64) ^ ((key >> 64) as u64).rotate_left(32);
    let mixed = u128::from(folded) * 0x9E37_79B9_7F4A_7C15;
    ((mixed >> 64) as u64 ^ mixed as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(codes: &[String]) -> Column {
        let mut column = Column::default();
        for code in codes {
            column.push(code);
        }
        column
    }

    proptest! {
        #[test]
        fn it_finds_what_a_scan_finds(
            codes in prop::collection::hash_set("[a-c]{1,4}|[a-b]{11,14}|ਕ{3,5}", 0..60), asked in "[a-c\\x00]{0,4}|[a-b]{11,14}|ਕ{0,5}", longest in 4usize..16
        ) {
            let codes: Vec<String> = codes.into_iter().filter(|code| code.len() <= longest).collect();
            let column = column(&codes);
            let index = CodeIndex::build(&column, Case::Kept).unwrap();
            for code in codes.iter().chain([&asked, &format!("{asked}\0")]) {
                prop_assert_eq!(index.find(&column, code), codes.iter().position(|known| known == code).map(|row| row as Row));
            }
            let many: Vec<&str> = codes.iter().map(String::as_str).chain([asked.as_str(), "", "longer than any"]).collect();
            let (mut together, alone) = (Vec::new(), many.iter().map(|code| index.find(&column, code)).collect::<Vec<_>>());
            index.find_all(&column, &many, |row| together.push(row));
            prop_assert_eq!(together, alone);
        }
    }

    #[test]
    fn a_code_that_stands_twice_is_refused_whether_short_or_long() {
        for code in ["x", "a code of more than twelve bytes"] {
            let column = column(&[code.to_owned(), "y".to_owned(), code.to_owned()]);
            assert_eq!(CodeIndex::build(&column, Case::Kept).unwrap_err(), BadCode::Twice(code));
        }
    }

    proptest! {
        #[test]
        fn where_case_is_folded_a_code_is_found_in_any(
            codes in prop::collection::hash_set("[A-B0\\x00ਕ]{1,14}", 0..40), asked in "[a-bA-B0\\x00ਕ]{0,14}"
        ) {
            let codes: Vec<String> = codes.into_iter().collect();
            let column = column(&codes);
            let index = CodeIndex::build(&column, Case::Folded).unwrap();
            for asked in codes.iter().map(|code| code.to_ascii_lowercase()).chain([asked]) {
                let by_scan = codes.iter().position(|code| *code == asked.to_ascii_uppercase());
                prop_assert_eq!(index.find(&column, &asked), by_scan.map(|row| row as Row));
            }
        }

        #[test]
        fn bytes_are_padded_whatever_their_number(bytes in prop::collection::vec(any::<u8>(), 0..=12)) {
            let mut expected = [0; 16];
            expected[..bytes.len()].copy_from_slice(&bytes);
            prop_assert_eq!(padded(&bytes), expected);
        }
    }

    #[test]
    fn a_small_letter_where_case_is_folded_is_refused() {
        let column = column(&["A".to_owned(), "Ab".to_owned()]);
        assert_eq!(CodeIndex::build(&column, Case::Folded).unwrap_err(), BadCode::SmallLetter("Ab"));
    }
}
