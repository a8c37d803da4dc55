//! The program under test, with two tenants: one that sends damaged requests, and one that only
//! watches.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use serde_json::{Value, json};
use stockroom_test_postgres::TestDatabase;
use stockroom_test_server::http::{Answer, Connection, shown};
use stockroom_test_server::{
    Credentials, Storage, command, create_key, create_organization, create_store, first_start,
    serve, serving,
};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr};

use crate::valid::Tokens;

/// How long the server may take to start.
const START_MAX: Duration = Duration::from_mins(1);

/// How many of the errors in the log are shown.
const ERRORS_MAX: usize = 5;

/// Where the program keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
    /// Without a second tenant: only the operator makes one, who doesn't get at a server's memory.
    Memory,
}

/// A tenant's keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tenant {
    /// Its stores, the one with the key first.
    pub(crate) stores: Vec<String>,
    pub(crate) store_key: Credentials,
    pub(crate) organization_key: Option<Credentials>,
}

/// All that is running. It ends with the value.
pub(crate) struct System {
    pub(crate) address: SocketAddr,
    pub(crate) fuzzing: Tenant,
    pub(crate) watching: Option<Tenant>,
    program: PathBuf,
    storage: Storage,
    server: Child,
    errors: Arc<Mutex<Vec<String>>>,
    _database: Option<TestDatabase>,
}

impl Store {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Memory => "memory",
        }
    }
}

impl System {
    /// Starts the program on an empty database. Its log is kept in the folder.
    ///
    /// # Errors
    /// If something doesn't start.
    pub(crate) async fn start(store: Store, program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let database = match store {
            Store::Postgres => Some(TestDatabase::create().await),
            Store::Sqlite | Store::Memory => None,
        };
        let storage = match (store, &database) {
            (Store::Memory, _) => Storage::Memory,
            (_, Some(database)) => Storage::Postgres(database.url().to_owned()),
            (_, None) => Storage::Sqlite(folder.join("data")),
        };
        let mut server = serve(program, &storage)
            .spawn()
            .with_context(|| format!("{} can't be started", program.display()))?;
        let stdout = server.stdout.take().context("no standard output")?;
        let mut said = BufReader::new(server.stderr.take().context("no standard error")?);
        let mut log = File::create(folder.join("server.log"))?;
        let address = serving(&mut said, |line| log.write_all(line.as_bytes()));
        let address = tokio::time::timeout(START_MAX, address).await;
        let address = address.context("the server didn't start in time")??;
        let errors = Arc::default();
        tokio::spawn(keep(said, log, Arc::clone(&errors)));
        let first = first_start(stdout).await?;
        let (fuzzing, watching) = if storage == Storage::Memory {
            let tenant = Tenant {
                store_key: first.store_key,
                ..Tenant::default()
            };
            (tenant, None)
        } else {
            let fuzzing = tenant(program, &storage, "Fuzzing").await?;
            let watching = tenant(program, &storage, "Watching").await?;
            (fuzzing, Some(watching))
        };
        Ok(Self {
            address,
            fuzzing,
            watching,
            program: program.to_owned(),
            storage,
            server,
            errors,
            _database: database,
        })
    }

    /// What is wrong with the program itself: that it has ended, or what errors it has logged.
    ///
    /// # Errors
    /// If its process can't be looked at.
    pub(crate) fn faults(&mut self) -> anyhow::Result<Vec<String>> {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults: Vec<String> = errors
            .iter()
            .map(|line| format!("the server logged an error: {line}"))
            .collect();
        if let Some(status) = self.server.try_wait()? {
            faults.push(format!("the server has ended: {status}"));
        }
        Ok(faults)
    }

    /// Has the program prove its ledgers, where another process can. Gives what it says if it finds
    /// fault.
    ///
    /// # Errors
    /// If it doesn't start.
    pub(crate) async fn verify(&self) -> anyhow::Result<Option<String>> {
        if self.storage == Storage::Memory {
            return Ok(None);
        }
        let output = command(&self.program, "verify", &self.storage).output();
        let output = output.await?;
        let said = shown(&[output.stdout, output.stderr].concat());
        Ok((!output.status.success()).then_some(said))
    }
}

/// Fresh tokens of a tenant.
///
/// # Errors
/// If the server gives none.
pub(crate) async fn tokens(address: SocketAddr, tenant: &Tenant) -> anyhow::Result<Tokens> {
    let organization = match &tenant.organization_key {
        Some(key) => Some(token(address, key).await?),
        None => None,
    };
    Ok(Tokens {
        store: token(address, &tenant.store_key).await?,
        organization,
    })
}

/// A fresh token of a key.
///
/// # Errors
/// If the server gives none.
pub(crate) async fn token(address: SocketAddr, key: &Credentials) -> anyhow::Result<String> {
    let body = json!({
        "grant_type": "client_credentials",
        "client_id": key.client_id,
        "client_secret": key.client_secret,
    });
    let mut connection = Connection::open(address).await?;
    let head = "POST /oauth/access_token HTTP/1.1\r\nHost: stockroom\r\n";
    let answer = ask(&mut connection, head, &body).await?;
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match said["access_token"].as_str() {
        Some(token) => Ok(token.to_owned()),
        None => bail!("no token: {} {}", answer.status, shown(&answer.body)),
    }
}

/// Sends a request that is as it should be, and gives the answer. Null is no body.
///
/// # Errors
/// If there is no answer.
pub(crate) async fn ask(
    connection: &mut Connection,
    head: &str,
    body: &Value,
) -> anyhow::Result<Answer> {
    let mut request = head.to_owned();
    if body.is_null() {
        request += "\r\n";
    } else {
        let body = body.to_string();
        let length = body.len();
        request += "Content-Type: application/json\r\n";
        let _ = write!(request, "Content-Length: {length}\r\n\r\n{body}");
    }
    connection.send(request.as_bytes()).await?;
    let answer = connection.answer(false).await?;
    answer.with_context(|| format!("no answer to {head}"))
}

async fn tenant(program: &Path, storage: &Storage, name: &str) -> anyhow::Result<Tenant> {
    let organization = create_organization(program, storage, name).await?;
    let mut stores = Vec::new();
    for name in ["First", "Second"] {
        stores.push(create_store(program, storage, &organization, name).await?);
    }
    let first = stores.first().map(String::as_str);
    Ok(Tenant {
        store_key: create_key(program, storage, &organization, first).await?,
        organization_key: Some(create_key(program, storage, &organization, None).await?),
        stores,
    })
}

/// Writes the server's log to a file, and sets errors aside.
async fn keep(said: BufReader<ChildStderr>, mut log: File, errors: Arc<Mutex<Vec<String>>>) {
    let mut lines = said.lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let _it_is_for_people = writeln!(log, "{line}");
        if line.contains(r#""level":"ERROR""#) {
            let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
            if errors.len() < ERRORS_MAX {
                errors.push(line);
            }
        }
    }
}
