//! The few words in which SQLite and PostgreSQL differ. Everything else is one text for both.

use crate::error::StoreError;

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// `SQLite` 3.
    Sqlite,
    /// `PostgreSQL`.
    Postgres,
}

/// How many rows one statement writes: large enough that the statement does not count, small enough for memory.
pub(crate) const ROWS_A_STATEMENT: usize = 5_000;

/// Turns the marks of a portable text into the engine's words.
///
/// - `{rows $1: a int, b text, c json, d real, e packed}`: a table of the rows of a JSON array of arrays; `packed` is JSON within a
///   text ([`Packed`]), which `SQLite` takes as it is where it would write `json` anew
/// - `{ids $1}`: a table with one column `id`, from a JSON array of numbers
/// - `{texts $1}`: a table with one column `word`, from a JSON array of texts
///
/// A join that begins at such a table is written `CROSS JOIN .. WHERE`: `SQLite` then keeps that order, where it would
/// otherwise guess that a whole source system holds a handful of rows and read it once per row of the argument.
pub(crate) fn sql(engine: Engine, text: &str) -> sqlx::AssertSqlSafe<String> {
    let mut out = String::with_capacity(text.len() + 200);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (mark, after) = after.split_once('}').expect("a mark is closed");
        out.push_str(before);
        out.push_str(&table(engine, mark));
        rest = after;
    }
    out.push_str(rest);
    sqlx::AssertSqlSafe(out)
}

fn table(engine: Engine, mark: &str) -> String {
    let (word, argument) = mark.split_once(' ').expect("a mark has an argument");
    match (word, engine) {
        ("ids", Engine::Sqlite) => format!("(SELECT value AS id FROM json_each({argument}))"),
        ("ids", Engine::Postgres) => {
            format!("(SELECT value::bigint AS id FROM jsonb_array_elements_text({argument}::jsonb) AS e(value))")
        }
        ("texts", Engine::Sqlite) => format!("(SELECT value AS word FROM json_each({argument}))"),
        ("texts", Engine::Postgres) => {
            format!("(SELECT value AS word FROM jsonb_array_elements_text({argument}::jsonb) AS e(value))")
        }
        ("rows", _) => rows(engine, argument),
        _ => unreachable!("marks are written in this crate: {mark}"),
    }
}

fn rows(engine: Engine, argument: &str) -> String {
    let (parameter, columns) = argument.split_once(':').expect("rows name their columns");
    let columns: Vec<String> = columns
        .split(',')
        .enumerate()
        .map(|(place, column)| {
            let (name, kind) = column.trim().split_once(' ').expect("a column has a type");
            match (engine, kind) {
                (Engine::Sqlite, _) => format!("json_extract(value, '$[{place}]') AS {name}"),
                (Engine::Postgres, "int") => format!("(value ->> {place})::bigint AS {name}"),
                (Engine::Postgres, "real") => format!("(value ->> {place})::double precision AS {name}"),
                (Engine::Postgres, "json") => format!("value -> {place} AS {name}"),
                (Engine::Postgres, "packed") => format!("(value ->> {place})::jsonb AS {name}"),
                (Engine::Postgres, _) => format!("value ->> {place} AS {name}"),
            }
        })
        .collect();
    let columns = columns.join(", ");
    match engine {
        Engine::Sqlite => format!("(SELECT {columns} FROM json_each({parameter}))"),
        Engine::Postgres => format!("(SELECT {columns} FROM jsonb_array_elements({parameter}::jsonb) AS e(value))"),
    }
}

/// The argument of a mark: rows as tuples, ids as numbers, texts as they are.
pub(crate) fn json<T: serde::Serialize + ?Sized>(rows: &T) -> String {
    serde_json::to_string(rows).expect("plain rows always serialize")
}

/// A query whose rows come as one text, which [`listed`] reads. The driver of `SQLite` hands each row from its own thread to the reader's and
/// wakes it: of many small rows that costs more than their JSON. What a query orders by is not kept.
pub(crate) fn as_list(engine: Engine, columns: &str, query: &str) -> String {
    match engine {
        Engine::Sqlite => format!("SELECT json_group_array(json_array({columns})) FROM ({query}) AS listed"),
        Engine::Postgres => {
            format!("SELECT coalesce(json_agg(json_build_array({columns})), '[]')::text FROM ({query}) AS listed")
        }
    }
}

/// The rows of [`as_list`]: tuples, or structs whose fields are the columns in their order.
///
/// # Errors
/// [`StoreError::Database`] when a row is of another shape.
pub(crate) fn listed<T: serde::de::DeserializeOwned>(text: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Database { what: "read rows", message: error.to_string() })
}

/// A value of a `packed` column.
pub(crate) struct Packed<T>(pub(crate) T);

impl<T: serde::Serialize> serde::Serialize for Packed<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&json(&self.0))
    }
}

/// A JSON column that holds values by attribute.
#[derive(Debug, Clone, Copy)]
pub(crate) enum JsonColumn {
    /// `stated` of a source record: a text, or a pair of texts whose first is the standard form.
    Stated(&'static str),
    /// `chosen` of a golden version: a list whose first is the value.
    Chosen(&'static str),
}

/// The text of one attribute; `parameter` is bound to [`attribute_path`].
pub(crate) fn attribute_text(engine: Engine, column: JsonColumn, parameter: &str) -> String {
    match (engine, column) {
        (Engine::Sqlite, JsonColumn::Chosen(c)) => format!("json_extract({c}, {parameter} || '[0]')"),
        (Engine::Sqlite, JsonColumn::Stated(c)) => format!(
            "CASE json_type({c}, {parameter}) WHEN 'array' THEN json_extract({c}, {parameter} || '[0]') ELSE json_extract({c}, {parameter}) END"
        ),
        (Engine::Postgres, JsonColumn::Chosen(c)) => format!("{c} -> {parameter} ->> 0"),
        (Engine::Postgres, JsonColumn::Stated(c)) => format!(
            "CASE jsonb_typeof({c} -> {parameter}) WHEN 'array' THEN {c} -> {parameter} ->> 0 ELSE {c} ->> {parameter} END"
        ),
    }
}

/// How an attribute is named to [`attribute_text`].
pub(crate) fn attribute_path(engine: Engine, attribute: &str) -> String {
    match engine {
        Engine::Sqlite => format!("$.\"{attribute}\""),
        Engine::Postgres => attribute.to_owned(),
    }
}

/// The type of a JSON column.
pub(crate) fn json_type(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "TEXT",
        Engine::Postgres => "JSONB",
    }
}

/// A JSON column as text.
pub(crate) fn json_text(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => column.to_owned(),
        Engine::Postgres => format!("{column}::text"),
    }
}

/// Makes the search index forget on disk what was taken out of it; `None` where the engine's own vacuum does.
pub(crate) fn search_scrub(engine: Engine) -> Option<&'static str> {
    match engine {
        Engine::Sqlite => Some("INSERT INTO golden_search (golden_search) VALUES ('optimize')"),
        Engine::Postgres => None,
    }
}

/// The database's own clock, microseconds: processes that share it need not agree on theirs.
pub(crate) fn now_us(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)",
        Engine::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
    }
}

/// Puts the words of golden records into the search index; rows `golden_id int, words text` as `$1`.
pub(crate) fn search_insert(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "INSERT INTO golden_search (rowid, words) SELECT golden_id, words FROM {rows $1: golden_id int, words text} AS r"
        }
        Engine::Postgres => {
            "INSERT INTO golden_search (golden_id, words)
             SELECT golden_id, array_to_tsvector(string_to_array(words, ' '))
             FROM {rows $1: golden_id int, words text} AS r WHERE words <> ''"
        }
    }
}

/// Takes golden records out of the search index; their ids as `$1`.
pub(crate) fn search_delete(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "DELETE FROM golden_search WHERE rowid IN (SELECT id FROM {ids $1} AS i)",
        Engine::Postgres => "DELETE FROM golden_search WHERE golden_id IN (SELECT id FROM {ids $1} AS i)",
    }
}

/// How golden records (`g`) are joined with the search index, which of them match `$1` (a query made by
/// [`search_query`]), and their order. `SQLite` walks the index in the order of ids and stops at the limit.
pub(crate) fn search_words(engine: Engine) -> SearchWords {
    match engine {
        Engine::Sqlite => SearchWords {
            join: "JOIN golden_search ON golden_search.rowid = g.id",
            matches: "golden_search MATCH $1",
            order: "golden_search.rowid",
        },
        Engine::Postgres => SearchWords {
            join: "JOIN golden_search ON golden_search.golden_id = g.id",
            matches: "golden_search.words @@ $1::tsquery",
            order: "g.id",
        },
    }
}

/// See [`search_words`].
pub(crate) struct SearchWords {
    pub(crate) join: &'static str,
    pub(crate) matches: &'static str,
    pub(crate) order: &'static str,
}

/// The golden records that stand in the index but are not live.
pub(crate) fn search_ended(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "SELECT s.rowid AS id FROM golden_search s LEFT JOIN golden_records g ON g.id = s.rowid
             WHERE g.id IS NULL OR g.state <> 'live'"
        }
        Engine::Postgres => {
            "SELECT s.golden_id AS id FROM golden_search s LEFT JOIN golden_records g ON g.id = s.golden_id
             WHERE g.id IS NULL OR g.state <> 'live'"
        }
    }
}

/// A query for records that have, for each token, a word beginning with it.
pub(crate) fn search_query(engine: Engine, tokens: &[String]) -> String {
    let (quoted, joiner): (Vec<String>, &str) = match engine {
        Engine::Sqlite => (tokens.iter().map(|token| format!("\"{token}\"*")).collect(), " AND "),
        Engine::Postgres => (tokens.iter().map(|token| format!("'{token}':*")).collect(), " & "),
    };
    quoted.join(joiner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_becomes_each_engines_words() {
        let text = "SELECT a FROM {rows $1: a int, b json} AS r";
        assert_eq!(
            sql(Engine::Sqlite, text).0,
            "SELECT a FROM (SELECT json_extract(value, '$[0]') AS a, json_extract(value, '$[1]') AS b FROM json_each($1)) AS r"
        );
        assert_eq!(
            sql(Engine::Postgres, text).0,
            "SELECT a FROM (SELECT (value ->> 0)::bigint AS a, value -> 1 AS b FROM jsonb_array_elements($1::jsonb) AS e(value)) AS r"
        );
    }
}
