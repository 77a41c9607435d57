//! Whole files as text columns.

use arrow::array::{Array as _, AsArray as _};
use kanak_ingest::{guess_format, read_columns};
use kanak_model::source_system::Format;

use crate::support::{Folder, gzip, parquet_of, utf_16le, xlsx};

#[test]
fn a_file_is_read_by_what_is_in_it_whatever_its_name() {
    let folder = Folder::new();
    let csv = |separator, encoding: &str| Format::Csv { separator, encoding: encoding.into() };
    let cases: [(&[u8], Format); 8] = [
        (b"a,b\n1,2\n", csv(',', "utf-8")),
        (b"a;b\n1,5;2\n", csv(';', "utf-8")),
        (&gzip(b"a\tb\n1\t2\n"), csv('\t', "utf-8")),
        (&utf_16le("a|b\n1|2\n"), csv('|', "utf-16le")),
        (b"a,b\n1,Jos\xe9\n", csv(',', "windows-1252")),
        (b"{\"a\":1}\n", Format::Ndjson),
        (&xlsx(&[&["a"]]), Format::Xlsx { sheet: None }),
        (&parquet_of("R1,Ana,,,,,,,,,\n"), Format::Parquet),
    ];
    for (bytes, format) in cases {
        let path = folder.write("file", bytes);
        assert_eq!(guess_format(&path).unwrap(), format);
        assert!(read_columns(&path).is_ok(), "{format:?}");
    }
    assert!(guess_format(&folder.write("file", b"")).is_err());
}

#[test]
fn an_empty_value_is_null_and_a_bad_line_is_told_apart() {
    let folder = Folder::new();
    let path = folder.write("file.csv", "id,,id\n1,x,2\n3,4\n5,,6\n");
    let columns = read_columns(&path).unwrap();
    let schema = columns.batch.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "column_2", "id_3"]);
    assert_eq!(columns.lines.values(), &[2, 4]);
    assert_eq!(columns.rejected.len(), 1);
    assert_eq!(columns.rejected[0].line, 3);
    let second = columns.batch.column(1).as_string::<i32>();
    assert_eq!((second.value(0), second.is_null(1)), ("x", true));
}

#[test]
fn objects_that_bring_new_names_late_give_columns_of_one_length() {
    let folder = Folder::new();
    let many: String = (0..9_000).map(|at| format!("{{\"a\":{at}}}\n")).collect();
    let path = folder.write("file.ndjson", format!("{many}{{\"b\":\"late\"}}\n"));
    let columns = read_columns(&path).unwrap();
    assert_eq!((columns.batch.num_rows(), columns.batch.num_columns()), (9_001, 2));
    let late = columns.batch.column(1).as_string::<i32>();
    assert_eq!((late.null_count(), late.value(9_000)), (9_000, "late"));
    assert!(columns.batch.column(0).is_null(9_000));
}
