//! Whole numbers that a spreadsheet or a data frame wrote as `141001.0`.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, StringArray};
use arrow::record_batch::RecordBatch;

/// What such a number ends in.
const ENDING: &str = ".0";

/// Reads whole numbers without their `.0`, in columns in which nothing else stands: where every value is digits, or digits and
/// `.0`, and some are the latter. Otherwise a PIN would be read as ten times itself. The columns named in `kept` stay as they are.
///
/// Gives the table and the names of the columns that were read so.
pub(super) fn read_whole_numbers(table: &RecordBatch, kept: &[String]) -> (RecordBatch, Vec<String>) {
    let mut read = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(table.num_columns());
    for (field, column) in table.schema_ref().fields().iter().zip(table.columns()) {
        let texts = column.as_string_opt::<i32>().filter(|texts| !kept.contains(field.name()) && is_whole(texts));
        columns.push(texts.map_or_else(|| Arc::clone(column), |texts| Arc::new(without_ending(texts))));
        read.extend(texts.map(|_| field.name().clone()));
    }
    if read.is_empty() {
        return (table.clone(), read);
    }
    let table = RecordBatch::try_new(table.schema(), columns).expect("as many texts in a column as before");
    (table, read)
}

fn is_whole(texts: &StringArray) -> bool {
    // Nearly every column of numbers is done with here.
    if !texts.value_data().contains(&b'.') {
        return false;
    }
    let is_number = |text: &str| {
        let digits = text.strip_suffix(ENDING).unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    texts.iter().flatten().all(is_number) && texts.iter().flatten().any(|text| text.ends_with(ENDING))
}

fn without_ending(texts: &StringArray) -> StringArray {
    texts.iter().map(|text| text.map(|text| text.strip_suffix(ENDING).unwrap_or(text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[Option<&str>], expected: &[Option<&str>]) {
        let texts: ArrayRef = Arc::new(StringArray::from(given.to_vec()));
        let table = RecordBatch::try_from_iter_with_nullable([("pin", texts, true)]).unwrap();
        let (read, columns) = read_whole_numbers(&table, &[]);
        let found: Vec<_> = read["pin"].as_string::<i32>().iter().collect();
        assert_eq!(found, expected);
        assert_eq!(columns.is_empty(), given == expected, "{columns:?}");
    }

    #[test]
    fn a_column_of_whole_numbers_is_read_without_the_point() {
        check(&[Some("141001.0"), None, Some("00012"), Some("7.0")], &[Some("141001"), None, Some("00012"), Some("7")]);
    }

    #[test]
    fn any_other_value_leaves_a_column_as_it_is() {
        for other in ["12.50", "12.0.0", "n/a", ".0", "-5.0", "1,200.0"] {
            check(&[Some("141001.0"), Some(other)], &[Some("141001.0"), Some(other)]);
        }
        check(&[Some("141001"), Some("7")], &[Some("141001"), Some("7")]);
        check(&[None], &[None]);
    }

    #[test]
    fn a_column_of_ids_keeps_them_as_they_stand_in_the_file() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["1.0"]));
        let table = RecordBatch::try_from_iter([("id", texts)]).unwrap();
        assert_eq!(read_whole_numbers(&table, &["id".to_owned()]), (table, Vec::new()));
    }
}
