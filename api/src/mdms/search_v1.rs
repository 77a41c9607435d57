//! `POST /egov-mdms-service/v1/_search`: the rows of several masters at once, as DIGIT's first version answers.

use axum::Json;
use axum::extract::{Query, State};
use kanak_codes::Day;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::response_info;
use super::as_of::AsOfDay;
use super::filter::Filter;
use super::masters;
use super::pattern::PATTERNS_MAX;
use crate::server::problem::{Problem, beginning};
use crate::server::state::AppState;

/// What is asked.
#[derive(Debug, Deserialize)]
pub struct Search {
    #[serde(default, rename = "RequestInfo")]
    request_info: Value,
    #[serde(rename = "MdmsCriteria")]
    criteria: Criteria,
}

/// Which masters are asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Criteria {
    tenant_id: String,
    module_details: Vec<Module>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Module {
    module_name: String,
    master_details: Vec<Wanted>,
}

#[derive(Debug, Deserialize)]
struct Wanted {
    name: String,
    filter: Option<String>,
}

/// As many masters are asked for at once at most.
const MASTERS_MAX: usize = 100;

/// As much of a name or a filter is repeated in a refusal.
const REPEATED_CHARS_MAX: usize = 200;

/// Lists the rows of masters that fit their filters. As in DIGIT, masters that are not served here are left out of the answer.
/// `as_of` in the query lists the rows as they were on that day.
pub async fn search(
    State(state): State<AppState>,
    Query(as_of): Query<AsOfDay>,
    Json(search): Json<Search>,
) -> Result<Json<Value>, Problem> {
    answer(&state, &search.request_info, &search.criteria, as_of.day()?)
}

/// What is answered to a request about a day; about whatever day where none is asked about.
pub(super) fn answer(
    state: &AppState,
    request_info: &Value,
    criteria: &Criteria,
    day: Option<Day>,
) -> Result<Json<Value>, Problem> {
    if criteria.tenant_id.trim().is_empty() {
        return Err(Problem::bad_request("`tenantId` is empty; send the tenant, such as pb.amritsar"));
    }
    let count: usize = criteria.module_details.iter().map(|module| module.master_details.len()).sum();
    if count > MASTERS_MAX {
        return Err(Problem::bad_request(format!("{count} masters in one call; ask for at most {MASTERS_MAX}")));
    }
    let is_of_state = masters::is_of_state(&criteria.tenant_id);
    let codes = state.codes();
    let mut patterns = 0;
    let mut modules = Map::new();
    for module in &criteria.module_details {
        let mut told = Map::new();
        for wanted in &module.master_details {
            let filter = wanted.filter(&module.module_name)?;
            patterns += filter.as_ref().map_or(0, Filter::patterns);
            if patterns > PATTERNS_MAX {
                return Err(Problem::bad_request(format!(
                    "more than {PATTERNS_MAX} patterns in one call; ask in several"
                )));
            }
            let Some(master) = masters::find(&module.module_name, &wanted.name).filter(|_| is_of_state) else {
                continue;
            };
            let rows: Vec<Value> = master.rows(&codes, day)?.into_iter().map(|row| row.data).collect();
            let rows = match filter {
                Some(filter) => filter.of(rows),
                None => rows,
            };
            told.insert(wanted.name.clone(), rows.into());
        }
        if !told.is_empty() {
            modules.insert(module.module_name.clone(), told.into());
        }
    }
    Ok(Json(json!({ "ResponseInfo": response_info(request_info), "MdmsRes": modules })))
}

impl Criteria {
    /// One master of a module, as a tenant has it.
    pub(super) fn of_one(tenant_id: String, module_name: String, name: String, filter: Option<String>) -> Self {
        let module = Module { module_name, master_details: vec![Wanted { name, filter }] };
        Self { tenant_id, module_details: vec![module] }
    }
}

impl Wanted {
    /// The filter as it is read; an empty one is none.
    fn filter(&self, module: &str) -> Result<Option<Filter>, Problem> {
        let Some(text) = self.filter.as_deref().filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        let refused = |why: String| {
            let [module, name, text] = [module, &self.name, text].map(|said| beginning(said, REPEATED_CHARS_MAX));
            Problem::bad_request(format!("master `{name}` of module `{module}`, filter `{text}`: {why}"))
        };
        Filter::parse(text).map(Some).map_err(refused)
    }
}
