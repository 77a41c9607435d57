//! Random and damaged bytes give an error or rows, never a panic.

use kanak_ingest::{landing, profile};
use proptest::prelude::*;

use crate::support::{Folder, HEADER, gzip, parquet_of, read_bytes, xlsx};

const FORMATS: [&str; 5] = [
    r#"{ type = "csv" }"#,
    r#"{ type = "csv", encoding = "utf-16le" }"#,
    r#"{ type = "ndjson" }"#,
    r#"{ type = "xlsx" }"#,
    r#"{ type = "parquet" }"#,
];

/// Reads bytes in every format; what comes out does not matter, but that it comes out.
fn read_in_every_format(bytes: &[u8]) {
    for format in FORMATS {
        if let Ok(taken) = read_bytes(format, "noise", bytes) {
            assert_eq!(taken.report.rows, taken.report.accepted + taken.report.rejected_rows());
        }
    }
    let folder = Folder::new();
    let path = folder.write("noise", bytes);
    drop(profile(&path, None));
    assert!(landing::open(&path, &[0; 32]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600), start in 0..6_usize) {
        let magic: [&[u8]; 6] = [b"", b"PK\x03\x04", b"PAR1", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b"\xff\xfe", b"{\"a\":"];
        read_in_every_format(&[magic[start], &bytes].concat());
    }

    #[test]
    fn good_files_with_damage(kind in 0..5_usize, at in 0.0..1.0_f64, byte in any::<u8>(), cut in any::<bool>()) {
        let rows = "R1,Ana,Bir,1,1985,,,,,,\nR2,\"Gian, Singh\",,2,,,,,,,\n";
        let cells: Vec<&str> = HEADER.split(',').collect();
        let mut bytes = match kind {
            0 => format!("{HEADER}\n{rows}").into_bytes(),
            1 => gzip(format!("{HEADER}\n{rows}").as_bytes()),
            2 => xlsx(&[&cells, &["R1", "Ana"]]),
            3 => parquet_of("R1,Ana,Bir,1,1985,,,,,,\n"),
            _ => b"{\"Card No\":\"R1\",\"Name\":\"Ana\"}\n".to_vec(),
        };
        let place = (at * bytes.len() as f64) as usize;
        if cut { bytes.truncate(place) } else { bytes[place] = byte }
        read_in_every_format(&bytes);
    }
}
