//! Signatures of webhooks, as [Standard Webhooks](https://www.standardwebhooks.com) defines them: HMAC
//! with SHA-256 over `id.timestamp.body`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::environment::Environment;

/// The beginning of a secret's text.
const PREFIX: &str = "whsec_";

/// The secret that a receiver checks signatures with.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Vec<u8>);

/// Never shows the secret.
impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret")
    }
}

impl SigningSecret {
    /// A random secret of 32 bytes.
    #[must_use]
    pub fn random(environment: &Environment) -> Self {
        Self(environment.random_bytes::<32>().to_vec())
    }

    /// Reads a secret as [`to_text`](Self::to_text) writes it; `None` if the text isn't one of 24 to 64
    /// bytes, the lengths that the standard allows.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.strip_prefix(PREFIX)?).ok()?;
        (24..=64).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// `whsec_`, and the secret in Base64.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{PREFIX}{}", BASE64.encode(&self.0))
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        // A key of HMAC can have any length.
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        let mac = mac
            .chain_update(id)
            .chain_update(format!(".{timestamp}."))
            .chain_update(body);
        let digest = mac.finalize().into_bytes();
        Some(format!("v1,{}", BASE64.encode(digest)))
    }
}

/// The headers of a signed request: its id, which is the same over all attempts, the time of this attempt
/// in seconds, and a signature with each of the secrets, of which there are two while one is replaced.
#[must_use]
pub fn signed_headers(
    secrets: &[SigningSecret],
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> [(String, String); 3] {
    let signatures = secrets.iter().filter_map(|it| it.sign(id, timestamp, body));
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

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret() -> SigningSecret {
        SigningSecret::from_text(SECRET).unwrap()
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
        let other = SigningSecret(vec![7; 32]);
        let both = signature(&[secret(), other.clone()]);
        assert_eq!(both, format!("{SIGNATURE} {}", signature(&[other])));
    }

    #[test]
    fn receivers_with_another_implementation_accept_each_secret() {
        let other = SigningSecret(vec![7; 32]);
        // Their implementation compares the timestamp with the machine's clock.
        let now = Environment::system().now().as_seconds();
        let headers = signed_headers(&[secret(), other.clone()], ID, now, BODY);
        let headers: http::HeaderMap = headers
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        for secret in [secret(), other] {
            let receiver = standardwebhooks::Webhook::new(&secret.to_text()).unwrap();
            receiver.verify(BODY, &headers).unwrap();
            assert!(receiver.verify(b"{}", &headers).is_err());
        }
    }

    #[test]
    fn secrets_are_read_as_they_are_written() {
        assert_eq!(secret().to_text(), SECRET);
        let random = SigningSecret::random(&Environment::system());
        assert_eq!(random.0.len(), 32);
        assert_eq!(SigningSecret::from_text(&random.to_text()), Some(random));
        for text in [
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_",
            "whsec_dG9vIHNob3J0",
            "whsec_not base64",
        ] {
            assert_eq!(SigningSecret::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        assert_eq!(format!("{:?}", secret()), "SigningSecret");
    }
}
