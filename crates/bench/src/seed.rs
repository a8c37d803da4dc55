//! Fills a database through the ports, as fast as they go.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use stockroom_application::ports::Ledger;
use stockroom_application::{Administrator, Environment, Limits, NewKey, NewKeyRequest, Stockroom};
use stockroom_domain::{
    Actor, Command, CreateStock, Name, OrganizationId, Owner, ProductId, ProductText, Quantity,
    StoreId, Transact, TransactionAction,
};
use stockroom_sqlite::{SqliteDatabase, SqliteOptions};

const BATCH: u32 = 1_000;

/// A database to be measured, before a server has it.
pub(crate) struct Seeding {
    database: Arc<SqliteDatabase>,
    environment: Environment,
    stockroom: Stockroom,
    organization: OrganizationId,
}

impl Seeding {
    /// An empty database in the server's data folder, with an organization.
    pub(crate) async fn begin(data_folder: &Path) -> anyhow::Result<Self> {
        let environment = Environment::system();
        let file = data_folder.join("stockroom.sqlite3");
        let options = SqliteOptions::default();
        let database = SqliteDatabase::open(&file, environment.clone(), options).await?;
        database.migrate().await?;
        let database = Arc::new(database);
        let ports = Arc::clone(&database);
        let stockroom =
            Stockroom::open(ports, environment.clone(), Limits::default(), None).await?;
        let name = Name::new("name", "Benchmark")?;
        let organization = stockroom.create_organization(name).await?.id;
        Ok(Self {
            database,
            environment,
            stockroom,
            organization,
        })
    }

    /// A store with a key.
    pub(crate) async fn store(&self, name: &str) -> anyhow::Result<(StoreId, NewKey)> {
        let name = Name::new("name", name)?;
        let store = self.stockroom.create_store(self.organization, name).await?;
        let owner = Owner::Store(store.id);
        let operator = Administrator::operator(self.organization, owner);
        let request = NewKeyRequest {
            name: ProductText::new("name", "Benchmark")?,
            reserved_rate_limit: 0,
            allow_implicit: false,
        };
        let key = self.stockroom.create_key(&operator, request).await?;
        Ok((store.id, key))
    }

    /// Creates stock of so many products in a store, and gives the first of them a history.
    pub(crate) async fn stock(
        &self,
        store: StoreId,
        stocks: u32,
        transactions: u32,
    ) -> anyhow::Result<ProductId> {
        let mut first = None;
        let mut left = stocks;
        while left > 0 {
            let batch = left.min(BATCH);
            let commands: Vec<Command> = (0..batch)
                .map(|_| {
                    let product = ProductId::new(self.environment.next_id());
                    first.get_or_insert(product);
                    let request = CreateStock {
                        product,
                        unlocated: Quantity::new(1_000).unwrap_or_default(),
                        located: BTreeMap::new(),
                    };
                    command(store, request)
                })
                .collect();
            self.commit(commands).await?;
            left -= batch;
        }
        let product = first.context("no stock was asked for")?;
        let commands = (0..transactions).map(|number| {
            let request = Transact {
                product,
                action: TransactionAction::Increment,
                quantity: Quantity::new(u64::from(number)).unwrap_or_default(),
                location: None,
            };
            command(store, request)
        });
        self.commit(commands.collect()).await?;
        Ok(product)
    }

    async fn commit(&self, commands: Vec<Command>) -> anyhow::Result<()> {
        let outcomes = self.database.commit(self.organization, &commands).await?;
        for outcome in outcomes {
            outcome?;
        }
        Ok(())
    }

    /// Hands the database over.
    pub(crate) async fn finish(self) {
        self.database.close().await;
    }
}

fn command(store: StoreId, request: impl Into<stockroom_domain::Operation>) -> Command {
    let owner = Owner::Store(store);
    Command {
        actor: Actor {
            key: None,
            key_owner: owner,
            acting: owner,
        },
        operation: request.into(),
    }
}
