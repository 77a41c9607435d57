//! Sessions of signed-in people. Only a hash of the token is kept.

use kanak_model::UserId;
use rand::CryptoRng;
use sha2::{Digest, Sha256};

use crate::Store;
use crate::audit_events::hex;
use crate::db::{on_db, on_tx};
use crate::error::StoreError;
use crate::users::{COLUMNS, Row, User};

pub(crate) fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

impl Store {
    /// Begins a session of `lifetime_us`; gives its token: 256 random bits in hex. Ended sessions are swept.
    pub async fn start_session(
        &self,
        user: UserId,
        lifetime_us: i64,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<String, StoreError> {
        const SWEEP: &str = "DELETE FROM sessions WHERE expires_us <= $1";
        const SQL: &str = "INSERT INTO sessions (token_hash, user_id, created_us, expires_us) VALUES ($1, $2, $3, $4)";
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        let token = hex(&bytes);
        let now = self.clock.now().0;
        let mut tx = self.db.begin(&*self.clock).await?;
        on_tx!(tx, |c| sqlx::query(SWEEP).bind(now).execute(c).await.map(drop))?;
        on_tx!(tx, |c| sqlx::query(SQL)
            .bind(token_hash(&token))
            .bind(user.0)
            .bind(now)
            .bind(now.saturating_add(lifetime_us))
            .execute(c)
            .await
            .map(drop))?;
        tx.commit().await?;
        Ok(token)
    }

    /// Whose session it is, while it lasts and the user is not disabled.
    pub async fn find_session(&self, token: &str) -> Result<Option<User>, StoreError> {
        let text = format!(
            "{COLUMNS} JOIN sessions s ON s.user_id = u.id
             WHERE s.token_hash = $1 AND s.expires_us > $2 AND u.disabled_us IS NULL"
        );
        let now = self.clock.now().0;
        let row: Option<Row> = on_db!(&self.db, |c| sqlx::query_as(sqlx::AssertSqlSafe(text))
            .bind(token_hash(token))
            .bind(now)
            .fetch_optional(c)
            .await)?;
        Ok(row.map(User::from))
    }

    /// Ends a session.
    pub async fn end_session(&self, token: &str) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE token_hash = $1";
        let mut tx = self.db.begin(&*self.clock).await?;
        on_tx!(tx, |c| sqlx::query(SQL).bind(token_hash(token)).execute(c).await.map(drop))?;
        tx.commit().await
    }
}
