//! `/v1/sources/{source}/corrections`: where golden records differ from what a register's own rows state, and what its department says
//! to that.

pub mod answer;
pub mod list;
pub mod view;

use std::sync::Arc;

use kanak_model::source_system::RowsAre;
use kanak_model::{Access, EntityModel, SourceSystem, SourceSystemId};

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::source_records::own_register;

/// A caller's own register with its model and its id in this hub.
async fn register<'s>(
    state: &'s AppState,
    caller: &ApiCaller,
    source: &str,
) -> Result<(Arc<SourceSystem>, &'s EntityModel, SourceSystemId, Access), Problem> {
    let (source, access) = own_register(state, caller, source)?;
    let (RowsAre::Entity(entity) | RowsAre::Event(entity)) = &source.rows;
    let model = state.deployment.get_model(entity).map_err(Problem::internal)?;
    let id = state.deployment.store.ensure_source_system(&source).await.map_err(Problem::internal)?;
    Ok((source, model, id, access))
}
