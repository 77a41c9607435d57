//! The laws of figures, checked at each release before it is put and again by `kanak verify`.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::prelude::SessionContext;

use crate::error::WarehouseError;
use crate::metrics::compile::{Guard, compile, quote};
use crate::metrics::cut::Cut;
use crate::metrics::{Metric, Part, TimeColumn, TimeGrain};
use crate::query::failed;

/// Sums of floating-point numbers in another order differ in their last digits.
const TOLERANCE: f64 = 1e-9;

/// What holds of the figures of every release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// Of each metric that is a sum or a count, the parts of every cut add up to the whole.
    ChildrenAddUp,
    /// Each figure that says which rows it counts is as many as they are.
    FiguresAreTheirRows,
    /// Applications and grievances that came in are those closed and those still open.
    OpenedIsClosedAndOpen,
}

impl Law {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ChildrenAddUp, Self::FiguresAreTheirRows, Self::OpenedIsClosedAndOpen];

    /// What a check is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChildrenAddUp => "children add up to parents",
            Self::FiguresAreTheirRows => "figures are their rows",
            Self::OpenedIsClosedAndOpen => "opened is closed and open",
        }
    }

    /// What it says, in a sentence.
    pub fn what(self) -> &'static str {
        match self {
            Self::ChildrenAddUp => {
                "numerators and denominators of every metric add up over each of its dimensions to the uncut one"
            }
            Self::FiguresAreTheirRows => "each figure with a drill is as many as the rows that it leads to",
            Self::OpenedIsClosedAndOpen => {
                "applications and grievances that came in are those disposed of and those open"
            }
        }
    }
}

/// A law, and whether a release keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LawCheck {
    /// The law.
    pub law: Law,
    /// What breaks it first: names of figures and their numbers, never a value of a row.
    pub wrong: Option<String>,
    /// How many comparisons were made.
    pub compared: usize,
}

impl fmt::Display for LawCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.wrong {
            Some(wrong) => write!(formatter, "{}: {wrong}", self.law.name()),
            None => write!(formatter, "{}: {} compared", self.law.name(), self.compared),
        }
    }
}

/// Checks every law over the tables of a session, which must have all of them.
pub(crate) async fn check_laws(metrics: &[Metric], session: &SessionContext) -> Result<Vec<LawCheck>, WarehouseError> {
    Ok(vec![
        children_add_up(metrics, session).await?,
        figures_are_their_rows(metrics, session).await?,
        opened_is_closed_and_open(session).await?,
    ])
}

impl Metric {
    /// Whether its parts say that they are sums or counts: then the parts of a cut add up to the whole.
    fn adds_up(&self) -> bool {
        let adds_up = |aggregate: &str| {
            let aggregate = aggregate.trim().to_ascii_lowercase();
            aggregate.starts_with("sum(") || aggregate.starts_with("count(")
        };
        adds_up(&self.numerator) && self.denominator.as_deref().is_none_or(adds_up)
    }
}

async fn children_add_up(metrics: &[Metric], session: &SessionContext) -> Result<LawCheck, WarehouseError> {
    let (mut wrong, mut compared) = (None, 0);
    for group in groups(metrics) {
        let whole = Cut { measures: group, ..Cut::whole(&metrics[0]) };
        let first = &whole.measures[0];
        let table = session.table(first.source.as_str()).await.map_err(|error| failed(&error))?;
        // A deployment's own entity model may lack a column: by that, nothing can be cut there.
        let is_there = |name: &&String| {
            let column = if TimeGrain::find(name).is_some() { first.time.map(TimeColumn::word) } else { None };
            table.schema().has_column_with_unqualified_name(column.unwrap_or(name.as_str()))
        };
        let mut cuts = vec![("whole", whole.clone())];
        cuts.extend(first.dimensions.iter().filter(is_there).map(|name| {
            let grain = TimeGrain::find(name);
            let by = if grain.is_some() { Vec::new() } else { vec![name.clone()] };
            (name.as_str(), Cut { by, grain, ..whole.clone() })
        }));
        let sums: Vec<String> = cuts.iter().map(|(name, cut)| summed(name, cut)).collect();
        let rows = run(session, &sums.join(" UNION ALL ")).await?;
        let names = rows.column(0).as_string::<i32>();
        let whole_row = (0..rows.num_rows()).find(|row| names.value(*row) == "whole").unwrap_or(0);
        for (column, figure) in (1..rows.num_columns()).zip(figures(&whole)) {
            let numbers = rows.column(column).as_primitive::<Float64Type>();
            let number = |row: usize| if numbers.is_null(row) { 0.0 } else { numbers.value(row) };
            for row in 0..rows.num_rows() {
                compared += 1;
                if !are_same(number(row), number(whole_row)) && wrong.is_none() {
                    let (parts, by) = (number(row), names.value(row));
                    wrong = Some(format!("{figure} is {}, and by {by} adds up to {parts}", number(whole_row)));
                }
            }
        }
    }
    Ok(LawCheck { law: Law::ChildrenAddUp, wrong, compared })
}

/// Metrics that add up, those that come from one table and are cut alike together.
fn groups(metrics: &[Metric]) -> Vec<Vec<Metric>> {
    let mut groups: Vec<Vec<Metric>> = Vec::new();
    for metric in metrics.iter().filter(|metric| metric.adds_up()) {
        let like = |group: &&mut Vec<Metric>| {
            let first = &group[0];
            (&first.source, &first.condition, &first.dimensions)
                == (&metric.source, &metric.condition, &metric.dimensions)
        };
        match groups.iter_mut().find(like) {
            Some(group) => group.push(metric.clone()),
            None => groups.push(vec![metric.clone()]),
        }
    }
    groups
}

const COUNTED: [Part; 2] = [Part::Numerator, Part::Denominator];

/// The figures that are summed, in words.
fn figures(cut: &Cut) -> impl Iterator<Item = String> {
    let names = cut.measures.iter().map(|metric| metric.name.clone());
    names.flat_map(|name| COUNTED.map(|part| format!("the {} of {name}", part.word())))
}

/// A cut's numerators and denominators, summed over all of its rows.
fn summed(name: &str, cut: &Cut) -> String {
    let columns = (0..cut.measures.len()).flat_map(|measure| COUNTED.map(|part| cut.column(measure, part)));
    let sums: Vec<String> =
        columns.enumerate().map(|(number, column)| format!("sum(\"{column}\") AS sum_{number}")).collect();
    format!("SELECT {} AS cut_by, {} FROM ({}) AS parts", quote(name), sums.join(", "), compile(cut, None, Guard::Off))
}

async fn figures_are_their_rows(metrics: &[Metric], session: &SessionContext) -> Result<LawCheck, WarehouseError> {
    let counts: Vec<String> = metrics
        .iter()
        .filter_map(|metric| {
            let drill = metric.drill.as_ref()?;
            let part = drill.count.word();
            let condition = drill.condition.as_ref().map(|text| format!(" WHERE {text}")).unwrap_or_default();
            Some(format!(
                "SELECT {} AS metric, {part} AS figure, (SELECT count(*) FROM {}{condition}) AS counted FROM ({}) AS figure",
                quote(&metric.name),
                drill.table,
                compile(&Cut::whole(metric), None, Guard::Off)
            ))
        })
        .collect();
    if counts.is_empty() {
        return Ok(LawCheck { law: Law::FiguresAreTheirRows, wrong: None, compared: 0 });
    }
    let rows = run(session, &counts.join(" UNION ALL ")).await?;
    let names = rows.column(0).as_string::<i32>();
    let (figures, counted) =
        (rows.column(1).as_primitive::<Float64Type>(), rows.column(2).as_primitive::<Float64Type>());
    let wrong = (0..rows.num_rows()).find(|row| !are_same(figures.value(*row), counted.value(*row))).map(|row| {
        format!("{} tells {} and leads to {} rows", names.value(row), figures.value(row), counted.value(row))
    });
    Ok(LawCheck { law: Law::FiguresAreTheirRows, wrong, compared: rows.num_rows() })
}

/// Table, what came in, what is closed and what is open.
const BALANCES: [(&str, &str, &str, &str); 2] = [
    ("mart_service_delivery", "received", "disposed", "pending"),
    ("mart_grievance_disposal", "filed", "closed", "open"),
];

async fn opened_is_closed_and_open(session: &SessionContext) -> Result<LawCheck, WarehouseError> {
    let rows_of = |(table, opened, closed, open): &(&str, &str, &str, &str)| {
        format!(
            "SELECT {} AS balance, count(*) FILTER (WHERE {opened} IS DISTINCT FROM {closed} + {open}) AS broken, count(*) AS \
             compared FROM {table}",
            quote(table)
        )
    };
    let balances: Vec<String> = BALANCES.iter().map(rows_of).collect();
    let rows = run(session, &balances.join(" UNION ALL ")).await?;
    let names = rows.column(0).as_string::<i32>();
    let (broken, compared) =
        (rows.column(1).as_primitive::<Float64Type>(), rows.column(2).as_primitive::<Float64Type>());
    let wrong = (0..rows.num_rows())
        .find(|row| broken.value(*row) > 0.0)
        .map(|row| format!("{} rows of {} do not balance", broken.value(row), names.value(row)));
    let compared = compared.values().iter().sum::<f64>() as usize;
    Ok(LawCheck { law: Law::OpenedIsClosedAndOpen, wrong, compared })
}

fn are_same(left: f64, right: f64) -> bool {
    (left - right).abs() <= TOLERANCE * left.abs().max(right.abs()).max(1.0)
}

/// Runs a statement whose first column is a word and whose others are numbers.
async fn run(session: &SessionContext, sql: &str) -> Result<RecordBatch, WarehouseError> {
    let frame = session.sql(sql).await.map_err(|error| failed(&error))?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await.map_err(|error| failed(&error))?;
    let plain = || {
        let schema = batches.first().map_or_else(|| Arc::clone(&schema), RecordBatch::schema);
        let rows = concat_batches(&schema, &batches)?;
        let kind = |column: usize| if column == 0 { DataType::Utf8 } else { DataType::Float64 };
        let columns = rows
            .columns()
            .iter()
            .enumerate()
            .map(|(at, column)| cast(column, &kind(at)))
            .collect::<Result<Vec<_>, _>>()?;
        let names = schema.fields().iter().map(|field| field.name().clone());
        RecordBatch::try_from_iter_with_nullable(names.zip(columns).map(|(name, column)| (name, column, true)))
    };
    plain().map_err(|error| WarehouseError::Query { message: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::definition::parse;

    const TABLES: [&str; 3] = [
        "CREATE TABLE mart_service_delivery AS SELECT * FROM (VALUES (3, 2, 1), (1, 0, 1)) AS t (received, disposed, pending)",
        "CREATE TABLE mart_grievance_disposal AS SELECT 2 AS filed, 2 AS closed, 0 AS open",
        "CREATE TABLE visits AS SELECT * FROM (VALUES ('27', 'a'), ('27', 'b'), ('28', 'a')) AS t (district, visitor)",
    ];

    async fn make(session: &SessionContext, table: &str) {
        session.sql(table).await.unwrap().collect().await.unwrap();
    }

    async fn session() -> SessionContext {
        let session = SessionContext::new();
        for table in TABLES {
            make(&session, table).await;
        }
        session
    }

    fn metric(numerator: &str, drill: &str) -> Metric {
        let text = format!(
            "name = \"x\"\nversion = 1\ntitle = {{ en = \"X\" }}\nquestion = \"q\"\ndefinition = \"d\"\ngrain = \"g\"\nowner = \
             \"o\"\nsource = \"visits\"\nnumerator = \"{numerator}\"\nunit = \"count\"\ndirection = \"up\"\ndimensions = \
             [\"district\"]\ndrill = {{ table = \"visits\", where = \"{drill}\", count = \"numerator\" }}\n"
        );
        parse("models/metrics/x.toml", &text).unwrap()
    }

    #[tokio::test]
    async fn figures_that_keep_the_laws_pass_with_how_much_was_compared() {
        let checks = check_laws(&[metric("count(*)", "true")], &session().await).await.unwrap();
        assert_eq!(checks.iter().map(|check| check.law).collect::<Vec<_>>(), Law::ALL);
        assert!(checks.iter().all(|check| check.wrong.is_none() && check.compared > 0), "{checks:?}");
    }

    #[tokio::test]
    async fn parts_that_do_not_add_up_are_told_with_the_dimension() {
        let checks = check_laws(&[metric("count(DISTINCT visitor)", "visitor = 'a'")], &session().await).await.unwrap();
        let wrong = checks[0].wrong.as_deref().unwrap();
        assert_eq!(wrong, "the numerator of x is 2, and by district adds up to 3");
    }

    #[tokio::test]
    async fn a_dimension_that_the_deployments_table_lacks_is_passed_over() {
        let mut lacking = metric("count(*)", "true");
        lacking.dimensions.push("village".to_owned());
        let checks = check_laws(&[lacking], &session().await).await.unwrap();
        // Numerator and denominator, of the whole and by district.
        assert_eq!((checks[0].wrong.as_deref(), checks[0].compared), (None, 4));
    }

    #[tokio::test]
    async fn a_figure_that_leads_to_another_number_of_rows_is_told() {
        let checks = check_laws(&[metric("count(*)", "visitor = 'a'")], &session().await).await.unwrap();
        assert_eq!(checks[1].wrong.as_deref(), Some("x tells 3 and leads to 2 rows"));
    }

    #[tokio::test]
    async fn a_balance_that_is_broken_is_told_with_its_table() {
        let session = session().await;
        make(&session, "CREATE OR REPLACE TABLE mart_grievance_disposal AS SELECT 2 AS filed, 1 AS closed, 0 AS open")
            .await;
        let checks = check_laws(&[metric("count(*)", "true")], &session).await.unwrap();
        assert_eq!(checks[2].wrong.as_deref(), Some("1 rows of mart_grievance_disposal do not balance"));
    }
}
