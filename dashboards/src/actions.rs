//! What pages ask of the hub's single writer. The server implements it; a page never writes by itself.

use async_trait::async_trait;
use chrono::NaiveDate;
use kanak_engine::matching::Explanation;
use kanak_model::match_pair::Decision;
use kanak_model::steward_task::FieldAnswer;
use kanak_model::{
    Access, Caller, DecisionBatchId, EntityModel, FieldCheckId, GoldenId, OverrideId, ProposalId, Role, SourceRecordId,
    StewardTaskId, Timestamp,
};
use kanak_store::Golden;

/// A steward's acts, and the explanation that they rest on.
#[async_trait]
pub trait StewardActions: Send + Sync {
    /// Decides a task: `Match` or `NoMatch`, on the evidence of a field check where there was one. The clusters and golden records
    /// that it touches follow before it returns.
    async fn decide(
        &self,
        caller: &Caller,
        task: StewardTaskId,
        decision: Decision,
        reason: String,
        evidence: Option<FieldCheckId>,
    ) -> Result<(), ActionError>;

    /// Takes a task up, gives it back, puts it off, hands it on, or has it looked into on the spot.
    async fn step(&self, caller: &Caller, task: StewardTaskId, act: TaskAct) -> Result<(), ActionError>;

    /// Takes the decision of a task back; what followed from it is undone, ids included.
    async fn undo(&self, caller: &Caller, task: StewardTaskId) -> Result<(), ActionError>;

    /// Decides tasks at once, with one reason: all of them or none. What follows is there before it returns.
    async fn decide_many(
        &self,
        caller: &Caller,
        tasks: Vec<StewardTaskId>,
        decision: Decision,
        reason: String,
    ) -> Result<DecidedMany, ActionError>;

    /// Undoes what still holds of decisions that were made at once.
    async fn undo_many(&self, caller: &Caller, id: DecisionBatchId) -> Result<(), ActionError>;

    /// Approves what another steward proposed, or turns it down. What follows from it is there before it returns.
    async fn answer(&self, caller: &Caller, proposal: ProposalId, verdict: Verdict) -> Result<(), ActionError>;

    /// Takes note of what a department said of a golden record: it waits no longer.
    async fn take_note(&self, caller: &Caller, answer: i64) -> Result<(), ActionError>;

    /// Confirms a golden record, states a value of it, or takes either back. What follows from it is there before it returns.
    async fn act_on(&self, caller: &Caller, golden_id: GoldenId, act: GoldenAct) -> Result<(), ActionError>;

    /// What a golden record was at an instant, by what the hub knew at a recorded time (`None`: knows now); `None` where nothing of it
    /// held then, or the caller may not read it.
    async fn find_as_of(
        &self,
        access: &Access,
        model: &EntityModel,
        golden_id: GoldenId,
        at: Timestamp,
        known_at: Option<Timestamp>,
    ) -> Result<Option<Golden>, ActionError>;

    /// Why the rules judge two source records as they do. Values that `access` does not show are left out.
    async fn explain(
        &self,
        access: &Access,
        left: SourceRecordId,
        right: SourceRecordId,
    ) -> Result<ExplanationView, ActionError>;
}

/// What a steward does with a task short of deciding it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskAct {
    /// Takes it up, so that nobody else works on it for a while.
    Claim,
    /// Gives it back.
    Release,
    /// Puts it off.
    Defer {
        /// The day, in India, on which it comes back.
        until: NaiveDate,
        /// Why.
        reason: String,
    },
    /// Hands it on to stewards with a further role.
    Escalate {
        /// The role.
        to: Role,
        /// Why.
        reason: String,
    },
    /// Asks an office to find something out on the spot.
    AskFieldCheck {
        /// What to find out.
        question: String,
        /// Which office.
        office: String,
    },
    /// Writes down what an officer found.
    AnswerFieldCheck {
        /// The field check.
        check: FieldCheckId,
        /// What was found.
        answer: FieldAnswer,
    },
    /// Withdraws a question that nobody has answered.
    WithdrawFieldCheck {
        /// The field check.
        check: FieldCheckId,
    },
}

/// What became of decisions at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecidedMany {
    /// Their number; `None` when nothing was decided.
    pub id: Option<DecisionBatchId>,
    /// The tasks that stood against it, and why.
    pub refused: Vec<(StewardTaskId, String)>,
}

/// What a second steward says to a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is to be in force.
    Approve,
    /// It is not: another steward rejects it, who proposed it withdraws it.
    TurnDown {
        /// Why; may be empty from who proposed it.
        reason: String,
    },
}

/// What a steward does to one golden record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoldenAct {
    /// Finds it to be one: from now on rules join it with no other that is confirmed.
    Confirm {
        /// Why.
        reason: String,
    },
    /// Takes that back.
    WithdrawConfirmation,
    /// States a value, which wins over every source.
    Override {
        /// The attribute's name.
        attribute: String,
        /// The value, as a person writes it.
        value: String,
        /// Why.
        reason: String,
        /// The last day, in India, on which it holds; `None` for always.
        until: Option<NaiveDate>,
    },
    /// Takes a stated value back.
    WithdrawOverride(OverrideId),
}

/// A field of the form with which a steward states a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatedField {
    /// The attribute.
    Attribute,
    /// Its value.
    Value,
    /// The last day on which it holds.
    Until,
    /// Why.
    Reason,
}

impl StatedField {
    /// The field's name in the form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Value => "value",
            Self::Until => "until",
            Self::Reason => "reason",
        }
    }
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The steward must choose otherwise: the decision contradicts another, or the task is decided already.
    #[error("{0}")]
    Refused(String),
    /// The steward must write something else into a field of the form.
    #[error("{why}")]
    Unfit {
        /// Which field.
        field: StatedField,
        /// What is wrong and what to do.
        why: String,
    },
    /// There is no such task, golden record or source record, or the caller may not see it.
    #[error("there is no such task or golden record, or it lies outside the districts you work for")]
    NotFound,
    /// An operator must act.
    #[error("{0}")]
    Inside(String),
}

/// How a pair of source records was weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplanationView {
    /// One row a comparison, in the order of the rules.
    pub rows: Vec<ExplanationRow>,
    /// What the rules hold of any pair before they look, in bits: about minus the log2 of how rare matches are.
    pub prior_bits: f64,
    /// The prior and all rows, in bits.
    pub total_bits: f64,
    /// Match probability, 0..=1.
    pub probability: f64,
    /// What the rules decide.
    pub decision: Decision,
    /// The whole in one sentence.
    pub sentence: String,
}

impl ExplanationView {
    /// The match weight in bits: what the comparisons add, without what is held of any pair. Lists of pairs show it.
    pub fn match_weight_bits(&self) -> f64 {
        self.total_bits - self.prior_bits
    }
}

impl From<&Explanation> for ExplanationView {
    /// With every value: for whoever may see all of them.
    fn from(of: &Explanation) -> Self {
        let value = |value: &String| (!value.is_empty()).then(|| value.clone());
        let row = |row: &kanak_engine::matching::ExplanationRow| ExplanationRow {
            attribute: row.title.clone(),
            left: value(&row.left),
            right: value(&row.right),
            level: row.level.clone(),
            weight_bits: row.weight_bits,
        };
        Self {
            rows: of.rows.iter().map(row).collect(),
            prior_bits: of.prior_bits,
            total_bits: of.total_bits,
            probability: of.probability,
            decision: of.decision,
            sentence: of.sentence.clone(),
        }
    }
}

/// What one comparison contributed.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplanationRow {
    /// The attribute compared, as its title.
    pub attribute: String,
    /// The left value, where there is one that may be shown.
    pub left: Option<String>,
    /// The right value, where there is one that may be shown.
    pub right: Option<String>,
    /// The level that the comparison reached, in words.
    pub level: String,
    /// What it adds to the match weight, in bits; negative speaks against.
    pub weight_bits: f64,
}
