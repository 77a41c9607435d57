//! What every figure means, and what visitors should know about these pages: accessibility, privacy.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kanak_model::Language;
use kanak_warehouse::Metric;

use super::show_page;
use crate::error::PageError;
use crate::format;
use crate::samples::Sampler;
use crate::session::Visit;
use crate::shell::Shell;
use crate::state::DashboardState;

/// The definitions. Open to all.
#[derive(Template)]
#[template(path = "pages/definitions.html")]
pub(crate) struct DefinitionsPage {
    shell: Shell,
    metrics: Vec<Definition>,
}

/// One metric.
struct Definition {
    name: String,
    version: u32,
    title: String,
    question: String,
    definition: String,
    unit: String,
    direction: &'static str,
    dimensions: String,
    source: String,
}

/// `GET /definitions`
pub(crate) async fn show(State(state): State<DashboardState>, visit: Visit) -> Result<Response, PageError> {
    let shell = Shell::new("definitions", &visit, state.made_up);
    show_page(&DefinitionsPage::build(shell, state.warehouse.list_metrics()))
}

impl DefinitionsPage {
    fn build(shell: Shell, metrics: &[Metric]) -> Self {
        let language = shell.language();
        let mut ordered: Vec<&Metric> = metrics.iter().collect();
        ordered.sort_by_key(|metric| (metric.headline.unwrap_or(u32::MAX), metric.name.clone()));
        Self { metrics: ordered.into_iter().map(|metric| define(metric, language)).collect(), shell }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let metric = Metric {
            name: "timeliness".to_owned(),
            version: 1,
            title: kanak_model::Titles { en: sampler.word.to_owned(), pa: None, hi: None },
            question: sampler.word.to_owned(),
            definition: sampler.word.to_owned(),
            grain: sampler.word.to_owned(),
            clock: Some(kanak_warehouse::Clock::WorkingDays),
            calendar: Some("state".to_owned()),
            owner: sampler.word.to_owned(),
            target: Some(1.0),
            time: None,
            changed: Vec::new(),
            drill: None,
            cell: None,
            source: "mart_service_delivery".to_owned(),
            numerator: "sum(within_limit)".to_owned(),
            denominator: Some("sum(disposed_with_limit)".to_owned()),
            condition: None,
            unit: kanak_warehouse::Unit::Share,
            direction: kanak_warehouse::Direction::Up,
            dimensions: vec!["district".to_owned(), "service".to_owned()],
            headline: Some(1),
        };
        Self::build(sampler.shell("definitions"), &[metric])
    }
}

fn define(metric: &Metric, language: Language) -> Definition {
    let formula = match &metric.denominator {
        Some(denominator) => format!("{} ÷ {}", metric.numerator, denominator),
        None => metric.numerator.clone(),
    };
    Definition {
        name: metric.name.clone(),
        version: metric.version,
        title: metric.title.get(language).to_owned(),
        question: metric.question.clone(),
        definition: metric.definition.clone(),
        unit: format::spaced(metric.unit.word()),
        direction: match metric.direction.word() {
            "up" => "more is better",
            "down" => "less is better",
            _ => "neither more nor less is better",
        },
        dimensions: metric.dimensions.iter().map(|one| format::spaced(one)).collect::<Vec<_>>().join(", "),
        source: format!("{formula} over {}", metric.source),
    }
}
