//! One row as a file states it.

/// The fields of one row, in one buffer that is used again for the next row.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawRow {
    /// Line (text) or row (sheets, Parquet) in the file, from 1; the header counts.
    pub(crate) line: u64,
    text: String,
    /// Where each field stands in `text`. A column without a span has no value.
    spans: Vec<(u32, u32)>,
}

impl RawRow {
    /// Empties the row for the next one.
    pub(crate) fn clear(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.spans.clear();
    }

    /// The value of a column; empty where it has none.
    pub(crate) fn get(&self, column: usize) -> &str {
        self.spans.get(column).map_or("", |&(start, end)| &self.text[start as usize..end as usize])
    }

    /// How many columns the row knows of.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Gives a column its value, in place of what it had.
    pub(crate) fn set(&mut self, column: usize, value: &str) {
        if self.spans.len() <= column {
            self.spans.resize(column + 1, (0, 0));
        }
        let start = self.text.len() as u32;
        self.text.push_str(value);
        self.spans[column] = (start, self.text.len() as u32);
    }

    /// Writes the next column's value through `write`.
    pub(crate) fn push_with(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.text.len() as u32;
        write(&mut self.text);
        self.spans.push((start, self.text.len() as u32));
    }

    /// How many bytes the row's values have.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Takes the buffers out, to be filled by a reader that works on bytes.
    pub(crate) fn take_buffers(&mut self) -> (Vec<u8>, Vec<(u32, u32)>) {
        let mut text = std::mem::take(&mut self.text).into_bytes();
        let mut spans = std::mem::take(&mut self.spans);
        text.clear();
        spans.clear();
        (text, spans)
    }

    /// Puts filled buffers back; answers whether the bytes are UTF-8. The spans must lie within the bytes and on the
    /// bounds of characters: a reader that cuts at ASCII separators keeps that.
    pub(crate) fn put_buffers(&mut self, line: u64, text: Vec<u8>, spans: Vec<(u32, u32)>) -> bool {
        self.line = line;
        self.spans = spans;
        match String::from_utf8(text) {
            Ok(text) => {
                self.text = text;
                true
            }
            Err(error) => {
                let mut bytes = error.into_bytes();
                bytes.clear();
                self.text = String::from_utf8(bytes).unwrap_or_default();
                self.spans.clear();
                false
            }
        }
    }
}
