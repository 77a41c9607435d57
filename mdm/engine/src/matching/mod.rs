//! Finding the source records that speak of the same one: blocking, levels, match weights, clusters, identities.
//!
//! ```text
//! Columns ──► train ──► RuleSet ──► match_batch ──► Matched { pairs, clusters, cuts } ──► assign_identities
//!                          ├──► weigh, explain_pair: the same weight, years later
//!                          ├──► Index::search: the same weight, at once
//!                          └──► Incremental ──► match_around: the same clusters, of what changed
//! ```
//!
//! How right the result is: [`accuracy`] and [`groups`] against a known truth, [`estimate`] without one, [`diff`] against another
//! result.
//!
//! Rows are kept in the order of their ranks and values in their own order, so that nothing depends on the order of
//! arrival; parallel work is split into chunks whose results are put together in a fixed order.

pub mod accuracy;
mod address;
mod agreed;
mod batch;
mod batches;
mod blocking;
mod bound;
mod cluster;
mod columns;
mod completeness;
pub mod diff;
mod em;
pub mod estimate;
mod explain;
mod features;
mod frequency;
pub mod group_labels;
pub mod groups;
mod hash;
mod households;
mod identity;
mod index;
mod keys;
mod levels;
mod lexicon;
mod moved;
mod patterns;
mod plan;
mod progress;
mod refine;
mod rows;
mod rule_set;
mod rules;
mod second_pass;
mod stats;
mod train;
mod weights;
mod words;

pub use batch::{Matched, match_around, match_batch, train, train_and_match, train_and_match_agreed};
pub use batches::BatchError;
pub use cluster::{Cut, CutReason};
pub use columns::{Columns, ColumnsBuilder, Rank};
pub use completeness::{Completeness, completeness, texts_of};
pub use explain::{
    ClusterLink, Explanation, ExplanationRow, blocking_of_pair, explain_cluster, explain_pair, values_of,
};
pub use frequency::Frequencies;
pub use households::HouseholdWeights;
pub use identity::{Assigned, assign_identities};
pub use index::{Around, CANDIDATES_MAX, Found, Incremental, Index, Searched};
pub use levels::{Level, Method, Side};
pub use moved::Moved;
pub use plan::plan;
pub use progress::{Progress, Silent};
pub use rule_set::{ComparisonWeights, LevelWeight, Part, Prior, Related, RuleSet, Statement, Weighed};
pub(crate) use rules::{BLOCKING_RULES_MAX, COMPARISONS_MAX};
pub use rules::{Field, MatchError, MatchRules, SAME_REGISTER};
pub use second_pass::{RegisterShares, SecondPass};
pub use stats::{MatchStats, RuleStats};
pub use words::reading;
