//! What all SQL databases have in common: rows and their decoding, the rows that changes become, the
//! lengths of lists, and filters. No driver and no statement is in here.
//!
//! A row type names the columns of a table once. An adapter makes its statements from
//! [`COLUMNS`](StockRow::COLUMNS), binds [`values`](StockRow::values) and reads with
//! [`Columns`], or names the columns itself and builds the row. Decoding trusts no row: an impossible
//! value is [`StoreError::Corrupt`](stockroom_application::ports::StoreError::Corrupt) with the names
//! of the table and the column.

mod batches;
mod columns;
mod counts;
mod direction;
mod entries;
mod events;
mod idempotency;
mod imports;
mod integrations;
mod keys;
mod locations;
mod periods;
mod policies;
mod positions;
mod products;
mod reservations;
mod row;
mod stocks;
mod tenancy;
mod transfers;

pub use batches::BatchRow;
pub use columns::{Column, Columns, FromColumns, Value};
pub use counts::{Growth, Kind};
pub use direction::Direction;
pub use entries::{EntryRow, RecordedRow};
pub use events::{
    FeedRow, Forgettable, InboxRow, NewItem, PAGE_EVENTS_MAX, PageItem, PageRow, feed_events, pages,
};
pub use idempotency::IdempotencyRow;
pub use imports::{AppliedRow, ChunkRow, ImportRow, KeptChunkRow, LineChangeRow, LineErrorRow};
pub use integrations::{Hidden, IntegrationRow, JobRow, LogRow};
pub use keys::{KeyRow, RevocationRow};
pub use locations::LocationRow;
pub use periods::PeriodRow;
pub use policies::{
    PolicyRow, changed_policies, decode_policy, encode_policy, raw_columns, raw_policy,
};
pub use positions::{LocatedRow, PositionChanges, PositionRow, Span};
pub use products::{ProductIndex, ProductRow, commodity_type_word, status_word};
pub use reservations::{
    HoldRow, LapsedRow, LineRow, ReservationRow, ReservedRow, encode_sent, finds_set_aside, place,
};
pub use row::{Row, integer};
pub use stocks::{DeletedStockRow, StockRow, StocksByFate, sorted_figure};
pub use tenancy::{OrganizationRow, StoreRow};
pub use transfers::{
    ChangedLines, ExpectedRow, OpenLineRow, ReceiptRow, Slugs, TransferHoldRow, TransferLineRow,
    TransferRow,
};
