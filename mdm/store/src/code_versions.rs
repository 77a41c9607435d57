//! Versions of code systems that the deployment publishes itself: one steward proposes, a second one publishes, and what was
//! published stays as it is for ever. A version that was refused or withdrawn was never in force, and its name is free again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kanak_model::feed::Publication;
use kanak_model::{FeedPosition, Role, Timestamp, UserId};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::audit_events::{self, hex, words_hash};
use crate::db::{Tx, on_db, on_tx};
use crate::dialect::sql;
use crate::editions::{self, Edition};
use crate::error::StoreError;
use crate::stewardship::{check_reason, check_words_of};
use crate::trail_agreement::WORDS;
use crate::users::{self, read_roles};
use crate::{Store, feed_events};

/// Who acts on a version: a user with the role `steward` for the whole state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curator<'a> {
    /// Named on the command line, and not asked for a password: the trail says so.
    Named(&'a str),
    /// Signed in.
    SignedIn(UserId),
}

/// A version to be proposed. Whoever proposes has read and checked its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCodeVersion<'a> {
    /// The code system.
    pub system: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The first day on which it is in force, `YYYY-MM-DD`; `None` for ever since.
    pub effective_from: Option<String>,
    /// Sidecar and table.
    pub parts: CodeParts,
    /// How many concepts it has.
    pub concepts: u64,
    /// The version that it was compared with.
    pub previous: Option<String>,
    /// How it differs from that one.
    pub differs: CodeCounts,
    /// Why, in words.
    pub reason: &'a str,
}

/// What a version is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeParts {
    /// The text of its sidecar.
    pub sidecar: String,
    /// Its gzip-compressed CSV.
    pub packed_csv: Vec<u8>,
}

impl CodeParts {
    /// SHA-256 over both, each with its length, hex.
    pub fn sha256(&self) -> String {
        let mut hasher = Sha256::new();
        for part in [self.sidecar.as_bytes(), &self.packed_csv] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hex(&hasher.finalize())
    }
}

/// How many concepts differ from the version before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CodeCounts {
    /// Those that the version before lacks.
    pub added: u64,
    /// Those that say something else and are not retired by it.
    pub changed: u64,
    /// Those that were active before and are retired.
    pub retired: u64,
    /// Those that only the version before has.
    pub removed: u64,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeVersionState {
    /// It waits for a second steward.
    Proposed,
    /// It is one of its system's versions for ever.
    Published,
    /// A second steward refused it.
    Refused,
    /// Who proposed it took it back.
    Withdrawn,
}

impl CodeVersionState {
    /// The word in tables and answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Published => "published",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn find(word: &str) -> Option<Self> {
        [Self::Proposed, Self::Published, Self::Refused, Self::Withdrawn].into_iter().find(|one| one.word() == word)
    }
}

/// A version that was proposed, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeVersion {
    /// Ascending, in the order in which they were proposed.
    pub id: i64,
    /// The code system.
    pub system: String,
    /// Its version.
    pub version: String,
    /// The first day on which it is in force; `None` for ever since.
    pub effective_from: Option<String>,
    /// [`CodeParts::sha256`].
    pub sha256: String,
    /// How many concepts it has.
    pub concepts: u64,
    /// The version that it was compared with.
    pub previous: Option<String>,
    /// How it differs from that one.
    pub differs: CodeCounts,
    /// Where it stands.
    pub state: CodeVersionState,
    /// Who proposed it, and when.
    pub proposed: (String, Timestamp),
    /// Why.
    pub reason: String,
    /// Who published, refused or withdrew it, and when.
    pub decided: Option<(String, Timestamp)>,
    /// Why, where words were given.
    pub decided_reason: Option<String>,
}

/// What is told of a version when it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodesTold {
    /// How many versions were published when this was made: once there is another, it no longer fits.
    pub published_before: i64,
    /// What the feed says.
    pub publication: Publication,
    /// What is kept as told last of the system; `None` where a version that comes into force later was told already.
    pub edition: Option<Edition>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    system: String,
    version: String,
    effective_from: Option<String>,
    sha256: String,
    concepts: i64,
    previous: Option<String>,
    added: i64,
    changed: i64,
    retired: i64,
    removed: i64,
    state: String,
    proposed_by: String,
    proposed_us: i64,
    proposed_reason: String,
    decided_by: Option<String>,
    decided_us: Option<i64>,
    decided_reason: Option<String>,
}

const COLUMNS: &str =
    "SELECT id, system, version, effective_from, sha256, concepts, previous, added, changed, retired, removed, state,
     proposed_by, proposed_us, proposed_reason, decided_by, decided_us, decided_reason FROM code_versions";

fn stored(row: i64, column: &'static str, expected: &'static str) -> StoreError {
    StoreError::Stored { table: "code_versions", row, column, expected }
}

impl TryFrom<Row> for CodeVersion {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state = CodeVersionState::find(&row.state).ok_or_else(|| stored(row.id, "state", "state of a version"))?;
        Ok(Self {
            id: row.id,
            system: row.system,
            version: row.version,
            effective_from: row.effective_from,
            sha256: row.sha256,
            concepts: row.concepts as u64,
            previous: row.previous,
            differs: CodeCounts {
                added: row.added as u64,
                changed: row.changed as u64,
                retired: row.retired as u64,
                removed: row.removed as u64,
            },
            state,
            proposed: (row.proposed_by, Timestamp(row.proposed_us)),
            reason: row.proposed_reason,
            decided: row.decided_by.zip(row.decided_us.map(Timestamp)),
            decided_reason: row.decided_reason,
        })
    }
}

/// The parts as they were proposed: what was changed beside the hub's own ways is not served.
fn parts_of((id, sha256, sidecar, packed): (i64, String, String, String)) -> Result<CodeParts, StoreError> {
    let packed_csv = STANDARD_NO_PAD.decode(packed).map_err(|_| stored(id, "packed_csv", "base 64"))?;
    let parts = CodeParts { sidecar, packed_csv };
    if parts.sha256() == sha256 { Ok(parts) } else { Err(stored(id, "sha256", "hash of sidecar and table")) }
}

/// The newest proposal of a version, whatever became of it.
async fn find(tx: &mut Tx, system: &str, version: &str) -> Result<Option<CodeVersion>, StoreError> {
    let text = format!("{COLUMNS} WHERE system = $1 AND version = $2 ORDER BY id DESC LIMIT 1");
    let engine = tx.engine();
    let row: Option<Row> =
        on_tx!(tx, |c| sqlx::query_as(sql(engine, &text)).bind(system).bind(version).fetch_optional(c).await)?;
    row.map(CodeVersion::try_from).transpose()
}

/// The version that waits under this name.
async fn get_waiting(tx: &mut Tx, system: &str, version: &str) -> Result<CodeVersion, StoreError> {
    let none = || StoreError::NotFound { what: "proposed version of a code system", id: format!("{system} {version}") };
    let found = find(tx, system, version).await?.ok_or_else(none)?;
    match found.state {
        CodeVersionState::Proposed => Ok(found),
        state => {
            let (system, version) = (found.system, found.version);
            Err(StoreError::CodeVersionState { system, version, state: state.word() })
        }
    }
}

/// The name of who acts, as it is spelled.
async fn check_curator(tx: &mut Tx, who: Curator<'_>) -> Result<String, StoreError> {
    const SQL: &str = "SELECT name, roles FROM users WHERE name = $1 AND disabled_us IS NULL AND districts IS NULL";
    let named = match who {
        Curator::Named(name) => name.to_owned(),
        Curator::SignedIn(user) => users::actor(tx, user).await?,
    };
    let found: Option<(String, Json<Vec<String>>)> =
        on_tx!(tx, |c| sqlx::query_as(SQL).bind(&named).fetch_optional(c).await)?;
    match found {
        Some((name, roles)) if read_roles(&roles.0).contains(&Role::Steward) => Ok(name),
        _ => Err(StoreError::NotACurator { person: named }),
    }
}

/// What stays out of the trail, as a hash: what the version says, and the words of who acted.
pub(crate) fn code_version_words(sha256: &str, words: Option<&str>) -> String {
    words_hash([sha256, words.unwrap_or_default()])
}

async fn record(
    tx: &mut Tx,
    (person, who): (&str, Curator<'_>),
    action: &str,
    about: &CodeVersion,
    words: Option<&str>,
) -> Result<(), StoreError> {
    let CodeCounts { added, changed, retired, removed } = about.differs;
    let detail = json!({
        "sha256": about.sha256, "concepts": about.concepts, "added": added, "changed": changed, "retired": retired,
        "removed": removed, "signed_in": matches!(who, Curator::SignedIn(_)),
        WORDS: code_version_words(&about.sha256, words),
    });
    let subject = format!("code system {} version {}", about.system, about.version);
    audit_events::append_act(tx, person, action, subject, detail).await
}

/// Ends the waiting of a version.
async fn decide(
    tx: &mut Tx,
    about: CodeVersion,
    state: CodeVersionState,
    (person, who): (String, Curator<'_>),
    words: Option<&str>,
) -> Result<CodeVersion, StoreError> {
    const SQL: &str =
        "UPDATE code_versions SET state = $2, decided_by = $3, decided_us = $4, decided_reason = $5 WHERE id = $1";
    let now = tx.now;
    on_tx!(tx, |c| sqlx::query(SQL)
        .bind(about.id)
        .bind(state.word())
        .bind(&person)
        .bind(now.0)
        .bind(words)
        .execute(c)
        .await
        .map(drop))?;
    let action = match state {
        CodeVersionState::Proposed => "code_version_proposed",
        CodeVersionState::Published => "code_version_published",
        CodeVersionState::Refused => "code_version_refused",
        CodeVersionState::Withdrawn => "code_version_withdrawn",
    };
    record(tx, (&person, who), action, &about, words).await?;
    Ok(CodeVersion { state, decided: Some((person, now)), decided_reason: words.map(str::to_owned), ..about })
}

const PUBLISHED: &str = "SELECT count(*) FROM code_versions WHERE state = 'published'";

impl Store {
    /// Proposes a version. The same again, while it waits or once it is published, changes nothing and gives what is there.
    ///
    /// # Errors
    /// [`StoreError::NotACurator`]; [`StoreError::CodeVersionExists`] when that version is there and says something else;
    /// [`StoreError::Reason`].
    pub async fn propose_code_version(
        &self,
        new: &NewCodeVersion<'_>,
        who: Curator<'_>,
    ) -> Result<CodeVersion, StoreError> {
        const SQL: &str =
            "INSERT INTO code_versions (id, system, version, effective_from, sidecar, packed_csv, sha256, concepts,
             previous, added, changed, retired, removed, state, proposed_by, proposed_us, proposed_reason)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM code_versions), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
             $12, 'proposed', $13, $14, $15) RETURNING id";
        let reason = check_reason(new.reason)?;
        let sha256 = new.parts.sha256();
        let packed = STANDARD_NO_PAD.encode(&new.parts.packed_csv);
        let mut tx = self.db.begin(&*self.clock).await?;
        let person = check_curator(&mut tx, who).await?;
        let there = find(&mut tx, new.system, new.version).await?;
        if let Some(there) = there
            && matches!(there.state, CodeVersionState::Proposed | CodeVersionState::Published)
        {
            if there.sha256 == sha256 {
                return Ok(there);
            }
            let (system, version, state) = (there.system, there.version, there.state.word());
            return Err(StoreError::CodeVersionExists { system, version, state });
        }
        let (now, differs) = (tx.now, new.differs);
        let id: i64 = on_tx!(tx, |c| sqlx::query_scalar(SQL)
            .bind(new.system)
            .bind(new.version)
            .bind(&new.effective_from)
            .bind(&new.parts.sidecar)
            .bind(&packed)
            .bind(&sha256)
            .bind(new.concepts as i64)
            .bind(&new.previous)
            .bind(differs.added as i64)
            .bind(differs.changed as i64)
            .bind(differs.retired as i64)
            .bind(differs.removed as i64)
            .bind(&person)
            .bind(now.0)
            .bind(reason)
            .fetch_one(c)
            .await)?;
        let proposed = CodeVersion {
            id,
            system: new.system.to_owned(),
            version: new.version.to_owned(),
            effective_from: new.effective_from.clone(),
            sha256,
            concepts: new.concepts,
            previous: new.previous.clone(),
            differs,
            state: CodeVersionState::Proposed,
            proposed: (person.clone(), now),
            reason: reason.to_owned(),
            decided: None,
            decided_reason: None,
        };
        record(&mut tx, (&person, who), "code_version_proposed", &proposed, Some(reason)).await?;
        tx.commit().await?;
        Ok(proposed)
    }

    /// Publishes a version that another steward proposed, and tells the feed of it in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] or [`StoreError::CodeVersionState`] when none waits; [`StoreError::NotACurator`];
    /// [`StoreError::OwnCodeVersion`]; [`StoreError::CodeProposerGone`]; [`StoreError::Stale`] when another version was published since `told` was made.
    pub async fn publish_code_version(
        &self,
        system: &str,
        version: &str,
        (who, reason): (Curator<'_>, &str),
        told: &CodesTold,
    ) -> Result<(CodeVersion, FeedPosition), StoreError> {
        let words = check_words_of(reason)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let (about, person) = check_second(&mut tx, system, version, who).await?;
        check_proposer(&mut tx, &about).await?;
        let published: i64 = on_tx!(tx, |c| sqlx::query_scalar(PUBLISHED).fetch_one(c).await)?;
        if published != told.published_before {
            return Err(StoreError::Stale {
                what: "another version of a code system was published meanwhile".to_owned(),
            });
        }
        let published = decide(&mut tx, about, CodeVersionState::Published, (person, who), words).await?;
        if let Some(edition) = &told.edition {
            editions::put(&mut tx, edition).await?;
        }
        let position = feed_events::append_publication(&mut tx, &told.publication).await?;
        tx.commit().await?;
        Ok((published, position))
    }

    /// Refuses a version that another steward proposed.
    ///
    /// # Errors
    /// As [`Store::publish_code_version`]; [`StoreError::Reason`] when none is given.
    pub async fn refuse_code_version(
        &self,
        system: &str,
        version: &str,
        (who, reason): (Curator<'_>, &str),
    ) -> Result<CodeVersion, StoreError> {
        let words = check_reason(reason)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let (about, person) = check_second(&mut tx, system, version, who).await?;
        let refused = decide(&mut tx, about, CodeVersionState::Refused, (person, who), Some(words)).await?;
        tx.commit().await?;
        Ok(refused)
    }

    /// Takes back what one proposed oneself. What is published stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] or [`StoreError::CodeVersionState`] when none waits; [`StoreError::ForeignCodeVersion`].
    pub async fn withdraw_code_version(
        &self,
        system: &str,
        version: &str,
        (who, reason): (Curator<'_>, &str),
    ) -> Result<CodeVersion, StoreError> {
        let words = check_words_of(reason)?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let about = get_waiting(&mut tx, system, version).await?;
        let person = check_curator(&mut tx, who).await?;
        if person != about.proposed.0 {
            let proposer = about.proposed.0;
            return Err(StoreError::ForeignCodeVersion { system: about.system, version: about.version, proposer });
        }
        let withdrawn = decide(&mut tx, about, CodeVersionState::Withdrawn, (person, who), words).await?;
        tx.commit().await?;
        Ok(withdrawn)
    }

    /// Everything that was ever proposed, in that order.
    pub async fn list_code_versions(&self) -> Result<Vec<CodeVersion>, StoreError> {
        let text = format!("{COLUMNS} ORDER BY id");
        let engine = self.db.engine();
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(sql(engine, &text)).fetch_all(c).await)?;
        rows.into_iter().map(CodeVersion::try_from).collect()
    }

    /// The newest proposal of a version, whatever became of it, and its parts.
    pub async fn find_code_version(
        &self,
        system: &str,
        version: &str,
    ) -> Result<Option<(CodeVersion, CodeParts)>, StoreError> {
        const PARTS: &str = "SELECT id, sha256, sidecar, packed_csv FROM code_versions WHERE id = $1";
        let mut tx = self.db.begin_read().await?;
        let Some(found) = find(&mut tx, system, version).await? else { return Ok(None) };
        let parts = on_tx!(tx, |c| sqlx::query_as(PARTS).bind(found.id).fetch_one(c).await)?;
        Ok(Some((found, parts_of(parts)?)))
    }

    /// The parts of every version that was published, in the order of their publication, and how many there are.
    pub async fn list_published_codes(&self) -> Result<(i64, Vec<CodeParts>), StoreError> {
        const SQL: &str = "SELECT id, sha256, sidecar, packed_csv FROM code_versions
             WHERE state = 'published' ORDER BY decided_us, id";
        let rows: Vec<(i64, String, String, String)> = on_db!(&self.db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
        let count = rows.len() as i64;
        Ok((count, rows.into_iter().map(parts_of).collect::<Result<_, _>>()?))
    }

    /// How many versions were published. It only grows: who remembers it sees whether there is a new one.
    pub async fn count_published_codes(&self) -> Result<i64, StoreError> {
        Ok(on_db!(&self.db, |c| sqlx::query_scalar(PUBLISHED).fetch_one(c).await)?)
    }
}

/// The version that waits, and the name of who is to decide on it: not its proposer.
async fn check_second(
    tx: &mut Tx,
    system: &str,
    version: &str,
    who: Curator<'_>,
) -> Result<(CodeVersion, String), StoreError> {
    let about = get_waiting(tx, system, version).await?;
    let person = check_curator(tx, who).await?;
    if person == about.proposed.0 {
        return Err(StoreError::OwnCodeVersion { person, system: about.system, version: about.version });
    }
    Ok((about, person))
}

/// Whoever proposed a version must still be one who may when it comes in use.
async fn check_proposer(tx: &mut Tx, about: &CodeVersion) -> Result<(), StoreError> {
    match check_curator(tx, Curator::Named(&about.proposed.0)).await {
        Err(StoreError::NotACurator { person: by }) => {
            Err(StoreError::CodeProposerGone { by, system: about.system.clone(), version: about.version.clone() })
        }
        other => other.map(drop),
    }
}
