//! A chart over months: a row a month, a column a measure.

use kanak_model::Language;

use super::{Cell, Chart, ChartKind, ChartUnit, Head, Table};
use crate::format;
use crate::rows::{Row, Rows};

/// A column of a monthly chart: its name in the rows, the word of its head, and how it is shown.
pub(crate) type MonthColumn = (&'static str, &'static str, Measure);

/// How a column of a monthly chart is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// A count, drawn.
    Count,
    /// Paise, drawn as rupees.
    Rupees,
    /// A count in the table alone.
    UndrawnCount,
    /// A share in the table alone.
    UndrawnShare,
}

impl Measure {
    fn cell(self, row: Row<'_>, column: &str) -> Cell {
        match self {
            Self::Count | Self::UndrawnCount => Cell::whole(row.count(column)),
            Self::Rupees => Cell::rupees(row.count(column)),
            Self::UndrawnShare => Cell::percent(row.number(column)),
        }
    }

    fn head(self, language: Language, word: &str) -> Head {
        let head = Head::count(language, word);
        match self {
            Self::Count | Self::Rupees => head,
            Self::UndrawnCount | Self::UndrawnShare => head.undrawn(),
        }
    }
}

/// Draws rows with a `month`. Rupees are drawn as columns, counts as lines.
pub(crate) fn monthly(language: Language, title: &str, caption: &str, rows: &Rows, columns: &[MonthColumn]) -> Chart {
    let is_money = columns.iter().any(|(_, _, measure)| *measure == Measure::Rupees);
    let (kind, unit) =
        if is_money { (ChartKind::Columns, ChartUnit::Rupees) } else { (ChartKind::Line, ChartUnit::Count) };
    let row = |row: Row<'_>| {
        let cells = columns.iter().map(|(column, _, measure)| measure.cell(row, column));
        std::iter::once(Cell::text(format::month(row.text("month")))).chain(cells).collect()
    };
    let heads = columns.iter().map(|(_, word, measure)| measure.head(language, word));
    Chart {
        language,
        title: title.to_owned(),
        kind,
        unit,
        table: Table {
            caption: caption.to_owned(),
            heads: std::iter::once(Head::word(language, "month")).chain(heads).collect(),
            rows: rows.iter().map(row).collect(),
            total: None,
            empty: "Nothing in these months.".to_owned(),
        },
    }
}
