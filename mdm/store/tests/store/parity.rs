//! Both engines have the same tables, and every column says what it is.

use std::collections::BTreeSet;

use crate::hub::{Hub, on_both};

#[test]
fn both_engines_have_the_same_tables_columns_and_nullability() {
    let found = std::sync::Mutex::new(Vec::new());
    on_both(async |hub: Hub| {
        let columns = kanak_store::testing::columns(&hub.store).await.unwrap();
        assert!(columns.len() > 100, "{}", columns.len());
        found.lock().unwrap().push(columns);
    });
    let found = found.into_inner().unwrap();
    for other in found.iter().skip(1) {
        let left: BTreeSet<_> = found[0].difference(other).collect();
        let right: BTreeSet<_> = other.difference(&found[0]).collect();
        assert!(left.is_empty() && right.is_empty(), "only SQLite: {left:?}; only PostgreSQL: {right:?}");
    }
}

#[test]
fn every_migration_exists_for_both_engines_and_every_column_has_a_comment() {
    let folder = |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
    let names = |engine: &str| -> BTreeSet<String> {
        let files = std::fs::read_dir(folder(engine)).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    for engine in ["sqlite", "postgres", "vault"] {
        for name in names(engine) {
            let text = std::fs::read_to_string(folder(engine).join(&name)).unwrap();
            for (number, line) in text.lines().enumerate() {
                let first = line.trim_start().split(' ').next().unwrap_or_default();
                let is_column = line.starts_with("    ")
                    && !["PRIMARY", "content", "tokenize"].contains(&first)
                    && first.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == ',');
                assert!(!is_column || line.contains("-- "), "{engine}/{name}:{} has no comment", number + 1);
            }
        }
    }
}
