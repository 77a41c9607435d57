//! The vault: numbers go in, references come out, and numbers stay in.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use kanak_model::clock::FixedClock;
use kanak_model::{Access, Caller, Purpose, Role, Timestamp, UserId};
use kanak_store::{FileKeyStore, KeyError, KeyStore, Reference, Vault, VaultError};

use crate::hub::{Hub, on_both};

async fn vault(dir: &Path) -> Result<Vault, VaultError> {
    let keys = FileKeyStore::open(&dir.join("keys")).unwrap();
    Vault::open(&dir.join("vault.sqlite"), &keys, Arc::new(FixedClock(Timestamp(100)))).await
}

fn run(test: impl AsyncFn(Vault, &Path)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    runtime.block_on(async { test(vault(dir.path()).await.unwrap(), dir.path()).await });
}

/// Made-up numbers that fail the check digit as often as not.
fn numbers(count: u64) -> Vec<String> {
    (0..count).map(|n| format!("{}", 200_000_000_000 + n * 7_919)).collect()
}

fn borrowed(numbers: &[String]) -> Vec<&str> {
    numbers.iter().map(String::as_str).collect()
}

#[test]
fn the_same_number_has_the_same_reference_always_and_another_in_another_domain() {
    run(async |vault, dir| {
        let numbers = numbers(12_000);
        let first = vault.tokenise("hub", &borrowed(&numbers)).await.unwrap();
        let mut reversed = borrowed(&numbers);
        reversed.reverse();
        reversed.extend([numbers[5].as_str(), numbers[5].as_str()]);
        let mut again = vault.tokenise("hub", &reversed).await.unwrap();
        assert_eq!(again.split_off(12_000), [first[5].clone(), first[5].clone()]);
        again.reverse();
        assert_eq!(again, first);
        let distinct: std::collections::BTreeSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), 12_000);
        let other = vault.tokenise("food", &borrowed(&numbers[..1])).await.unwrap();
        assert_ne!(other[0], first[0]);
        assert!(vault.same_person(("hub", &first[0]), ("food", &other[0])).await.unwrap());
        assert!(!vault.same_person(("hub", &first[1]), ("food", &other[0])).await.unwrap());
        assert!(!vault.same_person(("food", &first[0]), ("food", &other[0])).await.unwrap(), "a domain is part of it");
        vault.close().await;
        let reopened = self::vault(dir).await.unwrap();
        assert_eq!(reopened.tokenise("hub", &borrowed(&numbers[..3])).await.unwrap(), first[..3]);
        assert!(reopened.tokenise("hub", &[]).await.unwrap().is_empty());
    });
}

#[test]
fn no_number_and_no_key_is_in_the_files_or_shown() {
    run(async |vault, dir| {
        let numbers = numbers(50);
        let references = vault.tokenise("hub", &borrowed(&numbers)).await.unwrap();
        for name in ["vault.sqlite", "vault.sqlite-wal"] {
            let bytes = std::fs::read(dir.join(name)).unwrap();
            for number in &numbers {
                assert!(!bytes.windows(12).any(|window| window == number.as_bytes()), "{name}");
            }
        }
        let shown = format!("{vault:?} {:?}", references[0]);
        assert!(!shown.contains(references[0].as_str()) && shown.len() < 60, "{shown}");
        assert!(references.iter().all(|one| Reference::parse(one.as_str()).as_ref() == Some(one)));
        assert!(references.iter().all(|one| one.as_str().bytes().all(|b| b.is_ascii_lowercase())));
        let key = FileKeyStore::open(&dir.join("keys")).unwrap().get_key("vault-aes").unwrap();
        assert_eq!(format!("{key:?}"), "Key(..)");
    });
}

#[test]
fn what_is_no_number_is_refused_by_its_place_and_nothing_goes_in() {
    run(async |vault, _| {
        for bad in ["", "12345678901", "1234567890123", "12345678901a", "१२३४५६७८९०१२"] {
            let error = vault.tokenise("hub", &["234123412346", bad]).await.unwrap_err();
            assert!(matches!(error, VaultError::NotANumber { place: 1 }), "{error}");
            assert!(bad.is_empty() || !error.to_string().contains(bad));
        }
        assert_eq!(vault.count().await.unwrap(), 0);
    });
}

fn access(role: Role, purpose: Purpose, districts: Option<&str>) -> Access {
    let caller = Caller {
        user: Some(UserId(1)),
        name: "someone".to_owned(),
        roles: [role].into_iter().collect(),
        districts: districts.map(|code| [code.to_owned()].into_iter().collect()),
    };
    Access::decide(&caller, purpose).unwrap()
}

#[test]
fn a_number_is_revealed_to_an_auditor_alone_and_every_attempt_is_recorded_first() {
    on_both(async |hub: Hub| {
        let vault = vault(hub.dir.path()).await.unwrap();
        let reference = vault.tokenise("hub", &["234123412346"]).await.unwrap().remove(0);
        let auditor = access(Role::Auditor, Purpose::Audit, None);
        let revealed = vault.reveal(&hub.store, &auditor, "hub", &reference, "inquiry 7").await.unwrap();
        assert_eq!(revealed.digits(), "234123412346");
        assert_eq!(format!("{revealed:?}"), "Revealed(..)");
        let refused = [
            access(Role::Steward, Purpose::Stewardship, None),
            access(Role::Department, Purpose::ServiceDelivery, None),
            access(Role::Auditor, Purpose::Audit, Some("41")),
            Access::operation("refresh"),
        ];
        for access in &refused {
            let error = vault.reveal(&hub.store, access, "hub", &reference, "").await.unwrap_err();
            assert!(matches!(error, VaultError::Denied { .. }), "{error}");
        }
        let elsewhere = vault.reveal(&hub.store, &auditor, "food", &reference, "").await.unwrap_err();
        assert!(matches!(elsewhere, VaultError::NotFound { .. }));
        let entries = hub.store.list_audit_events(0, 100).await.unwrap();
        let actions: Vec<&str> = entries.iter().map(|entry| entry.event.action.as_str()).collect();
        assert_eq!(
            actions,
            ["reveal", "reveal_refused", "reveal_refused", "reveal_refused", "reveal_refused", "reveal"]
        );
        assert!(entries.iter().all(|entry| !format!("{entry:?}").contains("234123412346")));
        hub.store.close().await;
        assert!(vault.reveal(&hub.store, &auditor, "hub", &reference, "").await.is_err(), "unrecorded is unrevealed");
    });
}

#[test]
fn another_key_and_an_open_key_file_are_noticed() {
    run(async |vault, dir| {
        vault.close().await;
        let path = dir.join("keys").join("vault-hmac");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 32);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = self::vault(dir).await.unwrap_err();
        assert!(matches!(error, VaultError::Key(KeyError::Open { .. })), "{error}");
        for name in ["vault-hmac", "vault-aes"] {
            let path = dir.join("keys").join(name);
            let aside = dir.join("aside");
            std::fs::rename(&path, &aside).unwrap();
            std::fs::set_permissions(&aside, std::fs::Permissions::from_mode(0o600)).unwrap();
            let error = self::vault(dir).await.unwrap_err();
            assert!(matches!(error, VaultError::WrongKey(wrong) if wrong == name), "{error}");
            std::fs::rename(&aside, &path).unwrap();
        }
        self::vault(dir).await.unwrap();
        let keys = FileKeyStore::open(&dir.join("keys")).unwrap();
        for bad in ["", "../x", "A"] {
            assert!(matches!(keys.get_key(bad), Err(KeyError::Name(_))));
        }
        std::fs::write(dir.join("keys").join("landing"), b"short").unwrap();
        std::fs::set_permissions(dir.join("keys").join("landing"), std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(keys.get_key("landing"), Err(KeyError::Length { .. })));
        assert_ne!(keys.get_key("session").unwrap().bytes(), keys.get_key("vault-aes").unwrap().bytes());
    });
}

#[test]
fn orphans_are_swept_and_used_or_young_references_stay() {
    run(async |vault, _| {
        let numbers = numbers(3);
        let references = vault.tokenise("hub", &borrowed(&numbers)).await.unwrap();
        let food = vault.tokenise("food", &borrowed(&numbers[1..2])).await.unwrap();
        let used = references[..1].iter().cloned().collect();
        assert_eq!(vault.sweep_orphans("hub", &used, Timestamp(100)).await.unwrap(), 0, "they are too young");
        assert_eq!(vault.sweep_orphans("hub", &used, Timestamp(101)).await.unwrap(), 2);
        assert_eq!(vault.count().await.unwrap(), 2, "the second number is still known to food");
        assert_eq!(vault.tokenise("hub", &borrowed(&numbers[..1])).await.unwrap(), references[..1]);
        assert_eq!(vault.tokenise("food", &borrowed(&numbers[1..2])).await.unwrap(), food);
        assert_ne!(vault.tokenise("hub", &borrowed(&numbers[2..])).await.unwrap()[0], references[2]);
    });
}
