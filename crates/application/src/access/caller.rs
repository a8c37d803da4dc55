//! Callers and their permissions.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use stockroom_domain::{Actor, IdempotencyKey, OrganizationId, Owner, RequestDigest};

use crate::ports::Scope;

/// The grant by which a token was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Issued with the client's secret: the caller may do all that the owner of its key may.
    ClientCredentials,
    /// Issued with the client id alone: the caller may only read stock and locations.
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

/// A caller with a valid token. Every caller may read stock and locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant.
    pub organization: OrganizationId,
    /// The key, and the owner on whose behalf the request is made.
    pub actor: Actor,
    /// The grant by which the token was issued.
    pub grant: Grant,
    /// Requests per second reserved for the key.
    pub reserved_rate_limit: u32,
}

impl Caller {
    /// The scope of this caller's reads.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        Scope {
            organization: self.organization,
            acting: self.actor.acting,
        }
    }

    /// The caller as an administrator, if it is one.
    #[must_use]
    pub fn administrator(self) -> Option<Administrator> {
        self.is_administrator().then_some(Administrator {
            caller: self,
            idempotency: None,
        })
    }

    /// Whether this caller is an administrator.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.grant == Grant::ClientCredentials
    }
}

/// A caller that may do everything that the owner of its key may. A value of this type proves that this
/// was checked.
#[derive(Debug, Clone)]
pub struct Administrator {
    caller: Caller,
    idempotency: Option<Keyed>,
}

/// The idempotency key of a request, its digest, and whether its answer is a repeated one.
#[derive(Debug, Clone)]
pub(crate) struct Keyed {
    pub(crate) key: IdempotencyKey,
    pub(crate) request: RequestDigest,
    pub(crate) is_replayed: Arc<AtomicBool>,
}

impl Administrator {
    /// The operator at the server's command line, acting on behalf of this owner.
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

    /// The same caller with an idempotency key: if the same request was made under `key` before, it gets
    /// the same answer, and `is_replayed` is set.
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

    /// The same caller without an idempotency key, for what changes nothing.
    #[must_use]
    pub fn without_key(self) -> Self {
        Self {
            idempotency: None,
            ..self
        }
    }

    pub(crate) const fn idempotency(&self) -> Option<&Keyed> {
        self.idempotency.as_ref()
    }

    /// The caller.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The scope of its reads.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.caller.scope()
    }
}
