//! The vault: numbers go in, references come out, and numbers stay in.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use kanak_model::clock::FixedClock;
use kanak_model::{Access, Caller, Clock, Purpose, Role, Timestamp, UserId};
use kanak_store::{
    APPROVE_WITHIN_US, EventsChecked, FileKeyStore, Key, KeyError, KeyStore, Numbers, REVEAL_WITHIN_US, Reference,
    RevealDecision, RevealRequestId, RevealState, Vault, VaultAnswer, VaultCall, VaultDoor, VaultError, VaultRefusal,
    VaultService as _,
};

use crate::hub::{Hub, on_both};
use crate::token;

async fn vault(dir: &Path) -> Result<Vault, VaultError> {
    vault_at(dir, Arc::new(FixedClock(Timestamp(100)))).await
}

async fn vault_at(dir: &Path, clock: Arc<dyn Clock>) -> Result<Vault, VaultError> {
    Vault::open(&dir.join("vault.sqlite"), keys(dir), clock).await
}

/// The keys of a folder: in files, or behind the token that [`token::give`] gave it.
fn keys(dir: &Path) -> Arc<dyn KeyStore> {
    match token::of(dir) {
        Some(token) => Arc::new(token.open(dir).unwrap()),
        None => Arc::new(FileKeyStore::open(&dir.join("keys")).unwrap()),
    }
}

/// Runs a test on both engines with keys in files, and where there is a module with keys behind a token.
fn on_stores(test: impl AsyncFn(Hub)) {
    on_both(&test);
    if token::is_there() {
        on_both(async |hub: Hub| {
            token::give(hub.dir.path());
            test(hub).await;
        });
    }
}

fn door(vault: &Vault) -> VaultDoor {
    VaultDoor::here(vault.clone())
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
        let key = FileKeyStore::open(&dir.join("keys")).unwrap().get_key("vault-hmac").unwrap();
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

#[test]
fn what_is_no_domain_is_refused_everywhere_and_not_repeated() {
    run(async |vault, _| {
        for bad in ["", "Hub", "food1", "food stores", "vault:hub", "234123412346", &"x".repeat(33)] {
            for error in [
                vault.tokenise(bad, &["234123412346"]).await.map(drop).unwrap_err(),
                vault.list_references(bad, Timestamp(1), None, 9).await.map(drop).unwrap_err(),
                vault.take_out(bad, &[], Timestamp(1)).await.map(drop).unwrap_err(),
                vault.erase(bad, &[]).await.map(drop).unwrap_err(),
                vault.has_new_references(bad, Timestamp(1)).await.map(drop).unwrap_err(),
            ] {
                assert!(matches!(error, VaultError::Domain), "{error}");
                assert!(bad.is_empty() || !error.to_string().contains(bad), "{error}");
            }
        }
        assert_eq!(vault.count().await.unwrap(), 0);
        let widest = "x".repeat(32);
        for good in ["hub", "food_stores", "_", &widest] {
            assert_eq!(vault.tokenise(good, &["234123412346"]).await.unwrap().len(), 1, "{good}");
        }
    });
}

fn access_of(user: i64, role: Role, purpose: Purpose, districts: Option<&str>) -> Access {
    let caller = Caller {
        user: (user > 0).then_some(UserId(user)),
        name: format!("person {user}"),
        roles: [role].into_iter().collect(),
        districts: districts.map(|code| [code.to_owned()].into_iter().collect()),
    };
    Access::decide(&caller, purpose).unwrap()
}

fn auditor(user: i64) -> Access {
    access_of(user, Role::Auditor, Purpose::Audit, None)
}

async fn actions(hub: &Hub) -> Vec<String> {
    let entries = hub.store.list_audit_events(0, 100).await.unwrap();
    assert!(entries.iter().all(|entry| !format!("{entry:?}").contains("234123412346")));
    entries.into_iter().map(|entry| entry.event.action).collect()
}

#[test]
fn two_domains_references_are_compared_in_the_vault_and_the_question_is_recorded_first() {
    on_stores(async |hub: Hub| {
        let vault = vault(hub.dir.path()).await.unwrap();
        let ours = vault.tokenise("hub", &["234123412346", "999999990019"]).await.unwrap();
        let food = vault.tokenise("food", &["234123412346"]).await.unwrap();
        let steward = access_of(1, Role::Steward, Purpose::Stewardship, None);
        let ask = async |access: &Access, left: (&str, &Reference), right: (&str, &Reference)| {
            door(&vault).same_person(&hub.store, access, left, right).await
        };
        assert!(ask(&steward, ("hub", &ours[0]), ("food", &food[0])).await.unwrap());
        assert!(!ask(&auditor(2), ("hub", &ours[1]), ("food", &food[0])).await.unwrap());
        assert!(!ask(&steward, ("food", &ours[0]), ("food", &food[0])).await.unwrap(), "a domain is part of it");
        let refused = [
            access_of(1, Role::Department, Purpose::ServiceDelivery, None),
            access_of(1, Role::Analyst, Purpose::Statistics, None),
            access_of(1, Role::Steward, Purpose::Stewardship, Some("41")),
        ];
        for access in &refused {
            let error = ask(access, ("hub", &ours[0]), ("food", &food[0])).await.unwrap_err();
            assert!(matches!(error, VaultError::Denied { .. }), "{error}");
        }
        let (asked, refused) = ("same_person", "same_person_refused");
        assert_eq!(actions(&hub).await, [asked, asked, asked, refused, refused, refused]);
        hub.store.close().await;
        assert!(ask(&steward, ("hub", &ours[0]), ("food", &food[0])).await.is_err(), "unrecorded is unanswered");
    });
}

#[test]
fn a_number_is_given_to_who_asked_once_after_another_persons_approval_and_all_of_it_is_recorded() {
    on_stores(async |hub: Hub| {
        let vault = vault(hub.dir.path()).await.unwrap();
        let reference = vault.tokenise("hub", &["234123412346"]).await.unwrap().remove(0);
        let (asker, other, vault) = (auditor(1), auditor(2), door(&vault));
        let store = &hub.store;
        let id = vault.request_reveal(store, &asker, "hub", &reference, " inquiry 7 ").await.unwrap();
        let early = vault.reveal(store, &asker, id).await.unwrap_err();
        assert!(matches!(early, VaultError::RequestState { .. }) && early.to_string().contains("another"), "{early}");
        let own = vault.decide_reveal(store, &asker, id, RevealDecision::Approved).await.unwrap_err();
        assert!(matches!(own, VaultError::OwnRequest), "{own}");
        vault.decide_reveal(store, &other, id, RevealDecision::Approved).await.unwrap();
        let again = vault.decide_reveal(store, &auditor(3), id, RevealDecision::Refused).await.unwrap_err();
        assert!(matches!(again, VaultError::RequestState { .. }), "{again}");
        let stranger = vault.reveal(store, &other, id).await.unwrap_err();
        assert!(matches!(stranger, VaultError::NotYours(_)), "{stranger}");
        let revealed = vault.reveal(store, &asker, id).await.unwrap();
        assert_eq!((revealed.digits(), format!("{revealed:?}").as_str()), ("234123412346", "Revealed(..)"));
        let twice = vault.reveal(store, &asker, id).await.unwrap_err();
        assert!(matches!(twice, VaultError::RequestState { .. }), "{twice}");
        let listed = vault.list_reveal_requests(&other, 10).await.unwrap();
        assert_eq!((listed.len(), listed[0].state, listed[0].reason.as_str()), (1, RevealState::Answered, "inquiry 7"));
        assert_eq!((listed[0].by, listed[0].decided_by), (UserId(1), Some(UserId(2))));
        let (asked, no) = ("reveal_requested", "reveal_refused");
        assert_eq!(actions(&hub).await, [asked, no, no, "reveal_decided", no, no, "reveal", no]);
        let unanswered = vault.request_reveal(store, &asker, "hub", &reference, "inquiry 8").await.unwrap();
        vault.decide_reveal(store, &other, unanswered, RevealDecision::Approved).await.unwrap();
        hub.store.close().await;
        assert!(vault.reveal(store, &asker, unanswered).await.is_err(), "unrecorded is unrevealed");
        let listed = vault.list_reveal_requests(&other, 1).await.unwrap();
        assert_eq!(listed[0].state, RevealState::Approved, "and not used up");
    });
}

#[test]
fn only_signed_in_auditors_of_the_whole_state_ask_and_decide_and_a_refusal_is_final() {
    on_stores(async |hub: Hub| {
        let vault = vault(hub.dir.path()).await.unwrap();
        let reference = vault.tokenise("hub", &["234123412346"]).await.unwrap().remove(0);
        let (store, yes, vault) = (&hub.store, RevealDecision::Approved, door(&vault));
        let id = vault.request_reveal(store, &auditor(1), "hub", &reference, "inquiry").await.unwrap();
        let others = [
            access_of(2, Role::Steward, Purpose::Stewardship, None),
            access_of(2, Role::Department, Purpose::ServiceDelivery, None),
            access_of(2, Role::Auditor, Purpose::Audit, Some("41")),
            access_of(0, Role::Auditor, Purpose::Audit, None),
            Access::operation("refresh"),
        ];
        for access in &others {
            for error in [
                vault.request_reveal(store, access, "hub", &reference, "inquiry").await.unwrap_err(),
                vault.decide_reveal(store, access, id, yes).await.unwrap_err(),
                vault.reveal(store, access, id).await.unwrap_err(),
                vault.list_reveal_requests(access, 10).await.unwrap_err(),
            ] {
                assert!(matches!(error, VaultError::Denied { .. }), "{error}");
            }
        }
        assert_eq!(actions(&hub).await.iter().filter(|action| *action == "reveal_refused").count(), 15);
        vault.decide_reveal(store, &auditor(2), id, RevealDecision::Refused).await.unwrap();
        assert!(vault.decide_reveal(store, &auditor(3), id, yes).await.is_err());
        assert!(vault.reveal(store, &auditor(1), id).await.is_err());
        let elsewhere = vault.request_reveal(store, &auditor(1), "food", &reference, "inquiry").await.unwrap_err();
        assert!(matches!(elsewhere, VaultError::NotFound { .. }), "{elsewhere}");
        for bad in ["", " ", "about 234123412346"] {
            let error = vault.request_reveal(store, &auditor(1), "hub", &reference, bad).await.unwrap_err();
            assert!(matches!(error, VaultError::Reason { .. }), "{error}");
        }
        let none = vault.reveal(store, &auditor(1), RevealRequestId(99)).await.unwrap_err();
        assert!(matches!(none, VaultError::NoRequest(_)), "{none}");
    });
}

#[test]
fn a_request_and_an_approval_lapse() {
    on_stores(async |hub: Hub| {
        let vault = vault_at(hub.dir.path(), hub.clock.clone()).await.unwrap();
        let reference = vault.tokenise("hub", &["234123412346"]).await.unwrap().remove(0);
        let (store, yes, vault) = (&hub.store, RevealDecision::Approved, door(&vault));
        let ask = async || vault.request_reveal(store, &auditor(1), "hub", &reference, "inquiry").await.unwrap();
        hub.clock.set(0);
        let (in_time, late) = (ask().await, ask().await);
        hub.clock.set(APPROVE_WITHIN_US - 1);
        vault.decide_reveal(store, &auditor(2), in_time, yes).await.unwrap();
        hub.clock.set(APPROVE_WITHIN_US);
        let error = vault.decide_reveal(store, &auditor(2), late, yes).await.unwrap_err();
        assert!(error.to_string().contains("lapsed"), "{error}");
        hub.clock.set(APPROVE_WITHIN_US - 1 + REVEAL_WITHIN_US);
        let error = vault.reveal(store, &auditor(1), in_time).await.unwrap_err();
        assert!(error.to_string().contains("lapsed"), "{error}");
        hub.clock.set(APPROVE_WITHIN_US - 2 + REVEAL_WITHIN_US);
        assert_eq!(vault.reveal(store, &auditor(1), in_time).await.unwrap().digits(), "234123412346");
    });
}

#[test]
fn another_key_and_an_open_key_file_are_noticed() {
    run(async |vault, dir| {
        vault.tokenise("hub", &["234123412346"]).await.unwrap();
        vault.close().await;
        let path = dir.join("keys").join("vault-hmac");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 32);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = self::vault(dir).await.unwrap_err();
        assert!(matches!(error, VaultError::Key(KeyError::Open { .. })), "{error}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let aside = dir.join("aside");
        std::fs::rename(&path, &aside).unwrap();
        let error = self::vault(dir).await.unwrap_err();
        assert!(matches!(error, VaultError::WrongKey("vault-hmac")), "{error}");
        std::fs::rename(&aside, &path).unwrap();
        let kek = dir.join("keys").join("vault-kek-1");
        std::fs::rename(&kek, &aside).unwrap();
        let error = self::vault(dir).await.unwrap_err();
        assert!(matches!(error, VaultError::Key(KeyError::NoVersion { version: 1, .. })), "{error}");
        assert!(!kek.exists(), "a key that others were wrapped under is never made anew");
        std::fs::write(&kek, [7; 32]).unwrap();
        std::fs::set_permissions(&kek, std::fs::Permissions::from_mode(0o600)).unwrap();
        let error = self::vault(dir).await.unwrap_err();
        assert!(matches!(error, VaultError::WrongKey("vault-kek")), "{error}");
        std::fs::rename(&aside, &kek).unwrap();
        self::vault(dir).await.unwrap();
        let keys = FileKeyStore::open(&dir.join("keys")).unwrap();
        for bad in ["", "../x", "A"] {
            assert!(matches!(keys.get_key(bad), Err(KeyError::Name(_))));
        }
        std::fs::write(dir.join("keys").join("landing"), b"short").unwrap();
        std::fs::set_permissions(dir.join("keys").join("landing"), std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(keys.get_key("landing"), Err(KeyError::Length { .. })));
        assert_ne!(keys.get_key("session").unwrap().bytes(), keys.get_key("vault-hmac").unwrap().bytes());
    });
}

#[test]
fn what_is_wrapped_opens_under_its_version_and_context_alone() {
    let dir = tempfile::tempdir().unwrap();
    let keys = FileKeyStore::open(dir.path()).unwrap();
    assert_eq!(keys.find_version("vault-kek").unwrap(), None);
    assert_eq!((keys.add_version("vault-kek").unwrap(), keys.add_version("vault-kek").unwrap()), (1, 2));
    assert_eq!(keys.find_version("vault-kek").unwrap(), Some(2));
    let key = Key::random(&keys).unwrap();
    let wrapped = keys.wrap("vault-kek", 1, &key, b"here").unwrap();
    assert_eq!(wrapped.len(), 60);
    assert_eq!(keys.open_wrapped("vault-kek", 1, &wrapped, b"here").unwrap().bytes(), key.bytes());
    for (version, context) in [(2, b"here"), (1, b"gone")] {
        let error = keys.open_wrapped("vault-kek", version, &wrapped, context).unwrap_err();
        assert!(matches!(error, KeyError::Wrapped { .. }), "{error}");
    }
    for cut in [0, 11, 59] {
        assert!(keys.open_wrapped("vault-kek", 1, &wrapped[..cut], b"here").is_err(), "{cut}");
    }
    assert!(matches!(keys.wrap("vault-kek", 3, &key, b"here"), Err(KeyError::NoVersion { version: 3, .. })));
}

/// What stands in the file, beside the vault.
async fn look(dir: &Path, query: &'static str) -> Vec<(i64, i64)> {
    kanak_store::testing::look_at_vault(&dir.join("vault.sqlite"), query).await.unwrap()
}

/// How many numbers each data key seals, and how often it sealed.
const BY_KEY: &str =
    "SELECT k.id, (SELECT count(*) FROM aadhaar_numbers n WHERE n.data_key_id = k.id) FROM data_keys k ORDER BY k.id";

/// Takes every number out by way of the index: the same number has the reference it had, and opens.
async fn check_all(hub: &Hub, vault: &Vault, domain: &str, numbers: &[String], references: &[Reference]) {
    assert_eq!(vault.tokenise(domain, &borrowed(numbers)).await.unwrap(), references);
    let vault = door(vault);
    for (number, reference) in numbers.iter().zip(references) {
        let id = vault.request_reveal(&hub.store, &auditor(1), domain, reference, "test").await.unwrap();
        vault.decide_reveal(&hub.store, &auditor(2), id, RevealDecision::Approved).await.unwrap();
        assert_eq!(vault.reveal(&hub.store, &auditor(1), id).await.unwrap().digits(), number);
    }
}

#[test]
fn a_data_key_seals_a_bounded_count_and_a_number_opens_in_no_other_row() {
    on_stores(async |hub: Hub| {
        let dir = hub.dir.path();
        let vault = vault(dir).await.unwrap().with_numbers_a_key(4.try_into().unwrap());
        let numbers = numbers(10);
        let mut references = vault.tokenise("hub", &borrowed(&numbers[..3])).await.unwrap();
        references.extend(vault.tokenise("hub", &borrowed(&numbers[3..])).await.unwrap());
        assert_eq!(look(dir, BY_KEY).await, [(1, 4), (2, 4), (3, 2)]);
        check_all(&hub, &vault, "hub", &numbers, &references).await;
        vault.close().await;
        let swap = "UPDATE aadhaar_numbers SET sealed = (SELECT sealed FROM aadhaar_numbers WHERE id = 2) WHERE id = 1";
        kanak_store::testing::break_vault(&dir.join("vault.sqlite"), swap).await.unwrap();
        let rekey = "UPDATE aadhaar_numbers SET data_key_id = 2 WHERE id = 3";
        kanak_store::testing::break_vault(&dir.join("vault.sqlite"), rekey).await.unwrap();
        let other_byte = "UPDATE aadhaar_numbers SET index_hmac = unhex(
             CASE substr(hex(index_hmac), 1, 2) WHEN '00' THEN '01' ELSE '00' END || substr(hex(index_hmac), 3)) WHERE id = 4";
        kanak_store::testing::break_vault(&dir.join("vault.sqlite"), other_byte).await.unwrap();
        let vault = door(&self::vault(dir).await.unwrap());
        for (place, id) in [(0, 1), (2, 3), (3, 4)] {
            let request = vault.request_reveal(&hub.store, &auditor(1), "hub", &references[place], "t").await.unwrap();
            vault.decide_reveal(&hub.store, &auditor(2), request, RevealDecision::Approved).await.unwrap();
            let error = vault.reveal(&hub.store, &auditor(1), request).await.unwrap_err();
            assert!(matches!(error, VaultError::Sealed { id: found } if found == id), "{error}");
        }
    });
}

#[test]
fn a_new_key_of_the_key_store_wraps_every_data_key_and_no_number_changes() {
    on_both(async |hub: Hub| {
        const SEALED: &str = "SELECT id, unicode(substr(hex(sealed), 30, 1)) + length(sealed) FROM aadhaar_numbers";
        let dir = hub.dir.path();
        let vault = vault(dir).await.unwrap().with_numbers_a_key(3.try_into().unwrap());
        let numbers = numbers(7);
        let references = vault.tokenise("hub", &borrowed(&numbers)).await.unwrap();
        let before = look(dir, SEALED).await;
        let rotated = vault.rotate_key().await.unwrap();
        assert_eq!((rotated.version, rotated.data_keys), (2, 3));
        assert_eq!(look(dir, SEALED).await, before);
        let standing = vault.list_data_keys().await.unwrap();
        assert!(standing.iter().all(|key| key.kek_version == 2 && key.retired.is_none()), "{standing:?}");
        std::fs::remove_file(dir.join("keys").join("vault-kek-1")).unwrap();
        check_all(&hub, &vault, "hub", &numbers, &references).await;
        vault.close().await;
        let reopened = self::vault(dir).await.unwrap();
        check_all(&hub, &reopened, "hub", &numbers, &references).await;
        // A rotation that was cut off after the key was made takes that key, and not yet another.
        FileKeyStore::open(&dir.join("keys")).unwrap().add_version("vault-kek").unwrap();
        assert_eq!(reopened.rotate_key().await.unwrap().version, 3);
        std::fs::remove_file(dir.join("keys").join("vault-kek-3")).unwrap();
        let error = self::vault(dir).await.unwrap_err();
        assert!(matches!(error, VaultError::Key(KeyError::NoVersion { version: 3, .. })), "{error}");
    });
}

#[test]
fn numbers_are_sealed_anew_while_others_come_in_and_a_killed_rotation_goes_on() {
    on_stores(async |hub: Hub| {
        const UNDER_FIRST: &str = "SELECT data_key_id, count(*) FROM aadhaar_numbers WHERE data_key_id = 1 GROUP BY 1";
        let dir = hub.dir.path();
        let vault = vault(dir).await.unwrap();
        let numbers = numbers(5_000);
        let mut references = vault.tokenise("hub", &borrowed(&numbers[..4_500])).await.unwrap();
        assert_eq!(vault.begin_data_rotation().await.unwrap(), 4_500);
        let (last, sealed) = vault.rotate_data_batch(0).await.unwrap().unwrap();
        assert_eq!((last, sealed), (2_000, 2_000));
        references.extend(vault.tokenise("hub", &borrowed(&numbers[4_500..])).await.unwrap());
        assert_eq!(look(dir, BY_KEY).await, [(1, 2_500), (2, 2_500)], "what comes in is sealed under the new key");
        vault.close().await;
        let vault = self::vault(dir).await.unwrap();
        let mut batches = Vec::new();
        assert_eq!(door(&vault).rotate_data(|numbers| batches.push(numbers)).await.unwrap(), 1, "one data key is gone");
        assert_eq!(batches, [2_000, 500], "what was done stays done");
        assert_eq!(look(dir, BY_KEY).await, [(2, 5_000)]);
        assert!(look(dir, UNDER_FIRST).await.is_empty());
        assert_eq!(vault.tokenise("hub", &borrowed(&numbers)).await.unwrap(), references);
        check_all(&hub, &vault, "hub", &numbers[4_490..4_510], &references[4_490..4_510]).await;
        assert_eq!(door(&vault).rotate_data(|_| ()).await.unwrap(), 1, "asked for again, all is sealed anew again");
        check_all(&hub, &vault, "hub", &numbers[..2], &references[..2]).await;
    });
}

/// A vault of five numbers as it was written before there were data keys, with its keys.
fn before_data_keys(dir: &Path) -> Vec<Reference> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/vault_before_data_keys");
    std::fs::create_dir(dir.join("keys")).unwrap();
    for (from, to) in
        [("vault.sqlite", "vault.sqlite"), ("vault-aes", "keys/vault-aes"), ("vault-hmac", "keys/vault-hmac")]
    {
        std::fs::copy(kept.join(from), dir.join(to)).unwrap();
        std::fs::set_permissions(dir.join(to), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let references = std::fs::read_to_string(kept.join("references.txt")).unwrap();
    references.lines().map(|line| Reference::parse(line).unwrap()).collect()
}

#[test]
fn a_vault_from_before_data_keys_is_brought_up_and_then_needs_its_old_key_no_more() {
    on_both(async |hub: Hub| {
        let (dir, numbers) = (tempfile::tempdir().unwrap(), numbers(5));
        let references = before_data_keys(dir.path());
        let opened = vault(dir.path()).await.unwrap();
        assert_eq!(look(dir.path(), BY_KEY).await, [(1, 5)]);
        check_all(&hub, &opened, "hub", &numbers, &references[..5]).await;
        check_all(&hub, &opened, "food", &numbers[1..2], &references[5..]).await;
        opened.close().await;
        std::fs::remove_file(dir.path().join("keys/vault-aes")).unwrap();
        let reopened = vault(dir.path()).await.unwrap();
        check_all(&hub, &reopened, "hub", &numbers, &references[..5]).await;
        assert!(!dir.path().join("keys/vault-aes").exists());
    });
}

#[test]
fn a_vault_from_before_data_keys_with_another_key_stays_as_it_is() {
    run(async |_, _| {
        let dir = tempfile::tempdir().unwrap();
        before_data_keys(dir.path());
        let key = dir.path().join("keys/vault-aes");
        let right = std::fs::read(&key).unwrap();
        std::fs::write(&key, [7; 32]).unwrap();
        let error = vault(dir.path()).await.unwrap_err();
        assert!(matches!(error, VaultError::WrongKey("vault-aes")), "{error}");
        std::fs::write(&key, right).unwrap();
        let unsealed = "SELECT count(*), sum(data_key_id) FROM aadhaar_numbers";
        assert_eq!(look(dir.path(), unsealed).await, [(5, 0)]);
        assert_eq!(vault(dir.path()).await.unwrap().count().await.unwrap(), 5);
    });
}

#[test]
fn orphans_are_swept_and_used_or_young_references_stay() {
    run(async |vault, _| {
        let numbers = numbers(3);
        let references = vault.tokenise("hub", &borrowed(&numbers)).await.unwrap();
        let food = vault.tokenise("food", &borrowed(&numbers[1..2])).await.unwrap();
        let used = references[..1].iter().cloned().collect();
        assert_eq!(door(&vault).sweep_orphans("hub", &used, Timestamp(100)).await.unwrap(), 0, "they are too young");
        assert_eq!(door(&vault).sweep_orphans("hub", &used, Timestamp(101)).await.unwrap(), 2);
        assert_eq!(vault.count().await.unwrap(), 2, "the second number is still known to food");
        assert_eq!(vault.tokenise("hub", &borrowed(&numbers[..1])).await.unwrap(), references[..1]);
        assert_eq!(vault.tokenise("food", &borrowed(&numbers[1..2])).await.unwrap(), food);
        assert_ne!(vault.tokenise("hub", &borrowed(&numbers[2..])).await.unwrap()[0], references[2]);
    });
}

#[test]
fn a_rotated_key_wraps_every_data_key_and_needs_the_earlier_one_no_more_in_either_store() {
    on_stores(async |hub: Hub| {
        let dir = hub.dir.path();
        let vault = vault(dir).await.unwrap().with_numbers_a_key(3.try_into().unwrap());
        let numbers = numbers(7);
        let references = vault.tokenise("hub", &borrowed(&numbers)).await.unwrap();
        let rotated = vault.rotate_key().await.unwrap();
        assert_eq!((rotated.version, rotated.data_keys), (2, 3));
        assert!(vault.list_data_keys().await.unwrap().iter().all(|key| key.kek_version == 2));
        keys(dir).add_version("vault-kek").unwrap();
        assert_eq!(vault.rotate_key().await.unwrap().version, 3, "a rotation that was cut off left a version");
        vault.close().await;
        check_all(&hub, &self::vault(dir).await.unwrap(), "hub", &numbers, &references).await;
    });
}

#[test]
fn what_is_asked_of_a_vault_stands_in_its_own_trail_too_and_a_changed_or_missing_event_is_named() {
    on_both(async |hub: Hub| {
        let vault = vault(hub.dir.path()).await.unwrap();
        let (numbers, asker, other) = (numbers(2), auditor(1), auditor(2));
        let references = vault.tokenise("hub", &borrowed(&numbers)).await.unwrap();
        vault.tokenise("hub", &[&numbers[0]]).await.unwrap();
        let (door, store) = (door(&vault.for_client("a certificate")), &hub.store);
        assert_eq!(door.holds(&[&numbers[0], "1"]).await.unwrap(), [true, false]);
        assert_eq!(door.holds(&[&numbers[0]]).await.unwrap(), [true]);
        let pair = ("hub", &references[0]);
        assert!(door.same_person(store, &asker, pair, pair).await.unwrap());
        let stranger = access_of(3, Role::Analyst, Purpose::Statistics, None);
        assert!(door.same_person(store, &stranger, pair, pair).await.is_err());
        let id = door.request_reveal(store, &asker, "hub", &references[0], "inquiry").await.unwrap();
        assert!(door.reveal(store, &asker, id).await.is_err());
        door.decide_reveal(store, &other, id, RevealDecision::Approved).await.unwrap();
        assert_eq!(door.reveal(store, &asker, id).await.unwrap().digits(), numbers[0]);
        door.rotate_key().await.unwrap();
        assert_eq!(
            door.sweep_orphans("hub", &references[..1].iter().cloned().collect(), Timestamp(101)).await.unwrap(),
            1
        );
        assert_eq!(door.erase("hub", &references[..1]).await.unwrap(), 1);
        let events = vault.list_events(0, 100).await.unwrap();
        let seen: Vec<(&str, &str)> = events.iter().map(|one| (one.action.as_str(), one.actor.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("took_in", "system:hub"),
                ("looked_up", "system:hub"),
                ("same_person", "person 1"),
                ("same_person_refused", "person 3"),
                ("reveal_requested", "person 1"),
                ("reveal_refused", "person 1"),
                ("reveal_decided", "person 2"),
                ("reveal", "person 1"),
                ("key_rotated", "system:hub"),
                ("swept", "system:hub"),
                ("erased", "system:hub"),
            ],
            "one number that is known already is no event"
        );
        assert_eq!(
            (&events[0].detail["client"], &events[1].detail["client"]),
            (&"this process".into(), &"a certificate".into())
        );
        assert!(events.iter().all(|event| numbers.iter().all(|number| !format!("{event:?}").contains(number))));
        let sound = door.check_events().await.unwrap();
        let steps = [("reveal", id.0), ("reveal_decided", id.0)].map(|(word, id)| (word.to_owned(), id));
        let expected = EventsChecked { events: 11, requests: 1, steps: steps.into(), ..EventsChecked::default() };
        assert_eq!(sound, expected);
        assert_eq!(store.list_reveal_steps().await.unwrap(), expected.steps, "the hub's trail tells the same");
        let path = hub.dir.path().join("vault.sqlite");
        for (fault, repair) in [
            ("UPDATE reveal_requests SET requested_by = 9", "UPDATE reveal_requests SET requested_by = 1"),
            ("UPDATE reveal_requests SET reason = 'a check'", "UPDATE reveal_requests SET reason = 'erased'"),
            ("UPDATE reveal_requests SET decided_by = 1", "UPDATE reveal_requests SET decided_by = 2"),
            ("UPDATE reveal_requests SET decision = 'refused'", "UPDATE reveal_requests SET decision = 'approved'"),
            ("UPDATE reveal_requests SET answered_us = NULL", "UPDATE reveal_requests SET answered_us = 100"),
            ("UPDATE reveal_requests SET id = 7", "UPDATE reveal_requests SET id = 1"),
        ] {
            kanak_store::testing::break_vault(&path, fault).await.unwrap();
            assert!(door.check_events().await.unwrap().first_unlike.is_some(), "{fault}");
            kanak_store::testing::break_vault(&path, repair).await.unwrap();
            assert_eq!(door.check_events().await.unwrap(), sound, "{repair}");
        }
        for (fault, broken) in [
            ("UPDATE vault_events SET actor = 'person 9' WHERE number = 8", 8),
            ("DELETE FROM vault_events WHERE number = 3", 3),
        ] {
            kanak_store::testing::break_vault(&path, fault).await.unwrap();
            assert_eq!(door.check_events().await.unwrap().first_broken, Some(broken));
        }
    });
}

#[test]
fn a_deployment_without_aadhaar_has_an_empty_vault_that_takes_nothing_in() {
    on_both(async |hub: Hub| {
        let none = VaultDoor::none();
        assert!(none.tokenise("hub", &[]).await.unwrap().is_empty());
        assert_eq!(none.holds(&["234123412346", "1"]).await.unwrap(), [false, false]);
        assert!(!none.has_new_references("hub", Timestamp(0)).await.unwrap());
        let used = std::iter::empty().collect();
        assert_eq!(none.sweep_orphans("hub", &used, Timestamp(9)).await.unwrap(), 0);
        assert_eq!(none.erase("hub", &[]).await.unwrap(), 0);
        assert_eq!(none.check_events().await.unwrap().events, 0);
        assert!(none.vault().is_none());
        let reference = Reference::parse("abcdefghijklmnopqrstuv").unwrap();
        let pair = ("hub", &reference);
        for error in [
            none.tokenise("hub", &["234123412346"]).await.unwrap_err(),
            none.rotate_key().await.unwrap_err(),
            none.standing().await.unwrap_err(),
            none.same_person(&hub.store, &auditor(1), pair, pair).await.unwrap_err(),
            none.request_reveal(&hub.store, &auditor(1), "hub", &reference, "inquiry").await.unwrap_err(),
        ] {
            assert!(matches!(error, VaultError::None) && !error.to_string().contains("2341"), "{error}");
        }
    });
}

#[test]
fn what_a_call_and_its_answer_say_survives_the_wire_and_shows_no_number() {
    run(async |vault, _| {
        let numbers = Numbers::new(&["234123412346"]);
        let call = VaultCall::Tokenise { domain: "hub".to_owned(), numbers };
        assert!(!format!("{call:?}").contains("2341"), "{call:?}");
        let sent: VaultCall = serde_json::from_str(&serde_json::to_string(&call).unwrap()).unwrap();
        let answer = serde_json::to_string(&vault.call(sent).await.unwrap()).unwrap();
        let VaultAnswer::References(given) = serde_json::from_str(&answer).unwrap() else { panic!("{answer}") };
        assert_eq!(given, vault.tokenise("hub", &["234123412346"]).await.unwrap());
        let id = RevealRequestId(7);
        for error in [
            VaultError::NotANumber { place: 3 },
            VaultError::NotFound { domain: "food".to_owned() },
            VaultError::Denied { caller: "a".to_owned(), what: "b".into(), needed: "c".into() },
            VaultError::OwnRequest,
            VaultError::NotYours(id),
            VaultError::RequestState { id, state: "waits".into(), remedy: "ask".into() },
            VaultError::NoRequest(id),
            VaultError::Reason { why: "is missing".into() },
        ] {
            let words = error.to_string();
            let wire = serde_json::to_string(&VaultRefusal::from(error)).unwrap();
            let back = VaultError::from(serde_json::from_str::<VaultRefusal>(&wire).unwrap());
            assert_eq!(back.to_string(), words, "{wire}");
        }
    });
}
