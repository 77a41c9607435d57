//! With which rows each row is doubtful or better, remembered: no pair is weighed anew at each change near it.
//!
//! What a pair weighs hangs on its two statements and on the rule set alone, and a row never changes: a source record that does
//! stands in a new one. So what was weighed once holds until one of the two goes. A list is whole or is not remembered at all.

use rustc_hash::FxHashMap;

/// A list that is longer is not remembered: whoever asks weighs anew.
pub(crate) const PARTNERS_MAX: usize = 64;

/// What stands in the place of a partner that went.
const NOBODY: u32 = u32::MAX;

/// The partners of rows: pairs both of which name each other, as far as both are remembered.
///
/// Four bytes a row and four a partner; a list that is not in the table costs some forty more. No list is longer than
/// [`PARTNERS_MAX`].
#[derive(Debug, Default)]
pub(crate) struct Partners {
    /// Row of the table to where its list begins; one more at the end.
    heads: Vec<u32>,
    /// The lists of the table, end to end.
    rows: Vec<u32>,
    /// Which rows of the table have no list in it, bit by bit.
    apart: Vec<u64>,
    /// Lists that are not in the table.
    later: FxHashMap<u32, Vec<u32>>,
}

impl Partners {
    /// Remembers all pairs of so many rows, each named once; `unsure` are rows that may have more.
    pub(crate) fn of(rows: usize, pairs: &[(u32, u32)], unsure: &[u32]) -> Self {
        let mut all = Self { heads: vec![0; rows + 1], apart: vec![0; rows.div_ceil(64)], ..Self::default() };
        let mut counts = vec![0_usize; rows];
        for row in pairs.iter().flat_map(|(left, right)| [*left, *right]) {
            counts[row as usize] += 1;
        }
        let crowded = (0..rows as u32).filter(|row| counts[*row as usize] > PARTNERS_MAX);
        for row in unsure.iter().copied().chain(crowded) {
            all.part(row);
        }
        for (row, count) in counts.iter().enumerate() {
            let held = if all.is_apart(row as u32) { 0 } else { *count as u32 };
            all.heads[row + 1] = all.heads[row] + held;
        }
        all.rows = vec![NOBODY; all.heads[rows] as usize];
        let mut next = all.heads.clone();
        for (row, other) in pairs.iter().flat_map(|(left, right)| [(*left, *right), (*right, *left)]) {
            if !all.is_apart(row) {
                let slot = &mut next[row as usize];
                all.rows[*slot as usize] = other;
                *slot += 1;
            }
        }
        all
    }

    /// The partners of a row, where they are remembered.
    pub(crate) fn find(&self, row: u32) -> Option<impl Iterator<Item = u32>> {
        let list = self.later.get(&row).map(Vec::as_slice).or_else(|| self.of_table(row))?;
        Some(list.iter().copied().filter(|other| *other != NOBODY))
    }

    /// Remembers the partners of a row, and it with them.
    pub(crate) fn learn(&mut self, row: u32, partners: &[u32]) {
        for other in partners {
            self.add(*other, row);
        }
        self.forget(row);
        if partners.len() <= PARTNERS_MAX {
            self.later.insert(row, partners.to_vec());
        }
    }

    /// Forgets a row that went, with these partners.
    pub(crate) fn remove(&mut self, row: u32, partners: &[u32]) {
        for other in partners {
            let list = match self.later.get_mut(other) {
                Some(list) => list.as_mut_slice(),
                None => self.of_table_mut(*other),
            };
            for held in list.iter_mut().filter(|held| **held == row) {
                *held = NOBODY;
            }
        }
        self.forget(row);
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let of_later: usize = self.later.values().map(|list| list.capacity() * size_of::<u32>()).sum();
        of_later
            + self.later.capacity() * (size_of::<(u32, Vec<u32>)>() + 1)
            + (self.heads.capacity() + self.rows.capacity()) * size_of::<u32>()
            + self.apart.capacity() * size_of::<u64>()
    }

    /// Adds a partner to a list that is remembered.
    fn add(&mut self, row: u32, other: u32) {
        let Some(list) = self.find(row) else { return };
        let mut list: Vec<u32> = list.collect();
        if list.contains(&other) {
            return;
        }
        if let Some(free) = self.of_table_mut(row).iter_mut().find(|held| **held == NOBODY) {
            *free = other;
            return;
        }
        list.push(other);
        self.forget(row);
        if list.len() <= PARTNERS_MAX {
            self.later.insert(row, list);
        }
    }

    fn forget(&mut self, row: u32) {
        self.later.remove(&row);
        if (row as usize) < self.in_table() {
            self.part(row);
        }
    }

    fn in_table(&self) -> usize {
        self.heads.len().saturating_sub(1)
    }

    fn part(&mut self, row: u32) {
        self.apart[row as usize / 64] |= 1 << (row % 64);
    }

    fn is_apart(&self, row: u32) -> bool {
        self.apart[row as usize / 64] >> (row % 64) & 1 == 1
    }

    /// Where the list of a row stands in the table.
    fn place(&self, row: u32) -> Option<std::ops::Range<usize>> {
        let at = row as usize;
        let is_there = at < self.in_table() && !self.is_apart(row);
        is_there.then(|| self.heads[at] as usize..self.heads[at + 1] as usize)
    }

    fn of_table(&self, row: u32) -> Option<&[u32]> {
        self.place(row).map(|place| &self.rows[place])
    }

    fn of_table_mut(&mut self, row: u32) -> &mut [u32] {
        let place = self.place(row).unwrap_or(0..0);
        &mut self.rows[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(partners: &Partners, row: u32, expected: Option<&[u32]>) {
        let found = partners.find(row).map(|found| {
            let mut found: Vec<u32> = found.collect();
            found.sort_unstable();
            found
        });
        assert_eq!(found.as_deref(), expected, "of row {row}");
    }

    #[test]
    fn who_comes_and_goes_is_in_the_lists_of_all_partners() {
        let mut partners = Partners::of(4, &[(0, 1), (1, 2)], &[3]);
        check(&partners, 1, Some(&[0, 2]));
        check(&partners, 3, None);
        check(&partners, 4, None);
        partners.learn(4, &[0, 1, 3]);
        check(&partners, 0, Some(&[1, 4]));
        check(&partners, 1, Some(&[0, 2, 4]));
        check(&partners, 3, None);
        partners.learn(3, &[4]);
        check(&partners, 3, Some(&[4]));
        check(&partners, 4, Some(&[0, 1, 3]));
        partners.remove(1, &[0, 2, 4]);
        check(&partners, 1, None);
        check(&partners, 2, Some(&[]));
        check(&partners, 4, Some(&[0, 3]));
        partners.learn(5, &[2]);
        check(&partners, 2, Some(&[5]));
        assert!(partners.bytes() < 2_000);
    }

    #[test]
    fn who_has_too_many_is_asked_anew() {
        let many: Vec<(u32, u32)> = (2..2 + PARTNERS_MAX as u32).map(|other| (0, other)).collect();
        let rows = 3 + PARTNERS_MAX;
        let mut partners = Partners::of(rows, &many, &[]);
        assert_eq!(partners.find(0).unwrap().count(), PARTNERS_MAX);
        partners.learn(1, &[0]);
        check(&partners, 0, None);
        check(&partners, 1, Some(&[0]));
        check(&partners, 2, Some(&[0]));
        let more: Vec<(u32, u32)> = many.into_iter().chain([(0, 1)]).collect();
        check(&Partners::of(rows, &more, &[]), 0, None);
        let all: Vec<u32> = (0..=PARTNERS_MAX as u32).collect();
        partners.learn(1 + all.len() as u32, &all);
        check(&partners, 1 + all.len() as u32, None);
    }
}
