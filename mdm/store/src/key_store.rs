//! Keys: 32 random bytes each, by name, in a place of their own.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

/// The key of the vault's index.
pub const VAULT_HMAC: &str = "vault-hmac";
/// The key that seals numbers in the vault.
pub const VAULT_AES: &str = "vault-aes";
/// The key that the signing secrets of webhooks are made with.
pub const WEBHOOKS: &str = "webhooks";
/// The key that seals landed files.
pub const LANDING: &str = "landing";
/// The key that signs checkpoints of the audit trail.
pub const AUDIT_SIGN: &str = "audit-sign";

/// 32 secret bytes. `Debug` does not show them; memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
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
}

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

impl KeyStore for FileKeyStore {
    fn get_key(&self, name: &str) -> Result<Key, KeyError> {
        let is_name =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_name {
            return Err(KeyError::Name(name.to_owned()));
        }
        let path = self.folder.join(name);
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
}
