//! What departments say of golden records that hold a row of theirs: whether they will mend their register where the golden value is
//! another, and that a row is of somebody else than the rules think. Evidence: it decides nothing.

use kanak_model::entity_model::SurvivorshipStrategy;
use kanak_model::source_record::Values;
use kanak_model::{Access, EntityModel, GoldenId, Kind, SourceRecordId, SourceSystemId, Timestamp, UserId};
use rustc_hash::FxHashMap;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::Store;
use crate::access_sql::compile;
use crate::audit_events;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{JsonColumn, json, sql};
use crate::error::StoreError;
use crate::packed::ChosenBack;
use crate::stewardship::{check_reason, check_words_of};
use crate::trail_agreement::{DIFFERENCE_STATED, WORDS};
use crate::users;

/// So many rows of a register are looked at for one page of corrections.
const LOOKED_AT_MAX: i64 = 5_000;

/// What a department says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// It will mend its register.
    Accepts,
    /// Its register is right.
    Rejects,
    /// The row is of somebody else.
    Differs,
}

impl Says {
    /// The word in tables and answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepts => "accepts",
            Self::Rejects => "rejects",
            Self::Differs => "differs",
        }
    }

    fn find(word: &str) -> Option<Self> {
        [Self::Accepts, Self::Rejects, Self::Differs].into_iter().find(|says| says.word() == word)
    }
}

/// A value in which a golden record differs from a department's own row: what is proposed to the department.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// The row.
    pub source_record: SourceRecordId,
    /// The department's own key.
    pub key: String,
    /// The attribute.
    pub attribute: String,
    /// What the row states.
    pub stated: String,
    /// What the golden record holds.
    pub proposed: String,
    /// The golden record.
    pub golden_id: GoldenId,
    /// Its version.
    pub golden_version: i32,
    /// The strategy that chose the value.
    pub strategy: SurvivorshipStrategy,
    /// The register that states it; `None` where a steward does.
    pub source: Option<String>,
    /// How many source records of the golden record state it.
    pub agreeing: u32,
    /// How many state any value.
    pub stated_by: u32,
    /// What the department answered to this value.
    pub answer: Option<DepartmentAnswer>,
}

/// What a department said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentAnswer {
    /// Its number.
    pub id: i64,
    /// The department's row.
    pub source_record: SourceRecordId,
    /// The register.
    pub source: String,
    /// The department's own key.
    pub key: String,
    /// What it says.
    pub says: Says,
    /// Of which attribute; `None` where the row is of somebody else.
    pub attribute: Option<String>,
    /// The golden record that was answered to.
    pub golden_id: GoldenId,
    /// The version of it.
    pub golden_version: i32,
    /// The department's words.
    pub reason: Option<String>,
    /// Who answered, by the name in the audit trail.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The steward who took note of it, and when.
    pub seen: Option<(UserId, Timestamp)>,
}

/// An answer to a correction.
#[derive(Debug, Clone, Copy)]
pub struct NewAnswer<'a> {
    /// The department's own key.
    pub key: &'a str,
    /// The attribute.
    pub attribute: &'a str,
    /// Whether it accepts the correction.
    pub says: Says,
    /// Its words; needed with a rejection.
    pub reason: &'a str,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    source_record_id: i64,
    source: String,
    source_key: String,
    says: String,
    attribute: Option<String>,
    golden_id: i64,
    golden_version: i64,
    reason: Option<String>,
    answered_by: String,
    answered_us: i64,
    seen_by: Option<i64>,
    seen_us: Option<i64>,
}

const COLUMNS: &str =
    "SELECT a.id, a.source_record_id, s.name AS source, r.source_key, a.says, a.attribute, a.golden_id,
     a.golden_version, a.reason, a.answered_by, a.answered_us, a.seen_by, a.seen_us FROM department_answers a
     JOIN source_records r ON r.id = a.source_record_id JOIN source_systems s ON s.id = r.source_system_id";

impl TryFrom<Row> for DepartmentAnswer {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let unfit = StoreError::Stored { table: "department_answers", row: row.id, column: "says", expected: "answer" };
        Ok(Self {
            id: row.id,
            source_record: SourceRecordId(row.source_record_id),
            source: row.source,
            key: row.source_key,
            says: Says::find(&row.says).ok_or(unfit)?,
            attribute: row.attribute,
            golden_id: GoldenId(row.golden_id),
            golden_version: row.golden_version as i32,
            reason: row.reason,
            by: row.answered_by,
            at: Timestamp(row.answered_us),
            seen: row.seen_by.zip(row.seen_us).map(|(by, at)| (UserId(by), Timestamp(at))),
        })
    }
}

/// A row of a register beside its golden record.
#[derive(FromRow)]
struct Beside {
    id: i64,
    source_key: String,
    stated: Json<Values>,
    golden_id: i64,
    version: i64,
    chosen: Json<ChosenBack>,
}

const BESIDE: &str = "SELECT r.id, r.source_key, r.stated, g.id AS golden_id, g.version, v.chosen FROM source_records r
     JOIN crosswalks x ON x.source_record_id = r.id AND x.recorded_to_us IS NULL JOIN golden_records g ON g.id = x.golden_id
     JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version";

impl Beside {
    /// What differs, as far as the caller may see it.
    fn corrections(self, access: &Access, model: &EntityModel) -> Vec<(Correction, SourceRecordId)> {
        let Self { id, source_key, stated, golden_id, version, mut chosen } = self;
        let mut found = Vec::new();
        for attribute in &model.attributes {
            if attribute.kind == Kind::Aadhaar || !access.shows(attribute.class) {
                continue;
            }
            let (Some(stated), Some(value)) = (stated.find(&attribute.name), chosen.0.0.remove(&attribute.name)) else {
                continue;
            };
            if stated == value.value {
                continue;
            }
            let correction = Correction {
                source_record: SourceRecordId(id),
                key: source_key.clone(),
                attribute: attribute.name.clone(),
                stated: stated.to_owned(),
                proposed: value.value,
                golden_id: GoldenId(golden_id),
                golden_version: version as i32,
                strategy: value.strategy,
                source: None,
                agreeing: value.agreeing,
                stated_by: value.stated,
                answer: None,
            };
            found.push((correction, value.source_record));
        }
        found
    }
}

/// Keeps that a row is of somebody else than a golden record.
pub(crate) async fn insert_difference(
    tx: &mut Tx,
    row: SourceRecordId,
    from: GoldenId,
    by: &str,
    reason: &str,
) -> Result<(), StoreError> {
    let reason = check_reason(reason)?;
    let id = insert(tx, row.0, Says::Differs, None, from.0, Some(reason), by).await?;
    let words = audit_events::words_hash([reason]);
    let detail = serde_json::json!({ "answer": id, "source_record": row.0, WORDS: words });
    audit_events::append_act(tx, by, DIFFERENCE_STATED, from.to_string(), detail).await
}

async fn insert(
    tx: &mut Tx,
    row: i64,
    says: Says,
    attribute: Option<&str>,
    golden: i64,
    reason: Option<&str>,
    by: &str,
) -> Result<i64, StoreError> {
    const SQL: &str =
        "INSERT INTO department_answers (id, source_record_id, says, attribute, golden_id, golden_version, reason,
             answered_by, answered_us)
         VALUES ((SELECT coalesce(max(id), 0) + 1 FROM department_answers), $1, $2, $3, $4,
             (SELECT version FROM golden_records WHERE id = $4), $5, $6, $7) RETURNING id";
    let now = tx.now.0;
    Ok(on_tx!(tx, |c| sqlx::query_scalar(SQL)
        .bind(row)
        .bind(says.word())
        .bind(attribute)
        .bind(golden)
        .bind(reason)
        .bind(by)
        .bind(now)
        .fetch_one(c)
        .await)?)
}

/// Takes the words out of what was said of source records and golden records that are erased.
pub(crate) async fn erase_words(tx: &mut Tx, sources: &[i64], golden: &[i64]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE department_answers SET reason = 'erased' WHERE reason IS NOT NULL
         AND (source_record_id IN (SELECT id FROM {ids $1} AS i) OR golden_id IN (SELECT id FROM {ids $2} AS g))";
    let engine = tx.engine();
    on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(sources)).bind(json(golden)).execute(c).await.map(drop))?;
    Ok(())
}

impl Store {
    /// Where golden records differ from what a register's own rows state, by the department's key, after a key; and the key to go on
    /// after, while there is more to look at. A page may be short, even empty, and still be followed by others. Rows that lie, or whose
    /// golden records lie, where the caller may not read are left out, and so are attributes that the caller may not see.
    pub async fn list_corrections(
        &self,
        access: &Access,
        model: &EntityModel,
        source: SourceSystemId,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<Correction>, Option<String>), StoreError> {
        // Which register a golden value is from is not looked at: where a register's values may be withheld, none is proposed.
        if access.may_withhold() {
            return Ok((Vec::new(), None));
        }
        let engine = self.db.engine();
        let stated = compile(access.filter(), engine, JsonColumn::Stated("r.stated"), 4);
        let chosen = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 4 + stated.bind.len());
        let text = format!(
            "{BESIDE} WHERE r.source_system_id = $1 AND r.source_key > $2 AND r.retired_us IS NULL AND {} AND {}
             ORDER BY r.source_key LIMIT $3",
            stated.sql, chosen.sql
        );
        let mut tx = self.db.begin_read().await?;
        let rows: Vec<Beside> = on_tx!(tx, |c| {
            let mut query = sqlx::query_as(sql(engine, &text)).bind(source.0).bind(after).bind(LOOKED_AT_MAX);
            for text in stated.bind.iter().chain(&chosen.bind) {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        let mut next =
            (rows.len() as i64 == LOOKED_AT_MAX).then(|| rows.last().map(|row| row.source_key.clone())).flatten();
        let count = rows.len();
        let mut found = Vec::new();
        for (place, row) in rows.into_iter().enumerate() {
            let key = row.source_key.clone();
            found.extend(row.corrections(access, model));
            if found.len() >= limit && place + 1 < count {
                next = Some(key);
                break;
            }
        }
        Ok((with_evidence(&mut tx, found).await?, next))
    }

    /// Keeps what a department answers to a correction of one of its rows.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the golden record does not differ there, or the caller may not see it; [`StoreError::Reason`] when
    /// a rejection has no reason, or one that cannot be kept.
    pub async fn answer_correction(
        &self,
        access: &Access,
        model: &EntityModel,
        source: SourceSystemId,
        answer: NewAnswer<'_>,
    ) -> Result<DepartmentAnswer, StoreError> {
        let NewAnswer { key, attribute, says, reason } = answer;
        let reason = if says == Says::Rejects { Some(check_reason(reason)?) } else { check_words_of(reason)? };
        let engine = self.db.engine();
        let text = format!("{BESIDE} WHERE r.source_system_id = $1 AND r.source_key = $2 AND r.retired_us IS NULL");
        let mut tx = self.db.begin(&*self.clock).await?;
        let row: Option<Beside> =
            on_tx!(tx, |c| sqlx::query_as(sql(engine, &text)).bind(source.0).bind(key).fetch_optional(c).await)?;
        let inside = row.filter(|row| {
            access.filter().passes(&|name| row.stated.find(name))
                && access.filter().passes(&|name| row.chosen.0.0.get(name).map(|value| value.value.as_str()))
        });
        let differs = inside.into_iter().flat_map(|row| row.corrections(access, model));
        let not_found = || StoreError::NotFound { what: "correction of the attribute", id: attribute.to_owned() };
        let (found, _) = differs.into_iter().find(|(one, _)| one.attribute == attribute).ok_or_else(not_found)?;
        let by = &access.caller().name;
        let (row, golden) = (found.source_record.0, found.golden_id);
        let id = insert(&mut tx, row, says, Some(attribute), golden.0, reason, by).await?;
        let words = audit_events::words_hash([reason.unwrap_or_default()]);
        let detail = serde_json::json!({
            "answer": id, "source_record": row, "attribute": attribute, "says": says.word(), WORDS: words,
        });
        audit_events::append_act(&mut tx, by, "correction_answered", golden.to_string(), detail).await?;
        let text = format!("{COLUMNS} WHERE a.id = $1");
        let row: Row = on_tx!(tx, |c| sqlx::query_as(sql(engine, &text)).bind(id).fetch_one(c).await)?;
        tx.commit().await?;
        row.try_into()
    }

    /// What departments object to, the latest first, that no steward has taken note of: of one golden record (then also what was taken
    /// note of, and what they accepted) or of all. Those of golden records that the caller may not read are left out. `before` is the
    /// last of the page before.
    pub async fn list_department_answers(
        &self,
        access: &Access,
        golden: Option<GoldenId>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<DepartmentAnswer>, StoreError> {
        let engine = self.db.engine();
        let condition = compile(access.filter(), engine, JsonColumn::Chosen("v.chosen"), 4);
        let text = format!(
            "{COLUMNS} JOIN crosswalks x ON x.source_record_id = a.source_record_id AND x.recorded_to_us IS NULL
             JOIN golden_records g ON g.id = x.golden_id JOIN golden_versions v ON v.golden_id = g.id AND v.version = g.version
             WHERE a.id < $1 AND (g.id = $2 OR a.golden_id = $2 OR ($2 = 0 AND a.seen_us IS NULL AND a.says <> 'accepts')) AND {}
             ORDER BY a.id DESC LIMIT $3",
            condition.sql
        );
        let rows: Vec<Row> = on_db!(&self.db, |c| {
            let mut query = sqlx::query_as(sql(engine, &text))
                .bind(before.unwrap_or(i64::MAX))
                .bind(golden.map_or(0, |id| id.0))
                .bind(i64::from(limit));
            for text in condition.bind {
                query = query.bind(text);
            }
            query.fetch_all(c).await
        })?;
        rows.into_iter().map(DepartmentAnswer::try_from).collect()
    }

    /// Keeps that a steward took note of an objection that the caller may see.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none that waits.
    pub async fn mark_answer_seen(&self, access: &Access, id: i64, by: UserId) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE department_answers SET seen_by = $2, seen_us = $3 WHERE id = $1 AND seen_us IS NULL";
        let not_found = || StoreError::NotFound { what: "department's answer that waits", id: id.to_string() };
        let waiting = self.list_department_answers(access, None, Some(id.saturating_add(1)), 1).await?;
        let answer = waiting.into_iter().find(|one| one.id == id).ok_or_else(not_found)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let marked = on_tx!(tx, |c| sqlx::query(SQL)
            .bind(id)
            .bind(by.0)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        if marked == 0 {
            return Err(not_found());
        }
        let detail = serde_json::json!({ "answer": id });
        let name = users::actor(&mut tx, by).await?;
        audit_events::append_act(&mut tx, &name, "answer_seen", answer.golden_id.to_string(), detail).await?;
        tx.commit().await
    }
}

/// Adds which register states each value, and what the department answered to it: the latest answer, where the golden record held the
/// same value then.
async fn with_evidence(tx: &mut Tx, found: Vec<(Correction, SourceRecordId)>) -> Result<Vec<Correction>, StoreError> {
    const SOURCES: &str =
        "SELECT r.id, s.name FROM {ids $1} AS i CROSS JOIN source_records r CROSS JOIN source_systems s
         WHERE r.id = i.id AND s.id = r.source_system_id";
    const HELD: &str =
        "SELECT a.id, v.chosen FROM {ids $1} AS i CROSS JOIN department_answers a CROSS JOIN golden_versions v
         WHERE a.id = i.id AND v.golden_id = a.golden_id AND v.version = a.golden_version";
    let engine = tx.engine();
    let origins: Vec<i64> = found.iter().map(|(_, origin)| origin.0).collect();
    let sources: Vec<(i64, String)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SOURCES)).bind(json(&origins)).fetch_all(c).await)?;
    let sources: FxHashMap<i64, String> = sources.into_iter().collect();
    let rows: Vec<i64> = found.iter().map(|(one, _)| one.source_record.0).collect();
    let text = format!(
        "{COLUMNS} WHERE a.source_record_id IN (SELECT id FROM {{ids $1}} AS i) AND a.attribute IS NOT NULL ORDER BY a.id"
    );
    let answers: Vec<Row> = on_tx!(tx, |c| sqlx::query_as(sql(engine, &text)).bind(json(&rows)).fetch_all(c).await)?;
    let mut latest: FxHashMap<(i64, String), DepartmentAnswer> = FxHashMap::default();
    for row in answers {
        let place = (row.source_record_id, row.attribute.clone().unwrap_or_default());
        latest.insert(place, row.try_into()?);
    }
    let ids: Vec<i64> = latest.values().map(|answer| answer.id).collect();
    let held: Vec<(i64, Json<ChosenBack>)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, HELD)).bind(json(&ids)).fetch_all(c).await)?;
    let held: FxHashMap<i64, ChosenBack> = held.into_iter().map(|(id, chosen)| (id, chosen.0)).collect();
    let complete = |(mut one, origin): (Correction, SourceRecordId)| {
        if one.strategy != SurvivorshipStrategy::StewardOverride {
            one.source = sources.get(&origin.0).cloned();
        }
        one.answer = latest.get(&(one.source_record.0, one.attribute.clone())).cloned().filter(|answer| {
            let then = held.get(&answer.id).and_then(|chosen| chosen.0.get(&one.attribute));
            then.is_some_and(|then| then.value == one.proposed)
        });
        one
    };
    Ok(found.into_iter().map(complete).collect())
}
