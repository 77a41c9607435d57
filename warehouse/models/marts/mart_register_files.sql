-- mart_register_files: one row per source system that anything came from: how many files, and how old the latest is.
-- Grain:  source_system
-- Sorted: source_system
-- Reads:  register_files, this_release
--
-- days_since_latest: from the day in India on which the hub first saw the latest file, to the day of the release. A file that is read
-- again is no later one.
SELECT
  f.source_system,
  f.entity,
  f.files,
  f.latest_at,
  CAST(f.latest_at + INTERVAL '330 minutes' AS DATE) AS latest_on,
  CAST(r.as_of_on AS INTEGER) - CAST(CAST(f.latest_at + INTERVAL '330 minutes' AS DATE) AS INTEGER) AS days_since_latest
FROM register_files f
CROSS JOIN this_release r
WHERE f.latest_at IS NOT NULL
