//! Field checks: what officers are asked to find out on the spot about a doubtful pair, and what they found. A ledger: a question is
//! answered once or withdrawn, and neither is struck out. An answer decides nothing; a decision names it.

use kanak_model::match_pair::Decision;
use kanak_model::steward_task::{FieldAnswer, FieldCheck, FieldCheckState, Finding};
use kanak_model::{FieldCheckId, GoldenId, SourceRecordId, StewardTaskId, Timestamp, UserId};
use sqlx::FromRow;

use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;
use crate::steward_tasks::{allowed, audit, get_due};
use crate::stewardship::check_text;
use crate::{Store, users};

#[derive(FromRow)]
struct Row {
    id: i64,
    steward_task_id: i64,
    question: String,
    office: String,
    asked_by: i64,
    asked_us: i64,
    finding: Option<String>,
    found_by: Option<String>,
    found_on: Option<String>,
    note: Option<String>,
    ended_by: Option<i64>,
    ended_us: Option<i64>,
}

const COLUMNS: &str =
    "SELECT f.id, f.steward_task_id, f.question, f.office, f.asked_by, f.asked_us, f.finding, f.found_by, f.found_on,
     f.note, f.ended_by, f.ended_us FROM field_checks f";

impl TryFrom<Row> for FieldCheck {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let stored =
            || StoreError::Stored { table: "field_checks", row: row.id, column: "finding", expected: "whole answer" };
        let ended = row.ended_by.zip(row.ended_us).map(|(by, at)| (UserId(by), Timestamp(at)));
        let state = match (&row.finding, ended) {
            (None, None) => FieldCheckState::Asked,
            (None, Some((by, at))) => FieldCheckState::Withdrawn { by, at },
            (Some(finding), Some((by, at))) => {
                let day = row.found_on.as_deref().and_then(|day| day.parse().ok());
                let answer = FieldAnswer {
                    finding: Finding::find(finding).ok_or_else(stored)?,
                    found_by: row.found_by.clone().ok_or_else(stored)?,
                    found_on: day.ok_or_else(stored)?,
                    note: row.note.clone().ok_or_else(stored)?,
                };
                FieldCheckState::Answered { answer, by, at }
            }
            (Some(_), None) => return Err(stored()),
        };
        Ok(Self {
            id: FieldCheckId(row.id),
            task: StewardTaskId(row.steward_task_id),
            question: row.question,
            office: row.office,
            asked_by: UserId(row.asked_by),
            asked: Timestamp(row.asked_us),
            state,
        })
    }
}

/// The field checks of a task, in the order of asking.
pub(crate) async fn list(tx: &mut Tx, task: StewardTaskId) -> Result<Vec<FieldCheck>, StoreError> {
    let text = format!("{COLUMNS} WHERE f.steward_task_id = $1 ORDER BY f.id");
    let text = sqlx::AssertSqlSafe(text);
    let rows: Vec<Row> = on_tx!(tx, |c| sqlx::query_as(text).bind(task.0).fetch_all(c).await)?;
    rows.into_iter().map(FieldCheck::try_from).collect()
}

/// Whether a decision may rest on what it names: no question waits, and of answered ones it names one.
pub(crate) async fn check_evidence(
    tx: &mut Tx,
    task: StewardTaskId,
    named: Option<FieldCheckId>,
) -> Result<(), StoreError> {
    let checks = list(tx, task).await?;
    if let Some(waits) = checks.iter().find(|check| check.state == FieldCheckState::Asked) {
        return Err(StoreError::FieldCheckWaits { task, check: waits.id });
    }
    let mut answered = checks.iter().filter(|check| matches!(check.state, FieldCheckState::Answered { .. }));
    match named {
        Some(named) if answered.any(|check| check.id == named) => Ok(()),
        Some(named) => {
            let what = "answered field check of this steward task";
            Err(StoreError::NotFound { what, id: named.to_string() })
        }
        None => match answered.next_back() {
            Some(last) => Err(StoreError::FieldCheckUnnamed { task, check: last.id }),
            None => Ok(()),
        },
    }
}

/// A field check that still waits for its answer.
async fn get_asked(tx: &mut Tx, task: StewardTaskId, id: FieldCheckId) -> Result<FieldCheck, StoreError> {
    let found = list(tx, task).await?.into_iter().find(|check| check.id == id);
    let check =
        found.ok_or_else(|| StoreError::NotFound { what: "field check of this steward task", id: id.to_string() })?;
    if check.state == FieldCheckState::Asked { Ok(check) } else { Err(StoreError::FieldCheckEnded(id)) }
}

/// Takes the words of stewards and officers out of field checks about source records that are erased.
pub(crate) async fn erase_words(tx: &mut Tx, sources: &[i64]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE field_checks SET question = 'erased',
         found_by = CASE WHEN found_by IS NOT NULL THEN 'erased' END, note = CASE WHEN note IS NOT NULL THEN 'erased' END
         WHERE steward_task_id IN (SELECT t.id FROM steward_tasks t
             WHERE t.left_id IN (SELECT id FROM {ids $1} AS i) OR t.right_id IN (SELECT id FROM {ids $1} AS j))";
    let engine = tx.engine();
    on_tx!(tx, |c| sqlx::query(sql(engine, SQL)).bind(json(sources)).execute(c).await.map(drop))?;
    Ok(())
}

impl Store {
    /// Asks an office to find something out on the spot about the two of a task. Until it is answered or withdrawn the task is not
    /// decided.
    ///
    /// # Errors
    /// [`StoreError::Text`] when question or office cannot be kept; [`StoreError::TaskState`] when the task is settled;
    /// [`StoreError::TaskHeld`] when another steward holds it; [`StoreError::TaskStep`] when it waits for a role that the steward lacks.
    pub async fn ask_field_check(
        &self,
        task: StewardTaskId,
        by: UserId,
        question: &str,
        office: &str,
    ) -> Result<FieldCheckId, StoreError> {
        const SQL: &str = "INSERT INTO field_checks (id, steward_task_id, question, office, asked_by, asked_us)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM field_checks), $1, $2, $3, $4, $5) RETURNING id";
        let (question, office) = (check_text("the question", question)?, check_text("the office", office)?);
        let mut tx = self.db.begin(&*self.clock).await?;
        let asked = get_due(&mut tx, task).await?;
        // Who may ask is who may decide.
        allowed(&mut tx, &asked, by, |task, actor, now| task.decide(actor, now, Decision::NoMatch)).await?;
        let now = tx.now.0;
        let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
            .bind(task.0)
            .bind(question)
            .bind(office)
            .bind(by.0)
            .bind(now)
            .fetch_one(c)
            .await)?;
        let actor = users::actor(&mut tx, by).await?;
        audit(&mut tx, &actor, "field_check_asked", task, serde_json::json!({ "field_check": id })).await?;
        tx.commit().await?;
        Ok(FieldCheckId(id))
    }

    /// Writes down what an officer found. Whoever may see the task may do so, also when it is settled by now; but who asked does not
    /// answer.
    ///
    /// # Errors
    /// [`StoreError::OwnFieldCheck`] for who asked;
    /// [`StoreError::Text`] when a text cannot be kept; [`StoreError::FoundLater`] for a day that is still to come;
    /// [`StoreError::NotFound`] when the task has no such field check; [`StoreError::FieldCheckEnded`] when it does not wait any more.
    pub async fn answer_field_check(
        &self,
        task: StewardTaskId,
        id: FieldCheckId,
        by: UserId,
        answer: &FieldAnswer,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE field_checks SET finding = $2, found_by = $3, found_on = $4, note = $5, ended_by = $6, ended_us = $7
             WHERE id = $1";
        let found_by = check_text("the officer's name", &answer.found_by)?;
        let note = check_text("the officer's words", &answer.note)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        if answer.found_on > tx.now.day_ist() {
            return Err(StoreError::FoundLater);
        }
        if get_asked(&mut tx, task, id).await?.asked_by == by {
            return Err(StoreError::OwnFieldCheck(id));
        }
        let (now, day) = (tx.now.0, answer.found_on.to_string());
        on_tx!(tx, |c| sqlx::query(SQL)
            .bind(id.0)
            .bind(answer.finding.word())
            .bind(found_by)
            .bind(&day)
            .bind(note)
            .bind(by.0)
            .bind(now)
            .execute(c)
            .await
            .map(drop))?;
        let actor = users::actor(&mut tx, by).await?;
        let detail = serde_json::json!({ "field_check": id.0, "finding": answer.finding.word() });
        audit(&mut tx, &actor, "field_check_answered", task, detail).await?;
        tx.commit().await
    }

    /// Withdraws a question that nobody has answered.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the task has no such field check; [`StoreError::FieldCheckEnded`] when it does not wait any more.
    pub async fn withdraw_field_check(
        &self,
        task: StewardTaskId,
        id: FieldCheckId,
        by: UserId,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE field_checks SET ended_by = $2, ended_us = $3 WHERE id = $1";
        let mut tx = self.db.begin(&*self.clock).await?;
        get_asked(&mut tx, task, id).await?;
        let now = tx.now.0;
        on_tx!(tx, |c| sqlx::query(SQL).bind(id.0).bind(by.0).bind(now).execute(c).await.map(drop))?;
        let actor = users::actor(&mut tx, by).await?;
        audit(&mut tx, &actor, "field_check_withdrawn", task, serde_json::json!({ "field_check": id.0 })).await?;
        tx.commit().await
    }

    /// The field checks about two source records that a golden record holds now, with the two of each, in the order of asking.
    /// Withdrawn ones are left out. The caller has read the golden record under the same access.
    pub async fn list_field_checks_of(
        &self,
        id: GoldenId,
    ) -> Result<Vec<(SourceRecordId, SourceRecordId, FieldCheck)>, StoreError> {
        #[derive(FromRow)]
        struct Of {
            left_id: i64,
            right_id: i64,
            #[sqlx(flatten)]
            check: Row,
        }
        const SQL: &str = "SELECT t.left_id, t.right_id, f.id, f.steward_task_id, f.question, f.office, f.asked_by, f.asked_us,
             f.finding, f.found_by, f.found_on, f.note, f.ended_by, f.ended_us
             FROM field_checks f JOIN steward_tasks t ON t.id = f.steward_task_id
             JOIN crosswalks l ON l.source_record_id = t.left_id AND l.recorded_to_us IS NULL
             JOIN crosswalks r ON r.source_record_id = t.right_id AND r.recorded_to_us IS NULL
             WHERE l.golden_id = $1 AND r.golden_id = $1 AND (f.finding IS NOT NULL OR f.ended_us IS NULL) ORDER BY f.id";
        let rows: Vec<Of> = on_db!(&self.db, |c| sqlx::query_as(SQL).bind(id.0).fetch_all(c).await)?;
        let of =
            |row: Of| Ok((SourceRecordId(row.left_id), SourceRecordId(row.right_id), FieldCheck::try_from(row.check)?));
        rows.into_iter().map(of).collect()
    }
}
