//! The hub database: one SQL text, one Rust body, two drivers.
//!
//! A body given to [`on_db!`] or [`on_tx!`] is compiled once per engine, so its SQL and its bound types stay inside
//! the portable subset: `$1` placeholders, `ON CONFLICT`, `RETURNING`, window functions, `BIGINT`, texts and JSON.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kanak_model::{Clock, Timestamp};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::dialect::Engine;
use crate::error::StoreError;
use crate::leases::{self, Lease};

static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// How long a caller waits for the one writer. A load of a million rows fits in it.
const WRITER_WAIT: Duration = Duration::from_secs(300);
/// How long a connection to `PostgreSQL` is waited for: a database that is gone is told so by then.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Connections of one process to `PostgreSQL`.
const CONNECTIONS: u32 = 12;
/// How many of them may wait for the writer's turn; the others are left to who reads and to who renews a lease.
const WRITERS: usize = 6;
/// How long a transaction may stand open with nothing sent, after which `PostgreSQL` ends it: a process that was stopped, or
/// whose machine is gone, does not keep the writer's turn for ever.
const IDLE_IN_TRANSACTION: &str = "300s";

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

impl std::fmt::Display for HubUrl {
    /// Where it is, without a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => write!(f, "{url:?}"),
        }
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
pub(crate) struct Db {
    pub(crate) pools: Pools,
    /// The lease under which this handle writes: whoever lost it writes nothing. `None` for what any process may write.
    fence: Option<Arc<Lease>>,
}

/// Its connections.
#[derive(Clone)]
pub(crate) enum Pools {
    /// One writer connection, and readers beside it.
    Sqlite {
        /// Exactly one connection: waiting for it is waiting for one's turn to write.
        write: SqlitePool,
        /// Read-only connections.
        read: SqlitePool,
    },
    /// Writers take turns by the row of `hub_clock`.
    Postgres {
        /// For all that is read and written.
        pool: PgPool,
        /// A place for each writer that may wait for its turn with a connection in its hand.
        writers: Arc<Semaphore>,
    },
}

/// Runs `$body` on a reader of whichever engine is open.
macro_rules! on_db {
    ($db:expr, |$conn:ident| $body:expr) => {
        match &$db.pools {
            $crate::db::Pools::Sqlite { read, .. } => {
                let $conn = read;
                $body
            }
            $crate::db::Pools::Postgres { pool, .. } => {
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
    /// A writer's place, given back with the connection.
    _place: Option<OwnedSemaphorePermit>,
}

pub(crate) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// A transaction that takes no writer's turn.
    pub(crate) fn over(inner: Inner) -> Self {
        Self { inner, now: Timestamp(0), _place: None }
    }

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
        let pools = match url {
            HubUrl::Sqlite(path) => Self::open_sqlite(path.clone()).await?,
            HubUrl::Postgres(PostgresUrl(address)) => Self::open_postgres(address).await?,
        };
        Ok(Self { pools, fence: None })
    }

    async fn open_postgres(address: &str) -> Result<Pools, StoreError> {
        let options: PgConnectOptions = address.parse().map_err(|_| StoreError::Url("postgres".to_owned()))?;
        let options =
            options.options([("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION)]).disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECT_WAIT)
            .connect_with(options)
            .await
            .map_err(|error| StoreError::from(error).doing("connect"))?;
        POSTGRES_MIGRATIONS.run(&pool).await.map_err(of_migration(Engine::Postgres))?;
        Ok(Pools::Postgres { pool, writers: Arc::new(Semaphore::new(WRITERS)) })
    }

    async fn open_sqlite(path: PathBuf) -> Result<Pools, StoreError> {
        make_private(&path)?;
        let writer = sqlite_options(&path).create_if_missing(true).pragma("cache_size", "-131072");
        let write = one_writer().connect_with(writer).await.map_err(|error| StoreError::from(error).doing("open"))?;
        SQLITE_MIGRATIONS.run(&write).await.map_err(of_migration(Engine::Sqlite))?;
        let reader = sqlite_options(&path).read_only(true).pragma("cache_size", "-32768");
        let read = SqlitePoolOptions::new()
            .max_connections(8)
            .connect_with(reader)
            .await
            .map_err(|error| StoreError::from(error).doing("open for reading"))?;
        Ok(Pools::Sqlite { write, read })
    }

    /// The same database for what is written under a lease.
    pub(crate) fn fenced(&self, lease: &Lease) -> Self {
        Self { fence: Some(Arc::new(lease.clone())), ..self.clone() }
    }

    pub(crate) fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Waits for the writer's turn and begins a transaction.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when this handle writes under a lease that another process has taken: it cannot be taken before
    /// this transaction ends, for that takes a turn as well.
    pub(crate) async fn begin(&self, clock: &dyn Clock) -> Result<Tx, StoreError> {
        const TAKE_TURN: &str = "UPDATE hub_clock SET last_us = CASE WHEN last_us < $1 THEN $1 ELSE last_us + 1 END
             WHERE id = 1 RETURNING last_us";
        let wrap = |error| StoreError::from(error).doing("begin to write");
        let place = match &self.pools {
            Pools::Sqlite { .. } => None,
            Pools::Postgres { writers, .. } => {
                let place = tokio::time::timeout(WRITER_WAIT, Arc::clone(writers).acquire_owned()).await;
                let place = place.map_err(|_| wrap(sqlx::Error::PoolTimedOut))?;
                Some(place.expect("the places are never closed"))
            }
        };
        let mut tx = Tx { inner: self.begin_inner().await?, now: clock.now(), _place: place };
        let now = tx.now.0;
        let recorded: i64 = on_tx!(tx, |c| sqlx::query_scalar(TAKE_TURN).bind(now).fetch_one(c).await).map_err(wrap)?;
        tx.now = Timestamp(recorded);
        if let Some(lease) = &self.fence {
            leases::check_held(&mut tx, lease).await?;
        }
        Ok(tx)
    }

    /// Begins a transaction that takes no turn, for rows that the hub's writer never touches: on `PostgreSQL` it runs
    /// beside a writer. A `SQLite` file has one writer at a time, whatever it writes.
    pub(crate) async fn begin_beside(&self) -> Result<Tx, StoreError> {
        Ok(Tx::over(self.begin_inner().await?))
    }

    async fn begin_inner(&self) -> Result<Inner, StoreError> {
        let wrap = |error| StoreError::from(error).doing("begin to write");
        Ok(match &self.pools {
            Pools::Sqlite { write, .. } => Inner::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(wrap)?),
            Pools::Postgres { pool, .. } => Inner::Postgres(pool.begin().await.map_err(wrap)?),
        })
    }

    /// Begins a transaction that sees one state of the hub throughout and writes nothing.
    pub(crate) async fn begin_read(&self) -> Result<Tx, StoreError> {
        let inner = match &self.pools {
            Pools::Sqlite { read, .. } => Inner::Sqlite(read.begin().await?),
            Pools::Postgres { pool, .. } => {
                Inner::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(Tx::over(inner))
    }

    /// Takes what was replaced from the log beside the file as well, as far as no reader needs it.
    pub(crate) async fn forget_log(&self) -> Result<(), StoreError> {
        if let Pools::Sqlite { write, .. } = &self.pools {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(write).await?;
        }
        Ok(())
    }

    pub(crate) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres { pool, .. } => pool.close().await,
        }
    }
}

/// An error of bringing the tables up to this version.
fn of_migration(engine: Engine) -> impl FnOnce(sqlx::migrate::MigrateError) -> StoreError {
    move |error| StoreError::of_migration("hub", schema_version(engine), error)
}

/// The version of the tables that this binary makes.
pub(crate) fn schema_version(engine: Engine) -> i64 {
    let migrations = match engine {
        Engine::Sqlite => &SQLITE_MIGRATIONS,
        Engine::Postgres => &POSTGRES_MIGRATIONS,
    };
    migrations.iter().map(|migration| migration.version).max().unwrap_or_default()
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

/// The one connection that writes a file. One whose transaction the engine ended by itself, because its disk was full, is not used
/// again: the driver would take it for one that is still in its transaction.
pub(crate) fn one_writer() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(WRITER_WAIT)
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
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
