//! The pages: a file, a template and a line in the router each.

pub(crate) mod account;
pub(crate) mod appraisals;
pub(crate) mod audit;
pub(crate) mod benefits;
pub(crate) mod code_relations;
pub(crate) mod code_system;
pub(crate) mod code_systems;
pub(crate) mod data_quality;
pub(crate) mod definitions;
pub(crate) mod golden_record;
pub(crate) mod golden_records;
pub(crate) mod grievances;
pub(crate) mod match_quality;
pub(crate) mod offices;
pub(crate) mod overview;
pub mod problem;
pub(crate) mod proposals;
pub(crate) mod revenue;
pub(crate) mod service_delivery;
pub mod sign_in;
pub(crate) mod sources;
pub(crate) mod sql_console;
pub(crate) mod steward_task;
pub(crate) mod steward_tasks;
pub(crate) mod users;

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};
use kanak_model::{Access, Purpose};

use crate::error::PageError;
use crate::reading;
use crate::samples::{Rendered, Sampler};
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;

/// A page as an answer.
fn show_page(page: &impl Template) -> Result<Response, PageError> {
    Ok(Html(page.render()?).into_response())
}

/// What a page of figures begins with: what this visitor may read, and the frame that says how fresh the figures are.
fn figures_page(state: &DashboardState, signed: &Signed, page: &str) -> Result<(Access, Shell), PageError> {
    let access = signed.access(Purpose::Statistics)?;
    let shell = Shell::new(page, &signed.visit, state.made_up).fresh(reading::freshness(state));
    Ok((access, shell))
}

/// Every page behind the router, rendered from its sample.
pub(crate) fn samples(sampler: &Sampler) -> Result<Rendered, askama::Error> {
    Ok(vec![
        ("overview", overview::OverviewPage::sample(sampler).render()?),
        ("service_delivery", service_delivery::ServiceDeliveryPage::sample(sampler).render()?),
        ("grievances", grievances::GrievancesPage::sample(sampler).render()?),
        ("offices", offices::OfficesPage::sample(sampler).render()?),
        ("offices_office", offices::OfficesPage::sample_office(sampler).render()?),
        ("appraisals", appraisals::AppraisalsPage::sample(sampler).render()?),
        ("appraisals_report", appraisals::AppraisalsPage::sample_report(sampler).render()?),
        ("appraisals_sheet", appraisals::AppraisalsPage::sample_sheet(sampler).render()?),
        ("revenue", revenue::RevenuePage::sample(sampler).render()?),
        ("benefits", benefits::BenefitsPage::sample(sampler).render()?),
        ("golden_records", golden_records::GoldenRecordsPage::sample(sampler).render()?),
        ("golden_record", golden_record::GoldenRecordPage::sample(sampler).render()?),
        ("steward_tasks", steward_tasks::StewardTasksPage::sample(sampler).render()?),
        ("steward_task", steward_task::StewardTaskPage::sample(sampler).render()?),
        ("steward_task_held", steward_task::StewardTaskPage::sample_held(sampler).render()?),
        ("steward_task_decided", steward_task::StewardTaskPage::sample_decided(sampler).render()?),
        ("proposals", proposals::ProposalsPage::sample(sampler).render()?),
        ("data_quality", data_quality::DataQualityPage::sample(sampler).render()?),
        ("data_quality_denied", data_quality::DataQualityPage::sample_denied(sampler).render()?),
        ("match_quality", match_quality::MatchQualityPage::sample(sampler).render()?),
        ("sources", sources::SourcesPage::sample(sampler).render()?),
        ("code_relations", code_relations::CodeRelationsPage::sample(sampler).render()?),
        ("code_systems", code_systems::CodeSystemsPage::sample(sampler).render()?),
        ("code_system", code_system::CodeSystemPage::sample(sampler).render()?),
        ("code_system_search", code_system::CodeSystemPage::sample_search(sampler).render()?),
        ("definitions", definitions::DefinitionsPage::sample(sampler).render()?),
        ("sql_console", sql_console::SqlConsolePage::sample(sampler).render()?),
        ("users", users::UsersPage::sample(sampler).render()?),
        ("users_refused", users::UsersPage::sample_refused(sampler).render()?),
        ("audit", audit::AuditPage::sample(sampler).render()?),
        ("audit_broken", audit::AuditPage::sample_broken(sampler).render()?),
        ("account", account::AccountPage::sample(sampler).render()?),
        ("sql_console_refused", sql_console::SqlConsolePage::sample_refused(sampler).render()?),
    ])
}
