//! Settings of the organization.

pub(crate) mod routes;
