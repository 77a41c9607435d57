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
    /// The caller must act: there is no value set of that name.
    #[error("unknown value set `{name}`; known are {known}")]
    UnknownValueSet {
        /// The name that was asked for.
        name: String,
        /// The names there are, joined by commas.
        known: String,
    },
    /// The caller must act: there is no concept map of that name.
    #[error("unknown concept map `{name}`; known are {known}")]
    UnknownConceptMap {
        /// The name that was asked for.
        name: String,
        /// The names there are, joined by commas.
        known: String,
    },
    /// The caller must act: the code system has no such version.
    #[error("code system `{system}` has no version `{version}`; known are {known}")]
    UnknownVersion {
        /// The code system.
        system: String,
        /// The version that was asked for.
        version: String,
        /// The versions there are, joined by commas.
        known: String,
    },
    /// The caller must act: too many codes in one call.
    #[error("{count} codes in one call, and at most {} are judged; send them in parts", crate::as_of::BATCH_MAX)]
    Batch {
        /// How many there were.
        count: usize,
    },
    /// Whoever publishes must act: a version never changes once it is there.
    #[error(
        "code system `{system}` has version `{version}` already, and it says something else; give this one another, with `--version`"
    )]
    VersionExists {
        /// The code system.
        system: String,
        /// The version.
        version: String,
    },
    /// Whoever publishes must act: codes are gone that others name.
    #[error(
        "version `{version}` of code system `{system}` lacks codes that others name: {named}; retire them instead of removing them \
         (status `retired`, and `replaced_by` where another code stands for one), or accept that the references point to nothing, \
         with `--accept-removed` (over HTTP `accept_removed=true`)"
    )]
    StillNamed {
        /// The code system.
        system: String,
        /// The version that lacks them.
        version: String,
        /// Which codes, and who names them.
        named: String,
    },
    /// Whoever imports must act: a list from outside breaks a rule.
    #[error("{place}: {problem}")]
    Import {
        /// The line, concept or object of the file.
        place: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The author of a sidecar, value set, concept map or list of days must act: a line of it cannot be read.
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
