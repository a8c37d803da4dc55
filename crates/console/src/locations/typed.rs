//! What people type about a location.

use serde::Deserialize;
use stockroom_domain::{
    Address, CreateLocation, Description, ExternalRef, Geolocation, Invalid, Location, Name, Patch,
    Slug, UpdateLocation,
};

use crate::products::{must, optional, patch, told};

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
    /// The version of the location that the form showed.
    pub(super) version: String,
}

impl Typed {
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
        })
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "all fields are read by functions of this form"
)]
fn address(_: &'static str, text: String) -> Result<Address, Invalid> {
    Address::new(text.lines().map(|line| line.trim().to_owned()).collect())
}

/// The point at these degrees, as people write them.
///
/// # Errors
/// A sentence for the person.
pub(super) fn point(latitude: &str, longitude: &str) -> Result<Geolocation, String> {
    let number = |text: &str| {
        let degrees = text.trim().replace(',', ".").parse::<f64>().ok();
        degrees.ok_or_else(|| format!("“{text}” isn't a number of degrees, such as 52.52."))
    };
    Geolocation::new(number(latitude)?, number(longitude)?).map_err(|invalid| {
        let label = if invalid.field.ends_with("lat") {
            "The latitude"
        } else {
            "The longitude"
        };
        must(label, &invalid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_as_people_write_them() {
        let berlin = Geolocation::new(52.52, 13.405).ok();
        assert_eq!(point("52.52", " 13.405 ").ok(), berlin);
        assert_eq!(point("52,52", "13,405").ok(), berlin);
        for (latitude, longitude, told) in [
            ("x", "1", "“x” isn't a number of degrees, such as 52.52."),
            ("91", "1", "The latitude must be a number from -90 to 90."),
            (
                "1",
                "181",
                "The longitude must be a number from -180 to 180.",
            ),
            (
                "1",
                "NaN",
                "The longitude must be a number from -180 to 180.",
            ),
        ] {
            assert_eq!(point(latitude, longitude), Err(told.to_owned()));
        }
    }
}
