#![doc = include_str!("../README.md")]

pub mod access;
pub mod builtin;
pub mod clock;
pub mod date;
pub mod entity_model;
pub mod event_model;
pub mod feed;
pub mod four_eyes;
pub mod golden_record;
pub mod id;
pub mod kind;
pub mod life_events;
pub mod match_pair;
pub mod model_migration;
pub mod model_version;
pub mod purposes;
pub mod quality;
pub mod relation;
pub mod sharing;
pub mod source_record;
pub mod source_system;
pub mod steward_task;
pub mod text;
pub mod toml_text;
pub mod valid_time;

pub use access::{Access, Caller, Purpose, Role};
pub use clock::{Clock, SystemClock, Timestamp};
pub use date::PartialDate;
pub use entity_model::EntityModel;
pub use event_model::EventModel;
pub use golden_record::GoldenRecord;
pub use id::{
    DecisionBatchId, FeedPosition, FieldCheckId, GoldenId, IngestRunId, OverrideId, ProposalId, RuleSetVersion,
    SourceRecordId, SourceSystemId, StewardTaskId, UserId,
};
pub use kind::{Class, Kind};
pub use model_migration::ModelMigration;
pub use model_version::ModelVersion;
pub use source_record::SourceRecord;
pub use source_system::SourceSystem;
pub use text::{Language, Titles};
