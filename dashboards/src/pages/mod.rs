//! The pages: a file, a template and a line in the router each.

pub(crate) mod golden_record;
pub(crate) mod overview;
pub mod problem;
pub mod sign_in;
pub(crate) mod steward_task;

use askama::Template as _;

use crate::samples::{Rendered, Sampler};

/// Every page that needs a session, rendered from its sample.
pub(crate) fn samples(sampler: &Sampler) -> Result<Rendered, askama::Error> {
    Ok(vec![
        ("overview", overview::OverviewPage::sample(sampler).render()?),
        ("golden_record", golden_record::GoldenRecordPage::sample(sampler).render()?),
        ("steward_task", steward_task::StewardTaskPage::sample(sampler).render()?),
        ("steward_task_decided", steward_task::StewardTaskPage::sample_decided(sampler).render()?),
    ])
}
