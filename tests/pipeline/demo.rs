//! `demo`, run once, twice and cut off; `verify`; and the search for Aadhaar numbers where none may be.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kanak_codes::identifiers::Aadhaar;
use kanak_model::Class;
use kanak_model::relation::RelationEnd;
use kanak_tests::{files_below, kanak, kanak_binary, kanak_ok};

use crate::state::{run_demo, sql, state};

#[test]
fn the_demo_finds_most_of_what_the_truth_holds() {
    let (state, _guard) = state();
    let summary = state.demo.json();
    for (entity, floor) in [("citizen", 0.88), ("business", 0.85), ("employee", 0.85), ("scheme", 0.85)] {
        let f1 = summary["accuracy"][entity]["f1"].as_f64().unwrap();
        assert!(f1 >= floor, "{entity}: pair F1 {f1} is below {floor}; {}", summary["accuracy"]);
    }
    let citizens = summary["source_records"]["citizen"].as_u64().unwrap();
    let golden = summary["golden_records"]["citizen"].as_u64().unwrap();
    assert!(golden < citizens && golden > citizens / 4, "{golden} golden records of {citizens}");
    assert!(!summary["rejected_by_rule"].as_object().unwrap().is_empty(), "the made-up state has rows to refuse");
}

#[test]
fn every_accepted_source_record_is_linked_once_and_the_lake_reconciles_with_the_hub() {
    let (state, _guard) = state();
    let summary = state.demo.json();
    for (entity, dimension) in [
        ("citizen", "dim_citizens"),
        ("business", "dim_businesses"),
        ("employee", "dim_employees"),
        ("scheme", "dim_schemes"),
        ("public_body", "dim_public_bodies"),
        ("asset", "dim_assets"),
        ("policy_rule", "dim_policy_rules"),
    ] {
        let query = format!("select count(*) as n from {dimension} where is_current");
        let in_lake = state.sql(&query)[0]["n"].as_u64().unwrap();
        assert_eq!(in_lake, summary["golden_records"][entity].as_u64().unwrap(), "{dimension}");
        let query = format!(
            "select count(*) as n, count(distinct source_system || '/' || source_key) as d from bridge_crosswalk where entity = '{entity}'"
        );
        let row = &state.sql(&query)[0];
        assert_eq!(row["n"], row["d"], "a source record stands twice in the crosswalk");
        assert_eq!(row["n"].as_u64(), summary["source_records"][entity].as_u64(), "{entity}");
    }
}

#[test]
fn every_relation_that_a_model_declares_leads_somewhere_in_the_lake() {
    let (state, _guard) = state();
    for model in kanak_model::builtin::entity_models().unwrap() {
        for relation in &model.relations {
            let table =
                if relation.class <= Class::Internal { "bridge_relations" } else { "bridge_relations_personal" };
            let query = format!(
                "select count(*) as n, count(coalesce(to_golden_id, to_group)) as golden, count(to_code) as codes
                 from {table} where is_current and entity = '{}' and relation = '{}'",
                model.name, relation.name
            );
            let row = &state.sql(&query)[0];
            let ends = if matches!(relation.end, RelationEnd::Code { .. }) { "codes" } else { "golden" };
            assert!(row["n"].as_u64().unwrap() > 0, "{}.{}: {row}", model.name, relation.name);
            assert!(row[ends].as_u64().unwrap() > 0, "{}.{} leads nowhere: {row}", model.name, relation.name);
        }
    }
    // Whoever reports to somebody of the same register does so to a golden record that is held.
    let heads = "select count(*) as n from bridge_relations r join dim_employees e on e.golden_id = r.to_golden_id and e.is_current
        where r.relation = 'reports_to' and r.is_current";
    let all = "select count(*) as n from bridge_relations where relation = 'reports_to' and is_current";
    let (heads, all) = (state.sql(heads)[0]["n"].as_u64().unwrap(), state.sql(all)[0]["n"].as_u64().unwrap());
    assert!(heads > 0 && heads <= all, "{heads} of {all}");
}

#[test]
fn a_second_run_changes_nothing() {
    let (state, _guard) = state();
    let ids =
        |data: &Path| sql(data, "select source_system, source_key, golden_id from bridge_crosswalk order by 1, 2");
    let before = ids(&state.data());
    assert!(before.as_array().unwrap().len() > 4000);
    let second = run_demo(&state.data(), crate::state::RECORDS).json();
    assert_eq!((second["new"].as_u64(), second["changed"].as_u64()), (Some(0), Some(0)));
    assert!(second["files"].as_array().unwrap().iter().all(|file| file["known"] == true), "{}", second["files"]);
    assert_eq!(ids(&state.data()), before);
}

#[test]
fn verify_names_what_it_checked_and_finds_a_hub_that_was_tampered_with() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("kanak-data");
    run_demo(&data, "300");
    let data_text = data.display().to_string();
    let good = kanak_ok(["verify", "--data", &data_text, "--json"]).json();
    assert!(good.as_array().unwrap().len() >= 8, "{good}");
    // A hub that lost its sealed landing must not pass.
    let sealed = files_below(&data.join("landing")).into_iter().next().unwrap();
    let mut bytes = std::fs::read(&sealed).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&sealed, bytes).unwrap();
    let bad = kanak(["verify", "--data", &data_text]);
    assert_eq!(bad.status, Some(1), "{}", bad.stdout);
    assert!(bad.reason().contains("landing"), "{}", bad.reason());
}

#[test]
fn a_run_that_was_killed_is_completed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let expected = run_demo(&whole, "600").json();
    for after_ms in [30, 150, 300, 500, 800] {
        let data = folder.path().join(format!("cut-{after_ms}"));
        let data_text = data.display().to_string();
        let mut child = Command::new(kanak_binary())
            .args(["demo", "--records", "600", "--no-serve", "--quiet", "--data", &data_text])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(after_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        let resumed = run_demo(&data, "600").json();
        assert_eq!(resumed["golden_records"], expected["golden_records"], "cut after {after_ms} ms");
        assert_eq!(resumed["source_records"], expected["source_records"], "cut after {after_ms} ms");
        kanak_ok(["verify", "--data", &data_text]);
    }
}

/// Every run of twelve digits, perhaps grouped by spaces or hyphens, that passes the rules of an Aadhaar number.
fn aadhaar_numbers(bytes: &[u8], found: &mut HashSet<String>) {
    let mut digits = String::new();
    let mut keep = |digits: &mut String| {
        if digits.len() == 12 && Aadhaar::parse(digits).is_ok() {
            found.insert(digits.clone());
        }
        digits.clear();
    };
    for (place, byte) in bytes.iter().enumerate() {
        let between_digits = bytes.get(place + 1).is_some_and(u8::is_ascii_digit);
        match byte {
            b'0'..=b'9' => digits.push(char::from(*byte)),
            // UTF-16 text has a zero after each digit; groups have one space or hyphen.
            0 => {}
            b' ' | b'-' if between_digits && digits.len().is_multiple_of(4) => {}
            _ => keep(&mut digits),
        }
    }
    keep(&mut digits);
}

#[test]
fn no_aadhaar_number_of_the_input_is_found_outside_the_vault() {
    let (state, _guard) = state();
    let mut given = HashSet::new();
    for file in files_below(&state.extracts()) {
        aadhaar_numbers(&std::fs::read(file).unwrap(), &mut given);
    }
    assert!(given.len() > 200, "the extracts hold only {} Aadhaar numbers: this test would show nothing", given.len());
    let backup = state.data().with_file_name("backup");
    let data = state.data().display().to_string();
    if backup.exists() {
        std::fs::remove_dir_all(&backup).unwrap();
    }
    let output = kanak_ok(["backup", &backup.display().to_string(), "--data", &data]);
    let mut places = files_below(&state.data());
    places.extend(files_below(&backup));
    let mut leaked: Vec<String> = Vec::new();
    let mut look = |place: String, bytes: &[u8]| {
        let mut here = HashSet::new();
        aadhaar_numbers(bytes, &mut here);
        let common = here.intersection(&given).count();
        if common > 0 {
            leaked.push(format!("{common} in {place}"));
        }
    };
    for file in places {
        if !file.file_name().unwrap().to_string_lossy().starts_with("vault.sqlite") {
            look(file.display().to_string(), &std::fs::read(&file).unwrap());
        }
    }
    for (name, text) in [("demo's output", &state.demo), ("backup's output", &output)] {
        look(name.to_owned(), text.stdout.as_bytes());
        look(name.to_owned(), text.stderr.as_bytes());
    }
    // Compressed tables are read as tables.
    let tables =
        state.sql("select table_name from information_schema.tables where table_schema not like 'information%'");
    for table in tables.as_array().unwrap() {
        let name = table["table_name"].as_str().unwrap();
        let rows = kanak_ok([
            "sql",
            &format!("select * from {name}"),
            "--purpose",
            "operation",
            "--rows-max",
            "1000000",
            "--json",
            "--data",
            &data,
        ]);
        look(format!("table {name}"), rows.stdout.as_bytes());
    }
    assert!(tables.as_array().unwrap().len() > 10, "{tables}");
    assert!(leaked.is_empty(), "{leaked:?}");
}

#[test]
fn a_data_folder_belongs_to_one_process() {
    let (state, _guard) = state();
    let lock = std::fs::OpenOptions::new().write(true).open(state.data().join("kanak.lock")).unwrap();
    lock.lock().unwrap();
    let refused = kanak(["sql", "select 1", "--data", &state.data().display().to_string()]);
    assert_eq!(refused.status, Some(1));
    assert!(refused.reason().contains("another kanak process owns"), "{}", refused.reason());
    lock.unlock().unwrap();
}

#[test]
fn every_mart_answers() {
    let (state, _guard) = state();
    let marts: Vec<String> = std::fs::read_dir(kanak_tests::workspace().join("warehouse/models/marts"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(marts.len() >= 8);
    for mart in marts {
        let rows = state.sql(&format!("select * from {mart} limit 5"));
        assert!(!rows.as_array().unwrap().is_empty(), "{mart} is empty");
    }
}
