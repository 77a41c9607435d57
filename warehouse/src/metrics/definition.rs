//! What a metric's file says, and what it may say.

use kanak_codes::Day;
use kanak_model::Titles;
use kanak_model::toml_text::{ModelError, TomlText};
use serde::{Deserialize, Serialize};

use crate::error::WarehouseError;
use crate::metrics::words::{Clock, Counted, Direction, TimeColumn, Unit};
use crate::models::METRICS;

/// A named, versioned definition of a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// `applications_overdue`.
    pub name: String,
    /// Counts the changes of its definition.
    pub version: u32,
    /// The title in three languages.
    pub title: Titles,
    /// The question it answers.
    pub question: String,
    /// What exactly is counted, and what is not.
    pub definition: String,
    /// What one of the things counted is: `service application`.
    pub grain: String,
    /// The clock by which what is counted was judged, where the figure rests on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// Whose days the clock counts: `state`. Only where there is a clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// Who answers for the definition.
    pub owner: String,
    /// The table it is counted over.
    pub source: String,
    /// An aggregate over the table.
    pub numerator: String,
    /// The aggregate it is divided by; without one, the value is the numerator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator: Option<String>,
    /// The aggregate that says how many things the figure is of, where neither part of it does: by it small figures are found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// Only rows for which this holds are looked at.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What the value is a number of.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
    /// What the value is to reach, in the unit; a share is 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// The columns of the table that it may be cut and filtered by.
    #[serde(default)]
    pub dimensions: Vec<String>,
    /// The one of them that tells time; without one, the figure is of now and is compared with no other period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeColumn>,
    /// Since when other definitions hold than before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Changed>,
    /// The rows that the figure counts, so that a reader gets from the figure to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<Drill>,
    /// Its place among the headline figures, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<u32>,
}

/// A change of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// The version that begins.
    pub version: u32,
    /// The first day of which figures are by this definition.
    pub from: Day,
    /// What is different from the version before.
    pub what: String,
}

/// The rows that a figure counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// Their table.
    pub table: String,
    /// Which of its rows; all where nothing is said.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What of the figure they are as many as.
    pub count: Counted,
}

/// The metrics that come with Kanak, by name.
pub(crate) fn builtin_metrics() -> Result<Vec<Metric>, WarehouseError> {
    let mut metrics =
        METRICS.iter().map(|(file, text)| parse(file, text)).collect::<Result<Vec<Metric>, ModelError>>()?;
    metrics.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(metrics)
}

/// Reads a metric's file.
///
/// # Errors
/// A [`ModelError`] that names the file and the line.
pub(crate) fn parse(file: &str, text: &str) -> Result<Metric, ModelError> {
    let source = TomlText::new(file, text);
    let metric: Metric = source.parse()?;
    match metric.find_fault(file) {
        None => Ok(metric),
        Some((field, message)) => Err(source.error_at(place_of(text, field), message)),
    }
}

/// Where a file sets a field.
fn place_of(text: &str, field: &str) -> std::ops::Range<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let word = line.split('=').next().unwrap_or_default().trim().trim_matches(['[', ']']);
        if word == field {
            return at..at + line.len();
        }
        at += line.len();
    }
    0..0
}

/// Whether a name can stand in SQL as it is.
fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

impl Metric {
    /// The first thing in a file that reads and cannot be meant: the field, and what is wrong with it.
    fn find_fault(&self, file: &str) -> Option<(&'static str, String)> {
        if !file.ends_with(&format!("/{}.toml", self.name)) {
            return Some(("name", format!("it names the metric `{}`; a file is named for its metric", self.name)));
        }
        if !is_word(&self.name) {
            return Some(("name", "a name is small letters, digits and _".to_owned()));
        }
        if let Some(name) = self.dimensions.iter().find(|name| !is_word(name)) {
            return Some(("dimensions", format!("`{name}` is no column; a column is small letters, digits and _")));
        }
        for (field, text) in
            [("grain", Some(&self.grain)), ("owner", Some(&self.owner)), ("calendar", self.calendar.as_ref())]
        {
            if text.is_some_and(|text| text.trim().is_empty()) {
                return Some((field, format!("`{field}` says nothing")));
            }
        }
        if self.calendar.is_some() && self.clock.is_none() {
            return Some(("calendar", "a calendar is of a clock; add `clock`, or leave it out".to_owned()));
        }
        let is_share = self.unit == Unit::Share;
        if self.target.is_some_and(|target| !target.is_finite() || target < 0.0 || (is_share && target > 1.0)) {
            return Some(("target", "a target is a number from 0 up, that of a share at most 1".to_owned()));
        }
        let counts = self.unit == Unit::Count || self.denominator.is_some() || self.cell.is_some();
        if !counts {
            return Some(("numerator", "it counts no things; add `cell`, an aggregate that does".to_owned()));
        }
        let tells_time = |name: &&String| matches!(name.as_str(), "month" | "financial_year" | "quarter");
        if let Some(name) = self.dimensions.iter().find(tells_time).filter(|_| self.time.is_none()) {
            return Some(("dimensions", format!("`{name}` tells time; add `time`")));
        }
        if let Some(time) = self.time.filter(|time| !self.dimensions.iter().any(|name| name == time.word())) {
            return Some(("time", format!("`{}` is none of its dimensions; add it there", time.word())));
        }
        self.find_fault_of_changes().or_else(|| self.find_fault_of_drill())
    }

    fn find_fault_of_changes(&self) -> Option<(&'static str, String)> {
        let mut before: Option<&Changed> = None;
        for change in &self.changed {
            if change.version < 2 || change.version > self.version {
                let message = format!("version {} changes nothing; versions 2 to {} do", change.version, self.version);
                return Some(("changed", message));
            }
            if before.is_some_and(|before| before.version >= change.version || before.from >= change.from) {
                return Some(("changed", format!("version {} does not come after the one before it", change.version)));
            }
            before = Some(change);
        }
        None
    }

    fn find_fault_of_drill(&self) -> Option<(&'static str, String)> {
        let drill = self.drill.as_ref()?;
        if !is_word(&drill.table) {
            return Some(("drill", format!("`{}` is no table; a table is small letters, digits and _", drill.table)));
        }
        if drill.count == Counted::Denominator && self.denominator.is_none() {
            return Some(("drill", "there is no denominator to count; use `numerator`".to_owned()));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = \"x\"\nversion = 3\ntitle = { en = \"X\" }\nquestion = \"q\"\ndefinition = \"d\"\ngrain = \
                        \"application\"\nowner = \"o\"\nsource = \"t\"\nnumerator = \"sum(a)\"\ncell = \"count(*)\"\nunit = \"share\"\n\
                        direction = \"up\"\ndimensions = [\"district\"]\n";

    #[track_caller]
    fn refused(line: &str, place: &str, says: &str) {
        let error = parse("models/metrics/x.toml", &format!("{TEXT}{line}\n")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("models/metrics/x.toml:{place}: ")) && error.contains(says), "{error}");
    }

    #[test]
    fn every_metric_reads_and_headlines_have_places_of_their_own() {
        let metrics = builtin_metrics().unwrap();
        let mut places: Vec<u32> = metrics.iter().filter_map(|metric| metric.headline).collect();
        places.sort_unstable();
        let count = places.len();
        places.dedup();
        assert_eq!(places.len(), count);
        assert!(metrics.iter().all(|metric| metric.title.pa.is_some() && metric.title.hi.is_some()));
    }

    #[test]
    fn a_typing_slip_in_a_metric_names_file_and_line() {
        let error = parse("models/metrics/x.toml", "name = \"x\"\nversoin = 1\n").unwrap_err().to_string();
        assert!(error.starts_with("models/metrics/x.toml:2:"), "{error}");
    }

    #[test]
    fn words_that_are_none_of_a_field_are_refused_with_those_there_are() {
        refused("clock = \"moon\"", "14", "working_days");
        refused("time = \"day\"", "14", "financial_year");
        refused("drill = { table = \"t\", count = \"all\" }", "14", "denominator");
        refused("changed = [{ version = 2, from = \"2026-02-30\", what = \"w\" }]", "14", "2026-02-30");
        refused("drill = { table = \"t\", wher = \"a\", count = \"numerator\" }", "14", "wher");
    }

    #[test]
    fn what_reads_and_cannot_be_meant_is_refused_at_its_line() {
        refused("calendar = \"state\"", "14", "clock");
        refused("target = 1.5", "14", "at most 1");
        refused("time = \"financial_year\"", "14", "`financial_year`");
        refused("drill = { table = \"t\", count = \"denominator\" }", "14", "`numerator`");
        refused("drill = { table = \"t; DROP\", count = \"numerator\" }", "14", "no table");
        refused("changed = [{ version = 4, from = \"2026-04-01\", what = \"w\" }]", "14", "version 4");
        let twice = "[{ version = 2, from = \"2026-04-01\", what = \"w\" }, { version = 3, from = \"2026-04-01\", what = \"w\" }]";
        refused(&format!("changed = {twice}"), "14", "version 3");
    }

    #[test]
    fn a_figure_that_counts_nothing_and_a_time_that_is_not_said_are_refused() {
        let change =
            |from: &str, to: &str| parse("models/metrics/x.toml", &TEXT.replace(from, to)).unwrap_err().to_string();
        let error = change("cell = \"count(*)\"\n", "");
        assert!(error.contains(":9: ") && error.contains("`cell`"), "{error}");
        let error = change("[\"district\"]", "[\"district\", \"month\"]");
        assert!(error.contains(":13: ") && error.contains("`time`"), "{error}");
    }

    #[test]
    fn a_metric_without_grain_or_owner_is_refused() {
        for field in ["grain", "owner"] {
            let text: String =
                TEXT.lines().filter(|line| !line.starts_with(field)).map(|line| format!("{line}\n")).collect();
            let error = parse("models/metrics/x.toml", &text).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }
}
