//! Benefits by scheme; and what was paid after a recorded death, with what must be done before anyone acts on it.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_codes::Codes;
use kanak_model::{Access, Language};
use serde_json::json;

use super::{figures_page, show_page};
use crate::component::{Bar, Cell, Filters, Head, Table};
use crate::cut::{By, Cut};
use crate::error::PageError;
use crate::link_evidence::{NO_FIELD_CHECK, NO_NOTICE};
use crate::reading::{self, where_equal};
use crate::rows::{Row, Rows};
use crate::rules_in_force::{self, RulesInForce};
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
    /// The least match probability at which the rules in force link two source records.
    link_probability: Option<String>,
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
    Query(cut): Query<Cut>,
    signed: Signed,
) -> Result<Response, PageError> {
    let (access, shell) = figures_page(&state, &signed, "benefits")?;
    let rows = read(&state, &access, &cut).await?;
    let rules = RulesInForce::find(&state.store, "citizen").await?;
    show_page(&BenefitsPage::build(shell, &state.codes(), &cut, &rows, rules.as_ref()))
}

async fn read(state: &DashboardState, access: &Access, cut: &Cut) -> Result<BenefitRows, PageError> {
    let cut_name = match (cut.district.is_empty(), cut.financial_year.is_empty()) {
        (true, true) => "state",
        (false, true) => "district",
        (true, false) => "year",
        (false, false) => "district_year",
    };
    let people = where_equal(&[
        ("cut", cut_name),
        ("district", &cut.district),
        ("CAST(financial_year AS VARCHAR)", &cut.financial_year),
    ]);
    let cut = cut.condition(&[By::District, By::Year]);
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
        years: reading::choices(state, access, "mart_benefits_by_scheme", "financial_year").await?,
    })
}

impl BenefitsPage {
    fn build(shell: Shell, codes: &Codes, cut: &Cut, rows: &BenefitRows, rules: Option<&RulesInForce>) -> Self {
        let language = shell.language();
        let lists = vec![cut.district_list(codes, &shell), cut.year_list(&shell, &rows.years)];
        let thresholds = rules.and_then(|rules| rules.thresholds);
        let link_probability = thresholds.map(|thresholds| format::probability(thresholds.matched));
        let sum = |column: &str| rows.schemes.iter().map(|row| row.count(column)).sum::<i64>();
        Self {
            filters: Filters::new("/benefits", &shell, lists),
            schemes: scheme_table(codes, language, rows),
            after_death: after_death_table(codes, language, &rows.schemes, link_probability.as_deref()),
            after_death_payments: format::whole(sum("paid_after_death")),
            after_death_amount: format::rupees(sum("paid_after_death_paise")),
            link_probability,
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
        Self::build(
            sampler.shell("benefits"),
            &sampler.codes,
            &Cut::default(),
            &rows,
            Some(&rules_in_force::sample(0.95, 0.5)),
        )
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
                  that were not returned, and the share of the yearly targets achieved."
            .to_owned(),
        heads: vec![
            Head::word(language, "scheme"),
            Head::count(language, "payments"),
            Head::count(language, "returned"),
            Head::count(language, "beneficiaries"),
            Head::count(language, "paid"),
            Head::count(language, "target_achieved"),
        ],
        rows: rows.schemes.iter().map(row).collect(),
        total: None,
        empty: "Nothing was paid.".to_owned(),
    }
}

fn after_death_table(codes: &Codes, language: Language, rows: &Rows, link_probability: Option<&str>) -> Table {
    let linked_from = link_probability.map_or_else(|| format::NONE.to_owned(), |least| format!("from {least}"));
    let row = |row: Row<'_>| {
        let paid = row.count("paid");
        let share = (paid > 0).then(|| row.count("paid_after_death") as f64 / paid as f64);
        vec![
            Cell::text(names::code_name(codes, "scheme", row.text("scheme"), language)),
            Cell::whole(row.count("paid_after_death")),
            Cell::rupees(row.count("paid_after_death_paise")),
            Cell::percent(share),
            Cell::text(&linked_from),
            Cell::text(NO_NOTICE),
            Cell::text(NO_FIELD_CHECK),
        ]
    };
    Table {
        caption: "Payments after the date of death that the beneficiary's golden record holds. A death known only to the month or \
                  year counts from its end. Who they are is on golden records, for those whose purpose allows it, with the match probability of each link."
            .to_owned(),
        heads: vec![
            Head::word(language, "scheme"),
            Head::count(language, "payments"),
            Head::count(language, "amount"),
            Head::count(language, "of_payments_made"),
            Head::word(language, "linked_by_rule"),
            Head::word(language, "notice"),
            Head::word(language, "field_check"),
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
        assert!(html.contains(NO_NOTICE) && html.contains(NO_FIELD_CHECK), "each row says what was not done");
    }
}
