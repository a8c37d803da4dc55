//! Requests that clients may send again: `Idempotency-Key`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;
use blake3::Hasher;
use stockroom_application::Administrator;
use stockroom_domain::{IdempotencyKey, Invalid, RequestDigest};
use utoipa::IntoParams;

use super::form::Form;

/// Names the request, so that it can be sent again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "read beside the request; here for its description"
)]
pub(crate) struct IdempotencyHeader {
    /// A name for this request. Sent again as long as the server keeps the answer, it is not carried
    /// out again but answered the same, with `Idempotent-Replayed: true`. Another request of the
    /// same name is 409.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    key: String,
}

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A request that may be sent again. It is an extension of the request, for the extractors that
/// read parts of it.
#[derive(Clone)]
pub(crate) struct KeyedRequest(Arc<Inner>);

struct Inner {
    key: Result<IdempotencyKey, Invalid>,
    /// The hash of the parts of the request that its answer depends on and that have been read so
    /// far.
    digest: Mutex<Hasher>,
    is_replayed: Arc<AtomicBool>,
}

impl KeyedRequest {
    /// Adds itself to the extensions of a request that changes something and has a key.
    pub(crate) fn of(request: &mut Request, form: Form) -> Option<Self> {
        if [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) {
            return None;
        }
        let mut values = request.headers().get_all(&IDEMPOTENCY_KEY).iter();
        let first = values.next()?;
        // Two keys count as an invalid one.
        let text = Some(first).filter(|_| values.next().is_none());
        let text = text.and_then(|value| value.to_str().ok());
        let mut digest = Hasher::new();
        let form: &[u8] = match form {
            Form::Basic => b"basic",
            Form::MultiLocation => b"multi-location",
        };
        let uri = request.uri();
        let parts = [
            form,
            request.method().as_str().as_bytes(),
            uri.path().as_bytes(),
            uri.query().unwrap_or_default().as_bytes(),
        ];
        for part in parts {
            // None of these parts contains a line break, nor does the length.
            digest.update(part).update(b"\n");
        }
        let keyed = Self(Arc::new(Inner {
            key: IdempotencyKey::new(text.unwrap_or_default()),
            digest: Mutex::new(digest),
            is_replayed: Arc::default(),
        }));
        request.extensions_mut().insert(keyed.clone());
        Some(keyed)
    }

    /// Hashes the request's body.
    pub(crate) fn read(&self, body: &[u8]) {
        let mut digest = self.0.digest.lock().unwrap_or_else(PoisonError::into_inner);
        digest.update(body);
    }

    /// Fails if the key is invalid.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        self.0.key.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// The administrator who sent the request. Call it after the whole request has been read.
    pub(crate) fn of_administrator(
        &self,
        administrator: Administrator,
    ) -> Result<Administrator, Invalid> {
        let digest = self.0.digest.lock().unwrap_or_else(PoisonError::into_inner);
        let request = RequestDigest(*digest.finalize().as_bytes());
        let key = self.0.key.clone()?;
        Ok(administrator.keyed(key, request, Arc::clone(&self.0.is_replayed)))
    }

    /// Marks the answer if it was given before.
    pub(crate) fn mark(&self, response: &mut Response) {
        if self.0.is_replayed.load(Ordering::Relaxed) {
            let replayed = HeaderValue::from_static("true");
            response
                .headers_mut()
                .insert(IDEMPOTENT_REPLAYED.clone(), replayed);
        }
    }
}
