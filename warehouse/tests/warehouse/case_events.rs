//! Events of applications and grievances: whose time runs after each, and what was open when each day ended.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use crate::support::*;

const APPLICATION_EVENTS: &str = "SELECT event, clock_of, moves_clock, office, dwell_working_days, dwell_hours, \
                                  is_instant_stated FROM fct_service_application_events \
                                  ORDER BY application_no, position";
const GRIEVANCE_EVENTS: &str = "SELECT event, clock_of, moves_clock, office, dwell_working_days, dwell_hours, \
                                is_instant_stated FROM fct_grievance_events ORDER BY grievance_no, position";
/// A day's minutes.
const DAY: u64 = 1440;
/// Where random histories end: the midnight with which the day of the release begins, in minutes into 2026.
const UNTIL: u64 = 273 * DAY;

fn application(no: &str, applied: &str, disposed: &str, outcome: &str) -> Event {
    event([
        ("application_no", no),
        ("service", "SVC-001"),
        ("office", "OFF-REV-D27"),
        ("district", "27"),
        ("applied_at", applied),
        ("disposed_at", disposed),
        ("outcome", outcome),
    ])
}

fn with(mut case: Event, attribute: &'static str, value: &str) -> Event {
    case.insert(attribute, value.to_owned());
    case
}

/// A statement of grievance `g`, filed at the office of district 27 on Monday 5 January 2026, 10:30 in India.
fn grievance(office: &str, assigned: &str, closed: &str, times_reopened: &str) -> Event {
    event([
        ("grievance_no", "g"),
        ("complaint_type", "StreetLightNotWorking"),
        ("office", office),
        ("district", "27"),
        ("filed_at", "2026-01-05T05:00:00Z"),
        ("assigned_at", assigned),
        ("closed_at", closed),
        ("outcome", if closed.is_empty() { "open" } else { "resolved" }),
        ("times_reopened", times_reopened),
    ])
}

async fn lake_of(kind: &str, statements: &[Event]) -> Lake {
    let lake = Lake::new();
    for (statement, run) in statements.iter().zip(1..) {
        lake.append(kind, run, std::slice::from_ref(statement)).await;
    }
    lake.build().await;
    lake
}

/// Each event: what, whose time runs from then on, for how many working days and hours.
fn told(rows: &[Row]) -> Vec<(String, String, i64, f64)> {
    let of = |row: &Row| {
        (text(row, "event"), text(row, "clock_of"), int(row, "dwell_working_days"), number(row, "dwell_hours").unwrap())
    };
    rows.iter().map(of).collect()
}

fn one(event: &str, clock_of: &str, working_days: i64, hours: f64) -> (String, String, i64, f64) {
    (event.to_owned(), clock_of.to_owned(), working_days, hours)
}

#[tokio::test]
async fn a_weekend_and_a_holiday_are_no_working_days_of_an_office() {
    // From Friday to Wednesday; between them the weekend and Republic Day on a Monday.
    let case = application("1", "2026-01-23T05:00:00Z", "2026-01-28T05:00:00Z", "delivered");
    let lake = lake_of("service_application", &[case]).await;
    let rows = lake.rows(APPLICATION_EVENTS).await;
    assert_eq!(told(&rows), [one("applied", "office", 2, 120.0), one("delivered", "nobody", 0, 0.0)]);
    assert_eq!([text(&rows[0], "office"), text(&rows[1], "office")], ["OFF-REV-D27", ""]);
}

#[tokio::test]
async fn a_districts_own_holiday_counts_in_that_district_only() {
    let mut lake = Lake::new();
    let list = "on,name,state,district\n2026-06-03,A fair,3,27\n";
    std::fs::write(lake.folder.path().join("lake/holidays.csv"), list).unwrap();
    lake.warehouse = lake.reopen();
    let here = application("1", "2026-06-01T05:00:00Z", "2026-06-04T05:00:00Z", "delivered");
    let there = with(with(here.clone(), "application_no", "2"), "district", "28");
    lake.append("service_application", 1, &[here, there]).await;
    lake.build().await;
    let sql = "SELECT district, dwell_working_days AS days FROM fct_service_application_events WHERE event = 'applied' \
               ORDER BY district";
    let days: Vec<i64> = lake.rows(sql).await.iter().map(|row| int(row, "days")).collect();
    assert_eq!(days, [2, 3]);
}

#[tokio::test]
async fn days_held_are_the_citizens_and_the_others_the_offices() {
    // From Monday 1 June to Wednesday 10 June; the last three days were held.
    let case = application("1", "2026-06-01T05:00:00Z", "2026-06-10T05:00:00Z", "delivered");
    let lake = lake_of("service_application", &[with(case, "hold_days", "3")]).await;
    let rows = lake.rows(APPLICATION_EVENTS).await;
    let expected = [
        one("applied", "office", 4, 144.0),
        one("held", "citizen", 3, 72.0),
        one("resumed", "office", 0, 0.0),
        one("delivered", "nobody", 0, 0.0),
    ];
    assert_eq!(told(&rows), expected);
    let stated: Vec<String> = rows.iter().map(|row| text(row, "is_instant_stated")).collect();
    assert_eq!(stated, ["true", "false", "false", "true"]);
    assert_eq!(text(&rows[1], "office"), "", "no office has it while the citizen is waited for");
}

#[tokio::test]
async fn more_days_held_than_there_were_are_all_of_them() {
    let case = application("1", "2026-06-01T05:00:00Z", "2026-06-03T05:00:00Z", "delivered");
    let lake = lake_of("service_application", &[with(case, "hold_days", "30")]).await;
    let rows = told(&lake.rows(APPLICATION_EVENTS).await);
    assert_eq!(rows[..2], [one("applied", "office", 0, 0.0), one("held", "citizen", 2, 48.0)]);
}

#[tokio::test]
async fn a_rejection_without_a_reason_is_an_event_that_moves_no_clock() {
    // Monday, Tuesday; the release is on Thursday 1 October, and counts until its day begins.
    let case = application("1", "2026-09-28T05:00:00Z", "2026-09-29T05:00:00Z", "rejected");
    let lake = lake_of("service_application", &[case]).await;
    let rows = lake.rows(APPLICATION_EVENTS).await;
    assert_eq!(told(&rows), [one("applied", "office", 1, 24.0), one("rejected_without_reason", "office", 2, 37.5)]);
    assert_eq!([text(&rows[0], "moves_clock"), text(&rows[1], "moves_clock")], ["true", "false"]);
}

#[tokio::test]
async fn a_statement_that_only_comments_on_a_case_is_no_event() {
    let open = grievance("OFF-LOC-D27", "2026-01-06T05:00:00Z", "", "0");
    let comment = with(with(open.clone(), "description", "called again"), "rating", "2");
    let once = lake_of("grievance", std::slice::from_ref(&open)).await;
    let twice = lake_of("grievance", &[open, comment]).await;
    let rows = once.rows(GRIEVANCE_EVENTS).await;
    assert_eq!(rows.len(), 2);
    assert_eq!(text(&rows[1], "moves_clock"), "false", "an assignment moves no clock either");
    assert_eq!(twice.rows(GRIEVANCE_EVENTS).await, rows);
}

#[tokio::test]
async fn a_grievance_that_was_transferred_and_reopened_tells_who_had_it_when() {
    let statements = [
        grievance("OFF-LOC-D27", "", "", "0"),
        grievance("OFF-LOC-D27", "2026-01-06T05:00:00Z", "", "0"),
        grievance("OFF-LOC-D28", "2026-01-08T05:00:00Z", "", "0"),
        grievance("OFF-LOC-D28", "2026-01-08T05:00:00Z", "2026-01-12T05:00:00Z", "0"),
        grievance("OFF-LOC-D28", "2026-01-20T05:00:00Z", "", "1"),
        grievance("OFF-LOC-D28", "2026-01-20T05:00:00Z", "2026-01-28T05:00:00Z", "1"),
    ];
    let lake = lake_of("grievance", &statements).await;
    let rows = lake.rows(GRIEVANCE_EVENTS).await;
    let expected = [
        one("filed", "office", 1, 24.0),
        one("assigned", "office", 2, 48.0),
        one("transferred", "office", 2, 96.0),
        one("closed", "nobody", 6, 192.0),
        one("reopened", "office", 0, 0.0),
        one("assigned", "office", 5, 192.0),
        one("closed", "nobody", 0, 0.0),
    ];
    assert_eq!(told(&rows), expected);
    let offices: Vec<String> = rows.iter().map(|row| text(row, "office")).collect();
    let (first, second) = ("OFF-LOC-D27", "OFF-LOC-D28");
    assert_eq!(offices, [first, first, second, "", second, second, ""]);
}

#[tokio::test]
async fn a_reopening_that_nobody_dated_leaves_the_office_no_time_to_hide() {
    let statements = [grievance("OFF-LOC-D27", "", "2026-01-12T05:00:00Z", "0"), grievance("OFF-LOC-D27", "", "", "1")];
    let lake = lake_of("grievance", &statements).await;
    let rows = lake.rows(GRIEVANCE_EVENTS).await;
    let events: Vec<String> = rows.iter().map(|row| text(row, "event")).collect();
    assert_eq!(events, ["filed", "closed", "reopened"]);
    assert_close(number(&rows[1], "dwell_hours"), Some(0.0), "it was closed for no time");
    assert_eq!(text(&rows[2], "is_instant_stated"), "false");
}

#[tokio::test]
async fn the_dwell_times_of_an_application_add_up_to_its_whole_time() {
    let mut dice = Dice(31);
    let mut whole = BTreeMap::new();
    let events: Vec<Event> = (0..300)
        .map(|n| {
            let applied = dice.below(UNTIL);
            let ended = applied + dice.below(60 * DAY);
            let outcome = dice.one_of(&["delivered", "rejected", "pending"]);
            // A rejection without a reason ends nothing: the case is pending until the day of the release begins, or
            // until that rejection on this very day.
            let is_of_today = outcome == "rejected" && (UNTIL..UNTIL + DAY).contains(&ended);
            let until = if outcome == "delivered" || is_of_today { ended } else { UNTIL };
            whole.insert(format!("A-{n:03}"), (until - applied) as f64 / 60.0);
            let disposed = if outcome == "pending" { String::new() } else { minutes_into_2026(ended).to_string() };
            let case = application(&format!("A-{n:03}"), &minutes_into_2026(applied).to_string(), &disposed, outcome);
            with(case, "hold_days", &dice.below(12).to_string())
        })
        .collect();
    let lake = Lake::new();
    lake.append("service_application", 1, &events).await;
    lake.build().await;
    let sql = "SELECT e.application_no, sum(e.dwell_working_days) AS days, sum(e.dwell_hours) AS hours, \
               min(e.dwell_hours) AS least, max(coalesce(f.working_days_taken, f.working_days_pending)) AS expected \
               FROM fct_service_application_events e JOIN fct_service_applications f \
               ON f.application_key = e.application_key GROUP BY e.application_no";
    let rows = lake.rows(sql).await;
    assert_eq!(rows.len(), whole.len());
    for row in &rows {
        assert_eq!(int(row, "days"), int(row, "expected"), "{row:?}");
        assert_close(number(row, "hours"), Some(whole[&text(row, "application_no")]), "hours");
        assert!(number(row, "least").unwrap() >= 0.0, "{row:?}");
    }
}

/// What happened to one grievance, by minutes into 2026, and the statements that tell of it, in order.
struct History {
    district: &'static str,
    is_of_street_light: bool,
    due: u64,
    log: Vec<(&'static str, u64)>,
    statements: Vec<Event>,
}

fn history(dice: &mut Dice, number: usize) -> History {
    let district = dice.one_of(&["27", "28"]);
    let is_of_street_light = dice.below(2) == 0;
    let filed = dice.below(UNTIL);
    let due_hours = if is_of_street_light { 96 } else { 504 };
    let turns = 1 + dice.below(3);
    let (mut at, mut log, mut statements) = (filed, vec![("filed", filed)], Vec::new());
    for turn in 0..turns {
        let assigned = (dice.below(5) < 3).then(|| at + 1 + dice.below(5_000)).filter(|instant| *instant < UNTIL);
        if turn > 0 {
            log.push(("reopened", assigned.unwrap_or(at)));
        }
        let state = |closed: Option<u64>| {
            let instant =
                |minutes: Option<u64>| minutes.map(|at| minutes_into_2026(at).to_string()).unwrap_or_default();
            event([
                ("grievance_no", &*format!("G-{number:03}")),
                ("complaint_type", if is_of_street_light { "StreetLightNotWorking" } else { "" }),
                ("office", "OFF-LOC-D27"),
                ("district", district),
                ("filed_at", &instant(Some(filed))),
                ("assigned_at", &instant(assigned)),
                ("closed_at", &instant(closed)),
                ("outcome", if closed.is_some() { "resolved" } else { "open" }),
                ("times_reopened", &turn.to_string()),
            ])
        };
        statements.push(state(None));
        at = assigned.unwrap_or(at) + dice.below(60 * DAY);
        if at >= UNTIL || (turn + 1 == turns && dice.below(2) == 0) {
            break;
        }
        log.push(("closed", at));
        statements.push(state(Some(at)));
    }
    History { district, is_of_street_light, due: filed + due_hours * 60, log, statements }
}

async fn lake_of_histories(histories: &[History], at_instant: &str) -> Lake {
    let lake = Lake::new();
    for run in 0..6 {
        let told: Vec<Event> = histories.iter().filter_map(|one| one.statements.get(run).cloned()).collect();
        if !told.is_empty() {
            lake.append("grievance", run as i64 + 1, &told).await;
        }
    }
    lake.warehouse.build(1, at(at_instant)).await.unwrap();
    lake
}

fn histories(count: usize) -> Vec<History> {
    let mut dice = Dice(17);
    (0..count).map(|number| history(&mut dice, number)).collect()
}

/// Opened, closed, reopened, open and overdue at the end of a day, counted anew from what happened.
fn recount(of: &[&History], day: u64) -> [i64; 5] {
    let (from, until) = (day * DAY, (day + 1) * DAY);
    let happened = |kind: &str| {
        let all = of.iter().flat_map(|one| &one.log);
        all.filter(|(event, at)| *event == kind && (from..until).contains(at)).count() as i64
    };
    let is_open =
        |one: &History| one.log.iter().rfind(|(_, at)| *at < until).is_some_and(|(event, _)| *event != "closed");
    let open = of.iter().filter(|one| is_open(one)).count() as i64;
    let overdue = of.iter().filter(|one| is_open(one) && one.due < until).count() as i64;
    [happened("filed"), happened("closed"), happened("reopened"), open, overdue]
}

#[tokio::test]
async fn what_was_open_when_each_day_ended_is_what_a_recount_of_the_events_gives() {
    let histories = histories(250);
    assert!(histories.iter().any(|one| one.log.len() == 6), "some are reopened twice and closed again");
    let lake = lake_of_histories(&histories, "2026-10-01T06:00:00Z").await;
    let department = text(
        &lake.rows("SELECT department FROM dim_complaint_types WHERE code = 'StreetLightNotWorking'").await[0],
        "department",
    );
    let mut cells: BTreeMap<(&str, &str), Vec<&History>> = BTreeMap::new();
    for one in &histories {
        let of = if one.is_of_street_light { department.as_str() } else { "" };
        cells.entry((one.district, of)).or_default().push(one);
    }
    let new_year: NaiveDate = "2026-01-01".parse().unwrap();
    let mut expected = Vec::new();
    for ((district, department), of) in &cells {
        let first = of.iter().map(|one| one.log[0].1 / DAY).min().unwrap();
        for day in first..=UNTIL / DAY {
            let on = new_year.checked_add_days(Days::new(day)).unwrap().to_string();
            expected.push((on, (*district).to_owned(), (*department).to_owned(), recount(of, day)));
        }
    }
    expected.sort();
    let rows = lake.rows("SELECT * FROM fct_grievance_open_days").await;
    let mut found: Vec<_> = rows
        .iter()
        .map(|row| {
            let counts = ["opened", "closed", "reopened", "open_at_end", "overdue_at_end"].map(|name| int(row, name));
            (text(row, "day"), text(row, "district"), text(row, "complaint_department"), counts)
        })
        .collect();
    found.sort();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn opened_and_reopened_less_closed_is_the_change_of_what_is_open() {
    let lake = lake_of_histories(&histories(120), "2026-10-01T06:00:00Z").await;
    let sql = "SELECT count(*) AS days, coalesce(sum(CASE WHEN change <> opened + reopened - closed THEN 1 ELSE 0 END), 0) AS broken \
               FROM (SELECT *, open_at_end - lag(open_at_end, 1, 0) OVER (PARTITION BY district, complaint_department \
               ORDER BY day) AS change FROM fct_grievance_open_days) AS steps";
    let row = &lake.rows(sql).await[0];
    assert!(int(row, "days") > 500);
    assert_eq!(int(row, "broken"), 0);
    let by_day = "SELECT sum(open_at_end) AS n FROM fct_grievance_open_days WHERE day = DATE '2026-10-01'";
    let by_case = "SELECT count(*) AS n FROM fct_grievances WHERE is_open";
    assert_eq!(int(&lake.rows(by_day).await[0], "n"), int(&lake.rows(by_case).await[0], "n"));
}

#[tokio::test]
async fn releases_of_one_day_say_the_same_whatever_their_instant() {
    let histories = histories(60);
    // Just after the midnight with which 1 October begins in India, and just before the one with which it ends.
    let early = lake_of_histories(&histories, "2026-09-30T18:30:00Z").await;
    let late = lake_of_histories(&histories, "2026-10-01T18:29:59Z").await;
    for (table, order) in [
        ("fct_grievance_events", "grievance_key, position"),
        ("fct_grievance_open_days", "day, district, complaint_department"),
    ] {
        let sql = format!("SELECT * FROM {table} ORDER BY {order}");
        let rows = early.rows(&sql).await;
        assert!(rows.len() > 60 && rows == late.rows(&sql).await, "{table}");
    }
    let next = lake_of_histories(&histories, "2026-10-01T18:30:00Z").await;
    let days = "SELECT max(day) AS day FROM fct_grievance_open_days";
    assert_eq!(text(&next.rows(days).await[0], "day"), "2026-10-02");
}

#[tokio::test]
async fn statements_that_contradict_each_other_give_no_negative_time_and_no_negative_count() {
    let mut dice = Dice(23);
    let lake = Lake::new();
    for run in 1..=4 {
        let instant = |dice: &mut Dice| {
            let minutes = dice.below(UNTIL);
            if dice.below(5) < 2 { String::new() } else { minutes_into_2026(minutes).to_string() }
        };
        let statements: Vec<Event> = (0..200)
            .map(|_| {
                let (assigned, closed) = (instant(&mut dice), instant(&mut dice));
                let mut one = grievance(dice.one_of(&["OFF-LOC-D27", "OFF-LOC-D28"]), &assigned, &closed, "0");
                one.insert("grievance_no", format!("G-{}", dice.below(80)));
                one.insert("outcome", dice.one_of(&["open", "resolved", "lost"]).to_owned());
                one.insert("times_reopened", dice.below(4).to_string());
                one
            })
            .collect();
        lake.append("grievance", run, &statements).await;
    }
    lake.build().await;
    let sql = "SELECT count(*) AS n, sum(CASE WHEN event = 'reopened' THEN 1 ELSE 0 END) AS reopened, \
               min(dwell_hours) AS hours, min(dwell_working_days) AS days FROM fct_grievance_events";
    let events = &lake.rows(sql).await[0];
    assert!(int(events, "reopened") > 10, "{events:?}");
    assert!(number(events, "hours").unwrap() >= 0.0 && int(events, "days") >= 0, "{events:?}");
    let sql = "SELECT min(open_at_end) AS open, min(overdue_at_end) AS overdue, max(overdue_at_end - open_at_end) AS beyond \
               FROM fct_grievance_open_days";
    let days = &lake.rows(sql).await[0];
    assert!(int(days, "open") >= 0 && int(days, "overdue") >= 0 && int(days, "beyond") <= 0, "{days:?}");
}
