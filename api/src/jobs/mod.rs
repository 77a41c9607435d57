//! The work that commands and the server share: each job joins crates that do not know each other.

pub mod accuracy;
pub mod as_of;
pub mod backup_manifest;
pub mod declared_models;
pub mod erase;
pub mod explain;
pub mod hub;
pub mod ingest_file;
pub mod kept_checkpoint;
pub mod keys;
pub mod live;
pub mod model_migrations;
pub mod on_record;
pub mod publish;
pub mod quality;
pub mod refresh;
pub mod resolve;
pub mod rules_preview;
pub mod steward;
pub mod vault;
pub mod verify;
pub mod webhooks;
pub mod written;
