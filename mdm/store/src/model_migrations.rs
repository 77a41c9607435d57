//! Migrating a model: what the hub holds is stated anew in the words of the new model, in one transaction. Nothing that was
//! answered changes: what was stated before stays in the ledger as an earlier version, and overrides end and are stated again.

use kanak_model::source_record::Values;
use kanak_model::{ModelMigration, ModelVersion, OverrideId, SourceRecord, SourceRecordId};
use rustc_hash::FxHashMap;

use crate::audit_events;
use crate::db::{Tx, on_tx};
use crate::declared_models;
use crate::dialect::{ROWS_A_STATEMENT, json, sql};
use crate::error::StoreError;
use crate::ingest::content_hash;
use crate::relations::RelationType;
use crate::{Store, relations, resolution, source_records};

/// A migration under way. It holds the hub's one writer; dropped, nothing happened.
pub struct ModelMigrationTx {
    tx: Tx,
    entity: String,
    after: SourceRecordId,
    /// The relations that its source records state.
    relations: Vec<RelationType>,
}

/// A value that a steward stated and that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOverride {
    /// Its id.
    pub id: OverrideId,
    /// The attribute.
    pub attribute: String,
    /// The value.
    pub value: String,
}

impl Store {
    /// Begins to migrate the model of an entity type. Until it is finished or dropped no other writing call comes through.
    pub async fn begin_model_migration(&self, entity: &str) -> Result<ModelMigrationTx, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let relations = relations::stated_by(&mut tx, entity).await?;
        Ok(ModelMigrationTx { tx, entity: entity.to_owned(), after: SourceRecordId(0), relations })
    }
}

impl ModelMigrationTx {
    /// The next live source records, by ascending id; none at the end.
    pub async fn next_records(&mut self) -> Result<Vec<SourceRecord>, StoreError> {
        let records =
            source_records::list_after(&mut self.tx, &self.entity, self.after, ROWS_A_STATEMENT as u32).await?;
        self.after = records.last().map_or(self.after, |last| last.id);
        Ok(records)
    }

    /// States source records anew: a further version of each, of the same run and the same time of change, which states relations
    /// as any other does and waits for a resolution.
    pub async fn restate(&mut self, records: &[(SourceRecordId, Values)]) -> Result<(), StoreError> {
        const KEEP: &str = "INSERT INTO source_record_versions (source_record_id, version, stated, updated_us,
             recorded_from_us, recorded_to_us, ingest_run_id)
             SELECT r.id, r.version, r.stated, r.updated_us, r.recorded_from_us, $2, r.ingest_run_id
             FROM source_records r WHERE r.id IN (SELECT id FROM {ids $1} AS i)";
        const UPDATE: &str =
            "UPDATE source_records SET version = source_records.version + 1, content_hash = r.content_hash,
             stated = r.stated, recorded_from_us = $2
             FROM {rows $1: id int, content_hash int, stated json} AS r WHERE source_records.id = r.id
             RETURNING source_records.id, source_records.version";
        let (now, engine) = (self.tx.now.0, self.tx.engine());
        for chunk in records.chunks(ROWS_A_STATEMENT) {
            let ids: Vec<i64> = chunk.iter().map(|(id, _)| id.0).collect();
            let rows: Vec<_> = chunk.iter().map(|(id, values)| (id.0, content_hash(values), values)).collect();
            on_tx!(self.tx, |c| sqlx::query(sql(engine, KEEP)).bind(json(&ids)).bind(now).execute(c).await.map(drop))?;
            let versions: FxHashMap<i64, i64> = on_tx!(self.tx, |c| sqlx::query_as(sql(engine, UPDATE))
                .bind(json(&rows))
                .bind(now)
                .fetch_all(c)
                .await)?
            .into_iter()
            .collect();
            let restated = chunk.iter().filter_map(|(id, values)| Some((id.0, *versions.get(&id.0)?, values)));
            relations::keep(&mut self.tx, &self.relations, &self.entity, restated).await?;
            resolution::mark_unresolved(&mut self.tx, &self.entity, &ids).await?;
        }
        Ok(())
    }

    /// The overrides that hold, in the order in which they were stated.
    pub async fn list_overrides(&mut self) -> Result<Vec<HeldOverride>, StoreError> {
        const SQL: &str =
            "SELECT id, attribute, value FROM overrides WHERE entity = $1 AND ended_us IS NULL ORDER BY id";
        let rows: Vec<(i64, String, String)> =
            on_tx!(self.tx, |c| sqlx::query_as(SQL).bind(&self.entity).fetch_all(c).await)?;
        let held = |(id, attribute, value)| HeldOverride { id: OverrideId(id), attribute, value };
        Ok(rows.into_iter().map(held).collect())
    }

    /// Ends an override and states it again of another attribute or in another form: by the same steward, with the same words, of
    /// the same source records, until the same time. With neither attribute nor value it only ends.
    pub async fn restate_override(
        &mut self,
        id: OverrideId,
        anew: Option<(&str, &str)>,
    ) -> Result<Option<OverrideId>, StoreError> {
        const INSERT: &str =
            "INSERT INTO overrides (id, entity, attribute, value, reason, stated_by, stated_us, expires_us)
             SELECT (SELECT max(id) + 1 FROM overrides), entity, $2, $3, reason, stated_by, $4, expires_us
             FROM overrides WHERE id = $1 RETURNING id";
        const MEMBERS: &str = "INSERT INTO override_members (override_id, place, source_record_id)
             SELECT $2, place, source_record_id FROM override_members WHERE override_id = $1";
        const END: &str = "UPDATE overrides SET ended_us = $2, restated_as = $3 WHERE id = $1";
        const OF: &str = "SELECT m.source_record_id FROM override_members m
             JOIN source_records r ON r.id = m.source_record_id AND r.retired_us IS NULL
             WHERE m.override_id = $1 ORDER BY m.source_record_id";
        let now = self.tx.now.0;
        let mut restated: Option<i64> = None;
        if let Some((attribute, value)) = anew {
            let new: i64 = on_tx!(self.tx, |c| sqlx::query_scalar(INSERT)
                .bind(id.0)
                .bind(attribute)
                .bind(value)
                .bind(now)
                .fetch_one(c)
                .await)?;
            on_tx!(self.tx, |c| sqlx::query(MEMBERS).bind(id.0).bind(new).execute(c).await.map(drop))?;
            restated = Some(new);
        }
        on_tx!(self.tx, |c| sqlx::query(END).bind(id.0).bind(now).bind(restated).execute(c).await.map(drop))?;
        let of: Vec<i64> = on_tx!(self.tx, |c| sqlx::query_scalar(OF).bind(id.0).fetch_all(c).await)?;
        resolution::mark_unresolved(&mut self.tx, &self.entity, &of).await?;
        Ok(restated.map(OverrideId))
    }

    /// Lets the proposals of a value that still wait follow a renamed attribute; those of a retired one lapse. Gives how many it
    /// touched.
    pub async fn follow_proposals(&mut self, attribute: &str, name: Option<&str>) -> Result<u64, StoreError> {
        const WAITING: &str = "SELECT id FROM proposals WHERE entity = $1 AND attribute = $2 AND outcome IS NULL";
        const RENAME: &str = "UPDATE proposals SET attribute = $2 WHERE id IN (SELECT id FROM {ids $1} AS i)";
        const LAPSE: &str =
            "UPDATE proposals SET outcome = 'lapsed', ended_us = $2 WHERE id IN (SELECT id FROM {ids $1} AS i)";
        let (now, engine) = (self.tx.now.0, self.tx.engine());
        let ids: Vec<i64> =
            on_tx!(self.tx, |c| sqlx::query_scalar(WAITING).bind(&self.entity).bind(attribute).fetch_all(c).await)?;
        match name {
            _ if ids.is_empty() => {}
            Some(name) => on_tx!(self.tx, |c| sqlx::query(sql(engine, RENAME))
                .bind(json(&ids))
                .bind(name)
                .execute(c)
                .await
                .map(drop))?,
            None => on_tx!(self.tx, |c| sqlx::query(sql(engine, LAPSE))
                .bind(json(&ids))
                .bind(now)
                .execute(c)
                .await
                .map(drop))?,
        }
        Ok(ids.len() as u64)
    }

    /// Finishes the migration: the hub answers by the new model from now on.
    pub async fn finish(
        mut self,
        version: u32,
        body: &ModelVersion,
        migrations: &[ModelMigration],
        actor: &str,
    ) -> Result<(), StoreError> {
        declared_models::insert(&mut self.tx, &self.entity, version, body, migrations).await?;
        let subject = format!("entity model {}", self.entity);
        let detail = serde_json::json!({ "version": version });
        audit_events::append_act(&mut self.tx, actor, "model_migrated", subject, detail).await?;
        self.tx.commit().await
    }
}
