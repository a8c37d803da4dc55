//! Deliveries that a client asks for: a test, and events that were sent before.

use std::time::Duration;

use stockroom_domain::{EventId, IntegrationId, OrganizationId, Refusal, ReplayEvents, Timestamp};

use super::IntegrationStatus;
use crate::access::Writer;
use crate::error::{Error, ReplayError};
use crate::pipeline::timed;
use crate::ports::{Delivery, DeliveryLog, FeedState, SentEvent, StoreError};
use crate::stockroom::Stockroom;
use crate::webhooks::{SendError, Verdict};

/// The number of events that are looked at together for the first one of a time.
const READ_AT_ONCE: u32 = 1_000;

/// The longest time that a receiver has to answer a test, whose client waits.
const TEST_TIMEOUT_MAX: Duration = Duration::from_secs(20);

/// By so much may the times of events run backwards from one event to later ones: the servers' clocks
/// differ, and a commit takes time.
const DISORDER_MILLISECONDS: i64 = 60_000;

/// The first event that is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayStart {
    /// The one with this position.
    Position(u64),
    /// The first one that happened at this time or later.
    Time(Timestamp),
}

impl Stockroom {
    /// Sends the event `integration.test` once, at once, whether or not the integration is enabled, and
    /// returns the log.
    ///
    /// # Errors
    /// [`Error`] if there is no such integration, or the database fails. A receiver that fails is no
    /// error: the log tells it.
    pub async fn test_integration(
        &self,
        writer: &Writer,
        id: IntegrationId,
    ) -> Result<DeliveryLog, Error> {
        let scope = writer.scope();
        let records = self.pipeline.records();
        let found = records.integration(scope.organization, scope.acting, id);
        let found = timed("integration", found).await?;
        let found = found.ok_or(Refusal::IntegrationNotFound)?;
        let webhooks = self.webhooks.as_ref();
        let webhooks = webhooks.ok_or(Error::UrlNotAllowed(SendError::NotSupported))?;
        let _turn = webhooks.turns.wait(scope.organization).await;
        let event = SentEvent::Test {
            id: EventId::new(self.environment.next_id()),
            at: self.now(),
        };
        let delivery = Delivery {
            organization: scope.organization,
            integration: &found.integration,
            attempt: 1,
            event: &event,
        };
        let attempted = webhooks.attempt(
            &self.environment,
            &found.secrets,
            delivery,
            TEST_TIMEOUT_MAX,
        );
        let attempted = attempted.await;
        let verdict = if attempted.is_success() {
            Verdict::Delivered
        } else {
            Verdict::Failed
        };
        attempted.count(verdict);
        let log = attempted.log(&self.environment, &found.integration, &event, 1, verdict);
        let added = records.add_logs(scope.organization, id, std::slice::from_ref(&log));
        timed("add_logs", added).await?;
        let trimmed = records.trim_logs(scope.organization, id, self.now());
        timed("trim_logs", trimmed).await?;
        Ok(log)
    }

    /// Sends the events of an integration again, in order and with the same ids.
    ///
    /// # Errors
    /// [`ReplayError`] if the feed doesn't have them, the integration doesn't exist or is disabled, or the
    /// database fails.
    pub async fn replay_events(
        &self,
        writer: &Writer,
        id: IntegrationId,
        start: ReplayStart,
    ) -> Result<IntegrationStatus, ReplayError> {
        let organization = writer.scope().organization;
        let state = self.integration_state(writer.administrator(), id).await?;
        let state = state.ok_or(Error::from(Refusal::IntegrationNotFound))?;
        if !state.integration.enabled {
            return Err(Error::from(Refusal::IntegrationDisabled).into());
        }
        let feed = self.feed_state(organization).await?;
        let from = match start {
            ReplayStart::Position(position) => position,
            ReplayStart::Time(time) => self.first_event_since(organization, feed, time).await?,
        };
        if from < feed.oldest {
            return Err(ReplayError::Forgotten(feed));
        }
        if from > feed.head + 1 {
            return Err(ReplayError::Ahead(feed));
        }
        self.execute(writer, ReplayEvents { id, from }).await?;
        let state = self.integration_state(writer.administrator(), id).await?;
        let state = state.ok_or(Error::from(Refusal::IntegrationNotFound))?;
        Ok(IntegrationStatus::new(state, feed.head))
    }

    /// The position of the first event that happened at a time or later, and one more than the head if
    /// there is none. If the feed has forgotten events that may have happened since that time, it is the
    /// position before the oldest one.
    async fn first_event_since(
        &self,
        organization: OrganizationId,
        feed: FeedState,
        time: Timestamp,
    ) -> Result<u64, StoreError> {
        let earlier = time.plus_milliseconds(-DISORDER_MILLISECONDS);
        let (mut first, mut end) = (feed.oldest, feed.head + 1);
        while first < end {
            let middle = first + (end - first) / 2;
            let found = self.feed_events(organization, middle - 1, 1).await?;
            if found.first().is_none_or(|event| event.at() < earlier) {
                first = middle + 1;
            } else {
                end = middle;
            }
        }
        if first == feed.oldest && feed.oldest > 1 {
            return Ok(feed.oldest - 1);
        }
        let mut after = first - 1;
        while after < feed.head {
            let events = self.feed_events(organization, after, READ_AT_ONCE).await?;
            let Some(last) = events.last() else {
                break;
            };
            if let Some(event) = events.iter().find(|event| event.at() >= time) {
                return Ok(event.position);
            }
            after = last.position;
        }
        Ok(feed.head + 1)
    }
}
