//! What people type about a location.

use serde::Deserialize;
use stockroom_domain::{
    Address, CreateLocation, Description, ExternalRef, Geolocation, Invalid, Location, Name, Patch,
    Priority, Quantity, Slug, UpdateLocation,
};

use crate::page::{must, number_of, optional, patch, point, told};

/// The fields of the form.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) external_ref: String,
    pub(super) description: String,
    /// The lines of the address.
    pub(super) address: String,
    pub(super) latitude: String,
    pub(super) longitude: String,
    /// `on` if buyers can order from it; empty if not.
    pub(super) enabled: String,
    pub(super) priority: String,
    /// The version of the location that the form showed.
    pub(super) version: String,
}

impl Typed {
    /// The fields of a location that is to be created.
    pub(super) fn of_new() -> Self {
        Self {
            enabled: ticked(Location::ENABLED_DEFAULT),
            ..Self::default()
        }
    }

    /// The fields as a location has them.
    pub(super) fn of(location: &Location) -> Self {
        let point = location.geolocation;
        let degrees = |of: fn(Geolocation) -> f64| point.map(|point| of(point).to_string());
        let address = location.address.as_ref();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            name: location.name.to_string(),
            slug: location.slug.to_string(),
            external_ref: text(location.external_ref.as_ref().map(ExternalRef::as_str)),
            description: text(location.description.as_ref().map(Description::as_str)),
            address: address.map_or_else(String::new, |it| it.lines().join("\n")),
            latitude: degrees(Geolocation::latitude).unwrap_or_default(),
            longitude: degrees(Geolocation::longitude).unwrap_or_default(),
            enabled: ticked(location.enabled),
            priority: location.priority.get().to_string(),
            version: location.version.to_string(),
        }
    }

    fn name(&self) -> Result<Name, String> {
        let name = told(&self.name).unwrap_or_default();
        Name::new("name", name).map_err(|invalid| must("The name", &invalid))
    }

    fn slug(&self) -> Result<Slug, String> {
        Slug::new(self.slug.trim()).map_err(|invalid| must("The slug", &invalid))
    }

    fn geolocation(&self) -> Result<Option<Geolocation>, String> {
        let (latitude, longitude) = match (told(&self.latitude), told(&self.longitude)) {
            (None, None) => return Ok(None),
            (Some(latitude), Some(longitude)) => (latitude, longitude),
            _ => return Err("Write both the latitude and the longitude, or neither.".to_owned()),
        };
        point(&latitude, &longitude).map(Some)
    }

    const fn enabled(&self) -> bool {
        !self.enabled.is_empty()
    }

    fn priority(&self) -> Result<Priority, String> {
        let priority = optional("The priority", &self.priority, priority);
        priority.map(Option::unwrap_or_default)
    }

    /// The request to create the location.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn create(&self) -> Result<CreateLocation, String> {
        Ok(CreateLocation {
            name: self.name()?,
            slug: self.slug()?,
            external_ref: optional(
                "The external reference",
                &self.external_ref,
                ExternalRef::new,
            )?,
            description: optional("The description", &self.description, Description::new)?,
            address: optional("The address", &self.address, address)?,
            geolocation: self.geolocation()?,
            enabled: self.enabled(),
            priority: self.priority()?,
        })
    }

    /// The request to change the location, with those fields alone that differ from what it has.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn update(&self, location: &Location) -> Result<UpdateLocation, String> {
        let shown = Self::of(location);
        let is_same = |typed: &str, shown: &str| typed.trim() == shown.trim();
        let name = (!is_same(&self.name, &shown.name)).then(|| self.name());
        let slug = (!is_same(&self.slug, &shown.slug)).then(|| self.slug());
        Ok(UpdateLocation {
            id: location.id,
            name: name.transpose()?,
            slug: slug.transpose()?,
            external_ref: patch(
                "The external reference",
                &self.external_ref,
                &shown.external_ref,
                ExternalRef::new,
            )?,
            description: patch(
                "The description",
                &self.description,
                &shown.description,
                Description::new,
            )?,
            address: patch("The address", &self.address, &shown.address, address)?,
            geolocation: match self.geolocation()? {
                point if point == location.geolocation => Patch::Keep,
                point => point.map_or(Patch::Clear, Patch::Set),
            },
            enabled: changed(self.enabled(), location.enabled),
            priority: changed(self.priority()?, location.priority),
        })
    }
}

/// The value of a box with or without a tick.
fn ticked(is_ticked: bool) -> String {
    if is_ticked { "on" } else { "" }.to_owned()
}

/// The change to a value, if it is another one.
fn changed<T: Copy + PartialEq>(value: T, before: T) -> Patch<T> {
    if value == before {
        Patch::Keep
    } else {
        Patch::Set(value)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "all fields are read by functions of this form"
)]
fn priority(_: &'static str, text: String) -> Result<Priority, Invalid> {
    // What is no number is refused like one that is too large.
    Priority::new(number_of(&text).map_or(u64::MAX, Quantity::get))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "all fields are read by functions of this form"
)]
fn address(_: &'static str, text: String) -> Result<Address, Invalid> {
    Address::new(text.lines().map(|line| line.trim().to_owned()).collect())
}
