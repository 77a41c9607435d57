//! The same rows in every format and encoding give the same source records.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, StringArray, TimestampMicrosecondArray};
use kanak_ingest::landing;
use kanak_ingest::{Input, Rows};

use crate::support::{
    Folder, HEADER, citizen, csv_source, gzip, parquet, parquet_of, read, read_bytes, source, utf_16le, xlsx,
};

const ROWS: &str = "R1,Gurpreet Singh,Harbhajan Singh,1,1985-03-01,,,,,,\nR2,Zoë Kaur,,2,1990,,,,,,\n";

#[track_caller]
fn check(format: &str, name: &str, bytes: &[u8]) {
    let taken = read_bytes(format, name, bytes).unwrap_or_else(|error| panic!("{format}: {error}"));
    assert_eq!(taken.rejected, [], "{format}");
    let found: Vec<_> = taken.rows.iter().map(|row| (row.key.as_str(), row.values.find("full_name"))).collect();
    assert_eq!(found, [("R1", Some("Gurpreet Singh")), ("R2", Some("Zoë Kaur"))], "{format}");
    assert_eq!(taken.rows[0].values.find("date_of_birth"), Some("1985-03-01"), "{format}");
    assert_eq!(taken.report.bytes, bytes.len() as u64);
}

#[test]
fn text_is_read_in_any_encoding_and_separator() {
    let text = format!("{HEADER}\n{ROWS}");
    let plain = r#"{ type = "csv" }"#;
    check(plain, "r.csv", text.as_bytes());
    check(plain, "r.csv", format!("\u{feff}{text}").as_bytes());
    check(plain, "r.csv.gz", &gzip(text.as_bytes()));
    check(plain, "r.csv", &gzip(text.as_bytes()));
    check(plain, "two members", &[gzip(&text.as_bytes()[..80]), gzip(&text.as_bytes()[80..])].concat());
    check(r#"{ type = "csv", separator = ";" }"#, "r.csv", text.replace(',', ";").as_bytes());
    check(r#"{ type = "csv", separator = "\t" }"#, "r.tsv", text.replace(',', "\t").as_bytes());
    check(r#"{ type = "csv", encoding = "utf-16le" }"#, "r.csv", &utf_16le(&text));
    check(r#"{ type = "csv", encoding = "utf-16le" }"#, "r.csv.gz", &gzip(&utf_16le(&text)));
    let big_endian: Vec<u8> = [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    check(r#"{ type = "csv", encoding = "utf-16be" }"#, "r.csv", &big_endian);
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    check(r#"{ type = "csv", encoding = "windows-1252" }"#, "r.csv", &latin);
}

#[test]
fn json_objects_may_leave_out_what_they_do_not_have() {
    let text = concat!(
        r#"{"Card No":"R1","Name":"Gurpreet Singh","DOB":"1985-03-01","Sex":1,"Shop":7}"#,
        "\n\n",
        r#"{"Name":"Zo\u00eb Kaur","Card No":"R2","DOB":null}"#,
    );
    check(r#"{ type = "ndjson" }"#, "r.ndjson", text.as_bytes());
    check(r#"{ type = "ndjson" }"#, "r.ndjson.gz", &gzip(text.as_bytes()));
    let taken = read_bytes(r#"{ type = "ndjson" }"#, "r.ndjson", text).unwrap();
    assert_eq!(taken.rows[1].line, 3);
    assert_eq!(taken.rows[0].values.find("sex"), Some("M"));
    assert_eq!(taken.report.columns_ignored, ["Shop"]);
    assert!(taken.report.columns_missing.contains(&"Tehsil".to_owned()), "{:?}", taken.report);
}

fn header_cells() -> Vec<&'static str> {
    HEADER.split(',').collect()
}

#[test]
fn sheets_give_dates_and_numbers_as_people_see_them() {
    let book = xlsx(&[
        &["", ""],
        &header_cells(),
        &["R1", "Gurpreet Singh", "Harbhajan Singh", "=1", "=date 31107"],
        &[],
        &["R2", "Zoë Kaur", "", "=2", "=1990"],
    ]);
    check(r#"{ type = "xlsx" }"#, "r.xlsx", &book);
    check(r#"{ type = "xlsx", sheet = "Cards" }"#, "r.xlsx", &book);
    check(r#"{ type = "xlsx" }"#, "r.xlsx.gz", &gzip(&book));
    let taken = read_bytes(r#"{ type = "xlsx" }"#, "r.xlsx", &book).unwrap();
    assert_eq!(taken.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(taken.rows[0].values.find("sex"), Some("M"));
    let error = read_bytes(r#"{ type = "xlsx", sheet = "2024" }"#, "r.xlsx", &book).unwrap_err();
    crate::support::says(&error, &["r.xlsx", "no sheet `2024`", "it has `Cards`"]);
}

#[test]
fn a_value_beyond_the_sheets_header_rejects_its_row() {
    let mut long = vec![""; 12];
    (long[0], long[1], long[11]) = ("R1", "Ana", "stray");
    let taken = read_bytes(r#"{ type = "xlsx" }"#, "r.xlsx", xlsx(&[&header_cells(), &long, &["R2", "Bir"]])).unwrap();
    assert_eq!((taken.rows.len(), taken.rejected[0].line), (1, 2));
    assert!(taken.rejected[0].reason.contains("column 12 where the header has 11"), "{:?}", taken.rejected);
}

#[test]
fn parquet_columns_may_be_typed() {
    check(r#"{ type = "parquet" }"#, "r.parquet", &parquet_of(ROWS));
    check(r#"{ type = "parquet" }"#, "r.parquet.gz", &gzip(&parquet_of(ROWS)));
    let text = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let mut columns: Vec<(&str, ArrayRef)> = HEADER.split(',').map(|name| (name, text(["", ""]))).collect();
    columns[0].1 = text(["R1", "R2"]);
    columns[1].1 = text(["Gurpreet Singh", "Zoë Kaur"]);
    columns[3].1 = Arc::new(Int64Array::from(vec![Some(1), None]));
    columns[4].1 = Arc::new(Date32Array::from(vec![Some(5538), None]));
    columns[10].1 = Arc::new(TimestampMicrosecondArray::from(vec![1_711_909_800_000_000, 0]).with_timezone("UTC"));
    let bytes = parquet(columns);
    check(r#"{ type = "parquet" }"#, "r.parquet", &bytes);
    let taken = read_bytes(r#"{ type = "parquet" }"#, "r.parquet", &bytes).unwrap();
    assert_eq!(taken.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(taken.rows[0].values.find("sex"), Some("M"));
    assert_eq!(taken.rows[0].updated.unwrap().0, 1_711_909_800_000_000);
}

#[test]
fn a_sealed_file_reads_as_the_file_that_was_sealed() {
    let folder = Folder::new();
    let book = xlsx(&[&["", ""], &header_cells(), &["R1", "Gurpreet Singh"], &[], &["R2", "Bir Singh"]]);
    // More rows than one chunk of the landing and one batch hold.
    let many: String = (0..9_000).map(|at| format!("R{at},Gurpreet Singh,Bir,1,1985-03-01,,,,,,\n")).collect();
    let csv = format!("{HEADER}\n{many},no key,,,,,,,,,\n");
    let json: String = (0..9_000).map(|at| format!("{{\"Card No\":\"R{at}\",\"Name\":\"Ana Kaur\"}}\n\n")).collect();
    let (csv_format, json_format) = (r#"{ type = "csv" }"#, r#"{ type = "ndjson" }"#);
    let (xlsx_format, parquet_format) = (r#"{ type = "xlsx" }"#, r#"{ type = "parquet" }"#);
    for (format, bytes, last_line) in [
        (csv_format, csv.clone().into_bytes(), 9_001),
        (csv_format, gzip(csv.as_bytes()), 9_001),
        (json_format, json.clone().into_bytes(), 17_999),
        (json_format, gzip(json.as_bytes()), 17_999),
        (xlsx_format, book.clone(), 5),
        (xlsx_format, gzip(&book), 5),
        (parquet_format, parquet_of(&many), 9_000),
        (parquet_format, gzip(&parquet_of(&many)), 9_000),
    ] {
        let path = folder.write("register", &bytes);
        let landed = landing::seal(&path, &folder.0.path().join("landing"), &[1; 32]).unwrap();
        let (source, model) = (source(format), citizen());
        let open = read(&source, Rows::Entity(&model), &path).unwrap();
        let input = Input::Sealed { path: &landed.sealed_path, name: "register", key: &[1; 32] };
        let sealed = read(&source, Rows::Entity(&model), input).unwrap();
        assert_eq!(sealed.rows, open.rows, "{format}");
        assert_eq!(sealed.rejected.len(), open.rejected.len(), "{format}");
        assert_eq!(sealed.report, open.report, "{format}");
        assert_eq!(sealed.report.bytes, bytes.len() as u64, "{format}");
        assert_eq!(sealed.rows.last().unwrap().line, last_line, "{format}");
    }
    let error = read(
        &csv_source(),
        Rows::Entity(&citizen()),
        Input::Sealed { path: &folder.write("x", "y"), name: "register", key: &[1; 32] },
    );
    crate::support::says(&error.unwrap_err(), &["sealed file does not pass its check", "restore it"]);
}
