-- mart_service_channels: one row per centre, channel, service, office, district and month of application: how many came in.
-- Grain:  centre, channel, service, office, district, month
-- Sorted: district, office, centre, month
-- Reads:  fct_service_applications, dim_offices, dim_districts
--
-- Where applications come in: at a centre or not, and by which channel. centre is null where none is stated. The channel is
-- the source's own word, trimmed and in small letters; online is the one that is counted by itself. What became of the
-- applications says mart_service_delivery; received adds up to the same number here and there.
WITH counted AS (
  SELECT
    centre,
    lower(trim(channel)) AS channel,
    service,
    office,
    district,
    month,
    financial_year,
    count(*) AS received,
    count(*) FILTER (WHERE lower(trim(channel)) = 'online') AS online
  FROM fct_service_applications
  GROUP BY centre, lower(trim(channel)), service, office, district, month, financial_year
)
SELECT
  c.centre,
  c.channel,
  c.service,
  c.office,
  o.name AS office_name,
  c.district,
  d.name AS district_name,
  c.month,
  c.financial_year,
  c.received,
  c.online
FROM counted c
LEFT JOIN dim_offices o ON o.code = c.office
LEFT JOIN dim_districts d ON d.code = c.district
