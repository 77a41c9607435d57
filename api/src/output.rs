//! What commands print: tables for people, JSON for machines, nothing but the result when quiet.

use std::fs::OpenOptions;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;

/// How a command prints, and where.
#[derive(Debug, Clone)]
pub struct Output {
    /// One JSON document instead of tables.
    pub json: bool,
    /// Nothing but the result.
    pub quiet: bool,
    to: Sink,
}

/// Where a command's words go.
#[derive(Debug, Clone)]
enum Sink {
    /// To this process's own standard output and standard error.
    Standard,
    /// To the command that asked a running server, piece by piece.
    Asker(UnboundedSender<Printed>),
    /// To the server's log: no one asked for this work.
    Log,
}

/// One line that a command printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Printed {
    /// On standard output.
    Out(String),
    /// On standard error.
    Err(String),
}

impl Output {
    /// Prints to this process's own standard output and standard error.
    pub fn standard(json: bool, quiet: bool) -> Self {
        Self { json, quiet, to: Sink::Standard }
    }

    /// Prints nothing at all but what has gone wrong.
    pub fn silent() -> Self {
        Self::standard(false, true)
    }

    /// Writes the progress of work that no one asked for into the log.
    pub fn log() -> Self {
        Self { json: false, quiet: false, to: Sink::Log }
    }

    /// Hands what is printed to whoever asked.
    pub fn to_asker(json: bool, quiet: bool, asker: UnboundedSender<Printed>) -> Self {
        Self { json, quiet, to: Sink::Asker(asker) }
    }

    /// JSON documents for a test, and what gives those printed since it was last called.
    #[cfg(test)]
    pub(crate) fn captured() -> (Self, impl FnMut() -> String) {
        let (asker, mut printed) = tokio::sync::mpsc::unbounded_channel();
        let take = move || {
            let mut text = String::new();
            while let Ok(Printed::Out(line) | Printed::Err(line)) = printed.try_recv() {
                text.push_str(&line);
                text.push('\n');
            }
            text
        };
        (Self::to_asker(true, false, asker), take)
    }

    /// Whether people look on as the work goes: a bar that moves makes sense.
    pub fn is_watched(&self) -> bool {
        !self.quiet && matches!(self.to, Sink::Standard) && std::io::stderr().is_terminal()
    }

    /// Prints a line of the result.
    pub fn line(&self, text: impl std::fmt::Display) {
        self.print(Printed::Out(text.to_string()));
    }

    /// Prints a line about the work to standard error: not with `--quiet`.
    pub fn progress(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            self.print(Printed::Err(text.to_string()));
        }
    }

    fn print(&self, printed: Printed) {
        // A closed pipe (`| head`), or an asker that is gone, is the reader's wish to stop; it is not ours to report.
        match &self.to {
            Sink::Standard => printed.write(),
            Sink::Asker(asker) => drop(asker.send(printed)),
            Sink::Log => match printed {
                Printed::Out(text) | Printed::Err(text) => tracing::info!("{text}"),
            },
        }
    }

    /// Prints a line for people: not with `--json`, not with `--quiet`.
    pub fn note(&self, text: impl std::fmt::Display) {
        if !self.json && !self.quiet {
            self.line(text);
        }
    }

    /// Prints a JSON document.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn document(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.line(serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// Prints rows under a header, columns aligned; numbers to the right.
    pub fn table(&self, header: &[&str], rows: &[Vec<String>]) {
        self.line(format_table(header, rows));
    }
}

impl Printed {
    /// Prints it where it belongs in this process.
    pub fn write(&self) {
        drop(match self {
            Self::Out(text) => writeln!(std::io::stdout(), "{text}"),
            Self::Err(text) => writeln!(std::io::stderr(), "{text}"),
        });
    }
}

/// Writes a file that nobody but its owner reads, in place of one that is there.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    out.write_all(text.as_bytes())
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

/// A whole number as pages write it, with India's grouping: 12,34,567.
pub fn grouped(number: impl Into<i128>) -> String {
    let number: i128 = number.into();
    kanak_dashboards::format::whole(i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_too_large_for_a_page_stays_large() {
        assert_eq!(grouped(12_345_678), "1,23,45,678");
        assert!(grouped(u64::MAX).starts_with("92,"));
    }

    #[test]
    fn numbers_stand_to_the_right_and_words_to_the_left() {
        let table = format_table(&["name", "rows"], &[vec!["a".into(), "10".into()], vec!["long".into(), "5".into()]]);
        assert_eq!(table, "name  rows\n----  ----\na       10\nlong     5");
    }
}
