//! The whole URL table.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use kanak_dashboards::DashboardState;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::server::actions::Actions;
use crate::server::docs::WhoCalls;
use crate::server::state::AppState;
use crate::server::{admit, docs, health, identify, refusals, security, sign_in, telemetry, unread};
use crate::v1;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Kanak", description = "Golden records, crosswalks, codes and metrics of a state government. \
        Public codes need no key. Everything else needs `Authorization: Bearer <key>`, and decisions a person who is signed in; reads of personal data also state their `Purpose`, and their `Legal-Basis` where it is another than the first that the purpose names."),
    modifiers(&WhoCalls)
)]
struct ApiDoc;

/// The documented part: handlers and their description.
pub fn api() -> (Router<AppState>, utoipa::openapi::OpenApi) {
    let (router, mut openapi) = OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(v1::code_systems::list::list))
        .routes(routes!(v1::code_systems::get::get))
        .routes(routes!(v1::code_systems::search::search))
        .routes(routes!(v1::code_systems::lookup::lookup))
        .routes(routes!(v1::golden_records::search::search, v1::golden_records::create::create))
        .routes(routes!(v1::golden_records::find_matches::find_matches))
        .routes(routes!(v1::golden_records::get::get))
        .routes(routes!(v1::golden_records::history::history))
        .routes(routes!(v1::golden_records::relations::relations))
        .routes(routes!(v1::code_systems::relations::relations))
        .routes(routes!(v1::golden_records::confirm::confirm, v1::golden_records::confirm::withdraw))
        .routes(routes!(v1::golden_records::overrides::list, v1::golden_records::overrides::state_value))
        .routes(routes!(v1::golden_records::overrides::withdraw_value))
        .routes(routes!(v1::crosswalks::get::get))
        .routes(routes!(v1::steward_tasks::list::list))
        .routes(routes!(v1::steward_tasks::get::get))
        .routes(routes!(v1::steward_tasks::claim::claim))
        .routes(routes!(v1::steward_tasks::release::release))
        .routes(routes!(v1::steward_tasks::defer::defer))
        .routes(routes!(v1::steward_tasks::escalate::escalate))
        .routes(routes!(v1::steward_tasks::field_checks::ask))
        .routes(routes!(v1::steward_tasks::field_checks::answer))
        .routes(routes!(v1::steward_tasks::field_checks::withdraw))
        .routes(routes!(v1::steward_tasks::decide::decide))
        .routes(routes!(v1::steward_tasks::undo::undo))
        .routes(routes!(v1::steward_tasks::decide_many::decide_many))
        .routes(routes!(v1::steward_tasks::undo_many::undo_many))
        .routes(routes!(v1::proposals::list::list))
        .routes(routes!(v1::proposals::approve::approve))
        .routes(routes!(v1::proposals::turn_down::turn_down))
        .routes(routes!(v1::sources::list::list))
        .routes(routes!(v1::source_records::put::put, v1::source_records::retire::retire))
        .routes(routes!(v1::corrections::list::list))
        .routes(routes!(v1::corrections::answer::answer))
        .routes(routes!(v1::department_answers::list::list))
        .routes(routes!(v1::department_answers::take_note::take_note))
        .routes(routes!(v1::agreements::list::list))
        .routes(routes!(v1::agreements::approve::approve))
        .routes(routes!(v1::consents::list::list, v1::consents::record::record))
        .routes(routes!(v1::consents::withdraw::withdraw))
        .routes(routes!(v1::feed::list::list))
        .routes(routes!(v1::feed::events::events))
        .routes(routes!(v1::metrics::list::list))
        .routes(routes!(v1::metrics::get::get))
        .routes(routes!(v1::vault::list::list, v1::vault::request::request))
        .routes(routes!(v1::vault::decide::decide))
        .routes(routes!(v1::vault::reveal::reveal))
        .routes(routes!(v1::vault::same_person::same_person))
        .split_for_parts();
    docs::describe_refusals(&mut openapi);
    (router, openapi)
}

/// Everything that is served.
pub fn router(state: &AppState) -> Router {
    let (documented, openapi) = api();
    let deployment = &state.deployment;
    let pages = kanak_dashboards::router(DashboardState {
        store: deployment.store.clone(),
        warehouse: deployment.warehouse.clone(),
        models: Arc::clone(&deployment.models),
        codes: Arc::clone(&deployment.codes),
        clock: Arc::clone(&deployment.clock),
        actions: Arc::new(Actions(state.clone())),
        chance: <rand::rngs::StdRng as rand::SeedableRng>::from_os_rng,
        made_up: deployment.made_up,
    });
    documented
        .route("/openapi.json", get(docs::openapi_json))
        .route("/docs", get(docs::page))
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .method_not_allowed_fallback(kanak_dashboards::pages::problem::wrong_method)
        .layer(axum::Extension(Arc::new(docs::Served::of(&openapi))))
        .with_state(state.clone())
        .merge(pages)
        .merge(kanak_dashboards::assets::router())
        .layer(from_fn_with_state(state.clone(), unread::record))
        .layer(from_fn_with_state(state.clone(), identify::identify))
        .layer(from_fn_with_state(state.clone(), admit::admit))
        .layer(from_fn(refusals::as_problems))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(state.clone(), security::set_headers))
        .layer(from_fn_with_state(state.clone(), telemetry::measure))
}

#[cfg(test)]
mod tests;
