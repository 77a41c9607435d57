//! What was run.

use super::LinkageReport;
use crate::component::{Cell, Head, Table};
use crate::document::Section;
use crate::format;

pub(super) fn section(report: &LinkageReport) -> Section {
    let section = Section::new("run", "What was run").table(facts(report)).table(files(report)).table(stages(report));
    let section = if report.run.unused_columns.is_empty() { section } else { section.table(unused_columns(report)) };
    if report.rejected_rows == 0 {
        return section;
    }
    let words = format!(
        "{} rows could not be read and are left out of everything below; the first {} stand here.",
        format::whole(report.rejected_rows as i64),
        report.rejected.len()
    );
    section.heading("Rows that could not be read").words(words).table(rejected(report))
}

fn facts(report: &LinkageReport) -> Table {
    let run = &report.run;
    let thresholds = report.thresholds;
    let decisions = format!("match from a probability of {}, review from {}", thresholds.matched, thresholds.review);
    let model = run.model.clone().unwrap_or_else(|| "guessed from the files".to_owned());
    let row = |name: &str, value: String| vec![Cell::text(name), Cell::text(value)];
    Table {
        caption: "How the run was set.".to_owned(),
        heads: vec![Head::text("Setting"), Head::text("Value")],
        rows: vec![
            row("Entity", report.entity.clone()),
            row("Entity model", model),
            row("Thresholds", decisions),
            row("Seed of sampling", run.seed.to_string()),
            row("Threads", run.threads.to_string()),
            row("Kanak", run.version.clone()),
            row("Date", format::instant(run.at)),
        ],
        total: None,
        empty: String::new(),
    }
}

fn files(report: &LinkageReport) -> Table {
    let row =
        |file: &super::FileFigures| vec![Cell::text(&file.file), Cell::count(file.rows), Cell::count(file.rejected)];
    Table {
        caption: "Files of source records.".to_owned(),
        heads: vec![Head::text("File"), Head::number("Rows read"), Head::number("Rows that could not be read")],
        rows: report.run.files.iter().map(row).collect(),
        total: Some(vec![Cell::text("All"), Cell::count(report.rows), Cell::count(report.rejected_rows)]),
        empty: String::new(),
    }
}

fn unused_columns(report: &LinkageReport) -> Table {
    let row = |one: &super::UnusedColumn| {
        vec![Cell::text(&one.file), Cell::text(&one.column), Cell::text(one.reason.sentence())]
    };
    Table {
        caption: "Columns that were not used, or not between files, beside those of ids and sources.".to_owned(),
        heads: vec![Head::text("File"), Head::text("Column"), Head::text("Why")],
        rows: report.run.unused_columns.iter().map(row).collect(),
        total: None,
        empty: String::new(),
    }
}

fn stages(report: &LinkageReport) -> Table {
    let row = |(stage, seconds): &(&str, f64)| vec![Cell::text(*stage), Cell::decimal(Some(*seconds), 2)];
    let memory = report
        .peak_memory_mib
        .map_or_else(String::new, |mib| format!(" At most {} MiB of memory were held.", format::decimal(mib, 0)));
    Table {
        caption: format!("Seconds of each stage; writing this report comes after them.{memory}"),
        heads: vec![Head::text("Stage"), Head::number("Seconds")],
        rows: report.seconds.iter().map(row).collect(),
        total: None,
        empty: String::new(),
    }
}

fn rejected(report: &LinkageReport) -> Table {
    let row = |one: &super::RejectedFigures| {
        vec![Cell::text(&one.file), Cell::text(one.line.to_string()), Cell::text(&one.reason)]
    };
    Table {
        caption: "Rows that could not be read, in the order of the files.".to_owned(),
        heads: vec![Head::text("File"), Head::text("Line"), Head::text("Why")],
        rows: report.rejected.iter().map(row).collect(),
        total: None,
        empty: String::new(),
    }
}
