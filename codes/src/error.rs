//! What can go wrong with a code system, sorted by who must act.

/// Why a code system could not be found or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodesError {
    /// The caller must act: there is no code system of that name.
    #[error("unknown code system `{name}`; known are {known}")]
    UnknownSystem {
        /// The name that was asked for.
        name: String,
        /// The names there are, joined by commas.
        known: String,
    },
    /// The author of a sidecar or of a list of days must act: a line of it cannot be read.
    #[error("{file} line {line}: {problem}")]
    Sidecar {
        /// The sidecar or list.
        file: String,
        /// Its line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The author of a table must act: a row of `<name>.csv.gz` breaks a rule.
    #[error("code system `{system}`: {problem}")]
    Table {
        /// The code system.
        system: String,
        /// What is wrong, naming the code or the row.
        problem: String,
    },
}
