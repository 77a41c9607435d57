//! Oversized blocks: parted by further keys, never dropped.
//!
//! A block with more rows than the limit is replaced by smaller ones: one for each value of each further key, so that its
//! rows meet again where they agree on at least one more thing. What is still oversized is parted by two further keys, then
//! three; what even then is oversized holds rows that agree on nearly everything, and each is compared with its neighbours
//! in the order of ranks. Which blocks were treated so is frozen in the rule set.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::hash;
use super::keys::{Entry, ValueKeys};

/// A block of more rows is refined when rules are trained.
pub(crate) const BLOCK_ROWS_MAX: usize = 60;
/// Under a frozen rule set a block that was small in training is refined only when it has grown to so many rows.
pub(crate) const BLOCK_ROWS_HARD: usize = 16 * BLOCK_ROWS_MAX;
pub(crate) const DEPTH_MAX: u8 = 3;

/// One rule's blocks.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    /// The rows of all blocks, block by block, ascending in a block.
    pub(crate) members: Vec<Member>,
    /// Keys of the blocks that were refined or windowed, ascending.
    pub(crate) refined: Vec<u64>,
    /// Pairs that agree on the rule's keys.
    pub(crate) pairs: u64,
    /// Of those, pairs in blocks that were refined.
    pub(crate) pairs_refined: u64,
    /// Oversized blocks of the rule itself, not counting their parts.
    pub(crate) blocks_refined: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Whole,
    Refined,
    Windowed,
}

impl Blocks {
    fn push(&mut self, entries: impl Iterator<Item = Entry>, size: Size) {
        let marks = match size {
            Size::Whole => 0,
            Size::Refined => Member::REFINED,
            Size::Windowed => Member::REFINED | Member::WINDOWED,
        };
        self.members.extend(entries.map(|entry| Member::of(entry.row(), marks)));
        if let Some(last) = self.members.last_mut() {
            last.end();
        }
    }
}

/// A row in a block, with what is to be known of the block in its highest bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member(u32);

impl Member {
    /// The last row of its block.
    pub(crate) const LAST: u32 = 1 << 31;
    /// Rows are compared with their neighbours only.
    pub(crate) const WINDOWED: u32 = 1 << 30;
    /// The block is a part of an oversized one.
    pub(crate) const REFINED: u32 = 1 << 29;

    fn of(row: u32, marks: u32) -> Self {
        Self(row | marks)
    }

    fn end(&mut self) {
        self.0 |= Self::LAST;
    }

    pub(crate) fn row(self) -> u32 {
        self.0 & (Self::REFINED - 1)
    }

    pub(crate) fn is(self, mark: u32) -> bool {
        self.0 & mark != 0
    }
}

/// An entry on its way: the further keys before `from` have been used for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pending {
    entry: Entry,
    from: u8,
}

/// Groups rows by key and refines what is oversized: every block above the limit when training (`frozen` is `None`),
/// otherwise the frozen ones.
pub(crate) fn group(mut base: Vec<Entry>, further: &[&ValueKeys<'_>], frozen: Option<&FxHashSet<u64>>) -> Blocks {
    base.sort_unstable();
    base.dedup();
    let mut done = Blocks::default();
    let mut pending: Vec<Pending> = Vec::new();
    for block in base.chunk_by(|a, b| a.key() == b.key()).filter(|block| block.len() > 1) {
        let rows = block.len() as u64;
        done.pairs += rows * (rows - 1) / 2;
        if is_oversized(block.len(), block[0].key(), frozen) {
            done.refined.push(block[0].key());
            done.pairs_refined += rows * (rows - 1) / 2;
            done.blocks_refined += 1;
            for entry in block {
                refine(*entry, 0, further, &mut pending);
            }
        } else {
            done.push(block.iter().copied(), Size::Whole);
        }
    }
    drop(base);
    for depth in 1..=DEPTH_MAX {
        pending.par_sort_unstable();
        pending.dedup_by_key(|pending| pending.entry);
        let mut next = Vec::new();
        for block in pending.chunk_by(|a, b| a.entry.key() == b.entry.key()).filter(|block| block.len() > 1) {
            let key = block[0].entry.key();
            let entries = block.iter().map(|pending| pending.entry);
            if !is_oversized(block.len(), key, frozen) {
                done.push(entries, Size::Refined);
                continue;
            }
            done.refined.push(key);
            if depth == DEPTH_MAX {
                done.push(entries, Size::Windowed);
                continue;
            }
            for pending in block {
                refine(pending.entry, pending.from, further, &mut next);
            }
        }
        pending = next;
    }
    done.refined.sort_unstable();
    done
}

fn is_oversized(rows: usize, key: u64, frozen: Option<&FxHashSet<u64>>) -> bool {
    frozen.map_or(rows > BLOCK_ROWS_MAX, |frozen| rows > BLOCK_ROWS_HARD || frozen.contains(&key))
}

fn refine(entry: Entry, from: u8, further: &[&ValueKeys<'_>], next: &mut Vec<Pending>) {
    for (place, values) in further.iter().enumerate().skip(usize::from(from)) {
        let keys = values.of(entry.row()).iter();
        let keys = keys.map(|key| finer(entry.key(), place, *key));
        next.extend(keys.map(|key| Pending { entry: Entry::of(key, entry.row()), from: place as u8 + 1 }));
    }
}

/// The key of a part of an oversized block: of those who share the further key that stands at a place.
pub(crate) fn finer(block: u64, place: usize, key: u64) -> u64 {
    hash::join(hash::join(block, place as u64 + 1), key)
}
