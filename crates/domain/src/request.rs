//! What each kind of operation is asked with.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Address, Annotation, Balance, CommodityType, Description, ExpiresIn, ExternalRef, Geolocation,
    KeyId, LocationId, Name, OrderId, OrganizationId, ProductId, ProductStatus, ProductText,
    Quantity, Recorded, Reference, ReservationItem, ReservationRef, SecretHash, Slug, StockKey,
    StoreId, Timestamp, TransactionAction,
};

/// How an update treats one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// As it is.
    #[default]
    Keep,
    /// Emptied.
    Clear,
    /// Replaced.
    Set(T),
}

impl<T> Patch<T> {
    /// The field after the update.
    #[must_use]
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The same update with a converted value.
    ///
    /// # Errors
    /// What `convert` returns.
    pub fn try_map<U, E>(self, convert: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(convert(value)?),
        })
    }

    /// The new value, if there is one.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// Creates a product's stock, held by whoever the caller acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateStock {
    /// The product.
    pub product: ProductId,
    /// What is available outside of any location.
    pub unlocated: Quantity,
    /// What is available in each location.
    pub located: BTreeMap<Slug, Quantity>,
}

/// Makes one transaction on the stock of a product that the caller sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transact {
    /// The product.
    pub product: ProductId,
    /// What to do.
    pub action: TransactionAction,
    /// To how many pieces.
    pub quantity: Quantity,
    /// In which location; the unlocated pool if none is named. A text that is no slug names no
    /// location, and is refused like any other unknown one.
    pub location: Option<String>,
    /// What the position has to hold for this to be done.
    pub expectation: Expectation,
    /// What the ledger is to say of it.
    pub annotation: Annotation,
}

impl Transact {
    /// A transaction on the unlocated pool, whatever it holds.
    #[must_use]
    pub fn new(product: ProductId, action: TransactionAction, quantity: Quantity) -> Self {
        Self {
            product,
            action,
            quantity,
            location: None,
            expectation: Expectation::default(),
            annotation: Annotation::default(),
        }
    }
}

/// What a client takes a position to hold. What isn't named may be anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expectation {
    /// What is available there.
    pub available: Option<Quantity>,
    /// What is allocated there.
    pub allocated: Option<Quantity>,
    /// Both together.
    pub total: Option<Quantity>,
}

impl Expectation {
    /// Whether a position with these figures is as expected.
    #[must_use]
    pub fn is_met(self, balance: Balance) -> bool {
        let is = |expected: Option<Quantity>, figure| expected.is_none_or(|it| it == figure);
        is(self.available, balance.available)
            && is(self.allocated, balance.allocated)
            && is(self.total, balance.total())
    }
}

/// Makes transactions in order, each seeing what the ones before it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactMany {
    /// The transactions; `None` for a line that is none, which is refused in its turn.
    pub lines: Vec<Option<Transact>>,
    /// Whether all are made or none. Else each stands alone.
    pub atomic: bool,
}

impl TransactMany {
    /// How many lines there may be. (Source: the HTTP contract.)
    pub const LINES_MAX: usize = 10_000;
}

/// Undoes an entry of the ledger of a stock that the caller sees, once at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The entry. It is read before: entries never change.
    pub recorded: Recorded,
}

/// Undoes all entries of a batch that aren't undone yet, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoBatch {
    /// The entries, in the order in which they were made. They are read before: entries never
    /// change.
    pub entries: Vec<Recorded>,
}

/// The pieces that somebody found in one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The product.
    pub product: ProductId,
    /// The slug of the location; `None` for the unlocated pool.
    pub location: Option<String>,
    /// The number of pieces, allocated or not.
    pub counted: Quantity,
    /// A reference of another system: a stocktaking.
    pub reference: Option<Reference>,
}

/// Corrects the books of one position to a count. All that has moved since then stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountStock {
    /// The count.
    pub count: Count,
    /// The time of the count; `None` for the moment of the commit.
    pub as_of: Option<Timestamp>,
}

/// Corrects the books of many positions to counts, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountMany {
    /// The counts; `None` for a line that could not be read, which is refused in order.
    pub counts: Vec<Option<Count>>,
    /// The time of all counts; `None` for the moment of the commit.
    pub as_of: Option<Timestamp>,
    /// Whether all are made or none. Else each stands alone.
    pub atomic: bool,
}

impl CountMany {
    /// The most lines. (Source: the HTTP contract.)
    pub const LINES_MAX: usize = 10_000;
}

/// Reserves stock for a buyer: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// What it is for, in the shop: the same order has one reservation at most.
    pub order: Option<OrderId>,
    /// For how long, unless it is paid for.
    pub expires_in: ExpiresIn,
    /// What.
    pub items: Vec<ReservationItem>,
}

/// Says how much of each item is available, for an order that may hold some of it already. It
/// changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAvailability {
    /// The order whose own reservation counts as available.
    pub order: OrderId,
    /// The items.
    pub items: Vec<ReservationItem>,
}

/// Notes that a reservation is paid for: it doesn't expire any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayReservation {
    /// Which. It is read before: what is named here never changes.
    pub reservation: ReservationRef,
}

/// Gives back what a reservation holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseReservation {
    /// Which. It is read before: what is named here never changes.
    pub reservation: ReservationRef,
    /// What of it; all that is open if nothing is named.
    pub items: Option<Vec<ReservationItem>>,
}

/// Notes that what a reservation holds has left the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfilReservation {
    /// Which. It is read before: what is named here never changes.
    pub reservation: ReservationRef,
    /// What of it; all that is open if nothing is named.
    pub items: Option<Vec<ReservationItem>>,
}

/// Gives the buyer more time, or less, from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendReservation {
    /// Which. It is read before: what is named here never changes.
    pub reservation: ReservationRef,
    /// How much.
    pub expires_in: ExpiresIn,
}

/// Notes that a reservation has expired, if it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpireReservation {
    /// Which. It is read before: what is named here never changes.
    pub reservation: ReservationRef,
}

/// Has the ledgers of these stocks hold what has run out of reservations up to now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettleStock {
    /// The stocks.
    pub stocks: BTreeSet<StockKey>,
}

/// Shows the stock of these products that the caller sees, all of it as it is at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowStock {
    /// The products.
    pub products: BTreeSet<ProductId>,
}

/// Shows these products with their stock levels, all as they are at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowProducts {
    /// The products.
    pub products: BTreeSet<ProductId>,
}

/// Sets what is available in locations of a stock, or takes locations out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLocations {
    /// The product.
    pub product: ProductId,
    /// For each location named, what is to be available there, or `None` to take it out.
    pub located: BTreeMap<Slug, Option<Quantity>>,
    /// The figures of the whole stock, where the client has sent them. Without any location they
    /// have to be those that the stock has; beside locations they say nothing.
    pub echoed: EchoedFigures,
}

/// Figures of a whole stock as a client sends them back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EchoedFigures {
    /// The available figure, if it was sent.
    pub available: Option<Quantity>,
    /// The allocated figure, if it was sent.
    pub allocated: Option<Quantity>,
    /// The total, if it was sent.
    pub total: Option<Quantity>,
}

impl EchoedFigures {
    /// Whether every figure that was sent is that of a stock with these sums.
    #[must_use]
    pub fn are_those_of(self, sums: Balance) -> bool {
        let is = |echoed: Option<Quantity>, figure| echoed.is_none_or(|it| it == figure);
        is(self.available, sums.available)
            && is(self.allocated, sums.allocated)
            && is(self.total, sums.total())
    }
}

/// Ends the management of a product's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteStock {
    /// The product.
    pub product: ProductId,
}

/// Creates a location of whoever the caller acts as.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateLocation {
    /// Its name for people.
    pub name: Name,
    /// Its name in paths and bodies.
    pub slug: Slug,
    /// What another system calls it.
    pub external_ref: Option<ExternalRef>,
    /// What it is.
    pub description: Option<Description>,
    /// Its postal address.
    pub address: Option<Address>,
    /// Where it is.
    pub geolocation: Option<Geolocation>,
}

/// Changes the named fields of a location.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateLocation {
    /// Which.
    pub id: LocationId,
    /// A new name.
    pub name: Option<Name>,
    /// A new slug.
    pub slug: Option<Slug>,
    /// What another system calls it.
    pub external_ref: Patch<ExternalRef>,
    /// What it is.
    pub description: Patch<Description>,
    /// Its postal address.
    pub address: Patch<Address>,
    /// Where it is.
    pub geolocation: Patch<Geolocation>,
}

/// Deletes a location in which no stock lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteLocation {
    /// Which.
    pub id: LocationId,
}

/// Registers a product of whoever the caller acts as, with its first stock if it is to be managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterProduct {
    /// The id that the product is to have; a fresh one if none is named.
    pub id: Option<ProductId>,
    /// What it is called.
    pub name: ProductText,
    /// The stock keeping unit.
    pub sku: Option<ProductText>,
    /// Its name in addresses of web pages.
    pub slug: Option<ProductText>,
    /// What it is.
    pub description: Option<ProductText>,
    /// Whether it is for sale.
    pub status: ProductStatus,
    /// Whether it needs shipping.
    pub commodity_type: CommodityType,
    /// Whether its stock is managed.
    pub manage_stock: bool,
    /// What another system calls it.
    pub external_ref: Option<ProductText>,
    /// The first stock level. Without it stock is created only if it is to be managed, with zero. If
    /// stock of the product is there already, its level is set, as [`UpdateProduct`] does it.
    pub stock: Option<Quantity>,
}

/// Changes the named fields of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateProduct {
    /// Which.
    pub id: ProductId,
    /// A new name.
    pub name: Option<ProductText>,
    /// The stock keeping unit.
    pub sku: Patch<ProductText>,
    /// Its name in addresses of web pages.
    pub slug: Patch<ProductText>,
    /// What it is.
    pub description: Patch<ProductText>,
    /// Whether it is for sale.
    pub status: Option<ProductStatus>,
    /// Whether it needs shipping.
    pub commodity_type: Option<CommodityType>,
    /// Whether its stock is managed.
    pub manage_stock: Option<bool>,
    /// What another system calls it.
    pub external_ref: Patch<ProductText>,
    /// The level that its unlocated stock is to have, as a `set` transaction does it.
    pub stock: Option<Quantity>,
}

/// Deletes a product that has no stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteProduct {
    /// Which.
    pub id: ProductId,
}

/// Creates an application key of whoever the caller acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateKey {
    /// What it is called.
    pub name: ProductText,
    /// What a client presents to get a token; random.
    pub client_id: String,
    /// The digest of the secret; random as well.
    pub secret_hash: SecretHash,
    /// Requests per second kept free for it.
    pub reserved_rate_limit: u32,
    /// Whether it gives tokens without its secret.
    pub allow_implicit: bool,
    /// The rate limit that all reserved ones together may not pass, if there is one.
    pub rate_limit: Option<u32>,
}

/// Changes the named fields of an application key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateKey {
    /// Which.
    pub id: KeyId,
    /// A new name.
    pub name: Option<ProductText>,
    /// Requests per second kept free for it.
    pub reserved_rate_limit: Option<u32>,
    /// Whether it gives tokens without its secret.
    pub allow_implicit: Option<bool>,
    /// The rate limit that all reserved ones together may not pass, if there is one.
    pub rate_limit: Option<u32>,
}

/// Deletes an application key, whose tokens stop working.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteKey {
    /// Which.
    pub id: KeyId,
}

/// Creates the organization that the batch is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateOrganization {
    /// Its id: fresh.
    pub id: OrganizationId,
    /// What it is called.
    pub name: Name,
}

/// Creates a store of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateStore {
    /// Its id: fresh.
    pub id: StoreId,
    /// What it is called.
    pub name: Name,
}

/// Changes how the organization wants things done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateSettings {
    /// Whether every store may keep stock of its own of an organization-level product.
    pub per_store_stock: Option<bool>,
}
