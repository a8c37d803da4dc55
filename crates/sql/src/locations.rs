//! Locations.

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Address, Description, ExternalRef, Geolocation, Location, LocationId, Name, OrganizationId,
    Owner, Priority, Slug,
};
use uuid::Uuid;

use crate::columns::row;
use crate::{Row, integer};

row! {
    /// A row of `locations`. The address is a JSON array of its lines.
    LocationRow {
        location_id: Uuid,
        owner_id: Uuid,
        name: String,
        slug: String,
        external_ref: Option<String>,
        description: Option<String>,
        address: Option<String>,
        latitude: Option<f64>,
        longitude: Option<f64>,
        enabled: bool,
        priority: i64,
        created_at: i64,
        updated_at: i64,
        version: i64,
    }
}

impl LocationRow {
    /// The columns that never change.
    pub const CONSTANT: &'static [&'static str] = &["location_id", "owner_id", "created_at"];

    /// The row of a location.
    ///
    /// # Errors
    /// [`StoreError`] if the address can't be written as JSON.
    pub fn of(location: &Location, organization: OrganizationId) -> Result<Self, StoreError> {
        let address = location.address.as_ref().map(Address::lines);
        let address = address.map(serde_json::to_string).transpose();
        let text = |text: Option<&str>| text.map(str::to_owned);
        Ok(Self {
            location_id: location.id.uuid(),
            owner_id: location.owner.to_uuid(organization),
            name: location.name.as_str().to_owned(),
            slug: location.slug.as_str().to_owned(),
            external_ref: text(location.external_ref.as_ref().map(ExternalRef::as_str)),
            description: text(location.description.as_ref().map(Description::as_str)),
            address: address.map_err(|error| StoreError::Failed(Box::new(error)))?,
            latitude: location.geolocation.map(Geolocation::latitude),
            longitude: location.geolocation.map(Geolocation::longitude),
            enabled: location.enabled,
            priority: location.priority.get().into(),
            created_at: location.created_at.as_milliseconds(),
            updated_at: location.updated_at.as_milliseconds(),
            version: integer(location.version),
        })
    }

    /// Decodes the location.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, organization: OrganizationId) -> Result<Location, StoreError> {
        let row = Row::new("locations", self.location_id);
        let external_ref = self.external_ref;
        let external_ref = external_ref.map(|text| ExternalRef::new("external_ref", text));
        let description = self.description;
        let description = description.map(|text| Description::new("description", text));
        let address = self.address.as_deref().map(serde_json::from_str);
        let address = row.valid("address", address.transpose())?;
        let address = address.map(Address::new);
        Ok(Location {
            id: LocationId::new(self.location_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            name: row.valid("name", Name::new("name", self.name))?,
            slug: row.valid("slug", Slug::new(self.slug))?,
            external_ref: row.valid("external_ref", external_ref.transpose())?,
            description: row.valid("description", description.transpose())?,
            address: row.valid("address", address.transpose())?,
            geolocation: decode_geolocation(row, self.latitude, self.longitude)?,
            enabled: self.enabled,
            priority: decode_priority(row, self.priority)?,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
            version: row.valid("version", u64::try_from(self.version))?,
        })
    }
}

/// Decodes the point of a location from its stored latitude and longitude, in degrees.
pub(crate) fn decode_geolocation(
    row: Row,
    latitude: Option<f64>,
    longitude: Option<f64>,
) -> Result<Option<Geolocation>, StoreError> {
    match (latitude, longitude) {
        (None, None) => Ok(None),
        (Some(latitude), Some(longitude)) => {
            let point = Geolocation::new(latitude, longitude);
            row.valid("latitude", point).map(Some)
        }
        (_, None) => Err(row.corrupt("longitude")),
        (None, _) => Err(row.corrupt("latitude")),
    }
}

/// Decodes the rank of a location.
pub(crate) fn decode_priority(row: Row, priority: i64) -> Result<Priority, StoreError> {
    let priority = row.valid("priority", u64::try_from(priority))?;
    row.valid("priority", Priority::new(priority))
}
