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
    /// Whether it is enabled: one of these.
    Enabled(Vec<bool>),
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
            Self::Enabled(values) => values.contains(&location.enabled),
        }
    }
}

/// The order of a list of locations. Equals are in the order of creation.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum LocationOrder {
    /// The order of creation.
    #[default]
    Created,
    /// By the distance from this point, the nearest first. Locations without a geolocation come last.
    Nearest(Geolocation),
    /// By the priority, the lowest first.
    Priority,
}

impl LocationOrder {
    /// The place of a location in a list in this order.
    #[must_use]
    pub fn place(self, location: &Location) -> LocationPlace {
        let rank = match self {
            Self::Created => 0,
            Self::Nearest(point) => {
                let here = location.geolocation;
                let meters = here.map_or(f64::INFINITY, |here| here.distance_meters(point));
                // Whole millimetres, so that servers agree even if the last digits of their results
                // differ. The bits of non-negative numbers sort like the numbers.
                (meters * 1_000.0).round().to_bits()
            }
            Self::Priority => location.priority.get().into(),
        };
        LocationPlace {
            rank,
            id: location.id,
        }
    }
}

/// The place of a location in a list: its rank in the order of the list, then its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocationPlace {
    /// Grows with the distance or the priority; 0 in a list in the order of creation.
    pub rank: u64,
    /// The location.
    pub id: LocationId,
}

/// Reads locations. A store sees its own and its organization's.
#[async_trait]
pub trait LocationReader: Send + Sync {
    /// One location, if it exists.
    async fn location(&self, scope: Scope, id: LocationId) -> Result<Option<Location>, StoreError>;

    /// All locations that fulfil every condition, in this order.
    async fn list_locations(
        &self,
        scope: Scope,
        filter: &[LocationCondition],
        order: LocationOrder,
        page: PageRequest<LocationPlace>,
    ) -> Result<Page<Location, LocationPlace>, StoreError>;
}
