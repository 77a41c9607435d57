-- mart_unknown_outcomes: one row per source system and event: how many events state an outcome that nobody knows.
-- Grain:  source_system, event
-- Sorted: source_system, event
-- Reads:  fct_service_applications, fct_grievances, fct_benefit_payments
--
-- Such an event is neither refused nor guessed at: an application stays pending, a grievance open, a payment unpaid. The
-- remedy is a translation of the source's words where its column is mapped.
WITH stated AS (
  SELECT source_system, 'service_application' AS event, is_unknown_outcome FROM fct_service_applications
  UNION ALL
  SELECT source_system, 'grievance' AS event, is_unknown_outcome FROM fct_grievances
  UNION ALL
  SELECT source_system, 'benefit_payment' AS event, is_unknown_outcome FROM fct_benefit_payments
)
SELECT source_system, event, count(*) AS events, count(*) FILTER (WHERE is_unknown_outcome) AS unknown
FROM stated
GROUP BY source_system, event
