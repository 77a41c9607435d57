//! Wire types of versions of code systems.

use kanak_store::CodeVersion;
use serde::Serialize;
use utoipa::ToSchema;

use crate::jobs::code_difference::Difference;

/// A version that was proposed, and what became of it.
#[derive(Serialize, ToSchema)]
pub struct CodeVersionView {
    /// The code system.
    system: String,
    /// Its version.
    version: String,
    /// The first day on which it is in force; left out: ever since.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_from: Option<String>,
    /// How many concepts it has.
    concepts: u64,
    /// SHA-256 over sidecar and table.
    sha256: String,
    /// `proposed`, `published`, `refused` or `withdrawn`.
    state: &'static str,
    /// Who did what and why: for those who curate code systems.
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<CuratorsView>,
    /// When it was proposed.
    proposed: String,
    /// When it was published, refused or withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided: Option<String>,
}

/// Who proposed a version and who decided on it.
#[derive(Serialize, ToSchema)]
pub struct CuratorsView {
    /// Who proposed it.
    proposed_by: String,
    /// Why.
    reason: String,
    /// Who published, refused or withdrew it.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
    /// Why, where words were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_reason: Option<String>,
}

impl CodeVersionView {
    /// The same without names and words of people.
    #[must_use]
    pub fn without_people(self) -> Self {
        Self { people: None, ..self }
    }
}

impl From<CodeVersion> for CodeVersionView {
    fn from(one: CodeVersion) -> Self {
        let (decided_by, decided) = one.decided.map(|(by, at)| (by, at.to_string())).unzip();
        let (proposed_by, proposed) = (one.proposed.0, one.proposed.1.to_string());
        Self {
            system: one.system,
            version: one.version,
            effective_from: one.effective_from,
            concepts: one.concepts,
            sha256: one.sha256,
            state: one.state.word(),
            people: Some(CuratorsView {
                proposed_by,
                reason: one.reason,
                decided_by,
                decided_reason: one.decided_reason,
            }),
            proposed,
            decided,
        }
    }
}

/// A version, and how it differs from the one before it.
#[derive(Serialize, ToSchema)]
pub struct ComparedVersionView {
    /// The version.
    pub(super) version: CodeVersionView,
    /// How it differs, against the code systems in use now.
    pub(super) difference: Difference,
}

/// A list that was read.
#[derive(Serialize, ToSchema)]
pub struct ImportView {
    /// The code system.
    pub(super) system: String,
    /// The version that it is or would be.
    pub(super) version: String,
    /// The first day on which it is in force; left out: ever since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effective_from: Option<String>,
    /// How many concepts it has.
    pub(super) concepts: u64,
    /// What was left out or filled in.
    pub(super) notes: Vec<String>,
    /// Whether that version is there already and says just this: nothing would change.
    pub(super) is_there: bool,
    /// How it differs from the version before it.
    pub(super) difference: Difference,
    /// What was proposed, or is published already; left out of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) proposed: Option<CodeVersionView>,
}
