//! Signatures of messages, after the Standard Webhooks specification 1.0 (`v1`, symmetric).

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The value of `webhook-signature`: `v1,` and HMAC-SHA256 over id, time and body in base 64. `secret` is `whsec_` and the
/// key in base 64; `seconds` are the time of sending since 1970.
///
/// # Errors
/// When the secret is none.
///
/// Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
pub(super) fn sign(secret: &str, id: &str, seconds: i64, body: &str) -> anyhow::Result<String> {
    let encoded = secret.strip_prefix("whsec_").context("a signing secret begins with `whsec_`")?;
    let key = STANDARD.decode(encoded).context("a signing secret is base 64")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).context("a signing secret has bytes")?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_the_specifications_own_libraries_expect() {
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(sign("MfKQ9r8G", "a", 1, "").is_err());
    }
}
