//! Candidate pairs: each pair that agrees on all keys of a rule, once.
//!
//! Most rows stand in one block of a rule. Their blocks are laid out row by row, one lane a rule, so that whether an earlier
//! rule lets a pair through is one comparison of two short runs of numbers. Rows that stand in several blocks of a rule (names
//! that give two keys, parts of refined blocks) are looked up.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::columns::Columns;
use super::keys;
use super::progress::Progress;
use super::refine::{self, BLOCK_ROWS_MAX, Block, Blocks};
use super::rules::MatchRules;
use super::stats::RuleStats;

/// Pairs of one piece of parallel work.
const CHUNK_PAIRS: u64 = 1 << 15;

/// The blocks of all rules.
#[derive(Debug)]
pub(crate) struct Candidates {
    rules: Vec<Rule>,
    lanes: Lanes,
}

#[derive(Debug)]
struct Rule {
    text: String,
    blocks: Blocks,
    /// The keys of the rows that stand in several blocks, or in one whose rows are compared with their neighbours only.
    several: SomeKeys,
}

/// Keys of some rows, ascending within a row.
#[derive(Debug, Default)]
struct SomeKeys {
    /// The rows, ascending; empty when `offsets` has an entry for every row.
    rows: Vec<u32>,
    offsets: Vec<u32>,
    keys: Vec<u64>,
}

/// When one in so many rows has keys, looking up where they stand by the row's number is worth its room.
const DENSE: usize = 16;

/// For each row the block it stands in, rule by rule.
#[derive(Debug)]
struct Lanes {
    rules: usize,
    /// `rules` numbers a row. Two rows have the same number exactly where both stand in one block alone, and in the same.
    blocks: Vec<u32>,
    /// One bit a rule: the row has to be looked up.
    several: Vec<u64>,
}

/// Above this, a lane's number stands for no block: every row has its own.
const NO_BLOCK: u32 = 1 << 31;

/// What one piece of work saw.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    compared: u64,
    repeated: u64,
    refined: u64,
}

impl Candidates {
    /// Blocks the rows by every rule. `frozen` are the keys of the blocks to refine; without them, whatever is oversized.
    pub(crate) fn of(rules: &MatchRules, columns: &Columns, frozen: Option<&FxHashSet<u64>>) -> Self {
        let mut attributes: Vec<String> = Vec::new();
        for comparison in &rules.comparisons {
            if !attributes.contains(&comparison.attribute) {
                attributes.push(comparison.attribute.clone());
            }
        }
        let block = |(place, rule): (usize, &kanak_model::entity_model::BlockingRule)| {
            let base = keys::of_rule(columns, rule, place);
            let blocks = refine::group(&base, &|| keys::further(columns, rule, &attributes), frozen);
            let words: Vec<String> = rule.keys.iter().map(|key| String::from(key.clone())).collect();
            Rule { text: words.join(", "), blocks, several: SomeKeys::default() }
        };
        let mut rules: Vec<Rule> = rules.blocking.par_iter().enumerate().map(block).collect();
        let mut lanes = Lanes::new(columns.len(), rules.len());
        for (place, rule) in rules.iter_mut().enumerate() {
            rule.several = lanes.lay(place, &rule.blocks);
        }
        Self { rules, lanes }
    }

    /// The keys of all refined blocks, ascending.
    pub(crate) fn refined(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.rules.iter().flat_map(|rule| rule.blocks.refined.iter().copied()).collect();
        all.sort_unstable();
        all
    }

    /// An upper bound on the pairs that will be compared.
    pub(crate) fn pairs_max(&self) -> u64 {
        self.rules.iter().flat_map(|rule| &rule.blocks.blocks).map(|block| block.pairs()).sum()
    }

    /// Whether some rule lets a pair through.
    pub(crate) fn covers(&self, left: u32, right: u32) -> bool {
        self.covered_before(self.rules.len(), left, right)
    }

    /// Whether one of the first rules lets a pair through.
    fn covered_before(&self, place: usize, left: u32, right: u32) -> bool {
        let (a, b) = (self.lanes.of(left), self.lanes.of(right));
        // Without a branch a lane, so that the compiler compares many at once.
        if a[..place].iter().zip(&b[..place]).map(|(a, b)| u32::from(a == b)).sum::<u32>() > 0 {
            return true;
        }
        let (of_left, of_right) = (self.lanes.several[left as usize], self.lanes.several[right as usize]);
        let earlier = 1_u64.checked_shl(place as u32).map_or(u64::MAX, |bit| bit - 1);
        places(of_left & of_right & earlier).any(|at| self.rules[at].first_common(left, right).is_some())
            // A row that stands in one block may meet one that stands in several.
            || places((of_left ^ of_right) & earlier).any(|at| {
                let (many, block) = if of_left >> at & 1 == 1 { (left, b[at]) } else { (right, a[at]) };
                self.rules[at].has_block(many, block)
            })
    }

    /// Visits every candidate pair once, `left < right`, in parallel. The results of the pieces come in a fixed order.
    pub(crate) fn visit<A: Send>(
        &self,
        progress: &dyn Progress,
        start: impl Fn() -> A + Sync,
        visit: impl Fn(&mut A, u32, u32) + Sync,
    ) -> (Vec<A>, Vec<RuleStats>) {
        let mut results = Vec::new();
        let mut stats = Vec::with_capacity(self.rules.len());
        for (place, rule) in self.rules.iter().enumerate() {
            let chunks = chunks(&rule.blocks.blocks);
            let done: Vec<(A, Seen)> = chunks
                .par_iter()
                .map(|chunk| {
                    let mut result = start();
                    let mut seen = Seen::default();
                    for block in *chunk {
                        self.visit_block(place, *block, &mut seen, |left, right| visit(&mut result, left, right));
                    }
                    progress.advance(chunk.iter().map(|block| block.pairs()).sum());
                    (result, seen)
                })
                .collect();
            let mut seen = Seen::default();
            for (result, piece) in done {
                results.push(result);
                seen.compared += piece.compared;
                seen.repeated += piece.repeated;
                seen.refined += piece.refined;
            }
            stats.push(RuleStats {
                rule: rule.text.clone(),
                pairs: rule.blocks.pairs,
                compared: seen.compared,
                repeated: seen.repeated,
                not_compared: rule.blocks.pairs_refined.saturating_sub(seen.refined),
                refined_blocks: rule.blocks.blocks_refined,
            });
        }
        (results, stats)
    }

    fn visit_block(&self, place: usize, block: Block, seen: &mut Seen, mut visit: impl FnMut(u32, u32)) {
        let rule = &self.rules[place];
        let entries = &rule.blocks.entries[block.from as usize..block.to as usize];
        let bit = 1_u64 << place;
        for (at, (key, left)) in entries.iter().enumerate() {
            let end = if block.windowed { entries.len().min(at + 1 + BLOCK_ROWS_MAX) } else { entries.len() };
            let is_several = self.lanes.several[*left as usize] & bit != 0;
            for (_, right) in &entries[at + 1..end] {
                // Two rows that both stand in several blocks meet under the smallest key that they have in common.
                if is_several
                    && self.lanes.several[*right as usize] & bit != 0
                    && rule.first_common(*left, *right) != Some(*key)
                {
                    continue;
                }
                seen.refined += u64::from(block.refined);
                if self.covered_before(place, *left, *right) {
                    seen.repeated += 1;
                } else {
                    seen.compared += 1;
                    visit(*left, *right);
                }
            }
        }
    }
}

impl Rule {
    /// The smallest key under which two rows that both stand in several blocks are compared.
    fn first_common(&self, left: u32, right: u32) -> Option<u64> {
        let (left_keys, right_keys) = (self.several.of(left), self.several.of(right));
        let compares = |key: u64| self.blocks.windowed.is_empty() || self.blocks.compares(key, left, right);
        left_keys.iter().copied().find(|key| right_keys.contains(key) && compares(*key))
    }

    /// Whether a row that stands in several blocks stands in this one too. Such a block compares all its rows.
    fn has_block(&self, row: u32, block: u32) -> bool {
        let Some(block) = self.blocks.blocks.get(block as usize) else { return false };
        let key = self.blocks.entries[block.from as usize].0;
        self.several.of(row).contains(&key)
    }
}

impl SomeKeys {
    fn of(&self, row: u32) -> &[u64] {
        let at = if self.rows.is_empty() { Ok(row as usize) } else { self.rows.binary_search(&row) };
        match at {
            Ok(at) if at + 1 < self.offsets.len() => {
                &self.keys[self.offsets[at] as usize..self.offsets[at + 1] as usize]
            }
            _ => &[],
        }
    }

    /// Lays (row, key) entries of so many rows out.
    fn of_entries(rows: usize, mut entries: Vec<(u32, u64)>) -> Self {
        entries.sort_unstable();
        if entries.len() > rows / DENSE {
            let mut offsets = vec![0_u32; rows + 1];
            for (row, _) in &entries {
                offsets[*row as usize + 1] += 1;
            }
            for row in 0..rows {
                offsets[row + 1] += offsets[row];
            }
            return Self { rows: Vec::new(), offsets, keys: entries.into_iter().map(|entry| entry.1).collect() };
        }
        let mut all = Self { rows: Vec::new(), offsets: vec![0], keys: Vec::with_capacity(entries.len()) };
        for of_row in entries.chunk_by(|a, b| a.0 == b.0) {
            all.rows.push(of_row[0].0);
            all.keys.extend(of_row.iter().map(|entry| entry.1));
            all.offsets.push(all.keys.len() as u32);
        }
        all
    }
}

impl Lanes {
    fn new(rows: usize, rules: usize) -> Self {
        let blocks = (0..rows as u32).flat_map(|row| std::iter::repeat_n(NO_BLOCK | row, rules)).collect();
        Self { rules, blocks, several: vec![0; rows] }
    }

    fn of(&self, row: u32) -> &[u32] {
        let from = row as usize * self.rules;
        &self.blocks[from..from + self.rules]
    }

    /// Lays one rule's blocks out; gives the keys of the rows that have to be looked up.
    fn lay(&mut self, place: usize, blocks: &Blocks) -> SomeKeys {
        let bit = 1_u64 << place;
        for (number, block) in blocks.blocks.iter().enumerate() {
            for (_, row) in &blocks.entries[block.from as usize..block.to as usize] {
                let lane = &mut self.blocks[*row as usize * self.rules + place];
                if *lane < NO_BLOCK || block.windowed {
                    self.several[*row as usize] |= bit;
                }
                *lane = number as u32;
            }
        }
        let mut looked_up = Vec::new();
        for (key, row) in &blocks.entries {
            if self.several[*row as usize] & bit != 0 {
                self.blocks[*row as usize * self.rules + place] = NO_BLOCK | row;
                looked_up.push((*row, *key));
            }
        }
        SomeKeys::of_entries(self.several.len(), looked_up)
    }
}

/// The places of the bits that are set, ascending.
fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (place < 64).then_some(place)
    })
}

/// Parts blocks into pieces of about equal work.
fn chunks(blocks: &[Block]) -> Vec<&[Block]> {
    let mut chunks = Vec::new();
    let (mut from, mut pairs) = (0, 0);
    for (at, block) in blocks.iter().enumerate() {
        pairs += block.pairs();
        if pairs >= CHUNK_PAIRS {
            chunks.push(&blocks[from..=at]);
            (from, pairs) = (at + 1, 0);
        }
    }
    if from < blocks.len() {
        chunks.push(&blocks[from..]);
    }
    chunks
}
