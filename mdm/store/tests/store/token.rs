//! Tokens for tests: each its own, in the PKCS#11 module that `KANAK_TEST_PKCS11` names (SoftHSM, with `SOFTHSM2_CONF` set).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use kanak_store::{KeyError, Pin, Pkcs11KeyStore, TokenName, TokenPlace};

pub(crate) const PIN: &str = "1234";
const OFFICER: &str = "567890";

/// A token that was made for one folder.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) label: String,
}

/// The module, where there is one.
pub(crate) fn module() -> Option<PathBuf> {
    static MODULE: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
        let module = std::env::var_os("KANAK_TEST_PKCS11").map(PathBuf::from);
        if module.is_none() {
            eprintln!("skipped with a token: set KANAK_TEST_PKCS11=/usr/lib/softhsm/libsofthsm2.so and SOFTHSM2_CONF");
        }
        module
    });
    MODULE.clone()
}

pub(crate) fn is_there() -> bool {
    module().is_some()
}

/// The module as the tests themselves use it; it is never unloaded.
fn pkcs11() -> &'static Pkcs11 {
    static LOADED: OnceLock<Pkcs11> = OnceLock::new();
    LOADED.get_or_init(|| {
        let pkcs11 = Pkcs11::new(module().unwrap()).unwrap();
        // The code under test may have been first.
        let _ = pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
        pkcs11
    })
}

/// Gives a folder a token of its own, empty and initialized.
pub(crate) fn give(dir: &Path) -> Token {
    static TURN: Mutex<()> = Mutex::new(());
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let _one_at_a_time = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let label = format!("test {} {}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    let (pkcs11, officer) = (pkcs11(), AuthPin::new(OFFICER.into()));
    let slots = pkcs11.get_slots_with_token().unwrap();
    let free = slots.into_iter().find(|slot| !pkcs11.get_token_info(*slot).unwrap().token_initialized()).unwrap();
    pkcs11.init_token(free, &officer, &label).unwrap();
    let session = pkcs11.open_rw_session(free).unwrap();
    session.login(UserType::So, Some(&officer)).unwrap();
    session.init_pin(&AuthPin::new(PIN.into())).unwrap();
    std::fs::write(dir.join("token"), &label).unwrap();
    Token { label }
}

/// The token of a folder that was given one.
pub(crate) fn of(dir: &Path) -> Option<Token> {
    std::fs::read_to_string(dir.join("token")).ok().map(|label| Token { label })
}

impl Token {
    pub(crate) fn place(&self) -> TokenPlace {
        TokenPlace { module: module().unwrap(), token: TokenName::Label(self.label.clone()) }
    }

    pub(crate) fn open(&self, dir: &Path) -> Result<Pkcs11KeyStore, KeyError> {
        Pkcs11KeyStore::open(self.place(), Pin::new(PIN), &dir.join("keys"))
    }

    /// A session of the test's own, logged in.
    pub(crate) fn session(&self) -> cryptoki::session::Session {
        let pkcs11 = pkcs11();
        let is_this = |slot: &cryptoki::slot::Slot| {
            pkcs11.get_token_info(*slot).is_ok_and(|info| info.label().trim_end() == self.label)
        };
        let slot = pkcs11.get_slots_with_initialized_token().unwrap().into_iter().find(is_this).unwrap();
        let session = pkcs11.open_rw_session(slot).unwrap();
        // The store under test is logged in, and so is every session of this process.
        let _ = session.login(UserType::User, Some(&AuthPin::new(PIN.into())));
        session
    }
}
