-- fct_grievance_open_days: one row per day, district and department of the complaint, with what was open when the day ended.
-- Grain:  day, district, complaint_department
-- Key:    day, district, complaint_department
-- Sorted: day, district, complaint_department
-- Reads:  fct_grievance_events, fct_grievances, dim_dates, this_release
--
-- Days are India's, from the first grievance of the district and department, never before the calendar begins, to the day of
--   the release; a day on which nothing happened has its row. District and department are those of the case today, on all of
--   its days.
-- Law: on each row open_at_end is that of the day before plus opened and reopened less closed.
-- Overdue: open at the end of the day, and due before the day ended. As in fct_grievances, the due instant counts from filing
--   and reopening does not move it. On the day of the release these are the grievances that fall due before it ends, so
--   that every release of one day says the same.
WITH moved AS (
  SELECT
    e.source_system,
    e.grievance_key,
    e.district,
    e.complaint_department,
    e.event,
    greatest(e.event_on, c.first_day) AS day,
    lead(greatest(e.event_on, c.first_day)) OVER (PARTITION BY e.source_system, e.grievance_key ORDER BY e.position) AS until_day
  FROM fct_grievance_events e
  CROSS JOIN (SELECT min(day) AS first_day FROM dim_dates) c
  WHERE e.moves_clock
),
late AS (
  SELECT
    m.district,
    m.complaint_department,
    greatest(m.day, CAST(f.due_at + INTERVAL '330 minutes' AS DATE)) AS day,
    m.until_day
  FROM moved m
  JOIN fct_grievances f ON f.source_system = m.source_system AND f.grievance_key = m.grievance_key
  WHERE m.event <> 'closed'
    AND (m.until_day IS NULL OR CAST(f.due_at + INTERVAL '330 minutes' AS DATE) < m.until_day)
    AND (m.until_day IS NULL OR m.day < m.until_day)
),
cells AS (
  SELECT district, complaint_department, min(day) AS first_on
  FROM moved
  WHERE event = 'filed'
  GROUP BY district, complaint_department
),
changes AS (
  SELECT
    district,
    complaint_department,
    day,
    CASE WHEN event = 'filed' THEN 1 ELSE 0 END AS opened,
    CASE WHEN event = 'closed' THEN 1 ELSE 0 END AS closed,
    CASE WHEN event = 'reopened' THEN 1 ELSE 0 END AS reopened,
    0 AS overdue
  FROM moved
  UNION ALL
  SELECT district, complaint_department, day, 0, 0, 0, 1 FROM late
  UNION ALL
  SELECT district, complaint_department, until_day, 0, 0, 0, -1 FROM late WHERE until_day IS NOT NULL
  UNION ALL
  SELECT c.district, c.complaint_department, d.day, 0, 0, 0, 0
  FROM cells c
  JOIN dim_dates d ON d.day >= c.first_on
),
daily AS (
  SELECT
    c.district,
    c.complaint_department,
    c.day,
    sum(c.opened) AS opened,
    sum(c.closed) AS closed,
    sum(c.reopened) AS reopened,
    sum(c.overdue) AS overdue
  FROM changes c
  CROSS JOIN this_release r
  WHERE c.day <= r.as_of_on
  GROUP BY c.district, c.complaint_department, c.day
)
SELECT
  d.day,
  d.district,
  d.complaint_department,
  d.opened,
  d.closed,
  d.reopened,
  sum(d.opened + d.reopened - d.closed) OVER (PARTITION BY d.district, d.complaint_department ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS open_at_end,
  sum(d.overdue) OVER (PARTITION BY d.district, d.complaint_department ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS overdue_at_end
FROM daily d
