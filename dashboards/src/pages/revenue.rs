//! Revenue: by month, by head of account, by district.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_codes::Codes;
use kanak_model::{Access, Language};
use serde_json::json;

use super::{figures_page, show_page};
use crate::component::{Bar, Cell, Chart, DistrictMap, DistrictValue, Filters, Head, Measure, Table, monthly};
use crate::cut::{By, Cut};
use crate::error::PageError;
use crate::rows::{Row, Rows};
use crate::samples::{Sampler, wave};
use crate::session::Signed;
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, names, reading};

/// The page.
#[derive(Template)]
#[template(path = "pages/revenue.html")]
pub(crate) struct RevenuePage {
    shell: Shell,
    filters: Filters,
    months: Chart,
    map: DistrictMap,
    heads: Table,
    districts: Table,
}

/// What the page is made of: cuts of `mart_revenue_by_head_district`, each with `receipts, amount_paise`.
struct RevenueRows {
    by_month: Rows,
    by_head: Rows,
    /// Of the whole state, whichever district is chosen: for the map.
    by_district: Rows,
    years: Rows,
}

/// `GET /revenue`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Query(cut): Query<Cut>,
    signed: Signed,
) -> Result<Response, PageError> {
    let (access, shell) = figures_page(&state, &signed, "revenue")?;
    let rows = read(&state, &access, &cut).await?;
    show_page(&RevenuePage::build(shell, &state.codes(), &cut, &rows))
}

async fn read(state: &DashboardState, access: &Access, cut: &Cut) -> Result<RevenueRows, PageError> {
    const MART: &str = "mart_revenue_by_head_district";
    let here = cut.condition(&[By::District, By::Year]);
    let everywhere = cut.condition(&[By::Year]);
    let query = |columns: &str, cut: &str, order: &str| {
        let sql = format!(
            "SELECT {columns}, sum(receipts) AS receipts, sum(amount_paise) AS amount_paise \
             FROM {MART}{cut} GROUP BY {columns} ORDER BY {order}"
        );
        async move { reading::query(state, access, &sql).await }
    };
    Ok(RevenueRows {
        by_month: query("month", &here, "month").await?,
        by_head: query("revenue_head, section", &here, "amount_paise DESC, revenue_head").await?,
        by_district: query("district", &everywhere, "amount_paise DESC").await?,
        years: reading::choices(state, access, MART, "financial_year").await?,
    })
}

impl RevenuePage {
    fn build(shell: Shell, codes: &Codes, cut: &Cut, rows: &RevenueRows) -> Self {
        let language = shell.language();
        let lists = vec![cut.district_list(codes, &shell), cut.year_list(&shell, &rows.years)];
        let value = |row: Row<'_>| DistrictValue {
            code: row.text("district").to_owned(),
            value: row.number("amount_paise"),
            text: format::rupees(row.count("amount_paise")),
            href: format!("/revenue?district={}", row.text("district")),
        };
        let values: Vec<DistrictValue> = rows.by_district.iter().map(value).collect();
        let head = |row: Row<'_>| {
            let section = format::sentence(&row.text("section").to_lowercase());
            Cell::text(names::code_name(codes, "revenue-head", row.text("revenue_head"), language))
                .under(format!("{} · {section}", row.text("revenue_head")))
        };
        let district = |row: Row<'_>| {
            let code = row.text("district");
            Cell::text(names::district(codes, code, language)).link(format!("/revenue?district={code}"))
        };
        Self {
            filters: Filters::new("/revenue", &shell, lists),
            months: monthly(
                language,
                "Receipts by month",
                "Rupees received by month of receipt, India's time, and the number of receipts.",
                &rows.by_month,
                &[("amount_paise", "amount", Measure::Rupees), ("receipts", "receipts", Measure::UndrawnCount)],
            ),
            map: DistrictMap::draw("Receipts by district", codes, &values),
            heads: amount_table(
                language,
                "revenue_head",
                "Receipts by head of account, largest first.",
                &rows.by_head,
                &head,
            ),
            districts: amount_table(
                language,
                "district",
                "Receipts by district, largest first, of the whole state.",
                &rows.by_district,
                &district,
            ),
            shell: shell.with_charts(),
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let amount = |at: f64| (at * 9_00_00_000_00.0).round();
        let heads = ["0029", "0030", "0040", "0041", "0039", sampler.word];
        let rows = RevenueRows {
            by_month: sampler.rows(
                ["month", "receipts", "amount_paise"],
                sampler.months().into_iter().map(|(month, at)| [month, json!(4_000), json!(amount(at + 0.4))]),
            ),
            by_head: sampler.rows(
                ["revenue_head", "section", "receipts", "amount_paise"],
                heads
                    .into_iter()
                    .enumerate()
                    .map(|(at, head)| [json!(head), json!("TAX REVENUE"), json!(4_000), json!(amount(1.2 - wave(at)))]),
            ),
            by_district: sampler.rows(
                ["district", "receipts", "amount_paise"],
                sampler.districts().into_iter().map(|(code, at)| [json!(code), json!(900), json!(amount(at))]),
            ),
            years: sampler.rows(["financial_year"], [[json!(2026)], [json!(2025)]]),
        };
        Self::build(sampler.shell("revenue"), &sampler.codes, &Cut::default(), &rows)
    }
}

/// Names, receipts and amounts with their share of the whole, and the whole in the last row.
fn amount_table(language: Language, first: &str, caption: &str, rows: &Rows, name: &dyn Fn(Row<'_>) -> Cell) -> Table {
    let whole: i64 = rows.iter().map(|row| row.count("amount_paise")).sum();
    let receipts: i64 = rows.iter().map(|row| row.count("receipts")).sum();
    let row = |row: Row<'_>| {
        let share = (whole != 0).then(|| row.count("amount_paise") as f64 / whole as f64);
        vec![
            name(row),
            Cell::whole(row.count("receipts")),
            Cell::rupees(row.count("amount_paise")),
            Cell { bar: share.map(Bar::share), ..Cell::percent(share) },
        ]
    };
    let total = vec![Cell::text("Together"), Cell::whole(receipts), Cell::rupees(whole), Cell::text("")];
    Table {
        caption: caption.to_owned(),
        heads: vec![
            Head::word(language, first),
            Head::count(language, "receipts"),
            Head::count(language, "amount"),
            Head::count(language, "share"),
        ],
        rows: rows.iter().map(row).collect(),
        total: (!rows.is_empty()).then_some(total),
        empty: "Nothing was received.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_table_add_up_to_its_last_row() {
        let page = RevenuePage::sample(&Sampler::new(Language::En, "word"));
        let parts: f64 = page.heads.rows.iter().filter_map(|row| row[2].value).sum();
        let whole = page.heads.total.unwrap()[2].value.unwrap();
        assert!((parts - whole).abs() < 0.5, "{parts} and {whole}");
    }
}
