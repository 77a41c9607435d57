//! The hub on real databases: every test on a `SQLite` file, and on `PostgreSQL` where `KANAK_TEST_POSTGRES` names one.

mod hub;

mod golden_records;
mod ingest;
mod resolution;
