//! Searching golden records: by name, by golden id or by a department's own key, for a stated purpose.
//!
//! The search is posted, so that no name stands in an address, a log or a browser's history.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use kanak_codes::Codes;
use kanak_model::{Access, EntityModel, GoldenId, GoldenRecord, Language, Purpose};
use serde::Deserialize;

use super::golden_record::{label, status_tone};
use super::show_page;
use crate::audit;
use crate::component::{Cell, Head, Table};
use crate::error::PageError;
use crate::samples::Sampler;
use crate::session::{Signed, percent_encode};
use crate::shell::Shell;
use crate::state::DashboardState;
use crate::{format, values};

/// The search.
#[derive(Template)]
#[template(path = "pages/golden_records.html")]
pub(crate) struct GoldenRecordsPage {
    shell: Shell,
    entities: Vec<Choice>,
    purposes: Vec<Choice>,
    sources: Vec<Choice>,
    q: String,
    key: String,
    /// What was found; nothing was searched for where there is none.
    found: Option<Table>,
    message: Option<String>,
}

/// One choice of a list.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) title: String,
    pub(crate) is_chosen: bool,
}

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    entity: String,
    #[serde(default)]
    purpose: String,
    /// Words of a name or another attribute, or a golden id.
    #[serde(default)]
    q: String,
    /// The source system whose key is asked for.
    #[serde(default)]
    source: String,
    /// The department's own key.
    #[serde(default)]
    key: String,
}

const FOUND_MAX: u32 = 50;

/// The purposes for which golden records are searched on a page.
pub(crate) const PURPOSES: [Purpose; 2] = [Purpose::Stewardship, Purpose::ServiceDelivery];
/// The purposes for which one is read: an auditor has its id from the trail, and sees no personal values.
pub(crate) const READ_PURPOSES: [Purpose; 3] = [Purpose::Stewardship, Purpose::ServiceDelivery, Purpose::Audit];

/// `GET /golden-records`
pub(crate) async fn show(State(state): State<DashboardState>, signed: Signed) -> Result<Response, PageError> {
    some_access(&signed)?;
    show_page(&build(&state, &signed, &Asked::default(), None, None).await?)
}

/// `POST /golden-records`
pub(crate) async fn search(
    State(state): State<DashboardState>,
    signed: Signed,
    Form(asked): Form<Asked>,
) -> Result<Response, PageError> {
    signed.check_csrf(&asked.csrf)?;
    let purpose = Purpose::find(&asked.purpose).filter(|purpose| PURPOSES.contains(purpose));
    let Some(purpose) = purpose else {
        return show_page(&build(&state, &signed, &asked, None, Some("Choose a purpose.".to_owned())).await?);
    };
    let access = signed.access(purpose)?;
    let Some(model) = state.find_model(&asked.entity) else {
        return show_page(&build(&state, &signed, &asked, None, Some("Choose what to look for.".to_owned())).await?);
    };
    if let Ok(id) = asked.q.parse::<GoldenId>() {
        return Ok(Redirect::to(&address(id, purpose)).into_response());
    }
    if !asked.key.trim().is_empty() {
        let found = state.store.find_golden_by_crosswalk(&access, model, &asked.source, asked.key.trim()).await;
        return match found.map_err(PageError::inside)? {
            Some(golden) => Ok(Redirect::to(&address(golden.record.id, purpose)).into_response()),
            None => {
                let message = "No golden record that you may see has this key in this source.".to_owned();
                show_page(&build(&state, &signed, &asked, None, Some(message)).await?)
            }
        };
    }
    if asked.q.trim().is_empty() {
        let message = "Write a name, a golden id, or a department's key.".to_owned();
        return show_page(&build(&state, &signed, &asked, None, Some(message)).await?);
    }
    let found = state.store.search_golden(&access, model, &asked.q, FOUND_MAX).await.map_err(PageError::inside)?;
    let ids: Vec<GoldenId> = found.iter().map(|record| record.id).collect();
    audit::record(&state, &access, "search", ids).await?;
    let table = found_table(&state.codes(), model, &access, signed.visit.language, &found);
    show_page(&build(&state, &signed, &asked, Some(table), None).await?)
}

/// A visitor with no purpose at all learns so before filling in a form.
fn some_access(signed: &Signed) -> Result<Access, PageError> {
    signed.access(Purpose::Stewardship).or_else(|_| signed.access(Purpose::ServiceDelivery))
}

fn address(id: GoldenId, purpose: Purpose) -> String {
    format!("/golden-records/{}?purpose={}", percent_encode(&id.to_string()), purpose.word())
}

async fn build(
    state: &DashboardState,
    signed: &Signed,
    asked: &Asked,
    found: Option<Table>,
    message: Option<String>,
) -> Result<GoldenRecordsPage, PageError> {
    let sources = state.store.list_source_systems().await.map_err(PageError::inside)?;
    let language = signed.visit.language;
    let sources = sources
        .iter()
        .filter(|source| matches!(source.rows, kanak_model::source_system::RowsAre::Entity(_)))
        .map(|source| (source.name.clone(), source.title.get(language).to_owned()))
        .collect();
    let shell = Shell::new("golden_records", &signed.visit, state.made_up);
    Ok(GoldenRecordsPage::build(shell, &state.models, sources, asked, found, message))
}

impl GoldenRecordsPage {
    fn build(
        shell: Shell,
        models: &[EntityModel],
        sources: Vec<(String, String)>,
        asked: &Asked,
        found: Option<Table>,
        message: Option<String>,
    ) -> Self {
        let choice = |value: &str, title: String, chosen: &str| Choice {
            is_chosen: value == chosen,
            value: value.to_owned(),
            title,
        };
        let language = shell.language();
        let entities =
            models.iter().map(|model| choice(&model.name, model.title.get(language).to_owned(), &asked.entity));
        let purposes =
            PURPOSES.iter().map(|purpose| choice(purpose.word(), format::sentence(purpose.word()), &asked.purpose));
        Self {
            entities: entities.collect(),
            purposes: purposes.collect(),
            sources: sources.into_iter().map(|(name, title)| choice(&name, title, &asked.source)).collect(),
            q: asked.q.clone(),
            key: asked.key.clone(),
            found,
            message,
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let models = kanak_model::builtin::entity_models().expect("a test parses each builtin model");
        let access = Access::decide(&sampler.caller(), Purpose::Stewardship).expect("the sample's caller is a steward");
        let records = [super::golden_record::sample_record(sampler)];
        let found = found_table(&sampler.codes, &models[0], &access, Language::En, &records);
        let asked = Asked { q: sampler.word.to_owned(), key: sampler.word.to_owned(), ..Asked::default() };
        let sources = vec![("health".to_owned(), sampler.word.to_owned())];
        let shell = sampler.shell("golden_records");
        Self::build(shell, &models, sources, &asked, Some(found), Some(sampler.word.to_owned()))
    }
}

/// How many attributes beside the label tell one golden record from another in a list.
const TELLING: usize = 4;

fn found_table(
    codes: &Codes,
    model: &EntityModel,
    access: &Access,
    language: Language,
    found: &[GoldenRecord],
) -> Table {
    let telling: Vec<_> = model
        .attributes
        .iter()
        .filter(|attribute| attribute.name != model.label && access.shows(attribute.class))
        .filter(|attribute| found.iter().any(|record| record.values.contains_key(&attribute.name)))
        .take(TELLING)
        .collect();
    let row = |record: &GoldenRecord| {
        let first =
            Cell::text(label(model, record)).link(address(record.id, access.purpose())).under(record.id.to_string());
        let more = telling.iter().map(|attribute| {
            let value = record.values.get(&attribute.name);
            Cell::maybe(value.map(|value| values::show(attribute, &value.value, codes, language)))
        });
        let status = Cell::badge(status_tone(&record.status), format::spaced(&record.status));
        std::iter::once(first).chain(more).chain(std::iter::once(status)).collect()
    };
    let title = model.title.get(language).to_owned();
    let heads = telling.iter().map(|attribute| Head::text(attribute.title().get(language)));
    Table {
        caption: format!("At most {FOUND_MAX} golden records, nearest first. Add a word to narrow the search."),
        heads: std::iter::once(Head::text(title))
            .chain(heads)
            .chain(std::iter::once(Head::word(language, "status")))
            .collect(),
        rows: found.iter().map(row).collect(),
        total: None,
        empty: "No golden record that you may see has all these words.".to_owned(),
    }
}
