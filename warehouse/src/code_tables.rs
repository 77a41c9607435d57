//! Dimensions made from code systems: `dim_offices`, `dim_services` and their like.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray};
use chrono::NaiveDate;
use kanak_codes::{CodeSystem, Codes, Concept, Language, Status};

use crate::calendar::{DISTRICT_DATES, days_since_epoch};
use crate::error::WarehouseError;
use crate::schema::{Column, ColumnType, arrow_schema};

/// A dimension and the code system it is made from, with the properties that become columns beside `code`, `name`,
/// `name_pa`, `name_hi`, `parent` and `is_active`.
struct CodeTable {
    table: &'static str,
    system: &'static str,
    properties: &'static [(&'static str, ColumnType)],
}

use ColumnType::{Day, Flag, Integer, Text};

const CODE_TABLES: &[CodeTable] = &[
    CodeTable { table: "dim_departments", system: "department", properties: &[("kind", Text), ("register", Text)] },
    CodeTable {
        table: "dim_offices",
        system: "office",
        properties: &[
            ("department", Text),
            ("level", Text),
            ("district", Text),
            ("subdistrict", Text),
            ("ulb", Text),
            ("reports_to", Text),
            ("made_up", Flag),
        ],
    },
    CodeTable {
        table: "dim_services",
        system: "service",
        properties: &[
            ("department", Text),
            ("working_day_limit", Integer),
            ("limit_note", Text),
            ("designated_officer", Text),
            ("fee_paise", Integer),
            ("made_up", Flag),
        ],
    },
    CodeTable {
        table: "dim_centres",
        system: "centre",
        properties: &[("district", Text), ("subdistrict", Text), ("made_up", Flag)],
    },
    CodeTable {
        table: "dim_districts",
        system: "lgd-district",
        properties: &[("label", Text), ("state_code", Text), ("census_2011", Text)],
    },
    CodeTable { table: "dim_revenue_heads", system: "revenue-head", properties: &[("section", Text)] },
    CodeTable {
        table: "dim_complaint_types",
        system: "complaint-type",
        properties: &[("department", Text), ("sla_hours", Integer), ("menu", Text)],
    },
    CodeTable {
        table: "dim_scheme_codes",
        system: "scheme",
        properties: &[
            ("department", Text),
            ("category", Text),
            ("benefit_kind", Text),
            ("monthly_amount_paise", Integer),
            ("made_up", Flag),
        ],
    },
];

/// The dated limits of services.
pub(crate) const SERVICE_LIMITS: &str = "dim_service_limits";

/// Whether a table is a public list, the same for every caller.
pub(crate) fn is_code_list(table: &str) -> bool {
    table == "dim_dates"
        || table == DISTRICT_DATES
        || table == SERVICE_LIMITS
        || CODE_TABLES.iter().any(|one| one.table == table)
}

/// What a code table holds, in a sentence.
pub(crate) fn describe(codes: &Codes, table: &str) -> Option<String> {
    let one = CODE_TABLES.iter().find(|one| one.table == table)?;
    let system = codes.system(one.system)?;
    Some(format!("{}: one row per code of code system `{}`, version {}", system.title(), one.system, system.version()))
}

/// All code tables with their rows.
pub(crate) fn code_tables(codes: &Codes) -> Result<Vec<(&'static str, RecordBatch)>, WarehouseError> {
    let mut tables = Vec::with_capacity(CODE_TABLES.len() + 1);
    for table in CODE_TABLES {
        tables.push((table.table, rows(table, find_system(codes, table.table, table.system)?)?));
    }
    tables.push((SERVICE_LIMITS, service_limits(find_system(codes, SERVICE_LIMITS, "service")?)?));
    Ok(tables)
}

fn find_system<'a>(codes: &'a Codes, table: &str, system: &str) -> Result<&'a CodeSystem, WarehouseError> {
    codes
        .get_system(system)
        .map_err(|error| WarehouseError::Batch { table: table.to_owned(), message: error.to_string() })
}

fn batch(table: &str, columns: &[Column], arrays: Vec<ArrayRef>) -> Result<RecordBatch, WarehouseError> {
    RecordBatch::try_new(arrow_schema(columns), arrays)
        .map_err(|error| WarehouseError::Batch { table: table.to_owned(), message: error.to_string() })
}

fn column(name: &str, kind: ColumnType) -> Column {
    Column { name: name.to_owned(), kind }
}

fn rows(table: &CodeTable, system: &CodeSystem) -> Result<RecordBatch, WarehouseError> {
    let concepts: Vec<Concept<'_>> = system.concepts().collect();
    let texts = |of: &dyn Fn(&Concept<'_>) -> Option<String>| -> ArrayRef {
        Arc::new(concepts.iter().map(of).collect::<StringArray>())
    };
    let mut columns = vec![
        column("code", Text),
        column("name", Text),
        column("name_pa", Text),
        column("name_hi", Text),
        column("parent", Text),
        column("is_active", Flag),
    ];
    let mut arrays: Vec<ArrayRef> = vec![
        texts(&|concept| Some(concept.code().to_owned())),
        texts(&|concept| Some(concept.display().to_owned())),
        texts(&|concept| concept.designation(Language::Pa).map(str::to_owned)),
        texts(&|concept| concept.designation(Language::Hi).map(str::to_owned)),
        texts(&|concept| concept.parent().map(str::to_owned)),
        Arc::new(concepts.iter().map(|concept| Some(concept.status() == Status::Active)).collect::<BooleanArray>()),
    ];
    for (name, kind) in table.properties {
        columns.push(column(name, *kind));
        arrays.push(match kind {
            Integer => {
                Arc::new(concepts.iter().map(|concept| concept.property(name)?.parse().ok()).collect::<Int64Array>())
            }
            Flag => Arc::new(
                concepts
                    .iter()
                    .map(|concept| concept.property(name).map(|word| word == "true"))
                    .collect::<BooleanArray>(),
            ),
            _ => texts(&|concept| concept.property(name).map(str::to_owned)),
        });
    }
    batch(table.table, &columns, arrays)
}

/// `dim_service_limits`: one row per service and period in which one limit was in force, `[valid_from, valid_to)`.
/// The property `limit_history` lists `date:working days`, parted by semicolons, oldest first.
fn service_limits(system: &CodeSystem) -> Result<RecordBatch, WarehouseError> {
    let (mut services, mut limits, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for concept in system.concepts() {
        let history = parse_history(concept.property("limit_history").unwrap_or_default()).ok_or_else(|| {
            let message = format!("service {} has a limit_history that is not `date:days;...`", concept.code());
            WarehouseError::Batch { table: SERVICE_LIMITS.to_owned(), message }
        })?;
        for (index, (day, limit)) in history.iter().enumerate() {
            services.push(concept.code());
            limits.push(*limit);
            from.push(days_since_epoch(*day));
            to.push(history.get(index + 1).map(|(next, _)| days_since_epoch(*next)));
        }
    }
    let columns = [
        column("service", Text),
        column("working_day_limit", Integer),
        column("valid_from", Day),
        column("valid_to", Day),
    ];
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(services)),
        Arc::new(Int64Array::from(limits)),
        Arc::new(Date32Array::from(from)),
        Arc::new(Date32Array::from(to)),
    ];
    batch(SERVICE_LIMITS, &columns, arrays)
}

fn parse_history(text: &str) -> Option<Vec<(NaiveDate, i64)>> {
    let mut history: Vec<(NaiveDate, i64)> = text
        .split(';')
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let (day, limit) = entry.split_once(':')?;
            Some((day.parse().ok()?, limit.parse().ok()?))
        })
        .collect::<Option<_>>()?;
    history.sort_unstable();
    Some(history)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Date32Type, Int64Type};

    use super::*;

    #[test]
    fn a_limit_holds_from_its_day_until_the_next_one() {
        let codes = Codes::builtin().unwrap();
        let limits = service_limits(codes.get_system("service").unwrap()).unwrap();
        let services = limits["service"].as_string::<i32>();
        let rows: Vec<_> = (0..limits.num_rows())
            .filter(|row| services.value(*row) == "SVC-002")
            .map(|row| {
                let days = |name: &str| {
                    let array = limits[name].as_primitive::<Date32Type>();
                    array.is_valid(row).then(|| crate::calendar::day_of(array.value(row)).to_string())
                };
                (
                    limits["working_day_limit"].as_primitive::<Int64Type>().value(row),
                    days("valid_from"),
                    days("valid_to"),
                )
            })
            .collect();
        let day = |text: &str| Some(text.to_owned());
        assert_eq!(rows, [(21, day("2012-01-01"), day("2016-01-01")), (45, day("2016-01-01"), None)]);
    }

    #[test]
    fn a_broken_history_is_refused() {
        assert_eq!(parse_history("2014-01-01:21;2016-01-01"), None);
        assert_eq!(parse_history("").unwrap(), []);
    }

    #[test]
    fn every_code_system_gives_its_table_with_all_its_codes() {
        let codes = Codes::builtin().unwrap();
        let tables = code_tables(&codes).unwrap();
        let districts = &tables.iter().find(|(name, _)| *name == "dim_districts").unwrap().1;
        assert_eq!(districts.num_rows(), codes.get_system("lgd-district").unwrap().len());
        assert!(tables.iter().all(|(name, batch)| is_code_list(name) && batch.num_rows() > 0));
    }
}
