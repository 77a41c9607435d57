//! Clusters: matches joined strongest first, as far as constraints and evidence between the rest of both sides allow.
//!
//! Bare transitive closure joins a family through one wrong link. Here every match that would join two groups is held
//! against the evidence between all of their members; where that speaks against, the link is a weak bridge and is cut.
//! A must-link joins the groups that the evidence made of both sides, and is never cut; a cannot-link is never joined across. Two
//! groups that stewards confirmed, each for itself, are joined by a must-link and by nothing else; so are two that hold both of a pair
//! that is left to a steward.

use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::{Constraint, ConstraintKind};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::agreed::{self, Together};
use super::bound::{Bound, Weigher};
use super::columns::Columns;
use super::households::{HouseholdWeights, Households};
use super::second_pass::{Choice, Registers, most_likely};

/// A weighed pair of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) weight_bits: f64,
}

/// A pair that weighs enough for a match and was kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cut {
    /// The smaller id.
    pub left: SourceRecordId,
    /// The larger id.
    pub right: SourceRecordId,
    /// Why.
    pub reason: CutReason,
}

/// Why a match was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutReason {
    /// A steward said that members of both sides are never the same one.
    CannotLink,
    /// The other members of both sides speak against it.
    WeakBridge,
    /// Both sides live with others, and with none in common.
    OtherHousehold,
    /// Both stand in a register that lists hardly anybody twice.
    OneRegister,
    /// Stewards confirmed both sides, each for itself: only a steward joins them.
    Confirmed,
    /// A writer of few districts brought one side, and the other lies outside them: only a steward joins them.
    Asked,
    /// Registers on both sides have no agreement that lets them stand together.
    NoAgreement,
}

impl CutReason {
    /// What a page says.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::CannotLink => "a steward decided that source records on both sides are not the same",
            Self::WeakBridge => "the only links between two groups whose other source records contradict each other",
            Self::OneRegister => "both stand in one register, which lists hardly anybody twice",
            Self::OtherHousehold => "both share phones or cards with others, and with none in common",
            Self::NoAgreement => "no agreement lets registers on both sides stand together in one golden record",
            Self::Confirmed => "stewards confirmed both golden records, and only a steward joins such two",
            Self::Asked => {
                "one side was written by whom the other's district is not open to, and only a steward joins such two"
            }
        }
    }
}

/// Rows in clusters.
#[derive(Debug)]
pub(crate) struct Clusters {
    /// Row to the smallest row of its cluster.
    pub(crate) root_of: Vec<u32>,
    pub(crate) cuts: Vec<Cut>,
    apart: FxHashSet<(u32, u32)>,
    /// Edges that would have joined two groups that only a steward joins.
    confirmed: Vec<Edge>,
    /// Pairs of a confirmed golden record that the evidence would have parted, with what both parts tell together.
    held: Vec<Edge>,
}

/// A constraint on rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowConstraint {
    pub(crate) kind: ConstraintKind,
    pub(crate) left: u32,
    pub(crate) right: u32,
}

/// So many members of each side are heard.
const HEARD_MAX: usize = 8;
/// A match that would join two groups needs what all their members tell to weigh so much more than a match, in bits: the members of
/// a family agree in much, and one of their source records with a slip looks like another's.
const BRIDGE_BITS: f64 = 1.0;

/// The constraints whose source records are here, in a fixed order.
pub(crate) fn constraints_of(columns: &Columns, constraints: &[Constraint]) -> Vec<RowConstraint> {
    let mut rows: Vec<RowConstraint> = constraints
        .iter()
        .filter_map(|constraint| {
            let (a, b) = (columns.row(constraint.left)?, columns.row(constraint.right)?);
            Some(RowConstraint { kind: constraint.kind, left: a.min(b), right: a.max(b) })
        })
        .filter(|constraint| constraint.left != constraint.right || constraint.kind == ConstraintKind::Confirmed)
        .collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Rows that edges or must-links connect, however weakly: what lies between two such islands has no say in either.
struct Island<'e> {
    /// Its rows, ascending.
    rows: Vec<u32>,
    /// Strongest first.
    edges: &'e [Edge],
    constraints: Vec<RowConstraint>,
}

/// What came of an island: by row of it, the smallest row of its cluster.
struct Settled {
    rows: Vec<u32>,
    root_of: Vec<u32>,
    refused: Vec<(Edge, CutReason)>,
    held: Vec<Edge>,
}

/// The smallest element of the set that an element stands in; shortens the way for those who come after.
fn find_root(root: &mut [u32], element: u32) -> u32 {
    let mut at = element;
    while root[at as usize] != at {
        root[at as usize] = root[root[at as usize] as usize];
        at = root[at as usize];
    }
    at
}

/// Edges and constraints in islands: parted once, settled as often as there is new evidence.
pub(crate) struct Islands {
    rows: u32,
    /// Island by island, each strongest first.
    edges: Vec<Edge>,
    /// Where each island's edges begin.
    begins: Vec<u32>,
    /// By island.
    constrained: FxHashMap<u32, Vec<RowConstraint>>,
    constraints: Vec<RowConstraint>,
    /// Row to the smallest row of its island.
    island_of: Vec<u32>,
}

/// What decides whether two groups are joined.
pub(crate) struct Evidence<'e> {
    pub(crate) bound: &'e Bound<'e>,
    /// The weight from which on a pair is a match.
    pub(crate) matched: f64,
    /// The households of the pass before, and what they weigh.
    pub(crate) households: Option<(&'e Households<'e>, HouseholdWeights)>,
    /// What became of the source records of each register.
    pub(crate) registers: Option<&'e Registers<'e>>,
    /// Which rows may stand together; `None`: all may.
    pub(crate) together: Option<&'e Together>,
}

/// Someone who weighs groups.
struct Judge<'e> {
    evidence: &'e Evidence<'e>,
    weigher: Weigher<'e>,
}

impl Islands {
    pub(crate) fn of(columns: &Columns, mut edges: Vec<Edge>, constraints: Vec<RowConstraint>) -> Self {
        let rows = columns.len() as u32;
        let mut root_of: Vec<u32> = (0..rows).collect();
        let links = edges.iter().map(|edge| (edge.left, edge.right));
        for (left, right) in links.chain(constraints.iter().map(|constraint| (constraint.left, constraint.right))) {
            let (a, b) = (find_root(&mut root_of, left), find_root(&mut root_of, right));
            root_of[a.max(b) as usize] = a.min(b);
        }
        for row in 0..rows {
            root_of[row as usize] = root_of[root_of[row as usize] as usize];
        }
        edges.par_sort_unstable_by(|a, b| {
            let island = |edge: &Edge| root_of[edge.left as usize];
            let ends = |edge: &Edge| (edge.left, edge.right);
            island(a).cmp(&island(b)).then(b.weight_bits.total_cmp(&a.weight_bits)).then(ends(a).cmp(&ends(b)))
        });
        let mut constrained: FxHashMap<u32, Vec<RowConstraint>> = FxHashMap::default();
        for constraint in &constraints {
            constrained.entry(root_of[constraint.left as usize]).or_default().push(*constraint);
        }
        let island = |at: usize| root_of[edges[at].left as usize];
        let begins =
            (0..edges.len()).filter(|at| *at == 0 || island(*at) != island(at - 1)).map(|at| at as u32).collect();
        Self { rows, edges, begins, constrained, constraints, island_of: root_of }
    }

    /// The edges, island by island.
    pub(crate) fn edges(&self) -> &[Edge] {
        &self.edges
    }

    pub(crate) fn into_edges(self) -> Vec<Edge> {
        self.edges
    }

    fn with_edges(&self, at: usize) -> &[Edge] {
        let end = self.begins.get(at + 1).map_or(self.edges.len(), |end| *end as usize);
        &self.edges[self.begins[at] as usize..end]
    }

    /// Joins matches, strongest first.
    pub(crate) fn settle(&self, columns: &Columns, evidence: &Evidence<'_>) -> Clusters {
        let judge = || Judge { evidence, weigher: evidence.bound.weigher() };
        let settle = |judge: &mut Judge<'_>, at: usize| {
            let edges = self.with_edges(at);
            let constraints = self.constrained.get(&self.island_of[edges[0].left as usize]);
            Island::of(edges, constraints.cloned().unwrap_or_default()).settle(judge)
        };
        let islands = (0..self.begins.len()).into_par_iter().with_min_len(ISLANDS_MIN);
        let mut settled: Vec<Settled> = islands.map_init(judge, settle).collect();
        let has_edge: FxHashSet<u32> =
            self.begins.iter().map(|at| self.island_of[self.edges[*at as usize].left as usize]).collect();
        let mut without: Vec<(u32, &Vec<RowConstraint>)> = self
            .constrained
            .iter()
            .map(|(root, of)| (*root, of))
            .filter(|(root, _)| !has_edge.contains(root))
            .collect();
        without.sort_unstable();
        let only_constrained = without.into_iter().map(|(_, constraints)| Island::of(&[], constraints.clone()));
        settled.extend(only_constrained.map(|island| island.settle(&judge())));

        let mut root_of: Vec<u32> = (0..self.rows).collect();
        for island in &settled {
            for (row, root) in island.rows.iter().zip(&island.root_of) {
                root_of[*row as usize] = *root;
            }
        }
        let mut held: Vec<Edge> = settled.iter().flat_map(|island| &island.held).copied().collect();
        held.sort_unstable_by_key(|edge| (edge.left, edge.right));
        let refused = settled.into_iter().flat_map(|island| island.refused);
        let is_cut = |edge: &Edge| root_of[edge.left as usize] != root_of[edge.right as usize];
        let refused: Vec<(Edge, CutReason)> = refused.filter(|(edge, _)| is_cut(edge)).collect();
        let is_left = |reason: CutReason| matches!(reason, CutReason::Confirmed | CutReason::Asked);
        let confirmed = refused.iter().filter(|one| is_left(one.1)).map(|(edge, _)| *edge).collect();
        let cut = |(edge, reason): &(Edge, CutReason)| {
            let (left, right) = columns.pair(edge.left, edge.right);
            Cut { left, right, reason: *reason }
        };
        let mut cuts: Vec<Cut> = refused.iter().map(cut).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut apart: FxHashSet<(u32, u32)> = self
            .constraints
            .iter()
            .filter(|constraint| constraint.kind == ConstraintKind::CannotLink)
            .map(|constraint| {
                let (a, b) = (root_of[constraint.left as usize], root_of[constraint.right as usize]);
                (a.min(b), a.max(b))
            })
            .collect();
        if let Some(together) = evidence.together {
            apart.extend(self.without_agreement(&root_of, together));
        }
        Clusters { root_of, cuts, apart, confirmed, held }
    }

    /// The pairs of clusters between which edges lie and no agreement stands.
    fn without_agreement(&self, root_of: &[u32], together: &Together) -> Vec<(u32, u32)> {
        let roots = |edge: &Edge| (root_of[edge.left as usize], root_of[edge.right as usize]);
        let mut pairs: Vec<(u32, u32)> =
            self.edges.iter().map(roots).filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b))).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut registers: FxHashMap<u32, Vec<u32>> =
            pairs.iter().flat_map(|(a, b)| [*a, *b]).map(|root| (root, Vec::new())).collect();
        for (row, root) in root_of.iter().enumerate() {
            if let Some(registers) = registers.get_mut(root) {
                agreed::join(registers, &[together.register(row as u32)]);
            }
        }
        pairs.retain(|(a, b)| !together.allow_all(&registers[a], &registers[b]));
        pairs
    }
}

/// Islands of one piece of parallel work, at least.
const ISLANDS_MIN: usize = 1024;

impl<'e> Island<'e> {
    fn of(edges: &'e [Edge], constraints: Vec<RowConstraint>) -> Self {
        let of_edges = edges.iter().flat_map(|edge| [edge.left, edge.right]);
        let mut rows: Vec<u32> = of_edges.chain(constraints.iter().flat_map(|one| [one.left, one.right])).collect();
        rows.sort_unstable();
        rows.dedup();
        Self { rows, edges, constraints }
    }

    fn of_kind(&self, kind: ConstraintKind) -> impl Iterator<Item = &RowConstraint> {
        self.constraints.iter().filter(move |constraint| constraint.kind == kind)
    }

    fn place(&self, row: u32) -> u32 {
        self.rows.binary_search(&row).expect("an island holds the rows of its edges") as u32
    }

    fn settle(self, judge: &Judge<'_>) -> Settled {
        let together = judge.evidence.together;
        let (mut groups, mut refused) = self.join(Groups::of(&self, together), judge);
        if !groups.join_decided(&self) {
            // Some who are to be together stand in groups that are to be apart: then only they are together from the start, and
            // the others must go along with it.
            let mut decided = Groups::of(&self, together);
            decided.join_decided(&self);
            (groups, refused) = self.join(decided, judge);
        }
        let held = groups.hold_confirmed(&self, judge);
        let root_of = (0..self.rows.len() as u32).map(|place| self.rows[groups.root(place) as usize]).collect();
        Settled { rows: self.rows, root_of, refused, held }
    }

    /// Joins groups by what the source records state.
    fn join<'t>(&self, mut groups: Groups<'t>, judge: &Judge<'_>) -> (Groups<'t>, Vec<(Edge, CutReason)>) {
        let matched = judge.evidence.matched;
        let mut refused = Vec::new();
        let strong = self.edges.partition_point(|edge| edge.weight_bits >= matched);
        for edge in &self.edges[..strong] {
            let (a, b) = (groups.root(self.place(edge.left)), groups.root(self.place(edge.right)));
            if a == b {
                continue;
            }
            if let Some(reason) = groups.parted(a, b) {
                refused.push((*edge, reason));
            } else if let Some(reason) = judge.against(edge, groups.members(a), groups.members(b)) {
                refused.push((*edge, reason));
            } else if let Some(reason) = groups.left_to_a_steward(a, b) {
                refused.push((*edge, reason));
            } else {
                groups.join(a, b);
            }
        }
        self.join_together(&self.edges[strong..], judge, &mut groups, &mut refused);
        if let Some(registers) = judge.evidence.registers {
            self.adopt(judge, registers, &mut groups, &mut refused);
        }
        (groups, refused)
    }

    /// Joins groups between which no single pair weighs enough, where all that their members tell together does. Strongest pairs
    /// first; repeated while something is joined, because a larger group tells more.
    fn join_together(
        &self,
        doubtful: &[Edge],
        judge: &Judge<'_>,
        groups: &mut Groups<'_>,
        refused: &mut Vec<(Edge, CutReason)>,
    ) {
        let mut heard_before: FxHashSet<(u32, u32, usize)> = FxHashSet::default();
        for _ in 0..ROUNDS_MAX {
            let mut joined = false;
            for edge in doubtful {
                let (a, b) = (groups.root(self.place(edge.left)), groups.root(self.place(edge.right)));
                if a == b || groups.forbidden(a, b) {
                    continue;
                }
                let (left, right) = (groups.members(a), groups.members(b));
                let size = left.len() + right.len();
                // Groups only grow: two of the same roots and the same size are the same two.
                if !heard_before.insert((a, b, size)) {
                    continue;
                }
                let beside = judge.beside(left, right);
                // Two alone tell no more together than their pair did.
                if size == 2 && beside.0 <= 0.0 {
                    continue;
                }
                if judge.weight_bits(left, right, beside) < judge.evidence.matched {
                    continue;
                }
                if let Some(reason) = groups.left_to_a_steward(a, b) {
                    refused.push((*edge, reason));
                } else {
                    groups.join(a, b);
                    joined = true;
                }
            }
            if !joined {
                break;
            }
        }
    }
}

impl Island<'_> {
    /// Gives rows that are still alone to the group that they most likely belong to, out of all their candidates; the surest first.
    /// Whom they do not agree with in name is a relative sooner than the same one, however few other candidates there are.
    fn adopt(
        &self,
        judge: &Judge<'_>,
        registers: &Registers<'_>,
        groups: &mut Groups<'_>,
        refused: &mut Vec<(Edge, CutReason)>,
    ) {
        // The best of several candidates is the best by chance too, and the shares that stand alone are no more than estimates: twice as
        // sure as a match.
        let least = f64::midpoint(1.0, judge.evidence.bound.rules().thresholds.matched);
        let mut candidates: Vec<(u32, u32)> = Vec::new();
        for edge in self.edges {
            let (left, right) = (self.place(edge.left), self.place(edge.right));
            for (one, other) in [(left, right), (right, left)] {
                let (a, b) = (groups.root(one), groups.root(other));
                if a != b && groups.members(a).len() == 1 && !groups.forbidden(a, b) {
                    candidates.push((a, b));
                }
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let mut offers: Vec<Offer> = Vec::new();
        for of_one in candidates.chunk_by(|a, b| a.0 == b.0) {
            let place = of_one[0].0;
            let odds: Vec<f64> =
                of_one.iter().map(|(a, b)| judge.odds(groups.members(*a), groups.members(*b))).collect();
            let Some(choice) = most_likely(&odds, registers.alone(self.rows[place as usize])) else { continue };
            let (a, b) = of_one[choice.at];
            if choice.probability() >= least && judge.weigher.agree_in_name(groups.members(a), groups.members(b)) {
                offers.push(Offer { row: place, to: b, choice });
            }
        }
        offers.sort_by(|a, b| b.choice.probability().total_cmp(&a.choice.probability()).then(a.row.cmp(&b.row)));
        for offer in offers {
            let (a, b) = (groups.root(offer.row), groups.root(offer.to));
            if a == b || groups.members(a).len() > 1 || groups.forbidden(a, b) {
                continue;
            }
            // The group may have grown since.
            let odds = judge.odds(groups.members(a), groups.members(b));
            if (Choice { odds, ..offer.choice }).probability() < least {
                continue;
            }
            if let Some(reason) = groups.left_to_a_steward(a, b) {
                refused.extend(self.edge_between(groups, a, b).map(|edge| (edge, reason)));
            } else {
                groups.join(a, b);
            }
        }
    }
}

impl Island<'_> {
    /// The strongest edge between two groups.
    fn edge_between(&self, groups: &mut Groups<'_>, a: u32, b: u32) -> Option<Edge> {
        let ends = |groups: &mut Groups<'_>, edge: &Edge| {
            (groups.root(self.place(edge.left)), groups.root(self.place(edge.right)))
        };
        self.edges
            .iter()
            .copied()
            .find(|edge| matches!(ends(groups, edge), found if found == (a, b) || found == (b, a)))
    }
}

/// A group that a row which is still alone most likely belongs to.
struct Offer {
    row: u32,
    /// The place of a member.
    to: u32,
    choice: Choice,
}

/// The groups of an island, by their smallest place in it.
struct Groups<'t> {
    root: Vec<u32>,
    /// By root: the rows of its group, ascending.
    members: Vec<Vec<u32>>,
    /// By root: places that a steward keeps apart from its group.
    cannot: Vec<Vec<u32>>,
    /// By root: places that only a steward joins with its group.
    asked: Vec<Vec<u32>>,
    /// By root: which confirmed golden record its group is, by the smallest place of that one; `None` where no steward looked.
    confirmed: Vec<Option<u32>>,
    /// Which registers may stand together, where they need an agreement; and by root those of its group, ascending.
    together: Option<(&'t Together, Vec<Vec<u32>>)>,
}

impl<'t> Groups<'t> {
    fn of(island: &Island<'_>, together: Option<&'t Together>) -> Self {
        let registers = |together: &'t Together| island.rows.iter().map(|row| vec![together.register(*row)]).collect();
        let mut groups = Self {
            root: (0..island.rows.len() as u32).collect(),
            members: island.rows.iter().map(|row| vec![*row]).collect(),
            cannot: vec![Vec::new(); island.rows.len()],
            asked: vec![Vec::new(); island.rows.len()],
            confirmed: confirmed(island),
            together: together.map(|together| (together, registers(together))),
        };
        for constraint in island.of_kind(ConstraintKind::CannotLink) {
            let (a, b) = (island.place(constraint.left), island.place(constraint.right));
            groups.cannot[a as usize].push(b);
            groups.cannot[b as usize].push(a);
        }
        for constraint in island.of_kind(ConstraintKind::Asked) {
            let (a, b) = (island.place(constraint.left), island.place(constraint.right));
            groups.asked[a as usize].push(b);
            groups.asked[b as usize].push(a);
        }
        groups
    }

    /// Joins the whole groups of those whom stewards hold together: who says that two golden records are one means all of both. Gives
    /// whether all could be.
    fn join_decided(&mut self, island: &Island<'_>) -> bool {
        let mut all = true;
        for constraint in island.of_kind(ConstraintKind::MustLink) {
            let (a, b) = (self.root(island.place(constraint.left)), self.root(island.place(constraint.right)));
            if a != b && self.forbidden(a, b) {
                all = false;
            } else if a != b {
                self.join(a, b);
            }
        }
        all
    }

    /// Holds together what a steward confirmed as one golden record, where the evidence would part it and no steward does: rules take
    /// nothing apart that a person has looked at. Gives the pairs that people are to be asked about, with what both parts tell together.
    fn hold_confirmed(&mut self, island: &Island<'_>, judge: &Judge<'_>) -> Vec<Edge> {
        let mut held = Vec::new();
        for constraint in island.of_kind(ConstraintKind::Confirmed) {
            let (a, b) = (self.root(island.place(constraint.left)), self.root(island.place(constraint.right)));
            if a == b || self.forbidden(a, b) {
                continue;
            }
            let (left, right) = (self.members(a), self.members(b));
            let weight_bits = judge.weight_bits(left, right, judge.beside(left, right));
            held.push(Edge { left: constraint.left, right: constraint.right, weight_bits });
            self.join(a, b);
        }
        held
    }

    fn root(&mut self, place: u32) -> u32 {
        find_root(&mut self.root, place)
    }

    fn members(&self, root: u32) -> &[u32] {
        &self.members[root as usize]
    }

    /// Joins two groups under the smaller root.
    fn join(&mut self, a: u32, b: u32) {
        let (keep, gone) = (a.min(b), a.max(b));
        let moved = std::mem::take(&mut self.members[gone as usize]);
        let members = &mut self.members[keep as usize];
        members.extend(moved);
        members.sort_unstable();
        self.root[gone as usize] = keep;
        let cannot = std::mem::take(&mut self.cannot[gone as usize]);
        self.cannot[keep as usize].extend(cannot);
        let asked = std::mem::take(&mut self.asked[gone as usize]);
        self.asked[keep as usize].extend(asked);
        self.confirmed[keep as usize] = self.confirmed[keep as usize].or(self.confirmed[gone as usize]);
        if let Some((_, registers)) = &mut self.together {
            let moved = std::mem::take(&mut registers[gone as usize]);
            agreed::join(&mut registers[keep as usize], &moved);
        }
    }

    /// Whether stewards confirmed two groups, each for itself.
    fn both_confirmed(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.confirmed[a as usize], self.confirmed[b as usize]);
        a.is_some() && b.is_some() && a != b
    }

    /// Why only a steward joins two groups, if so.
    fn left_to_a_steward(&mut self, a: u32, b: u32) -> Option<CutReason> {
        if self.both_confirmed(a, b) {
            return Some(CutReason::Confirmed);
        }
        let (noted, other) = fewer(&self.asked, a, b);
        self.holds_one_of(other, &noted).then_some(CutReason::Asked)
    }

    /// Whether nothing may join two groups.
    fn forbidden(&mut self, a: u32, b: u32) -> bool {
        self.parted(a, b).is_some()
    }

    /// What parts two groups for good: a steward, or the want of an agreement between their registers.
    fn parted(&mut self, a: u32, b: u32) -> Option<CutReason> {
        let agrees = |(together, registers): &(&Together, Vec<Vec<u32>>)| {
            together.allow_all(&registers[a as usize], &registers[b as usize])
        };
        if !self.together.as_ref().is_none_or(agrees) {
            return Some(CutReason::NoAgreement);
        }
        self.kept_apart(a, b).then_some(CutReason::CannotLink)
    }

    /// Whether a steward keeps two groups apart.
    fn kept_apart(&mut self, a: u32, b: u32) -> bool {
        let (noted, other) = fewer(&self.cannot, a, b);
        self.holds_one_of(other, &noted)
    }

    /// Whether a group holds one of these places.
    fn holds_one_of(&mut self, group: u32, places: &[u32]) -> bool {
        places.iter().any(|place| self.root(*place) == group)
    }
}

/// What is noted of one of two groups, the one with less of it, and the other.
fn fewer(noted: &[Vec<u32>], a: u32, b: u32) -> (Vec<u32>, u32) {
    let (few, many) = if noted[a as usize].len() <= noted[b as usize].len() { (a, b) } else { (b, a) };
    (noted[few as usize].clone(), many)
}

/// By place of an island: the smallest place of the confirmed golden record that it belongs to.
fn confirmed(island: &Island<'_>) -> Vec<Option<u32>> {
    let mut root: Vec<u32> = (0..island.rows.len() as u32).collect();
    let mut places: Vec<u32> = Vec::new();
    for constraint in island.of_kind(ConstraintKind::Confirmed) {
        let (left, right) = (island.place(constraint.left), island.place(constraint.right));
        let (a, b) = (find_root(&mut root, left), find_root(&mut root, right));
        root[a.max(b) as usize] = a.min(b);
        places.extend([left, right]);
    }
    let mut confirmed = vec![None; root.len()];
    for place in places {
        confirmed[place as usize] = Some(find_root(&mut root, place));
    }
    confirmed
}

/// Rounds of joining groups by what they tell together.
const ROUNDS_MAX: usize = 4;

impl Judge<'_> {
    /// What the first pass taught of two groups, for a match and for relatives.
    fn beside(&self, left: &[u32], right: &[u32]) -> (f64, f64) {
        let (of_match, of_relatives) = self.of_households(left, right);
        (of_match + self.of_registers(left, right), of_relatives)
    }

    fn of_households(&self, left: &[u32], right: &[u32]) -> (f64, f64) {
        let known = self.evidence.households;
        known.map_or((0.0, 0.0), |(households, weights)| weights.bits(households.common(left, right)))
    }

    fn of_registers(&self, left: &[u32], right: &[u32]) -> f64 {
        self.evidence.registers.map_or(0.0, |registers| registers.bits(left, right))
    }

    /// What the members of two groups tell together.
    fn weight_bits(&self, left: &[u32], right: &[u32], beside: (f64, f64)) -> f64 {
        let (left, right): (Vec<u32>, Vec<u32>) = (spread(left).collect(), spread(right).collect());
        self.weigher.weight_bits_of_groups(&left, &right, beside)
    }

    /// The odds that two groups are one.
    fn odds(&self, left: &[u32], right: &[u32]) -> f64 {
        self.evidence.bound.odds(self.weight_bits(left, right, self.beside(left, right)))
    }

    /// What speaks for two groups being one that an edge lies between: of two that are alone the edge itself.
    fn weight_bits_between(&self, edge: &Edge, left: &[u32], right: &[u32], beside: (f64, f64)) -> f64 {
        if left.len() == 1 && right.len() == 1 {
            edge.weight_bits + beside.0
        } else {
            self.weight_bits(left, right, beside)
        }
    }

    /// What speaks against joining two groups by a match between them.
    fn against(&self, edge: &Edge, left: &[u32], right: &[u32]) -> Option<CutReason> {
        let is_single = left.len() == 1 && right.len() == 1;
        let least = self.evidence.matched + if is_single { 0.0 } else { BRIDGE_BITS };
        let weighs_enough = |beside: (f64, f64)| self.weight_bits_between(edge, left, right, beside) >= least;
        let beside = self.beside(left, right);
        if (is_single && beside.0 >= 0.0) || weighs_enough(beside) {
            return None;
        }
        let reason = if !weighs_enough((0.0, 0.0)) {
            CutReason::WeakBridge
        } else if self.of_households(left, right).0 < 0.0 {
            CutReason::OtherHousehold
        } else {
            CutReason::OneRegister
        };
        Some(reason)
    }
}

/// At most [`HEARD_MAX`] members, spread evenly.
fn spread(members: &[u32]) -> impl Iterator<Item = u32> {
    let step = members.len().div_ceil(HEARD_MAX);
    members.iter().step_by(step).copied()
}

impl Clusters {
    /// Every cluster with its members ascending, clusters by their first member.
    pub(crate) fn members(&self, columns: &Columns) -> Vec<Vec<SourceRecordId>> {
        let mut place: FxHashMap<u32, usize> = FxHashMap::default();
        let mut clusters: Vec<Vec<SourceRecordId>> = Vec::new();
        for (row, root) in self.root_of.iter().enumerate() {
            let at = *place.entry(*root).or_insert_with(|| {
                clusters.push(Vec::new());
                clusters.len() - 1
            });
            clusters[at].push(columns.ids[row]);
        }
        for members in &mut clusters {
            members.sort_unstable();
        }
        clusters.sort_unstable();
        clusters
    }

    /// The strongest edge between each two clusters that edges lie between and no steward keeps apart, weighed by what all members of
    /// both tell. The edges are strongest first within their islands. Two confirmed clusters that would have been joined are asked
    /// about too, however weak the edges between them are, and so are the parts of a confirmed one that would have come apart.
    pub(crate) fn questions(&self, edges: &[Edge], evidence: &Evidence<'_>) -> Vec<Edge> {
        let ends = |edge: &Edge| (self.root_of[edge.left as usize], self.root_of[edge.right as usize]);
        let mut asked: FxHashSet<(u32, u32)> = FxHashSet::default();
        let mut is_first = |edge: &&Edge| {
            let (a, b) = ends(edge);
            a != b && !self.kept_apart(edge.left, edge.right) && asked.insert((a.min(b), a.max(b)))
        };
        let strongest: Vec<Edge> = edges.iter().chain(&self.confirmed).filter(|edge| is_first(edge)).copied().collect();
        let mut members: FxHashMap<u32, Vec<u32>> =
            strongest.iter().flat_map(|edge| <[u32; 2]>::from(ends(edge))).map(|root| (root, Vec::new())).collect();
        for (row, root) in self.root_of.iter().enumerate() {
            if let Some(members) = members.get_mut(root) {
                members.push(row as u32);
            }
        }
        let judge = || Judge { evidence, weigher: evidence.bound.weigher() };
        let weigh = |judge: &mut Judge<'_>, edge: Edge| {
            let (left, right) = ends(&edge);
            let (left, right) = (&members[&left], &members[&right]);
            Edge { weight_bits: judge.weight_bits_between(&edge, left, right, judge.beside(left, right)), ..edge }
        };
        let mut all: Vec<Edge> = strongest.into_par_iter().with_min_len(ISLANDS_MIN).map_init(judge, weigh).collect();
        all.extend(&self.held);
        all
    }

    /// Whether a steward keeps the clusters of two rows apart.
    pub(crate) fn kept_apart(&self, left: u32, right: u32) -> bool {
        let (a, b) = (self.root_of[left as usize], self.root_of[right as usize]);
        self.apart.contains(&(a.min(b), a.max(b)))
    }
}
