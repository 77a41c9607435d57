//! Rows that programs write one by one: durable and resolved when they are answered.
//!
//! ```text
//! row ──check──► queue ──► batch: seal, vault, rows, resolution, audit ──one commit──► answers
//! ```

mod batch;
pub mod hub_source;
mod queue;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use kanak_ingest::RowChecked;
use kanak_model::quality::RejectedRow;
use kanak_model::{Access, GoldenId, SourceRecordId, SourceSystem, Timestamp, UserId};
use kanak_store::{Arrived, Expected, StandsWith};

pub use queue::{RowWriter, WriteError};

/// A row that a program writes, checked.
#[derive(Clone)]
pub struct RowToWrite {
    /// Whose row it is. Its rows are of an entity type.
    pub source: Arc<SourceSystem>,
    /// The department's own key.
    pub key: String,
    /// What is to become of the row.
    pub act: RowAct,
    /// What was sent, word for word.
    pub body: Arc<str>,
    /// What the writer expects of the row that is there.
    pub expected: Expected,
    /// Who writes, and is told what becomes of it.
    pub access: Access,
    /// From whom it is to be kept apart.
    pub apart: Vec<Apart>,
}

/// What is to become of a row.
#[derive(Clone)]
pub enum RowAct {
    /// It states this, or is refused.
    States(Arc<RowChecked>),
    /// It is no longer in the register.
    Retires,
}

/// A golden record that a new row is said not to be of, though the rules doubt it.
#[derive(Debug, Clone)]
pub struct Apart {
    /// The golden record.
    pub golden_id: GoldenId,
    /// Its likeliest source record.
    pub source_record: SourceRecordId,
    /// How likely the rules hold them to be one.
    pub probability: f64,
    /// Whose word it is.
    pub by: ApartBy,
    /// Why.
    pub reason: String,
}

/// Whose word it is that a new row is of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApartBy {
    /// A steward's: a decision.
    Steward(UserId),
    /// A steward's, where the deployment wants a second one: no rule joins the two, and a task asks whether they are one.
    FirstOfTwo,
    /// A department's: it is kept for stewards and decides nothing.
    Department,
}

/// What became of a row.
#[derive(Debug, Clone)]
pub struct RowWritten {
    /// What the hub did with it.
    pub arrived: RowArrived,
    /// When it is recorded.
    pub known_at: Timestamp,
    /// With whom it stands now; nothing while it waits for its first resolution, or where it is retired.
    pub standing: Option<StandsWith>,
    /// Whether what follows from it is in the hub as well.
    pub resolution: RowResolution,
}

/// What the hub did with a row.
#[derive(Debug, Clone)]
pub enum RowArrived {
    /// It was taken in, or not as it was expected.
    As(Arrived),
    /// A rule refused it; it is in quarantine.
    Refused(RejectedRow),
    /// It was erased under an order, and does not come back.
    Erased,
}

/// Whether a row was resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowResolution {
    /// With what it touches.
    Done,
    /// It waits for the next resolution: there are no rules yet, others wait before it, or it touches too much.
    Pending,
}
