//! One batch of rows: sealed in the landing, their Aadhaar numbers into the vault, then rows, resolution and audit in one transaction.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use kanak_ingest::{CheckedRow, LandedRow, landed_text, landing};
use kanak_model::source_system::{Load, RowsAre};
use kanak_model::{SourceRecordId, SourceSystem, SourceSystemId};
use kanak_store::{Arrivals, Arrived, Arriving, ArrivingPart, ArrivingRow, AuditEvent, ErasedKeys, FileFacts, Key};

use super::{ApartBy, RowAct, RowArrived, RowResolution, RowToWrite, RowWritten};
use crate::deployment::Deployment;
use crate::jobs::hub::Hub;
use crate::jobs::keys::{erasure_key, landing_key};
use crate::jobs::resolve::{Following, resolve_in};
use crate::jobs::vault::put_references;

/// Where more wait for a resolution, rows that arrive wait with them: the next resolution takes all.
const WAITING_MAX: usize = 2_000;
/// What a run of rows that were written one by one is called where files have their name.
const FILE_NAME: &str = "rows written one by one";

/// What every batch needs: keys, and the registers that this process has made known to the hub, as they were declared then.
pub(super) struct Kept {
    landing: [u8; 32],
    erasure: Key,
    sources: Mutex<BTreeMap<String, (Arc<SourceSystem>, SourceSystemId)>>,
}

impl Kept {
    /// Reads the keys from the key store.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(super) fn read(deployment: &Deployment) -> anyhow::Result<Self> {
        let (landing, erasure) = (landing_key(deployment)?, erasure_key(deployment)?);
        Ok(Self { landing, erasure, sources: Mutex::default() })
    }

    /// The id of a register that was made known under the same declaration.
    fn find(&self, source: &SourceSystem) -> Option<SourceSystemId> {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.get(&source.name).filter(|(declared, _)| **declared == *source).map(|(_, id)| *id)
    }

    fn keep(&self, source: &Arc<SourceSystem>, id: SourceSystemId) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.insert(source.name.clone(), (Arc::clone(source), id));
    }
}

/// The rows of one register in a batch, by their places in it.
struct Part {
    source: SourceSystemId,
    erased: ErasedKeys,
    places: Vec<usize>,
}

/// Writes rows, each key of a register once; answers when they are durable, in their order.
///
/// # Errors
/// When something cannot be read or written. Then nothing is in the hub; what is in landing and vault stays and harms nobody.
pub(super) async fn write_batch(
    deployment: &Deployment,
    keys: &Kept,
    rows: &[RowToWrite],
) -> anyhow::Result<Vec<RowWritten>> {
    let sources = known_sources(deployment, keys, rows).await?;
    let mut arrivals = deployment.store.begin_arrivals().await?;
    let known_at = arrivals.now();
    let mut parts = parts(&mut arrivals, keys, rows, sources).await?;
    let mut arrived: Vec<Option<RowArrived>> = vec![None; rows.len()];
    for part in &mut parts {
        part.places.retain(|place| {
            let is_erased = part.erased.contains(&rows[*place].key);
            if is_erased {
                arrived[*place] = Some(RowArrived::Erased);
            }
            !is_erased
        });
    }
    let (lines, text) = landed(rows, &parts);
    let facts = FileFacts {
        name: FILE_NAME.to_owned(),
        content_hash: landing::content_hash_of(&text, &keys.landing),
        bytes: text.len() as u64,
        load: Load::Delta,
    };
    let (folder, key) = (deployment.landing(), keys.landing);
    let sealing = tokio::task::spawn_blocking(move || landing::seal_text(&text, &folder, &key));
    let mut checked = tokenised(deployment, rows, &arrived).await?;
    parts.retain(|part| !part.places.is_empty());
    let mut arriving: Vec<ArrivingPart> = Vec::with_capacity(parts.len());
    for part in &parts {
        let mut left_out = Vec::new();
        let of_part = part.places.iter().map(|place| {
            let row = &rows[*place];
            let what = match &row.act {
                RowAct::Retires => Arriving::Retires,
                RowAct::States(stated) => {
                    left_out.extend(stated.left_out.iter().cloned());
                    match (checked[*place].take(), &stated.outcome) {
                        (Some(checked), _) => Arriving::States(checked.into()),
                        (None, Err(rejected)) => {
                            let mut rejected = rejected.clone();
                            rejected.line = lines[*place];
                            Arriving::Rejected(rejected)
                        }
                        (None, Ok(_)) => unreachable!("every row that passed was given its references"),
                    }
                }
            };
            let scope = row.access.filter().clone();
            ArrivingRow { key: row.key.clone(), what, expected: row.expected, scope }
        });
        let of_part: Vec<ArrivingRow> = of_part.collect();
        arriving.push(ArrivingPart { source: part.source, rows: of_part, left_out });
    }
    let (mut arrivals, became) = arrivals.take_in(&facts, arriving).await?;
    for (part, became) in parts.iter().zip(became) {
        for (place, one) in part.places.iter().zip(became) {
            arrived[*place] = Some(match (one, &rows[*place].act) {
                (Arrived::Quarantined, RowAct::States(stated)) => match &stated.outcome {
                    Err(rejected) => RowArrived::Refused(rejected.clone()),
                    Ok(_) => RowArrived::As(one),
                },
                _ => RowArrived::As(one),
            });
        }
    }
    let arrived: Vec<RowArrived> = arrived.into_iter().map(|one| one.expect("every row is in one part")).collect();
    keep_apart(&mut arrivals, rows, &arrived).await?;
    let resolved = Box::pin(resolve(deployment, &mut arrivals, rows, &arrived)).await?;
    let ids: Vec<SourceRecordId> = arrived.iter().filter_map(source_record).collect();
    let mut standing = arrivals.list_standing(&ids).await?;
    let written = rows.iter().zip(arrived).map(|(row, arrived)| {
        let standing = source_record(&arrived).and_then(|id| standing.remove(&id));
        let is_settled = resolved.contains_key(entity_of(row)) || !changes(&arrived);
        let resolution = if is_settled { RowResolution::Done } else { RowResolution::Pending };
        RowWritten { arrived, known_at, standing, resolution }
    });
    let written: Vec<RowWritten> = written.collect();
    arrivals.audit(rows.iter().zip(&written).map(|(row, written)| audited(row, written)).collect()).await?;
    sealing.await??;
    arrivals.commit().await?;
    for following in resolved.into_values().flatten() {
        following.committed();
    }
    Ok(written)
}

/// The registers of the rows, known to the hub.
async fn known_sources(
    deployment: &Deployment,
    kept: &Kept,
    rows: &[RowToWrite],
) -> anyhow::Result<BTreeMap<String, SourceSystemId>> {
    let mut known = BTreeMap::new();
    for row in rows {
        if !known.contains_key(&row.source.name) {
            let id = match kept.find(&row.source) {
                Some(id) => id,
                None => {
                    let id = deployment.store.ensure_source_system(&row.source).await?;
                    kept.keep(&row.source, id);
                    id
                }
            };
            known.insert(row.source.name.clone(), id);
        }
    }
    Ok(known)
}

async fn parts(
    arrivals: &mut Arrivals,
    keys: &Kept,
    rows: &[RowToWrite],
    sources: BTreeMap<String, SourceSystemId>,
) -> anyhow::Result<Vec<Part>> {
    let ids: Vec<SourceSystemId> = sources.values().copied().collect();
    let erased = arrivals.list_erased_keys(&ids, &keys.erasure).await?;
    let part = |((name, source), erased): ((String, SourceSystemId), ErasedKeys)| {
        let places = (0..rows.len()).filter(|place| rows[*place].source.name == name).collect();
        Part { source, erased, places }
    };
    Ok(sources.into_iter().zip(erased).map(part).collect())
}

/// What the landing keeps of the rows, and the line of each in it.
fn landed(rows: &[RowToWrite], parts: &[Part]) -> (Vec<u64>, Vec<u8>) {
    let mut places: Vec<usize> = parts.iter().flat_map(|part| part.places.iter().copied()).collect();
    places.sort_unstable();
    let mut lines = vec![0; rows.len()];
    let mut text = Vec::with_capacity(places.len());
    for (line, place) in places.into_iter().enumerate() {
        lines[place] = line as u64 + 2;
        let row = &rows[place];
        let act = match row.act {
            RowAct::States(_) => "states",
            RowAct::Retires => "retires",
        };
        text.push(LandedRow { source: &row.source.name, key: &row.key, act, body: &row.body });
    }
    (lines, landed_text(&text))
}

/// The rows that passed, with the vault's references in the place of Aadhaar numbers. Those of erased rows do not get there.
async fn tokenised(
    deployment: &Deployment,
    rows: &[RowToWrite],
    arrived: &[Option<RowArrived>],
) -> anyhow::Result<Vec<Option<CheckedRow>>> {
    let passed = |(row, arrived): (&RowToWrite, &Option<RowArrived>)| match (&row.act, arrived) {
        (RowAct::States(stated), None) => stated.outcome.as_ref().ok().cloned(),
        _ => None,
    };
    let mut checked: Vec<Option<CheckedRow>> = rows.iter().zip(arrived).map(passed).collect();
    put_references(deployment, checked.iter_mut().flatten()).await?;
    Ok(checked)
}

/// Keeps new rows apart from the golden records that they are said not to be of.
async fn keep_apart(arrivals: &mut Arrivals, rows: &[RowToWrite], arrived: &[RowArrived]) -> anyhow::Result<()> {
    for (row, arrived) in rows.iter().zip(arrived) {
        let RowArrived::As(Arrived::New(id)) = arrived else { continue };
        let (entity, name) = (entity_of(row), &row.access.caller().name);
        for apart in &row.apart {
            let other = apart.source_record;
            match apart.by {
                ApartBy::Steward(by) => {
                    arrivals.keep_apart(entity, *id, other, apart.probability, by, &apart.reason).await?;
                }
                ApartBy::FirstOfTwo => {
                    let linked = arrivals.list_links_around(&[other]).await?;
                    let members: Vec<SourceRecordId> = linked.iter().map(|link| link.source_record).collect();
                    arrivals.leave_to_steward(entity, *id, &members).await?;
                    arrivals.note_difference(*id, apart.golden_id, name, &apart.reason).await?;
                }
                ApartBy::Department => {
                    arrivals.note_difference(*id, apart.golden_id, name, &apart.reason).await?;
                }
            }
        }
    }
    Ok(())
}

/// Resolves the entity types of the rows; those that were, with the memory that is to follow. An entity type that had nothing to
/// resolve counts as resolved.
async fn resolve(
    deployment: &Deployment,
    arrivals: &mut Arrivals,
    rows: &[RowToWrite],
    arrived: &[RowArrived],
) -> anyhow::Result<BTreeMap<String, Option<Following>>> {
    let mut resolved: BTreeMap<String, Option<Following>> = BTreeMap::new();
    let mut entities: Vec<&str> =
        rows.iter().zip(arrived).filter(|(_, arrived)| changes(arrived)).map(|(row, _)| entity_of(row)).collect();
    entities.sort_unstable();
    entities.dedup();
    for entity in entities {
        let unresolved = arrivals.list_unresolved(entity).await?;
        if unresolved.source_records.len() > WAITING_MAX {
            continue;
        }
        let model = deployment.get_model(entity)?;
        let mut hub = Hub::Arriving(arrivals);
        if let Some((_, following)) = Box::pin(resolve_in(deployment, model, &unresolved, &mut hub)).await? {
            resolved.insert(entity.to_owned(), Some(following));
        }
    }
    Ok(resolved)
}

/// The entity type of a row.
fn entity_of(row: &RowToWrite) -> &str {
    match &row.source.rows {
        RowsAre::Entity(name) | RowsAre::Event(name) => name,
    }
}

fn source_record(arrived: &RowArrived) -> Option<SourceRecordId> {
    match arrived {
        RowArrived::As(one) => one.source_record().map(|(id, _)| id),
        RowArrived::Refused(_) | RowArrived::Erased => None,
    }
}

/// Whether something follows from what became of a row.
fn changes(arrived: &RowArrived) -> bool {
    matches!(arrived, RowArrived::As(Arrived::New(_) | Arrived::Changed(..) | Arrived::Retired(..)))
}

/// Who wrote, and was told with whom the row stands. The key of a row stays out of the trail: it is the department's, and personal.
fn audited(row: &RowToWrite, written: &RowWritten) -> AuditEvent {
    let (outcome, id) = match &written.arrived {
        RowArrived::As(one) => (word(*one), one.source_record().map(|(id, _)| id)),
        RowArrived::Refused(_) => ("quarantined", None),
        RowArrived::Erased => ("erased", None),
    };
    let subject = match (&written.standing, id) {
        (Some(standing), _) => standing.golden_id.to_string(),
        (None, Some(id)) => format!("source record {id}"),
        (None, None) => format!("source {}", row.source.name),
    };
    let mut event = AuditEvent::read(&row.access, "wrote source record", subject);
    event.detail["source"] = row.source.name.clone().into();
    event.detail["outcome"] = outcome.into();
    if let Some(id) = id {
        event.detail["source_record"] = id.0.into();
    }
    event
}

/// What became of a row, in a word.
fn word(arrived: Arrived) -> &'static str {
    match arrived {
        Arrived::New(_) => "new",
        Arrived::Changed(..) => "changed",
        Arrived::Unchanged(..) => "unchanged",
        Arrived::Retired(..) => "retired",
        Arrived::NotThere => "not_there",
        Arrived::Quarantined => "quarantined",
        Arrived::Unexpected(_) => "unexpected",
        Arrived::OutOfScope => "out_of_scope",
    }
}
