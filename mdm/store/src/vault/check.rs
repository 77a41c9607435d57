//! Whether the vault holds what others count on: every reference that the hub names, and a number behind each.

use rustc_hash::FxHashSet;

use super::{Reference, Vault, VaultError};
use crate::dialect::ROWS_A_STATEMENT;
use crate::invariants::Check;

/// What does not hold: how often, and the first.
#[derive(Default)]
struct Broken {
    count: u64,
    first: Option<String>,
}

impl Broken {
    fn note(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(what);
    }

    fn check(self, name: &'static str, what: &'static str, seen: String) -> Check {
        let passed = self.count == 0;
        let detail = self.first.map_or(seen, |first| format!("{} broken, the first: {first}", self.count));
        Check { name, what, passed, detail }
    }
}

impl Vault {
    /// Checks that the references of a domain that are used stand in the vault, that every number opens and is the one that its
    /// index speaks of, and that data keys and references belong to something. No number comes out; what is found is named by its
    /// id in the vault.
    ///
    /// # Errors
    /// [`VaultError::Database`] when the file cannot be read.
    pub async fn check(&self, domain: &str, used: &FxHashSet<Reference>) -> Result<[Check; 3], VaultError> {
        let references = self.check_references(domain, used).await?;
        let (numbers, keys) = self.check_numbers().await?;
        Ok([references, numbers, keys])
    }

    async fn check_references(&self, domain: &str, used: &FxHashSet<Reference>) -> Result<Check, VaultError> {
        const HELD: &str = "SELECT reference FROM aadhaar_references WHERE domain = $1";
        const ASTRAY: &str =
            "SELECT r.aadhaar_id FROM aadhaar_references r LEFT JOIN aadhaar_numbers n ON n.id = r.aadhaar_id
             WHERE n.id IS NULL ORDER BY r.aadhaar_id";
        const ALONE: &str =
            "SELECT id FROM aadhaar_numbers WHERE id NOT IN (SELECT aadhaar_id FROM aadhaar_references) ORDER BY id";
        let held: Vec<String> = sqlx::query_scalar(HELD).bind(domain).fetch_all(&self.pool).await?;
        let held: FxHashSet<Reference> = held.into_iter().map(Reference).collect();
        let mut broken = Broken::default();
        for _ in used.iter().filter(|one| !held.contains(one)) {
            broken.note(|| "a source record names a reference that is not in the vault".to_owned());
        }
        let astray: Vec<i64> = sqlx::query_scalar(ASTRAY).fetch_all(&self.pool).await?;
        for id in astray {
            broken.note(|| format!("a reference leads to number {id}, which is not in the vault"));
        }
        let alone: Vec<i64> = sqlx::query_scalar(ALONE).fetch_all(&self.pool).await?;
        for id in alone {
            broken.note(|| format!("no reference leads to number {id}"));
        }
        let seen = format!("{} used of {}", used.len(), held.len());
        let what = "every reference that a source record states is in the vault and leads to a number, and every number has one";
        Ok(broken.check("vault_references", what, seen))
    }

    /// Opens every number, a page at a time.
    async fn check_numbers(&self) -> Result<(Check, Check), VaultError> {
        const PAGE: &str =
            "SELECT id, index_hmac, sealed, data_key_id FROM aadhaar_numbers WHERE id > $1 ORDER BY id LIMIT $2";
        const KEYS: &str = "SELECT k.id, k.sealed_count, count(n.id) FROM data_keys k
             LEFT JOIN aadhaar_numbers n ON n.data_key_id = k.id GROUP BY k.id, k.sealed_count ORDER BY k.id";
        let (mut numbers, mut keys) = (Broken::default(), Broken::default());
        let (mut after, mut seen) = (0_i64, 0_u64);
        let mut tx = self.begin().await?;
        loop {
            let page: Vec<(i64, Vec<u8>, Vec<u8>, i64)> =
                sqlx::query_as(PAGE).bind(after).bind(ROWS_A_STATEMENT as i64).fetch_all(&mut *tx).await?;
            let Some(last) = page.last() else { break };
            after = last.0;
            seen += page.len() as u64;
            for (id, index, sealed, data_key) in &page {
                match self.open_number(&mut tx, *id, index, sealed, *data_key).await {
                    Ok(_) => {}
                    Err(error @ VaultError::NoDataKey { .. }) => keys.note(|| error.to_string()),
                    Err(error) => numbers.note(|| error.to_string()),
                }
            }
        }
        let counted: Vec<(i64, i64, i64)> = sqlx::query_as(KEYS).fetch_all(&mut *tx).await?;
        for (id, sealed, held) in counted.iter().filter(|(_, sealed, held)| held > sealed) {
            keys.note(|| format!("data key {id} seals {held} numbers and counts {sealed}"));
        }
        drop(tx);
        let what = "every number opens under its data key and is the one that its index speaks of";
        let numbers = numbers.check("vault_numbers", what, format!("{seen} numbers"));
        let what = "every number's data key is there, and counts at least what it seals";
        Ok((numbers, keys.check("vault_keys", what, format!("{} data keys", counted.len()))))
    }
}
