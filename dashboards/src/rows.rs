//! Rows as the warehouse answers them, read by column name.

use serde_json::Value;

/// The rows of one query.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    columns: &'a [String],
    cells: &'a [Value],
}

impl Rows {
    pub(crate) fn new(columns: Vec<String>, rows: Vec<Vec<Value>>) -> Self {
        Self { columns, rows }
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + ExactSizeIterator {
        self.rows.iter().map(|cells| Row { columns: &self.columns, cells })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl<'a> Row<'a> {
    fn find(self, column: &str) -> Option<&'a Value> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.cells.get(at)
    }

    /// Every cell, in the order of the columns.
    pub(crate) fn cells(self) -> &'a [Value] {
        self.cells
    }

    /// A text; empty where the cell is null.
    pub(crate) fn text(self, column: &str) -> &'a str {
        self.find(column).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number, where there is one.
    pub(crate) fn number(self, column: &str) -> Option<f64> {
        self.find(column).and_then(Value::as_f64)
    }

    /// A whole number, where there is one; decimals are rounded.
    pub(crate) fn whole(self, column: &str) -> Option<i64> {
        let value = self.find(column)?;
        value.as_i64().or_else(|| value.as_f64().map(|number| number.round() as i64))
    }

    /// Whether a cell is true.
    pub(crate) fn flag(self, column: &str) -> bool {
        self.find(column).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A cell as plain words, whatever it holds.
    pub(crate) fn plain(self, column: &str) -> String {
        match self.find(column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }

    /// A count: a missing one is nothing counted.
    pub(crate) fn count(self, column: &str) -> i64 {
        self.whole(column).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_are_found_by_column_and_null_is_nothing() {
        let rows = Rows::new(
            vec!["name".to_owned(), "paid".to_owned()],
            vec![vec![json!("Ludhiana"), json!(2.6)], vec![json!(null), json!(null)]],
        );
        let read: Vec<_> = rows.iter().map(|row| (row.text("name"), row.whole("paid"), row.count("missing"))).collect();
        assert_eq!(read, [("Ludhiana", Some(3), 0), ("", None, 0)]);
    }
}
