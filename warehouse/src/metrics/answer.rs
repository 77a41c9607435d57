//! The answer to a query of metrics: statements to run, and what their rows come to.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::{SortColumn, SortOptions, cast, concat_batches, lexsort_to_indices, nullif, take};
use arrow::datatypes::{Float64Type, Int64Type, Schema};
use arrow::error::ArrowError;
use kanak_codes::Day;
use serde_json::{Map, Value};

use crate::error::WarehouseError;
use crate::metrics::cells::{Context, texts};
use crate::metrics::compile::{GUARD_PERIOD, Guard, compile, guard_column, guard_compared_column};
use crate::metrics::cut::{Cut, refused};
use crate::metrics::names::{IS_OPEN_PERIOD, Part};
use crate::metrics::query::Way;
use crate::metrics::withhold::is_small;
use crate::query::{Collected, QueryResult};
use crate::rows_json::rows_json;

/// How many cells are looked at to withhold small ones.
pub(crate) const CELLS_MAX: usize = 200_000;

/// What metrics come to.
#[derive(Debug, Clone)]
pub struct MetricAnswer {
    /// The rows: dimensions by name, the period by its grain's word, whether it is open, and the parts of each measure.
    pub result: QueryResult,
    pub(crate) cut: Cut,
}

impl MetricAnswer {
    /// The column of a part of a measure; `None` for a measure or part that was not asked.
    pub fn column(&self, measure: &str, part: Part) -> Option<String> {
        let number = self.cut.measures.iter().position(|metric| metric.name == measure)?;
        self.cut.parts().contains(&part).then(|| self.cut.column(number, part))
    }

    /// The names of the columns by which rows are told apart, in order.
    pub fn keys(&self) -> Vec<&str> {
        self.cut.keys()
    }

    /// The rows as objects: keys, whether the period is open, and under `measures` the parts of each by its name.
    pub fn nested_json(&self) -> Vec<Map<String, Value>> {
        rows_json(&self.result).iter().map(|row| self.nest(row)).collect()
    }

    fn nest(&self, row: &Map<String, Value>) -> Map<String, Value> {
        let field = |name: &str| row.get(name).cloned().unwrap_or_default();
        let mut measures = Map::new();
        for (number, metric) in self.cut.measures.iter().enumerate() {
            let mut parts = Map::new();
            for part in self.cut.parts() {
                parts.insert(part.word().to_owned(), field(&self.cut.column(number, *part)));
            }
            measures.insert(metric.name.clone(), Value::Object(parts));
        }
        let mut nested = Map::new();
        for key in self.keys().into_iter().chain([IS_OPEN_PERIOD]) {
            nested.insert(key.to_owned(), field(key));
        }
        nested.insert("measures".to_owned(), Value::Object(measures));
        nested
    }
}

/// The statements that answer a cut.
pub(crate) struct Statements {
    /// What is asked.
    pub(crate) main: String,
    /// The cells among which small ones are withheld, where there are several.
    pub(crate) cells: Option<String>,
}

impl Cut {
    /// The statements that answer it for a caller to whom small cells are told (no `minimum`), or not.
    pub(crate) fn statements(&self, as_of: Day, minimum: Option<u32>) -> Statements {
        if minimum.is_none() {
            return Statements { main: compile(self, Some(as_of), Guard::Off), cells: None };
        }
        let cells = self.all_cells().map(|cut| compile(&cut, Some(as_of), Guard::On));
        Statements { main: compile(self, Some(as_of), Guard::On), cells }
    }

    /// The cut of which this one's rows are cells or sums of cells: nothing is left out by a filter, and where it is of one
    /// period, others stand beside it. `None` for a figure that stands alone.
    fn all_cells(&self) -> Option<Self> {
        let mut by = self.by.clone();
        by.extend(self.filters.iter().map(|(name, _)| name).filter(|name| !self.by.contains(name)).cloned());
        let period = self.find_period();
        let grain = self.grain.or(period.map(|(grain, _)| grain));
        let months = if grain.is_some() { None } else { self.months.clone() };
        (!by.is_empty() || grain.is_some()).then(|| Self {
            by,
            grain,
            months,
            filters: Vec::new(),
            shift: None,
            order: Vec::new(),
            limit: None,
            measures: self.measures.clone(),
        })
    }

    /// The answer as one batch of at most `rows_max` rows, and whether there are more: of what [`Cut::statements`] gave, small
    /// cells withheld.
    ///
    /// # Errors
    /// [`WarehouseError::MetricQuery`] where there are more cells than can be looked at.
    pub(crate) fn finish(
        &self,
        (schema, batches, truncated): Collected,
        cells: Option<Collected>,
        minimum: Option<u32>,
        rows_max: usize,
    ) -> Result<(RecordBatch, bool), WarehouseError> {
        let rows = concat_batches(&schema, &batches).map_err(|error| engine(&error))?;
        let Some(minimum) = minimum else {
            let rows = conform(&schema, rows.columns(), self).map_err(|error| engine(&error))?;
            return Ok((rows, truncated));
        };
        let too_many = truncated || cells.as_ref().is_some_and(|(_, _, truncated)| *truncated);
        if too_many {
            return Err(refused(format!(
                "it has more than {CELLS_MAX} cells, too many to tell which are small; cut it by fewer dimensions"
            )));
        }
        let cells = match cells {
            None => None,
            Some((schema, batches, _)) => Some(concat_batches(&schema, &batches).map_err(|error| engine(&error))?),
        };
        self.withhold(&rows, cells.as_ref(), minimum, rows_max).map_err(|error| engine(&error))
    }

    fn withhold(
        &self,
        rows: &RecordBatch,
        cells: Option<&RecordBatch>,
        minimum: u32,
        rows_max: usize,
    ) -> Result<(RecordBatch, bool), ArrowError> {
        let schema = rows.schema();
        let mut masked = rows.columns().to_vec();
        for measure in 0..self.measures.len() {
            let context = cells.map(|cells| Context::read(self, cells, measure, minimum)).transpose()?;
            let mut hide = |guard: &str, parts: &[Part], flag: Part, shift: i64| -> Result<BooleanArray, ArrowError> {
                let hidden = self.hidden(rows, guard, context.as_ref(), shift, minimum)?;
                for part in parts {
                    let at = schema.index_of(&self.column(measure, *part))?;
                    masked[at] = nullif(&masked[at], &hidden)?;
                }
                let at = schema.index_of(&self.column(measure, flag))?;
                masked[at] = Arc::new(hidden.clone());
                Ok(hidden)
            };
            let own = [Part::Numerator, Part::Denominator, Part::Value];
            let hidden = hide(&guard_column(measure), &own, Part::IsWithheld, 0)?;
            if let Some(shift) = self.shift {
                let other = [Part::ComparedNumerator, Part::ComparedDenominator, Part::ComparedValue];
                let compared = hide(&guard_compared_column(measure), &other, Part::ComparedIsWithheld, shift)?;
                let at = schema.index_of(&self.column(measure, Part::Change))?;
                masked[at] = nullif(&nullif(&masked[at], &hidden)?, &compared)?;
            }
        }
        self.put_in_order(&conform(&schema, &masked, self)?, rows_max)
    }

    /// Which rows of a measure are withheld.
    fn hidden(
        &self,
        rows: &RecordBatch,
        guard: &str,
        context: Option<&Context>,
        shift: i64,
        minimum: u32,
    ) -> Result<BooleanArray, ArrowError> {
        let schema = rows.schema();
        let smallest = rows.column(schema.index_of(guard)?).as_primitive::<Float64Type>();
        let by = texts(rows, &self.by)?;
        let one = self.find_period().map(|(_, months)| months.first);
        let periods = match self.grain {
            None => None,
            Some(_) => Some(rows.column(schema.index_of(GUARD_PERIOD)?).as_primitive::<Int64Type>()),
        };
        let hidden = (0..rows.num_rows()).map(|row| {
            let own = smallest.is_valid(row).then(|| smallest.value(row));
            let period = periods.map_or(one, |periods| periods.is_valid(row).then(|| periods.value(row)));
            let key = by.iter().map(|column| column[row].clone()).collect();
            let asked = (key, period.map(|period| period - shift));
            // Cells of another period are there only where periods are told apart.
            let context = context.filter(|_| shift == 0 || asked.1.is_some());
            Some(is_small(own, minimum) || context.is_some_and(|context| context.withholds(&asked, self)))
        });
        Ok(hidden.collect())
    }

    /// Puts rows in the order that is asked, as the statement of a caller to whom small cells are told does.
    fn put_in_order(&self, rows: &RecordBatch, rows_max: usize) -> Result<(RecordBatch, bool), ArrowError> {
        let schema = rows.schema();
        let asked = self.order.iter().map(|order| (order.by.as_str(), order.way));
        let keys = self.keys().into_iter().map(|key| (key, Way::Up));
        let column = |(name, way): (&str, Way)| {
            Ok(SortColumn {
                values: Arc::clone(rows.column(schema.index_of(name)?)),
                options: Some(SortOptions { descending: way == Way::Down, nulls_first: false }),
            })
        };
        let columns: Vec<SortColumn> = asked.chain(keys).map(column).collect::<Result<_, ArrowError>>()?;
        let most = self.limit.unwrap_or(rows_max).min(rows.num_rows());
        let truncated = self.limit.is_none() && rows.num_rows() > most;
        if columns.is_empty() || most == 0 {
            return Ok((rows.slice(0, most), truncated));
        }
        let order = lexsort_to_indices(&columns, Some(most))?;
        let columns = rows.columns().iter().map(|column| take(column, &order, None)).collect::<Result<Vec<_>, _>>()?;
        Ok((RecordBatch::try_new(schema, columns)?, truncated))
    }
}

fn engine(error: &ArrowError) -> WarehouseError {
    WarehouseError::Query { message: error.to_string() }
}

/// The columns of the answer alone, of their types, from columns of such a schema.
fn conform(from: &Schema, columns: &[ArrayRef], cut: &Cut) -> Result<RecordBatch, ArrowError> {
    let schema = cut.schema();
    let mut kept: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        kept.push(cast(&columns[from.index_of(field.name())?], field.data_type())?);
    }
    RecordBatch::try_new(schema, kept)
}
