//! The equipment of a case: an empty database, a clock that the case moves, and tenants on demand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::SeedableRng;
use rand::rngs::StdRng;
use stockroom_application::Environment;
use stockroom_application::ports::{Database, Scope};
use stockroom_domain::{
    Actor, CreateOrganization, CreateStore, KeyId, OrganizationId, Owner, ProductId, StoreId,
    Timestamp, UpdateSettings,
};
use uuid::Uuid;

use crate::client::Client;
use crate::make;

/// A clock that stands still until the case moves it.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// 2026-01-31T09:30:00Z, the start of every case.
    const START_MS: i64 = 1_769_851_800_000;

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let milliseconds = self.0.load(Ordering::SeqCst);
        Timestamp::from_milliseconds(milliseconds).expect("a case stays within a timestamp's range")
    }

    /// Moves the clock, forwards or backwards.
    pub fn advance(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl stockroom_application::Clock for Clock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}

/// The parts of a [`Bench`] that exist before its database.
pub struct Fixture {
    clock: Clock,
}

impl Default for Fixture {
    fn default() -> Self {
        Self {
            clock: Clock(Arc::new(AtomicI64::new(Clock::START_MS))),
        }
    }
}

impl Fixture {
    /// The environment for the database: the clock that the case moves, and the same ids in each
    /// run.
    #[must_use]
    pub fn environment(&self) -> Environment {
        seeded(&self.clock, 1)
    }

    /// The bench of the case.
    #[must_use]
    pub fn bench(self, database: impl Database) -> Bench {
        Bench {
            database: Arc::new(database),
            ids: seeded(&self.clock, 2),
            clock: self.clock,
        }
    }
}

fn seeded(clock: &Clock, seed: u64) -> Environment {
    Environment::new(clock.clone(), StdRng::seed_from_u64(seed))
}

/// An empty database and the clock that it reads.
pub struct Bench {
    /// The database.
    pub database: Arc<dyn Database>,
    /// The clock that the database reads.
    pub clock: Clock,
    /// Ids that the case makes itself; they don't affect the database's.
    ids: Environment,
}

impl Bench {
    /// A copy of the database's environment from its beginning. Another database with it makes the
    /// same ids.
    #[must_use]
    pub fn twin_environment(&self) -> Environment {
        seeded(&self.clock, 1)
    }

    /// An environment with this clock and ids of its own, for a server on the database.
    #[must_use]
    pub fn environment_of(&self, seed: u64) -> Environment {
        seeded(&self.clock, seed)
    }

    /// A fresh id.
    #[must_use]
    pub fn id<T: From<Uuid>>(&self) -> T {
        self.ids.next_id().into()
    }

    /// The id of an unregistered product.
    #[must_use]
    pub fn product(&self) -> ProductId {
        self.id()
    }

    /// A new organization, and its operator.
    pub async fn tenant(&self) -> Tenant<'_> {
        let id: OrganizationId = self.id();
        let tenant = Tenant {
            bench: self,
            organization: id,
        };
        let name = make::name("An organization");
        tenant
            .operator()
            .done(CreateOrganization { id, name })
            .await;
        tenant
    }

    /// The operator of an organization that is yet to be created.
    #[must_use]
    pub fn newcomer(&self) -> Client {
        let organization = self.id();
        let tenant = Tenant {
            bench: self,
            organization,
        };
        tenant.operator()
    }

    /// A new store, in an organization of its own.
    pub async fn store(&self) -> Client {
        self.tenant().await.store().await
    }
}

/// An organization, and the callers who can act in it.
pub struct Tenant<'a> {
    bench: &'a Bench,
    /// Its id.
    pub organization: OrganizationId,
}

impl Tenant<'_> {
    /// The operator at the command line.
    #[must_use]
    pub fn operator(&self) -> Client {
        self.client(Actor::OPERATOR)
    }

    /// A caller with a key of the organization, acting at the organization level.
    #[must_use]
    pub fn organization(&self) -> Client {
        self.client(Actor {
            key: Some(self.bench.id::<KeyId>()),
            key_name: None,
            key_owner: Owner::Organization,
            acting: Owner::Organization,
        })
    }

    /// A caller with a key of a new store.
    pub async fn store(&self) -> Client {
        let id: StoreId = self.bench.id();
        let name = make::name("A store");
        self.operator().done(CreateStore { id, name }).await;
        self.client(Actor {
            key: Some(self.bench.id::<KeyId>()),
            key_name: None,
            key_owner: Owner::Store(id),
            acting: Owner::Store(id),
        })
    }

    /// Lets every store keep its own stock of organization-level products.
    pub async fn allow_per_store_stock(&self) {
        let per_store_stock = Some(true);
        let settings = UpdateSettings { per_store_stock };
        self.operator().done(settings).await;
    }

    fn client(&self, actor: Actor) -> Client {
        let scope = Scope {
            organization: self.organization,
            acting: actor.acting,
        };
        Client::new(Arc::clone(&self.bench.database), scope, actor)
    }
}
