-- mart_grievance_ageing: one row per district, office, complaint type and age of the grievances that are open now.
-- Grain:  district, office, complaint_type, age_band
-- Sorted: district, office, complaint_type
-- Reads:  fct_grievances, dim_offices, dim_districts, dim_complaint_types
--
-- Age is counted in days from filing, whether or not anybody was assigned. open = assigned + unassigned. days_open: the ages of all
-- of them together.
WITH banded AS (
  SELECT
    *,
    CASE
      WHEN age_days <= 7 THEN 1
      WHEN age_days <= 15 THEN 2
      WHEN age_days <= 21 THEN 3
      WHEN age_days <= 30 THEN 4
      WHEN age_days <= 60 THEN 5
      WHEN age_days <= 180 THEN 6
      ELSE 7
    END AS age_band_number
  FROM fct_grievances
  WHERE is_open
),
counted AS (
  SELECT
    district,
    office,
    complaint_type,
    age_band_number,
    count(*) AS open,
    count(*) FILTER (WHERE is_assigned) AS assigned,
    count(*) FILTER (WHERE NOT is_assigned) AS unassigned,
    count(*) FILTER (WHERE is_overdue) AS overdue,
    max(age_days) AS oldest_days,
    coalesce(sum(age_days), 0) AS days_open,
    count(*) FILTER (WHERE age_days > 30) AS open_over_30_days
  FROM banded
  GROUP BY district, office, complaint_type, age_band_number
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
  c.age_band_number,
  CASE c.age_band_number
    WHEN 1 THEN '0-7 days'
    WHEN 2 THEN '8-15 days'
    WHEN 3 THEN '16-21 days'
    WHEN 4 THEN '22-30 days'
    WHEN 5 THEN '31-60 days'
    WHEN 6 THEN '61-180 days'
    ELSE 'over 180 days'
  END AS age_band,
  c.open,
  c.assigned,
  c.unassigned,
  c.overdue,
  c.oldest_days,
  c.days_open,
  c.open_over_30_days
FROM counted c
LEFT JOIN dim_districts d ON d.code = c.district
LEFT JOIN dim_offices o ON o.code = c.office
LEFT JOIN dim_complaint_types t ON t.code = c.complaint_type
