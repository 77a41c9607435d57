-- mart_grievances_by_month: one row per district, office and month: grievances filed in it, and grievances closed in it.
-- Grain:  district, office, month
-- Sorted: district, office, month
-- Reads:  fct_grievances, dim_offices, dim_districts
--
-- A flow: what came in and what went out in a month. A grievance filed in March and closed in May counts as filed in
-- March and as closed in May. What became of those filed in a month says mart_grievance_disposal.
WITH flow AS (
  SELECT district, office, month, 1 AS filed, 0 AS closed FROM fct_grievances
  UNION ALL
  SELECT district, office, closed_month AS month, 0 AS filed, 1 AS closed FROM fct_grievances WHERE is_closed
),
summed AS (
  SELECT district, office, month, sum(filed) AS filed, sum(closed) AS closed
  FROM flow
  GROUP BY district, office, month
)
SELECT
  s.district,
  d.name AS district_name,
  s.office,
  o.name AS office_name,
  o.department AS office_department,
  s.month,
  s.filed,
  s.closed
FROM summed s
LEFT JOIN dim_districts d ON d.code = s.district
LEFT JOIN dim_offices o ON o.code = s.office
