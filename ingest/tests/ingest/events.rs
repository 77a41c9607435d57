//! Events become typed columns.

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use kanak_ingest::{EventBatchBuilder, Rows, event_schema};
use kanak_model::SourceSystem;
use kanak_model::quality::QualityRule;
use kanak_model::source_record::Stated;

use crate::support::{Folder, event, read};

const TARGETS: &str = r#"
[source]
name = "grievances"
title = { en = "Grievances" }
department = "GR"
event = "grievance"
files = "grievances*.csv"
format = { type = "csv" }
load = "delta"
key = ["Office", "No"]

[[column]]
from = "No"
to = "grievance_no"

[[column]]
from = "Office"
to = "office"

[[column]]
from = "Citizen"
to = "complainant"
source = "ration"

[[column]]
from = "Filed"
to = "filed_at"

[[column]]
value = "open"
to = "outcome"

[[column]]
from = "Rating"
to = "rating"
"#;

#[test]
fn events_are_typed_by_the_kind_of_their_attributes() {
    let model = event("grievance");
    let source = SourceSystem::parse("grievances.toml", TARGETS).unwrap();
    let codes = kanak_codes::Codes::builtin().unwrap();
    let office = codes.system("office").unwrap().concepts().next().unwrap().code().to_owned();
    let folder = Folder::new();
    let text = format!(
        "No,Office,Citizen,Filed,Rating\n7,{office},R1,31/03/2024 18:30,4\n8,{office},,01/04/2024,\n9,nowhere,,01/04/2024,\n10,{office},,soon,\n"
    );
    let path = folder.write("grievances.csv", text);
    let taken = read(&source, Rows::Event(&model), &path).unwrap();
    let rejected: Vec<_> = taken.rejected.iter().map(|row| (row.line, row.rule)).collect();
    assert_eq!(rejected, [(4, QualityRule::Code), (5, QualityRule::Kind)]);

    let mut builder = EventBatchBuilder::new(&model, &source.name);
    let batch = builder.build(&taken.rows).unwrap();
    assert_eq!(batch.schema(), event_schema(&model));
    assert_eq!(batch.num_rows(), 2);
    let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
    let filed = batch.column_by_name("filed_at").unwrap().as_primitive::<TimestampMicrosecondType>();
    assert_eq!(filed.data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    assert_eq!(filed.value(0), 1_711_890_000_000_000);
    let rating = batch.column_by_name("rating").unwrap().as_primitive::<Int64Type>();
    assert_eq!((rating.value(0), rating.is_null(1)), (4, true));
    assert_eq!(text("complainant").value(0), "ration:R1");
    assert_eq!(text("outcome").value(1), "open");
    assert_eq!(text("source_system").value(1), "grievances");
    assert_eq!(text("source_key").value(0), format!("{office}/7"));
    assert_eq!(batch.column_by_name("source_line").unwrap().as_primitive::<Int64Type>().values(), &[2, 3]);
    assert!(builder.is_empty());
    assert_eq!(builder.build(&[]).unwrap().num_rows(), 0);

    let mut wrong = taken.rows[0].clone();
    wrong.values.insert("rating", Stated::new("four", "four"));
    let error = builder.build(&[taken.rows[1].clone(), wrong]).unwrap_err();
    crate::support::says(&error, &["grievance of grievances:2:", "`rating`"]);
}
