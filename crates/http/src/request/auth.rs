//! Permission: for each kind an extractor that admits only callers who have it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use stockroom_application::{AccessError, Administrator, Caller};
use stockroom_domain::{Owner, StoreId};
use utoipa::IntoParams;

use super::handling::Handling;
use super::idempotency::KeyedRequest;
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

/// A caller who may do everything: one with a client-credentials token.
pub(crate) struct Administration(Access);

/// A caller who may also change what concerns the whole organization: one with a key of it.
pub(crate) struct OrganizationAdministration(Administration);

/// A caller who may do everything, in a request that only reads. An `Idempotency-Key` is ignored,
/// whatever the method.
pub(crate) struct AdministrativeReading(Administration);

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

    /// Returns the administrator, acting in the store that the request names. A separate step for
    /// the reason given at [`Reading::enter`].
    pub(crate) async fn enter(self) -> Result<Administrator, ApiError> {
        let keyed = self.0.keyed.clone();
        let caller = self.0.enter().await?;
        let administrator = caller.administrator().ok_or_else(not_allowed)?;
        Ok(match keyed {
            None => administrator,
            Some(keyed) => keyed.of_administrator(administrator)?,
        })
    }
}

impl Administration {
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
}

impl OrganizationAdministration {
    /// Returns the administrator, acting in the store that the request names. A separate step for
    /// the reason given at [`Reading::enter`].
    pub(crate) async fn enter(self) -> Result<Administrator, ApiError> {
        self.0.enter().await
    }
}

impl AdministrativeReading {
    /// Returns the administrator, acting in the store that the request names. A separate step for
    /// the reason given at [`Reading::enter`].
    pub(crate) async fn enter(self) -> Result<Administrator, ApiError> {
        self.0.enter().await
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

/// Refuses callers who may not change anything.
fn administers(caller: &Caller) -> Result<(), ApiError> {
    if caller.is_administrator() {
        Ok(())
    } else {
        Err(not_allowed())
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
        let access = Access::admit(parts, app, administers)?;
        access.check_key().map(Self)
    }
}

impl FromRequestParts<AppState> for AdministrativeReading {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let access = Access::admit(parts, app, administers)?;
        let keyed = None;
        Ok(Self(Administration(Access { keyed, ..access })))
    }
}

/// The domain refuses other callers as well; here they are refused before the body is read.
impl FromRequestParts<AppState> for OrganizationAdministration {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let access = Access::admit(parts, app, |caller| {
            administers(caller)?;
            Ok(caller.actor.may_administer(Owner::Organization)?)
        })?;
        Ok(Self(Administration(access.check_key()?)))
    }
}
