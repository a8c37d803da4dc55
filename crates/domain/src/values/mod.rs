//! Values: ids, quantities, texts and times. Each holds only what is valid.

mod events;
mod ids;
mod owner;
mod patch;
mod quantity;
mod search_key;
mod sourcing;
mod text;
mod timestamp;
mod version;
mod webhooks;

pub use events::{EventName, Observed, ReservationStep, TransferChangeKind};
pub use ids::{
    BatchId, EventId, FeedId, Ids, ImportId, IntegrationId, KeyId, LocationId, LogId,
    OrganizationId, ProductId, ReceiptId, ReservationId, StockId, StoreId, TransactionId,
    TransferId,
};
pub use owner::Owner;
pub use patch::Patch;
pub use quantity::Quantity;
pub(crate) use quantity::no_pieces;
pub use search_key::{SearchKey, folded};
pub use sourcing::Split;
pub use text::{
    Description, ExternalRef, IdempotencyKey, Invalid, Name, Note, OrderId, ProductText, Reason,
    Reference, Slug, Supplier, shortened,
};
pub use timestamp::Timestamp;
pub(crate) use version::{first_version, next_version};
pub use webhooks::{SecretKey, SigningSecret, WebhookUrl};
