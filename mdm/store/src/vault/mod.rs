//! The vault: Aadhaar numbers sealed in a file of their own, and the random references that stand for them elsewhere.
//!
//! The hub reaches it by a [`VaultDoor`], which says to the hub's trail what is asked before it asks: of a vault in the same
//! process, of one that is a service of its own ([`VaultCall`] is all that travels), or of none, where no model has Aadhaar.
//!
//! A number has a different reference in each department's domain. The keyed hash is the vault's own index and never
//! leaves it. The vault is written before the hub, and writing the same number again gives the same reference: what a
//! broken run leaves here are references that nobody uses, and [`Vault::sweep_orphans`] takes them out.
//!
//! Numbers are sealed under data keys (`data_keys`), those are wrapped under a key of the key store. Both rotate (`rotate`). The key of
//! the index does not: a keyed hash finds a number only under the one key that made it, so a new key means opening every
//! number, and two indexes to be asked for as long as that takes. It seals nothing. Whoever held it and a copy of the vault
//! could try numbers against the hashes; then all numbers count as known, and no new key takes that back.

mod calls;
mod check;
mod data_keys;
mod door;
mod events;
mod reveal;
mod rotate;
mod same_person;
mod steps;
mod sweep;

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use kanak_model::Clock;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, SqlitePool, Transaction};
use zeroize::Zeroizing;

pub use calls::{By, Numbers, VaultAnswer, VaultCall, VaultRefusal, VaultService, VaultStanding};
pub use door::VaultDoor;
pub use events::{EventsChecked, VaultEvent};
pub use reveal::{
    APPROVE_WITHIN_US, REVEAL_WITHIN_US, RevealAct, RevealDecision, RevealDone, RevealRequest, RevealRequestId,
    RevealState, Weighed,
};
pub use rotate::{DataKeyStanding, RotatedKey};
pub use steps::RevealStep;

use self::data_keys::{DataKeys, Room};
use self::events::Actor;
use crate::audit_events::hex;
use crate::db::{make_private, one_writer, sqlite_options};
use crate::dialect::{Engine, ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;
use crate::key_store::{Key, KeyError, KeyStore, NONCE_BYTES, VAULT_AES, VAULT_HMAC};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/vault");

/// 22 letters hold 103 random bits, and no run of digits that a scan could take for a number.
const REFERENCE_LETTERS: usize = 22;

/// What stands for an Aadhaar number in one department's domain: random letters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

impl TryFrom<String> for Reference {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a reference is 22 small letters")
    }
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reference(..)")
    }
}

/// A number taken out of the vault. `Debug` does not show it; memory is wiped when it is dropped.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct Revealed(Zeroizing<String>);

impl From<String> for Revealed {
    fn from(digits: String) -> Self {
        Self(Zeroizing::new(digits))
    }
}

impl Revealed {
    /// The twelve digits.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl Serialize for Revealed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
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
    /// The operator must act: the keys are in another kind of store.
    #[error(
        "the vault's data keys are wrapped in a key store of the kind `{of}`, and kanak.toml names `{named}`; write `store = \"{of}\"` under [keys]"
    )]
    OtherStore {
        /// The kind that wraps them.
        of: String,
        /// The kind that was opened.
        named: &'static str,
    },
    /// Nobody: this deployment has no vault.
    #[error("this deployment has no vault: none of its entity models has an attribute of the kind `aadhaar`")]
    None,
    /// The operator must act: the service does not answer.
    #[error(
        "the vault at {at} does not answer ({why}); see that it runs there and that this machine reaches it, then try again"
    )]
    Away {
        /// Its address.
        at: String,
        /// What went wrong.
        why: String,
    },
    /// The operator of the vault must act; its own log says more.
    #[error("the vault could not do it: {0}")]
    Failed(String),
    /// The caller must act: the reason of a request cannot be kept.
    #[error("the reason {why}")]
    Reason {
        /// What is wrong and what to do.
        why: Cow<'static, str>,
    },
    /// The operator must act: the file.
    #[error("vault: {0}")]
    Database(String),
    /// The caller must act: not twelve digits.
    #[error("value {place} of the batch is no number of twelve digits; check values before they come to the vault")]
    NotANumber {
        /// Its place in the batch, from 0.
        place: usize,
    },
    /// The caller must act: no name of a domain. Not repeated: it stands in audit entries, and may be anything.
    #[error("this is no domain of the vault; name one by 1 to 32 small letters a to z and `_`, such as `hub`")]
    Domain,
    /// There is no such reference in this domain.
    #[error("no such reference in the domain `{domain}`")]
    NotFound {
        /// The domain.
        domain: String,
    },
    /// The caller may not.
    #[error("{caller} may not {what}; it takes {needed}")]
    Denied {
        /// Who asked.
        caller: String,
        /// What for.
        what: Cow<'static, str>,
        /// Who may.
        needed: Cow<'static, str>,
    },
    /// Another person must act.
    #[error("a request is decided by another person than the one who made it; ask another auditor of the whole state")]
    OwnRequest,
    /// The caller must act: only who asked is answered.
    #[error("request {0} was made by another person; only that person is answered")]
    NotYours(RevealRequestId),
    /// The caller must act: the request is not where it would have to be.
    #[error("request {id} {state}; {remedy}")]
    RequestState {
        /// The request.
        id: RevealRequestId,
        /// Where it stands.
        state: Cow<'static, str>,
        /// What would help.
        remedy: Cow<'static, str>,
    },
    /// There is no such request.
    #[error("no request {0}")]
    NoRequest(RevealRequestId),
    /// The operator must act: what sealed a number is gone.
    #[error("data key {id} is not in the vault, and numbers are sealed under it; restore a backup of the vault")]
    NoDataKey {
        /// Its id.
        id: i64,
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
        match StoreError::from(error) {
            StoreError::Unavailable { what, message, .. } => {
                Self::Store(StoreError::Unavailable { place: "vault", what, message })
            }
            other => Self::Database(other.to_string()),
        }
    }
}

/// An open vault.
#[derive(Clone)]
pub struct Vault {
    /// One connection: whoever holds it is alone with the file.
    pool: SqlitePool,
    index_key: Key,
    data_keys: DataKeys,
    rng: Arc<Mutex<StdRng>>,
    clock: Arc<dyn Clock>,
    /// Who is connected, for the vault's own trail.
    client: Arc<str>,
    /// Where its keys are, for people.
    keys_place: Arc<str>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(..)")
    }
}

type Index = [u8; 32];

/// What sealed numbers before there were data keys: one key for all, each number bound to its index.
struct Legacy(Aes256Gcm);

impl Legacy {
    fn open(&self, id: i64, index: &[u8], sealed: &[u8]) -> Result<Revealed, VaultError> {
        open_sealed(&self.0, id, index, sealed)
    }
}

/// What a number's ciphertext is bound to: it opens in no other row and under no other data key.
fn context(id: i64, data_key: i64) -> Vec<u8> {
    [b"kanak vault: number".as_slice(), &id.to_be_bytes(), &data_key.to_be_bytes()].concat()
}

impl Vault {
    /// Opens the vault; makes it, and its keys, when they are not there. One from before data keys is brought up first: a
    /// second or two for each hundred thousand numbers, once.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] when the keys are not those it was made with.
    pub async fn open(path: &Path, keys: Arc<dyn KeyStore>, clock: Arc<dyn Clock>) -> Result<Self, VaultError> {
        make_private(path)?;
        let mut seed = Zeroizing::new([0; 32]);
        keys.fill_random(&mut *seed)?;
        let rng = Arc::new(Mutex::new(StdRng::from_seed(*seed)));
        let options =
            sqlite_options(path).create_if_missing(true).pragma("cache_size", "-32768").pragma("secure_delete", "ON");
        let pool = one_writer().connect_with(options).await?;
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
        MIGRATIONS.run(&pool).await.map_err(|error| StoreError::of_migration("vault", known, error))?;
        // Before any key is asked for: another kind of store would make new ones.
        data_keys::check_kind(&pool, keys.kind()).await?;
        let index_key = keys.get_key(VAULT_HMAC)?;
        let (client, keys_place) = ("this process".into(), keys.place().into());
        let vault =
            Self { pool, index_key, data_keys: DataKeys::new(Arc::clone(&keys)), rng, clock, client, keys_place };
        vault.check_key(VAULT_HMAC, &vault.index(b"the vault's index key")).await?;
        vault.data_keys.check(&vault.pool).await?;
        vault.leave_legacy(&*keys).await?;
        Ok(vault)
    }

    /// The same vault with another bound on how many numbers one data key seals (about a million by default).
    #[must_use]
    pub fn with_numbers_a_key(mut self, numbers: NonZeroU32) -> Self {
        self.data_keys.numbers_a_key = numbers;
        self
    }

    /// The same vault as one client sees it: the vault's own trail names it.
    #[must_use]
    pub fn for_client(&self, client: &str) -> Self {
        Self { client: client.into(), ..self.clone() }
    }

    /// Seals what the key `vault-aes` sealed under data keys; after that the vault does not need it.
    async fn leave_legacy(&self, keys: &dyn KeyStore) -> Result<(), VaultError> {
        const HAS: &str = "SELECT count(*) FROM vault_checks WHERE name = $1";
        const DONE: &str = "DELETE FROM vault_checks WHERE name = $1";
        let has: i64 = sqlx::query_scalar(HAS).bind(VAULT_AES).fetch_one(&self.pool).await?;
        if has == 0 {
            return Ok(());
        }
        let key = keys.get_key(VAULT_AES)?;
        self.check_key(VAULT_AES, &mac(&key, b"the vault's sealing key")).await?;
        self.bring_up(&Legacy(Aes256Gcm::new(key.bytes().into()))).await?;
        sqlx::query(DONE).bind(VAULT_AES).execute(&self.pool).await?;
        self.truncate_log().await
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, VaultError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Takes what was replaced or taken out from the log beside the file as well.
    async fn truncate_log(&self) -> Result<(), VaultError> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.pool).await?;
        Ok(())
    }

    async fn check_key(&self, name: &'static str, value: &Index) -> Result<(), VaultError> {
        const PUT: &str = "INSERT INTO vault_checks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        const GET: &str = "SELECT value FROM vault_checks WHERE name = $1";
        sqlx::query(PUT).bind(name).bind(hex(value)).execute(&self.pool).await?;
        let stored: String = sqlx::query_scalar(GET).bind(name).fetch_one(&self.pool).await?;
        if stored == hex(value) { Ok(()) } else { Err(VaultError::WrongKey(name)) }
    }

    /// Whether a text may name a domain: 1 to 32 letters a to z or `_`.
    ///
    /// # Errors
    /// [`VaultError::Domain`].
    pub fn check_domain(domain: &str) -> Result<(), VaultError> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        if (1..=32).contains(&domain.len()) && domain.bytes().all(is_letter) { Ok(()) } else { Err(VaultError::Domain) }
    }

    fn index(&self, digits: &[u8]) -> Index {
        mac(&self.index_key, digits)
    }

    /// The references of numbers in a domain, in the order of the numbers. A number that the vault does not have yet
    /// is taken in; the same number gets the same reference always.
    ///
    /// # Errors
    /// [`VaultError::NotANumber`] names the place of what is not twelve digits, [`VaultError::Domain`] is for what is no domain; then
    /// nothing happened.
    pub async fn tokenise(&self, domain: &str, digits: &[&str]) -> Result<Vec<Reference>, VaultError> {
        Self::check_domain(domain)?;
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
        let mut taken_in = 0;
        let mut tx = self.begin().await?;
        for chunk in distinct.chunks(ROWS_A_STATEMENT) {
            let (given, new) = self.tokenise_chunk(&mut tx, domain, chunk).await?;
            references.extend(given);
            taken_in += new;
        }
        if taken_in > 0 || distinct.len() > 1 {
            let detail = serde_json::json!({ "numbers": distinct.len(), "new_references": taken_in });
            self.record(&mut tx, Actor::HUB, "took_in", &format!("domain {domain}"), detail).await?;
        }
        tx.commit().await?;
        Ok(indexes.iter().map(|index| references[first[index]].clone()).collect())
    }

    /// Whether the vault has each of these numbers, in their order. Takes nothing in; what is not twelve digits is not there. More
    /// than one at once are an event of the vault's own trail: nobody tries many numbers unseen.
    pub async fn holds(&self, digits: &[&str]) -> Result<Vec<bool>, VaultError> {
        const KNOWN: &str = "SELECT lower(hex(n.index_hmac)) FROM {texts $1} AS t
             CROSS JOIN aadhaar_numbers n WHERE n.index_hmac = unhex(t.word)";
        if digits.len() > 1 {
            let mut tx = self.begin().await?;
            let detail = serde_json::json!({ "numbers": digits.len() });
            self.record(&mut tx, Actor::HUB, "looked_up", "numbers", detail).await?;
            tx.commit().await?;
        }
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

    /// The references of a chunk, and how many of them are new.
    async fn tokenise_chunk(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        domain: &str,
        numbers: &[(Index, &str)],
    ) -> Result<(Vec<Reference>, usize), VaultError> {
        const KNOWN: &str = "SELECT lower(hex(n.index_hmac)), n.id, r.reference FROM {texts $1} AS t
             CROSS JOIN aadhaar_numbers n LEFT JOIN aadhaar_references r ON r.aadhaar_id = n.id AND r.domain = $2
             WHERE n.index_hmac = unhex(t.word)";
        const NEXT: &str = "SELECT coalesce(max(id), 0) FROM aadhaar_numbers";
        const NUMBERS: &str = "INSERT INTO aadhaar_numbers (id, index_hmac, sealed, data_key_id)
             SELECT id, unhex(index_hmac), unhex(sealed), key
             FROM {rows $1: id int, index_hmac text, sealed text, key int} AS r";
        const REFERENCES: &str = "INSERT INTO aadhaar_references (domain, aadhaar_id, reference, created_us)
             SELECT $2, id, reference, $3 FROM {rows $1: id int, reference text} AS r";
        let wanted: Vec<String> = numbers.iter().map(|(index, _)| hex(index)).collect();
        let rows: Vec<(String, i64, Option<String>)> =
            sqlx::query_as(sql(Engine::Sqlite, KNOWN)).bind(json(&wanted)).bind(domain).fetch_all(&mut **tx).await?;
        let known: FxHashMap<String, (i64, Option<String>)> =
            rows.into_iter().map(|(index, id, reference)| (index, (id, reference))).collect();
        let mut last: i64 = sqlx::query_scalar(NEXT).fetch_one(&mut **tx).await?;
        let count = u32::try_from(numbers.len() - known.len()).expect("a chunk is small");
        let mut rooms = self.data_keys.take_room(tx, count, self.clock.now()).await?.into_iter();
        let mut room = rooms.next();
        let (mut new_numbers, mut new_references, mut references) = (Vec::new(), Vec::new(), Vec::new());
        for ((_, digits), index_hex) in numbers.iter().zip(wanted) {
            let found = known.get(&index_hex);
            if let Some((_, Some(reference))) = found {
                references.push(Reference(reference.clone()));
                continue;
            }
            let id = match found {
                Some((id, _)) => *id,
                None => {
                    last += 1;
                    let room = take_one(&mut room, &mut rooms);
                    new_numbers.push((last, index_hex, hex(&self.seal(room, last, digits)), room.key));
                    last
                }
            };
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
        Ok((references, new_references.len()))
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

    fn seal(&self, room: &Room, id: i64, digits: &str) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = self.random();
        let payload = Payload { msg: digits.as_bytes(), aad: &context(id, room.key) };
        let sealed =
            room.cipher.encrypt(Nonce::from_slice(&nonce), payload).expect("twelve bytes are within the limit");
        [&nonce[..], &sealed].concat()
    }

    /// Opens a number and sees that it is the one that its index speaks of.
    async fn open_number(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        id: i64,
        index: &[u8],
        sealed: &[u8],
        data_key: i64,
    ) -> Result<Revealed, VaultError> {
        let cipher = self.data_keys.get(tx, data_key).await?;
        let revealed = open_sealed(&cipher, id, &context(id, data_key), sealed)?;
        if self.index(revealed.digits().as_bytes()) == index { Ok(revealed) } else { Err(VaultError::Sealed { id }) }
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

/// Copies a vault's file as it is now into a new one, whoever has it open. The copy is sealed as the vault is, and needs the same
/// keys; this needs none.
///
/// # Errors
/// [`VaultError::Database`], and [`VaultError::Store`] when the file cannot be made.
pub async fn copy_vault(from: &Path, to: &Path) -> Result<(), VaultError> {
    make_private(to)?;
    let mut connection = sqlite_options(from).create_if_missing(false).connect().await?;
    sqlx::query("VACUUM INTO $1").bind(to.display().to_string()).execute(&mut connection).await?;
    connection.close().await?;
    let file = |source| StoreError::File { path: to.display().to_string(), source };
    std::fs::File::open(to).and_then(|copy| copy.sync_all()).map_err(file)?;
    Ok(())
}

/// The data key that has room for one number more, counted off.
fn take_one<'r>(room: &'r mut Option<Room>, others: &mut impl Iterator<Item = Room>) -> &'r Room {
    if room.as_ref().is_none_or(|room| room.numbers == 0) {
        *room = others.next();
    }
    let room = room.as_mut().expect("room was taken for every number");
    room.numbers -= 1;
    room
}

fn open_sealed(cipher: &Aes256Gcm, id: i64, context: &[u8], sealed: &[u8]) -> Result<Revealed, VaultError> {
    let broken = || VaultError::Sealed { id };
    let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
    let payload = Payload { msg: text, aad: context };
    let digits = cipher.decrypt(Nonce::from_slice(nonce), payload).map_err(|_| broken())?;
    let digits = String::from_utf8(digits).map_err(|_| broken())?;
    Ok(Revealed(Zeroizing::new(digits)))
}

fn mac(key: &Key, bytes: &[u8]) -> Index {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key.bytes()).expect("any key length is taken");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}
