//! A hub on `PostgreSQL` as one file of lines, and back: every table as one transaction saw it.
//!
//! The first line says what it is, then each table has a line with its columns, followed by its rows as lists of texts in the
//! engine's own spelling; the last line says how many rows there are. Tables that others refer to come first.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use futures::TryStreamExt as _;
use kanak_model::FeedPosition;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;

use crate::Store;
use crate::checksums::{self, Checksums, Sum, Table};
use crate::db::{Tx, make_private, on_tx, schema_version};
use crate::dialect::{Engine, ROWS_A_STATEMENT};
use crate::error::StoreError;

/// So much text is written by one statement at most.
const BYTES_A_STATEMENT: usize = 4 << 20;

/// A line of the file that is no row.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// The first: the version of the hub's tables.
    KanakHub { schema: i64 },
    /// Rows of a table follow: its columns with their types.
    Table { name: String, columns: Vec<(String, String)> },
    /// The last: how many rows there were.
    End { rows: u64 },
}

/// Writes all that a transaction sees; gives what it was and where the feed ends.
pub(crate) async fn write(tx: &mut Tx, path: &Path) -> Result<(Checksums, FeedPosition), StoreError> {
    let of_io = |source| StoreError::File { path: path.display().to_string(), source };
    make_private(path)?;
    let mut out = BufWriter::with_capacity(1 << 20, File::options().append(true).open(path).map_err(of_io)?);
    let mut put = |text: &str| writeln!(out, "{text}").map_err(of_io);
    put(&line(&Line::KanakHub { schema: schema_version(Engine::Postgres) }))?;
    let (mut tables, mut total) = (Vec::new(), 0);
    for table in in_order_of_reference(tx).await? {
        put(&line(&Line::Table { name: table.name.clone(), columns: table.columns.clone() }))?;
        let text = AssertSqlSafe(table.rows_as_text(Engine::Postgres));
        let mut sum = Sum::default();
        on_tx!(tx, |c| {
            let mut rows = sqlx::query_scalar::<_, String>(text).fetch(c);
            while let Some(row) = rows.try_next().await? {
                put(&row)?;
                sum.add(&row);
            }
        });
        let is_summed = table.is_summed();
        let sum = sum.of(&table.name);
        total += sum.rows;
        tables.extend(is_summed.then_some(sum));
    }
    put(&line(&Line::End { rows: total }))?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|file| file.sync_all()).map_err(of_io)?;
    tables.sort_by(|one, other| one.table.cmp(&other.table));
    Ok((Checksums { tables }, checksums::feed_end(tx).await?))
}

fn line(line: &Line) -> String {
    serde_json::to_string(line).expect("plain lines always serialize")
}

/// The tables, those first that others refer to.
async fn in_order_of_reference(tx: &mut Tx) -> Result<Vec<Table>, StoreError> {
    const REFERENCES: &str =
        "SELECT f.relname::text, t.relname::text FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid
         JOIN pg_class t ON t.oid = k.confrelid WHERE k.contype = 'f' AND f.oid <> t.oid";
    let mut waiting = checksums::list_tables(tx).await?;
    let references: Vec<(String, String)> = on_tx!(tx, |c| sqlx::query_as(REFERENCES).fetch_all(c).await)?;
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_ready = |table: &Table| {
            let mut named = references.iter().filter(|(from, _)| *from == table.name).map(|(_, to)| to);
            named.all(|to| !waiting.iter().any(|other| other.name == *to))
        };
        let next = waiting.iter().position(is_ready).unwrap_or_default();
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}

impl Store {
    /// Takes in what [`Store::backup`] wrote of a hub on `PostgreSQL`, all of it or nothing; gives what the hub then holds.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] when the hub holds anything already; [`StoreError::Backup`] when the file is of another version or
    /// cut off, or the hub is none on `PostgreSQL`.
    pub async fn take_in(&self, path: &Path) -> Result<Checksums, StoreError> {
        if self.db.engine() != Engine::Postgres {
            let what = "this is the backup of a hub on PostgreSQL; name an empty database with --hub postgres://..";
            return Err(StoreError::Backup(what.to_owned()));
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        check_empty(&mut tx).await?;
        let names: Vec<String> = checksums::list_tables(&mut tx).await?.into_iter().map(|table| table.name).collect();
        let all = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        // What migrations put there comes again from the file.
        let text = AssertSqlSafe(format!("TRUNCATE {all}, sessions, leases"));
        on_tx!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?;
        read_into(&mut tx, path).await?;
        go_on_counting(&mut tx).await?;
        let held = checksums::sum(&mut tx).await?;
        tx.commit().await?;
        Ok(held)
    }
}

async fn check_empty(tx: &mut Tx) -> Result<(), StoreError> {
    const HELD: &str = "SELECT (SELECT count(*) FROM source_systems) + (SELECT count(*) FROM users) + (SELECT count(*) FROM feed_events)
         + (SELECT count(*) FROM api_keys) + (SELECT count(*) FROM audit_events)";
    let held: i64 = on_tx!(tx, |c| sqlx::query_scalar(HELD).fetch_one(c).await)?;
    if held == 0 { Ok(()) } else { Err(StoreError::NotEmpty) }
}

/// Rows of one table that are written together.
struct Batch {
    insert: String,
    rows: String,
    count: usize,
}

impl Batch {
    fn of(name: &str, columns: &[(String, String)]) -> Self {
        let names = columns.iter().map(|(column, _)| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
        let values = columns.iter().enumerate().map(|(place, (_, kind))| format!("(value ->> {place})::{kind}"));
        let values = values.collect::<Vec<_>>().join(", ");
        let insert = format!(
            "INSERT INTO \"{name}\" ({names}) SELECT {values} FROM jsonb_array_elements($1::jsonb) AS e(value)"
        );
        Self { insert, rows: String::new(), count: 0 }
    }

    async fn add(&mut self, tx: &mut Tx, row: &str) -> Result<(), StoreError> {
        self.rows.push(if self.count == 0 { '[' } else { ',' });
        self.rows.push_str(row);
        self.count += 1;
        if self.count == ROWS_A_STATEMENT || self.rows.len() >= BYTES_A_STATEMENT {
            self.write(tx).await
        } else {
            Ok(())
        }
    }

    async fn write(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.count == 0 {
            return Ok(());
        }
        self.rows.push(']');
        let text = AssertSqlSafe(self.insert.clone());
        on_tx!(tx, |c| sqlx::query(text).bind(&self.rows).execute(c).await.map(drop))?;
        self.rows.clear();
        self.count = 0;
        Ok(())
    }
}

async fn read_into(tx: &mut Tx, path: &Path) -> Result<(), StoreError> {
    let of_io = |source| StoreError::File { path: path.display().to_string(), source };
    let broken = |what: &str| StoreError::Backup(format!("{}: {what}", path.display()));
    let known = checksums::list_tables(tx).await?;
    let mut lines = BufReader::with_capacity(1 << 20, File::open(path).map_err(of_io)?).lines();
    let first = lines.next().transpose().map_err(of_io)?.unwrap_or_default();
    let Ok(Line::KanakHub { schema }) = serde_json::from_str(&first) else {
        return Err(broken("it does not begin as the copy of a hub does"));
    };
    let ours = schema_version(Engine::Postgres);
    if schema != ours {
        return Err(broken(&format!(
            "its tables are of version {schema}, and this kanak makes version {ours}; restore it with the kanak that wrote it, which later ones bring up"
        )));
    }
    let (mut batch, mut rows) = (None::<Batch>, 0_u64);
    for text in lines {
        let text = text.map_err(of_io)?;
        if text.starts_with('[') {
            let batch = batch.as_mut().ok_or_else(|| broken("a row stands before its table"))?;
            batch.add(tx, &text).await?;
            rows += 1;
            continue;
        }
        if let Some(mut full) = batch.take() {
            full.write(tx).await?;
        }
        match serde_json::from_str(&text) {
            Ok(Line::Table { name, columns }) => {
                let fits = known.iter().any(|table| table.name == name && table.columns == columns);
                if !fits {
                    return Err(broken(&format!("its table {name} is not as this hub's")));
                }
                batch = Some(Batch::of(&name, &columns));
            }
            Ok(Line::End { rows: told }) if told == rows => return Ok(()),
            _ => return Err(broken("a line is none of a copy's, or rows are missing")),
        }
    }
    Err(broken("it is cut off"))
}

/// Numbers that the database gives out go on after those that came.
async fn go_on_counting(tx: &mut Tx) -> Result<(), StoreError> {
    const COUNTED: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = current_schema() AND (is_identity = 'YES' OR column_default LIKE 'nextval(%')";
    let counted: Vec<(String, String)> = on_tx!(tx, |c| sqlx::query_as(COUNTED).fetch_all(c).await)?;
    for (table, column) in counted {
        let text = AssertSqlSafe(format!(
            "SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'), (SELECT coalesce(max(\"{column}\"), 0) + 1 FROM \"{table}\"), false)"
        ));
        on_tx!(tx, |c| sqlx::query(text).execute(c).await.map(drop))?;
    }
    Ok(())
}
