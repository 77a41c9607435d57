//! What a server does by itself is told to administrators, and how fresh its tables are to the monitoring.

use kanak_store::OF_THE_HUB;

use super::*;
use crate::jobs::scheduled::builtin;

#[tokio::test]
async fn administrators_read_schedules_with_their_history_and_nobody_else_does() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let store = &served.house.deployment.store;
    let roles = [Role::Administrator].into_iter().collect();
    let key = store.create_api_key(&by(), "operations", &roles, None, None, &mut os_rng()).await.unwrap();
    store.declare_schedules(&builtin()).await.unwrap();
    store.run_schedule_now(&by(), "resolve", OF_THE_HUB).await.unwrap();
    store.pause_schedule(&by(), "compaction").await.unwrap();

    let listed = served.get("/v1/schedules", &key, "").await.json();
    let names: Vec<&str> = listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["compaction", "freshness", "ingest", "refresh", "resolve"]);
    assert!(listed[0]["paused"].is_string() && listed[0].get("last_run").is_none(), "{}", listed[0]);
    assert_eq!((&listed[4]["every_seconds"], &listed[4]["last_run"]["state"]), (&0.into(), &"waiting".into()));
    let runs = served.get("/v1/schedules/resolve/runs", &key, "").await.json();
    assert_eq!((&runs[0]["state"], &runs[0]["attempt"]), (&"waiting".into(), &0.into()));
    let before = format!("/v1/schedules/resolve/runs?before={}", runs[0]["id"]);
    assert_eq!(served.get(&before, &key, "").await.json(), serde_json::json!([]));

    assert_eq!(served.get("/v1/schedules/resolv/runs", &key, "").await.status, StatusCode::NOT_FOUND);
    for path in ["/v1/schedules", "/v1/schedules/resolve/runs"] {
        assert_eq!(served.get(path, "", "").await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(served.get(path, &served.steward, "").await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let metrics = served.get("/metrics", "", "").await.body;
    assert!(metrics.contains("kanak_table_freshness{table=\"dim_citizens\"} 0\n"), "{metrics}");
    assert!(metrics.contains("kanak_table_behind_seconds{table=\"dim_citizens\"} 0\n"), "{metrics}");
}
