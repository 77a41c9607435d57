//! Whether two references stand for the same number, answered inside the vault: no number comes out.

use kanak_model::{Access, Purpose, Role};

use super::{Reference, Vault, VaultError};
use crate::Store;
use crate::audit_events::AuditEvent;

const NEEDED: &str = "the role steward with the purpose stewardship, or auditor with audit, for the whole state";

/// Who may ask: a reference tells no district, so whoever is confined to some may not.
fn is_permitted(access: &Access) -> bool {
    let caller = access.caller();
    let by_role = match access.purpose() {
        Purpose::Stewardship => caller.has(Role::Steward),
        Purpose::Audit => caller.has(Role::Auditor),
        Purpose::Operation => true,
        Purpose::ServiceDelivery | Purpose::Statistics => false,
    };
    by_role && caller.districts.is_none()
}

impl Vault {
    /// Whether two references, each in its domain, stand for the same number. An unknown one stands for none. The question is
    /// recorded in the hub first; when it cannot be, it is not answered. A refusal is recorded as well.
    ///
    /// # Errors
    /// [`VaultError::Denied`], [`VaultError::Domain`].
    pub async fn same_person(
        &self,
        store: &Store,
        access: &Access,
        left: (&str, &Reference),
        right: (&str, &Reference),
    ) -> Result<bool, VaultError> {
        const SQL: &str =
            "SELECT count(*) FROM aadhaar_references l JOIN aadhaar_references r ON r.aadhaar_id = l.aadhaar_id
             WHERE l.domain = $1 AND l.reference = $2 AND r.domain = $3 AND r.reference = $4";
        Self::check_domain(left.0)?;
        Self::check_domain(right.0)?;
        let permitted = is_permitted(access);
        let action = if permitted { "same_person" } else { "same_person_refused" };
        let name = |(domain, reference): (&str, &Reference)| format!("vault:{domain}:{}", reference.as_str());
        store.audit(AuditEvent::read(access, action, format!("{} {}", name(left), name(right)))).await?;
        if !permitted {
            let (caller, what) = (access.caller().name.clone(), "compare two references");
            return Err(VaultError::Denied { caller, what, needed: NEEDED });
        }
        let count: i64 = sqlx::query_scalar(SQL)
            .bind(left.0)
            .bind(left.1.as_str())
            .bind(right.0)
            .bind(right.1.as_str())
            .fetch_one(&self.pool)
            .await?;
        Ok(count > 0)
    }
}
