//! Locations.

use serde::{Deserialize, Serialize};
use stockroom_domain::{Geolocation, Invalid, Location, Owner};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Timestamps;

/// A location.
#[derive(Serialize, ToSchema)]
#[schema(as = Location)]
pub(crate) struct LocationBody {
    id: Uuid,
    /// Always `inventory_location`.
    r#type: &'static str,
    attributes: LocationAttributes,
    meta: LocationMeta,
}

#[derive(Serialize, ToSchema)]
struct LocationMeta {
    /// `organization` or `store`: whose location it is.
    owner: &'static str,
    timestamps: Timestamps,
}

#[derive(Serialize, ToSchema)]
struct LocationAttributes {
    name: String,
    slug: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geolocation: Option<GeolocationBody>,
    /// Shown if it is false: buyers can't order from the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// Shown unless it is 1000. The lowest comes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 1_000_000)]
    priority: Option<u32>,
}

/// A point on the globe.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(expecting = "an object with lat and lon")]
#[schema(as = Geolocation)]
pub(crate) struct GeolocationBody {
    /// Degrees north of the equator.
    #[schema(minimum = -90, maximum = 90)]
    lat: f64,
    /// Degrees east of Greenwich.
    #[schema(minimum = -180, maximum = 180)]
    lon: f64,
}

impl TryFrom<GeolocationBody> for Geolocation {
    type Error = Invalid;

    fn try_from(body: GeolocationBody) -> Result<Self, Invalid> {
        Self::new(body.lat, body.lon)
    }
}

impl From<Geolocation> for GeolocationBody {
    fn from(geolocation: Geolocation) -> Self {
        Self {
            lat: geolocation.latitude(),
            lon: geolocation.longitude(),
        }
    }
}

impl From<Location> for LocationBody {
    fn from(location: Location) -> Self {
        Self {
            id: location.id.uuid(),
            r#type: "inventory_location",
            attributes: LocationAttributes {
                name: location.name.to_string(),
                slug: location.slug.to_string(),
                external_ref: location.external_ref.map(|text| text.to_string()),
                description: location.description.map(|text| text.to_string()),
                address: location.address.map(|address| address.lines().to_vec()),
                geolocation: location.geolocation.map(Into::into),
                enabled: (location.enabled != Location::ENABLED_DEFAULT)
                    .then_some(location.enabled),
                priority: (!location.priority.is_default()).then_some(location.priority.get()),
            },
            meta: LocationMeta {
                owner: match location.owner {
                    Owner::Organization => "organization",
                    Owner::Store(_) => "store",
                },
                timestamps: Timestamps::new(location.created_at, location.updated_at),
            },
        }
    }
}
