//! Verification of a ledger.

pub(crate) mod body;
pub(crate) mod routes;
