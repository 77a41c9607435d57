//! The pages over a real hub and a real warehouse, both empty: who may open what, and that every query runs.

mod audited;
mod golden_record_acts;
mod hub;
mod steward_tasks;
mod users;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use kanak_codes::Codes;
use kanak_model::clock::FixedClock;
use kanak_model::match_pair::Decision;
use kanak_model::{
    Access, Caller, DecisionBatchId, EntityModel, FieldCheckId, GoldenId, Language, ProposalId, Role, SourceRecordId,
    StewardTaskId, Timestamp, builtin,
};
use kanak_store::{Golden, HubUrl, Store};
use kanak_warehouse::Warehouse;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tower::ServiceExt as _;

use crate::actions::{DecidedMany, StatedField};
use crate::{ActionError, DashboardState, ExplanationView, GoldenAct, SignedIn, StewardActions, TaskAct, Verdict};

const NOW: Timestamp = Timestamp(1_795_422_900_000_000);

/// Pages with figures; each has its SQL.
const FIGURES: [&str; 8] = [
    "/overview",
    "/service-delivery?district=27&department=LGD-1349&financial_year=2026",
    "/grievances?district=27&department=LGD-1349",
    "/offices",
    "/offices?district=27",
    "/offices?district=27&office=OFF-REV-D27",
    "/revenue?district=27&financial_year=2026",
    "/benefits?district=27&financial_year=2026",
];

/// Pages that need a session and show no figures of a release.
const OTHERS: [&str; 11] = [
    "/appraisals",
    "/proposals",
    "/account",
    "/users",
    "/audit",
    "/golden-records",
    "/steward-tasks",
    "/data-quality",
    "/sources",
    "/sql-console",
    "/steward-tasks?state=decided&entity=citizen",
];

/// What forms are sent to.
const CHANGES: [&str; 25] = [
    "/steward-tasks/1/decision",
    "/steward-tasks/1/claim",
    "/proposals/1/approval",
    "/steward-tasks",
    "/steward-tasks/decisions/5/undo",
    "/proposals/1/rejection",
    "/steward-tasks/1/release",
    "/steward-tasks/1/deferral",
    "/steward-tasks/1/escalation",
    "/steward-tasks/1/field-check",
    "/steward-tasks/1/field-check/answer",
    "/steward-tasks/1/field-check/withdrawal",
    "/golden-records/K-000001-1/confirmation",
    "/golden-records/K-000001-1/override",
    "/golden-records/K-000001-1/override/withdrawal",
    "/golden-records/K-000001-1/note",
    "/proposals/answers/4/note",
    "/steward-tasks/1/undo",
    "/golden-records",
    "/sql-console",
    "/account",
    "/users",
    "/users/1/password",
    "/users/1/activity",
    "/users/1/access",
];

/// A value that is refused.
const UNFIT: &str = "98 \"no\" number";

/// Remembers what it was asked to do, and refuses task 2, answer 9 and the value [`UNFIT`].
#[derive(Default)]
struct Remembering(Mutex<Vec<String>>);

#[async_trait]
impl StewardActions for Remembering {
    async fn decide(
        &self,
        _: &Caller,
        task: StewardTaskId,
        decision: Decision,
        reason: String,
        evidence: Option<FieldCheckId>,
    ) -> Result<(), ActionError> {
        let on = evidence.map_or_else(String::new, |check| format!(" on {check}"));
        self.0.lock().unwrap().push(format!("{task} {} {reason}{on}", decision.word()));
        if task.0 == 2 { Err(ActionError::NotFound) } else { Ok(()) }
    }

    async fn step(&self, _: &Caller, task: StewardTaskId, act: TaskAct) -> Result<(), ActionError> {
        self.0.lock().unwrap().push(format!("{task} {act:?}"));
        Ok(())
    }

    async fn decide_many(
        &self,
        _: &Caller,
        tasks: Vec<StewardTaskId>,
        decision: Decision,
        reason: String,
    ) -> Result<DecidedMany, ActionError> {
        let tasks: Vec<String> = tasks.iter().map(ToString::to_string).collect();
        self.0.lock().unwrap().push(format!("{} {} {reason}", tasks.join(","), decision.word()));
        let refused = tasks
            .contains(&"2".to_owned())
            .then(|| (StewardTaskId(2), "held by asha until 2026-11-28T09:00:00Z".to_owned()));
        let id = refused.is_none().then_some(DecisionBatchId(5));
        Ok(DecidedMany { id, refused: refused.into_iter().collect() })
    }

    async fn undo_many(&self, _: &Caller, id: DecisionBatchId) -> Result<(), ActionError> {
        self.0.lock().unwrap().push(format!("decisions {id} undo"));
        Ok(())
    }

    async fn answer(&self, _: &Caller, proposal: ProposalId, verdict: Verdict) -> Result<(), ActionError> {
        self.0.lock().unwrap().push(format!("proposal {proposal} {verdict:?}"));
        Ok(())
    }

    async fn take_note(&self, _: &Caller, answer: i64) -> Result<(), ActionError> {
        self.0.lock().unwrap().push(format!("answer {answer} noted"));
        let why = "no department's answer that waits `9`".to_owned();
        if answer == 9 { Err(ActionError::Refused(why)) } else { Ok(()) }
    }

    async fn act_on(&self, _: &Caller, golden_id: GoldenId, act: GoldenAct) -> Result<(), ActionError> {
        let refused = matches!(&act, GoldenAct::Override { value, .. } if value == UNFIT);
        self.0.lock().unwrap().push(format!("{golden_id} {act:?}"));
        let why = "`mobile`: has no ten digits".to_owned();
        if refused { Err(ActionError::Unfit { field: StatedField::Value, why }) } else { Ok(()) }
    }

    async fn undo(&self, _: &Caller, task: StewardTaskId) -> Result<(), ActionError> {
        self.0.lock().unwrap().push(format!("{task} undo"));
        Ok(())
    }

    /// Nothing held on any day of these tests.
    async fn find_as_of(
        &self,
        _: &Access,
        _: &EntityModel,
        golden_id: GoldenId,
        at: Timestamp,
        known_at: Option<Timestamp>,
    ) -> Result<Option<Golden>, ActionError> {
        self.0.lock().unwrap().push(format!("{golden_id} as of {} known at {known_at:?}", at.day_ist()));
        Ok(None)
    }

    async fn explain(&self, _: &Access, _: SourceRecordId, _: SourceRecordId) -> Result<ExplanationView, ActionError> {
        Err(ActionError::NotFound)
    }
}

struct House {
    _folder: tempfile::TempDir,
    pages: Router,
    warehouse: Warehouse,
    actions: Arc<Remembering>,
    store: Store,
    url: HubUrl,
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let url = HubUrl::parse(folder.path().join("hub.sqlite").to_str().unwrap()).unwrap();
    let clock = Arc::new(FixedClock(NOW));
    let codes = Arc::new(Codes::builtin().unwrap());
    let warehouse = Warehouse::open(&folder.path().join("lake"), Arc::clone(&codes)).unwrap();
    let actions = Arc::new(Remembering::default());
    let store = Store::open(&url, clock.clone()).await.unwrap();
    let pages = super::router(DashboardState {
        store: store.clone(),
        warehouse: warehouse.clone(),
        models: Arc::new(builtin::entity_models().unwrap()),
        codes: codes.into(),
        clock,
        actions: Arc::clone(&actions) as Arc<dyn StewardActions>,
        chance: || StdRng::seed_from_u64(7),
        made_up: true,
    });
    House { _folder: folder, pages, warehouse, actions, store, url }
}

fn signed_in(roles: &[Role]) -> SignedIn {
    let roles: BTreeSet<Role> = roles.iter().copied().collect();
    let caller = Caller { user: None, name: "harleen".to_owned(), roles, districts: None };
    SignedIn {
        caller,
        user_name: "harleen".to_owned(),
        csrf: "token".to_owned(),
        language: Language::En,
        terms: Arc::default(),
    }
}

fn posted(path: &str, form: &str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap()
}

struct Answer {
    status: StatusCode,
    location: String,
    body: String,
}

impl House {
    async fn send(&self, roles: Option<&[Role]>, request: Request<Body>) -> Answer {
        self.send_as(roles.map(signed_in), request).await
    }

    async fn send_as(&self, visitor: Option<SignedIn>, request: Request<Body>) -> Answer {
        let mut request = request;
        if let Some(visitor) = visitor {
            request.extensions_mut().insert(visitor);
        }
        let response = self.pages.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, location: location.unwrap_or_default(), body: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn get(&self, roles: Option<&[Role]>, path: &str) -> Answer {
        self.send(roles, Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, roles: Option<&[Role]>, path: &str, form: &str) -> Answer {
        self.send(roles, posted(path, form)).await
    }
}

#[tokio::test]
async fn nobody_is_sent_to_sign_in_and_comes_back_where_they_wanted() {
    let house = house().await;
    for path in FIGURES.iter().chain(&OTHERS) {
        let answer = house.get(None, path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.location.starts_with("/sign-in?next=/"), "{path}: {}", answer.location);
        assert!(answer.body.is_empty(), "{path}");
    }
    assert_eq!(house.get(None, "/offices?district=27").await.location, "/sign-in?next=/offices%3Fdistrict%3D27");
    for path in CHANGES {
        assert_eq!(house.post(None, path, "csrf=token").await.status, StatusCode::SEE_OTHER, "{path}");
    }
    assert!(house.actions.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_page_says_so_and_leads_back() {
    let house = house().await;
    let nowhere = house.get(None, "/nosuch").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    for needed in ["There is no such page", "<code lang=\"en\">/nosuch</code>", "<a class=\"button\" href=\"/\""] {
        assert!(nowhere.body.contains(needed), "{needed}");
    }
    let request = Request::get("/nosuch").header(header::COOKIE, "kanak_language=pa").body(Body::empty()).unwrap();
    assert!(house.send(None, request).await.body.contains("ਅਜਿਹਾ ਕੋਈ ਪੰਨਾ ਨਹੀਂ ਹੈ</h1>"));
    let opened = house.get(Some(&[Role::Steward]), "/steward-tasks/1/decision").await;
    assert_eq!(opened.status, StatusCode::METHOD_NOT_ALLOWED);
    for needed in ["GET /steward-tasks/1/decision", "<a class=\"button\" href=\"/steward-tasks/1\"", "/sign-out\""] {
        assert!(opened.body.contains(needed), "{needed}");
    }
    let sent = house.post(Some(&[Role::Steward]), "/overview", "csrf=token").await;
    assert!(sent.status == StatusCode::METHOD_NOT_ALLOWED && sent.body.contains("POST /overview"), "{}", sent.status);
}

#[tokio::test]
async fn the_language_links_after_a_refused_form_and_the_sign_in_before_it_lead_to_its_page() {
    let house = house().await;
    for path in CHANGES {
        let sign_in = house.post(None, path, "csrf=token").await.location;
        let page = sign_in.strip_prefix("/sign-in?next=").unwrap().replace("%3F", "?").replace("%3D", "=");
        let opened = house.get(Some(&Role::ALL), &page).await;
        assert_ne!(opened.status, StatusCode::METHOD_NOT_ALLOWED, "{path} leads to {page}");
        assert!(!opened.body.contains("There is no such page"), "{path} leads to {page}");
    }
    let refused = house.post(Some(&[Role::Administrator]), "/users", "csrf=token&name=").await.body;
    assert!(refused.contains("Not done") && refused.contains("/language/pa?next=/users\""), "{refused}");
}

#[tokio::test]
async fn code_systems_and_definitions_are_open_to_all_in_their_language() {
    let house = house().await;
    for path in
        ["/code-systems", "/code-systems/ifsc?q=amritsar", "/code-systems/lgd-district?parent=3", "/definitions"]
    {
        assert_eq!(house.get(None, path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(house.get(None, "/code-systems/nothing").await.status, StatusCode::NOT_FOUND);
    let chosen = house.get(None, "/language/pa?next=/code-systems").await;
    assert_eq!((chosen.status, chosen.location.as_str()), (StatusCode::SEE_OTHER, "/code-systems"));
    let request =
        Request::get("/code-systems").header(header::COOKIE, "kanak_language=pa").body(Body::empty()).unwrap();
    let page = house.send(None, request).await.body;
    assert!(page.contains("<html lang=\"pa\">") && page.contains("ਕੋਡ ਸੂਚੀਆਂ"));
}

#[tokio::test]
async fn figures_say_that_there_are_none_until_the_first_release_and_then_every_query_runs() {
    let house = house().await;
    for path in FIGURES {
        let answer = house.get(Some(&[Role::Analyst]), path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.body.contains("No figures yet"), "{path}");
    }
    house.warehouse.build(7, NOW).await.unwrap();
    for path in FIGURES.iter().chain(&["/match-quality", "/data-quality"]) {
        let answer = house.get(Some(&[Role::Analyst]), path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        assert!(answer.body.contains("As of release"), "{path} says how fresh it is");
    }
}

#[tokio::test]
async fn a_headline_figure_is_the_row_of_mart_overview() {
    let house = house().await;
    house.warehouse.build(7, NOW).await.unwrap();
    let access = Access::decide(&signed_in(&[Role::Analyst]).caller, kanak_model::Purpose::Statistics).unwrap();
    let sql = "SELECT figure, value FROM mart_overview";
    let result = house.warehouse.query(&access, sql, kanak_warehouse::QueryLimits::default()).await.unwrap();
    let rows = kanak_warehouse::rows_json(&result);
    assert!(rows.len() >= 5);
    let page = house.get(Some(&[Role::Analyst]), "/overview").await.body;
    for row in rows {
        let exact = row["value"].as_f64().map_or_else(String::new, |value| value.to_string());
        let figure = row["figure"].as_str().unwrap();
        assert!(page.contains(&format!("data-figure=\"{figure}\" data-exact=\"{exact}\"")), "{figure} is {exact}");
    }
}

#[tokio::test]
async fn who_lacks_the_role_learns_what_would_help() {
    let house = house().await;
    house.warehouse.build(7, NOW).await.unwrap();
    let cases: [(&[Role], &str); 9] = [
        (&[Role::Steward, Role::Analyst, Role::Auditor], "/users"),
        (&[Role::Administrator], "/audit"),
        (&[Role::Auditor], "/data-quality"),
        (&[Role::Auditor], "/sql-console"),
        (&[Role::Analyst], "/steward-tasks"),
        (&[Role::Analyst], "/golden-records"),
        (&[Role::Administrator], "/golden-records/K-000001-1?purpose=stewardship"),
        (&[Role::Department], "/overview"),
        (&[], "/sql-console"),
    ];
    for (roles, path) in cases {
        let answer = house.get(Some(roles), path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(answer.body.contains("ask an administrator"), "{path}");
    }
    let quality = house.get(Some(&[Role::Analyst]), "/data-quality").await;
    assert!(quality.body.contains("Single rows are for data stewards of the whole state"));
    assert_eq!(house.get(Some(&[Role::Steward]), "/steward-tasks").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_decision_needs_the_token_the_role_and_a_reason() {
    let house = house().await;
    let steward: Option<&[Role]> = Some(&[Role::Steward]);
    let decision = "/steward-tasks/1/decision";
    let good = "csrf=token&decision=match&reason=seen+both";
    assert_eq!(house.post(steward, decision, &good.replace("token", "tokem")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.post(steward, decision, &good.replace("token", "")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.post(Some(&[Role::Analyst]), decision, good).await.status, StatusCode::FORBIDDEN);
    // Sent back to the task, which is not there in an empty hub.
    assert_eq!(house.post(steward, decision, "csrf=token&decision=match&reason=+").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        house.post(steward, decision, "csrf=token&decision=review&reason=x").await.status,
        StatusCode::NOT_FOUND
    );
    assert!(house.actions.0.lock().unwrap().is_empty());

    let done = house.post(steward, decision, good).await;
    assert_eq!((done.status, done.location.as_str()), (StatusCode::SEE_OTHER, "/steward-tasks/1"));
    assert_eq!(house.post(steward, "/steward-tasks/1/undo", "csrf=token").await.status, StatusCode::SEE_OTHER);
    let missing = house.post(steward, "/steward-tasks/2/decision", good).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(*house.actions.0.lock().unwrap(), ["1 match seen both", "1 undo", "2 match seen both"]);
}

#[tokio::test]
async fn the_console_reads_and_never_writes() {
    let house = house().await;
    house.warehouse.build(7, NOW).await.unwrap();
    let analyst: Option<&[Role]> = Some(&[Role::Analyst]);
    let ask =
        |sql: &str, purpose: &str| format!("csrf=token&purpose={purpose}&sql={}", crate::session::percent_encode(sql));
    let answer = house.post(analyst, "/sql-console", &ask("SELECT 40 + 2 AS answer", "statistics")).await;
    assert!(answer.body.contains("answer</th>") && answer.body.contains(">42</th>"), "{}", answer.body);
    let refused = house.post(analyst, "/sql-console", &ask("DROP TABLE mart_overview", "statistics")).await;
    assert!(refused.body.contains("The statement did not run"));
    let denied = house.post(analyst, "/sql-console", &ask("SELECT 1", "stewardship")).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_search_needs_a_purpose_and_a_golden_id_leads_to_its_page() {
    let house = house().await;
    let steward: Option<&[Role]> = Some(&[Role::Steward]);
    let search = |form: &'static str| house.post(steward, "/golden-records", form);
    let none = search("csrf=token&entity=citizen&q=gurpreet").await;
    assert!(none.status == StatusCode::OK && none.body.contains("Choose a purpose."));
    let found = search("csrf=token&entity=citizen&q=gurpreet&purpose=stewardship").await;
    assert!(found.body.contains("No golden record that you may see"), "{}", found.body);
    let id = search("csrf=token&entity=citizen&q=k-000001-1&purpose=stewardship").await;
    assert_eq!(id.location, "/golden-records/K-000001-1?purpose=stewardship");
    assert_eq!(house.get(steward, &id.location).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.get(steward, "/golden-records/K-000001-1").await.location, "/golden-records");
}

#[tokio::test]
async fn the_first_page_is_one_that_the_visitor_may_open() {
    let house = house().await;
    for (role, first) in
        [(Role::Analyst, "/overview"), (Role::Department, "/golden-records"), (Role::Auditor, "/audit")]
    {
        assert_eq!(house.get(Some(&[role]), "/").await.location, first);
    }
    assert_eq!(house.get(None, "/").await.location, "/sign-in?next=/");
}

#[tokio::test]
async fn match_quality_says_what_is_in_force_and_only_what_was_measured() {
    let house = house().await;
    house.store.put_rule_set("citizen", &crate::rules_in_force::sample_body(0.97, 0.61)).await.unwrap();
    house.warehouse.build(7, NOW).await.unwrap();
    let page = async || house.get(Some(&[Role::Analyst]), "/match-quality").await.body;
    let unmeasured = page().await;
    assert!(unmeasured.contains("97.0\u{a0}%") && unmeasured.contains("61.0\u{a0}%"), "{unmeasured}");
    assert!(!unmeasured.contains("Precision"), "nothing was measured");
    let kept = r#"{"precision":0.5,"recall":0.25,"f1":0.333,"right":10,"found":20,"wanted":40,"measured_us":1795422900000000,"source_records":77}"#;
    house.store.put_setting("accuracy.citizen", kept).await.unwrap();
    let measured = page().await;
    assert!(
        measured.contains("Precision") && measured.contains(">77<") && measured.contains("25.0\u{a0}%"),
        "{measured}"
    );
    let benefits = house.get(Some(&[Role::Analyst]), "/benefits").await.body;
    assert!(benefits.contains("97.0\u{a0}%"));
}
