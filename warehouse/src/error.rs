//! What can go wrong, sorted by who must act.

use std::path::PathBuf;

use kanak_model::toml_text::ModelError;

/// An error of the warehouse. Messages name tables, columns and models; never a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    /// The operator must build a release first.
    #[error("the warehouse has no release yet; run `kanak refresh`")]
    NoRelease,
    /// The caller named a table that is not there or not for them.
    #[error("no table `{name}`; there are {known}")]
    UnknownTable {
        /// The name asked for.
        name: String,
        /// The tables that the caller may read.
        known: String,
    },
    /// The caller named a metric that is not defined.
    #[error("no metric `{name}`; there are {known}")]
    UnknownMetric {
        /// The name asked for.
        name: String,
        /// The metrics there are.
        known: String,
    },
    /// The caller cut a metric by something that it cannot be cut by.
    #[error("metric `{metric}` cannot be cut by `{name}`; it can by {known}")]
    UnknownDimension {
        /// The metric.
        metric: String,
        /// The dimension asked for.
        name: String,
        /// Its dimensions.
        known: String,
    },
    /// The caller asked metrics for something that cannot be.
    #[error("{message}")]
    MetricQuery {
        /// What cannot be, and what can.
        message: String,
    },
    /// The author of a model or metric must act: a release would break what holds of figures. The former one stays in force.
    #[error("the new release is not put, because its figures break a law: {broken}")]
    Law {
        /// The laws, and what breaks them.
        broken: String,
    },
    /// The caller's statement does more than read.
    #[error("only a single SELECT is allowed here: {reason}")]
    Refused {
        /// What was refused.
        reason: String,
    },
    /// The caller's query does not parse, plan or run.
    #[error("the query failed: {message}")]
    Query {
        /// What the engine says.
        message: String,
    },
    /// The caller's query took too long.
    #[error("the query took longer than {timeout_ms} ms; narrow it down or aggregate more")]
    TimedOut {
        /// The limit.
        timeout_ms: u64,
    },
    /// The author of a model or metric must act.
    #[error(transparent)]
    Toml(#[from] ModelError),
    /// The author of a list of codes or days must act.
    #[error(transparent)]
    Codes(#[from] kanak_codes::CodesError),
    /// The author of a SQL model must act.
    #[error("model `{model}`: {message}")]
    Model {
        /// The model.
        model: String,
        /// What is wrong with it.
        message: String,
    },
    /// Two crosswalks claim the same source key; an operator must act.
    #[error(
        "source system `{source_system}` has a source key with two crosswalks to entity `{entity}`; run `kanak verify`"
    )]
    CrosswalkTwice {
        /// The source system.
        source_system: String,
        /// The entity type.
        entity: String,
    },
    /// The program that loads must act: its batch does not fit.
    #[error("batch for table `{table}`: {message}")]
    Batch {
        /// The table.
        table: String,
        /// What does not fit.
        message: String,
    },
    /// Reading or writing a table failed; an operator must act.
    #[error("table `{table}`: {source}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of the lake cannot be read or written; an operator must act.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A release manifest does not read; an operator must act.
    #[error("{}: not a release manifest ({message}); restore it from a backup or refresh into an empty lake", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

impl WarehouseError {
    pub(crate) fn table(table: &str) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> Self + use<> {
        let table = table.to_owned();
        move |source| Self::Table { table, source }
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
