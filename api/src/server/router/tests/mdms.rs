//! The codes as DIGIT's master data service.

use serde_json::json;

use super::*;

const INFO: &str = r#""RequestInfo":{"apiId":"Rainmaker","ver":"1","ts":7,"msgId":"m|en_IN"}"#;

async fn served() -> Served {
    Served::over(House::new().await, Cookies::Loopback).await
}

async fn post(served: &Served, path: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    served.send(request.body(body.into()).unwrap()).await
}

async fn v2(served: &Served, criteria: &str) -> Answer {
    post(served, "/mdms-v2/v2/_search", format!("{{{INFO},\"MdmsCriteria\":{criteria}}}")).await
}

async fn v1(served: &Served, criteria: &str) -> Answer {
    post(served, "/egov-mdms-service/v1/_search", format!("{{{INFO},\"MdmsCriteria\":{criteria}}}")).await
}

#[track_caller]
fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let told = answer.json();
    assert_eq!((&told["ResponseInfo"]["msgId"], &told["ResponseInfo"]["ts"]), (&"m|en_IN".into(), &7.into()));
    told
}

#[track_caller]
fn refused(answer: &Answer, status: StatusCode, says: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(answer.json()["Errors"][0]["message"].as_str().unwrap().contains(says), "{}", answer.body);
}

#[tokio::test]
async fn the_second_version_lists_rows_that_fit() {
    let served = served().await;
    let criteria = r#"{"tenantId":"pb.amritsar","schemaCode":"RAINMAKER-PGR.ServiceDefs","uniqueIdentifiers":["StreetLightNotWorking"]}"#;
    let told = ok(&v2(&served, criteria).await);
    let row = &told["mdms"][0];
    assert_eq!(
        (&row["tenantId"], &row["isActive"], &row["data"]["department"]),
        (&"pb".into(), &true.into(), &"DEPT_1".into()),
        "a city has the rows of the state"
    );
    let by_id = json!({ "tenantId": "pb", "schemaCode": "RAINMAKER-PGR.ServiceDefs", "ids": [row["id"]] });
    assert_eq!(ok(&v2(&served, &by_id.to_string()).await)["mdms"][0]["uniqueIdentifier"], "StreetLightNotWorking");

    let all = async |more: &str| {
        let criteria = format!("{{\"tenantId\":\"pb\",\"schemaCode\":\"RAINMAKER-PGR.ServiceDefs\"{more}}}");
        ok(&v2(&served, &criteria).await)["mdms"].as_array().unwrap().len()
    };
    assert_eq!(all("").await, 10, "ten where no limit is asked for");
    let (every, active) = (all(",\"limit\":500").await, all(",\"limit\":500,\"isActive\":true").await);
    assert!(every > active && active > 0);
    let of_department = all(",\"limit\":500,\"filters\":{\"department\":\"DEPT_1\"}").await;
    assert!(of_department > 0 && of_department < every);
    assert_eq!(all(",\"limit\":500,\"offset\":10").await, every - 10);
}

#[tokio::test]
async fn the_second_version_reads_filters_into_objects_and_as_patterns() {
    let served = served().await;
    let found = async |filters: &str| {
        let criteria = format!(
            "{{\"tenantId\":\"pb\",\"schemaCode\":\"tenant.tenants\",\"limit\":500,\"filters\":{{{filters}}}}}"
        );
        ok(&v2(&served, &criteria).await)["mdms"].as_array().unwrap().clone()
    };
    let of_district = found(r#""city.districtCode":"27""#).await;
    assert!(!of_district.is_empty() && of_district.iter().all(|row| row["data"]["city"]["districtCode"] == "27"));
    assert_eq!(found(r#""city":{"districtCode":"27"}"#).await, of_district);
    let alike = found(r#""name":"regex:^amrit""#).await;
    assert!(alike.iter().any(|row| row["uniqueIdentifier"] == "pb.amritsar"));
    assert!(alike.iter().all(|row| row["data"]["name"].as_str().unwrap().to_lowercase().starts_with("amrit")));
    let bad = r#"{"tenantId":"pb","schemaCode":"tenant.tenants","filters":{"city.name":"regex:(a{1000}){1000}"}}"#;
    refused(&v2(&served, bad).await, StatusCode::BAD_REQUEST, "city.name");
}

#[tokio::test]
async fn the_second_version_searches_every_master_where_none_is_named() {
    let served = served().await;
    let found = async |criteria: Value| ok(&v2(&served, &criteria.to_string()).await)["mdms"].clone();
    let by_name =
        found(json!({ "tenantId": "pb", "uniqueIdentifiers": ["pb.amritsar", "StreetLightNotWorking"] })).await;
    let schemas: Vec<&str> =
        by_name.as_array().unwrap().iter().map(|row| row["schemaCode"].as_str().unwrap()).collect();
    assert_eq!(schemas, ["RAINMAKER-PGR.ServiceDefs", "tenant.tenants"]);
    assert_eq!(found(json!({ "tenantId": "pb", "ids": [by_name[1]["id"]] })).await[0], by_name[1]);
    assert_eq!(found(json!({ "tenantId": "pb" })).await.as_array().unwrap().len(), 10);
    assert_eq!(found(json!({ "tenantId": "pb", "schemaCode": "none.none" })).await, json!([]));
}

#[tokio::test]
async fn tenants_of_the_state_have_its_rows_and_others_have_none() {
    let served = served().await;
    let second = async |tenant: &str| {
        let criteria = json!({ "tenantId": tenant, "schemaCode": "tenant.tenants", "limit": 500 });
        ok(&v2(&served, &criteria.to_string()).await)["mdms"].clone()
    };
    let first = async |tenant: &str| {
        let masters = json!([{ "moduleName": "tenant", "masterDetails": [{ "name": "tenants" }] }]);
        let criteria = json!({ "tenantId": tenant, "moduleDetails": masters });
        ok(&v1(&served, &criteria.to_string()).await)["MdmsRes"].clone()
    };
    let (rows, masters) = (second("pb").await, first("pb").await);
    assert_eq!((&rows[0]["uniqueIdentifier"], &masters["tenant"]["tenants"][0]["code"]), (&"pb".into(), &"pb".into()));
    assert_eq!((second("pb.amritsar").await, first("pb.amritsar").await), (rows, masters));
    assert_eq!((second("mh.pune").await, first("mh.pune").await), (json!([]), json!({})));
}

#[tokio::test]
async fn the_first_version_lists_several_masters_by_filter() {
    let served = served().await;
    let criteria = r#"{"tenantId":"pb","moduleDetails":[
        {"moduleName":"RAINMAKER-PGR","masterDetails":[{"name":"ServiceDefs","filter":"[?(@.active==true)]"}]},
        {"moduleName":"common-masters","masterDetails":[{"name":"Department"},{"name":"Designation"},{"name":"IdFormat"}]},
        {"moduleName":"tenant","masterDetails":[{"name":"tenants","filter":"[?(@.code in ['pb.amritsar'])]"}]}]}"#;
    let told = ok(&v1(&served, criteria).await)["MdmsRes"].clone();
    let services = told["RAINMAKER-PGR"]["ServiceDefs"].as_array().unwrap();
    assert!(!services.is_empty() && services.iter().all(|service| service["active"] == true));
    assert_eq!(told["common-masters"]["Department"][0]["code"], "DEPT_1");
    assert!(told["common-masters"].get("IdFormat").is_none());
    assert_eq!(told["tenant"]["tenants"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_first_version_takes_fields_compares_and_matches() {
    let served = served().await;
    let found = async |filter: &str| {
        let masters = json!([{ "name": "ServiceDefs", "filter": filter }]);
        let modules = json!([{ "moduleName": "RAINMAKER-PGR", "masterDetails": masters }]);
        let criteria = json!({ "tenantId": "pb", "moduleDetails": modules });
        ok(&v1(&served, &criteria.to_string()).await)["MdmsRes"]["RAINMAKER-PGR"]["ServiceDefs"].clone()
    };
    let every = found("$.*.serviceCode").await;
    assert!(every.as_array().unwrap().contains(&"StreetLightNotWorking".into()));
    assert_eq!(found("$.serviceCode").await, every);
    let light = "@.serviceCode == 'StreetLightNotWorking'";
    assert_eq!(found(&format!("[?({light})].slaHours")).await, json!([96]));
    let fields = found(&format!("[?({light})].['serviceCode','department']")).await;
    assert_eq!(fields, json!([{ "serviceCode": "StreetLightNotWorking", "department": "DEPT_1" }]));
    assert_eq!(found(&format!("[?({light} && @.slaHours > 96)]")).await, json!([]));
    assert_eq!(found(&format!("[?(({light} || @.none) && !(@.slaHours <= 95))].slaHours")).await, json!([96]));
    assert_eq!(found("[?(@.serviceCode =~ /streetlightnot.*/i)].department").await, json!(["DEPT_1"]));
}

#[tokio::test]
async fn one_master_may_be_named_in_the_query() {
    let served = served().await;
    let query = "tenantId=pb&moduleName=tenant&masterName=tenants&filter=%5B%3F(%40.code%3D%3D'pb')%5D.name";
    for path in ["/egov-mdms-service/v1/_get", "/mdms-v2/v1/_get"] {
        let asked = format!("{path}?{query}");
        let expected = json!({ "tenant": { "tenants": ["Punjab"] } });
        assert_eq!(ok(&post(&served, &asked, format!("{{{INFO}}}")).await)["MdmsRes"], expected);
        assert_eq!(ok(&post(&served, &asked, r#"{"ts":7,"msgId":"m|en_IN"}"#).await)["MdmsRes"], expected);
        let without_body = served.get(&asked, "", "").await;
        assert_eq!(without_body.status, StatusCode::OK, "{}", without_body.body);
        assert_eq!(without_body.json()["MdmsRes"], expected);
        refused(&served.get(path, "", "").await, StatusCode::BAD_REQUEST, "tenantId");
        refused(&post(&served, &asked, "{").await, StatusCode::BAD_REQUEST, "RequestInfo");
    }
}

#[tokio::test]
async fn every_search_takes_the_day_beside_a_body_that_stays_as_it_was() {
    let served = served().await;
    let v2_body = format!("{{{INFO},\"MdmsCriteria\":{{\"tenantId\":\"pb\",\"schemaCode\":\"tenant.tenants\"}}}}");
    let v1_body = format!(
        "{{{INFO},\"MdmsCriteria\":{{\"tenantId\":\"pb\",\"moduleDetails\":[{{\"moduleName\":\"tenant\",\"masterDetails\":[{{\"name\":\"tenants\"}}]}}]}}}}"
    );
    for (path, body) in [
        ("/mdms-v2/v2/_search?tenantId=pb", &v2_body),
        ("/egov-mdms-service/v1/_search?tenantId=pb", &v1_body),
        ("/mdms-v2/v1/_get?tenantId=pb&moduleName=tenant&masterName=tenants", &format!("{{{INFO}}}")),
    ] {
        assert!(
            ok(&post(&served, &format!("{path}&asOf=2019-07-01"), body.clone()).await)
                .to_string()
                .contains("pb.amritsar")
        );
        refused(
            &post(&served, &format!("{path}&as_of=soon"), body.clone()).await,
            StatusCode::BAD_REQUEST,
            "`as_of` is no day",
        );
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_told_in_the_form_of_errors() {
    let served = served().await;
    let bad = StatusCode::BAD_REQUEST;
    let filter = r#"{"tenantId":"pb","moduleDetails":[{"moduleName":"tenant","masterDetails":[{"name":"tenants","filter":"$..code"}]}]}"#;
    refused(&v1(&served, filter).await, bad, "master `tenants` of module `tenant`, filter `$..code`");
    refused(&v2(&served, r#"{"tenantId":" ","schemaCode":"tenant.tenants"}"#).await, bad, "tenantId");
    refused(&v2(&served, "{}").await, StatusCode::UNPROCESSABLE_ENTITY, "tenantId");
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    refused(&post(&served, "/mdms-v2/v2/_search", deep).await, bad, "JSON");
    refused(&post(&served, "/mdms-v2/v2/_search", vec![b'{', 0xff]).await, bad, "JSON");
    refused(
        &post(&served, "/mdms-v2/v2/_search", "x".repeat(admit::BODY_BYTES_MAX + 1)).await,
        StatusCode::PAYLOAD_TOO_LARGE,
        "takes",
    );
    refused(&post(&served, "/mdms-v2/v2/_create", "{}").await, StatusCode::NOT_FOUND, "_create");
    refused(&served.get("/mdms-v2/v2/_search", "", "").await, StatusCode::METHOD_NOT_ALLOWED, "GET");
}
