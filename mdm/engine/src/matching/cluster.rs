//! Clusters: matches joined strongest first, as far as constraints and evidence between the rest of both sides allow.
//!
//! Bare transitive closure joins a family through one wrong link. Here every match that would join two groups is held
//! against the evidence between all of their members; where that speaks against, the link is a weak bridge and is cut.
//! Must-links come first and are never cut; a cannot-link is never joined across.

use kanak_model::id::SourceRecordId;
use kanak_model::match_pair::{Constraint, ConstraintKind};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::bound::Bound;
use super::columns::Columns;

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
}

impl CutReason {
    /// What a page says.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::CannotLink => "a steward decided that source records on both sides are not the same",
            Self::WeakBridge => "the only links between two groups whose other source records contradict each other",
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
}

/// A constraint on rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowConstraint {
    must: bool,
    left: u32,
    right: u32,
}

/// No pair speaks louder than this for or against joining the groups it stands between.
const VOICE_BITS_MAX: f64 = 20.0;
/// So many members of each side are heard.
const HEARD_MAX: usize = 8;
/// Two groups are joined when the evidence between their members is at least this on average, in bits, without the prior.
const BRIDGE_BITS_MIN: f64 = 0.0;

/// The constraints whose source records are here, in a fixed order.
pub(crate) fn constraints_of(columns: &Columns, constraints: &[Constraint]) -> Vec<RowConstraint> {
    let mut rows: Vec<RowConstraint> = constraints
        .iter()
        .filter_map(|constraint| {
            let (a, b) = (columns.row(constraint.left)?, columns.row(constraint.right)?);
            let must = constraint.kind == ConstraintKind::MustLink;
            Some(RowConstraint { must, left: a.min(b), right: a.max(b) })
        })
        .filter(|constraint| constraint.left != constraint.right)
        .collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

struct Groups {
    root: Vec<u32>,
    members: FxHashMap<u32, Vec<u32>>,
    cannot: FxHashMap<u32, Vec<u32>>,
}

impl Groups {
    fn root(&mut self, row: u32) -> u32 {
        let mut at = row;
        while self.root[at as usize] != at {
            let up = self.root[self.root[at as usize] as usize];
            self.root[at as usize] = up;
            at = up;
        }
        at
    }

    fn members(&self, root: u32) -> Vec<u32> {
        self.members.get(&root).cloned().unwrap_or_else(|| vec![root])
    }

    /// Joins two groups under the smaller root.
    fn join(&mut self, a: u32, b: u32) {
        let (keep, gone) = (a.min(b), a.max(b));
        let mut all = self.members(keep);
        all.extend(self.members(gone));
        all.sort_unstable();
        self.members.remove(&gone);
        self.members.insert(keep, all);
        self.root[gone as usize] = keep;
        if let Some(cannot) = self.cannot.remove(&gone) {
            self.cannot.entry(keep).or_default().extend(cannot);
        }
    }

    fn forbidden(&mut self, a: u32, b: u32) -> bool {
        let of = |groups: &Self, root: u32| groups.cannot.get(&root).map_or(0, Vec::len);
        let (few, many) = if of(self, a) <= of(self, b) { (a, b) } else { (b, a) };
        let rows = self.cannot.get(&few).cloned().unwrap_or_default();
        rows.into_iter().any(|row| self.root(row) == many)
    }
}

/// Joins matches, strongest first.
pub(crate) fn connect(
    columns: &Columns,
    bound: &Bound<'_>,
    edges: &[Edge],
    matched: f64,
    constraints: &[RowConstraint],
) -> Clusters {
    let rows = columns.len() as u32;
    let mut groups = Groups { root: (0..rows).collect(), members: FxHashMap::default(), cannot: FxHashMap::default() };
    for constraint in constraints.iter().filter(|constraint| !constraint.must) {
        groups.cannot.entry(constraint.left).or_default().push(constraint.right);
        groups.cannot.entry(constraint.right).or_default().push(constraint.left);
    }
    for constraint in constraints.iter().filter(|constraint| constraint.must) {
        let (a, b) = (groups.root(constraint.left), groups.root(constraint.right));
        if a != b && !groups.forbidden(a, b) {
            groups.join(a, b);
        }
    }
    let mut strong: Vec<&Edge> = edges.iter().filter(|edge| edge.weight_bits >= matched).collect();
    strong.sort_by(|a, b| b.weight_bits.total_cmp(&a.weight_bits).then((a.left, a.right).cmp(&(b.left, b.right))));
    let mut refused: Vec<(&Edge, CutReason)> = Vec::new();
    for edge in strong {
        let (a, b) = (groups.root(edge.left), groups.root(edge.right));
        if a == b {
            continue;
        }
        if groups.forbidden(a, b) {
            refused.push((edge, CutReason::CannotLink));
        } else if is_weak_bridge(bound, &groups.members(a), &groups.members(b)) {
            refused.push((edge, CutReason::WeakBridge));
        } else {
            groups.join(a, b);
        }
    }
    join_together(bound, edges, matched, &mut groups);
    let root_of: Vec<u32> = (0..rows).map(|row| groups.root(row)).collect();
    let mut cuts: Vec<Cut> = refused
        .into_iter()
        .filter(|(edge, _)| root_of[edge.left as usize] != root_of[edge.right as usize])
        .map(|(edge, reason)| {
            let (left, right) = columns.pair(edge.left, edge.right);
            Cut { left, right, reason }
        })
        .collect();
    cuts.sort_unstable();
    let apart = constraints
        .iter()
        .filter(|constraint| !constraint.must)
        .map(|constraint| {
            let (a, b) = (root_of[constraint.left as usize], root_of[constraint.right as usize]);
            (a.min(b), a.max(b))
        })
        .collect();
    Clusters { root_of, cuts, apart }
}

/// Joins groups between which no single pair weighs enough, where all that their members tell together does. Strongest pairs
/// first; repeated while something is joined, because a larger group tells more.
fn join_together(bound: &Bound<'_>, edges: &[Edge], matched: f64, groups: &mut Groups) {
    let mut doubtful: Vec<&Edge> = edges.iter().filter(|edge| edge.weight_bits < matched).collect();
    doubtful.sort_by(|a, b| b.weight_bits.total_cmp(&a.weight_bits).then((a.left, a.right).cmp(&(b.left, b.right))));
    for _ in 0..ROUNDS_MAX {
        let mut joined = false;
        for edge in &doubtful {
            let (a, b) = (groups.root(edge.left), groups.root(edge.right));
            if a == b || groups.forbidden(a, b) {
                continue;
            }
            let (left, right) = (groups.members(a), groups.members(b));
            if left.len() + right.len() == 2 {
                continue;
            }
            let heard: (Vec<u32>, Vec<u32>) = (spread(&left).collect(), spread(&right).collect());
            if bound.weight_bits_of_groups(&heard.0, &heard.1) >= matched {
                groups.join(a, b);
                joined = true;
            }
        }
        if !joined {
            break;
        }
    }
}

/// Rounds of joining groups by what they tell together.
const ROUNDS_MAX: usize = 4;

/// Whether the members of two groups, heard pair by pair, speak against being one.
fn is_weak_bridge(bound: &Bound<'_>, left: &[u32], right: &[u32]) -> bool {
    if left.len() == 1 && right.len() == 1 {
        return false;
    }
    let mut sum = 0.0;
    let mut heard = 0.0;
    for a in spread(left) {
        for b in spread(right) {
            sum += bound.weight_bits(a.min(b), a.max(b)).clamp(-VOICE_BITS_MAX, VOICE_BITS_MAX);
            heard += 1.0;
        }
    }
    sum / heard < BRIDGE_BITS_MIN
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

    /// Whether a steward keeps the clusters of two rows apart.
    pub(crate) fn kept_apart(&self, left: u32, right: u32) -> bool {
        let (a, b) = (self.root_of[left as usize], self.root_of[right as usize]);
        self.apart.contains(&(a.min(b), a.max(b)))
    }
}
