-- mart_beneficiaries: one row per scheme and cut of place and year: how many people were paid, each counted once in the row.
-- Grain:  scheme, cut, district, financial_year
-- Sorted: cut, district, scheme
-- Reads:  fct_benefit_payments
--
-- People do not add up: one may be paid in two districts or years. So each cut is counted on its own, and rows of
-- different cuts must never be summed. cut: `state` (whole state, all years), `district`, `year`, `district_year`.
WITH paid AS (
  SELECT scheme, district, financial_year, beneficiary_golden_id FROM fct_benefit_payments WHERE is_paid
)
SELECT scheme, 'state' AS cut, CAST(NULL AS VARCHAR) AS district, CAST(NULL AS BIGINT) AS financial_year,
  count(DISTINCT beneficiary_golden_id) AS beneficiaries
FROM paid GROUP BY scheme
UNION ALL
SELECT scheme, 'district' AS cut, district, CAST(NULL AS BIGINT) AS financial_year,
  count(DISTINCT beneficiary_golden_id) AS beneficiaries
FROM paid GROUP BY scheme, district
UNION ALL
SELECT scheme, 'year' AS cut, CAST(NULL AS VARCHAR) AS district, financial_year,
  count(DISTINCT beneficiary_golden_id) AS beneficiaries
FROM paid GROUP BY scheme, financial_year
UNION ALL
SELECT scheme, 'district_year' AS cut, district, financial_year,
  count(DISTINCT beneficiary_golden_id) AS beneficiaries
FROM paid GROUP BY scheme, district, financial_year
