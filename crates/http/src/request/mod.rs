//! The extractors of handlers, and their refusals.

mod accept;
mod auth;
mod batch;
mod body;
mod cursor;
mod document;
mod form;
mod handling;
mod id;
mod idempotency;
mod items;
mod parameters;
mod query;
mod raw;
mod value;

pub(crate) use accept::prefers;
pub(crate) use auth::{
    Administration, Importing, OrganizationWriting, Reading, StoreHeader, Writing,
    WritingWithoutKey, bearer_token, not_allowed,
};
pub(crate) use batch::{Batch, BatchMode};
pub(crate) use body::{Body, BodyRead, Bytes, OptionalBody, non_null, patch};
pub(crate) use cursor::{Cursors, ListAsked, Placed, malformed_cursor};
pub(crate) use document::{Document, in_either_form, list_in_either_form};
pub(crate) use form::{Form, FormHeader, OneForm};
pub(crate) use handling::{Handling, PreferHeader};
pub(crate) use id::PathId;
pub(crate) use idempotency::{IdempotencyHeader, KeyedRequest};
pub(crate) use items::{at_least_one, check_count, product};
pub(crate) use parameters::{
    AtParameter, FilterParameter, HistoryParameters, IncludeParameter, PageParameters,
};
pub(crate) use query::{At, Current, Include, ListQuery, Query, not_in_future, sort_word};
pub(crate) use raw::Scalar;
pub(crate) use value::{QuantityField, StrictObject};
