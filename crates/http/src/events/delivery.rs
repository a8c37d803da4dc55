//! Bodies of requests to receivers.

use serde_json::{Value, json};
use stockroom_application::ports::{Delivery, SentEvent, WebhookBodies};
use stockroom_domain::{Description, EventFormat, Owner, StoreId};

use super::body::data_of;

/// Writes what receivers get, with the things of the API in the multi-location form.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeliveryBodies;

impl WebhookBodies for DeliveryBodies {
    fn body(&self, delivery: &Delivery<'_>) -> Vec<u8> {
        let body = match delivery.integration.configuration.format {
            EventFormat::ElasticPath => elastic_path(delivery),
            EventFormat::Standard => standard(delivery),
        };
        body.to_string().into_bytes()
    }
}

/// The body of the dialect. Its `resources` is the payload as a text.
fn elastic_path(delivery: &Delivery<'_>) -> Value {
    let integration = delivery.integration;
    let event = delivery.event;
    let data = data(event);
    let is_deletion = matches!(event, SentEvent::Feed(event) if event.name().is_deletion());
    let payload = if is_deletion {
        data
    } else {
        json!({ "data": data })
    };
    let mut body = json!({
        "id": event.id().uuid(),
        "triggered_by": event.name(),
        "attempt": delivery.attempt,
        "integration": {
            "id": integration.id.uuid(),
            "integration_type": "webhook",
            "name": integration.name.as_str(),
            "description": integration.description.as_ref().map(Description::as_str),
        },
        "resources": payload.to_string(),
        "store_id": owner(delivery).store().map(StoreId::uuid),
        "org_id": delivery.organization.uuid(),
        "configuration": { "url": integration.configuration.url.as_str() },
        "occurred_at": event.at().to_string(),
    });
    body["payload"] = payload;
    add_place(&mut body, event);
    body
}

/// The body of Standard Webhooks.
fn standard(delivery: &Delivery<'_>) -> Value {
    let event = delivery.event;
    let mut body = json!({
        "type": event.name(),
        "timestamp": event.at().to_string(),
        "data": data(event),
    });
    add_place(&mut body, event);
    body
}

/// Adds the place of the event in the feed and within its subject.
fn add_place(body: &mut Value, event: &SentEvent) {
    match event {
        SentEvent::Feed(event) => {
            body["position"] = event.position.into();
            body["sequence"] = event.number().into();
        }
        SentEvent::Gap(gap) => body["position"] = gap.up_to.into(),
        SentEvent::Test { .. } => {}
    }
}

fn data(event: &SentEvent) -> Value {
    match event {
        SentEvent::Feed(event) => data_of(event),
        SentEvent::Gap(gap) => json!({
            "type": "feed",
            "id": gap.feed.uuid(),
            "forgotten_up_to": gap.up_to,
        }),
        SentEvent::Test { id, .. } => json!({ "type": "test", "id": id.uuid() }),
    }
}

fn owner(delivery: &Delivery<'_>) -> Owner {
    match delivery.event {
        SentEvent::Feed(event) => event.owner(),
        SentEvent::Gap(_) | SentEvent::Test { .. } => delivery.integration.owner,
    }
}
