//! Permission: for each kind an extractor that admits only callers who have it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use stockroom_application::{AccessError, Administrator, Caller, Writer};
use stockroom_domain::{Owner, StoreId};
use utoipa::IntoParams;

use super::handling::Handling;
use super::idempotency::KeyedRequest;
use super::query::Query;
use crate::answer::ApiError;
use crate::service::{AppState, Counted, Place};

/// Chooses the store.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "read through the permission extractors; here for its description"
)]
pub(crate) struct StoreHeader {
    /// The store to act in; for keys of an organization.
    #[param(rename = "X-Moltin-Auth-Store", required = false, format = Uuid)]
    store: String,
}

static STORE: HeaderName = HeaderName::from_static("x-moltin-auth-store");

/// A caller who may read stock and locations: anyone with a valid token.
pub(crate) struct Reading(Access);

/// A caller who may read everything: one with a client-credentials token. An `Idempotency-Key` is ignored,
/// whatever the method.
pub(crate) struct Administration(Access);

/// A caller who may change things: one with a client-credentials token of full access.
pub(crate) struct Writing(Access);

/// The same, in a request that can't be repeated: an `Idempotency-Key` is ignored.
pub(crate) struct WritingWithoutKey(Writing);

/// A caller who may also change what concerns the whole organization: one with a key of it.
pub(crate) struct OrganizationWriting(Writing);

/// A caller who may import a file: one who may change things, and in a dry run anyone with a
/// client-credentials token.
pub(crate) struct Importing(Access);

struct Access {
    app: AppState,
    caller: Caller,
    counted: Counted,
    store: Option<StoreId>,
    store_is_no_id: bool,
    keyed: Option<KeyedRequest>,
}

impl Reading {
    /// Returns the caller, acting in the store that the request names.
    ///
    /// This is a separate step because an unknown store is 404, which comes after the extractors'
    /// 400.
    pub(crate) async fn enter(self) -> Result<Caller, ApiError> {
        self.0.enter().await
    }
}

impl Administration {
    /// Counts each line of a batch as a request.
    pub(crate) fn count_lines(&self, lines: usize) -> Result<(), ApiError> {
        let access = &self.0;
        let limits = &access.app.rate_limits;
        limits.check_lines(access.counted, &access.caller, lines)
    }

    /// Whether the caller acts for the organization itself, with a key of it.
    pub(crate) fn is_for_organization(&self) -> bool {
        let Access {
            caller,
            store,
            store_is_no_id,
            ..
        } = &self.0;
        caller.actor.key_owner == Owner::Organization && store.is_none() && !store_is_no_id
    }

    /// Fails if the caller may not change things.
    pub(crate) fn check_may_write(&self) -> Result<(), ApiError> {
        writes(&self.0.caller)
    }

    /// The same caller, for a change: for requests of which the body says whether they are one.
    pub(crate) fn writing(self) -> Result<Writing, ApiError> {
        self.check_may_write()?;
        Ok(Writing(self.0.check_key()?))
    }

    /// Returns the administrator, acting in the store that the request names. A separate step for
    /// the reason given at [`Reading::enter`].
    pub(crate) async fn enter(self) -> Result<Administrator, ApiError> {
        let caller = self.0.enter().await?;
        caller.administrator().ok_or_else(not_allowed)
    }
}

impl Writing {
    /// Returns the caller, acting in the store that the request names. A separate step for the
    /// reason given at [`Reading::enter`].
    pub(crate) async fn enter(self) -> Result<Writer, ApiError> {
        let keyed = self.0.keyed.clone();
        let caller = self.0.enter().await?;
        let administrator = caller.administrator().ok_or_else(not_allowed)?;
        let administrator = match keyed {
            None => administrator,
            Some(keyed) => keyed.of_administrator(administrator)?,
        };
        Ok(administrator.writer()?)
    }
}

impl WritingWithoutKey {
    /// Returns the caller, acting in the store that the request names. A separate step for the
    /// reason given at [`Reading::enter`].
    pub(crate) async fn enter(self) -> Result<Writer, ApiError> {
        self.0.enter().await
    }
}

impl OrganizationWriting {
    /// Returns the caller, acting in the store that the request names. A separate step for the
    /// reason given at [`Reading::enter`].
    pub(crate) async fn enter(self) -> Result<Writer, ApiError> {
        self.0.enter().await
    }
}

impl Importing {
    /// Returns the administrator, acting in the store that the request names, without the key of the
    /// request, which has not been read yet. A separate step for the reason given at
    /// [`Reading::enter`].
    pub(crate) async fn enter(self) -> Result<Administrator, ApiError> {
        let caller = self.0.enter().await?;
        caller.administrator().ok_or_else(not_allowed)
    }
}

impl Access {
    async fn enter(self) -> Result<Caller, ApiError> {
        let limits = &self.app.rate_limits;
        let unknown = |caller: &Caller| {
            let limited = limits.check_store(self.counted, caller, None);
            limited.err().unwrap_or(AccessError::StoreNotFound.into())
        };
        if self.store_is_no_id {
            return Err(unknown(&self.caller));
        }
        let Some(store) = self.store else {
            return Ok(self.caller);
        };
        match self.app.stockroom.act_in(self.caller.clone(), store).await {
            Ok(caller) => {
                limits.check_store(self.counted, &self.caller, Some(store))?;
                Ok(caller)
            }
            Err(AccessError::StoreNotFound) => Err(unknown(&self.caller)),
            Err(error) => Err(error.into()),
        }
    }

    /// Admits a caller with a valid token who is `allowed`, if the head of the request is in order.
    /// All extractors of permission call this.
    fn admit(
        parts: &Parts,
        app: &AppState,
        allowed: impl FnOnce(&Caller) -> Result<(), ApiError>,
    ) -> Result<Self, ApiError> {
        if is_repeated(&parts.headers, &header::AUTHORIZATION) {
            return Err(ApiError::bad_request(
                "There is more than one Authorization header",
            ));
        }
        let token = bearer_token(&parts.headers).ok_or_else(ApiError::unauthorized)?;
        let caller = app.stockroom.authenticate(token)?;
        let header = parts.headers.get(&STORE);
        let store = header.and_then(|store| StoreId::parse(store.to_str().ok()?));
        let is_seen = |store: &StoreId| app.stockroom.has_seen_store(caller.organization, *store);
        let counted = app.rate_limits.check(&caller, store.filter(is_seen))?;
        if let Some(place) = parts.extensions.get::<Place>() {
            app.admission.enter(place, &caller)?;
        }
        allowed(&caller)?;
        if is_repeated(&parts.headers, &STORE) {
            return Err(ApiError::bad_request(
                "There is more than one X-Moltin-Auth-Store header",
            ));
        }
        Handling::check(parts, app)?;
        Ok(Self {
            app: app.clone(),
            caller,
            counted,
            store,
            store_is_no_id: header.is_some() && store.is_none(),
            keyed: parts.extensions.get::<KeyedRequest>().cloned(),
        })
    }

    fn check_key(self) -> Result<Self, ApiError> {
        if let Some(keyed) = &self.keyed {
            keyed.check()?;
        }
        Ok(self)
    }
}

/// Whether there are several headers of this name, so that it is ambiguous which one is meant.
fn is_repeated(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().nth(1).is_some()
}

/// The token that a request is sent with.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// Refuses callers who may only read stock and locations.
fn administers(caller: &Caller) -> Result<(), ApiError> {
    if caller.is_administrator() {
        Ok(())
    } else {
        Err(not_allowed())
    }
}

/// Refuses callers who may not change anything.
fn writes(caller: &Caller) -> Result<(), ApiError> {
    administers(caller)?;
    if caller.may_write() {
        Ok(())
    } else {
        Err(AccessError::ReadOnly.into())
    }
}

pub(crate) fn not_allowed() -> ApiError {
    ApiError::forbidden("Implicit tokens may only read stock and locations")
}

impl FromRequestParts<AppState> for Reading {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        Access::admit(parts, app, |_| Ok(())).map(Self)
    }
}

impl FromRequestParts<AppState> for Administration {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        Access::admit(parts, app, administers).map(Self)
    }
}

impl FromRequestParts<AppState> for Writing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let access = Access::admit(parts, app, writes)?;
        access.check_key().map(Self)
    }
}

impl FromRequestParts<AppState> for WritingWithoutKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let access = Access::admit(parts, app, writes)?;
        let keyed = None;
        Ok(Self(Writing(Access { keyed, ..access })))
    }
}

/// The domain refuses other callers as well; here they are refused before the body is read.
impl FromRequestParts<AppState> for OrganizationWriting {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let access = Access::admit(parts, app, |caller| {
            writes(caller)?;
            Ok(caller.actor.may_administer(Owner::Organization)?)
        })?;
        Ok(Self(Writing(access.check_key()?)))
    }
}

impl FromRequestParts<AppState> for Importing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let query = Query::of(parts.uri.query().unwrap_or_default());
        // What can't be read is no dry run.
        let is_dry_run = query.flag("dry_run").unwrap_or(false);
        let allowed = if is_dry_run { administers } else { writes };
        Access::admit(parts, app, allowed)?.check_key().map(Self)
    }
}
