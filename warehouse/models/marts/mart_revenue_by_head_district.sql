-- mart_revenue_by_head_district: one row per revenue head, district and month: how much came in.
-- Grain:  revenue_head, district, month
-- Sorted: district, revenue_head, month
-- Reads:  fct_receipts, dim_revenue_heads, dim_districts
WITH counted AS (
  SELECT revenue_head, district, month, financial_year, count(*) AS receipts, coalesce(sum(amount_paise), 0) AS amount_paise
  FROM fct_receipts
  GROUP BY revenue_head, district, month, financial_year
)
SELECT
  c.revenue_head,
  h.name AS revenue_head_name,
  h.section,
  c.district,
  d.name AS district_name,
  c.month,
  c.financial_year,
  c.receipts,
  c.amount_paise,
  c.amount_paise / 100.0 AS amount_rupees
FROM counted c
LEFT JOIN dim_revenue_heads h ON h.code = c.revenue_head
LEFT JOIN dim_districts d ON d.code = c.district
