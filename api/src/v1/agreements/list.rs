//! Sharing agreements.

use axum::Json;
use axum::extract::State;
use kanak_model::sharing::{Agreement, AgreementTerms, Party};
use kanak_model::{Purpose, Role, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// What one department lets another do with a register.
#[derive(Serialize, ToSchema)]
pub struct AgreementView {
    /// Its number.
    id: i64,
    /// The register.
    register: String,
    /// The register with whose source records its own may stand in one golden record.
    #[serde(skip_serializing_if = "Option::is_none")]
    linked_with: Option<String>,
    /// The department that may read what it states.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_by: Option<String>,
    /// For what.
    purposes: Vec<&'static str>,
    /// Which attributes: `all`, names, or `class:` and one of the classes.
    covers: Vec<String>,
    /// Since when.
    from: String,
    /// Until when; left out: until it is ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// The paper that says so.
    reference: String,
    /// `proposed`, `to_come`, `in_force`, `expired` or `ended`.
    stands: &'static str,
    /// Who proposed it.
    proposed_by: String,
    /// Which second person of the owner approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_by: Option<String>,
    /// Who ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<String>,
}

impl AgreementView {
    /// An agreement as it stands now.
    pub(super) fn of(agreement: Agreement, now: Timestamp) -> Self {
        let stands = agreement.standing(now).word();
        let Agreement { id, terms, proposed, approved, ended } = agreement;
        let AgreementTerms { register, party, purposes, covers, from, until, reference } = terms;
        let (linked_with, read_by) = match party {
            Party::LinkedWith(other) => (Some(other), None),
            Party::ReadBy(department) => (None, Some(department)),
        };
        Self {
            id,
            register,
            linked_with,
            read_by,
            purposes: purposes.into_iter().map(Purpose::word).collect(),
            covers: covers.words(),
            from: from.to_string(),
            until: until.map(|until| until.to_string()),
            reference,
            stands,
            proposed_by: proposed.0,
            approved_by: approved.map(|(by, _)| by),
            ended_by: ended.map(|(by, _)| by),
        }
    }
}

/// Lists sharing agreements, also those that ended: all of them for an auditor, and for a department's caller those of its registers and
/// those that let it read.
#[utoipa::path(get, path = "/v1/agreements", tag = "sharing", security(("key" = [])),
    responses((status = 200, description = "In the order of their numbers", body = [AgreementView]),
              (status = 403, description = "The caller is neither an auditor nor a department's", body = Problem)))]
pub async fn list(State(state): State<AppState>, caller: ApiCaller) -> Result<Json<Vec<AgreementView>>, Problem> {
    let deployment = &state.deployment;
    let store = &deployment.store;
    let mut agreements = store.list_agreements().await.map_err(Problem::internal)?;
    if !caller.caller.has(Role::Auditor) {
        let department = store.find_department(&caller.caller).await.map_err(Problem::internal)?;
        let department = department.ok_or_else(|| {
            Problem::forbidden(
                "agreements are for auditors and their parties; ask an administrator for the role `auditor`, or to say whose you are",
            )
        })?;
        let sources = store.list_source_systems().await.map_err(Problem::internal)?;
        let is_own =
            |register: &str| sources.iter().any(|source| source.name == register && source.department == department);
        agreements.retain(|agreement| {
            is_own(&agreement.terms.register)
                || match &agreement.terms.party {
                    Party::LinkedWith(other) => is_own(other),
                    Party::ReadBy(reader) => *reader == department,
                }
        });
    }
    let now = deployment.clock.now();
    Ok(Json(agreements.into_iter().map(|agreement| AgreementView::of(agreement, now)).collect()))
}
