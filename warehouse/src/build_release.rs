//! Building a release: inputs pinned, models run in order, one manifest put at the end.
//!
//! Until the manifest is put, readers see the former release: its tables are pinned to Delta versions that a build
//! never touches. A build that stops half-way leaves newer versions behind that no manifest names; the next build
//! writes over them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::SortExpr;
use datafusion::prelude::col;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use kanak_codes::{Codes, Holidays};
use kanak_model::Timestamp;
use kanak_model::builtin::{entity_models, event_models};
use tracing::info;

use crate::calendar;
use crate::catalog::{THIS_RELEASE, new_session, provider, this_release};
use crate::code_tables::{code_tables, is_code_list};
use crate::delta::DeltaTables;
use crate::dimension;
use crate::error::WarehouseError;
use crate::models::SqlModel;
use crate::relations;
use crate::release::{Folder, Release, ReleaseTable};
use crate::schema::normalize_frame;
use crate::staging;

/// How rows are laid into files. Raised where that changes, so that what was written otherwise is written anew.
const LAYOUT: u32 = 2;

/// How many models run at a time.
const MODELS_AT_ONCE: usize = 2;

/// What a build works with.
pub(crate) struct Builder<'a> {
    pub(crate) lake: &'a Path,
    pub(crate) tables: &'a DeltaTables,
    pub(crate) runtime: &'a Arc<RuntimeEnv>,
    pub(crate) codes: &'a Codes,
    pub(crate) holidays: &'a Holidays,
    pub(crate) models: &'a [SqlModel],
}

impl Builder<'_> {
    /// Makes the release of `feed_position` as it stands at `now`, or returns `former` when nothing has changed since
    /// and the day in India is still the same.
    pub(crate) async fn build(
        &self,
        former: Option<&Release>,
        feed_position: i64,
        now: Timestamp,
    ) -> Result<Release, WarehouseError> {
        self.write_lists(now).await?;
        crate::compact::merge_staged(self.lake, self.tables).await?;
        self.write_missing_inputs().await?;
        let inputs = self.pin_inputs().await?;
        if let Some(former) = former
            && former.feed_position == feed_position
            && former.built_at.day_ist() == now.day_ist()
            && self.is_built_from(former, &inputs)
        {
            return Ok(former.clone());
        }
        let number = former.map_or(1, |former| former.number + 1);
        let moment = Release { number, feed_position, built_at: now, tables: inputs, sums: BTreeMap::new() };
        self.run_models(former, moment).await
    }

    /// Code lists and the calendar.
    async fn write_lists(&self, now: Timestamp) -> Result<(), WarehouseError> {
        for (table, batch) in code_tables(self.codes)? {
            self.tables.replace(table, Folder::Open, batch).await?;
        }
        self.tables.replace("dim_dates", Folder::Open, calendar::dates(self.holidays, now.day_ist())?).await?;
        let of_districts = calendar::district_dates(self.holidays, now.day_ist())?;
        self.tables.replace(calendar::DISTRICT_DATES, Folder::Open, of_districts).await?;
        Ok(())
    }

    /// Inputs of models that nobody has loaded yet, empty, so that every figure is there from the first day.
    async fn write_missing_inputs(&self) -> Result<(), WarehouseError> {
        let mut missing = Vec::new();
        for model in entity_models()? {
            missing.push((dimension::table_name(&model), Folder::Open, dimension::open_batch(&model, &[])?));
            if let Some(batch) = dimension::personal_batch(&model, &[])? {
                missing.push((dimension::personal_table_name(&model), Folder::Restricted, batch));
            }
        }
        for model in event_models()? {
            let columns = staging::event_columns(&model);
            missing.push((staging::event_table(&model), Folder::Restricted, staging::empty(&columns)));
        }
        missing.push((
            staging::CROSSWALK.to_owned(),
            Folder::Restricted,
            staging::empty(&staging::crosswalk_columns()),
        ));
        for (table, folder) in
            [(relations::RELATIONS, Folder::Open), (relations::PERSONAL_RELATIONS, Folder::Restricted)]
        {
            missing.push((table.to_owned(), folder, relations::batch(table, &[])?));
        }
        for table in [staging::INGEST_QUALITY, staging::MATCH_QUALITY, staging::REGISTER_FILES] {
            let columns = staging::hub_columns(table).unwrap_or_default();
            missing.push((table.to_owned(), Folder::Open, staging::empty(&columns)));
        }
        for (table, folder, batch) in missing {
            if !self.tables.exists(&table, folder).await? {
                self.tables.replace(&table, folder, batch).await?;
            } else if table.starts_with("evt_") {
                // An event model got an attribute after events of it were staged.
                self.tables.widen(&table, folder, batch).await?;
            }
        }
        Ok(())
    }

    /// Every table of the lake that no model makes, as it stands.
    async fn pin_inputs(&self) -> Result<BTreeMap<String, ReleaseTable>, WarehouseError> {
        let made: BTreeSet<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
        let mut pinned = BTreeMap::new();
        for folder in [Folder::Open, Folder::Restricted] {
            for table in list_tables(self.lake, folder)? {
                if made.contains(table.as_str()) {
                    continue;
                }
                if let Some(mut snapshot) = self.tables.find_snapshot(&table, folder).await? {
                    snapshot.sorted_by = input_order(&table);
                    pinned.insert(table, snapshot);
                }
            }
        }
        Ok(pinned)
    }

    /// Whether a release holds these very inputs and what these very models make of them.
    fn is_built_from(&self, former: &Release, inputs: &BTreeMap<String, ReleaseTable>) -> bool {
        let former_inputs =
            former.tables.iter().filter(|(name, _)| !self.models.iter().any(|model| model.name == **name));
        former_inputs.eq(inputs.iter())
            && self.models.iter().all(|model| {
                let made = former.tables.get(&model.name);
                made.is_some_and(|made| made.fingerprint == fingerprint(model, former))
            })
    }

    /// Runs each model once all that it reads is there, two at a time.
    async fn run_models(&self, former: Option<&Release>, mut release: Release) -> Result<Release, WarehouseError> {
        let mut waiting: Vec<&SqlModel> = self.models.iter().collect();
        let mut running = FuturesUnordered::new();
        let mut names: BTreeSet<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
        loop {
            while running.len() < MODELS_AT_ONCE {
                let is_ready = |model: &&SqlModel| !model.reads.iter().any(|read| names.contains(read.as_str()));
                let Some(at) = waiting.iter().position(is_ready) else { break };
                let model = waiting.remove(at);
                let mark = fingerprint(model, &release);
                let kept = former.and_then(|former| former.tables.get(&model.name));
                if let Some(kept) = kept.filter(|kept| kept.fingerprint == mark) {
                    release.tables.insert(model.name.clone(), kept.clone());
                    names.remove(model.name.as_str());
                    continue;
                }
                let inputs =
                    model.reads.iter().filter_map(|read| Some((read.clone(), release.tables.get(read)?.clone())));
                let inputs: Vec<(String, ReleaseTable)> = inputs.collect();
                let moment = (release.number, release.feed_position, release.built_at);
                running.push(async move { (model, self.run_model(model, inputs, moment, mark).await) });
            }
            let Some((model, made)) = running.next().await else { break };
            let table = made?;
            info!(table = %model.name, rows = table.rows, "Built {} with {} rows", model.name, table.rows);
            release.tables.insert(model.name.clone(), table);
            names.remove(model.name.as_str());
        }
        match waiting.first() {
            None => Ok(release),
            Some(model) => Err(WarehouseError::Model {
                model: model.name.clone(),
                message: "what it reads was not built".to_owned(),
            }),
        }
    }

    async fn run_model(
        &self,
        model: &SqlModel,
        inputs: Vec<(String, ReleaseTable)>,
        (number, feed_position, as_of): (u64, i64, Timestamp),
        mark: i64,
    ) -> Result<ReleaseTable, WarehouseError> {
        let fail = |error: datafusion::error::DataFusionError| WarehouseError::Model {
            model: model.name.clone(),
            message: error.strip_backtrace(),
        };
        let mut visible = Vec::with_capacity(inputs.len() + 1);
        for (name, table) in &inputs {
            visible.push((name.clone(), provider(self.lake, table).map_err(fail)?));
        }
        if model.reads.contains(THIS_RELEASE) {
            visible.push((THIS_RELEASE.to_owned(), this_release(number, feed_position, as_of).map_err(fail)?));
        }
        let session = new_session(visible, self.runtime).map_err(fail)?;
        let frame = normalize_frame(&model.name, session.sql(&model.sql).await.map_err(fail)?)?;
        let order: Vec<SortExpr> = model.sorted_by.iter().map(|name| col(name.as_str()).sort(true, true)).collect();
        let frame = if order.is_empty() { frame } else { frame.sort(order).map_err(fail)? };
        let plan = frame.logical_plan().clone();
        self.tables.replace_with_plan(&model.name, model.folder, plan).await?;
        let written = self.tables.find_snapshot(&model.name, model.folder).await?;
        let table = written.ok_or_else(|| WarehouseError::Model {
            model: model.name.clone(),
            message: "its table is gone after it was written".to_owned(),
        })?;
        Ok(ReleaseTable { sorted_by: model.sorted_by.clone(), fingerprint: mark, ..table })
    }
}

/// What a model is made from: its text, the versions it reads and, if it reads the moment, the day in India. Pending work ages by the day:
/// a later instant of one day is no reason to write its facts anew, so that a change of golden records does not wait for them.
fn fingerprint(model: &SqlModel, release: &Release) -> i64 {
    let mut hasher = DefaultHasher::new();
    LAYOUT.hash(&mut hasher);
    model.sql.hash(&mut hasher);
    model.folder.hash(&mut hasher);
    model.sorted_by.hash(&mut hasher);
    for read in &model.reads {
        read.hash(&mut hasher);
        match release.tables.get(read) {
            Some(table) => (table.version, table.fingerprint).hash(&mut hasher),
            None => release.built_at.day_ist().hash(&mut hasher),
        }
    }
    hasher.finish().cast_signed()
}

/// The order in which input tables are written, where they are.
fn input_order(table: &str) -> Vec<String> {
    let columns: &[&str] = match table {
        "dim_dates" => &["day"],
        calendar::DISTRICT_DATES => &["district", "day"],
        staging::CROSSWALK => &["entity", "source_system", "source_key"],
        _ if table.starts_with("dim_") && !is_code_list(table) => &["golden_id", "recorded_from"],
        _ => &[],
    };
    columns.iter().map(|column| (*column).to_owned()).collect()
}

/// The names of the Delta tables in a folder of the lake.
pub(crate) fn list_tables(lake: &Path, folder: Folder) -> Result<Vec<String>, WarehouseError> {
    let path = lake.join(folder.relative(""));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&path).map_err(WarehouseError::io(&path))? {
        let entry = entry.map_err(WarehouseError::io(&path))?;
        if entry.path().join("_delta_log").is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
