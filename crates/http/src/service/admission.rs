//! Places for requests: the limits of requests in progress, in total and for each organization.
//!
//! A request takes its place when all of it has arrived, so that clients who send half a body
//! occupy none. Until then it only counts towards its organization's share.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use stockroom_application::{Caller, Exhausted, Turn, Turns};
use stockroom_domain::{KeyId, OrganizationId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::answer::ApiError;

/// The size up to which a batch is small, in bytes: it is read at once, without a thread of its own.
pub(crate) const SMALL_BATCH_BYTES_MAX: usize = 64 * 1024;

/// The number of large batches in progress at once. More of them aren't faster.
const BATCHES_MAX: usize = 8;

/// The number of large batches of one organization in progress at once.
const ORGANIZATION_BATCHES_MAX: usize = 2;

/// The number of batches of one key that are read at once. A client that sends half batches delays
/// only itself.
const KEY_BATCHES_READ_MAX: usize = 4;

/// The maximum sum of bodies in memory at once, in bytes: of one organization, and of all.
const ORGANIZATION_BODY_BYTES_MAX: usize = 128 * MEBIBYTE;
const BODY_BYTES_MAX: usize = 512 * MEBIBYTE;
const MEBIBYTE: usize = 1024 * 1024;

/// The time in which the body of a request for a token must arrive. It is short because the sender
/// is unknown.
const TOKEN_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// All places of a server.
pub(crate) struct Admission {
    requests: Arc<Semaphore>,
    tokens: Arc<Semaphore>,
    organization_requests: Turns<OrganizationId>,
    organization_batches: Turns<OrganizationId>,
    batches_read: Turns<(OrganizationId, Option<KeyId>)>,
    body_bytes: Turns<OrganizationId>,
}

impl Admission {
    /// Places for `requests_max` requests, and a sixteenth of that number for requests for tokens.
    /// One organization may have half of them.
    pub(crate) fn new(requests_max: usize) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(requests_max)),
            tokens: Arc::new(Semaphore::new(requests_max.div_ceil(16))),
            organization_requests: Turns::new(requests_max.div_ceil(2).max(1)),
            organization_batches: Turns::limited(ORGANIZATION_BATCHES_MAX, BATCHES_MAX),
            batches_read: Turns::new(KEY_BATCHES_READ_MAX),
            body_bytes: Turns::limited(ORGANIZATION_BODY_BYTES_MAX, BODY_BYTES_MAX),
        }
    }

    /// The place of a request, not yet taken.
    pub(crate) fn place(&self) -> Place {
        Place::of(&self.requests, None)
    }

    /// The place of a request for a token, not yet taken.
    pub(crate) fn token_place(&self) -> Place {
        Place::of(&self.tokens, Some(TOKEN_BODY_TIMEOUT))
    }

    /// Counts a request towards its organization's share until it is answered.
    ///
    /// # Errors
    /// 503 if the organization has no share left.
    pub(crate) fn enter(&self, place: &Place, caller: &Caller) -> Result<(), ApiError> {
        let share = self.organization_requests.try_take(caller.organization);
        let share = share.map_err(|_| {
            let requests_max = self.organization_requests.at_once();
            let limit =
                format!("The organization has too many requests at once (limit {requests_max})");
            ApiError::unavailable(&limit)
        })?;
        let entered = Entered {
            organization: caller.organization,
            key: caller.actor.key,
        };
        // A request has only one caller.
        let _ = place.0.entered.set(entered);
        place.held().share = Some(share);
        Ok(())
    }

    /// Returns the turn to read a batch, or `None` if its caller is unknown.
    pub(crate) async fn turn_to_read(&self, place: &Place) -> Option<Turn> {
        let organization = place.organization()?;
        Some(self.batches_read.wait((organization, place.key())).await)
    }

    /// Returns the turn to process a batch of this size, or `None` if it needs none. Small batches share
    /// commits, as single changes do; they couldn't if they waited for each other.
    pub(crate) async fn turn_to_work(&self, place: &Place, bytes: usize) -> Option<Turn> {
        let organization = place.organization()?;
        if bytes <= SMALL_BATCH_BYTES_MAX {
            return None;
        }
        Some(self.organization_batches.wait(organization).await)
    }

    /// Reserves memory for another part of a request's body until the request is answered. Requests
    /// for tokens reserve none: they are few and small.
    ///
    /// # Errors
    /// 503 if the bodies of the organization, or of all, take too much memory.
    pub(crate) fn make_room(&self, place: &Place, bytes: usize) -> Result<(), ApiError> {
        let Some(organization) = place.organization() else {
            return Ok(());
        };
        let room = self.body_bytes.try_take_many(organization, bytes);
        let room = room.map_err(|exhausted| match exhausted {
            Exhausted::Own => ApiError::unavailable(&format!(
                "The organization has too many request bodies in memory (limit {} bytes)",
                self.body_bytes.at_once()
            )),
            Exhausted::All => overloaded(),
        })?;
        place.keep_room(room);
        Ok(())
    }
}

/// The place of one request. It is an extension of the request, for those who read its head and its
/// body.
#[derive(Clone)]
pub(crate) struct Place(Arc<Inner>);

struct Inner {
    places: Arc<Semaphore>,
    body_timeout: Option<Duration>,
    held: Mutex<Held>,
    entered: OnceLock<Entered>,
    /// One of the three below.
    waits: AtomicU8,
}

const HAS_NOT_WAITED: u8 = 0;
const IS_WAITING: u8 = 1;
const HAS_WAITED: u8 = 2;

/// The parts of the limits that a request occupies.
#[derive(Default)]
struct Held {
    place: Option<OwnedSemaphorePermit>,
    /// Its part of the organization's share.
    share: Option<Turn>,
    body_room: Option<Turn>,
}

/// The caller of a request.
struct Entered {
    organization: OrganizationId,
    key: Option<KeyId>,
}

impl Place {
    fn of(places: &Arc<Semaphore>, body_timeout: Option<Duration>) -> Self {
        Self(Arc::new(Inner {
            places: Arc::clone(places),
            body_timeout,
            held: Mutex::default(),
            entered: OnceLock::new(),
            waits: AtomicU8::new(HAS_NOT_WAITED),
        }))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place until the request is answered. Only the first call has an effect.
    ///
    /// # Errors
    /// 503 if all are taken.
    pub(crate) fn take(&self) -> Result<(), ApiError> {
        let mut held = self.held();
        if held.place.is_none() {
            let permit = Arc::clone(&self.0.places).try_acquire_owned();
            held.place = Some(permit.map_err(|_| overloaded())?);
        }
        Ok(())
    }

    /// Gives back all that the request occupies, for a request that has begun to wait for events:
    /// these have limits of their own. Until what this returns is dropped, the time that a request may
    /// take doesn't count.
    pub(crate) fn wait(&self) -> Waits {
        *self.held() = Held::default();
        self.0.waits.store(IS_WAITING, Ordering::Relaxed);
        Waits(self.clone())
    }

    /// Whether the request has waited for events since the last call, so that it may take its time
    /// once more.
    pub(crate) fn has_waited(&self) -> bool {
        let waits = &self.0.waits;
        let waited = waits.compare_exchange(
            HAS_WAITED,
            HAS_NOT_WAITED,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        waited != Err(HAS_NOT_WAITED)
    }

    /// Waits for the request's body, and takes the place when it has arrived.
    ///
    /// # Errors
    /// 408 if the body doesn't arrive in time, 503 if all places are taken.
    pub(crate) async fn take_with_body<T>(
        &self,
        body: impl Future<Output = T>,
    ) -> Result<T, ApiError> {
        let body = match self.0.body_timeout {
            None => body.await,
            Some(limit) => timeout(limit, body).await.map_err(|_| {
                let seconds = limit.as_secs();
                ApiError::of_status(StatusCode::REQUEST_TIMEOUT)
                    .detail(format!("The body did not arrive within {seconds} seconds"))
            })?,
        };
        self.take()?;
        Ok(body)
    }

    fn keep_room(&self, more: Turn) {
        match &mut self.held().body_room {
            Some(room) => room.merge(more),
            room @ None => *room = Some(more),
        }
    }

    /// The organization of the request, once it is known.
    pub(crate) fn organization(&self) -> Option<OrganizationId> {
        self.0.entered.get().map(|entered| entered.organization)
    }

    /// The key of the request, once it is known.
    pub(crate) fn key(&self) -> Option<KeyId> {
        self.0.entered.get()?.key
    }
}

/// A request's waiting for events, until it is dropped.
pub(crate) struct Waits(Place);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.0.waits.store(HAS_WAITED, Ordering::Relaxed);
    }
}

fn overloaded() -> ApiError {
    ApiError::unavailable("The server is overloaded")
}

#[cfg(test)]
mod tests {
    use stockroom_application::Writer;
    use stockroom_domain::Owner;

    use super::*;

    fn caller(organization: u128) -> Caller {
        let organization = OrganizationId::new(uuid::Uuid::from_u128(organization));
        let operator = Writer::operator(organization, Owner::Organization);
        operator.caller().clone()
    }

    #[test]
    fn one_organization_has_half_of_the_places() {
        let admission = Admission::new(4);
        let enter = |number| {
            let place = admission.place();
            let entered = admission.enter(&place, &caller(number));
            entered.and_then(|()| place.take()).map(|()| place)
        };
        let first = enter(1).unwrap();
        let _second = enter(1).unwrap();
        assert!(enter(1).is_err());
        let _others = [enter(2).unwrap(), enter(2).unwrap()];
        assert!(enter(3).is_err(), "all places are taken");
        drop(first);
        assert!(enter(1).is_ok());
    }

    /// So that they meet in a commit.
    #[tokio::test]
    async fn small_batches_do_not_wait_for_each_other() {
        let admission = Admission::new(64);
        let place = admission.place();
        admission.enter(&place, &caller(1)).unwrap();
        let mut large = Vec::new();
        for _ in 0..ORGANIZATION_BATCHES_MAX {
            let turn = admission.turn_to_work(&place, SMALL_BATCH_BYTES_MAX + 1);
            large.push(turn.await.unwrap());
        }
        let small = admission.turn_to_work(&place, SMALL_BATCH_BYTES_MAX);
        assert!(small.await.is_none());
        let mut third = Box::pin(admission.turn_to_work(&place, SMALL_BATCH_BYTES_MAX + 1));
        assert!(futures::poll!(&mut third).is_pending());
        large.pop();
        assert!(third.await.is_some());
    }

    #[test]
    fn a_place_that_is_not_taken_hinders_nobody() {
        let admission = Admission::new(1);
        let waiting = admission.place();
        let other = admission.place();
        other.take().unwrap();
        other.take().unwrap();
        assert!(waiting.take().is_err());
        admission.token_place().take().unwrap();
        drop(other);
        waiting.take().unwrap();
    }

    #[test]
    fn a_request_that_waits_for_events_occupies_nothing() {
        let admission = Admission::new(1);
        let place = admission.place();
        admission.enter(&place, &caller(1)).unwrap();
        place.take().unwrap();
        assert!(!place.has_waited());
        let waits = place.wait();
        let other = admission.place();
        admission.enter(&other, &caller(1)).unwrap();
        other.take().unwrap();
        assert!(place.has_waited());
        assert!(place.has_waited());
        drop(waits);
        assert!(place.has_waited());
        assert!(!place.has_waited());
    }

    #[test]
    fn bodies_of_one_organization_leave_memory_for_others() {
        let admission = Admission::new(16);
        let enter = |number| {
            let place = admission.place();
            admission.enter(&place, &caller(number)).unwrap();
            place
        };
        let first = enter(1);
        for _ in 0..ORGANIZATION_BODY_BYTES_MAX / MEBIBYTE {
            admission.make_room(&first, MEBIBYTE).unwrap();
        }
        let error = admission.make_room(&enter(1), 1).unwrap_err();
        let detail =
            "The organization has too many request bodies in memory (limit 134217728 bytes)";
        assert!(format!("{error:?}").contains(detail));
        admission.make_room(&enter(2), 1).unwrap();
        drop(first);
        admission.make_room(&enter(1), MEBIBYTE).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn half_bodies_of_requests_for_tokens_are_given_up_after_seconds() {
        let place = Admission::new(1).token_place();
        let never = std::future::pending::<()>();
        let error = place.take_with_body(never).await.unwrap_err();
        assert!(format!("{error:?}").contains("The body did not arrive within 5 seconds"));
        place.take_with_body(std::future::ready(())).await.unwrap();
    }
}
