//! Settings of an organization.

pub(crate) mod routes;
