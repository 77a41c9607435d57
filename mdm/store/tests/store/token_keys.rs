//! Keys behind a PKCS#11 token, and their way to it and back.

use std::path::Path;
use std::sync::Arc;

use kanak_model::Timestamp;
use kanak_model::clock::FixedClock;
use kanak_store::{
    FileKeyStore, Key, KeyError, KeyStore, Pin, Pkcs11KeyStore, TokenName, TokenPlace, Vault, VaultError, key_store,
};

use crate::token::{self, Token};

/// Runs a test with a token and a folder, where there is a module.
fn with_token(test: impl AsyncFn(Token, &Path)) {
    if !token::is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { test(token::give(dir.path()), dir.path()).await });
}

async fn vault(dir: &Path, keys: Arc<dyn KeyStore>) -> Result<Vault, VaultError> {
    Vault::open(&dir.join("vault.sqlite"), keys, Arc::new(FixedClock(Timestamp(100)))).await
}

fn files(dir: &Path) -> Arc<FileKeyStore> {
    Arc::new(FileKeyStore::open(&dir.join("keys")).unwrap())
}

#[test]
fn what_a_token_wraps_opens_under_its_version_and_context_alone() {
    with_token(async |token, dir| {
        let keys = token.open(dir).unwrap();
        assert_eq!(keys.find_version("vault-kek").unwrap(), None);
        assert_eq!((keys.add_version("vault-kek").unwrap(), keys.add_version("vault-kek").unwrap()), (1, 2));
        assert_eq!((keys.find_version("vault-kek").unwrap(), keys.find_version("vault").unwrap()), (Some(2), None));
        let key = Key::random(&keys).unwrap();
        let wrapped = keys.wrap("vault-kek", 1, &key, b"here").unwrap();
        assert_eq!(wrapped.len(), 60, "as files wrap");
        assert_ne!(wrapped, keys.wrap("vault-kek", 1, &key, b"here").unwrap());
        assert_eq!(keys.open_wrapped("vault-kek", 1, &wrapped, b"here").unwrap().bytes(), key.bytes());
        let mut changed = wrapped.clone();
        changed[20] ^= 1;
        for (version, wrapped, context) in [
            (2, &wrapped, b"here"),
            (1, &wrapped, b"gone"),
            (1, &changed, b"here"),
            (1, &wrapped[..59].to_vec(), b"here"),
        ] {
            let error = keys.open_wrapped("vault-kek", version, wrapped, context).unwrap_err();
            assert!(matches!(error, KeyError::Wrapped { .. }), "{error}");
        }
        assert!(matches!(keys.wrap("vault-kek", 3, &key, b"here"), Err(KeyError::NoVersion { version: 3, .. })));
        assert_eq!(keys.open_wrapped("vault-kek", 1, &wrapped, b"here").unwrap().bytes(), key.bytes());
    });
}

#[test]
fn keys_without_versions_stand_wrapped_in_files_and_are_the_same_when_the_store_is_opened_again() {
    with_token(async |token, dir| {
        let keys = token.open(dir).unwrap();
        let landing = keys.get_key("landing").unwrap();
        assert_ne!(landing.bytes(), keys.get_key("erasure").unwrap().bytes());
        drop(keys);
        let again = token.open(dir).unwrap();
        assert_eq!(again.get_key("landing").unwrap().bytes(), landing.bytes());
        assert_eq!(again.list_names().unwrap(), ["erasure", "landing"]);
        let file = std::fs::read(dir.join("keys/landing.wrapped")).unwrap();
        assert!(
            file.len() == 64 && !file.windows(16).any(|window| landing.bytes().windows(16).any(|key| key == window))
        );
        std::fs::copy(dir.join("keys/landing.wrapped"), dir.join("keys/webhooks.wrapped")).unwrap();
        let swapped = again.get_key("webhooks").unwrap_err();
        assert!(matches!(swapped, KeyError::Wrapped { .. }), "a key is bound to its name: {swapped}");
        assert!(matches!(again.put_key("landing", &Key::random(&again).unwrap()), Err(KeyError::Taken { .. })));
        again.put_key("landing", &landing).unwrap();
    });
}

#[test]
fn the_keys_that_wrap_others_cannot_be_taken_out_and_one_that_could_is_not_used() {
    use cryptoki::object::{Attribute, AttributeType, ObjectClass};
    with_token(async |token, dir| {
        let keys = token.open(dir).unwrap();
        keys.add_version("vault-kek").unwrap();
        let session = token.session();
        let label = |label: &str| Attribute::Label(label.as_bytes().to_vec());
        let found = session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY), label("vault-kek-1")]).unwrap();
        assert_eq!(found.len(), 1);
        let value = session.get_attributes(found[0], &[AttributeType::Value]);
        let shows = |attribute: &Attribute| matches!(attribute, Attribute::Value(bytes) if !bytes.is_empty());
        assert!(!value.is_ok_and(|attributes| attributes.iter().any(shows)), "the token gave the key away");
        let planted = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::ValueLen(32.into()),
            label("vault-kek-2"),
        ];
        session.generate_key(&cryptoki::mechanism::Mechanism::AesKeyGen, &planted).unwrap();
        let error = keys.wrap("vault-kek", 2, &Key::random(&keys).unwrap(), b"").unwrap_err();
        assert!(matches!(error, KeyError::NoVersion { version: 2, .. }), "{error}");
    });
}

#[test]
fn a_module_token_or_pin_that_is_not_right_is_named_with_what_to_do() {
    with_token(async |token, dir| {
        let folder = dir.join("keys");
        let open = |place: TokenPlace, pin: &str| Pkcs11KeyStore::open(place, Pin::new(pin), &folder).unwrap_err();
        let nowhere = TokenPlace { module: dir.join("none.so"), ..token.place() };
        let error = open(nowhere, token::PIN);
        assert!(matches!(error, KeyError::Module { .. }) && error.to_string().contains("none.so"), "{error}");
        let other = TokenPlace { token: TokenName::Label("no such".to_owned()), ..token.place() };
        let error = open(other, token::PIN).to_string();
        assert!(
            error.contains("`no such`") && error.contains(&token.label) && error.contains("--init-token"),
            "{error}"
        );
        let slot = TokenPlace { token: TokenName::Slot(987_654_321), ..token.place() };
        assert!(matches!(open(slot, token::PIN), KeyError::NoToken { .. }));
        let error = open(token.place(), "4321");
        assert!(matches!(error, KeyError::Pin { .. }), "{error}");
        assert!(error.to_string().contains("is wrong") && !error.to_string().contains("4321"), "{error}");
        token.open(dir).unwrap();
        let missing =
            token.open(dir).unwrap().wrap("vault-kek", 1, &files(dir).get_key("a").unwrap(), b"").unwrap_err();
        assert!(missing.to_string().contains("version 1 of key `vault-kek`"), "{missing}");
        assert!(missing.to_string().contains(&token.label), "{missing}");
    });
}

#[test]
fn keys_move_to_a_token_and_back_and_no_number_and_no_reference_changes() {
    with_token(async |token, dir| {
        let numbers = ["234123412346", "999999990019", "200000000009"];
        let of_files = files(dir);
        let vault = self::vault(dir, of_files.clone()).await.unwrap().with_numbers_a_key(2.try_into().unwrap());
        let references = vault.tokenise("hub", &numbers).await.unwrap();
        let landing = of_files.get_key("landing").unwrap();
        let early = self::vault(dir, Arc::new(token.open(dir).unwrap())).await.unwrap_err();
        assert!(early.to_string().contains("store = \"file\""), "{early}");
        let early = token.open(dir).unwrap().get_key("landing").unwrap_err();
        assert!(matches!(early, KeyError::InFile { .. }) && early.to_string().contains("move-keys"), "{early}");
        let behind = Arc::new(token.open(dir).unwrap());
        assert_eq!(vault.move_keys(&*behind).await.unwrap().data_keys, 2);
        let late = self::vault(dir, of_files.clone()).await.unwrap_err();
        assert!(matches!(late, VaultError::OtherStore { .. }), "{late}");
        assert!(late.to_string().contains("store = \"pkcs11\""), "{late}");
        for name in of_files.list_names().unwrap() {
            std::fs::remove_file(dir.join("keys").join(name)).unwrap();
        }
        std::fs::remove_file(dir.join("keys/vault-kek-1")).unwrap();
        assert_eq!(behind.get_key("landing").unwrap().bytes(), landing.bytes());
        let vault = self::vault(dir, behind).await.unwrap();
        assert_eq!(vault.tokenise("hub", &numbers).await.unwrap(), references);
        assert_eq!(vault.move_keys(&*of_files).await.unwrap().data_keys, 2);
        let vault = self::vault(dir, of_files.clone()).await.unwrap();
        assert_eq!(vault.tokenise("hub", &numbers).await.unwrap(), references);
        assert_eq!(of_files.get_key("landing").unwrap().bytes(), landing.bytes());
    });
}

#[test]
fn keys_do_not_move_over_others() {
    with_token(async |token, dir| {
        let of_files = files(dir);
        let vault = self::vault(dir, of_files.clone()).await.unwrap();
        vault.tokenise("hub", &["234123412346"]).await.unwrap();
        let behind = token.open(dir).unwrap();
        behind.put_key("vault-hmac", &Key::random(&behind).unwrap()).unwrap();
        let error = vault.move_keys(&behind).await.unwrap_err();
        assert!(matches!(error, VaultError::Key(KeyError::Taken { .. })), "{error}");
        self::vault(dir, of_files).await.unwrap();
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (from, to) = (files(from.path()), files(to.path()));
        from.get_key("landing").unwrap();
        from.add_version("vault-kek").unwrap();
        assert_eq!(key_store::copy_names(&*from, &*to).unwrap(), 1, "versions stay where they are");
        assert_eq!(to.get_key("landing").unwrap().bytes(), from.get_key("landing").unwrap().bytes());
    });
}
