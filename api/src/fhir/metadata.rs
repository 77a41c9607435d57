//! `/fhir/metadata`: what this server can do, as a CapabilityStatement or, with `mode=terminology`, as TerminologyCapabilities.

use axum::extract::State;
use kanak_codes::{Codes, Language};
use serde_json::{Value, json};

use super::answer::Resource;
use super::named::url_of_system;
use super::params::Params;
use super::search::base;
use crate::codes_at_hand::day_of;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// `GET /fhir/metadata`
pub async fn metadata(State(state): State<AppState>, params: Params) -> Result<Resource, Problem> {
    // By the day, so that one day's answers are the same.
    let now = day_of(state.deployment.clock.now()).to_string();
    match params.text(&["mode"]) {
        None | Some("full" | "normative") => Ok(Resource::new(capabilities(&base(&state), &now))),
        Some("terminology") => Ok(Resource::new(terminology(&state.codes(), &base(&state), &now))),
        Some(_) => Err(Problem::bad_request("`mode` is another than there is; send full or terminology")),
    }
}

fn software() -> Value {
    json!({ "name": "Kanak", "version": env!("CARGO_PKG_VERSION") })
}

fn capabilities(base: &str, now: &str) -> Value {
    let search = [
        ("_id", "token"),
        ("url", "uri"),
        ("name", "string"),
        ("version", "token"),
        ("title", "string"),
        ("status", "token"),
    ];
    let search: Vec<Value> = search.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
    let resource = |kind: &str, operations: &[&str]| {
        let operation = |name: &&str| json!({ "name": name, "definition": format!("http://hl7.org/fhir/OperationDefinition/{kind}-{name}") });
        let operations: Vec<Value> = operations.iter().map(operation).collect();
        json!({
            "type": kind, "interaction": [{ "code": "read" }, { "code": "search-type" }],
            "searchParam": search, "operation": operations,
        })
    };
    let resources = [
        resource("CodeSystem", &["lookup", "validate-code", "subsumes"]),
        resource("ValueSet", &["expand", "validate-code"]),
        resource("ConceptMap", &["translate"]),
    ];
    json!({
        "resourceType": "CapabilityStatement", "status": "active", "date": now, "kind": "instance",
        "software": software(),
        "implementation": { "description": "Codes of a state government", "url": base },
        "fhirVersion": "4.0.1", "format": ["application/fhir+json", "json"],
        "rest": [{ "mode": "server", "resource": resources }],
    })
}

fn terminology(codes: &Codes, base: &str, now: &str) -> Value {
    let languages = Language::ALL.map(Language::tag);
    let system = |current: &kanak_codes::CodeSystem| {
        let versions: Vec<Value> = codes
            .versions(current.name())
            .map(|known| {
                let is_default = known.version() == current.version();
                json!({ "code": known.version(), "isDefault": is_default, "language": languages })
            })
            .collect();
        json!({ "uri": url_of_system(current.name()), "version": versions, "subsumption": current.is_hierarchical() })
    };
    let parameters = [
        "url",
        "valueSetVersion",
        "filter",
        "date",
        "offset",
        "count",
        "activeOnly",
        "includeDesignations",
        "designation",
        "includeDefinition",
        "property",
        "displayLanguage",
        "system-version",
        "check-system-version",
        "force-system-version",
    ];
    let parameters = parameters.map(|name| json!({ "name": name }));
    json!({
        "resourceType": "TerminologyCapabilities", "status": "active", "date": now, "kind": "instance",
        "software": software(),
        "implementation": { "description": "Codes of a state government", "url": base },
        "codeSystem": codes.systems().map(system).collect::<Vec<_>>(),
        "expansion": { "hierarchical": false, "paging": true, "incomplete": false, "parameter": parameters },
        "codeSearch": "all",
        "validateCode": { "translations": true },
        "translation": { "needsMap": false },
        "closure": { "translation": false },
    })
}
