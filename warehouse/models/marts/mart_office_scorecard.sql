-- mart_office_scorecard: one row per office and district: applications and grievances that it answers for, and what it took in.
-- Grain:  office, district
-- Sorted: district, office
-- Reads:  mart_service_delivery, mart_grievance_disposal, fct_receipts, dim_offices, dim_districts
--
-- Every figure is a sum of the marts that it is taken from, so that a scorecard and its drill-down agree.
-- The row without an office holds what no office was stated for.
WITH parts AS (
  SELECT
    office,
    district,
    received AS applications_received,
    disposed AS applications_disposed,
    pending AS applications_pending,
    overdue AS applications_overdue,
    disposed_with_limit AS applications_with_limit,
    within_limit AS applications_within_limit,
    rejected_without_reason AS rejections_without_reason,
    0 AS grievances_filed,
    0 AS grievances_closed,
    0 AS grievances_open,
    0 AS grievances_overdue,
    0 AS grievances_within_due,
    0 AS grievances_reopened,
    0 AS ratings,
    0 AS rating_sum,
    0 AS receipts_paise
  FROM mart_service_delivery
  UNION ALL
  SELECT
    office,
    district,
    0 AS applications_received,
    0 AS applications_disposed,
    0 AS applications_pending,
    0 AS applications_overdue,
    0 AS applications_with_limit,
    0 AS applications_within_limit,
    0 AS rejections_without_reason,
    filed AS grievances_filed,
    closed AS grievances_closed,
    open AS grievances_open,
    overdue AS grievances_overdue,
    within_due AS grievances_within_due,
    reopened AS grievances_reopened,
    ratings,
    rating_sum,
    0 AS receipts_paise
  FROM mart_grievance_disposal
  UNION ALL
  SELECT
    office,
    district,
    0 AS applications_received,
    0 AS applications_disposed,
    0 AS applications_pending,
    0 AS applications_overdue,
    0 AS applications_with_limit,
    0 AS applications_within_limit,
    0 AS rejections_without_reason,
    0 AS grievances_filed,
    0 AS grievances_closed,
    0 AS grievances_open,
    0 AS grievances_overdue,
    0 AS grievances_within_due,
    0 AS grievances_reopened,
    0 AS ratings,
    0 AS rating_sum,
    amount_paise AS receipts_paise
  FROM fct_receipts
),
summed AS (
  SELECT
    office,
    district,
    sum(applications_received) AS applications_received,
    sum(applications_disposed) AS applications_disposed,
    sum(applications_pending) AS applications_pending,
    sum(applications_overdue) AS applications_overdue,
    sum(applications_with_limit) AS applications_with_limit,
    sum(applications_within_limit) AS applications_within_limit,
    sum(rejections_without_reason) AS rejections_without_reason,
    sum(grievances_filed) AS grievances_filed,
    sum(grievances_closed) AS grievances_closed,
    sum(grievances_open) AS grievances_open,
    sum(grievances_overdue) AS grievances_overdue,
    sum(grievances_within_due) AS grievances_within_due,
    sum(grievances_reopened) AS grievances_reopened,
    sum(ratings) AS ratings,
    sum(rating_sum) AS rating_sum,
    sum(receipts_paise) AS receipts_paise
  FROM parts
  GROUP BY office, district
)
SELECT
  s.office,
  o.name AS office_name,
  o.department AS office_department,
  o.level,
  s.district,
  d.name AS district_name,
  s.applications_received,
  s.applications_disposed,
  s.applications_pending,
  s.applications_overdue,
  s.applications_with_limit,
  s.applications_within_limit,
  s.rejections_without_reason,
  s.applications_within_limit * 1.0 / nullif(s.applications_with_limit, 0) AS timeliness,
  s.applications_overdue * 1.0 / nullif(s.applications_received, 0) AS overdue_of_received,
  s.applications_overdue * 1.0 / nullif(s.applications_pending, 0) AS overdue_of_pending,
  s.grievances_filed,
  s.grievances_closed,
  s.grievances_open,
  s.grievances_overdue,
  s.grievances_within_due,
  s.grievances_reopened,
  s.grievances_within_due * 1.0 / nullif(s.grievances_closed, 0) AS grievances_within_due_of_closed,
  s.grievances_reopened * 1.0 / nullif(s.grievances_closed, 0) AS grievances_reopened_of_closed,
  s.ratings,
  s.rating_sum * 1.0 / nullif(s.ratings, 0) AS rating_mean,
  s.receipts_paise,
  s.receipts_paise / 100.0 AS receipts_rupees
FROM summed s
LEFT JOIN dim_offices o ON o.code = s.office
LEFT JOIN dim_districts d ON d.code = s.district
