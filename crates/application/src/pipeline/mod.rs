//! The path of requests to the database and back: changes are committed in groups, single reads are
//! fetched together, and only settled stock is returned. Only this module holds the database.

mod attendance;
mod committer;
mod database_calls;
mod expiry;
mod feed_hub;
mod feed_signals;
mod gateway;
mod group_commit;
mod overdue;
mod settle;
mod shared_reads;
mod turns;
mod waiting;

pub use attendance::while_attended;
pub(crate) use attendance::while_waiting;
pub(crate) use database_calls::{guarded, timed, within};
pub(crate) use feed_hub::FeedBatch;
pub use feed_hub::SharedEvent;
pub use feed_signals::FeedSignal;
pub(crate) use gateway::Pipeline;
pub use turns::{Exhausted, Turn, Turns};
