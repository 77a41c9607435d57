//! How a version of a code system differs from the one before it, code by code.

use kanak_codes::{Change, CodeSystem, Codes, Concept, diff};
use kanak_store::CodeCounts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::jobs::code_references::ReferencesLost;

/// So many differences are told one by one.
pub const DIFFERENCES_MAX: usize = 1_000;

/// How a version differs from the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Difference {
    /// The version before; left out for the first of a code system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Concepts that the version before lacks.
    pub added: u64,
    /// Concepts that say something else and are not retired by it.
    pub changed: u64,
    /// Concepts that were active before and are retired.
    pub retired: u64,
    /// Concepts that only the version before has.
    pub removed: u64,
    /// What would point to nothing, for it names a code that is removed; by what is in use now.
    pub references_lost: ReferencesLost,
    /// One by one, up to 1,000: removed, retired, changed, added.
    pub rows: Vec<DifferenceRow>,
}

/// One concept that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DifferenceRow {
    /// The code.
    pub code: String,
    /// `added`, `changed`, `retired` or `removed`.
    pub change: &'static str,
    /// What differs; of one that was added or removed, its name.
    pub fields: Vec<DifferingField>,
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DifferingField {
    /// `display`, `display_pa`, `display_hi`, `parent`, `status` or a property.
    pub field: String,
    /// The value before; empty when it had none.
    pub before: String,
    /// The value afterwards; empty when it has none.
    pub after: String,
}

impl Difference {
    /// What lies between the version before one and itself.
    pub(super) fn of(codes: &Codes, system: &CodeSystem) -> Self {
        let Some(before) = find_before(codes, system) else {
            let rows = system.concepts().take(DIFFERENCES_MAX).map(|concept| new_row(&concept)).collect();
            return Self { added: system.len() as u64, rows, ..Self::none() };
        };
        let diff = diff(before, system);
        let removed = diff.removed.iter().map(|concept| DifferenceRow {
            code: concept.code().to_owned(),
            change: "removed",
            fields: vec![field("display", concept.display(), "")],
        });
        let retired = diff.retirements().map(|change| changed_row(change, "retired"));
        let changed = diff.changed_not_retired().map(|change| changed_row(change, "changed"));
        let rows = removed.chain(retired).chain(changed).chain(diff.added.iter().map(new_row));
        Self {
            previous: Some(before.version().to_owned()),
            added: diff.added.len() as u64,
            changed: diff.changed_not_retired().count() as u64,
            retired: diff.retired.len() as u64,
            removed: diff.removed.len() as u64,
            references_lost: if diff.removed.is_empty() {
                ReferencesLost::default()
            } else {
                codes.references_lost(before, system).into()
            },
            rows: rows.take(DIFFERENCES_MAX).collect(),
        }
    }

    /// Of a version to the one that is there and says the same.
    pub(super) fn none_to(there: &CodeSystem) -> Self {
        Self { previous: Some(there.version().to_owned()), ..Self::none() }
    }

    fn none() -> Self {
        let (references_lost, rows) = (ReferencesLost::default(), Vec::new());
        Self { previous: None, added: 0, changed: 0, retired: 0, removed: 0, references_lost, rows }
    }

    /// Whether both say the same.
    pub fn is_empty(&self) -> bool {
        self.counts() == CodeCounts::default()
    }

    /// How many concepts differ.
    pub fn counts(&self) -> CodeCounts {
        CodeCounts { added: self.added, changed: self.changed, retired: self.retired, removed: self.removed }
    }
}

/// The version that a snapshot has right before another one.
pub(super) fn find_before<'c>(codes: &'c Codes, system: &CodeSystem) -> Option<&'c CodeSystem> {
    codes.versions(system.name()).take_while(|one| one.version() != system.version()).last()
}

pub(super) fn field(name: &str, before: &str, after: &str) -> DifferingField {
    DifferingField { field: name.to_owned(), before: before.to_owned(), after: after.to_owned() }
}

fn new_row(concept: &Concept<'_>) -> DifferenceRow {
    DifferenceRow {
        code: concept.code().to_owned(),
        change: "added",
        fields: vec![field("display", "", concept.display())],
    }
}

fn changed_row(change: &Change<'_>, word: &'static str) -> DifferenceRow {
    let fields = change.fields.iter().map(|one| field(one.field, one.before, one.after)).collect();
    DifferenceRow { code: change.concept.code().to_owned(), change: word, fields }
}
