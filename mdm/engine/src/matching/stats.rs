//! What a run of matching did, in counts.

use serde::{Deserialize, Serialize};

/// What one blocking rule let through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleStats {
    /// The rule's keys, as the model writes them.
    pub rule: String,
    /// Pairs that agree on the rule's keys (in multi-valued keys, once for each key they agree on).
    pub pairs: u64,
    /// Of those, compared by this rule.
    pub compared: u64,
    /// Of those, compared by an earlier rule already.
    pub repeated: u64,
    /// Of those, left out by this rule because their block was oversized and they agree on no further key. Another rule may
    /// have compared them.
    pub not_compared: u64,
    /// Of those, left out because no agreement stands between their registers.
    #[serde(default)]
    pub no_agreement: u64,
    /// Oversized blocks that were refined by further keys.
    pub refined_blocks: u64,
}

/// What a run of matching did. Times are taken by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MatchStats {
    /// Source records.
    pub rows: u64,
    /// Pairs that exist among them.
    pub pairs_possible: u64,
    /// Pairs compared.
    pub compared: u64,
    /// Pairs left out by refinement, summed over the rules.
    pub not_compared: u64,
    /// Pairs left out because no agreement stands between their registers.
    #[serde(default)]
    pub no_agreement: u64,
    /// Oversized blocks refined.
    pub refined_blocks: u64,
    /// Pairs at or above the match threshold, before clusters were checked.
    pub matched: u64,
    /// Pairs at or above the review threshold and below the match threshold.
    pub review: u64,
    /// Clusters, single source records included.
    pub clusters: u64,
    /// Source records that are alone in their cluster.
    pub single: u64,
    /// One entry a blocking rule, in the order of the model.
    pub rules: Vec<RuleStats>,
}
