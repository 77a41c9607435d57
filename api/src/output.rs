//! What commands print: tables for people, JSON for machines, nothing but the result when quiet.

use std::io::Write as _;

use serde::Serialize;

/// How a command prints.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// One JSON document instead of tables.
    pub json: bool,
    /// Nothing but the result.
    pub quiet: bool,
}

impl Output {
    /// Prints a line of the result.
    pub fn line(self, text: impl std::fmt::Display) {
        // A closed pipe (`| head`) is the reader's wish to stop; it is not ours to report.
        drop(writeln!(std::io::stdout(), "{text}"));
    }

    /// Prints a line for people: not with `--json`, not with `--quiet`.
    pub fn note(self, text: impl std::fmt::Display) {
        if !self.json && !self.quiet {
            self.line(text);
        }
    }

    /// Prints a JSON document.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn document(self, value: &impl Serialize) -> anyhow::Result<()> {
        self.line(serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// Prints rows under a header, columns aligned; numbers to the right.
    pub fn table(self, header: &[&str], rows: &[Vec<String>]) {
        self.line(format_table(header, rows));
    }
}

/// Rows under a header, columns aligned.
pub fn format_table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width_of = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = header.iter().map(|title| width_of(title)).collect();
    let mut numeric = vec![!rows.is_empty(); header.len()];
    for row in rows {
        for (column, cell) in row.iter().enumerate().take(header.len()) {
            widths[column] = widths[column].max(width_of(cell));
            numeric[column] &= is_number(cell) || cell.is_empty();
        }
    }
    let mut text = String::new();
    let mut push = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (column, cell) in cells.enumerate().take(header.len()) {
            let padding = " ".repeat(widths[column] - width_of(cell));
            if column > 0 {
                line.push_str("  ");
            }
            if numeric[column] {
                line.push_str(&padding);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&padding);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    push(&mut header.iter().copied());
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    push(&mut rule.iter().map(String::as_str));
    for row in rows {
        push(&mut row.iter().map(String::as_str));
    }
    text.pop();
    text
}

fn is_number(text: &str) -> bool {
    let digits = text.trim_end_matches(" %").replace(',', "");
    digits.parse::<f64>().is_ok()
}

/// A whole number with India's grouping: 12,34,567.
pub fn grouped(number: impl Into<i128>) -> String {
    let number: i128 = number.into();
    let digits = number.unsigned_abs().to_string();
    let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
    let mut text = String::new();
    if number < 0 {
        text.push('-');
    }
    for (place, digit) in head.chars().enumerate() {
        if place > 0 && (head.len() - place).is_multiple_of(2) {
            text.push(',');
        }
        text.push(digit);
    }
    if !head.is_empty() {
        text.push(',');
    }
    text.push_str(tail);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_india_groups_them() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (123_456, "1,23,456"),
            (12_345_678, "1,23,45,678"),
            (-1234, "-1,234"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn numbers_stand_to_the_right_and_words_to_the_left() {
        let table = format_table(&["name", "rows"], &[vec!["a".into(), "10".into()], vec!["long".into(), "5".into()]]);
        assert_eq!(table, "name  rows\n----  ----\na       10\nlong     5");
    }
}
