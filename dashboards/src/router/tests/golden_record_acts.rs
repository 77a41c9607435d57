//! What a steward does on the page of a golden record.

use axum::http::StatusCode;
use kanak_model::{GoldenId, Role, UserId};

use super::{house, hub};

const STEWARD: Option<&[Role]> = Some(&[Role::Steward]);

#[tokio::test]
async fn a_steward_confirms_and_states_values_and_nobody_else_does() {
    let house = house().await;
    hub::doubt(&house.store, 3).await;
    let id = GoldenId(1);
    let page = format!("/golden-records/{id}?purpose=stewardship");
    let body = house.get(STEWARD, &page).await.body;
    for needed in
        ["/confirmation\"", "/override\"", "Confirm this golden record", "name=\"until\"", "<option value=\"mobile\">"]
    {
        assert!(body.contains(needed), "{needed}");
    }
    assert!(!body.contains("<option value=\"aadhaar\">"), "the vault's numbers are not stated here");
    let other = house.get(Some(&[Role::Department]), &format!("/golden-records/{id}?purpose=service_delivery")).await;
    assert!(other.status == StatusCode::OK && !other.body.contains("/confirmation\""), "{}", other.status);

    let check = async |path: &str, form: &str, does: Option<&str>| {
        let path = format!("/golden-records/{id}/{path}");
        assert_eq!(house.post(STEWARD, &path, &form.replace("token", "other")).await.status, StatusCode::FORBIDDEN);
        assert_eq!(house.post(Some(&[Role::Analyst]), &path, form).await.status, StatusCode::FORBIDDEN);
        let before = house.actions.0.lock().unwrap().len();
        let answer = house.post(STEWARD, &path, form).await;
        let done = house.actions.0.lock().unwrap()[before..].to_vec();
        match does {
            Some(does) => {
                assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, page.as_str()));
                assert!(done.len() == 1 && done[0].contains(does), "{done:?}");
            }
            None => assert!(answer.status == StatusCode::CONFLICT && done.is_empty(), "{}", answer.status),
        }
    };
    check("confirmation", "csrf=token&reason=seen", Some("Confirm { reason: \"seen\" }")).await;
    check("confirmation", "csrf=token", Some("WithdrawConfirmation")).await;
    let stated = "csrf=token&attribute=mobile&value=9876543210&reason=called&until=";
    check("override", stated, Some("until: None")).await;
    check("override", &format!("{stated}2027-03-31"), Some("until: Some(2027-03-31)")).await;
    check("override", &format!("{stated}soon"), None).await;
    check("override/withdrawal", "csrf=token&stated=4", Some("WithdrawOverride(OverrideId(4))")).await;
}

#[tokio::test]
async fn an_auditor_reads_a_golden_record_without_personal_values_and_changes_nothing() {
    let house = house().await;
    hub::doubt(&house.store, 3).await;
    let id = GoldenId(1);
    let steward = house.get(STEWARD, &format!("/golden-records/{id}?purpose=stewardship")).await.body;
    let auditor = house.get(Some(&[Role::Auditor]), &format!("/golden-records/{id}?purpose=audit")).await;
    assert_eq!(auditor.status, StatusCode::OK);
    assert!(steward.contains("key-1") && auditor.body.contains("key-1"), "what stands in it is told");
    assert!(steward.contains("Name of key-1") && !auditor.body.contains("Name of key-1"));
    assert!(!auditor.body.contains("/confirmation\"") && !auditor.body.contains("/override\""));
    let asked = house.get(Some(&[Role::Department]), &format!("/golden-records/{id}?purpose=audit")).await;
    assert_eq!(asked.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_confirmed_and_stated_what_is_on_the_page_with_the_way_back() {
    let house = house().await;
    hub::doubt(&house.store, 3).await;
    let id = GoldenId(1);
    house.store.confirm_golden(id, UserId(9), "seen both papers").await.unwrap();
    let new = kanak_store::NewOverride {
        golden_id: id,
        attribute: "full_name",
        value: "Gurpreet Kaur",
        reason: "birth certificate",
        expires: None,
    };
    let stated = house.store.state_override(new, UserId(9)).await.unwrap();
    let path = format!("/golden-records/{id}?purpose=stewardship");
    let body = house.get(STEWARD, &path).await.body;
    for needed in
        ["Confirmed by user 9", "seen both papers", "Gurpreet Kaur", "birth certificate", "Withdraw the confirmation"]
    {
        assert!(body.contains(needed), "{needed}");
    }
    assert!(
        body.contains(&format!("name=\"stated\" value=\"{stated}\"")) && body.contains("holds until it is withdrawn")
    );
    let day: chrono::NaiveDate = "2099-12-31".parse().unwrap();
    let expires = day.succ_opt().map(kanak_model::Timestamp::start_of_day_ist);
    let dated = house.store.state_override(kanak_store::NewOverride { expires, ..new }, UserId(9)).await.unwrap();
    let body = house.get(STEWARD, &path).await.body;
    assert!(body.contains("holds to the end of 31 Dec 2099") && !body.contains("1 Jan 2100"), "the last day is told");
    for stated in [dated, stated] {
        house.store.withdraw_override(stated, UserId(9)).await.unwrap();
    }
    let body = house.get(STEWARD, &path).await.body;
    assert!(body.contains("withdrawn by user 9") && !body.contains("<button>Withdraw Name"), "it stays on record");
}

#[tokio::test]
async fn the_page_shows_what_the_hub_held_then_without_what_is_done_now() {
    let house = house().await;
    hub::doubt(&house.store, 3).await;
    let id = GoldenId(1);
    let then = house.store.recorded_until().await.unwrap();
    house.store.confirm_golden(id, UserId(9), "seen both papers").await.unwrap();
    let page = format!("/golden-records/{id}?purpose=stewardship");
    let now = house.get(STEWARD, &page).await.body;
    assert!(now.contains("seen both papers") && now.contains("What the hub held on a day"));
    let past = house.get(STEWARD, &format!("{page}&known_at={then}")).await;
    assert_eq!(past.status, StatusCode::OK);
    assert!(past.body.contains("This is what the hub held on"), "{}", past.body);
    assert!(
        !past.body.contains("seen both papers") && !past.body.contains("/confirmation\""),
        "nobody acts on the past"
    );
    let early = house.get(STEWARD, &format!("{page}&known_at=1990-01-01")).await;
    assert!(early.status == StatusCode::NOT_FOUND && early.body.contains("it is known since"), "{}", early.body);
    let nobody = format!("/golden-records/{}?purpose=stewardship&known_at=1990-01-01", GoldenId(999));
    let nobody = house.get(STEWARD, &nobody).await;
    assert!(nobody.status == StatusCode::NOT_FOUND && !nobody.body.contains("it is known since"), "{}", nobody.body);
    assert_eq!(house.get(STEWARD, &format!("{page}&as_of=1990-01-01")).await.status, StatusCode::NOT_FOUND);
    let asked = house.actions.0.lock().unwrap().clone();
    assert_eq!(asked, [format!("{id} as of 1990-01-01 known at None")], "the server answers as of a day");
    let bad = house.get(STEWARD, &format!("{page}&as_of=then")).await;
    assert!(bad.status == StatusCode::CONFLICT && bad.body.contains("is no day"), "{}", bad.status);
    let bad = house.get(STEWARD, &format!("{page}&known_at=soon")).await;
    assert!(bad.status == StatusCode::CONFLICT && bad.body.contains("is no time"), "{}", bad.status);
}
