//! Lists the code systems under `data/` so that adding one means adding its files and nothing else.
//!
//! A code system is a sidecar `<name>.toml` beside `<name>.csv.gz`, in `data/` or in `data/unlicensed/`. The list
//! is written to `embedded.rs`, sorted by name, as `(name, sidecar text, compressed table)`.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let mut systems = Vec::new();
    for folder in ["data", "data/unlicensed"] {
        println!("cargo::rerun-if-changed={folder}");
        for entry in fs::read_dir(Path::new(&root).join(folder))? {
            let path = entry?.path();
            let (Some(stem), Some("toml")) =
                (path.file_stem().and_then(|stem| stem.to_str()), path.extension().and_then(|ext| ext.to_str()))
            else {
                continue;
            };
            println!("cargo::rerun-if-changed={}", path.display());
            println!("cargo::rerun-if-changed={}", path.with_extension("csv.gz").display());
            systems.push((stem.to_owned(), path));
        }
    }
    systems.sort();
    let mut list = String::from("pub(crate) const EMBEDDED: &[(&str, &str, &[u8])] = &[\n");
    for (name, path) in &systems {
        let (path, table) = (path.display().to_string(), path.with_extension("csv.gz").display().to_string());
        writeln!(list, "    ({name:?}, include_str!({path:?}), include_bytes!({table:?})),")?;
    }
    list.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("embedded.rs"), list)?;
    Ok(())
}
