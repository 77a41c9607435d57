//! What a hub holds, in a few digits: a copy that holds the same has the same digits.
//!
//! Each row is hashed, and a table's sum is that of its rows' hashes, whatever the order in which they are read. What a copy leaves
//! out on purpose (who is signed in, who holds a lease) and what follows from the rest (the search index) does not count.

use std::path::Path;

use futures::TryStreamExt as _;
use kanak_model::FeedPosition;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::Store;
use crate::audit_events::hex;
use crate::db::{Inner, Tx, on_tx};
use crate::dialect::Engine;
use crate::error::StoreError;

/// Tables that a copy of a hub does not have: they speak of processes and browsers that know the original.
pub(crate) const LEFT_OUT: [&str; 2] = ["leases", "sessions"];

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// The sum of the rows' hashes: 128 bits, in hex.
    pub sum: String,
}

/// What a hub holds, table by table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksums {
    /// By name.
    pub tables: Vec<TableSum>,
}

impl Checksums {
    /// The whole in 32 hex digits.
    pub fn overall(&self) -> String {
        let mut digest = Sha256::new();
        for one in &self.tables {
            digest.update(format!("{} {} {}\n", one.table, one.rows, one.sum));
        }
        hex(&digest.finalize()[..16])
    }

    /// Tables of which two hubs hold something else, by name.
    pub fn list_different(&self, other: &Self) -> Vec<String> {
        let missing = |one: &&TableSum, among: &Self| !among.tables.contains(one);
        let ours = self.tables.iter().filter(|one| missing(one, other));
        let mut names: Vec<String> =
            ours.chain(other.tables.iter().filter(|one| missing(one, self))).map(|one| one.table.clone()).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// The rows of one table, summed.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    rows: u64,
    sum: u128,
}

impl Sum {
    pub(crate) fn add(&mut self, row: &str) {
        let digest = Sha256::digest(row.as_bytes());
        let first: [u8; 16] = digest[..16].try_into().expect("a digest has 32 bytes");
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(first));
    }

    pub(crate) fn of(self, table: &str) -> TableSum {
        TableSum { table: table.to_owned(), rows: self.rows, sum: format!("{:032x}", self.sum) }
    }
}

/// A table of a hub and its columns, each with its type in the engine's words.
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, String)>,
}

impl Table {
    /// Whether it counts. The search index follows from golden records.
    pub(crate) fn is_summed(&self) -> bool {
        !self.name.starts_with("golden_search")
    }

    /// A statement that gives each row as one text, from which every value reads back as it was.
    pub(crate) fn rows_as_text(&self, engine: Engine) -> String {
        let each = |word: fn(&str) -> String| self.columns.iter().map(|(name, _)| word(name)).collect::<Vec<_>>();
        let row = match engine {
            Engine::Sqlite => each(|name| format!("quote(\"{name}\")")).join(" || ',' || "),
            Engine::Postgres => {
                format!("json_build_array({})::text", each(|name| format!("\"{name}\"::text")).join(", "))
            }
        };
        format!("SELECT {row} FROM \"{}\"", self.name)
    }
}

/// The tables that a copy holds.
pub(crate) async fn list_tables(tx: &mut Tx) -> Result<Vec<Table>, StoreError> {
    const SQLITE: &str = "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'
         AND m.name NOT LIKE 'golden\\_search%' ESCAPE '\\' ORDER BY m.name, c.cid";
    const POSTGRES: &str =
        "SELECT c.table_name::text, c.column_name::text, c.udt_name::text FROM information_schema.columns c
         JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
         WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
         AND c.table_name NOT LIKE '\\_sqlx%' ORDER BY c.table_name COLLATE \"C\", c.ordinal_position";
    let text = match tx.engine() {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
    };
    let rows: Vec<(String, String, String)> = on_tx!(tx, |c| sqlx::query_as(text).fetch_all(c).await)?;
    let mut tables: Vec<Table> = Vec::new();
    for (table, column, kind) in rows.into_iter().filter(|row| !LEFT_OUT.contains(&row.0.as_str())) {
        match tables.last_mut() {
            Some(last) if last.name == table => last.columns.push((column, kind)),
            _ => tables.push(Table { name: table, columns: vec![(column, kind)] }),
        }
    }
    Ok(tables)
}

/// Sums what a transaction sees.
pub(crate) async fn sum(tx: &mut Tx) -> Result<Checksums, StoreError> {
    let mut tables = Vec::new();
    for table in list_tables(tx).await?.into_iter().filter(Table::is_summed) {
        let text = AssertSqlSafe(table.rows_as_text(tx.engine()));
        let mut sum = Sum::default();
        on_tx!(tx, |c| {
            let mut rows = sqlx::query_scalar::<_, String>(text).fetch(c);
            while let Some(row) = rows.try_next().await? {
                sum.add(&row);
            }
        });
        tables.push(sum.of(&table.name));
    }
    Ok(Checksums { tables })
}

/// The last position of the feed that a transaction sees.
pub(crate) async fn feed_end(tx: &mut Tx) -> Result<FeedPosition, StoreError> {
    const SQL: &str = "SELECT coalesce(max(position), 0) FROM feed_events";
    Ok(FeedPosition(on_tx!(tx, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?))
}

/// What a `SQLite` file holds that nobody has open: it is read, and not brought up to this version. With its feed's end.
pub(crate) async fn of_file(path: &Path) -> Result<(Checksums, FeedPosition), StoreError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let mut tx = Tx::over(Inner::Sqlite(pool.begin().await?));
    let found = (sum(&mut tx).await?, feed_end(&mut tx).await?);
    drop(tx);
    pool.close().await;
    Ok(found)
}

impl Store {
    /// What the hub holds, on one state of it.
    pub async fn checksums(&self) -> Result<Checksums, StoreError> {
        let mut tx = self.db.begin_read().await?;
        sum(&mut tx).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summed(rows: &[&str]) -> TableSum {
        let mut sum = Sum::default();
        for row in rows {
            sum.add(row);
        }
        sum.of("t")
    }

    #[test]
    fn a_sum_hangs_on_every_row_and_not_on_their_order() {
        assert_eq!(summed(&["a", "b", "b"]), summed(&["b", "a", "b"]));
        for other in [&["a", "b"][..], &["a", "b", "a"], &["a", "b", "c"], &[]] {
            assert_ne!(summed(&["a", "b", "b"]), summed(other), "{other:?}");
        }
        let of = |rows: &[&str]| Checksums { tables: vec![summed(rows)] };
        assert_ne!(of(&["a"]).overall(), of(&["b"]).overall());
        assert_eq!(of(&["a"]).list_different(&of(&["b"])), ["t"]);
        assert!(of(&["a"]).list_different(&of(&["a"])).is_empty());
        assert_eq!(of(&["a"]).list_different(&Checksums { tables: vec![] }), ["t"]);
    }
}
