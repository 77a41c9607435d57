//! Reading of TOML models: every mistake names the file, the line, the words and the remedy.

use std::ops::Range;

use serde::de::DeserializeOwned;

/// A model or source file that says something wrong. Its author must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ModelError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, with the offending words and the allowed ones.
    pub message: String,
}

impl ModelError {
    /// Where it is: `file:line`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// An error at such a place.
    pub(crate) fn at_place(place: &str, message: String) -> Self {
        let (file, line) = place.rsplit_once(':').unwrap_or((place, ""));
        Self { file: file.to_owned(), line: line.parse().unwrap_or(1), message }
    }
}

/// A file's text with its name, so that a later check can still say where.
#[derive(Debug, Clone, Copy)]
pub struct TomlText<'a> {
    /// The file's name, for messages.
    pub file: &'a str,
    /// Its whole text.
    pub text: &'a str,
}

impl<'a> TomlText<'a> {
    /// Names a text.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text }
    }

    /// Reads the whole text as `T`.
    ///
    /// # Errors
    /// A [`ModelError`] at the first place that does not fit `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ModelError> {
        toml::from_str(self.text).map_err(|error| self.error_at(error.span().unwrap_or(0..0), error.message().trim()))
    }

    /// An error at a span of this text.
    pub fn error_at(&self, span: Range<usize>, message: impl Into<String>) -> ModelError {
        let before = self.text.get(..span.start.min(self.text.len())).unwrap_or(self.text);
        ModelError { file: self.file.to_owned(), line: before.matches('\n').count() + 1, message: message.into() }
    }
}

/// The allowed words in one line: `a, b or c`.
pub fn choices<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}
