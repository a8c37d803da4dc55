//! Who calls, and what they may do.

use stockroom_domain::{Actor, OrganizationId, Owner};

use crate::ports::View;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    pub const fn view(&self) -> View {
        View {
            organization: self.organization,
            acting: self.actor.acting,
        }
    }

    /// The caller as one who may do everything, if it is one.
    #[must_use]
    pub fn administrator(self) -> Option<Administrator> {
        (self.grant == Grant::ClientCredentials).then_some(Administrator(self))
    }
}

/// A caller who may do everything that the owner of its key may. Whoever holds a value of this
/// type has shown that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Administrator(Caller);

impl Administrator {
    /// The operator at the server's command line, acting for this owner.
    #[must_use]
    pub const fn operator(organization: OrganizationId, acting: Owner) -> Self {
        Self(Caller {
            organization,
            actor: Actor {
                acting,
                ..Actor::OPERATOR
            },
            grant: Grant::ClientCredentials,
            reserved_rate_limit: 0,
        })
    }

    /// The caller that it is.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.0
    }

    /// Whose things it sees.
    #[must_use]
    pub const fn view(&self) -> View {
        self.0.view()
    }
}
