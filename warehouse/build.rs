//! Lists the SQL models and the metrics under `models/`, so that adding one means adding its file and nothing else.
//!
//! `embedded.rs` holds `SQL_MODELS` and `METRICS`, each a list of `(file name, text)` sorted by file name. Files
//! are named from the folder of the crate, so that a build folder serves whichever checkout it is used from.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let mut list = String::new();
    for (constant, folders, extension) in
        [("SQL_MODELS", &["models/facts", "models/marts"][..], "sql"), ("METRICS", &["models/metrics"][..], "toml")]
    {
        let mut files = Vec::new();
        for folder in folders {
            println!("cargo::rerun-if-changed={folder}");
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.extension().and_then(|text| text.to_str()) == Some(extension) {
                    println!("cargo::rerun-if-changed={}", path.display());
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    files.push((format!("{folder}/{name}"), path));
                }
            }
        }
        files.sort();
        writeln!(list, "pub(crate) const {constant}: &[(&str, &str)] = &[")?;
        for (name, path) in files {
            let file = format!("/{}", path.display());
            writeln!(list, "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {file:?}))),")?;
        }
        list.push_str("];\n");
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("embedded.rs"), list)?;
    Ok(())
}
