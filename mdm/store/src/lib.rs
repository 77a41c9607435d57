#![doc = include_str!("../README.md")]

mod access_sql;
mod agreements;
mod api_keys;
mod arrivals;
mod arriving;
mod asked_pairs;
mod audit_affected;
mod audit_checkpoints;
mod audit_events;
mod audit_recorder;
mod audit_verify;
mod backup;
mod checksums;
mod code_versions;
mod confirmations;
mod consents;
mod constraints;
mod crosswalks;
mod db;
mod decision_batches;
mod declared_models;
mod department_answers;
mod dialect;
mod editions;
mod erasures;
mod error;
mod export;
mod feed_events;
mod field_checks;
mod golden_records;
mod golden_search;
mod ingest;
mod ingest_runs;
mod invariants;
pub mod key_store;
mod leases;
mod ledger;
mod legal_holds;
mod model_migrations;
mod overrides;
mod packed;
mod past;
mod proposals;
mod quarantined_rows;
mod relations;
mod resolution;
mod rule_sets;
mod schedules;
mod sessions;
mod settings;
mod shared_reads;
mod source_records;
mod source_systems;
mod standing;
mod steward_tasks;
mod stewardship;
mod task_steps;
pub mod testing;
mod trail_agreement;
mod users;
mod vault;
mod webhooks;

use std::sync::Arc;

use kanak_model::Clock;

pub use agreements::Member;
pub use api_keys::{ApiKey, ApiKeyId};
pub use arrivals::{Arrivals, Arrived, Arriving, ArrivingPart, ArrivingRow, Expected, StandsWith};
pub use audit_affected::{Affected, Touched};
pub use audit_checkpoints::{AuditCheckpoint, AuditKey, AuditSigner, CHECKPOINT_EVERY_US, ENTRIES_A_CHECKPOINT};
pub use audit_events::{AuditEntry, AuditEvent, READ_FOUND_NOTHING, READ_REFUSED};
pub use audit_verify::{AuditFault, AuditFileError, AuditVerdict, verify_audit_file};
pub use backup::{Backup, HubCopy, POSTGRES_COPY, SQLITE_COPY, read_sqlite_copy};
pub use checksums::{Checksums, TableSum};
pub use code_versions::{CodeCounts, CodeParts, CodeVersion, CodeVersionState, CodesTold, Curator, NewCodeVersion};
pub use confirmations::Confirmation;
pub use consents::{Consent, NewConsent};
pub use crosswalks::{Crosswalk, Link, RestatedLink};
pub use db::{HubUrl, PostgresUrl};
pub use decision_batches::{BATCH_MAX, BatchTerms, DecidedAtOnce};
pub use declared_models::{DeclaredModel, ModelThen};
pub use department_answers::{Correction, DepartmentAnswer, NewAnswer, Says};
pub use editions::{Edition, Items};
pub use erasures::{Erased, ErasedKeys, ErasurePlan, ErasureView, Reach, UnfinishedErasure};
pub use error::StoreError;
pub use golden_records::{Golden, HubCounts, MemberRecord, Place};
pub use golden_search::{distance_of, may_search};
pub use ingest::{ArrivedBy, FileFacts, IngestSummary, IngestTx, PreparedRecord};
pub use ingest_runs::{IngestRunSummary, WrittenDay};
pub use invariants::Check;
pub use key_store::{FileKeyStore, Key, KeyError, KeyStore, KeyStoreKind, Pin, Pkcs11KeyStore, TokenName, TokenPlace};
pub use leases::{Lease, LeaseStanding, RESOLVER};
pub use legal_holds::LegalHold;
pub use model_migrations::{HeldOverride, ModelMigrationTx};
pub use overrides::{NewOverride, OverrideView};
pub use past::{ActKind, IdentityChange, StewardAct};
pub use proposals::{Approved, Proposal, ProposalEnd, ProposalOutcome, ProposedAct};
pub use quarantined_rows::{QuarantineCount, QuarantinedRow};
pub use relations::{
    Direction, NotARelationCursor, Other, Related, RelationCursor, RelationPage, RelationQuery, RelationRow,
    RelationRows,
};
pub use resolution::{Applied, Choose, Resolution, Scope, Unresolved};
pub use rule_sets::RuleSet;
pub use schedules::{Attempt, Begins, CatchUp, Job, NewSchedule, OF_THE_HUB, Run, RunState, Schedule};
pub use source_systems::SourceSystemRow;
pub use standing::{HeldVersion, OverrideStanding, SourceStanding, Standing, show_as_of};
pub use stewardship::{
    CheckFilter, Decided, Neighbourhood, NotATaskCursor, REASON_MAX, TaskCounts, TaskCursor, TaskFilter, TaskQuery,
    TaskView, Undone, check_reason,
};
pub use users::{
    Activity, FAILURES_MAX, FIRST_ADMINISTRATOR, LOCKOUT_US, PASSWORD_BYTES_MAX, PASSWORD_MIN, SignIn, User,
    check_name, new_password, user_name,
};
pub use vault::{
    APPROVE_WITHIN_US, By, DataKeyStanding, EventsChecked, Numbers, REVEAL_WITHIN_US, Reference, RevealAct,
    RevealDecision, RevealDone, RevealRequest, RevealRequestId, RevealState, RevealStep, Revealed, RotatedKey, Vault,
    VaultAnswer, VaultCall, VaultDoor, VaultError, VaultEvent, VaultRefusal, VaultService, VaultStanding, Weighed,
    copy_vault,
};
pub use webhooks::{AfterFailure, DeadLetter, NewWebhook, Webhook, WebhookId};

/// The hub: one handle, cheap to clone, for all that is written and read.
#[derive(Clone)]
pub struct Store {
    db: db::Db,
    clock: Arc<dyn Clock>,
    recorder: Arc<audit_recorder::Recorder>,
    shared_reads: Arc<shared_reads::SharedReads>,
    signer: Option<Arc<AuditSigner>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("engine", &self.db.engine()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a hub, makes it when it is not there, and brings its tables up to this version.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the engine refuses or cannot be reached.
    pub async fn open(url: &HubUrl, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        if let HubUrl::Sqlite(path) = url
            && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)
                .map_err(|source| StoreError::File { path: folder.display().to_string(), source })?;
        }
        let recorder = Arc::new(audit_recorder::Recorder::new());
        let shared_reads = Arc::default();
        Ok(Self { db: db::Db::open(url).await?, clock, recorder, shared_reads, signer: None })
    }

    /// The same hub for what is done under a lease: once another process has taken that, nothing is written any more.
    #[must_use]
    pub fn holding(&self, lease: &Lease) -> Self {
        Self { db: self.db.fenced(lease), ..self.clone() }
    }

    /// The clock that the hub records by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Closes all connections. A handle that is only dropped loses nothing either.
    pub async fn close(&self) {
        self.db.close().await;
    }
}
