//! By what a receiver knows that a message is ours and fresh.
//!
//! The scheme is Standard Webhooks 1.0 (`standard-webhooks/standard-webhooks` `spec/standard-webhooks.md`), for
//! which libraries in every language exist: HMAC-SHA256 over `id.timestamp.body`, as `v1,BASE64`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The key that sender and receiver share. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

impl Secret {
    /// `whsec_` with base64 behind it, as the standard writes keys; else the text itself is the key. `None` when
    /// it is empty, or the base64 is not.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let key = match text.strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).ok()?,
            None => text.as_bytes().to_vec(),
        };
        (!key.is_empty()).then_some(Self(key))
    }

    /// As text, for a header.
    pub(crate) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The value of `webhook-signature`. `None` never comes: every key length is allowed.
    pub(crate) fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        Some(format!(
            "v1,{}",
            STANDARD.encode(mac.finalize().into_bytes())
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn signatures_are_those_of_the_standard() {
        // The example of the reference libraries (standard-webhooks `libraries/javascript/src/index.test.ts`).
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(
            secret
                .sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
                .unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_is_never_shown_and_never_empty() {
        assert_eq!(format!("{:?}", Secret::new("key").unwrap()), "Secret(..)");
        assert!(Secret::new(" \n").is_none());
        assert!(Secret::new("whsec_!").is_none());
    }
}
