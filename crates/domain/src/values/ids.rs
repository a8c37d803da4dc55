//! Identifiers: UUIDs, one type for each thing that they name.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::timestamp::Timestamp;

/// The source of fresh identifiers. The domain makes none itself, so that it stays a function of its
/// inputs.
pub trait Ids {
    /// A new UUID of version 7 whose time is exactly `at` (milliseconds). Ids requested with times that
    /// don't run backwards sort in the order of the requests. So do ids for the same time, even if ids
    /// for other times are requested in between.
    fn next_id(&mut self, at: Timestamp) -> Uuid;
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this UUID.
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Parses a UUID with hyphens, in letters of either case; `None` if the text is not one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                // The library also reads UUIDs without hyphens, in braces, and as URNs.
                if text.len() != uuid::fmt::Hyphenated::LENGTH {
                    return None;
                }
                Uuid::try_parse(text).ok().map(Self)
            }

            /// The UUID of this id.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// Names an organization: the tenant. Tenants share nothing.
    OrganizationId;
    /// Names a store of an organization.
    StoreId;
    /// Names a product. Where nobody registered the product, the client chose this id.
    ProductId;
    /// Names one stock of a product, from its creation to its deletion.
    StockId;
    /// Names a location.
    LocationId;
    /// Names an entry of a stock's ledger. It is a UUIDv7 whose time is the entry's `created_at`, so
    /// that an adapter can find an entry by its id among the entries of that time.
    TransactionId;
    /// Names an application key.
    KeyId;
    /// Names the entries made by one bulk request.
    BatchId;
    /// Names a reservation.
    ReservationId;
    /// Names a feed of events: after a database was restored, its feed is another one.
    FeedId;
    /// Names an integration.
    IntegrationId;
    /// Names an import.
    ImportId;
    /// Names an event, and so the job of delivering it.
    EventId;
    /// Names a log of one attempt to deliver an event. It is a UUIDv7, so logs sort by their time.
    LogId;
    /// Names a transfer, or a delivery.
    TransferId;
    /// Names a receipt of a transfer, and the batch of its entries.
    ReceiptId;
}

impl TransactionId {
    /// Time of the entry with this id, or `None` if no ledger can hold such an id.
    #[must_use]
    pub fn created_at(self) -> Option<Timestamp> {
        if self.0.get_version_num() != 7 {
            return None;
        }
        let (seconds, nanoseconds) = self.0.get_timestamp()?.to_unix();
        let milliseconds = i64::try_from(seconds)
            .ok()?
            .checked_mul(1_000)?
            .checked_add(i64::from(nanoseconds / 1_000_000))?;
        Timestamp::from_milliseconds(milliseconds)
    }
}
