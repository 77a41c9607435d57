//! Counts so small that people might be recognized in them are withheld, and with them what they could be worked out from.

use serde_json::Value;

use super::definition::{Question, Unit};

/// Counts from 1 up to below this are withheld.
pub(crate) const SMALL_BELOW: i64 = 10;

/// A cell of an answer as it is given out.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A code.
    Text(String),
    /// A count or paise.
    Number(i64),
    /// A part of a whole, 0 to 1.
    Share(f64),
    /// There is none: nothing below the line.
    Nothing,
    /// Withheld.
    Withheld,
}

/// The cells of a question's rows.
///
/// Where what a row is about counts fewer than ten (and more than none), all of the row's figures are withheld; elsewhere each count
/// that small is. Where that leaves one withheld cell alone in its column, the smallest other one goes as well, so that a total from
/// elsewhere does not give it away. Shares and sums go with the counts that they are of.
pub(crate) fn cells(question: &Question, rows: &[Vec<Value>]) -> Vec<Vec<Cell>> {
    let columns = &question.column;
    let counts: Vec<usize> = (0..columns.len()).filter(|at| columns[*at].unit == Unit::Count).collect();
    let base = counts.iter().copied().find(|at| columns[*at].base).unwrap_or_default();
    let count = |row: usize, at: usize| rows[row].get(at).and_then(Value::as_i64).unwrap_or_default();
    let mut hidden = vec![vec![false; columns.len()]; rows.len()];
    for (row, hidden) in hidden.iter_mut().enumerate() {
        let is_small = |at: usize| (1..SMALL_BELOW).contains(&count(row, at));
        for at in &counts {
            hidden[*at] = is_small(base) || is_small(*at);
        }
    }
    // First what rows are about: a row that goes with another goes whole.
    for at in std::iter::once(&base).chain(counts.iter().filter(|at| **at != base)) {
        if hidden.iter().filter(|row| row[*at]).count() != 1 {
            continue;
        }
        let others = (0..rows.len()).filter(|row| !hidden[*row][*at] && count(*row, *at) > 0);
        if let Some(row) = others.min_by_key(|row| count(*row, *at)) {
            for other in counts.iter().filter(|other| *at == base || *other == at) {
                hidden[row][*other] = true;
            }
        }
    }
    let place = |name: &String| columns.iter().position(|column| column.name == *name).unwrap_or_default();
    let cell = |row: usize, at: usize| {
        let column = &columns[at];
        let of: Vec<usize> = column.of.iter().map(place).collect();
        if hidden[row][at] || of.iter().any(|at| hidden[row][*at]) {
            return Cell::Withheld;
        }
        match column.unit {
            Unit::Code => Cell::Text(rows[row].get(at).and_then(Value::as_str).unwrap_or_default().to_owned()),
            Unit::Count | Unit::Paise => Cell::Number(count(row, at)),
            Unit::Share => match (count(row, of[0]), count(row, of[1])) {
                (_, 0) => Cell::Nothing,
                (above, below) => Cell::Share((above as f64 / below as f64 * 1e4).round() / 1e4),
            },
        }
    };
    (0..rows.len()).map(|row| (0..columns.len()).map(|at| cell(row, at)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Definition;
    use super::*;

    /// The first question: district, received, decided, decided in time, overdue, share.
    fn shown(rows: &[[i64; 4]]) -> Vec<String> {
        let text = Definition::builtin("legislature").unwrap();
        let question = Definition::parse("legislature.toml", text).unwrap().question.remove(0);
        let row = |[received, decided, in_time, overdue]: &[i64; 4]| {
            vec![json!("27"), json!(received), json!(decided), json!(in_time), json!(overdue), json!(null)]
        };
        let rows: Vec<Vec<Value>> = rows.iter().map(row).collect();
        let word = |cell: &Cell| match cell {
            Cell::Text(text) => text.clone(),
            Cell::Number(number) => number.to_string(),
            Cell::Share(share) => share.to_string(),
            Cell::Nothing => "-".to_owned(),
            Cell::Withheld => "*".to_owned(),
        };
        cells(&question, &rows).iter().map(|row| row[1..].iter().map(word).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn ten_and_none_are_told_and_nine_and_one_are_not() {
        assert_eq!(shown(&[[40, 20, 10, 0]]), ["40 20 10 0 0.5"]);
        assert_eq!(shown(&[[40, 0, 0, 10]]), ["40 0 0 10 -"]);
        assert_eq!(shown(&[[40, 20, 9, 12], [40, 20, 1, 12]]), ["40 20 * 12 *", "40 20 * 12 *"]);
    }

    #[test]
    fn a_row_about_few_goes_whole_and_the_next_smallest_with_it() {
        let rows = [[9, 9, 9, 0], [500, 400, 300, 50], [60, 50, 40, 30]];
        assert_eq!(shown(&rows), ["* * * * *", "500 400 300 50 0.75", "* * * * *"]);
    }

    #[test]
    fn a_cell_alone_in_its_column_takes_the_smallest_other_along() {
        let rows = [[500, 400, 5, 50], [600, 400, 300, 50], [700, 400, 0, 50]];
        assert_eq!(shown(&rows), ["500 400 * 50 *", "600 400 * 50 *", "700 400 0 50 0"]);
        assert_eq!(shown(&[[500, 400, 5, 50]]), ["500 400 * 50 *"], "there is no other");
        assert_eq!(shown(&[]), Vec::<String>::new());
    }
}
