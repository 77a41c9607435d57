//! Wire types of corrections and of what departments say.

use kanak_model::{Access, UserId};
use kanak_store::{Correction, DepartmentAnswer};
use serde::Serialize;
use utoipa::ToSchema;

/// A value in which the golden record differs from the department's own row.
#[derive(Serialize, ToSchema)]
pub struct CorrectionView {
    /// The department's own key.
    key: String,
    /// The attribute.
    attribute: String,
    /// What the row states.
    stated: String,
    /// What the golden record holds.
    proposed: String,
    /// The golden record.
    golden_id: String,
    /// Its version.
    golden_version: i32,
    /// The strategy that chose the value.
    strategy: &'static str,
    /// The register that states it; left out where a steward does.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// How many source records of the golden record state it; left out for a caller from whom values of other registers are withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreeing: Option<u32>,
    /// How many state any value; left out where `agreeing` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    stated_by: Option<u32>,
    /// What the department answered to this value.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerView>,
}

impl CorrectionView {
    /// A correction as it is answered.
    pub fn new(one: Correction, access: &Access) -> Self {
        let counts_are_told = !access.may_withhold();
        Self {
            key: one.key,
            attribute: one.attribute,
            stated: one.stated,
            proposed: one.proposed,
            golden_id: one.golden_id.to_string(),
            golden_version: one.golden_version,
            strategy: one.strategy.word(),
            source: one.source,
            agreeing: counts_are_told.then_some(one.agreeing),
            stated_by: counts_are_told.then_some(one.stated_by),
            answer: one.answer.map(|answer| AnswerView::new(answer, &|_| String::new())),
        }
    }
}

/// What a department said of a golden record.
#[derive(Serialize, ToSchema)]
pub struct AnswerView {
    /// Its number.
    id: i64,
    /// The register.
    source: String,
    /// The department's own key.
    key: String,
    /// `accepts` (it will mend its register), `rejects` (its register is right) or `differs` (the row is of somebody else).
    says: &'static str,
    /// Of which attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// The golden record that was answered to.
    golden_id: String,
    /// The version of it.
    golden_version: i32,
    /// The department's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Who answered.
    by: String,
    /// When.
    at: String,
    /// The steward who took note of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_at: Option<String>,
}

impl AnswerView {
    /// An answer, with the names of stewards.
    pub fn new(answer: DepartmentAnswer, name: &dyn Fn(UserId) -> String) -> Self {
        Self {
            id: answer.id,
            source: answer.source,
            key: answer.key,
            says: answer.says.word(),
            attribute: answer.attribute,
            golden_id: answer.golden_id.to_string(),
            golden_version: answer.golden_version,
            reason: answer.reason,
            by: answer.by,
            at: answer.at.to_string(),
            seen_by: answer.seen.map(|(by, _)| name(by)).filter(|name| !name.is_empty()),
            seen_at: answer.seen.map(|(_, at)| at.to_string()),
        }
    }
}
