//! The way of requests to the database and back: changes are committed in groups, single reads are
//! fetched together, and nobody is told of stock that isn't settled. The database is held here and
//! nowhere else.

mod attendance;
mod database_calls;
mod expiry;
mod gateway;
mod group_commit;
mod settle;
mod shared_reads;
mod turns;
mod waiting;

pub use attendance::while_attended;
pub(crate) use database_calls::{timed, within};
pub(crate) use gateway::Pipeline;
pub use turns::{Exhausted, Turn, Turns};
