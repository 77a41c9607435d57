//! The hub's ledger copied into another hub: what arrived and what people decided, from which all else follows.

use futures::TryStreamExt as _;
use kanak_model::Titles;
use kanak_model::source_record::Values;
use sqlx::types::Json;

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;
use crate::steward_tasks;

impl Store {
    /// Copies the ledger into an empty hub: source systems, ingest runs, source records in all their versions, rule
    /// sets, what entity models said, and stewards' decisions with the tasks that they were made on, field checks, confirmations, pairs that are left to stewards, overrides and sharing agreements; ids and times as they are. Every live source
    /// record waits there for a resolution, which must come to the golden records that this hub holds.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] when `scratch` holds anything already; it stays as it is.
    pub async fn copy_ledger_into(&self, scratch: &Self) -> Result<(), StoreError> {
        const HELD: &str = "SELECT (SELECT count(*) FROM source_systems) + (SELECT count(*) FROM rule_sets)
             + (SELECT count(*) FROM golden_records) + (SELECT count(*) FROM steward_tasks)";
        const UNRESOLVED: &str = "INSERT INTO unresolved_source_records (source_record_id, entity, marked_us)
             SELECT r.id, s.rows_of, $1 FROM source_records r JOIN source_systems s ON s.id = r.source_system_id
             WHERE r.retired_us IS NULL";
        let mut tx = scratch.db.begin(&*scratch.clock).await?;
        let held: i64 = on_tx!(tx, |c| sqlx::query_scalar(HELD).fetch_one(c).await)?;
        if held > 0 {
            return Err(StoreError::NotEmpty);
        }
        self.copy::<SourceSystemRow>(&mut tx, SOURCE_SYSTEMS).await?;
        self.copy::<IngestRunRow>(&mut tx, INGEST_RUNS).await?;
        self.copy::<SourceRecordRow>(&mut tx, SOURCE_RECORDS).await?;
        self.copy::<VersionRow>(&mut tx, SOURCE_RECORD_VERSIONS).await?;
        self.copy::<ErasedRow>(&mut tx, ERASED_SOURCE_RECORDS).await?;
        self.copy::<RuleSetRow>(&mut tx, RULE_SETS).await?;
        self.copy::<DeclaredModelRow>(&mut tx, DECLARED_MODELS).await?;
        self.copy::<ConstraintRow>(&mut tx, CONSTRAINTS).await?;
        self.copy::<ConfirmationRow>(&mut tx, CONFIRMATIONS).await?;
        self.copy::<ConfirmationMemberRow>(&mut tx, CONFIRMATION_MEMBERS).await?;
        self.copy::<AskedPairRow>(&mut tx, ASKED_PAIRS).await?;
        self.copy::<OverrideRow>(&mut tx, OVERRIDES).await?;
        self.copy::<OverrideMemberRow>(&mut tx, OVERRIDE_MEMBERS).await?;
        self.copy::<steward_tasks::Row>(&mut tx, STEWARD_TASKS).await?;
        self.copy::<FieldCheckRow>(&mut tx, FIELD_CHECKS).await?;
        self.copy::<AgreementRow>(&mut tx, AGREEMENTS).await?;
        let now = tx.now.0;
        on_tx!(tx, |c| sqlx::query(UNRESOLVED).bind(now).execute(c).await.map(drop))?;
        tx.commit().await
    }

    /// Copies the rows of one table as they come, so that memory holds one statement's worth.
    async fn copy<R>(&self, into: &mut Tx, table: Table) -> Result<(), StoreError>
    where
        R: serde::Serialize + Send + Unpin,
        R: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        let text = sql(into.engine(), table.write).0;
        on_db!(&self.db, |c| {
            let mut rows = sqlx::query_as::<_, R>(table.read).fetch(c);
            let mut held = Vec::with_capacity(ROWS_A_STATEMENT);
            loop {
                let row = rows.try_next().await?;
                let is_last = row.is_none();
                held.extend(row);
                if held.len() == ROWS_A_STATEMENT || (is_last && !held.is_empty()) {
                    let text = sqlx::AssertSqlSafe(text.clone());
                    on_tx!(into, |c| sqlx::query(text).bind(json(&held)).execute(c).await.map(drop))?;
                    held.clear();
                }
                if is_last {
                    break;
                }
            }
        });
        Ok(())
    }
}

/// How one table is read from a hub and written into another.
#[derive(Clone, Copy)]
struct Table {
    read: &'static str,
    write: &'static str,
}

type SourceSystemRow = (i64, String, Json<Titles>, String, String, String, f64, f64, i64, i64, String);
const SOURCE_SYSTEMS: Table = Table {
    read: "SELECT id, name, title, department, rows_are, rows_of, trust, retire_share_max, live_count, retired_count,
         stakes FROM source_systems ORDER BY id",
    write: "INSERT INTO source_systems (id, name, title, department, rows_are, rows_of, trust, retire_share_max,
         live_count, retired_count, stakes)
         SELECT id, name, title, department, rows_are, rows_of, trust, retire_share_max, live_count, retired_count, stakes
         FROM {rows $1: id int, name text, title json, department text, rows_are text, rows_of text, trust real,
             retire_share_max real, live_count int, retired_count int, stakes text} AS r",
};

type IngestRunRow = (i64, i64, String, String, i64, String, i64, i64, i64, i64, i64, i64, i64, i64, String);
const INGEST_RUNS: Table = Table {
    read: "SELECT id, source_system_id, file_name, content_hash, file_bytes, load, recorded_us, rows_read, rows_new,
         rows_changed, rows_unchanged, rows_retired, rows_held_back, rows_rejected, arrived_by FROM ingest_runs ORDER BY id",
    write: "INSERT INTO ingest_runs (id, source_system_id, file_name, content_hash, file_bytes, load, recorded_us,
         rows_read, rows_new, rows_changed, rows_unchanged, rows_retired, rows_held_back, rows_rejected, arrived_by)
         SELECT id, source_system_id, file_name, content_hash, file_bytes, load, recorded_us, rows_read, rows_new,
         rows_changed, rows_unchanged, rows_retired, rows_held_back, rows_rejected, arrived_by
         FROM {rows $1: id int, source_system_id int, file_name text, content_hash text, file_bytes int, load text,
             recorded_us int, rows_read int, rows_new int, rows_changed int, rows_unchanged int, rows_retired int,
             rows_held_back int, rows_rejected int, arrived_by text} AS r",
};

type SourceRecordRow = (i64, i64, String, i64, i64, Json<Values>, Option<i64>, i64, i64, Option<i64>);
const SOURCE_RECORDS: Table = Table {
    read: "SELECT id, source_system_id, source_key, version, content_hash, stated, updated_us, recorded_from_us,
         ingest_run_id, retired_us FROM source_records ORDER BY id",
    write: "INSERT INTO source_records (id, source_system_id, source_key, version, content_hash, stated, updated_us,
         recorded_from_us, ingest_run_id, retired_us)
         SELECT id, source_system_id, source_key, version, content_hash, stated, updated_us, recorded_from_us,
         ingest_run_id, retired_us
         FROM {rows $1: id int, source_system_id int, source_key text, version int, content_hash int, stated json,
             updated_us int, recorded_from_us int, ingest_run_id int, retired_us int} AS r",
};

type VersionRow = (i64, i64, Json<Values>, Option<i64>, i64, i64, i64);
const SOURCE_RECORD_VERSIONS: Table = Table {
    read: "SELECT source_record_id, version, stated, updated_us, recorded_from_us, recorded_to_us, ingest_run_id
         FROM source_record_versions ORDER BY source_record_id, version",
    write: "INSERT INTO source_record_versions (source_record_id, version, stated, updated_us, recorded_from_us,
         recorded_to_us, ingest_run_id)
         SELECT source_record_id, version, stated, updated_us, recorded_from_us, recorded_to_us, ingest_run_id
         FROM {rows $1: source_record_id int, version int, stated json, updated_us int, recorded_from_us int,
             recorded_to_us int, ingest_run_id int} AS r",
};

type ErasedRow = (i64, i64, i64, String);
/// Which source records state nothing because they were erased: their hashes are of what they stated before.
const ERASED_SOURCE_RECORDS: Table = Table {
    read: "SELECT source_record_id, erasure_id, source_system_id, key_hash FROM erased_source_records
         ORDER BY source_record_id",
    write: "INSERT INTO erased_source_records (source_record_id, erasure_id, source_system_id, key_hash)
         SELECT source_record_id, erasure_id, source_system_id, key_hash
         FROM {rows $1: source_record_id int, erasure_id int, source_system_id int, key_hash text} AS r",
};

type RuleSetRow = (String, i64, Json<serde_json::Value>, i64, Option<String>);
const RULE_SETS: Table = Table {
    read: "SELECT entity, version, body, created_us, body_hash FROM rule_sets ORDER BY entity, version",
    write: "INSERT INTO rule_sets (entity, version, body, created_us, body_hash)
         SELECT entity, version, body, created_us, body_hash
         FROM {rows $1: entity text, version int, body json, created_us int, body_hash text} AS r",
};

type DeclaredModelRow = (String, i64, i64, String, String, i64);
const DECLARED_MODELS: Table = Table {
    read: "SELECT entity, number, version, body, migrations, recorded_us FROM declared_models ORDER BY entity, number",
    write: "INSERT INTO declared_models (entity, number, version, body, migrations, recorded_us)
         SELECT entity, number, version, body, migrations, recorded_us
         FROM {rows $1: entity text, number int, version int, body text, migrations text, recorded_us int} AS r",
};

type ConstraintRow =
    (i64, String, i64, i64, String, i64, String, i64, i64, Option<i64>, Option<i64>, Option<String>, Option<i64>);
const CONSTRAINTS: Table = Table {
    read: "SELECT id, entity, left_id, right_id, kind, steward_task_id, reason, decided_by, decided_us, undone_by,
         undone_us, undone_reason, field_check_id FROM constraints ORDER BY id",
    write: "INSERT INTO constraints (id, entity, left_id, right_id, kind, steward_task_id, reason, decided_by,
         decided_us, undone_by, undone_us, undone_reason, field_check_id)
         SELECT id, entity, left_id, right_id, kind, steward_task_id, reason, decided_by, decided_us, undone_by, undone_us,
         undone_reason, field_check_id
         FROM {rows $1: id int, entity text, left_id int, right_id int, kind text, steward_task_id int, reason text,
             decided_by int, decided_us int, undone_by int, undone_us int, undone_reason text,
             field_check_id int} AS r",
};

type ConfirmationRow = (i64, String, Option<i64>, String, i64, i64, Option<i64>, Option<i64>);
const CONFIRMATIONS: Table = Table {
    read: "SELECT id, entity, constraint_id, reason, confirmed_by, confirmed_us, withdrawn_by, withdrawn_us
         FROM confirmations ORDER BY id",
    write: "INSERT INTO confirmations (id, entity, constraint_id, reason, confirmed_by, confirmed_us, withdrawn_by, withdrawn_us)
         SELECT id, entity, constraint_id, reason, confirmed_by, confirmed_us, withdrawn_by, withdrawn_us
         FROM {rows $1: id int, entity text, constraint_id int, reason text, confirmed_by int, confirmed_us int,
             withdrawn_by int, withdrawn_us int} AS r",
};

type ConfirmationMemberRow = (i64, i64);
const CONFIRMATION_MEMBERS: Table = Table {
    read: "SELECT confirmation_id, source_record_id FROM confirmation_members ORDER BY confirmation_id, source_record_id",
    write: "INSERT INTO confirmation_members (confirmation_id, source_record_id)
         SELECT confirmation_id, source_record_id FROM {rows $1: confirmation_id int, source_record_id int} AS r",
};

type AskedPairRow = (i64, i64, String, i64);
const ASKED_PAIRS: Table = Table {
    read: "SELECT source_record_id, other_id, entity, asked_us FROM asked_pairs ORDER BY source_record_id, other_id",
    write: "INSERT INTO asked_pairs (source_record_id, other_id, entity, asked_us)
         SELECT source_record_id, other_id, entity, asked_us
         FROM {rows $1: source_record_id int, other_id int, entity text, asked_us int} AS r",
};

type OverrideRow = (i64, String, String, String, String, i64, i64, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
const OVERRIDES: Table = Table {
    read: "SELECT id, entity, attribute, value, reason, stated_by, stated_us, expires_us, ended_by, ended_us, restated_as
         FROM overrides ORDER BY id",
    write: "INSERT INTO overrides (id, entity, attribute, value, reason, stated_by, stated_us, expires_us, ended_by, ended_us,
         restated_as)
         SELECT id, entity, attribute, value, reason, stated_by, stated_us, expires_us, ended_by, ended_us, restated_as
         FROM {rows $1: id int, entity text, attribute text, value text, reason text, stated_by int, stated_us int,
             expires_us int, ended_by int, ended_us int, restated_as int} AS r",
};

type OverrideMemberRow = (i64, i64, i64);
const OVERRIDE_MEMBERS: Table = Table {
    read: "SELECT override_id, place, source_record_id FROM override_members ORDER BY override_id, place",
    write: "INSERT INTO override_members (override_id, place, source_record_id)
         SELECT override_id, place, source_record_id FROM {rows $1: override_id int, place int, source_record_id int} AS r",
};

/// Tasks that someone decided or had checked on the spot, also those that were opened again: decisions and field checks name their
/// task. The others follow from a resolution, and get numbers after these.
const STEWARD_TASKS: Table = Table {
    read: "SELECT id, entity, left_id, right_id, weight_bits, probability, priority, opened_us, state, held_by, held_us, until_us,
         deferred_reason, escalated_by, escalated_us, escalated_to, escalated_reason, decided_by, decided_us, decision
         FROM steward_tasks WHERE id IN (SELECT steward_task_id FROM constraints)
         OR id IN (SELECT steward_task_id FROM field_checks) ORDER BY id",
    write: "INSERT INTO steward_tasks (id, entity, left_id, right_id, weight_bits, probability, priority, opened_us, state, held_by,
         held_us, until_us, deferred_reason, escalated_by, escalated_us, escalated_to, escalated_reason, decided_by, decided_us,
         decision)
         SELECT id, entity, left_id, right_id, weight_bits, probability, priority, opened_us, state, held_by, held_us, until_us,
         deferred_reason, escalated_by, escalated_us, escalated_to, escalated_reason, decided_by, decided_us, decision
         FROM {rows $1: id int, entity text, left_id int, right_id int, weight_bits real, probability real, priority real,
             opened_us int, state text, held_by int, held_us int, until_us int, deferred_reason text, escalated_by int,
             escalated_us int, escalated_to text, escalated_reason text, decided_by int, decided_us int, decision text} AS r",
};

/// What resolution needs of them: which registers may stand together, and since and until when.
type AgreementRow = (
    i64,
    String,
    String,
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    String,
    i64,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<i64>,
);
const AGREEMENTS: Table = Table {
    read: "SELECT id, register, party_kind, party, purposes, covers, reference, from_us, until_us, proposed_by, proposed_us,
         approved_by, approved_us, ended_by, ended_us FROM agreements ORDER BY id",
    write: "INSERT INTO agreements (id, register, party_kind, party, purposes, covers, reference, from_us, until_us,
         proposed_by, proposed_us, approved_by, approved_us, ended_by, ended_us)
         SELECT id, register, party_kind, party, purposes, covers, reference, from_us, until_us, proposed_by, proposed_us,
         approved_by, approved_us, ended_by, ended_us
         FROM {rows $1: id int, register text, party_kind text, party text, purposes text, covers text, reference text,
             from_us int, until_us int, proposed_by text, proposed_us int, approved_by text, approved_us int, ended_by text,
             ended_us int} AS r",
};

type FieldCheckRow = (
    i64,
    i64,
    String,
    String,
    i64,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
);
const FIELD_CHECKS: Table = Table {
    read: "SELECT id, steward_task_id, question, office, asked_by, asked_us, finding, found_by, found_on, note, ended_by, ended_us
         FROM field_checks ORDER BY id",
    write: "INSERT INTO field_checks (id, steward_task_id, question, office, asked_by, asked_us, finding, found_by, found_on, note,
         ended_by, ended_us)
         SELECT id, steward_task_id, question, office, asked_by, asked_us, finding, found_by, found_on, note, ended_by, ended_us
         FROM {rows $1: id int, steward_task_id int, question text, office text, asked_by int, asked_us int, finding text,
             found_by text, found_on text, note text, ended_by int, ended_us int} AS r",
};
