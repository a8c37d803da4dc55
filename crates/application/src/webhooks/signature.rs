//! Signatures of webhooks, as [Standard Webhooks](https://www.standardwebhooks.com) defines them: HMAC
//! with SHA-256 over `id.timestamp.body`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use stockroom_domain::SigningSecret;

/// The secret with these random bytes, in the text of the standard.
#[must_use]
pub fn signing_secret(bytes: &[u8; 32]) -> Option<SigningSecret> {
    SigningSecret::new(format!("{}{}", SigningSecret::PREFIX, BASE64.encode(bytes))).ok()
}

fn sign(secret: &SigningSecret, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let key = secret.expose().strip_prefix(SigningSecret::PREFIX)?;
    // A key of HMAC can have any length.
    let mac = Hmac::<Sha256>::new_from_slice(&BASE64.decode(key).ok()?).ok()?;
    let mac = mac
        .chain_update(id)
        .chain_update(format!(".{timestamp}."))
        .chain_update(body);
    let digest = mac.finalize().into_bytes();
    Some(format!("v1,{}", BASE64.encode(digest)))
}

/// The headers of a signed request: its id, which is the same over all attempts, the time of this attempt
/// in seconds, and a signature with each of the secrets, of which there are two while one is replaced.
#[must_use]
pub fn signed_headers<'a>(
    secrets: impl IntoIterator<Item = &'a SigningSecret>,
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> [(String, String); 3] {
    let signatures = secrets.into_iter();
    let signatures = signatures.filter_map(|it| sign(it, id, timestamp, body));
    let signatures: Vec<String> = signatures.collect();
    [
        ("webhook-id".to_owned(), id.to_owned()),
        ("webhook-timestamp".to_owned(), timestamp.to_string()),
        ("webhook-signature".to_owned(), signatures.join(" ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret() -> SigningSecret {
        SigningSecret::new(SECRET).unwrap()
    }

    fn signature(secrets: &[SigningSecret]) -> String {
        let [_, _, (_, signature)] = signed_headers(secrets, ID, TIMESTAMP, BODY);
        signature
    }

    #[test]
    fn the_standards_example_is_signed_as_it_says() {
        let expected = [
            ("webhook-id", ID),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", SIGNATURE),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(signed_headers(&[secret()], ID, TIMESTAMP, BODY), expected);
    }

    #[test]
    fn each_secret_signs() {
        let other = signing_secret(&[7; 32]).unwrap();
        let both = signature(&[secret(), other.clone()]);
        assert_eq!(both, format!("{SIGNATURE} {}", signature(&[other])));
    }

    #[test]
    fn receivers_with_another_implementation_accept_each_secret() {
        let other = signing_secret(&[7; 32]).unwrap();
        // Their implementation compares the timestamp with the machine's clock.
        let now = Environment::system().now().as_seconds();
        let headers = signed_headers(&[secret(), other.clone()], ID, now, BODY);
        let headers: http::HeaderMap = headers
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        for secret in [secret(), other] {
            let receiver = standardwebhooks::Webhook::new(secret.expose()).unwrap();
            receiver.verify(BODY, &headers).unwrap();
            assert!(receiver.verify(b"{}", &headers).is_err());
        }
    }

    #[test]
    fn new_secrets_are_in_the_standards_form() {
        let secret = signing_secret(&[7; 32]).unwrap();
        let text = secret.expose();
        assert_eq!(text, "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    }
}
