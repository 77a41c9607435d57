-- mart_grievance_disposal: one row per district, office, complaint type and month of filing: what became of grievances.
-- Grain:  district, office, complaint_type, month
-- Sorted: district, office, complaint_type, month
-- Reads:  fct_grievances, dim_offices, dim_districts, dim_complaint_types
--
-- Every count is of the grievances filed in that month; how many were closed in a month, whenever filed, says
-- mart_grievances_by_month. office_department is the office's, complaint_department the complaint type's.
-- filed = closed + open; closed = resolved + rejected = within_due + late. A rejected grievance is closed and not
-- resolved: resolution is of all closed ones. A rating counts only where the complainant gave one; ratings says of how many,
-- satisfied how many of them gave 4 or 5, ratings_of_closed how many of the closed ones have one. repeatable: complainant and
-- complaint type are known, so that repeats (see fct_grievances) can be told. unclassified: without a complaint type.
WITH counted AS (
  SELECT
    district,
    office,
    complaint_type,
    month,
    financial_year,
    count(*) AS filed,
    count(*) FILTER (WHERE is_closed) AS closed,
    count(*) FILTER (WHERE is_closed AND outcome = 'resolved') AS resolved,
    count(*) FILTER (WHERE is_closed AND outcome = 'rejected') AS rejected,
    count(*) FILTER (WHERE is_open) AS open,
    count(*) FILTER (WHERE is_open AND NOT is_assigned) AS unassigned,
    count(*) FILTER (WHERE is_overdue) AS overdue,
    count(*) FILTER (WHERE is_within_due) AS within_due,
    count(*) FILTER (WHERE NOT is_within_due) AS late,
    count(*) FILTER (WHERE times_reopened > 0) AS reopened,
    count(*) FILTER (WHERE times_escalated > 0) AS escalated,
    count(hours_to_assign) AS assigned,
    coalesce(sum(hours_to_assign), 0.0) AS hours_to_assign,
    coalesce(sum(hours_to_close), 0.0) AS hours_to_close,
    count(rating) AS ratings,
    coalesce(sum(rating), 0) AS rating_sum,
    count(rating) FILTER (WHERE is_closed) AS ratings_of_closed,
    count(*) FILTER (WHERE rating >= 4) AS satisfied,
    count(*) FILTER (WHERE complaint_type IS NULL) AS unclassified,
    count(*) FILTER (WHERE complainant_golden_id IS NOT NULL AND complaint_type IS NOT NULL) AS repeatable,
    count(*) FILTER (WHERE is_repeat) AS repeats
  FROM fct_grievances
  GROUP BY district, office, complaint_type, month, financial_year
)
SELECT
  c.district,
  d.name AS district_name,
  c.office,
  o.name AS office_name,
  o.department AS office_department,
  c.complaint_type,
  t.name AS complaint_type_name,
  t.department AS complaint_department,
  c.month,
  c.financial_year,
  c.filed,
  c.closed,
  c.resolved,
  c.rejected,
  c.open,
  c.unassigned,
  c.overdue,
  c.within_due,
  c.late,
  c.reopened,
  c.escalated,
  c.assigned,
  c.hours_to_assign,
  c.hours_to_close,
  c.ratings,
  c.rating_sum,
  c.ratings_of_closed,
  c.satisfied,
  c.unclassified,
  c.repeatable,
  c.repeats,
  c.within_due * 1.0 / nullif(c.closed, 0) AS within_due_of_closed,
  c.resolved * 1.0 / nullif(c.closed, 0) AS resolved_of_closed,
  c.overdue * 1.0 / nullif(c.open, 0) AS overdue_of_open,
  c.overdue * 1.0 / nullif(c.filed, 0) AS overdue_of_filed,
  c.reopened * 1.0 / nullif(c.closed, 0) AS reopened_of_closed,
  c.rating_sum * 1.0 / nullif(c.ratings, 0) AS rating_mean
FROM counted c
LEFT JOIN dim_districts d ON d.code = c.district
LEFT JOIN dim_offices o ON o.code = c.office
LEFT JOIN dim_complaint_types t ON t.code = c.complaint_type
