//! Statements that nobody foresaw, over facts and dimensions. Each reads the same in DataFusion and in DuckDB.

/// A statement and its name.
pub(super) struct Statement {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

const fn statement(name: &'static str, sql: &'static str) -> Statement {
    Statement { name, sql }
}

/// The statements, in the order in which they are asked.
pub(super) static STATEMENTS: [Statement; 20] = [
    statement(
        "count_and_sum",
        "SELECT count(*) AS applications, sum(fee_paise) AS fee_paise FROM fct_service_applications",
    ),
    statement(
        "group_by_district",
        "SELECT district, count(*) AS applications, sum(CASE WHEN is_pending THEN 1 ELSE 0 END) AS pending \
         FROM fct_service_applications GROUP BY district",
    ),
    statement(
        "group_by_service_and_month",
        "SELECT service, month, count(*) AS applications, avg(CAST(working_days_taken AS DOUBLE)) AS days \
         FROM fct_service_applications GROUP BY service, month",
    ),
    statement(
        "group_by_four",
        "SELECT district, office, service, channel, count(*) AS applications, sum(days_held) AS days_held \
         FROM fct_service_applications GROUP BY district, office, service, channel HAVING count(*) > 10",
    ),
    statement(
        "count_distinct",
        "SELECT count(DISTINCT applicant_golden_id) AS applicants FROM fct_service_applications",
    ),
    statement(
        "count_distinct_by_district",
        "SELECT district, count(DISTINCT applicant_golden_id) AS applicants, count(DISTINCT service) AS services \
         FROM fct_service_applications GROUP BY district",
    ),
    statement(
        "percentiles_by_service",
        "SELECT service, median(CAST(working_days_taken AS DOUBLE)) AS half, \
         percentile_cont(0.9) WITHIN GROUP (ORDER BY CAST(working_days_taken AS DOUBLE)) AS nine_tenths \
         FROM fct_service_applications WHERE is_disposed GROUP BY service",
    ),
    statement(
        "top_offices",
        "SELECT office, count(*) AS overdue FROM fct_service_applications WHERE is_overdue GROUP BY office \
         ORDER BY overdue DESC, office LIMIT 20",
    ),
    statement(
        "top_applicants",
        "SELECT applicant_golden_id, count(*) AS applications FROM fct_service_applications \
         WHERE applicant_golden_id IS NOT NULL GROUP BY applicant_golden_id \
         ORDER BY applications DESC, applicant_golden_id LIMIT 100",
    ),
    statement(
        "slowest_cases",
        "SELECT application_no, office, service, applied_on, disposed_on, working_days_taken \
         FROM fct_service_applications WHERE is_disposed \
         ORDER BY working_days_taken DESC NULLS LAST, application_no LIMIT 50",
    ),
    statement(
        "weekdays",
        "SELECT CAST(date_part('dow', applied_on) AS BIGINT) AS weekday, channel, count(*) AS applications \
         FROM fct_service_applications GROUP BY CAST(date_part('dow', applied_on) AS BIGINT), channel",
    ),
    statement(
        "one_district_one_month",
        "SELECT service, count(*) AS applications, avg(CAST(working_days_taken AS DOUBLE)) AS days \
         FROM fct_service_applications WHERE district = '27' AND month = DATE '2026-03-01' GROUP BY service",
    ),
    statement(
        "one_case",
        "SELECT application_no, service, office, outcome, applied_on, due_on FROM fct_service_applications \
         WHERE application_no = 'A000012345'",
    ),
    statement(
        "words_of_a_reason",
        "SELECT rejection_reason, channel, count(*) AS applications FROM fct_service_applications \
         WHERE rejection_reason LIKE '%document%' GROUP BY rejection_reason, channel",
    ),
    statement(
        "month_on_month",
        "WITH months AS (SELECT district, month, count(*) AS applications FROM fct_service_applications \
         GROUP BY district, month) SELECT district, month, applications, \
         applications - lag(applications) OVER (PARTITION BY district ORDER BY month) AS more FROM months",
    ),
    statement(
        "first_three_of_each_district",
        "WITH counted AS (SELECT district, service, count(*) AS applications FROM fct_service_applications \
         GROUP BY district, service), placed AS (SELECT *, row_number() OVER (PARTITION BY district \
         ORDER BY applications DESC, service) AS place FROM counted) \
         SELECT district, service, applications, place FROM placed WHERE place <= 3",
    ),
    statement(
        "join_codes",
        "SELECT o.level, s.department, count(*) AS applications, \
         sum(CASE WHEN f.is_within_limit THEN 1 ELSE 0 END) AS within_limit FROM fct_service_applications f \
         JOIN dim_offices o ON o.code = f.office JOIN dim_services s ON s.code = f.service \
         GROUP BY o.level, s.department",
    ),
    statement(
        "join_golden_records",
        "SELECT c.district AS home, f.district, count(*) AS applications FROM fct_service_applications f \
         JOIN dim_citizens c ON c.golden_id = f.applicant_golden_id AND c.is_current GROUP BY c.district, f.district",
    ),
    statement(
        "aggrieved_while_waiting",
        "SELECT district, count(*) AS grievances FROM fct_grievances WHERE is_open AND complainant_golden_id IN \
         (SELECT applicant_golden_id FROM fct_service_applications WHERE is_overdue) GROUP BY district",
    ),
    statement(
        "hours_to_close",
        "SELECT complaint_type, avg(hours_to_close) AS hours, max(age_days) AS oldest_days, \
         count(DISTINCT office) AS offices FROM fct_grievances GROUP BY complaint_type HAVING count(*) > 10",
    ),
];
