-- fct_benefit_payments: one row per payment of a benefit to one person, as its source last stated it.
-- Grain:  source_system, payment_no
-- Folder: restricted
-- Sorted: district, scheme, paid_on
-- Reads:  evt_benefit_payment, bridge_crosswalk, dim_citizens_personal, dim_dates
--
-- is_paid_after_death: paid, and the payment lies after the date of death that the beneficiary's golden record holds now.
--   A date of death known to the month or year counts from the end of that month or year, so that nobody's payment is
--   called late on a date that nobody knows. It is a ground to look, never by itself one to stop a benefit: rows that say
--   it of a person are restricted, and the open marts count them.
-- is_paid_in_duplicate: paid, and not the first payment of the scheme to the beneficiary's golden record in that calendar month. For
--   which period a payment was made nobody states, so that arrears and instalments look the same. It too is a ground to look,
--   never by itself one to stop a benefit: two people whom a link holds to be one are paid once each.
-- Outcome: trimmed and in small letters, paid or returned. Any other word is counted as is_unknown_outcome and means
--   nothing: the payment is not held to be paid. A source's own words are translated where its column is mapped.
WITH stated AS (
  SELECT
    *,
    lower(trim(outcome)) AS word,
    CAST(paid_at + INTERVAL '330 minutes' AS DATE) AS paid_on,
    row_number() OVER (PARTITION BY source_system, source_key ORDER BY ingest_run DESC, source_line DESC) AS nth
  FROM evt_benefit_payment
),
deaths AS (
  SELECT golden_id, date_of_death FROM dim_citizens_personal WHERE is_current AND date_of_death IS NOT NULL
)
SELECT
  s.source_system,
  s.source_key AS payment_key,
  s.payment_no,
  s.scheme,
  s.district,
  beneficiary.golden_id AS beneficiary_golden_id,
  s.paid_at,
  s.paid_on,
  d.month_start AS month,
  d.financial_year,
  s.word AS outcome,
  coalesce(s.word NOT IN ('paid', 'returned'), true) AS is_unknown_outcome,
  coalesce(s.word = 'paid', false) AS is_paid,
  coalesce(s.word = 'paid', false) AND death.date_of_death IS NOT NULL
    AND substr(CAST(s.paid_on AS VARCHAR), 1, CAST(character_length(death.date_of_death) AS BIGINT)) > death.date_of_death
    AS is_paid_after_death,
  coalesce(s.word = 'paid', false) AND beneficiary.golden_id IS NOT NULL
    AND row_number() OVER (
      PARTITION BY s.scheme, beneficiary.golden_id, d.month_start, coalesce(s.word = 'paid', false)
      ORDER BY s.paid_at, s.source_system, s.source_key
    ) > 1 AS is_paid_in_duplicate,
  s.amount AS amount_paise,
  s.amount / 100.0 AS amount_rupees
FROM stated s
LEFT JOIN dim_dates d ON d.day = s.paid_on
LEFT JOIN bridge_crosswalk beneficiary ON beneficiary.entity = 'citizen' AND beneficiary.source_ref = s.beneficiary
LEFT JOIN deaths death ON death.golden_id = beneficiary.golden_id
WHERE s.nth = 1
