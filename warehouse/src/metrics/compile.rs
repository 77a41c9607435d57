//! A cut, compiled to one statement.
//!
//! Each table that measures come from is cut by itself, and once more, moved by some months, for what is compared. The
//! parts are then joined on dimensions and period by grouping them once again: that holds unknown members to be one, as a
//! join would not.

use kanak_codes::Day;

use crate::metrics::cut::Cut;
use crate::metrics::names::{IS_OPEN_PERIOD, Part};
use crate::metrics::period::{Months, month_of};
use crate::metrics::query::Way;
use crate::metrics::{Metric, TimeColumn, Unit};

/// Whether a statement tells, beside its answer, what small cells are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// It does: `guard_period`, and by measure `guard_0`, `guard_compared_0`.
    On,
    /// It does not.
    Off,
}

/// The column that tells the first month of a guarded row's period.
pub(crate) const GUARD_PERIOD: &str = "guard_period";

/// The column that tells the smallest number of things that a guarded measure would tell; 0 where it counts nothing, null where
/// it counts no things.
pub(crate) fn guard_column(measure: usize) -> String {
    format!("guard_{measure}")
}

/// The same of the period that it is set beside.
pub(crate) fn guard_compared_column(measure: usize) -> String {
    format!("guard_compared_{measure}")
}

/// The statement of a cut. `as_of` is the day of the release, by which periods are open; without one, none is said to be.
pub(crate) fn compile(cut: &Cut, as_of: Option<Day>, guard: Guard) -> String {
    let tables = tables(cut);
    let mut parts: Vec<String> = tables.iter().map(|table| part(cut, table, Side::Itself)).collect();
    if cut.shift.is_some() {
        parts.extend(tables.iter().map(|table| part(cut, table, Side::Compared)));
    }
    let names: Vec<String> = (0..parts.len()).map(|number| format!("part_{number}")).collect();
    let withs: Vec<String> = names.iter().zip(&parts).map(|(name, part)| format!("{name} AS ({part})")).collect();
    let columns = outer_columns(cut, as_of, guard).join(", ");
    let mut condition = String::new();
    if let (Some(grain), Some(_), Some(as_of)) = (cut.grain, cut.shift, as_of) {
        let now = grain.first_month(month_of(as_of));
        condition = format!(" WHERE is_here = 1 OR cut_period <= {now}");
    }
    let (order, limit) = match guard {
        // What is withheld must not tell its place: whoever withholds puts rows in order afterwards.
        Guard::On => (String::new(), String::new()),
        Guard::Off => (order(cut), cut.limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default()),
    };
    format!(
        "WITH {}, joined AS ({}) SELECT {columns} FROM joined{condition}{order}{limit}",
        withs.join(", "),
        join(cut, &names)
    )
}

/// A table, and the measures that come from it.
struct Table<'a> {
    source: &'a str,
    condition: Option<&'a str>,
    time: Option<TimeColumn>,
    measures: Vec<usize>,
}

fn tables(cut: &Cut) -> Vec<Table<'_>> {
    let mut tables: Vec<Table<'_>> = Vec::new();
    for (number, metric) in cut.measures.iter().enumerate() {
        let (source, condition) = (metric.source.as_str(), metric.condition.as_deref());
        let same =
            |table: &&mut Table<'_>| (table.source, table.condition, table.time) == (source, condition, metric.time);
        match tables.iter_mut().find(same) {
            Some(table) => table.measures.push(number),
            None => tables.push(Table { source, condition, time: metric.time, measures: vec![number] }),
        }
    }
    tables
}

/// Which of two periods a part is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Itself,
    Compared,
}

impl Side {
    fn prefix(self) -> &'static str {
        match self {
            Self::Itself => "",
            Self::Compared => "compared_",
        }
    }
}

/// What a measure carries from its table: numerator, denominator, cell.
const CARRIED: [&str; 3] = ["numerator", "denominator", "cell"];

fn carried(metric: &Metric) -> [Option<&str>; 3] {
    [Some(metric.numerator.as_str()), metric.denominator.as_deref(), metric.cell.as_deref()]
}

fn inner_column(side: Side, carried: &str, measure: usize) -> String {
    format!("{}{carried}_{measure}", side.prefix())
}

/// The names of the columns by which parts are joined.
fn inner_keys(cut: &Cut) -> Vec<String> {
    let by = (0..cut.by.len()).map(|number| format!("cut_{number}"));
    by.chain(cut.grain.map(|_| "cut_period".to_owned())).collect()
}

/// One table, cut: the keys, `is_here`, and a column for whatever any measure carries.
fn part(cut: &Cut, table: &Table<'_>, side: Side) -> String {
    let shift = if side == Side::Compared { cut.shift.unwrap_or_default() } else { 0 };
    let tells_time = cut.grain.is_some() || cut.months.is_some();
    let mut rows = vec!["*".to_owned()];
    rows.extend(cut.by.iter().enumerate().map(|(number, name)| format!("CAST({name} AS VARCHAR) AS cut_{number}")));
    if let Some(time) = table.time.filter(|_| tells_time) {
        rows.push(format!("{} + {shift} AS cut_month", month_sql(time)));
    }
    let mut from = format!("(SELECT {} FROM {}) AS counted", rows.join(", "), table.source);
    if let Some(grain) = cut.grain {
        from = format!("(SELECT *, {} AS cut_period FROM {from}) AS timed", grain.first_month_sql("cut_month"));
    }
    let mut conditions: Vec<String> = table.condition.iter().map(|text| format!("({text})")).collect();
    conditions.extend(cut.filters.iter().map(|(name, values)| is_one_of(name, values)));
    if let Some(months) = &cut.months {
        conditions.push(is_within(months));
    }
    if side == Side::Compared {
        conditions.push("cut_month IS NOT NULL".to_owned());
    }
    let condition = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let keys = inner_keys(cut);
    let group = if keys.is_empty() { String::new() } else { format!(" GROUP BY {}", keys.join(", ")) };
    let mut columns = keys;
    columns.push(format!("{} AS is_here", i32::from(side == Side::Itself)));
    for &filled in sides(cut) {
        for (measure, metric) in cut.measures.iter().enumerate() {
            for (name, aggregate) in CARRIED.iter().zip(carried(metric)) {
                let own = aggregate.filter(|_| filled == side && table.measures.contains(&measure));
                let value = own.unwrap_or("NULL");
                columns.push(format!("CAST({value} AS DOUBLE) AS {}", inner_column(filled, name, measure)));
            }
        }
    }
    format!("SELECT {} FROM {from}{condition}{group}", columns.join(", "))
}

fn sides(cut: &Cut) -> &'static [Side] {
    if cut.shift.is_some() { &[Side::Itself, Side::Compared] } else { &[Side::Itself] }
}

/// The number of a row's month.
fn month_sql(time: TimeColumn) -> String {
    match time {
        TimeColumn::Month => {
            "CAST(date_part('year', month) AS BIGINT) * 12 + CAST(date_part('month', month) AS BIGINT) - 1".to_owned()
        }
        // What a register states for a year may be no year.
        TimeColumn::FinancialYear => {
            "CASE WHEN financial_year BETWEEN 1000 AND 9998 THEN CAST(financial_year AS BIGINT) * 12 + 3 END".to_owned()
        }
    }
}

/// That a dimension has one of a caller's values, each quoted as SQL text.
fn is_one_of(name: &str, values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| quote(value)).collect();
    format!("CAST({name} AS VARCHAR) IN ({})", quoted.join(", "))
}

/// A text as SQL writes it. The engine's dialect knows no other escape than the doubled quote.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn is_within(months: &[Months]) -> String {
    let within: Vec<String> =
        months.iter().map(|months| format!("cut_month BETWEEN {} AND {}", months.first, months.last)).collect();
    if within.is_empty() { "false".to_owned() } else { format!("({})", within.join(" OR ")) }
}

/// The parts, joined on their keys.
fn join(cut: &Cut, parts: &[String]) -> String {
    if let [one] = parts {
        return format!("SELECT * FROM {one}");
    }
    let keys = inner_keys(cut);
    let all: Vec<String> = parts.iter().map(|part| format!("SELECT * FROM {part}")).collect();
    let mut columns = keys.clone();
    columns.push("max(is_here) AS is_here".to_owned());
    for side in sides(cut) {
        for measure in 0..cut.measures.len() {
            // Each part has a row a key at most, so that a sum is of one number.
            columns.extend(CARRIED.iter().map(|name| {
                let column = inner_column(*side, name, measure);
                format!("sum({column}) AS {column}")
            }));
        }
    }
    let group = if keys.is_empty() { String::new() } else { format!(" GROUP BY {}", keys.join(", ")) };
    format!("SELECT {} FROM ({}) AS parts{group}", columns.join(", "), all.join(" UNION ALL "))
}

fn outer_columns(cut: &Cut, as_of: Option<Day>, guard: Guard) -> Vec<String> {
    let mut columns: Vec<String> =
        cut.by.iter().enumerate().map(|(number, name)| format!("cut_{number} AS \"{name}\"")).collect();
    if let Some(grain) = cut.grain {
        columns.push(format!("{} AS \"{}\"", grain.name_sql("cut_period"), grain.word()));
    }
    columns.push(format!("{} AS {IS_OPEN_PERIOD}", is_open(cut, as_of)));
    for (measure, metric) in cut.measures.iter().enumerate() {
        let column = |part: &Part| {
            format!("{} AS \"{}\"", part_sql(cut, metric, measure, *part, as_of), cut.column(measure, *part))
        };
        columns.extend(cut.parts().iter().map(column));
    }
    if guard == Guard::On {
        columns.extend(cut.grain.map(|_| format!("cut_period AS {GUARD_PERIOD}")));
        for (measure, metric) in cut.measures.iter().enumerate() {
            columns.push(format!("{} AS {}", smallest(metric, measure, Side::Itself), guard_column(measure)));
            if cut.shift.is_some() {
                let smallest = smallest(metric, measure, Side::Compared);
                columns.push(format!("{smallest} AS {}", guard_compared_column(measure)));
            }
        }
    }
    columns
}

fn part_sql(cut: &Cut, metric: &Metric, measure: usize, part: Part, as_of: Option<Day>) -> String {
    let inner = |side: Side, name: &str| inner_column(side, name, measure);
    match part {
        Part::Numerator => format!("coalesce({}, 0.0)", inner(Side::Itself, "numerator")),
        Part::Denominator if metric.denominator.is_some() => {
            format!("coalesce({}, 0.0)", inner(Side::Itself, "denominator"))
        }
        Part::Denominator => inner(Side::Itself, "denominator"),
        Part::Value => value(metric, measure, Side::Itself),
        Part::ComparedNumerator => inner(Side::Compared, "numerator"),
        Part::ComparedDenominator => inner(Side::Compared, "denominator"),
        Part::ComparedValue => value(metric, measure, Side::Compared),
        Part::Change => {
            format!("{} - {}", value(metric, measure, Side::Itself), value(metric, measure, Side::Compared))
        }
        Part::DefinitionChanged => definition_changed(cut, metric, as_of),
        Part::IsWithheld | Part::ComparedIsWithheld => "false".to_owned(),
    }
}

/// The figure. Where nothing was counted, a count is none and a rate is not there; of another period it is not known which.
fn value(metric: &Metric, measure: usize, side: Side) -> String {
    let numerator = inner_column(side, "numerator", measure);
    match (&metric.denominator, side) {
        (Some(_), _) => {
            let denominator = inner_column(side, "denominator", measure);
            format!("CASE WHEN {denominator} <> 0 THEN coalesce({numerator}, 0.0) / {denominator} END")
        }
        (None, Side::Itself) => format!("coalesce({numerator}, 0.0)"),
        (None, Side::Compared) => numerator,
    }
}

/// The smallest number of things that the parts of a figure tell, but for none at all.
fn smallest(metric: &Metric, measure: usize, side: Side) -> String {
    let is_count = matches!(metric.unit, Unit::Count | Unit::Share);
    let told = [
        is_count.then_some("numerator"),
        metric.denominator.as_ref().map(|_| "denominator"),
        metric.cell.as_ref().map(|_| "cell"),
    ];
    let told: Vec<String> =
        told.into_iter().flatten().map(|name| format!("nullif({}, 0.0)", inner_column(side, name, measure))).collect();
    match told.as_slice() {
        [] => "CAST(NULL AS DOUBLE)".to_owned(),
        [one] => format!("coalesce({one}, 0.0)"),
        several => format!("coalesce(least({}), 0.0)", several.join(", ")),
    }
}

/// Whether a row's period is not over on the day of the release.
fn is_open(cut: &Cut, as_of: Option<Day>) -> String {
    let now = as_of.map(month_of);
    match (cut.grain, &cut.months, now) {
        (Some(grain), _, Some(now)) => format!("cut_period + {} > {now}", grain.months()),
        (None, Some(months), Some(now)) => months.iter().any(|months| months.last >= now).to_string(),
        _ => "CAST(NULL AS BOOLEAN)".to_owned(),
    }
}

/// Whether a version began within a row's period, or since the one it is set beside began.
fn definition_changed(cut: &Cut, metric: &Metric, as_of: Option<Day>) -> String {
    let began: Vec<i64> = metric.changed.iter().map(|change| month_of(change.from)).collect();
    let shift = cut.shift.unwrap_or_default();
    match (cut.grain, &cut.months) {
        _ if began.is_empty() => "false".to_owned(),
        (Some(grain), _) => {
            let within: Vec<String> = began
                .iter()
                .map(|month| format!("{month} BETWEEN cut_period - {shift} AND cut_period + {}", grain.months() - 1))
                .collect();
            format!("coalesce({}, false)", within.join(" OR "))
        }
        (None, Some(months)) => {
            let is_within = |month: &i64| months.iter().any(|one| (one.first - shift..=one.last).contains(month));
            began.iter().any(is_within).to_string()
        }
        (None, None) => as_of.is_some_and(|as_of| began.iter().any(|month| *month <= month_of(as_of))).to_string(),
    }
}

fn order(cut: &Cut) -> String {
    let asked = cut.order.iter().map(|order| {
        let way = if order.way == Way::Down { "DESC" } else { "ASC" };
        format!("\"{}\" {way} NULLS LAST", order.by)
    });
    let keys = cut.keys();
    let columns: Vec<String> = asked.chain(keys.iter().map(|key| format!("\"{key}\" ASC NULLS LAST"))).collect();
    if columns.is_empty() { String::new() } else { format!(" ORDER BY {}", columns.join(", ")) }
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::metrics::definition::{builtin_metrics, parse};
    use crate::metrics::query::{Compare, Condition, MetricQuery};

    /// Two versions: the second from 10 May 2026.
    const DONE: &str = "name = \"done\"\nversion = 2\ntitle = { en = \"Done\" }\nquestion = \"q\"\ndefinition = \"d\"\ngrain = \
                        \"case\"\nowner = \"o\"\nsource = \"cases\"\nnumerator = \"sum(done)\"\ndenominator = \"count(*)\"\nunit = \
                        \"share\"\ndirection = \"up\"\ndimensions = [\"month\"]\ntime = \"month\"\nchanged = [{ version = 2, from = \
                        \"2026-05-10\", what = \"w\" }]\n";

    /// The rows of a query over five cases of March to June 2026, as on 15 June: words joined by spaces.
    async fn rows(query: &MetricQuery) -> Vec<String> {
        let session = SessionContext::new();
        let cases = "CREATE TABLE cases AS SELECT CAST(month AS DATE) AS month, done FROM (VALUES ('2026-03-01', 1), \
                     ('2026-04-01', 0), ('2026-04-01', 1), ('2026-05-01', 1), ('2026-06-01', 0)) AS t (month, done)";
        session.sql(cases).await.unwrap().collect().await.unwrap();
        let cut = Cut::read(query, &[parse("models/metrics/done.toml", DONE).unwrap()]).unwrap();
        let sql = compile(&cut, Day::parse("2026-06-15"), Guard::Off);
        let mut rows = Vec::new();
        for batch in session.sql(&sql).await.unwrap().collect().await.unwrap() {
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter().map(|column| array_value_to_string(column, row).unwrap());
                rows.push(cells.collect::<Vec<_>>().join(" "));
            }
        }
        rows
    }

    fn beside_the_one_before() -> MetricQuery {
        MetricQuery { compare: Some(Compare::PreviousPeriod), ..MetricQuery::of("done") }
    }

    #[tokio::test]
    async fn months_tell_whether_they_are_open_and_whether_their_definition_changed() {
        let expected = [
            "2026-03-01 false 1.0 1.0 1.0 false false",
            "2026-04-01 false 1.0 2.0 0.5 false false",
            "2026-05-01 false 1.0 1.0 1.0 true false",
            "2026-06-01 true 0.0 1.0 0.0 false false",
        ];
        assert_eq!(rows(&MetricQuery::of("done").by(&["month"])).await, expected);
    }

    #[tokio::test]
    async fn quarters_and_years_begin_in_april() {
        let quarters = rows(&MetricQuery::of("done").by(&["quarter"])).await;
        assert_eq!(quarters, ["2025-26 Q4 false 1.0 1.0 1.0 false false", "2026-27 Q1 true 2.0 4.0 0.5 true false"]);
        let years = rows(&MetricQuery::of("done").by(&["financial_year"])).await;
        assert_eq!(years, ["2025-26 false 1.0 1.0 1.0 false false", "2026-27 true 2.0 4.0 0.5 true false"]);
    }

    #[tokio::test]
    async fn a_month_is_set_beside_the_one_before_and_told_that_the_definition_changed_since() {
        // Numerator, denominator, value; those of May; the change; the definition; what is withheld.
        let june = beside_the_one_before().by(&["month"]).filter("month", "2026-06-01");
        assert_eq!(rows(&june).await, ["2026-06-01 true 0.0 1.0 0.0 1.0 1.0 1.0 -1.0 true false false"]);
        let july = beside_the_one_before().by(&["month"]).filter("month", "2026-07-01");
        assert!(rows(&july).await.is_empty(), "a month that is not here yet");
    }

    #[tokio::test]
    async fn a_stretch_of_months_is_set_beside_as_many_before_it() {
        let (from, to) = (Day::parse("2026-05-01").unwrap(), Day::parse("2026-06-30").unwrap());
        let stretch = beside_the_one_before().filter("time", Condition::Between { from, to });
        let rows = rows(&stretch).await;
        assert!(rows.len() == 1 && rows[0].starts_with("true 1.0 2.0 0.5 2.0 3.0 0.666"), "{rows:?}");
    }

    #[tokio::test]
    async fn a_filter_of_two_periods_is_of_both_and_one_without_rows_is_none() {
        let of = |values: &[&str]| {
            let values = Condition::In(values.iter().map(|value| (*value).to_owned()).collect());
            MetricQuery::of("done").filter("month", values)
        };
        assert_eq!(rows(&of(&["2026-03-01", "2026-06-01"])).await, ["true 1.0 2.0 0.5 false false"]);
        assert_eq!(rows(&of(&["2027-03-01"])).await, ["true 0.0 0.0  false false"]);
        let never = of(&["2026-03-01"]).filter("financial_year", "2026-27");
        assert_eq!(rows(&never).await, ["false 0.0 0.0  false false"]);
    }

    #[test]
    fn a_value_is_quoted_and_a_name_is_none_that_no_file_has() {
        let metrics = builtin_metrics().unwrap();
        let cut = |query: &MetricQuery| Cut::read(query, &metrics);
        let hostile = MetricQuery::of("applications_received").filter("district", "' OR '1'='1");
        let sql = compile(&cut(&hostile).unwrap(), None, Guard::Off);
        assert!(sql.contains("CAST(district AS VARCHAR) IN (''' OR ''1''=''1')"), "{sql}");
        for name in ["1=1; DROP", "district) --", "\"district\"", ""] {
            assert!(cut(&MetricQuery::of("applications_received").filter(name, "x")).is_err(), "{name}");
            assert!(cut(&MetricQuery::of("applications_received").by(&[name])).is_err(), "{name}");
            assert!(cut(&MetricQuery::of(name)).is_err(), "{name}");
        }
    }
}
