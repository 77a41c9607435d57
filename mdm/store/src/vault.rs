//! The vault: Aadhaar numbers sealed in a file of their own, and the random references that stand for them elsewhere.
//!
//! A number has a different reference in each department's domain. The keyed hash is the vault's own index and never
//! leaves it. The vault is written before the hub, and writing the same number again gives the same reference: what a
//! broken run leaves here are references that nobody uses, and [`Vault::sweep_orphans`] takes them out.

use std::path::Path;
use std::sync::{Arc, Mutex};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use kanak_model::{Access, Clock, Purpose, Role, Timestamp};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use rustc_hash::{FxHashMap, FxHashSet};
use sha2::Sha256;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Sqlite, SqlitePool, Transaction};
use zeroize::Zeroizing;

use crate::Store;
use crate::audit_events::{AuditEvent, hex};
use crate::db::{make_private, sqlite_options};
use crate::dialect::{Engine, ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;
use crate::key_store::{Key, KeyError, KeyStore, VAULT_AES, VAULT_HMAC};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/vault");

const NONCE_BYTES: usize = 12;
/// 22 letters hold 103 random bits, and no run of digits that a scan could take for a number.
const REFERENCE_LETTERS: usize = 22;

/// What stands for an Aadhaar number in one department's domain: random letters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(String);

impl Reference {
    /// Reads a reference that the vault gave out.
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == REFERENCE_LETTERS && text.bytes().all(|b| b.is_ascii_lowercase());
        is_one.then(|| Self(text.to_owned()))
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reference(..)")
    }
}

/// A number taken out of the vault. `Debug` does not show it; memory is wiped when it is dropped.
pub struct Revealed(Zeroizing<String>);

impl Revealed {
    /// The twelve digits.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Revealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Revealed(..)")
    }
}

/// Why the vault did not do what it was asked. Never holds a number.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The operator must act: keys.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The operator must act: another key than the vault was made with.
    #[error("key `{0}` is not the one that this vault was made with; restore the keys folder that belongs to it")]
    WrongKey(&'static str),
    /// The operator must act: the file.
    #[error("vault: {0}")]
    Database(String),
    /// The caller must act: not twelve digits.
    #[error("value {place} of the batch is no number of twelve digits; check values before they come to the vault")]
    NotANumber {
        /// Its place in the batch, from 0.
        place: usize,
    },
    /// There is no such reference in this domain.
    #[error("no such reference in the domain `{domain}`")]
    NotFound {
        /// The domain.
        domain: String,
    },
    /// The caller may not.
    #[error(
        "{caller} may not take a number out of the vault; it takes the role auditor for the whole state and the purpose audit"
    )]
    Denied {
        /// Who asked.
        caller: String,
    },
    /// The operator must act: a sealed number cannot be opened.
    #[error("number {id} of the vault cannot be opened; restore a backup of the vault")]
    Sealed {
        /// Its id in the vault.
        id: i64,
    },
    /// The hub: it could not record an event (then nothing was revealed), or a file cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for VaultError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(StoreError::from(error).to_string())
    }
}

/// An open vault.
#[derive(Clone)]
pub struct Vault {
    pool: SqlitePool,
    index_key: Key,
    cipher: Aes256Gcm,
    rng: Arc<Mutex<StdRng>>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(..)")
    }
}

type Index = [u8; 32];

impl Vault {
    /// Opens the vault; makes it, and its keys, when they are not there.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] when the keys are not those it was made with.
    pub async fn open(path: &Path, keys: &dyn KeyStore, clock: Arc<dyn Clock>) -> Result<Self, VaultError> {
        make_private(path)?;
        let index_key = keys.get_key(VAULT_HMAC)?;
        let seal_key = keys.get_key(VAULT_AES)?;
        let mut seed = Zeroizing::new([0; 32]);
        keys.fill_random(&mut *seed)?;
        let rng = Arc::new(Mutex::new(StdRng::from_seed(*seed)));
        let options =
            sqlite_options(path).create_if_missing(true).pragma("cache_size", "-32768").pragma("secure_delete", "ON");
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(std::time::Duration::from_secs(300))
            .connect_with(options)
            .await?;
        MIGRATIONS.run(&pool).await.map_err(|error| VaultError::Database(error.to_string()))?;
        let cipher = Aes256Gcm::new(seal_key.bytes().into());
        let vault = Self { pool, index_key, cipher, rng, clock };
        vault.check_key(VAULT_HMAC, &vault.index(b"the vault's index key")).await?;
        vault.check_key(VAULT_AES, &mac(&seal_key, b"the vault's sealing key")).await?;
        Ok(vault)
    }

    async fn check_key(&self, name: &'static str, value: &Index) -> Result<(), VaultError> {
        const PUT: &str = "INSERT INTO vault_checks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        const GET: &str = "SELECT value FROM vault_checks WHERE name = $1";
        sqlx::query(PUT).bind(name).bind(hex(value)).execute(&self.pool).await?;
        let stored: String = sqlx::query_scalar(GET).bind(name).fetch_one(&self.pool).await?;
        if stored == hex(value) { Ok(()) } else { Err(VaultError::WrongKey(name)) }
    }

    fn index(&self, digits: &[u8]) -> Index {
        mac(&self.index_key, digits)
    }

    /// The references of numbers in a domain, in the order of the numbers. A number that the vault does not have yet
    /// is taken in; the same number gets the same reference always.
    ///
    /// # Errors
    /// [`VaultError::NotANumber`] names the place of what is not twelve digits; then nothing happened.
    pub async fn tokenise(&self, domain: &str, digits: &[&str]) -> Result<Vec<Reference>, VaultError> {
        let is_number = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        if let Some(place) = digits.iter().position(|text| !is_number(text)) {
            return Err(VaultError::NotANumber { place });
        }
        let indexes: Vec<Index> = digits.iter().map(|text| self.index(text.as_bytes())).collect();
        let mut first: FxHashMap<Index, usize> = FxHashMap::default();
        let mut distinct: Vec<(Index, &str)> = Vec::with_capacity(digits.len());
        for (index, text) in indexes.iter().zip(digits) {
            first.entry(*index).or_insert_with(|| {
                distinct.push((*index, text));
                distinct.len() - 1
            });
        }
        let mut references = Vec::with_capacity(distinct.len());
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for chunk in distinct.chunks(ROWS_A_STATEMENT) {
            references.extend(self.tokenise_chunk(&mut tx, domain, chunk).await?);
        }
        tx.commit().await?;
        Ok(indexes.iter().map(|index| references[first[index]].clone()).collect())
    }

    /// Whether the vault has each of these numbers, in their order. Takes nothing in; what is not twelve digits is not there.
    pub async fn holds(&self, digits: &[&str]) -> Result<Vec<bool>, VaultError> {
        const KNOWN: &str = "SELECT lower(hex(n.index_hmac)) FROM {texts $1} AS t
             CROSS JOIN aadhaar_numbers n WHERE n.index_hmac = unhex(t.word)";
        let mut held = Vec::with_capacity(digits.len());
        for chunk in digits.chunks(ROWS_A_STATEMENT) {
            let wanted: Vec<String> = chunk.iter().map(|text| hex(&self.index(text.as_bytes()))).collect();
            let known: Vec<String> =
                sqlx::query_scalar(sql(Engine::Sqlite, KNOWN)).bind(json(&wanted)).fetch_all(&self.pool).await?;
            let known: FxHashSet<String> = known.into_iter().collect();
            held.extend(wanted.iter().map(|index| known.contains(index)));
        }
        Ok(held)
    }

    async fn tokenise_chunk(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        domain: &str,
        numbers: &[(Index, &str)],
    ) -> Result<Vec<Reference>, VaultError> {
        const KNOWN: &str = "SELECT lower(hex(n.index_hmac)), n.id, r.reference FROM {texts $1} AS t
             CROSS JOIN aadhaar_numbers n LEFT JOIN aadhaar_references r ON r.aadhaar_id = n.id AND r.domain = $2
             WHERE n.index_hmac = unhex(t.word)";
        const NEXT: &str = "SELECT coalesce(max(id), 0) FROM aadhaar_numbers";
        const NUMBERS: &str = "INSERT INTO aadhaar_numbers (id, index_hmac, sealed)
             SELECT id, unhex(index_hmac), unhex(sealed) FROM {rows $1: id int, index_hmac text, sealed text} AS r";
        const REFERENCES: &str = "INSERT INTO aadhaar_references (domain, aadhaar_id, reference, created_us)
             SELECT $2, id, reference, $3 FROM {rows $1: id int, reference text} AS r";
        let wanted: Vec<String> = numbers.iter().map(|(index, _)| hex(index)).collect();
        let rows: Vec<(String, i64, Option<String>)> =
            sqlx::query_as(sql(Engine::Sqlite, KNOWN)).bind(json(&wanted)).bind(domain).fetch_all(&mut **tx).await?;
        let known: FxHashMap<String, (i64, Option<String>)> =
            rows.into_iter().map(|(index, id, reference)| (index, (id, reference))).collect();
        let mut last: i64 = sqlx::query_scalar(NEXT).fetch_one(&mut **tx).await?;
        let (mut new_numbers, mut new_references, mut references) = (Vec::new(), Vec::new(), Vec::new());
        for ((index, digits), index_hex) in numbers.iter().zip(wanted) {
            let found = known.get(&index_hex);
            if let Some((_, Some(reference))) = found {
                references.push(Reference(reference.clone()));
                continue;
            }
            let id = found.map_or_else(
                || {
                    last += 1;
                    new_numbers.push((last, index_hex, hex(&self.seal(index, digits))));
                    last
                },
                |(id, _)| *id,
            );
            let reference = self.new_reference();
            new_references.push((id, reference.0.clone()));
            references.push(reference);
        }
        if !new_numbers.is_empty() {
            sqlx::query(sql(Engine::Sqlite, NUMBERS)).bind(json(&new_numbers)).execute(&mut **tx).await?;
        }
        if !new_references.is_empty() {
            sqlx::query(sql(Engine::Sqlite, REFERENCES))
                .bind(json(&new_references))
                .bind(domain)
                .bind(self.clock.now().0)
                .execute(&mut **tx)
                .await?;
        }
        Ok(references)
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    fn new_reference(&self) -> Reference {
        // 16 bits a letter: what remains of the unevenness is below one in two thousand a letter.
        let bytes: [u8; 2 * REFERENCE_LETTERS] = self.random();
        let letter = |pair: &[u8]| char::from(b'a' + (u16::from_be_bytes([pair[0], pair[1]]) % 26) as u8);
        Reference(bytes.chunks_exact(2).map(letter).collect())
    }

    fn seal(&self, index: &Index, digits: &str) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = self.random();
        let payload = Payload { msg: digits.as_bytes(), aad: index };
        let sealed =
            self.cipher.encrypt(Nonce::from_slice(&nonce), payload).expect("twelve bytes are within the limit");
        [&nonce[..], &sealed].concat()
    }

    fn open_sealed(&self, id: i64, index: &[u8], sealed: &[u8]) -> Result<Revealed, VaultError> {
        let broken = || VaultError::Sealed { id };
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
        let payload = Payload { msg: text, aad: index };
        let digits = self.cipher.decrypt(Nonce::from_slice(nonce), payload).map_err(|_| broken())?;
        let digits = String::from_utf8(digits).map_err(|_| broken())?;
        Ok(Revealed(Zeroizing::new(digits)))
    }

    /// Takes a number out, for an auditor of the whole state under the purpose of audit. The event is recorded in the
    /// hub first; when it cannot be, nothing is revealed. A refusal is recorded as well.
    ///
    /// # Errors
    /// [`VaultError::Denied`], [`VaultError::NotFound`].
    pub async fn reveal(
        &self,
        store: &Store,
        access: &Access,
        domain: &str,
        reference: &Reference,
        reason: &str,
    ) -> Result<Revealed, VaultError> {
        const SQL: &str = "SELECT n.id, n.index_hmac, n.sealed FROM aadhaar_references r
             JOIN aadhaar_numbers n ON n.id = r.aadhaar_id WHERE r.domain = $1 AND r.reference = $2";
        let caller = access.caller();
        let permitted = access.purpose() == Purpose::Audit && caller.has(Role::Auditor) && caller.districts.is_none();
        let event = AuditEvent {
            actor: caller.name.clone(),
            action: if permitted { "reveal" } else { "reveal_refused" }.to_owned(),
            subject: format!("vault:{domain}:{}", reference.as_str()),
            purpose: Some(access.purpose()),
            detail: serde_json::json!({ "reason": reason }),
        };
        store.audit(event).await?;
        if !permitted {
            return Err(VaultError::Denied { caller: caller.name.clone() });
        }
        let row: Option<(i64, Vec<u8>, Vec<u8>)> =
            sqlx::query_as(SQL).bind(domain).bind(reference.as_str()).fetch_optional(&self.pool).await?;
        let (id, index, sealed) = row.ok_or_else(|| VaultError::NotFound { domain: domain.to_owned() })?;
        self.open_sealed(id, &index, &sealed)
    }

    /// Whether two references, each in its domain, stand for the same number. An unknown one stands for none.
    pub async fn same_person(&self, left: (&str, &Reference), right: (&str, &Reference)) -> Result<bool, VaultError> {
        const SQL: &str =
            "SELECT count(*) FROM aadhaar_references l JOIN aadhaar_references r ON r.aadhaar_id = l.aadhaar_id
             WHERE l.domain = $1 AND l.reference = $2 AND r.domain = $3 AND r.reference = $4";
        let count: i64 = sqlx::query_scalar(SQL)
            .bind(left.0)
            .bind(left.1.as_str())
            .bind(right.0)
            .bind(right.1.as_str())
            .fetch_one(&self.pool)
            .await?;
        Ok(count > 0)
    }

    /// Takes out the references of a domain that were given out before an instant and are used nowhere, and the
    /// numbers that no reference is left of; gives how many references went.
    pub async fn sweep_orphans(
        &self,
        domain: &str,
        used: &FxHashSet<Reference>,
        created_before: Timestamp,
    ) -> Result<u64, VaultError> {
        const LIST: &str = "SELECT reference FROM aadhaar_references WHERE domain = $1 AND created_us < $2";
        const DELETE: &str =
            "DELETE FROM aadhaar_references WHERE domain = $2 AND reference IN (SELECT word FROM {texts $1} AS t)";
        const NUMBERS: &str = "DELETE FROM aadhaar_numbers WHERE id NOT IN (SELECT aadhaar_id FROM aadhaar_references)";
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let all: Vec<String> = sqlx::query_scalar(LIST).bind(domain).bind(created_before.0).fetch_all(&mut *tx).await?;
        let gone: Vec<String> =
            all.into_iter().map(Reference).filter(|one| !used.contains(one)).map(|one| one.0).collect();
        for chunk in gone.chunks(ROWS_A_STATEMENT) {
            sqlx::query(sql(Engine::Sqlite, DELETE)).bind(json(chunk)).bind(domain).execute(&mut *tx).await?;
        }
        if !gone.is_empty() {
            sqlx::query(NUMBERS).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(gone.len() as u64)
    }

    /// How many numbers the vault holds.
    pub async fn count(&self) -> Result<u64, VaultError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM aadhaar_numbers").fetch_one(&self.pool).await?;
        Ok(count as u64)
    }

    /// Writes a copy of the vault as it is now, into an empty file. It is sealed as the vault is, and needs the same keys.
    pub(crate) async fn copy_to(&self, path: &str) -> Result<(), VaultError> {
        sqlx::query("VACUUM INTO $1").bind(path).execute(&self.pool).await?;
        Ok(())
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn mac(key: &Key, bytes: &[u8]) -> Index {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key.bytes()).expect("any key length is taken");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}
