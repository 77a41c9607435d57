//! `kanak metric`: figures by their definitions.

use anyhow::{Context as _, ensure};
use kanak_model::toml_text::choices;
use kanak_model::{Access, Caller, Purpose};
use kanak_store::AuditEvent;
use kanak_warehouse::{Compare, Condition, Metric, MetricAnswer, MetricQuery, Order, Part, TimeGrain, rows_json};
use serde_json::{Map, Value};

use crate::cli::{MetricCommand, MetricQueryArgs};
use crate::deployment::Deployment;
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When a metric, a dimension or a value is not there.
pub async fn run(command: &MetricCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let metrics = deployment.warehouse.list_metrics();
    match command {
        MetricCommand::List if output.json => output.document(&metrics),
        MetricCommand::List => {
            let rows: Vec<Vec<String>> = metrics
                .iter()
                .map(|metric| vec![metric.name.clone(), metric.unit.word().to_owned(), metric.question.clone()])
                .collect();
            output.table(&["metric", "unit", "question"], &rows);
            Ok(())
        }
        MetricCommand::Show { name } => {
            let metric = metrics.iter().find(|metric| metric.name == *name).with_context(|| {
                format!("no metric `{name}`; there are {}", choices(metrics.iter().map(|metric| metric.name.as_str())))
            })?;
            if output.json {
                return output.document(metric);
            }
            output.table(&["", metric.name.as_str()], &definition(metric));
            Ok(())
        }
        MetricCommand::Query(args) => Box::pin(query(args, deployment, output)).await,
    }
}

/// A definition, a line for each thing it says.
fn definition(metric: &Metric) -> Vec<Vec<String>> {
    let mut lines = vec![
        ("title", metric.title.en.clone()),
        ("question", metric.question.clone()),
        ("definition", metric.definition.clone()),
        ("counts", metric.grain.clone()),
        ("unit", metric.unit.word().to_owned()),
        ("better", metric.direction.word().to_owned()),
        ("owner", metric.owner.clone()),
        ("version", metric.version.to_string()),
        ("from", metric.source.clone()),
        ("numerator", metric.numerator.clone()),
    ];
    let optional = [
        ("denominator", metric.denominator.clone()),
        ("cell", metric.cell.clone()),
        ("where", metric.condition.clone()),
        ("clock", metric.clock.map(|clock| clock.word().to_owned())),
        ("calendar", metric.calendar.clone()),
        ("target", metric.target.map(|target| target.to_string())),
        ("time", metric.time.map(|time| time.word().to_owned())),
        (
            "drill",
            metric.drill.as_ref().map(|drill| {
                let condition = drill.condition.as_ref().map(|text| format!(" where {text}")).unwrap_or_default();
                format!("{}{condition}, as many as the {}", drill.table, drill.count.word())
            }),
        ),
    ];
    lines.extend(optional.into_iter().filter_map(|(what, text)| Some((what, text?))));
    lines.push(("cut by", metric.dimensions.join(", ")));
    let changes = metric.changed.iter();
    lines.extend(
        changes.map(|change| ("changed", format!("version {} from {}: {}", change.version, change.from, change.what))),
    );
    lines.into_iter().map(|(what, text)| vec![what.to_owned(), text]).collect()
}

async fn query(args: &MetricQueryArgs, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let query = read(args)?;
    let purpose = Purpose::find(&args.purpose).context("unknown purpose")?;
    let access = Access::decide(&Caller::system("command line"), purpose)?;
    if purpose == Purpose::Operation {
        deployment.store.audit(AuditEvent::read(&access, "asked for small cells", "metric".to_owned())).await?;
    }
    let answer = deployment.warehouse.metrics(&access, &query).await?;
    if output.json {
        return output.document(&answer.nested_json());
    }
    let (header, rows) = table(&answer, &query.measures);
    output.table(&header.iter().map(String::as_str).collect::<Vec<_>>(), &rows);
    if answer.result.truncated {
        output.note("(there are more rows; --limit, --where or a coarser cut shows fewer)");
    }
    Ok(())
}

fn read(args: &MetricQueryArgs) -> anyhow::Result<MetricQuery> {
    let mut query = MetricQuery {
        measures: args.measures.clone(),
        by: args.by.clone(),
        grain: args.grain.as_deref().map(TimeGrain::get).transpose()?,
        compare: args.compare.as_deref().map(Compare::get).transpose()?,
        order: args.order.iter().map(|text| Order::parse(text)).collect(),
        limit: args.limit,
        ..MetricQuery::default()
    };
    for filter in &args.filters {
        let (name, values) = filter
            .split_once('=')
            .with_context(|| format!("`{filter}` is no filter; write DIMENSION=VALUE, such as district=27"))?;
        let condition = match Condition::parse(values) {
            Condition::In(_) => Condition::In(values.split(',').map(str::to_owned).collect()),
            days @ Condition::Between { .. } => days,
        };
        let twice = query.filters.insert(name.to_owned(), condition);
        ensure!(twice.is_none(), "`{name}` is filtered twice; give its values in one, separated by commas");
    }
    Ok(query)
}

/// What a figure that is withheld shows.
const WITHHELD: &str = "withheld";
/// The parts that a table shows.
const SHOWN: [Part; 5] = [Part::Value, Part::Numerator, Part::Denominator, Part::ComparedValue, Part::Change];

/// Rows for people: keys, parts of each measure; a period that is not over is marked, and so is a definition that changed.
fn table(answer: &MetricAnswer, measures: &[String]) -> (Vec<String>, Vec<Vec<String>>) {
    let keys = answer.keys();
    let columns: Vec<(&String, Part, String)> = measures
        .iter()
        .flat_map(|name| SHOWN.iter().filter_map(move |part| Some((name, *part, answer.column(name, *part)?))))
        .collect();
    let mut header: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    header.extend(columns.iter().map(|(_, _, column)| column.clone()));
    header.push("remarks".to_owned());
    let told = rows_json(&answer.result);
    let rows = told.iter().map(|row| {
        let mut cells: Vec<String> = keys.iter().map(|key| text(&row[*key])).collect();
        for (name, part, column) in &columns {
            let flag = if *part == Part::ComparedValue { Part::ComparedIsWithheld } else { Part::IsWithheld };
            let is_withheld = answer.column(name, flag).is_some_and(|flag| is_true(row, &flag));
            cells.push(if is_withheld { WITHHELD.to_owned() } else { text(&row[column]) });
        }
        cells.push(remarks(answer, measures, row));
        cells
    });
    (header, rows.collect())
}

fn remarks(answer: &MetricAnswer, measures: &[String], row: &Map<String, Value>) -> String {
    let mut remarks = Vec::new();
    if is_true(row, "is_open_period") {
        remarks.push("not over yet".to_owned());
    }
    let changed = measures
        .iter()
        .filter(|name| answer.column(name, Part::DefinitionChanged).is_some_and(|column| is_true(row, &column)));
    remarks.extend(changed.map(|name| format!("{name} by another definition")));
    remarks.join("; ")
}

fn is_true(row: &Map<String, Value>, column: &str) -> bool {
    row.get(column).and_then(Value::as_bool).unwrap_or(false)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            // Counts are told as such, rates to the ten-thousandth.
            Some(number) if number.fract() == 0.0 => format!("{number:.0}"),
            Some(number) => format!("{number:.4}"),
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(filters: &[&str]) -> MetricQueryArgs {
        MetricQueryArgs {
            measures: vec!["timeliness".to_owned()],
            by: Vec::new(),
            filters: filters.iter().map(|text| (*text).to_owned()).collect(),
            grain: None,
            compare: None,
            order: vec!["-timeliness".to_owned()],
            limit: None,
            purpose: "statistics".to_owned(),
        }
    }

    #[test]
    fn filters_are_values_or_days() {
        let query = read(&args(&["district=27,28", "time=2026-04-01..2026-06-30"])).unwrap();
        assert_eq!(query.filters["district"], Condition::In(vec!["27".to_owned(), "28".to_owned()]));
        assert!(matches!(query.filters["time"], Condition::Between { .. }));
        assert_eq!(query.order, [Order { by: "timeliness".to_owned(), way: kanak_warehouse::Way::Down }]);
    }

    #[test]
    fn a_filter_without_a_value_and_one_given_twice_are_refused() {
        assert!(read(&args(&["district"])).unwrap_err().to_string().contains("DIMENSION=VALUE"));
        let error = read(&args(&["district=27", "district=28"])).unwrap_err().to_string();
        assert!(error.contains("filtered twice"), "{error}");
    }

    #[test]
    fn a_word_that_is_no_grain_is_answered_with_those_there_are() {
        let asked = MetricQueryArgs { grain: Some("week".to_owned()), ..args(&[]) };
        assert!(read(&asked).unwrap_err().to_string().contains("`quarter`"));
    }

    #[test]
    fn numbers_are_told_short() {
        assert_eq!(
            ["0.87341", "12.0", "-3"].map(|json| text(&serde_json::from_str(json).unwrap())),
            ["0.8734", "12", "-3"]
        );
    }
}
