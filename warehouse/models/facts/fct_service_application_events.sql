-- fct_service_application_events: one row per event of an application for a service, with who had it afterwards and for how long.
-- Grain:  source_system, application_no, position
-- Key:    source_system, application_key, position
-- Folder: restricted
-- Sorted: district, service, application_key, position
-- Reads:  evt_service_application, fct_service_applications, dim_dates, dim_district_dates, this_release
--
-- Event: what a source states of an application, as it last stated it, is when it was applied for, when it was disposed of,
--   and for how many days in all an office waited for somebody else. So the events are `applied`; `held` and `resumed`,
--   where days were held; `delivered` or `rejected`; and two that end nothing: `rejected_without_reason`, and `undecided`,
--   a date of disposal beside any other outcome. No source states transfers or comments.
-- Placed: sources do not state which days were held. They are laid at the end of the application's time, at most all of it,
--   since a due day lies as many days after the last working day of the limit; is_instant_stated is false on both rows. A
--   pending application is the office's again at the day of the release.
-- Order: by instant. An instant before the application counts as that of the application; what ended nothing and is dated
--   after the day of the release is left out.
-- Clock: clock_of says whose time runs after the event: office, citizen, or nobody once the application is disposed of.
--   moves_clock is false where the event leaves that as it was. office and officer_golden_id are those that have the case
--   after the event, and are null while it is nobody's or the citizen's.
-- Dwell: until the next event or, of a pending application, the beginning of the day of the release in India, where that is
--   later. In working days of the district: those after the day of the event, up to and with the day of the next one. After
--   disposal: 0. The dwell times of an application add up to the time from application to disposal or release.
WITH stated AS (
  SELECT source_system, source_key, CAST(disposed_at AS BIGINT) AS disposed_us, row_number() OVER (PARTITION BY source_system, source_key ORDER BY ingest_run DESC, source_line DESC) AS nth
  FROM evt_service_application
),
timed AS (
  SELECT
    f.*,
    s.disposed_us,
    CAST(f.applied_at AS BIGINT) AS applied_us,
    CAST(CAST(r.as_of_on AS INTEGER) AS BIGINT) * 86400000000 - 19800000000 AS today_us
  FROM fct_service_applications f
  JOIN stated s ON s.source_system = f.source_system AND s.source_key = f.application_key AND s.nth = 1
  CROSS JOIN this_release r
),
judged AS (
  SELECT
    *,
    CASE WHEN NOT is_disposed AND disposed_us < today_us + 86400000000 THEN greatest(disposed_us, applied_us) END AS undecided_us
  FROM timed
),
ended AS (
  SELECT
    *,
    CASE WHEN is_disposed THEN greatest(disposed_us, applied_us) ELSE greatest(today_us, applied_us, undecided_us) END AS end_us
  FROM judged
),
happened AS (
  SELECT
    t.*,
    k.step,
    CASE k.step
      WHEN 2 THEN t.undecided_us
      WHEN 3 THEN greatest(t.end_us - t.days_held * 86400000000, t.applied_us)
      WHEN 4 THEN t.end_us
      WHEN 5 THEN t.end_us
      ELSE t.applied_us
    END AS at_us,
    CASE k.step WHEN 1 THEN 'office' WHEN 3 THEN 'citizen' WHEN 4 THEN 'office' WHEN 5 THEN 'nobody' END AS clock
  FROM ended t
  CROSS JOIN (VALUES (1), (2), (3), (4), (5)) AS k (step)
  WHERE k.step = 1
    OR (k.step = 2 AND t.undecided_us IS NOT NULL)
    OR (k.step IN (3, 4) AND t.days_held > 0)
    OR (k.step = 5 AND t.is_disposed)
),
dated AS (
  SELECT
    h.*,
    arrow_cast(h.at_us, 'Timestamp(Microsecond, Some("UTC"))') AS event_at,
    CAST(arrow_cast(h.at_us, 'Timestamp(Microsecond, Some("UTC"))') + INTERVAL '330 minutes' AS DATE) AS event_on,
    CAST(arrow_cast(h.end_us, 'Timestamp(Microsecond, Some("UTC"))') + INTERVAL '330 minutes' AS DATE) AS end_on
  FROM happened h
),
numbered AS (
  SELECT
    d.*,
    coalesce(own.working_day_number, state.working_day_number) AS day_number,
    coalesce(own_end.working_day_number, state_end.working_day_number) AS end_number
  FROM dated d
  LEFT JOIN dim_dates state ON state.day = d.event_on
  LEFT JOIN dim_dates state_end ON state_end.day = d.end_on
  LEFT JOIN dim_district_dates own ON own.district = d.district AND own.day = d.event_on
  LEFT JOIN dim_district_dates own_end ON own_end.district = d.district AND own_end.day = d.end_on
),
placed AS (
  SELECT
    n.*,
    row_number() OVER (PARTITION BY n.source_system, n.application_key ORDER BY n.at_us, n.step) AS position,
    lead(n.at_us) OVER (PARTITION BY n.source_system, n.application_key ORDER BY n.at_us, n.step) AS next_us,
    lead(n.day_number) OVER (PARTITION BY n.source_system, n.application_key ORDER BY n.at_us, n.step) AS next_number,
    last_value(n.clock) IGNORE NULLS OVER (PARTITION BY n.source_system, n.application_key ORDER BY n.at_us, n.step ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS clock_of
  FROM numbered n
)
SELECT
  p.source_system,
  p.application_key,
  p.application_no,
  p.position,
  CASE p.step
    WHEN 1 THEN 'applied'
    WHEN 2 THEN CASE WHEN p.is_rejected_without_reason THEN 'rejected_without_reason' ELSE 'undecided' END
    WHEN 3 THEN 'held'
    WHEN 4 THEN 'resumed'
    ELSE p.outcome
  END AS event,
  p.step NOT IN (3, 4) AS is_instant_stated,
  p.event_at,
  p.event_on,
  p.service,
  p.service_department,
  p.district,
  p.applicant_golden_id,
  CASE WHEN p.clock_of = 'office' THEN p.office END AS office,
  CASE WHEN p.clock_of = 'office' THEN p.officer_golden_id END AS officer_golden_id,
  p.clock_of,
  p.clock IS NOT NULL AS moves_clock,
  coalesce(p.next_number, p.end_number) - p.day_number AS dwell_working_days,
  (coalesce(p.next_us, p.end_us) - p.at_us) / 3600000000.0 AS dwell_hours
FROM placed p
