//! People who sign in: roles, passwords, lockout.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use kanak_model::{Caller, Role, Timestamp, UserId};
use rand::CryptoRng;
use sqlx::FromRow;
use sqlx::types::Json;
use tokio::sync::Semaphore;

use crate::Store;
use crate::audit_events;
use crate::db::{Tx, on_db, on_tx};
use crate::error::StoreError;
use crate::sessions::token_hash;

/// A password has at least so many characters.
pub const PASSWORD_MIN: usize = 10;
/// A password has at most so many bytes.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// The name of a user or a key has at most so many characters.
const NAME_CHARACTERS_MAX: usize = 60;
/// After so many wrong passwords in a row from one address a name waits there for a while, whether anyone has it or not.
pub const FAILURES_MAX: i64 = 5;
/// How long at most; and how long after the last wrong password the earlier ones are forgotten.
pub const LOCKOUT_US: i64 = 15 * 60 * 1_000_000;
/// How long the first time. Each further wrong password doubles it.
const FIRST_WAIT_US: i64 = 30 * 1_000_000;
/// The name of the first administrator.
pub const FIRST_ADMINISTRATOR: &str = "admin";

/// What a user is called among these: the name, or the id of one that is not there.
pub fn user_name(users: &[User], id: UserId) -> String {
    users.iter().find(|user| user.id == id).map_or_else(|| format!("user {id}"), |user| user.name.clone())
}

/// A person who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The sign-in name.
    pub name: String,
    /// What the person may do.
    pub roles: BTreeSet<Role>,
    /// LGD codes of the districts the person is confined to; `None` for the whole state.
    pub districts: Option<BTreeSet<String>>,
    /// When an administrator disabled it.
    pub disabled: Option<Timestamp>,
    /// When it was made.
    pub created: Timestamp,
}

impl User {
    /// Who reads, when this person does.
    pub fn caller(&self) -> Caller {
        Caller {
            user: Some(self.id),
            name: self.name.clone(),
            roles: self.roles.clone(),
            districts: self.districts.clone(),
        }
    }
}

/// How an attempt to sign in ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// The password is right.
    Welcome(User),
    /// Name or password is wrong, or the user is disabled. Which one is not said.
    Refused,
    /// Too many wrong passwords: not before this instant.
    LockedUntil(Timestamp),
}

/// Whether a user or key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It does.
    Active,
    /// It does not.
    Disabled,
}

#[derive(FromRow)]
pub(crate) struct Row {
    pub(crate) id: i64,
    name: String,
    password_hash: String,
    roles: Json<Vec<String>>,
    districts: Option<Json<BTreeSet<String>>>,
    disabled_us: Option<i64>,
    created_us: i64,
}

pub(crate) const COLUMNS: &str =
    "SELECT u.id, u.name, u.password_hash, u.roles, u.districts, u.disabled_us, u.created_us FROM users u";

impl From<Row> for User {
    fn from(row: Row) -> Self {
        Self {
            id: UserId(row.id),
            name: row.name,
            roles: read_roles(&row.roles.0),
            districts: row.districts.map(|districts| districts.0),
            disabled: row.disabled_us.map(Timestamp),
            created: Timestamp(row.created_us),
        }
    }
}

/// A role that is unknown grants nothing.
pub(crate) fn read_roles(words: &[String]) -> BTreeSet<Role> {
    words.iter().filter_map(|word| Role::find(word)).collect()
}

pub(crate) fn role_words(roles: &BTreeSet<Role>) -> Vec<&'static str> {
    roles.iter().map(|role| role.word()).collect()
}

/// As many passwords are hashed at once as there are cores: more would take 19 MiB each and finish no sooner.
static HASHING: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)));

/// Does work with a password off the runtime's threads: it takes tens of milliseconds and 19 MiB. Work whose caller has
/// gone away still counts until it ends.
async fn hashing<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    let permit = HASHING.acquire().await.ok()?;
    let work = move || {
        let done = work();
        drop(permit);
        done
    };
    tokio::task::spawn_blocking(work).await.ok().flatten()
}

async fn hash_password(password: &str, salt: [u8; 16]) -> Result<String, StoreError> {
    let password = zeroize::Zeroizing::new(password.to_owned());
    let hash = move || {
        let salt = SaltString::encode_b64(&salt).ok()?;
        Argon2::default().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
    };
    hashing(hash).await.ok_or(StoreError::Internal("the password could not be hashed; try again"))
}

/// An overlong password is wrong, and costs what any wrong one costs.
async fn is_right(password: &str, stored: String) -> bool {
    let password = if password.len() > PASSWORD_BYTES_MAX { "" } else { password };
    let password = zeroize::Zeroizing::new(password.to_owned());
    let verify = move || {
        let parsed = PasswordHash::new(&stored).ok()?;
        Argon2::default().verify_password(password.as_bytes(), &parsed).ok()
    };
    hashing(verify).await.is_some()
}

/// A hash that no password has: a name that does not exist costs the same time as one that does.
const NO_ONE: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Letters and digits that are not mistaken for each other.
const READABLE: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789_";

pub(crate) fn random_word(rng: &mut impl CryptoRng, length: usize) -> String {
    let mut bytes = vec![0; length];
    rng.fill_bytes(&mut bytes);
    bytes.iter().map(|byte| char::from(READABLE[usize::from(byte % 32)])).collect()
}

/// A password for someone who is given one: four groups of five characters that are not mistaken for each other, 100
/// random bits.
pub fn new_password(rng: &mut impl CryptoRng) -> String {
    let groups: Vec<String> = (0..4).map(|_| random_word(rng, 5)).collect();
    groups.join("-")
}

/// Checks the name of a new user or key. It stands in the audit trail for ever: it cannot pose as what acts under a name of the hub's own
/// (`system:resolve`, `key:food`), and is no number of the vault.
///
/// # Errors
/// [`StoreError::Text`], which does not repeat the name.
pub fn check_name(name: &str) -> Result<(), StoreError> {
    let refuse = |why| Err(StoreError::Text { what: "name", why });
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | ' ');
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
        return refuse("of a user or key has 1 to 60 characters; choose another");
    }
    if name.trim() != name || !name.chars().all(is_plain) {
        return refuse(
            "of a user or key is of letters, digits, dots, dashes, underscores, @ and spaces within it; choose another",
        );
    }
    if name.chars().filter(|c| c.is_numeric()).count() >= 12 {
        return refuse("holds twelve digits, as an Aadhaar number does; choose another");
    }
    Ok(())
}

fn check_password(password: &str) -> Result<(), StoreError> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(StoreError::LongPassword { max: PASSWORD_BYTES_MAX });
    }
    if password.chars().count() < PASSWORD_MIN { Err(StoreError::WeakPassword { min: PASSWORD_MIN }) } else { Ok(()) }
}

/// How long a name waits at an address after the last of so many wrong passwords.
fn wait_us(attempts: i64) -> i64 {
    let further = attempts - FAILURES_MAX;
    if further < 0 { 0 } else { (FIRST_WAIT_US << further.min(10)).min(LOCKOUT_US) }
}

/// What attempts are counted by: the name, whose hash stands first, and the address, neither in clear.
fn attempts_of(name: &str, from: &str) -> String {
    format!("{}:{}", token_hash(name), token_hash(from))
}

/// Counts an attempt of a name from an address before its password is looked at, so that guesses made at the same time are counted too.
/// Gives the end of the wait when the name had too many there already; then nothing was counted.
async fn count_attempt(tx: &mut Tx, name: &str, from: &str, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    const FORGET: &str = "DELETE FROM sign_in_attempts WHERE forgotten_us <= $1";
    const FIND: &str = "SELECT attempts, forgotten_us FROM sign_in_attempts WHERE name_hash = $1";
    const COUNT: &str = "INSERT INTO sign_in_attempts (name_hash, attempts, forgotten_us) VALUES ($1, 1, $2)
         ON CONFLICT (name_hash) DO UPDATE SET attempts = sign_in_attempts.attempts + 1, forgotten_us = excluded.forgotten_us";
    on_tx!(tx, |c| sqlx::query(FORGET).bind(now.0).execute(c).await.map(drop))?;
    let hash = attempts_of(name, from);
    let found: Option<(i64, i64)> = on_tx!(tx, |c| sqlx::query_as(FIND).bind(&hash).fetch_optional(c).await)?;
    let until = found.map_or(now.0, |(attempts, forgotten)| forgotten - LOCKOUT_US + wait_us(attempts));
    if until > now.0 {
        return Ok(Some(Timestamp(until)));
    }
    on_tx!(tx, |c| sqlx::query(COUNT).bind(&hash).bind(now.0 + LOCKOUT_US).execute(c).await.map(drop))?;
    Ok(None)
}

async fn forget_attempts(tx: &mut Tx, name: &str, from: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM sign_in_attempts WHERE name_hash = $1";
    on_tx!(tx, |c| sqlx::query(SQL).bind(attempts_of(name, from)).execute(c).await.map(drop))?;
    Ok(())
}

/// The same of all addresses.
async fn forget_all_attempts(tx: &mut Tx, name: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM sign_in_attempts WHERE name_hash LIKE $1";
    on_tx!(tx, |c| sqlx::query(SQL).bind(format!("{}:%", token_hash(name))).execute(c).await.map(drop))?;
    Ok(())
}

/// What the audit trail calls a user: the name, or the id of one that is not known here.
pub(crate) async fn actor(tx: &mut Tx, user: UserId) -> Result<String, StoreError> {
    const SQL: &str = "SELECT name FROM users WHERE id = $1";
    let name: Option<String> = on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(user.0).fetch_optional(c).await)?;
    Ok(name.unwrap_or_else(|| format!("user {user}")))
}

/// What someone may do now; nothing for an unknown or disabled user.
pub(crate) async fn roles(tx: &mut Tx, user: UserId) -> Result<BTreeSet<Role>, StoreError> {
    const SQL: &str = "SELECT roles FROM users WHERE id = $1 AND disabled_us IS NULL";
    let roles: Option<Json<Vec<String>>> =
        on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(user.0).fetch_optional(c).await)?;
    Ok(roles.map(|roles| read_roles(&roles.0)).unwrap_or_default())
}

impl Store {
    /// Makes the first administrator when there is no user yet. The password is given back this once; nobody can read
    /// it again.
    pub async fn ensure_first_administrator(
        &self,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT count(*) FROM users";
        let users: i64 = on_db!(&self.db, |c| sqlx::query_scalar(SQL).fetch_one(c).await)?;
        if users > 0 {
            return Ok(None);
        }
        let password = new_password(rng);
        let roles = [Role::Administrator, Role::Steward, Role::Analyst].into_iter().collect();
        let by = Caller::system("first start");
        self.create_user(&by, FIRST_ADMINISTRATOR, &password, &roles, None, rng).await?;
        Ok(Some(password))
    }

    /// Makes a user; `by` whom is audited.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the name is in use, [`StoreError::Text`] when it is none; [`StoreError::WeakPassword`],
    /// [`StoreError::LongPassword`].
    pub async fn create_user(
        &self,
        by: &Caller,
        name: &str,
        password: &str,
        roles: &BTreeSet<Role>,
        districts: Option<&BTreeSet<String>>,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<UserId, StoreError> {
        const SQL: &str = "INSERT INTO users (id, name, password_hash, roles, districts, created_us)
             VALUES ((SELECT coalesce(max(id), 0) + 1 FROM users), $1, $2, $3, $4, $5)
             ON CONFLICT (name) DO NOTHING RETURNING id";
        check_name(name)?;
        check_password(password)?;
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let hash = hash_password(password, salt).await?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let now = tx.now.0;
        let id: Option<i64> = on_tx!(tx, |c| sqlx::query_scalar(SQL)
            .bind(name)
            .bind(&hash)
            .bind(Json(role_words(roles)))
            .bind(districts.map(Json))
            .bind(now)
            .fetch_optional(c)
            .await)?;
        let id = id.ok_or_else(|| StoreError::Exists { what: "user", name: name.to_owned() })?;
        let detail = serde_json::json!({ "name": name, "roles": role_words(roles), "districts": districts });
        audit_events::append_act(&mut tx, &by.name, "user_created", format!("user {id}"), detail).await?;
        tx.commit().await?;
        Ok(UserId(id))
    }

    /// Gives a user another password and ends every wait; `by` whom is audited. The user's sessions end.
    pub async fn reset_password(
        &self,
        by: &Caller,
        user: UserId,
        password: &str,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE users SET password_hash = $2 WHERE id = $1 RETURNING name";
        const SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1";
        check_password(password)?;
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let hash = hash_password(password, salt).await?;
        let mut tx = self.db.begin(&*self.clock).await?;
        let name: Option<String> =
            on_tx!(tx, |c| sqlx::query_scalar(SQL).bind(user.0).bind(&hash).fetch_optional(c).await)?;
        let name = name.ok_or_else(|| StoreError::NotFound { what: "user", id: user.to_string() })?;
        forget_all_attempts(&mut tx, &name).await?;
        on_tx!(tx, |c| sqlx::query(SESSIONS).bind(user.0).execute(c).await.map(drop))?;
        audit_events::append_act(&mut tx, &by.name, "password_reset", format!("user {user}"), serde_json::json!({}))
            .await?;
        tx.commit().await
    }

    /// Gives a user other roles and districts; `by` whom is audited. They hold from the user's next request on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such user.
    pub async fn set_user_access(
        &self,
        by: &Caller,
        user: UserId,
        roles: &BTreeSet<Role>,
        districts: Option<&BTreeSet<String>>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE users SET roles = $2, districts = $3 WHERE id = $1";
        let mut tx = self.db.begin(&*self.clock).await?;
        let changed = on_tx!(tx, |c| sqlx::query(SQL)
            .bind(user.0)
            .bind(Json(role_words(roles)))
            .bind(districts.map(Json))
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        if changed == 0 {
            return Err(StoreError::NotFound { what: "user", id: user.to_string() });
        }
        let detail = serde_json::json!({ "roles": role_words(roles), "districts": districts });
        audit_events::append_act(&mut tx, &by.name, "user_access_set", format!("user {user}"), detail).await?;
        tx.commit().await
    }

    /// Disables a user, whose sessions end, or lets it work again; `by` whom is audited.
    pub async fn set_user_disabled(&self, by: &Caller, user: UserId, activity: Activity) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE users SET disabled_us = $2 WHERE id = $1";
        const SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1 AND $2 = 1";
        let mut tx = self.db.begin(&*self.clock).await?;
        let disabled = (activity == Activity::Disabled).then_some(tx.now.0);
        let changed =
            on_tx!(tx, |c| sqlx::query(SQL).bind(user.0).bind(disabled).execute(c).await.map(|d| d.rows_affected()))?;
        if changed == 0 {
            return Err(StoreError::NotFound { what: "user", id: user.to_string() });
        }
        let ends = i64::from(disabled.is_some());
        on_tx!(tx, |c| sqlx::query(SESSIONS).bind(user.0).bind(ends).execute(c).await.map(drop))?;
        let action = if disabled.is_some() { "user_disabled" } else { "user_enabled" };
        audit_events::append_act(&mut tx, &by.name, action, format!("user {user}"), serde_json::json!({})).await?;
        tx.commit().await
    }

    /// All users by name.
    pub async fn list_users(&self) -> Result<Vec<User>, StoreError> {
        let text = format!("{COLUMNS} ORDER BY u.name");
        let rows: Vec<Row> = on_db!(&self.db, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_all(c).await)?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// The user with this id.
    pub async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let text = format!("{COLUMNS} WHERE u.id = $1");
        let row: Option<Row> =
            on_db!(&self.db, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id.0).fetch_optional(c).await)?;
        Ok(row.map(User::from))
    }

    /// The user of this name.
    pub async fn find_user_by_name(&self, name: &str) -> Result<Option<User>, StoreError> {
        Ok(self.find_row(name).await?.map(User::from))
    }

    async fn find_row(&self, name: &str) -> Result<Option<Row>, StoreError> {
        let text = format!("{COLUMNS} WHERE u.name = $1");
        Ok(on_db!(&self.db, |c| sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(name).fetch_optional(c).await)?)
    }

    /// Checks a password that came from an address, or from what else tells those who try from each other. Attempts are counted before it
    /// is looked at, of the name at that address: whoever guesses elsewhere keeps nobody out. After [`FAILURES_MAX`] wrong ones in a row
    /// the name waits there for half a minute, and twice as long after each further one, up to [`LOCKOUT_US`]; then it begins anew. A name
    /// that nobody has is counted, answered and audited the same, so that an answer does not tell which names there are.
    pub async fn sign_in(&self, name: &str, password: &str, from: &str) -> Result<SignIn, StoreError> {
        let mut tx = self.db.begin(&*self.clock).await?;
        if let Some(until) = count_attempt(&mut tx, name, from, self.clock.now()).await? {
            return Ok(SignIn::LockedUntil(until));
        }
        tx.commit().await?;
        let row = self.find_row(name).await?;
        let stored = row.as_ref().map_or(NO_ONE, |row| &row.password_hash).to_owned();
        let right = is_right(password, stored).await;
        let (actor, subject) = row.as_ref().map_or_else(
            || ("unknown".to_owned(), "user unknown".to_owned()),
            |row| (row.name.clone(), format!("user {}", row.id)),
        );
        let welcome = row.filter(|row| right && row.disabled_us.is_none());
        let mut tx = self.db.begin(&*self.clock).await?;
        if welcome.is_some() {
            forget_attempts(&mut tx, name, from).await?;
        }
        let action = if welcome.is_some() { "signed_in" } else { "sign_in_refused" };
        audit_events::append_act(&mut tx, &actor, action, subject, serde_json::json!({})).await?;
        tx.commit().await?;
        Ok(welcome.map_or(SignIn::Refused, |row| SignIn::Welcome(row.into())))
    }
}
