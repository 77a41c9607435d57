//! The hub database: one SQL text, one Rust body, two drivers.
//!
//! A body given to [`on_db!`] or [`on_tx!`] is compiled once per engine, so its SQL and its bound types stay inside
//! the portable subset: `$1` placeholders, `ON CONFLICT`, `RETURNING`, window functions, `BIGINT`, texts and JSON.

use std::path::PathBuf;
use std::time::Duration;

use kanak_model::{Clock, Timestamp};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use crate::dialect::Engine;
use crate::error::StoreError;

static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// How long a caller waits for the one writer. A load of a million rows fits in it.
const WRITER_WAIT: Duration = Duration::from_secs(300);

/// Where a hub is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubUrl {
    /// A `SQLite` file; made when it is not there.
    Sqlite(PathBuf),
    /// A `PostgreSQL` database. Holds a password perhaps: never print it.
    Postgres(PostgresUrl),
}

/// The address of a `PostgreSQL` database; its `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    /// The whole address, for connecting.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("postgres", ""));
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        write!(f, "{scheme}://{place}")
    }
}

impl HubUrl {
    /// Reads an address: a path, `sqlite:PATH`, `postgres:` or `postgresql:`.
    ///
    /// # Errors
    /// [`StoreError::Url`] for an empty one or another scheme.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return Ok(Self::Postgres(PostgresUrl(text.to_owned())));
        }
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains("://") {
            let shown = text.split_once("://").map_or(text, |(scheme, _)| scheme);
            return Err(StoreError::Url(shown.to_owned()));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

/// An open hub database.
#[derive(Clone)]
pub(crate) enum Db {
    /// One writer connection, and readers beside it.
    Sqlite {
        /// Exactly one connection: waiting for it is waiting for one's turn to write.
        write: SqlitePool,
        /// Read-only connections.
        read: SqlitePool,
    },
    /// Writers take turns by the row of `hub_clock`.
    Postgres(PgPool),
}

/// Runs `$body` on a reader of whichever engine is open.
macro_rules! on_db {
    ($db:expr, |$conn:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite { read, .. } => {
                let $conn = read;
                $body
            }
            $crate::db::Db::Postgres(pool) => {
                let $conn = pool;
                $body
            }
        }
    };
}

/// Runs `$body` inside a transaction of whichever engine is open.
macro_rules! on_tx {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match &mut $tx.inner {
            $crate::db::Inner::Sqlite(transaction) => {
                let $conn = &mut **transaction;
                $body
            }
            $crate::db::Inner::Postgres(transaction) => {
                let $conn = &mut **transaction;
                $body
            }
        }
    };
}

pub(crate) use {on_db, on_tx};

/// A transaction. Dropped without [`Tx::commit`], nothing happened.
pub(crate) struct Tx {
    pub(crate) inner: Inner,
    /// When what it writes is recorded: after everything recorded before, whatever the clock says.
    pub(crate) now: Timestamp,
}

pub(crate) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(crate) fn engine(&self) -> Engine {
        match self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// What this writer replaces from here on is overwritten in the file, and not only let go. `PostgreSQL` does so at its next vacuum.
    pub(crate) async fn overwrite_what_goes(&mut self) -> Result<(), StoreError> {
        if let Inner::Sqlite(transaction) = &mut self.inner {
            sqlx::query("PRAGMA secure_delete = ON").execute(&mut **transaction).await?;
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Sqlite(transaction) => transaction.commit().await,
            Inner::Postgres(transaction) => transaction.commit().await,
        }
        .map_err(|error| StoreError::from(error).doing("commit"))
    }
}

impl Db {
    pub(crate) async fn open(url: &HubUrl) -> Result<Self, StoreError> {
        match url {
            HubUrl::Sqlite(path) => Self::open_sqlite(path.clone()).await,
            HubUrl::Postgres(PostgresUrl(address)) => {
                let options: PgConnectOptions = address.parse().map_err(|_| StoreError::Url("postgres".to_owned()))?;
                let options = options.disable_statement_logging();
                let pool = PgPoolOptions::new()
                    .max_connections(8)
                    .acquire_timeout(WRITER_WAIT)
                    .connect_with(options)
                    .await
                    .map_err(|error| StoreError::from(error).doing("connect"))?;
                POSTGRES_MIGRATIONS.run(&pool).await?;
                Ok(Self::Postgres(pool))
            }
        }
    }

    async fn open_sqlite(path: PathBuf) -> Result<Self, StoreError> {
        make_private(&path)?;
        let writer = sqlite_options(&path).create_if_missing(true).pragma("cache_size", "-131072");
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(WRITER_WAIT)
            .connect_with(writer)
            .await
            .map_err(|error| StoreError::from(error).doing("open"))?;
        SQLITE_MIGRATIONS.run(&write).await?;
        let reader = sqlite_options(&path).read_only(true).pragma("cache_size", "-32768");
        let read = SqlitePoolOptions::new()
            .max_connections(8)
            .connect_with(reader)
            .await
            .map_err(|error| StoreError::from(error).doing("open for reading"))?;
        Ok(Self::Sqlite { write, read })
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Waits for the writer's turn and begins a transaction.
    pub(crate) async fn begin(&self, clock: &dyn Clock) -> Result<Tx, StoreError> {
        const TAKE_TURN: &str = "UPDATE hub_clock SET last_us = CASE WHEN last_us < $1 THEN $1 ELSE last_us + 1 END
             WHERE id = 1 RETURNING last_us";
        let wrap = |error| StoreError::from(error).doing("begin to write");
        let inner = match self {
            Self::Sqlite { write, .. } => Inner::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(wrap)?),
            Self::Postgres(pool) => Inner::Postgres(pool.begin().await.map_err(wrap)?),
        };
        let mut tx = Tx { inner, now: clock.now() };
        let now = tx.now.0;
        let recorded: i64 = on_tx!(tx, |c| sqlx::query_scalar(TAKE_TURN).bind(now).fetch_one(c).await).map_err(wrap)?;
        tx.now = Timestamp(recorded);
        Ok(tx)
    }

    /// Begins a transaction that takes no turn, for rows that the hub's writer never touches: on `PostgreSQL` it runs
    /// beside a writer. A `SQLite` file has one writer at a time, whatever it writes.
    pub(crate) async fn begin_beside(&self) -> Result<Tx, StoreError> {
        let wrap = |error| StoreError::from(error).doing("begin to write");
        let inner = match self {
            Self::Sqlite { write, .. } => Inner::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(wrap)?),
            Self::Postgres(pool) => Inner::Postgres(pool.begin().await.map_err(wrap)?),
        };
        Ok(Tx { inner, now: Timestamp(0) })
    }

    /// Begins a transaction that sees one state of the hub throughout and writes nothing.
    pub(crate) async fn begin_read(&self) -> Result<Tx, StoreError> {
        let inner = match self {
            Self::Sqlite { read, .. } => Inner::Sqlite(read.begin().await?),
            Self::Postgres(pool) => {
                Inner::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(Tx { inner, now: Timestamp(0) })
    }

    /// Takes what was replaced from the log beside the file as well, as far as no reader needs it.
    pub(crate) async fn forget_log(&self) -> Result<(), StoreError> {
        if let Self::Sqlite { write, .. } = self {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(write).await?;
        }
        Ok(())
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Makes the file when it is not there, and lets its owner alone read it. The log beside it takes the same permissions.
pub(crate) fn make_private(path: &std::path::Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let make = || {
        let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let mut permissions = file.metadata()?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o600);
            file.set_permissions(permissions)?;
        }
        Ok(())
    };
    make().map_err(|source| StoreError::File { path: path.display().to_string(), source })
}

/// Durable on commit: write-ahead log, synced at each commit.
pub(crate) fn sqlite_options(path: &std::path::Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(30))
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", "8000")
        // More than all texts of this crate: none is prepared twice on a connection.
        .statement_cache_capacity(512)
        // Rows that wait between the connection's thread and the reader: fewer and both are woken for each few rows.
        .row_buffer_size(4_096)
        .disable_statement_logging()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_path_or_a_postgres_url_and_never_shows_its_password() {
        assert_eq!(HubUrl::parse("a/hub.sqlite").unwrap(), HubUrl::Sqlite(PathBuf::from("a/hub.sqlite")));
        assert_eq!(HubUrl::parse("sqlite:///a/hub").unwrap(), HubUrl::Sqlite(PathBuf::from("/a/hub")));
        let postgres = HubUrl::parse("postgres://kanak:secret@db.example/hub").unwrap();
        assert!(!format!("{postgres:?}").contains("secret"));
        assert!(format!("{postgres:?}").contains("db.example"));
        for bad in ["", "sqlite:", "mysql://u:secret@h/d"] {
            let message = HubUrl::parse(bad).unwrap_err().to_string();
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
