//! Rate limits: how many requests a second an organization, a store and a key may make.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use stockroom_application::Caller;
use stockroom_domain::{KeyId, OrganizationId, StoreId};

use crate::error::ApiError;

/// How many requests are counted before callers that have been idle are forgotten.
const CHECKS_BETWEEN_CLEANING: u32 = 65_536;

/// How many limiters of keys are kept before all of them start anew.
const RESERVED_LIMITERS_MAX: usize = 10_000;

pub(crate) struct RateLimits {
    organizations: Option<DefaultKeyedRateLimiter<OrganizationId>>,
    stores: Option<DefaultKeyedRateLimiter<(OrganizationId, StoreId)>>,
    /// Reserved limits. The quota differs from key to key, and so is part of what is looked up.
    reserved: Mutex<HashMap<(KeyId, NonZeroU32), DefaultDirectRateLimiter>>,
    checks: AtomicU32,
    clock: DefaultClock,
}

impl RateLimits {
    /// Limits in requests per second.
    pub(crate) fn new(organization: Option<u32>, store: Option<u32>) -> Self {
        let quota = |limit: Option<u32>| {
            let limit = limit.and_then(NonZeroU32::new)?;
            Some(Quota::per_second(limit))
        };
        Self {
            organizations: quota(organization).map(RateLimiter::keyed),
            stores: quota(store).map(RateLimiter::keyed),
            reserved: Mutex::default(),
            checks: AtomicU32::new(0),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of `caller`, which acts in `store` if it names one. A request within its
    /// key's reserved limit counts towards the common ones, but is let through whatever they say.
    pub(crate) fn check(&self, caller: &Caller, store: Option<StoreId>) -> Result<(), ApiError> {
        if self.organizations.is_none() && self.stores.is_none() {
            return Ok(());
        }
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks.is_multiple_of(CHECKS_BETWEEN_CLEANING) {
            self.forget_idle();
        }
        let organization = self
            .organizations
            .as_ref()
            .map_or(Ok(()), |limiter| limiter.check_key(&caller.organization));
        let store = match (&self.stores, store.or(caller.actor.key_owner.store())) {
            (Some(limiter), Some(store)) => limiter.check_key(&(caller.organization, store)),
            _ => Ok(()),
        };
        let reserved = self.within_reserved(caller);
        match organization.and(store) {
            Err(not_until) if !reserved => {
                let wait = not_until.wait_time_from(self.clock.now());
                let error = ApiError::of_status(axum::http::StatusCode::TOO_MANY_REQUESTS)
                    .detail("The rate limit is exceeded")
                    .retry_after(wait.as_secs() + 1);
                Err(error)
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
        if let Some(limiter) = &self.organizations {
            limiter.retain_recent();
        }
        if let Some(limiter) = &self.stores {
            limiter.retain_recent();
        }
    }
}
