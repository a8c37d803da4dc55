//! What handlers take out of a request, and how it is refused.

mod auth;
mod body;
mod handling;
mod id;
mod query;
mod raw;
mod value;

pub(crate) use auth::{Administration, AdministrativeReading, OrganizationAdministration, Reading};
pub(crate) use body::{Batch, Body, BodyRead, Bytes, OptionalBody, patch, present};
pub(crate) use handling::Handling;
pub(crate) use id::PathId;
pub(crate) use query::{At, Current, ListQuery, Query, past};
pub(crate) use raw::Scalar;
pub(crate) use value::{Object, Pieces};
