#![doc = include_str!("../README.md")]

pub mod builtin;
mod check;
mod checked;
mod columns;
mod connector;
mod decode;
mod error;
mod events;
mod glob;
mod guess;
mod header;
mod input;
pub mod landing;
mod memo;
mod nearest;
mod other_rows;
mod plan;
mod profile;
mod raw_row;
mod read;
mod single;
mod sources;
mod twelve_digits;

pub use crate::{
    checked::{CheckedBatch, CheckedRow, FileReport, Secret},
    columns::{Columns, read_columns, read_columns_as},
    error::IngestError,
    events::{EventBatchBuilder, event_schema},
    guess::guess_format,
    input::Input,
    nearest::nearest,
    plan::Rows,
    profile::{ColumnProfile, Frequent, Profile, profile},
    read::{BATCH_ROWS, read_file, read_file_without},
    single::{LandedRow, RowChecked, RowMismatch, StatedBy, check_row, landed_as, landed_text},
    sources::Sources,
};
