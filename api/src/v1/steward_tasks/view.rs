//! Wire types of steward tasks.

use kanak_model::steward_task::{StewardTask, TaskState};
use kanak_store::Applied;
use serde::Serialize;
use utoipa::ToSchema;

/// A doubtful pair.
#[derive(Serialize, ToSchema)]
pub struct StewardTaskView {
    /// Its id.
    id: i64,
    /// The entity type.
    entity: String,
    /// The smaller source record id.
    left: i64,
    /// The larger source record id.
    right: i64,
    /// log2 of the Bayes factor, in bits.
    weight_bits: f64,
    /// Match probability, 0 to 1.
    probability: f64,
    /// `open`, `decided` or `lapsed`.
    state: &'static str,
    /// `match` or `no_match`, once decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    /// When it was opened.
    opened: String,
}

impl From<&StewardTask> for StewardTaskView {
    fn from(task: &StewardTask) -> Self {
        let (state, decision) = match &task.state {
            TaskState::Open => ("open", None),
            TaskState::Decided { decision, .. } => ("decided", Some(decision.word())),
            TaskState::Lapsed => ("lapsed", None),
        };
        Self {
            id: task.id.0,
            entity: task.entity.clone(),
            left: task.pair.left.0,
            right: task.pair.right.0,
            weight_bits: task.pair.weight_bits,
            probability: task.pair.probability,
            state,
            decision,
            opened: task.opened.to_string(),
        }
    }
}

/// What a decision changed.
#[derive(Serialize, ToSchema)]
pub struct AppliedView {
    /// Golden records that came to be.
    created: u64,
    /// Golden records whose values or members changed.
    updated: u64,
    /// Golden records that ended in another.
    merged: u64,
    /// Golden records that were parted.
    split: u64,
    /// Golden records that came back.
    restored: u64,
    /// The feed's position afterwards.
    feed_position: i64,
}

impl From<&Applied> for AppliedView {
    fn from(applied: &Applied) -> Self {
        Self {
            created: applied.created,
            updated: applied.updated,
            merged: applied.merged,
            split: applied.split,
            restored: applied.restored,
            feed_position: applied.feed_position.0,
        }
    }
}
