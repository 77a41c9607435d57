-- fct_grievance_events: one row per event of a grievance, with who had it afterwards and for how long.
-- Grain:  source_system, grievance_no, position
-- Key:    source_system, grievance_key, position
-- Folder: restricted
-- Sorted: district, complaint_department, grievance_key, position
-- Reads:  evt_grievance, fct_grievances, bridge_crosswalk, dim_dates, dim_district_dates, this_release
--
-- Event: sources state a grievance again as it goes on, and with each statement the times it was reopened. The statements
--   that count the same times tell of one turn, the last of them how it stands or ended. So the events are `filed`;
--   `assigned`, at each instant of assignment that a turn states, or `transferred` where that gave the case to another
--   office; `closed`; `reopened`; and `undecided`, a date of closing beside an outcome that closes nothing. A statement that
--   changes nothing of these, a comment or a rating, is no event. Escalations and ratings have no instant in any source; they
--   are counted in fct_grievances.
-- Turns that count more times than the last statement are withdrawn. A turn nobody stated leaves no event.
-- Placed: no source states when a grievance was reopened. It is laid at the first assignment of the new turn after the
--   closing, and at the closing itself where there is none, so that no time escapes the office; is_instant_stated is false.
-- Order: by instant; a turn that was never closed runs on into the next one. A closing before filing, or before that of an
--   earlier turn, counts as at that instant. An assignment outside of its turn, or dated after the day of the release, is left
--   out; so is an `undecided` dated after that day, or one that repeats the closing of an earlier turn.
-- Clock: clock_of says whose time runs after the event, office, or nobody while the grievance is closed. Only filing, closing
--   and reopening move it: assignments and transfers never do. office and officer_golden_id are those that have the case after
--   the event, and are null while it is closed. district and complaint_department are those of the case today.
-- Dwell: until the next event or, of an open grievance, the beginning of the day of the release in India, where that is
--   later. In working days of the district: those after the day of the event, up to and with the day of the next one. After
--   the last closing: 0.
WITH stated AS (
  SELECT
    s.source_system,
    s.source_key,
    s.office AS stated_office,
    s.officer AS stated_officer,
    CAST(s.assigned_at AS BIGINT) AS assigned_us,
    CAST(s.closed_at AS BIGINT) AS stated_close_us,
    coalesce(lower(trim(s.outcome)) IN ('resolved', 'rejected'), false) AS says_closed,
    greatest(coalesce(s.times_reopened, 0), 0) AS turn,
    s.ingest_run,
    s.source_line
  FROM evt_grievance s
),
told AS (
  SELECT
    s.*,
    f.is_closed,
    greatest(f.times_reopened, 0) AS last_turn,
    CAST(f.filed_at AS BIGINT) AS filed_us,
    CAST(CAST(r.as_of_on AS INTEGER) AS BIGINT) * 86400000000 - 19800000000 AS today_us,
    f.grievance_no,
    f.complaint_type,
    f.complaint_department,
    f.district,
    f.complainant_golden_id,
    r.as_of_on,
    row_number() OVER (PARTITION BY s.source_system, s.source_key, s.turn ORDER BY s.ingest_run DESC, s.source_line DESC) AS nth_of_turn,
    first_value(CASE
      WHEN s.turn = greatest(f.times_reopened, 0) THEN CAST(f.closed_at AS BIGINT)
      WHEN s.says_closed THEN s.stated_close_us
    END) OVER (PARTITION BY s.source_system, s.source_key, s.turn ORDER BY s.ingest_run DESC, s.source_line DESC) AS close_us,
    row_number() OVER (PARTITION BY s.source_system, s.source_key, s.turn, s.assigned_us ORDER BY s.ingest_run DESC, s.source_line DESC) AS nth_of_instant,
    first_value(s.stated_office) OVER (PARTITION BY s.source_system, s.source_key, s.turn ORDER BY s.assigned_us ASC NULLS FIRST, s.ingest_run DESC, s.source_line DESC) AS first_office,
    first_value(s.stated_officer) OVER (PARTITION BY s.source_system, s.source_key, s.turn ORDER BY s.assigned_us ASC NULLS FIRST, s.ingest_run DESC, s.source_line DESC) AS first_officer
  FROM stated s
  JOIN fct_grievances f ON f.source_system = s.source_system AND f.grievance_key = s.source_key
  CROSS JOIN this_release r
  WHERE s.turn <= greatest(f.times_reopened, 0)
),
turns AS (
  SELECT
    t.*,
    t.turn = min(t.turn) OVER (PARTITION BY t.source_system, t.source_key) AS is_first,
    greatest(t.filed_us, max(t.close_us) OVER (PARTITION BY t.source_system, t.source_key ORDER BY t.turn RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS end_us,
    greatest(t.filed_us, max(t.close_us) OVER (PARTITION BY t.source_system, t.source_key ORDER BY t.turn RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS begin_us,
    last_value(t.close_us) OVER (PARTITION BY t.source_system, t.source_key ORDER BY t.turn RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) IS NOT NULL AS is_reopened,
    max(CASE WHEN t.close_us IS NOT NULL THEN t.turn END) OVER (PARTITION BY t.source_system, t.source_key ORDER BY t.turn RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS closed_turn,
    min(t.close_us) OVER (PARTITION BY t.source_system, t.source_key ORDER BY t.turn RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS later_close_us
  FROM told t
  WHERE t.nth_of_turn = 1 OR t.nth_of_instant = 1
),
judged AS (
  SELECT
    *,
    nth_of_instant = 1
      AND coalesce(assigned_us >= begin_us AND (close_us IS NULL OR assigned_us <= end_us) AND (close_us IS NOT NULL OR later_close_us IS NULL OR assigned_us <= later_close_us) AND assigned_us < today_us + 86400000000, false) AS is_assignment
  FROM turns
),
resumed AS (
  SELECT
    *,
    min(CASE WHEN is_assignment AND assigned_us > begin_us AND closed_turn IS NOT NULL THEN assigned_us END) OVER (PARTITION BY source_system, source_key, closed_turn) AS resumed_us
  FROM judged
),
happened AS (
  SELECT
    m.*,
    CASE k.step WHEN 4 THEN 2 WHEN 1 THEN 0 ELSE 1 END AS step,
    CASE k.step
      WHEN 1 THEN CASE WHEN m.is_first THEN 'filed' ELSE 'reopened' END
      WHEN 2 THEN 'assigned'
      WHEN 3 THEN 'undecided'
      ELSE 'closed'
    END AS event,
    CASE k.step
      WHEN 1 THEN CASE WHEN m.is_first THEN m.filed_us ELSE coalesce(m.resumed_us, m.begin_us) END
      WHEN 2 THEN m.assigned_us
      WHEN 3 THEN greatest(m.stated_close_us, m.begin_us, m.resumed_us)
      ELSE m.end_us
    END AS at_us,
    CASE k.step WHEN 1 THEN m.first_office WHEN 4 THEN NULL ELSE m.stated_office END AS office,
    CASE k.step WHEN 1 THEN m.first_officer WHEN 4 THEN NULL ELSE m.stated_officer END AS officer
  FROM resumed m
  CROSS JOIN (VALUES (1), (2), (3), (4)) AS k (step)
  WHERE (k.step = 1 AND m.nth_of_turn = 1 AND (m.is_first OR m.is_reopened))
    OR (k.step = 2 AND m.is_assignment AND (m.closed_turn IS NULL OR m.assigned_us >= m.resumed_us))
    OR (k.step = 3 AND m.nth_of_turn = 1 AND m.turn = m.last_turn AND NOT m.is_closed
      AND (m.closed_turn IS NULL OR m.stated_close_us > m.begin_us)
      AND m.stated_close_us < m.today_us + 86400000000)
    OR (k.step = 4 AND m.nth_of_turn = 1 AND m.close_us IS NOT NULL)
),
dated AS (
  SELECT
    h.*,
    arrow_cast(h.at_us, 'Timestamp(Microsecond, Some("UTC"))') AS event_at,
    CAST(arrow_cast(h.at_us, 'Timestamp(Microsecond, Some("UTC"))') + INTERVAL '330 minutes' AS DATE) AS event_on
  FROM happened h
),
numbered AS (
  SELECT
    d.*,
    coalesce(own.working_day_number, state.working_day_number) AS day_number,
    coalesce(own_today.working_day_number, state_today.working_day_number) AS today_number
  FROM dated d
  LEFT JOIN dim_dates state ON state.day = d.event_on
  LEFT JOIN dim_dates state_today ON state_today.day = d.as_of_on
  LEFT JOIN dim_district_dates own ON own.district = d.district AND own.day = d.event_on
  LEFT JOIN dim_district_dates own_today ON own_today.district = d.district AND own_today.day = d.as_of_on
),
placed AS (
  SELECT
    n.*,
    row_number() OVER (PARTITION BY n.source_system, n.source_key ORDER BY n.closed_turn ASC NULLS FIRST, n.step, n.at_us, n.turn, n.event) AS position,
    lag(n.office) OVER (PARTITION BY n.source_system, n.source_key ORDER BY n.closed_turn ASC NULLS FIRST, n.step, n.at_us, n.turn, n.event) AS former_office,
    lead(n.at_us) OVER (PARTITION BY n.source_system, n.source_key ORDER BY n.closed_turn ASC NULLS FIRST, n.step, n.at_us, n.turn, n.event) AS next_us,
    lead(n.day_number) OVER (PARTITION BY n.source_system, n.source_key ORDER BY n.closed_turn ASC NULLS FIRST, n.step, n.at_us, n.turn, n.event) AS next_number
  FROM numbered n
)
SELECT
  p.source_system,
  p.source_key AS grievance_key,
  p.grievance_no,
  p.position,
  CASE WHEN p.event = 'assigned' AND p.office <> p.former_office THEN 'transferred' ELSE p.event END AS event,
  p.event <> 'reopened' AS is_instant_stated,
  p.event_at,
  p.event_on,
  p.complaint_type,
  p.complaint_department,
  p.district,
  p.complainant_golden_id,
  p.office,
  officer.golden_id AS officer_golden_id,
  CASE WHEN p.event = 'closed' THEN 'nobody' ELSE 'office' END AS clock_of,
  p.event IN ('filed', 'closed', 'reopened') AS moves_clock,
  coalesce(p.next_number, CASE WHEN p.event = 'closed' THEN p.day_number ELSE greatest(p.today_number, p.day_number) END) - p.day_number AS dwell_working_days,
  (coalesce(p.next_us, CASE WHEN p.event = 'closed' THEN p.at_us ELSE greatest(p.today_us, p.at_us) END) - p.at_us) / 3600000000.0 AS dwell_hours
FROM placed p
LEFT JOIN bridge_crosswalk officer ON officer.entity = 'employee' AND officer.source_ref = p.officer
