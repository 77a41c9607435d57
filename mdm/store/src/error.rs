//! What can go wrong, sorted by who must act.

use kanak_model::steward_task::StepRefused;
use kanak_model::{
    DecisionBatchId, FeedPosition, FieldCheckId, GoldenId, IngestRunId, ProposalId, RuleSetVersion, StewardTaskId,
    Timestamp,
};

/// Why the hub did not do what it was asked. Never holds a value of a person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operator must act: the address of the hub is not one.
    #[error("`{0}` is no hub; give a path, `sqlite:PATH` or `postgres://USER@HOST/DATABASE`")]
    Url(String),
    /// The operator must act: the database refused or is gone.
    #[error("hub database, {what}: {message}")]
    Database {
        /// What was attempted.
        what: &'static str,
        /// The engine's words, without values.
        message: String,
    },
    /// The operator must act: the database is gone, its disk is full, or it may not be written. What was acknowledged is there;
    /// what is refused so did not happen, and may be asked for again.
    #[error("{place}, {what}: {message}; nothing that was acknowledged is lost")]
    Unavailable {
        /// Which database.
        place: &'static str,
        /// What was attempted.
        what: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// The operator must act: a later version of kanak wrote it.
    #[error(
        "the {place} was written by a later version of kanak: its tables are of version {found}, and this one knows up to {known}; install that version, or restore a backup from before it"
    )]
    Newer {
        /// Which database.
        place: &'static str,
        /// The version of its tables.
        found: i64,
        /// The last that this binary knows.
        known: i64,
    },
    /// Another process must act: it holds the lease that this one held.
    #[error("another server has taken the lease `{0}`; what waits is its work now")]
    LeaseLost(&'static str),
    /// The operator must act: a backup does not hold what its manifest says, or cannot be taken in here.
    #[error("{0}")]
    Backup(String),
    /// The operator must act: a file or folder of the hub cannot be used.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The operator must act: stored data cannot be read back.
    #[error("table {table}, row {row}: column {column} holds no {expected}; run `kanak verify` and restore a backup")]
    Stored {
        /// The table.
        table: &'static str,
        /// The row's id.
        row: i64,
        /// The column.
        column: &'static str,
        /// What should stand there.
        expected: &'static str,
    },
    /// The department must confirm: a snapshot lacks more of the register than it may.
    #[error(
        "the snapshot would retire {retired} of {live} source records of {source_system} ({share:.3} of it, at most {max} may go); check the file, then confirm it"
    )]
    TooManyRetired {
        /// The source system's name.
        source_system: String,
        /// How many would go.
        retired: u64,
        /// How many there are.
        live: u64,
        /// The share that would go.
        share: f64,
        /// The share that may.
        max: f64,
    },
    /// The operator must act: a ledger is copied into an empty hub only.
    #[error("the hub to copy the ledger into is not empty; name a new one")]
    NotEmpty,
    /// The caller must act: a file states a key twice.
    #[error("ingest run {run} states {count} keys more than once; reject the later rows as key_duplicate")]
    KeyTwice {
        /// The run.
        run: IngestRunId,
        /// How many rows.
        count: u64,
    },
    /// The caller must act: the changes were computed from source records or links that have moved on.
    #[error("{what}; list the source records again and resolve anew")]
    Stale {
        /// What no longer fits.
        what: String,
    },
    /// The caller must act: a golden record loses source records but no change says what it becomes.
    #[error("golden record {golden_id} loses source records and no change says what is left of it")]
    ChangeMissing {
        /// The golden record.
        golden_id: GoldenId,
    },
    /// The steward must act: the decision contradicts an earlier one.
    #[error(
        "this decision ({left} with {right}) contradicts decision {constraint}: {kind} {other_left} with {other_right}; undo that one first"
    )]
    Contradicts {
        /// The ledger number of the earlier decision.
        constraint: i64,
        /// Its kind.
        kind: &'static str,
        /// The pair now asked for.
        left: i64,
        /// The pair now asked for.
        right: i64,
        /// The earlier pair.
        other_left: i64,
        /// The earlier pair.
        other_right: i64,
    },
    /// The steward must act: the task is not in the state that the step needs.
    #[error("steward task {task} is {state}, not {needed}; reload it")]
    TaskState {
        /// The task.
        task: StewardTaskId,
        /// Where it stands.
        state: String,
        /// Where it would have to stand.
        needed: &'static str,
    },
    /// The steward must act: another steward holds the task.
    #[error("steward task {task} is held by {by} until {until}; wait, or ask {by} or a supervisor to release it")]
    TaskHeld {
        /// The task.
        task: StewardTaskId,
        /// Who holds it, by name.
        by: String,
        /// Until when.
        until: Timestamp,
    },
    /// The steward must act: another steward proposed a decision.
    #[error("{by} proposed a decision of steward task {task}; a second steward approves or rejects it")]
    TaskProposed {
        /// The task.
        task: StewardTaskId,
        /// Who proposed, by name.
        by: String,
    },
    /// The steward must act: the task does not take this step.
    #[error("steward task {task}: {refused}")]
    TaskStep {
        /// The task.
        task: StewardTaskId,
        /// Why not.
        refused: StepRefused,
    },
    /// The steward must act: another steward has to agree.
    #[error("proposal {0} is your own; another steward has to approve it, or withdraw it")]
    OwnProposal(ProposalId),
    /// The steward must act: the decision needs a second steward, and is not made together with others.
    #[error("steward task {task} needs a second steward, for it is {policy}; do it by itself")]
    NeedsSecond {
        /// The task.
        task: StewardTaskId,
        /// Why.
        policy: String,
    },
    /// The steward must act: too few or too many tasks at once.
    #[error("{count} steward tasks are decided at once; name 1 to {max}")]
    BatchSize {
        /// How many were named.
        count: usize,
        /// How many may be.
        max: usize,
    },
    /// The steward must act: nothing of the decisions at once holds any more.
    #[error("nothing of the decisions {0} holds any more; there is nothing to undo")]
    BatchUndone(DecisionBatchId),
    /// The steward must act: the same waits for a second steward already.
    #[error("proposal {proposal} of {by} about this waits already; a second steward approves or rejects it")]
    ProposalWaits {
        /// The proposal that waits.
        proposal: ProposalId,
        /// Who made it, by name.
        by: String,
    },
    /// The steward must act: who made a proposal may not do so any more.
    #[error(
        "{by}, who made proposal {proposal}, does not work here as a {needed} any more; reject it, and propose anew what is right"
    )]
    ProposerGone {
        /// The proposal.
        proposal: ProposalId,
        /// Who made it, by name.
        by: String,
        /// The role that is missing.
        needed: &'static str,
    },
    /// The steward must act: the proposal has ended.
    #[error("proposal {proposal} is {outcome} already; propose anew")]
    ProposalEnded {
        /// The proposal.
        proposal: ProposalId,
        /// How it ended.
        outcome: &'static str,
    },
    /// The steward must act: a question about the task waits for its answer.
    #[error(
        "field check {check} of steward task {task} waits for its answer; enter the answer, or withdraw the question"
    )]
    FieldCheckWaits {
        /// The task.
        task: StewardTaskId,
        /// The field check.
        check: FieldCheckId,
    },
    /// The steward must act: the decision says nothing of what was found on the spot.
    #[error(
        "field check {check} of steward task {task} was answered; read the answer, and name the field check in the decision"
    )]
    FieldCheckUnnamed {
        /// The task.
        task: StewardTaskId,
        /// The field check that was answered last.
        check: FieldCheckId,
    },
    /// The steward must act: the field check has ended.
    #[error("field check {0} is answered or withdrawn already; ask anew")]
    FieldCheckEnded(FieldCheckId),
    /// The steward must act: who asked does not answer.
    #[error("field check {0} was asked by you; another steward enters the answer, or you withdraw the question")]
    OwnFieldCheck(FieldCheckId),
    /// The steward must act: an officer cannot have looked on a day that is still to come.
    #[error("the day of a field check is still to come; state the day on which the officer looked")]
    FoundLater,
    /// The steward must act: what was written cannot be kept.
    #[error("{what} {why}")]
    Text {
        /// Which text.
        what: &'static str,
        /// What is wrong and what to do.
        why: &'static str,
    },
    /// The steward must act: the reason of a decision cannot be kept.
    #[error("the reason {why}")]
    Reason {
        /// What is wrong and what to do.
        why: &'static str,
    },
    /// Nobody may erase it: a legal hold keeps it.
    #[error(
        "golden record {golden_id} is kept by legal hold {hold} of {authority}: {reason}; nothing of it is erased until that is removed"
    )]
    Held {
        /// The golden record.
        golden_id: GoldenId,
        /// The hold.
        hold: i64,
        /// Whose it is.
        authority: String,
        /// Why.
        reason: String,
    },
    /// The operator must act: another key than rows were erased under; they would come back.
    #[error("key `erasure` is not the one that this hub erased under; restore the keys folder that belongs to it")]
    WrongErasureKey,
    /// The caller must act: an erasure needs an order that can be kept.
    #[error("the order {why}")]
    Order {
        /// What is wrong and what to do.
        why: &'static str,
    },
    /// The steward must act: an override would have expired already.
    #[error("the override would have expired already; choose a later day, or none")]
    ExpiresPast,
    /// The caller must act: a task is decided `match` or `no_match`.
    #[error("a steward task is decided `match` or `no_match`, not `review`")]
    NoDecision,
    /// There is no such thing, or the caller may not see it.
    #[error("no {what} `{id}`")]
    NotFound {
        /// What was asked for.
        what: &'static str,
        /// By which id.
        id: String,
    },
    /// The administrator must act: the name is in use.
    #[error("{what} `{name}` exists already; choose another name")]
    Exists {
        /// What was to be made.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The person must act: the password is too weak.
    #[error("a password needs at least {min} characters")]
    WeakPassword {
        /// How many.
        min: usize,
    },
    /// The person must act: the password is too long.
    #[error("a password has at most {max} bytes")]
    LongPassword {
        /// How many.
        max: usize,
    },
    /// The caller must act: rules are not published.
    #[error("no rule set {version} of {entity}; publish it first")]
    NoRuleSet {
        /// The entity type.
        entity: String,
        /// The version.
        version: RuleSetVersion,
    },
    /// The reader must act: its position is not one of this feed.
    #[error(
        "the feed ends at position {end} and has no position {asked}; was the hub restored? read again from a position that it has"
    )]
    FeedPosition {
        /// Where the reader wants to go on.
        asked: FeedPosition,
        /// The last position.
        end: FeedPosition,
    },
    /// The person must act: an agreement is its owner's.
    #[error(
        "`{person}` is no working user of department `{owner}`, which owns register `{register}`; ask one of its own, or say whose the user is with `kanak user department`"
    )]
    NotOfOwner {
        /// Who acted.
        person: String,
        /// The register.
        register: String,
        /// The department's code.
        owner: String,
    },
    /// The person must act: an agreement needs two persons of its owner.
    #[error("`{person}` proposed this agreement; another user of the owner approves it")]
    SamePerson {
        /// Who acted.
        person: String,
    },
    /// The steward must act: no agreement lets two registers stand together.
    #[error(
        "{left} and {right} cannot be joined: no agreement lets register `{register}` stand with `{other}`, and their golden records hold both; ask the owner of one for an agreement"
    )]
    NoAgreement {
        /// The pair now asked for.
        left: i64,
        /// The pair now asked for.
        right: i64,
        /// One register.
        register: String,
        /// The other.
        other: String,
    },
    /// Whoever imports must act: a version never changes once it is there.
    #[error(
        "code system `{system}` has version `{version}` already, {state}, and it says something else; give the new one another version"
    )]
    CodeVersionExists {
        /// The code system.
        system: String,
        /// The version.
        version: String,
        /// Where it stands.
        state: &'static str,
    },
    /// The person must act: the version no longer waits.
    #[error("version `{version}` of code system `{system}` is {state}; only one that is proposed is decided")]
    CodeVersionState {
        /// The code system.
        system: String,
        /// The version.
        version: String,
        /// Where it stands.
        state: &'static str,
    },
    /// The person must act: a version needs two persons.
    #[error(
        "`{person}` proposed version `{version}` of code system `{system}`; another steward publishes or refuses it, its proposer may withdraw it"
    )]
    OwnCodeVersion {
        /// Who acted.
        person: String,
        /// The code system.
        system: String,
        /// The version.
        version: String,
    },
    /// The person must act: who proposed a version may not do so any more.
    #[error(
        "{by}, who proposed version `{version}` of code system `{system}`, is no steward of the whole state any more; refuse it, and propose anew what is right"
    )]
    CodeProposerGone {
        /// Who proposed it.
        by: String,
        /// The code system.
        system: String,
        /// The version.
        version: String,
    },
    /// The person must act: who proposed alone takes back.
    #[error(
        "version `{version}` of code system `{system}` was proposed by `{proposer}`, who alone withdraws it; refuse it instead"
    )]
    ForeignCodeVersion {
        /// The code system.
        system: String,
        /// The version.
        version: String,
        /// Who proposed it.
        proposer: String,
    },
    /// The person must act: code systems are curated by stewards of the whole state.
    #[error(
        "`{person}` is no working user with the role `steward` for the whole state; ask one, or an administrator for the role"
    )]
    NotACurator {
        /// Who acted.
        person: String,
    },
    /// The operator must act: there is no key to sign checkpoints of the audit trail with.
    #[error("this hub was opened without its keys, and signs no checkpoint; run the command on the data folder")]
    NoSigner,
    /// The machine could not do a computation (hashing a password).
    #[error("{0}")]
    Internal(&'static str),
}

impl StoreError {
    /// Whether this is an answer to a steward rather than a fault: another decision, steward or state stands against what was asked,
    /// or it cannot be kept.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Contradicts { .. }
                | Self::NoAgreement { .. }
                | Self::NotOfOwner { .. }
                | Self::SamePerson { .. }
                | Self::CodeVersionExists { .. }
                | Self::CodeVersionState { .. }
                | Self::OwnCodeVersion { .. }
                | Self::ForeignCodeVersion { .. }
                | Self::CodeProposerGone { .. }
                | Self::NotACurator { .. }
                | Self::TaskState { .. }
                | Self::TaskHeld { .. }
                | Self::TaskStep { .. }
                | Self::TaskProposed { .. }
                | Self::NeedsSecond { .. }
                | Self::BatchSize { .. }
                | Self::BatchUndone(_)
                | Self::OwnProposal(_)
                | Self::ProposalEnded { .. }
                | Self::ProposalWaits { .. }
                | Self::ProposerGone { .. }
                | Self::OwnFieldCheck(_)
                | Self::FieldCheckWaits { .. }
                | Self::FieldCheckUnnamed { .. }
                | Self::FieldCheckEnded(_)
                | Self::FoundLater
                | Self::Text { .. }
                | Self::NoDecision
                | Self::Reason { .. }
                | Self::ExpiresPast
                | Self::NotFound { .. }
        )
    }

    /// Whether it may go away by itself or by an operator's hand, with nothing asked otherwise.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Names what was attempted in a database error.
    pub(crate) fn doing(self, what: &'static str) -> Self {
        match self {
            Self::Database { message, .. } => Self::Database { what, message },
            Self::Unavailable { place, message, .. } => Self::Unavailable { place, what, message },
            other => other,
        }
    }
}

/// PostgreSQL's data exceptions repeat the offending value in their message.
const DATA_EXCEPTION: &str = "22";

/// `SQLITE_IOERR_SHMSIZE`.
const SHARED_MEMORY_CANNOT_GROW: u32 = 4_874;

/// Why a database cannot be used just now, and the remedy; `None` for an error of another kind.
fn unavailable(error: &sqlx::Error) -> Option<String> {
    let gone = |said: &str| format!("it does not answer ({said}); see that it runs and can be reached, then try again");
    match error {
        sqlx::Error::Io(cause) => Some(gone(&cause.to_string())),
        sqlx::Error::PoolTimedOut => Some(gone("no connection in time: it is gone, or busy with a long job")),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Some(gone(&error.to_string())),
        sqlx::Error::Database(inner) => {
            let code = inner.code().unwrap_or_default();
            let said = format!("{}, code {code}", inner.message());
            let full = || format!("its disk is full ({said}); free some space there, then try again");
            let closed = || format!("it may only be read ({said}); let this process write there, then try again");
            // PostgreSQL's codes have five characters, of which the first two name the class.
            if code.len() == 5 {
                return match code.as_ref() {
                    "53100" => Some(full()),
                    "25006" => Some(closed()),
                    "25P03" => Some(gone(&said)),
                    code if ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) => Some(gone(&said)),
                    _ => None,
                };
            }
            let code = code.parse::<u32>().ok()?;
            // The lower byte of SQLite's number names the class; a file in shared memory that cannot grow is a full disk too.
            match code & 0xff {
                13 => Some(full()),
                _ if code == SHARED_MEMORY_CANNOT_GROW => Some(full()),
                8 => Some(closed()),
                10 => Some(format!("its disk fails ({said}); look at its space and health, then try again")),
                14 => Some(format!("its file cannot be opened ({said}); see that it is there and may be used")),
                _ => None,
            }
        }
        _ => None,
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let Some(message) = unavailable(&error) {
            return Self::Unavailable { place: HUB, what: "statement", message };
        }
        let message = match &error {
            sqlx::Error::Database(inner) => {
                let code = inner.code().unwrap_or_default();
                if code.starts_with(DATA_EXCEPTION) && code.len() == 5 {
                    format!("data exception, SQLSTATE {code}")
                } else {
                    format!("{} (code {code})", inner.message())
                }
            }
            sqlx::Error::ColumnDecode { index, .. } => format!("column {index} cannot be read back"),
            sqlx::Error::Decode(_) => "a column cannot be read back".to_owned(),
            other => other.to_string(),
        };
        Self::Database { what: "statement", message }
    }
}

/// What the hub's own database is called in errors.
const HUB: &str = "hub database";

impl StoreError {
    /// An error of bringing a database's tables up to this version.
    pub(crate) fn of_migration(place: &'static str, known: i64, error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _) if found > known => {
                Self::Newer { place, found, known }
            }
            MigrateError::Execute(inner) | MigrateError::ExecuteMigration(inner, _)
                if unavailable(&inner).is_some() =>
            {
                Self::from(inner).doing("migrations")
            }
            other => Self::Database { what: "migrations", message: other.to_string() },
        }
    }
}
