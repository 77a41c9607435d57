//! The hub's own registers: source records that were created here after a search, one register for each entity type.

use kanak_model::source_system::{Format, Load, RowsAre, Stakes};
use kanak_model::{EntityModel, SourceSystem, Titles};

/// The department of the hub's own registers.
const DEPARTMENT: &str = "HUB";
/// How far they are trusted, unless the deployment declares a source of the same name itself.
const TRUST: f64 = 0.5;

/// What the hub's own register of an entity type is called.
pub fn name(entity: &str) -> String {
    format!("hub_{entity}")
}

/// The hub's own register of an entity type. Its rows are stated by attributes, and no file holds them.
pub fn of(model: &EntityModel) -> SourceSystem {
    SourceSystem {
        name: name(&model.name),
        title: Titles { en: format!("{}: created in the hub", model.title.en), pa: None, hi: None },
        department: DEPARTMENT.to_owned(),
        rows: RowsAre::Entity(model.name.clone()),
        files: Vec::new(),
        format: Format::Ndjson,
        load: Load::Delta,
        retire_share_max: 0.0,
        key: vec!["key".to_owned()],
        updated: None,
        updated_date_order: None,
        trust: TRUST,
        stakes: Stakes::Ordinary,
        columns: Vec::new(),
    }
}

/// The hub's own register of this name.
pub fn find(models: &[EntityModel], wanted: &str) -> Option<SourceSystem> {
    models.iter().find(|model| name(&model.name) == wanted).map(of)
}

/// Whether a source is declared by the hub itself.
pub fn is_one(source: Option<&SourceSystem>) -> bool {
    source.is_some_and(|source| source.department == DEPARTMENT && source.files.is_empty())
}
