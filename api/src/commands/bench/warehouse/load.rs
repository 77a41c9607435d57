//! The made-up events, golden records and crosswalks taken in by the warehouse's own doors, and a release made of them.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use arrow::array::RecordBatch;
use kanak_codes::Codes;
use kanak_model::builtin::{entity_models, event_models};
use kanak_model::{EntityModel, EventModel};
use kanak_warehouse::Warehouse;
use serde_json::json;

use super::batches::{applications, citizen, crosswalks, grievances, officers};
use super::made::{APPLICATIONS_A_GRIEVANCE, NOW, State};
use super::{peak_mib, print, reset_peak, seconds};
use crate::output::Output;

/// Events of one ingest run: memory holds one run at a time.
const RUN_ROWS: u64 = 250_000;

/// A loaded warehouse, and what it was made of.
pub(super) struct Loaded {
    pub(super) warehouse: Warehouse,
    pub(super) state: State,
    /// Service applications.
    pub(super) rows: u64,
    pub(super) citizen: EntityModel,
}

/// A batch of made-up events, by number.
type Make = fn(&State, Range<u64>) -> anyhow::Result<RecordBatch>;

impl Loaded {
    /// Makes `rows` applications, and grievances and golden records with them, and builds the first release in `lake`.
    pub(super) async fn load(lake: &Path, rows: u64, golden: u64, seed: u64, output: &Output) -> anyhow::Result<Self> {
        let codes = Codes::builtin()?;
        let state = State::new(&codes, seed, golden)?;
        let warehouse = Warehouse::open(lake, Arc::new(codes))?;
        reset_peak();
        let mut taken = Duration::ZERO;
        let all = rows + rows / APPLICATIONS_A_GRIEVANCE;
        let kinds: [(&str, u64, Make); 2] =
            [("service_application", rows, applications), ("grievance", rows / APPLICATIONS_A_GRIEVANCE, grievances)];
        for (name, count, make) in kinds {
            taken += append(&warehouse, &state, &event_model(name)?, count, make).await?;
        }
        let per_second = (all as f64 / taken.as_secs_f64()).round();
        print(
            output,
            "load_events",
            rows,
            json!({ "events": all, "seconds": seconds(taken), "per_second": per_second, "peak_mib": peak_mib() }),
        );
        reset_peak();
        let (citizen_model, employee) = (entity_model("citizen")?, entity_model("employee")?);
        let citizens: Vec<_> = (0..golden).map(|id| citizen(&state, id)).collect();
        let (people, links) = (officers(&state), crosswalks(&state, |key| key));
        let begin = Instant::now();
        warehouse.load_dimension(&citizen_model, citizens).await?;
        warehouse.load_dimension(&employee, people).await?;
        warehouse.load_crosswalk(links).await?;
        let taken = begin.elapsed();
        print(
            output,
            "load_golden_records",
            rows,
            json!({ "golden": golden, "seconds": seconds(taken), "peak_mib": peak_mib() }),
        );
        reset_peak();
        let begin = Instant::now();
        let release = warehouse.build(1, NOW).await?;
        let bytes: u64 = release.tables.values().flat_map(|table| &table.files).map(|file| file.bytes).sum();
        print(
            output,
            "build",
            rows,
            json!({
                "seconds": seconds(begin.elapsed()), "tables": release.tables.len(), "bytes": bytes,
                "peak_mib": peak_mib(),
            }),
        );
        Ok(Self { warehouse, state, rows, citizen: citizen_model })
    }
}

/// Appends events run by run, and returns how long the warehouse took: making them up is not counted.
async fn append(
    warehouse: &Warehouse,
    state: &State,
    model: &EventModel,
    count: u64,
    make: Make,
) -> anyhow::Result<Duration> {
    let mut taken = Duration::ZERO;
    for (run, start) in (0..count).step_by(RUN_ROWS as usize).enumerate() {
        let batch = make(state, start..count.min(start + RUN_ROWS))?;
        let begin = Instant::now();
        warehouse.append_events(model, run as i64 + 1, vec![batch]).await?;
        taken += begin.elapsed();
    }
    Ok(taken)
}

fn event_model(name: &str) -> anyhow::Result<EventModel> {
    let model = event_models()?.into_iter().find(|model| model.name == name);
    model.with_context(|| format!("there is no event model `{name}`"))
}

fn entity_model(name: &str) -> anyhow::Result<EntityModel> {
    let model = entity_models()?.into_iter().find(|model| model.name == name);
    model.with_context(|| format!("there is no entity model `{name}`"))
}
