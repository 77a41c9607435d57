//! Checkpoints of the audit trail: what all chains had come to, signed. With a checkpoint kept elsewhere nobody can cut a
//! chain short or write it anew up to there, not even who can write every table of the hub.

use kanak_model::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

use crate::Store;
use crate::audit_events::hex;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::json;
use crate::error::StoreError;
use crate::key_store::{AUDIT_SIGN, KeyError, KeyStore};

/// So many entries after the last checkpoint another is due.
pub const ENTRIES_A_CHECKPOINT: u64 = 10_000;
/// So long after the last checkpoint another is due when there are entries since, microseconds.
pub const CHECKPOINT_EVERY_US: i64 = 10 * 60 * 1_000_000;

/// What is signed begins so: a signature serves nothing else.
const CHECKPOINT: &[u8] = b"kanak audit checkpoint 1\0";
const FILE: &[u8] = b"kanak audit file 1\0";
const CODE_BUNDLE: &[u8] = b"kanak code bundle 1\0";
const PACK: &[u8] = b"kanak pack 1\0";

/// The public half of the key that signs checkpoints: 32 bytes, as 64 hex digits in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditKey([u8; 32]);

impl AuditKey {
    /// Reads 64 hex digits, with any space around them.
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text.trim())?.try_into().ok().map(Self)
    }

    fn tells(&self, signed_as: &[u8], hash: &str, signature: &str) -> bool {
        unhex(signature).is_some_and(|bytes| {
            UnparsedPublicKey::new(&ED25519, self.0).verify(&[signed_as, hash.as_bytes()].concat(), &bytes).is_ok()
        })
    }

    /// Whether this key signed a bundle of code systems whose manifest has this hash.
    pub fn tells_code_bundle(&self, hash: &str, signature: &str) -> bool {
        self.tells(CODE_BUNDLE, hash, signature)
    }

    /// Whether this key signed a pack of answers whose manifest has this hash.
    pub fn tells_pack(&self, hash: &str, signature: &str) -> bool {
        self.tells(PACK, hash, signature)
    }

    /// Whether this key signed an exported file with this hash.
    pub(crate) fn tells_file(&self, hash: &str, signature: &str) -> bool {
        self.tells(FILE, hash, signature)
    }
}

impl std::fmt::Display for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    text.as_bytes().chunks(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// Signs checkpoints, with the key `audit-sign` of a key store.
pub struct AuditSigner(Ed25519KeyPair);

impl AuditSigner {
    /// Takes the key out of the store, which makes it when there is none yet.
    ///
    /// # Errors
    /// [`KeyError`] when the store gives none.
    pub fn open(keys: &dyn KeyStore) -> Result<Self, KeyError> {
        let seed = keys.get_key(AUDIT_SIGN)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.bytes());
        Ok(Self(pair.expect("every 32 bytes are the seed of an Ed25519 key")))
    }

    /// What tells this signer's signatures.
    pub fn public_key(&self) -> AuditKey {
        AuditKey(self.0.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes"))
    }

    fn sign(&self, signed_as: &[u8], hash: &str) -> String {
        hex(self.0.sign(&[signed_as, hash.as_bytes()].concat()).as_ref())
    }

    /// Signs an exported file with this hash.
    pub(crate) fn sign_file(&self, hash: &str) -> String {
        self.sign(FILE, hash)
    }
}

impl std::fmt::Debug for AuditSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuditSigner({})", self.public_key())
    }
}

/// What a chain had come to: its id, the number of its last entry, the hash of that entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChainHead(pub(crate) i64, pub(crate) i64, pub(crate) String);

/// A signed statement of what all chains had come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditCheckpoint {
    /// From 1, without gaps.
    pub id: i64,
    /// When, in UTC microseconds.
    pub at_us: i64,
    pub(crate) heads: Vec<ChainHead>,
    /// The hash of the checkpoint before; empty for the first.
    pub previous_hash: String,
    /// SHA-256 over all of the above, hex: kept elsewhere, it pins the trail down up to here.
    pub hash: String,
    /// The public key that tells the signature, hex.
    pub signed_by: String,
    /// Ed25519 over the hash, hex.
    pub signature: String,
}

impl AuditCheckpoint {
    /// How many entries all chains had.
    pub fn entries(&self) -> u64 {
        self.heads.iter().map(|head| head.1 as u64).sum()
    }

    pub(crate) fn own_hash(&self) -> String {
        let mut hasher = Sha256::new();
        for number in [self.id, self.at_us, self.heads.len() as i64] {
            hasher.update(number.to_be_bytes());
        }
        for ChainHead(chain, number, hash) in &self.heads {
            hasher.update(chain.to_be_bytes());
            hasher.update(number.to_be_bytes());
            hasher.update((hash.len() as u64).to_be_bytes());
            hasher.update(hash.as_bytes());
        }
        hasher.update(self.previous_hash.as_bytes());
        hex(&hasher.finalize())
    }

    /// Whether one of these keys signed it.
    pub(crate) fn is_signed_by(&self, keys: &[AuditKey]) -> bool {
        keys.iter().any(|key| key.tells(CHECKPOINT, &self.hash, &self.signature))
    }
}

#[derive(FromRow)]
struct Row {
    id: i64,
    at_us: i64,
    heads: String,
    previous_hash: String,
    hash: String,
    signed_by: String,
    signature: String,
}

impl TryFrom<Row> for AuditCheckpoint {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let unreadable =
            StoreError::Stored { table: "audit_checkpoints", row: row.id, column: "heads", expected: "list of heads" };
        Ok(Self {
            id: row.id,
            at_us: row.at_us,
            heads: serde_json::from_str(&row.heads).map_err(|_| unreadable)?,
            previous_hash: row.previous_hash,
            hash: row.hash,
            signed_by: row.signed_by,
            signature: row.signature,
        })
    }
}

const COLUMNS: &str = "SELECT id, at_us, heads, previous_hash, hash, signed_by, signature FROM audit_checkpoints";

/// All checkpoints, oldest first.
pub(crate) async fn list(tx: &mut Tx) -> Result<Vec<AuditCheckpoint>, StoreError> {
    let text = sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY id"));
    let rows: Vec<Row> = on_tx!(tx, |c| sqlx::query_as(text).fetch_all(c).await)?;
    rows.into_iter().map(AuditCheckpoint::try_from).collect()
}

/// What all chains have come to, by chain; those without an entry stay out.
pub(crate) async fn heads(tx: &mut Tx) -> Result<Vec<ChainHead>, StoreError> {
    const SQL: &str = "SELECT id, number, hash FROM audit_chains WHERE number > 0 ORDER BY id";
    let rows: Vec<(i64, i64, String)> = on_tx!(tx, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(chain, number, hash)| ChainHead(chain, number, hash)).collect())
}

impl Store {
    /// The same store with what signs its checkpoints.
    #[must_use]
    pub fn signed_by(mut self, signer: AuditSigner) -> Self {
        self.signer = Some(std::sync::Arc::new(signer));
        self
    }

    /// What tells the signatures of this store's checkpoints; `None` where it signs none.
    pub fn audit_key(&self) -> Option<AuditKey> {
        self.signer.as_ref().map(|signer| signer.public_key())
    }

    /// Signs a bundle of code systems whose manifest has this hash.
    ///
    /// # Errors
    /// [`StoreError::NoSigner`] of a store that was opened without a key to sign with.
    pub fn sign_code_bundle(&self, hash: &str) -> Result<String, StoreError> {
        Ok(self.signer.as_ref().ok_or(StoreError::NoSigner)?.sign(CODE_BUNDLE, hash))
    }

    /// Signs a pack of answers whose manifest has this hash.
    ///
    /// # Errors
    /// [`StoreError::NoSigner`] of a store that was opened without a key to sign with.
    pub fn sign_pack(&self, hash: &str) -> Result<String, StoreError> {
        Ok(self.signer.as_ref().ok_or(StoreError::NoSigner)?.sign(PACK, hash))
    }

    /// The last checkpoint.
    pub async fn find_audit_checkpoint(&self) -> Result<Option<AuditCheckpoint>, StoreError> {
        let text = sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY id DESC LIMIT 1"));
        let row: Option<Row> = on_db!(&self.db, |c| sqlx::query_as(text).fetch_optional(c).await)?;
        row.map(AuditCheckpoint::try_from).transpose()
    }

    /// What is wrong with a checkpoint that was kept outside of the hub, in words; `None` where the hub holds it.
    pub async fn find_fault_of_kept(&self, kept: &AuditCheckpoint) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT hash FROM audit_checkpoints WHERE id = $1";
        let is_signed = self.audit_key().is_none_or(|key| kept.is_signed_by(&[key]));
        if kept.hash != kept.own_hash() || !is_signed {
            return Ok(Some(format!("{}, which was kept, is not as this hub signed it", kept.words())));
        }
        let held: Option<String> = on_db!(&self.db, |c| sqlx::query_scalar(SQL).bind(kept.id).fetch_optional(c).await)?;
        let why = || format!("the hub does not hold {}, which it signed: it is an older copy of itself", kept.words());
        Ok((held.as_ref() != Some(&kept.hash)).then(why))
    }

    /// Makes a checkpoint when one is due: [`ENTRIES_A_CHECKPOINT`] entries after the last, or any entry after
    /// [`CHECKPOINT_EVERY_US`].
    pub async fn checkpoint_audit_if_due(&self) -> Result<Option<AuditCheckpoint>, StoreError> {
        const SQL: &str = "SELECT CAST(coalesce(sum(number), 0) AS BIGINT) FROM audit_chains";
        if self.signer.is_none() {
            return Ok(None);
        }
        let entries: i64 = on_db!(&self.db, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?;
        let last = self.find_audit_checkpoint().await?;
        let (held, at_us) = last.map_or((0, i64::MIN), |last| (last.entries(), last.at_us));
        let new = (entries as u64).saturating_sub(held);
        let is_time = self.clock.now().0.saturating_sub(at_us) >= CHECKPOINT_EVERY_US;
        if new >= ENTRIES_A_CHECKPOINT || (new > 0 && is_time) {
            self.checkpoint_audit().await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// Signs what all chains have come to; the last checkpoint when nothing came since.
    ///
    /// # Errors
    /// [`StoreError::NoSigner`] of a store that was opened without a key to sign with.
    pub async fn checkpoint_audit(&self) -> Result<AuditCheckpoint, StoreError> {
        const INSERT: &str =
            "INSERT INTO audit_checkpoints (id, at_us, heads, previous_hash, hash, signed_by, signature)
             SELECT id, at_us, heads, previous_hash, hash, signed_by, signature
             FROM {rows $1: id int, at_us int, heads text, previous_hash text, hash text, signed_by text, signature text} AS r";
        let signer = self.signer.as_ref().ok_or(StoreError::NoSigner)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let text = sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY id DESC LIMIT 1"));
        let last: Option<Row> = on_tx!(tx, |c| sqlx::query_as(text).fetch_optional(c).await)?;
        let heads = heads(&mut tx).await?;
        let last = match last.map(AuditCheckpoint::try_from).transpose()? {
            Some(last) if last.heads == heads => return Ok(last),
            last => last,
        };
        let (id, previous_hash) = last.map_or((1, String::new()), |last| (last.id + 1, last.hash));
        let signed_by = signer.public_key().to_string();
        let mut made = AuditCheckpoint {
            id,
            at_us: tx.now.0,
            heads,
            previous_hash,
            hash: String::new(),
            signed_by,
            signature: String::new(),
        };
        made.hash = made.own_hash();
        made.signature = signer.sign(CHECKPOINT, &made.hash);
        let row =
            (made.id, made.at_us, json(&made.heads), &made.previous_hash, &made.hash, &made.signed_by, &made.signature);
        let text = crate::dialect::sql(tx.engine(), INSERT);
        on_tx!(tx, |c| sqlx::query(text).bind(json(&[row])).execute(c).await.map(drop))?;
        tx.commit().await?;
        Ok(made)
    }
}

impl AuditCheckpoint {
    /// When.
    pub fn at(&self) -> Timestamp {
        Timestamp(self.at_us)
    }
}
