//! Parts that many bodies have.

use serde::Serialize;
use stockroom_domain::Timestamp;
use utoipa::ToSchema;

/// A single thing.
#[derive(Serialize, ToSchema)]
pub(crate) struct Data<T> {
    pub(crate) data: T,
}

/// When a thing was created and last changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Timestamps {
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    updated_at: Timestamp,
}

impl Timestamps {
    pub(crate) const fn new(created_at: Timestamp, updated_at: Timestamp) -> Self {
        Self {
            created_at,
            updated_at,
        }
    }
}

/// Serializes a value as its text.
pub(crate) fn as_text<T: std::fmt::Display, S: serde::Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
