//! What the current release counts, to be held against the hub: `kanak verify` compares them.

use std::collections::BTreeMap;

use kanak_model::Access;
use serde_json::{Map, Value};

use crate::error::WarehouseError;
use crate::query::QueryLimits;
use crate::rows_json::rows_json;
use crate::warehouse::Warehouse;

/// Counts of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// The release that was counted.
    pub release: u64,
    /// The hub's feed position that it holds.
    pub feed_position: i64,
    /// Crosswalks by entity: one for each linked source record.
    pub crosswalks: BTreeMap<String, u64>,
    /// Golden records that crosswalks lead to, by entity: as many as the dimension has current rows.
    pub golden_records: BTreeMap<String, u64>,
    /// Facts that were built.
    pub facts: Vec<FactCount>,
}

/// What one fact was made of, and what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactCount {
    /// `fct_grievances`.
    pub fact: String,
    /// Events that were staged, each counted once however often it was stated.
    pub events: u64,
    /// Rows of the fact. Any other number than `events` is an error of the model.
    pub rows: u64,
}

/// Facts that have a row for each event, and the events' tables.
const FACTS_OF_EVENTS: [(&str, &str); 5] = [
    ("fct_service_applications", "evt_service_application"),
    ("fct_grievances", "evt_grievance"),
    ("fct_receipts", "evt_receipt"),
    ("fct_benefit_payments", "evt_benefit_payment"),
    ("fct_scheme_targets", "evt_scheme_target"),
];

impl Warehouse {
    /// Counts crosswalks, linked golden records, staged events and facts of the current release.
    ///
    /// # Errors
    /// [`WarehouseError::NoRelease`] before the first one.
    pub async fn reconcile(&self) -> Result<Reconciliation, WarehouseError> {
        let held = self.release().ok_or(WarehouseError::NoRelease)?;
        let links = self
            .count_rows(
                "SELECT entity, count(*) AS links, count(DISTINCT golden_id) AS golden FROM bridge_crosswalk GROUP BY entity",
            )
            .await?;
        let by_entity = |column: &str| links.iter().map(|row| (word(row, "entity"), count(row, column))).collect();
        let mut facts = Vec::with_capacity(FACTS_OF_EVENTS.len());
        for (fact, staged) in FACTS_OF_EVENTS {
            let sql = format!(
                "SELECT (SELECT count(*) FROM (SELECT DISTINCT source_system, source_key FROM {staged}) AS events) AS \
                 events, (SELECT count(*) FROM {fact}) AS facts"
            );
            for row in self.count_rows(&sql).await? {
                let (events, rows) = (count(&row, "events"), count(&row, "facts"));
                facts.push(FactCount { fact: fact.to_owned(), events, rows });
            }
        }
        Ok(Reconciliation {
            release: held.number,
            feed_position: held.feed_position,
            crosswalks: by_entity("links"),
            golden_records: by_entity("golden"),
            facts,
        })
    }

    async fn count_rows(&self, sql: &str) -> Result<Vec<Map<String, Value>>, WarehouseError> {
        let access = Access::operation("reconcile");
        Ok(rows_json(&self.query(&access, sql, QueryLimits { timeout_ms: 600_000, ..QueryLimits::default() }).await?))
    }
}

fn word(row: &Map<String, Value>, column: &str) -> String {
    row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn count(row: &Map<String, Value>, column: &str) -> u64 {
    row.get(column).and_then(Value::as_u64).unwrap_or_default()
}
