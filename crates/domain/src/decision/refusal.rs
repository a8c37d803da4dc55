//! The reasons for which commands are refused.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::imports::ImportStatus;
use crate::ledger::Balance;
use crate::reservations::{ReservationState, Shortage};
use crate::transfers::{TransferState, TransferStepRefused};
use crate::values::{ProductId, Quantity, Slug, Timestamp, shortened};

/// The quantity of a refused transaction, and the figures of its position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RefusedMovement {
    /// The quantity of the transaction.
    pub requested: Quantity,
    /// The figures of the position.
    pub balance: Balance,
    /// The number of allocated pieces there that reservations hold.
    pub reserved: Quantity,
}

/// A text of a product that no other product of its owner may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProductField {
    /// The stock keeping unit.
    Sku,
    /// Its name in another system.
    ExternalRef,
}

/// The name of the field in the API.
impl fmt::Display for ProductField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sku => "sku",
            Self::ExternalRef => "external_ref",
        })
    }
}

/// The reason for which a command is refused, with a text for clients. The reasons are checked in this
/// order, and the first that applies is given. The source of the order is the HTTP contract (403, 400,
/// 404, 409, 422).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    /// Things that belong to the organization can be changed only with one of its own keys.
    #[error("This belongs to the organization and requires one of its own keys")]
    OrganizationKeyRequired,

    /// A line of a batch is not a transaction.
    #[error("This line is not a transaction")]
    NoTransaction,
    /// A line of a batch is not a count.
    #[error("This line is not a count")]
    NotACount,
    /// No location of the owner has this slug.
    #[error("There is no location {slug:?}")]
    UnknownLocation {
        /// The beginning of the slug that was named.
        slug: String,
    },
    /// Locations are chosen for a limited number of items.
    #[error("Locations can be chosen for at most {items_max} items")]
    TooManyToPlace {
        /// The limit.
        items_max: usize,
    },
    /// The product already has stock here.
    #[error("The product's stock is already managed")]
    StockExists,
    /// An organization-level product is managed by one owner only, and another one manages it.
    #[error("Invalid product identifier")]
    InvalidProductIdentifier,
    /// A location can't be removed from a stock while any of the stock is allocated there.
    #[error("Stock is allocated in location \"{slug}\"")]
    LocationAllocated {
        /// The location.
        slug: Slug,
    },
    /// The request gives figures of the whole stock that differ from the current ones. Only transactions
    /// and locations change them.
    #[error(
        "The figures of the whole stock cannot be set here; make a transaction or name a location"
    )]
    FiguresNotSet,
    /// Stock can't be created or set beyond [`Quantity::MAX`].
    #[error("The stock's total would exceed {}", Quantity::MAX)]
    TotalTooLarge,
    /// One stock lies in a limited number of locations.
    #[error("A stock can have at most {locations_max} locations")]
    TooManyStockLocations {
        /// The limit.
        locations_max: usize,
    },
    /// Another location of the owner has this slug.
    #[error("Another location has the slug \"{slug}\"")]
    SlugTaken {
        /// The slug.
        slug: Slug,
    },
    /// An owner has a limited number of locations.
    #[error("There can be at most {locations_max} locations")]
    TooManyLocations {
        /// The limit.
        locations_max: u64,
    },
    /// Stock can't be deleted while a reservation holds any of it.
    #[error("A reservation holds stock of the product")]
    StockReserved,
    /// Stock can't be deleted while an open transfer has it.
    #[error("An open transfer has stock of the product")]
    StockInTransfer,
    /// A location can't be removed from a stock, or deleted, while pieces of an open transfer come from it or
    /// go to it.
    #[error("An open transfer moves stock from or to location \"{slug}\"")]
    LocationInTransfer {
        /// The location.
        slug: Slug,
    },
    /// The products of a transfer have stock of several owners.
    #[error("The stock of these products has several owners")]
    DifferentOwners,
    /// A location where stock lies can't be deleted.
    #[error("The location has stock")]
    LocationInUse,
    /// The caller cannot use this id for a new product: a product that it sees has the id or, if the
    /// caller is the organization, a product of one of its stores has it.
    #[error("Another product has this id")]
    ProductIdTaken,
    /// A new `sku` or `external_ref` begins or ends with white space.
    #[error("{field} must not begin or end with white space")]
    WhiteSpaceAtEnds {
        /// The field.
        field: ProductField,
    },
    /// Another product of the owner has this `sku`.
    #[error("Another product has this sku")]
    SkuTaken {
        /// The other product.
        product: ProductId,
    },
    /// Another product of the owner has this `external_ref`.
    #[error("Another product has this external_ref")]
    ExternalRefTaken {
        /// The other product.
        product: ProductId,
    },
    /// A product that has stock can't be deleted.
    #[error("The product has stock")]
    ProductHasStock,
    /// An owner has a limited number of keys.
    #[error("There can be at most {keys_max} application keys")]
    TooManyKeys {
        /// The limit.
        keys_max: u64,
    },

    /// The time of a count is in the future.
    #[error("as_of must not be in the future")]
    AsOfInFuture,
    /// An organization is created once.
    #[error("The organization already exists")]
    OrganizationExists,

    /// The caller sees no stock of this product.
    #[error("The product's stock is not managed")]
    UnknownStock,
    /// The caller sees no location with this id.
    #[error("There is no such location")]
    LocationNotFound,
    /// The caller sees no product with this id.
    #[error("There is no such product")]
    ProductNotFound,
    /// The caller's owner has no key with this id.
    #[error("There is no such application key")]
    KeyNotFound,
    /// No organization has this id.
    #[error("There is no such organization")]
    OrganizationNotFound,
    /// The caller sees no entry with this id.
    #[error("There is no such transaction")]
    TransactionNotFound,
    /// The caller has made no batch with this id.
    #[error("There is no such batch")]
    BatchNotFound,
    /// The caller has made no reservation with this id.
    #[error("There is no such reservation")]
    ReservationNotFound,
    /// The caller sees no transfer with this id.
    #[error("There is no such transfer")]
    TransferNotFound,
    /// The product had no stock at that time.
    #[error("The product's stock was not managed at that time")]
    NotManagedThen,
    /// The caller has no integration with this id.
    #[error("There is no such integration")]
    IntegrationNotFound,
    /// A disabled integration gets no events.
    #[error("The integration is disabled: enable it first")]
    IntegrationDisabled,
    /// The logs of the integration show no delivery of an event with this id.
    #[error("There is no such job")]
    JobNotFound,

    /// The sum of the reserved rate limits of all keys would exceed the store's rate limit.
    #[error(
        "The reserved rate limits of all keys would exceed the limit of {limit} requests per second"
    )]
    ReservedRateLimitExceeded {
        /// The store's limit, in requests per second.
        limit: u32,
    },

    /// The figures of the position differ from those that the client expects.
    #[error(
        "The position is not as expected: it has {} available and {} allocated",
        .0.available, .0.allocated
    )]
    ExpectationFailed(Balance),
    /// A count is for an earlier time than another count of the same position.
    #[error("A later count of this position was entered, for {as_of}")]
    LaterCount {
        /// The time that the other count is for.
        as_of: Timestamp,
    },
    /// Another request was made under the same idempotency key.
    #[error("Another request was made with this Idempotency-Key")]
    IdempotencyKeyReused,
    /// The request was carried out, and its answer was stored in a form that can't be read.
    #[error("The answer kept for this key can't be read")]
    KeptAnswerUnreadable,
    /// The thing has another version than the caller believes.
    #[error("It has been changed: its version is {version}")]
    VersionIs {
        /// The version that it has.
        version: u64,
    },

    /// The state of the reservation doesn't allow this operation.
    #[error("The reservation is {}", .0.as_str())]
    ReservationIs(ReservationState),
    /// The reservation holds other stock than when it was read for this operation.
    #[error("The reservation has just been edited")]
    ReservationEdited,
    /// The transfer has other products or places than when it was read for this operation.
    #[error("The transfer has just been edited")]
    TransferEdited,
    /// A step of a transfer is refused.
    #[error(transparent)]
    TransferStep(TransferStepRefused),
    /// The state of the job doesn't allow this operation.
    #[error("The job is {}", .0.as_str())]
    ImportIs(ImportStatus),
    /// A dry run has changed nothing.
    #[error("The job was a dry run: there is nothing to undo")]
    ImportIsDryRun,
    /// The stock isn't in this location, which may be there.
    #[error("The stock is in no location \"{slug}\"")]
    LocationNotStocked {
        /// The text for the location, shortened if it is long.
        slug: String,
    },
    /// Changes of policies aren't in the ledger.
    #[error("The job has changed policies, which are in no ledger: there is nothing to undo")]
    ImportIsOfPolicies,
    /// Another server has gone on with the job.
    #[error("The job has been continued elsewhere")]
    ImportMovedOn,
    /// The order already has a reservation of other items.
    #[error("The order already has a reservation of other items")]
    OrderReserved,

    /// There isn't enough available, or not enough allocated.
    #[error("Your request could not be completed due to insufficient stock levels")]
    InsufficientStock(RefusedMovement),
    /// A transaction would bring the stock's total beyond [`Quantity::MAX`].
    #[error("The stock's total would exceed {}", Quantity::MAX)]
    TotalWouldOverflow(RefusedMovement),

    /// There isn't enough available for a reservation.
    #[error("Your request could not be completed due to insufficient stock levels")]
    ReservationShort(Vec<Shortage>),
    /// Pieces that a reservation holds can be released only through that reservation.
    #[error("Only {unreserved} allocated pieces are not held by reservations")]
    AllocatedForReservations {
        /// The number of allocated pieces that no reservation holds.
        unreserved: Quantity,
        /// The transaction, and the position.
        #[serde(default)]
        movement: RefusedMovement,
    },
    /// The reservation holds fewer open pieces of an item than were asked for.
    #[error("The reservation has only {open} open pieces of this item")]
    NotSoManyOpen {
        /// The product.
        product: ProductId,
        /// The number of open pieces.
        open: u64,
    },
    /// Fewer pieces of an item were shipped, and haven't come back, than are to come back.
    #[error("Only {open} pieces of this item can come back")]
    NotSoManyShipped {
        /// The product.
        product: ProductId,
        /// The number of pieces that can come back.
        open: u64,
    },
    /// Products have no stock to which anything could come.
    #[error("Some of the products have no stock")]
    ProductsWithoutStock {
        /// The products.
        products: Vec<ProductId>,
    },
    /// A stock has a limited number of lines in open transfers.
    #[error("A product can be in at most {lines_max} open transfers")]
    TooManyOpenTransfers {
        /// The product.
        product: ProductId,
        /// The limit.
        lines_max: u64,
    },
    /// More pieces of a stock would be in open transfers than [`Quantity::MAX`].
    #[error(
        "The pieces of a product in open transfers would exceed {}",
        Quantity::MAX
    )]
    TooManyUnderWay {
        /// The product.
        product: ProductId,
    },
    /// Pieces can't be moved from a place to the same place.
    #[error("from and to are the same place")]
    SamePlace,
    /// More pieces of a product are shipped than an edited order has of it.
    #[error("As much of this product is shipped already: {fulfilled}")]
    AlreadyFulfilled {
        /// The product.
        product: ProductId,
        /// The number of pieces that were shipped.
        fulfilled: u64,
    },
    /// Transactions made by a reservation can't be undone one by one.
    #[error("Transactions made by a reservation cannot be undone individually")]
    MadeByReservation,
    /// Transactions made by a transfer can't be undone one by one.
    #[error("Transactions made by a transfer cannot be undone individually")]
    MadeByTransfer,
    /// The entry has already been undone.
    #[error("This has already been undone")]
    AlreadyUndone,
    /// Only the latest count of a position can be undone: later ones are built on the others.
    #[error("Only the latest count of a position can be undone")]
    CountNotLatest,
    /// The undoing of a count can't be undone. The count is entered again instead: by now it may have to
    /// be compared with other figures.
    #[error("A count that was undone must be entered again")]
    CountUndone,
    /// The location of the entry was deleted, so nothing can be moved back to it.
    #[error("The location no longer exists")]
    LocationGone,
    /// An owner has a limited number of integrations.
    #[error("There can be at most {integrations_max} integrations")]
    TooManyIntegrations {
        /// The limit.
        integrations_max: u64,
    },

    /// A transaction of an all-or-nothing batch is refused, and with it all others of the batch.
    #[error("{refusal}")]
    Line {
        /// The index of the transaction, counted from 0.
        index: usize,
        /// The reason.
        refusal: Box<Refusal>,
    },
}

/// The largest number of characters of a client's text that are repeated. Refusals are stored, one for
/// each line of a batch.
const REPEATED_CHARS_MAX: usize = 64;

impl Refusal {
    /// The refusal of a text that names no location. It holds only the beginning of a long text.
    #[must_use]
    pub fn unknown_location(slug: &str) -> Self {
        let slug = shortened(slug.to_owned(), REPEATED_CHARS_MAX);
        Self::UnknownLocation { slug }
    }

    /// The refusal of a change that the state of a transfer doesn't allow.
    #[must_use]
    pub const fn transfer_is(state: TransferState) -> Self {
        Self::TransferStep(TransferStepRefused::TransferIs(state))
    }

    /// The refusal of a text that names no location of the stock. It holds only the beginning of a long text.
    #[must_use]
    pub fn not_stocked(slug: &str) -> Self {
        let slug = shortened(slug.to_owned(), REPEATED_CHARS_MAX);
        Self::LocationNotStocked { slug }
    }
}
