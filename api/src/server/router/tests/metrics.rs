//! `/v1/metrics`: figures by their definitions, to whom they are told and how they are refused.

use super::*;

impl Served {
    async fn ask_metrics(&self, key: &str, body: &str) -> Answer {
        let mut request = Request::post("/v1/metrics/query")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, body.len());
        if !key.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }
}

#[tokio::test]
async fn a_query_gives_each_measure_with_its_parts_and_withholds_two_people_from_an_analyst() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let body = r#"{"measures": ["citizens", "businesses"], "by": ["status"]}"#;
    let answer = served.ask_metrics(&served.analyst, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let answer = answer.json();
    assert_eq!(answer["keys"], serde_json::json!(["status"]));
    assert_eq!((&answer["measures"][0]["unit"], &answer["truncated"]), (&"count".into(), &false.into()));
    let row = &answer["rows"][0];
    assert_eq!((&row["status"], &row["is_open_period"]), (&"active".into(), &Value::Null));
    let citizens = &row["measures"]["citizens"];
    assert_eq!((&citizens["value"], &citizens["is_withheld"]), (&Value::Null, &true.into()));
    let businesses = &row["measures"]["businesses"];
    assert_eq!((&businesses["value"], &businesses["is_withheld"]), (&0.0.into(), &false.into()));
}

#[tokio::test]
async fn one_metric_is_cut_by_time_and_compared() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let path = "/v1/metrics/applications_received?time=2026-27&compare=previous_year&district=27";
    let answer = served.get(path, &served.analyst, "").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let row = &answer.json()["rows"][0];
    assert_eq!((&row["value"], &row["compared_value"]), (&0.0.into(), &Value::Null));
    let quarters = served.get("/v1/metrics/timeliness?grain=quarter", &served.analyst, "").await.json();
    assert_eq!(quarters["rows"], serde_json::json!([]));
}

#[tokio::test]
async fn the_list_says_who_answers_for_a_figure_and_what_it_counts() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let list = served.get("/v1/metrics", &served.analyst, "").await.json();
    let timeliness = list.as_array().unwrap().iter().find(|metric| metric["name"] == "timeliness").unwrap();
    assert_eq!(timeliness["grain"], "service application");
    assert_eq!(timeliness["clock"], "working_days");
    assert_eq!(timeliness["drill"]["count"], "denominator");
    assert!(timeliness["owner"].as_str().is_some_and(|owner| !owner.is_empty()));
}

#[tokio::test]
async fn a_query_that_names_what_is_not_there_is_refused_with_what_is() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    for (body, says) in [
        (r#"{"measures": ["profit"]}"#, "timeliness"),
        (r#"{"measures": []}"#, "name from 1 to 12"),
        (r#"{"measures": ["timeliness"], "by": ["district; DROP TABLE x"]}"#, "`service`"),
        (r#"{"measures": ["timeliness"], "where": {"caste": "x"}}"#, "`service`"),
        (
            r#"{"measures": ["timeliness"], "where": {"time": {"from": "2026-04-31", "to": "2026-06-30"}}}"#,
            "is not a day",
        ),
        (r#"{"measures": ["timeliness"], "grain": "week"}"#, "`quarter`"),
        (r#"{"measures": ["timeliness"], "grain": "month", "compare": "yesterday"}"#, "`previous_year`"),
        (r#"{"measures": ["timeliness"], "order": ["-x' OR 1=1"]}"#, "`timeliness`"),
    ] {
        let answer = served.ask_metrics(&served.analyst, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {}", answer.body);
        assert!(answer.body.contains(says), "{body}: {}", answer.body);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    }
    for body in
        [r#"{"measures": ["timeliness"], "group": "x"}"#, r#"{"measures": ["timeliness"], "where": {"district": 27}}"#]
    {
        let answer = served.ask_metrics(&served.analyst, body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", answer.body);
    }
    assert_eq!(served.ask_metrics("", r#"{"measures": ["timeliness"]}"#).await.status, StatusCode::UNAUTHORIZED);
    for path in
        ["/v1/metrics/timeliness?time=2026", "/v1/metrics/timeliness?grain=week", "/v1/metrics/citizens?by=caste"]
    {
        assert_eq!(served.get(path, &served.analyst, "").await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn verify_tells_the_laws_of_figures_by_name() {
    let house = House::with_two_people().await;
    let checks = crate::jobs::verify::verify(&house.deployment, &crate::output::Output::silent()).await.unwrap();
    for law in kanak_warehouse::Law::ALL {
        let check = checks.iter().find(|check| check.name == law.name()).unwrap();
        assert_eq!(check.outcome.word(), "holds", "{check:?}");
    }
}
