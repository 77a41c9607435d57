//! Which rows have which parent.

use crate::table::{Row, Table};

/// The rows that have a parent, sorted by parent code and then by row.
#[derive(Debug)]
pub(crate) struct Children(Vec<Row>);

impl Children {
    /// Sorts the rows of a table by their parent.
    pub(crate) fn index(table: &Table) -> Self {
        let mut rows: Vec<Row> = (0..table.len() as Row).filter(|&row| !table.parents.get(row).is_empty()).collect();
        rows.sort_by_key(|&row| table.parents.get(row));
        Self(rows)
    }

    /// The rows whose parent is exactly `code`.
    pub(crate) fn of(&self, table: &Table, code: &str) -> &[Row] {
        let from = self.0.partition_point(|&row| table.parents.get(row) < code);
        let count = self.0[from..].partition_point(|&row| table.parents.get(row) == code);
        &self.0[from..from + count]
    }
}
