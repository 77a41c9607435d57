//! Whether two references stand for the same number, answered inside the vault: no number comes out.

use kanak_model::{Access, Purpose, Role};
use serde_json::json;

use super::events::Actor;
use super::{Reference, Vault, VaultError};

const NEEDED: &str = "the role steward with the purpose stewardship, or auditor with audit, for the whole state";

/// What an answer, and a refusal, are called in audit trails.
pub(super) const ASKED: &str = "same_person";
pub(super) const REFUSED: &str = "same_person_refused";

/// Sees that the caller may ask: a reference tells no district, so whoever is confined to some may not.
///
/// # Errors
/// [`VaultError::Denied`].
pub(super) fn check_may_compare(access: &Access) -> Result<(), VaultError> {
    let caller = access.caller();
    let by_role = match access.purpose() {
        Purpose::Stewardship => caller.has(Role::Steward),
        Purpose::Audit => caller.has(Role::Auditor),
        Purpose::Operation => true,
        Purpose::ServiceDelivery | Purpose::Statistics => false,
    };
    if by_role && caller.districts.is_none() {
        return Ok(());
    }
    let (caller, what, needed) = (caller.name.clone(), "compare two references".into(), NEEDED.into());
    Err(VaultError::Denied { caller, what, needed })
}

/// What a question is about, for audit trails.
pub(super) fn subject(left: (&str, &Reference), right: (&str, &Reference)) -> String {
    let name = |(domain, reference): (&str, &Reference)| format!("vault:{domain}:{}", reference.as_str());
    format!("{} {}", name(left), name(right))
}

impl Vault {
    /// Whether two references, each in its domain, stand for the same number. An unknown one stands for none. The question, or its
    /// refusal, is written down in the vault's own trail before it is answered.
    ///
    /// # Errors
    /// [`VaultError::Denied`], [`VaultError::Domain`].
    pub async fn same_person(
        &self,
        access: &Access,
        left: (&str, &Reference),
        right: (&str, &Reference),
    ) -> Result<bool, VaultError> {
        const SQL: &str =
            "SELECT count(*) FROM aadhaar_references l JOIN aadhaar_references r ON r.aadhaar_id = l.aadhaar_id
             WHERE l.domain = $1 AND l.reference = $2 AND r.domain = $3 AND r.reference = $4";
        Self::check_domain(left.0)?;
        Self::check_domain(right.0)?;
        let permitted = check_may_compare(access);
        let action = if permitted.is_ok() { ASKED } else { REFUSED };
        let mut tx = self.begin().await?;
        self.record(&mut tx, Actor::of(access), action, &subject(left, right), json!({})).await?;
        let count: i64 = sqlx::query_scalar(SQL)
            .bind(left.0)
            .bind(left.1.as_str())
            .bind(right.0)
            .bind(right.1.as_str())
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        permitted.map(|()| count > 0)
    }
}
