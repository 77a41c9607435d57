-- mart_match_quality: one row per entity type: how many duplicates matching found, what waits for a steward, how good it is.
-- Grain:  entity
-- Sorted: entity
-- Reads:  match_quality
--
-- duplicates_found: source records beyond the first of each golden record. Precision and recall are of pairs, null
-- where neither truth nor stewards' decisions are known.
SELECT
  entity,
  source_records,
  golden_records,
  source_records - golden_records AS duplicates_found,
  (source_records - golden_records) * 1.0 / nullif(source_records, 0) AS duplicates_of_source_records,
  linked_source_records,
  largest_cluster,
  pairs_matched,
  pairs_in_review,
  tasks_open,
  precision,
  recall,
  2 * precision * recall / nullif(precision + recall, 0) AS f1
FROM match_quality
