//! The declarations of sources fit the models.

use std::fs;
use std::path::Path;

use kanak_model::builtin::{entity_models, event_models};
use kanak_model::entity_model::Attribute;
use kanak_model::source_system::{RowsAre, SourceSystem};

/// Every declared source, by name.
pub(crate) fn declared() -> Vec<SourceSystem> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sources");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        SourceSystem::parse(&path.to_string_lossy(), &fs::read_to_string(path).unwrap()).unwrap()
    };
    paths.iter().filter(|path| path.extension().is_some_and(|end| end == "toml")).map(read).collect()
}

#[test]
fn every_source_parses_and_maps_to_attributes_of_its_model() {
    let (entities, events) = (entity_models().unwrap(), event_models().unwrap());
    let sources = declared();
    assert_eq!(sources.len(), 29);
    for source in &sources {
        let attributes: &[Attribute] = match &source.rows {
            RowsAre::Entity(name) => &entities.iter().find(|model| model.name == *name).unwrap().attributes,
            RowsAre::Event(name) => &events.iter().find(|model| model.name == *name).unwrap().attributes,
        };
        for column in &source.columns {
            let attribute = attributes.iter().find(|attribute| attribute.name == column.to);
            let attribute = attribute.unwrap_or_else(|| panic!("{}: no attribute {}", source.name, column.to));
            assert_eq!(attribute.entity.is_some(), column.source.is_some(), "{}: {}", source.name, column.to);
            if let (Some(entity), Some(other)) = (&attribute.entity, &column.source) {
                let other = sources.iter().find(|source| source.name == *other).unwrap();
                assert_eq!(other.rows, RowsAre::Entity(entity.clone()));
            }
        }
        for attribute in attributes.iter().filter(|attribute| attribute.required) {
            assert!(
                source.columns.iter().any(|column| column.to == attribute.name),
                "{}: {}",
                source.name,
                attribute.name
            );
        }
    }
}

#[test]
fn every_column_that_a_source_names_stands_in_its_file() {
    for source in declared() {
        let Some(file) = crate::reading::read(&source, &crate::made::path_of(&source.name)) else { continue };
        let named = source.columns.iter().flat_map(|column| &column.from.0);
        for column in named.chain(&source.key).chain(&source.updated) {
            assert!(file.columns.contains(column), "{} has no column {column}; it has {:?}", source.name, file.columns);
        }
        let forbidden = ["caste", "religion", "category_of_person", "jati"];
        assert!(!file.columns.iter().any(|column| forbidden.contains(&column.to_lowercase().as_str())));
    }
}

#[test]
fn the_words_that_a_source_translates_are_those_in_its_file() {
    for source in declared() {
        let Some(file) = crate::reading::read(&source, &crate::made::path_of(&source.name)) else { continue };
        for column in source.columns.iter().filter(|column| !column.values.is_empty()) {
            for fields in file.rows.iter().filter_map(|row| row.fields.as_ref().ok()) {
                let value = fields.get(&column.from.0[0]).map_or("", String::as_str);
                assert!(value.is_empty() || column.values.contains_key(value), "{}: {value}", source.name);
            }
        }
    }
}
