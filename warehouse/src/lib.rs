#![doc = include_str!("../README.md")]

pub mod appraisal;
mod build_release;
mod calendar;
mod catalog;
mod code_tables;
mod compact;
mod delta;
mod dimension;
mod error;
mod functions;
mod metrics;
mod models;
pub mod pack;
mod parquet_table;
mod policy_exec;
mod query;
mod reconcile;
mod relations;
mod release;
mod rows_json;
mod schema;
mod scoped_table;
mod staging;
mod sums;
mod warehouse;

pub use crate::{
    dimension::GoldenVersionRow,
    error::WarehouseError,
    metrics::{
        Changed, Clock, Compare, Condition, Counted, Direction, Drill, Law, LawCheck, Metric, MetricAnswer,
        MetricQuery, Order, Part, TimeColumn, TimeGrain, Unit, Way,
    },
    query::{QueryLimits, QueryResult},
    reconcile::{FactCount, Reconciliation},
    relations::{PERSONAL_RELATIONS, RELATIONS, RelationRow},
    release::{DataFile, Folder, Release, ReleaseTable},
    rows_json::rows_json,
    schema::{Column, ColumnType},
    staging::{CROSSWALK, CrosswalkRow, INGEST_QUALITY, MATCH_QUALITY, REGISTER_FILES, hub_columns},
    warehouse::{TableInfo, Warehouse},
};
