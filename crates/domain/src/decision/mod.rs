//! Decisions: their input, and the resulting changes.

mod actor;
mod changes;
mod context;
mod decide;
mod event;
mod line_error;
mod needs;
mod refusal;
mod refusal_kind;
mod state;
mod writer;

pub use actor::Actor;
pub use changes::{Change, Changes, DeletedStock, RecordChange, ReservationChange, StockChange};
pub use context::{Context, Decision};
pub use decide::Decide;
pub use line_error::{LineError, LineProblem};
pub use needs::{NeededStocks, Needs};
pub use refusal::{ProductField, Refusal, RefusedMovement};
pub use refusal_kind::RefusalKind;
pub use state::{KeyTotals, State, StockOwnership};
pub(crate) use writer::{LedgerWriter, difference};
