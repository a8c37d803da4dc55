//! Sending what the schedule says, and noting what came of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinError;

use super::lease::Deliveries;
use crate::integrations::attempt::Attempted;
use crate::ports::{Delivery, SentEvent, StoreError, StoredIntegration};
use crate::webhooks::{Attempt, Verdict};

/// The number of times that attempts are begun without a look at the lease in between: events that the
/// integration doesn't get any more are left out at once.
const ROUNDS_MAX: usize = 32;

/// The end of a request.
pub(super) struct Sent {
    attempt: Attempt,
    event: SentEvent,
    attempted: Attempted,
    /// The integration as it was.
    stored: Arc<StoredIntegration>,
}

impl Deliveries {
    /// Begins the attempts that are due.
    pub(super) async fn send(&mut self) -> Result<(), StoreError> {
        for _ in 0..ROUNDS_MAX {
            let attempts = self.schedule.begin(self.stockroom.now());
            if attempts.is_empty() {
                return Ok(());
            }
            let mut attempts = attempts.into_iter();
            while let Some(attempt) = attempts.next() {
                match self.event(attempt.position).await {
                    Ok(Some(event)) => self.request(attempt, event),
                    Ok(None) => self.schedule.dismiss(attempt.position),
                    Err(error) => {
                        for attempt in std::iter::once(attempt).chain(attempts) {
                            self.schedule.abandon(attempt.position);
                        }
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    fn request(&mut self, attempt: Attempt, event: SentEvent) {
        let webhooks = self.webhooks.clone();
        let environment = self.stockroom.environment.clone();
        let stored = Arc::clone(&self.stored);
        let organization = self.organization;
        self.requests.spawn(async move {
            let delivery = Delivery {
                organization,
                integration: &stored.integration,
                attempt: attempt.number,
                event: &event,
            };
            let _turn = webhooks.turns.wait(organization).await;
            let attempted =
                webhooks.attempt(&environment, &stored.secrets, delivery, Duration::MAX);
            Sent {
                attempt,
                attempted: attempted.await,
                event,
                stored,
            }
        });
    }

    /// Notes the end of a request.
    pub(super) fn note(&mut self, sent: Result<Sent, JoinError>) {
        let sent = match sent {
            Ok(sent) => sent,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "an attempt to deliver an event broke off");
                self.is_broken = true;
                return;
            }
        };
        let position = sent.attempt.position;
        let now = self.stockroom.now();
        let random = u32::from_be_bytes(self.stockroom.environment.random_bytes());
        let outcome = sent.attempted.outcome();
        let Some(finished) = self.schedule.finish(position, outcome, now, random) else {
            return;
        };
        let verdict = finished.verdict;
        sent.attempted.count(verdict);
        if verdict == Verdict::Failed {
            if let SentEvent::Feed(event) = &sent.event {
                self.events.insert(position, Arc::clone(event));
            }
        } else if let SentEvent::Gap(gap) = &sent.event {
            let forgotten = self.feed.oldest.saturating_sub(1);
            self.told_up_to = gap.up_to.max(forgotten);
        }
        if verdict != Verdict::Failed && self.gap == Some(position) {
            self.gap = None;
        }
        self.has_failed |= verdict != Verdict::Delivered;
        // What it was before can't be a reason to disable what it is now.
        if sent.stored.integration.version == self.stored.integration.version {
            self.disable = self.disable.or(finished.disable);
        }
        let environment = &self.stockroom.environment;
        let number = finished.attempt.number;
        let integration = &sent.stored.integration;
        let log = sent
            .attempted
            .log(environment, integration, &sent.event, number, verdict);
        self.logs.push(log);
    }
}
