//! The work that commands and the server share: each job joins crates that do not know each other.

pub mod accuracy;
pub mod backup_manifest;
pub mod erase;
pub mod explain;
pub mod ingest_file;
pub mod live;
pub mod publish;
pub mod quality;
pub mod refresh;
pub mod resolve;
pub mod steward;
pub mod vault;
pub mod verify;
pub mod webhooks;
