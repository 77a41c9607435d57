//! Keys: 32 random bytes each, by name, in a place of their own.
//!
//! A key that wraps others has versions: `vault-kek-1`, `vault-kek-2` ... A new version takes over, the earlier ones stay
//! for what was wrapped under them. Wrapping is the key store's own work, so that a device need not give its key away.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

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
    #[error("key file {path} does not hold 32 bytes; restore it from its backup")]
    Length {
        /// Which.
        path: String,
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
}

/// Where keys are kept: a folder, or a device.
pub trait KeyStore: Send + Sync {
    /// The key of this name; made when there is none yet.
    fn get_key(&self, name: &str) -> Result<Key, KeyError>;

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

/// The bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = 12;

/// Keys as files in a folder that only its owner may read.
#[derive(Debug, Clone)]
pub struct FileKeyStore {
    folder: PathBuf,
}

impl FileKeyStore {
    /// Opens the folder; makes it when it is not there.
    ///
    /// # Errors
    /// [`KeyError::File`].
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| KeyError::File { path: folder.display().to_string(), source })?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn read(path: &Path) -> Result<Option<Key>, KeyError> {
        let shown = || path.display().to_string();
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(KeyError::File { path: shown(), source }),
        };
        let facts = file.metadata().map_err(|source| KeyError::File { path: shown(), source })?;
        if facts.permissions().mode() & 0o077 != 0 {
            return Err(KeyError::Open { path: shown() });
        }
        let mut bytes = Zeroizing::new([0; 32]);
        if facts.len() != 32 || file.read_exact(&mut *bytes).is_err() {
            return Err(KeyError::Length { path: shown() });
        }
        Ok(Some(Key(bytes)))
    }

    /// Writes a new key beside its place and links it there: a crash leaves a whole key or none, and a key that is
    /// there is never replaced.
    fn make(&self, path: &Path) -> Result<(), KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.fill_random(&mut *bytes)?;
        let beside = path.with_extension(format!("new{}", std::process::id()));
        let write = || -> std::io::Result<()> {
            let _ = std::fs::remove_file(&beside);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(&*bytes)?;
            file.sync_all()?;
            match std::fs::hard_link(&beside, path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => std::fs::remove_file(&beside)?,
            }
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|source| KeyError::File { path: path.display().to_string(), source })
    }
}

impl FileKeyStore {
    fn path(&self, name: &str) -> Result<PathBuf, KeyError> {
        let is_name =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if is_name { Ok(self.folder.join(name)) } else { Err(KeyError::Name(name.to_owned())) }
    }

    /// The cipher of a version that is there.
    fn wrapping(&self, name: &str, version: u32) -> Result<Aes256Gcm, KeyError> {
        let missing =
            || KeyError::NoVersion { name: name.to_owned(), version, place: self.folder.display().to_string() };
        let key = Self::read(&self.path(&format!("{name}-{version}"))?)?.ok_or_else(missing)?;
        Ok(Aes256Gcm::new(key.bytes().into()))
    }
}

impl KeyStore for FileKeyStore {
    fn get_key(&self, name: &str) -> Result<Key, KeyError> {
        let path = self.path(name)?;
        if let Some(key) = Self::read(&path)? {
            return Ok(key);
        }
        self.make(&path)?;
        Self::read(&path)?
            .ok_or_else(|| KeyError::File { path: path.display().to_string(), source: ErrorKind::NotFound.into() })
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        OsRng.try_fill_bytes(bytes).map_err(|_| KeyError::Randomness)
    }

    fn find_version(&self, name: &str) -> Result<Option<u32>, KeyError> {
        let of_io = |source| KeyError::File { path: self.folder.display().to_string(), source };
        let mut newest = None;
        for entry in std::fs::read_dir(&self.folder).map_err(of_io)? {
            let file = entry.map_err(of_io)?.file_name();
            let version = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix('-')?.parse().ok());
            newest = newest.max(version);
        }
        Ok(newest)
    }

    fn add_version(&self, name: &str) -> Result<u32, KeyError> {
        let version = self.find_version(name)?.unwrap_or(0) + 1;
        self.make(&self.path(&format!("{name}-{version}"))?)?;
        Ok(version)
    }

    fn wrap(&self, name: &str, version: u32, key: &Key, context: &[u8]) -> Result<Vec<u8>, KeyError> {
        let cipher = self.wrapping(name, version)?;
        let mut nonce = [0; NONCE_BYTES];
        self.fill_random(&mut nonce)?;
        let payload = Payload { msg: key.bytes(), aad: context };
        let wrapped = cipher.encrypt(Nonce::from_slice(&nonce), payload).expect("32 bytes are within the limit");
        Ok([&nonce[..], &wrapped].concat())
    }

    fn open_wrapped(&self, name: &str, version: u32, wrapped: &[u8], context: &[u8]) -> Result<Key, KeyError> {
        let broken = || KeyError::Wrapped { name: name.to_owned(), version };
        let cipher = self.wrapping(name, version)?;
        let (nonce, text) = wrapped.split_at_checked(NONCE_BYTES).ok_or_else(broken)?;
        let opened = cipher.decrypt(Nonce::from_slice(nonce), Payload { msg: text, aad: context });
        let opened = Zeroizing::new(opened.map_err(|_| broken())?);
        let mut bytes = Zeroizing::new([0; 32]);
        if opened.len() != bytes.len() {
            return Err(broken());
        }
        bytes.copy_from_slice(&opened);
        Ok(Key(bytes))
    }
}
