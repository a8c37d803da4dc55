//! One attempt to deliver an event.

use std::time::{Duration, Instant};

use stockroom_domain::{Integration, IntegrationSecrets, LogId, Timestamp};

use crate::environment::Environment;
use crate::ports::{Delivery, DeliveryLog, SentEvent};
use crate::stockroom::Webhooks;
use crate::webhooks::{
    AttemptOutcome, SendError, Verdict, WebhookRequest, WebhookResponse, signed_headers,
};

/// The end of an attempt.
#[derive(Debug)]
pub(super) struct Attempted {
    /// The time at which it began.
    at: Timestamp,
    answer: Result<WebhookResponse, SendError>,
    took: Duration,
}

impl Webhooks {
    /// Sends an event to its receiver once. The receiver has the time of the integration to answer, but
    /// at most `timeout_max`.
    pub(super) async fn attempt(
        &self,
        environment: &Environment,
        secrets: &IntegrationSecrets,
        delivery: Delivery<'_>,
        timeout_max: Duration,
    ) -> Attempted {
        let start = Instant::now();
        let at = environment.now();
        let configuration = &delivery.integration.configuration;
        let body = self.bodies.body(&delivery);
        let id = format!("evt_{}", delivery.event.id().uuid().simple());
        let signed = signed_headers(secrets.signing_at(at), &id, at.as_seconds(), &body);
        let mut headers = Vec::from(signed);
        if let Some(key) = &secrets.secret_key {
            headers.push(("x-moltin-secret-key".to_owned(), key.expose().to_owned()));
        }
        let timeout = Duration::from_secs(configuration.timeout.seconds().into());
        let request = WebhookRequest {
            url: configuration.url.as_str().to_owned(),
            headers,
            body,
            timeout: timeout.min(timeout_max),
        };
        Attempted {
            at,
            answer: self.sender.send(request).await,
            took: start.elapsed(),
        }
    }
}

impl Attempted {
    /// The part of it that decides what follows.
    pub(super) fn outcome(&self) -> AttemptOutcome {
        match &self.answer {
            Ok(answer) => AttemptOutcome::Answered {
                status: answer.status,
                retry_after: answer.retry_after,
            },
            Err(_) => AttemptOutcome::Unanswered,
        }
    }

    /// Whether the receiver has accepted the event.
    pub(super) fn is_success(&self) -> bool {
        matches!(&self.answer, Ok(answer) if (200..300).contains(&answer.status))
    }

    /// Counts the attempt in the metrics.
    pub(super) fn count(&self, verdict: Verdict) {
        let outcome = match verdict {
            Verdict::Delivered => "delivered",
            Verdict::Failed => "failed",
            Verdict::SetAside => "set_aside",
        };
        metrics::counter!("stockroom_webhook_deliveries_total", "outcome" => outcome).increment(1);
        metrics::histogram!("stockroom_webhook_delivery_duration_seconds", "outcome" => outcome)
            .record(self.took);
    }

    /// The log of the attempt.
    pub(super) fn log(
        self,
        environment: &Environment,
        integration: &Integration,
        event: &SentEvent,
        number: u32,
        verdict: Verdict,
    ) -> DeliveryLog {
        let is_success = self.is_success();
        let (status_code, body, error) = match self.answer {
            Ok(answer) => {
                let error = (!is_success).then(|| format!("answered {}", answer.status));
                (Some(answer.status), Some(answer.body), error)
            }
            Err(error) => (None, None, Some(error.to_string())),
        };
        let error_detail = match verdict {
            Verdict::SetAside => Some("set aside".to_owned()),
            Verdict::Delivered | Verdict::Failed => error,
        };
        DeliveryLog {
            id: LogId::new(environment.next_id()),
            owner: integration.owner,
            integration: integration.id,
            event: event.id(),
            succeeded: verdict == Verdict::Delivered,
            attempt: number,
            status_code,
            error_detail,
            body,
            created_at: self.at,
        }
    }
}
