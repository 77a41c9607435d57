//! What would point to nothing once a version of a code system takes the place of the one before. Worked out when it is asked, and kept
//! nowhere: what names a code may change while a version waits.

use kanak_codes::{CodesError, HolderKind, LostReferences};
use serde::Serialize;
use utoipa::ToSchema;

/// So many codes are told one by one.
const CODES_MAX: usize = 100;

/// Whether a version may lack codes that others name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removals {
    /// Not those that others name.
    Refused,
    /// The caller has seen who names them, and accepts that these references point to nothing.
    Accepted,
}

impl Removals {
    /// Refuses a version that lacks codes which others name, unless that is accepted.
    ///
    /// # Errors
    /// [`CodesError::StillNamed`], which names the codes, who names them, and what to do.
    pub fn check(self, (system, version): (&str, &str), lost: &ReferencesLost) -> Result<(), CodesError> {
        if lost.count == 0 || self == Self::Accepted {
            return Ok(());
        }
        let (system, version, named) = (system.to_owned(), version.to_owned(), lost.summary.clone());
        Err(CodesError::StillNamed { system, version, named })
    }
}

/// Read from the flag of a command or a query: `true` accepts.
impl From<bool> for Removals {
    fn from(accepts: bool) -> Self {
        if accepts { Self::Accepted } else { Self::Refused }
    }
}

/// The references that would point to nothing, for their codes are removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReferencesLost {
    /// How many there are. With one or more, a version is proposed and published only where the caller says that it is accepted.
    pub count: u64,
    /// In one line: which codes, and who names them; empty where nothing does.
    pub summary: String,
    /// The codes that are named, up to 100.
    pub codes: Vec<String>,
    /// How many each code system, value set, concept map or list has.
    pub holders: Vec<HolderOfReferences>,
    /// The first few of each.
    pub first: Vec<LostReference>,
}

/// What names codes, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HolderOfReferences {
    /// `code_system`, `value_set`, `concept_map`, `holidays` or `scheme`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// One reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LostReference {
    /// `code_system`, `value_set`, `concept_map`, `holidays` or `scheme`.
    pub kind: &'static str,
    /// The code system, value set, concept map or list that names the code.
    pub name: String,
    /// Where in it: the code of the row, the rule, the day.
    pub at: String,
    /// `parent`, a property, or what else holds the code there.
    pub field: String,
    /// The code that is removed.
    pub code: String,
}

fn word(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::CodeSystem => "code_system",
        HolderKind::ValueSet => "value_set",
        HolderKind::ConceptMap => "concept_map",
        HolderKind::Holidays => "holidays",
        HolderKind::Scheme => "scheme",
    }
}

impl From<LostReferences> for ReferencesLost {
    fn from(lost: LostReferences) -> Self {
        if lost.is_empty() {
            return Self::default();
        }
        let summary = lost.to_string();
        let holder = |one: kanak_codes::HolderCount| HolderOfReferences {
            kind: word(one.kind),
            name: one.holder,
            count: one.count as u64,
        };
        let reference = |one: kanak_codes::Reference| LostReference {
            kind: word(one.kind),
            name: one.holder,
            at: one.at,
            field: one.field,
            code: one.code,
        };
        Self {
            count: lost.count as u64,
            summary,
            codes: lost.codes.into_iter().take(CODES_MAX).collect(),
            holders: lost.holders.into_iter().map(holder).collect(),
            first: lost.first.into_iter().map(reference).collect(),
        }
    }
}
