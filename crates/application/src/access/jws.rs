//! Signed texts in the compact form of RFC 7515, with one algorithm: HMAC with SHA-256. A text that
//! names another algorithm is refused before anything is computed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

const ALGORITHM: &str = "HS256";

/// The header that is written.
#[derive(Serialize)]
struct Written<'a> {
    typ: &'static str,
    alg: &'static str,
    kid: &'a str,
}

/// The fields of a header that are read.
#[derive(Deserialize)]
struct Read {
    alg: String,
    kid: String,
}

/// The signed text of these claims.
///
/// # Errors
/// If the claims have no JSON form.
pub(crate) fn sign(
    key_id: &str,
    mac: Hmac<Sha256>,
    claims: &impl Serialize,
) -> serde_json::Result<String> {
    let header = Written {
        typ: "JWT",
        alg: ALGORITHM,
        kid: key_id,
    };
    let mut text = BASE64.encode(serde_json::to_vec(&header)?);
    text.push('.');
    BASE64.encode_string(serde_json::to_vec(claims)?, &mut text);
    let signature = mac.chain_update(&text).finalize().into_bytes();
    text.push('.');
    BASE64.encode_string(signature, &mut text);
    Ok(text)
}

/// The id of the key that a text is signed with, and its claims; `None` if the text isn't one of
/// [`sign`], `mac_of` doesn't know the key, or the signature is wrong.
pub(crate) fn verify<Claims: DeserializeOwned>(
    text: &str,
    mac_of: impl FnOnce(&str) -> Option<Hmac<Sha256>>,
) -> Option<(String, Claims)> {
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Read = decoded(header)?;
    if header.alg != ALGORITHM {
        return None;
    }
    let mac = mac_of(&header.kid)?.chain_update(signed);
    // Compared in constant time, so that the duration reveals nothing about the right signature.
    mac.verify_slice(&BASE64.decode(signature).ok()?).ok()?;
    Some((header.kid, decoded(claims)?))
}

fn decoded<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64.decode(part).ok()?).ok()
}
