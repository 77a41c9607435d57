-- mart_data_quality_by_source: one row per source system and entity or event: rows accepted and refused, values left out.
-- Grain:  source_system, entity
-- Sorted: source_system, entity
-- Reads:  fct_data_quality
--
-- rows_read = rows_accepted + rows_rejected. rows_incomplete: of the rejected, those that lack a required value or
-- their key. Which rule and column refused how many: fct_data_quality.
WITH counted AS (
  SELECT
    source_system,
    entity,
    coalesce(sum(occurrences) FILTER (WHERE outcome = 'accepted'), 0) AS rows_accepted,
    coalesce(sum(occurrences) FILTER (WHERE outcome = 'rejected'), 0) AS rows_rejected,
    coalesce(sum(occurrences) FILTER (WHERE outcome = 'rejected' AND rule IN ('required', 'key_missing')), 0) AS rows_incomplete,
    coalesce(sum(occurrences) FILTER (WHERE outcome = 'left_out'), 0) AS values_left_out,
    count(DISTINCT rule) FILTER (WHERE outcome <> 'accepted') AS rules_broken
  FROM fct_data_quality
  GROUP BY source_system, entity
)
SELECT
  source_system,
  entity,
  rows_accepted + rows_rejected AS rows_read,
  rows_accepted,
  rows_rejected,
  rows_incomplete,
  values_left_out,
  rules_broken,
  rows_rejected * 1.0 / nullif(rows_accepted + rows_rejected, 0) AS rejected_of_read
FROM counted
