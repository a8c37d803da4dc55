//! Locations.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use stockroom_application::LocationOrder;
use stockroom_domain::{
    Address, CreateLocation, Description, ExternalRef, Geolocation, Invalid, Location, LocationId,
    Name, Patch, Priority, Refusal, Slug, UpdateLocation,
};
use utoipa::{IntoParams, ToSchema};

use super::body::{GeolocationBody, LocationBody};
use super::filter;
use crate::answer::{ApiError, CommonErrors, Conflict, Data, Json, List, NotFound};
use crate::request::{
    Body, Current, Document, FilterParameter, IdempotencyHeader, ListQuery, PageParameters, PathId,
    Reading, Scalar, StoreHeader, StrictObject, Writing, non_null, patch,
};
use crate::service::AppState;

/// The order of a list of locations.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for its description"
)]
pub(crate) struct LocationSortParameter {
    /// `location` for the nearest first, `priority` for the lowest priority first; equals are in the
    /// order of creation.
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

/// A location to be created. The fields may stand under `data` or under `data.attributes`.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct NewLocation {
    #[schema(min_length = 3, max_length = 1024)]
    name: String,
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_-]+$")]
    slug: String,
    #[schema(min_length = 3, max_length = 1024)]
    external_ref: Option<String>,
    #[schema(min_length = 3, max_length = 1024)]
    description: Option<String>,
    #[schema(min_items = 1, max_items = 8)]
    address: Option<Vec<String>>,
    #[schema(value_type = Option<GeolocationBody>)]
    geolocation: Option<StrictObject<GeolocationBody>>,
    /// Whether buyers can order from it. A disabled location sells nothing: reservations and
    /// availability checks find no pieces there, and all else goes on. True if left out or null.
    enabled: Option<bool>,
    /// Its rank among the locations: the lowest comes first. 1000 if left out or null.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 1_000_000)]
    priority: Option<Scalar>,
}

/// Fields of a location to be changed; null clears one that is optional.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct LocationUpdate {
    #[serde(default, deserialize_with = "non_null")]
    #[schema(min_length = 3, max_length = 1024, nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(
        min_length = 1,
        max_length = 128,
        pattern = "^[A-Za-z0-9_-]+$",
        nullable = false
    )]
    slug: Option<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 1024)]
    external_ref: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 1024)]
    description: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 8)]
    address: Patch<Vec<String>>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<GeolocationBody>)]
    geolocation: Patch<StrictObject<GeolocationBody>>,
    /// Whether buyers can order from it; null for true.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<bool>)]
    enabled: Patch<bool>,
    /// Its rank among the locations; null for 1000.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 1_000_000)]
    priority: Patch<Scalar>,
}

fn external_ref(text: String) -> Result<ExternalRef, Invalid> {
    ExternalRef::new("external_ref", text)
}

fn description(text: String) -> Result<Description, Invalid> {
    Description::new("description", text)
}

fn geolocation(body: StrictObject<GeolocationBody>) -> Result<Geolocation, Invalid> {
    body.0.try_into()
}

fn priority(number: &Scalar) -> Result<Priority, Invalid> {
    // What is no integer is refused like one that is too large.
    Priority::new(number.as_u64().unwrap_or(u64::MAX))
}

impl NewLocation {
    fn command(self) -> Result<CreateLocation, Invalid> {
        Ok(CreateLocation {
            name: Name::new("name", self.name)?,
            slug: Slug::new(self.slug)?,
            external_ref: self.external_ref.map(external_ref).transpose()?,
            description: self.description.map(description).transpose()?,
            address: self.address.map(Address::new).transpose()?,
            geolocation: self.geolocation.map(geolocation).transpose()?,
            enabled: self.enabled.unwrap_or(Location::ENABLED_DEFAULT),
            priority: self
                .priority
                .as_ref()
                .map(priority)
                .transpose()?
                .unwrap_or_default(),
        })
    }
}

impl LocationUpdate {
    /// Returns the command, which still lacks the location's id.
    fn command(self) -> Result<impl FnOnce(LocationId) -> UpdateLocation, Invalid> {
        let name = self.name.map(|name| Name::new("name", name)).transpose()?;
        let slug = self.slug.map(Slug::new).transpose()?;
        let external_ref = self.external_ref.try_map(external_ref)?;
        let description = self.description.try_map(description)?;
        let address = self.address.try_map(Address::new)?;
        let geolocation = self.geolocation.try_map(geolocation)?;
        let enabled = self.enabled;
        let priority = self.priority.try_map(|number| priority(&number))?;
        Ok(move |id| UpdateLocation {
            id,
            name,
            slug,
            external_ref,
            description,
            address,
            geolocation,
            enabled,
            priority,
        })
    }
}

/// The order of the list that is asked for.
fn order(query: &ListQuery, headers: &HeaderMap) -> Result<LocationOrder, ApiError> {
    match query.sort.as_deref() {
        None => return Ok(LocationOrder::Created),
        Some("location") => {}
        Some("priority") => return Ok(LocationOrder::Priority),
        Some(_) => {
            return Err(ApiError::bad_request("sort must be location or priority"));
        }
    }
    let point = || {
        let header = headers.get("ep-geolocation")?.to_str().ok()?;
        let (latitude, longitude) = header.split_once(',')?;
        let number = |text: &str| text.trim().parse().ok();
        Geolocation::new(number(latitude)?, number(longitude)?).ok()
    };
    point().map(LocationOrder::Nearest).ok_or_else(|| {
        ApiError::bad_request("sort=location needs the header EP-Geolocation: LATITUDE,LONGITUDE")
    })
}

/// The order as a part of the digest in cursors.
fn digested(order: LocationOrder) -> String {
    match order {
        LocationOrder::Created => String::new(),
        LocationOrder::Nearest(point) => {
            format!("nearest to {},{}", point.latitude(), point.longitude())
        }
        LocationOrder::Priority => "priority".to_owned(),
    }
}

/// List locations.
///
/// Those that the caller can use, oldest first, with `sort=location` the nearest to
/// `EP-Geolocation` first, or with `sort=priority` the lowest priority first. A filter may name `name`,
/// `slug`, `external_ref` and `enabled`.
#[utoipa::path(
    get,
    path = "/v2/inventories/locations",
    operation_id = "ListLocations",
    tag = "Locations",
    params(PageParameters, FilterParameter, LocationSortParameter, GeolocationHeader, StoreHeader),
    responses((status = 200, description = "A page of locations.", body = List<LocationBody>), CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    reading: Reading,
    query: ListQuery,
    headers: HeaderMap,
) -> Result<Json<List<LocationBody>>, ApiError> {
    let filter = filter::locations(query.filter.as_deref())?;
    let order = order(&query, &headers)?;
    let list = query.list("locations", &digested(order))?;
    let caller = reading.enter().await?;
    let found = app
        .stockroom
        .list_locations(&caller, &filter, order, list.page)
        .await?;
    Ok(Json(list.answer(found, LocationBody::from)))
}

/// Create a location.
#[utoipa::path(
    post,
    path = "/v2/inventories/locations",
    operation_id = "CreateLocation",
    tag = "Locations",
    params(StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<NewLocation>,
        examples(
            ("warehouse" = (summary = "A warehouse", value = json!({
                "data": {
                    "type": "inventory_location",
                    "attributes": {
                        "name": "Berlin warehouse",
                        "slug": "berlin",
                        "external_ref": "WH-BER",
                        "address": ["Westhafenstraße 1", "13353 Berlin"],
                        "geolocation": { "lat": 52.54, "lon": 13.34 }
                    }
                }
            }))),
            ("flat" = (summary = "With the fields under `data`", value = json!({ "data": { "name": "Hamburg shop", "slug": "hamburg-shop" } }))),
        ),
    ),
    responses((status = 201, description = "The location.", body = Data<LocationBody>), Conflict, CommonErrors),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    writing: Writing,
    body: Body,
) -> Result<(StatusCode, Json<Data<LocationBody>>), ApiError> {
    let location: NewLocation = body.object()?.of_type("inventory_location")?;
    let command = location.command()?;
    let writer = writing.enter().await?;
    let location = app.stockroom.execute(&writer, command).await?;
    let data = location.into();
    Ok((StatusCode::CREATED, Json(Data { data })))
}

/// Read a location.
#[utoipa::path(
    get,
    path = "/v2/inventories/locations/{location}",
    operation_id = "GetLocation",
    tag = "Locations",
    params(("location" = Uuid, Path, description = "The location's id."), StoreHeader),
    responses((status = 200, description = "The location.", body = Data<LocationBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    reading: Reading,
    _: Current,
    location: PathId<LocationId>,
) -> Result<Json<Data<LocationBody>>, ApiError> {
    let id = location.existing()?;
    let caller = reading.enter().await?;
    let location = app.stockroom.location(&caller, id).await?;
    let data = location.ok_or(Refusal::LocationNotFound)?.into();
    Ok(Json(Data { data }))
}

/// Change a location.
///
/// A new slug shows in all stock and in all history at once. A location that is disabled sells nothing
/// from then on; stock stays where it is.
#[utoipa::path(
    put,
    path = "/v2/inventories/locations/{location}",
    operation_id = "UpdateLocation",
    tag = "Locations",
    params(("location" = Uuid, Path, description = "The location's id."), StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<LocationUpdate>,
        examples(
            ("enable" = (summary = "Orders from here again, before other locations", value = json!({ "data": { "type": "inventory_location", "enabled": true, "priority": 10 } }))),
            ("rename" = (summary = "A new name, and no description any more", value = json!({
                "data": {
                    "type": "inventory_location",
                    "attributes": { "name": "Berlin harbour warehouse", "description": null }
                }
            }))),
        ),
    ),
    responses((status = 200, description = "The location.", body = Data<LocationBody>), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn update(
    State(app): State<AppState>,
    writing: Writing,
    location: PathId<LocationId>,
    body: Body,
) -> Result<Json<Data<LocationBody>>, ApiError> {
    let update: LocationUpdate = body.object()?.of_type("inventory_location")?;
    let command = update.command()?;
    let id = location.existing()?;
    let writer = writing.enter().await?;
    let location = app.stockroom.execute(&writer, command(id)).await?;
    let data = location.into();
    Ok(Json(Data { data }))
}

/// Delete a location.
///
/// Refused while stock lies in it.
#[utoipa::path(
    delete,
    path = "/v2/inventories/locations/{location}",
    operation_id = "DeleteLocation",
    tag = "Locations",
    params(("location" = Uuid, Path, description = "The location's id."), StoreHeader, IdempotencyHeader),
    responses((status = 204, description = "The location is gone."), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn delete(
    State(app): State<AppState>,
    writing: Writing,
    location: PathId<LocationId>,
) -> Result<StatusCode, ApiError> {
    let id = location.existing()?;
    let writer = writing.enter().await?;
    app.stockroom.delete_location(&writer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
