//! A batch of changes of golden records, merges among them, and how long it takes until a query sees them.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use kanak_model::{Access, Timestamp};
use kanak_warehouse::{GoldenVersionRow, QueryLimits, Release, rows_json};
use serde_json::json;

use super::batches::{citizen, crosswalks, mobile};
use super::load::Loaded;
use super::made::NOW;
use super::{milliseconds, print, seconds};
use crate::output::Output;

/// When the changes come: a minute after the first release.
const LATER: Timestamp = Timestamp(NOW.0 + 60_000_000);
/// Of so many changed golden records the first takes in the second; the others have another telephone number.
const GROUP: u64 = 10;

/// Which golden records a batch changes: spread evenly over all.
#[derive(Clone, Copy)]
pub(super) struct Changes {
    golden: u64,
    /// One golden record of so many is changed.
    apart: u64,
}

/// What happens to a golden record.
enum Change {
    None,
    AnotherMobile,
    Takes,
    MergedInto(u64),
}

impl Changes {
    /// So many of the golden records, or all of them.
    pub(super) fn new(golden: u64, count: u64) -> Self {
        Self { golden, apart: (golden / count.max(1)).max(1) }
    }

    fn of(&self, id: u64) -> Change {
        if !id.is_multiple_of(self.apart) {
            return Change::None;
        }
        match (id / self.apart) % GROUP {
            0 if id + self.apart < self.golden => Change::Takes,
            1 => Change::MergedInto(id - self.apart),
            _ => Change::AnotherMobile,
        }
    }

    fn count(&self) -> u64 {
        self.golden.div_ceil(self.apart)
    }

    fn merges(&self) -> u64 {
        (0..self.golden).filter(|id| matches!(self.of(*id), Change::MergedInto(_))).count() as u64
    }

    /// The golden record that a source key leads to afterwards.
    pub(super) fn golden_of(&self, key: u64) -> u64 {
        match self.of(key) {
            Change::MergedInto(into) => into,
            _ => key,
        }
    }
}

/// All versions of all citizens, after the changes.
fn versions(loaded: &Loaded, changes: Changes) -> Vec<GoldenVersionRow> {
    let after = |id: u64| {
        let mut first = citizen(&loaded.state, id);
        let change = changes.of(id);
        if matches!(change, Change::None) {
            return [Some(first), None];
        }
        first.recorded_to = Some(LATER.0);
        let second = match change {
            Change::MergedInto(_) => None,
            _ => {
                let mut second = citizen(&loaded.state, id);
                (second.version, second.recorded_from) = (2, LATER.0);
                for (_, value) in second.values.iter_mut().filter(|(name, _)| name == "mobile") {
                    *value = mobile(900_000_000 + id % 99_999_999);
                }
                Some(second)
            }
        };
        [Some(first), second]
    };
    (0..changes.golden).flat_map(after).flatten().collect()
}

/// Which files of facts a release has that the one before had not.
pub(super) fn fact_files_rewritten(before: &Release, after: &Release) -> (u64, Vec<String>) {
    let known: BTreeSet<&str> =
        before.tables.values().flat_map(|table| &table.files).map(|file| file.path.as_str()).collect();
    let mut facts = Vec::new();
    let mut files = 0;
    for (name, table) in after.tables.iter().filter(|(name, _)| name.starts_with("fct_")) {
        let new = table.files.iter().filter(|file| !known.contains(file.path.as_str())).count() as u64;
        if new > 0 {
            facts.push(name.clone());
        }
        files += new;
    }
    (files, facts)
}

/// Puts a batch of `count` changes in force, and looks.
///
/// # Errors
/// When the warehouse fails or does not show the changes.
pub(super) async fn measure(loaded: &Loaded, access: &Access, count: u64, output: &Output) -> anyhow::Result<()> {
    let changes = Changes::new(loaded.state.golden, count);
    let before = loaded.warehouse.release().context("the warehouse has no release")?;
    // What the hub hands over is made before the clock starts.
    let rows = versions(loaded, changes);
    let links = crosswalks(&loaded.state, |key| changes.golden_of(key));
    let begin = Instant::now();
    loaded.warehouse.load_dimension(&loaded.citizen, rows).await?;
    let dimension = begin.elapsed();
    loaded.warehouse.load_crosswalk(links).await?;
    let linked = begin.elapsed();
    let after = loaded.warehouse.build(2, LATER).await?;
    let (crosswalk, build) = (linked.saturating_sub(dimension), begin.elapsed().saturating_sub(linked));
    let asked = Instant::now();
    look(loaded, access, changes).await?;
    let query = asked.elapsed();
    let (files, facts) = fact_files_rewritten(&before, &after);
    print(
        output,
        "changes",
        loaded.rows,
        json!({
            "golden": changes.golden, "changes": changes.count(), "merges": changes.merges(),
            "visible_seconds": seconds(begin.elapsed()), "dimension_seconds": seconds(dimension),
            "crosswalk_seconds": seconds(crosswalk), "build_seconds": seconds(build), "query_ms": milliseconds(query),
            "fact_files_rewritten": files, "facts_rewritten": facts,
        }),
    );
    Ok(())
}

/// Asks until every change is seen: who is merged away is current no more and has no cases, and every other change is there.
async fn look(loaded: &Loaded, access: &Access, changes: Changes) -> anyhow::Result<()> {
    let sql = format!(
        "SELECT (SELECT count(*) FROM dim_citizens WHERE is_current) AS live, \
         (SELECT count(*) FROM dim_citizens_personal WHERE version = 2) AS changed, \
         (SELECT count(*) FROM fct_service_applications f JOIN dim_citizens c ON c.golden_id = f.applicant_golden_id \
         WHERE c.recorded_to IS NOT NULL AND c.golden_id % {0} = 0 AND (c.golden_id / {0}) % {GROUP} = 1) AS stale",
        changes.apart
    );
    let rows = rows_json(&loaded.warehouse.query(access, &sql, QueryLimits::default()).await?);
    let seen = |name: &str| rows.first().and_then(|row| row.get(name)?.as_u64());
    let (merges, count) = (changes.merges(), changes.count());
    ensure!(seen("live") == Some(changes.golden - merges), "not every merge is seen: {rows:?}");
    ensure!(seen("changed") == Some(count - merges), "not every change is seen: {rows:?}");
    ensure!(seen("stale") == Some(0), "cases still name golden records that were merged away: {rows:?}");
    Ok(())
}
