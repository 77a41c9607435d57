//! How current the code systems in use are, and what is wrong in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kanak_codes::{Codes, Day, Defect};
use kanak_store::CodeVersionState;
use serde::Serialize;

use crate::codes_at_hand::day_of;
use crate::deployment::Deployment;

/// How current one code system is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurrencyRow {
    /// The code system.
    pub system: String,
    /// The version in use.
    pub version: String,
    /// As of when its source was, as precisely as is known; `None` where nobody states it.
    pub source_date: Option<String>,
    /// Days from the date of the source to today; `None` where none is stated or it does not read.
    pub age_days: Option<u32>,
    /// Days from the date of the source to the day on which the version was published here; `None` for what came with the binary.
    pub published_after_days: Option<u32>,
    /// How many codes are not made up.
    pub rows_real: usize,
    /// How many codes the publisher's own count gives.
    pub rows_official: Option<usize>,
    /// The share of the official list that is present, 0 to 1.
    pub share_present: Option<f64>,
    /// What is known to be missing or wrong as a whole.
    pub gaps: Vec<String>,
    /// How many defects of single codes are known.
    pub defects: usize,
}

/// How current each code system in use is, by name, on the day of the snapshot; worked out once for each.
///
/// # Errors
/// When the hub cannot be read.
pub async fn list_currency(deployment: &Deployment) -> anyhow::Result<Arc<[CurrencyRow]>> {
    let (codes, kept) = deployment.codes_and_currency();
    let list = async { rows_of(deployment, codes).await.map(Arc::<[CurrencyRow]>::from) };
    kept.get_or_try_init(|| list).await.cloned()
}

async fn rows_of(deployment: &Deployment, codes: Arc<Codes>) -> anyhow::Result<Vec<CurrencyRow>> {
    let published: BTreeMap<(String, String), Day> = deployment
        .store
        .list_code_versions()
        .await?
        .into_iter()
        .filter(|one| one.state == CodeVersionState::Published)
        .filter_map(|one| Some(((one.system, one.version), day_of(one.decided?.1))))
        .collect();
    let today = day_of(deployment.clock.now());
    let defects = list_defects(deployment).await?;
    let work = move || -> Vec<CurrencyRow> {
        let rows = codes.currency().into_iter().map(|one| {
            let published = published.get(&(one.system.to_owned(), one.version.to_owned()));
            CurrencyRow {
                age_days: one.age_days(today),
                published_after_days: published.and_then(|day| one.age_days(*day)),
                share_present: one.share_present(),
                defects: defects.iter().filter(|defect| defect.system == one.system).count(),
                system: one.system.to_owned(),
                version: one.version.to_owned(),
                source_date: one.source_date.map(str::to_owned),
                rows_real: one.rows_real,
                rows_official: one.rows_official,
                gaps: one.gaps.into_iter().map(str::to_owned).collect(),
            }
        });
        rows.collect()
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// What is known to be wrong in the code systems in use, by code system and code; gathered once for each snapshot.
///
/// # Errors
/// When the work is cut off.
pub async fn list_defects(deployment: &Deployment) -> anyhow::Result<Arc<[Defect]>> {
    let (codes, kept) = deployment.codes_and_defects();
    let gather = async {
        let defects: Arc<[Defect]> = tokio::task::spawn_blocking(move || codes.defects()).await?.into();
        anyhow::Ok(defects)
    };
    kept.get_or_try_init(|| gather).await.cloned()
}
