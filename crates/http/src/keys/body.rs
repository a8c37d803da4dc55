//! Application keys.

use serde::{Deserialize, Serialize};
use stockroom_application::NewKey;
use stockroom_domain::{Access, ApplicationKey};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Timestamps;

/// What a list of keys says of all of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyListMeta {
    /// The sum of the keys' reserved rate limits.
    pub(crate) total_reserved_rate_limit: u64,
}

/// An application key; flat in both forms.
#[derive(Serialize, ToSchema)]
#[schema(as = ApplicationKey)]
pub(crate) struct KeyBody {
    id: Uuid,
    /// Always `application_key`.
    r#type: &'static str,
    name: String,
    client_id: String,
    /// Shown once, in the answer to the key's creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// Requests per second kept free for this key.
    reserved_rate_limit: u32,
    /// Whether the key gives tokens without its secret, for reading stock and locations.
    allow_implicit: bool,
    /// Absent from a key that may change things, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    access: Option<KeyAccess>,
    links: KeyLinks,
    meta: KeyMeta,
}

/// What the tokens that a key gives for its secret may be used for: everything (`full`), or reading and dry
/// runs (`read`).
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub(crate) enum KeyAccess {
    Full,
    Read,
}

impl TryFrom<String> for KeyAccess {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match Access::parse(&text) {
            Some(Access::Full) => Ok(Self::Full),
            Some(Access::Read) => Ok(Self::Read),
            None => Err("must be full or read"),
        }
    }
}

impl From<KeyAccess> for Access {
    fn from(access: KeyAccess) -> Self {
        match access {
            KeyAccess::Full => Self::Full,
            KeyAccess::Read => Self::Read,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct KeyLinks {
    #[serde(rename = "self")]
    itself: String,
}

#[derive(Serialize, ToSchema)]
struct KeyMeta {
    timestamps: KeyTimestamps,
}

#[derive(Serialize, ToSchema)]
struct KeyTimestamps {
    #[serde(flatten)]
    timestamps: Timestamps,
    /// When the key last gave a token, to the minute; null if it never did.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

impl From<ApplicationKey> for KeyBody {
    fn from(key: ApplicationKey) -> Self {
        Self {
            id: key.id.uuid(),
            r#type: "application_key",
            name: key.name.to_string(),
            client_id: key.client_id,
            client_secret: None,
            reserved_rate_limit: key.reserved_rate_limit,
            allow_implicit: key.allow_implicit,
            access: (key.access == Access::Read).then_some(KeyAccess::Read),
            links: KeyLinks {
                itself: format!("/v2/application-keys/{}", key.id),
            },
            meta: KeyMeta {
                timestamps: KeyTimestamps {
                    timestamps: Timestamps::new(key.created_at, key.updated_at),
                    last_used_at: key.last_used_at.map(|at| at.to_string()),
                },
            },
        }
    }
}

impl From<NewKey> for KeyBody {
    fn from(new: NewKey) -> Self {
        Self {
            client_secret: Some(new.client_secret),
            ..new.key.into()
        }
    }
}
