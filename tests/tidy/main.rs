//! Checks on the house itself: arrows between crates, fences around engines, links in the prose, headers of models.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on, and says what it measured or skipped")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kanak_tests::workspace;
use serde_json::Value;

/// DESIGN's arrows: a crate and the crates of ours that it may name.
const ARROWS: [(&str, &[&str]); 10] = [
    ("kanak-codes", &[]),
    ("kanak-model", &["kanak-codes"]),
    ("kanak-engine", &["kanak-codes", "kanak-model"]),
    ("kanak-store", &["kanak-codes", "kanak-model"]),
    ("kanak-ingest", &["kanak-codes", "kanak-model", "kanak-engine", "kanak-store"]),
    ("kanak-synth", &["kanak-codes", "kanak-model"]),
    ("kanak-warehouse", &["kanak-codes", "kanak-model"]),
    (
        "kanak-dashboards",
        &["kanak-codes", "kanak-model", "kanak-engine", "kanak-store", "kanak-ingest", "kanak-warehouse"],
    ),
    (
        "kanak",
        &[
            "kanak-codes",
            "kanak-model",
            "kanak-engine",
            "kanak-store",
            "kanak-ingest",
            "kanak-synth",
            "kanak-warehouse",
            "kanak-dashboards",
        ],
    ),
    ("kanak-tests", &["kanak-codes", "kanak-model"]),
];

/// A library and the only crates of ours that may name it.
const FENCES: [(&str, &[&str]); 16] = [
    ("sqlx", &["kanak-store"]),
    ("cryptoki", &["kanak-store"]),
    ("rcgen", &["kanak"]),
    ("datafusion", &["kanak-warehouse"]),
    ("deltalake", &["kanak-warehouse"]),
    ("polars", &["kanak-ingest"]),
    ("polars-arrow", &["kanak-ingest"]),
    ("calamine", &["kanak-ingest"]),
    ("askama", &["kanak-dashboards"]),
    ("axum", &["kanak-dashboards", "kanak"]),
    ("clap", &["kanak"]),
    ("tokio-cron-scheduler", &["kanak"]),
    ("utoipa", &["kanak"]),
    ("fst", &["kanak-codes"]),
    ("rayon", &["kanak-engine"]),
    ("rapidfuzz", &["kanak-engine"]),
];

/// Crates that do no I/O and run on no executor.
const PURE: [&str; 3] = ["kanak-codes", "kanak-model", "kanak-engine"];

fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let normal = package["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"] != "dev");
            let names = normal.map(|d| d["name"].as_str().unwrap().to_owned()).collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

#[test]
fn crates_depend_one_way() {
    let dependencies = dependencies();
    assert_eq!(dependencies.len(), ARROWS.len(), "a new crate is a decision: name its arrows here");
    for (name, allowed) in ARROWS {
        for dependency in dependencies[name].iter().filter(|d| d.as_str() == "kanak" || d.starts_with("kanak-")) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn each_engine_stays_behind_its_fence() {
    for (name, names) in dependencies() {
        for (library, allowed) in FENCES {
            if names.iter().any(|d| d == library) {
                assert!(allowed.contains(&name.as_str()), "{name} must not name {library}; only {allowed:?} may");
            }
        }
        if PURE.contains(&name.as_str()) {
            assert!(!names.iter().any(|d| d == "tokio"), "{name} is pure");
        }
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || name == "node_modules" || name.starts_with("kanak-data") {
            continue;
        }
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files_below(&workspace(), &mut found);
    found.retain(|path| path.extension().is_some_and(|e| e == extension));
    found.sort();
    assert!(!found.is_empty(), "no .{extension} file found: this check would check nothing");
    found
}

#[test]
fn links_inside_the_prose_lead_somewhere() {
    for path in files("md") {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let outside = link.contains("://") || link.starts_with('#') || link.starts_with("mailto:");
            if outside || link.contains(char::is_whitespace) {
                continue;
            }
            let target = path.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.exists(), "{}: the link to {link} leads nowhere", path.display());
        }
    }
}

#[test]
fn every_warehouse_model_states_its_grain_and_what_it_reads() {
    let models: Vec<PathBuf> =
        files("sql").into_iter().filter(|p| p.starts_with(workspace().join("warehouse/models"))).collect();
    assert!(models.len() >= 8, "the facts and marts are missing");
    for path in models {
        let text = fs::read_to_string(&path).unwrap();
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("--")).collect();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            head.first().is_some_and(|line| line.contains(&stem)),
            "{}: the first line names the table",
            path.display()
        );
        for word in ["Grain:", "Reads:"] {
            assert!(head.iter().any(|line| line.contains(word)), "{}: the header has no {word}", path.display());
        }
    }
}

#[test]
fn every_migration_exists_for_both_engines() {
    let names = |engine: &str| -> Vec<String> {
        let folder = workspace().join("mdm/store/migrations").join(engine);
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, names("postgres"));
}

#[test]
fn every_page_has_its_template() {
    let pages = workspace().join("dashboards/src/pages");
    let mut count = 0;
    for entry in fs::read_dir(&pages).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if stem == "mod" || path.is_dir() {
            continue;
        }
        let template = workspace().join(format!("dashboards/templates/pages/{stem}.html"));
        assert!(template.exists(), "{} has no template {}", path.display(), template.display());
        count += 1;
    }
    assert!(count >= 5);
}

#[test]
fn no_test_is_switched_off_and_nothing_is_left_undone() {
    // Spelled in two halves, so that this file does not find itself.
    let words = [concat!("#[ig", "nore"), concat!("to", "do!("), concat!("unimple", "mented!("), concat!("FIX", "ME")];
    for path in files("rs") {
        let text = fs::read_to_string(&path).unwrap();
        for word in words {
            assert!(!text.contains(word), "{} contains {word}", path.display());
        }
    }
}
