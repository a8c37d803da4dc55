//! Events.

use serde::Serialize;
use serde_json::{Value, json};
use stockroom_application::EventPage;
use stockroom_application::ports::{FeedContent, FeedEvent, FeedState};
use stockroom_domain::{
    Event, Product, Quantity, Recorded, ReservationStep, StockedProduct, Subject, Timestamp,
    TransferChangeKind,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::as_text;
use crate::imports::body::ImportBody;
use crate::integrations::body::IntegrationBody;
use crate::locations::body::LocationBody;
use crate::policies::body::{PolicyBody, StockAlertBody};
use crate::products::body::ProductBody;
use crate::request::Form;
use crate::reservations::body::ReservationBody;
use crate::stock::body::{Figures, StockBody};
use crate::transactions::body::TransactionBody;
use crate::transfers::body::TransferBody;

/// An event.
#[derive(Serialize, ToSchema)]
#[schema(as = StockEvent)]
pub(crate) struct EventBody {
    /// The event's id; that of the transaction, if it is one.
    id: Uuid,
    /// Always `stock-event`.
    r#type: &'static str,
    attributes: EventAttributes,
}

#[derive(Serialize, ToSchema)]
struct EventAttributes {
    /// Its place in the feed: 1, 2, 3 … without a gap.
    position: u64,
    /// Its name, as in `stock-transaction.created`.
    event: &'static str,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    occurred_at: Timestamp,
    subject: SubjectBody,
    /// The number of the change within its subject.
    sequence: u64,
    /// The store to which the subject belongs; null if it belongs to the organization.
    store_id: Option<Uuid>,
    /// The subject after the change, or its type and id if it is deleted; for `stock.low` and
    /// `stock.recovered`, the alert and the figures after the movement.
    #[schema(value_type = Object)]
    data: Value,
}

/// The thing that an event is about. The events of one subject come in their order.
#[derive(Serialize, ToSchema)]
struct SubjectBody {
    /// `stock`, `product`, `stock-reservation`, `inventory_location`, `integration` or
    /// `stock-job`.
    r#type: &'static str,
    /// Its id; for stock, that of the product.
    id: Uuid,
    /// The stock itself, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    stock_id: Option<Uuid>,
}

impl From<Subject> for SubjectBody {
    fn from(subject: Subject) -> Self {
        let (r#type, stock_id) = match subject {
            Subject::Stock(_, stock) => ("stock", Some(stock.uuid())),
            Subject::Product(_) => ("product", None),
            Subject::Reservation(_) => ("stock-reservation", None),
            Subject::Location(_) => ("inventory_location", None),
            Subject::Integration(_) => ("integration", None),
            Subject::Import(_) => ("stock-job", None),
            Subject::Transfer(_) => ("stock-transfer", None),
        };
        Self {
            r#type,
            id: subject.id(),
            stock_id,
        }
    }
}

impl From<FeedEvent> for EventBody {
    fn from(event: FeedEvent) -> Self {
        let subject = SubjectBody::from(event.subject());
        Self {
            id: event.id(),
            r#type: "stock-event",
            attributes: EventAttributes {
                position: event.position,
                event: event.name().as_str(),
                occurred_at: event.at(),
                sequence: event.number(),
                store_id: event.owner().store().map(Into::into),
                data: data_of(&event),
                subject,
            },
        }
    }
}

/// The subject after an event, or its type and id if it is gone.
pub(super) fn data_of(event: &FeedEvent) -> Value {
    match &event.content {
        FeedContent::Entry(recorded, _) => transaction((**recorded).clone()),
        FeedContent::Event(content) => data((**content).clone(), &event.subject().into()),
    }
}

/// A transaction, with the figures of the whole stock after it.
fn transaction(recorded: Recorded) -> Value {
    let sums = Figures::from(recorded.entry.sums);
    let mut data = value(TransactionBody::new(recorded, Form::MultiLocation));
    data["stock"] = value(sums);
    data
}

fn data(event: Event, subject: &SubjectBody) -> Value {
    match event {
        Event::StockCreated(stock) => value(StockBody::new(stock, Form::MultiLocation)),
        Event::PolicyUpdated(stock) => value(PolicyBody::from(&stock)),
        Event::StockLow(alert) | Event::StockRecovered(alert) => {
            value(StockAlertBody::from(*alert))
        }
        Event::ProductCreated(product) | Event::ProductUpdated(product) => product_data(product),
        Event::ReservationCreated(reservation) => value(ReservationBody::from(reservation)),
        Event::ReservationUpdated(reservation, steps) => {
            let steps = steps.into_iter().map(ReservationStep::as_str);
            let mut data = value(ReservationBody::from(reservation));
            data["changes"] = steps.collect();
            data
        }
        Event::LocationCreated(location) | Event::LocationUpdated(location) => {
            value(LocationBody::from(location))
        }
        Event::IntegrationCreated(integration)
        | Event::IntegrationUpdated(integration)
        | Event::IntegrationDisabled(integration) => {
            value(IntegrationBody::for_others(integration))
        }
        Event::ImportUpdated(import) => value(ImportBody::from(*import)),
        Event::TransferCreated(transfer) | Event::TransferOverdue(transfer) => {
            value(TransferBody::from(*transfer))
        }
        Event::TransferUpdated(transfer, kinds) => {
            let kinds = kinds.into_iter().map(TransferChangeKind::as_str);
            let mut data = value(TransferBody::from(*transfer));
            data["changes"] = kinds.collect();
            data
        }
        Event::StockDeleted(_)
        | Event::ProductDeleted(_)
        | Event::LocationDeleted(_)
        | Event::IntegrationDeleted(_)
        | Event::TransferDeleted(_) => {
            json!({ "type": subject.r#type, "id": subject.id })
        }
    }
}

/// A product without its stock level, which has events of its own.
fn product_data(product: Product) -> Value {
    let level = Quantity::ZERO;
    let mut data = value(ProductBody::from(StockedProduct { product, level }));
    if let Some(meta) = data["meta"].as_object_mut() {
        meta.remove("stock");
    }
    data
}

fn value(body: impl Serialize) -> Value {
    // No body has keys that aren't texts, which is all that could fail.
    serde_json::to_value(body).unwrap_or_default()
}

/// A page of events.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventList {
    data: Vec<EventBody>,
    meta: EventListMeta,
    links: EventLinks,
}

/// What the feed is like.
#[derive(Serialize, ToSchema)]
struct EventListMeta {
    /// The id of the feed: another one after the database was restored.
    feed_id: Uuid,
    /// The position of the last event; 0 before the first.
    head: u64,
    /// The position of the oldest event that is kept; one more than `head` if none is.
    oldest: u64,
    /// The cursor to go on from, also past events that a filter left out.
    next: String,
}

#[derive(Serialize, ToSchema)]
struct EventLinks {
    /// The next page, or null at the head.
    next: Option<String>,
}

impl EventList {
    /// The answer with a page; `link` makes a link to the page after a cursor.
    pub(super) fn new(page: EventPage, link: impl FnOnce(&str) -> String) -> Self {
        let has_more = page.has_more();
        let FeedState { id, oldest, head } = page.feed;
        let next = format!("{id}:{}", page.next);
        Self {
            links: EventLinks {
                next: has_more.then(|| link(&next)),
            },
            meta: EventListMeta {
                feed_id: id.uuid(),
                head,
                oldest,
                next,
            },
            data: page.events.into_iter().map(Into::into).collect(),
        }
    }
}
