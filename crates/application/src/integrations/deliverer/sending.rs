//! Sending what the schedule says, and noting what came of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinError;

use super::lease::Deliveries;
use crate::integrations::attempt::Attempted;
use crate::ports::{Delivery, SentEvent, StoreError, StoredIntegration};
use crate::webhooks::{Attempt, Verdict};

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
        loop {
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
        } else if self.gap.is_some_and(|gap| gap.up_to == position) {
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
