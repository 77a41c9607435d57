//! Events happen in order, before the end, and to people whom registers know.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime};
use kanak_codes::identifiers::find_aadhaar_like;

use crate::made::{end, path_of, state, truth};
use crate::reading::read;
use crate::sources::declared;

/// The rows of an event's extract that can be loaded.
fn rows(name: &str) -> Vec<BTreeMap<String, String>> {
    let source = declared().into_iter().find(|source| source.name == name).unwrap();
    let refused: HashSet<u64> =
        truth("refused.csv").iter().filter(|line| line[0] == name).map(|line| line[2].parse().unwrap()).collect();
    let file = read(&source, &path_of(name)).unwrap();
    file.rows.into_iter().filter(|row| !refused.contains(&row.line)).map(|row| row.fields.unwrap()).collect()
}

fn time(text: &str) -> NaiveDateTime {
    ["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M:%S+05:30"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .unwrap_or_else(|| panic!("{text}"))
}

/// The times of a row are in order and within three years of the end.
#[track_caller]
fn check_order(row: &BTreeMap<String, String>, columns: &[&str]) {
    let times: Vec<_> = columns
        .iter()
        .filter_map(|column| row.get(*column))
        .filter(|text| !text.is_empty())
        .map(|text| time(text))
        .collect();
    let first = NaiveDate::from_ymd_opt(2023, 11, 1).unwrap();
    assert!(times.iter().all(|time| time.date() >= first && time.date() < end()), "{row:?}");
    assert!(times.is_sorted(), "{row:?}");
}

#[test]
fn times_are_in_order_and_before_the_end() {
    for (name, columns) in [
        ("service_applications", &["APPLIED_AT", "DISPOSED_AT"][..]),
        ("grievances", &["filedAt", "assignedAt", "closedAt"]),
        ("receipts", &["RECEIVED_ON"]),
        ("benefit_payments", &["paid_at"]),
    ] {
        for row in &rows(name) {
            check_order(row, columns);
        }
    }
}

#[test]
fn keys_of_events_are_keys_of_registers() {
    let mut keys: HashMap<String, HashSet<String>> = HashMap::new();
    for line in ["citizen.csv", "business.csv", "employee.csv"].into_iter().flat_map(truth) {
        keys.entry(line[0].clone()).or_default().insert(line[1].clone());
    }
    for (name, column, register, at_least) in [
        ("service_applications", "RATION_CARD_MEMBER", "food_civil_supplies", 0.3),
        ("service_applications", "OFFICER_ID", "hrms", 0.6),
        ("grievances", "electorRef", "election", 0.4),
        ("grievances", "assignedTo", "hrms", 0.5),
        ("receipts", "PAYER_GSTIN", "gst", 0.15),
        ("benefit_payments", "beneficiary_id", "social_security", 1.0),
    ] {
        let rows = rows(name);
        let given: Vec<&String> = rows.iter().filter_map(|row| row.get(column)).filter(|key| !key.is_empty()).collect();
        let share = given.len() as f64 / rows.len() as f64;
        assert!(share >= at_least, "{name} {column}: {share}");
        let unknown: Vec<_> = given.iter().filter(|key| !keys[register].contains(**key)).collect();
        assert!(unknown.is_empty(), "{name} {column}: {unknown:?}");
    }
}

#[test]
fn most_applications_are_disposed_of_and_some_offices_are_slower_than_others() {
    let rows = rows("service_applications");
    let share = |status: &str| rows.iter().filter(|row| row["STATUS"] == status).count() as f64 / rows.len() as f64;
    assert!(share("delivered") > 0.85 && share("rejected") > 0.03 && share("pending") > 0.001);
}

#[test]
fn a_few_benefits_are_paid_after_a_death() {
    let entity: HashMap<(String, String), String> =
        truth("citizen.csv").into_iter().map(|line| ((line[0].clone(), line[1].clone()), line[2].clone())).collect();
    let deaths: HashMap<&String, NaiveDate> = rows("civil_deaths")
        .into_iter()
        .filter_map(|row| {
            let died = NaiveDate::parse_from_str(&row["DATE_OF_DEATH"], "%d-%m-%Y").unwrap();
            Some((entity.get(&("civil_deaths".to_owned(), row["REGN_NO"].clone()))?, died))
        })
        .collect();
    let payments = rows("benefit_payments");
    let late = payments.iter().filter(|row| {
        let who = &entity[&("social_security".to_owned(), row["beneficiary_id"].clone())];
        deaths.get(who).is_some_and(|died| time(&row["paid_at"]).date() > *died)
    });
    let share = late.count() as f64 / payments.len() as f64;
    assert!((0.0002..0.05).contains(&share), "{share}");
}

#[test]
fn some_grievances_give_away_a_number() {
    let rows = rows("grievances");
    let with_aadhaar = rows.iter().filter(|row| !find_aadhaar_like(&row["description"]).is_empty()).count();
    let with_phone = rows.iter().filter(|row| row["description"].contains("Call me on ")).count();
    assert!(with_aadhaar > 5 && with_phone > 10, "{with_aadhaar} {with_phone}");
    assert!(with_aadhaar + with_phone < rows.len() / 20);
    assert_eq!(
        rows.len() as u64,
        state()
            .1
            .files
            .iter()
            .filter(|file| file.source == "grievances")
            .map(|file| file.rows - file.refused)
            .sum::<u64>()
    );
}
