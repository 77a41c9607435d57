//! Declarations of sources: which are found, which refused, and what the refusal says.

use std::path::Path;

use kanak_ingest::{IngestError, Sources};

use crate::support::{CITIZENS, Folder, says};

fn declaration() -> String {
    CITIZENS.replace("FORMAT", r#"{ type = "csv" }"#)
}

fn load(text: &str) -> Result<Sources, IngestError> {
    let folder = Folder::new();
    folder.write("ration.toml", text);
    folder.write("notes.txt", "not a source");
    let sources = Sources::load(folder.0.path())?;
    let entities = kanak_model::builtin::entity_models()?;
    let events = kanak_model::builtin::event_models()?;
    sources.check(&entities, &events)?;
    Ok(sources)
}

#[test]
fn every_builtin_source_fits_its_model() {
    let entities = kanak_model::builtin::entity_models().unwrap();
    let events = kanak_model::builtin::event_models().unwrap();
    Sources::builtin().unwrap().check(&entities, &events).unwrap();
}

#[test]
fn no_two_builtin_sources_take_the_same_file() {
    let sources = Sources::builtin().unwrap();
    for source in sources.iter() {
        for pattern in &source.files {
            let name = pattern.replace('*', "2025");
            assert_eq!(sources.find_for_file(&name).map(|found| &found.name), Some(&source.name), "{name}");
        }
    }
}

#[test]
fn a_file_belongs_to_the_source_whose_pattern_it_fits() {
    let sources = load(&declaration()).unwrap();
    for name in ["ration_2025.csv", "Ration.CSV", "ration.csv.gz", "ration-may.xlsx"] {
        assert_eq!(sources.find_for_file(name).map(|source| source.name.as_str()), Some("ration"), "{name}");
    }
    assert!(sources.find_for_file("rations.txt").is_none());
    assert_eq!(sources.get_for_file(Path::new("/in/ration.csv")).unwrap().name, "ration");
    says(&sources.get("rations").unwrap_err(), &["no source `rations`", "did you mean `ration`"]);
}

#[test]
fn a_folder_that_is_not_there_adds_nothing() {
    let sources = Sources::load(Path::new("/nowhere/at/all")).unwrap();
    assert_eq!(sources.iter().count(), Sources::builtin().unwrap().iter().count());
}

#[track_caller]
fn refuses(from: &str, to: &str, words: &[&str]) {
    let text = declaration().replacen(from, to, 1);
    assert_ne!(text, declaration());
    let line = text.lines().position(|line| line.contains(to.lines().last().unwrap())).unwrap() + 1;
    let error = load(&text).unwrap_err();
    says(&error, &[&format!("ration.toml:{line}:")]);
    says(&error, words);
}

#[test]
fn a_mistake_names_file_line_and_the_allowed_words() {
    refuses("to = \"sex\"", "to = \"gender\"", &["no attribute `gender`", "`citizen`", "`sex`", "`full_name`"]);
    refuses(
        "entity = \"citizen\"",
        "entity = \"citizens\"",
        &["no entity model `citizens`", "`citizen`", "`employee`"],
    );
    refuses("key = \"Card No\"", "key = \"UID\"", &["key column `UID`", "Aadhaar", "own number"]);
}

#[test]
fn what_a_row_takes_from_another_is_declared_in_full_or_refused() {
    let father = |line: &str| format!("from = \"Father\"\n{line}");
    let refuses = |line: &str, words: &[&str]| {
        let text = declaration().replacen("from = \"Father\"", &father(line), 1);
        says(&load(&text).unwrap_err(), words);
    };
    load(&declaration().replacen(
        "from = \"Father\"",
        &father("where_empty = { take = \"Name\", of_other_with_same = \"House\" }"),
        1,
    ))
    .unwrap();
    refuses(
        "where_empty = { take = \"Name\", same = \"House\" }",
        &["ration.toml:18:", "`same`", "`take`", "`of_other_with_same`"],
    );
    refuses("where_empty = { take = \"Name\" }", &["ration.toml:18:", "of_other_with_same"]);
    refuses(
        "where_empty = { take = \"House\", of_other_with_same = \"House\" }",
        &["ration.toml:16:", "`House`", "tells nothing", "another column"],
    );
    refuses(
        "where_empty = { take = \"Name\", of_other_with_same = \"Card No\" }",
        &["ration.toml:16:", "`Card No` alone is the `key`", "two rows share"],
    );
    refuses(
        "where_empty = { take = \" \", of_other_with_same = \"House\" }",
        &["ration.toml:16:", "`take` and `of_other_with_same`"],
    );
    let fixed = declaration().replacen(
        "from = \"Father\"",
        "value = \"Bir\"\nwhere_empty = { take = \"Name\", of_other_with_same = \"House\" }",
        1,
    );
    says(&load(&fixed).unwrap_err(), &["ration.toml:16:", "fixed `value`", "`from`"]);
    let aadhaar = declaration().replacen(
        "from = \"UID\"",
        "from = \"UID\"\nwhere_empty = { take = \"Name\", of_other_with_same = \"House\" }",
        1,
    );
    says(&load(&aadhaar).unwrap_err(), &["ration.toml:32:", "`aadhaar`", "no row takes from another"]);
}

#[test]
fn a_slip_in_the_toml_names_its_line() {
    let text = declaration().replacen("updated =", "updatd =", 1);
    says(&load(&text).unwrap_err(), &["ration.toml:10:", "updatd", "updated"]);
    let text = declaration().replacen("[[column]]", "[[column]", 1);
    says(&load(&text).unwrap_err(), &["ration.toml:12:"]);
    let text = declaration().replacen("to = \"full_name\"", "to = \"mother_name\"", 1);
    says(&load(&text).unwrap_err(), &["ration.toml:3:", "no column is mapped to `full_name`"]);
}

#[test]
fn two_declarations_of_one_name_are_refused() {
    let folder = Folder::new();
    folder.write("a.toml", declaration());
    folder.write("b.toml", declaration());
    says(&Sources::load(folder.0.path()).unwrap_err(), &["b.toml:3:", "`ration`", "a.toml", "rename one"]);
}
