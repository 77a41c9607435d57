//! How long a refresh takes at the size of the demo: `cargo run --release -p kanak-warehouse --example refresh_speed [CITIZENS]`.
//!
//! CITIZENS counts citizen source records (default 100,000). Everything is made up on the spot.
#![expect(clippy::print_stdout, reason = "an example speaks to its caller")]

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};
use kanak_codes::Codes;
use kanak_model::builtin::{entity_models, event_models};
use kanak_model::kind::Physical;
use kanak_model::{Access, Timestamp};
use kanak_warehouse::{CrosswalkRow, GoldenVersionRow, MetricQuery, QueryLimits, Warehouse};

const START: i64 = 1_700_000_000_000_000;
const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

struct Stopwatch(Instant);

impl Stopwatch {
    fn lap(&mut self, what: &str) {
        println!("{what:<28} {:>7.3} s", self.0.elapsed().as_secs_f64());
        self.0 = Instant::now();
    }
}

/// The value of an attribute in a made-up row.
fn value(attribute: &str, row: usize) -> Option<String> {
    let district = ["27", "28", "29", "30", "31"][row % 5];
    Some(match attribute {
        "service" => format!("SVC-{:03}", row % 177 + 1),
        "office" => format!("OFF-REV-D{district}"),
        "district" => district.to_owned(),
        "complaint_type" => "StreetLightNotWorking".to_owned(),
        "revenue_head" => "0006".to_owned(),
        "scheme" => "SCH-05".to_owned(),
        "applicant" | "beneficiary" | "complainant" => format!("food:{}", row % 40_000),
        "officer" => format!("hrms:{}", row % 500),
        "outcome" => ["delivered", "rejected", "pending"][row % 3].to_owned(),
        "rejection_reason" => return row.is_multiple_of(2).then(|| "papers missing".to_owned()),
        other => format!("{other} {row}"),
    })
}

fn events(model: &kanak_model::EventModel, rows: usize) -> Result<RecordBatch, arrow::error::ArrowError> {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for attribute in &model.attributes {
        let array: ArrayRef = match attribute.kind.physical() {
            Physical::Timestamp => {
                let shift = i64::from(attribute.name.ends_with("ed_at")) * 86_400_000_000;
                let instants = (0..rows as i64).map(|row| START + row * 500_000_000 + shift * (row % 40));
                Arc::new(TimestampMicrosecondArray::from_iter_values(instants).with_timezone("UTC"))
            }
            Physical::Integer => Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|row| row % 5))),
            _ => Arc::new((0..rows).map(|row| value(&attribute.name, row)).collect::<StringArray>()),
        };
        columns.push((attribute.name.clone(), array));
    }
    columns.push(("source_system".to_owned(), Arc::new(StringArray::from(vec!["edistrict"; rows]))));
    columns
        .push(("source_key".to_owned(), Arc::new(StringArray::from_iter_values((0..rows).map(|row| row.to_string())))));
    columns.push(("source_line".to_owned(), Arc::new(Int64Array::from_iter_values(0..rows as i64))));
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let citizens: usize = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir()?;
    let warehouse = Warehouse::open(&folder.path().join("lake"), Arc::new(Codes::builtin()?))?;
    let mut watch = Stopwatch(Instant::now());
    for model in entity_models()? {
        let count = if model.name == "citizen" { citizens * 45 / 100 } else { citizens / 50 };
        let rows = (0..count).map(|row| GoldenVersionRow {
            golden_id: row as i64,
            version: 1,
            status: "active".to_owned(),
            values: model
                .attributes
                .iter()
                .filter(|attribute| attribute.name != "date_of_death" || row % 50 == 0)
                .filter_map(|attribute| Some((attribute.name.clone(), value(&attribute.name, row)?)))
                .collect(),
            recorded_from: START,
            recorded_to: None,
            stated_by: Vec::new(),
        });
        warehouse.load_dimension(&model, rows).await?;
        watch.lap(&format!("dimension {}", model.plural));
    }
    let link = |system: &str, entity: &str, row: usize| CrosswalkRow {
        source_system: system.to_owned(),
        source_key: row.to_string(),
        entity: entity.to_owned(),
        golden_id: (row * 45 / 100) as i64,
    };
    let links = (0..citizens).map(|row| link("food", "citizen", row));
    warehouse
        .load_crosswalk(links.chain((0..citizens / 50).map(|row| link("hrms", "employee", row))).collect())
        .await?;
    watch.lap("crosswalk");
    for model in event_models()? {
        let rows = match model.name.as_str() {
            "service_application" => citizens * 6 / 10,
            "scheme_target" => citizens / 1000,
            _ => citizens / 3,
        };
        warehouse.append_events(&model, 1, vec![events(&model, rows)?]).await?;
        watch.lap(&format!("{rows} events {}", model.name));
    }
    warehouse.build(1, NOW).await?;
    watch.lap("build");
    warehouse.build(1, NOW).await?;
    watch.lap("build again");
    let access = Access::operation("speed");
    for sql in ["SELECT * FROM mart_overview", "SELECT * FROM mart_overview", "SELECT count(*) FROM fct_grievances"] {
        warehouse.query(&access, sql, QueryLimits::default()).await?;
        watch.lap(sql);
    }
    let cut = MetricQuery::of("timeliness").by(&["district"]);
    for _ in 0..2 {
        warehouse.metrics(&access, &cut).await?;
        watch.lap("metric by district");
    }
    Ok(())
}
