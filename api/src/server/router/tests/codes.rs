//! Codes over HTTP: lookups, batches, value sets, concept maps, and what hostile requests are told.

use std::io::Read as _;
use std::sync::Arc;

use axum::http::Method;
use kanak_codes::{BATCH_MAX, Codes, Part};

use super::*;
use crate::server::public_rate;

/// A value set and a second version of a code system, published beside the built-in ones.
pub(super) async fn served() -> Served {
    let house = House::new().await;
    let codes = house.deployment.codes();
    let districts = codes.get_system("lgd-district").unwrap();
    let sidecar = districts.sidecar_text().replace(
        &format!("version = \"{}\"", districts.version()),
        "version = \"next\"\neffective_from = \"2030-01-01\"",
    );
    let part = Part::System { sidecar, packed_csv: districts.packed_csv().to_vec() };
    let day = "2026-11-28".parse().unwrap();
    let more = Codes::builtin().unwrap().with(vec![part]).unwrap().on(day);
    house.deployment.codes_at_hand.in_use().put(Arc::new(more));
    Served::over(house, Cookies::Loopback).await
}

impl Served {
    pub(super) async fn ask(&self, path: &str) -> Answer {
        self.get(path, "", "").await
    }

    pub(super) async fn post(&self, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, kind).body(body.into());
        self.send(request.unwrap()).await
    }
}

#[track_caller]
pub(super) fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()
}

#[track_caller]
pub(super) fn problem(answer: &Answer, status: StatusCode, says: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json", "{}", answer.body);
    assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{}", answer.body);
}

#[tokio::test]
async fn a_code_is_looked_up_as_of_a_day_and_in_a_version() {
    let served = served().await;
    let district = "/v1/code-systems/lgd-district/codes/737";
    let today = served.ask(&format!("{district}?language=pa")).await;
    let concept = ok(&today);
    assert_eq!(concept["display"], concept["designations"]["pa"]);
    assert_eq!(today.headers[header::CACHE_CONTROL], "public, max-age=300");
    assert_eq!(today.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");

    problem(&served.ask(&format!("{district}?as_of=2019-07-01")).await, StatusCode::NOT_FOUND, "begins on 2021-05-14");
    problem(&served.ask(&format!("{district}?as_of=soon")).await, StatusCode::BAD_REQUEST, "`as_of` is no day");
    problem(&served.ask(&format!("{district}?language=ta")).await, StatusCode::BAD_REQUEST, "`language`");
    problem(&served.ask(&format!("{district}?version=7")).await, StatusCode::NOT_FOUND, "known are");

    let next = served.ask(&format!("{district}?version=next")).await;
    assert_eq!(ok(&next)["version"], "next");
    assert_eq!(next.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_ne!(next.headers[header::ETAG], today.headers[header::ETAG]);
    let known = Request::get(district).header(header::IF_NONE_MATCH, &today.headers[header::ETAG]);
    let known = served.send(known.body(Body::empty()).unwrap()).await;
    assert_eq!((known.status, known.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

#[tokio::test]
async fn codes_are_listed_searched_walked_compared_and_downloaded() {
    let served = served().await;
    assert_eq!(ok(&served.ask("/v1/code-systems/lgd-district/versions").await).as_array().unwrap().len(), 2);
    assert_eq!(ok(&served.ask("/v1/code-systems/nic").await)["url"], "urn:kanak:code-system:nic");
    let codes = |answer: &Answer| -> Vec<String> {
        ok(answer).as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    let begun = codes(&served.ask("/v1/code-systems/nic/codes?prefix=011&limit=5").await);
    assert!(!begun.is_empty() && begun.iter().all(|code| code.starts_with("011")), "{begun:?}");
    let page = codes(&served.ask("/v1/code-systems/nic/codes?limit=3&offset=1").await);
    assert_eq!(page.len(), 3);
    let then = codes(&served.ask("/v1/code-systems/lgd-district/codes?search=malerkotla&as_of=2019-01-01").await);
    let now = codes(&served.ask("/v1/code-systems/lgd-district/codes?search=malerkotla&as_of=2026-11-01").await);
    assert!(!then.contains(&"737".to_owned()) && now.contains(&"737".to_owned()), "{then:?} {now:?}");

    assert!(codes(&served.ask("/v1/code-systems/lgd-district/codes/3/children").await).contains(&"27".to_owned()));
    for (path, system) in [("lgd-district/codes/27", "lgd-state"), ("nic/codes/01", "nic")] {
        let answer = served.ask(&format!("/v1/code-systems/{path}/children")).await;
        assert_eq!(answer.headers["kanak-parent-system"], system, "{path}");
    }
    problem(&served.ask("/v1/code-systems/nic/codes/nothing/children").await, StatusCode::NOT_FOUND, "nic");
    let of_another_system = served.ask("/v1/code-systems/lgd-district/codes/43/children").await;
    problem(&of_another_system, StatusCode::NOT_FOUND, "the codes above those of `lgd-district` are of `lgd-state`");
    let lineage = ok(&served.ask("/v1/code-systems/lgd-district/codes/43/lineage?as_of=2026-11-01").await);
    assert!(lineage["successors"].as_array().unwrap().iter().any(|step| step["to_code"] == "737"), "{lineage}");
    assert!(lineage["standing"].as_array().unwrap().iter().any(|code| code["code"] == "737"), "{lineage}");
    let contains = ok(&served.ask("/v1/code-systems/nic/subsumes?a=01&b=01111").await);
    assert_eq!(contains["outcome"], "subsumes");
    problem(
        &served.ask("/v1/code-systems/ifsc/subsumes?a=SBIN0000300&b=SBIN0000300").await,
        StatusCode::BAD_REQUEST,
        "none",
    );
    let from = ok(&served.ask("/v1/code-systems/lgd-district").await)["version"].as_str().unwrap().to_owned();
    let diff = ok(&served.ask(&format!("/v1/code-systems/lgd-district/diff?from={from}&to=next")).await);
    assert_eq!((&diff["counts"]["added"], &diff["counts"]["removed"]), (&0.into(), &0.into()));
    let at = ok(&served.ask("/v1/code-systems/lgd-district/at?lat=31.62&lon=74.876").await);
    assert_eq!(at["district"]["code"], "27");
    problem(&served.ask("/v1/code-systems/lgd-district/at?lat=NaN&lon=0").await, StatusCode::BAD_REQUEST, "-90 to 90");
    problem(&served.ask("/v1/code-systems/lgd-district/at?lat=0&lon=0").await, StatusCode::NOT_FOUND, "outlines");
    problem(&served.ask("/v1/code-systems/ifsc/at?lat=0&lon=0").await, StatusCode::NOT_FOUND, "lgd-district");

    let table = served.ask("/v1/code-systems/lgd-district/codes.csv").await;
    assert!(table.body.starts_with("code,display,display_pa,display_hi,parent,status,"), "{}", &table.body[..80]);
    let rows = |body: &str| body.lines().count() - 1;
    assert_eq!(rows(&table.body), Codes::builtin().unwrap().get_system("lgd-district").unwrap().len());
    let then = served.ask("/v1/code-systems/lgd-district/codes.csv?as_of=2019-01-01").await;
    assert!(rows(&then.body) < rows(&table.body));
    assert_ne!(then.headers[header::ETAG], table.headers[header::ETAG]);
}

#[tokio::test]
async fn batches_are_judged_and_looked_up_in_the_form_that_is_asked_for() {
    let served = served().await;
    let validate = "/v1/code-systems/lgd-district/validate?as_of=2019-07-01";
    let judged =
        ok(&served.post(validate, "application/json", r#"["43","737",{"code":"27","display":"ਅੰਮ੍ਰਿਤਸਰ"}]"#).await);
    let valid: Vec<&Value> = judged.as_array().unwrap().iter().map(|one| &one["valid"]).collect();
    assert_eq!(valid, [true, false, true]);
    assert!(judged[1]["reason"].as_str().unwrap().contains("2021-05-14"));
    let lines = served.post("/v1/code-systems/lgd-district/lookup", "application/x-ndjson", "\"43\"\n\"none\"\n").await;
    let lines: Vec<Value> = lines.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["display"], &lines[1]["valid"]), (&"SANGRUR".into(), &false.into()));

    let array = Request::post(validate).header(header::CONTENT_TYPE, "application/x-ndjson");
    let array = array.header(header::ACCEPT, "application/json").body(Body::from("\"43\"\n")).unwrap();
    assert_eq!(ok(&served.send(array).await)[0]["valid"], true);
    let strange = Request::post(validate).header(header::CONTENT_TYPE, "application/json");
    let strange = strange.header(header::ACCEPT, "image/png").body(Body::from("[]")).unwrap();
    problem(&served.send(strange).await, StatusCode::NOT_ACCEPTABLE, "ndjson");
    let asked = Request::builder().method(Method::OPTIONS).uri(validate).header(header::ORIGIN, "https://a.example");
    let asked = asked.header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST").body(Body::empty()).unwrap();
    assert_eq!(served.send(asked).await.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let from_a_page = Request::post(validate).header("sec-fetch-site", "cross-site");
    let from_a_page = from_a_page.header(header::CONTENT_TYPE, "application/json").body(Body::from("[]")).unwrap();
    assert_eq!(served.send(from_a_page).await.status, StatusCode::OK);
}

#[tokio::test]
async fn hostile_questions_are_told_what_is_wrong() {
    let served = served().await;
    let validate = "/v1/code-systems/ifsc/validate";
    let long = "x".repeat(1 << 20);
    problem(&served.post(validate, "text/csv", "a").await, StatusCode::UNSUPPORTED_MEDIA_TYPE, "ndjson");
    problem(
        &served.post(validate, "application/json", vec![b'[', b'"', 0xff, b'"', b']']).await,
        StatusCode::BAD_REQUEST,
        "UTF-8",
    );
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    problem(
        &served.post(validate, "application/json", deep).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "a code as a text",
    );
    let many = "\"SBIN0000300\"\n".repeat(BATCH_MAX + 1);
    problem(&served.post(validate, "application/x-ndjson", many).await, StatusCode::PAYLOAD_TOO_LARGE, "100001");
    let huge = vec![b'a'; admit::BATCH_BYTES_MAX + 1];
    problem(&served.post(validate, "application/x-ndjson", huge).await, StatusCode::PAYLOAD_TOO_LARGE, "validate");
    let odd = served.post(validate, "application/x-ndjson", format!("\"{long}\"\n\"\\u0000\"\n\u{0}\n")).await;
    let odd: Vec<Value> = odd.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(odd.len() == 3 && odd.iter().all(|line| line["valid"] == false));
    assert!(odd[0]["reason"].as_str().unwrap().contains("1048576 bytes"));

    problem(&served.ask("/v1/code-systems/ifsc/codes/%00").await, StatusCode::NOT_FOUND, "ifsc");
    problem(&served.ask("/v1/code-systems/ifsc/codes/%ff").await, StatusCode::BAD_REQUEST, "path");
    problem(
        &served.ask(&format!("/v1/code-systems/ifsc/codes/{}", &long[..60_000])).await,
        StatusCode::NOT_FOUND,
        "ifsc",
    );
    problem(&served.ask("/v1/code-systems/nothing/codes").await, StatusCode::NOT_FOUND, "known are");
    problem(&served.ask("/v1/code-systems/ifsc/codes?search=a&limit=-1").await, StatusCode::BAD_REQUEST, "`limit`");
}

#[tokio::test]
async fn value_sets_are_listed_expanded_and_judge() {
    let served = served().await;
    let all = ok(&served.ask("/v1/value-sets").await);
    assert!(all.as_array().unwrap().iter().all(|set| set["problems"].as_array().unwrap().is_empty()), "{all}");
    let set = "/v1/value-sets/districts-punjab";
    assert_eq!(ok(&served.ask(set).await)["url"], "urn:kanak:value-set:districts-punjab");
    let page = ok(&served.ask(&format!("{set}/expand?count=2&offset=1&language=pa")).await);
    assert_eq!((page["codes"].as_array().unwrap().len(), &page["offset"]), (2, &1.into()));
    let then = ok(&served.ask(&format!("{set}/expand?as_of=2019-07-01")).await);
    assert!(then["total"].as_u64() < page["total"].as_u64(), "{then}");
    let found = ok(&served.ask(&format!("{set}/expand?filter=amrit")).await);
    assert_eq!(found["codes"][0]["code"], "27");

    let judged = async |query: &str| ok(&served.ask(&format!("{set}/validate?{query}")).await);
    assert_eq!(judged("code=737").await["valid"], true);
    assert_eq!(judged("code=737&as_of=2019-07-01").await["valid"], false);
    assert_eq!(judged("code=603").await["valid"], false);
    assert_eq!(judged("code=27&display=Patiala").await["valid"], false);
    problem(&served.ask(&format!("{set}/validate?code=27&system=none")).await, StatusCode::NOT_FOUND, "known are");
    problem(&served.ask("/v1/value-sets/none/expand").await, StatusCode::NOT_FOUND, "known are");
    let many = served.post(&format!("{set}/validate"), "application/x-ndjson", "\"27\"\n\"603\"\n\"none\"\n").await;
    let many: Vec<Value> = many.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(many.iter().map(|one| one["valid"] == true).collect::<Vec<_>>(), [true, false, false]);
    assert!(many[1]["reason"].as_str().unwrap().contains("districts-punjab"), "{many:?}");
}

#[tokio::test]
async fn concept_maps_translate_both_ways_and_as_of_a_day() {
    let served = served().await;
    assert_eq!(ok(&served.ask("/v1/concept-maps/nic-isic").await)["target_system"], "isic");
    assert!(ok(&served.ask("/v1/concept-maps").await).as_array().unwrap().len() >= 2);
    let forward = ok(&served.ask("/v1/concept-maps/nic-isic/translate?code=01111").await);
    assert_eq!(forward[0]["to_code"], "0111");
    let back = ok(&served.ask("/v1/concept-maps/nic-isic/translate?code=0111&reverse=true").await);
    assert!(back.as_array().unwrap().iter().any(|one| one["to_code"] == "01111"), "{back}");
    let split = async |day: &str| {
        let path = format!("/v1/concept-maps/lgd-district-lineage/translate?code=43&as_of={day}");
        ok(&served.ask(&path).await).as_array().unwrap().iter().any(|one| one["to_code"] == "737")
    };
    assert!(!split("2021-05-13").await && split("2021-05-14").await);
    assert_eq!(ok(&served.ask("/v1/concept-maps/nic-isic/translate?code=nothing").await), serde_json::json!([]));
    problem(&served.ask("/v1/concept-maps/none/translate?code=1").await, StatusCode::NOT_FOUND, "known are");
}

#[tokio::test]
async fn an_address_that_asks_too_much_waits_and_one_with_a_key_does_not() {
    let mut served = Served::over(House::new().await, Cookies::Loopback).await;
    served.state.public_rate = public_rate::allowance(2);
    let path = "/v1/code-systems/lgd-district/codes/27";
    let mut answers = Vec::new();
    while answers.len() < 1_000 && answers.last() != Some(&StatusCode::TOO_MANY_REQUESTS) {
        answers.push(served.get(path, "", "").await.status);
    }
    assert!((20..1_000).contains(&answers.len()), "after {} requests", answers.len());
    assert!(answers[..20].iter().all(|status| *status == StatusCode::OK));
    let refused = served.get("/fhir/metadata", "", "").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "all that is public counts together");
    assert_eq!(refused.headers[header::RETRY_AFTER], "1");
    assert_eq!(served.get("/healthz", "", "").await.status, StatusCode::OK);
    for _ in 0..30 {
        assert_eq!(served.get(path, &served.analyst, "").await.status, StatusCode::OK, "a key has no such limit");
    }
}

#[tokio::test]
async fn compressed_tables_and_batches_are_whole() {
    let served = Served::over(House::new().await, Cookies::Loopback).await;
    let lines = "\"SBIN0000300\"\n".repeat(5_000);
    let asked = |request: axum::http::request::Builder, body: String| {
        let request = request.header(header::ACCEPT_ENCODING, "gzip").body(Body::from(body)).unwrap();
        let router = router(&served.state);
        async move {
            let response = router.oneshot(request).await.unwrap();
            assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
            let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let mut text = String::new();
            flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
            text
        }
    };
    let table = asked(Request::get("/v1/code-systems/pin/codes.csv"), String::new()).await;
    assert_eq!(table.lines().count(), 1 + Codes::builtin().unwrap().get_system("pin").unwrap().len());
    let judged = Request::post("/v1/code-systems/ifsc/validate").header(header::CONTENT_TYPE, "application/x-ndjson");
    assert_eq!(asked(judged, lines).await.lines().count(), 5_000);
}

#[tokio::test]
async fn another_sites_page_asks_but_changes_nothing() {
    let served = Served::over(House::new().await, Cookies::Loopback).await;
    let send = async |path: &str, body: &str| {
        let request = Request::post(path)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://evil.example")
            .header(header::CONTENT_TYPE, "application/x-ndjson");
        served.send(request.body(Body::from(body.to_owned())).unwrap()).await.status
    };
    assert_eq!(send("/v1/code-systems/ifsc/validate", "\"SBIN0000300\"\n").await, StatusCode::OK);
    for path in ["versions?version=9", "versions/9/publication", "versions/9/refusal", "versions/9/withdrawal"] {
        assert_eq!(send(&format!("/v1/code-systems/designation/{path}"), "").await, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_query_with_a_parameter_that_is_not_known_is_refused_with_those_that_are() {
    let served = Served::over(House::new().await, Cookies::Loopback).await;
    let district = "/v1/code-systems/lgd-district";
    for (path, known) in [
        (format!("{district}/codes/27"), "`as_of`, `version`, `language`"),
        (format!("{district}/codes"), "`prefix`"),
        (format!("{district}/codes.csv"), "`as_of`, `version`"),
        (format!("{district}/codes/3/children"), "`limit`"),
        (format!("{district}/codes/27/lineage"), "it takes `as_of`"),
        (format!("{district}/at"), "`lat`, `lon`, `as_of`"),
        (format!("{district}/versions"), "leave it out"),
        (district.to_owned(), "`as_of`, `version`"),
        ("/v1/code-systems".to_owned(), "leave it out"),
        ("/v1/code-systems/nic/subsumes".to_owned(), "`hierarchy`"),
        ("/v1/code-systems/nic/diff".to_owned(), "`from`"),
        ("/v1/value-sets".to_owned(), "leave it out"),
        ("/v1/value-sets/districts-punjab".to_owned(), "leave it out"),
        ("/v1/value-sets/districts-punjab/expand".to_owned(), "`filter`"),
        ("/v1/value-sets/districts-punjab/validate".to_owned(), "`display`"),
        ("/v1/concept-maps/nic-isic/translate".to_owned(), "`reverse`"),
        ("/v1/concept-maps/nic-isic".to_owned(), "leave it out"),
        ("/v1/schemes/SCH-05".to_owned(), "it takes `as_of`"),
    ] {
        let answer = served.ask(&format!("{path}?asof=2019-07-01")).await;
        problem(&answer, StatusCode::BAD_REQUEST, "the query takes no `asof`; ");
        problem(&answer, StatusCode::BAD_REQUEST, known);
    }
    for path in ["validate", "lookup"] {
        let answer = served.post(&format!("{district}/{path}?asof=1"), "application/json", "[]").await;
        problem(&answer, StatusCode::BAD_REQUEST, "the query takes no `asof`");
    }
    let relations = format!("{district}/codes/27/relations?asof=1");
    problem(&served.get(&relations, &served.analyst, "statistics").await, StatusCode::BAD_REQUEST, "no `asof`");
    assert_eq!(served.ask(&format!("{district}/codes/27?")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_point_lies_in_the_district_of_the_day() {
    let served = Served::over(House::new().await, Cookies::Loopback).await;
    let at = async |point: &str, day: &str| {
        let path = format!("/v1/code-systems/lgd-district/at?{point}&as_of={day}");
        let answer = ok(&served.ask(&path).await);
        let codes = |field: &str| -> Vec<String> {
            let all = answer[field].as_array().map_or(&[][..], Vec::as_slice);
            all.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
        };
        (answer["district"]["code"].as_str().unwrap().to_owned(), codes("or_since"), codes("or_before"))
    };
    let none: Vec<String> = Vec::new();
    let (sangrur, fazilka) = ("lat=30.53&lon=75.88", "lat=30.4&lon=74.03");
    let code = |code: &str| code.to_owned();
    assert_eq!(at(sangrur, "2019-07-01").await, (code("43"), none.clone(), none.clone()));
    assert_eq!(at(sangrur, "2021-05-14").await, (code("43"), vec![code("737")], none.clone()));
    // Fazilka was split off Firozpur at some time after the census of 2011.
    assert_eq!(at(fazilka, "2010-01-01").await, (code("31"), none.clone(), none.clone()));
    assert_eq!(at(fazilka, "2015-01-01").await, (code("651"), none.clone(), vec![code("31")]));
    assert_eq!(at(fazilka, "2026-01-01").await, (code("651"), none.clone(), none));
    let soon = served.ask("/v1/code-systems/lgd-district/at?lat=31.62&lon=74.876&as_of=soon").await;
    problem(&soon, StatusCode::BAD_REQUEST, "`as_of` is no day");
}

#[tokio::test]
async fn a_page_of_another_site_reads_why_it_is_refused_and_its_preflights_count_for_nothing() {
    let mut served = Served::over(House::new().await, Cookies::Loopback).await;
    let readable = |answer: &Answer, status: StatusCode| {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(
            answer.headers.get_all(header::ACCESS_CONTROL_ALLOW_ORIGIN).iter().count(),
            1,
            "{:?}",
            answer.headers
        );
        assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let exposed = answer.headers[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap();
        assert!(exposed.contains("retry-after") && exposed.contains("etag"), "{exposed}");
    };
    let huge = vec![b'a'; admit::BATCH_BYTES_MAX + 1];
    let huge = served.post("/v1/code-systems/ifsc/validate", "application/x-ndjson", huge).await;
    readable(&huge, StatusCode::PAYLOAD_TOO_LARGE);
    readable(&served.ask("/v1/code-systems/nothing").await, StatusCode::NOT_FOUND);

    served.state.public_rate = public_rate::allowance(1);
    let preflight = || {
        let asked = Request::builder().method(Method::OPTIONS).uri("/v1/code-systems/ifsc/validate");
        let asked = asked.header(header::ORIGIN, "https://a.example");
        asked.header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST").body(Body::empty()).unwrap()
    };
    for _ in 0..30 {
        assert_eq!(served.send(preflight()).await.status, StatusCode::OK);
    }
    let path = "/v1/code-systems/lgd-district/codes/27";
    let mut last = served.ask(path).await;
    readable(&last, StatusCode::OK);
    for _ in 0..1_000 {
        if last.status != StatusCode::OK {
            break;
        }
        last = served.ask(path).await;
    }
    readable(&last, StatusCode::TOO_MANY_REQUESTS);
    readable(&served.get("/fhir/metadata", "", "").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(served.send(preflight()).await.status, StatusCode::OK);
    let signed_in = served.get("/v1/sources", "", "").await;
    assert!(!signed_in.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[tokio::test]
async fn a_compressed_answer_has_a_weak_tag_and_either_tag_is_known_again() {
    let served = Served::over(House::new().await, Cookies::Loopback).await;
    for path in ["/v1/code-systems/nic/codes?limit=100", "/v1/code-systems/nic/codes.csv", "/v1/value-sets"] {
        let status_and_tag = async |encoding: &str, known: Option<&str>| {
            let mut request = Request::get(path).header(header::ACCEPT_ENCODING, encoding);
            if let Some(known) = known {
                request = request.header(header::IF_NONE_MATCH, known);
            }
            let response = router(&served.state).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            (response.status(), response.headers()[header::ETAG].to_str().unwrap().to_owned())
        };
        let (_, strong) = status_and_tag("identity", None).await;
        let (_, weak) = status_and_tag("gzip", None).await;
        assert_eq!(weak, format!("W/{strong}"), "{path}");
        for encoding in ["identity", "gzip"] {
            for known in [&strong, &weak] {
                let answer = status_and_tag(encoding, Some(known)).await;
                assert_eq!(answer, (StatusCode::NOT_MODIFIED, known.clone()), "{path} {encoding} {known}");
            }
        }
    }
}
