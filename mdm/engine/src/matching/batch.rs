//! Matching all source records of an entity at once.

use kanak_model::entity_model::Thresholds;
use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::{Constraint, Decision, MatchPair};
use kanak_model::sharing::AgreedLinks;
use rustc_hash::FxHashSet;

use super::agreed::Together;
use super::blocking::Candidates;
use super::bound::Bound;
use super::cluster::{self, Clusters, Cut, Edge, Evidence, Islands, RowConstraint};
use super::columns::Columns;
use super::households::Households;
use super::progress::{Progress, Silent};
use super::rule_set::RuleSet;
use super::rules::MatchRules;
use super::second_pass::SecondPass;
use super::stats::{MatchStats, RuleStats};
use super::train::train_on;

/// What a batch found.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// Weighed pairs at review or above, by (left, right). A pair that ended in one cluster is a `Match`, one that a constraint
    /// keeps apart a `NoMatch`, any other a `Review`: also a match that was cut, since a weak bridge may well be right.
    pub pairs: Vec<MatchPair>,
    /// What people are asked, by (left, right): of each two clusters that pairs for review lie between, the strongest such pair,
    /// since one answer settles all of them. Weight and probability are of the two clusters: what all their source records tell
    /// together.
    pub questions: Vec<MatchPair>,
    /// Every pair of at least the probability that the run was asked to list from, by (left, right): what estimates are made
    /// of. Empty where it was not asked.
    pub listed: Vec<MatchPair>,
    /// Every source record, in exactly one cluster; members ascending, clusters by their first member.
    pub clusters: Vec<Vec<SourceRecordId>>,
    /// Pairs that weigh enough for a match and were kept apart, by (left, right).
    pub cuts: Vec<Cut>,
    /// What was done, in counts.
    pub stats: MatchStats,
}

/// Pairs of at least this probability are heard when groups are held against each other.
const DOUBTFUL: f64 = 0.02;

/// The probability from which on pairs are heard: all that wait for a person are among them.
pub(crate) fn doubtful_from(rules: &MatchRules) -> f64 {
    DOUBTFUL.min(rules.thresholds.review)
}

/// Matches all source records under a rule set and the stewards' constraints.
///
/// The result depends on nothing but its arguments: not on the order of rows, nor on the number of threads. Constraints on
/// source records that are not in the columns are left out.
pub fn match_batch(
    rule_set: &RuleSet,
    columns: &Columns,
    constraints: &[Constraint],
    progress: &dyn Progress,
) -> Matched {
    let frozen: FxHashSet<u64> = rule_set.refined.iter().copied().collect();
    let together = Together::of(rule_set.agreed.as_ref(), columns);
    let candidates = Candidates::of(&rule_set.rules, columns, Some(&frozen)).within(together.clone());
    let run = Run { bound: &Bound::of(rule_set, columns), columns, together: together.as_ref() };
    let weighed = run.weigh(&candidates, None, progress);
    let first = weighed.first_pass(cluster::constraints_of(columns, constraints), progress);
    weighed.matched(first, rule_set.second_pass.as_ref())
}

/// Matches the source records that [`Around`](super::Around) names as heard, and keeps what became of those that are `settled`:
/// to the bit what [`match_batch`] over all source records makes of them.
///
/// `columns` hold the source records that are heard. Whatever is told of others is left out; the counts are of all that was done.
pub fn match_around(
    rule_set: &RuleSet,
    columns: &Columns,
    constraints: &[Constraint],
    settled: &[SourceRecordId],
    progress: &dyn Progress,
) -> Matched {
    let settled: FxHashSet<SourceRecordId> = settled.iter().copied().collect();
    let mut matched = match_batch(rule_set, columns, constraints, progress);
    matched.clusters.retain(|members| members.iter().any(|member| settled.contains(member)));
    matched.pairs.retain(|pair| settled.contains(&pair.left) && settled.contains(&pair.right));
    matched.questions.retain(|pair| settled.contains(&pair.left) && settled.contains(&pair.right));
    matched.cuts.retain(|cut| settled.contains(&cut.left) && settled.contains(&cut.right));
    matched
}

/// The pairs of rows that hold islands together: all that are doubtful or better. With them the rows of which a batch does not compare
/// all that share a block: they may be in more.
pub(crate) fn doubtful_pairs(rule_set: &RuleSet, columns: &Columns) -> (Vec<(u32, u32)>, Vec<u32>) {
    let frozen: FxHashSet<u64> = rule_set.refined.iter().copied().collect();
    let together = Together::of(rule_set.agreed.as_ref(), columns);
    let candidates = Candidates::of(&rule_set.rules, columns, Some(&frozen)).within(together.clone());
    let run = Run { bound: &Bound::of(rule_set, columns), columns, together: together.as_ref() };
    let edges = run.weigh(&candidates, None, &Silent).edges;
    (edges.iter().map(|edge| (edge.left, edge.right)).collect(), candidates.windowed())
}

/// Trains a rule set and matches by it at once: [`train`] and [`match_batch`] over one set of blocks. What stewards decided is
/// learned from. With `listed_from`, pairs of at least that probability are listed too; estimates want them from 0.001 on.
pub fn train_and_match(
    rules: &MatchRules,
    columns: &Columns,
    seed: u64,
    constraints: &[Constraint],
    listed_from: Option<f64>,
    progress: &dyn Progress,
) -> (RuleSet, Matched) {
    trained_and_matched(rules, columns, seed, None, constraints, listed_from, progress)
}

/// Trains a rule set and matches by it as [`train_and_match`] does, without comparing source records of registers between which no
/// agreement stands.
pub fn train_and_match_agreed(
    rules: &MatchRules,
    columns: &Columns,
    seed: u64,
    agreed: Option<&AgreedLinks>,
    constraints: &[Constraint],
    progress: &dyn Progress,
) -> (RuleSet, Matched) {
    trained_and_matched(rules, columns, seed, agreed, constraints, None, progress)
}

fn trained_and_matched(
    rules: &MatchRules,
    columns: &Columns,
    seed: u64,
    agreed: Option<&AgreedLinks>,
    constraints: &[Constraint],
    listed_from: Option<f64>,
    progress: &dyn Progress,
) -> (RuleSet, Matched) {
    let together = Together::of(agreed, columns);
    let candidates = Candidates::of(rules, columns, None).within(together.clone());
    let decided = cluster::constraints_of(columns, constraints);
    let may_be_compared =
        |one: &RowConstraint| together.as_ref().is_none_or(|together| together.allow_rows(one.left, one.right));
    let is_answer = |one: &&RowConstraint| one.kind.is_answer() && may_be_compared(one);
    let answers: Vec<RowConstraint> = decided.iter().filter(is_answer).copied().collect();
    let rule_set = RuleSet { agreed: agreed.cloned(), ..train_on(rules, columns, &candidates, &answers, seed) };
    let run = Run { bound: &Bound::of(&rule_set, columns), columns, together: together.as_ref() };
    let weighed = run.weigh(&candidates, listed_from, progress);
    let first = weighed.first_pass(decided, progress);
    // Who lives with whom and which register lists nobody twice is learned from what the weights alone make of all, not from the
    // few that were asked about.
    let second_pass = if constraints.is_empty() {
        run.train_second_pass(&first)
    } else {
        run.train_second_pass(&weighed.first_pass(Vec::new(), &Silent))
    };
    let matched = weighed.matched(first, Some(&second_pass));
    (RuleSet { second_pass: Some(second_pass), ..rule_set }, matched)
}

/// Trains a rule set: term frequencies by counting, u from random pairs, m and the prior by expectation and maximisation; then what a
/// second pass decides by, on the clusters that these give.
///
/// Needs no labels. The same rules, columns and seed give the same rule set, whatever the order of rows and the number of
/// threads. On few source records, what is believed beforehand of each kind ([`super::Method::levels`]) prevails.
pub fn train(rules: &MatchRules, columns: &Columns, seed: u64) -> RuleSet {
    let candidates = Candidates::of(rules, columns, None);
    let rule_set = train_on(rules, columns, &candidates, &[], seed);
    let run = Run { bound: &Bound::of(&rule_set, columns), columns, together: None };
    let second_pass = run.train_second_pass(&run.weigh(&candidates, None, &Silent).first_pass(Vec::new(), &Silent));
    RuleSet { second_pass: Some(second_pass), ..rule_set }
}

/// Rules over columns.
#[derive(Clone, Copy)]
struct Run<'r> {
    bound: &'r Bound<'r>,
    columns: &'r Columns,
    together: Option<&'r Together>,
}

/// The pairs of a run that are heard, weighed.
struct Weighed<'r> {
    run: Run<'r>,
    /// Pairs that are doubtful or better.
    edges: Vec<Edge>,
    /// Pairs to be listed.
    listed: Vec<Edge>,
    rules: Vec<RuleStats>,
}

/// The clusters that pairs alone give, with the islands that they were settled in.
struct FirstPass {
    islands: Islands,
    clusters: Clusters,
}

impl<'r> Run<'r> {
    fn thresholds(self) -> Thresholds {
        self.bound.rules().thresholds
    }

    fn weigh(self, candidates: &Candidates, listed_from: Option<f64>, progress: &dyn Progress) -> Weighed<'r> {
        let bound = self.bound;
        progress.stage("weigh pairs", candidates.rows());
        let doubtful = bound.weight_at(doubtful_from(bound.rules()));
        let listed_from = listed_from.map(|probability| bound.weight_at(probability));
        let floor = listed_from.map_or(doubtful, |listed_from| doubtful.min(listed_from));
        let start = || (Vec::<Edge>::new(), bound.weigher());
        let (found, rules) = candidates.visit(
            progress,
            start,
            |_| true,
            |(edges, weigher), left, partners| {
                weigher.weigh_row(left, partners, floor, |right, weight_bits| {
                    edges.push(Edge { left, right, weight_bits });
                });
            },
        );
        let mut edges: Vec<Edge> = found.into_iter().flat_map(|(edges, _)| edges).collect();
        let listed = listed_from.map(|_| edges.clone()).unwrap_or_default();
        edges.retain(|edge| edge.weight_bits >= doubtful);
        Weighed { run: self, edges, listed, rules }
    }

    fn evidence(self) -> Evidence<'r> {
        let matched = self.bound.weight_at(self.thresholds().matched);
        Evidence { bound: self.bound, matched, households: None, registers: None, together: self.together }
    }

    /// What the clusters that pairs alone give teach a second pass.
    fn train_second_pass(self, first: &FirstPass) -> SecondPass {
        let Run { bound, columns, .. } = self;
        let (root_of, edges) = (&first.clusters.root_of, first.islands.edges());
        SecondPass::train(bound.rules(), columns, root_of, edges, |weight_bits| bound.probability(weight_bits))
    }
}

impl Weighed<'_> {
    fn first_pass(&self, constraints: Vec<RowConstraint>, progress: &dyn Progress) -> FirstPass {
        let Run { columns, .. } = self.run;
        progress.stage("cluster", self.edges.len() as u64);
        let islands = Islands::of(columns, self.edges.clone(), constraints);
        let clusters = islands.settle(columns, &self.run.evidence());
        FirstPass { islands, clusters }
    }

    /// Clusters: those of the first pass, settled once more by what they show.
    fn matched(self, first: FirstPass, second_pass: Option<&SecondPass>) -> Matched {
        let Run { bound, columns, .. } = self.run;
        let evidence = self.run.evidence();
        let matched = evidence.matched;
        let FirstPass { islands, clusters: first } = first;
        let households = second_pass.and_then(|_| Households::of(bound.rules(), columns, &first.root_of));
        let registers = second_pass.map(|second_pass| second_pass.of_registers(columns));
        let weights = second_pass.and_then(|second_pass| second_pass.households);
        let evidence =
            Evidence { households: households.as_ref().zip(weights), registers: registers.as_ref(), ..evidence };
        let again = second_pass.map(|_| islands.settle(columns, &evidence));
        let clustered = again.as_ref().unwrap_or(&first);
        let review = bound.weight_at(self.run.thresholds().review);
        let mut edges = islands.into_edges();
        edges.retain(|edge| edge.weight_bits >= review);
        let pair_of = |edge: &Edge| {
            let (left, right) = columns.pair(edge.left, edge.right);
            let probability = bound.probability(edge.weight_bits);
            MatchPair { left, right, weight_bits: edge.weight_bits, probability, decision: decision(edge, clustered) }
        };
        let pairs_of = |edges: &[Edge]| {
            let mut pairs: Vec<MatchPair> = edges.iter().map(pair_of).collect();
            pairs.sort_unstable_by_key(|pair| (pair.left, pair.right));
            pairs
        };
        let (pairs, listed) = (pairs_of(&edges), pairs_of(&self.listed));
        let mut questions = pairs_of(&clustered.questions(&edges, &evidence));
        // What is asked is open, also where a confirmation holds both together until it is answered.
        questions
            .iter_mut()
            .filter(|one| one.decision == Decision::Match)
            .for_each(|one| one.decision = Decision::Review);
        let rows = columns.len() as u64;
        let strong = edges.iter().filter(|edge| edge.weight_bits >= matched).count() as u64;
        let clusters = clustered.members(columns);
        let stats = MatchStats {
            rows,
            pairs_possible: rows * rows.saturating_sub(1) / 2,
            compared: self.rules.iter().map(|rule| rule.compared).sum(),
            not_compared: self.rules.iter().map(|rule| rule.not_compared).sum(),
            no_agreement: self.rules.iter().map(|rule| rule.no_agreement).sum(),
            refined_blocks: self.rules.iter().map(|rule| rule.refined_blocks).sum(),
            matched: strong,
            review: edges.len() as u64 - strong,
            clusters: clusters.len() as u64,
            single: clusters.iter().filter(|members| members.len() == 1).count() as u64,
            rules: self.rules,
        };
        Matched { pairs, questions, listed, clusters, cuts: again.unwrap_or(first).cuts, stats }
    }
}

fn decision(edge: &Edge, clustered: &Clusters) -> Decision {
    if clustered.root_of[edge.left as usize] == clustered.root_of[edge.right as usize] {
        Decision::Match
    } else if clustered.kept_apart(edge.left, edge.right) {
        Decision::NoMatch
    } else {
        Decision::Review
    }
}
