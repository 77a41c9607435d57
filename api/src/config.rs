//! `kanak.toml`: what a deployment says about itself. It stands beside the data folder.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

/// A deployment's own settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What pages call this deployment.
    pub title: String,
    /// Where departments put their files.
    pub inbox: PathBuf,
    /// Entity models that replace or add to the ones that come with Kanak.
    pub models: Option<PathBuf>,
    /// Sources that replace or add to the ones that come with Kanak.
    pub sources: Option<PathBuf>,
    /// Whether the data is a made-up state's: pages say so.
    pub made_up: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { title: "Kanak".to_owned(), inbox: PathBuf::from("inbox"), models: None, sources: None, made_up: false }
    }
}

impl Config {
    /// Reads `kanak.toml` beside the data folder; the defaults where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or says something unknown.
    pub fn read_beside(data: &Path) -> anyhow::Result<Self> {
        let folder = match data.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let path = folder.join("kanak.toml");
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.display().to_string();
        let mut config: Self = kanak_model::toml_text::TomlText::new(&name, &text).parse()?;
        for relative in [Some(&mut config.inbox), config.models.as_mut(), config.sources.as_mut()].into_iter().flatten()
        {
            if relative.is_relative() {
                *relative = folder.join(&*relative);
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_in_the_settings_names_the_file_the_line_and_the_allowed_words() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kanak.toml"), "title = \"X\"\ninbocks = \"in\"\n").unwrap();
        let error = Config::read_beside(&folder.path().join("kanak-data")).unwrap_err().to_string();
        for word in ["kanak.toml:2", "inbocks", "inbox"] {
            assert!(error.contains(word), "{error}");
        }
    }
}
