//! The cells of which the rows of an answer are made, and which of them are withheld.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::error::ArrowError;

use crate::metrics::compile::{GUARD_PERIOD, guard_column};
use crate::metrics::cut::Cut;
use crate::metrics::withhold::{Cell, withheld};

/// Columns as texts.
pub(crate) fn texts(rows: &RecordBatch, names: &[String]) -> Result<Vec<Vec<Option<String>>>, ArrowError> {
    let read = |name: &String| {
        let column = cast(rows.column(rows.schema().index_of(name)?), &DataType::Utf8)?;
        Ok(column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
    };
    names.iter().map(read).collect()
}

/// What tells a row apart: the values of the dimensions that it is cut by, and its period.
pub(crate) type Key = (Values, Option<i64>);

/// A value of each dimension.
pub(crate) type Values = Vec<Option<String>>;

/// The cells of one measure, by the rows of the answer that they are parts of.
pub(crate) struct Context {
    /// By row: the values of the filtered dimensions that it is not cut by, and whether the cell is withheld.
    cells: HashMap<Key, Vec<(Values, bool)>>,
}

impl Context {
    /// Reads the cells of a measure, and withholds those that are small with others that would give them away.
    ///
    /// # Errors
    /// When a column is not there.
    pub(crate) fn read(cut: &Cut, cells: &RecordBatch, measure: usize, minimum: u32) -> Result<Self, ArrowError> {
        let schema = cells.schema();
        let by = texts(cells, &cut.by)?;
        let left: Vec<String> = cut.unseen().map(|(name, _)| name.clone()).collect();
        let left = texts(cells, &left)?;
        let periods = schema.column_with_name(GUARD_PERIOD).map(|(at, _)| cells.column(at).as_primitive::<Int64Type>());
        let smallest = cells.column(schema.index_of(&guard_column(measure))?).as_primitive::<Float64Type>();
        let of = |columns: &[Vec<Option<String>>], row: usize| -> Values {
            columns.iter().map(|column| column[row].clone()).collect()
        };
        let period = |row: usize| periods.and_then(|periods| periods.is_valid(row).then(|| periods.value(row)));
        let cell = |row: usize| {
            let mut keys = of(&by, row);
            keys.extend(of(&left, row));
            if periods.is_some() {
                keys.push(period(row).map(|period| period.to_string()));
            }
            Cell { keys, smallest: smallest.is_valid(row).then(|| smallest.value(row)) }
        };
        let withheld = withheld(&(0..cells.num_rows()).map(cell).collect::<Vec<_>>(), minimum);
        let mut by_row: HashMap<Key, Vec<(Values, bool)>> = HashMap::new();
        for (row, withheld) in withheld.into_iter().enumerate() {
            by_row.entry((of(&by, row), period(row))).or_default().push((of(&left, row), withheld));
        }
        Ok(Self { cells: by_row })
    }

    /// Whether a row is withheld because of its cells: it is one that is, or a sum of some that are and not of all.
    pub(crate) fn withholds(&self, key: &Key, cut: &Cut) -> bool {
        let Some(cells) = self.cells.get(key) else { return false };
        let filters: Vec<BTreeSet<&str>> =
            cut.unseen().map(|(_, values)| values.iter().map(String::as_str).collect()).collect();
        let is_inside = |left: &[Option<String>]| {
            left.iter()
                .zip(&filters)
                .all(|(value, filter)| value.as_deref().is_some_and(|value| filter.contains(value)))
        };
        let (mut inside, mut inside_withheld, mut outside_withheld) = (0, 0, 0);
        for (left, withheld) in cells {
            if is_inside(left) {
                inside += 1;
                inside_withheld += usize::from(*withheld);
            } else {
                outside_withheld += usize::from(*withheld);
            }
        }
        inside_withheld > 0 && (inside == 1 || outside_withheld > 0)
    }
}

impl Cut {
    /// The filters of dimensions that it is not cut by.
    fn unseen(&self) -> impl Iterator<Item = &(String, Vec<String>)> {
        self.filters.iter().filter(|(name, _)| !self.by.contains(name))
    }
}
