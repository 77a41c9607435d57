#![doc = include_str!("../README.md")]

pub mod builtin;
mod check;
mod checked;
mod connector;
mod decode;
mod error;
mod events;
mod glob;
mod input;
pub mod landing;
mod nearest;
mod plan;
mod raw_row;
mod read;
mod sources;

pub use crate::{
    checked::{CheckedBatch, CheckedRow, FileReport, Secret},
    error::IngestError,
    events::{EventBatchBuilder, event_schema},
    input::Input,
    plan::Rows,
    read::{BATCH_ROWS, read_file},
    sources::Sources,
};
