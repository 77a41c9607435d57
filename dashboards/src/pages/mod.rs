//! The pages: a file, a template and a line in the router each.

pub(crate) mod benefits;
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
pub(crate) mod revenue;
pub(crate) mod service_delivery;
pub mod sign_in;
pub(crate) mod sources;
pub(crate) mod sql_console;
pub(crate) mod steward_task;
pub(crate) mod steward_tasks;

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};
use kanak_codes::Codes;

use crate::component::FilterList;
use crate::error::PageError;
use crate::rows::Rows;
use crate::samples::{Rendered, Sampler};
use crate::shell::Shell;
use crate::{format, names};

/// A page as an answer.
fn show_page(page: &impl Template) -> Result<Response, PageError> {
    Ok(Html(page.render()?).into_response())
}

/// A list of the state's districts.
fn district_filter(codes: &Codes, shell: &Shell, chosen: &str) -> FilterList {
    FilterList {
        name: "district",
        label: shell.t("word.district").to_owned(),
        all: "The whole state",
        choices: names::districts(codes, shell.language()),
        chosen: chosen.to_owned(),
    }
}

/// A list of the departments that rows have a `department` for.
fn department_filter(codes: &Codes, shell: &Shell, rows: &Rows, chosen: &str) -> FilterList {
    let mut choices: Vec<(String, String)> = rows
        .iter()
        .map(|row| row.text("department"))
        .map(|code| (code.to_owned(), names::code_name(codes, "department", code, shell.language())))
        .collect();
    choices.sort_by(|a, b| a.1.cmp(&b.1));
    let label = shell.t("word.department").to_owned();
    FilterList { name: "department", label, all: "Every department", choices, chosen: chosen.to_owned() }
}

/// A list of the financial years that rows have a `financial_year` for.
fn year_filter(rows: &Rows, chosen: &str) -> FilterList {
    let years = rows.iter().map(|row| row.plain("financial_year")).filter(|year| !year.is_empty());
    FilterList {
        name: "financial_year",
        label: "Year, April to March".to_owned(),
        all: "Every year",
        choices: years.map(|year| (year.clone(), format::financial_year(&year))).collect(),
        chosen: chosen.to_owned(),
    }
}

/// Every page behind the router, rendered from its sample.
pub(crate) fn samples(sampler: &Sampler) -> Result<Rendered, askama::Error> {
    Ok(vec![
        ("overview", overview::OverviewPage::sample(sampler).render()?),
        ("service_delivery", service_delivery::ServiceDeliveryPage::sample(sampler).render()?),
        ("grievances", grievances::GrievancesPage::sample(sampler).render()?),
        ("offices", offices::OfficesPage::sample(sampler).render()?),
        ("offices_office", offices::OfficesPage::sample_office(sampler).render()?),
        ("revenue", revenue::RevenuePage::sample(sampler).render()?),
        ("benefits", benefits::BenefitsPage::sample(sampler).render()?),
        ("golden_records", golden_records::GoldenRecordsPage::sample(sampler).render()?),
        ("golden_record", golden_record::GoldenRecordPage::sample(sampler).render()?),
        ("steward_tasks", steward_tasks::StewardTasksPage::sample(sampler).render()?),
        ("steward_task", steward_task::StewardTaskPage::sample(sampler).render()?),
        ("steward_task_decided", steward_task::StewardTaskPage::sample_decided(sampler).render()?),
        ("data_quality", data_quality::DataQualityPage::sample(sampler).render()?),
        ("data_quality_denied", data_quality::DataQualityPage::sample_denied(sampler).render()?),
        ("match_quality", match_quality::MatchQualityPage::sample(sampler).render()?),
        ("sources", sources::SourcesPage::sample(sampler).render()?),
        ("code_systems", code_systems::CodeSystemsPage::sample(sampler).render()?),
        ("code_system", code_system::CodeSystemPage::sample(sampler).render()?),
        ("code_system_search", code_system::CodeSystemPage::sample_search(sampler).render()?),
        ("definitions", definitions::DefinitionsPage::sample(sampler).render()?),
        ("sql_console", sql_console::SqlConsolePage::sample(sampler).render()?),
        ("sql_console_refused", sql_console::SqlConsolePage::sample_refused(sampler).render()?),
    ])
}
