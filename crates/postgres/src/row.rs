//! Names of rows in errors.
//!
//! The statements in the `rows` modules get the wanted keys as arrays, and look up each key in a
//! `LATERAL (… OFFSET 0)`. This is a fence for the planner, which can then only look up one key after
//! the other. Without it, the planner may prefer to go through all rows of an organization as long as
//! it believes a table to be small: it plans each statement once, and knows nothing of new tables.

pub(crate) use stockroom_sql::Row;
