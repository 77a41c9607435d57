//! Tags of compressed answers. A strong `ETag` names bytes, and compressed bytes are others: there it stands for the same content, as a weak
//! one.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

/// Makes the tag of a compressed answer to a read a weak one; and of `304 Not Modified`, where the client has such a one and no other, so
/// that a cache finds what it has kept. Tags of writes name versions of a row and stay as they are.
pub async fn weaken(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let sent: Vec<HeaderValue> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    let mut response = next.run(request).await;
    if !reads {
        return response;
    }
    let Some(weak) = weak_tag(response.headers()) else { return response };
    let is_weak = if response.status() == StatusCode::NOT_MODIFIED {
        has_only_weak(&sent, &weak)
    } else {
        response.headers().contains_key(header::CONTENT_ENCODING)
    };
    if let Some(weak) = HeaderValue::from_str(&weak).ok().filter(|_| is_weak) {
        response.headers_mut().insert(header::ETAG, weak);
    }
    response
}

/// The weak form of an answer's strong tag; `None` where it has none.
fn weak_tag(headers: &HeaderMap) -> Option<String> {
    let tag = headers.get(header::ETAG)?.to_str().ok()?;
    tag.starts_with('"').then(|| format!("W/{tag}"))
}

/// Whether a client names a weak tag, and not the strong one of the same content.
fn has_only_weak(sent: &[HeaderValue], weak: &str) -> bool {
    let tags = || sent.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim);
    tags().any(|tag| tag == weak) && !tags().any(|tag| weak.strip_prefix("W/") == Some(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_with_both_forms_of_a_tag_is_told_the_strong_one() {
        for (sent, expected) in
            [("W/\"a\"", true), ("\"b\", W/\"a\"", true), ("\"a\", W/\"a\"", false), ("\"a\"", false), ("*", false)]
        {
            assert_eq!(has_only_weak(&[HeaderValue::from_static(sent)], "W/\"a\""), expected, "{sent}");
        }
    }
}
