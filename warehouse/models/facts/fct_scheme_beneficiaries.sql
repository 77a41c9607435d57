-- fct_scheme_beneficiaries: one row per scheme and person whom it paid: since when and until when, and how much.
-- Grain:  scheme, beneficiary_golden_id
-- Folder: restricted
-- Sorted: scheme, beneficiary_golden_id
-- Reads:  fct_benefit_payments, dim_schemes
--
-- The relation of a scheme with its beneficiaries, read out of its payments: nobody states it otherwise. first_paid_on and
--   last_paid_on are days of payments, not the period of an entitlement. scheme_golden_id is null where no golden record of a
--   scheme has the code. A payment whose beneficiary nobody knows is in fct_benefit_payments alone.
WITH schemes AS (
  SELECT scheme_code, min(golden_id) AS golden_id FROM dim_schemes WHERE is_current AND scheme_code IS NOT NULL GROUP BY scheme_code
)
SELECT
  p.scheme,
  s.golden_id AS scheme_golden_id,
  p.beneficiary_golden_id,
  max(p.district) AS district,
  min(p.paid_on) AS first_paid_on,
  max(p.paid_on) AS last_paid_on,
  count(*) AS payments,
  sum(p.amount_paise) AS amount_paise
FROM fct_benefit_payments p
LEFT JOIN schemes s ON s.scheme_code = p.scheme
WHERE p.is_paid AND p.beneficiary_golden_id IS NOT NULL
GROUP BY p.scheme, s.golden_id, p.beneficiary_golden_id
