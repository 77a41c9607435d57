//! A folder of broken input: each file gets a message that names file, place and remedy; nothing is half-loaded, nothing panics.

use crate::house::{House, SOURCE};

/// The file is refused whole, for these reasons, and leaves nothing behind.
#[track_caller]
fn refused(name: &str, bytes: impl AsRef<[u8]>, words: &[&str]) {
    let house = House::new();
    let path = house.file(name, bytes);
    let ran = house.ingest(&path);
    assert_eq!(ran.status, Some(1), "{name}: {} {}", ran.stdout, ran.stderr);
    assert!(ran.reason().starts_with("kanak: "), "{name}: {}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    for word in words.iter().chain([&name]) {
        assert!(
            ran.reason().to_lowercase().contains(&word.to_lowercase()),
            "{name} should say {word}: {}",
            ran.reason()
        );
    }
    assert_eq!(house.rows_in_hub(), 0, "{name} was half-loaded");
}

/// The file is taken; this many rows go on, and one is quarantined for this rule at this line.
#[track_caller]
fn quarantined(name: &str, bytes: impl AsRef<[u8]>, accepted: u64, rejected: u64) {
    let house = House::new();
    let path = house.file(name, bytes);
    let ran = house.ingest(&path);
    assert_eq!(ran.status, Some(0), "{name}: {}", ran.stderr);
    let file = &ran.json()["files"][0];
    assert_eq!(
        (file["accepted"].as_u64(), file["rejected"].as_u64()),
        (Some(accepted), Some(rejected)),
        "{name}: {file}"
    );
}

#[test]
fn an_empty_file_is_refused() {
    refused("people.csv", "", &["empty"]);
}

#[test]
fn a_header_alone_brings_no_rows() {
    quarantined("people.csv", "ID,NAME,DOB,AADHAAR\n", 0, 0);
}

#[test]
fn a_missing_column_is_named_with_the_columns_there_are() {
    refused("people.csv", "ID,NAM,DOB,AADHAAR\n1,Asha,1990-01-02,\n", &["NAME", "NAM"]);
}

#[test]
fn a_column_too_many_is_ignored() {
    quarantined("people.csv", "ID,NAME,DOB,AADHAAR,SHOE\n1,Asha,1990-01-02,,41\n", 1, 0);
}

#[test]
fn a_row_with_too_few_or_too_many_fields_is_quarantined() {
    quarantined("people.csv", "ID,NAME,DOB,AADHAAR\n1,Asha,1990-01-02,\n2,Bina\n3,Chitra,1990-01-02,,,\n", 1, 2);
}

#[test]
fn a_key_that_stands_twice_is_quarantined() {
    quarantined("people.csv", "ID,NAME,DOB,AADHAAR\n1,Asha,,\n1,Bina,,\n", 1, 1);
}

#[test]
fn an_unclosed_quote_names_the_line_where_it_opened() {
    refused("people.csv", "ID,NAME,DOB,AADHAAR\n1,Asha,,\n2,\"Bina,,\n3,Chitra,,\n", &["quote", "3"]);
}

#[test]
fn another_encoding_is_named() {
    let text: Vec<u8> = "ID,NAME,DOB,AADHAAR\n1,Asha,,\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused("people.csv", [&[0xff, 0xfe][..], &text].concat(), &["utf-16"]);
}

#[test]
fn a_line_of_ten_megabytes_does_not_stop_the_others() {
    let long = "x".repeat(10 << 20);
    quarantined("people.csv", format!("ID,NAME,DOB,AADHAAR\n1,Asha,,\n2,{long},,\n3,Chitra,,\n"), 2, 1);
}

#[test]
fn a_zip_that_is_no_workbook_is_refused() {
    // The smallest whole ZIP: a table of contents without entries.
    let empty_zip = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    refused("sheets.xlsx", empty_zip, &["workbook"]);
    refused("sheets.xlsx", b"PK\x03\x04 and then nothing", &["cut off", "fetch it again"]);
}

#[test]
fn a_truncated_gzip_is_refused_and_leaves_nothing() {
    let rows: Vec<String> = (0..20_000).map(|n| format!("{n},Asha {n},,")).collect();
    let text = format!("ID,NAME,DOB,AADHAAR\n{}\n", rows.join("\n"));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    refused("people.csv.gz", &packed[..packed.len() - 100], &["compressed", "cut off", "fetch it again"]);
}

#[test]
fn a_truncated_parquet_is_refused() {
    refused("columns.parquet", b"PAR1 and then nothing", &["parquet"]);
}

#[test]
fn a_file_of_no_source_names_the_sources() {
    refused("strangers.csv", "ID,NAME\n1,Asha\n", &["people", "sheets"]);
}

#[test]
fn a_typo_in_a_source_names_the_file_and_the_line() {
    let house = House::new();
    house.source("people.toml", &SOURCE.replace("to = \"full_name\"", "too = \"full_name\""));
    let ran = house.run(&["ingest"]);
    assert_eq!(ran.status, Some(1));
    for word in ["people.toml:", "too"] {
        assert!(ran.reason().contains(word), "{}", ran.reason());
    }
    house.source("people.toml", &SOURCE.replace("full_name", "fullname"));
    let ran = house.run(&["ingest"]);
    assert_eq!(ran.status, Some(1));
    for word in ["fullname", "full_name"] {
        assert!(ran.reason().contains(word), "{}", ran.reason());
    }
}

#[test]
fn a_bad_aadhaar_number_is_left_out_and_not_repeated() {
    let house = House::new();
    let path = house.file("people.csv", "ID,NAME,DOB,AADHAAR\n1,Asha,1990-01-02,234123412347\n2,Bina,,234123412346\n");
    let ran = house.ingest(&path);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    for number in ["234123412347", "234123412346"] {
        assert!(!ran.stdout.contains(number) && !ran.stderr.contains(number));
    }
    assert_eq!(house.rows_in_hub(), 2);
}

#[test]
fn the_same_file_again_changes_nothing_and_a_changed_one_only_what_changed() {
    let house = House::new();
    let first = house.file("people.csv", "ID,NAME,DOB,AADHAAR\n1,Asha,1990-01-02,\n2,Bina,1991-01-02,\n");
    assert_eq!(house.ingest(&first).json()["files"][0]["new"], 2);
    let again = house.ingest(&first).json();
    assert_eq!((&again["files"][0]["known"], &again["files"][0]["new"]), (&true.into(), &0.into()));
    let second = house.file("people.csv", "ID,NAME,DOB,AADHAAR\n1,Asha,1990-01-02,\n2,Bina,1992-01-02,\n");
    let changed = house.ingest(&second).json();
    assert_eq!((&changed["files"][0]["changed"], &changed["files"][0]["unchanged"]), (&1.into(), &1.into()));
}
