//! Releases: atomic, repeatable, and the same for a process that starts later.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{SortOptions, concat_batches};
use arrow::row::{RowConverter, SortField};
use kanak_model::EntityModel;
use kanak_warehouse::{QueryLimits, rows_json};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::*;

fn receipt(no: &str, paise: &str) -> Event {
    event([
        ("receipt_no", no),
        ("revenue_head", "0005"),
        ("district", "27"),
        ("amount", paise),
        ("received_at", "2026-01-05T05:00:00Z"),
    ])
}

async fn total(lake: &Lake) -> (i64, i64) {
    let rows = lake.rows("SELECT count(*) AS n, coalesce(sum(amount_paise), 0) AS paise FROM fct_receipts").await;
    (int(&rows[0], "n"), int(&rows[0], "paise"))
}

#[tokio::test]
async fn every_model_is_built_even_when_nothing_was_loaded() {
    let lake = Lake::new();
    lake.build().await;
    let release = lake.warehouse.release().unwrap();
    let tables: Vec<&String> =
        release.tables.keys().filter(|name| name.starts_with("mart_") || name.starts_with("fct_")).collect();
    assert_eq!(tables.len(), 10 + 15, "{tables:?}");
    for table in release.tables.keys() {
        lake.rows(&format!("SELECT * FROM {table} LIMIT 1")).await;
    }
}

#[tokio::test]
async fn the_same_run_appended_twice_changes_nothing() {
    let lake = Lake::new();
    assert!(lake.append("receipt", 1, &[receipt("a", "100"), receipt("b", "200")]).await);
    lake.build().await;
    assert!(!lake.append("receipt", 1, &[receipt("a", "100"), receipt("b", "200")]).await);
    assert!(!append_to(&lake.reopen(), 1).await, "a process that starts later knows the run as well");
    lake.warehouse.build(2, now()).await.unwrap();
    assert_eq!(total(&lake).await, (2, 300));
}

async fn append_to(warehouse: &kanak_warehouse::Warehouse, run: i64) -> bool {
    let model = event_model("receipt");
    warehouse.append_events(&model, run, vec![event_batch(&model, &[receipt("a", "100")])]).await.unwrap()
}

#[tokio::test]
async fn a_run_without_events_is_known_to_be_there() {
    let lake = Lake::new();
    let model = event_model("receipt");
    assert!(!lake.warehouse.has_events(&model, 1).await.unwrap());
    assert!(lake.append("receipt", 1, &[]).await);
    assert!(lake.warehouse.append_events(&model, 2, Vec::new()).await.unwrap());
    for warehouse in [&lake.warehouse, &lake.reopen()] {
        assert!(warehouse.has_events(&model, 1).await.unwrap() && warehouse.has_events(&model, 2).await.unwrap());
        assert!(!warehouse.has_events(&model, 3).await.unwrap());
    }
    lake.build().await;
    assert_eq!(total(&lake).await, (0, 0));
}

#[tokio::test]
async fn an_event_stated_again_by_a_later_run_replaces_the_former() {
    let lake = Lake::new();
    lake.append("receipt", 2, &[receipt("a", "150")]).await;
    lake.append("receipt", 1, &[receipt("a", "100"), receipt("b", "200")]).await;
    lake.build().await;
    assert_eq!(total(&lake).await, (2, 350), "run 2 is later than run 1, whatever came first");
}

#[tokio::test]
async fn loading_and_building_the_same_again_keeps_the_release() {
    let lake = Lake::new();
    let citizens = || vec![golden_version(1, "active", &[("district", "27")]), golden_version(2, "active", &[])];
    assert!(lake.golden("citizen", citizens()).await);
    lake.append("receipt", 1, &[receipt("a", "100")]).await;
    let first = lake.warehouse.build(1, now()).await.unwrap();
    assert!(!lake.golden("citizen", citizens().into_iter().rev().collect()).await, "order is no change");
    assert_eq!(lake.warehouse.build(1, now()).await.unwrap(), first);
    let next = lake.warehouse.build(2, now()).await.unwrap();
    assert_eq!((next.number, next.feed_position), (2, 2));
    assert_eq!(next.tables["fct_receipts"], first.tables["fct_receipts"], "what did not change is not written again");
}

#[tokio::test]
async fn another_day_is_another_release_because_pending_work_aged() {
    let lake = Lake::new();
    let case = event([
        ("application_no", "1"),
        ("service", "SVC-001"),
        ("office", "OFF-REV-D27"),
        ("applied_at", "2026-09-30T05:00:00Z"),
        ("outcome", "pending"),
    ]);
    lake.append("service_application", 1, &[case]).await;
    lake.build().await;
    let overdue = || async { int(&lake.rows("SELECT sum(overdue) AS n FROM mart_service_delivery").await[0], "n") };
    assert_eq!(overdue().await, 0);
    let later = lake.warehouse.build(1, at("2026-10-03T06:00:00Z")).await.unwrap();
    assert_eq!((later.number, overdue().await), (2, 1));
}

#[tokio::test]
async fn a_later_instant_of_the_same_day_writes_no_pending_work_anew() {
    let lake = Lake::new();
    let application = event([("application_no", "1"), ("service", "SVC-001"), ("applied_at", "2026-09-30T05:00:00Z")]);
    let grievance = event([("grievance_no", "1"), ("office", "OFF-REV-D27"), ("filed_at", "2026-09-30T05:00:00Z")]);
    lake.append("service_application", 1, &[application]).await;
    lake.append("grievance", 1, &[grievance]).await;
    let first = lake.warehouse.build(1, now()).await.unwrap();
    lake.golden("business", vec![golden_version(1, "active", &[("district", "27")])]).await;
    // The last instant of the day in India.
    let same_day = lake.warehouse.build(2, at("2026-10-01T18:29:59Z")).await.unwrap();
    let next_day = lake.warehouse.build(3, at("2026-10-01T18:30:00Z")).await.unwrap();
    assert_eq!((same_day.number, next_day.number), (2, 3));
    for fact in ["fct_service_applications", "fct_grievances"] {
        assert_eq!(same_day.tables[fact], first.tables[fact], "{fact}");
        assert_ne!(next_day.tables[fact], first.tables[fact], "{fact}");
    }
}

#[tokio::test]
async fn a_build_that_fails_half_way_leaves_the_former_release_readable() {
    let lake = Lake::new();
    lake.append("receipt", 1, &[receipt("a", "100")]).await;
    let first = lake.warehouse.build(1, now()).await.unwrap();
    lake.append("receipt", 2, &[receipt("b", "200")]).await;
    // A model without the date of death: receipts are built anew, benefit payments cannot be.
    let text = "[entity]\nname = \"citizen\"\ntitle = { en = \"C\" }\nlabel = \"full_name\"\n[[attribute]]\nname = \"full_name\"\nkind = \"person_name\"\nclass = \"personal\"\n";
    let model = EntityModel::parse("citizen.toml", text).unwrap();
    lake.warehouse.load_dimension(&model, [golden_version(1, "active", &[])]).await.unwrap();
    let error = lake.warehouse.build(2, now()).await.unwrap_err().to_string();
    assert!(error.contains("fct_benefit_payments") && error.contains("date_of_death"), "{error}");
    assert_eq!(lake.warehouse.release().unwrap(), first);
    assert_eq!(total(&lake).await, (1, 100));
    let reopened = lake.reopen();
    assert_eq!(reopened.release().unwrap(), first);
    assert_eq!(rows(&reopened, &everything(), "SELECT * FROM fct_receipts").await.len(), 1);
    // With the model mended, the next build completes.
    lake.golden("citizen", vec![golden_version(1, "active", &[])]).await;
    lake.warehouse.build(3, now()).await.unwrap();
    assert_eq!(total(&lake).await, (2, 300));
}

#[tokio::test]
async fn a_manifest_that_was_cut_off_is_not_taken_for_the_current_one() {
    let lake = Lake::new();
    lake.append("receipt", 1, &[receipt("a", "100")]).await;
    let first = lake.warehouse.build(1, now()).await.unwrap();
    std::fs::write(lake.folder.path().join("lake/release.json.new"), "{\"number\": 2, \"fe").unwrap();
    assert_eq!(lake.reopen().release().unwrap(), first);
}

#[tokio::test]
async fn a_process_that_starts_later_answers_as_the_one_that_built() {
    let lake = Lake::new();
    lake.append("receipt", 1, &[receipt("a", "100")]).await;
    lake.build().await;
    let reopened = lake.reopen();
    let sql = "SELECT * FROM mart_overview";
    assert_eq!(rows(&reopened, &everything(), sql).await, lake.rows(sql).await);
    assert_eq!(reopened.build(1, now()).await.unwrap(), lake.warehouse.release().unwrap());
}

#[tokio::test]
async fn versions_of_a_golden_record_are_periods_and_one_is_current() {
    let lake = Lake::new();
    let mut old = golden_version(1, "active", &[("district", "27"), ("full_name", "Someone")]);
    old.recorded_to = Some(at("2026-02-01T00:00:00Z").0);
    let mut new = golden_version(1, "deceased", &[("district", "28")]);
    (new.version, new.recorded_from) = (2, at("2026-02-01T00:00:00Z").0);
    lake.golden("citizen", vec![new, old]).await;
    lake.build().await;
    let rows = lake
        .rows("SELECT version, status, district, valid_from, valid_to, is_current FROM dim_citizens ORDER BY version")
        .await;
    let found: Vec<[String; 5]> = rows
        .iter()
        .map(|row| ["status", "district", "valid_from", "valid_to", "is_current"].map(|name| text(row, name)))
        .collect();
    assert_eq!(found[0], ["active", "27", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "false"].map(str::to_owned));
    assert_eq!(found[1], ["deceased", "28", "2026-02-01T00:00:00Z", "", "true"].map(str::to_owned));
}

#[tokio::test]
async fn compaction_deletes_what_no_kept_release_reads_and_changes_no_answer() {
    let lake = Lake::new();
    for run in 1..=20 {
        lake.append("receipt", run, &[receipt(&run.to_string(), "100")]).await;
        if run % 5 == 0 {
            lake.warehouse.build(run, now()).await.unwrap();
        }
    }
    let files = || {
        let folder = lake.folder.path().join("lake/fct_receipts");
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".parquet")).count()
    };
    assert_eq!(files(), 2, "a build keeps the files of its release and of the one before");
    lake.warehouse.compact(1).await.unwrap();
    assert_eq!(files(), 1);
    assert_eq!(total(&lake).await, (20, 2000));
    assert!(!append_to(&lake.warehouse, 3).await, "a run is known after compaction");
    lake.append("receipt", 21, &[receipt("21", "100")]).await;
    lake.warehouse.build(21, now()).await.unwrap();
    assert_eq!(total(&lake).await, (21, 2100));
    assert_eq!(rows(&lake.reopen(), &everything(), "SELECT * FROM fct_receipts").await.len(), 21);
}

#[tokio::test]
async fn sorted_tables_are_read_in_order_without_a_sort() {
    let lake = Lake::new();
    let events: Vec<Event> = (0..50).map(|number| receipt(&format!("{:02}", 50 - number), "1")).collect();
    lake.append("receipt", 1, &events).await;
    lake.build().await;
    let sql = "SELECT district, revenue_head FROM fct_receipts ORDER BY district ASC NULLS FIRST, revenue_head ASC NULLS FIRST";
    let plan = lake.warehouse.query(&everything(), &format!("EXPLAIN {sql}"), QueryLimits::default()).await.unwrap();
    let plan = rows_json(&plan).iter().map(|row| text(row, "plan")).collect::<String>();
    assert!(plan.contains("DataSourceExec") && !plan.contains("SortExec"), "{plan}");
}

/// The bytes of the data files below a folder.
fn data_bytes(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let bytes = entries.map(|entry| {
        if entry.file_type().unwrap().is_dir() {
            data_bytes(&entry.path())
        } else if entry.path().extension().is_some_and(|extension| extension == "parquet") {
            entry.metadata().unwrap().len()
        } else {
            0
        }
    });
    bytes.sum()
}

#[tokio::test]
async fn refreshing_again_and_again_does_not_let_the_lake_grow() {
    let lake = Lake::new();
    let events: Vec<Event> = (0..500).map(|number| receipt(&number.to_string(), "100")).collect();
    lake.append("receipt", 1, &events).await;
    let mut sizes = Vec::new();
    for day in 1..=6 {
        // Each day ages pending work, so that every fact and mart that reads the moment is written anew.
        lake.golden("citizen", vec![golden_version(day, "active", &[("district", "27")])]).await;
        lake.warehouse.build(day, at(&format!("2026-10-0{day}T06:00:00Z"))).await.unwrap();
        sizes.push(data_bytes(&lake.folder.path().join("lake")));
    }
    assert!(sizes[5] <= sizes[1] + sizes[1] / 50, "two releases are the most that is kept: {sizes:?}");
    // What is left is what the newest logs and the kept releases name: every table still reads, here and reopened.
    let reopened = lake.reopen();
    for table in reopened.release().unwrap().tables.keys() {
        let sql = format!("SELECT count(*) AS n FROM (SELECT * FROM {table} WHERE true) AS held");
        assert_eq!(rows(&reopened, &everything(), &sql).await, lake.rows(&sql).await, "{table}");
    }
    let again = lake.warehouse.build(6, at("2026-10-06T07:00:00Z")).await.unwrap();
    assert_eq!(again.number, 6, "housekeeping is no change");
}

#[tokio::test]
async fn after_a_build_the_log_of_every_table_names_only_files_that_are_there() {
    let lake = Lake::new();
    for day in 1..=3 {
        lake.append("receipt", day, &[receipt(&day.to_string(), "100")]).await;
        lake.warehouse.build(day, at(&format!("2026-10-0{day}T06:00:00Z"))).await.unwrap();
    }
    let mut looked_at = 0;
    for folder in ["lake", "lake/restricted"] {
        for entry in std::fs::read_dir(lake.folder.path().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if !path.join("_delta_log").is_dir() {
                continue;
            }
            let url = url::Url::from_directory_path(&path).unwrap();
            let table = deltalake::open_table(url).await.unwrap();
            for file in table.snapshot().unwrap().log_data().iter() {
                assert!(path.join(file.object_store_path().as_ref()).exists(), "{}", path.display());
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 10, "{looked_at}");
}

/// What queries rely on: an order that is stated and is not there gives wrong figures.
#[tokio::test]
async fn every_table_lies_in_the_order_that_its_release_says() {
    let lake = Lake::new();
    let numbers: Vec<String> = (0..300).rev().map(|number| format!("r{:03}", number * 7 % 300)).collect();
    let receipts: Vec<Event> = numbers.iter().map(|number| receipt(number, "100")).collect();
    lake.append("receipt", 1, &receipts).await;
    lake.build().await;
    let ascending = SortOptions { descending: false, nulls_first: true };
    let mut looked_at = Vec::new();
    for (name, table) in &lake.warehouse.release().unwrap().tables {
        let [file] = table.files.as_slice() else { continue };
        if table.sorted_by.is_empty() {
            continue;
        }
        let file = File::open(lake.folder.path().join("lake").join(&file.path)).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        let Some(first) = batches.first() else { continue };
        let all = concat_batches(&first.schema(), &batches).unwrap();
        let columns: Vec<ArrayRef> =
            table.sorted_by.iter().map(|column| Arc::clone(all.column_by_name(column).unwrap())).collect();
        let fields =
            columns.iter().map(|column| SortField::new_with_options(column.data_type().clone(), ascending)).collect();
        let rows = RowConverter::new(fields).unwrap().convert_columns(&columns).unwrap();
        assert!(rows.iter().is_sorted(), "{name} does not lie in the order of {:?}", table.sorted_by);
        looked_at.extend((rows.num_rows() > 1).then_some(name.clone()));
    }
    for table in ["fct_receipts", "mart_overview"] {
        assert!(looked_at.iter().any(|name| name == table), "{table} is not among {looked_at:?}");
    }
}

#[tokio::test]
async fn a_release_is_read_by_those_who_began_before_the_next_one() {
    let lake = Lake::new();
    lake.append("receipt", 1, &[receipt("a", "100")]).await;
    let first = lake.warehouse.build(1, now()).await.unwrap();
    lake.append("receipt", 2, &[receipt("b", "100")]).await;
    lake.warehouse.build(2, now()).await.unwrap();
    for table in first.tables.values() {
        for file in &table.files {
            assert!(lake.folder.path().join("lake").join(&file.path).exists(), "{}", file.path);
        }
    }
}

#[tokio::test]
async fn an_event_model_that_got_an_attribute_reads_events_that_were_staged_before() {
    let lake = Lake::new();
    let mut former = event_model("service_application");
    former.attributes.retain(|attribute| !attribute.name.starts_with("hold_"));
    let case =
        event([("application_no", "1"), ("service", "SVC-001"), ("office", "OFF-REV-D27"), ("outcome", "pending")]);
    lake.warehouse.append_events(&former, 1, vec![event_batch(&former, &[case])]).await.unwrap();
    lake.build().await;
    let held = lake.rows("SELECT days_held FROM fct_service_applications").await;
    assert_eq!(int(&held[0], "days_held"), 0);
}

#[tokio::test]
async fn the_lake_is_its_owners_alone_and_is_made_so_where_it_was_not() {
    use std::os::unix::fs::PermissionsExt as _;
    let lake = Lake::new();
    let folders = ["lake", "lake/restricted"].map(|name| lake.folder.path().join(name));
    let modes = || folders.each_ref().map(|path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777);
    assert_eq!(modes(), [0o700, 0o700]);
    for path in &folders {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    lake.reopen();
    assert_eq!(modes(), [0o700, 0o700]);
}

#[tokio::test]
async fn a_release_counts_its_crosswalks_and_as_many_facts_as_events() {
    let lake = Lake::new();
    lake.link(&[
        ("citizen", "food:1", 1),
        ("citizen", "pds:1", 1),
        ("citizen", "food:2", 2),
        ("employee", "hrms:1", 9),
    ])
    .await;
    lake.append("receipt", 1, &[receipt("a", "100"), receipt("b", "100")]).await;
    lake.append("receipt", 2, &[receipt("a", "150")]).await;
    lake.build().await;
    let counted = lake.warehouse.reconcile().await.unwrap();
    assert_eq!((counted.release, counted.feed_position), (1, 1));
    assert_eq!((counted.crosswalks["citizen"], counted.golden_records["citizen"]), (3, 2));
    assert_eq!((counted.crosswalks["employee"], counted.golden_records["employee"]), (1, 1));
    assert!(counted.facts.iter().all(|fact| fact.events == fact.rows), "{:?}", counted.facts);
    let receipts = counted.facts.iter().find(|fact| fact.fact == "fct_receipts").unwrap();
    assert_eq!(receipts.events, 2);
}
