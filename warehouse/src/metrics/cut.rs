//! A query whose every word was found: what can be compiled.

use std::collections::BTreeSet;

use kanak_model::toml_text::choices;

use crate::error::WarehouseError;
use crate::metrics::period::{Months, TimeGrain};
use crate::metrics::query::{Compare, Condition, MetricQuery, Order};
use crate::metrics::{Metric, TimeColumn};

/// How many metrics one query may have.
const MEASURES_MAX: usize = 12;
/// How many values one filter may have.
const VALUES_MAX: usize = 1_000;
/// How many rows a query may ask for.
pub(crate) const ROWS_MAX: usize = 10_000;
/// The filter that says when, whatever the grain.
const TIME: &str = "time";

/// A query whose every word was found. Names in it are those of metrics' own files; values are a caller's.
#[derive(Debug, Clone)]
pub(crate) struct Cut {
    /// The metrics.
    pub(crate) measures: Vec<Metric>,
    /// Dimensions, none of them of time.
    pub(crate) by: Vec<String>,
    /// By dimension, none of them of time, the values of which one must be there.
    pub(crate) filters: Vec<(String, Vec<String>)>,
    /// How fine it is cut by time.
    pub(crate) grain: Option<TimeGrain>,
    /// The months that are looked at, in order and apart; `None` for all.
    pub(crate) months: Option<Vec<Months>>,
    /// How many months lie between a period and the one it is set beside.
    pub(crate) shift: Option<i64>,
    /// How rows are ordered, by columns of the answer.
    pub(crate) order: Vec<Order>,
    /// At most so many rows.
    pub(crate) limit: Option<usize>,
}

impl Cut {
    /// One metric over all rows.
    pub(crate) fn whole(metric: &Metric) -> Self {
        Self {
            measures: vec![metric.clone()],
            by: Vec::new(),
            filters: Vec::new(),
            grain: None,
            months: None,
            shift: None,
            order: Vec::new(),
            limit: None,
        }
    }

    /// Finds every word of a query.
    ///
    /// # Errors
    /// [`WarehouseError::UnknownMetric`], [`WarehouseError::UnknownDimension`] and [`WarehouseError::MetricQuery`], which name
    /// what is allowed.
    pub(crate) fn read(query: &MetricQuery, metrics: &[Metric]) -> Result<Self, WarehouseError> {
        let measures = read_measures(query, metrics)?;
        let (by, grain) = read_by(query, &measures)?;
        let (mut filters, mut months) = (Vec::new(), None);
        for (name, condition) in &query.filters {
            match find_time(name) {
                Some(grains) => {
                    let these = read_months(name, grains, condition)?;
                    months = Some(months.map_or_else(|| these.clone(), |those: Vec<Months>| common(&those, &these)));
                }
                None => filters.push((name.clone(), read_values(name, condition, &measures)?)),
            }
        }
        check_time(&measures, grain, months.as_deref())?;
        let shift = query.compare.map(|compare| read_shift(compare, grain, months.as_deref())).transpose()?;
        let order = read_order(query, &by, grain)?;
        if query.limit.is_some_and(|limit| limit == 0 || limit > ROWS_MAX) {
            return Err(refused(format!("`limit` is a number from 1 to {ROWS_MAX}")));
        }
        Ok(Self { measures, by, filters, grain, months, shift, order, limit: query.limit })
    }

    /// The period that the whole cut is of, where it is of one and not cut by time.
    pub(crate) fn find_period(&self) -> Option<(TimeGrain, Months)> {
        match (self.grain, self.months.as_deref()) {
            (None, Some([one])) => one.find_grain().map(|grain| (grain, *one)),
            _ => None,
        }
    }
}

/// As much of a caller's word as a message repeats.
pub(crate) fn shown(word: &str) -> String {
    word.chars().take(40).collect()
}

pub(crate) fn refused(message: impl Into<String>) -> WarehouseError {
    WarehouseError::MetricQuery { message: message.into() }
}

fn grains_of(metric: &Metric) -> &'static [TimeGrain] {
    match metric.time {
        None => &[],
        Some(TimeColumn::Month) => &TimeGrain::ALL,
        Some(TimeColumn::FinancialYear) => &[TimeGrain::FinancialYear],
    }
}

fn unknown_dimension(metric: &Metric, name: &str) -> WarehouseError {
    let dimensions = metric.dimensions.iter().map(String::as_str).filter(|name| TimeGrain::find(name).is_none());
    let known = choices(dimensions.chain(grains_of(metric).iter().map(|grain| grain.word())));
    WarehouseError::UnknownDimension { metric: metric.name.clone(), name: name.to_owned(), known }
}

fn read_measures(query: &MetricQuery, metrics: &[Metric]) -> Result<Vec<Metric>, WarehouseError> {
    if query.measures.is_empty() || query.measures.len() > MEASURES_MAX {
        return Err(refused(format!(
            "it names {} measures; name from 1 to {MEASURES_MAX} of {}",
            query.measures.len(),
            choices(metrics.iter().map(|metric| metric.name.as_str()))
        )));
    }
    let mut found = Vec::with_capacity(query.measures.len());
    let mut seen = BTreeSet::new();
    for name in &query.measures {
        if !seen.insert(name) {
            return Err(refused(format!("the measure `{name}` is named twice")));
        }
        let metric =
            metrics.iter().find(|metric| metric.name == *name).ok_or_else(|| WarehouseError::UnknownMetric {
                name: name.clone(),
                known: choices(metrics.iter().map(|metric| metric.name.as_str())),
            })?;
        found.push(metric.clone());
    }
    Ok(found)
}

fn read_by(query: &MetricQuery, measures: &[Metric]) -> Result<(Vec<String>, Option<TimeGrain>), WarehouseError> {
    let (mut by, mut grain) = (Vec::new(), query.grain);
    for name in &query.by {
        if let Some(named) = TimeGrain::find(name) {
            if grain.is_some_and(|grain| grain != named) {
                let words = choices(TimeGrain::ALL.map(TimeGrain::word));
                return Err(refused(format!("it is cut by one of {words}, not by two")));
            }
            grain = Some(named);
            continue;
        }
        if let Some(metric) = measures.iter().find(|metric| !metric.dimensions.contains(name)) {
            return Err(unknown_dimension(metric, name));
        }
        if by.contains(name) {
            return Err(refused(format!("the dimension `{name}` is named twice")));
        }
        by.push(name.clone());
    }
    Ok((by, grain))
}

fn read_values(name: &str, condition: &Condition, measures: &[Metric]) -> Result<Vec<String>, WarehouseError> {
    if let Some(metric) = measures.iter().find(|metric| !metric.dimensions.iter().any(|known| known == name)) {
        return Err(unknown_dimension(metric, name));
    }
    match condition {
        Condition::In(values) if values.is_empty() || values.len() > VALUES_MAX => {
            Err(refused(format!("the filter of `{name}` has {} values; give 1 to {VALUES_MAX}", values.len())))
        }
        Condition::In(values) => Ok(values.clone()),
        Condition::Between { .. } => {
            Err(refused(format!("`{name}` has no order from one value to another; filter `{TIME}` so, or give values")))
        }
    }
}

/// The grains by whose names a filter says when; `None` for one that does not.
fn find_time(name: &str) -> Option<&'static [TimeGrain]> {
    match name {
        TIME => Some(&TimeGrain::ALL),
        "month" => Some(&[TimeGrain::Month]),
        "quarter" => Some(&[TimeGrain::Quarter]),
        "financial_year" => Some(&[TimeGrain::FinancialYear]),
        _ => None,
    }
}

fn read_months(name: &str, grains: &[TimeGrain], condition: &Condition) -> Result<Vec<Months>, WarehouseError> {
    let mut months = match condition {
        Condition::Between { from, to } if name == TIME => vec![Months::between(*from, *to).ok_or_else(|| {
            refused(format!(
                "{from}..{to} are no whole months; begin with the first day of a month and end with the last day of one"
            ))
        })?],
        Condition::Between { .. } => {
            return Err(refused(format!("`{name}` takes periods by name; filter `{TIME}` from one day to another")));
        }
        Condition::In(values) if values.is_empty() || values.len() > VALUES_MAX => {
            return Err(refused(format!("the filter of `{name}` has {} values; give 1 to {VALUES_MAX}", values.len())));
        }
        Condition::In(values) => {
            values.iter().map(|value| find_period(name, grains, value)).collect::<Result<_, _>>()?
        }
    };
    months.sort_by_key(|months| months.first);
    let mut apart: Vec<Months> = Vec::with_capacity(months.len());
    for months in months {
        match apart.last_mut() {
            Some(before) if months.first <= before.last + 1 => before.last = before.last.max(months.last),
            _ => apart.push(months),
        }
    }
    Ok(apart)
}

fn find_period(name: &str, grains: &[TimeGrain], value: &str) -> Result<Months, WarehouseError> {
    grains.iter().find_map(|grain| grain.find_months(value)).ok_or_else(|| {
        let forms: Vec<&str> = grains.iter().map(|grain| grain.form()).collect();
        let days = if name == TIME { "; or days, such as 2026-04-01..2026-06-30" } else { "" };
        refused(format!("`{}` is no `{name}`; give {}{days}", shown(value), forms.join(", or ")))
    })
}

fn common(left: &[Months], right: &[Months]) -> Vec<Months> {
    left.iter().flat_map(|one| right.iter().filter_map(|other| one.common(*other))).collect()
}

/// Refuses times that a metric's table does not tell.
fn check_time(measures: &[Metric], grain: Option<TimeGrain>, months: Option<&[Months]>) -> Result<(), WarehouseError> {
    for metric in measures {
        let grains = grains_of(metric);
        if let Some(grain) = grain.filter(|grain| !grains.contains(grain)) {
            return Err(unknown_dimension(metric, grain.word()));
        }
        let Some(months) = months else { continue };
        if grains.is_empty() {
            return Err(refused(format!(
                "metric `{}` is of now and of no period; leave out its times, or ask for it by itself",
                metric.name
            )));
        }
        let finest = grain.unwrap_or(grains[0]);
        if months.iter().any(|months| !months.are_whole(finest)) {
            return Err(refused(format!(
                "metric `{}` is told by {} here; let times begin and end with one",
                metric.name,
                finest.word().replace('_', " ")
            )));
        }
    }
    Ok(())
}

fn read_shift(compare: Compare, grain: Option<TimeGrain>, months: Option<&[Months]>) -> Result<i64, WarehouseError> {
    let length = match (grain, months) {
        (Some(grain), _) => grain.months(),
        (None, Some([one])) => one.count(),
        _ => {
            let words = choices(TimeGrain::ALL.map(TimeGrain::word));
            return Err(refused(format!(
                "there is no period to compare; cut it by {words}, or filter `{TIME}` to one stretch of months"
            )));
        }
    };
    Ok(match compare {
        Compare::PreviousPeriod => length,
        Compare::PreviousYear => 12,
    })
}

/// Orders by columns of the answer.
fn read_order(query: &MetricQuery, by: &[String], grain: Option<TimeGrain>) -> Result<Vec<Order>, WarehouseError> {
    let read = |order: &Order| {
        let is_measure = query.measures.contains(&order.by);
        if is_measure && query.measures.len() == 1 {
            return Ok(Order { by: "value".to_owned(), way: order.way });
        }
        let is_column = by.contains(&order.by) || grain.is_some_and(|grain| grain.word() == order.by);
        if is_measure || is_column {
            return Ok(order.clone());
        }
        let known = query.measures.iter().chain(by).map(String::as_str).chain(grain.map(TimeGrain::word));
        Err(refused(format!("rows cannot be ordered by `{}`; they can by {}", shown(&order.by), choices(known))))
    };
    query.order.iter().map(read).collect()
}
