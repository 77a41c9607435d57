//! Small code systems made for one test.

use std::io::Write as _;

use kanak_codes::{CodeSystem, Codes, CodesError, Part};

pub(crate) fn pack(csv: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(csv.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A sidecar for as many rows as the CSV has; `more` are further lines of it.
pub(crate) fn sidecar(name: &str, version: &str, more: &str, csv: &str) -> String {
    format!(
        "name = \"{name}\"\ntitle_en = \"T\"\ntitle_pa = \"T\"\ntitle_hi = \"T\"\nversion = \"{version}\"\nsource = \"s\"\n\
         licence = \"l\"\nsource_date = \"2026\"\nconcepts = {}\n{more}\n",
        csv.trim_end().lines().count() - 1
    )
}

/// The same table with the columns that every table has and this one leaves out, empty.
fn whole(csv: &str) -> String {
    let header = csv.lines().next().unwrap_or_default();
    let missing = ["parent", "status"].into_iter().filter(|name| !header.split(',').any(|column| column == *name));
    missing.fold(csv.to_owned(), |csv, name| {
        let mut lines = csv.lines();
        let header = format!("{},{name}\n", lines.next().unwrap_or_default());
        lines.fold(header, |table, line| table + line + ",\n")
    })
}

pub(crate) fn part(name: &str, version: &str, more: &str, csv: &str) -> Part {
    Part::System { sidecar: sidecar(name, version, more, csv), packed_csv: pack(&whole(csv)) }
}

pub(crate) fn try_system(name: &str, version: &str, more: &str, csv: &str) -> Result<CodeSystem, CodesError> {
    CodeSystem::from_parts(&sidecar(name, version, more, csv), pack(&whole(csv)))
}

pub(crate) fn system(name: &str, version: &str, more: &str, csv: &str) -> CodeSystem {
    try_system(name, version, more, csv).unwrap()
}

pub(crate) fn with(parts: Vec<Part>) -> Codes {
    Codes::builtin().unwrap().with(parts).unwrap()
}

pub(crate) fn value_set(name: &str, rules: &str) -> Part {
    let head =
        "title_en = \"T\"\ntitle_pa = \"T\"\ntitle_hi = \"T\"\nversion = \"1\"\nsource = \"s\"\nlicence = \"l\"\n";
    Part::ValueSet { text: format!("name = \"{name}\"\n{head}{rules}") }
}

pub(crate) fn concept_map(name: &str, source: &str, target: &str, more: &str, rows: &str) -> Part {
    let head =
        "title_en = \"T\"\ntitle_pa = \"T\"\ntitle_hi = \"T\"\nversion = \"1\"\nsource = \"s\"\nlicence = \"l\"\n";
    Part::ConceptMap {
        text: format!("name = \"{name}\"\n{head}source_system = \"{source}\"\ntarget_system = \"{target}\"\n{more}\n"),
        csv: format!("source,target,relationship,valid_from,comment\n{rows}"),
    }
}
