//! Rules of the state over HTTP: charters, due days, schemes.

use super::codes::{ok, problem, served};
use super::*;

#[tokio::test]
async fn a_charter_tells_the_limit_of_the_day_and_what_is_made_up() {
    let served = served().await;
    let path = "/v1/services/SVC-002/charter";
    for (day, working_days, act) in [("2012-06-01", 21, "2011"), ("2020-06-01", 45, "2018")] {
        let charter = ok(&served.ask(&format!("{path}?as_of={day}")).await);
        assert_eq!((&charter["working_days"], &charter["as_of"]), (&working_days.into(), &day.into()));
        assert_eq!(charter["appeals"][0]["level"], "first");
        assert!(charter["appeals"][0]["act"].as_str().unwrap().contains(act), "{charter}");
    }
    let today = served.ask(path).await;
    let charter = ok(&today);
    assert_eq!(charter["limits"][0]["valid_until"], charter["limits"][1]["valid_from"]);
    assert_eq!((&charter["designated_officer"], &charter["made_up"]), (&"Tehsildar".into(), &false.into()));
    let origins = &charter["origins"];
    assert_eq!((&origins["fee_paise"]["made_up"], &origins["limits"]["made_up"]), (&true.into(), &false.into()));
    assert!(origins["limits"]["source"].as_str().unwrap().contains("notifications"), "{origins}");
    assert_eq!((origins.get("documents"), origins["fee_paise"].get("source")), (None, None), "{origins}");

    assert_eq!(today.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let known = Request::get(path).header(header::IF_NONE_MATCH, &today.headers[header::ETAG]);
    assert_eq!(served.send(known.body(Body::empty()).unwrap()).await.status, StatusCode::NOT_MODIFIED);
    problem(&served.ask("/v1/services/SVC-000/charter").await, StatusCode::NOT_FOUND, "service");
    problem(&served.ask(&format!("{path}?as_of=soon")).await, StatusCode::BAD_REQUEST, "`as_of` is no day");
    problem(
        &served.ask(&format!("{path}?on=2020-06-01")).await,
        StatusCode::BAD_REQUEST,
        "takes no `on`; it takes `as_of`",
    );
}

#[tokio::test]
async fn an_application_is_due_on_the_last_working_day_of_the_limit_that_was_in_force() {
    let served = served().await;
    // Of one working day: Friday, a weekend, Republic Day on Monday.
    let due = ok(&served.ask("/v1/services/SVC-001/due?received=2026-01-23").await);
    assert_eq!((&due["due"], &due["weekly_days_off"]), (&"2026-01-27".into(), &2.into()));
    assert_eq!(due["holidays"], serde_json::json!([{ "on": "2026-01-26", "name": "Republic Day" }]));
    assert_eq!(due["limit"]["working_days"], 1);
    let in_amritsar = ok(&served.ask("/v1/services/SVC-001/due?received=2026-01-23&district=27").await);
    assert_eq!((&in_amritsar["due"], &in_amritsar["district"]), (&due["due"], &"27".into()));

    let holidays = kanak_codes::Holidays::builtin();
    for (received, limit) in [("2015-12-31", 21), ("2016-01-01", 45)] {
        let due = ok(&served.ask(&format!("/v1/services/SVC-002/due?received={received}")).await);
        let (from, to) = (received.parse().unwrap(), due["due"].as_str().unwrap().parse().unwrap());
        assert_eq!(due["limit"]["working_days"], limit);
        assert_eq!(holidays.calendar().working_days_between(from, to), limit, "{due}");
    }

    let due = "/v1/services/SVC-002/due";
    problem(&served.ask(&format!("{due}?received=2011-12-31")).await, StatusCode::NOT_FOUND, "begins on 2012-01-01");
    let elsewhere = served.ask(&format!("{due}?received=2020-06-01&district=603")).await;
    problem(&elsewhere, StatusCode::BAD_REQUEST, "another state");
    let nowhere = served.ask(&format!("{due}?received=2020-06-01&district=nowhere")).await;
    problem(&nowhere, StatusCode::BAD_REQUEST, "`district` is no code");
    problem(&served.ask(due).await, StatusCode::BAD_REQUEST, "`received` is missing");
    problem(&served.ask(&format!("{due}?received=June")).await, StatusCode::BAD_REQUEST, "`received` is no day");
}

#[tokio::test]
async fn the_holidays_of_a_year_say_who_states_them_and_count_with_the_weekends() {
    let served = served().await;
    let year = ok(&served.ask("/v1/holidays?year=2026").await);
    let listed = year["holidays"].as_array().unwrap();
    let weekday = |one: &&Value| one["on"].as_str().unwrap().parse::<kanak_codes::Day>().unwrap().weekday() < 5;
    // 2026 has 261 days from Monday to Friday.
    assert_eq!(year["working_days"], 261 - listed.iter().filter(weekday).count());
    let of_nanak = listed.iter().find(|one| one["on"] == "2026-11-24").unwrap();
    assert!(of_nanak["made_up"] == false && of_nanak["source"].as_str().unwrap().contains("notification"), "{year}");
    let next = ok(&served.ask("/v1/holidays?year=2027&district=27").await);
    assert!(next["made_up"].as_u64() > Some(20) && next["district"] == "27", "none of 2027 was notified: {next}");
    let due = ok(&served.ask("/v1/services/SVC-001/due?received=2026-11-13").await);
    assert_eq!((&due["due"], &due["holidays"][0]["on"]), (&"2026-11-17".into(), &"2026-11-16".into()));
    assert!(due["holidays"][0]["unconfirmed"].as_str().unwrap().contains("computed"), "{due}");
    problem(&served.ask("/v1/holidays?year=12").await, StatusCode::BAD_REQUEST, "from 1900 to 2200");
    problem(&served.ask("/v1/holidays?year=2026&district=603").await, StatusCode::BAD_REQUEST, "another state");
}

#[tokio::test]
async fn a_scheme_tells_the_clauses_of_the_day_and_the_facts_that_it_takes() {
    let served = served().await;
    let all = ok(&served.ask("/v1/schemes").await);
    assert_eq!(all.as_array().unwrap().len(), kanak_codes::Schemes::builtin().unwrap().iter().len());
    let incomes = async |day: &str| {
        let scheme = ok(&served.ask(&format!("/v1/schemes/SCH-05?as_of={day}")).await);
        let clauses = scheme["clauses"].as_array().unwrap().iter();
        let incomes = clauses.filter(|clause| clause["fact"] == "annual_income_paise");
        let incomes: Vec<i64> = incomes.map(|clause| clause["at_most"].as_i64().unwrap()).collect();
        (scheme["in_force"] == true, incomes)
    };
    assert_eq!(incomes("2016-03-31").await, (true, vec![2_400_000]));
    assert_eq!(incomes("2016-04-01").await, (true, vec![6_000_000]));
    assert_eq!(incomes("2012-03-31").await, (false, vec![]));
    let scheme = served.ask("/v1/schemes/SCH-05").await;
    assert_eq!(ok(&scheme)["facts"]["age"], "a whole number");
    assert!(scheme.headers.contains_key(header::ETAG));
    problem(&served.ask("/v1/schemes/SCH-99").await, StatusCode::NOT_FOUND, "/v1/schemes lists");
}

#[tokio::test]
async fn facts_are_judged_clause_by_clause_and_an_unknown_one_is_refused_by_its_name() {
    let served = served().await;
    let pension = "/v1/schemes/SCH-05/evaluate?as_of=2024-01-01";
    let judge = async |facts: &str| served.post(pension, "application/json", facts.to_owned()).await;
    let outcomes = |judged: &Value| -> Vec<String> {
        let clauses = judged["clauses"].as_array().unwrap().iter();
        clauses.map(|clause| format!("{} {}", clause["fact"], clause["outcome"]).replace('"', "")).collect()
    };
    let answer = judge(r#"{"residence_state": "3", "age": 57, "annual_income_paise": 2000000}"#).await;
    let young = ok(&answer);
    assert_eq!((&young["outcome"], &young["missing"]), (&"not_eligible".into(), &serde_json::json!(["land_marlas"])));
    assert_eq!(
        outcomes(&young),
        ["residence_state met", "age failing", "annual_income_paise met", "land_marlas missing"]
    );
    assert_eq!(young["clauses"][1]["texts"]["en"], "is at least 58 years old");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(ok(&judge("{}").await)["outcome"], "unknown");
    let all = r#"{"residence_state": "3", "age": 58, "annual_income_paise": 2000000, "land_marlas": 320}"#;
    assert_eq!(ok(&judge(all).await)["outcome"], "eligible");
    let before = served.post("/v1/schemes/SCH-05/evaluate?as_of=2012-03-31", "application/json", all).await;
    assert_eq!((&ok(&before)["outcome"], &ok(&before)["clauses"]), (&"not_in_force".into(), &serde_json::json!([])));

    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    problem(&judge(r#"{"aeg": 60}"#).await, refused, "no fact `aeg`; it asks for `residence_state`, `age`");
    for (wrong, says) in [
        (r#"{"age": "sixty"}"#, "`age` is to be a whole number"),
        (r#"{"age": 60.5}"#, "`age` is to be"),
        (r#"{"age": null}"#, "leave out what is not known"),
        ("[]", "send an object"),
    ] {
        let answer = judge(wrong).await;
        problem(&answer, refused, says);
        assert!(!answer.body.contains("sixty") && !answer.body.contains("60.5"), "{}", answer.body);
    }
    let from_a_page = Request::post(pension).header("sec-fetch-site", "cross-site");
    let from_a_page = from_a_page.header(header::CONTENT_TYPE, "application/json").body(Body::from("{}")).unwrap();
    let from_a_page = served.send(from_a_page).await;
    assert_eq!(from_a_page.status, StatusCode::OK);
    assert_eq!(from_a_page.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
}

#[tokio::test]
async fn how_current_each_code_system_is_is_told_to_all_and_to_what_watches() {
    let served = Served::over(House::new().await, Cookies::Loopback).await;
    let answer = served.ask("/v1/code-currency").await;
    let told = ok(&answer);
    assert!(answer.headers.contains_key(header::ETAG));
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let services = told.as_array().unwrap().iter().find(|one| one["system"] == "service").unwrap();
    assert_eq!((&services["rows_real"], &services["rows_official"]), (&10.into(), &351.into()));
    let share = services["share_present"].as_f64().unwrap();
    assert!((share - 10.0 / 351.0).abs() < 1e-9, "{share}");
    assert!(services["gaps"].as_array().unwrap().iter().any(|gap| gap.as_str().unwrap().contains("341")), "{services}");
    assert_eq!(services.get("published_after_days"), None, "it came with the program");
    let metrics = served.ask("/metrics").await.body;
    let age = format!("kanak_code_system_source_age_days{{system=\"service\"}} {}", services["age_days"]);
    let share = format!("kanak_code_system_share_present{{system=\"service\"}} {share}");
    for line in [&age, &share] {
        assert!(metrics.lines().any(|known| known == line), "{line} in {metrics}");
    }
}
