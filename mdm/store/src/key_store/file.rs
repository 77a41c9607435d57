//! Keys as files.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use super::{Key, KeyError, KeyStore, KeyStoreKind, NONCE_BYTES};

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
        make_folder(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn path(&self, name: &str) -> Result<PathBuf, KeyError> {
        path_of(&self.folder, name)
    }

    fn read(path: &Path) -> Result<Option<Key>, KeyError> {
        Ok(read_secret::<32>(path)?.map(Key))
    }

    /// The cipher of a version that is there.
    fn wrapping(&self, name: &str, version: u32) -> Result<Aes256Gcm, KeyError> {
        let missing = || KeyError::NoVersion { name: name.to_owned(), version, place: self.place() };
        let key = Self::read(&self.path(&format!("{name}-{version}"))?)?.ok_or_else(missing)?;
        Ok(Aes256Gcm::new(key.bytes().into()))
    }
}

impl KeyStore for FileKeyStore {
    fn kind(&self) -> KeyStoreKind {
        KeyStoreKind::File
    }

    fn place(&self) -> String {
        self.folder.display().to_string()
    }

    fn get_key(&self, name: &str) -> Result<Key, KeyError> {
        let path = self.path(name)?;
        if let Some(key) = Self::read(&path)? {
            return Ok(key);
        }
        write_secret(&path, Key::random(self)?.bytes())?;
        Self::read(&path)?
            .ok_or_else(|| KeyError::File { path: path.display().to_string(), source: ErrorKind::NotFound.into() })
    }

    fn put_key(&self, name: &str, key: &Key) -> Result<(), KeyError> {
        let path = self.path(name)?;
        write_secret(&path, key.bytes())?;
        match Self::read(&path)? {
            Some(there) if there.bytes() == key.bytes() => Ok(()),
            _ => Err(KeyError::Taken { name: name.to_owned(), place: self.place() }),
        }
    }

    fn list_names(&self) -> Result<Vec<String>, KeyError> {
        let is_version = |name: &str| {
            name.rsplit_once('-').is_some_and(|(_, end)| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()))
        };
        let mut names = list_files(&self.folder)?;
        names.retain(|name| path_of(&self.folder, name).is_ok() && !is_version(name));
        Ok(names)
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        OsRng.try_fill_bytes(bytes).map_err(|_| KeyError::Randomness)
    }

    fn find_version(&self, name: &str) -> Result<Option<u32>, KeyError> {
        let files = list_files(&self.folder)?;
        Ok(files.iter().filter_map(|file| version_of(file, name)).max())
    }

    fn add_version(&self, name: &str) -> Result<u32, KeyError> {
        let version = self.find_version(name)?.unwrap_or(0) + 1;
        write_secret(&self.path(&format!("{name}-{version}"))?, Key::random(self)?.bytes())?;
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
        Key::of(&opened).ok_or_else(broken)
    }
}

/// Makes a folder that only its owner enters; one that is there stays as it is.
pub(super) fn make_folder(folder: &Path) -> Result<(), KeyError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| KeyError::File { path: folder.display().to_string(), source })
}

/// The names of a folder's files, in order.
pub(super) fn list_files(folder: &Path) -> Result<Vec<String>, KeyError> {
    let of_io = |source| KeyError::File { path: folder.display().to_string(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(of_io)? {
        names.extend(entry.map_err(of_io)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// The version that a label such as `vault-kek-2` says of a key.
pub(super) fn version_of(label: &str, name: &str) -> Option<u32> {
    label.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
}

/// The file of a key.
pub(super) fn path_of(folder: &Path, name: &str) -> Result<PathBuf, KeyError> {
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if is_name { Ok(folder.join(name)) } else { Err(KeyError::Name(name.to_owned())) }
}

/// Reads `N` secret bytes; `None` where there is no file.
///
/// # Errors
/// [`KeyError::Open`] when others can read them, [`KeyError::Length`] when they are more or fewer.
pub(super) fn read_secret<const N: usize>(path: &Path) -> Result<Option<Zeroizing<[u8; N]>>, KeyError> {
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
    let mut bytes = Zeroizing::new([0; N]);
    if facts.len() != N as u64 || file.read_exact(&mut *bytes).is_err() {
        return Err(KeyError::Length { path: shown(), bytes: N });
    }
    Ok(Some(bytes))
}

/// Writes secret bytes beside their place and links them there: a crash leaves all of them or none, and what is there is never
/// replaced.
pub(super) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let beside = path.with_extension(format!("new{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let _ = std::fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        match std::fs::hard_link(&beside, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => std::fs::remove_file(&beside)?,
        }
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|source| KeyError::File { path: path.display().to_string(), source })
}
