//! The hub on real databases: every test on a `SQLite` file, and on `PostgreSQL` where `KANAK_TEST_POSTGRES` names one.
#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod hub;

mod agreements;
mod arrivals;
mod audit_events;
mod backup;
mod code_versions;
mod confirmations;
mod consents;
mod corruptions;
mod decision_batches;
mod department_answers;
mod erasures;
mod feed_events;
mod field_checks;
mod golden_records;
mod histories;
mod ingest;
mod leases;
mod ledger;
mod migrations;
mod model_migrations;
mod modelled;
mod overrides;
mod parity;
mod past;
mod policy;
mod proposals;
mod relations;
mod resolution;
mod schedules;
mod steward_tasks;
mod task_steps;
mod token;
mod token_keys;
mod unmerge;
mod users;
mod vault;
mod webhooks;
