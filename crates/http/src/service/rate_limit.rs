//! Rate limits: requests per second of an organization, a store or a key.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use governor::clock::{Clock, DefaultClock, QuantaInstant, Reference as _};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use stockroom_application::Caller;
use stockroom_domain::{KeyId, OrganizationId, StoreId};

use crate::answer::ApiError;

/// The number of counted requests after which idle callers are forgotten.
const CHECKS_BETWEEN_CLEANING: u32 = 65_536;

/// The number of keys' limiters after which all of them start anew.
const RESERVED_LIMITERS_MAX: usize = 10_000;

/// The result of counting a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    /// Whether the request is admitted regardless of the common limits.
    is_reserved: bool,
    /// Whether the request was counted for a store.
    for_store: bool,
}

/// A limit for each of many callers.
struct Limit<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    per_second: NonZeroU32,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(per_second: u32) -> Option<Self> {
        let per_second = NonZeroU32::new(per_second)?;
        Some(Self {
            limiter: RateLimiter::keyed(Quota::per_second(per_second)),
            per_second,
        })
    }

    /// Counts requests, but not more than half a second's worth of them.
    ///
    /// # Errors
    /// The time at which they would be within the limit.
    fn check(&self, whose: &K, requests: NonZeroU32) -> Result<(), QuantaInstant> {
        let requests = NonZeroU32::new(self.per_second.get() / 2)
            .map_or(NonZeroU32::MIN, |half| requests.min(half));
        match self.limiter.check_key_n(whose, requests) {
            Ok(Err(not_until)) => Err(not_until.earliest_possible()),
            // The number of requests is never larger than the burst size.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

pub(crate) struct RateLimits {
    organizations: Option<Limit<OrganizationId>>,
    stores: Option<Limit<(OrganizationId, StoreId)>>,
    /// Reserved limits. The quota differs from key to key, so it is part of the lookup key.
    reserved: Mutex<HashMap<(KeyId, NonZeroU32), DefaultDirectRateLimiter>>,
    checks: AtomicU32,
    clock: DefaultClock,
}

impl RateLimits {
    /// Limits in requests per second.
    pub(crate) fn new(organization: Option<u32>, store: Option<u32>) -> Self {
        Self {
            organizations: organization.and_then(Limit::new),
            stores: store.and_then(Limit::new),
            reserved: Mutex::default(),
            checks: AtomicU32::new(0),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of `caller` towards its organization's limit and a store's: that of the
    /// store that its key belongs to or, for an organization's key, of `store`, which is one of the
    /// organization's. A request within its key's reserved limit counts towards these common
    /// limits, but is admitted regardless of them.
    ///
    /// # Errors
    /// 429 if a limit is exceeded; the methods below that count requests fail in the same way.
    pub(crate) fn check(
        &self,
        caller: &Caller,
        store: Option<StoreId>,
    ) -> Result<Counted, ApiError> {
        let store = caller.actor.key_owner.store().or(store);
        let mut counted = Counted {
            is_reserved: true,
            for_store: store.is_some(),
        };
        if self.organizations.is_none() && self.stores.is_none() {
            return Ok(counted);
        }
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks.is_multiple_of(CHECKS_BETWEEN_CLEANING) {
            self.forget_idle();
        }
        counted.is_reserved = self.within_reserved(caller);
        self.count(counted, caller, store, NonZeroU32::MIN)?;
        Ok(counted)
    }

    /// Counts a request of an organization's key towards the limit of the store that it acts in, if
    /// the store was not known to be one of the organization's before; `None` counts requests for
    /// unknown stores.
    pub(crate) fn check_store(
        &self,
        counted: Counted,
        caller: &Caller,
        store: Option<StoreId>,
    ) -> Result<(), ApiError> {
        if counted.for_store {
            return Ok(());
        }
        let store = store.unwrap_or(StoreId::new(uuid::Uuid::nil()));
        self.of_store(caller, store, NonZeroU32::MIN, counted)
    }

    /// Counts each line of a batch as a request. The first line was counted as the request; the
    /// others count for half a second's worth at most, since a batch is not divided.
    pub(crate) fn check_lines(
        &self,
        counted: Counted,
        caller: &Caller,
        lines: usize,
    ) -> Result<(), ApiError> {
        let more = u32::try_from(lines.saturating_sub(1)).unwrap_or(u32::MAX);
        match NonZeroU32::new(more) {
            Some(more) => self.count(counted, caller, caller.actor.acting.store(), more),
            None => Ok(()),
        }
    }

    fn count(
        &self,
        counted: Counted,
        caller: &Caller,
        store: Option<StoreId>,
        requests: NonZeroU32,
    ) -> Result<(), ApiError> {
        let of_organization = self
            .organizations
            .as_ref()
            .map_or(Ok(()), |limit| limit.check(&caller.organization, requests));
        let of_store = store.map_or(Ok(()), |store| {
            self.of_store(caller, store, requests, counted)
        });
        let of_organization = self.unless_reserved(counted, of_organization);
        of_organization.and(of_store)
    }

    fn of_store(
        &self,
        caller: &Caller,
        store: StoreId,
        requests: NonZeroU32,
        counted: Counted,
    ) -> Result<(), ApiError> {
        let checked = self.stores.as_ref().map_or(Ok(()), |limit| {
            limit.check(&(caller.organization, store), requests)
        });
        self.unless_reserved(counted, checked)
    }

    fn unless_reserved(
        &self,
        counted: Counted,
        checked: Result<(), QuantaInstant>,
    ) -> Result<(), ApiError> {
        match checked {
            Err(possible_at) if !counted.is_reserved => {
                let wait = possible_at.duration_since(self.clock.now());
                let wait = std::time::Duration::from(wait);
                Err(ApiError::of_status(StatusCode::TOO_MANY_REQUESTS)
                    .detail("The rate limit is exceeded")
                    .retry_after(wait.as_secs() + 1))
            }
            _ => Ok(()),
        }
    }

    fn within_reserved(&self, caller: &Caller) -> bool {
        let quota = NonZeroU32::new(caller.reserved_rate_limit);
        let Some((key, quota)) = caller.actor.key.zip(quota) else {
            return false;
        };
        let mut limiters = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        if limiters.len() > RESERVED_LIMITERS_MAX {
            limiters.clear();
        }
        limiters
            .entry((key, quota))
            .or_insert_with(|| RateLimiter::direct(Quota::per_second(quota)))
            .check()
            .is_ok()
    }

    /// Forgets callers that have been idle.
    fn forget_idle(&self) {
        if let Some(limit) = &self.organizations {
            limit.limiter.retain_recent();
        }
        if let Some(limit) = &self.stores {
            limit.limiter.retain_recent();
        }
    }
}
