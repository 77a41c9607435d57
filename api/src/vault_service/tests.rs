//! A vault's server and the hub's way to it, over real sockets and certificates.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use kanak_model::{Access, Caller, Clock as _, Purpose, Role, SystemClock, Timestamp, UserId};
use kanak_store::{FileKeyStore, RevealDecision, Vault, VaultDoor, VaultError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::certificates::{Authority, Certified, Side, Validity};
use super::client::RemoteVault;
use super::{VaultAddress, VaultSettings, serve, tls};
use crate::jobs::ingest_file::{HUB_DOMAIN, Terms, ingest_file};
use crate::jobs::vault::sweep;
use crate::output::{Output, write_private};
use crate::progress::Stage;
use crate::server::listen::serve_tls;
use crate::testing::House;

fn days(from: i64, until: i64) -> Validity {
    let today = chrono::DateTime::from_timestamp_micros(SystemClock.now().0).unwrap().date_naive();
    let day = |days: i64| today + chrono::Duration::days(days);
    Validity { from: day(from), until: day(until) }
}

fn valid() -> Validity {
    days(-1, 2)
}

/// Settings whose files stand in a folder.
fn settings(folder: &Path, name: &str, authority: &Authority, own: &Certified) -> VaultSettings {
    let file = |end: &str, text: &str| {
        let path = folder.join(format!("{name}{end}"));
        write_private(&path, text).unwrap();
        Some(path)
    };
    VaultSettings {
        at: None,
        authority: file("-authority.pem", &authority.pem),
        certificate: file(".pem", &own.certificate),
        key: file(".key", &own.key),
    }
}

/// A vault that is served until it is stopped or dropped.
struct Running {
    folder: tempfile::TempDir,
    authority: Authority,
    vault: Vault,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn start() -> Self {
        Self::with(valid()).await
    }

    /// One whose own certificate holds from one day to another.
    async fn with(validity: Validity) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(valid()).unwrap();
        let own = authority.certify(Side::Vault, &["localhost".to_owned()], validity).unwrap();
        let keys = Arc::new(FileKeyStore::open(&folder.path().join("keys")).unwrap());
        let vault = Vault::open(&folder.path().join("vault.sqlite"), keys, Arc::new(SystemClock)).await.unwrap();
        let acceptor = tls::acceptor(&settings(folder.path(), "vault", &authority, &own)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let router = serve::router(vault.clone());
        let task = tokio::spawn(serve_tls(listener, acceptor, router, async {
            drop(stopped.await);
        }));
        Self { folder, authority, vault, address, stop: Some(stop), task }
    }

    fn at(&self, host: &str) -> VaultAddress {
        format!("https://{host}:{}", self.address.port()).try_into().unwrap()
    }

    fn hub(&self) -> Certified {
        self.authority.certify(Side::Hub, &["hub".to_owned()], valid()).unwrap()
    }

    /// The way of a hub that trusts an authority and shows a certificate.
    fn door(&self, host: &str, trusts: &Authority, shows: &Certified) -> VaultDoor {
        let settings = settings(self.folder.path(), "hub", trusts, shows);
        VaultDoor::to(Arc::new(RemoteVault::new(self.at(host), &settings).unwrap()))
    }

    fn own_door(&self) -> VaultDoor {
        self.door("localhost", &self.authority, &self.hub())
    }

    async fn stop(&mut self) {
        drop(self.stop.take());
        (&mut self.task).await.unwrap();
    }
}

fn auditor(user: i64) -> Access {
    let roles = [Role::Auditor].into_iter().collect();
    let caller = Caller { user: Some(UserId(user)), name: format!("auditor {user}"), roles, districts: None };
    Access::decide(&caller, Purpose::Audit).unwrap()
}

fn numbers(count: u64) -> Vec<String> {
    (0..count).map(|n| format!("{}", 200_000_000_000 + n * 7_919)).collect()
}

#[tokio::test]
async fn a_remote_vault_does_what_one_in_the_process_does_and_names_its_client_in_its_trail() {
    let (running, house) = (Running::start().await, House::new().await);
    let (door, store) = (running.own_door(), &house.deployment.store);
    let numbers = numbers(45_000);
    let borrowed: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let references = door.tokenise(HUB_DOMAIN, &borrowed).await.unwrap();
    assert_eq!(running.vault.tokenise(HUB_DOMAIN, &borrowed).await.unwrap(), references);
    assert_eq!(door.tokenise(HUB_DOMAIN, &borrowed[..9]).await.unwrap(), references[..9]);
    assert_eq!(door.holds(&[borrowed[0], "999999990019"]).await.unwrap(), [true, false]);
    let mut bad = borrowed.clone();
    bad[30_000] = "12";
    let error = door.tokenise(HUB_DOMAIN, &bad).await.unwrap_err();
    assert!(matches!(error, VaultError::NotANumber { place: 30_000 }), "{error}");

    let food = door.tokenise("food", &borrowed[..1]).await.unwrap();
    let (ours, theirs) = ((HUB_DOMAIN, &references[0]), ("food", &food[0]));
    assert!(door.same_person(store, &auditor(1), ours, theirs).await.unwrap());
    let id = door.request_reveal(store, &auditor(1), HUB_DOMAIN, &references[0], "inquiry 7").await.unwrap();
    let own = door.decide_reveal(store, &auditor(1), id, RevealDecision::Approved).await.unwrap_err();
    assert!(matches!(own, VaultError::OwnRequest), "{own}");
    let early = door.reveal(store, &auditor(1), id).await.unwrap_err();
    assert!(matches!(early, VaultError::RequestState { .. }), "{early}");
    door.decide_reveal(store, &auditor(2), id, RevealDecision::Approved).await.unwrap();
    assert_eq!(door.reveal(store, &auditor(1), id).await.unwrap().digits(), numbers[0]);
    assert!(door.reveal(store, &auditor(1), id).await.is_err(), "once");
    assert_eq!(door.list_reveal_requests(&auditor(2), 5).await.unwrap().len(), 1);
    let recorded = store.list_audit_events(0, 100).await.unwrap();
    let actions: Vec<&str> = recorded.iter().map(|entry| entry.event.action.as_str()).collect();
    let no = "reveal_refused";
    assert_eq!(actions, ["same_person", "reveal_requested", no, no, "reveal_decided", "reveal", no]);

    assert_eq!(door.rotate_key().await.unwrap().version, 2);
    assert_eq!(door.rotate_data(|_| ()).await.unwrap(), 1);
    let used = references[..40_000].iter().cloned().collect();
    assert_eq!(door.sweep_orphans(HUB_DOMAIN, &used, Timestamp(SystemClock.now().0 + 1)).await.unwrap(), 5_000);
    assert_eq!(door.erase(HUB_DOMAIN, &references[..1]).await.unwrap(), 1);
    let standing = door.standing().await.unwrap();
    assert_eq!((standing.numbers, standing.data_keys.len()), (39_999, 1));
    assert_eq!(door.check_events().await.unwrap().first_broken, None);
    let events = running.vault.list_events(0, 100).await.unwrap();
    let clients: std::collections::BTreeSet<&str> = events
        .iter()
        .filter_map(|event| event.detail["client"].as_str())
        .filter(|one| *one != "this process")
        .collect();
    assert!(clients.len() == 1 && clients.iter().all(|client| client.len() == 16), "{clients:?}");
}

/// What a vault that does not let a hub in, or that a hub does not trust, looks like to it.
#[track_caller]
fn is_away(error: VaultError) {
    assert!(matches!(error, VaultError::Away { .. }), "{error}");
    assert!(error.to_string().contains("https://") && error.to_string().contains("does not answer"), "{error}");
}

#[tokio::test]
async fn a_client_without_a_certificate_with_anothers_or_with_one_that_has_run_out_is_not_let_in() {
    let running = Running::start().await;
    let stranger = Authority::new(valid()).unwrap();
    let of_stranger = stranger.certify(Side::Hub, &["hub".to_owned()], valid()).unwrap();
    let ours = |side, validity| running.authority.certify(side, &["hub".to_owned()], validity).unwrap();
    for shown in [of_stranger, ours(Side::Hub, days(-9, -1)), ours(Side::Hub, days(2, 9)), ours(Side::Vault, valid())] {
        is_away(running.door("localhost", &running.authority, &shown).standing().await.unwrap_err());
    }
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(running.authority.pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let bare = RemoteVault { at: running.at("localhost"), tls: TlsConnector::from(Arc::new(config)) };
    is_away(VaultDoor::to(Arc::new(bare)).tokenise(HUB_DOMAIN, &["234123412346"]).await.unwrap_err());
    assert_eq!(running.vault.count().await.unwrap(), 0);
    assert_eq!(running.own_door().standing().await.unwrap().numbers, 0, "the right one is let in");
}

#[tokio::test]
async fn a_hub_does_not_speak_to_a_vault_of_another_authority_under_another_name_or_past_its_time() {
    let running = Running::start().await;
    let stranger = Authority::new(valid()).unwrap();
    is_away(running.door("localhost", &stranger, &running.hub()).standing().await.unwrap_err());
    is_away(running.door("127.0.0.1", &running.authority, &running.hub()).standing().await.unwrap_err());
    let old = Running::with(days(-9, -1)).await;
    is_away(old.own_door().tokenise(HUB_DOMAIN, &["234123412346"]).await.unwrap_err());
    assert_eq!(old.vault.count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_connection_without_tls_gets_nothing() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let running = Running::start().await;
    let mut stream = tokio::net::TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    assert!(!String::from_utf8_lossy(&answer).contains("200"), "{answer:?}");
}

const WITH_UID: &str = "to = \"date_of_birth\"\n\n[[column]]\nfrom = \"UID\"\nto = \"aadhaar\"";
const UIDS: &str = "ID,NAME,DOB,UID\n1,Asha Devi,1990-01-02,234123412346\n";

#[tokio::test]
async fn while_the_vault_is_away_files_with_aadhaar_wait_and_all_else_works() {
    let mut running = Running::start().await;
    let mut house = House::new().await.declared_anew("people.toml", "to = \"date_of_birth\"", WITH_UID).await;
    house.deployment.vault = running.own_door();
    assert_eq!(house.ingest("people_1.csv", UIDS).await.new, 1);
    assert_eq!(sweep(&house.deployment).await.unwrap(), 0);
    running.stop().await;
    let path = house.folder().join("people_2.csv");
    std::fs::write(&path, UIDS.replace("1,Asha", "2,Bina").replace("234123412346", "999999990019")).unwrap();
    let stage = Stage::begin(&Output::silent(), "people_2.csv", 0);
    let error = ingest_file(&house.deployment, &path, Terms::CAREFUL, &stage).await.unwrap_err();
    let words = format!("{error:#}");
    for word in ["people_2.csv", "nothing of it was taken in", "does not answer", "https://localhost"] {
        assert!(words.contains(word), "{words}");
    }
    assert!(!words.contains("999999990019"), "{words}");
    let runs = house.deployment.store.list_ingest_runs(None, None, 9).await.unwrap();
    assert_eq!(runs.len(), 1, "nothing of the refused file is in the hub");
    assert_eq!(house.ingest("roll_1.csv", "ID,NAME,DOB\n9,Chand,1980-05-06\n").await.new, 1);
    crate::commands::resolve::resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
    crate::jobs::refresh::refresh(&house.deployment, &Output::silent()).await.unwrap();
    // What looks like a number has the vault asked whether it is one of its own.
    std::fs::write(house.deployment.data.join("outbox.txt"), "999999990019\n").unwrap();
    let checks = crate::jobs::verify::verify(&house.deployment, &Output::silent()).await.unwrap();
    let waits: Vec<&str> = checks
        .iter()
        .filter(|check| check.outcome != crate::jobs::verify::Outcome::Holds)
        .map(|check| check.name.as_str())
        .collect();
    assert_eq!(waits, ["no Aadhaar outside the vault", "vault trail chained"]);
}

#[test]
fn an_address_is_https_and_a_host() {
    for good in ["https://vault.example:8443", "https://10.0.0.5", "https://[::1]:9"] {
        assert!(VaultAddress::try_from(good.to_owned()).is_ok(), "{good}");
    }
    let address = VaultAddress::try_from("https://[::1]:9".to_owned()).unwrap();
    assert_eq!((address.host(), address.port(), address.to_string().as_str()), ("::1", 9, "https://[::1]:9"));
    for bad in ["http://vault", "vault:8443", "https://", "https://vault/x", "https://vault?x", "https://u@vault"] {
        assert!(VaultAddress::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}

#[test]
fn a_private_key_that_others_read_and_settings_without_papers_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(valid()).unwrap();
    let own = authority.certify(Side::Hub, &["hub".to_owned()], valid()).unwrap();
    let named = settings(folder.path(), "hub", &authority, &own);
    assert!(tls::connector(&named).is_ok());
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(named.key.as_ref().unwrap(), open).unwrap();
    let error = tls::connector(&named).err().unwrap().to_string();
    assert!(error.contains("hub.key") && error.contains("chmod 600"), "{error}");
    let error = tls::acceptor(&VaultSettings::default()).err().unwrap().to_string();
    assert!(error.contains("vault.authority") && error.contains("kanak vault certificates"), "{error}");
    let other = authority.certify(Side::Hub, &["hub".to_owned()], valid()).unwrap();
    let mixed =
        VaultSettings { certificate: settings(folder.path(), "other", &authority, &other).certificate, ..named };
    std::fs::set_permissions(mixed.key.as_ref().unwrap(), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(tls::connector(&mixed).err().unwrap().to_string().contains("do not fit"));
}
