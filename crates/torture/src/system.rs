//! What is put to the torture: servers, and PostgreSQL behind them.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use serde_json::json;
use stockroom_test_postgres::{CITUS_URL_VARIABLE, Citus, CitusDatabase, CrashingServer};
use stockroom_test_server::{Credentials, Storage, command};

use crate::ask::Message;
use crate::client::{Stage, Wire};
use crate::model::Location;
use crate::server::Server;
use crate::tally::Tally;

/// The exit code of a program that finds fault with its ledgers.
const FAULTY: i32 = 1;

/// Where stock is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
    /// On the cluster at `STOCKROOM_TEST_CITUS_URL`. Its machines are left alone, since it is somebody
    /// else's: connections to it are cut instead.
    Citus,
}

/// Where the servers are, for those who look for one.
pub(crate) struct Board(Vec<Mutex<Option<SocketAddr>>>);

/// All that is running. It ends with the value.
pub(crate) struct System {
    pub(crate) store: Store,
    pub(crate) board: Arc<Board>,
    /// What was done to it.
    pub(crate) blows: Tally,
    program: PathBuf,
    storage: Storage,
    folder: PathBuf,
    servers: Vec<Option<Server>>,
    behind: Behind,
    credentials: Credentials,
}

/// What is behind the servers.
enum Behind {
    /// A file.
    Nothing,
    Postgres(CrashingServer),
    Citus(CitusDatabase),
}

impl Store {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Citus => "citus",
        }
    }

    /// How many servers share one.
    pub(crate) const fn servers(self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::Postgres | Self::Citus => 3,
        }
    }
}

impl Board {
    pub(crate) fn servers(&self) -> usize {
        self.0.len()
    }

    /// Where a server is, if it runs.
    pub(crate) fn address(&self, server: usize) -> Option<SocketAddr> {
        let slot = self.0.get(server)?;
        *slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, server: usize, address: Option<SocketAddr>) {
        if let Some(slot) = self.0.get(server) {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = address;
        }
    }
}

impl System {
    /// Starts everything on an empty database, with what all rounds need in it. Logs are kept in
    /// `folder`.
    ///
    /// # Errors
    /// If something doesn't start.
    pub(crate) async fn start(store: Store, program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let (storage, behind) = match store {
            Store::Sqlite => (Storage::Sqlite(folder.join("data")), Behind::Nothing),
            Store::Postgres => {
                let postgres = CrashingServer::start().await;
                let storage = Storage::Postgres(postgres.url().to_owned());
                (storage, Behind::Postgres(postgres))
            }
            Store::Citus => {
                let citus = Citus::named();
                let citus = citus.with_context(|| format!("{CITUS_URL_VARIABLE} isn't set"))?;
                let database = citus.create().await?;
                database.distribute(program).await?;
                let storage = Storage::Postgres(database.url().to_owned());
                (storage, Behind::Citus(database))
            }
        };
        let servers = store.servers();
        let mut system = Self {
            store,
            board: Arc::new(Board((0..servers).map(|_| Mutex::default()).collect())),
            blows: Tally::default(),
            program: program.to_owned(),
            storage,
            folder: folder.to_owned(),
            servers: (0..servers).map(|_| None).collect(),
            behind,
            credentials: Credentials::default(),
        };
        for server in 0..servers {
            system.start_server(server).await?;
            if server == 0 {
                let first = system.servers.first_mut().and_then(Option::as_mut);
                system.credentials = first.context("no server")?.first_key().await?;
            }
        }
        system.create_locations().await?;
        Ok(system)
    }

    async fn create_locations(&self) -> anyhow::Result<()> {
        let stage = Stage::quiet(Arc::clone(&self.board), self.token().await?);
        let mut wire = Wire::new(self.board.servers());
        for location in Location::ALL {
            let slug = location.slug();
            let message = Message {
                method: "POST",
                path: "/v2/inventories/locations".to_owned(),
                body: Some(json!({ "data": {
                    "type": "inventory_location",
                    "attributes": { "name": slug, "slug": slug },
                } })),
            };
            let answer = wire.insist(&stage, 0, &message, None).await?;
            ensure!(answer.status == 201, "a location: {answer}");
        }
        Ok(())
    }

    /// A token that is good for an hour.
    ///
    /// # Errors
    /// If a server gives none.
    pub(crate) async fn token(&self) -> anyhow::Result<String> {
        let stage = Stage::quiet(Arc::clone(&self.board), String::new());
        let message = Message {
            method: "POST",
            path: "/oauth/access_token".to_owned(),
            body: Some(json!({
                "grant_type": "client_credentials",
                "client_id": self.credentials.client_id,
                "client_secret": self.credentials.client_secret,
            })),
        };
        let mut wire = Wire::new(self.board.servers());
        let answer = wire.insist(&stage, 0, &message, None).await?;
        let token = answer.body["access_token"].as_str();
        let token = token.with_context(|| format!("no token: {answer}"))?;
        Ok(token.to_owned())
    }

    /// Starts a server that isn't running.
    ///
    /// # Errors
    /// If it doesn't start.
    pub(crate) async fn start_server(&mut self, server: usize) -> anyhow::Result<()> {
        let log = self.log(server);
        let started = Server::start(&self.program, &self.storage, &log).await?;
        self.board.set(server, Some(started.address));
        if let Some(slot) = self.servers.get_mut(server) {
            *slot = Some(started);
        }
        Ok(())
    }

    /// Kills a server, `kill -9`.
    ///
    /// # Errors
    /// If it had ended by itself.
    pub(crate) async fn kill_server(&mut self, server: usize) -> anyhow::Result<()> {
        self.blows.add("kills of servers", [server]);
        match self.take(server) {
            Some(server) => server.kill().await,
            None => Ok(()),
        }
    }

    /// Tells a server to stop, and waits until it has.
    ///
    /// # Errors
    /// If it doesn't.
    pub(crate) async fn stop_server(&mut self, server: usize) -> anyhow::Result<()> {
        self.blows.add("stops of servers", [server]);
        match self.take(server) {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }

    /// Nobody is to look for it where somebody else may soon listen.
    fn take(&mut self, server: usize) -> Option<Server> {
        self.board.set(server, None);
        self.servers.get_mut(server).and_then(Option::take)
    }

    /// Stops a server where it is, or lets it go on.
    ///
    /// # Errors
    /// If it has ended.
    pub(crate) fn freeze_server(&mut self, server: usize, freeze: bool) -> anyhow::Result<()> {
        self.blows.add("freezes", freeze.then_some(()));
        match self.servers.get(server) {
            Some(Some(server)) => server.freeze(freeze),
            _ => Ok(()),
        }
    }

    /// Ends PostgreSQL at once: by its own means, or `kill -9` to all its processes.
    pub(crate) async fn crash_postgres(&mut self, kill: bool) {
        self.blows.add("kills of PostgreSQL", [kill]);
        match &mut self.behind {
            Behind::Postgres(postgres) if kill => postgres.kill().await,
            Behind::Postgres(postgres) => postgres.crash().await,
            Behind::Nothing | Behind::Citus(_) => {}
        }
    }

    /// Starts it again.
    pub(crate) async fn restart_postgres(&mut self) {
        if let Behind::Postgres(postgres) = &mut self.behind {
            postgres.restart().await;
        }
    }

    /// Stops it where it is, or lets it go on.
    pub(crate) async fn freeze_postgres(&mut self, freeze: bool) {
        self.blows.add("freezes", freeze.then_some(()));
        match &mut self.behind {
            Behind::Postgres(postgres) if freeze => postgres.freeze().await,
            Behind::Postgres(postgres) => postgres.thaw().await,
            Behind::Nothing | Behind::Citus(_) => {}
        }
    }

    /// Cuts the connections of all servers to a cluster.
    ///
    /// # Errors
    /// If the cluster can't be reached.
    pub(crate) async fn cut_connections(&mut self) -> anyhow::Result<()> {
        self.blows.add("cuts of connections", [()]);
        match &self.behind {
            Behind::Citus(database) => database.cut_connections().await,
            Behind::Nothing | Behind::Postgres(_) => Ok(()),
        }
    }

    /// Has the program prove its ledgers. Gives what it says if it finds fault.
    ///
    /// # Errors
    /// If it can't tell.
    pub(crate) async fn verify(&self) -> anyhow::Result<Option<String>> {
        let mut verify = command(&self.program, "verify", &self.storage);
        let output = verify.output().await?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        match output.status.code() {
            Some(0) => Ok(None),
            Some(FAULTY) => Ok(Some(said)),
            _ => bail!("the ledgers can't be verified: {}: {said}", output.status),
        }
    }

    /// Copies PostgreSQL's log to the others, which would be gone with PostgreSQL.
    pub(crate) fn keep_postgres_log(&self) {
        if let Behind::Postgres(postgres) = &self.behind
            && let Some(log) = postgres.log()
            && let Err(error) = fs::copy(log, self.folder.join("postgres.log"))
        {
            eprintln!("PostgreSQL's log can't be kept: {error}");
        }
    }

    fn log(&self, server: usize) -> PathBuf {
        self.folder.join(format!("server-{}.log", server + 1))
    }

    /// Empties the logs, which hold nothing of use.
    ///
    /// # Errors
    /// If they can't be written.
    pub(crate) fn empty_logs(&self) -> anyhow::Result<()> {
        for server in 0..self.servers.len() {
            File::create(self.log(server))?;
        }
        Ok(())
    }
}
