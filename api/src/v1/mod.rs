//! The API, version 1: one endpoint, one file.

pub mod agreements;
pub mod appraisals;
pub mod code_bundle;
pub mod code_currency;
pub mod code_defects;
pub mod code_systems;
pub mod code_versions;
pub mod concept_maps;
pub mod consents;
pub mod corrections;
pub mod crosswalks;
pub mod department_answers;
pub mod feed;
pub mod golden_records;
pub mod holidays;
pub mod metrics;
pub mod proposals;
pub mod relations;
pub mod schedules;
pub mod schemes;
pub mod services;
pub mod source_records;
pub mod sources;
pub mod steward_tasks;
pub mod stewardship;
pub mod value_sets;
pub mod vault;

use kanak_model::{Access, UserId};
use kanak_store::user_name;

use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Writes who read what and why, one entry a subject; a read that cannot be recorded is not answered.
///
/// # Errors
/// 500 when the audit trail cannot be written.
pub async fn audited(
    state: &AppState,
    access: &Access,
    action: &str,
    subjects: impl IntoIterator<Item = impl std::fmt::Display>,
) -> Result<(), Problem> {
    state.deployment.store.record_reads(access, action, subjects).await.map_err(Problem::internal)
}

/// What people are called who sign in.
///
/// # Errors
/// 500 when they cannot be read.
pub async fn user_names(state: &AppState) -> Result<impl Fn(UserId) -> String, Problem> {
    let users = state.deployment.store.list_users().await.map_err(Problem::internal)?;
    Ok(move |id| user_name(&users, id))
}
