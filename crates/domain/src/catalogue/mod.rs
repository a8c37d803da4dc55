//! The list of all operations, and commands to carry them out.

mod command;
pub(crate) mod idempotency;
pub(crate) mod operation;
mod run;

pub use command::Command;
pub use idempotency::{Idempotency, IdempotencyRecord, IdempotencyRecords, RequestDigest};
pub use operation::{Answer, Answered, Operation, Outcome};
pub use run::{Decided, decide_all, groups};
