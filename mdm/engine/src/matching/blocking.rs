//! Candidate pairs: each pair that agrees on all keys of a rule, once.
//!
//! Blocks lie end to end in one list of rows, and each row knows its places in it. Pairs are found row by row: whoever stands
//! after a row in one of its blocks is its partner, and a mark on each partner tells whether an earlier block brought it
//! already. Rows that are alike stand near each other ([`super::columns`]), so that partners' memory is mostly at hand.

use std::sync::Mutex;

use kanak_model::entity_model::BlockingRule;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::agreed::Together;
use super::columns::Columns;
use super::keys::{AllKeys, Entry};
use super::progress::Progress;
use super::refine::{self, BLOCK_ROWS_MAX, Blocks, Member};
use super::rules::MatchRules;
use super::stats::RuleStats;

/// Rows of one piece of parallel work.
const CHUNK_ROWS: usize = 4096;

/// The blocks of all rules.
#[derive(Debug)]
pub(crate) struct Candidates {
    rules: Vec<Rule>,
    /// The rows of all blocks, rule by rule, block by block, ascending in a block.
    members: Vec<Member>,
    /// Row to where its places begin.
    offsets: Vec<u32>,
    /// Where a row stands in `members`, ascending.
    places: Vec<u32>,
    /// Which rows may stand together; others are no candidates. `None`: all may.
    together: Option<Together>,
}

#[derive(Debug)]
struct Rule {
    text: String,
    /// Where the rule's blocks end in `members`.
    to: u32,
    pairs: u64,
    pairs_refined: u64,
    blocks_refined: u64,
    /// Keys of its refined blocks, ascending.
    refined: Vec<u64>,
}

/// What one piece of work saw of one rule.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    compared: u64,
    repeated: u64,
    refined: u64,
    no_agreement: u64,
}

/// Which partners the row at hand has met already, and through which rule last.
struct Marks {
    met_by: Vec<u32>,
    rule: Vec<u8>,
}

impl Candidates {
    /// Blocks the rows by every rule. `frozen` are the keys of the blocks to refine; without them, whatever is oversized.
    pub(crate) fn of(rules: &MatchRules, columns: &Columns, frozen: Option<&FxHashSet<u64>>) -> Self {
        // No machine in sight holds so many: in columns they take some hundred gigabytes.
        assert!(columns.len() <= Entry::ROWS_MAX, "at most {} source records are matched at once", Entry::ROWS_MAX);
        let all_keys = AllKeys::of(rules, columns);
        let block = |(place, rule): (usize, &BlockingRule)| {
            let entries = all_keys.of_rule(rule, place, columns.len());
            let blocks = refine::group(entries, &all_keys.further(rules, columns, rule), frozen);
            let words: Vec<String> = rule.keys.iter().map(|key| String::from(key.clone())).collect();
            let Blocks { members, refined, pairs, pairs_refined, blocks_refined } = blocks;
            (Rule { text: words.join(", "), to: 0, pairs, pairs_refined, blocks_refined, refined }, members)
        };
        let blocked: Vec<(Rule, Vec<Member>)> = rules.blocking.par_iter().enumerate().map(block).collect();
        let mut all =
            Self { rules: Vec::new(), members: Vec::new(), offsets: Vec::new(), places: Vec::new(), together: None };
        all.members.reserve_exact(blocked.iter().map(|(_, members)| members.len()).sum());
        for (mut rule, members) in blocked {
            all.members.extend_from_slice(&members);
            rule.to = all.members.len() as u32;
            all.rules.push(rule);
        }
        all.find_places(columns.len());
        all
    }

    /// The same without the pairs that may not stand together.
    pub(crate) fn within(self, together: Option<Together>) -> Self {
        Self { together, ..self }
    }

    /// How many pairs of rows may stand together.
    pub(crate) fn possible(&self) -> u64 {
        let rows = self.rows();
        self.together.as_ref().map_or(rows * rows.saturating_sub(1) / 2, Together::possible)
    }

    fn find_places(&mut self, rows: usize) {
        let mut ends = vec![0_u32; rows + 1];
        for member in &self.members {
            ends[member.row() as usize + 1] += 1;
        }
        for row in 0..rows {
            ends[row + 1] += ends[row];
        }
        let mut next = ends.clone();
        let mut places = vec![0_u32; self.members.len()];
        for (place, member) in self.members.iter().enumerate() {
            let slot = &mut next[member.row() as usize];
            places[*slot as usize] = place as u32;
            *slot += 1;
        }
        (self.offsets, self.places) = (ends, places);
    }

    /// The keys of all refined blocks, ascending.
    pub(crate) fn refined(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.rules.iter().flat_map(|rule| rule.refined.iter().copied()).collect();
        all.sort_unstable();
        all
    }

    /// An upper bound on the pairs that will be compared.
    pub(crate) fn pairs_max(&self) -> u64 {
        let (mut pairs, mut before) = (0, 0);
        for member in &self.members {
            pairs += if member.is(Member::WINDOWED) { before.min(BLOCK_ROWS_MAX as u64) } else { before };
            before = if member.is(Member::LAST) { 0 } else { before + 1 };
        }
        pairs
    }

    /// How many rows were blocked.
    pub(crate) fn rows(&self) -> u64 {
        self.offsets.len() as u64 - 1
    }

    /// The rows that are compared with some of a block only, ascending.
    pub(crate) fn windowed(&self) -> Vec<u32> {
        let windowed = self.members.iter().filter(|member| member.is(Member::WINDOWED));
        let mut rows: Vec<u32> = windowed.map(|member| member.row()).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The members that stand after a row in the block at a place.
    fn after(&self, place: u32) -> &[Member] {
        let at = place as usize;
        if self.members[at].is(Member::LAST) {
            return &[];
        }
        let rest = &self.members[at + 1..];
        let rest = if self.members[at].is(Member::WINDOWED) { &rest[..rest.len().min(BLOCK_ROWS_MAX)] } else { rest };
        let end = rest.iter().position(|member| member.is(Member::LAST)).map_or(rest.len(), |last| last + 1);
        &rest[..end]
    }

    fn places_of(&self, row: u32) -> &[u32] {
        &self.places[self.offsets[row as usize] as usize..self.offsets[row as usize + 1] as usize]
    }

    /// Whether some rule lets a pair through, `left < right`, or it may not be compared at all.
    pub(crate) fn covers(&self, left: u32, right: u32) -> bool {
        if !self.allows(left, right) {
            return true;
        }
        let stands_after = |place: &u32| self.after(*place).iter().any(|member| member.row() == right);
        self.places_of(left).iter().any(stands_after)
    }

    fn allows(&self, left: u32, right: u32) -> bool {
        self.together.as_ref().is_none_or(|together| together.allow_rows(left, right))
    }

    /// Visits every candidate pair once, `left < right`: a row with its partners, ascending. In parallel; the results of the
    /// pieces come in a fixed order. A row for which `wanted` does not hold is passed over with its partners.
    pub(crate) fn visit<A: Send>(
        &self,
        progress: &dyn Progress,
        start: impl Fn() -> A + Sync,
        wanted: impl Fn(u32) -> bool + Sync,
        visit: impl Fn(&mut A, u32, &[u32]) + Sync,
    ) -> (Vec<A>, Vec<RuleStats>) {
        let rows = self.rows() as usize;
        let idle: Mutex<Vec<Marks>> = Mutex::default();
        let pieces: Vec<usize> = (0..rows).step_by(CHUNK_ROWS).collect();
        let done: Vec<(A, Vec<Seen>)> = pieces
            .par_iter()
            .map(|from| {
                let free = idle.lock().map_or(None, |mut idle| idle.pop());
                let mut marks = free.unwrap_or_else(|| Marks { met_by: vec![u32::MAX; rows], rule: vec![0; rows] });
                let mut result = start();
                let mut seen = vec![Seen::default(); self.rules.len()];
                let mut partners = Vec::new();
                let to = rows.min(from + CHUNK_ROWS);
                for left in (*from as u32..to as u32).filter(|row| wanted(*row)) {
                    self.find_partners(left, &mut marks, &mut seen, &mut partners);
                    if !partners.is_empty() {
                        visit(&mut result, left, &partners);
                    }
                }
                if let Ok(mut idle) = idle.lock() {
                    idle.push(marks);
                }
                progress.advance((to - from) as u64);
                (result, seen)
            })
            .collect();
        let mut sums = vec![Seen::default(); self.rules.len()];
        let mut results = Vec::with_capacity(done.len());
        for (result, seen) in done {
            results.push(result);
            for (sum, piece) in sums.iter_mut().zip(seen) {
                sum.compared += piece.compared;
                sum.repeated += piece.repeated;
                sum.refined += piece.refined;
                sum.no_agreement += piece.no_agreement;
            }
        }
        let stats = self.rules.iter().zip(sums).map(|(rule, seen)| RuleStats {
            rule: rule.text.clone(),
            pairs: rule.pairs,
            compared: seen.compared,
            repeated: seen.repeated,
            not_compared: rule.pairs_refined.saturating_sub(seen.refined),
            no_agreement: seen.no_agreement,
            refined_blocks: rule.blocks_refined,
        });
        (results, stats.collect())
    }

    fn find_partners(&self, left: u32, marks: &mut Marks, seen: &mut [Seen], partners: &mut Vec<u32>) {
        partners.clear();
        let mut rule = 0;
        for place in self.places_of(left) {
            while self.rules[rule].to <= *place {
                rule += 1;
            }
            let seen = &mut seen[rule];
            for member in self.after(*place) {
                let right = member.row() as usize;
                let is_new = marks.met_by[right] != left;
                if !is_new && marks.rule[right] == rule as u8 {
                    continue;
                }
                marks.met_by[right] = left;
                marks.rule[right] = rule as u8;
                seen.refined += u64::from(member.is(Member::REFINED));
                if !self.allows(left, right as u32) {
                    seen.no_agreement += u64::from(is_new);
                } else if is_new {
                    seen.compared += 1;
                    partners.push(right as u32);
                } else {
                    seen.repeated += 1;
                }
            }
        }
        partners.sort_unstable();
    }
}
