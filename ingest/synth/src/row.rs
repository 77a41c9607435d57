//! One row on its way into a file: texts in one buffer, used again for the next row.

use std::fmt::{self, Write as _};

/// The fields of a row.
#[derive(Debug, Default)]
pub(crate) struct Row {
    text: String,
    ends: Vec<usize>,
}

impl Row {
    /// Forgets the last row.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a field.
    pub(crate) fn put(&mut self, field: &str) {
        self.text.push_str(field);
        self.ends.push(self.text.len());
    }

    /// Adds a field that is made from parts.
    pub(crate) fn put_with(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.ends.push(self.text.len());
    }

    /// Adds a field by `format_args!`.
    pub(crate) fn put_fmt(&mut self, arguments: fmt::Arguments<'_>) {
        self.text.write_fmt(arguments).expect("writing to a string cannot fail");
        self.ends.push(self.text.len());
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// One field.
    pub(crate) fn field(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start..self.ends[at]]
    }

    /// All fields.
    pub(crate) fn fields(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|at| self.field(at))
    }

    /// Makes this row a copy of another with one field replaced.
    pub(crate) fn copy_with(&mut self, other: &Self, at: usize, field: &str) {
        self.clear();
        for (index, kept) in other.fields().enumerate() {
            self.put(if index == at { field } else { kept });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_as_they_were_put() {
        let mut row = Row::default();
        row.put("ਗੁਰ");
        row.put("");
        row.put_fmt(format_args!("{}/{}", 1, 2));
        assert_eq!(row.fields().collect::<Vec<_>>(), ["ਗੁਰ", "", "1/2"]);
        let mut other = Row::default();
        other.copy_with(&row, 1, "x");
        assert_eq!(other.fields().collect::<Vec<_>>(), ["ਗੁਰ", "x", "1/2"]);
    }
}
