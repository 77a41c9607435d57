//! The lake read by other implementations of Delta: PyPI `deltalake`, and DuckDB through it.

use std::process::Command;

use crate::state::state;

const SCRIPT: &str = r#"
import json, pathlib, sys
import deltalake, duckdb
lake = pathlib.Path(sys.argv[1])
counts = {}
for log in sorted(lake.rglob("_delta_log")):
    held = deltalake.DeltaTable(str(log.parent)).to_pyarrow_table()
    other = duckdb.sql("select count(*) from held").fetchall()[0][0]
    assert other == held.num_rows, log
    counts[log.parent.name] = held.num_rows
print(json.dumps(counts))
"#;

#[test]
fn another_delta_reader_counts_the_same_rows() {
    let Some(python) = std::env::var_os("KANAK_TEST_PYTHON") else {
        println!("skipped: name a Python that has deltalake, duckdb and pyarrow with KANAK_TEST_PYTHON");
        return;
    };
    let (state, _guard) = state();
    let output = Command::new(python).args(["-c", SCRIPT]).arg(state.data().join("lake")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(counts.len() > 10, "{counts:?}");
    for (table, rows) in counts {
        let ours = &state.sql(&format!("select count(*) as n from {table}"))[0]["n"];
        assert_eq!(*ours, rows, "{table}");
    }
}
