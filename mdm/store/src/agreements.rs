//! Sharing agreements: which register may be linked with another or read by a department, for what, until when. One person of the owner
//! proposes, a second one approves; an ended or expired one has no force from that moment.

use kanak_model::access::OfDepartment;
use kanak_model::sharing::{
    AgreedLinks, Agreement, AgreementTerms, Covered, Party, Registers, read_purposes, stored_purposes,
};
use kanak_model::{Caller, Purpose, Timestamp, UserId};
use sqlx::FromRow;

use crate::api_keys::ApiKeyId;
use crate::audit_events;
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;
use crate::stewardship::check_text;
use crate::{Store, users};

#[derive(FromRow)]
struct Row {
    id: i64,
    register: String,
    party_kind: String,
    party: String,
    purposes: String,
    covers: String,
    reference: String,
    from_us: i64,
    until_us: Option<i64>,
    proposed_by: String,
    proposed_us: i64,
    approved_by: Option<String>,
    approved_us: Option<i64>,
    ended_by: Option<String>,
    ended_us: Option<i64>,
}

impl From<Row> for Agreement {
    /// What cannot be read gives nothing: an unknown kind of party is nobody, unknown purposes are none.
    fn from(row: Row) -> Self {
        let party = Party::find(&row.party_kind, row.party).unwrap_or(Party::ReadBy(String::new()));
        let pair = |by: Option<String>, at: Option<i64>| by.zip(at.map(Timestamp));
        Self {
            id: row.id,
            terms: AgreementTerms {
                register: row.register,
                party,
                purposes: read_purposes(&row.purposes),
                covers: Covered::read(&row.covers),
                from: Timestamp(row.from_us),
                until: row.until_us.map(Timestamp),
                reference: row.reference,
            },
            proposed: (row.proposed_by, Timestamp(row.proposed_us)),
            approved: pair(row.approved_by, row.approved_us),
            ended: pair(row.ended_by, row.ended_us),
        }
    }
}

const COLUMNS: &str =
    "SELECT id, register, party_kind, party, purposes, covers, reference, from_us, until_us, proposed_by,
     proposed_us, approved_by, approved_us, ended_by, ended_us FROM agreements";

async fn get(tx: &mut Tx, id: i64) -> Result<Agreement, StoreError> {
    let text = format!("{COLUMNS} WHERE id = $1");
    let engine = tx.engine();
    let row: Option<Row> = on_tx!(tx, |c| sqlx::query_as(sql(engine, &text)).bind(id).fetch_optional(c).await)?;
    row.map(Agreement::from).ok_or(StoreError::NotFound { what: "sharing agreement", id: id.to_string() })
}

async fn list(tx: &mut Tx) -> Result<Vec<Agreement>, StoreError> {
    let text = format!("{COLUMNS} ORDER BY id");
    let engine = tx.engine();
    let rows: Vec<Row> = on_tx!(tx, |c| sqlx::query_as(sql(engine, &text)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(Agreement::from).collect())
}

/// The department that owns a register.
async fn owner(tx: &mut Tx, register: &str) -> Result<String, StoreError> {
    const SQL: &str = "SELECT department FROM source_systems WHERE name = $1";
    let found: Option<String> = on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(register).fetch_optional(c).await)?;
    found.ok_or_else(|| StoreError::NotFound { what: "source system", id: register.to_owned() })
}

/// Refuses whoever is no working user of the department that owns a register; gives the name as it is spelled.
async fn check_person(tx: &mut Tx, register: &str, person: &str) -> Result<String, StoreError> {
    const SQL: &str = "SELECT name, department FROM users WHERE name = $1 AND disabled_us IS NULL";
    let owner = owner(tx, register).await?;
    let found: Option<(String, Option<String>)> =
        on_tx!(tx, |c| sqlx::query_as(SQL).bind(person).fetch_optional(c).await)?;
    match found {
        Some((name, Some(department))) if department == owner => Ok(name),
        _ => Err(StoreError::NotOfOwner { person: person.to_owned(), register: register.to_owned(), owner }),
    }
}

/// Refuses a match across registers that no agreement lets stand together, where the rules in force need one: neither now nor later
/// would it be made.
pub(crate) async fn check_match(tx: &mut Tx, entity: &str, left: i64, right: i64) -> Result<(), StoreError> {
    const REGISTERS: &str =
        "SELECT DISTINCT s.name FROM source_records r JOIN source_systems s ON s.id = r.source_system_id
         WHERE r.id IN ($1, $2) OR r.id IN (SELECT m.source_record_id FROM crosswalks m WHERE m.recorded_to_us IS NULL
             AND m.golden_id IN (SELECT o.golden_id FROM crosswalks o
                 WHERE o.source_record_id IN ($1, $2) AND o.recorded_to_us IS NULL)) ORDER BY s.name";
    if in_force(tx, entity).await?.is_none() {
        return Ok(());
    }
    let links = AgreedLinks::of(&list(tx).await?, tx.now);
    let registers: Vec<String> =
        on_tx!(tx, |c| sqlx::query_scalar(REGISTERS).bind(left).bind(right).fetch_all(c).await)?;
    let names: Vec<&str> = registers.iter().map(String::as_str).collect();
    match links.find_parted(&names) {
        None => Ok(()),
        Some((one, other)) => {
            Err(StoreError::NoAgreement { left, right, register: one.to_owned(), other: other.to_owned() })
        }
    }
}

/// Which registers the latest rules of an entity type let stand together; `None` where they need no agreement. Rules that cannot be
/// read let none.
pub(crate) async fn in_force(tx: &mut Tx, entity: &str) -> Result<Option<AgreedLinks>, StoreError> {
    const SQL: &str = "SELECT body FROM rule_sets WHERE entity = $1 ORDER BY version DESC LIMIT 1";
    let body: Option<sqlx::types::Json<serde_json::Value>> =
        on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(entity).fetch_optional(c).await)?;
    let agreed = body.and_then(|body| body.0.get("agreed").filter(|agreed| !agreed.is_null()).cloned());
    Ok(agreed.map(|agreed| serde_json::from_value(agreed).unwrap_or_default()))
}

/// Golden records of which two registers may not stand together by the rules under which they were resolved, ascending. Where the
/// latest rules were not applied yet, none is judged.
pub(crate) async fn list_parted(tx: &mut Tx) -> Result<Vec<i64>, StoreError> {
    const APPLIED: &str = "SELECT r.entity FROM rule_sets r JOIN settings s ON s.name = 'rules_applied.' || r.entity
         AND s.value = CAST(r.version AS TEXT)
         WHERE r.version = (SELECT max(l.version) FROM rule_sets l WHERE l.entity = r.entity) ORDER BY r.entity";
    const HELD: &str = "SELECT DISTINCT c.golden_id, s.name FROM crosswalks c
         JOIN source_records r ON r.id = c.source_record_id JOIN source_systems s ON s.id = r.source_system_id
         WHERE c.recorded_to_us IS NULL AND s.rows_of = $1 ORDER BY c.golden_id, s.name";
    let mut parted = Vec::new();
    let entities: Vec<String> = on_tx!(tx, |c| sqlx::query_scalar(APPLIED).fetch_all(c).await)?;
    for entity in entities {
        let Some(links) = in_force(tx, &entity).await? else { continue };
        let held: Vec<(i64, String)> = on_tx!(tx, |c| sqlx::query_as(HELD).bind(&entity).fetch_all(c).await)?;
        for of_one in held.chunk_by(|a, b| a.0 == b.0) {
            let names: Vec<&str> = of_one.iter().map(|(_, name)| name.as_str()).collect();
            parted.extend(links.find_parted(&names).map(|_| of_one[0].0));
        }
    }
    parted.sort_unstable();
    Ok(parted)
}

/// Whether the source records of a decision may not stand together, so that nothing could come of it: with all that their golden
/// records hold, by the latest rules.
pub(crate) async fn is_without_agreement(tx: &mut Tx, links: &AgreedLinks, golden: &[i64]) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT DISTINCT s.name FROM crosswalks c JOIN source_records r ON r.id = c.source_record_id
         JOIN source_systems s ON s.id = r.source_system_id
         WHERE c.recorded_to_us IS NULL AND c.golden_id IN (SELECT id FROM {ids $1} AS i) ORDER BY s.name";
    let engine = tx.engine();
    let names: Vec<String> =
        on_tx!(tx, |c| sqlx::query_scalar(sql(engine, SQL)).bind(json(golden)).fetch_all(c).await)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(links.find_parted(&names).is_some())
}

/// A user or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// A person who signs in.
    User(UserId),
    /// A program's key.
    Key(ApiKeyId),
}

impl Store {
    /// Proposes an agreement in the name of a user of the owner; gives its number. It has no force before [`Store::approve_agreement`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such register; [`StoreError::NotOfOwner`]; [`StoreError::Text`] when the reference cannot
    /// be kept, or the agreement would give nothing.
    pub async fn propose_agreement(&self, terms: &AgreementTerms, person: &str) -> Result<i64, StoreError> {
        const SQL: &str =
            "INSERT INTO agreements (id, register, party_kind, party, purposes, covers, reference, from_us,
             until_us, proposed_by, proposed_us)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM agreements), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             RETURNING id";
        let reference = check_text("the reference of an agreement", &terms.reference)?;
        let refuse = |why| Err(StoreError::Text { what: "an agreement", why });
        if terms.purposes.is_empty() || terms.covers.is_nothing() {
            return refuse("gives nothing; name a purpose, and attributes, classes or `all`");
        }
        if terms.until.is_some_and(|until| until <= terms.from) {
            return refuse("would end before it begins; name a later end");
        }
        let is_of_links = matches!(terms.party, Party::LinkedWith(_));
        if is_of_links && !terms.purposes.contains(&Purpose::Stewardship) {
            return refuse("of links names other purposes; linking is the work of `stewardship`");
        }
        let mut tx = self.db.begin(&*self.clock).await?;
        let person = check_person(&mut tx, &terms.register, person).await?;
        if let Party::LinkedWith(other) = &terms.party {
            owner(&mut tx, other).await?;
        }
        let now = tx.now.0;
        let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
            .bind(&terms.register)
            .bind(terms.party.word())
            .bind(terms.party.name())
            .bind(stored_purposes(&terms.purposes))
            .bind(terms.covers.stored())
            .bind(reference)
            .bind(terms.from.0)
            .bind(terms.until.map(|until| until.0))
            .bind(&person)
            .bind(now)
            .fetch_one(c)
            .await)?;
        let detail = serde_json::json!({ "register": terms.register, terms.party.word(): terms.party.name() });
        record(&mut tx, &person, "agreement_proposed", id, detail).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Approves an agreement in the name of another user of the owner than the one who proposed it, who was not asked for a password: the
    /// trail says so.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::NotOfOwner`]; [`StoreError::SamePerson`]; [`StoreError::Text`] when it waits for nobody.
    pub async fn approve_agreement(&self, id: i64, person: &str) -> Result<Agreement, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let approved = approve(&mut tx, id, person, serde_json::json!({ "signed_in": false })).await?;
        tx.commit().await?;
        Ok(approved)
    }

    /// The same by a user who has signed in.
    ///
    /// # Errors
    /// As [`Store::approve_agreement`].
    pub async fn approve_agreement_as(&self, id: i64, user: UserId) -> Result<Agreement, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        let person = users::actor(&mut tx, user).await?;
        let approved = approve(&mut tx, id, &person, serde_json::json!({ "signed_in": true })).await?;
        tx.commit().await?;
        Ok(approved)
    }

    /// Ends an agreement in the name of a user of the owner: one is enough, since it only narrows.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::NotOfOwner`]; [`StoreError::Text`] when it was ended before.
    pub async fn end_agreement(&self, id: i64, person: &str) -> Result<Agreement, StoreError> {
        const SQL: &str = "UPDATE agreements SET ended_by = $2, ended_us = $3 WHERE id = $1";
        let mut tx = self.db.begin(&*self.clock).await?;
        let agreement = get(&mut tx, id).await?;
        if agreement.ended.is_some() {
            return Err(StoreError::Text { what: "the agreement", why: "was ended before" });
        }
        let person = check_person(&mut tx, &agreement.terms.register, person).await?;
        let now = tx.now;
        on_tx!(tx, |c| sqlx::query(SQL).bind(id).bind(&person).bind(now.0).execute(c).await.map(drop))?;
        record(&mut tx, &person, "agreement_ended", id, serde_json::json!({})).await?;
        tx.commit().await?;
        Ok(Agreement { ended: Some((person, now)), ..agreement })
    }

    /// All agreements there ever were, in their order.
    pub async fn list_agreements(&self) -> Result<Vec<Agreement>, StoreError> {
        let text = format!("{COLUMNS} ORDER BY id");
        let engine = self.db.engine();
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(sql(engine, &text)).fetch_all(c).await)?;
        Ok(rows.into_iter().map(Agreement::from).collect())
    }

    /// Now, and never before what the hub has recorded: what was approved has force, also where the clock was put back.
    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now().max(self.recorded_until().await?))
    }

    /// Which registers agreements that have force now let stand together.
    pub async fn list_agreed_links(&self) -> Result<AgreedLinks, StoreError> {
        let now = self.now().await?;
        Ok(AgreedLinks::of(&self.list_agreements().await?, now))
    }

    /// Of which registers a caller's department reads values now, by purpose: its own, and what agreements give it. Of a caller that is
    /// nobody's in particular, none.
    pub async fn agreed_registers(
        &self,
        caller: &Caller,
    ) -> Result<(OfDepartment, Vec<(Purpose, Registers)>), StoreError> {
        const OWN: &str = "SELECT name FROM source_systems WHERE department = $1 ORDER BY name";
        let Some(department) = self.find_department(caller).await? else {
            return Ok((OfDepartment::No, Vec::new()));
        };
        let own: Vec<String> = on_db!(&self.db, |c| sqlx::query_scalar(OWN).bind(&department).fetch_all(c).await)?;
        let agreements = self.list_agreements().await?;
        let now = self.now().await?;
        let of = |purpose| (purpose, Registers::agreed(own.iter().cloned(), &agreements, &department, purpose, now));
        Ok((OfDepartment::Yes, Purpose::ALL.map(of).into()))
    }

    /// The department whose a user or a working key is.
    pub async fn find_department(&self, caller: &Caller) -> Result<Option<String>, StoreError> {
        const USER: &str = "SELECT department FROM users WHERE id = $1";
        const KEY: &str = "SELECT department FROM api_keys WHERE name = $1 AND disabled_us IS NULL
             AND (expires_us IS NULL OR expires_us > $2)";
        let found: Option<Option<String>> = match (caller.user, caller.name.strip_prefix("key:")) {
            (Some(user), _) => on_db!(&self.db, |c| sqlx::query_scalar(USER).bind(user.0).fetch_optional(c).await)?,
            (None, Some(key)) => {
                let now = self.clock.now().0;
                on_db!(&self.db, |c| sqlx::query_scalar(KEY).bind(key).bind(now).fetch_optional(c).await)?
            }
            (None, None) => None,
        };
        Ok(found.flatten())
    }

    /// Says whose a user or a key is; `by` whom is audited.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such user or key.
    pub async fn set_department(
        &self,
        by: &Caller,
        member: Member,
        department: Option<&str>,
    ) -> Result<(), StoreError> {
        const USER: &str = "UPDATE users SET department = $2 WHERE id = $1";
        const KEY: &str = "UPDATE api_keys SET department = $2 WHERE id = $1";
        let (text, what, id) = match member {
            Member::User(user) => (USER, "user", user.0),
            Member::Key(key) => (KEY, "api key", key.0),
        };
        let mut tx = self.db.begin(&*self.clock).await?;
        let changed = on_tx!(tx, |c| sqlx::query(text)
            .bind(id)
            .bind(department)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        if changed == 0 {
            return Err(StoreError::NotFound { what, id: id.to_string() });
        }
        let detail = serde_json::json!({ "department": department });
        audit_events::append_act(&mut tx, &by.name, "department_set", format!("{what} {id}"), detail).await?;
        tx.commit().await
    }
}

/// See [`Store::approve_agreement`].
async fn approve(tx: &mut Tx, id: i64, person: &str, detail: serde_json::Value) -> Result<Agreement, StoreError> {
    const SQL: &str = "UPDATE agreements SET approved_by = $2, approved_us = $3 WHERE id = $1";
    let agreement = get(tx, id).await?;
    let person = check_person(tx, &agreement.terms.register, person).await?;
    if agreement.approved.is_some() || agreement.ended.is_some() {
        return Err(StoreError::Text { what: "the agreement", why: "waits for nobody; it was approved or ended" });
    }
    if person == agreement.proposed.0 {
        return Err(StoreError::SamePerson { person });
    }
    let now = tx.now;
    on_tx!(tx, |c| sqlx::query(SQL).bind(id).bind(&person).bind(now.0).execute(c).await.map(drop))?;
    record(tx, &person, "agreement_approved", id, detail).await?;
    Ok(Agreement { approved: Some((person, now)), ..agreement })
}

async fn record(tx: &mut Tx, person: &str, action: &str, id: i64, detail: serde_json::Value) -> Result<(), StoreError> {
    audit_events::append_act(tx, person, action, format!("sharing agreement {id}"), detail).await
}
