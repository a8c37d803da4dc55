//! Parts that many bodies have.

use std::sync::Arc;

use serde::Serialize;
use stockroom_domain::{ActingKey, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

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

/// The application key that made something.
#[derive(Serialize, ToSchema)]
#[schema(as = ActingKey)]
pub(crate) struct ActingKeyBody {
    id: Uuid,
    /// What it was called then.
    #[schema(value_type = Option<String>)]
    name: Option<Arc<str>>,
}

impl From<&ActingKey> for ActingKeyBody {
    fn from(actor: &ActingKey) -> Self {
        Self {
            id: actor.key.uuid(),
            name: actor.name.clone(),
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
