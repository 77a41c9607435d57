//! Every way in which a file can be broken: the message names file, line and remedy, and nothing is half loaded.

use std::path::Path;

use kanak_ingest::{IngestError, Sources};
use kanak_model::quality::QualityRule;

use crate::support::{HEADER, gzip, parquet_of, read_bytes, says, utf_16le, xlsx, zip};

const CSV: &str = r#"{ type = "csv" }"#;

fn refused(format: &str, name: &str, bytes: impl AsRef<[u8]>) -> IngestError {
    match read_bytes(format, name, bytes) {
        Ok(taken) => panic!("{name} was taken: {:?}", taken.report),
        Err(error) => error,
    }
}

#[test]
fn an_empty_file() {
    for (format, name, bytes) in [
        (CSV, "ration_empty.csv", Vec::new()),
        (CSV, "ration_blank.csv", b"\n\r\n".to_vec()),
        (CSV, "ration_empty.csv.gz", gzip(b"")),
        (r#"{ type = "ndjson" }"#, "ration_empty.ndjson", Vec::new()),
        (r#"{ type = "xlsx" }"#, "ration_empty.xlsx", Vec::new()),
        (r#"{ type = "parquet" }"#, "ration_empty.parquet", Vec::new()),
        (r#"{ type = "xlsx" }"#, "ration_no_cells.xlsx", xlsx(&[])),
    ] {
        says(&refused(format, name, bytes), &[name, ":1:", "empty", "send it again"]);
    }
}

#[test]
fn a_header_and_no_rows() {
    let taken = read_bytes(CSV, "ration.csv", format!("{HEADER}\n")).unwrap();
    assert_eq!((taken.report.rows, taken.batches), (0, 0));
    assert!(taken.report.note.unwrap().contains("a header and no rows"));
}

#[test]
fn another_encoding_than_declared() {
    let text = format!("{HEADER}\nR1,Zoë,,,,,,,,,\nR2,José,,,,,,,,,\nR3,René,,,,,,,,,\n");
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let words = ["ration.csv:2:", "not utf-8", "encoding = \"windows-1252\""];
    says(&refused(CSV, "ration.csv", latin), &words);
    let words = ["ration.csv:1:", "not utf-8", "encoding = \"utf-16le\""];
    says(&refused(CSV, "ration.csv", utf_16le(&text)), &words);
    says(&refused(CSV, "ration.csv", &utf_16le(&text)[2..]), &words);
    let declared = r#"{ type = "csv", encoding = "windows-1252" }"#;
    says(&refused(declared, "ration.csv", &text), &["ration.csv:2:", "not windows-1252", "encoding = \"utf-8\""]);
    let unknown = r#"{ type = "csv", encoding = "utf-9" }"#;
    says(&refused(unknown, "ration.csv", &text), &["ration.csv", "`encoding = \"utf-9\"`", "use `utf-8`"]);
}

#[test]
fn one_row_in_another_encoding_is_rejected_alone() {
    let bytes = [HEADER.as_bytes(), b"\nR1,Ana,,,,,,,,,\nR2,Jos\xe9,,,,,,,,,\nR3,Bir,,,,,,,,,\n"].concat();
    let taken = read_bytes(CSV, "ration.csv", bytes).unwrap();
    assert_eq!(taken.rows.len(), 2);
    assert_eq!((taken.rejected[0].line, taken.rejected[0].rule), (3, QualityRule::Encoding));
    assert!(taken.rejected[0].reason.contains("declare the encoding"), "{:?}", taken.rejected);
}

#[test]
fn a_quote_that_never_closes() {
    let text = format!("{HEADER}\nR1,Ana,,,,,,,,,\nR2,\"Bir,,,,,,,,,\nR3,Gian,,,,,,,,,\n");
    says(&refused(CSV, "ration.csv", text), &["ration.csv:3:", "quote opens", "close it"]);
}

#[test]
fn a_line_of_ten_megabytes() {
    let text = format!("{HEADER}\nR1,Ana,,,,,,,,,\nR2,{},,,,,,,,,\nR3,Gian,,,,,,,,,\n", "x".repeat(10 << 20));
    let taken = read_bytes(CSV, "ration.csv", &text).unwrap();
    assert_eq!(taken.rows.len(), 2);
    assert_eq!((taken.rejected[0].line, taken.rejected[0].rule), (3, QualityRule::Unreadable));
    assert!(taken.rejected[0].reason.contains("longer than 1 MiB"), "{:?}", taken.rejected);
    let json = format!("{{\"Card No\":\"R1\",\"Name\":\"Ana\"}}\n{{\"Name\":\"{}\"}}\n", "x".repeat(10 << 20));
    let taken = read_bytes(r#"{ type = "ndjson" }"#, "r.ndjson", json).unwrap();
    assert_eq!((taken.rows.len(), taken.rejected[0].line), (1, 2));
    says(&refused(CSV, "ration.csv", "x".repeat(10 << 20)), &["ration.csv:1:", "longer than 1 MiB"]);
}

#[test]
fn a_workbook_that_is_a_renamed_archive() {
    let format = r#"{ type = "xlsx" }"#;
    let archive = zip(&[("ration.csv", b"Card No,Name\n")]);
    says(&refused(format, "ration.xlsx", archive), &["ration.xlsx", "ZIP archive of other files", "unpack it"]);
    says(&refused(format, "ration.xlsx", format!("{HEADER}\n")), &["ration.xlsx", "not an Excel workbook", "format"]);
    let old = refused(format, "ration.xlsx", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and so on");
    says(&old, &["ration.xlsx", "old Excel workbook", "save it as .xlsx"]);
    says(&refused(CSV, "ration.csv", xlsx(&[&["a"]])), &["ration.csv", "not separated text", "xlsx"]);
    let book = xlsx(&[&HEADER.split(',').collect::<Vec<_>>(), &["R1", "Ana"]]);
    says(&refused(format, "ration.xlsx", &book[..book.len() / 2]), &["ration.xlsx", "cut off", "fetch it again"]);
}

#[test]
fn a_workbook_that_says_it_is_wider_than_sheets_are() {
    let format = r#"{ type = "xlsx" }"#;
    let header: Vec<&str> = HEADER.split(',').collect();
    let book = |place: &str| crate::support::xlsx_with(&[&header, &["R1", "Ana"]], ("r=\"K1\"", place));
    for place in ["r=\"ZZZZZZ1\"", "r=\"XFE1\""] {
        says(&refused(format, "ration.xlsx", book(place)), &["ration.xlsx:1:", "beyond column 16384", "save it anew"]);
    }
    assert_eq!(read_bytes(format, "ration.xlsx", book("r=\"XFD1\"")).unwrap().rows.len(), 1);
}

#[test]
fn a_cut_off_gzip() {
    let rows: String = (0..20_000).map(|at| format!("R{at},Ana,,,{},,,,,,\n", at * 7919 % 1000)).collect();
    let packed = gzip(format!("{HEADER}\n{rows}").as_bytes());
    for part in [packed.len() / 2, packed.len() - 1, 12] {
        let error = refused(CSV, "ration.csv.gz", &packed[..part]);
        says(&error, &["ration.csv.gz:", "cut off", "nothing of it was kept", "fetch it again"]);
    }
    let mut damaged = packed.clone();
    let at = packed.len() - 6;
    damaged[at] ^= 0xFF;
    says(&refused(CSV, "ration.csv.gz", damaged), &["ration.csv.gz:", "damaged", "fetch it again"]);
}

#[test]
fn a_cut_off_parquet() {
    let format = r#"{ type = "parquet" }"#;
    let bytes = parquet_of("R1,Ana,,,,,,,,,\n");
    for part in [bytes.len() / 2, bytes.len() - 1, 5, 100] {
        let error = refused(format, "ration.parquet", &bytes[..part]);
        says(&error, &["ration.parquet", "cut off", "fetch it again"]);
    }
    let words = ["ration.parquet", "not a Parquet file", "check the file's name"];
    says(&refused(format, "ration.parquet", "Card No,Name\n"), &words);
}

#[test]
fn a_column_missing() {
    let text = format!("{}\nR1,Ana,,,,,,,,,\n", HEADER.replace("Father", "Fathers"));
    let words = ["ration.csv:1:", "no column `Father`", "nearest is `Fathers`", "`Card No`", "correct the name"];
    says(&refused(CSV, "ration.csv", text), &words);
    let json = refused(r#"{ type = "ndjson" }"#, "ration.ndjson", r#"{"Card":"R1","Name":"Ana"}"#);
    says(&json, &["ration.ndjson", "no column `Card No`", "nearest is `Card`"]);
    let wrong_separator = refused(CSV, "ration.csv", format!("{}\n", HEADER.replace(',', ";")));
    says(&wrong_separator, &["ration.csv:1:", "no column `Card No`"]);
}

#[test]
fn a_file_without_its_header_shows_nobody() {
    let rows = "R0312345,Gurpreet Singh,Harbhajan Singh,1,01/03/1985,234123412346,12,Mall Road,Moga,Moga,\n";
    let cells: Vec<&str> = rows.trim_end().split(',').collect();
    let words = ["looks like data, not like column names", "no column `Card No` among its", "header as the first line"];
    for (format, name, bytes) in [
        (CSV, "ration.csv:1", rows.as_bytes().to_vec()),
        (CSV, "ration.csv.gz:1", gzip(rows.as_bytes())),
        (r#"{ type = "xlsx" }"#, "ration.xlsx:1", xlsx(&[&cells[..10]])),
        (CSV, "twice.csv:1", rows.replace("Harbhajan Singh", "Gurpreet Singh").into_bytes()),
    ] {
        let error = refused(format, name.trim_end_matches(":1"), bytes);
        says(&error, &words);
        says(&error, &[name]);
        for value in ["R0312345", "Singh", "1985", "234123412346", "Mall", "Moga"] {
            assert!(!format!("{error} {error:?}").contains(value), "{value} shows: {error}");
        }
    }
    let unknown = refused(CSV, "ration.csv", "Gurpreet Singh,Moga\nBir,Moga\n");
    says(&unknown, &["knows none of the file's columns", "no column `Card No`"]);
    assert!(!unknown.to_string().contains("Gurpreet"), "{unknown}");
}

#[test]
fn a_column_twice() {
    let text = format!("{HEADER},Name\nR1,Ana,,,,,,,,,,Bir\n");
    says(&refused(CSV, "ration.csv", text), &["ration.csv:1:", "two columns are called `Name`", "rename one"]);
}

#[test]
fn keys_that_are_aadhaar_numbers() {
    // Twelve digits whose last is the Verhoeff check digit.
    let valid = ["234123412346", "4991 1866 5246", "999941057058"];
    let rows: String = valid.iter().map(|key| format!("{key},Ana,,,,,,,,,\n")).collect();
    let error = refused(CSV, "ration.csv", format!("{HEADER}\n{rows}"));
    says(&error, &["ration.csv:2:", "`Card No` holds Aadhaar numbers", "the department's own number"]);
    assert!(!error.to_string().contains("2341"), "{error}");
    let joined = kanak_model::SourceSystem::parse(
        "r.toml",
        &crate::support::CITIZENS.replace("FORMAT", CSV).replace("\"Card No\"", "[\"Card No\", \"Name\"]"),
    )
    .unwrap();
    let folder = crate::support::Folder::new();
    let path = folder.write("ration.csv", format!("{HEADER}\n{rows}"));
    let model = crate::support::citizen();
    let error = crate::support::read(&joined, (&model).into(), &path).unwrap_err();
    says(&error, &[":2:", "`Card No`, `Name` holds Aadhaar numbers"]);
    let one = read_bytes(CSV, "ration.csv", format!("{HEADER}\nR1,Ana,,,,,,,,,\n{},Bir,,,,,,,,,\n", valid[0])).unwrap();
    assert_eq!((one.rows.len(), one.rejected[0].line), (1, 3));
    assert!(!format!("{:?}", one.rejected).contains("23412341"), "{:?}", one.rejected);
}

#[test]
fn json_that_is_none() {
    let format = r#"{ type = "ndjson" }"#;
    let array = refused(format, "ration.ndjson", "[{\"Card No\":\"R1\"}]");
    says(&array, &["ration.ndjson", "one JSON array", "one object a line"]);
    let text = "{\"Card No\":\"R1\",\"Name\":\"Ana\"}\n{\"Card No\":\"R2\",\"Na\n";
    let taken = read_bytes(format, "ration.ndjson", text).unwrap();
    assert_eq!((taken.rows.len(), taken.rejected[0].line), (1, 2));
    assert_eq!(taken.rejected[0].rule, QualityRule::Unreadable);
}

#[test]
fn a_file_that_is_not_there() {
    let folder = crate::support::Folder::new();
    let path = folder.0.path().join("ration.csv");
    let model = crate::support::citizen();
    let error = crate::support::read(&crate::support::csv_source(), (&model).into(), &path).unwrap_err();
    says(&error, &[&crate::support::name_of(&path), "check that it is there"]);
    let error = crate::support::read(&crate::support::csv_source(), (&model).into(), folder.0.path()).unwrap_err();
    says(&error, &["this is a folder"]);
}

#[test]
fn an_unknown_source() {
    let sources = Sources::builtin().unwrap();
    let error = sources.get_for_file(Path::new("inbox/mystery.dat")).unwrap_err();
    says(&error, &["inbox/mystery.dat", "no source takes", "rename it"]);
    for source in sources.iter() {
        says(&error, &[&source.name]);
    }
}
