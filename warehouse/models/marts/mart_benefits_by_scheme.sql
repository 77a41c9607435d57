-- mart_benefits_by_scheme: one row per scheme, district and financial year: what was paid, to how many, and against which target.
-- Grain:  scheme, district, financial_year
-- Sorted: district, scheme, financial_year
-- Reads:  fct_benefit_payments, fct_scheme_targets, dim_scheme_codes, dim_districts
--
-- Amounts are of payments that were not returned. beneficiaries counts golden records and does not add up over cuts:
-- one person may be paid in two districts or years. Paid after death, paid in duplicate: see fct_benefit_payments.
WITH paid AS (
  SELECT
    scheme,
    district,
    financial_year,
    count(*) AS payments,
    count(*) FILTER (WHERE is_paid) AS paid,
    count(*) FILTER (WHERE NOT is_paid) AS returned,
    count(DISTINCT CASE WHEN is_paid THEN beneficiary_golden_id END) AS beneficiaries,
    coalesce(sum(amount_paise) FILTER (WHERE is_paid), 0) AS amount_paise,
    count(*) FILTER (WHERE is_paid_after_death) AS paid_after_death,
    coalesce(sum(amount_paise) FILTER (WHERE is_paid_after_death), 0) AS paid_after_death_paise,
    count(*) FILTER (WHERE is_paid_in_duplicate) AS paid_in_duplicate,
    coalesce(sum(amount_paise) FILTER (WHERE is_paid_in_duplicate), 0) AS paid_in_duplicate_paise,
    0 AS target,
    0 AS achieved
  FROM fct_benefit_payments
  GROUP BY scheme, district, financial_year
  UNION ALL
  SELECT
    scheme,
    district,
    financial_year,
    0 AS payments,
    0 AS paid,
    0 AS returned,
    0 AS beneficiaries,
    0 AS amount_paise,
    0 AS paid_after_death,
    0 AS paid_after_death_paise,
    0 AS paid_in_duplicate,
    0 AS paid_in_duplicate_paise,
    coalesce(sum(target), 0) AS target,
    coalesce(sum(achieved), 0) AS achieved
  FROM fct_scheme_targets
  GROUP BY scheme, district, financial_year
),
summed AS (
  SELECT
    scheme,
    district,
    financial_year,
    sum(payments) AS payments,
    sum(paid) AS paid,
    sum(returned) AS returned,
    sum(beneficiaries) AS beneficiaries,
    sum(amount_paise) AS amount_paise,
    sum(paid_after_death) AS paid_after_death,
    sum(paid_after_death_paise) AS paid_after_death_paise,
    sum(paid_in_duplicate) AS paid_in_duplicate,
    sum(paid_in_duplicate_paise) AS paid_in_duplicate_paise,
    sum(target) AS target,
    sum(achieved) AS achieved
  FROM paid
  GROUP BY scheme, district, financial_year
)
SELECT
  s.scheme,
  c.name AS scheme_name,
  c.category,
  s.district,
  d.name AS district_name,
  s.financial_year,
  s.payments,
  s.paid,
  s.returned,
  s.beneficiaries,
  s.amount_paise,
  s.amount_paise / 100.0 AS amount_rupees,
  s.paid_after_death,
  s.paid_after_death_paise,
  s.paid_after_death_paise / 100.0 AS paid_after_death_rupees,
  s.paid_in_duplicate,
  s.paid_in_duplicate_paise,
  s.paid_in_duplicate_paise / 100.0 AS paid_in_duplicate_rupees,
  s.target,
  s.achieved,
  s.achieved * 1.0 / nullif(s.target, 0) AS achieved_of_target
FROM summed s
LEFT JOIN dim_scheme_codes c ON c.code = s.scheme
LEFT JOIN dim_districts d ON d.code = s.district
