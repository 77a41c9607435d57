//! From a code to its row: a hash table with open addressing that holds short codes itself.

use std::hash::Hasher as _;

use rustc_hash::FxHasher;

use crate::table::{Column, Row};

/// Where each code stands. A slot is a key in the upper 96 bits and a row plus one in the lower 32; 0 is free.
///
/// When no code is longer than twelve bytes, the key is the code, so that a lookup reads one slot and no text. Otherwise
/// it is a hash, and the text is compared.
#[derive(Debug)]
pub(crate) struct CodeIndex {
    slots: Vec<u128>,
    keys: Keys,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    Codes,
    Hashes,
}

const KEY_BYTES: usize = 12;

impl CodeIndex {
    /// Indexes a column of codes.
    ///
    /// # Errors
    /// The first code that stands twice.
    pub(crate) fn build(codes: &Column) -> Result<Self, &str> {
        let fits = |row| key_of_short(codes.get(row)).is_some();
        let keys = if (0..codes.len() as Row).all(fits) { Keys::Codes } else { Keys::Hashes };
        let mut index = Self { slots: vec![0; (codes.len() * 2).next_power_of_two().max(2)], keys };
        let mask = index.slots.len() - 1;
        for row in 0..codes.len() as Row {
            let code = codes.get(row);
            if index.find(codes, code).is_some() {
                return Err(code);
            }
            let key = index.key(code).expect("the keys were chosen so that every code has one");
            let mut at = place(key) & mask;
            while index.slots[at] != 0 {
                at = (at + 1) & mask;
            }
            index.slots[at] = key << 32 | u128::from(row + 1);
        }
        Ok(index)
    }

    /// The row of exactly this code.
    pub(crate) fn find(&self, codes: &Column, code: &str) -> Option<Row> {
        let key = self.key(code)?;
        let mask = self.slots.len() - 1;
        let mut at = place(key) & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            let row = (slot as Row).wrapping_sub(1);
            if slot >> 32 == key && (self.keys == Keys::Codes || codes.get(row) == code) {
                return Some(row);
            }
            at = (at + 1) & mask;
        }
    }

    /// Bytes of memory held.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<u128>()
    }

    fn key(&self, code: &str) -> Option<u128> {
        match self.keys {
            Keys::Codes => key_of_short(code),
            Keys::Hashes => {
                let mut hasher = FxHasher::default();
                hasher.write(code.as_bytes());
                Some(u128::from(hasher.finish()))
            }
        }
    }
}

/// The bytes of a short code as a number. Padding is zeros, so a code with a zero byte in it has none.
fn key_of_short(code: &str) -> Option<u128> {
    let bytes = code.as_bytes();
    if bytes.len() > KEY_BYTES || bytes.contains(&0) {
        return None;
    }
    let mut padded = [0; 16];
    padded[..bytes.len()].copy_from_slice(bytes);
    Some(u128::from_le_bytes(padded))
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
            let index = CodeIndex::build(&column).unwrap();
            for code in codes.iter().chain([&asked, &format!("{asked}\0")]) {
                prop_assert_eq!(index.find(&column, code), codes.iter().position(|known| known == code).map(|row| row as Row));
            }
        }
    }

    #[test]
    fn a_code_that_stands_twice_is_refused_whether_short_or_long() {
        for code in ["x", "a code of more than twelve bytes"] {
            let column = column(&[code.to_owned(), "y".to_owned(), code.to_owned()]);
            assert_eq!(CodeIndex::build(&column).unwrap_err(), code);
        }
    }
}
