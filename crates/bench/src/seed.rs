//! Fills a database through the ports, as fast as they go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use stockroom_application::ports::Database;
use stockroom_application::{Environment, Limits, NewKeyRequest, Stockroom, Writer};
use stockroom_domain::{
    Access, Actor, Answer, Command, CommodityType, CreateStock, ExpireReservation, Name,
    OrganizationId, Owner, ProductId, ProductStatus, ProductText, Quantity, RegisterProduct,
    ReservationRef, Reserve, Reserved, StoreId, Transact, TransactionAction,
};
use stockroom_postgres::{PostgresDatabase, PostgresOptions};
use stockroom_sqlite::{SqliteDatabase, SqliteOptions};
use stockroom_test_server::{Credentials, Storage};
use uuid::Uuid;

const BATCH: usize = 1_000;

/// How many reservations that have expired are looked for at once, and how many of them are stored
/// as such in one transaction: as a server does it.
const LOOKED_FOR: u32 = 1_000;
const EXPIRED_AT_ONCE: usize = 100;

/// A database to be measured, before a server has it.
pub(crate) struct Seeding {
    database: Open,
    stockroom: Stockroom,
    organization: OrganizationId,
}

enum Open {
    Postgres(Arc<PostgresDatabase>),
    Sqlite(Arc<SqliteDatabase>),
}

impl Open {
    async fn new(storage: &Storage, environment: &Environment) -> anyhow::Result<Self> {
        let environment = environment.clone();
        match storage {
            Storage::Postgres(url) => {
                let options = PostgresOptions::default();
                let database = PostgresDatabase::open(url, environment, options).await?;
                database.migrate().await?;
                Ok(Self::Postgres(Arc::new(database)))
            }
            Storage::Sqlite(folder) => {
                let file = folder.join("stockroom.sqlite3");
                let options = SqliteOptions::default();
                let database = SqliteDatabase::open(&file, environment, options).await?;
                database.migrate().await?;
                Ok(Self::Sqlite(Arc::new(database)))
            }
            Storage::Memory => anyhow::bail!("a server's memory is filled by the server"),
        }
    }

    fn ports(&self) -> Arc<dyn Database> {
        match self {
            Self::Postgres(database) => Arc::clone(database) as Arc<dyn Database>,
            Self::Sqlite(database) => Arc::clone(database) as Arc<dyn Database>,
        }
    }
}

impl Seeding {
    /// An empty database, with an organization.
    pub(crate) async fn begin(storage: &Storage) -> anyhow::Result<Self> {
        let (database, stockroom) = open(storage).await?;
        let name = Name::new("name", "Benchmark")?;
        let organization = stockroom.create_organization(name).await?.id;
        Ok(Self {
            database,
            stockroom,
            organization,
        })
    }

    /// Goes on with an organization, whose database a server had meanwhile.
    pub(crate) async fn resume(
        storage: &Storage,
        organization: OrganizationId,
    ) -> anyhow::Result<Self> {
        let (database, stockroom) = open(storage).await?;
        Ok(Self {
            database,
            stockroom,
            organization,
        })
    }

    /// The organization that is filled.
    pub(crate) const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// A store with a key.
    pub(crate) async fn store(&self, name: &str) -> anyhow::Result<(StoreId, Credentials)> {
        let name = Name::new("name", name)?;
        let store = self.stockroom.create_store(self.organization, name).await?;
        let owner = Owner::Store(store.id);
        let operator = Writer::operator(self.organization, owner);
        let request = NewKeyRequest {
            name: ProductText::new("name", "Benchmark")?,
            reserved_rate_limit: 0,
            allow_implicit: false,
            access: Access::Full,
        };
        let key = self.stockroom.create_key(&operator, request).await?;
        let credentials = Credentials {
            client_id: key.key.client_id,
            client_secret: key.client_secret,
        };
        Ok((store.id, credentials))
    }

    /// Creates stock of so many pieces of each of these products in a store.
    pub(crate) async fn create(
        &self,
        store: StoreId,
        products: &[Uuid],
        pieces: u32,
    ) -> anyhow::Result<()> {
        let commands = products.iter().map(|product| {
            let request = CreateStock {
                product: ProductId::new(*product),
                unlocated: quantity(pieces),
                located: BTreeMap::new(),
            };
            command(store, request)
        });
        self.commit(commands).await
    }

    /// Registers these products, whose names and SKUs are numbered.
    pub(crate) async fn register(&self, store: StoreId, products: &[Uuid]) -> anyhow::Result<()> {
        let commands = (0..).zip(products).map(|(number, product): (u32, &Uuid)| {
            let text = |text: String| ProductText::new("text", text).ok();
            let name = text(format!("Chair {number:06}"))?;
            Some(command(
                store,
                RegisterProduct {
                    id: Some(ProductId::new(*product)),
                    name,
                    sku: text(format!("SKU-{number:06}")),
                    slug: None,
                    description: None,
                    status: ProductStatus::Live,
                    commodity_type: CommodityType::Physical,
                    manage_stock: true,
                    external_ref: None,
                    stock: None,
                },
            ))
        });
        self.commit(commands.flatten()).await
    }

    /// Adds a piece to each of these products, as often as it is among them.
    pub(crate) async fn increment(
        &self,
        store: StoreId,
        products: impl Iterator<Item = Uuid>,
    ) -> anyhow::Result<()> {
        let commands = products.map(|product| {
            let request = Transact::new(
                ProductId::new(product),
                TransactionAction::Increment,
                quantity(1),
            );
            command(store, request)
        });
        self.commit(commands).await
    }

    /// Makes reservations, and gives their ids.
    pub(crate) async fn reserve(
        &self,
        store: StoreId,
        requests: impl Iterator<Item = Reserve>,
    ) -> anyhow::Result<Vec<Uuid>> {
        let mut ids = Vec::new();
        let commands = requests.map(|request| command(store, request));
        let note = |answer| {
            let Answer::Reserved(Reserved {
                reservation,
                is_new: true,
            }) = answer
            else {
                bail!("nothing was reserved: {answer:?}");
            };
            ids.push(reservation.id.uuid());
            Ok(())
        };
        self.commit_each(commands, note).await?;
        Ok(ids)
    }

    /// Stores of reservations that have expired that they have, as a server does, but without the
    /// pauses that it makes. Gives how many there were, and how long it took.
    ///
    /// # Errors
    /// If there is stock that is held by them yet: whoever has read it has seen that.
    pub(crate) async fn expire(&self) -> anyhow::Result<(usize, Duration)> {
        let ports = self.database.ports();
        let organization = self.organization;
        let now = Environment::system().now();
        let held = ports.due_stocks(organization, now, 1).await?;
        ensure!(held.is_empty(), "stock is held by what has expired");
        let start = Instant::now();
        let mut expired = 0;
        loop {
            let due = ports.due_reservations(organization, now, LOOKED_FOR);
            let due = due.await?;
            if due.is_empty() {
                return Ok((expired, start.elapsed()));
            }
            for some in due.chunks(EXPIRED_AT_ONCE) {
                let commands: Vec<Command> = some.iter().map(expire).collect();
                let outcomes = ports.commit(organization, &commands).await?;
                for outcome in outcomes {
                    ensure!(outcome? == Answer::Expired(true), "it had expired already");
                    expired += 1;
                }
            }
        }
    }

    async fn commit(&self, commands: impl Iterator<Item = Command>) -> anyhow::Result<()> {
        self.commit_each(commands, |_| Ok(())).await
    }

    async fn commit_each(
        &self,
        mut commands: impl Iterator<Item = Command>,
        mut note: impl FnMut(Answer) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let ports = self.database.ports();
        loop {
            let batch: Vec<Command> = commands.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let outcomes = ports.commit(self.organization, &batch).await?;
            ensure!(outcomes.len() == batch.len(), "an outcome is missing");
            for outcome in outcomes {
                note(outcome?)?;
            }
        }
    }

    /// Hands the database over.
    pub(crate) async fn finish(self) {
        match self.database {
            Open::Postgres(database) => database.close().await,
            Open::Sqlite(database) => database.close().await,
        }
    }
}

async fn open(storage: &Storage) -> anyhow::Result<(Open, Stockroom)> {
    let environment = Environment::system();
    let database = Open::new(storage, &environment).await?;
    let limits = Limits::default();
    let stockroom = Stockroom::open(database.ports(), environment, limits, None).await?;
    Ok((database, stockroom))
}

pub(crate) fn quantity(pieces: u32) -> Quantity {
    Quantity::new(pieces.into()).unwrap_or_default()
}

fn expire((owner, reservation): &(Owner, ReservationRef)) -> Command {
    let nobody = Actor {
        acting: *owner,
        ..Actor::OPERATOR
    };
    let reservation = reservation.clone();
    Command::new(nobody, ExpireReservation { reservation })
}

fn command(store: StoreId, request: impl Into<stockroom_domain::Operation>) -> Command {
    let owner = Owner::Store(store);
    let actor = Actor {
        key: None,
        key_name: None,
        key_owner: owner,
        acting: owner,
    };
    Command::new(actor, request)
}
