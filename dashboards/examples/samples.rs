//! Writes every page, filled with made-up rows, to a folder: for looking at them without a hub.
//!
//! `cargo run --release -p kanak-dashboards --example samples -- DIR [en|pa|hi]` also writes the files under
//! `/assets`, so that any plain file server shows the pages as they are.

use std::fs;
use std::path::PathBuf;

use kanak_dashboards::{assets, samples};
use kanak_model::Language;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder to write to")?);
    let language = match std::env::args().nth(2).as_deref() {
        Some("pa") => Language::Pa,
        Some("hi") => Language::Hi,
        _ => Language::En,
    };
    fs::create_dir_all(folder.join("assets"))?;
    for (path, bytes) in assets::list() {
        fs::write(folder.join(path.trim_start_matches('/')), bytes)?;
    }
    for (name, html) in samples::all(language, "Gurpreet Singh")? {
        fs::write(folder.join(format!("{name}.html")), html)?;
    }
    Ok(())
}
