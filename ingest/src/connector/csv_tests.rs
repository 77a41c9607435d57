//! The records of separated text, beside those of the `csv` crate.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::error::IngestError;

/// The header; the rows with their lines; the lines that are no rows and why.
type File = (Vec<String>, Vec<(u64, Vec<String>)>, Vec<(u64, QualityRule)>);

fn read(bytes: &[u8]) -> Result<File, IngestError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let input = Input::File(file.path());
    let mut reader = CsvReader::open(&input, ',', "utf-8")?;
    let header = reader.columns().to_vec();
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    reader.read_rows(&mut |read| {
        match read {
            RowRead::Row(row) => {
                rows.push((row.line, (0..row.len()).map(|at| row.get(at).to_owned()).collect()));
            }
            RowRead::Bad(rejected) => bad.push((rejected.line, rejected.rule)),
        }
        Ok(())
    })?;
    Ok((header, rows, bad))
}

#[track_caller]
fn check(text: &str, expected: &[(u64, &[&str])]) {
    let (_, rows, bad) = read(text.as_bytes()).unwrap();
    let rows: Vec<(u64, Vec<&str>)> =
        rows.iter().map(|(line, fields)| (*line, fields.iter().map(String::as_str).collect())).collect();
    let expected: Vec<(u64, Vec<&str>)> = expected.iter().map(|(line, fields)| (*line, fields.to_vec())).collect();
    assert_eq!(rows, expected, "{text:?}");
    assert_eq!(bad, [], "{text:?}");
}

#[test]
fn rows_have_the_line_they_begin_on() {
    check("a,b\n1,2\n3,4\n", &[(2, &["1", "2"]), (3, &["3", "4"])]);
    check("a,b\r\n1,2\r\n\r\n3,4", &[(2, &["1", "2"]), (4, &["3", "4"])]);
    check("a,b\r1,2\r3,4\r", &[(2, &["1", "2"]), (3, &["3", "4"])]);
    check("\n\na,b\n\"x\ny\",2\n3,4\n", &[(4, &["x\ny", "2"]), (6, &["3", "4"])]);
    check("a,b\r\n\"x\r\ny\",2\r\n3,\"4\"\r\n5,6", &[(2, &["x\r\ny", "2"]), (4, &["3", "4"]), (5, &["5", "6"])]);
    check("a,b\n\"say \"\"hi\"\"\",5 \" wide\n,\n", &[(2, &["say \"hi\"", "5 \" wide"]), (3, &["", ""])]);
    check("a,b", &[]);
}

#[test]
fn a_row_with_too_few_or_too_many_values_is_bad_alone() {
    let (_, rows, bad) = read(b"a,b\n1\n1,2,3\n3,4\n").unwrap();
    assert_eq!(rows, [(4, vec!["3".to_owned(), "4".to_owned()])]);
    assert_eq!(bad, [(2, QualityRule::FieldCount), (3, QualityRule::FieldCount)]);
}

#[test]
fn a_row_that_is_no_text_is_bad_alone() {
    let (_, rows, bad) = read(b"a,b\n1,\xe9\n\n3,4\n5,\0\n").unwrap();
    assert_eq!(rows, [(4, vec!["3".to_owned(), "4".to_owned()])]);
    assert_eq!(bad, [(2, QualityRule::Encoding), (5, QualityRule::Encoding)]);
}

#[test]
fn a_row_is_at_most_a_mebibyte_long() {
    let at_limit = format!("a,b\n1,{}\n2,x\n", "y".repeat(ROW_BYTES_MAX - 1));
    assert_eq!(read(at_limit.as_bytes()).unwrap().1.len(), 2);
    let past_limit = format!("a,b\n1,{}\n2,x\n", "y".repeat(ROW_BYTES_MAX));
    let (_, rows, bad) = read(past_limit.as_bytes()).unwrap();
    assert_eq!(rows, [(3, vec!["2".to_owned(), "x".to_owned()])]);
    assert_eq!(bad, [(2, QualityRule::Unreadable)]);
    let ten = format!("a,b\n1,\"{}\"\n2,x\n", "y\n".repeat(5 << 20));
    let (_, rows, bad) = read(ten.as_bytes()).unwrap();
    assert_eq!(rows, [(3 + (5 << 20), vec!["2".to_owned(), "x".to_owned()])]);
    assert_eq!(bad, [(2, QualityRule::Unreadable)]);
}

#[test]
fn an_unclosed_quote_names_the_line_it_opens_on() {
    let error = read(b"a,b\n1,2\n3,\"4\n5,6\n").unwrap_err();
    assert!(matches!(error, IngestError::UnclosedQuote { line: 3, .. }), "{error}");
    let error = read(b"a,b\n\"x\ny\",\"4\n5,6\n").unwrap_err();
    assert!(matches!(error, IngestError::UnclosedQuote { line: 3, .. }), "{error}");
}

/// Records and their first lines as the `csv` crate reads them, the header among them.
fn oracle(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn records_are_those_of_the_csv_crate(text in r#"[ab,"\r\n ]{1,40}"#) {
        let all = oracle(&text);
        match read(text.as_bytes()) {
            Err(IngestError::UnclosedQuote { .. }) => prop_assert!(text.contains('"')),
            Err(IngestError::Empty { .. }) => prop_assert!(all.is_empty()),
            Err(other) => prop_assert!(false, "{other}"),
            Ok((header, rows, bad)) => {
                let trimmed: Vec<String> = all[0].iter().map(|name| name.trim().to_owned()).collect();
                prop_assert_eq!(&header, &trimmed);
                let fits = |record: &&Vec<String>| record.len() == header.len();
                let good: Vec<&Vec<String>> = all[1..].iter().filter(fits).collect();
                prop_assert_eq!(rows.iter().map(|(_, fields)| fields).collect::<Vec<_>>(), good);
                prop_assert_eq!(bad.len(), all[1..].iter().filter(|record| !fits(record)).count());
            }
        }
    }
}
