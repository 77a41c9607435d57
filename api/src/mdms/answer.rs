//! What DIGIT's services say around an answer.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// The `ResponseInfo` to a request's `RequestInfo`.
pub fn response_info(request: &Value) -> Value {
    json!({
        "apiId": request["apiId"], "ver": request["ver"], "ts": request["ts"], "resMsgId": "uief87324",
        "msgId": request["msgId"], "status": "successful",
    })
}

/// The answer to what cannot be answered.
pub fn errors(status: StatusCode, detail: &str) -> Response {
    let code = match status {
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::METHOD_NOT_ALLOWED => "METHOD_NOT_ALLOWED",
        StatusCode::PAYLOAD_TOO_LARGE => "PAYLOAD_TOO_LARGE",
        status if status.is_server_error() => "INTERNAL_SERVER_ERROR",
        _ => "INVALID_SEARCH_CRITERIA",
    };
    let error = json!({ "code": code, "message": detail, "description": detail, "params": null });
    let body = json!({ "ResponseInfo": { "status": "failed" }, "Errors": [error] });
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"))];
    (status, kind, body.to_string()).into_response()
}
