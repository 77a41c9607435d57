-- fct_scheme_targets: one row per scheme, district and financial year: what was to be achieved and what was.
-- Grain:  source_system, target_no
-- Sorted: district, scheme, financial_year
-- Reads:  evt_scheme_target
WITH stated AS (
  SELECT *, row_number() OVER (PARTITION BY source_system, source_key ORDER BY ingest_run DESC, source_line DESC) AS nth
  FROM evt_scheme_target
)
SELECT source_system, source_key AS target_key, target_no, scheme, district, financial_year, target, achieved
FROM stated
WHERE nth = 1
