//! Locations.

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Address, Description, ExternalRef, Geolocation, Location, LocationId, Name, OrganizationId,
    Owner, Slug,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::{hex, json};
use crate::row::Row;

/// The locations with these ids that exist and aren't deleted, in any order.
pub(crate) async fn locations(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = LocationId>,
) -> Result<Vec<Location>, StoreError> {
    let ids = json(ids.into_iter().map(hex))?;
    let organization_id = organization.uuid();
    sqlx::query_as!(
        LocationRow,
        r#"
        SELECT
            locations.location_id AS "location_id!: Uuid",
            locations.owner_id AS "owner_id!: Uuid",
            locations.name AS "name!",
            locations.slug AS "slug!",
            locations.external_ref AS "external_ref?",
            locations.description AS "description?",
            locations.address AS "address?",
            locations.latitude AS "latitude?",
            locations.longitude AS "longitude?",
            locations.created_at AS "created_at!",
            locations.updated_at AS "updated_at!"
        FROM json_each(?2) AS wanted
        CROSS JOIN locations
            ON locations.organization_id = ?1
            AND locations.location_id = unhex(wanted.value)
            AND locations.deleted_at IS NULL
        "#,
        organization_id,
        ids,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(organization))
    .collect()
}

/// The ids of the locations with these owners and slugs that exist and aren't deleted.
pub(crate) async fn ids_of_slugs(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    slugs: impl IntoIterator<Item = &(Owner, Slug)>,
) -> Result<Vec<LocationId>, StoreError> {
    let slugs = json(slugs.into_iter().map(|(owner, slug)| {
        let owner = owner.to_uuid(organization);
        (hex(owner), slug.as_str())
    }))?;
    let organization_id = organization.uuid();
    let ids = sqlx::query_scalar!(
        r#"
        SELECT locations.location_id AS "location_id!: Uuid"
        FROM json_each(?2) AS wanted
        CROSS JOIN locations
            ON locations.organization_id = ?1
            AND locations.owner_id = unhex(wanted.value ->> 0)
            AND locations.slug = wanted.value ->> 1
            AND locations.deleted_at IS NULL
        "#,
        organization_id,
        slugs,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    Ok(ids.into_iter().map(LocationId::new).collect())
}

pub(crate) struct LocationRow {
    pub(crate) location_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) external_ref: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl LocationRow {
    pub(crate) fn decode(self, organization: OrganizationId) -> Result<Location, StoreError> {
        let row = Row::new("locations", self.location_id);
        let external_ref = self
            .external_ref
            .map(|text| ExternalRef::new("external_ref", text));
        let description = self
            .description
            .map(|text| Description::new("description", text));
        let address = self
            .address
            .map(|lines| row.valid("address", serde_json::from_str(&lines)))
            .transpose()?
            .map(Address::new);
        let geolocation = match (self.latitude, self.longitude) {
            (None, None) => None,
            (Some(latitude), Some(longitude)) => Some(Geolocation::new(latitude, longitude)),
            (_, None) => return Err(row.corrupt("longitude")),
            (None, _) => return Err(row.corrupt("latitude")),
        };
        Ok(Location {
            id: LocationId::new(self.location_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            name: row.valid("name", Name::new("name", self.name))?,
            slug: row.valid("slug", Slug::new(self.slug))?,
            external_ref: row.valid("external_ref", external_ref.transpose())?,
            description: row.valid("description", description.transpose())?,
            address: row.valid("address", address.transpose())?,
            geolocation: row.valid("latitude", geolocation.transpose())?,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
        })
    }
}
