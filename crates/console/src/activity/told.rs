//! Events as sentences.

use stockroom_application::ports::{FeedContent, FeedEvent};
use stockroom_domain::{
    EntryAction, Event, Import, Integration, Location, OrderId, Product, ProductId, Quantity,
    Recorded, Reservation, ReservationStep, Slug, StockAlert, Transfer, TransferChangeKind,
    TransferKind, TransferState,
};

use crate::lookup::Titles;
use crate::page::{Number, Problem, TimeTag, pieces};
use crate::session::Visit;
use crate::transfers;

/// An event in words.
pub(crate) struct Told {
    /// Its place in the feed.
    pub(crate) position: u64,
    pub(crate) at: TimeTag,
    pub(crate) sentence: Sentence,
    /// The name of the key.
    pub(crate) who: String,
    pub(crate) reason: String,
    pub(crate) reference: String,
}

/// A sentence about something, which it links to if that is still there.
pub(crate) struct Sentence {
    pub(crate) before: String,
    pub(crate) subject: String,
    pub(crate) href: Option<String>,
    pub(crate) after: String,
}

/// These events in words.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(crate) async fn tell(visit: &Visit, events: &[FeedEvent]) -> Result<Vec<Told>, Problem> {
    let titles = Titles::of(visit, events.iter().filter_map(product)).await?;
    Ok(events
        .iter()
        .map(|event| told(visit, &titles, event))
        .collect())
}

/// The product whose name a sentence needs.
fn product(event: &FeedEvent) -> Option<ProductId> {
    match &event.content {
        FeedContent::Entry(recorded, _) => Some(recorded.product),
        FeedContent::Event(event) => match &**event {
            Event::StockCreated(stock) | Event::PolicyUpdated(stock) => Some(stock.product),
            Event::StockLow(alert) | Event::StockRecovered(alert) => Some(alert.product),
            Event::StockDeleted(end) => Some(end.product),
            // The others have all words with them.
            _ => None,
        },
    }
}

fn told(visit: &Visit, titles: &Titles, event: &FeedEvent) -> Told {
    let mut told = Told {
        position: event.position,
        at: TimeTag(event.at()),
        sentence: Sentence {
            before: String::new(),
            subject: String::new(),
            href: None,
            after: String::new(),
        },
        who: String::new(),
        reason: String::new(),
        reference: String::new(),
    };
    match &event.content {
        FeedContent::Entry(recorded, _) => {
            let annotation = &recorded.entry.annotation;
            told.sentence = of_entry(visit, titles, recorded);
            recorded
                .actor_name
                .as_deref()
                .unwrap_or_default()
                .clone_into(&mut told.who);
            told.reason = annotation
                .reason
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            told.reference = annotation
                .reference
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
        }
        FeedContent::Event(event) => told.sentence = of_event(visit, titles, event),
    }
    told
}

fn of_entry(visit: &Visit, titles: &Titles, recorded: &Recorded) -> Sentence {
    let entry = &recorded.entry;
    let place = recorded
        .slug
        .as_ref()
        .map_or_else(String::new, |slug| format!(" in {slug}"));
    let quantity = pieces(entry.quantity);
    let before = match entry.action {
        _ if entry.as_of.is_some() && entry.undoes.is_none() => "Counted ".to_owned(),
        EntryAction::Create => format!("New stock: {quantity} of "),
        EntryAction::Increment => format!("Added {quantity} of "),
        EntryAction::Decrement => format!("Took out {quantity} of "),
        EntryAction::Allocate => format!("Allocated {quantity} of "),
        EntryAction::Deallocate => format!("Deallocated {quantity} of "),
    };
    let counted = match (entry.as_of, entry.action) {
        (Some(_), _) if entry.undoes.is_some() => String::new(),
        (Some(_), _) if entry.quantity.is_zero() => ", as in the books".to_owned(),
        (Some(_), EntryAction::Decrement) => format!(", {quantity} fewer than in the books"),
        (Some(_), _) => format!(", {quantity} more than in the books"),
        (None, _) => String::new(),
    };
    let before = if entry.undoes.is_some() {
        format!("Undid a change. {before}")
    } else {
        before
    };
    let there = if place.is_empty() { "" } else { " there" };
    let (available, allocated) = (
        Number::from(entry.balance.available),
        Number::from(entry.balance.allocated),
    );
    Sentence {
        before,
        subject: titles.title(recorded.product),
        href: Some(visit.path(&format!("/products/{}", recorded.product))),
        after: format!(
            "{place}{counted}. Now {available} available, {allocated} allocated{there}."
        ),
    }
}

fn of_event(visit: &Visit, titles: &Titles, event: &Event) -> Sentence {
    let stock = |id: ProductId, what: &str| Sentence {
        before: "Stock of ".to_owned(),
        subject: titles.title(id),
        href: Some(visit.path(&format!("/products/{id}"))),
        after: format!(" was {what}."),
    };
    let of_product = |it: &Product, what, is_there| product_told(visit, it, what, is_there);
    let of_location = |it: &Location, what, is_there| location_told(visit, it, what, is_there);
    let of_webhook = |it: &Integration, what, is_there| webhook_told(visit, it, what, is_there);
    match event {
        Event::StockCreated(created) => stock(created.product, "created"),
        Event::StockDeleted(end) => stock(end.product, "deleted"),
        Event::PolicyUpdated(it) => Sentence {
            before: "The policy of ".to_owned(),
            after: " was changed.".to_owned(),
            ..stock(it.product, "")
        },
        Event::StockLow(alert) => alert_told(stock(alert.product, ""), alert, "is low"),
        Event::StockRecovered(alert) => {
            alert_told(stock(alert.product, ""), alert, "is no longer low")
        }
        Event::ProductCreated(product) => of_product(product, "registered", true),
        Event::ProductUpdated(product) => of_product(product, "changed", true),
        Event::ProductDeleted(product) => of_product(product, "deleted", false),
        Event::ReservationCreated(reservation) => {
            let held = reservation.lines.iter().map(|line| line.quantity);
            let held = held.fold(Quantity::ZERO, Quantity::saturating_add);
            let held = pieces(held);
            let what = match &reservation.hold_reason {
                Some(reason) => format!(" sets {held} aside: {reason}."),
                None => format!(" was made: {held}."),
            };
            reservation_told(visit, reservation, what)
        }
        Event::ReservationUpdated(reservation, steps) => {
            let is_hold = reservation.hold_reason.is_some();
            let steps = steps.iter().map(|step| step_told(*step, is_hold));
            let steps: Vec<&str> = steps.collect();
            let what = match steps.as_slice() {
                [] => " was changed.".to_owned(),
                steps => format!(" {}.", steps.join(" and ")),
            };
            reservation_told(visit, reservation, what)
        }
        Event::LocationCreated(location) => of_location(location, "created", true),
        Event::LocationUpdated(location) => of_location(location, "changed", true),
        Event::LocationDeleted(location) => of_location(location, "deleted", false),
        Event::IntegrationCreated(it) => of_webhook(it, "created", true),
        Event::IntegrationUpdated(it) => of_webhook(it, "changed", true),
        Event::IntegrationDeleted(it) => of_webhook(it, "deleted", false),
        Event::IntegrationDisabled(it) => {
            of_webhook(it, "switched off, because it couldn't deliver", true)
        }
        Event::ImportUpdated(import) => import_told(visit, import),
        Event::TransferCreated(transfer) => {
            let state = &transfer.progress.state;
            let what = match state {
                TransferState::Draft => "was drafted",
                TransferState::Ready => "was made, and its pieces are allocated",
                TransferState::InTransit if is_delivery(transfer) => "was ordered",
                TransferState::InTransit => "was made and shipped",
                TransferState::Received => "was made, shipped and received",
                TransferState::Cancelled => "was made",
            };
            transfer_told(visit, transfer, what, true)
        }
        Event::TransferUpdated(transfer, kinds) => {
            let ordered = is_delivery(transfer);
            let told = kinds.iter().map(|kind| transfer_step_told(*kind, ordered));
            let told: Vec<&str> = told.collect();
            transfer_told(visit, transfer, &told.join(" and "), true)
        }
        Event::TransferOverdue(transfer) => transfer_told(visit, transfer, "is overdue", true),
        Event::TransferDeleted(transfer) => transfer_told(visit, transfer, "was deleted", false),
    }
}

fn alert_told(stock: Sentence, alert: &StockAlert, what: &str) -> Sentence {
    let place = match &alert.location {
        None => String::new(),
        Some((_, slug)) => format!(" in {slug}"),
    };
    let available = pieces(alert.balance.available);
    Sentence {
        after: format!("{place} {what}: {available} available."),
        ..stock
    }
}

const fn step_told(step: ReservationStep, is_hold: bool) -> &'static str {
    match step {
        ReservationStep::Paid => "was paid",
        ReservationStep::Extended => "got more time",
        ReservationStep::Released => "gave pieces back",
        ReservationStep::Fulfilled if is_hold => "wrote pieces off",
        ReservationStep::Fulfilled => "shipped pieces",
        ReservationStep::Expired => "ran out",
        ReservationStep::Moved => "is served from elsewhere",
        ReservationStep::Edited => "was edited",
        ReservationStep::Returned => "got pieces back",
    }
}

fn product_told(visit: &Visit, product: &Product, what: &str, is_there: bool) -> Sentence {
    Sentence {
        before: "Product ".to_owned(),
        subject: product.name.as_str().to_owned(),
        href: is_there.then(|| visit.path(&format!("/products/{}", product.id))),
        after: format!(" was {what}."),
    }
}

fn location_told(visit: &Visit, location: &Location, what: &str, is_there: bool) -> Sentence {
    Sentence {
        before: "Location ".to_owned(),
        subject: location.name.as_str().to_owned(),
        href: is_there.then(|| visit.path(&format!("/locations/{}", location.id))),
        after: format!(" ({}) was {what}.", Slug::as_str(&location.slug)),
    }
}

fn webhook_told(visit: &Visit, webhook: &Integration, what: &str, is_there: bool) -> Sentence {
    Sentence {
        before: "Webhook ".to_owned(),
        subject: webhook.name.as_str().to_owned(),
        href: is_there.then(|| visit.path(&format!("/webhooks/{}", webhook.id))),
        after: format!(" was {what}."),
    }
}

fn reservation_told(visit: &Visit, reservation: &Reservation, after: String) -> Sentence {
    let order = reservation.order.as_ref().map(OrderId::as_str);
    Sentence {
        before: match order {
            Some(_) => "The reservation for order ".to_owned(),
            None => "The reservation ".to_owned(),
        },
        subject: order.map_or_else(|| reservation.id.to_string(), ToOwned::to_owned),
        href: Some(visit.path(&format!("/reservations/{}", reservation.id))),
        after,
    }
}

fn is_delivery(transfer: &Transfer) -> bool {
    transfer.progress.kind == TransferKind::Delivery
}

const fn transfer_step_told(kind: TransferChangeKind, is_delivery: bool) -> &'static str {
    match kind {
        TransferChangeKind::Ready => "has its pieces allocated",
        TransferChangeKind::Shipped if is_delivery => "was ordered",
        TransferChangeKind::Shipped => "was shipped",
        TransferChangeKind::Received => "was received, in whole or in part",
        TransferChangeKind::Cancelled => "was cancelled, in whole or in part",
        TransferChangeKind::ReceiptUndone => "had a receipt undone",
        TransferChangeKind::Edited => "was edited",
    }
}

fn transfer_told(visit: &Visit, transfer: &Transfer, what: &str, is_there: bool) -> Sentence {
    Sentence {
        before: "The ".to_owned(),
        subject: transfers::title(transfer),
        href: is_there.then(|| visit.path(&format!("/transfers/{}", transfer.id))),
        after: format!(" {what}."),
    }
}

fn import_told(visit: &Visit, import: &Import) -> Sentence {
    use stockroom_domain::ImportStatus;
    let what = match import.status {
        ImportStatus::Pending => "waits",
        ImportStatus::Started => "began",
        ImportStatus::Success => "is done",
        ImportStatus::Failed => "stopped: too many of its lines failed",
        ImportStatus::Cancelled => "was cancelled",
        ImportStatus::Undoing => "is being undone",
        ImportStatus::Undone => "was undone",
        ImportStatus::PartlyUndone => "was undone in part",
    };
    let subject = if import.options.dry_run {
        "preview of a file"
    } else {
        "import of a file"
    };
    Sentence {
        before: "The ".to_owned(),
        subject: subject.to_owned(),
        href: Some(visit.path(&format!("/imports/{}", import.id))),
        after: format!(
            " {what} ({} lines).",
            Number::from(u64::from(import.lines.total))
        ),
    }
}
