-- mart_service_delivery: one row per service, office, district and month of application: how many were disposed of, and when.
-- Grain:  service, office, district, month
-- Sorted: district, service, month
-- Reads:  fct_service_applications, dim_services, dim_offices, dim_districts
--
-- received = disposed + pending; disposed = delivered + rejected_with_reason; disposed_with_limit = within_limit + late.
-- Counts add up over any cut; shares are of this row's counts and must not be averaged.
-- timeliness: disposed within the limit in force on the day of application, of those disposed that had one.
-- service_department answers for the service, office_department is that of the office that handles it; each adds up on
-- its own. days_held: days for which clocks stood still.
-- overdue_of_received and overdue_of_pending are both published: the first is always the kinder one.
WITH counted AS (
  SELECT
    service,
    office,
    district,
    month,
    financial_year,
    count(*) AS received,
    count(*) FILTER (WHERE is_disposed) AS disposed,
    count(*) FILTER (WHERE is_disposed AND outcome = 'delivered') AS delivered,
    count(*) FILTER (WHERE is_disposed AND outcome = 'rejected') AS rejected_with_reason,
    count(*) FILTER (WHERE is_rejected_without_reason) AS rejected_without_reason,
    count(*) FILTER (WHERE is_pending) AS pending,
    count(*) FILTER (WHERE is_overdue) AS overdue,
    count(*) FILTER (WHERE is_within_limit IS NOT NULL) AS disposed_with_limit,
    count(*) FILTER (WHERE is_within_limit) AS within_limit,
    count(*) FILTER (WHERE NOT is_within_limit) AS late,
    count(*) FILTER (WHERE days_held > 0) AS held,
    coalesce(sum(days_held), 0) AS days_held,
    coalesce(sum(working_days_taken), 0) AS working_days_taken,
    coalesce(sum(fee_paise), 0) AS fee_paise
  FROM fct_service_applications
  GROUP BY service, office, district, month, financial_year
)
SELECT
  c.service,
  s.name AS service_name,
  s.department AS service_department,
  c.office,
  o.name AS office_name,
  o.department AS office_department,
  c.district,
  d.name AS district_name,
  c.month,
  c.financial_year,
  c.received,
  c.disposed,
  c.delivered,
  c.rejected_with_reason,
  c.rejected_without_reason,
  c.pending,
  c.overdue,
  c.disposed_with_limit,
  c.within_limit,
  c.late,
  c.held,
  c.days_held,
  c.working_days_taken,
  c.fee_paise,
  c.fee_paise / 100.0 AS fee_rupees,
  c.within_limit * 1.0 / nullif(c.disposed_with_limit, 0) AS timeliness,
  c.overdue * 1.0 / nullif(c.received, 0) AS overdue_of_received,
  c.overdue * 1.0 / nullif(c.pending, 0) AS overdue_of_pending
FROM counted c
LEFT JOIN dim_services s ON s.code = c.service
LEFT JOIN dim_offices o ON o.code = c.office
LEFT JOIN dim_districts d ON d.code = c.district
