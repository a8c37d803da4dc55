//! Reservations.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer};
use stockroom_domain::{
    ExpiresIn, OrderId, Reason, Refusal, ReservationId, ReservationItem, Reserve, Reserved,
    SetAside,
};
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema as _, ToSchema};

use super::body::ReservationBody;
use super::items::{Item, seconds};
use super::sourcing::SourcingField;
use super::{filter, items};
use crate::answer::{ApiError, CommonErrors, Conflict, Data, Json, List, NotFound, Unprocessable};
use crate::request::{
    Administration, Body, Current, Document, FilterParameter, IdempotencyHeader, ListQuery,
    OptionalBody, PageParameters, PathId, StoreHeader, StrictObject, Writing, in_either_form,
    non_null,
};
use crate::service::AppState;

pub(super) const STOCK_RESERVATION: &str = "stock-reservation";

/// What is to be reserved. The fields may stand under `data` or under `data.attributes`.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct NewReservation {
    /// What it is for, in the shop, unless left out or null. An order has one reservation at a time.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    order_id: Option<String>,
    /// After how many seconds it expires, unless it is paid for; 900 if left out.
    #[serde(default, deserialize_with = "given_seconds")]
    #[schema(value_type = u32, minimum = 1, maximum = 2_678_400)]
    expires_in: Option<ExpiresIn>,
    /// Why the pieces are set aside instead of sold, such as `damaged`, `quality_control`, `display`, `sample`
    /// or `recall`. With it there is no `order_id`, `expires_in` or `sourcing`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    hold_reason: Option<String>,
    /// What: all of it is reserved, or nothing.
    #[schema(value_type = Vec<Item>, min_items = 1, max_items = 500)]
    items: Vec<StrictObject<Item>>,
    /// The rules by which locations are chosen for items that have no key `location`, unless left out or
    /// null. At most 100 such items.
    #[serde(default)]
    #[schema(value_type = Option<SourcingField>)]
    sourcing: Option<StrictObject<SourcingField>>,
}

/// What of a reservation is meant; all that is open if no items are named.
#[derive(Default, Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct Part {
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<Vec<Item>>, min_items = 1, max_items = 500, nullable = false)]
    items: Option<Vec<StrictObject<Item>>>,
}

/// A body that names a part of a reservation.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "read through the body extractor; here for its schema"
)]
struct PartDocument {
    #[schema(schema_with = part_in_either_form)]
    data: Part,
}

/// A function of its own, because a body that may be missing can't be of a generic type whose parts
/// the document would name.
fn part_in_either_form() -> Schema {
    in_either_form(Part::schema())
}

/// How much time there is to be.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct Extension {
    /// After how many seconds from now it expires.
    #[serde(deserialize_with = "seconds")]
    #[schema(value_type = u32, minimum = 1, maximum = 2_678_400)]
    expires_in: ExpiresIn,
}

fn given_seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ExpiresIn>, D::Error> {
    seconds(deserializer).map(Some)
}

/// What is asked for.
enum Wanted {
    ForBuyer(Reserve),
    Aside(SetAside),
}

impl NewReservation {
    fn command(self) -> Result<Wanted, ApiError> {
        if let Some(reason) = self.hold_reason {
            let others = [
                ("order_id", self.order_id.is_some()),
                ("expires_in", self.expires_in.is_some()),
                ("sourcing", self.sourcing.is_some()),
            ];
            if let Some((field, _)) = others.into_iter().find(|(_, is_given)| *is_given) {
                let detail = format!("{field}: must be left out with hold_reason");
                return Err(ApiError::validation(detail));
            }
            return Ok(Wanted::Aside(SetAside {
                reason: Reason::new("hold_reason", reason)?,
                items: items::order(self.items)?,
            }));
        }
        let order = self.order_id.map(|it| OrderId::new("order_id", it));
        Ok(Wanted::ForBuyer(Reserve {
            order: order.transpose()?,
            expires_in: self.expires_in.unwrap_or_default(),
            items: items::order(self.items)?,
            sourcing: self
                .sourcing
                .map(|StrictObject(it)| it.try_into())
                .transpose()?,
        }))
    }
}

/// The items that a body names, if any.
fn part(body: OptionalBody) -> Result<Option<Vec<ReservationItem>>, ApiError> {
    let part: Part = match body.0 {
        Some(body) => body.object()?.of_type(STOCK_RESERVATION)?,
        None => Part::default(),
    };
    part.items.map(items::order).transpose()
}

pub(super) type Answer = Result<Json<Data<ReservationBody>>, ApiError>;

pub(super) fn shown(reservation: impl Into<ReservationBody>) -> Json<Data<ReservationBody>> {
    let data = reservation.into();
    Json(Data { data })
}

/// List reservations.
///
/// The caller's own, oldest first. A filter may name `state`, `order_id`, `hold_reason`, `product_id`,
/// `location`, `expires_at` and `created_at`.
#[utoipa::path(
    get,
    path = "/v2/inventories/reservations",
    operation_id = "ListReservations",
    tag = "Reservations",
    params(PageParameters, FilterParameter, StoreHeader),
    responses((status = 200, description = "A page of reservations.", body = List<ReservationBody>), CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    query: ListQuery,
) -> Result<Json<List<ReservationBody>>, ApiError> {
    let filter = filter::reservations(query.filter.as_deref())?;
    let list = query.list("reservations", "")?;
    let administrator = administration.enter().await?;
    let found = app
        .stockroom
        .list_reservations(&administrator, &filter, list.page)
        .await?;
    Ok(Json(list.answer(found, ReservationBody::from)))
}

/// Reserve stock.
///
/// All items or none: where there isn't enough, `meta.shortages` of the error names all that is
/// short. An order that has a reservation which is neither released nor expired is given that back,
/// with 200, if it reserves the same items again, with the same `sourcing`; with others it is 409.
///
/// With `sourcing`, locations are chosen for the items that have no key `location`, and told in their
/// `sources`.
///
/// With `hold_reason`, the pieces are set aside: they aren't sold until they are released, and are written off
/// by fulfilling. Safety stock doesn't count, nor whether a location is enabled.
#[utoipa::path(
    post,
    path = "/v2/inventories/reservations",
    operation_id = "CreateReservation",
    tag = "Reservations",
    params(StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<NewReservation>,
        examples(
            ("order" = (summary = "For an order, for a quarter of an hour", value = json!({
                "data": {
                    "type": "stock-reservation",
                    "attributes": {
                        "order_id": "order 1234",
                        "expires_in": 900,
                        "items": [
                            { "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 2 },
                            { "product_id": "6f3ad0b5-2a7c-4f4e-9d1b-8c1e0d5b7a42", "quantity": 1, "location": "berlin" }
                        ]
                    }
                }
            }))),
            ("flat" = (summary = "With the fields under `data`", value = json!({
                "data": { "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 2 }] }
            }))),
            ("aside" = (summary = "Two damaged pieces, which aren't sold", value = json!({
                "data": {
                    "hold_reason": "damaged",
                    "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 2 }]
                }
            }))),
            ("sourced" = (summary = "From whichever locations have it", value = json!({
                "data": {
                    "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 2 }],
                    "sourcing": { "split": "units" }
                }
            }))),
        ),
    ),
    responses(
        (status = 201, description = "The reservation.", body = Data<ReservationBody>),
        (status = 200, description = "The reservation that the order has already.", body = Data<ReservationBody>),
        Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    writing: Writing,
    body: Body,
) -> Result<(StatusCode, Json<Data<ReservationBody>>), ApiError> {
    let reservation: NewReservation = body.object()?.of_type(STOCK_RESERVATION)?;
    let command = reservation.command()?;
    let writer = writing.enter().await?;
    let reserved = match command {
        Wanted::ForBuyer(reserve) => app.stockroom.execute(&writer, reserve).await?,
        Wanted::Aside(set_aside) => app.stockroom.execute(&writer, set_aside).await?,
    };
    let Reserved {
        reservation,
        is_new,
    } = reserved;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, shown(reservation)))
}

/// Read a reservation.
#[utoipa::path(
    get,
    path = "/v2/inventories/reservations/{reservation}",
    operation_id = "GetReservation",
    tag = "Reservations",
    params(("reservation" = Uuid, Path, description = "The reservation's id."), StoreHeader),
    responses((status = 200, description = "The reservation.", body = Data<ReservationBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    _: Current,
    reservation: PathId<ReservationId>,
) -> Answer {
    let id = reservation.existing()?;
    let administrator = administration.enter().await?;
    let reservation = app.stockroom.reservation(&administrator, id).await?;
    Ok(shown(reservation.ok_or(Refusal::ReservationNotFound)?))
}

/// Confirm that a reservation is paid for.
///
/// From then on it doesn't expire. Paying what is paid for changes nothing.
#[utoipa::path(
    post,
    path = "/v2/inventories/reservations/{reservation}/pay",
    operation_id = "PayReservation",
    tag = "Reservations",
    params(
        ("reservation" = Uuid, Path, description = "The reservation's id."),
        StoreHeader, IdempotencyHeader,
    ),
    responses(
        (status = 200, description = "The reservation.", body = Data<ReservationBody>),
        NotFound, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn pay(
    State(app): State<AppState>,
    writing: Writing,
    reservation: PathId<ReservationId>,
) -> Answer {
    let id = reservation.existing()?;
    let writer = writing.enter().await?;
    let paid = app.stockroom.pay_reservation(&writer, id).await?;
    Ok(shown(paid))
}

/// Give back what a reservation holds.
///
/// All that isn't shipped, or the items named. Releasing what is released changes nothing.
#[utoipa::path(
    post,
    path = "/v2/inventories/reservations/{reservation}/release",
    operation_id = "ReleaseReservation",
    tag = "Reservations",
    params(
        ("reservation" = Uuid, Path, description = "The reservation's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Option<PartDocument>,
        examples(
            ("part" = (summary = "One piece of one product", value = json!({
                "data": { "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 1 }] }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "The reservation.", body = Data<ReservationBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn release(
    State(app): State<AppState>,
    writing: Writing,
    reservation: PathId<ReservationId>,
    body: OptionalBody,
) -> Answer {
    let items = part(body)?;
    let id = reservation.existing()?;
    let writer = writing.enter().await?;
    let released = app
        .stockroom
        .release_reservation(&writer, id, items)
        .await?;
    Ok(shown(released))
}

/// Ship what a reservation holds.
///
/// All that is open, or the items named, once it is paid for: it leaves the stock. Fulfilling what
/// is fulfilled changes nothing.
#[utoipa::path(
    post,
    path = "/v2/inventories/reservations/{reservation}/fulfil",
    operation_id = "FulfilReservation",
    tag = "Reservations",
    params(
        ("reservation" = Uuid, Path, description = "The reservation's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Option<PartDocument>,
        examples(
            ("part" = (summary = "One piece of one product", value = json!({
                "data": { "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 1 }] }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "The reservation.", body = Data<ReservationBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn fulfil(
    State(app): State<AppState>,
    writing: Writing,
    reservation: PathId<ReservationId>,
    body: OptionalBody,
) -> Answer {
    let items = part(body)?;
    let id = reservation.existing()?;
    let writer = writing.enter().await?;
    let fulfilled = app.stockroom.fulfil_reservation(&writer, id, items).await?;
    Ok(shown(fulfilled))
}

/// Give the buyer more time.
///
/// So many seconds from now, as long as it is pending.
#[utoipa::path(
    post,
    path = "/v2/inventories/reservations/{reservation}/extend",
    operation_id = "ExtendReservation",
    tag = "Reservations",
    params(
        ("reservation" = Uuid, Path, description = "The reservation's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Document<Extension>,
        examples(
            ("ten-minutes" = (summary = "Ten minutes from now", value = json!({ "data": { "type": "stock-reservation", "attributes": { "expires_in": 600 } } }))),
        ),
    ),
    responses(
        (status = 200, description = "The reservation.", body = Data<ReservationBody>),
        NotFound, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn extend(
    State(app): State<AppState>,
    writing: Writing,
    reservation: PathId<ReservationId>,
    body: Body,
) -> Answer {
    let extension: Extension = body.object()?.of_type(STOCK_RESERVATION)?;
    let id = reservation.existing()?;
    let writer = writing.enter().await?;
    let extended = app
        .stockroom
        .extend_reservation(&writer, id, extension.expires_in)
        .await?;
    Ok(shown(extended))
}
