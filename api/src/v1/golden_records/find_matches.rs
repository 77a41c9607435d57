//! Golden records that a statement may speak of: asked before a new person or firm is entered.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use kanak_engine::matching::{Found, Searched};
use kanak_engine::standardize::Outcome;
use kanak_model::entity_model::Attribute;
use kanak_model::source_record::{Stated, Values};
use kanak_model::{Access, EntityModel, GoldenId, Kind, SourceRecordId};
use kanak_store::VaultError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::GoldenRecordView;
use crate::jobs::ingest_file::HUB_DOMAIN;
use crate::jobs::live::Live;
use crate::server::identify::ApiCaller;
use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;
use crate::v1::vault::away;

/// What is known of somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The entity type: `citizen`, `business`, `employee`, `scheme`.
    entity: String,
    /// Values by attribute, as a person would write them; dates as day, month, year or as 1985-03-01.
    #[schema(example = json!({ "full_name": "Gurprit Kaur", "father_name": "Harjit Singh", "date_of_birth": "1985-03-01" }))]
    values: BTreeMap<String, String>,
    /// At most this many, up to 50.
    #[serde(default = "twenty")]
    limit: usize,
}

fn twenty() -> usize {
    20
}

/// A value that is asked for has at most so many characters: the words of a longer one would be compared for seconds.
const VALUE_CHARACTERS_MAX: usize = 1_000;
pub(super) const LIMIT_MAX: usize = 50;
/// A golden record is found by several of its source records.
const SOURCE_RECORDS_EACH: usize = 6;
/// So many source records are given by a search.
pub(super) const FOUND_MAX: usize = LOOKED_AT_MAX * SOURCE_RECORDS_EACH;
/// Of golden records, so many are looked at until enough are found that the caller may see.
const LOOKED_AT_MAX: usize = 300;

/// A golden record that a statement may speak of.
#[derive(Serialize, ToSchema)]
pub struct MatchView {
    /// The golden record.
    golden_record: GoldenRecordView,
    /// How likely its likeliest source record is the same one, 0 to 1.
    pub(super) probability: f64,
    /// The match weight in bits behind it, without the prior.
    weight_bits: f64,
    /// `match`, `review` or `no_match`, by the thresholds of the rules in force.
    decision: &'static str,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub struct MatchesView {
    /// The version of the rules that weighed.
    rule_set: i64,
    /// The likeliest first.
    matches: Vec<MatchView>,
    /// Source records that were compared with the statement. Only whoever sees the whole state learns it: to others it would tell
    /// of those whom they may not see.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<usize>,
    /// Source records that share something with it and were not compared, because too many do: state more to tell them apart. Given
    /// as `compared` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    passed_over: Option<usize>,
}

/// Finds golden records that a statement may speak of, by the rules that resolve source records: so that whoever is about to enter a
/// person or firm sees who is there already. Nothing is stored. Whoever differs more than they agree is not given.
#[utoipa::path(post, path = "/v1/golden-records/matches", tag = "golden records", security(("key" = [])),
    params(("Purpose" = Option<String>, Header, description = "Why: `service_delivery`, `stewardship`, `statistics` or `audit`")),
    request_body = Statement,
    responses((status = 200, description = "The likeliest first", body = MatchesView),
              (status = 400, description = "Unknown entity type or attribute, or a value that does not fit", body = Problem),
              (status = 403, description = "No role serves the purpose, or it does not show an attribute that is stated", body = Problem),
              (status = 503, description = "Nothing of this type was resolved yet, or the server is still reading it", body = Problem)))]
pub async fn find_matches(
    State(state): State<AppState>,
    caller: ApiCaller,
    Json(statement): Json<Statement>,
) -> Result<Json<MatchesView>, Problem> {
    let access = caller.access()?;
    let deployment = &state.deployment;
    let model = deployment.get_model(&statement.entity).map_err(|error| Problem::bad_request(format!("{error}")))?;
    let values = read(&state, &access, model, &statement.values).await?;
    let stated: Vec<&Attribute> = statement.values.keys().filter_map(|name| model.find_attribute(name)).collect();
    let live = deployment.live.as_ref().and_then(|live| live.find(&model.name)).ok_or_else(not_ready)?;
    let limit = statement.limit.clamp(1, LIMIT_MAX);
    let (searched, live) = search(live, values, FOUND_MAX).await?;
    let Searched { found, compared, passed_over } = searched;
    let for_it = found.partition_point(|found| found.weight_bits > 0.0);
    let candidates = candidates(&state, &access, model, &live, &stated, &found[..for_it], limit).await?;
    let matches = candidates.into_iter().map(|one| one.view).collect();
    let counted = |count: usize| access.scope().is_whole().then_some(count);
    let (compared, passed_over) = (counted(compared), counted(passed_over));
    Ok(Json(MatchesView { rule_set: live.version.0, matches, compared, passed_over }))
}

/// A golden record that a statement may speak of.
pub(super) struct Candidate {
    /// Its id.
    pub(super) id: GoldenId,
    /// Its likeliest source record.
    pub(super) source_record: SourceRecordId,
    /// As the caller may see it.
    pub(super) view: MatchView,
}

/// The golden records of what was found that the caller may see, the likeliest first; who looked is written down.
pub(super) async fn candidates(
    state: &AppState,
    access: &Access,
    model: &EntityModel,
    live: &Live,
    stated: &[&Attribute],
    found: &[Found],
    limit: usize,
) -> Result<Vec<Candidate>, Problem> {
    let store = &state.deployment.store;
    let mut candidates = Vec::new();
    let mut subjects = Vec::new();
    let mut seen = HashSet::new();
    // The first part is enough for all but those who see few of the golden records that fit.
    'parts: for part in found.chunks(limit * SOURCE_RECORDS_EACH) {
        let ids: Vec<_> = part.iter().map(|found| found.id).collect();
        let links = store.list_links_around(&ids).await.map_err(Problem::internal)?;
        let golden_of: HashMap<_, GoldenId> = links.iter().map(|link| (link.source_record, link.golden_id)).collect();
        // What is withheld finds nobody: a source record counts where all that is stated could be shown of it.
        let registers = if access.may_withhold() {
            store.list_registers_of(&ids).await.map_err(Problem::internal)?
        } else {
            HashMap::new()
        };
        let is_told = |id: GoldenId, source_record: &SourceRecordId| {
            let register = registers.get(source_record).map(String::as_str);
            stated.iter().all(|one| access.withholds(Some(id), register, &one.name, one.class).is_none())
        };
        for found in part {
            let golden = golden_of.get(&found.id).copied().filter(|id| is_told(*id, &found.id));
            let Some(id) = golden.filter(|id| seen.insert(*id)) else { continue };
            let golden = store.find_golden(access, model, id).await.map_err(Problem::internal)?;
            if let Some(golden) = golden {
                subjects.push(golden.record.id.to_string());
                let view = MatchView {
                    golden_record: GoldenRecordView::of_record(&golden.record, access),
                    probability: found.probability,
                    weight_bits: found.weight_bits,
                    decision: live.rule_set.decide(found.probability).word(),
                };
                candidates.push(Candidate { id: golden.record.id, source_record: found.id, view });
            }
            if candidates.len() == limit || seen.len() == LOOKED_AT_MAX {
                break 'parts;
            }
        }
    }
    if subjects.is_empty() {
        subjects.push(format!("{}, nothing found", model.name));
    }
    audited(state, access, "looked for matches", subjects).await?;
    Ok(candidates)
}

pub(super) fn not_ready() -> Problem {
    let detail = "nothing of this entity type can be searched yet: `kanak resolve` makes the first golden records, and a server \
                  that has just started reads them within a minute; try again then";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
}

pub(super) async fn search(live: Arc<Live>, values: Values, limit: usize) -> Result<(Searched, Arc<Live>), Problem> {
    let found = move || (live.search(&values, limit), live);
    tokio::task::spawn_blocking(found).await.map_err(Problem::internal)
}

/// The values in the standard form of their kinds. What the caller may not see cannot be asked for either: an answer would tell it.
pub(super) async fn read(
    state: &AppState,
    access: &Access,
    model: &EntityModel,
    stated: &BTreeMap<String, String>,
) -> Result<Values, Problem> {
    let deployment = &state.deployment;
    let mut values = Values::new();
    // Districts first: a sub-district is read within its district.
    let mut attributes: Vec<_> = Vec::with_capacity(stated.len());
    for (name, text) in stated {
        let attribute = model.find_attribute(name).ok_or_else(|| {
            let known: Vec<&str> = model.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
            Problem::bad_request(format!("{} has no attribute `{name}`; there are {}", model.name, known.join(", ")))
        })?;
        if !access.shows(attribute.class) {
            return Err(Problem::forbidden(format!(
                "your purpose does not show `{name}`; leave it out, or state another purpose"
            )));
        }
        if text.chars().count() > VALUE_CHARACTERS_MAX {
            return Err(Problem::bad_request(format!(
                "`{name}` has more than {VALUE_CHARACTERS_MAX} characters; shorten it"
            )));
        }
        attributes.push((attribute, text));
    }
    attributes.sort_by_key(|(attribute, _)| attribute.kind != Kind::District);
    for (attribute, text) in attributes {
        let value = match deployment.standardize(model, attribute, text, |name| values.find(name)) {
            Outcome::Missing => continue,
            Outcome::Good(value) => value,
            Outcome::Bad { reason, .. } => return Err(Problem::bad_request(format!("`{}`: {reason}", attribute.name))),
        };
        let value = if attribute.kind == Kind::Aadhaar {
            match find_reference(state, &value).await? {
                Some(reference) => reference,
                None => continue,
            }
        } else {
            value
        };
        values.insert(attribute.name.clone(), Stated::new(value.clone(), &value));
    }
    // A tax number holds its firm's PAN: whoever may not see PANs cannot try one out in it.
    let hides_pan = |attribute: &&Attribute| attribute.kind == Kind::Pan && !access.shows(attribute.class);
    for pan in model.attributes.iter().filter(hides_pan) {
        values.insert(pan.name.clone(), Stated::new(String::new(), ""));
    }
    Ok(values)
}

/// The hub's reference of an Aadhaar number that the vault holds; one that it does not hold is nobody's here, and stays out of it.
async fn find_reference(state: &AppState, digits: &str) -> Result<Option<String>, Problem> {
    let vault = &state.deployment.vault;
    let refusal = |error| match error {
        VaultError::Away { .. } => away(&error),
        other => Problem::internal(other),
    };
    if vault.holds(&[digits]).await.map_err(refusal)? != [true] {
        return Ok(None);
    }
    let references = vault.tokenise(HUB_DOMAIN, &[digits]).await.map_err(refusal)?;
    Ok(references.first().map(|reference| reference.as_str().to_owned()))
}
