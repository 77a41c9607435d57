//! One good file: what becomes of its rows.

use kanak_codes::identifiers::Aadhaar;
use kanak_ingest::{IngestError, Rows, read_file};
use kanak_model::quality::{LeftOut, QualityRule};
use kanak_model::source_record::NewSourceRecord;

use crate::support::{CITIZENS, Folder, HEADER, STANDARDIZER, Taken, citizen, csv_source, read, read_rows};

const AADHAAR: &str = "234123412346";

#[track_caller]
fn value<'a>(taken: &'a Taken, attribute: &str) -> Option<&'a str> {
    taken.rows[0].values.find(attribute)
}

#[test]
fn columns_become_standard_values_beside_the_sources_own_words() {
    let taken =
        read_rows("R1,GURPREET SINGH,Harbhajan Singh,1,01/03/1985,,12,Mall Road,Moga,Moga,2024-03-31T18:30:00Z\n");
    assert_eq!(taken.rejected, []);
    let row = &taken.rows[0];
    assert_eq!((row.line, row.key.as_str()), (2, "R1"));
    assert_eq!(row.values.find_stated("full_name").unwrap().standard, "Gurpreet Singh");
    assert_eq!(row.values.find_stated("full_name").unwrap().words(), "GURPREET SINGH");
    assert_eq!(value(&taken, "sex"), Some("M"));
    assert_eq!(row.values.find_stated("sex").unwrap().words(), "1");
    assert_eq!(value(&taken, "date_of_birth"), Some("1985-03-01"));
    assert!(value(&taken, "address").unwrap().contains("12"), "{row:?}");
    assert!(value(&taken, "address").unwrap().contains("Mall"), "{row:?}");
    assert_eq!(row.updated.unwrap().0, 1_711_909_800_000_000);
    assert!(value(&taken, "district").is_some() && value(&taken, "sub_district").is_some(), "{row:?}");
    assert_eq!((taken.report.rows, taken.report.accepted, taken.report.rejected_rows()), (1, 1, 0));
}

#[test]
fn an_aadhaar_number_is_a_secret_and_stands_nowhere_else() {
    let rows = format!("R1,Ana,Bir,2,1985,{AADHAAR},UID 2341 2341 2346,x,,,\n");
    let mut taken = read_rows(&rows);
    let row = &mut taken.rows[0];
    assert_eq!(row.secrets.len(), 1);
    assert_eq!(row.secrets[0].aadhaar, Aadhaar::parse(AADHAAR).unwrap());
    assert_eq!(row.values.find("aadhaar"), None);
    let shown = format!("{row:?}").replace([' ', '-'], "");
    assert!(!shown.contains(AADHAAR), "{shown}");
    row.fill(0, "ref-1");
    let record = NewSourceRecord::from(row.clone());
    assert_eq!(record.values.find("aadhaar"), Some("ref-1"));
}

#[test]
fn a_relative_named_in_the_name_fills_an_empty_column_only() {
    let taken =
        read_rows("R1,Gurpreet Singh S/o Harbhajan Singh,,1,,,,,,,\nR2,Ana W/o Bir Singh,Gian Singh,2,,,,,,,\n");
    assert_eq!(taken.rows[0].values.find("full_name"), Some("Gurpreet Singh"));
    assert_eq!(taken.rows[0].values.find("father_name"), Some("Harbhajan Singh"));
    assert_eq!(taken.rows[1].values.find("father_name"), Some("Gian Singh"));
    assert_eq!(taken.rows[1].values.find("spouse_name"), Some("Bir Singh"));
    let kept = read_rows("R1,Gurpreet Singh S/o Harbhajan Singh,Gian Singh,1,,,,,,,\n");
    assert_eq!(value(&kept, "father_name"), Some("Gian Singh"));
}

#[test]
fn a_husband_in_the_column_for_fathers_is_no_father() {
    let taken = read_rows("R1,Ana,W/o Bir Singh,2,,,,,,,\nR2,Gian Singh,S/o Bir Singh,1,,,,,,,\n");
    assert_eq!(taken.rows[0].values.find("father_name"), None);
    assert_eq!(taken.rows[0].values.find("spouse_name"), Some("Bir Singh"));
    assert_eq!(taken.rows[1].values.find("father_name"), Some("Bir Singh"));
    assert_eq!(taken.rows[1].values.find("spouse_name"), None);
}

#[test]
fn a_row_without_a_key_or_a_name_is_rejected_with_its_line() {
    let taken = read_rows("R1,Ana,,,,,,,,,\n,Bir,,,,,,,,,\nR3,,,,,,,,,,\n");
    assert_eq!(taken.rows.len(), 1);
    let rejected: Vec<_> = taken.rejected.iter().map(|row| (row.line, row.rule)).collect();
    assert_eq!(rejected, [(3, QualityRule::KeyMissing), (4, QualityRule::Required)]);
    assert_eq!(taken.rejected[1].key.as_deref(), Some("R3"));
    assert_eq!(taken.rejected[1].column.as_deref(), Some("Name"));
    assert_eq!(taken.report.rejected[&QualityRule::Required], 1);
}

#[test]
fn a_later_row_with_the_same_key_is_rejected_and_names_the_first() {
    let taken = read_rows("R1,Ana,,,,,,,,,\nR2,Bir,,,,,,,,,\n R1 ,Ana Kaur,,,,,,,,,\n");
    assert_eq!(taken.rows.len(), 2);
    assert_eq!((taken.rejected[0].line, taken.rejected[0].rule), (4, QualityRule::KeyDuplicate));
    assert!(taken.rejected[0].reason.contains("line 2 of the file has the same key"), "{:?}", taken.rejected);
}

#[test]
fn a_value_that_does_not_fit_is_left_out_and_counted_and_its_row_goes_on() {
    let taken = read_rows("R1,Ana,,,31/02/1985,234123412345,,,,,\nR2,Bir,,7,,,,,,Nowhereland,yesterday\n");
    assert_eq!(taken.rows.len(), 2);
    assert_eq!(value(&taken, "date_of_birth"), None);
    let left_out = |attribute: &str, rule| LeftOut { attribute: attribute.into(), rule, count: 1 };
    let expected = [
        left_out("aadhaar", QualityRule::Checksum),
        left_out("date_of_birth", QualityRule::Kind),
        left_out("district", QualityRule::Code),
        left_out("sex", QualityRule::Kind),
        left_out("updated", QualityRule::Kind),
    ];
    assert_eq!(taken.report.left_out, expected);
}

#[test]
fn a_value_typed_to_get_past_a_form_is_left_out_and_counted_and_a_word_for_nothing_is_not() {
    let text = CITIZENS.replace("FORMAT", r#"{ type = "csv" }"#).replace("to = \"father_name\"", "to = \"mobile\"");
    let source = kanak_model::SourceSystem::parse("ration.toml", &text).unwrap();
    let rows = "R1,Ana,9999999999,,,,,,,,\nR2,Bir,NA,,,,,,,,\nR3,Gian,9876501234,,,,,,,,\nR4,Om,,,,,,,,,\n";
    let folder = Folder::new();
    let file = folder.write("ration.csv", format!("{HEADER}\n{rows}"));
    let taken = read(&source, Rows::Entity(&citizen()), &file).unwrap();
    let mobiles: Vec<_> = taken.rows.iter().map(|row| row.values.find("mobile")).collect();
    assert_eq!(mobiles, [None, None, Some("9876501234"), None]);
    let filler = LeftOut { attribute: "mobile".into(), rule: QualityRule::Filler, count: 1 };
    assert_eq!(taken.report.left_out, [filler]);
}

#[test]
fn a_day_of_change_that_is_still_to_come_is_left_out() {
    let taken = read_rows(
        "R1,Ana,,,,,,,,,2099-01-01\nR2,Bir,,,,,,,,,2025-06-02\nR3,Gian,,,,,,,,,2025-06-01\nR4,Harjit,,,,,,,,,2025-05-31\n",
    );
    let updated: Vec<bool> = taken.rows.iter().map(|row| row.updated.is_some()).collect();
    assert_eq!(updated, [false, false, true, true]);
    let expected = LeftOut { attribute: "updated".into(), rule: QualityRule::Range, count: 2 };
    assert_eq!(taken.report.left_out, [expected]);
}

#[test]
fn rows_keep_their_order_over_many_batches_and_threads() {
    let rows: String = (0..12_345).map(|at| format!("R{at},Ana Kaur,,2,1985-03-01,,,,,,\n")).collect();
    let taken = read_rows(&rows);
    assert_eq!(taken.batches, 3);
    assert_eq!(taken.report.accepted, 12_345);
    assert!(taken.rows.iter().enumerate().all(|(at, row)| row.line == at as u64 + 2 && row.key == format!("R{at}")));
}

#[test]
fn columns_that_nothing_is_taken_from_are_named() {
    let text = format!("{HEADER},Shop\nR1,Ana,,,,,,,,,,S9\n");
    let taken = crate::support::read_bytes(r#"{ type = "csv" }"#, "ration.csv", text).unwrap();
    assert_eq!(taken.report.columns_ignored, ["Shop"]);
    assert_eq!(taken.report.accepted, 1);
}

#[test]
fn a_taker_that_fails_stops_the_file() {
    let folder = Folder::new();
    let path = folder.write("ration.csv", format!("{HEADER}\nR1,Ana,,,,,,,,,\n"));
    let today = chrono::NaiveDate::from_ymd_opt(2025, 6, 1).unwrap();
    let model = citizen();
    let mut sink = |_| Err(std::io::Error::other("the hub is full"));
    let error = read_file(&csv_source(), Rows::Entity(&model), &path, &STANDARDIZER, today, &mut sink).unwrap_err();
    assert!(matches!(&error, IngestError::Sink { .. }), "{error}");
    crate::support::says(&error, &["ration.csv", "the hub is full"]);
}

/// Numbers of an office's own series, of which one in ten passes as an Aadhaar number.
fn cards() -> impl Iterator<Item = u64> {
    300_000_000_000..300_000_000_200
}

#[test]
fn keys_of_twelve_digits_go_on_although_some_pass_as_aadhaar_numbers() {
    let passing = cards().filter(|card| Aadhaar::parse(&card.to_string()).is_ok()).count();
    assert_eq!(passing, 20);
    let rows: String = cards().map(|card| format!("{card},Ana Kaur,,,,,,,,,\n")).collect();
    let taken = read_rows(&rows);
    assert_eq!((taken.rows.len(), taken.rejected.len()), (200, 0));
    let few = read_rows("300000000002,Ana,,,,,,,,,\n234123412346,Bir,,,,,,,,,\n");
    assert_eq!((few.rows.len(), few.rejected.len()), (1, 1), "two numbers tell nothing");
}

#[test]
fn identifiers_of_twelve_digits_are_judged_as_a_column_too() {
    let text =
        CITIZENS.replace("FORMAT", r#"{ type = "csv" }"#).replace("to = \"father_name\"", "to = \"ration_card\"");
    let source = kanak_model::SourceSystem::parse("ration.toml", &text).unwrap();
    let folder = Folder::new();
    let read = |cards: &mut dyn Iterator<Item = String>| {
        let rows: String = cards.enumerate().map(|(at, card)| format!("R{at},Ana,{card},,,,,,,,\n")).collect();
        read(&source, Rows::Entity(&citizen()), &folder.write("ration.csv", format!("{HEADER}\n{rows}"))).unwrap()
    };
    let own = read(&mut cards().map(|card| card.to_string()));
    assert_eq!(own.report.left_out, []);
    let card = own.rows[5].values.find_stated("ration_card").unwrap();
    assert_eq!((card.standard.as_str(), card.words()), ("300000000005", "300000000005"));
    let people = read(&mut cards().map(|card| card.to_string()).filter(|card| Aadhaar::parse(card).is_ok()));
    let left_out = LeftOut { attribute: "ration_card".into(), rule: QualityRule::Kind, count: 20 };
    assert_eq!(people.report.left_out, [left_out]);
}

#[test]
fn a_pin_in_the_address_fills_an_empty_column_only() {
    let taken =
        read_rows("R1,Ana,,,,,12,\"Model Town, Ludhiana - 141002\",,,\nR2,Ana,,,,,12,Model Town 9814012345,,,\n");
    assert_eq!(taken.rows[0].values.find("pin"), Some("141002"));
    assert_eq!(taken.rows[1].values.find("pin"), None);
    let text = CITIZENS.replace("FORMAT", r#"{ type = "csv" }"#).replace("to = \"father_name\"", "to = \"pin\"");
    let source = kanak_model::SourceSystem::parse("ration.toml", &text).unwrap();
    let folder = Folder::new();
    let path = folder.write("ration.csv", format!("{HEADER}\nR1,Ana,143001,,,,12,Ludhiana - 141002,,,\n"));
    let stated = read(&source, Rows::Entity(&citizen()), &path).unwrap();
    assert_eq!(value(&stated, "pin"), Some("143001"));
}

#[test]
fn a_proprietor_in_the_name_of_a_firm_fills_an_empty_owner() {
    let text = r#"
[source]
name = "shops"
title = { en = "Shops" }
department = "LAB"
entity = "business"
files = "shops*.csv"
format = { type = "csv" }
key = "No"

[[column]]
from = "Shop"
to = "business_name"

[[column]]
from = "Owner"
to = "owner_name"
"#;
    let source = kanak_model::SourceSystem::parse("shops.toml", text).unwrap();
    let models = kanak_model::builtin::entity_models().unwrap();
    let business = models.iter().find(|model| model.name == "business").unwrap();
    let folder = Folder::new();
    let shops = "No,Shop,Owner\n1,M/s Gill Store Prop. S. Gurpreet Singh,\n2,Gill Store Prop. Gurpreet Singh,Ana Kaur\n3,Proper Foods,\n";
    let taken = read(&source, Rows::Entity(business), &folder.write("shops.csv", shops)).unwrap();
    let owners: Vec<_> = taken.rows.iter().map(|row| row.values.find("owner_name")).collect();
    assert_eq!(owners, [Some("Gurpreet Singh"), Some("Ana Kaur"), None]);
}

#[test]
fn the_source_says_in_which_order_its_dates_of_change_are_written() {
    let changed = |order: &str| {
        let declared = format!("updated = \"Changed\"\n{order}");
        let text = CITIZENS.replace("FORMAT", r#"{ type = "csv" }"#).replace("updated = \"Changed\"", &declared);
        kanak_model::SourceSystem::parse("ration.toml", &text)
    };
    let folder = Folder::new();
    let path = folder.write("ration.csv", format!("{HEADER}\nR1,Ana,,,,,,,,,03/04/2024\n"));
    let micros = |order: &str| {
        let taken = read(&changed(order).unwrap(), Rows::Entity(&citizen()), &path).unwrap();
        taken.rows[0].updated.unwrap().to_string()
    };
    assert_eq!(micros(""), "2024-04-02T18:30:00Z");
    assert_eq!(micros("updated_date_order = \"mdy\""), "2024-03-03T18:30:00Z");
    let wrong = changed("updated_date_order = \"american\"").unwrap_err().to_string();
    for word in ["ration.toml", "american", "dmy", "mdy", "ymd"] {
        assert!(wrong.contains(word), "{wrong}");
    }
    let text = CITIZENS.replace("FORMAT", r#"{ type = "csv" }"#);
    let alone = text.replace("updated = \"Changed\"", "updated_date_order = \"mdy\"");
    let error = kanak_model::SourceSystem::parse("ration.toml", &alone).unwrap_err().to_string();
    assert!(error.contains("`updated_date_order` goes with `updated`"), "{error}");
}
