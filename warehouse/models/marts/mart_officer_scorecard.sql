-- mart_officer_scorecard: one row per officer and office: the cases that the officer had there, and how they went.
-- Grain:  officer_golden_id, office
-- Sorted: district, office, officer_golden_id
-- Reads:  fct_service_applications, fct_grievances, dim_employees, dim_offices
--
-- The office is the one that the case names, so that the cases of a transferred officer stay where they were handled; the
-- hub knows when it learned of a posting and not when the posting began, so it is not asked. The district is the office's.
-- The designation is the officer's now. Below 30 cases the shares are mostly chance: has_enough_cases says so, and no page
-- may rank on them. No name stands here; who may see names finds them in dim_employees_personal.
WITH parts AS (
  SELECT
    officer_golden_id,
    office,
    count(*) FILTER (WHERE is_disposed) AS applications_disposed,
    count(*) FILTER (WHERE is_within_limit IS NOT NULL) AS applications_with_limit,
    count(*) FILTER (WHERE is_within_limit) AS applications_within_limit,
    count(*) FILTER (WHERE is_pending) AS applications_pending,
    count(*) FILTER (WHERE is_overdue) AS applications_overdue,
    count(*) FILTER (WHERE is_rejected_without_reason) AS rejections_without_reason,
    0 AS grievances_closed,
    0 AS grievances_within_due,
    0 AS grievances_open,
    0 AS grievances_overdue,
    0 AS grievances_reopened,
    0 AS ratings,
    0 AS rating_sum
  FROM fct_service_applications
  WHERE officer_golden_id IS NOT NULL
  GROUP BY officer_golden_id, office
  UNION ALL
  SELECT
    officer_golden_id,
    office,
    0 AS applications_disposed,
    0 AS applications_with_limit,
    0 AS applications_within_limit,
    0 AS applications_pending,
    0 AS applications_overdue,
    0 AS rejections_without_reason,
    count(*) FILTER (WHERE is_closed) AS grievances_closed,
    count(*) FILTER (WHERE is_within_due) AS grievances_within_due,
    count(*) FILTER (WHERE is_open) AS grievances_open,
    count(*) FILTER (WHERE is_overdue) AS grievances_overdue,
    count(*) FILTER (WHERE is_closed AND times_reopened > 0) AS grievances_reopened,
    count(rating) AS ratings,
    coalesce(sum(rating), 0) AS rating_sum
  FROM fct_grievances
  WHERE officer_golden_id IS NOT NULL
  GROUP BY officer_golden_id, office
),
summed AS (
  SELECT
    officer_golden_id,
    office,
    sum(applications_disposed) AS applications_disposed,
    sum(applications_with_limit) AS applications_with_limit,
    sum(applications_within_limit) AS applications_within_limit,
    sum(applications_pending) AS applications_pending,
    sum(applications_overdue) AS applications_overdue,
    sum(rejections_without_reason) AS rejections_without_reason,
    sum(grievances_closed) AS grievances_closed,
    sum(grievances_within_due) AS grievances_within_due,
    sum(grievances_open) AS grievances_open,
    sum(grievances_overdue) AS grievances_overdue,
    sum(grievances_reopened) AS grievances_reopened,
    sum(ratings) AS ratings,
    sum(rating_sum) AS rating_sum
  FROM parts
  GROUP BY officer_golden_id, office
),
officers AS (
  SELECT golden_id, golden_key, designation FROM dim_employees WHERE is_current
)
SELECT
  s.officer_golden_id,
  e.golden_key AS officer_golden_key,
  e.designation,
  s.office,
  o.district,
  s.applications_disposed + s.grievances_closed AS cases,
  s.applications_disposed + s.grievances_closed >= 30 AS has_enough_cases,
  s.applications_disposed,
  s.applications_with_limit,
  s.applications_within_limit,
  s.applications_pending,
  s.applications_overdue,
  s.rejections_without_reason,
  s.applications_within_limit * 1.0 / nullif(s.applications_with_limit, 0) AS timeliness,
  s.grievances_closed,
  s.grievances_within_due,
  s.grievances_open,
  s.grievances_overdue,
  s.grievances_reopened,
  s.grievances_within_due * 1.0 / nullif(s.grievances_closed, 0) AS grievances_within_due_of_closed,
  s.grievances_reopened * 1.0 / nullif(s.grievances_closed, 0) AS grievances_reopened_of_closed,
  s.ratings,
  s.rating_sum * 1.0 / nullif(s.ratings, 0) AS rating_mean
FROM summed s
LEFT JOIN officers e ON e.golden_id = s.officer_golden_id
LEFT JOIN dim_offices o ON o.code = s.office
