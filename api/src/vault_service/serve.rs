//! The vault's side: it answers calls of clients that showed a certificate, and nothing else.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use kanak_store::{Vault, VaultCall, VaultRefusal, VaultService as _};
use tower_http::catch_panic::CatchPanicLayer;

use super::CALLS;
use crate::server::listen::ClientCertificate;

/// The longest call that is read: twenty thousand numbers are 300 kB, fifty thousand references 1.3 MB.
const CALL_BYTES_MAX: usize = 16 << 20;

/// What a vault's server answers.
pub fn router(vault: Vault) -> Router {
    Router::new()
        .route(CALLS, post(answer))
        .route("/healthz", get(|| async { "ok" }))
        .layer(DefaultBodyLimit::max(CALL_BYTES_MAX))
        .layer(CatchPanicLayer::new())
        .with_state(vault)
}

async fn answer(
    State(vault): State<Vault>,
    Extension(client): Extension<ClientCertificate>,
    Json(call): Json<VaultCall>,
) -> Response<Body> {
    let vault = vault.for_client(&client.0);
    match vault.call(call).await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            let message = error.to_string();
            let refusal = match VaultRefusal::from(error) {
                VaultRefusal::Failed(_) => {
                    tracing::error!(client = %client.0, "The vault could not do what it was asked: {message}");
                    VaultRefusal::Failed("its own log says why".to_owned())
                }
                other => other,
            };
            (StatusCode::CONFLICT, Json(refusal)).into_response()
        }
    }
}
