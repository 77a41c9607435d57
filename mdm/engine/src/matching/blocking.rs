//! Candidate pairs: each pair that agrees on all keys of a rule, once.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::columns::Columns;
use super::keys::{self, RowKeys};
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
}

#[derive(Debug)]
struct Rule {
    text: String,
    blocks: Blocks,
    keys: RowKeys,
}

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
            let keys = RowKeys::by_row(columns.len(), &blocks.entries);
            Rule { text: words.join(", "), keys, blocks }
        };
        Self { rules: rules.blocking.par_iter().enumerate().map(block).collect() }
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
        self.rules.iter().any(|rule| rule.first_common(left, right).is_some())
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
        for (at, (key, left)) in entries.iter().enumerate() {
            let end = if block.windowed { entries.len().min(at + 1 + BLOCK_ROWS_MAX) } else { entries.len() };
            for (_, right) in &entries[at + 1..end] {
                if !block.windowed && rule.first_common(*left, *right) != Some(*key) {
                    continue;
                }
                seen.refined += u64::from(block.refined);
                if self.rules[..place].iter().any(|earlier| earlier.first_common(*left, *right).is_some()) {
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
    /// The smallest key that both rows have, of a block in which every pair is compared.
    fn first_common(&self, left: u32, right: u32) -> Option<u64> {
        let (left, right) = (self.keys.of(left), self.keys.of(right));
        if let ([a], [b]) = (left, right) {
            return (a == b && !self.blocks.windowed.contains(a)).then_some(*a);
        }
        left.iter().copied().find(|key| right.contains(key) && !self.blocks.windowed.contains(key))
    }
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
