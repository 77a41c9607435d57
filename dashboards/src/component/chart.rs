//! A chart over its table: the table is in the page, the script draws from it what it can.

use askama::Template;
use kanak_model::Language;

use super::Table;
use crate::words;

/// A chart. Without JavaScript it is its table.
#[derive(Debug, Clone, Template)]
#[template(path = "components/chart.html")]
pub struct Chart {
    /// What it shows: read out in place of the picture.
    pub title: String,
    /// How it is drawn.
    pub kind: ChartKind,
    /// What its numbers are.
    pub unit: ChartUnit,
    /// The numbers.
    pub table: Table,
    /// The page's language.
    pub language: Language,
}

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartKind {
    /// Lines over time.
    Line,
    /// Columns over time.
    Columns,
    /// Lying bars, series behind each other.
    StackedBars,
    /// Lying bars, one a row.
    Bars,
}

impl ChartKind {
    /// The script's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Columns => "columns",
            Self::StackedBars => "stacked-bars",
            Self::Bars => "bars",
        }
    }
}

/// What a chart's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartUnit {
    /// Things counted.
    Count,
    /// Hundredths.
    Percent,
    /// Rupees.
    Rupees,
}

impl ChartUnit {
    /// The script's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Percent => "percent",
            Self::Rupees => "rupees",
        }
    }
}

impl Chart {
    /// What opens the table under the chart, and its language.
    fn summary(&self) -> (&str, &'static str) {
        (words::word(self.language, "word.chart_table"), words::tag(self.language))
    }

    /// Whether it needs more height: many lying bars.
    pub fn is_tall(&self) -> bool {
        matches!(self.kind, ChartKind::Bars | ChartKind::StackedBars) && self.table.rows.len() > 9
    }
}
