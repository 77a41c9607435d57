-- fct_data_quality: one row per source system, entity or event, outcome, rule and column: how many rows or values.
-- Grain:  source_system, entity, outcome, rule, attribute
-- Sorted: source_system, entity
-- Reads:  ingest_quality
--
-- accepted and rejected count rows; left_out counts values that could not be standardized, of rows that went on.
SELECT source_system, entity, outcome, rule, attribute, coalesce(sum("count"), 0) AS occurrences
FROM ingest_quality
GROUP BY source_system, entity, outcome, rule, attribute
