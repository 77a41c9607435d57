//! Event models: what happens to masters (a service application, a grievance, a payment), read from one TOML file.

use serde::Deserialize;
use toml::Spanned;

use crate::entity_model::{Attribute, check_attributes};
use crate::text::Titles;
use crate::toml_text::{ModelError, TomlText};

/// One kind of event. Its rows become a fact table; they are checked at ingest and not matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventModel {
    /// `service_application`; singular, snake case.
    pub name: String,
    /// The title on pages.
    pub title: Titles,
    /// Its attributes, in column order.
    pub attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    event: RawEvent,
    #[serde(default)]
    attribute: Vec<Spanned<Attribute>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent {
    name: String,
    title: Titles,
}

impl EventModel {
    /// Reads a model.
    ///
    /// # Errors
    /// A [`ModelError`] that names the file, the line and what is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self, ModelError> {
        let source = TomlText::new(file, text);
        let raw: RawModel = source.parse()?;
        let attributes = check_attributes(&source, raw.attribute)?;
        Ok(Self { name: raw.event.name, title: raw.event.title, attributes })
    }

    /// The attribute of this name.
    pub fn find_attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}
