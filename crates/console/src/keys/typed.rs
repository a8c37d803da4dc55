//! What people type about a key.

use crate::page::{must, number_of, told};
use serde::Deserialize;
use stockroom_application::NewKeyRequest;
use stockroom_domain::{Access, ApplicationKey, ProductText, UpdateKey};

/// The fields of the form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub(super) name: String,
    /// `full` or `read`.
    pub(super) access: String,
    /// Requests per second.
    pub(super) reserved: String,
    /// Nothing if it isn't ticked.
    pub(super) implicit: String,
    /// The time of the last change that the form showed.
    pub(super) seen: String,
}

impl Typed {
    /// The fields as a key has them.
    pub(super) fn of(key: &ApplicationKey) -> Self {
        Self {
            name: key.name.to_string(),
            access: key.access.as_str().to_owned(),
            reserved: key.reserved_rate_limit.to_string(),
            implicit: if key.allow_implicit { "on" } else { "" }.to_owned(),
            seen: key.updated_at.to_string(),
        }
    }

    /// Whether it may only look.
    pub(super) fn is_read(&self) -> bool {
        self.access == Access::Read.as_str()
    }

    fn name(&self) -> Result<ProductText, String> {
        let name = told(&self.name).unwrap_or_default();
        ProductText::new("name", name).map_err(|invalid| must("The name", &invalid))
    }

    fn access(&self) -> Access {
        // A word that isn't known gives the least.
        Access::parse(&self.access).unwrap_or(Access::Read)
    }

    fn reserved(&self) -> Result<u32, String> {
        let Some(text) = told(&self.reserved) else {
            return Ok(0);
        };
        let number = number_of(&text).and_then(|number| u32::try_from(number.get()).ok());
        let max = u32::MAX;
        number.ok_or_else(|| {
            format!("“{text}” isn't a whole number of requests per second from 0 to {max}.")
        })
    }

    /// The request for a new key.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn create(&self) -> Result<NewKeyRequest, String> {
        Ok(NewKeyRequest {
            name: self.name()?,
            reserved_rate_limit: self.reserved()?,
            allow_implicit: !self.implicit.is_empty(),
            access: self.access(),
        })
    }

    /// The request to change the key, with those fields alone that differ from what it has; `None` if all
    /// are as they were.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn update(&self, key: &ApplicationKey) -> Result<Option<UpdateKey>, String> {
        let allow_implicit = !self.implicit.is_empty();
        let is_renamed = self.name.trim() != key.name.as_str().trim();
        let name = is_renamed.then(|| self.name()).transpose()?;
        let update = UpdateKey {
            id: key.id,
            name,
            reserved_rate_limit: Some(self.reserved()?)
                .filter(|reserved| *reserved != key.reserved_rate_limit),
            allow_implicit: Some(allow_implicit).filter(|allow| *allow != key.allow_implicit),
            access: Some(self.access()).filter(|access| *access != key.access),
            rate_limit: None,
        };
        let is_nothing = update.name.is_none()
            && update.reserved_rate_limit.is_none()
            && update.allow_implicit.is_none()
            && update.access.is_none();
        Ok((!is_nothing).then_some(update))
    }
}
