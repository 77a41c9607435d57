//! Seeded corruptions of vault, landing and lake: each is found by the check that is there for it. Those of the hub's own tables
//! are seeded where the tables are.

use std::path::{Path, PathBuf};

use kanak_store::testing::break_vault;

use super::*;
use crate::commands::resolve::resolve_all;
use crate::jobs::refresh::refresh;
use crate::testing::{House, PEOPLE};

const AADHAAR: &str = "\n[[column]]\nfrom = \"AADHAAR\"\nto = \"aadhaar\"\n";

/// Three people, two of them with a number in the vault; two receipts; a lake of a second release.
async fn house() -> House {
    let house = House::new().await.declared_anew("people.toml", PEOPLE, &format!("{PEOPLE}{AADHAAR}")).await;
    let people = "ID,NAME,DOB,AADHAAR\n1,Asha Devi,1990-01-02,234123412346\n2,Bina Kumari,1991-03-04,999999990019\n3,Chitra Rani,1992-05-06,\n";
    house.ingest("people_1.csv", people).await;
    house.ingest("receipts_1.csv", "RECEIPT_NO|MAJOR_HEAD|DDO_OFFICE|DISTRICT|PAYER_GSTIN|AMOUNT|RECEIVED_ON|MODE\nTR1|0006||||12.50|01/04/2026 10:00|cash\n").await;
    resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
    refresh(&house.deployment, &Output::silent()).await.unwrap();
    house.ingest("people_2.csv", "ID,NAME,DOB,AADHAAR\n3,Chitra Rani Devi,1992-05-06,\n").await;
    resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
    refresh(&house.deployment, &Output::silent()).await.unwrap();
    house
}

async fn broken(deployment: &Deployment) -> Vec<(String, String)> {
    let checks = verify(deployment, &Output::silent()).await.unwrap();
    let broken = checks.into_iter().filter(|check| check.outcome == Outcome::Broken);
    broken.map(|check| (check.name, check.detail)).collect()
}

async fn sound(deployment: &Deployment) {
    let broken = broken(deployment).await;
    assert!(broken.is_empty(), "{broken:?}");
}

#[track_caller]
fn named(broken: &[(String, String)], what: &str, name: &str, says: &str) {
    let found = broken.iter().any(|(check, detail)| check == name && detail.contains(says));
    assert!(found, "{what}: {name} should say {says}: {broken:?}");
    assert!(!format!("{broken:?}").contains("234123412346"), "{what}: a number is shown");
}

/// A file whose bytes a test changes, and what they were.
struct Changed {
    path: PathBuf,
    right: Vec<u8>,
}

impl Changed {
    fn of(path: PathBuf) -> Self {
        let right = std::fs::read(&path).unwrap();
        Self { path, right }
    }

    fn flip(&self) {
        let mut wrong = self.right.clone();
        let middle = wrong.len() / 2;
        wrong[middle] ^= 1;
        std::fs::write(&self.path, wrong).unwrap();
    }

    fn cut(&self, bytes: usize) {
        std::fs::write(&self.path, &self.right[..self.right.len() - bytes]).unwrap();
    }

    fn restore(&self) {
        std::fs::write(&self.path, &self.right).unwrap();
    }
}

#[tokio::test]
async fn every_corruption_of_the_vault_is_found_and_named() {
    let corruptions = [
        (
            "a reference is gone",
            "DELETE FROM aadhaar_references WHERE aadhaar_id = 1",
            "vault_references",
            "not in the vault",
        ),
        ("a number is gone", "DELETE FROM aadhaar_numbers WHERE id = 1", "vault_references", "leads to number 1"),
        (
            "a reference was moved to another number",
            "UPDATE aadhaar_references SET aadhaar_id = 77 WHERE aadhaar_id = 1",
            "vault_references",
            "leads to number 77",
        ),
        (
            "a reference of a third domain took a number's only one",
            "UPDATE aadhaar_references SET domain = 'other' WHERE aadhaar_id = 1",
            "vault_references",
            "not in the vault",
        ),
        (
            "a bit of a sealed number was flipped",
            "UPDATE aadhaar_numbers SET sealed = CAST(substr(sealed, 1, 20) || CASE WHEN substr(sealed, 21, 1) = x'00' THEN x'01' ELSE x'00' END || substr(sealed, 22) AS BLOB) WHERE id = 1",
            "vault_numbers",
            "number 1",
        ),
        (
            "two sealed numbers changed places",
            "UPDATE aadhaar_numbers SET sealed = (SELECT o.sealed FROM aadhaar_numbers o WHERE o.id = 3 - aadhaar_numbers.id)",
            "vault_numbers",
            "number 1",
        ),
        (
            "the index of a number was changed",
            "UPDATE aadhaar_numbers SET index_hmac = zeroblob(32) WHERE id = 2",
            "vault_numbers",
            "number 2",
        ),
        (
            "a number names another data key",
            "UPDATE aadhaar_numbers SET data_key_id = 9 WHERE id = 2",
            "vault_keys",
            "data key 9",
        ),
        ("a data key is gone", "DELETE FROM data_keys", "vault_keys", "data key 1"),
        ("a data key counts less than it seals", "UPDATE data_keys SET sealed_count = 1", "vault_keys", "counts 1"),
    ];
    for (what, statement, name, says) in corruptions {
        let house = house().await;
        sound(&house.deployment).await;
        break_vault(&house.deployment.data.join("vault.sqlite"), statement).await.unwrap();
        let deployment = house.opened_again().await;
        named(&broken(&deployment).await, what, name, says);
    }
}

fn auditor(id: i64) -> Access {
    let caller = kanak_model::Caller {
        user: Some(kanak_model::UserId(id)),
        name: format!("person {id}"),
        roles: [kanak_model::Role::Auditor].into(),
        districts: None,
    };
    Access::decide(&caller, kanak_model::Purpose::Audit).unwrap()
}

/// The same with a request for a number that was refused: the last steps of both trails.
async fn house_with_a_request() -> House {
    let house = house().await;
    let (vault, store) = (&house.deployment.vault, &house.deployment.store);
    let used = store.list_references().await.unwrap();
    let reference = used.iter().next().unwrap();
    let id = vault.request_reveal(store, &auditor(1), HUB_DOMAIN, reference, "inquiry 7").await.unwrap();
    vault.decide_reveal(store, &auditor(2), id, kanak_store::RevealDecision::Refused).await.unwrap();
    house
}

#[tokio::test]
async fn a_trail_of_hub_or_vault_whose_end_is_gone_is_found_beside_the_other() {
    sound(&house_with_a_request().await.deployment).await;
    let house = house_with_a_request().await;
    let statement = "DELETE FROM vault_events WHERE action LIKE 'reveal%'; DELETE FROM reveal_requests";
    break_vault(&house.deployment.data.join("vault.sqlite"), statement).await.unwrap();
    let says = "the hub's trail tells of `reveal_decided` of request 1";
    named(&broken(&house.deployment).await, "the end of the vault's trail is gone", "vault trail agrees", says);

    let house = house_with_a_request().await;
    let statement = "DELETE FROM audit_events WHERE action = 'reveal_decided'";
    kanak_store::testing::break_hub(&house.deployment.hub, statement).await.unwrap();
    let says = "the vault's trail tells of `reveal_decided` of request 1";
    named(&broken(&house.deployment).await, "the end of the hub's trail is gone", "vault trail agrees", says);

    let house = house_with_a_request().await;
    let statement = "UPDATE reveal_requests SET decision = 'approved'";
    break_vault(&house.deployment.data.join("vault.sqlite"), statement).await.unwrap();
    named(&broken(&house.deployment).await, "a request was changed", "vault requests in trail", "request 1");
}

#[tokio::test]
async fn an_older_copy_of_the_hub_is_found_by_the_checkpoint_that_was_kept() {
    let house = house().await;
    let deployment = &house.deployment;
    let kept = deployment.data.join("audit-checkpoint.json");
    let found = async |what: &str, says: &str| {
        named(&broken(deployment).await, what, "hub is no older copy", says);
    };
    kept_checkpoint::checkpoint_if_due(deployment).await.unwrap();
    sound(deployment).await;
    // As in a copy from before there was a checkpoint.
    kanak_store::testing::break_hub(&deployment.hub, "DELETE FROM audit_checkpoints").await.unwrap();
    found("the checkpoint is not in the hub", "does not hold checkpoint").await;
    let text = std::fs::read_to_string(&kept).unwrap();
    let entry = kanak_store::AuditEvent::read(&Access::operation("test"), "looked", "the hub".to_owned());
    deployment.store.audit(entry).await.unwrap();
    kept_checkpoint::checkpoint_if_due(deployment).await.unwrap();
    found("the hub was written to since", "audit-checkpoint.json").await;
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), text, "what tells of it stays");

    let mut changed: serde_json::Value = serde_json::from_str(&text).unwrap();
    changed["at_us"] = 1.into();
    std::fs::write(&kept, changed.to_string()).unwrap();
    found("the kept one was changed", "not as this hub signed it").await;
    std::fs::write(&kept, "{").unwrap();
    found("the kept one is none", "no checkpoint of a trail").await;
    std::fs::remove_file(&kept).unwrap();
    sound(deployment).await;
}

#[tokio::test]
async fn an_older_copy_of_the_hub_is_found_by_the_lake() {
    let house = house().await;
    let statement = "DELETE FROM feed_events WHERE position = (SELECT max(position) FROM feed_events)";
    kanak_store::testing::break_hub(&house.deployment.hub, statement).await.unwrap();
    named(
        &broken(&house.deployment).await,
        "the feed ends earlier",
        "hub is no older copy",
        "the lake has read the feed",
    );
}

#[tokio::test]
async fn a_missing_version_of_the_vaults_key_is_named_before_anything_is_read() {
    let house = house().await;
    std::fs::remove_file(house.deployment.data.join("keys/vault-kek-1")).unwrap();
    let error = format!("{:#}", house.try_open_again().await.err().unwrap());
    assert!(error.contains("version 1 of key `vault-kek`") && error.contains("restore the keys"), "{error}");
}

#[tokio::test]
async fn every_corruption_of_a_landed_file_is_found_and_named() {
    let house = house().await;
    let runs = house.deployment.store.list_ingest_runs(None, None, 10).await.unwrap();
    let [one, other] = [0, 1].map(|at| Changed::of(house.sealed(&runs[at].content_hash)));
    let file = one.path.display().to_string();
    let found = async |what: &str, says: &str| {
        let broken = broken(&house.deployment).await;
        named(&broken, what, "landing whole", &file);
        named(&broken, what, "landing whole", says);
        one.restore();
    };
    std::fs::remove_file(&one.path).unwrap();
    found("a landed file is missing", "").await;
    one.cut(1);
    found("a landed file was cut short", "does not open").await;
    one.cut(one.right.len() - 10);
    found("little is left of a landed file", "too short").await;
    one.flip();
    found("a bit of a landed file was flipped", "").await;
    std::fs::write(&one.path, &other.right).unwrap();
    found("a landed file was put in another's place", "another file").await;
    sound(&house.deployment).await;
}

fn first_file(deployment: &Deployment, table: &str) -> (String, PathBuf) {
    let release = deployment.warehouse.release().unwrap();
    let path = release.tables[table].files[0].path.clone();
    let whole = deployment.data.join("lake").join(&path);
    (path, whole)
}

fn lake(house: &House, below: &str) -> PathBuf {
    house.deployment.data.join("lake").join(below)
}

#[tokio::test]
async fn every_corruption_of_the_lake_is_found_and_named() {
    let house = house().await;
    let deployment = &house.deployment;
    for table in ["dim_citizens", "dim_citizens_personal", "bridge_crosswalk", "fct_receipts", "mart_match_quality"] {
        let (name, path) = first_file(deployment, table);
        let file = Changed::of(path);
        file.flip();
        named(&broken(deployment).await, "a bit was flipped", "lake whole", &format!("{name} was changed"));
        file.cut(1);
        named(&broken(deployment).await, "it was cut short", "lake whole", &name);
        std::fs::remove_file(&file.path).unwrap();
        named(&broken(deployment).await, "it is gone", "lake whole", &format!("{name} is missing"));
        file.restore();
    }
    let current = Changed::of(lake(&house, "release.json"));
    let former = std::fs::read(former_manifest(&house)).unwrap();
    std::fs::write(&current.path, &former).unwrap();
    let again = house.opened_again().await;
    named(&broken(&again).await, "an earlier manifest is in force", "lake whole", "was put after it");
    current.restore();
    drop(again);

    let text = String::from_utf8(current.right.clone()).unwrap();
    std::fs::write(&current.path, text.replacen("\"rows\":3", "\"rows\":2", 1)).unwrap();
    let again = house.opened_again().await;
    named(&broken(&again).await, "the manifest was changed", "lake whole", "not the one of release");
    drop(again);
    std::fs::remove_file(&current.path).unwrap();
    let again = house.opened_again().await;
    named(&broken(&again).await, "the manifest is gone", "lake whole", "no release is in force");
    drop(again);
    current.restore();
    let again = house.opened_again().await;
    sound(&again).await;
}

fn former_manifest(house: &House) -> PathBuf {
    let number = house.deployment.warehouse.release().unwrap().number;
    lake(house, &format!("releases/{}.json", number - 1))
}

#[tokio::test]
async fn a_crosswalk_or_a_dimension_that_another_writer_changed_with_its_manifest_does_not_reconcile() {
    let house = house().await;
    let deployment = &house.deployment;
    let warehouse = &deployment.warehouse;
    let mut rows = crosswalk_rows(deployment).await.unwrap();
    rows[0].golden_id += 1;
    warehouse.load_crosswalk(rows).await.unwrap();
    let position = deployment.store.feed_position().await.unwrap();
    warehouse.build(position.0, deployment.clock.now()).await.unwrap();
    named(&broken(deployment).await, "a crosswalk differs", "warehouse reconciles", "crosswalk of citizen");
    warehouse.load_crosswalk(crosswalk_rows(deployment).await.unwrap()).await.unwrap();
    warehouse.load_dimension(deployment.get_model("citizen").unwrap(), []).await.unwrap();
    warehouse.build(position.0, deployment.clock.now()).await.unwrap();
    named(
        &broken(deployment).await,
        "a dimension lost its rows",
        "warehouse reconciles",
        "0 in the lake, 3 in the hub",
    );
}

#[tokio::test]
async fn a_number_that_stands_outside_the_vault_is_found_by_its_place() {
    let house = house().await;
    let path: &Path = &house.deployment.data.join("note.txt");
    std::fs::write(path, "call 2341 2341 2346").unwrap();
    named(&broken(&house.deployment).await, "a number leaked", "no Aadhaar outside the vault", "note.txt");
}
