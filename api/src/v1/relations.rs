//! What questions about relations and their answers look like on the wire.

use std::collections::BTreeMap;

use kanak_model::relation::Day;
use kanak_model::{Access, EntityModel, Timestamp};
use kanak_store::{Other, Related, RelationCursor, RelationPage, RelationQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::server::problem::Problem;
use crate::server::state::AppState;
use crate::v1::audited;

/// The largest page.
const LIMIT_MAX: u32 = 500;
/// The page where nobody asks for another.
const LIMIT: u32 = 100;

/// Which relations are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// The day on which they held in the world, `2026-04-01`. Left out: on any.
    as_of: Option<String>,
    /// What the hub knew then: a time, such as the `known_at` of an answer, or a day's end. Left out: now.
    known_at: Option<String>,
    /// Only the relation of this name, such as `posted_at`.
    relation: Option<String>,
    /// `next` of the page before; all pages are of its `known_at`.
    after: Option<String>,
    /// How many source records of others are looked at, at most 500; by default 100. Those that the caller may not see are left out.
    limit: Option<u32>,
}

impl Wanted {
    /// What is asked of the hub.
    ///
    /// # Errors
    /// 400 when a word is no day, no time or no cursor.
    pub fn query(&self) -> Result<RelationQuery<'_>, Problem> {
        let as_of = self.as_of.as_deref().map(|text| {
            text.trim().parse::<Day>().map_err(|_| Problem::bad_request("`as_of` is no day; write 2026-04-01"))
        });
        let known_at = self.known_at.as_deref().map(|text| {
            Timestamp::parse(text).ok_or_else(|| {
                Problem::bad_request(
                    "`known_at` is no time; write 2026-04-01T09:30:00Z, or 2026-04-01 for the end of that day in India",
                )
            })
        });
        let after = self.after.as_deref().map(|text| {
            text.parse::<RelationCursor>().map_err(|error| Problem::bad_request(format!("`after`: {error}")))
        });
        Ok(RelationQuery {
            as_of: as_of.transpose()?,
            known_at: known_at.transpose()?,
            relation: self.relation.as_deref(),
            after: after.transpose()?,
            limit: self.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX),
        })
    }
}

/// What stands at the other end of a relation.
#[derive(Serialize, ToSchema)]
pub struct OtherView {
    /// The golden record.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden_id: Option<String>,
    /// Its entity type.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<String>,
    /// What stands for it in lists, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// `active`, `deceased` ...
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// The code system, where the other end is a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    /// The code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// A relation that one source record states.
#[derive(Serialize, ToSchema)]
pub struct RelatedView {
    /// Its name, such as `posted_at`.
    relation: String,
    /// The entity type whose model declares it.
    declared_by: String,
    /// `forward` where what was asked about states it, `inverse` where it is what the relation names.
    direction: &'static str,
    /// The other end. Empty where nobody answers to the key that is stated.
    other: OtherView,
    /// The first day on which it held.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    /// The first day on which it no longer did.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to: Option<String>,
    /// Attributes that describe it, such as a designation.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
    /// The source system that states it.
    source: String,
    /// The department's own key of the source record that does, where the caller sees personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// When the hub learned it.
    recorded_from: String,
}

/// A page of relations.
#[derive(Serialize, ToSchema)]
pub struct RelationsView {
    /// Those that the caller may see.
    relations: Vec<RelatedView>,
    /// The recorded time of which this is the answer: asked for again by it, the answer is the same, byte for byte.
    known_at: String,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl RelationsView {
    /// A page as it is answered.
    pub fn new(models: &[EntityModel], page: RelationPage) -> Self {
        Self {
            relations: page.relations.into_iter().map(|one| related_view(models, one)).collect(),
            known_at: page.known_at.to_string(),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

fn related_view(models: &[EntityModel], one: Related) -> RelatedView {
    RelatedView {
        relation: one.relation,
        declared_by: one.entity,
        direction: one.direction.word(),
        other: other_view(models, one.other),
        valid_from: one.period.from.map(|day| day.to_string()),
        valid_to: one.period.to.map(|day| day.to_string()),
        attributes: one.attributes,
        source: one.source,
        key: one.key,
        recorded_from: one.recorded_from.to_string(),
    }
}

fn other_view(models: &[EntityModel], other: Other) -> OtherView {
    let nobody = OtherView { golden_id: None, entity: None, label: None, status: None, system: None, code: None };
    match other {
        Other::Nobody => nobody,
        Other::Code { system, code } => OtherView { system: Some(system), code: Some(code), ..nobody },
        Other::Golden(record) => {
            let label = models.iter().find(|model| model.name == record.entity).map(|model| &model.label);
            OtherView {
                golden_id: Some(record.id.to_string()),
                label: label.and_then(|label| record.values.get(label)).map(|value| value.value.clone()),
                status: Some(record.status),
                entity: Some(record.entity),
                ..nobody
            }
        }
    }
}

/// Writes down that the relations of something were read, and of every golden record that they led to.
///
/// # Errors
/// 500 when the audit trail cannot be written: then nothing is answered.
pub async fn audited_page(state: &AppState, access: &Access, of: String, page: &RelationPage) -> Result<(), Problem> {
    let mut subjects: Vec<String> = page
        .relations
        .iter()
        .filter_map(|one| match &one.other {
            Other::Golden(record) => Some(record.id.to_string()),
            Other::Code { .. } | Other::Nobody => None,
        })
        .chain([of])
        .collect();
    subjects.sort();
    subjects.dedup();
    audited(state, access, "read relations", subjects).await
}
