//! Leases: which of several processes on one hub does the work that one alone may do.
//!
//! A lease is held until a time of the database's own clock, and renewed well before it. Who takes it over counts its epoch up. What
//! is written under a lease looks at the epoch in the transaction that writes, after it has taken the writer's turn; taking a lease
//! over takes a turn as well. So a process that was stopped for longer than it held the lease writes nothing under it when it wakes,
//! wherever it stood.

use std::time::Duration;

use kanak_model::Timestamp;

use crate::Store;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::now_us;
use crate::error::StoreError;

/// The lease of the server that resolves, delivers webhooks, and ends what has run out.
pub const RESOLVER: &str = "resolver";

/// A lease that this process took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    name: &'static str,
    holder: String,
    epoch: i64,
}

impl Lease {
    /// How often it went from one process to another, from 1.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseStanding {
    /// The word of the process that took it last.
    pub holder: String,
    /// How often it went from one process to another.
    pub epoch: i64,
    /// Until when it is held, by the database's clock.
    pub until: Timestamp,
    /// Whether that is still to come.
    pub is_held: bool,
}

/// Refuses to go on when another process has taken the lease. The transaction has the writer's turn.
pub(crate) async fn check_held(tx: &mut Tx, lease: &Lease) -> Result<(), StoreError> {
    const SQL: &str = "SELECT count(*) FROM leases WHERE name = $1 AND holder = $2 AND epoch = $3";
    let held: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
        .bind(lease.name)
        .bind(&lease.holder)
        .bind(lease.epoch)
        .fetch_one(c)
        .await)?;
    if held == 1 { Ok(()) } else { Err(StoreError::LeaseLost(lease.name)) }
}

fn microseconds(lasts: Duration) -> i64 {
    i64::try_from(lasts.as_micros()).unwrap_or(i64::MAX / 2)
}

impl Store {
    /// Takes a lease that nobody holds, or that `former` holds: a process of which the caller knows that it is gone. `None` while
    /// another process holds it; then nothing is waited for.
    pub async fn take_lease(
        &self,
        name: &'static str,
        holder: &str,
        former: Option<&str>,
        lasts: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        const HELD: &str = "SELECT count(*) FROM leases WHERE name = $1 AND holder <> $2 AND until_us > NOW_US";
        const TAKE: &str = "INSERT INTO leases (name, holder, epoch, until_us) VALUES ($1, $2, 1, NOW_US + $4)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = leases.epoch + 1, until_us = excluded.until_us
             WHERE leases.holder = $3 OR leases.until_us <= NOW_US RETURNING epoch";
        let former = former.unwrap_or(holder);
        let held = sqlx::AssertSqlSafe(HELD.replace("NOW_US", now_us(self.db.engine())));
        let held: i64 = on_db!(&self.db, |c| sqlx::query_scalar(held).bind(name).bind(former).fetch_one(c).await)?;
        if held > 0 {
            return Ok(None);
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        let take = sqlx::AssertSqlSafe(TAKE.replace("NOW_US", now_us(tx.engine())));
        let lasts_us = microseconds(lasts);
        let epoch: Option<i64> = on_tx!(tx, |c| sqlx::query_scalar(take)
            .bind(name)
            .bind(holder)
            .bind(former)
            .bind(lasts_us)
            .fetch_optional(c)
            .await)?;
        tx.commit().await?;
        Ok(epoch.map(|epoch| Lease { name, holder: holder.to_owned(), epoch }))
    }

    /// Holds a lease for as long again from now; `false` when another process has taken it. Waits for no writer's turn on
    /// `PostgreSQL`: a long load does not cost its holder the lease.
    pub async fn renew_lease(&self, lease: &Lease, lasts: Duration) -> Result<bool, StoreError> {
        let lasts_us = microseconds(lasts);
        self.set_until(lease, &format!("{} + {lasts_us}", now_us(self.db.engine()))).await
    }

    /// Gives a lease back, so that another process may take it at once.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.set_until(lease, "0").await.map(drop)
    }

    async fn set_until(&self, lease: &Lease, until_us: &str) -> Result<bool, StoreError> {
        let text = format!(
            "UPDATE leases SET until_us = {until_us} WHERE name = $1 AND holder = $2 AND epoch = $3 RETURNING epoch"
        );
        let text = sqlx::AssertSqlSafe(text);
        let mut tx = self.db.begin_beside().await?;
        let held: Option<i64> = on_tx!(tx, |c| sqlx::query_scalar(text)
            .bind(lease.name)
            .bind(&lease.holder)
            .bind(lease.epoch)
            .fetch_optional(c)
            .await)?;
        tx.commit().await?;
        Ok(held.is_some())
    }

    /// Who holds a lease; `None` where nobody ever did.
    pub async fn find_lease(&self, name: &'static str) -> Result<Option<LeaseStanding>, StoreError> {
        let now = now_us(self.db.engine());
        let text = format!(
            "SELECT holder, epoch, until_us, CASE WHEN until_us > {now} THEN CAST(1 AS BIGINT) ELSE 0 END
             FROM leases WHERE name = $1"
        );
        let text = sqlx::AssertSqlSafe(text);
        let row: Option<(String, i64, i64, i64)> =
            on_db!(&self.db, |c| sqlx::query_as(text).bind(name).fetch_optional(c).await)?;
        Ok(row.map(|(holder, epoch, until_us, held)| LeaseStanding {
            holder,
            epoch,
            until: Timestamp(until_us),
            is_held: held == 1,
        }))
    }
}
