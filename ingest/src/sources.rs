//! The registers that a deployment reads, and which of them a file belongs to.

use std::collections::BTreeMap;
use std::path::Path;

use kanak_model::kind::Kind;
use kanak_model::source_system::RowsAre;
use kanak_model::toml_text::{ModelError, TomlText, choices};
use kanak_model::{EntityModel, EventModel, SourceSystem};

use crate::error::IngestError;
use crate::glob;
use crate::plan::Rows;
use crate::{builtin, nearest::nearest};

/// The declared sources, in name order.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    by_name: BTreeMap<String, Declared>,
}

/// A source and the text that declares it, so that a later check can still say where.
#[derive(Debug, Clone)]
struct Declared {
    source: SourceSystem,
    file: String,
    text: String,
}

impl Sources {
    /// The sources that come with Kanak.
    ///
    /// # Errors
    /// Never in a released build: a test reads each and checks it against the models that come with Kanak.
    pub fn builtin() -> Result<Self, IngestError> {
        let mut sources = Self::default();
        for (file, text) in builtin::SOURCES {
            let declared = Declared::parse(file, text)?;
            sources.by_name.insert(declared.source.name.clone(), declared);
        }
        Ok(sources)
    }

    /// The sources that come with Kanak and those of a folder (`*.toml`), which replace them by name. A folder that is
    /// not there counts as empty. [`Sources::check`] holds them against the models.
    ///
    /// # Errors
    /// When a declaration says something wrong: with file, line and the allowed words.
    pub fn load(dir: &Path) -> Result<Self, IngestError> {
        let of_io = |path: &Path, cause| IngestError::Io { file: path.display().to_string(), cause };
        let mut paths = Vec::new();
        if dir.exists() {
            for entry in std::fs::read_dir(dir).map_err(|cause| of_io(dir, cause))? {
                paths.push(entry.map_err(|cause| of_io(dir, cause))?.path());
            }
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        let mut own: BTreeMap<String, Declared> = BTreeMap::new();
        for path in &paths {
            let text = std::fs::read_to_string(path).map_err(|cause| of_io(path, cause))?;
            let declared = Declared::parse(&path.display().to_string(), &text)?;
            let name = &declared.source.name;
            if let Some(other) = own.get(name) {
                let message = format!("the source `{name}` is declared in {} as well; rename one", other.file);
                return Err(declared.error_at(name, message).into());
            }
            own.insert(name.clone(), declared);
        }
        let mut sources = Self::builtin()?;
        sources.by_name.append(&mut own);
        Ok(sources)
    }

    /// Holds every source against the models that its rows are of.
    ///
    /// # Errors
    /// When a source names a model, an attribute or another source that is not there: with file, line and the allowed
    /// words. When an Aadhaar number would name rows.
    pub fn check(&self, entities: &[EntityModel], events: &[EventModel]) -> Result<(), IngestError> {
        for declared in self.by_name.values() {
            let source = &declared.source;
            find_rows(source, entities, events)
                .and_then(|rows| check_columns(source, rows, |name| self.by_name.contains_key(name)))
                .map_err(|(word, message)| declared.error_at(&word, message))?;
        }
        Ok(())
    }

    /// All sources, in name order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &SourceSystem> {
        self.by_name.values().map(|declared| &declared.source)
    }

    /// The source of this name.
    pub fn find(&self, name: &str) -> Option<&SourceSystem> {
        self.by_name.get(name).map(|declared| &declared.source)
    }

    /// The source of this name.
    ///
    /// # Errors
    /// When there is none, with the names there are.
    pub fn get(&self, name: &str) -> Result<&SourceSystem, IngestError> {
        self.find(name).ok_or_else(|| {
            let near = nearest(name, self.by_name.keys().map(String::as_str));
            IngestError::Broken {
                file: name.to_owned(),
                line: None,
                problem: format!(
                    "no source `{name}` is declared{}",
                    near.map(|near| format!("; did you mean `{near}`")).unwrap_or_default()
                ),
                remedy: format!("known are {}", choices(self.by_name.keys().map(String::as_str))),
            }
        })
    }

    /// The source that takes files of this name. A gzipped file may leave `.gz` out of account.
    pub fn find_for_file(&self, file_name: &str) -> Option<&SourceSystem> {
        let plain = file_name.strip_suffix(".gz").unwrap_or(file_name);
        let takes = |source: &&SourceSystem| {
            source.files.iter().any(|pattern| glob::fits(pattern, file_name) || glob::fits(pattern, plain))
        };
        self.iter().find(takes)
    }

    /// The source that takes a file.
    ///
    /// # Errors
    /// When none does, with the sources and the names they take.
    pub fn get_for_file(&self, path: &Path) -> Result<&SourceSystem, IngestError> {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        self.find_for_file(&name).ok_or_else(|| {
            let takes = |source: &SourceSystem| format!("{} ({})", source.name, source.files.join(", "));
            let known: Vec<String> = self.iter().map(takes).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join("; ") };
            IngestError::UnknownFile { file: path.display().to_string(), known }
        })
    }
}

impl Declared {
    fn parse(file: &str, text: &str) -> Result<Self, ModelError> {
        Ok(Self { source: SourceSystem::parse(file, text)?, file: file.to_owned(), text: text.to_owned() })
    }

    /// An error where a word first stands in quotes.
    fn error_at(&self, word: &str, message: String) -> ModelError {
        let at = self.text.find(&format!("\"{word}\"")).unwrap_or(0);
        TomlText::new(&self.file, &self.text).error_at(at..at, message)
    }
}

/// The offending word and what is wrong with it.
type Wrong = (String, String);

fn find_rows<'a>(
    source: &SourceSystem,
    entities: &'a [EntityModel],
    events: &'a [EventModel],
) -> Result<Rows<'a>, Wrong> {
    match &source.rows {
        RowsAre::Entity(name) => entities.iter().find(|model| model.name == *name).map(Rows::Entity).ok_or_else(|| {
            let known = choices(entities.iter().map(|model| model.name.as_str()));
            (name.clone(), format!("no entity model `{name}`; there is {known}"))
        }),
        RowsAre::Event(name) => events.iter().find(|model| model.name == *name).map(Rows::Event).ok_or_else(|| {
            let known = choices(events.iter().map(|model| model.name.as_str()));
            (name.clone(), format!("no event model `{name}`; there is {known}"))
        }),
    }
}

fn check_columns(source: &SourceSystem, rows: Rows<'_>, is_source: impl Fn(&str) -> bool) -> Result<(), Wrong> {
    for column in &source.columns {
        let Some(attribute) = rows.find_attribute(&column.to) else {
            let known = choices(rows.attributes().iter().map(|attribute| attribute.name.as_str()));
            let message = format!("no attribute `{}` in the model `{}`; it has {known}", column.to, rows.name());
            return Err((column.to.clone(), message));
        };
        if attribute.kind == Kind::Aadhaar
            && let Some(key) = source.key.iter().find(|key| column.from.0.contains(key))
        {
            let message = format!(
                "the key column `{key}` is an Aadhaar number, which must not name rows; choose the department's own number as `key`"
            );
            return Err((key.clone(), message));
        }
        if attribute.kind == Kind::Aadhaar && column.where_empty.is_some() {
            let message = format!(
                "`{}` is an Aadhaar number, which no row takes from another; leave `where_empty` out",
                column.to
            );
            return Err((column.to.clone(), message));
        }
        match (&column.source, attribute.kind) {
            (None, Kind::SourceKey) => {
                let message = format!("the column for `{}` needs `source = ..`: the source whose key it is", column.to);
                return Err((column.to.clone(), message));
            }
            (Some(name), Kind::SourceKey) if !is_source(name) => {
                return Err((name.clone(), format!("`source = \"{name}\"` names a source that is not declared")));
            }
            (Some(name), kind) if kind != Kind::SourceKey => {
                let message =
                    format!("`source` goes with attributes of kind `source_key`; `{}` is `{}`", column.to, kind.name());
                return Err((name.clone(), message));
            }
            _ => {}
        }
    }
    for attribute in rows.attributes().iter().filter(|attribute| attribute.required) {
        if !source.columns.iter().any(|column| column.to == attribute.name) {
            let message =
                format!("no column is mapped to `{}`, which the model `{}` requires", attribute.name, rows.name());
            return Err((source.name.clone(), message));
        }
    }
    Ok(())
}
