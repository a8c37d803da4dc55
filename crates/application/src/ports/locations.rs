//! The port for locations.

use async_trait::async_trait;
use stockroom_domain::{ExternalRef, Geolocation, Location, LocationId};

use super::error::StoreError;
use super::scope::Scope;
use crate::filter::TextCondition;
use crate::page::{Page, PageRequest};

/// A condition on locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocationCondition {
    /// Its name.
    Name(TextCondition),
    /// Its slug.
    Slug(TextCondition),
    /// Its name in another system.
    ExternalRef(TextCondition),
}

impl LocationCondition {
    /// Whether `location` fulfils the condition.
    #[must_use]
    pub fn matches(&self, location: &Location) -> bool {
        match self {
            Self::Name(condition) => condition.matches(Some(location.name.as_str())),
            Self::Slug(condition) => condition.matches(Some(location.slug.as_str())),
            Self::ExternalRef(condition) => {
                condition.matches(location.external_ref.as_ref().map(ExternalRef::as_str))
            }
        }
    }
}

/// The place of a location in a list: its distance, then its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocationPlace {
    /// Grows with the distance; 0 in a list that isn't sorted by distance.
    pub distance: u64,
    /// The location.
    pub id: LocationId,
}

impl LocationPlace {
    /// The place of a location in a list: in the order of creation or, with a point, sorted by the
    /// distance from it. Locations without a geolocation come last, equally distant ones in the order of
    /// creation.
    #[must_use]
    pub fn of(location: &Location, nearest_to: Option<Geolocation>) -> Self {
        let distance = nearest_to.map_or(0, |point| {
            let here = location.geolocation;
            let meters = here.map_or(f64::INFINITY, |here| here.distance_meters(point));
            // Whole millimetres, so that servers agree even if the last digits of their results differ.
            // The bits of non-negative numbers sort like the numbers.
            (meters * 1_000.0).round().to_bits()
        });
        Self {
            distance,
            id: location.id,
        }
    }
}

/// Reads locations. A store sees its own and its organization's.
#[async_trait]
pub trait LocationReader: Send + Sync {
    /// One location, if it exists.
    async fn location(&self, scope: Scope, id: LocationId) -> Result<Option<Location>, StoreError>;

    /// All locations that fulfil every condition: in the order of creation, or, with
    /// `nearest_to`, the nearest first. [`LocationPlace`] is that order.
    async fn list_locations(
        &self,
        scope: Scope,
        filter: &[LocationCondition],
        nearest_to: Option<Geolocation>,
        page: PageRequest<LocationPlace>,
    ) -> Result<Page<Location, LocationPlace>, StoreError>;
}
