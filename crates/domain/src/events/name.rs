//! The names of events.

use serde::{Deserialize, Serialize};

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
    }
}

impl EventName {
    /// Whether it is about stock, which stores see of their organization, too.
    #[must_use]
    pub const fn is_about_stock(self) -> bool {
        matches!(
            self,
            Self::TransactionCreated | Self::StockCreated | Self::StockDeleted
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
    }
}
