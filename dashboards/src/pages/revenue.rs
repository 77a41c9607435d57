//! Revenue: by month, by head of account, by district.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_codes::Codes;
use kanak_model::{Access, Purpose};
use serde::Deserialize;
use serde_json::json;

use super::{district_filter, show_page, year_filter};
use crate::component::{Bar, Cell, Chart, ChartKind, ChartUnit, DistrictMap, DistrictValue, Filters, Head, Table};
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
#[template(path = "pages/revenue.html")]
pub(crate) struct RevenuePage {
    shell: Shell,
    filters: Filters,
    months: Chart,
    map: DistrictMap,
    heads: Table,
    districts: Table,
}

/// What is looked at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    district: String,
    #[serde(default)]
    financial_year: String,
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
    Query(asked): Query<Asked>,
    signed: Signed,
) -> Result<Response, PageError> {
    let access = signed.access(Purpose::Statistics)?;
    let rows = read(&state, &access, &asked).await?;
    let shell = Shell::new("revenue", &signed.visit, state.made_up).fresh(reading::freshness(&state));
    show_page(&RevenuePage::build(shell, &state.codes, &asked, &rows))
}

async fn read(state: &DashboardState, access: &Access, asked: &Asked) -> Result<RevenueRows, PageError> {
    let year = ("CAST(financial_year AS VARCHAR)", asked.financial_year.as_str());
    let here = where_equal(&[("district", &asked.district), year]);
    let everywhere = where_equal(&[year]);
    let query = |columns: &str, cut: &str, order: &str| {
        let sql = format!(
            "SELECT {columns}, sum(receipts) AS receipts, sum(amount_paise) AS amount_paise \
             FROM mart_revenue_by_head_district{cut} GROUP BY {columns} ORDER BY {order}"
        );
        async move { reading::query(state, access, &sql).await }
    };
    Ok(RevenueRows {
        by_month: query("month", &here, "month").await?,
        by_head: query("revenue_head, section", &here, "amount_paise DESC, revenue_head").await?,
        by_district: query("district", &everywhere, "amount_paise DESC").await?,
        years: query("financial_year", "", "financial_year DESC").await?,
    })
}

impl RevenuePage {
    fn build(shell: Shell, codes: &Codes, asked: &Asked, rows: &RevenueRows) -> Self {
        let language = shell.language();
        let filters = Filters {
            action: "/revenue",
            lists: vec![
                district_filter(codes, &shell, &asked.district),
                year_filter(&rows.years, &asked.financial_year),
            ],
            button: shell.t("word.show").to_owned(),
        };
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
            filters,
            months: months(&rows.by_month),
            map: DistrictMap::draw("Receipts by district", codes, &values),
            heads: amount_table("Head of account", "Receipts by head of account, largest first.", &rows.by_head, &head),
            districts: amount_table("District", "Receipts by district, largest first.", &rows.by_district, &district),
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
        Self::build(sampler.shell("revenue"), &sampler.codes, &Asked::default(), &rows)
    }
}

fn months(rows: &Rows) -> Chart {
    let row = |row: Row<'_>| {
        vec![
            Cell::text(format::month(row.text("month"))),
            Cell::rupees(row.count("amount_paise")),
            Cell::whole(row.count("receipts")),
        ]
    };
    Chart {
        title: "Receipts by month".to_owned(),
        kind: ChartKind::Columns,
        unit: ChartUnit::Rupees,
        table: Table {
            caption: "Rupees received by month of receipt, India's time, and the number of receipts.".to_owned(),
            heads: vec![Head::text("Month"), Head::number("Amount"), Head::number("Receipts").undrawn()],
            rows: rows.iter().map(row).collect(),
            total: None,
            empty: "Nothing was received.".to_owned(),
        },
    }
}

/// Names, receipts and amounts with their share of the whole, and the whole in the last row.
fn amount_table(first: &str, caption: &str, rows: &Rows, name: &dyn Fn(Row<'_>) -> Cell) -> Table {
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
        heads: vec![Head::text(first), Head::number("Receipts"), Head::number("Amount"), Head::number("Share")],
        rows: rows.iter().map(row).collect(),
        total: (!rows.is_empty()).then_some(total),
        empty: "Nothing was received.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kanak_model::Language;

    #[test]
    fn the_parts_of_a_table_add_up_to_its_last_row() {
        let page = RevenuePage::sample(&Sampler::new(Language::En, "word"));
        let parts: f64 = page.heads.rows.iter().filter_map(|row| row[2].value).sum();
        let whole = page.heads.total.unwrap()[2].value.unwrap();
        assert!((parts - whole).abs() < 0.5, "{parts} and {whole}");
    }
}
