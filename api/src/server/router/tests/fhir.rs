//! The codes as a FHIR terminology server.

use kanak_codes::{Sidecar, import_csv};

use super::*;

async fn ask(served: &Served, path: &str) -> Answer {
    served.get(&format!("/fhir/{path}"), "", "").await
}

async fn post(served: &Served, path: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(format!("/fhir/{path}")).header(header::CONTENT_TYPE, "application/fhir+json");
    served.send(request.body(body.into()).unwrap()).await
}

async fn served() -> Served {
    Served::over(House::new().await, Cookies::Loopback).await
}

#[track_caller]
fn resource(answer: &Answer, kind: &str) -> Value {
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/fhir+json", "{}", answer.body);
    let resource = answer.json();
    assert_eq!((answer.status, &resource["resourceType"]), (StatusCode::OK, &kind.into()), "{resource}");
    resource
}

/// The value of a parameter, whatever its type.
fn value(parameters: &Value, name: &str) -> Value {
    let found = parameters["parameter"].as_array().unwrap().iter().find(|parameter| parameter["name"] == name);
    let found = found.and_then(|found| found.as_object().unwrap().iter().find(|(key, _)| key.starts_with("value")));
    found.map_or(Value::Null, |(_, value)| value.clone())
}

async fn told(served: &Served, path: &str) -> Value {
    resource(&ask(served, path).await, "Parameters")
}

#[track_caller]
fn outcome(answer: &Answer, status: StatusCode, code: &str, says: &str) {
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/fhir+json", "{}", answer.body);
    let told = answer.json();
    assert_eq!((answer.status, &told["resourceType"]), (status, &"OperationOutcome".into()), "{told}");
    assert_eq!(told["issue"][0]["code"], code, "{told}");
    assert!(told["issue"][0]["diagnostics"].as_str().unwrap().contains(says), "{told}");
}

#[tokio::test]
async fn resources_are_read_and_found_by_what_they_say_of_themselves() {
    let served = served().await;
    let system = resource(&ask(&served, "CodeSystem/lgd-district").await, "CodeSystem");
    assert_eq!(
        (&system["url"], &system["content"]),
        (&"urn:kanak:code-system:lgd-district".into(), &"not-present".into())
    );
    for query in
        ["url=urn:kanak:code-system:nic", "name=nic", "name:exact=Nic", "_id=nic", "title:contains=industr&_id=nic"]
    {
        let bundle = resource(&ask(&served, &format!("CodeSystem?{query}")).await, "Bundle");
        assert_eq!(bundle["entry"][0]["resource"]["id"], "nic", "{query}: {bundle}");
    }
    let none = resource(&ask(&served, "CodeSystem?status=draft").await, "Bundle");
    assert_eq!((&none["total"], none.get("entry")), (&0.into(), None));
    let set = resource(&ask(&served, "ValueSet/active-branches-punjab").await, "ValueSet");
    assert_eq!(set["compose"]["include"][0]["filter"][0]["property"], "status");
    let map = resource(&ask(&served, "ConceptMap/nic-isic").await, "ConceptMap");
    assert_eq!(map["group"][0]["target"], "urn:kanak:code-system:isic");
    assert!(resource(&ask(&served, "ConceptMap?url=urn:kanak:concept-map:nic-isic").await, "Bundle")["total"] == 1);
    let form =
        Request::post("/fhir/ValueSet/_search").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let form = served.send(form.body(Body::from("name=DistrictsPunjab")).unwrap()).await;
    assert_eq!(resource(&form, "Bundle")["total"], 1);
    assert_eq!(resource(&ask(&served, "metadata").await, "CapabilityStatement")["fhirVersion"], "4.0.1");
    resource(&ask(&served, "metadata?mode=terminology").await, "TerminologyCapabilities");
}

#[tokio::test]
async fn codes_are_looked_up_judged_and_compared() {
    let served = served().await;
    let system = "system=urn:kanak:code-system:lgd-district";
    let amritsar = told(&served, &format!("CodeSystem/$lookup?{system}&code=27&displayLanguage=pa")).await;
    assert_eq!(value(&amritsar, "display"), "ਅੰਮ੍ਰਿਤਸਰ");
    let body = r#"{"resourceType":"Parameters","parameter":[{"name":"coding","valueCoding":{"system":"lgd-district","code":"27"}}]}"#;
    let posted = resource(&post(&served, "CodeSystem/$lookup", body).await, "Parameters");
    assert_eq!(value(&posted, "version"), value(&amritsar, "version"));
    assert_eq!(value(&told(&served, "CodeSystem/lgd-district/$lookup?code=27").await, "code"), "27");

    let judged =
        async |query: &str| value(&told(&served, &format!("CodeSystem/$validate-code?{query}")).await, "result");
    assert_eq!(judged("url=urn:kanak:code-system:lgd-district&code=737").await, true);
    assert_eq!(judged("url=lgd-district&code=737&date=2019-07-01").await, false);
    assert_eq!(judged("url=lgd-district&code=737&display=Sangrur").await, false);
    assert_eq!(judged("url=lgd-district&code=nothing").await, false);
    assert_eq!(
        value(&told(&served, "CodeSystem/$subsumes?system=nic&codeA=01&codeB=01111").await, "outcome"),
        "subsumes"
    );
    assert_eq!(
        value(&told(&served, "CodeSystem/$subsumes?system=nic&codeA=01111&codeB=01").await, "outcome"),
        "subsumed-by"
    );

    let judged = async |query: &str| value(&told(&served, &format!("ValueSet/$validate-code?{query}")).await, "result");
    assert_eq!(judged(&format!("url=urn:kanak:value-set:districts-punjab&{system}&code=27")).await, true);
    assert_eq!(judged(&format!("url=districts-punjab&{system}&code=603")).await, false);
    assert_eq!(judged("url=districts-punjab&code=27").await, true);
    assert_eq!(judged("url=urn:kanak:code-system:nic?fhir_vs&code=01111").await, true);
}

#[tokio::test]
async fn value_sets_are_expanded_and_codes_translated() {
    let served = served().await;
    let path = "ValueSet/$expand?url=urn:kanak:value-set:districts-punjab&count=2&offset=1&includeDesignations=true";
    let page = resource(&ask(&served, path).await, "ValueSet")["expansion"].clone();
    assert_eq!((page["contains"].as_array().unwrap().len(), &page["offset"]), (2, &1.into()));
    let found = resource(&ask(&served, "ValueSet/districts-punjab/$expand?filter=amrit").await, "ValueSet");
    assert_eq!(found["expansion"]["contains"][0]["code"], "27");
    let parts = "filter=amrit&designation=urn:ietf:bcp:47%7Cpa&property=census_2011&includeDefinition=true";
    let whole = resource(&ask(&served, &format!("ValueSet/districts-punjab/$expand?{parts}")).await, "ValueSet");
    let amritsar = &whole["expansion"]["contains"][0];
    assert_eq!(amritsar["designation"], serde_json::json!([{ "language": "pa", "value": "ਅੰਮ੍ਰਿਤਸਰ" }]));
    let property = &amritsar["extension"][0]["extension"];
    assert_eq!((&property[0]["valueCode"], property.as_array().unwrap().len()), (&"census_2011".into(), 2));
    assert!(whole["compose"]["include"][0].is_object() && found.get("compose").is_none());
    let whole =
        resource(&ask(&served, "ValueSet/$expand?url=urn:kanak:code-system:nic?fhir_vs&count=0").await, "ValueSet");
    assert!(whole["expansion"]["total"].as_u64().unwrap() > 2000 && whole["expansion"].get("contains").is_none());

    let wheat = "ConceptMap/$translate?url=urn:kanak:concept-map:nic-isic&system=urn:kanak:code-system:nic&code=01111";
    let wheat = told(&served, wheat).await;
    assert_eq!(value(&wheat, "result"), true);
    let parts = &wheat["parameter"].as_array().unwrap().last().unwrap()["part"];
    assert_eq!((&parts[0]["valueCode"], &parts[1]["valueCoding"]["code"]), (&"wider".into(), &"0111".into()));
    let back = told(&served, "ConceptMap/nic-isic/$translate?targetCode=0111").await;
    assert!(back.to_string().contains("\"01111\""), "{back}");
    let by_system = told(&served, "ConceptMap/$translate?system=nic&targetsystem=isic&sourceCode=01111").await;
    assert_eq!(value(&by_system, "result"), true);
    let none = told(&served, "ConceptMap/nic-isic/$translate?code=nothing").await;
    assert_eq!(value(&none, "result"), false);
}

#[tokio::test]
async fn what_cannot_be_answered_is_an_operation_outcome() {
    let served = served().await;
    let (not_found, bad) = (StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST);
    outcome(&ask(&served, "CodeSystem/$lookup?system=nic&code=nothing").await, not_found, "not-found", "nic");
    outcome(&ask(&served, "CodeSystem/$lookup?system=nothing&code=1").await, not_found, "not-found", "known are");
    outcome(&ask(&served, "CodeSystem/$lookup?system=nic").await, bad, "invalid", "no code");
    outcome(&ask(&served, "CodeSystem/$lookup?code=1").await, bad, "invalid", "no code system");
    outcome(&ask(&served, "CodeSystem/$lookup?system=nic&code=01&date=soon").await, bad, "invalid", "`date`");
    outcome(&ask(&served, "CodeSystem/$subsumes?system=nic&codeA=01").await, bad, "invalid", "codeB");
    outcome(&ask(&served, "ValueSet/$expand?url=none").await, not_found, "not-found", "known are");
    outcome(&ask(&served, "ValueSet/$expand?url=districts-punjab&count=many").await, bad, "invalid", "count");
    outcome(&ask(&served, "Patient/1").await, not_found, "not-found", "/fhir/Patient/1");
    outcome(&ask(&served, "metadata?mode=other").await, bad, "invalid", "terminology");
    let deep = format!("{{\"resourceType\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    outcome(&post(&served, "CodeSystem/$lookup", deep).await, bad, "invalid", "JSON");
    outcome(&post(&served, "CodeSystem/$lookup", vec![b'{', 0xff]).await, bad, "invalid", "JSON");
    outcome(&post(&served, "CodeSystem/$lookup", "{\"resourceType\":\"Patient\"}").await, bad, "invalid", "Parameters");
    let large = "x".repeat(admit::BODY_BYTES_MAX + 1);
    outcome(&post(&served, "CodeSystem/$lookup", large).await, StatusCode::PAYLOAD_TOO_LARGE, "too-long", "takes");
    let wrong = Request::delete("/fhir/CodeSystem/nic").body(Body::empty()).unwrap();
    outcome(&served.send(wrong).await, StatusCode::METHOD_NOT_ALLOWED, "not-supported", "DELETE");
    outcome(&ask(&served, "CodeSystem/$lookup?system=nic&code=%00").await, not_found, "not-found", "nic");
}

/// A server that has the code system `ward` beside the others: one code that ended, one that followed it, one that is retired.
async fn served_with_wards() -> Served {
    let text = |text: &str| text.to_owned();
    let sidecar = Sidecar {
        name: text("ward"),
        title_en: text("Wards"),
        version: text("1"),
        source: text("an example"),
        licence: text("none stated"),
        source_date: text("2026"),
        ..Sidecar::default()
    };
    let csv = "code,display,status,valid_from,valid_until\nW1,Old ward,,,2020-01-01\nW2,New ward,,2020-01-01,\nW3,Kept ward,retired,,\n";
    let wards = import_csv(sidecar, csv.as_bytes()).unwrap();
    let served = served().await;
    let codes = served.state.codes().with(vec![wards.part()]).unwrap();
    served.state.deployment.codes_at_hand.in_use().put(codes.into());
    served
}

fn coding(system: &str, code: &str) -> Value {
    serde_json::json!({ "name": "coding", "valueCoding": { "system": system, "code": code } })
}

fn parameters(given: &[Value]) -> String {
    serde_json::json!({ "resourceType": "Parameters", "parameter": given }).to_string()
}

#[tokio::test]
async fn a_code_of_another_system_than_the_one_asked_about_is_never_taken_for_one_of_it() {
    let served = served().await;
    let nic = "urn:kanak:code-system:nic";
    for path in [
        "CodeSystem/$validate-code?url=lgd-district",
        "CodeSystem/lgd-district/$validate-code",
        "ValueSet/$validate-code?url=urn:kanak:code-system:lgd-district?fhir_vs",
    ] {
        let judged = resource(&post(&served, path, parameters(&[coding(nic, "27")])).await, "Parameters");
        assert_eq!(value(&judged, "result"), false, "{path}: {judged}");
        let message = value(&judged, "message").as_str().unwrap().to_owned();
        assert!(message.contains("`nic`") && message.contains("`lgd-district`"), "{message}");
        let several = serde_json::json!({ "name": "codeableConcept", "valueCodeableConcept": { "coding": [
            { "system": nic, "code": "27" }, { "system": "urn:kanak:code-system:lgd-district", "code": "27" },
        ] } });
        let judged = resource(&post(&served, path, parameters(&[several])).await, "Parameters");
        assert_eq!(value(&judged, "result"), true, "{path}: {judged}");
    }
    for query in ["system=lgd-district&code=27", "system=nic&targetsystem=lgd-district&code=01111"] {
        let none = told(&served, &format!("ConceptMap/nic-isic/$translate?{query}")).await;
        assert_eq!(value(&none, "result"), false, "{query}: {none}");
        assert!(value(&none, "message").as_str().unwrap().contains("lgd-district"), "{none}");
    }
    let bad = StatusCode::BAD_REQUEST;
    let looked_up = post(&served, "CodeSystem/lgd-district/$lookup", parameters(&[coding(nic, "27")])).await;
    outcome(&looked_up, bad, "invalid", "`lgd-district`");
    let pair = |a: &str, b: &str| {
        let named = |name: &str, system: &str| serde_json::json!({ "name": name, "valueCoding": { "system": system, "code": "01" } });
        parameters(&[named("codingA", a), named("codingB", b)])
    };
    outcome(&post(&served, "CodeSystem/$subsumes", pair("nic", "isic")).await, bad, "invalid", "`isic`");
    outcome(&post(&served, "CodeSystem/$subsumes?system=isic", pair("nic", "nic")).await, bad, "invalid", "`nic`");
    resource(&post(&served, "CodeSystem/$subsumes?system=nic", pair("nic", nic)).await, "Parameters");
}

#[tokio::test]
async fn without_a_date_codes_are_those_of_today_and_what_ended_is_looked_up_as_inactive() {
    let served = served_with_wards().await;
    for set in ["CodeSystem/$validate-code?url=ward", "ValueSet/$validate-code?url=urn:kanak:code-system:ward?fhir_vs"]
    {
        for (query, expected) in [
            ("code=W1", false),
            ("code=W2", true),
            ("code=W1&date=2019", true),
            ("code=W2&date=2019-07", false),
            ("code=W2&date=2020-01-01T00:30:00Z", true),
        ] {
            let judged = told(&served, &format!("{set}&{query}")).await;
            assert_eq!(value(&judged, "result"), expected, "{set}&{query}: {judged}");
        }
    }
    let listed = async |query: &str| {
        let path = format!("ValueSet/$expand?url=urn:kanak:code-system:ward?fhir_vs&{query}");
        let expansion = resource(&ask(&served, &path).await, "ValueSet")["expansion"].clone();
        let contained = expansion["contains"].as_array().unwrap();
        assert_eq!(expansion["total"], contained.len(), "{expansion}");
        contained.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, ["W2", "W3"]);
    assert_eq!(listed("activeOnly=true").await, ["W2"]);
    assert_eq!(listed("date=2019").await, ["W1", "W3"]);
    assert_eq!(listed("date=2019-07&activeOnly=true").await, ["W1"]);
    for (code, is_inactive) in [("W1", true), ("W2", false), ("W3", true), ("W1&date=2019-07-01", false)] {
        let ward = told(&served, &format!("CodeSystem/ward/$lookup?code={code}&property=inactive")).await;
        let property = ward["parameter"].as_array().unwrap().iter().find(|one| one["name"] == "property").unwrap();
        assert_eq!(property["part"][1]["valueBoolean"], is_inactive, "{code}: {ward}");
    }
}

#[tokio::test]
async fn without_a_date_codes_are_compared_and_translated_as_of_today() {
    let served = served_with_wards().await;
    let mut tree = served.state.codes().get_system("ward").unwrap().sidecar().clone();
    tree.name = "ward-tree".to_owned();
    tree.parent_system = Some("ward-tree".to_owned());
    let csv = "code,display,parent,valid_until\nA,Above,,\nB,Below then,A,2020-01-01\nC,Below,A,\n";
    let tree = import_csv(tree, csv.as_bytes()).unwrap();
    let text = "name = \"ward-map\"\ntitle_en = \"T\"\ntitle_pa = \"T\"\ntitle_hi = \"T\"\nversion = \"1\"\nsource = \"s\"\nlicence = \"l\"\n\
        source_system = \"ward\"\ntarget_system = \"ward-tree\"\n";
    let map = kanak_codes::Part::ConceptMap {
        text: text.to_owned(),
        csv: "source,target,relationship,valid_from,comment\nW2,C,equivalent,,\nW3,C,equivalent,2999-01-01,\n"
            .to_owned(),
    };
    let codes = served.state.codes().with(vec![tree.part(), map]).unwrap();
    served.state.deployment.codes_at_hand.in_use().put(codes.into());
    let compared = "CodeSystem/$subsumes?system=ward-tree&codeA=A";
    assert_eq!(value(&told(&served, &format!("{compared}&codeB=C")).await, "outcome"), "subsumes");
    assert_eq!(value(&told(&served, &format!("{compared}&codeB=B&date=2019")).await, "outcome"), "subsumes");
    assert_ne!(ask(&served, &format!("{compared}&codeB=B")).await.status, StatusCode::OK);
    let translated = "ConceptMap/$translate?url=ward-map&code=W3";
    assert_eq!(value(&told(&served, translated).await, "result"), false);
    assert_eq!(value(&told(&served, &format!("{translated}&date=2999-02-01")).await, "result"), true);
}

#[tokio::test]
async fn a_map_that_is_read_backwards_leads_to_the_system_that_is_asked_for_or_nowhere() {
    let served = served().await;
    let back = "ConceptMap/nic-isic/$translate?reverse=true&system=isic&code=0111";
    assert_eq!(value(&told(&served, &format!("{back}&targetsystem=nic")).await, "result"), true);
    let none = told(&served, &format!("{back}&targetsystem=lgd-district")).await;
    assert_eq!(value(&none, "result"), false);
    assert!(value(&none, "message").as_str().unwrap().contains("`lgd-district`"), "{none}");
    let by_system = "ConceptMap/$translate?reverse=true&system=isic&code=0111";
    assert_eq!(value(&told(&served, &format!("{by_system}&targetsystem=nic")).await, "result"), true);
    let refused = ask(&served, &format!("{by_system}&targetsystem=hsn")).await;
    outcome(&refused, StatusCode::NOT_FOUND, "not-found", "`isic`");
    let r5 = "ConceptMap/nic-isic/$translate?targetCode=0111&targetSystem=isic";
    assert_eq!(value(&told(&served, r5).await, "result"), true);
}

#[tokio::test]
async fn a_search_is_paged_to_its_end_and_says_what_it_went_by() {
    let served = served().await;
    let link = |bundle: &Value, relation: &str| {
        let links = bundle["link"].as_array().unwrap();
        links.iter().find(|link| link["relation"] == relation).map(|link| link["url"].as_str().unwrap().to_owned())
    };
    let total = resource(&ask(&served, "CodeSystem").await, "Bundle")["total"].as_u64().unwrap();
    let mut ids = std::collections::BTreeSet::new();
    let mut path = "CodeSystem?_count=7&shoe=1".to_owned();
    loop {
        let page = resource(&ask(&served, &path).await, "Bundle");
        assert_eq!(page["total"], total);
        let own = link(&page, "self").unwrap();
        assert!(own.contains("_count=7") && !own.contains("shoe"), "{own}");
        let entries = page["entry"].as_array().unwrap();
        assert!(entries.iter().all(|entry| ids.insert(entry["resource"]["id"].as_str().unwrap().to_owned())), "{page}");
        match link(&page, "next") {
            Some(next) => path = next.split_once("/fhir/").unwrap().1.to_owned(),
            None => break,
        }
    }
    assert_eq!(ids.len() as u64, total);
    let counted = resource(&ask(&served, "CodeSystem?_summary=count").await, "Bundle");
    assert_eq!((&counted["total"], counted.get("entry"), link(&counted, "next")), (&total.into(), None, None));
    let strict = |query: &str| Request::get(format!("/fhir/ValueSet?{query}")).header("prefer", "handling=strict");
    let refused = served.send(strict("shoe=1").body(Body::empty()).unwrap()).await;
    outcome(&refused, StatusCode::BAD_REQUEST, "invalid", "`shoe`");
    resource(&served.send(strict("name=Districts&_count=1").body(Body::empty()).unwrap()).await, "Bundle");
}

#[tokio::test]
async fn links_never_repeat_the_host_that_a_request_states() {
    let served = served().await;
    let request = Request::get("/fhir/CodeSystem?_count=1").header(header::HOST, "elsewhere.example");
    let answer = served.send(request.body(Body::empty()).unwrap()).await;
    let bundle = resource(&answer, "Bundle");
    assert!(!answer.body.contains("elsewhere.example"), "{bundle}");
    assert!(bundle["link"][0]["url"].as_str().unwrap().starts_with("/fhir/CodeSystem?"), "{bundle}");
}

#[tokio::test]
async fn a_version_that_is_not_there_is_not_found_and_the_one_there_is_named() {
    let served = served().await;
    for (path, there) in [
        ("ValueSet/$expand?url=districts-punjab|99", "there is 1"),
        ("ValueSet/$expand?url=districts-punjab&valueSetVersion=99", "there is 1"),
        ("ValueSet/$expand?url=districts-punjab&system-version=urn:kanak:code-system:lgd-district|99", "2022-03-11"),
        ("ValueSet/$expand?url=urn:kanak:code-system:nic?fhir_vs&system-version=nic|99", "2008"),
        ("ValueSet/$validate-code?url=districts-punjab|99&code=27", "there is 1"),
        ("ValueSet/$validate-code?url=districts-punjab&valueSetVersion=99&code=27", "there is 1"),
        ("ValueSet/$validate-code?url=districts-punjab&system=lgd-district&systemVersion=99&code=27", "2022-03-11"),
        ("CodeSystem/$validate-code?url=nic|99&code=01", "2008"),
        ("ConceptMap/$translate?url=nic-isic|99&code=01111", "there is 1"),
        ("ConceptMap/nic-isic/$translate?conceptMapVersion=99&code=01111", "there is 1"),
    ] {
        let path = path.replace('|', "%7C");
        outcome(&ask(&served, &path).await, StatusCode::NOT_FOUND, "not-found", there);
    }
    let found = "ValueSet/$expand?url=districts-punjab%7C1&system-version=lgd-district%7C2022-03-11&count=1";
    resource(&ask(&served, found).await, "ValueSet");
}

#[tokio::test]
async fn a_code_system_declares_what_is_told_of_its_concepts_and_what_chooses_them() {
    let served = served().await;
    let nic = resource(&ask(&served, "CodeSystem/nic").await, "CodeSystem");
    let kind = |code: &str| {
        nic["property"].as_array().unwrap().iter().find(|one| one["code"] == code).map(|one| one["type"].clone())
    };
    assert_eq!(kind("inactive"), Some("boolean".into()));
    assert_eq!(
        (kind("parent"), kind("child"), kind("level")),
        (Some("code".into()), Some("code".into()), Some("string".into()))
    );
    let wheat = told(&served, "CodeSystem/nic/$lookup?code=01111").await;
    for property in wheat["parameter"].as_array().unwrap().iter().filter(|one| one["name"] == "property") {
        assert!(kind(property["part"][0]["valueCode"].as_str().unwrap()).is_some(), "{property}");
    }
    let bank = resource(&ask(&served, "CodeSystem/ifsc").await, "CodeSystem");
    let set = resource(&ask(&served, "ValueSet/active-branches-punjab").await, "ValueSet");
    for used in set["compose"]["include"][0]["filter"].as_array().unwrap() {
        let declared = bank["filter"].as_array().unwrap().iter().find(|one| one["code"] == used["property"]).unwrap();
        assert!(declared["operator"].as_array().unwrap().contains(&used["op"]), "{used}");
    }
}

#[tokio::test]
async fn what_fhir_has_and_is_not_done_here_is_refused_as_not_supported() {
    let served = served().await;
    let (bad, not_supported) = (StatusCode::BAD_REQUEST, "not-supported");
    let sent = serde_json::json!({ "name": "codeSystem", "resource": { "resourceType": "CodeSystem" } });
    let refused = post(&served, "CodeSystem/$validate-code", parameters(&[sent])).await;
    outcome(&refused, bad, not_supported, "send the `url`");
    let accepting = |path: &str, kind: &str| Request::get(format!("/fhir/{path}")).header(header::ACCEPT, kind);
    for path in ["CodeSystem", "CodeSystem/nic", "ValueSet/districts-punjab", "ConceptMap/nic-isic", "metadata"] {
        let refused = served.send(accepting(path, "application/fhir+xml").body(Body::empty()).unwrap()).await;
        outcome(&refused, StatusCode::NOT_ACCEPTABLE, not_supported, "application/fhir+json");
        for taken in ["application/fhir+xml, application/fhir+json;q=0.5", "*/*", "application/fhir+json"] {
            let answer = served.send(accepting(path, taken).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::OK, "{path} {taken}");
        }
    }
    let xml = ask(&served, "CodeSystem/nic?_format=xml").await;
    outcome(&xml, StatusCode::NOT_ACCEPTABLE, not_supported, "application/fhir+json");
    resource(&ask(&served, "CodeSystem/nic?_format=application/fhir+json").await, "CodeSystem");
}

#[tokio::test]
async fn an_expansion_says_how_much_of_it_is_told() {
    let served = served().await;
    for (count, limited) in [("", true), ("&count=5000", true), ("&count=10", false)] {
        let path = format!("ValueSet/$expand?url=urn:kanak:code-system:nic?fhir_vs{count}");
        let expansion = resource(&ask(&served, &path).await, "ValueSet")["expansion"].clone();
        let stated =
            |name: &str| expansion["parameter"].as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
        let contained = expansion["contains"].as_array().unwrap().len();
        assert!(expansion["total"].as_u64().unwrap() > 2000 && expansion["offset"] == 0, "{count}");
        assert_eq!(stated("count").unwrap()["valueInteger"], contained, "{count}");
        assert_eq!(stated("limitedExpansion").is_some(), limited, "{count}");
    }
}

/// A value set that comes with the request, and further parameters.
fn with_set(compose: &Value, more: &[Value]) -> String {
    let set = serde_json::json!({ "resourceType": "ValueSet", "url": "urn:example:mine", "compose": compose });
    let sent = serde_json::json!({ "name": "valueSet", "resource": set });
    parameters(&[std::slice::from_ref(&sent), more].concat())
}

async fn expanded(served: &Served, compose: &Value) -> Vec<(String, String)> {
    let set = resource(&post(served, "ValueSet/$expand", with_set(compose, &[])).await, "ValueSet");
    let contained = set["expansion"]["contains"].as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(set["expansion"]["total"], contained.len(), "{set}");
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    contained.iter().map(|one| (text(one, "code"), text(one, "display"))).collect()
}

#[tokio::test]
async fn a_value_set_that_comes_with_the_request_is_expanded_by_its_rules() {
    let served = served().await;
    let district = "urn:kanak:code-system:lgd-district";
    let codes = async |compose: Value| -> Vec<String> {
        expanded(&served, &compose).await.into_iter().map(|(code, _)| code).collect()
    };
    let listed = serde_json::json!({ "include": [{ "system": district, "concept": [
        { "code": "27", "display": "Ambarsar" }, { "code": "43" }, { "code": "none" }] }] });
    let both = expanded(&served, &listed).await;
    assert!(both.contains(&("27".to_owned(), "Ambarsar".to_owned())), "{both:?}");
    assert!(both.contains(&("43".to_owned(), "SANGRUR".to_owned())) && both.len() == 2, "{both:?}");

    let of_punjab =
        serde_json::json!({ "system": district, "filter": [{ "property": "parent", "op": "=", "value": "3" }] });
    let by_filter = codes(serde_json::json!({ "include": [of_punjab] })).await;
    let by_name =
        codes(serde_json::json!({ "include": [{ "valueSet": ["urn:kanak:value-set:districts-punjab"] }] })).await;
    assert_eq!((by_filter.len(), &by_filter), (23, &by_name));
    let less = serde_json::json!({ "include": [of_punjab], "exclude": [{ "system": district, "concept": [{ "code": "27" }] }] });
    let less = codes(less).await;
    assert_eq!(less.len(), 22);
    assert!(!less.contains(&"27".to_owned()));
    let crossed = serde_json::json!({ "include": [{ "system": district, "valueSet": ["districts-punjab"],
        "filter": [{ "property": "code", "op": "in", "value": "27, 603" }] }] });
    assert_eq!(codes(crossed).await, ["27"]);
    let then = serde_json::json!({ "lockedDate": "2019-07-01", "include": [of_punjab] });
    assert_eq!(codes(then).await.len(), 22, "Malerkotla was not there yet");

    let nic = |op: &str| {
        serde_json::json!({ "include": [{ "system": "urn:kanak:code-system:nic", "version": "2008",
            "filter": [{ "property": "concept", "op": op, "value": "011" }] }] })
    };
    let (whole, below) = (codes(nic("is-a")).await, codes(nic("descendent-of")).await);
    assert!(whole.contains(&"011".to_owned()) && !below.contains(&"011".to_owned()));
    assert_eq!((whole.len(), below.len() > 1), (below.len() + 1, true));
}

#[tokio::test]
async fn a_code_is_judged_by_a_value_set_that_comes_with_the_request() {
    let served = served().await;
    let compose = serde_json::json!({ "include": [
        { "system": "urn:kanak:code-system:lgd-district", "concept": [{ "code": "27", "display": "Ambarsar" }] },
        { "system": "urn:kanak:code-system:nic", "version": "2008", "filter": [{ "property": "concept", "op": "is-a", "value": "01" }] },
    ] });
    let judge = async |coding: Value| {
        let sent = serde_json::json!({ "name": "coding", "valueCoding": coding });
        resource(&post(&served, "ValueSet/$validate-code", with_set(&compose, &[sent])).await, "Parameters")
    };
    for (coding, expected) in [
        (serde_json::json!({ "system": "lgd-district", "code": "27" }), true),
        (serde_json::json!({ "system": "lgd-district", "code": "27", "display": "ambarsar" }), true),
        (serde_json::json!({ "system": "lgd-district", "code": "27", "display": "Patiala" }), false),
        (serde_json::json!({ "system": "lgd-district", "code": "43" }), false),
        (serde_json::json!({ "system": "urn:kanak:code-system:nic", "code": "01111" }), true),
        (serde_json::json!({ "system": "nic", "version": "2008", "code": "01111" }), true),
        (serde_json::json!({ "system": "nic", "version": "2025", "code": "01111" }), false),
        (serde_json::json!({ "system": "ifsc", "code": "27" }), false),
        (serde_json::json!({ "code": "27" }), true),
    ] {
        let judged = judge(coding.clone()).await;
        assert_eq!(value(&judged, "result"), expected, "{coding}: {judged}");
    }
    let amritsar = judge(serde_json::json!({ "system": "lgd-district", "code": "27" })).await;
    assert_eq!(value(&amritsar, "display"), "Ambarsar");
    let outside = judge(serde_json::json!({ "system": "lgd-district", "code": "43" })).await;
    assert!(value(&outside, "message").as_str().unwrap().contains("urn:example:mine"), "{outside}");
}

#[tokio::test]
async fn a_value_set_that_comes_with_the_request_and_cannot_be_read_is_refused_with_what_is_wrong() {
    let served = served().await;
    let bad = StatusCode::BAD_REQUEST;
    let nic = "urn:kanak:code-system:nic";
    let include = |block: Value| serde_json::json!({ "include": [block] });
    let filter = |property: &str, op: &str| {
        include(serde_json::json!({ "system": nic, "filter": [{ "property": property, "op": op, "value": "1" }] }))
    };
    for (compose, status, code, says) in [
        (serde_json::json!({}), bad, "invalid", "no `compose.include`"),
        (include(serde_json::json!({})), bad, "invalid", "neither `system` nor `valueSet`"),
        (filter("shoe", "="), bad, "not-supported", "`shoe` `=`"),
        (filter("concept", "regex"), bad, "not-supported", "`concept` `regex`"),
        (include(serde_json::json!({ "system": "nothing" })), StatusCode::NOT_FOUND, "not-found", "known are"),
        (include(serde_json::json!({ "system": nic, "version": "99" })), StatusCode::NOT_FOUND, "not-found", "2008"),
        (include(serde_json::json!({ "valueSet": ["nothing"] })), StatusCode::NOT_FOUND, "not-found", "known are"),
    ] {
        for path in ["ValueSet/$expand", "ValueSet/$validate-code"] {
            let sent = with_set(&compose, &[coding(nic, "01")]);
            outcome(&post(&served, path, sent).await, status, code, says);
        }
    }
    let patient = serde_json::json!({ "name": "valueSet", "resource": { "resourceType": "Patient" } });
    outcome(&post(&served, "ValueSet/$expand", parameters(&[patient])).await, bad, "invalid", "no ValueSet");
}

#[tokio::test]
async fn an_answer_has_a_strong_tag_and_one_of_a_named_version_is_kept_for_good() {
    let served = served_with_wards().await;
    let (for_good, a_while) = ("public, max-age=31536000, immutable", "public, max-age=300");
    for (path, keep) in [
        ("CodeSystem/nic", a_while),
        ("metadata", a_while),
        ("CodeSystem?name=nic", a_while),
        ("CodeSystem/$lookup?system=nic&code=01111", a_while),
        ("CodeSystem/$lookup?system=nic%7C2008&code=01111", for_good),
        ("CodeSystem/$lookup?system=nic&version=2008&code=01111&date=2020-01-01", for_good),
        ("CodeSystem/$validate-code?url=nic%7C2008&code=nothing", for_good),
        ("CodeSystem/$subsumes?system=nic%7C2008&codeA=01&codeB=01111", for_good),
        ("ValueSet/$expand?url=urn:kanak:code-system:nic?fhir_vs%7C2008&count=2", for_good),
        ("ValueSet/$expand?url=districts-punjab%7C1&count=2", a_while),
        (
            "ValueSet/$expand?url=districts-punjab%7C1&count=2&system-version=lgd-district%7C2022-03-11&date=2022-01-01",
            for_good,
        ),
        ("ValueSet/$validate-code?url=urn:kanak:code-system:ward?fhir_vs%7C1&code=W2", for_good),
        ("ConceptMap/$translate?url=nic-isic%7C1&code=01111", a_while),
    ] {
        let text = |answer: &Answer, name: header::HeaderName| answer.headers[name].to_str().unwrap().to_owned();
        let answer = ask(&served, path).await;
        assert_eq!((answer.status, text(&answer, header::CACHE_CONTROL).as_str()), (StatusCode::OK, keep), "{path}");
        let tag = text(&answer, header::ETAG);
        assert!(tag.starts_with('"'), "{path} {tag}");
        let known = Request::get(format!("/fhir/{path}")).header(header::IF_NONE_MATCH, &tag);
        let known = served.send(known.body(Body::empty()).unwrap()).await;
        assert_eq!((known.status, known.body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path}");
        let told = (text(&known, header::ETAG), text(&known, header::CACHE_CONTROL));
        assert_eq!((told.0.as_str(), told.1.as_str()), (tag.as_str(), keep), "{path}");
    }
    let refused = ask(&served, "CodeSystem/$lookup?system=nic%7C2008&code=nothing").await;
    assert!(!refused.headers.contains_key(header::ETAG));
    assert_eq!(refused.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn a_version_with_a_code_that_is_still_to_begin_is_kept_for_good_only_as_of_a_day() {
    let served = served_with_wards().await;
    let mut sidecar = served.state.codes().get_system("ward").unwrap().sidecar().clone();
    sidecar.name = "ward-to-come".to_owned();
    let wards = import_csv(sidecar, "code,display,valid_from\nW1,Ward,2999-01-01\n".as_bytes()).unwrap();
    let codes = served.state.codes().with(vec![wards.part()]).unwrap();
    served.state.deployment.codes_at_hand.in_use().put(codes.into());
    let path = "CodeSystem/$validate-code?url=ward-to-come%7C1&code=W1";
    let keep = async |path: &str| ask(&served, path).await.headers[header::CACHE_CONTROL].to_str().unwrap().to_owned();
    assert!(!keep(path).await.contains("immutable"));
    assert!(keep(&format!("{path}&date=2020-01-01")).await.contains("immutable"));
}

#[tokio::test]
async fn a_code_that_is_no_longer_given_is_valid_and_said_to_be_inactive() {
    let served = served_with_wards().await;
    for path in ["CodeSystem/$validate-code?url=ward", "ValueSet/$validate-code?url=urn:kanak:code-system:ward?fhir_vs"]
    {
        let kept = told(&served, &format!("{path}&code=W3")).await;
        assert_eq!((value(&kept, "result"), value(&kept, "inactive")), (true.into(), true.into()), "{kept}");
        assert!(value(&kept, "message").as_str().unwrap().contains("retired"), "{kept}");
        let new = told(&served, &format!("{path}&code=W2")).await;
        let none = (Value::Null, Value::Null);
        assert_eq!(
            (value(&new, "result"), (value(&new, "inactive"), value(&new, "message"))),
            (true.into(), none),
            "{new}"
        );
    }
}

#[tokio::test]
async fn a_translation_is_sought_in_the_value_set_and_in_the_system_that_are_named() {
    let served = served().await;
    let isic = "urn:kanak:code-system:isic";
    let translated = async |query: &str| {
        let told = told(&served, &format!("ConceptMap/$translate?system=nic&code=01111&{query}")).await;
        value(&told, "result") == true
    };
    assert!(translated(&format!("target={isic}?fhir_vs")).await);
    assert!(translated(&format!("target={isic}?fhir_vs&targetsystem={isic}")).await);
    assert!(translated(&format!("url=nic-isic&target={isic}?fhir_vs")).await);
    assert!(!translated("target=districts-punjab").await);
    assert!(!translated(&format!("url=nic-isic&target=districts-punjab&targetsystem={isic}")).await);
    let elsewhere =
        told(&served, "ConceptMap/nic-isic/$translate?code=01111&target=urn:kanak:code-system:lgd-district?fhir_vs")
            .await;
    assert!(value(&elsewhere, "message").as_str().unwrap().contains("`lgd-district`"), "{elsewhere}");
    let unknown = ask(&served, "ConceptMap/nic-isic/$translate?code=01111&target=nothing").await;
    outcome(&unknown, StatusCode::NOT_FOUND, "not-found", "known are");
}
