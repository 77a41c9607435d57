//! Benefits by scheme; and what was paid after a recorded death, with what must be done before anyone acts on it.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_codes::Codes;
use kanak_model::{Access, Language, Purpose};
use serde::Deserialize;
use serde_json::json;

use super::{district_filter, show_page, year_filter};
use crate::component::{Bar, Cell, Filters, Head, Table};
use crate::error::PageError;
use crate::reading::{self, where_equal};
use crate::rows::{Row, Rows};
use crate::samples::{Sampler, wave};
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names};

/// The page.
#[derive(Template)]
#[template(path = "pages/benefits.html")]
pub(crate) struct BenefitsPage {
    shell: Shell,
    filters: Filters,
    schemes: Table,
    after_death: Table,
    after_death_payments: String,
    after_death_amount: String,
    /// The least match probability at which two source records are linked by rule.
    link_probability: String,
}

/// What is looked at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    district: String,
    #[serde(default)]
    financial_year: String,
}

/// What the page is made of.
struct BenefitRows {
    /// `scheme, payments, paid, returned, amount_paise, paid_after_death, paid_after_death_paise, target, achieved`.
    schemes: Rows,
    /// `scheme, beneficiaries`: people are counted once in a scheme, wherever and whenever they were paid.
    beneficiaries: Rows,
    years: Rows,
}

/// `GET /benefits`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Query(asked): Query<Asked>,
    signed: Signed,
) -> Result<Response, PageError> {
    let access = signed.access(Purpose::Statistics)?;
    let rows = read(&state, &access, &asked).await?;
    let threshold = state.find_model("citizen").map_or(0.0, |model| model.matching.thresholds.matched);
    let shell = Shell::new("benefits", &signed.visit, state.made_up).fresh(reading::freshness(&state));
    show_page(&BenefitsPage::build(shell, &state.codes, &asked, &rows, threshold))
}

async fn read(state: &DashboardState, access: &Access, asked: &Asked) -> Result<BenefitRows, PageError> {
    let cut = where_equal(&[("district", &asked.district), ("CAST(financial_year AS VARCHAR)", &asked.financial_year)]);
    let cut_name = match (asked.district.is_empty(), asked.financial_year.is_empty()) {
        (true, true) => "state",
        (false, true) => "district",
        (true, false) => "year",
        (false, false) => "district_year",
    };
    let people = where_equal(&[
        ("cut", cut_name),
        ("district", &asked.district),
        ("CAST(financial_year AS VARCHAR)", &asked.financial_year),
    ]);
    let query = |sql: String| async move { reading::query(state, access, &sql).await };
    let sums = [
        "payments",
        "paid",
        "returned",
        "amount_paise",
        "paid_after_death",
        "paid_after_death_paise",
        "target",
        "achieved",
    ];
    let sums = sums.map(|column| format!("sum({column}) AS {column}")).join(", ");
    Ok(BenefitRows {
        schemes: query(format!(
            "SELECT scheme, {sums} FROM mart_benefits_by_scheme{cut} GROUP BY scheme ORDER BY amount_paise DESC, scheme"
        ))
        .await?,
        beneficiaries: query(format!(
            "SELECT scheme, sum(beneficiaries) AS beneficiaries FROM mart_beneficiaries{people} GROUP BY scheme"
        ))
        .await?,
        years: query(
            "SELECT DISTINCT financial_year FROM mart_benefits_by_scheme WHERE financial_year IS NOT NULL \
             ORDER BY financial_year DESC"
                .to_owned(),
        )
        .await?,
    })
}

impl BenefitsPage {
    fn build(shell: Shell, codes: &Codes, asked: &Asked, rows: &BenefitRows, threshold: f64) -> Self {
        let language = shell.language();
        let filters = Filters {
            action: "/benefits",
            lists: vec![
                district_filter(codes, &shell, &asked.district),
                year_filter(&rows.years, &asked.financial_year),
            ],
            button: shell.t("word.show").to_owned(),
        };
        let sum = |column: &str| rows.schemes.iter().map(|row| row.count(column)).sum::<i64>();
        Self {
            filters,
            schemes: scheme_table(codes, language, rows),
            after_death: after_death_table(codes, language, &rows.schemes),
            after_death_payments: format::whole(sum("paid_after_death")),
            after_death_amount: format::rupees(sum("paid_after_death_paise")),
            link_probability: format::probability(threshold),
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let schemes: Vec<String> = sampler
            .codes
            .system("scheme")
            .into_iter()
            .flat_map(|system| system.concepts().take(9).map(|concept| concept.code().to_owned()))
            .chain([sampler.word.to_owned()])
            .collect();
        let rows = BenefitRows {
            schemes: sampler.rows(
                [
                    "scheme",
                    "payments",
                    "paid",
                    "returned",
                    "amount_paise",
                    "paid_after_death",
                    "paid_after_death_paise",
                    "target",
                    "achieved",
                ],
                schemes.iter().enumerate().map(|(at, scheme)| {
                    let at = wave(at);
                    [
                        json!(scheme),
                        json!(9_000),
                        json!(8_900),
                        json!(100),
                        json!((at * 4e10).round()),
                        json!((at * 40.0).round()),
                        json!((at * 6e6).round()),
                        json!(9_500),
                        json!((9_000.0 * at).round()),
                    ]
                }),
            ),
            beneficiaries: sampler.rows(["scheme", "beneficiaries"], [[json!(schemes[0]), json!(4_211)]]),
            years: sampler.rows(["financial_year"], [[json!(2026)]]),
        };
        Self::build(sampler.shell("benefits"), &sampler.codes, &Asked::default(), &rows, 0.95)
    }
}

fn scheme_table(codes: &Codes, language: Language, rows: &BenefitRows) -> Table {
    let row = |row: Row<'_>| {
        let scheme = row.text("scheme");
        let people = rows.beneficiaries.iter().find(|one| one.text("scheme") == scheme);
        let target = row.count("target");
        let achieved = (target > 0).then(|| row.count("achieved") as f64 / target as f64);
        vec![
            Cell::text(names::code_name(codes, "scheme", scheme, language)).under(scheme),
            Cell::whole(row.count("paid")),
            Cell::whole(row.count("returned")),
            Cell::whole(people.map_or(0, |one| one.count("beneficiaries"))),
            Cell::rupees(row.count("amount_paise")),
            Cell { bar: achieved.map(Bar::share), ..Cell::percent(achieved) },
        ]
    };
    Table {
        caption: "Payments that were made and returned, golden records of citizens who were paid (each once in a scheme), rupees \
                  that were not returned, and the share of the yearly target achieved."
            .to_owned(),
        heads: vec![
            Head::text("Scheme"),
            Head::number("Payments"),
            Head::number("Returned"),
            Head::number("Beneficiaries"),
            Head::number("Paid"),
            Head::number("Target achieved"),
        ],
        rows: rows.schemes.iter().map(row).collect(),
        total: None,
        empty: "Nothing was paid.".to_owned(),
    }
}

fn after_death_table(codes: &Codes, language: Language, rows: &Rows) -> Table {
    let row = |row: Row<'_>| {
        let paid = row.count("paid");
        let share = (paid > 0).then(|| row.count("paid_after_death") as f64 / paid as f64);
        vec![
            Cell::text(names::code_name(codes, "scheme", row.text("scheme"), language)),
            Cell::whole(row.count("paid_after_death")),
            Cell::rupees(row.count("paid_after_death_paise")),
            Cell::percent(share),
        ]
    };
    Table {
        caption: "Payments after the date of death that the beneficiary's golden record holds. A death known only to the month or \
                  year counts from its end."
            .to_owned(),
        heads: vec![
            Head::text("Scheme"),
            Head::number("Payments"),
            Head::number("Amount"),
            Head::number("Of all payments"),
        ],
        rows: rows.iter().filter(|row| row.count("paid_after_death") > 0).map(row).collect(),
        total: None,
        empty: "No payment lies after a recorded death.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_paid_after_a_death_never_stands_without_its_notice() {
        let html = BenefitsPage::sample(&Sampler::new(Language::En, "word")).render().unwrap();
        for needed in ["Probability.", "Notice.", "Field check.", "Appeal.", "95.0\u{a0}%", "not a ground to stop"] {
            assert!(html.contains(needed), "{needed}");
        }
        assert!(!html.contains("/golden-records/"), "no person is listed");
    }
}
