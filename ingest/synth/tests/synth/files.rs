//! Which files there are, how many rows they have, and that the same seed makes the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kanak_synth::ratios::{self, rows};

use crate::made::{RECORDS, make, state};
use crate::sources::declared;

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for folder in [folder.to_owned(), folder.join("truth")] {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            all.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
        }
    }
    all
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_another_seed_others() {
    let (one, two, other) = (make(3_000, 5), make(3_000, 5), make(3_000, 6));
    let (one, two, other) = (contents(one.0.path()), contents(two.0.path()), contents(other.0.path()));
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(*bytes == two[name], "{name} is not the same");
    }
    assert!(one["citizen.csv"] != other["citizen.csv"]);
}

fn rows_of(sources: &[&str]) -> u64 {
    let is_extract = |path: &Path| path.parent().unwrap().file_name().unwrap() != "truth";
    let files = state().1.files.iter().filter(|file| is_extract(&file.path) && sources.contains(&file.source.as_str()));
    files.map(|file| file.rows).sum()
}

#[track_caller]
fn check(sources: &[&str], expected: u64) {
    assert_eq!(rows_of(sources), expected, "{sources:?}");
}

#[test]
fn every_register_has_the_rows_that_the_ratios_promise() {
    check(
        &[
            "food_civil_supplies",
            "election",
            "health",
            "education",
            "transport",
            "land_revenue",
            "social_security",
            "civil_births",
            "civil_deaths",
            "civil_marriages",
        ],
        RECORDS,
    );
    check(&["gst", "shops", "udyam", "trade_licence"], rows(ratios::BUSINESS_PER_CITIZEN_RECORD, RECORDS));
    check(&["hrms", "treasury_payroll"], rows(ratios::EMPLOYEE_PER_CITIZEN_RECORD, RECORDS));
    check(&["service_applications"], rows(ratios::APPLICATIONS_PER_CITIZEN_RECORD, RECORDS));
    check(&["grievances"], rows(ratios::GRIEVANCES_PER_CITIZEN_RECORD, RECORDS));
    check(&["receipts"], rows(ratios::RECEIPTS_PER_CITIZEN_RECORD, RECORDS));
    check(&["benefit_payments"], rows(ratios::BENEFITS_PER_CITIZEN_RECORD, RECORDS));
    check(&["finance_schemes"], ratios::SCHEMES);
    check(&["department_schemes"], ratios::SCHEMES);
    check(&["public_undertakings"], ratios::PUBLIC_BODIES);
    check(&["company_register"], ratios::PUBLIC_BODIES);
    check(&["asset_register"], ratios::ASSETS);
    check(&["policy_gazette"], ratios::POLICY_RULES);
    check(&["department_rules"], ratios::POLICY_RULES);
    check(&["scheme_targets"], ratios::SCHEME_TARGETS);
}

#[test]
fn every_declared_source_has_a_file_that_its_pattern_matches_and_no_file_is_left_over() {
    let mut extracts: Vec<String> = fs::read_dir(state().0.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "truth")
        .collect();
    for source in declared() {
        let before = extracts.len();
        extracts.retain(|name| {
            !source.files.iter().any(|pattern| {
                let (start, end) = pattern.split_once('*').unwrap();
                name.starts_with(start) && name.ends_with(end)
            })
        });
        assert_eq!(extracts.len(), before - 1, "{}", source.name);
    }
    assert!(extracts.is_empty(), "{extracts:?}");
}

#[test]
fn a_state_of_no_or_few_records_is_made_whole() {
    for records in [0, 1, 7] {
        let (folder, made) = make(records, 2);
        let citizens: u64 = [
            "food_civil_supplies",
            "election",
            "health",
            "education",
            "transport",
            "land_revenue",
            "social_security",
            "civil_births",
            "civil_deaths",
            "civil_marriages",
        ]
        .iter()
        .flat_map(|source| made.files.iter().filter(move |file| file.source == **source))
        .map(|file| file.rows)
        .sum();
        assert_eq!(citizens, records);
        assert_eq!(contents(folder.path()).len(), made.files.len());
    }
}
