//! Service delivery against the notified limit.

use std::collections::BTreeMap;

use kanak_model::Timestamp;

use crate::support::*;

/// An application as a plain row, and what the rules make of it by walking the calendar.
struct Application {
    event: Event,
    key: (String, String, String),
    is_disposed: bool,
    is_without_reason: bool,
    is_overdue: bool,
    is_within: Option<bool>,
    working_days: Option<i64>,
}

/// `(service, its limit)`: one with a limit of one day, one whose limit is not yet in force, one without any.
const SERVICES: [(&str, Option<u32>); 3] = [("SVC-001", Some(1)), ("SVC-002", Some(45)), ("SVC-999", None)];

fn judge(dice: &mut Dice, number: usize) -> Application {
    let (service, limit) = SERVICES[dice.below(3) as usize];
    let applied = minutes_into_2026(dice.below(270 * 1440));
    let closed = Timestamp(applied.0 + dice.below(100 * 1440) as i64 * 60_000_000);
    let outcome = dice.one_of(&["delivered", "rejected", "pending"]);
    let reason = if outcome == "rejected" { dice.one_of(&["", "  ", "papers missing"]) } else { "" };
    let (office, district) =
        [("OFF-REV-D27", "27"), ("OFF-REV-D28", "28"), ("OFF-REV-D27", ""), ("OFF-REV", "")][dice.below(4) as usize];
    let is_without_reason = outcome == "rejected" && reason.trim().is_empty();
    let is_disposed = outcome != "pending" && !is_without_reason;
    let due = limit.map(|limit| nth_working_day_after(applied.day_ist(), limit));
    let disposed_at = if outcome == "pending" { String::new() } else { closed.to_string() };
    // The district of an application that states none is its office's; the state office has none.
    let place = if office == "OFF-REV-D27" { "27" } else { district };
    Application {
        event: event([
            ("application_no", &format!("A-{number}")),
            ("service", service),
            ("office", office),
            ("district", district),
            ("officer", dice.one_of(&["hrms:1", "hrms:2", ""])),
            ("applicant", dice.one_of(&["food:1", "food:unknown", ""])),
            ("applied_at", &applied.to_string()),
            ("disposed_at", &disposed_at),
            ("outcome", outcome),
            ("rejection_reason", reason),
            ("fee", "5050"),
        ]),
        key: (service.to_owned(), place.to_owned(), month_of(applied.day_ist())),
        is_disposed,
        is_without_reason,
        is_overdue: !is_disposed && due.is_some_and(|due| due < now().day_ist()),
        is_within: due.filter(|_| is_disposed).map(|due| closed.day_ist() <= due),
        working_days: is_disposed.then(|| working_days_between(applied.day_ist(), closed.day_ist())),
    }
}

fn applications(count: usize) -> Vec<Application> {
    let mut dice = Dice(7);
    (0..count).map(|number| judge(&mut dice, number)).collect()
}

async fn lake_of(applications: &[Application]) -> Lake {
    let lake = Lake::new();
    let events: Vec<Event> = applications.iter().map(|one| one.event.clone()).collect();
    lake.append("service_application", 1, &events).await;
    lake.link(&[("citizen", "food:1", 11), ("employee", "hrms:1", 21), ("employee", "hrms:2", 22)]).await;
    let employee = |id, district| golden_version(id, "active", &[("district", district), ("office", "OFF-REV-D27")]);
    lake.golden("employee", vec![employee(21, "27"), employee(22, "28")]).await;
    lake.build().await;
    lake
}

fn count(of: &[&Application], holds: impl Fn(&Application) -> bool) -> i64 {
    of.iter().filter(|one| holds(one)).count() as i64
}

#[tokio::test]
async fn every_count_of_service_delivery_is_what_walking_the_calendar_gives() {
    let applications = applications(600);
    let lake = lake_of(&applications).await;
    let mut expected: BTreeMap<_, Vec<&Application>> = BTreeMap::new();
    for one in &applications {
        expected.entry(one.key.clone()).or_default().push(one);
    }
    let sql = "SELECT service, district, month, sum(received) AS received, sum(disposed) AS disposed, sum(pending) AS pending, \
               sum(overdue) AS overdue, sum(rejected_without_reason) AS rejected_without_reason, sum(within_limit) AS within_limit, \
               sum(disposed_with_limit) AS disposed_with_limit, sum(late) AS late, sum(working_days_taken) AS working_days_taken, \
               sum(fee_paise) AS fee_paise FROM mart_service_delivery GROUP BY service, district, month";
    let rows = lake.rows(sql).await;
    assert_eq!(rows.len(), expected.len());
    for row in &rows {
        let of = &expected[&(text(row, "service"), text(row, "district"), text(row, "month"))];
        for (column, value) in [
            ("received", of.len() as i64),
            ("disposed", count(of, |one| one.is_disposed)),
            ("pending", count(of, |one| !one.is_disposed)),
            ("overdue", count(of, |one| one.is_overdue)),
            ("rejected_without_reason", count(of, |one| one.is_without_reason)),
            ("within_limit", count(of, |one| one.is_within == Some(true))),
            ("late", count(of, |one| one.is_within == Some(false))),
            ("disposed_with_limit", count(of, |one| one.is_within.is_some())),
            ("working_days_taken", of.iter().filter_map(|one| one.working_days).sum()),
            ("fee_paise", 5050 * of.len() as i64),
        ] {
            assert_eq!(int(row, column), value, "{column} of {row:?}");
        }
    }
}

#[tokio::test]
async fn each_row_of_the_mart_balances_and_its_shares_are_of_its_own_counts() {
    let lake = lake_of(&applications(300)).await;
    for row in lake.rows("SELECT * FROM mart_service_delivery").await {
        assert_eq!(int(&row, "received"), int(&row, "disposed") + int(&row, "pending"));
        assert_eq!(int(&row, "disposed"), int(&row, "delivered") + int(&row, "rejected_with_reason"));
        assert_eq!(int(&row, "disposed_with_limit"), int(&row, "within_limit") + int(&row, "late"));
        let of = |part: &str, whole: &str| share(int(&row, part), int(&row, whole));
        assert_close(number(&row, "timeliness"), of("within_limit", "disposed_with_limit"), "timeliness");
        assert_close(number(&row, "overdue_of_received"), of("overdue", "received"), "overdue of received");
        assert_close(number(&row, "overdue_of_pending"), of("overdue", "pending"), "overdue of pending");
    }
}

#[tokio::test]
async fn facts_carry_golden_keys_and_no_source_key_of_a_person() {
    let applications = applications(50);
    let lake = lake_of(&applications).await;
    let of = |key: &str, value: &str| {
        applications.iter().filter(|one| one.event.get(key).is_some_and(|held| held == value)).count() as i64
    };
    let rows = lake
        .rows(
            "SELECT count(*) AS n, count(*) FILTER (WHERE applicant_golden_id = 11) AS known, count(applicant_golden_id) AS \
             linked, count(*) FILTER (WHERE officer_golden_id = 21) AS first FROM fct_service_applications",
        )
        .await;
    assert_eq!(int(&rows[0], "n"), 50);
    assert_eq!(int(&rows[0], "known"), of("applicant", "food:1"));
    assert_eq!(int(&rows[0], "linked"), of("applicant", "food:1"));
    assert_eq!(int(&rows[0], "first"), of("officer", "hrms:1"));
    let info = lake.warehouse.table_info(&everything(), "fct_service_applications").unwrap();
    assert!(info.columns.iter().all(|column| column.name != "applicant"));
}

#[tokio::test]
async fn the_clock_counts_from_the_next_working_day_to_the_end_of_the_last() {
    let lake = Lake::new();
    // SVC-001 has one working day. Friday 23 January 2026 is followed by a weekend and Republic Day on the Monday.
    let case = |no: &str, applied: &str, disposed: &str| {
        let outcome = if disposed.is_empty() { "pending" } else { "delivered" };
        event([
            ("application_no", no),
            ("service", "SVC-001"),
            ("office", "OFF-REV-D27"),
            ("applied_at", applied),
            ("disposed_at", disposed),
            ("outcome", outcome),
        ])
    };
    let events = [
        case("in time", "2026-01-23T05:00:00Z", "2026-01-27T18:29:59Z"),
        case("a second late", "2026-01-23T05:00:00Z", "2026-01-27T18:30:00Z"),
        case("the same day", "2026-01-23T05:00:00Z", "2026-01-23T06:00:00Z"),
        case("late evening is the next day", "2026-01-22T18:30:00Z", "2026-01-27T05:00:00Z"),
        case("due today", "2026-09-30T05:00:00Z", ""),
        case("due yesterday", "2026-09-29T05:00:00Z", ""),
    ];
    lake.append("service_application", 1, &events).await;
    lake.build().await;
    let rows = lake
        .rows("SELECT application_no, due_on, is_within_limit, is_overdue, working_days_taken AS taken FROM fct_service_applications")
        .await;
    let find = |no: &str| {
        let row = rows.iter().find(|row| text(row, "application_no") == no).unwrap();
        (text(row, "due_on"), text(row, "is_within_limit"), text(row, "is_overdue"), text(row, "taken"))
    };
    let expect = |due: &str, within: &str, overdue: &str, taken: &str| {
        (due.to_owned(), within.to_owned(), overdue.to_owned(), taken.to_owned())
    };
    assert_eq!(find("in time"), expect("2026-01-27", "true", "false", "1"));
    assert_eq!(find("a second late"), expect("2026-01-27", "false", "false", "2"));
    assert_eq!(find("the same day"), expect("2026-01-27", "true", "false", "0"));
    assert_eq!(find("late evening is the next day"), expect("2026-01-27", "true", "false", "1"));
    assert_eq!(find("due today"), expect("2026-10-01", "", "false", ""));
    assert_eq!(find("due yesterday"), expect("2026-09-30", "", "true", ""));
}

#[tokio::test]
async fn an_application_is_judged_by_the_limit_in_force_on_its_day() {
    let lake = Lake::new();
    // SVC-002 had no limit before 2012, 21 days until the end of 2015 and 45 since.
    let case = |no: &str, applied: &str| {
        event([
            ("application_no", no),
            ("service", "SVC-002"),
            ("office", "OFF-REV-D27"),
            ("applied_at", applied),
            ("outcome", "pending"),
        ])
    };
    let events = [
        case("2011", "2011-06-03T05:00:00Z"),
        case("2015", "2015-12-31T18:29:59Z"),
        case("2016", "2015-12-31T18:30:00Z"),
    ];
    lake.append("service_application", 1, &events).await;
    lake.build().await;
    let rows = lake
        .rows("SELECT application_no, working_day_limit, is_overdue FROM fct_service_applications ORDER BY application_no")
        .await;
    let limits: Vec<String> = rows.iter().map(|row| text(row, "working_day_limit")).collect();
    assert_eq!(limits, ["", "21", "45"]);
    assert_eq!(text(&rows[0], "is_overdue"), "false", "without a limit nothing is overdue");
}

#[tokio::test]
async fn scorecards_of_offices_and_officers_are_sums_of_their_cases() {
    let applications = applications(400);
    let lake = lake_of(&applications).await;
    let all: Vec<&Application> = applications.iter().collect();
    let total = &lake
        .rows("SELECT sum(applications_received) AS received, sum(applications_overdue) AS overdue, sum(rejections_without_reason) AS unreasoned FROM mart_office_scorecard")
        .await[0];
    assert_eq!(int(total, "received"), 400);
    assert_eq!(int(total, "overdue"), count(&all, |one| one.is_overdue));
    assert_eq!(int(total, "unreasoned"), count(&all, |one| one.is_without_reason));

    for (id, reference) in [(21, "hrms:1"), (22, "hrms:2")] {
        let own: Vec<&Application> =
            applications.iter().filter(|one| one.event.get("officer").is_some_and(|held| held == reference)).collect();
        let row = &lake
            .rows(&format!(
                "SELECT sum(applications_disposed) AS disposed, sum(applications_within_limit) AS within, \
                 sum(applications_with_limit) AS with_limit, \
                 bool_and(has_enough_cases = (cases >= 30)) AS marked, bool_and(timeliness IS NULL OR timeliness = \
                 applications_within_limit * 1.0 / applications_with_limit) AS shared \
                 FROM mart_officer_scorecard WHERE officer_golden_id = {id}"
            ))
            .await[0];
        assert_eq!(int(row, "disposed"), count(&own, |one| one.is_disposed));
        assert_eq!(int(row, "within"), count(&own, |one| one.is_within == Some(true)));
        assert_eq!(int(row, "with_limit"), count(&own, |one| one.is_within.is_some()));
        assert_eq!((text(row, "marked"), text(row, "shared")), ("true".to_owned(), "true".to_owned()));
    }
    let names = lake.warehouse.table_info(&everything(), "mart_officer_scorecard").unwrap();
    assert!(names.columns.iter().all(|column| !column.name.contains("name")));
}

#[tokio::test]
async fn few_cases_are_marked_and_thirty_are_enough() {
    let lake = Lake::new();
    let case = |number: usize, officer: &str| {
        event([
            ("application_no", &format!("{officer}-{number}")),
            ("service", "SVC-001"),
            ("office", "OFF-REV-D27"),
            ("officer", officer),
            ("applied_at", "2026-01-05T05:00:00Z"),
            ("disposed_at", "2026-01-06T05:00:00Z"),
            ("outcome", "delivered"),
        ])
    };
    let events: Vec<Event> =
        (0..30).map(|number| case(number, "hrms:1")).chain((0..29).map(|number| case(number, "hrms:2"))).collect();
    lake.append("service_application", 1, &events).await;
    lake.link(&[("employee", "hrms:1", 21), ("employee", "hrms:2", 22)]).await;
    lake.build().await;
    let rows = lake.rows("SELECT cases, has_enough_cases FROM mart_officer_scorecard ORDER BY officer_golden_id").await;
    let marks: Vec<(i64, String)> = rows.iter().map(|row| (int(row, "cases"), text(row, "has_enough_cases"))).collect();
    assert_eq!(marks, [(30, "true".to_owned()), (29, "false".to_owned())]);
}

fn delivered(no: &str, applied: &str, disposed: &str) -> Event {
    event([
        ("application_no", no),
        ("service", "SVC-001"),
        ("office", "OFF-REV-D27"),
        ("officer", "hrms:1"),
        ("applied_at", applied),
        ("disposed_at", disposed),
        ("outcome", "delivered"),
    ])
}

#[tokio::test]
async fn a_delivery_across_a_holiday_of_the_state_is_in_time() {
    let lake = Lake::new();
    // Monday 23 March 2026, Tuesday 14 April 2026 and Thursday 25 December 2025 are holidays; SVC-001 has one working day.
    let cases = [
        delivered("march", "2026-03-20T05:00:00Z", "2026-03-24T05:00:00Z"),
        delivered("april", "2026-04-13T05:00:00Z", "2026-04-15T05:00:00Z"),
        delivered("december", "2025-12-24T05:00:00Z", "2025-12-26T05:00:00Z"),
    ];
    lake.append("service_application", 1, &cases).await;
    lake.build().await;
    for row in lake.rows("SELECT application_no, is_within_limit FROM fct_service_applications").await {
        assert_eq!(text(&row, "is_within_limit"), "true", "{}", text(&row, "application_no"));
    }
}

#[tokio::test]
async fn a_deployments_own_list_of_holidays_is_the_one_that_counts() {
    let lake = Lake::new();
    let list = lake.folder.path().join("lake/holidays.csv");
    std::fs::write(&list, "on,name\n2026-06-02,A day of this year\n").unwrap();
    let warehouse = lake.reopen();
    warehouse.build(1, now()).await.unwrap();
    let sql = "SELECT day FROM dim_dates WHERE is_holiday";
    let days: Vec<String> = rows(&warehouse, &everything(), sql).await.iter().map(|row| text(row, "day")).collect();
    assert_eq!(days, ["2026-06-02"]);
    std::fs::write(&list, "on,name\n02/06/2026,x\n").unwrap();
    let codes = std::sync::Arc::new(kanak_codes::Codes::builtin().unwrap());
    let error = kanak_warehouse::Warehouse::open(list.parent().unwrap(), codes).unwrap_err().to_string();
    assert!(error.contains("holidays.csv line 2"), "{error}");
}

#[tokio::test]
async fn days_for_which_the_clock_stood_still_move_the_due_day() {
    let lake = Lake::new();
    let held = |no: &str, days: &str| {
        let mut case = delivered(no, "2026-06-01T05:00:00Z", "2026-06-05T05:00:00Z");
        case.insert("hold_days", days.to_owned());
        case
    };
    // One working day from Monday 1 June is Tuesday; it was delivered on Friday.
    lake.append("service_application", 1, &[held("2", "2"), held("3", "3"), held("-5", "-5")]).await;
    lake.build().await;
    let rows = lake
        .rows("SELECT application_no, due_on, is_within_limit FROM fct_service_applications ORDER BY application_no")
        .await;
    let found: Vec<(String, String)> =
        rows.iter().map(|row| (text(row, "due_on"), text(row, "is_within_limit"))).collect();
    let expect = |due: &str, within: &str| (due.to_owned(), within.to_owned());
    assert_eq!(found, [expect("2026-06-02", "false"), expect("2026-06-04", "false"), expect("2026-06-05", "true")]);
    let sums = &lake.rows("SELECT sum(held) AS held, sum(days_held) AS days FROM mart_service_delivery").await[0];
    assert_eq!((int(sums, "held"), int(sums, "days")), (2, 5));
}

#[tokio::test]
async fn a_limit_that_depends_on_what_is_not_stated_is_marked() {
    let lake = Lake::new();
    let mut conditional = delivered("1", "2026-06-01T05:00:00Z", "2026-06-05T05:00:00Z");
    conditional.insert("service", "SVC-007".to_owned());
    lake.append(
        "service_application",
        1,
        &[conditional, delivered("2", "2026-06-01T05:00:00Z", "2026-06-05T05:00:00Z")],
    )
    .await;
    lake.build().await;
    let rows =
        lake.rows("SELECT has_conditional_limit AS marked FROM fct_service_applications ORDER BY application_no").await;
    assert_eq!([text(&rows[0], "marked"), text(&rows[1], "marked")], ["true", "false"]);
}

#[tokio::test]
async fn both_departments_of_a_case_add_up_from_the_mart_to_the_facts() {
    let applications = applications(200);
    let lake = lake_of(&applications).await;
    for department in ["service_department", "office_department"] {
        let of_facts =
            format!("SELECT {department} AS d, count(*) AS n FROM fct_service_applications GROUP BY d ORDER BY d");
        let of_mart =
            format!("SELECT {department} AS d, sum(received) AS n FROM mart_service_delivery GROUP BY d ORDER BY d");
        assert_eq!(lake.rows(&of_facts).await, lake.rows(&of_mart).await, "{department}");
    }
}

#[tokio::test]
async fn the_cases_of_a_transferred_officer_stay_with_the_office_that_handled_them() {
    let lake = Lake::new();
    let mut there = delivered("2", "2026-06-01T05:00:00Z", "2026-06-02T05:00:00Z");
    there.insert("office", "OFF-REV-D28".to_owned());
    lake.append("service_application", 1, &[delivered("1", "2026-01-05T05:00:00Z", "2026-01-06T05:00:00Z"), there])
        .await;
    lake.link(&[("employee", "hrms:1", 21)]).await;
    let posted = golden_version(21, "active", &[("district", "28"), ("office", "OFF-REV-D28")]);
    lake.golden("employee", vec![posted]).await;
    lake.build().await;
    let rows = lake.rows("SELECT office, district, cases FROM mart_officer_scorecard ORDER BY office").await;
    let found: Vec<(String, String, i64)> =
        rows.iter().map(|row| (text(row, "office"), text(row, "district"), int(row, "cases"))).collect();
    let expect = |place: &str| (format!("OFF-REV-D{place}"), place.to_owned(), 1);
    assert_eq!(found, [expect("27"), expect("28")]);
}
