//! Callers and their permissions.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use stockroom_domain::{Access, Actor, IdempotencyKey, OrganizationId, Owner, RequestDigest};

use crate::error::AccessError;
use crate::ports::Scope;

/// The grant by which a token was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Issued with the client's secret: the caller may read all that the owner of its key may read, and
    /// change it as well, if the key's [`Access`] is full.
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
    /// What the token may be used for, if it was issued with the secret.
    pub access: Access,
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

    /// Whether this caller is an administrator that may change things: a [`Writer`].
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.is_administrator() && self.access == Access::Full
    }
}

/// A caller that may read everything that the owner of its key may read. A value of this type proves that
/// this was checked. It changes things as a [`Writer`].
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
    /// Whether this caller may change things.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.caller.may_write()
    }

    /// The caller as one that may change things.
    ///
    /// # Errors
    /// [`AccessError::ReadOnly`] if its key may only read.
    pub fn writer(self) -> Result<Writer, AccessError> {
        if self.may_write() {
            Ok(Writer(self))
        } else {
            Err(AccessError::ReadOnly)
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

/// An administrator that may also change everything that the owner of its key may change. A value of this
/// type proves that this was checked: every use case that changes something takes one.
#[derive(Debug, Clone)]
pub struct Writer(Administrator);

impl Writer {
    /// The operator at the server's command line, acting on behalf of this owner.
    #[must_use]
    pub const fn operator(organization: OrganizationId, acting: Owner) -> Self {
        let actor = Actor {
            acting,
            ..Actor::OPERATOR
        };
        Self(Administrator {
            caller: Caller {
                organization,
                actor,
                grant: Grant::ClientCredentials,
                access: Access::Full,
                reserved_rate_limit: 0,
            },
            idempotency: None,
        })
    }

    /// The same caller, for what only reads.
    #[must_use]
    pub const fn administrator(&self) -> &Administrator {
        &self.0
    }

    pub(crate) const fn idempotency(&self) -> Option<&Keyed> {
        self.0.idempotency()
    }

    /// The caller.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        self.0.caller()
    }

    /// The scope of its changes.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.0.scope()
    }
}
