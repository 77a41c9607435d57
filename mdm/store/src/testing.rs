//! Databases for tests. Tests of this crate and of those above it make and drop a `PostgreSQL` database each.

use sqlx::{Connection, PgConnection};

use crate::error::StoreError;

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
