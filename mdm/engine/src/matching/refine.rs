//! Oversized blocks: parted by further keys, never dropped.
//!
//! A block with more rows than the limit is replaced by smaller ones: one for each value of each further key, so that its
//! rows meet again where they agree on at least one more thing. What is still oversized is parted by two further keys, then
//! three; what even then is oversized holds rows that agree on nearly everything, and each is compared with its neighbours
//! in the order of ranks. Which blocks were treated so is frozen in the rule set.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::hash;
use super::keys::RowKeys;

/// A block of more rows is refined when rules are trained.
pub(crate) const BLOCK_ROWS_MAX: usize = 120;
/// Under a frozen rule set a block that was small in training is refined only when it has grown to so many rows.
pub(crate) const BLOCK_ROWS_HARD: usize = 8 * BLOCK_ROWS_MAX;
const DEPTH_MAX: u8 = 3;

/// One rule's blocks.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    /// (key, row), ascending.
    pub(crate) entries: Vec<(u64, u32)>,
    pub(crate) blocks: Vec<Block>,
    /// Blocks whose rows are compared with their neighbours only: key to where its entries stand.
    pub(crate) windowed: FxHashMap<u64, (u32, u32)>,
    /// Keys of the blocks that were refined or windowed, ascending.
    pub(crate) refined: Vec<u64>,
    /// Pairs that agree on the rule's keys.
    pub(crate) pairs: u64,
    /// Of those, pairs in blocks that were refined.
    pub(crate) pairs_refined: u64,
    /// Oversized blocks of the rule itself, not counting their parts.
    pub(crate) blocks_refined: u64,
}

/// Rows that agree on a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) refined: bool,
    pub(crate) windowed: bool,
}

impl Blocks {
    /// Whether a block compares two rows that both stand in it.
    pub(crate) fn compares(&self, key: u64, left: u32, right: u32) -> bool {
        let Some((from, to)) = self.windowed.get(&key) else { return true };
        let entries = &self.entries[*from as usize..*to as usize];
        let place = |row: u32| entries.partition_point(|(_, other)| *other < row);
        place(left).abs_diff(place(right)) <= BLOCK_ROWS_MAX
    }
}

impl Block {
    /// How many pairs the block holds.
    pub(crate) fn pairs(self) -> u64 {
        let rows = u64::from(self.to - self.from);
        if self.windowed { rows * BLOCK_ROWS_MAX as u64 } else { rows * rows.saturating_sub(1) / 2 }
    }
}

/// An entry on its way: the further keys from `next` on have not been used for it.
type Pending = (u64, u32, u8);

/// Groups rows by key and refines what is oversized: every block above the limit when training (`frozen` is `None`),
/// otherwise the frozen ones.
pub(crate) fn group(base: &RowKeys, further: &dyn Fn() -> Vec<RowKeys>, frozen: Option<&FxHashSet<u64>>) -> Blocks {
    let mut done = Blocks::default();
    let mut pending: Vec<Pending> = base.entries().into_iter().map(|(key, row)| (key, row, 0)).collect();
    let mut keys: Option<Vec<RowKeys>> = None;
    for depth in 0..=DEPTH_MAX {
        pending.par_sort_unstable();
        let mut next = Vec::new();
        for block in pending.chunk_by(|a, b| a.0 == b.0).filter(|block| block.len() > 1) {
            let key = block[0].0;
            let rows = block.len() as u64;
            if depth == 0 {
                done.pairs += rows * (rows - 1) / 2;
            }
            let oversized = match frozen {
                None => block.len() > BLOCK_ROWS_MAX,
                Some(frozen) => block.len() > BLOCK_ROWS_HARD || frozen.contains(&key),
            };
            let from = done.entries.len() as u32;
            if oversized {
                done.refined.push(key);
            }
            if oversized && depth < DEPTH_MAX {
                if depth == 0 {
                    done.pairs_refined += rows * (rows - 1) / 2;
                    done.blocks_refined += 1;
                }
                refine(block, keys.get_or_insert_with(further), &mut next);
                continue;
            }
            done.entries.extend(block.iter().map(|(key, row, _)| (*key, *row)));
            let to = done.entries.len() as u32;
            if oversized {
                done.windowed.insert(key, (from, to));
            }
            done.blocks.push(Block { from, to, refined: depth > 0, windowed: oversized });
        }
        if next.is_empty() {
            break;
        }
        pending = next;
    }
    done.refined.sort_unstable();
    done
}

fn refine(block: &[Pending], further: &[RowKeys], next: &mut Vec<Pending>) {
    for (key, row, from) in block {
        for (place, values) in further.iter().enumerate().skip(usize::from(*from)) {
            let path = hash::join(*key, place as u64 + 1);
            next.extend(values.of(*row).iter().map(|value| (hash::join(path, *value), *row, place as u8 + 1)));
        }
    }
}
