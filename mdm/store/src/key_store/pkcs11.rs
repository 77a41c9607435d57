//! Keys behind a PKCS#11 token. Those that wrap others are made in it, cannot be taken out of it, and do their work in it
//! (AES-256-GCM). Every other key is used by this process, and stands wrapped in a file that is of no use without the token.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use super::file::{list_files, make_folder, path_of, read_secret, version_of, write_secret};
use super::{Key, KeyError, KeyStore, KeyStoreKind, NONCE_BYTES};

/// The key of the token that wraps the keys without versions. It has versions; the newest wraps what is made.
const KEYS_KEK: &str = "keys-kek";
/// The name of a wrapped key's file ends so.
const WRAPPED: &str = ".wrapped";
/// A wrapped key's file: the version that wraps it, nonce, key and tag.
const WRAPPED_BYTES: usize = 4 + NONCE_BYTES + 32 + TAG_BYTES;
const TAG_BYTES: usize = 16;
const KEY_BYTES: u64 = 32;

/// How a token is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenName {
    /// By the label that it was initialized with.
    Label(String),
    /// By the number of its slot.
    Slot(u64),
}

impl std::fmt::Display for TokenName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Label(label) => write!(f, "token `{label}`"),
            Self::Slot(number) => write!(f, "token in slot {number}"),
        }
    }
}

/// Where a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPlace {
    /// The library that its maker gives: a PKCS#11 module.
    pub module: PathBuf,
    /// Which of its tokens.
    pub token: TokenName,
}

/// The PIN of a token's user. `Debug` does not show it; memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Pin(AuthPin);

impl Pin {
    /// Takes a PIN in.
    pub fn new(pin: &str) -> Self {
        Self(AuthPin::new(pin.into()))
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// Modules that this process has loaded. One is initialized once and never unloaded: its tokens' sessions hang on it.
static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// Keys behind a token.
pub struct Pkcs11KeyStore {
    module: Pkcs11,
    place: TokenPlace,
    pin: Pin,
    /// Where the wrapped keys stand.
    folder: PathBuf,
    /// One operation at a time; `None` after the token was away.
    session: Mutex<Option<Session>>,
}

impl std::fmt::Debug for Pkcs11KeyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pkcs11KeyStore({})", self.place.token)
    }
}

impl Pkcs11KeyStore {
    /// Loads the module, finds the token and logs in. Wrapped keys stand in `folder`, which is made when it is not there.
    ///
    /// # Errors
    /// [`KeyError::Module`], [`KeyError::NoToken`], [`KeyError::Pin`], [`KeyError::Token`]; [`KeyError::File`] for the folder.
    pub fn open(place: TokenPlace, pin: Pin, folder: &Path) -> Result<Self, KeyError> {
        make_folder(folder)?;
        let module = load(&place.module)?;
        let store = Self { module, place, pin, folder: folder.to_owned(), session: Mutex::new(None) };
        store.within("login", |_| Ok(()))?;
        Ok(store)
    }

    /// Does a piece of work in the session. Where the token was away since, it logs in anew and does it once more.
    fn within<T>(&self, what: &'static str, work: impl Fn(&Session) -> Result<T, Error>) -> Result<T, KeyError> {
        let failed = |error: Error| KeyError::Token { token: self.place.token.to_string(), what, message: say(&error) };
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = session.as_ref() {
            match work(open) {
                Err(error) if is_lost(&error) => *session = None,
                done => return done.map_err(failed),
            }
        }
        let anew = self.log_in()?;
        let done = work(&anew).map_err(failed);
        *session = Some(anew);
        done
    }

    fn log_in(&self) -> Result<Session, KeyError> {
        let token = || self.place.token.to_string();
        let failed = |error: Error| KeyError::Token { token: token(), what: "login", message: say(&error) };
        let pin = |why| KeyError::Pin { token: token(), why };
        let slot = self.find_slot()?;
        let mechanisms = self.module.get_mechanism_list(slot).map_err(failed)?;
        if ![MechanismType::AES_KEY_GEN, MechanismType::AES_GCM].iter().all(|needed| mechanisms.contains(needed)) {
            let message = "it cannot make AES keys or cannot use them with GCM, and no other way is used".to_owned();
            return Err(KeyError::Token { token: token(), what: "login", message });
        }
        let session = self.module.open_rw_session(slot).map_err(failed)?;
        match session.login(UserType::User, Some(&self.pin.0)) {
            // Another session of this process is logged in: the token does not ask twice.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                Err(pin("is wrong; correct it before the token locks it: each further try counts"))
            }
            Err(Error::Pkcs11(RvError::PinLocked, _)) => {
                Err(pin("is locked after too many wrong ones; have the token's security officer set it anew"))
            }
            Err(Error::Pkcs11(RvError::PinExpired | RvError::UserPinNotInitialized, _)) => {
                Err(pin("must be set first; have the token's security officer do it"))
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn find_slot(&self) -> Result<Slot, KeyError> {
        let module = || self.place.module.display().to_string();
        let of_module = |error: Error| KeyError::Module { module: module(), message: say(&error) };
        let mut present = Vec::new();
        for slot in self.module.get_slots_with_initialized_token().map_err(of_module)? {
            // One that was taken out since the list was made is not there.
            let Ok(info) = self.module.get_token_info(slot) else { continue };
            let label = info.label().trim_end().to_owned();
            let is_meant = match &self.place.token {
                TokenName::Label(meant) => *meant == label,
                TokenName::Slot(meant) => *meant == slot.id(),
            };
            if is_meant {
                return Ok(slot);
            }
            present.push(format!("`{label}` in slot {}", slot.id()));
        }
        let present = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
        Err(KeyError::NoToken { module: module(), token: self.place.token.to_string(), present })
    }

    fn missing(&self, name: &str, version: u32) -> KeyError {
        KeyError::NoVersion { name: name.to_owned(), version, place: self.place.token.to_string() }
    }

    fn wrapped_path(&self, name: &str) -> Result<PathBuf, KeyError> {
        Ok(path_of(&self.folder, name)?.with_extension(&WRAPPED[1..]))
    }

    /// The key of this name, if it was made or taken over.
    fn find_key(&self, name: &str) -> Result<Option<Key>, KeyError> {
        let Some(bytes) = read_secret::<WRAPPED_BYTES>(&self.wrapped_path(name)?)? else { return Ok(None) };
        let (version, wrapped) = bytes.split_at(4);
        let version = u32::from_be_bytes(version.try_into().expect("four bytes were split off"));
        self.open_wrapped(KEYS_KEK, version, wrapped, &named(name)).map(Some)
    }

    fn keep(&self, name: &str, key: &Key) -> Result<(), KeyError> {
        let version = match self.find_version(KEYS_KEK)? {
            Some(version) => version,
            None => self.add_version(KEYS_KEK)?,
        };
        let wrapped = self.wrap(KEYS_KEK, version, key, &named(name))?;
        write_secret(&self.wrapped_path(name)?, &[&version.to_be_bytes()[..], &wrapped].concat())
    }
}

impl KeyStore for Pkcs11KeyStore {
    fn kind(&self) -> KeyStoreKind {
        KeyStoreKind::Pkcs11
    }

    fn place(&self) -> String {
        format!("PKCS#11 {} of {}", self.place.token, self.place.module.display())
    }

    fn get_key(&self, name: &str) -> Result<Key, KeyError> {
        if let Some(key) = self.find_key(name)? {
            return Ok(key);
        }
        let plain = path_of(&self.folder, name)?;
        if plain.exists() {
            let (path, token) = (plain.display().to_string(), self.place.token.to_string());
            return Err(KeyError::InFile { name: name.to_owned(), path, token });
        }
        self.keep(name, &Key::random(self)?)?;
        self.find_key(name)?.ok_or_else(|| self.missing(name, 1))
    }

    fn put_key(&self, name: &str, key: &Key) -> Result<(), KeyError> {
        if self.find_key(name)?.is_none() {
            self.keep(name, key)?;
        }
        match self.find_key(name)? {
            Some(there) if there.bytes() == key.bytes() => Ok(()),
            _ => Err(KeyError::Taken { name: name.to_owned(), place: self.place() }),
        }
    }

    fn list_names(&self) -> Result<Vec<String>, KeyError> {
        let files = list_files(&self.folder)?;
        Ok(files.iter().filter_map(|file| file.strip_suffix(WRAPPED)).map(ToOwned::to_owned).collect())
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        let count = u32::try_from(bytes.len()).map_err(|_| KeyError::Randomness)?;
        let random = self.within("random bytes", |session| session.generate_random_vec(count))?;
        bytes.copy_from_slice(&Zeroizing::new(random));
        Ok(())
    }

    fn find_version(&self, name: &str) -> Result<Option<u32>, KeyError> {
        self.within("list of keys", |session| {
            let mut newest = None;
            for key in session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true)])? {
                for attribute in session.get_attributes(key, &[AttributeType::Label])? {
                    let Attribute::Label(label) = attribute else { continue };
                    newest = newest.max(std::str::from_utf8(&label).ok().and_then(|label| version_of(label, name)));
                }
            }
            Ok(newest)
        })
    }

    fn add_version(&self, name: &str) -> Result<u32, KeyError> {
        let version = self.find_version(name)?.unwrap_or(0) + 1;
        let label = label(name, version);
        self.within("making a key", |session| {
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Label(label.clone()),
                Attribute::ValueLen(KEY_BYTES.into()),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::Wrap(false),
                Attribute::Unwrap(false),
            ];
            session.generate_key(&Mechanism::AesKeyGen, &template)
        })?;
        Ok(version)
    }

    fn wrap(&self, name: &str, version: u32, key: &Key, context: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0; NONCE_BYTES];
        self.fill_random(&mut nonce)?;
        let wrapped = self.within("wrapping a key", |session| {
            let Some(wrapping) = find(session, name, version)? else { return Ok(None) };
            let mut nonce = nonce;
            session.encrypt(&gcm(&mut nonce, context)?, wrapping, key.bytes()).map(Some)
        })?;
        let wrapped = wrapped.ok_or_else(|| self.missing(name, version))?;
        Ok([&nonce[..], &wrapped].concat())
    }

    fn open_wrapped(&self, name: &str, version: u32, wrapped: &[u8], context: &[u8]) -> Result<Key, KeyError> {
        let broken = || KeyError::Wrapped { name: name.to_owned(), version };
        let (nonce, text) = wrapped.split_first_chunk::<NONCE_BYTES>().ok_or_else(broken)?;
        if text.len() != KEY_BYTES as usize + TAG_BYTES {
            return Err(broken());
        }
        let opened = self.within("opening a key", |session| {
            let Some(wrapping) = find(session, name, version)? else { return Ok(None) };
            let mut nonce = *nonce;
            match session.decrypt(&gcm(&mut nonce, context)?, wrapping, text) {
                Err(error) if says_broken(&error) => Ok(Some(None)),
                done => done.map(|opened| Some(Some(Zeroizing::new(opened)))),
            }
        })?;
        let opened = opened.ok_or_else(|| self.missing(name, version))?.ok_or_else(broken)?;
        Key::of(&opened).ok_or_else(broken)
    }
}

/// Loads and initializes a module, once a process.
fn load(path: &Path) -> Result<Pkcs11, KeyError> {
    let failed = |error: Error| KeyError::Module { module: path.display().to_string(), message: say(&error) };
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = modules.get(path) {
        return Ok(module.clone());
    }
    let module = Pkcs11::new(path).map_err(failed)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // The same library under another path.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(failed(error)),
    }
    modules.insert(path.to_owned(), module.clone());
    Ok(module)
}

fn label(name: &str, version: u32) -> Vec<u8> {
    format!("{name}-{version}").into_bytes()
}

/// What a key without versions is bound to when it is wrapped.
fn named(name: &str) -> Vec<u8> {
    [b"kanak key: ".as_slice(), name.as_bytes()].concat()
}

/// A version that is there and that the token keeps to itself: one that could be taken out is not used.
fn find(session: &Session, name: &str, version: u32) -> Result<Option<ObjectHandle>, Error> {
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::Token(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Label(label(name, version)),
    ];
    Ok(session.find_objects(&template)?.first().copied())
}

fn gcm<'a>(nonce: &'a mut [u8; NONCE_BYTES], context: &'a [u8]) -> Result<Mechanism<'a>, Error> {
    Ok(Mechanism::AesGcm(GcmParams::new(nonce, context, (8 * TAG_BYTES as u64).into())?))
}

/// Whether the session is gone, and a new one may do better.
fn is_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::DeviceRemoved
                | RvError::DeviceError
                | RvError::UserNotLoggedIn,
            _
        )
    )
}

/// Whether the token says that what it was given to open was not sealed so. What modules say differs.
fn says_broken(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::EncryptedDataInvalid
                | RvError::EncryptedDataLenRange
                | RvError::SignatureInvalid
                | RvError::GeneralError,
            _
        )
    )
}

/// What a module says, without the paragraphs that its manual has for it.
fn say(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("{function:?} answers {code:?}"),
        Error::LibraryLoading(error) => error.to_string(),
        other => other.to_string(),
    }
}
