//! What stock is, and which changes to it are allowed.
//!
//! The domain knows no database, no HTTP, no clock and no randomness: the time and fresh ids are
//! given to it. Every change goes through one function, [`decide`](Command::decide), which looks at
//! the [`State`] that the command [needs](Command::needs) and either says what changes or why it
//! is refused.

#![deny(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod batch;
mod command;
mod correction;
mod decide;
mod entry;
mod hash;
mod idempotency;
mod ids;
mod key;
mod location;
mod owner;
mod product;
mod quantity;
mod refusal;
mod request;
mod reservation;
mod state;
mod stock;
mod tenancy;
mod text;
mod timestamp;
mod verify;

pub use batch::{Outcome, run, runs};
pub use command::{Actor, Answer, Answered, Command, Counted, Operation, Request};
pub use correction::{Correction, Corrections};
pub use decide::{Context, Decision};
pub use entry::{Annotation, Entry, EntryAction, Recorded, TransactionAction};
pub use hash::EntryHash;
pub use idempotency::{Idempotency, KeptAnswer, RequestDigest};
pub use ids::{
    BatchId, Ids, KeyId, LocationId, OrganizationId, ProductId, ReservationId, StockId, StoreId,
    TransactionId,
};
pub use key::{ApplicationKey, RevokedGrants, SecretHash};
pub use location::{Address, Geolocation, Location};
pub use owner::Owner;
pub use product::{Availability, CommodityType, Product, ProductStatus, StockedProduct};
pub use quantity::Quantity;
pub use refusal::{ProductField, Refusal, RefusalKind, RefusedMovement};
pub use request::{
    CheckAvailability, Count, CountMany, CountStock, CreateKey, CreateLocation, CreateOrganization,
    CreateStock, CreateStore, DeleteKey, DeleteLocation, DeleteProduct, DeleteStock, EchoedFigures,
    Expectation, ExpireReservation, ExtendReservation, FulfilReservation, Patch, PayReservation,
    RegisterProduct, ReleaseReservation, Reserve, SetLocations, SettleStock, ShowProducts,
    ShowStock, Transact, TransactMany, Undo, UndoBatch, UpdateKey, UpdateLocation, UpdateProduct,
    UpdateSettings,
};
pub use reservation::{
    DueHolds, ExpiresIn, Hold, ItemAvailability, Reservation, ReservationItem, ReservationRef,
    ReservationState, ReservationStatus, Reserved, ReservedLine, Shortage,
};
pub use state::{
    Batch, BatchEntry, Change, Changes, DeletedStock, KeyTotals, Management, Needs, RecordChange,
    ReservationChange, State, StockChange, StockKey,
};
pub use stock::{Balance, PastPosition, Position, Stock, StockLife};
pub use tenancy::{Organization, Settings, Store};
pub use text::{
    Description, ExternalRef, IdempotencyKey, Invalid, Name, OrderId, ProductText, Reason,
    Reference, Slug,
};
pub use timestamp::Timestamp;
pub use verify::{
    Difference, Figures, LedgerVerifier, Problem, StoredBalance, StoredEntry, StoredHolds,
    StoredStock, UnreadableRow, VerifiedLedger,
};

/// The most locations one stock may have positions in.
pub const STOCK_LOCATIONS_MAX: usize = 1_000;
