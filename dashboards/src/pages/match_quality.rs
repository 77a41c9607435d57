//! How well source records were matched: duplicates found, what waits for a steward, the rules in force; and, where the
//! state is made up, how right the links are.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kanak_model::{EntityModel, Language, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::{figures_page, show_page};
use crate::component::{Bar, Cell, Head, Table};
use crate::error::PageError;
use crate::format;
use crate::reading;
use crate::rows::{Row, Rows};
use crate::rules_in_force::{self, RulesInForce};
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
    /// Measured against the known truth of a made-up state; nothing anywhere else.
    accuracy: Option<Table>,
    rules: Table,
}

/// What was measured of one master against a known truth, as whoever measured it kept it.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Measured {
    precision: f64,
    recall: f64,
    f1: f64,
    /// Pairs that belong together and are.
    right: u64,
    /// Pairs that are together.
    found: u64,
    /// Pairs that belong together.
    wanted: u64,
    /// When, where it was kept.
    #[serde(default)]
    measured_us: Option<i64>,
    /// How many source records were compared, where it was kept.
    #[serde(default)]
    source_records: Option<u64>,
}

/// What the page says of one master beside the warehouse's figures.
struct Master {
    name: String,
    title: String,
    rules: Option<RulesInForce>,
    measured: Option<Measured>,
}

/// `GET /match-quality`
pub(crate) async fn show(State(state): State<DashboardState>, signed: Signed) -> Result<Response, PageError> {
    let (access, shell) = figures_page(&state, &signed, "match_quality")?;
    let rows = reading::query(&state, &access, "SELECT * FROM mart_match_quality ORDER BY source_records DESC").await?;
    let mut masters = Vec::new();
    for model in state.models.iter() {
        masters.push(Master {
            name: model.name.clone(),
            title: model.title.get(shell.language()).to_owned(),
            rules: RulesInForce::find(&state.store, &model.name).await?,
            measured: if state.made_up { find_measured(&state, model).await? } else { None },
        });
    }
    show_page(&MatchQualityPage::build(shell, &masters, &rows))
}

/// Only a made-up state has a known truth. What cannot be read was not measured.
async fn find_measured(state: &DashboardState, model: &EntityModel) -> Result<Option<Measured>, PageError> {
    let kept = state.store.get_setting(&format!("accuracy.{}", model.name)).await.map_err(PageError::inside)?;
    Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
}

impl MatchQualityPage {
    fn build(shell: Shell, masters: &[Master], rows: &Rows) -> Self {
        let title = |entity: &str| {
            let master = masters.iter().find(|master| master.name == entity);
            master.map_or_else(|| format::sentence(entity), |master| master.title.clone())
        };
        let language = shell.language();
        Self {
            found: found(language, rows, &title),
            accuracy: accuracy(language, masters),
            rules: rules(language, masters),
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let columns = [
            "entity",
            "source_records",
            "golden_records",
            "duplicates_found",
            "duplicates_of_source_records",
            "linked_source_records",
            "largest_cluster",
            "pairs_matched",
            "tasks_open",
        ];
        let rows = sampler.rows(
            columns,
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
                    json!(640),
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
                ],
            ],
        );
        let measured = Measured {
            precision: 0.973,
            recall: 0.921,
            f1: 0.946,
            right: 50_596,
            found: 52_000,
            wanted: 54_936,
            measured_us: Some(1_795_000_000_000_000),
            source_records: Some(1_00_000),
        };
        let master = |name: &str, rules, measured| Master {
            name: name.to_owned(),
            title: sampler.word.to_owned(),
            rules,
            measured,
        };
        let masters =
            [master("citizen", Some(rules_in_force::sample(0.99, 0.5)), Some(measured)), master("scheme", None, None)];
        Self::build(sampler.shell("match_quality"), &masters, &rows)
    }
}

fn found(language: Language, rows: &Rows, title: &dyn Fn(&str) -> String) -> Table {
    let row = |row: Row<'_>| {
        let share = row.number("duplicates_of_source_records");
        vec![
            Cell::text(title(row.text("entity"))),
            Cell::whole(row.count("source_records")),
            Cell::whole(row.count("golden_records")),
            Cell::whole(row.count("duplicates_found")),
            Cell { bar: share.map(Bar::share), ..Cell::percent(share) },
            Cell::whole(row.count("linked_source_records")),
            Cell::whole(row.count("largest_cluster")),
            Cell::whole(row.count("pairs_matched")),
            Cell::whole(row.count("tasks_open")),
        ]
    };
    Table {
        caption: "Linked source records and the golden records that they became. Duplicates found: source records beyond the first of \
                  each golden record. Joined: source records that share their golden record with others; the largest is counted in source records. \
                  Pairs: any two source records of one golden record. Open tasks: doubtful pairs that wait for a steward."
            .to_owned(),
        heads: vec![
            Head::word(language, "master"),
            Head::count(language, "source_records"),
            Head::count(language, "golden_records"),
            Head::count(language, "duplicates_found"),
            Head::count(language, "of_source_records"),
            Head::count(language, "joined"),
            Head::count(language, "largest"),
            Head::count(language, "pairs"),
            Head::count(language, "open_tasks"),
        ],
        rows: rows.iter().map(row).collect(),
        total: None,
        empty: "Nothing has been matched yet.".to_owned(),
    }
}

fn accuracy(language: Language, masters: &[Master]) -> Option<Table> {
    let share = |share: f64| Cell { bar: Some(Bar::share(share)), ..Cell::percent(Some(share)) };
    let row = |master: &Master| {
        let measured = master.measured?;
        Some(vec![
            Cell::text(&master.title),
            share(measured.precision),
            share(measured.recall),
            share(measured.f1),
            Cell::count(measured.right),
            Cell::count(measured.found),
            Cell::count(measured.wanted),
            measured.source_records.map_or_else(|| Cell::text("not kept"), Cell::count),
            Cell::text(
                measured
                    .measured_us
                    .map_or_else(|| "when the state was made".to_owned(), |at| format::instant(Timestamp(at))),
            ),
        ])
    };
    let rows: Vec<Vec<Cell>> = masters.iter().filter_map(row).collect();
    (!rows.is_empty()).then(|| Table {
        caption: "Counted in pairs of source records against the known truth of the made-up state; decisions since then are not in it. \
                  Precision: of the pairs linked, the share that truly belong together. Recall: of the pairs that truly belong together, \
                  the share linked. F1 is their harmonic mean."
            .to_owned(),
        heads: vec![
            Head::word(language, "master"),
            Head::count(language, "precision"),
            Head::count(language, "recall"),
            Head::count(language, "f1"),
            Head::count(language, "pairs_right"),
            Head::count(language, "pairs_linked"),
            Head::count(language, "pairs_true"),
            Head::count(language, "source_records"),
            Head::word(language, "measured"),
        ],
        rows,
        total: None,
        empty: String::new(),
    })
}

fn rules(language: Language, masters: &[Master]) -> Table {
    let row = |master: &Master| {
        let rules = master.rules.as_ref();
        let thresholds = rules.and_then(|rules| rules.thresholds);
        let probability = |value: Option<f64>| Cell::maybe(value.map(format::probability));
        let compared: Vec<String> =
            rules.into_iter().flat_map(|rules| &rules.compared).map(|attribute| format::spaced(attribute)).collect();
        vec![
            Cell::text(&master.title),
            rules.map_or_else(
                || Cell::text("none yet"),
                |rules| Cell::text(rules.version.to_string()).under(format::instant(rules.created)),
            ),
            probability(thresholds.map(|one| one.matched)),
            probability(thresholds.map(|one| one.review)),
            Cell::text(compared.join(", ")),
        ]
    };
    Table {
        caption: "The rule set in force: from which match probability it links a pair, from which it asks a steward, and what it compares."
            .to_owned(),
        heads: vec![
            Head::word(language, "master"),
            Head::word(language, "rule_set"),
            Head::count(language, "match_from"),
            Head::count(language, "review_from"),
            Head::word(language, "compared"),
        ],
        rows: masters.iter().map(row).collect(),
        total: None,
        empty: "No master is declared.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_stands_only_where_it_was_measured_with_when_and_on_how_many() {
        let page = MatchQualityPage::sample(&Sampler::new(Language::En, "word"));
        let rows = page.accuracy.unwrap().rows;
        let said: Vec<&str> = rows[0].iter().map(|cell| cell.text.as_str()).collect();
        assert!(rows.len() == 1 && said.contains(&"1,00,000") && said.last().unwrap().contains("IST"), "{said:?}");
        let unmeasured = [Master { name: "citizen".to_owned(), title: String::new(), rules: None, measured: None }];
        assert!(accuracy(Language::En, &unmeasured).is_none());
    }

    #[test]
    fn thresholds_are_those_of_the_rule_set_in_force() {
        let master = |rules| Master { name: String::new(), title: String::new(), rules, measured: None };
        let table = rules(Language::En, &[master(Some(rules_in_force::sample(0.97, 0.6))), master(None)]);
        let said = |at: usize| table.rows[at].iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>();
        assert_eq!(said(0), ["", "3", "97.0\u{a0}%", "60.0\u{a0}%", "full name, date of birth"]);
        assert_eq!(said(1), ["", "none yet", "–", "–", ""]);
    }
}
