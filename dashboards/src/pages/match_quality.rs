//! How well source records were matched: duplicates found, what waits for a steward, precision and recall.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kanak_model::{EntityModel, Purpose};
use serde_json::json;

use super::show_page;
use crate::component::{Bar, Cell, Head, Table};
use crate::error::PageError;
use crate::format;
use crate::reading;
use crate::rows::{Row, Rows};
use crate::samples::Sampler;
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;

/// The page.
#[derive(Template)]
#[template(path = "pages/match_quality.html")]
pub(crate) struct MatchQualityPage {
    shell: Shell,
    found: Table,
    quality: Table,
    thresholds: Table,
}

/// `GET /match-quality`
pub(crate) async fn show(State(state): State<DashboardState>, signed: Signed) -> Result<Response, PageError> {
    let access = signed.access(Purpose::Statistics)?;
    let rows = reading::query(&state, &access, "SELECT * FROM mart_match_quality ORDER BY source_records DESC").await?;
    let shell = Shell::new("match_quality", &signed.visit, state.made_up).fresh(reading::freshness(&state));
    show_page(&MatchQualityPage::build(shell, &state.models, &rows))
}

impl MatchQualityPage {
    fn build(shell: Shell, models: &[EntityModel], rows: &Rows) -> Self {
        let language = shell.language();
        let title = |entity: &str| {
            let model = models.iter().find(|model| model.name == entity);
            model.map_or_else(|| format::sentence(entity), |model| model.title.get(language).to_owned())
        };
        let name = |row: Row<'_>| Cell::text(title(row.text("entity")));
        Self { found: found(rows, &name), quality: quality(rows, &name), thresholds: thresholds(models, &title), shell }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let models = kanak_model::builtin::entity_models().expect("a test parses each builtin model");
        let rows = sampler.rows(
            [
                "entity",
                "source_records",
                "golden_records",
                "duplicates_found",
                "duplicates_of_source_records",
                "linked_source_records",
                "largest_cluster",
                "pairs_matched",
                "pairs_in_review",
                "tasks_open",
                "precision",
                "recall",
                "f1",
            ],
            [
                [
                    json!("citizen"),
                    json!(1_00_000),
                    json!(61_220),
                    json!(38_780),
                    json!(0.3878),
                    json!(71_200),
                    json!(9),
                    json!(52_000),
                    json!(812),
                    json!(640),
                    json!(0.973),
                    json!(0.921),
                    json!(0.946),
                ],
                [
                    json!(sampler.word),
                    json!(4_000),
                    json!(3_100),
                    json!(900),
                    json!(0.225),
                    json!(1_800),
                    json!(4),
                    json!(950),
                    json!(31),
                    json!(31),
                    json!(null),
                    json!(null),
                    json!(null),
                ],
            ],
        );
        Self::build(sampler.shell("match_quality"), &models, &rows)
    }
}

fn found(rows: &Rows, name: &dyn Fn(Row<'_>) -> Cell) -> Table {
    let row = |row: Row<'_>| {
        let share = row.number("duplicates_of_source_records");
        vec![
            name(row),
            Cell::whole(row.count("source_records")),
            Cell::whole(row.count("golden_records")),
            Cell::whole(row.count("duplicates_found")),
            Cell { bar: share.map(Bar::share), ..Cell::percent(share) },
            Cell::whole(row.count("largest_cluster")),
        ]
    };
    Table {
        caption: "Source records, the golden records that they became, and duplicates found: source records beyond the first of \
                  each golden record."
            .to_owned(),
        heads: vec![
            Head::text("Master"),
            Head::number("Source records"),
            Head::number("Golden records"),
            Head::number("Duplicates found"),
            Head::number("Of source records"),
            Head::number("Largest cluster"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "Nothing has been matched yet.".to_owned(),
    }
}

fn quality(rows: &Rows, name: &dyn Fn(Row<'_>) -> Cell) -> Table {
    let share = |row: Row<'_>, column: &str| {
        let share = row.number(column);
        share.map_or_else(
            || Cell::text("not known"),
            |share| Cell { bar: Some(Bar::share(share)), ..Cell::percent(Some(share)) },
        )
    };
    let row = |row: Row<'_>| {
        vec![
            name(row),
            Cell::whole(row.count("pairs_matched")),
            Cell::whole(row.count("pairs_in_review")),
            Cell::whole(row.count("tasks_open")),
            share(row, "precision"),
            share(row, "recall"),
            share(row, "f1"),
        ]
    };
    Table {
        caption: "Pairs of source records. Precision: of the pairs linked, the share that are truly the same. Recall: of the pairs \
                  that are truly the same, the share linked. F1 is their harmonic mean. Known where there is truth or enough decisions of stewards."
            .to_owned(),
        heads: vec![
            Head::text("Master"),
            Head::number("Pairs matched"),
            Head::number("In review"),
            Head::number("Open tasks"),
            Head::number("Precision"),
            Head::number("Recall"),
            Head::number("F1"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "Nothing has been matched yet.".to_owned(),
    }
}

fn thresholds(models: &[EntityModel], title: &dyn Fn(&str) -> String) -> Table {
    let row = |model: &EntityModel| {
        let compared: Vec<String> =
            model.matching.comparison.iter().map(|comparison| format::spaced(&comparison.attribute)).collect();
        vec![
            Cell::text(title(&model.name)),
            Cell::text(format::probability(model.matching.thresholds.matched)),
            Cell::text(format::probability(model.matching.thresholds.review)),
            Cell::text(compared.join(", ")),
        ]
    };
    Table {
        caption: "The match probability at which a pair is linked by rule, the one at which a steward is asked, and what is compared."
            .to_owned(),
        heads: vec![
            Head::text("Master"),
            Head::number("Match from"),
            Head::number("Review from"),
            Head::text("Compared"),
        ],
        rows: models.iter().map(row).collect(),
        total: None,
        empty: "No master is declared.".to_owned(),
    }
}
