//! Callers, and what they may do.

use crate::ports::Scope;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use stockroom_domain::Actor;
use stockroom_domain::IdempotencyKey;
use stockroom_domain::OrganizationId;
use stockroom_domain::Owner;
use stockroom_domain::RequestDigest;

/// How a token was got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// With the client's secret: may do all that its key's owner may.
    ClientCredentials,
    /// With the client id alone: reads stock and locations.
    Implicit,
}

impl Grant {
    /// The name of the OAuth grant type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Implicit => "implicit",
        }
    }
}

/// Someone with a valid token. May read stock and locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant.
    pub organization: OrganizationId,
    /// Which key, and whom the request acts as.
    pub actor: Actor,
    /// How the token was got.
    pub grant: Grant,
    /// Requests per second kept free for the key.
    pub reserved_rate_limit: u32,
}

impl Caller {
    /// Whose things this caller sees.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        Scope {
            organization: self.organization,
            acting: self.actor.acting,
        }
    }

    /// The caller as one who may do everything, if it is one.
    #[must_use]
    pub fn administrator(self) -> Option<Administrator> {
        self.is_administrator().then_some(Administrator {
            caller: self,
            idempotency: None,
        })
    }

    /// Whether this is a caller who may do everything.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.grant == Grant::ClientCredentials
    }
}

/// A caller who may do everything that the owner of its key may. Whoever holds a value of this
/// type has shown that.
#[derive(Debug, Clone)]
pub struct Administrator {
    caller: Caller,
    idempotency: Option<Keyed>,
}

/// How a request is named that may be sent again, and whether it has been.
#[derive(Debug, Clone)]
pub(crate) struct Keyed {
    pub(crate) key: IdempotencyKey,
    pub(crate) request: RequestDigest,
    pub(crate) is_replayed: Arc<AtomicBool>,
}

impl Administrator {
    /// The operator at the server's command line, acting for this owner.
    #[must_use]
    pub fn operator(organization: OrganizationId, acting: Owner) -> Self {
        Self {
            caller: Caller {
                organization,
                actor: Actor {
                    acting,
                    ..Actor::OPERATOR
                },
                grant: Grant::ClientCredentials,
                reserved_rate_limit: 0,
            },
            idempotency: None,
        }
    }

    /// The same, whose request may be sent again: if one like it was made under `key` before, it is
    /// answered the same, and `is_replayed` is set.
    #[must_use]
    pub fn keyed(
        self,
        key: IdempotencyKey,
        request: RequestDigest,
        is_replayed: Arc<AtomicBool>,
    ) -> Self {
        Self {
            idempotency: Some(Keyed {
                key,
                request,
                is_replayed,
            }),
            ..self
        }
    }

    pub(crate) const fn idempotency(&self) -> Option<&Keyed> {
        self.idempotency.as_ref()
    }

    /// The caller that it is.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whose things it sees.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.caller.scope()
    }
}
