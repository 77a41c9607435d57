//! Which rows stand under a key: a table that is read, and a tail that grows beside it.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::super::keys::Entry;

/// Rows, or other numbers, by key.
///
/// Keys are hashes, so that their highest bits part them evenly: `heads` says where the entries begin that share those, and the
/// sixteen bits after them tell keys apart. Together they are all that an [`Entry`] keeps of a key, so that the table and the
/// tail give the same answer. Two keys that agree so far share their rows, which costs a comparison and nothing else.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    head_bits: u32,
    heads: Vec<u32>,
    prints: Vec<u16>,
    rows: Vec<u32>,
    tail: FxHashMap<u64, Vec<u32>>,
}

/// Entries that share a head, on average.
const ENTRIES_PER_HEAD: usize = 8;
/// With the print these are all bits of an entry's key.
const HEAD_BITS_MIN: u32 = 64 - Entry::ROW_BITS - u16::BITS;
/// More would leave no room for the print.
const HEAD_BITS_MAX: u32 = 64 - Entry::ROW_BITS;

impl Postings {
    pub(crate) fn of(mut entries: Vec<Entry>) -> Self {
        entries.par_sort_unstable();
        entries.dedup();
        if entries.is_empty() {
            return Self::default();
        }
        let head_bits = (entries.len() / ENTRIES_PER_HEAD).max(1).ilog2().clamp(HEAD_BITS_MIN, HEAD_BITS_MAX);
        let mut all = Self { head_bits, ..Self::default() };
        all.heads = vec![0; (1 << head_bits) + 1];
        for entry in &entries {
            let head = all.head(entry.key());
            all.heads[head + 1] += 1;
        }
        for head in 0..1 << head_bits {
            all.heads[head + 1] += all.heads[head];
        }
        all.prints = entries.iter().map(|entry| all.print(entry.key())).collect();
        all.rows = entries.iter().map(|entry| entry.row()).collect();
        all
    }

    /// The rows under a key: of the table, and of the tail.
    pub(crate) fn find(&self, key: u64) -> [&[u32]; 2] {
        let tail = self.tail.get(&key).map_or(&[][..], Vec::as_slice);
        if self.rows.is_empty() {
            return [&[], tail];
        }
        let head = &self.heads[self.head(key)..self.head(key) + 2];
        let (from, to) = (head[0] as usize, head[1] as usize);
        let prints = &self.prints[from..to];
        let print = self.print(key);
        let first = prints.iter().position(|other| *other == print).unwrap_or(prints.len());
        let count = prints[first..].iter().take_while(|other| **other == print).count();
        [&self.rows[from + first..from + first + count], tail]
    }

    /// Adds a row to the tail.
    pub(crate) fn push(&mut self, key: u64, row: u32) {
        self.tail.entry(key).or_default().push(row);
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let of_tail: usize = self.tail.values().map(|rows| rows.capacity() * size_of::<u32>()).sum();
        of_tail
            + self.tail.capacity() * (size_of::<(u64, Vec<u32>)>() + 1)
            + (self.heads.capacity() + self.rows.capacity()) * size_of::<u32>()
            + self.prints.capacity() * size_of::<u16>()
    }

    fn head(&self, key: u64) -> usize {
        (key >> (u64::BITS - self.head_bits)) as usize
    }

    fn print(&self, key: u64) -> u16 {
        (key >> (u64::BITS - u16::BITS - self.head_bits)) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::hash;
    use super::*;

    #[test]
    fn every_row_stands_under_its_keys_and_no_other() {
        let key = |number: u64| Entry::of(hash::mix(number), 0).key();
        let entries: Vec<Entry> = (0..1000).map(|row| Entry::of(key(row / 3), row as u32)).collect();
        let mut postings = Postings::of(entries);
        postings.push(key(0), 1000);
        assert_eq!(postings.find(key(0)), [&[0, 1, 2][..], &[1000][..]]);
        for number in 1..333 {
            let first = number as u32 * 3;
            assert_eq!(postings.find(key(number)), [&[first, first + 1, first + 2][..], &[][..]]);
        }
        let nothing: [&[u32]; 2] = [&[], &[]];
        assert_eq!(postings.find(key(5000)), nothing);
        assert_eq!(Postings::default().find(key(1)), nothing);
        assert_eq!(Postings::of(Vec::new()).find(key(1)), nothing);
    }
}
