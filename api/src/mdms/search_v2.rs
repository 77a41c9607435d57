//! `POST /mdms-v2/v2/_search`: the rows of a master, or of all.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::response_info;
use super::as_of::AsOfDay;
use super::masters::{self, Master, Row};
use super::pattern::{Letters, PATTERNS_MAX, Pattern};
use crate::server::problem::{Problem, beginning};
use crate::server::state::AppState;

/// As many rows are answered at most.
const LIMIT_MAX: usize = 10_000;

/// So begins a wanted value that is a pattern.
const PATTERN_BEGINS: &str = "regex:";

/// As much of a name is repeated in a refusal.
const REPEATED_CHARS_MAX: usize = 200;

/// What is asked.
#[derive(Debug, Deserialize)]
pub struct Search {
    #[serde(default, rename = "RequestInfo")]
    request_info: Value,
    #[serde(rename = "MdmsCriteria")]
    criteria: Criteria,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Criteria {
    tenant_id: String,
    schema_code: Option<String>,
    ids: Option<Vec<String>>,
    unique_identifiers: Option<Vec<String>>,
    filters: Option<Map<String, Value>>,
    is_active: Option<bool>,
    offset: Option<usize>,
    limit: Option<usize>,
}

/// Lists the rows that fit: of the master of `schemaCode`, or of every master where none is named. As in DIGIT, a master that is not served here
/// has no rows, nor has a tenant outside the state; the rows of a tenant in it are those of the state. `as_of` in
/// the query lists the rows as they were on that day.
pub async fn search(
    State(state): State<AppState>,
    Query(as_of): Query<AsOfDay>,
    Json(search): Json<Search>,
) -> Result<Json<Value>, Problem> {
    let day = as_of.day()?;
    let Search { request_info, criteria } = search;
    if criteria.tenant_id.trim().is_empty() {
        return Err(Problem::bad_request("`tenantId` is empty; send the tenant, such as pb.amritsar"));
    }
    let conditions = conditions(criteria.filters.as_ref()).map_err(Problem::bad_request)?;
    let codes = state.codes();
    let limit = criteria.limit.unwrap_or(10).min(LIMIT_MAX);
    let mut to_pass = criteria.offset.unwrap_or(0);
    let mut told: Vec<Value> = Vec::new();
    for master in masters::all().iter().filter(|master| criteria.asks_for(master)) {
        for row in master.rows(&codes, day)? {
            if told.len() >= limit {
                break;
            }
            if !criteria.fits(master, &row) || !conditions.iter().all(|condition| condition.holds(&row.data)) {
                continue;
            }
            if to_pass > 0 {
                to_pass -= 1;
                continue;
            }
            told.push(json!({
                "id": master.id_of(&row), "tenantId": masters::STATE, "schemaCode": master.schema_code(),
                "uniqueIdentifier": row.unique_identifier, "data": row.data, "isActive": row.is_active,
                "auditDetails": { "createdBy": "kanak", "lastModifiedBy": "kanak", "createdTime": null, "lastModifiedTime": null },
            }));
        }
    }
    Ok(Json(json!({ "ResponseInfo": response_info(&request_info), "mdms": told })))
}

impl Criteria {
    fn asks_for(&self, master: &Master) -> bool {
        let schema = self.schema_code.as_deref().map(str::trim).filter(|schema| !schema.is_empty());
        masters::is_of_state(&self.tenant_id) && schema.is_none_or(|schema| schema == master.schema_code())
    }

    fn fits(&self, master: &Master, row: &Row) -> bool {
        let listed = |list: &Option<Vec<String>>, value: &str| {
            list.as_ref().is_none_or(|list| list.is_empty() || list.iter().any(|one| one == value))
        };
        listed(&self.unique_identifiers, &row.unique_identifier)
            && self.is_active.is_none_or(|wanted| wanted == row.is_active)
            && (self.ids.is_none() || listed(&self.ids, &master.id_of(row)))
    }
}

/// What a filter wants of one value.
#[derive(Debug)]
struct Condition {
    /// Names that lead to the value.
    path: Vec<String>,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    Same(Value),
    /// Found anywhere in the value, large and small letters alike.
    Like(Pattern),
    /// The value is an object, and these hold in it.
    Within(Vec<Condition>),
}

impl Condition {
    fn holds(&self, data: &Value) -> bool {
        let value = self.path.iter().fold(data, |value, name| &value[name.as_str()]);
        match &self.wanted {
            Wanted::Same(wanted) => value == wanted,
            Wanted::Like(pattern) => pattern.fits(value),
            Wanted::Within(conditions) => conditions.iter().all(|condition| condition.holds(value)),
        }
    }
}

/// The filters as conditions: a dot in a name leads into an object, as an object does.
fn conditions(filters: Option<&Map<String, Value>>) -> Result<Vec<Condition>, String> {
    filters.map_or_else(|| Ok(Vec::new()), |filters| read(filters, &mut 0))
}

/// `patterns` counts those of the whole call.
fn read(filters: &Map<String, Value>, patterns: &mut usize) -> Result<Vec<Condition>, String> {
    let mut found = Vec::new();
    for (name, wanted) in filters {
        let pattern = wanted.as_str().and_then(|text| text.strip_prefix(PATTERN_BEGINS));
        let wanted = match (wanted, pattern) {
            (_, Some(pattern)) => {
                *patterns += 1;
                if *patterns > PATTERNS_MAX {
                    return Err(format!("more than {PATTERNS_MAX} patterns in one call; ask in several"));
                }
                Wanted::Like(
                    Pattern::anywhere(pattern, Letters::AreOne)
                        .map_err(|why| format!("the filter of `{}` {why}", beginning(name, REPEATED_CHARS_MAX)))?,
                )
            }
            (Value::Object(members), None) => Wanted::Within(read(members, patterns)?),
            (value, None) => Wanted::Same(value.clone()),
        };
        found.push(Condition { path: name.split('.').map(str::to_owned).collect(), wanted });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filters: Value, expected: bool) {
        let data =
            json!({ "name": "Amritsar", "slaHours": 96, "city": { "districtCode": "27", "within": { "code": "7" } } });
        let conditions = conditions(filters.as_object()).unwrap();
        assert_eq!(conditions.iter().all(|condition| condition.holds(&data)), expected, "{filters}");
    }

    #[test]
    fn filters_go_into_objects_by_dots_and_by_members() {
        check(json!({}), true);
        check(json!({ "name": "Amritsar" }), true);
        check(json!({ "city.districtCode": "27" }), true);
        check(json!({ "city.districtCode": "28" }), false);
        check(json!({ "city": { "districtCode": "27" } }), true);
        check(json!({ "city": { "within.code": "7" }, "slaHours": 96 }), true);
        check(json!({ "city.within.code.more": "7" }), false);
        check(json!({ "slaHours": "96" }), false);
    }

    #[test]
    fn filters_may_be_patterns() {
        check(json!({ "name": "regex:^amrit" }), true);
        check(json!({ "name": "regex:^ritsar" }), false);
        check(json!({ "city.districtCode": "regex:2[0-9]" }), true);
        check(json!({ "none": "regex:.*" }), false);
    }

    #[test]
    fn patterns_that_are_none_or_too_many_are_refused() {
        let none = json!({ "city.name": "regex:(" });
        assert!(conditions(none.as_object()).unwrap_err().contains("city.name"));
        let many: Map<String, Value> =
            (0..=PATTERNS_MAX).map(|number| (number.to_string(), Value::from("regex:a"))).collect();
        assert!(conditions(Some(&many)).is_err());
    }
}
