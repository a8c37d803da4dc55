//! Locations: the places of stock.

pub(crate) mod decide;

pub use decide::{CreateLocation, DeleteLocation, UpdateLocation};

use serde::{Deserialize, Serialize};

use crate::values::{
    Description, ExternalRef, Invalid, LocationId, Name, Owner, Slug, Timestamp, first_version,
};

/// A place of stock: a warehouse, a shop, a shelf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// The id of the location. Stock and history refer to it, not to the slug, which may change.
    pub id: LocationId,
    /// The owner whose stock may be in it.
    pub owner: Owner,
    /// Its name for people.
    pub name: Name,
    /// Its name in paths and bodies, unique among its owner's locations.
    pub slug: Slug,
    /// Its name in another system.
    pub external_ref: Option<ExternalRef>,
    /// A description.
    pub description: Option<Description>,
    /// Its postal address.
    pub address: Option<Address>,
    /// Its point on the globe.
    pub geolocation: Option<Geolocation>,
    /// Whether buyers can order from it. A disabled location sells nothing; all else goes on there.
    #[serde(
        default = "enabled_by_default",
        skip_serializing_if = "is_enabled_by_default"
    )]
    pub enabled: bool,
    /// Its rank among the owner's locations.
    #[serde(default, skip_serializing_if = "Priority::is_default")]
    pub priority: Priority,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// The number of its changes, the first of which made it.
    #[serde(default = "first_version")]
    pub version: u64,
}

impl Location {
    /// The largest number of locations that one owner may have.
    pub const PER_OWNER_MAX: u64 = 10_000;
    /// Whether a location is enabled of which nothing else is said.
    pub const ENABLED_DEFAULT: bool = true;
}

/// The value of a stored `enabled` that is missing.
pub(crate) const fn enabled_by_default() -> bool {
    Location::ENABLED_DEFAULT
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
pub(crate) const fn is_enabled_by_default(enabled: &bool) -> bool {
    *enabled == Location::ENABLED_DEFAULT
}

/// The rank of a location among those of its owner: an integer from 0 to 1,000,000. The lowest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct Priority(u32);

impl Priority {
    /// The largest number, of the location that comes last. (Source: the HTTP contract.)
    pub const MAX: u32 = 1_000_000;

    /// The priority with this number.
    ///
    /// # Errors
    /// [`Invalid`] if it is above [`MAX`](Self::MAX).
    pub fn new(number: u64) -> Result<Self, Invalid> {
        u32::try_from(number)
            .ok()
            .filter(|number| *number <= Self::MAX)
            .map(Self)
            .ok_or_else(|| {
                let rule = format!("an integer from 0 to {}", Self::MAX);
                Invalid::new("priority", rule)
            })
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Whether it is the one of a location of which nothing else is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Priority {
    /// 1,000. (Source: the HTTP contract.)
    fn default() -> Self {
        Self(1_000)
    }
}

impl TryFrom<u64> for Priority {
    type Error = Invalid;

    fn try_from(number: u64) -> Result<Self, Invalid> {
        Self::new(number)
    }
}

/// A postal address: 1 to 8 lines of at most 1024 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Address(Vec<String>);

impl TryFrom<Vec<String>> for Address {
    type Error = Invalid;

    fn try_from(lines: Vec<String>) -> Result<Self, Invalid> {
        Self::new(lines)
    }
}

impl Address {
    /// The address of these lines.
    ///
    /// # Errors
    /// [`Invalid`] if there are none or too many, or one is too long.
    pub fn new(lines: Vec<String>) -> Result<Self, Invalid> {
        let fits = |line: &String| line.chars().count() <= 1024 && !line.contains('\0');
        if (1..=8).contains(&lines.len()) && lines.iter().all(fits) {
            Ok(Self(lines))
        } else {
            Err(Invalid::new(
                "address",
                "1 to 8 lines of at most 1024 characters",
            ))
        }
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.0
    }
}

/// A point on the globe, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Geolocation {
    latitude: f64,
    longitude: f64,
}

/// Its numbers are numbers.
impl Eq for Geolocation {}

impl Geolocation {
    /// The point at `latitude` (-90 to 90 degrees) and `longitude` (-180 to 180 degrees).
    ///
    /// # Errors
    /// [`Invalid`] if either lies outside.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, Invalid> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(Invalid::new("geolocation.lat", "a number from -90 to 90"));
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(Invalid::new("geolocation.lon", "a number from -180 to 180"));
        }
        Ok(Self {
            latitude,
            longitude,
        })
    }

    /// Degrees north of the equator.
    #[must_use]
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east of Greenwich.
    #[must_use]
    pub const fn longitude(self) -> f64 {
        self.longitude
    }

    /// The distance to another point in metres along a sphere of the Earth's mean radius
    /// (haversine formula), which is within 0.6 % of the true distance.
    #[must_use]
    pub fn distance_meters(self, other: Self) -> f64 {
        const EARTH_RADIUS_METERS: f64 = 6_371_008.8;
        let [from, to] = [self.latitude.to_radians(), other.latitude.to_radians()];
        let half_latitude = (to - from) / 2.0;
        let half_longitude = (other.longitude - self.longitude).to_radians() / 2.0;
        let haversine =
            half_latitude.sin().powi(2) + from.cos() * to.cos() * half_longitude.sin().powi(2);
        2.0 * EARTH_RADIUS_METERS * haversine.min(1.0).sqrt().asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_follows_the_great_circle() {
        let berlin = Geolocation::new(52.5200, 13.4050).unwrap();
        let tokyo = Geolocation::new(35.6762, 139.6503).unwrap();
        let kilometers = berlin.distance_meters(tokyo) / 1_000.0;
        assert!((8_900.0..8_940.0).contains(&kilometers), "{kilometers}");
    }

    #[test]
    fn the_date_line_is_no_border() {
        let west = Geolocation::new(0.0, 179.5).unwrap();
        let east = Geolocation::new(0.0, -179.5).unwrap();
        assert!(west.distance_meters(east) < 112_000.0);
    }

    #[test]
    fn a_priority_has_a_largest_number_and_a_usual_one() {
        assert_eq!(Priority::new(0).unwrap().get(), 0);
        assert_eq!(Priority::new(1_000_000).unwrap().get(), Priority::MAX);
        assert!(Priority::new(1_000_001).is_err());
        assert!(Priority::new(u64::MAX).is_err());
        assert!(Priority::new(1_000).unwrap().is_default());
    }

    #[test]
    fn points_off_the_globe_and_numbers_that_are_none_are_refused() {
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::NAN)]
        {
            assert!(Geolocation::new(latitude, longitude).is_err());
        }
    }
}
