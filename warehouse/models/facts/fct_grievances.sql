-- fct_grievances: one row per grievance, as its source last stated it.
-- Grain:  source_system, grievance_no
-- Folder: restricted
-- Sorted: district, complaint_type, filed_on
-- Reads:  evt_grievance, bridge_crosswalk, dim_dates, dim_offices, dim_complaint_types, this_release
--
-- Clock: it starts at filing and nothing but closing stops it; assignment, comments and reopening do not restart it, and
--   a case that nobody was ever assigned ages like any other.
-- Due: filing plus the hours of the complaint type. A type that states none, or no type, is due after 21 days (the
--   central office memorandum of 23.08.2024) and marked, so that no grievance can escape being late.
-- Outcome: trimmed and in small letters, open, resolved or rejected. Any other word is counted as is_unknown_outcome and
--   leaves the grievance open. A source's own words are translated where its column is mapped.
-- office_department is the office's, complaint_department the one that the complaint type belongs to.
-- Closed: resolved or rejected, with a date. Overdue: open, and due before the instant of the release
--   that wrote this table. Each day's first release writes it, and every other that changes what it reads.
-- Repeat: filed at most 90 days after the last one before it of the same golden citizen and complaint type. Where either is not
--   known, nothing is called one. Whether two speak of the same matter is not told by what they state.
WITH stated AS (
  SELECT *, lower(trim(outcome)) AS word, row_number() OVER (PARTITION BY source_system, source_key ORDER BY ingest_run DESC, source_line DESC) AS nth
  FROM evt_grievance
),
timed AS (
  SELECT
    s.*,
    coalesce(s.word IN ('resolved', 'rejected'), false) AND s.closed_at IS NOT NULL AS is_closed,
    coalesce(t.sla_hours, 504) AS due_hours,
    t.sla_hours IS NULL AS is_due_by_default,
    coalesce(s.district, o.district) AS place,
    t.department AS complaint_department,
    o.department AS office_department,
    r.as_of,
    r.as_of_on,
    arrow_cast(CAST(s.filed_at AS BIGINT) + coalesce(t.sla_hours, 504) * 3600000000, 'Timestamp(Microsecond, Some("UTC"))') AS due_at,
    CAST(s.filed_at + INTERVAL '330 minutes' AS DATE) AS filed_on
  FROM stated s
  CROSS JOIN this_release r
  LEFT JOIN dim_complaint_types t ON t.code = s.complaint_type
  LEFT JOIN dim_offices o ON o.code = s.office
  WHERE s.nth = 1
)
SELECT
  g.source_system,
  g.source_key AS grievance_key,
  g.grievance_no,
  g.complaint_type,
  g.complaint_department,
  g.office,
  g.office_department,
  g.place AS district,
  g.channel,
  complainant.golden_id AS complainant_golden_id,
  officer.golden_id AS officer_golden_id,
  g.filed_at,
  g.filed_on,
  filed.month_start AS month,
  filed.financial_year,
  g.assigned_at,
  CASE WHEN g.is_closed THEN g.closed_at END AS closed_at,
  closed.month_start AS closed_month,
  g.word AS outcome,
  coalesce(g.word NOT IN ('open', 'resolved', 'rejected'), true) AS is_unknown_outcome,
  g.is_closed,
  NOT g.is_closed AS is_open,
  g.assigned_at IS NOT NULL AS is_assigned,
  g.due_hours,
  g.is_due_by_default,
  g.due_at,
  CASE WHEN g.is_closed THEN g.closed_at <= g.due_at END AS is_within_due,
  NOT g.is_closed AND g.due_at < g.as_of AS is_overdue,
  CASE WHEN NOT g.is_closed THEN CAST(g.as_of_on AS INTEGER) - CAST(g.filed_on AS INTEGER) END AS age_days,
  (CAST(g.assigned_at AS BIGINT) - CAST(g.filed_at AS BIGINT)) / 3600000000.0 AS hours_to_assign,
  CASE WHEN g.is_closed THEN (CAST(g.closed_at AS BIGINT) - CAST(g.filed_at AS BIGINT)) / 3600000000.0 END AS hours_to_close,
  CASE WHEN g.is_closed THEN (CAST(g.closed_at AS BIGINT) - CAST(g.assigned_at AS BIGINT)) / 3600000000.0 END AS hours_with_officer,
  coalesce(g.times_reopened, 0) AS times_reopened,
  coalesce(g.times_escalated, 0) AS times_escalated,
  g.rating,
  coalesce(
    complainant.golden_id IS NOT NULL AND g.complaint_type IS NOT NULL
      AND CAST(g.filed_on AS INTEGER) - CAST(lag(g.filed_on) OVER (
        PARTITION BY complainant.golden_id, g.complaint_type ORDER BY g.filed_at, g.source_system, g.source_key
      ) AS INTEGER) <= 90,
    false
  ) AS is_repeat
FROM timed g
LEFT JOIN dim_dates filed ON filed.day = g.filed_on
LEFT JOIN dim_dates closed
  ON closed.day = CASE WHEN g.is_closed THEN CAST(g.closed_at + INTERVAL '330 minutes' AS DATE) END
LEFT JOIN bridge_crosswalk complainant ON complainant.entity = 'citizen' AND complainant.source_ref = g.complainant
LEFT JOIN bridge_crosswalk officer ON officer.entity = 'employee' AND officer.source_ref = g.officer
