//! Lists the code systems under `data/` so that adding one means adding its files and nothing else.
//!
//! A code system is a sidecar `<name>.toml` beside `<name>.csv.gz`, in `data/` or in `data/unlicensed/`. The list
//! is written to `embedded.rs`, sorted by name, as `(name, sidecar text, compressed table)`. A further version of a system is
//! `<name>@<version>.toml` beside its table. A value set is `data/value-sets/<name>.toml`, a concept map
//! `data/concept-maps/<name>.toml` beside `<name>.csv`, the rules of a scheme `data/schemes/<name>.toml`. Files are named from
//! the folder of the crate, so that a build folder serves whichever checkout it is used from.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let data = PathBuf::from("data");
    println!("cargo::rerun-if-changed=data");

    let mut list = String::from("const EMBEDDED: &[(&str, &str, &[u8])] = &[\n");
    for (name, base) in declarations(&[data.clone(), data.join("unlicensed")])? {
        let (sidecar, table) = (of_crate(&base, "toml"), of_crate(&base, "csv.gz"));
        writeln!(list, "    ({name:?}, include_str!({sidecar}), include_bytes!({table})),")?;
    }
    list.push_str("];\nconst EMBEDDED_VALUE_SETS: &[(&str, &str)] = &[\n");
    for (name, base) in declarations(&[data.join("value-sets")])? {
        let text = of_crate(&base, "toml");
        writeln!(list, "    ({name:?}, include_str!({text})),")?;
    }
    list.push_str("];\nconst EMBEDDED_CONCEPT_MAPS: &[(&str, &str, &str)] = &[\n");
    for (name, base) in declarations(&[data.join("concept-maps")])? {
        let (text, rows) = (of_crate(&base, "toml"), of_crate(&base, "csv"));
        writeln!(list, "    ({name:?}, include_str!({text}), include_str!({rows})),")?;
    }
    list.push_str("];\npub(crate) const SCHEMES: &[(&str, &str)] = &[\n");
    for (name, base) in declarations(&[data.join("schemes")])? {
        let text = of_crate(&base, "toml");
        writeln!(list, "    ({name:?}, include_str!({text})),")?;
    }
    list.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("embedded.rs"), list)?;
    Ok(())
}

/// The expression that names a file of this crate when it is compiled.
fn of_crate(base: &str, ending: &str) -> String {
    format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?})", format!("/{base}.{ending}"))
}

/// The TOML files of some folders by name, each with its path short of the ending; a folder that is not there has none.
fn declarations(folders: &[PathBuf]) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut found = Vec::new();
    for folder in folders.iter().filter(|folder| folder.exists()) {
        for entry in fs::read_dir(folder)? {
            let file = entry?.file_name();
            if let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".toml")) {
                found.push((name.to_owned(), folder.join(name).display().to_string()));
            }
        }
    }
    found.sort();
    Ok(found)
}
