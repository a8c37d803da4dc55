//! The events that a webhook can get, in words.

use std::collections::BTreeSet;

use stockroom_domain::{EventName, Observed};

/// The kinds of events, in groups.
const GROUPS: [(&str, &[(EventName, &str)]); 7] = [
    (
        "Stock",
        &[
            (
                EventName::TransactionCreated,
                "Stock changed: every entry of a ledger",
            ),
            (EventName::StockCreated, "Stock created"),
            (EventName::StockDeleted, "Stock deleted"),
            (EventName::StockLow, "Stock low: an alert has gone on"),
            (
                EventName::StockRecovered,
                "Stock no longer low: an alert has gone off",
            ),
            (EventName::PolicyUpdated, "Policy of stock changed"),
        ],
    ),
    (
        "Products",
        &[
            (EventName::ProductCreated, "Product registered"),
            (EventName::ProductUpdated, "Product changed"),
            (EventName::ProductDeleted, "Product deleted"),
        ],
    ),
    (
        "Reservations",
        &[
            (EventName::ReservationCreated, "Reservation made"),
            (
                EventName::ReservationUpdated,
                "Reservation paid, extended, shipped, released or run out",
            ),
        ],
    ),
    (
        "Transfers and deliveries",
        &[
            (EventName::TransferCreated, "Transfer or delivery made"),
            (
                EventName::TransferUpdated,
                "Transfer allocated, shipped, received, cancelled, corrected or edited",
            ),
            (EventName::TransferOverdue, "Transfer or delivery overdue"),
            (EventName::TransferDeleted, "Draft of a transfer deleted"),
        ],
    ),
    (
        "Locations",
        &[
            (EventName::LocationCreated, "Location created"),
            (EventName::LocationUpdated, "Location changed"),
            (EventName::LocationDeleted, "Location deleted"),
        ],
    ),
    (
        "Imports",
        &[(EventName::ImportUpdated, "Import in another state")],
    ),
    (
        "Webhooks",
        &[
            (EventName::IntegrationCreated, "Webhook created"),
            (EventName::IntegrationUpdated, "Webhook changed"),
            (EventName::IntegrationDeleted, "Webhook deleted"),
            (
                EventName::IntegrationDisabled,
                "Webhook switched off by the server",
            ),
        ],
    ),
];

/// An event that can be ticked.
pub(super) struct Choice {
    /// The word for it in the API.
    pub(super) word: &'static str,
    pub(super) text: &'static str,
    pub(super) is_ticked: bool,
}

/// A group of events that can be ticked.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) choices: Vec<Choice>,
}

/// All events, with those ticked whose words these are.
pub(super) fn groups(ticked: &[String]) -> Vec<Group> {
    let groups = GROUPS.iter().map(|(name, events)| {
        let choices = events.iter().map(|(event, text)| Choice {
            word: event.as_str(),
            text,
            is_ticked: ticked.iter().any(|word| word == event.as_str()),
        });
        Group {
            name,
            choices: choices.collect(),
        }
    });
    groups.collect()
}

/// The events that a webhook gets, in words.
pub(super) fn told(observed: &Observed) -> Vec<&'static str> {
    let only: &BTreeSet<EventName> = match observed {
        Observed::All => return vec!["Everything, also what later versions add"],
        Observed::Only(only) => only,
    };
    let events = GROUPS.iter().flat_map(|(_, events)| events.iter());
    let events = events.filter(|(event, _)| only.contains(event));
    events.map(|(_, text)| *text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_can_be_ticked() {
        let all = GROUPS.iter().flat_map(|(_, events)| events.iter());
        let all: BTreeSet<EventName> = all.map(|(event, _)| *event).collect();
        assert_eq!(all, EventName::ALL.iter().copied().collect());
    }
}
