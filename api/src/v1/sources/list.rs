//! The registers that feed the hub.

use axum::Json;
use axum::extract::State;
use kanak_model::source_system::RowsAre;
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// A register.
#[derive(Serialize, ToSchema)]
pub struct SourceView {
    /// Its name in crosswalks.
    name: String,
    /// Its title in English.
    title: String,
    /// The department that owns it.
    department: String,
    /// What its rows are: `entity:citizen`, `event:receipt` ...
    rows: String,
    /// Source records now in the hub.
    live: u64,
    /// Source records that left the register.
    retired: u64,
    /// When its last file was loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<String>,
}

/// Lists the registers that have delivered.
#[utoipa::path(get, path = "/v1/sources", tag = "registers", security(("key" = [])),
    responses((status = 200, description = "Registers", body = [SourceView]), (status = 401, description = "No key", body = Problem)))]
pub async fn list(State(state): State<AppState>, caller: ApiCaller) -> Result<Json<Vec<SourceView>>, Problem> {
    caller.access()?;
    let rows = state.deployment.store.list_source_systems().await.map_err(Problem::internal)?;
    let views = rows.into_iter().map(|row| SourceView {
        name: row.name,
        title: row.title.en,
        department: row.department,
        rows: match row.rows {
            RowsAre::Entity(entity) => format!("entity:{entity}"),
            RowsAre::Event(event) => format!("event:{event}"),
        },
        live: row.live,
        retired: row.retired,
        last_run: row.last_run.map(|at| at.to_string()),
    });
    Ok(Json(views.collect()))
}
