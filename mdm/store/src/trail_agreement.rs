//! Whether the ledger of stewards' words and the permissions of users and keys are what the audit trail says they are. The trail is
//! chained and signed; these tables are not, and whoever can write them could put words into a steward's mouth.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;

use crate::audit_events::{CHANGES, words_hash};
use crate::code_versions::code_version_words;
use crate::db::{Tx, on_tx};
use crate::dialect::{json, sql};
use crate::error::StoreError;

/// The name of what an entry's detail holds of words that stay out of the trail: see [`words_hash`].
pub(crate) const WORDS: &str = "words_sha256";
/// The name of what an entry's detail holds of who proposed what its actor approved.
pub(crate) const IN_NAME_OF: &str = "in_name_of";

/// That a department, or a steward where a second one is needed, says of a row that it is of somebody else.
pub(crate) const DIFFERENCE_STATED: &str = "difference_stated";

/// What was done, as the trail words it now, and as it worded it before.
const DECIDED: [&str; 3] = ["task_decided", "decision_approved", "decided"];
const UNDONE: [&str; 2] = ["decision_undone", "undone"];

/// The entries that are looked at: all are changes of the hub.
const ACTIONS: [&str; 28] = [
    "task_decided",
    "decision_approved",
    "decided",
    "decision_undone",
    "undone",
    "value_overridden",
    "override_withdrawn",
    "override_expired",
    "golden_record_confirmed",
    "confirmation_withdrawn",
    "hold_placed",
    "hold_removed",
    "correction_answered",
    "answer_seen",
    "code_version_proposed",
    "code_version_published",
    "code_version_refused",
    "code_version_withdrawn",
    DIFFERENCE_STATED,
    "model_migrated",
    "erased",
    "user_created",
    "user_access_set",
    "user_disabled",
    "user_enabled",
    "department_set",
    "api_key_created",
    "api_key_disabled",
];

const PROPOSED_CODES: &str = "proposal of a code version";
const PUBLISHED_CODES: &str = "publication of a code version";
const REFUSED_CODES: &str = "refusal of a code version";
const WITHDRAWN_CODES: &str = "withdrawal of a code version";

/// What an erasure leaves of words.
pub(crate) const ERASED: &str = "erased";

/// One entry of the trail.
struct Entry {
    at_us: i64,
    actor: String,
    action: String,
    subject: String,
    detail: Value,
}

impl Entry {
    /// The number behind a word in the subject: 7 of `override 7`.
    fn number(&self, word: &str) -> Option<i64> {
        self.subject.strip_prefix(word)?.strip_prefix(' ')?.parse().ok()
    }

    fn is(&self, action: &str) -> bool {
        self.action == action
    }
}

/// The entries of acts, in order; `None` of a copy of a ledger, which has no trail and nobody who signs in.
async fn entries(tx: &mut Tx) -> Result<Option<Vec<Entry>>, StoreError> {
    // A resolution of the copy may let values expire, which is told.
    const IS_COPY: &str = "SELECT (SELECT count(*) FROM audit_events WHERE chain = $1 AND action <> 'override_expired')
         + (SELECT count(*) FROM users) + (SELECT count(*) FROM api_keys)";
    const SQL: &str = "SELECT at_us, actor, action, subject, detail FROM audit_events
         WHERE chain = $1 AND action IN (SELECT word FROM {texts $2} AS t) ORDER BY number";
    let kept: i64 = on_tx!(tx, |c| sqlx::query_scalar(IS_COPY).bind(CHANGES).fetch_one(c).await)?;
    if kept == 0 {
        return Ok(None);
    }
    let engine = tx.engine();
    let rows: Vec<(i64, String, String, String, String)> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, SQL)).bind(CHANGES).bind(json(&ACTIONS)).fetch_all(c).await)?;
    let entry = |(at_us, actor, action, subject, detail): (i64, String, String, String, String)| Entry {
        at_us,
        actor,
        action,
        subject,
        detail: serde_json::from_str(&detail).unwrap_or_default(),
    };
    Ok(Some(rows.into_iter().map(entry).collect()))
}

/// What kind of act; which task, override, hold or answer; when. The recorded time of a transaction is no other's.
type Act = (&'static str, i64, i64);

/// Who a row of the ledger says it was.
enum By {
    User(i64),
    Name(String),
}

/// A row of the ledger, as far as an entry must agree with it.
struct Row {
    by: By,
    /// The hash of its words; `None` where they were erased, or the act has none.
    words: Option<String>,
    /// What was decided, where the act is a decision.
    decision: Option<&'static str>,
}

/// What the ledger and the trail say, set side by side.
struct Sides<'e> {
    entries: &'e [Entry],
    /// When the last erasure was. Only erasures take words, and the trail tells of them.
    last_erased: Option<i64>,
    names: FxHashMap<i64, String>,
    rows: BTreeMap<Act, Vec<Row>>,
    broken: BTreeSet<String>,
}

fn in_words((kind, id, at_us): Act) -> String {
    if id == 0 { format!("{kind} at {}", kanak_model::Timestamp(at_us)) } else { format!("{kind} {id}") }
}

/// The act that an entry tells of.
fn act_of(entry: &Entry) -> Option<Act> {
    let detail = |name: &str| entry.detail.get(name).and_then(Value::as_i64);
    let (kind, id) = match entry.action.as_str() {
        action if DECIDED.contains(&action) => ("decision of steward task", entry.number("steward task")?),
        action if UNDONE.contains(&action) => ("undoing of steward task", entry.number("steward task")?),
        "value_overridden" => ("override", entry.number("override")?),
        "override_withdrawn" | "override_expired" => ("end of override", entry.number("override")?),
        "golden_record_confirmed" => ("confirmation", 0),
        "confirmation_withdrawn" => ("withdrawal of a confirmation", 0),
        "hold_placed" => ("legal hold", detail("hold")?),
        "hold_removed" => ("removal of legal hold", entry.number("legal hold")?),
        "correction_answered" => ("department's answer", detail("answer")?),
        DIFFERENCE_STATED => ("word of a difference", detail("answer")?),
        "code_version_proposed" => (PROPOSED_CODES, 0),
        "code_version_published" => (PUBLISHED_CODES, 0),
        "code_version_refused" => (REFUSED_CODES, 0),
        "code_version_withdrawn" => (WITHDRAWN_CODES, 0),
        "answer_seen" => ("note of department's answer", detail("answer")?),
        _ => return None,
    };
    Some((kind, id, entry.at_us))
}

impl Sides<'_> {
    fn row(&mut self, act: Act, by: By, words: Option<String>) {
        self.rows.entry(act).or_default().push(Row { by, words, decision: None });
    }

    /// Whether an erasure took the words of an act.
    fn was_erased(&self, reason: &str, since_us: i64) -> bool {
        reason == ERASED && self.last_erased > Some(since_us)
    }

    /// The hash of the words of an act whose reason is the last of them; `None` where an erasure took them.
    fn words(&self, since_us: i64, words: &[&str]) -> Option<String> {
        let reason = words.last().copied().unwrap_or_default();
        (!self.was_erased(reason, since_us)).then(|| words_hash(words.iter().copied()))
    }

    fn is_by(&self, row: &Row, name: &str) -> bool {
        match &row.by {
            // Before there was a user of that number, the trail called it by the number.
            By::User(id) => self.names.get(id).is_some_and(|known| known == name) || name == format!("user {id}"),
            By::Name(known) => known == name,
        }
    }

    /// Compares both sides in both directions.
    fn compare(&mut self) {
        let mut told: FxHashSet<Act> = FxHashSet::default();
        let mut broken = Vec::new();
        for entry in self.entries {
            let Some(act) = act_of(entry) else { continue };
            told.insert(act);
            let text = |name: &str| entry.detail.get(name).and_then(Value::as_str);
            let actor = match text(IN_NAME_OF) {
                // What one steward proposed and another approved is in the name of the first.
                None if entry.is("decision_approved") => None,
                None => Some(entry.actor.as_str()),
                named => named,
            };
            let agrees = |row: &Row| {
                let is_theirs = entry.is("override_expired") || actor.is_none_or(|actor| self.is_by(row, actor));
                let same =
                    |stated: Option<&str>, held: Option<&str>| stated.is_none() || held.is_none() || stated == held;
                is_theirs && same(text(WORDS), row.words.as_deref()) && same(text("decision"), row.decision)
            };
            if !self.rows.get(&act).is_some_and(|rows| rows.iter().all(agrees)) {
                broken.push(in_words(act));
            }
        }
        broken.extend(self.rows.keys().filter(|act| !told.contains(*act)).map(|act| in_words(*act)));
        self.broken.extend(broken);
    }

    fn times_of(&self, action: &str) -> FxHashSet<i64> {
        self.entries.iter().filter(|entry| entry.is(action)).map(|entry| entry.at_us).collect()
    }
}

/// What is another than the trail says, in words.
#[derive(Default)]
pub(crate) struct Unlike {
    /// Of the ledger: overrides, decisions, confirmations, legal holds, departments' answers and versions of code systems, each with its end. Words of which the
    /// trail has no hash are not compared.
    pub(crate) words: Vec<String>,
    /// Of what users and keys may do, as the last entries about them state it.
    pub(crate) permissions: Vec<String>,
}

/// Sets the ledger and the permissions beside the trail.
pub(crate) async fn list_unlike(tx: &mut Tx) -> Result<Unlike, StoreError> {
    let Some(entries) = entries(tx).await? else { return Ok(Unlike::default()) };
    Ok(Unlike { words: unlike_words(tx, &entries).await?, permissions: unlike_permissions(tx, &entries).await? })
}

async fn unlike_words(tx: &mut Tx, entries: &[Entry]) -> Result<Vec<String>, StoreError> {
    const NAMES: &str = "SELECT id, name FROM users";
    let names: Vec<(i64, String)> = on_tx!(tx, |c| sqlx::query_as(NAMES).fetch_all(c).await)?;
    let names = names.into_iter().collect();
    let last_erased = entries.iter().filter(|entry| entry.is(ERASED)).map(|entry| entry.at_us).max();
    let mut sides = Sides { entries, last_erased, names, rows: BTreeMap::new(), broken: BTreeSet::new() };
    read_overrides(tx, &mut sides).await?;
    read_decisions(tx, &mut sides).await?;
    read_confirmations(tx, &mut sides).await?;
    read_holds_and_answers(tx, &mut sides).await?;
    read_code_versions(tx, &mut sides).await?;
    sides.compare();
    Ok(sides.broken.into_iter().collect())
}

/// The words of an override that stay out of the trail. Its value is none of them: whoever has the trail could try telephone numbers
/// until one fits, also after an erasure. That it is unchanged follows from the golden values that took it.
pub(crate) fn override_words(attribute: &str, reason: &str, expires_us: Option<i64>) -> String {
    let expires = expires_us.map(|at| at.to_string()).unwrap_or_default();
    words_hash([attribute, reason, expires.as_str()])
}

async fn read_overrides(tx: &mut Tx, sides: &mut Sides<'_>) -> Result<(), StoreError> {
    const SQL: &str =
        "SELECT o.id, o.attribute, o.value, o.reason, o.stated_by, o.stated_us, o.expires_us, o.ended_by, o.ended_us,
         (SELECT count(*) FROM overrides r WHERE r.restated_as = o.id) FROM overrides o ORDER BY o.id";
    type Found = (i64, String, String, String, i64, i64, Option<i64>, Option<i64>, Option<i64>, i64);
    let (migrations, erasures) = (sides.times_of("model_migrated"), sides.times_of(ERASED));
    let rows: Vec<Found> = on_tx!(tx, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    for (id, attribute, value, reason, by, stated, expires, ended_by, ended, restates) in rows {
        // A migration of the model states it anew in the steward's name.
        if restates == 0 || !migrations.contains(&stated) {
            let is_erased = value.is_empty() && sides.was_erased(&reason, stated);
            let words = (!is_erased).then(|| override_words(&attribute, &reason, expires));
            sides.row(("override", id, stated), By::User(by), words);
        }
        if let Some(ended) = ended {
            let by_the_hub = ended_by.is_none() && (migrations.contains(&ended) || erasures.contains(&ended));
            if !by_the_hub {
                sides.row(("end of override", id, ended), By::User(ended_by.unwrap_or(0)), None);
            }
        }
    }
    Ok(())
}

async fn read_decisions(tx: &mut Tx, sides: &mut Sides<'_>) -> Result<(), StoreError> {
    const SQL: &str =
        "SELECT steward_task_id, kind, reason, decided_by, decided_us, undone_by, undone_us, coalesce(undone_reason, '')
         FROM constraints ORDER BY id";
    type Found = (i64, String, String, i64, i64, Option<i64>, Option<i64>, String);
    let rows: Vec<Found> = on_tx!(tx, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    for (task, kind, reason, by, decided, undone_by, undone, undone_reason) in rows {
        let words = sides.words(decided, &[&reason]);
        let decision = Some(if kind == "must_link" { "match" } else { "no_match" });
        let act = ("decision of steward task", task, decided);
        sides.rows.entry(act).or_default().push(Row { by: By::User(by), words, decision });
        if let Some(undone) = undone {
            let words = sides.words(undone, &[&undone_reason]);
            sides.row(("undoing of steward task", task, undone), By::User(undone_by.unwrap_or(0)), words);
        }
    }
    Ok(())
}

async fn read_confirmations(tx: &mut Tx, sides: &mut Sides<'_>) -> Result<(), StoreError> {
    const ALONE: &str = "SELECT reason, confirmed_by, confirmed_us, withdrawn_by, withdrawn_us FROM confirmations
         WHERE constraint_id IS NULL ORDER BY id";
    // What came with a decision is told by the decision. Hubs from before there were confirmations have some of what was undone.
    const BESIDE: &str =
        "SELECT c.id, c.reason, c.confirmed_us, d.id IS NOT NULL FROM confirmations c LEFT JOIN constraints d
             ON d.id = c.constraint_id AND d.kind = 'must_link' AND d.decided_us = c.confirmed_us
             AND d.decided_by = c.confirmed_by AND coalesce(d.undone_us, 0) = coalesce(c.withdrawn_us, 0)
         WHERE c.constraint_id IS NOT NULL AND (d.id IS NULL OR d.reason <> c.reason) ORDER BY c.id";
    const MISSING: &str =
        "SELECT d.steward_task_id FROM constraints d WHERE d.kind = 'must_link' AND d.undone_us IS NULL
         AND NOT EXISTS (SELECT 1 FROM confirmations c WHERE c.constraint_id = d.id) ORDER BY d.id";
    type Found = (String, i64, i64, Option<i64>, Option<i64>);
    let rows: Vec<Found> = on_tx!(tx, |c| sqlx::query_as(ALONE).fetch_all(c).await)?;
    for (reason, by, confirmed, withdrawn_by, withdrawn) in rows {
        let words = sides.words(confirmed, &[&reason]);
        sides.row(("confirmation", 0, confirmed), By::User(by), words);
        if let Some(withdrawn) = withdrawn {
            let by = By::User(withdrawn_by.unwrap_or(0));
            sides.row(("withdrawal of a confirmation", 0, withdrawn), by, None);
        }
    }
    let unlike: Vec<(i64, String, i64, bool)> = on_tx!(tx, |c| sqlx::query_as(BESIDE).fetch_all(c).await)?;
    for (id, reason, confirmed, is_of_decision) in unlike {
        // Its words may have been erased where those of the decision stay.
        if !is_of_decision || !sides.was_erased(&reason, confirmed) {
            sides.broken.insert(format!("confirmation {id}"));
        }
    }
    let missing: Vec<i64> = on_tx!(tx, |c| sqlx::query_scalar(MISSING).fetch_all(c).await)?;
    sides.broken.extend(missing.into_iter().map(|task| format!("confirmation by steward task {task}")));
    Ok(())
}

async fn read_holds_and_answers(tx: &mut Tx, sides: &mut Sides<'_>) -> Result<(), StoreError> {
    const HOLDS: &str =
        "SELECT id, authority, reason, placed_by, placed_us, removed_by, removed_us FROM legal_holds ORDER BY id";
    const ANSWERS: &str =
        "SELECT id, coalesce(reason, ''), answered_by, answered_us, seen_by, seen_us, says FROM department_answers
         ORDER BY id";
    type Hold = (i64, String, String, String, i64, Option<String>, Option<i64>);
    type Answer = (i64, String, String, i64, Option<i64>, Option<i64>, String);
    let holds: Vec<Hold> = on_tx!(tx, |c| sqlx::query_as(HOLDS).fetch_all(c).await)?;
    for (id, authority, reason, by, placed, removed_by, removed) in holds {
        let words = sides.words(placed, &[&authority, &reason]);
        sides.row(("legal hold", id, placed), By::Name(by), words);
        if let Some(removed) = removed {
            sides.row(("removal of legal hold", id, removed), By::Name(removed_by.unwrap_or_default()), None);
        }
    }
    let answers: Vec<Answer> = on_tx!(tx, |c| sqlx::query_as(ANSWERS).fetch_all(c).await)?;
    // Before the trail told of them by themselves, the entry of the write stood for them.
    let told_since = sides.times_of(DIFFERENCE_STATED).into_iter().min();
    for (id, reason, by, answered, seen_by, seen, says) in answers {
        let words = sides.words(answered, &[&reason]);
        if says != "differs" {
            sides.row(("department's answer", id, answered), By::Name(by), words);
        } else if told_since.is_some_and(|since| answered >= since) {
            sides.row(("word of a difference", id, answered), By::Name(by), words);
        }
        if let Some(seen) = seen {
            sides.row(("note of department's answer", id, seen), By::User(seen_by.unwrap_or(0)), None);
        }
    }
    Ok(())
}

async fn read_code_versions(tx: &mut Tx, sides: &mut Sides<'_>) -> Result<(), StoreError> {
    const SQL: &str = "SELECT sha256, state, proposed_by, proposed_us, proposed_reason, coalesce(decided_by, ''),
         coalesce(decided_us, 0), coalesce(decided_reason, '') FROM code_versions ORDER BY id";
    type Found = (String, String, String, i64, String, String, i64, String);
    let rows: Vec<Found> = on_tx!(tx, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    for (sha256, state, by, proposed, reason, decided_by, decided, decided_reason) in rows {
        let words = Some(code_version_words(&sha256, Some(&reason)));
        sides.row((PROPOSED_CODES, 0, proposed), By::Name(by), words);
        let kind = match state.as_str() {
            "proposed" => continue,
            "published" => PUBLISHED_CODES,
            "refused" => REFUSED_CODES,
            _ => WITHDRAWN_CODES,
        };
        let words = Some(code_version_words(&sha256, Some(&decided_reason)));
        sides.row((kind, 0, decided), By::Name(decided_by), words);
    }
    Ok(())
}

/// What may be done, as the last entries about a user or a key state it. What no entry states is not known.
#[derive(Default)]
struct Permission {
    /// Whether an entry tells that it was made.
    is_known: bool,
    roles: Option<Value>,
    districts: Option<Value>,
    department: Value,
    is_disabled: bool,
    expires_us: Option<Value>,
}

impl Permission {
    fn take(&mut self, entry: &Entry) {
        let detail = |name: &str| entry.detail.get(name).cloned();
        match entry.action.as_str() {
            "user_created" | "api_key_created" | "user_access_set" => {
                self.is_known = true;
                self.roles = detail("roles");
                self.districts = detail("districts");
                self.expires_us = detail("expires_us");
            }
            "department_set" => self.department = detail("department").unwrap_or_default(),
            "user_disabled" | "api_key_disabled" => self.is_disabled = true,
            "user_enabled" => self.is_disabled = false,
            _ => {}
        }
    }

    fn agrees(&self, held: &Held) -> bool {
        let same =
            |stated: &Option<Value>, held: &Value| stated.as_ref().is_none_or(|stated| as_set(stated) == as_set(held));
        self.is_known
            && same(&self.roles, &held.roles)
            && same(&self.districts, &held.districts)
            && same(&self.expires_us, &held.expires_us)
            && self.department == held.department
            && self.is_disabled == held.is_disabled
    }
}

/// A list in any order; `None` of what is none.
fn as_set(value: &Value) -> (Option<BTreeSet<String>>, &Value) {
    match value {
        Value::Array(words) => (Some(words.iter().map(ToString::to_string).collect()), &Value::Null),
        other => (None, other),
    }
}

/// What the hub holds of a user or a key.
struct Held {
    roles: Value,
    districts: Value,
    department: Value,
    is_disabled: bool,
    expires_us: Value,
}

/// The users and keys of which the last entries of the trail say something else than the hub holds, in words.
async fn unlike_permissions(tx: &mut Tx, entries: &[Entry]) -> Result<Vec<String>, StoreError> {
    const USERS: &str =
        "SELECT id, roles, districts, department, disabled_us, CAST(NULL AS BIGINT) FROM users ORDER BY id";
    const KEYS: &str = "SELECT id, roles, districts, department, disabled_us, expires_us FROM api_keys ORDER BY id";
    type Found =
        (i64, sqlx::types::Json<Value>, Option<sqlx::types::Json<Value>>, Option<String>, Option<i64>, Option<i64>);
    let mut broken = Vec::new();
    for (what, text) in [("user", USERS), ("api key", KEYS)] {
        let mut stated: BTreeMap<i64, Permission> = BTreeMap::new();
        for entry in entries {
            if let Some(id) = entry.number(what) {
                stated.entry(id).or_default().take(entry);
            }
        }
        let rows: Vec<Found> = on_tx!(tx, |c| sqlx::query_as(text).fetch_all(c).await)?;
        for (id, roles, districts, department, disabled, expires) in rows {
            let held = Held {
                roles: roles.0,
                districts: districts.map_or(Value::Null, |districts| districts.0),
                department: department.into(),
                is_disabled: disabled.is_some(),
                expires_us: expires.into(),
            };
            if !stated.remove(&id).is_some_and(|permission| permission.agrees(&held)) {
                broken.push(format!("{what} {id}"));
            }
        }
        // Nobody is ever taken out of the hub: who leaves is disabled.
        broken.extend(stated.into_iter().filter(|(_, one)| one.is_known).map(|(id, _)| format!("{what} {id}")));
    }
    Ok(broken)
}
