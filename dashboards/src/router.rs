//! The whole table of pages.

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};

use crate::session::Signed;
use crate::state::DashboardState;
use crate::{language, nav, pages};

/// The pages. Merge [`crate::assets::router`] beside it, and put [`crate::SignedIn`] into the extensions of each request
/// by someone who has signed in. `/code-systems`, `/code-systems/{system}`, `/definitions` and `/language/{tag}` are
/// open to all; everything else sends others to `/sign-in?next=..`. What is no page, or takes no such request, is answered
/// with a page that says so: the answer for every path of the server that nothing else answers.
pub fn router(state: DashboardState) -> Router {
    Router::new()
        .route("/", get(|signed: Signed| async move { Redirect::to(nav::first_page(&signed.user)) }))
        .route("/account", get(pages::account::show).post(pages::account::change_password))
        .route("/users", get(pages::users::show).post(pages::users::add))
        .route("/users/{id}/password", post(pages::users::reset))
        .route("/users/{id}/activity", post(pages::users::set_activity))
        .route("/users/{id}/access", post(pages::users::set_access))
        .route("/audit", get(pages::audit::show))
        .route("/overview", get(pages::overview::show))
        .route("/service-delivery", get(pages::service_delivery::show))
        .route("/grievances", get(pages::grievances::show))
        .route("/offices", get(pages::offices::show))
        .route("/appraisals", get(pages::appraisals::list))
        .route("/appraisals/{id}", get(pages::appraisals::report))
        .route("/appraisals/{id}/officers/{officer}", get(pages::appraisals::officer))
        .route("/revenue", get(pages::revenue::show))
        .route("/benefits", get(pages::benefits::show))
        .route("/golden-records", get(pages::golden_records::show).post(pages::golden_records::search))
        .route("/golden-records/{id}", get(pages::golden_record::show))
        .route("/golden-records/{id}/confirmation", post(pages::golden_record::acts::confirm))
        .route("/golden-records/{id}/override", post(pages::golden_record::acts::state_value))
        .route("/golden-records/{id}/override/withdrawal", post(pages::golden_record::acts::withdraw_value))
        .route("/golden-records/{id}/note", post(pages::golden_record::acts::take_note))
        .route("/steward-tasks", get(pages::steward_tasks::show).post(pages::steward_tasks::decide_many))
        .route("/steward-tasks/decisions/{id}/undo", post(pages::steward_tasks::undo_many))
        .route("/steward-tasks/{id}", get(pages::steward_task::show))
        .route("/steward-tasks/{id}/decision", post(pages::steward_task::decide))
        .route("/steward-tasks/{id}/undo", post(pages::steward_task::undo))
        .route("/steward-tasks/{id}/claim", post(pages::steward_task::acts::claim))
        .route("/steward-tasks/{id}/release", post(pages::steward_task::acts::release))
        .route("/steward-tasks/{id}/deferral", post(pages::steward_task::acts::defer))
        .route("/steward-tasks/{id}/escalation", post(pages::steward_task::acts::escalate))
        .route("/steward-tasks/{id}/field-check", post(pages::steward_task::acts::ask))
        .route("/steward-tasks/{id}/field-check/answer", post(pages::steward_task::acts::answer))
        .route("/steward-tasks/{id}/field-check/withdrawal", post(pages::steward_task::acts::withdraw))
        .route("/proposals", get(pages::proposals::show))
        .route("/proposals/{id}/approval", post(pages::proposals::approve))
        .route("/proposals/{id}/rejection", post(pages::proposals::turn_down))
        .route("/proposals/answers/{id}/note", post(pages::proposals::take_note))
        .route("/data-quality", get(pages::data_quality::show))
        .route("/match-quality", get(pages::match_quality::show))
        .route("/sources", get(pages::sources::show))
        .route("/code-systems", get(pages::code_systems::show))
        .route("/code-systems/{system}", get(pages::code_system::show))
        .route("/relations/{system}/{code}", get(pages::code_relations::show))
        .route("/definitions", get(pages::definitions::show))
        .route("/sql-console", get(pages::sql_console::show).post(pages::sql_console::run))
        .route("/language/{tag}", get(language::choose))
        .fallback(pages::problem::no_page)
        .method_not_allowed_fallback(pages::problem::wrong_method)
        .with_state(state)
}

#[cfg(test)]
mod tests;
