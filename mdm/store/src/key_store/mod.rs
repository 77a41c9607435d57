//! Keys: 32 random bytes each, by name, in a place of their own.
//!
//! A key that wraps others has versions: `vault-kek-1`, `vault-kek-2` ... A new version takes over, the earlier ones stay
//! for what was wrapped under them. Wrapping is the key store's own work, so that a device need not give its key away.
//!
//! Two stores: files that only their owner reads (`file`), and a PKCS#11 token (`pkcs11`), which keeps the keys that wrap
//! others to itself and wraps every other key under one of them.

mod file;
mod pkcs11;

use zeroize::Zeroizing;

pub use file::FileKeyStore;
pub use pkcs11::{Pin, Pkcs11KeyStore, TokenName, TokenPlace};

/// The key of the vault's index.
pub const VAULT_HMAC: &str = "vault-hmac";
/// The key that sealed numbers in vaults from before data keys; opened once more when such a vault is brought up.
pub const VAULT_AES: &str = "vault-aes";
/// The key that the signing secrets of webhooks are made with.
pub const WEBHOOKS: &str = "webhooks";
/// The key that wraps the vault's data keys. It has versions.
pub const VAULT_KEK: &str = "vault-kek";
/// The key under which keys of erased rows are known again.
pub const ERASURE: &str = "erasure";
/// The key that seals landed files.
pub const LANDING: &str = "landing";
/// The key that signs checkpoints of the audit trail.
pub const AUDIT_SIGN: &str = "audit-sign";

/// 32 secret bytes. `Debug` does not show them; memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A new one.
    ///
    /// # Errors
    /// [`KeyError::Randomness`].
    pub fn random(keys: &dyn KeyStore) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        keys.fill_random(&mut *bytes)?;
        Ok(Self(bytes))
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Why there is no key. Operators must act.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file or folder cannot be used.
    #[error("key file {path}: {source}")]
    File {
        /// Which.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("key file {path} does not hold {bytes} bytes; restore it from its backup")]
    Length {
        /// Which.
        path: String,
        /// How many it should hold.
        bytes: usize,
    },
    /// Others can read it.
    #[error("key file {path} can be read by others; run `chmod 600` on it and consider the key known")]
    Open {
        /// Which.
        path: String,
    },
    /// A name that is none.
    #[error("`{0}` is no key name; use lower case letters, digits and `-`")]
    Name(String),
    /// A version that is not there.
    #[error("version {version} of key `{name}` is not in {place}; restore the keys that belong to this data folder")]
    NoVersion {
        /// The key.
        name: String,
        /// Its version.
        version: u32,
        /// Where it was looked for.
        place: String,
    },
    /// What was wrapped does not open.
    #[error(
        "what version {version} of key `{name}` wrapped does not open; restore the keys that belong to this data folder"
    )]
    Wrapped {
        /// The key.
        name: String,
        /// Its version.
        version: u32,
    },
    /// The system has no randomness.
    #[error("the system gives no random bytes")]
    Randomness,
    /// Another key has the name already.
    #[error("{place} has another key `{name}` already; keys are never replaced: find out which one the data needs")]
    Taken {
        /// The name.
        name: String,
        /// Where.
        place: String,
    },
    /// A key stands in a file although a token is named.
    #[error(
        "key `{name}` of this data folder is in the file {path}, not in {token}; write `store = \"file\"` under [keys] of kanak.toml \
         and run `kanak vault move-keys --to pkcs11`"
    )]
    InFile {
        /// The key.
        name: String,
        /// Its file.
        path: String,
        /// The token that was asked for it.
        token: String,
    },
    /// The library of the token cannot be used.
    #[error("PKCS#11 module {module}: {message}; install it, or correct `module` under [keys] of kanak.toml")]
    Module {
        /// The library.
        module: String,
        /// What it, or the system, says.
        message: String,
    },
    /// The library has no such token.
    #[error(
        "PKCS#11 module {module} has no {token}; it has {present}: initialize one (`softhsm2-util --init-token --free --label NAME` for \
         SoftHSM), or correct `token` or `slot` under [keys] of kanak.toml"
    )]
    NoToken {
        /// The library.
        module: String,
        /// What was looked for.
        token: String,
        /// The tokens that are there.
        present: String,
    },
    /// The token does not take the PIN.
    #[error("{token}: the PIN {why}")]
    Pin {
        /// The token.
        token: String,
        /// What is wrong, and what to do.
        why: &'static str,
    },
    /// The token did not do its work.
    #[error("{token}, {what}: {message}; see that it is connected and works, then try again")]
    Token {
        /// The token.
        token: String,
        /// What was attempted.
        what: &'static str,
        /// What it says.
        message: String,
    },
}

/// The kinds of key stores there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStoreKind {
    /// Files.
    File,
    /// A PKCS#11 token.
    Pkcs11,
}

impl KeyStoreKind {
    /// The word in settings and in the vault's tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Pkcs11 => "pkcs11",
        }
    }
}

/// Where keys are kept: a folder, or a device.
pub trait KeyStore: Send + Sync {
    /// What kind of store it is.
    fn kind(&self) -> KeyStoreKind;

    /// Which one it is, for people.
    fn place(&self) -> String;

    /// The key of this name; made when there is none yet.
    fn get_key(&self, name: &str) -> Result<Key, KeyError>;

    /// Takes a key over from another store. The same key once more changes nothing.
    ///
    /// # Errors
    /// [`KeyError::Taken`] when another key has the name.
    fn put_key(&self, name: &str, key: &Key) -> Result<(), KeyError>;

    /// The names of the keys that have no versions: what [`KeyStore::get_key`] would find.
    fn list_names(&self) -> Result<Vec<String>, KeyError>;

    /// Random bytes from the store's own source.
    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), KeyError>;

    /// The newest version of a key that wraps others, from 1; `None` when it was never made.
    fn find_version(&self, name: &str) -> Result<Option<u32>, KeyError>;

    /// Makes the next version of a key that wraps others; gives its number. Earlier versions stay.
    fn add_version(&self, name: &str) -> Result<u32, KeyError>;

    /// Wraps a key under a version with AES-256-GCM: 12 bytes of nonce, 32 of ciphertext, 16 of tag. The context is not
    /// in it and must be the same when it is opened.
    ///
    /// # Errors
    /// [`KeyError::NoVersion`]; a version that is not there is never made.
    fn wrap(&self, name: &str, version: u32, key: &Key, context: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// Opens what [`KeyStore::wrap`] gave.
    ///
    /// # Errors
    /// [`KeyError::NoVersion`], and [`KeyError::Wrapped`] under another key or context.
    fn open_wrapped(&self, name: &str, version: u32, wrapped: &[u8], context: &[u8]) -> Result<Key, KeyError>;
}

/// Takes every key without versions over into another key store; gives how many.
///
/// # Errors
/// [`KeyError::Taken`] when the other store has another key of a name.
pub fn copy_names(from: &dyn KeyStore, to: &dyn KeyStore) -> Result<usize, KeyError> {
    let names = from.list_names()?;
    for name in &names {
        to.put_key(name, &from.get_key(name)?)?;
    }
    Ok(names.len())
}

/// The bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = 12;
