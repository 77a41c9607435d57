//! A set of row numbers, one bit each.

use crate::table::Row;

/// Rows below `len()`; every other row is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// No row, with room for so many.
    pub(crate) fn none(rows: usize) -> Self {
        Self { words: vec![0; rows.div_ceil(64)] }
    }

    /// Every row.
    pub(crate) fn all(rows: usize) -> Self {
        let mut bits = Self { words: vec![u64::MAX; rows.div_ceil(64)] };
        if let (Some(last), rest @ 1..) = (bits.words.last_mut(), rows % 64) {
            *last = (1 << rest) - 1;
        }
        bits
    }

    pub(crate) fn insert(&mut self, row: Row) {
        self.words[row as usize / 64] |= 1 << (row % 64);
    }

    pub(crate) fn contains(&self, row: Row) -> bool {
        self.words.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub(crate) fn unite(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(own, other)| *own |= other);
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(own, other)| *own &= !other);
    }

    /// Keeps the rows that are in the other set as well; both have room for the same rows.
    pub(crate) fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(own, other)| *own &= other);
    }

    /// Keeps the rows of which `holds` is true.
    pub(crate) fn retain(&mut self, holds: impl Fn(Row) -> bool) {
        for (at, word) in self.words.iter_mut().enumerate() {
            let mut left = *word;
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                if !holds((at * 64) as Row + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The rows, least first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row> {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                (left != 0).then(|| left &= left - 1)?;
                Some((at * 64) as Row + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_set_of_numbers(
            rows in 1usize..200,
            left in prop::collection::btree_set(0u32..200, 0..100),
            right in prop::collection::btree_set(0u32..200, 0..100)
        ) {
            let fits = |set: &BTreeSet<u32>| set.iter().copied().filter(|&row| (row as usize) < rows).collect::<BTreeSet<_>>();
            let (left, right) = (fits(&left), fits(&right));
            let of = |set: &BTreeSet<u32>| {
                let mut bits = Bits::none(rows);
                for &row in set {
                    bits.insert(row);
                }
                bits
            };
            let apply = |change: fn(&mut Bits, &Bits)| {
                let mut bits = of(&left);
                change(&mut bits, &of(&right));
                bits.iter().collect::<BTreeSet<_>>()
            };
            prop_assert_eq!(apply(Bits::unite), left.union(&right).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(apply(Bits::subtract), left.difference(&right).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(apply(Bits::intersect), left.intersection(&right).copied().collect::<BTreeSet<_>>());
            let mut kept = of(&left);
            kept.retain(|row| right.contains(&row));
            prop_assert_eq!(kept.count(), left.intersection(&right).count());
            prop_assert_eq!(Bits::all(rows).iter().collect::<Vec<_>>(), (0..rows as u32).collect::<Vec<_>>());
            for row in 0..300 {
                prop_assert_eq!(of(&left).contains(row), left.contains(&row));
            }
        }
    }
}
