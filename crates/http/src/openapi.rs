//! The OpenAPI document: its head, and what many endpoints have in common. The endpoints
//! themselves are described where they are.

mod operations;

use serde::Deserialize;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document31, Ref, RefOr};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi, ToSchema};

use crate::error::ErrorBody;

/// The whole document.
#[must_use]
pub fn document() -> Document31 {
    let mut document = crate::routes::endpoints().into_openapi();
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            let prefer = PreferHeader::into_params(|| None);
            let parameters = operation.parameters.get_or_insert_default();
            parameters.extend(prefer.into_iter().map(RefOr::T));
        }
    }
    operations::complete(&mut document);
    document
}

/// What every request may ask for.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by the extractors; here for its description")]
struct PreferHeader {
    /// `handling=strict` (RFC 7240) has an unknown field of the body, or an unknown query parameter,
    /// refused with 400, which names it; the answer says `Preference-Applied: handling=strict`.
    /// Without it, what is unknown is ignored.
    #[param(rename = "Prefer", required = false, example = "handling=strict")]
    prefer: String,
}

/// The document without its endpoints.
pub(crate) fn head() -> Document31 {
    Head::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Stockroom",
        description = "Stock of products, by store and by location, with a ledger of every movement. \
                       Speaks the Elastic Path Commerce inventory dialect.\n\n\
                       Every request body is read in both forms: what stands under `data` may stand under \
                       `data.attributes` as well. The header `EP-Inventories-Multi-Location` chooses the form \
                       of the answer.",
    ),
    modifiers(&AccessTokens),
    security(("access_token" = [])),
    tags(
        (name = "Access", description = "Tokens and application keys."),
        (name = "Stock", description = "How much there is of a product, and where."),
        (name = "Transactions", description = "Movements of stock."),
        (name = "Reservations", description = "Stock that is kept for a buyer, through checkout to shipping. Always \
                                               answered in the multi-location form."),
        (name = "Locations", description = "Where stock may lie."),
        (name = "Products", description = "What stock is stock of."),
        (name = "Settings", description = "How an organization wants things done."),
    ),
)]
struct Head;

struct AccessTokens;

impl Modify for AccessTokens {
    fn modify(&self, document: &mut Document31) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A token from `POST /oauth/access_token`."));
        let scheme = SecurityScheme::Http(bearer.build());
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("access_token", scheme);
    }
}

/// A request body.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Document<T> {
    #[expect(
        dead_code,
        reason = "read through the body extractor; here for its schema"
    )]
    #[schema(schema_with = either_form_of::<T>)]
    data: T,
}

/// The schema of an object whose fields may stand under `attributes` as well.
pub(crate) fn in_either_form(fields: RefOr<Schema>) -> Schema {
    let attributes = ObjectBuilder::new()
        .property("attributes", fields.clone())
        .required("attributes");
    let forms = AnyOfBuilder::new().item(fields).item(attributes);
    Schema::AnyOf(forms.build())
}

/// The same, of the object that a type describes.
fn either_form_of<T: ToSchema>() -> Schema {
    in_either_form(Ref::from_schema_name(T::name()).into())
}

/// The schema of a list of such objects. What they are stands in it: nothing else may name the type,
/// so that it may not be among the document's components.
pub(crate) fn list_in_either_form<T: ToSchema, const ITEMS_MAX: usize>() -> Schema {
    let list = ArrayBuilder::new()
        .items(RefOr::T(in_either_form(T::schema())))
        .max_items(Some(ITEMS_MAX));
    Schema::Array(list.build())
}

/// Parameters of a list that has a filter.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct FilterParameter {
    /// `op(field,value,…)`, several joined by `:`, all of which have to hold. `op` is one of
    /// `eq`, `in`, `like`, `gt`, `ge`, `lt`, `le`, `is_null`.
    #[param(required = false, example = "eq(location,warehouse):gt(available,0)")]
    filter: String,
}

/// Parameters of every list but histories.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct PageParameters {
    /// How many items at most, from 1 to 100; 25 if left out or 0.
    #[param(rename = "page[limit]", required = false, minimum = 0, maximum = 100)]
    limit: u32,
    /// How many items to pass over, up to 10000.
    #[param(
        rename = "page[offset]",
        required = false,
        minimum = 0,
        maximum = 10000
    )]
    offset: u32,
    /// The cursor that the page begins behind, instead of an offset: `links.next` holds it where
    /// offsets end. It belongs to the list with the same sort and filter.
    #[param(rename = "page[after]", required = false)]
    after: String,
}

/// Parameters of a history.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct HistoryParameters {
    /// How many items at most, from 1 to 100; 25 if left out or 0.
    #[param(rename = "page[limit]", required = false, minimum = 0, maximum = 100)]
    limit: u32,
    /// How many items to pass over, up to 10000.
    #[param(
        rename = "page[offset]",
        required = false,
        minimum = 0,
        maximum = 10000
    )]
    offset: u32,
    /// The id of the transaction that the page begins behind, instead of an offset. So paged, a
    /// history costs the same at any depth.
    #[param(rename = "page[after]", required = false, format = Uuid)]
    after: String,
}

/// What is made of a cart for which there isn't enough.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for its description"
)]
pub(crate) struct StrictParameter {
    /// `true` to have a cart for which there isn't enough refused with 400.
    #[param(required = false)]
    strict: bool,
}

/// The time that a reading is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractors; here for its description"
)]
pub(crate) struct AtParameter {
    /// Asks how it was at this time, that instant included; not for a time to come.
    #[param(required = false, format = DateTime, example = "2026-01-31T09:30:00Z")]
    at: String,
}

/// What an audit is asked with.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct AuditParameters {
    /// The product's id.
    #[param(format = Uuid)]
    product_id: String,
    /// How many transactions at most, from 1 to 100; 25 if left out or 0.
    #[param(rename = "page[limit]", required = false, minimum = 0, maximum = 100)]
    limit: u32,
    /// The id of the transaction that the page begins behind.
    #[param(rename = "page[after]", required = false, format = Uuid)]
    after: String,
    /// `op(field,value,…)`, several joined by `:`, all of which have to hold.
    #[param(required = false, example = "eq(reference,'order 7')")]
    filter: String,
}

/// Chooses the form of the answer.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "read through the form extractor; here for its description"
)]
pub(crate) struct FormHeader {
    /// `true` for the multi-location form; anything else for the basic one.
    #[param(
        rename = "EP-Inventories-Multi-Location",
        required = false,
        example = "true"
    )]
    form: String,
}

/// Chooses the store.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "read through the permission extractors; here for its description"
)]
pub(crate) struct StoreHeader {
    /// The store to act in; for keys of an organization.
    #[param(rename = "X-Moltin-Auth-Store", required = false, format = Uuid)]
    store: String,
}

/// Names the request, so that it can be sent again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "read beside the request; here for its description"
)]
pub(crate) struct IdempotencyHeader {
    /// A name for this request. Sent again as long as the server keeps the answer, it is not carried
    /// out again but answered the same, with `Idempotent-Replayed: true`. Another request of the
    /// same name is 409.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    key: String,
}

/// The order of a list of locations.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for its description"
)]
pub(crate) struct LocationOrder {
    /// `location` for the nearest first.
    #[param(required = false)]
    sort: String,
}

/// The point that locations can be sorted by.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by the handler; here for its description")]
pub(crate) struct GeolocationHeader {
    /// `LATITUDE,LONGITUDE` in degrees; needed for `sort=location`.
    #[param(rename = "EP-Geolocation", required = false)]
    geolocation: String,
}

macro_rules! responses {
    ($($(#[$doc:meta])* $name:ident = $status:literal;)*) => {$(
        $(#[$doc])*
        #[derive(IntoResponses)]
        #[response(status = $status)]
        #[expect(dead_code, reason = "here for its description")]
        pub(crate) struct $name(#[to_schema] ErrorBody<'static>);
    )*};
}

responses! {
    /// The request is not valid.
    BadRequest = 400;
    /// The access token, or the credentials, are not valid.
    Unauthorized = 401;
    /// The key does not allow implicit tokens.
    ImplicitForbidden = 403;
    /// What the path names does not exist, or not for this caller.
    NotFound = 404;
    /// It clashes with what is.
    Conflict = 409;
    /// The body is larger than the server takes.
    TooLarge = 413;
    /// The body is of another content type than JSON.
    UnsupportedMediaType = 415;
    /// The stock does not allow it.
    Unprocessable = 422;
}

/// What every endpoint may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "here for their descriptions")]
pub(crate) enum CommonErrors {
    /// The request is not valid.
    #[response(status = 400)]
    BadRequest(#[to_schema] ErrorBody<'static>),
    /// The access token is not valid.
    #[response(status = 401)]
    Unauthorized(#[to_schema] ErrorBody<'static>),
    /// The token, or its key, does not permit this.
    #[response(status = 403)]
    Forbidden(#[to_schema] ErrorBody<'static>),
    /// The rate limit is reached.
    #[response(status = 429)]
    TooManyRequests(#[to_schema] ErrorBody<'static>),
    /// The server is overloaded, or its database not available.
    #[response(status = 503)]
    Unavailable(#[to_schema] ErrorBody<'static>),
}
