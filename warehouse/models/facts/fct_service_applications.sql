-- fct_service_applications: one row per application for a service, as its source last stated it.
-- Grain:  source_system, application_no
-- Sorted: district, service, applied_on
-- Reads:  evt_service_application, bridge_crosswalk, dim_dates, dim_service_limits, dim_offices, this_release
--
-- Clock: the day of application is not counted; an application is due at the end of the n-th working day after it, n
--   being the limit in force for the service on the day of application. No limit in force: no due day.
-- A disposal is a delivery, or a rejection with a recorded reason, that has a date. A rejection without a reason is
--   no disposal: the application is still pending and its clock runs on.
-- Overdue: pending, and the due day lies before the day of the release.
WITH stated AS (
  SELECT *, row_number() OVER (PARTITION BY source_system, source_key ORDER BY ingest_run DESC, source_line DESC) AS nth
  FROM evt_service_application
),
dated AS (
  SELECT
    s.*,
    CAST(s.applied_at + INTERVAL '330 minutes' AS DATE) AS applied_on,
    CAST(s.disposed_at + INTERVAL '330 minutes' AS DATE) AS closed_on,
    s.outcome = 'rejected' AND coalesce(trim(s.rejection_reason), '') = '' AS is_rejected_without_reason,
    s.disposed_at IS NOT NULL
      AND (s.outcome = 'delivered' OR (s.outcome = 'rejected' AND coalesce(trim(s.rejection_reason), '') <> '')) AS is_disposed
  FROM stated s
  WHERE s.nth = 1
),
working_days AS (
  SELECT day, working_day_number FROM dim_dates WHERE is_working_day
),
clocked AS (
  SELECT
    d.*,
    coalesce(d.district, o.district) AS place,
    o.department,
    l.working_day_limit,
    a.month_start AS month,
    a.financial_year,
    a.working_day_number AS applied_number,
    r.as_of_on,
    CASE WHEN d.is_disposed THEN d.closed_on END AS disposed_on
  FROM dated d
  CROSS JOIN this_release r
  LEFT JOIN dim_offices o ON o.code = d.office
  LEFT JOIN dim_dates a ON a.day = d.applied_on
  LEFT JOIN dim_service_limits l
    ON l.service = d.service AND d.applied_on >= l.valid_from AND (l.valid_to IS NULL OR d.applied_on < l.valid_to)
)
SELECT
  c.source_system,
  c.source_key AS application_key,
  c.application_no,
  c.service,
  c.department,
  c.centre,
  c.office,
  c.place AS district,
  c.channel,
  applicant.golden_id AS applicant_golden_id,
  officer.golden_id AS officer_golden_id,
  c.applied_at,
  c.applied_on,
  c.month,
  c.financial_year,
  c.disposed_on,
  c.outcome,
  c.rejection_reason,
  c.is_rejected_without_reason,
  c.is_disposed,
  NOT c.is_disposed AS is_pending,
  c.working_day_limit,
  due.day AS due_on,
  disposed.working_day_number - c.applied_number AS working_days_taken,
  CASE WHEN NOT c.is_disposed THEN present.working_day_number - c.applied_number END AS working_days_pending,
  CASE WHEN c.is_disposed AND due.day IS NOT NULL THEN c.disposed_on <= due.day END AS is_within_limit,
  NOT c.is_disposed AND due.day IS NOT NULL AND due.day < c.as_of_on AS is_overdue,
  c.fee AS fee_paise,
  c.fee / 100.0 AS fee_rupees
FROM clocked c
LEFT JOIN working_days due ON due.working_day_number = c.applied_number + c.working_day_limit
LEFT JOIN dim_dates disposed ON disposed.day = c.disposed_on
LEFT JOIN dim_dates present ON present.day = c.as_of_on
LEFT JOIN bridge_crosswalk applicant ON applicant.entity = 'citizen' AND applicant.source_ref = c.applicant
LEFT JOIN bridge_crosswalk officer ON officer.entity = 'employee' AND officer.source_ref = c.officer
