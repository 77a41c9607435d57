//! `/v1/feed`.

pub mod events;
pub mod list;

use std::collections::BTreeSet;

use kanak_model::feed::{Detail, FeedEntry, FeedPage};
use kanak_model::{Access, FeedPosition};

use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;

/// What a request calls [`Detail`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expand {
    /// Values before and after.
    Values,
}

/// How much of each event a request asks for.
pub fn detail(expand: Option<Expand>) -> Detail {
    if expand.is_some() { Detail::Values } else { Detail::Changes }
}

/// Reads part of the feed as the caller sees it. Each golden record whose values are shown is on record first.
///
/// # Errors
/// 409 for a position that the feed has not reached; 500.
pub async fn read(
    state: &AppState,
    access: &Access,
    after: FeedPosition,
    limit: u32,
    detail: Detail,
) -> Result<FeedPage, Problem> {
    let deployment = &state.deployment;
    let page = deployment.store.read_feed(access, &deployment.models, after, limit, detail).await?;
    if detail == Detail::Values {
        let shown: BTreeSet<_> =
            page.entries.iter().filter_map(FeedEntry::golden).map(|seen| seen.event.golden_id).collect();
        audited(state, access, "read golden record in feed", shown).await?;
    }
    Ok(page)
}
