//! A chart over its table: the table is in the page, the script draws from it what it can.

use askama::Template;

use super::Table;

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
    /// Whether it needs more height: many lying bars.
    pub fn is_tall(&self) -> bool {
        matches!(self.kind, ChartKind::Bars | ChartKind::StackedBars) && self.table.rows.len() > 9
    }
}
