//! Freshness: how long a table may lack what the hub holds, promised in `[freshness]` of `kanak.toml`, and how long it does.
//!
//! A release that holds all that the hub does is fresh, however old. From the moment on which it was built until then, nobody
//! knows what it lacks: that time is what is held against the promise. Dimensions lack something when the change feed has gone on, other
//! tables also when rows of events have come or India's day has changed.

use std::collections::BTreeMap;

use kanak_store::StoreError;
use serde::Deserialize;

use crate::deployment::Deployment;

/// `[freshness]`: what is promised of tables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Promises {
    /// From how many minutes on a table that lacks something is a warning.
    pub warn_after_minutes: u32,
    /// From how many on it is an error.
    pub error_after_minutes: u32,
    /// Tables of which something else is promised.
    pub tables: BTreeMap<String, Promise>,
}

/// `[freshness.tables.NAME]`: what is promised of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// From how many minutes on it is a warning.
    pub warn_after_minutes: u32,
    /// From how many on it is an error.
    pub error_after_minutes: u32,
}

impl Default for Promises {
    fn default() -> Self {
        Self { warn_after_minutes: 15, error_after_minutes: 60, tables: BTreeMap::new() }
    }
}

impl Promises {
    fn of(&self, table: &str) -> Promise {
        self.tables.get(table).copied().unwrap_or(Promise {
            warn_after_minutes: self.warn_after_minutes,
            error_after_minutes: self.error_after_minutes,
        })
    }

    /// What is wrong with them, and what to write instead.
    pub fn find_mistake(&self) -> Option<String> {
        let all =
            Promise { warn_after_minutes: self.warn_after_minutes, error_after_minutes: self.error_after_minutes };
        let of_tables = self.tables.iter().map(|(table, promise)| (format!("freshness.tables.{table}"), *promise));
        let wrong = std::iter::once(("freshness".to_owned(), all)).chain(of_tables).find(|(_, promise)| {
            promise.warn_after_minutes == 0 || promise.warn_after_minutes > promise.error_after_minutes
        });
        wrong.map(|(place, promise)| {
            let Promise { warn_after_minutes: warn, error_after_minutes: error } = promise;
            format!(
                "{place}: a warning after {warn} minutes and an error after {error} is no promise; warn_after_minutes is at least 1 and \
                 not more than error_after_minutes"
            )
        })
    }
}

/// How a table stands to what is promised of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// It is as fresh as promised.
    Yes,
    /// It is late: a warning.
    Late,
    /// It is too late: an error.
    Broken,
}

impl Kept {
    fn of(promise: Promise, behind_seconds: u64) -> Self {
        let after = |minutes: u32| behind_seconds >= u64::from(minutes) * 60;
        if after(promise.error_after_minutes) {
            Self::Broken
        } else if after(promise.warn_after_minutes) {
            Self::Late
        } else {
            Self::Yes
        }
    }
}

/// How fresh one table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// The table.
    pub table: String,
    /// For how long it may have lacked something; 0 when it holds all that the hub does.
    pub behind_seconds: u64,
    /// How that stands to its promise.
    pub kept: Kept,
}

/// How fresh every table of the release in force is, by name. None where there is no release.
///
/// # Errors
/// When the hub cannot be read.
pub async fn of_tables(deployment: &Deployment) -> Result<Vec<Freshness>, StoreError> {
    let Some(release) = deployment.warehouse.release() else { return Ok(Vec::new()) };
    let (store, now) = (&deployment.store, deployment.clock.now());
    let lacks_changes = store.feed_position().await?.0 != release.feed_position;
    let last = store.list_ingest_runs(None, None, 1).await?.into_iter().next();
    let lacks_rows = last.is_some_and(|run| run.recorded > release.built_at);
    let lacks_day = release.built_at.day_ist() != now.day_ist();
    let age_seconds = u64::try_from((now.0 - release.built_at.0) / 1_000_000).unwrap_or(0);
    let of_table = |table: &String| {
        let lacks = if table.starts_with("dim_") { lacks_changes } else { lacks_changes || lacks_rows || lacks_day };
        let behind_seconds = if lacks { age_seconds } else { 0 };
        let kept = Kept::of(deployment.config.freshness.of(table), behind_seconds);
        Freshness { table: table.clone(), behind_seconds, kept }
    };
    Ok(release.tables.keys().map(of_table).collect())
}

/// What a check of all tables says, for the history: how many are late and which one most.
pub fn in_words(tables: &[Freshness]) -> String {
    let late = tables.iter().filter(|table| table.kept != Kept::Yes).count();
    match tables.iter().max_by_key(|table| (table.kept, table.behind_seconds)) {
        None => "the warehouse has no release yet".to_owned(),
        Some(worst) if worst.kept == Kept::Yes => format!("{} tables are as fresh as promised", tables.len()),
        Some(worst) => {
            let word = if worst.kept == Kept::Broken { "an error" } else { "a warning" };
            let minutes = worst.behind_seconds / 60;
            format!("{late} of {} tables are late, {} by {minutes} minutes: {word}", tables.len(), worst.table)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kanak_model::Timestamp;
    use kanak_model::clock::FixedClock;

    use super::*;
    use crate::commands::resolve::resolve_all;
    use crate::jobs::refresh::refresh;
    use crate::output::Output;
    use crate::testing::House;

    #[test]
    fn a_promise_warns_before_it_breaks() {
        let promise = Promise { warn_after_minutes: 15, error_after_minutes: 60 };
        for (seconds, kept) in
            [(0, Kept::Yes), (899, Kept::Yes), (900, Kept::Late), (3_599, Kept::Late), (3_600, Kept::Broken)]
        {
            assert_eq!(Kept::of(promise, seconds), kept, "{seconds}");
        }
        let wrong = Promise { warn_after_minutes: 20, error_after_minutes: 10 };
        let promises = Promises { tables: [("dim_citizens".to_owned(), wrong)].into(), ..Promises::default() };
        let mistake = promises.find_mistake().unwrap();
        assert!(mistake.contains("freshness.tables.dim_citizens") && mistake.contains("20"), "{mistake}");
        assert_eq!(Promises::default().find_mistake(), None);
    }

    #[tokio::test]
    async fn a_table_is_late_when_the_hub_holds_more_and_time_goes_by_and_not_for_its_age() {
        let house = House::declared(
            "[freshness.tables.dim_citizens]\nwarn_after_minutes = 1\nerror_after_minutes = 600\n",
            &[crate::testing::PEOPLE],
            None,
        )
        .await;
        let mut deployment = house.deployment.clone();
        assert_eq!(in_words(&of_tables(&deployment).await.unwrap()), "the warehouse has no release yet");
        house.ingest("people_1.csv", "ID,NAME,DOB\n1,Asha Devi,1990-01-02\n").await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        refresh(&house.deployment, &Output::silent()).await.unwrap();
        let built = deployment.warehouse.release().unwrap().built_at;
        let at = |minutes: i64| Arc::new(FixedClock(Timestamp(built.0 + minutes * 60 * 1_000_000)));
        deployment.clock = at(0);
        let fresh = of_tables(&deployment).await.unwrap();
        assert!(fresh.iter().all(|table| table.kept == Kept::Yes && table.behind_seconds == 0), "{fresh:?}");

        house.ingest("people_2.csv", "ID,NAME,DOB\n2,Bina Rani,1991-01-02\n").await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        deployment.clock = at(20);
        let late = of_tables(&deployment).await.unwrap();
        let kept = |name: &str, tables: &[Freshness]| tables.iter().find(|table| table.table == name).unwrap().kept;
        assert_eq!(kept("dim_citizens", &late), Kept::Late, "20 minutes, of which 1 was promised");
        assert!(in_words(&late).contains("a warning"), "{}", in_words(&late));
        deployment.clock = at(700);
        let broken = of_tables(&deployment).await.unwrap();
        assert_eq!(kept("dim_citizens", &broken), Kept::Broken);
        assert!(in_words(&broken).contains("an error"), "{}", in_words(&broken));
    }
}
