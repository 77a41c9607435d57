//! Agreements and consents over a whole deployment: what is linked, what is read, and that hub and warehouse say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use kanak_model::access::{LegalBasis, OfDepartment, Terms};
use kanak_model::purposes::Purposes;
use kanak_model::sharing::{AgreementTerms, Covered, Party, Receipts, Registers};
use kanak_model::{Access, Caller, Class, GoldenId, Purpose, Role, Timestamp, UserId};
use kanak_store::Member;
use kanak_store::testing::Admin;
use kanak_warehouse::{QueryLimits, rows_json};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::commands::explain;
use crate::commands::resolve::resolve_all;
use crate::deployment::Deployment;
use crate::jobs::refresh::refresh;
use crate::jobs::resolve::{has_other_links, is_due};
use crate::jobs::verify::{Outcome, verify};
use crate::output::Output;
use crate::secrets::os_rng;
use crate::server::state::{AppState, Cookies};
use crate::testing::{House, PEOPLE};

pub(crate) const REGISTERS: [&str; 3] = ["food", "health", "land"];

/// A register of a department of its own name, with a phone, a district and a village.
pub(crate) fn register(name: &str) -> String {
    let more = [("MOBILE", "mobile"), ("DISTRICT", "district"), ("VILLAGE", "village")];
    let columns = more.map(|(from, to)| format!("\n[[column]]\nfrom = \"{from}\"\nto = \"{to}\"\n")).concat();
    format!("{}{columns}", PEOPLE.replace("people", name).replace("TEST", &name.to_uppercase()))
}

const GIVEN: [&str; 8] = ["Asha", "Bina", "Gurpreet", "Harjit", "Manpreet", "Rajinder", "Sunita", "Kulwant"];
const SURNAMES: [&str; 6] = ["Devi", "Sidhu", "Gill", "Sharma", "Brar", "Kumar"];
const DISTRICTS: [&str; 3] = ["27", "28", "43"];

/// Each register's file of the same people; each register lacks something that others have, and some people.
pub(crate) fn file(register: usize, people: u64) -> String {
    let mut text = String::from("ID,NAME,DOB,MOBILE,DISTRICT,VILLAGE\n");
    for person in (0..people).filter(|person| person % 5 != register as u64) {
        let mixed = (person + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let (given, surname) = (GIVEN[mixed as usize % 8], SURNAMES[(mixed >> 8) as usize % 6]);
        let born = format!("{}-{:02}-{:02}", 1950 + (mixed >> 16) % 50, 1 + (mixed >> 5) % 12, 1 + person % 28);
        let (mobile, village) =
            (format!("98{:08}", mixed % 100_000_000), ["Verka", "Raikot", "Bhikhi"][mixed as usize % 3]);
        let kept = |lacking: usize, value: String| if register == lacking { String::new() } else { value };
        // Somebody is of no district.
        let district = if person % 7 == 0 { "" } else { DISTRICTS[(mixed >> 20) as usize % 3] };
        let (mobile, village) = (kept(1, mobile), kept(0, village.to_owned()));
        writeln!(text, "{person},{given} {surname},{born},{mobile},{district},{village}").unwrap();
    }
    text
}

/// A deployment of these settings with three registers of the same people, two persons of each department, resolved.
pub(crate) async fn house(settings: &str, hub: Option<String>) -> House {
    let sources = REGISTERS.map(register);
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let house = House::declared(settings, &sources, hub).await;
    for (at, name) in REGISTERS.into_iter().enumerate() {
        house.ingest(&format!("{name}_1.csv"), &file(at, 60)).await;
        for person in ["asha", "bina"] {
            let (store, roles) = (&house.deployment.store, BTreeSet::from([Role::Department]));
            let person = format!("{person}.{name}");
            let by = Caller::system("test");
            let id = store.create_user(&by, &person, "a long password", &roles, None, &mut os_rng()).await.unwrap();
            store.set_department(&by, Member::User(id), Some(&name.to_uppercase())).await.unwrap();
        }
    }
    resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
    house
}

/// Agrees in the names of two persons of a register's department; gives the agreement's number.
pub(crate) async fn agree(deployment: &Deployment, register: &str, party: Party, covers: &[&str]) -> i64 {
    let terms = AgreementTerms {
        register: register.to_owned(),
        party,
        purposes: [Purpose::Stewardship, Purpose::ServiceDelivery].into(),
        covers: Covered::parse(covers.iter().copied()).unwrap(),
        from: Timestamp(0),
        until: None,
        reference: "order 7 of 2026".to_owned(),
    };
    let store = &deployment.store;
    let id = store.propose_agreement(&terms, &format!("asha.{register}")).await.unwrap();
    store.approve_agreement(id, &format!("bina.{register}")).await.unwrap();
    id
}

/// The pairs of registers that stand together in some golden record.
async fn together(deployment: &Deployment) -> BTreeSet<(String, String)> {
    let links = deployment.store.list_links("citizen").await.unwrap();
    let linked: Vec<_> = links.iter().map(|link| link.source_record).collect();
    let registers = deployment.store.list_registers_of(&linked).await.unwrap();
    let mut held: BTreeMap<GoldenId, BTreeSet<&str>> = BTreeMap::new();
    for link in &links {
        held.entry(link.golden_id).or_default().insert(&registers[&link.source_record]);
    }
    let pairs = |held: &BTreeSet<&str>| {
        let all: Vec<String> = held.iter().map(|name| (*name).to_owned()).collect();
        let pair = |(at, one): (usize, &String)| {
            all[at + 1..].iter().map(|other| (one.clone(), other.clone())).collect::<Vec<_>>()
        };
        all.iter().enumerate().flat_map(pair).collect::<Vec<_>>()
    };
    held.values().flat_map(pairs).collect()
}

async fn resolved(deployment: &Deployment) {
    resolve_all(deployment, &[], &Output::silent()).await.unwrap();
}

/// Nothing is broken, and a replay of the ledger gives the same.
async fn check(deployment: &Deployment) {
    for check in verify(deployment, &Output::silent()).await.unwrap() {
        assert_ne!(check.outcome, Outcome::Broken, "{}: {}", check.name, check.detail);
        let is_of_citizens = check.name == "replay of citizens";
        assert!(!is_of_citizens || check.outcome == Outcome::Holds, "{}: {}", check.name, check.detail);
    }
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[tokio::test]
async fn a_link_is_made_while_an_agreement_stands_and_by_nothing_else() {
    let house = house("[sharing]\nlinks = \"agreed\"\n", None).await;
    let deployment = &house.deployment;
    let model = deployment.get_model("citizen").unwrap();
    assert!(together(deployment).await.is_empty());
    check(deployment).await;

    let id = agree(deployment, "food", Party::LinkedWith("health".to_owned()), &["all"]).await;
    assert!(has_other_links(deployment, model).await.unwrap());
    assert!(is_due(deployment, model).await.unwrap().unwrap().contains("sharing agreements"));
    resolved(deployment).await;
    assert_eq!(together(deployment).await, [pair("food", "health")].into());
    assert_eq!(is_due(deployment, model).await.unwrap(), None);
    check(deployment).await;

    let (output, mut printed) = Output::captured();
    Box::pin(explain::run(&["food:2".to_owned()], None, explain::When::default(), deployment, &output)).await.unwrap();
    let told: Value = serde_json::from_str(&printed()).unwrap();
    assert_eq!(told["agreements"][0]["agreement"], id);
    assert_eq!(told["agreements"][0]["registers"], serde_json::json!(["food", "health"]));
    assert_eq!(told["agreements"][0]["approved_by"], "bina.food");

    deployment.store.end_agreement(id, "asha.food").await.unwrap();
    resolved(deployment).await;
    assert!(together(deployment).await.is_empty(), "what it let stand together is parted");
    check(deployment).await;
}

#[tokio::test]
async fn source_records_in_memory_are_linked_by_agreements_as_all_are() {
    let settings = "[sharing]\nlinks = \"agreed\"\n";
    let (served, plain) = (house(settings, None).await, house(settings, None).await);
    let state = AppState::new(served.deployment.clone(), Cookies::Loopback);
    for (house, deployment) in [(&served, &state.deployment), (&plain, &plain.deployment)] {
        agree(deployment, "food", Party::LinkedWith("land".to_owned()), &["all"]).await;
        resolved(deployment).await;
        house.ingest("health_2.csv", "ID,NAME,DOB,MOBILE,DISTRICT,VILLAGE\n900,Nobody Else,1960-01-02,,27,\n").await;
        house.ingest("land_2.csv", &file(1, 70)).await;
        resolved(deployment).await;
    }
    let links = async |deployment: &Deployment| deployment.store.list_links("citizen").await.unwrap();
    assert_eq!(links(&state.deployment).await, links(&plain.deployment).await);
    assert_eq!(together(&state.deployment).await, [pair("food", "land")].into());
}

#[tokio::test]
async fn where_links_need_no_agreement_all_registers_stand_together() {
    let house = house("", None).await;
    let all = [pair("food", "health"), pair("food", "land"), pair("health", "land")];
    assert_eq!(together(&house.deployment).await, all.into());
    check(&house.deployment).await;
}

#[tokio::test]
async fn a_setting_that_is_none_and_a_basis_that_is_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        std::fs::write(folder.path().join("kanak.toml"), text).unwrap();
        crate::config::Config::read_beside(&folder.path().join("kanak-data"))
    };
    for (text, says) in [
        ("[sharing]\nlinks = \"some\"\n", "agreed"),
        ("[sharing]\nreeds = \"all\"\n", "reads"),
        ("[purposes]\ncuriosity = [\"consent\"]\n", "purposes.curiosity"),
        ("[purposes]\naudit = [\"because\"]\n", "`because`"),
        ("[purposes]\naudit = []\n", "at least one"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("kanak.toml"), "{error}");
    }
    let config = read("[purposes]\nservice_delivery = [\"consent\"]\n").unwrap();
    assert_eq!(config.declared_purposes().bases(Purpose::ServiceDelivery), [LegalBasis::Consent]);
    assert_eq!(config.sharing, crate::config::Sharing::default());
}

/// Who reads, why and under what.
#[derive(Debug, Clone)]
struct Reader {
    caller: Caller,
    purpose: Purpose,
    basis: LegalBasis,
    terms: Terms,
}

fn covered() -> impl Strategy<Value = Covered> {
    let words = ["full_name", "mobile", "district", "village", "class:internal", "class:personal"];
    prop_oneof![
        Just(Covered::All),
        prop::sample::subsequence(words.to_vec(), 1..4).prop_map(|words| Covered::parse(words).unwrap()),
    ]
}

fn reader() -> impl Strategy<Value = Reader> {
    let districts = prop::option::weighted(0.4, prop::sample::subsequence(DISTRICTS.to_vec(), 0..=3));
    let roles = prop::sample::subsequence(Role::ALL.to_vec(), 1..=6);
    let purpose =
        prop::sample::select(vec![Purpose::ServiceDelivery, Purpose::Stewardship, Purpose::Statistics, Purpose::Audit]);
    let basis = prop::sample::select(vec![LegalBasis::StateService, LegalBasis::Consent]);
    let registers = prop::option::weighted(0.7, prop::collection::btree_map(0_usize..4, covered(), 0..4));
    let receipts = prop::collection::vec((1_i64..70, covered()), 0..40);
    (roles, districts, purpose, basis, registers, any::<bool>(), receipts).prop_map(
        |(roles, districts, purpose, basis, registers, of_department, receipts)| {
            let name = |at: usize| REGISTERS.get(at).copied().unwrap_or("nowhere").to_owned();
            let these = |these: BTreeMap<usize, Covered>| {
                Registers::These(these.into_iter().map(|(at, covers)| (name(at), covers)).collect())
            };
            let mut held = Receipts::default();
            for (golden, covers) in receipts {
                held.add(GoldenId(golden), covers);
            }
            let bases = vec!["state_service".to_owned(), "consent".to_owned()];
            let lines = Purpose::ALL.map(|purpose| (purpose.word().to_owned(), bases.clone())).into();
            let terms = Terms {
                purposes: Purposes::none().replaced(&lines).unwrap(),
                agreed: registers.map(|registers| [(purpose, these(registers))].into()),
                of_department: if of_department { OfDepartment::Yes } else { OfDepartment::No },
                receipts: [(purpose, held)].into(),
            };
            let caller = Caller {
                user: Some(UserId(1)),
                name: "someone".to_owned(),
                roles: roles.into_iter().collect(),
                districts: districts.map(|codes| codes.into_iter().map(str::to_owned).collect()),
            };
            Reader { caller, purpose, basis, terms }
        },
    )
}

/// Golden records by number, with the values that are shown.
type Seen = BTreeMap<i64, BTreeMap<String, String>>;

async fn in_hub(deployment: &Deployment, access: &Access) -> Seen {
    let model = deployment.get_model("citizen").unwrap();
    let golden = deployment.store.list_golden(access, model, None, 10_000).await.unwrap();
    let values = |values: kanak_model::golden_record::GoldenValues| {
        values.into_iter().map(|(name, value)| (name, value.value)).collect()
    };
    golden.into_iter().map(|record| (record.id.0, values(record.values))).collect()
}

async fn in_lake(deployment: &Deployment, access: &Access) -> Seen {
    let model = deployment.get_model("citizen").unwrap();
    let mut seen = Seen::new();
    let mut tables = vec!["dim_citizens"];
    if access.shows(Class::Personal) {
        tables.push("dim_citizens_personal");
    }
    for table in tables {
        let sql = format!("select * from {table} where is_current");
        let result = deployment.warehouse.query(access, &sql, QueryLimits::default()).await.unwrap();
        for row in rows_json(&result) {
            assert!(
                !access.may_withhold() || row["stated_by"].is_null(),
                "it would tell which registers know somebody"
            );
            let values = seen.entry(row["golden_id"].as_i64().unwrap()).or_default();
            for attribute in &model.attributes {
                if let Some(text) = row.get(&attribute.name).and_then(Value::as_str) {
                    values.insert(attribute.name.clone(), text.to_owned());
                }
            }
        }
    }
    seen
}

/// Both compilers give the same rows and values, for any access.
fn compare(hub: Option<String>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let house = runtime.block_on(async {
        let house = house("[sharing]\nreads = \"agreed\"\n", hub).await;
        refresh(&house.deployment, &Output::silent()).await.unwrap();
        house
    });
    let deployment = &house.deployment;
    let (mut some, mut withheld) = (0, 0);
    let everything = runtime.block_on(in_hub(deployment, &Access::operation("test")));
    let all: usize = everything.values().map(BTreeMap::len).sum();
    let compared = TestRunner::new(Config::with_cases(120)).run(&reader(), |reader| {
        let Ok(access) = Access::decide_under(&reader.caller, reader.purpose, Some(reader.basis), &reader.terms) else {
            return Ok(());
        };
        let (hub, lake) =
            runtime.block_on(async { (in_hub(deployment, &access).await, in_lake(deployment, &access).await) });
        prop_assert_eq!(&hub, &lake);
        Ok(())
    });
    compared.unwrap();
    // That they agree on nothing would prove nothing.
    let mut runner = TestRunner::deterministic();
    for _ in 0..60 {
        let reader = reader().new_tree(&mut runner).unwrap().current();
        let Ok(access) = Access::decide_under(&reader.caller, reader.purpose, Some(reader.basis), &reader.terms) else {
            continue;
        };
        let seen: usize = runtime.block_on(in_hub(deployment, &access)).values().map(BTreeMap::len).sum();
        some += usize::from(seen > 0);
        withheld += usize::from(seen > 0 && seen < all);
    }
    assert!(some > 10 && withheld > 10, "{some} of 60 see something, {withheld} not all");
    runtime.block_on(deployment.store.close());
}

#[test]
fn hub_and_warehouse_show_the_same_rows_and_values_to_any_access() {
    compare(None);
}

#[test]
fn a_hub_on_postgresql_shows_the_same_rows_and_values_as_the_warehouse() {
    let Ok(server) = std::env::var("KANAK_TEST_POSTGRES") else {
        eprintln!("skipped: set KANAK_TEST_POSTGRES=postgres://user@host:port/postgres");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let name = format!("kanak_sharing_{}", std::process::id());
    let admin = runtime.block_on(Admin::connect(&server)).unwrap();
    runtime.block_on(admin.create(&name)).unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    compare(Some(format!("{base}/{name}")));
    runtime.block_on(admin.drop(&name)).unwrap();
}
