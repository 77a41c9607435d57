//! The whole URL table.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use kanak_dashboards::DashboardState;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::server::actions::Actions;
use crate::server::docs::WhoCalls;
use crate::server::state::AppState;
use crate::server::{
    admit, any_site, docs, health, identify, public_rate, refusals, security, sign_in, telemetry, unread, weak_tags,
};
use crate::{fhir, mdms, v1};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Kanak", description = "Golden records, crosswalks, codes and metrics of a state government. \
        Public codes need no key; FHIR clients find them under `/fhir`, clients of DIGIT's master data under `/mdms-v2`. Everything else needs `Authorization: Bearer <key>`, and decisions a person who is signed in; reads of personal data also state their `Purpose`, and their `Legal-Basis` where it is another than the first that the purpose names."),
    modifiers(&WhoCalls)
)]
struct ApiDoc;

/// Codes: public, and open to the pages of any site.
fn of_codes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::code_systems::list::list))
        .routes(routes!(v1::code_systems::get::get))
        .routes(routes!(v1::code_systems::versions::versions))
        .routes(routes!(v1::code_systems::search::search))
        .routes(routes!(v1::code_systems::csv::csv))
        .routes(routes!(v1::code_systems::lookup::lookup))
        .routes(routes!(v1::code_systems::children::children))
        .routes(routes!(v1::code_systems::lineage::lineage))
        .routes(routes!(v1::code_systems::subsumes::subsumes))
        .routes(routes!(v1::code_systems::diff::diff))
        .routes(routes!(v1::code_systems::at::at))
        .routes(routes!(v1::code_systems::validate_many::validate_many))
        .routes(routes!(v1::code_systems::lookup_many::lookup_many))
        .routes(routes!(v1::value_sets::list::list))
        .routes(routes!(v1::value_sets::get::get))
        .routes(routes!(v1::value_sets::expand::expand))
        .routes(routes!(v1::value_sets::validate::validate, v1::value_sets::validate_many::validate_many))
        .routes(routes!(v1::concept_maps::list::list))
        .routes(routes!(v1::concept_maps::get::get))
        .routes(routes!(v1::concept_maps::translate::translate))
        .routes(routes!(v1::code_currency::list::list))
        .routes(routes!(v1::services::charter::charter))
        .routes(routes!(v1::services::due::due))
        .routes(routes!(v1::holidays::list::list))
        .routes(routes!(v1::schemes::list::list))
        .routes(routes!(v1::schemes::get::get))
        .routes(routes!(v1::schemes::evaluate::evaluate))
        .layer(DefaultBodyLimit::max(admit::BATCH_BYTES_MAX))
        .layer(any_site::open())
}

/// The codes as a FHIR terminology server.
fn of_fhir() -> Router<AppState> {
    use fhir::{
        code_systems, concept_maps, expand, lookup, metadata, subsumes, translate, validate_code, validate_code_in,
        value_sets,
    };
    Router::new()
        .route("/fhir/metadata", get(metadata::metadata))
        .route("/fhir/CodeSystem", get(code_systems::search))
        .route("/fhir/CodeSystem/_search", post(code_systems::search))
        .route("/fhir/CodeSystem/{id}", get(code_systems::read))
        .route("/fhir/CodeSystem/$lookup", get(lookup::lookup).post(lookup::lookup))
        .route("/fhir/CodeSystem/{id}/$lookup", get(lookup::lookup).post(lookup::lookup))
        .route("/fhir/CodeSystem/$validate-code", get(validate_code::validate_code).post(validate_code::validate_code))
        .route(
            "/fhir/CodeSystem/{id}/$validate-code",
            get(validate_code::validate_code).post(validate_code::validate_code),
        )
        .route("/fhir/CodeSystem/$subsumes", get(subsumes::subsumes).post(subsumes::subsumes))
        .route("/fhir/CodeSystem/{id}/$subsumes", get(subsumes::subsumes).post(subsumes::subsumes))
        .route("/fhir/ValueSet", get(value_sets::search))
        .route("/fhir/ValueSet/_search", post(value_sets::search))
        .route("/fhir/ValueSet/{id}", get(value_sets::read))
        .route("/fhir/ValueSet/$expand", get(expand::expand).post(expand::expand))
        .route("/fhir/ValueSet/{id}/$expand", get(expand::expand).post(expand::expand))
        .route(
            "/fhir/ValueSet/$validate-code",
            get(validate_code_in::validate_code).post(validate_code_in::validate_code),
        )
        .route(
            "/fhir/ValueSet/{id}/$validate-code",
            get(validate_code_in::validate_code).post(validate_code_in::validate_code),
        )
        .route("/fhir/ConceptMap", get(concept_maps::search))
        .route("/fhir/ConceptMap/_search", post(concept_maps::search))
        .route("/fhir/ConceptMap/{id}", get(concept_maps::read))
        .route("/fhir/ConceptMap/$translate", get(translate::translate).post(translate::translate))
        .route("/fhir/ConceptMap/{id}/$translate", get(translate::translate).post(translate::translate))
        .layer(from_fn(fhir::answer::tag))
        .layer(any_site::open())
}

/// The codes as DIGIT's master data service.
fn of_mdms() -> Router<AppState> {
    Router::new()
        .route("/mdms-v2/v2/_search", post(mdms::search_v2::search))
        .route("/mdms-v2/v1/_search", post(mdms::search_v1::search))
        .route("/mdms-v2/v1/_get", get(mdms::get_v1::get).post(mdms::get_v1::get))
        .route("/egov-mdms-service/v1/_search", post(mdms::search_v1::search))
        .route("/egov-mdms-service/v1/_get", get(mdms::get_v1::get).post(mdms::get_v1::get))
        .layer(any_site::open())
}

/// The routes of the API.
pub struct Routes {
    /// Those for this site's pages and for programs.
    own: Router<AppState>,
    /// Those that the pages of any site may ask. They answer to other methods themselves: browsers ask before they send.
    open: Router<AppState>,
}

/// The documented part: handlers and their description.
pub fn api() -> (Routes, utoipa::openapi::OpenApi) {
    let (open, codes) = of_codes().split_for_parts();
    let (own, mut openapi) = OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(v1::code_versions::import::import))
        .routes(routes!(v1::code_versions::get::get))
        .routes(routes!(v1::code_versions::publish::publish))
        .routes(routes!(v1::code_versions::refuse::refuse))
        .routes(routes!(v1::code_versions::withdraw::withdraw))
        .routes(routes!(v1::code_bundle::get::get))
        .routes(routes!(v1::code_defects::list::list))
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
        .routes(routes!(v1::appraisals::list::list))
        .routes(routes!(v1::appraisals::get::get))
        .routes(routes!(v1::appraisals::officer::officer))
        .routes(routes!(v1::appraisals::contest::contest))
        .routes(routes!(v1::appraisals::decide::decide))
        .routes(routes!(v1::consents::list::list, v1::consents::record::record))
        .routes(routes!(v1::consents::withdraw::withdraw))
        .routes(routes!(v1::feed::list::list))
        .routes(routes!(v1::feed::events::events))
        .routes(routes!(v1::schedules::list::list))
        .routes(routes!(v1::schedules::runs::runs))
        .routes(routes!(v1::metrics::list::list))
        .routes(routes!(v1::metrics::get::get))
        .routes(routes!(v1::metrics::query::query))
        .routes(routes!(v1::vault::list::list, v1::vault::request::request))
        .routes(routes!(v1::vault::decide::decide))
        .routes(routes!(v1::vault::reveal::reveal))
        .routes(routes!(v1::vault::same_person::same_person))
        .split_for_parts();
    openapi.merge(codes);
    docs::describe_refusals(&mut openapi);
    let open = open.merge(of_fhir()).merge(of_mdms());
    (Routes { own, open }, openapi)
}

/// Everything that is served.
pub fn router(state: &AppState) -> Router {
    router_with(state, Router::new())
}

/// A route of the benches, which is served to the pages of any site as codes are.
pub fn beside_codes(path: &str, route: MethodRouter<AppState>) -> Router<AppState> {
    Router::new().route(path, route).layer(DefaultBodyLimit::max(admit::BATCH_BYTES_MAX)).layer(any_site::open())
}

/// Everything that is served, and more behind the same layers.
pub fn router_with(state: &AppState, more: Router<AppState>) -> Router {
    let (Routes { own, open }, openapi) = api();
    let deployment = &state.deployment;
    let pages = kanak_dashboards::router(DashboardState {
        store: deployment.store.clone(),
        warehouse: deployment.warehouse.clone(),
        models: Arc::clone(&deployment.models),
        codes: deployment.codes_at_hand.in_use().clone(),
        clock: Arc::clone(&deployment.clock),
        actions: Arc::new(Actions(state.clone())),
        chance: <rand::rngs::StdRng as rand::SeedableRng>::from_os_rng,
        made_up: deployment.made_up,
    });
    own.route("/openapi.json", get(docs::openapi_json))
        .route("/docs", get(docs::page))
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .method_not_allowed_fallback(kanak_dashboards::pages::problem::wrong_method)
        .merge(open)
        .merge(more)
        .layer(axum::Extension(Arc::new(docs::Served::of(&openapi))))
        .with_state(state.clone())
        .merge(pages)
        .merge(kanak_dashboards::assets::router())
        .layer(from_fn_with_state(state.clone(), unread::record))
        .layer(from_fn_with_state(state.clone(), public_rate::limit))
        .layer(from_fn_with_state(state.clone(), identify::identify))
        .layer(from_fn_with_state(state.clone(), admit::admit))
        .layer(from_fn(refusals::as_problems))
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::const_new(v1::code_bundle::get::TAR))),
        )
        .layer(from_fn(weak_tags::weaken))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(any_site::open_refusals))
        .layer(from_fn_with_state(state.clone(), security::set_headers))
        .layer(from_fn_with_state(state.clone(), telemetry::measure))
}

#[cfg(test)]
mod tests;
