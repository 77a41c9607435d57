-- fct_service_applications: one row per application for a service, as its source last stated it.
-- Grain:  source_system, application_no
-- Folder: restricted
-- Sorted: district, service, applied_on
-- Reads:  evt_service_application, bridge_crosswalk, dim_dates, dim_services, dim_service_limits, dim_offices, this_release
--
-- Clock: the day of application is not counted; an application is due at the end of the n-th working day after it, n
--   being the limit in force for the service on the day of application. No limit in force: no due day.
-- Held: while an office waits for somebody else its clock stands still. Sources state for how many days in all, and not
--   which; so an application is due that many days later, and working_days_taken, which is from application to disposal,
--   holds them too. A negative number of days is none.
-- A limit that depends on what an application does not say (a certificate of this year or of an earlier one) is the
--   stricter one here; has_conditional_limit marks such services, and limit_note of dim_services says the condition.
-- Outcome: trimmed and in small letters, delivered, rejected or pending. Any other word is counted as is_unknown_outcome
--   and leaves the application pending. A source's own words are translated where its column is mapped.
-- office_department is the office's, service_department the one that answers for the service.
-- A disposal is a delivery, or a rejection with a recorded reason, that has a date. A rejection without a reason is
--   no disposal: the application is still pending and its clock runs on.
-- Overdue: pending, and the due day lies before the day of the release.
WITH stated AS (
  SELECT *, lower(trim(outcome)) AS word, greatest(coalesce(hold_days, 0), 0) AS days_held, row_number() OVER (PARTITION BY source_system, source_key ORDER BY ingest_run DESC, source_line DESC) AS nth
  FROM evt_service_application
),
dated AS (
  SELECT
    s.*,
    CAST(s.applied_at + INTERVAL '330 minutes' AS DATE) AS applied_on,
    CAST(s.disposed_at + INTERVAL '330 minutes' AS DATE) AS closed_on,
    coalesce(s.word = 'rejected', false) AND coalesce(trim(s.rejection_reason), '') = '' AS is_rejected_without_reason,
    s.disposed_at IS NOT NULL
      AND (coalesce(s.word = 'delivered', false)
        OR (coalesce(s.word = 'rejected', false) AND coalesce(trim(s.rejection_reason), '') <> '')) AS is_disposed
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
    o.department AS office_department,
    v.department AS service_department,
    v.limit_note IS NOT NULL AND trim(v.limit_note) <> '' AS has_conditional_limit,
    l.working_day_limit,
    a.month_start AS month,
    a.financial_year,
    a.working_day_number AS applied_number,
    r.as_of_on,
    CASE WHEN d.is_disposed THEN d.closed_on END AS disposed_on
  FROM dated d
  CROSS JOIN this_release r
  LEFT JOIN dim_offices o ON o.code = d.office
  LEFT JOIN dim_services v ON v.code = d.service
  LEFT JOIN dim_dates a ON a.day = d.applied_on
  LEFT JOIN dim_service_limits l
    ON l.service = d.service AND d.applied_on >= l.valid_from AND (l.valid_to IS NULL OR d.applied_on < l.valid_to)
),
due_dated AS (
  SELECT c.*, arrow_cast(CAST(due.day AS INTEGER) + CAST(c.days_held AS INTEGER), 'Date32') AS due_on
  FROM clocked c
  LEFT JOIN working_days due ON due.working_day_number = c.applied_number + c.working_day_limit
)
SELECT
  c.source_system,
  c.source_key AS application_key,
  c.application_no,
  c.service,
  c.service_department,
  c.centre,
  c.office,
  c.office_department,
  c.place AS district,
  c.channel,
  applicant.golden_id AS applicant_golden_id,
  officer.golden_id AS officer_golden_id,
  c.applied_at,
  c.applied_on,
  c.month,
  c.financial_year,
  c.disposed_on,
  c.word AS outcome,
  coalesce(c.word NOT IN ('delivered', 'rejected', 'pending'), true) AS is_unknown_outcome,
  c.rejection_reason,
  c.is_rejected_without_reason,
  c.is_disposed,
  NOT c.is_disposed AS is_pending,
  c.days_held,
  c.hold_reason,
  c.working_day_limit,
  coalesce(c.has_conditional_limit, false) AS has_conditional_limit,
  c.due_on,
  disposed.working_day_number - c.applied_number AS working_days_taken,
  CASE WHEN NOT c.is_disposed THEN present.working_day_number - c.applied_number END AS working_days_pending,
  CASE WHEN c.is_disposed AND c.due_on IS NOT NULL THEN c.disposed_on <= c.due_on END AS is_within_limit,
  NOT c.is_disposed AND c.due_on IS NOT NULL AND c.due_on < c.as_of_on AS is_overdue,
  c.fee AS fee_paise,
  c.fee / 100.0 AS fee_rupees
FROM due_dated c
LEFT JOIN dim_dates disposed ON disposed.day = c.disposed_on
LEFT JOIN dim_dates present ON present.day = c.as_of_on
LEFT JOIN bridge_crosswalk applicant ON applicant.entity = 'citizen' AND applicant.source_ref = c.applicant
LEFT JOIN bridge_crosswalk officer ON officer.entity = 'employee' AND officer.source_ref = c.officer
