-- fct_receipts: one row per receipt of money by the treasury, as its source last stated it.
-- Grain:  source_system, receipt_no
-- Sorted: district, revenue_head, received_on
-- Reads:  evt_receipt, bridge_crosswalk, dim_dates, dim_offices
WITH stated AS (
  SELECT
    *,
    CAST(received_at + INTERVAL '330 minutes' AS DATE) AS received_on,
    row_number() OVER (PARTITION BY source_system, source_key ORDER BY ingest_run DESC, source_line DESC) AS nth
  FROM evt_receipt
)
SELECT
  s.source_system,
  s.source_key AS receipt_key,
  s.receipt_no,
  s.revenue_head,
  s.office,
  coalesce(s.district, o.district) AS district,
  payer.golden_id AS payer_golden_id,
  s.received_at,
  s.received_on,
  d.month_start AS month,
  d.financial_year,
  s.payment_mode,
  s.amount AS amount_paise,
  s.amount / 100.0 AS amount_rupees
FROM stated s
LEFT JOIN dim_offices o ON o.code = s.office
LEFT JOIN dim_dates d ON d.day = s.received_on
LEFT JOIN bridge_crosswalk payer ON payer.entity = 'business' AND payer.source_ref = s.payer
WHERE s.nth = 1
