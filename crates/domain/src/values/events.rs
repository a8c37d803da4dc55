//! The names of events.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::text::Invalid;

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word for it in the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The one for which [`as_str`](Self::as_str) returns `word`.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|name| name.as_str() == word)
            }
        }
    };
}

names! {
    /// The name of a kind of event. (Source: the contract of events.)
    EventName {
        /// An entry was added to a ledger.
        TransactionCreated => "stock-transaction.created",
        /// Stock was created.
        StockCreated => "stock.created",
        /// Stock was deleted.
        StockDeleted => "stock.deleted",
        /// The policy of stock was changed, or deleted.
        PolicyUpdated => "stock-policy.updated",
        /// An alert of stock has gone on.
        StockLow => "stock.low",
        /// An alert of stock has gone off.
        StockRecovered => "stock.recovered",
        /// A product was registered.
        ProductCreated => "product.created",
        /// A product was changed.
        ProductUpdated => "product.updated",
        /// A product was deleted.
        ProductDeleted => "product.deleted",
        /// A reservation was made.
        ReservationCreated => "stock-reservation.created",
        /// A reservation was changed.
        ReservationUpdated => "stock-reservation.updated",
        /// A location was created.
        LocationCreated => "inventory-location.created",
        /// A location was changed.
        LocationUpdated => "inventory-location.updated",
        /// A location was deleted.
        LocationDeleted => "inventory-location.deleted",
        /// An integration was created.
        IntegrationCreated => "integration.created",
        /// An integration was changed.
        IntegrationUpdated => "integration.updated",
        /// An integration was deleted.
        IntegrationDeleted => "integration.deleted",
        /// An integration was disabled, because it couldn't deliver.
        IntegrationDisabled => "integration.disabled",
        /// An import is in another state.
        ImportUpdated => "stock-job.updated",
        /// A transfer or a delivery was made.
        TransferCreated => "stock-transfer.created",
        /// A transfer was changed.
        TransferUpdated => "stock-transfer.updated",
        /// The time has passed at which a transfer was expected, and pieces are under way.
        TransferOverdue => "stock-transfer.overdue",
        /// A draft of a transfer was deleted.
        TransferDeleted => "stock-transfer.deleted",
    }
}

impl EventName {
    /// Whether its subject is gone.
    #[must_use]
    pub const fn is_deletion(self) -> bool {
        matches!(
            self,
            Self::StockDeleted
                | Self::ProductDeleted
                | Self::LocationDeleted
                | Self::IntegrationDeleted
                | Self::TransferDeleted
        )
    }

    /// Whether it is about stock or transfers of stock, which stores see of their organization, too.
    #[must_use]
    pub const fn is_about_stock(self) -> bool {
        matches!(
            self,
            Self::TransactionCreated
                | Self::StockCreated
                | Self::StockDeleted
                | Self::PolicyUpdated
                | Self::StockLow
                | Self::StockRecovered
                | Self::TransferCreated
                | Self::TransferUpdated
                | Self::TransferOverdue
                | Self::TransferDeleted
        )
    }
}

names! {
    /// A step of a reservation.
    ReservationStep {
        /// It was paid for.
        Paid => "paid",
        /// It expires at another time.
        Extended => "extended",
        /// Pieces were released.
        Released => "released",
        /// Pieces were shipped.
        Fulfilled => "fulfilled",
        /// It wasn't paid for in time.
        Expired => "expired",
        /// Pieces are held at another place.
        Moved => "moved",
        /// It was given other items.
        Edited => "edited",
        /// Shipped pieces came back.
        Returned => "returned",
    }
}

names! {
    /// A change of a transfer.
    TransferChangeKind {
        /// Pieces were allocated.
        Ready => "ready",
        /// Pieces were shipped.
        Shipped => "shipped",
        /// A receipt was recorded.
        Received => "received",
        /// Pieces were given back.
        Cancelled => "cancelled",
        /// A receipt was undone.
        ReceiptUndone => "receipt_undone",
        /// Its fields were edited.
        Edited => "edited",
    }
}

/// The events that an integration gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Observed {
    /// All events, also those that later versions add.
    All,
    /// These events.
    Only(BTreeSet<EventName>),
}

impl Observed {
    /// The name that stands for all events.
    const EVERYTHING: &'static str = "*";

    /// The events of these names, of which there is at least one.
    ///
    /// # Errors
    /// [`Invalid`] if there is no name, or one that no event has.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let mut only = BTreeSet::new();
        let mut all = false;
        for name in names {
            if name == Self::EVERYTHING {
                all = true;
            } else {
                only.insert(EventName::from_word(name).ok_or_else(unknown_event)?);
            }
        }
        match (all, only.is_empty()) {
            (true, _) => Ok(Self::All),
            (false, false) => Ok(Self::Only(only)),
            (false, true) => Err(Invalid::new("observes", "a list of at least one event")),
        }
    }

    /// The names in the API.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Self::All => vec![Self::EVERYTHING],
            Self::Only(only) => only.iter().map(|event| event.as_str()).collect(),
        }
    }

    /// Whether the integration gets this event.
    #[must_use]
    pub fn includes(&self, event: EventName) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only.contains(&event),
        }
    }
}

fn unknown_event() -> Invalid {
    let names: Vec<_> = EventName::ALL.iter().map(|it| it.as_str()).collect();
    Invalid::new("observes", format!("a list of *, {}", names.join(", ")))
}
