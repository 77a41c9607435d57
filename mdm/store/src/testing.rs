//! Databases for tests. Tests of this crate and of those above it make and drop a `PostgreSQL` database each, compare
//! the engines, break a hub on purpose, and do what stewards do where no policy wants a second one.

use std::collections::BTreeSet;

use kanak_model::four_eyes::FourEyes;
use kanak_model::match_pair::{Constraint, Decision};
use kanak_model::steward_task::StewardTask;
use kanak_model::{FieldCheckId, GoldenId, OverrideId, StewardTaskId, UserId};
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::Store;
use crate::db::{HubUrl, on_db, sqlite_options};
use crate::dialect::Engine;
use crate::error::StoreError;
use crate::stewardship::{Decided, Undone};

/// A connection that makes and drops databases.
pub struct Admin {
    server: String,
}

impl Admin {
    /// Takes the address of a server where databases may be made.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be reached.
    pub async fn connect(server: &str) -> Result<Self, StoreError> {
        let admin = Self { server: server.to_owned() };
        admin.run("SELECT 1".to_owned()).await?;
        Ok(admin)
    }

    /// Makes an empty database. `name` is a plain word of the test's own.
    pub async fn create(&self, name: &str) -> Result<(), StoreError> {
        self.run(format!("CREATE DATABASE \"{}\"", name.replace('"', ""))).await
    }

    /// Drops it, whoever is connected.
    pub async fn drop(&self, name: &str) -> Result<(), StoreError> {
        self.run(format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", name.replace('"', ""))).await
    }

    async fn run(&self, statement: String) -> Result<(), StoreError> {
        let mut connection = PgConnection::connect(&self.server).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }
}

/// What stewards do where no policy wants a second one: for tests alone.
impl Store {
    /// Decides a task without evidence.
    ///
    /// # Errors
    /// As [`Store::decide_task_under`].
    pub async fn decide_task(
        &self,
        id: StewardTaskId,
        by: UserId,
        decision: Decision,
        reason: &str,
    ) -> Result<Constraint, StoreError> {
        self.decide_task_on(id, by, decision, reason, None).await
    }

    /// Decides a task.
    ///
    /// # Errors
    /// As [`Store::decide_task_under`].
    pub async fn decide_task_on(
        &self,
        id: StewardTaskId,
        by: UserId,
        decision: Decision,
        reason: &str,
        evidence: Option<FieldCheckId>,
    ) -> Result<Constraint, StoreError> {
        match self.decide_task_under(&FourEyes::default(), id, by, decision, reason, evidence).await? {
            Decided::InForce(constraint) => Ok(constraint),
            Decided::Proposed(_) => Err(NO_POLICY),
        }
    }

    /// Undoes a decision, and gives no reason.
    ///
    /// # Errors
    /// As [`Store::undo_decision_under`].
    pub async fn undo_decision(&self, id: StewardTaskId, by: UserId) -> Result<StewardTask, StoreError> {
        match self.undo_decision_under(&FourEyes::default(), id, by, "").await? {
            Undone::InForce(task) => Ok(task),
            Undone::Proposed(_) => Err(NO_POLICY),
        }
    }

    /// Withdraws a confirmation.
    ///
    /// # Errors
    /// As [`Store::withdraw_confirmation_under`].
    pub async fn withdraw_confirmation(&self, id: GoldenId, by: UserId) -> Result<(), StoreError> {
        self.withdraw_confirmation_under(&FourEyes::default(), id, by).await.map(drop)
    }

    /// Withdraws a stated value.
    ///
    /// # Errors
    /// As [`Store::withdraw_override_under`].
    pub async fn withdraw_override(&self, id: OverrideId, by: UserId) -> Result<(), StoreError> {
        self.withdraw_override_under(&FourEyes::default(), id, by).await.map(drop)
    }
}

const NO_POLICY: StoreError = StoreError::Internal("an empty policy wanted a second steward");

/// Every column of a hub: table, column, whether it takes null. The search index and the migrator's own table stay out.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn columns(store: &Store) -> Result<BTreeSet<(String, String, bool)>, StoreError> {
    const SQLITE: &str = "SELECT m.name, c.name, CASE WHEN c.\"notnull\" = 0 THEN 1 ELSE 0 END FROM sqlite_master m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'golden_search%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
    const POSTGRES: &str =
        "SELECT table_name::text, column_name::text, CASE WHEN is_nullable = 'YES' THEN 1::bigint ELSE 0::bigint END
         FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT LIKE 'golden_search%' AND table_name NOT LIKE '\\_sqlx%'";
    let text = match store.db.engine() {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
    };
    let rows: Vec<(String, String, i64)> = on_db!(&store.db, |c| sqlx::query_as(text).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(table, column, nullable)| (table, column, nullable == 1)).collect())
}

/// Runs a statement on a hub beside the store, as a fault would.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn break_hub(url: &HubUrl, statement: &'static str) -> Result<(), StoreError> {
    match url {
        HubUrl::Sqlite(path) => {
            let mut connection = sqlite_options(path).foreign_keys(false).connect().await?;
            sqlx::raw_sql(statement).execute(&mut connection).await?;
            connection.close().await?;
        }
        HubUrl::Postgres(address) => {
            let mut connection = PgConnection::connect(address.as_str()).await?;
            sqlx::raw_sql(statement).execute(&mut connection).await?;
            connection.close().await?;
        }
    }
    Ok(())
}

/// Runs a statement on a vault's file beside the vault, as a fault would.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn break_vault(path: &std::path::Path, statement: &'static str) -> Result<(), StoreError> {
    break_hub(&HubUrl::Sqlite(path.to_owned()), statement).await
}

/// Pairs of numbers that stand in a vault's file.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn look_at_vault(path: &std::path::Path, query: &'static str) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut connection = sqlite_options(path).read_only(true).connect().await?;
    let rows = sqlx::query_as(query).fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(rows)
}
