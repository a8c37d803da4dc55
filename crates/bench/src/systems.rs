//! What is measured, running: servers, and PostgreSQL. All of it ends with the value.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use stockroom_test_postgres::{Cluster, programs};
use stockroom_test_server::{Credentials, Storage, THIS_PROGRAM};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::cases::{Case, Keeping, Task, create, write};
use crate::load::{self, HttpLoad, Job, Measurement, Request, Work};
use crate::products::{Choice, Chooser, PIECES, products};
use crate::seed::Seeding;
use crate::server::Server;
use crate::usage::Watched;

/// Nothing is held back from the disk, as in production; memory as on a small server.
pub(crate) const POSTGRES_SETTINGS: [&str; 5] = [
    "fsync=on",
    "synchronous_commit=on",
    "shared_buffers=1GB",
    "max_wal_size=4GB",
    "max_connections=200",
];

/// How much longer than it was told to a load may take.
const GRACE: Duration = Duration::from_mins(1);

/// How many products there are when a database is first analyzed.
const FIRST_PRODUCTS: usize = 1_000;

/// How many connections fill a server's memory.
const SEEDING_CONNECTIONS: usize = 64;

/// What all measurements have in common.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The program to measure.
    pub(crate) program: PathBuf,
    pub(crate) seed: u64,
    pub(crate) products: usize,
    /// How long a measurement takes.
    pub(crate) duration: Duration,
}

/// Everything that some cases need.
pub(crate) struct Systems {
    setting: Setting,
    ceiling: Option<Helper>,
    service: Option<Helper>,
    servers: BTreeMap<Keeping, (Server, Credentials)>,
    cluster: Option<Cluster>,
    folder: TempDir,
}

/// A server to compare with, which is this program in another process.
struct Helper {
    process: Child,
    address: std::net::SocketAddr,
}

impl Systems {
    /// Starts and fills what these cases need.
    ///
    /// # Errors
    /// If something doesn't start.
    pub(crate) async fn start(setting: Setting, cases: &[Case]) -> anyhow::Result<Self> {
        let mut systems = Self {
            setting,
            ceiling: None,
            service: None,
            servers: BTreeMap::new(),
            cluster: None,
            folder: tempfile::tempdir()?,
        };
        let needs = |needed: &dyn Fn(&Task) -> bool| cases.iter().any(|it| needed(&it.task));
        if needs(&|task| matches!(task, Task::Ceiling(_))) {
            systems.ceiling = Some(Helper::start(&["ceiling"]).await?);
        }
        let on_postgres = |task: &Task| matches!(task, Task::Stockroom(Keeping::Postgres, _));
        let service = needs(&|task| matches!(task, Task::Service(_)));
        let by_hand = service || needs(&|task| matches!(task, Task::ByHand(_)));
        if by_hand || needs(&on_postgres) {
            let programs = programs().context("there are no programs of PostgreSQL here")?;
            let cluster = Cluster::start(&programs, &POSTGRES_SETTINGS).await;
            systems.cluster = Some(cluster.context("PostgreSQL doesn't start")?);
        }
        if by_hand {
            systems.fill_by_hand().await?;
        }
        if service {
            let cluster = systems
                .cluster
                .as_ref()
                .context("PostgreSQL wasn't started")?;
            let folder = cluster.folder().display().to_string();
            systems.service = Some(Helper::start(&["service", &folder]).await?);
        }
        let servers = cases.iter().filter_map(|case| match case.task {
            Task::Stockroom(keeping, _) => Some(keeping),
            Task::Ceiling(_) | Task::ByHand(_) | Task::Service(_) => None,
        });
        for keeping in servers.collect::<BTreeSet<_>>() {
            let start = Instant::now();
            let server = systems.start_server(keeping).await;
            let server = server.with_context(|| format!("{keeping:?} can't be prepared"))?;
            systems.servers.insert(keeping, server);
            eprintln!("{keeping:?} is filled, after {:.1?}", start.elapsed());
        }
        systems.settle().await?;
        Ok(systems)
    }

    /// Measures a case once.
    ///
    /// # Errors
    /// If anything is answered otherwise than expected.
    pub(crate) async fn measure(
        &self,
        case: &Case,
        connections: usize,
    ) -> anyhow::Result<Measurement> {
        let (work, watched) = self.work(&case.task).await?;
        let job = Job {
            work,
            connections,
            duration: Some(self.setting.duration),
            seed: self.setting.seed,
            products: self.setting.products,
            among: None,
            choice: case.choice,
            watched,
        };
        run(&job).await
    }

    /// Stops everything, and waits until PostgreSQL has.
    ///
    /// # Errors
    /// If it doesn't stop.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        drop((self.servers, self.ceiling, self.service));
        match self.cluster {
            Some(cluster) => cluster.stop().await,
            None => Ok(()),
        }
    }

    async fn work(&self, task: &Task) -> anyhow::Result<(Work, Watched)> {
        let postgres = self.cluster.as_ref().map(Cluster::process).transpose()?;
        Ok(match task {
            Task::Ceiling(request) => {
                let ceiling = self.ceiling.as_ref().context("it wasn't started")?;
                (ceiling.work(request), ceiling.watched(None))
            }
            Task::Service(request) => {
                let service = self.service.as_ref().context("it wasn't started")?;
                (service.work(request), service.watched(postgres))
            }
            Task::ByHand(way) => {
                let work = Work::ByHand {
                    database: self.database()?,
                    way: *way,
                };
                (
                    work,
                    Watched {
                        server: None,
                        postgres,
                    },
                )
            }
            Task::Stockroom(keeping, request) => {
                let (server, credentials) = self.servers.get(keeping).context("not started")?;
                let watched = Watched {
                    server: server.process(),
                    postgres: postgres.filter(|_| *keeping == Keeping::Postgres),
                };
                (http(server, credentials, request).await?, watched)
            }
        })
    }

    fn database(&self) -> anyhow::Result<String> {
        let cluster = self.cluster.as_ref().context("PostgreSQL wasn't started")?;
        Ok(database(cluster))
    }

    async fn fill_by_hand(&self) -> anyhow::Result<()> {
        let products = products(self.setting.seed, self.setting.products);
        load::fill_by_hand(&self.database()?, &products, PIECES).await
    }

    async fn settle(&self) -> anyhow::Result<()> {
        match &self.cluster {
            Some(cluster) => settle(cluster).await,
            None => Ok(()),
        }
    }

    async fn start_server(&self, keeping: Keeping) -> anyhow::Result<(Server, Credentials)> {
        let program = &self.setting.program;
        let storage = match keeping {
            Keeping::Postgres => {
                let cluster = self.cluster.as_ref().context("PostgreSQL wasn't started")?;
                Storage::Postgres(cluster.url())
            }
            Keeping::Sqlite => Storage::Sqlite(self.folder.path().to_owned()),
            Keeping::Memory => {
                let mut server = Server::start(program, &Storage::Memory).await?;
                let credentials = server.first_key().await?;
                self.fill_over_http(&server, &credentials).await?;
                return Ok((server, credentials));
            }
        };
        let (seed, count) = (self.setting.seed, self.setting.products);
        let seeding = Seeding::begin(&storage).await?;
        let (store, credentials) = seeding.store("Benchmark").await?;
        let products = products(seed, count);
        let (first, others) = products.split_at(count.min(FIRST_PRODUCTS));
        seeding.create(store, first, PIECES).await?;
        // PostgreSQL has to know what is in the tables before it makes plans for large ones: it would
        // come to it by itself, but within a minute, and reads whole indexes until then.
        self.settle().await?;
        seeding.create(store, others, PIECES).await?;
        let mut histories = Chooser::new(seed, count, Choice::EachHistory);
        let histories = std::iter::from_fn(|| histories.next());
        seeding.increment(store, histories).await?;
        seeding.finish().await;
        Ok((Server::start(program, &storage).await?, credentials))
    }

    async fn fill_over_http(
        &self,
        server: &Server,
        credentials: &Credentials,
    ) -> anyhow::Result<()> {
        for (request, choice) in [
            (create(PIECES), Choice::Each),
            (write("increment"), Choice::EachHistory),
        ] {
            let job = Job {
                work: http(server, credentials, &request).await?,
                connections: SEEDING_CONNECTIONS,
                duration: None,
                seed: self.setting.seed,
                products: self.setting.products,
                among: None,
                choice,
                watched: Watched::default(),
            };
            run(&job).await?;
        }
        Ok(())
    }
}

/// The database on a cluster, in the words of PostgreSQL's own clients.
fn database(cluster: &Cluster) -> String {
    let folder = cluster.folder().display();
    format!("host={folder} user=postgres dbname=postgres")
}

/// Has PostgreSQL do at once what it would do later after filling.
///
/// # Errors
/// If it can't.
pub(crate) async fn settle(cluster: &Cluster) -> anyhow::Result<()> {
    let postgres = load::connect(&database(cluster)).await?;
    for statement in ["VACUUM (ANALYZE)", "CHECKPOINT"] {
        postgres.batch_execute(statement).await?;
    }
    Ok(())
}

/// Requests of a kind to a server, with a fresh token.
///
/// # Errors
/// If the server gives none.
pub(crate) async fn http(
    server: &Server,
    credentials: &Credentials,
    request: &Request,
) -> anyhow::Result<Work> {
    Ok(Work::Http(HttpLoad {
        address: server.address,
        token: server.token(credentials).await?,
        request: request.clone(),
    }))
}

impl Helper {
    async fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut process = this_program(arguments)?;
        let output = process.stdout.take().context("no standard output")?;
        let line = BufReader::new(output).lines().next_line().await?;
        let address = line.with_context(|| format!("{arguments:?} doesn't start"))?;
        let address = address.parse()?;
        Ok(Self { process, address })
    }

    fn work(&self, request: &Request) -> Work {
        Work::Http(HttpLoad {
            address: self.address,
            // Of the usual length: it is read as part of the head.
            token: "x".repeat(400),
            request: request.clone(),
        })
    }

    fn watched(&self, postgres: Option<u32>) -> Watched {
        Watched {
            server: self.process.id(),
            postgres,
        }
    }
}

/// Starts this program again for another job. It ends when its standard input is closed, at the
/// latest when this process is gone, however that came.
pub(crate) fn this_program(arguments: &[&str]) -> anyhow::Result<Child> {
    let started = Command::new(THIS_PROGRAM)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    started.context("this program can't be started again")
}

/// Has another process do a job.
///
/// # Errors
/// If anything is answered otherwise than expected.
pub(crate) async fn run(job: &Job) -> anyhow::Result<Measurement> {
    let mut process = this_program(&["load"])?;
    let mut input = process.stdin.take().context("no standard input")?;
    let mut output = process.stdout.take().context("no standard output")?;
    input.write_all(&serde_json::to_vec(job)?).await?;
    input.write_all(b"\n").await?;
    input.flush().await?;
    let limit = job.duration.map_or(GRACE * 5, |duration| duration + GRACE);
    let mut outcome = Vec::new();
    let read = tokio::time::timeout(limit, output.read_to_end(&mut outcome)).await;
    read.with_context(|| format!("nothing came out within {limit:?}"))??;
    let outcome: Result<Measurement, String> =
        serde_json::from_slice(&outcome).context("the load ended without a word")?;
    match outcome {
        Ok(measurement) => Ok(measurement),
        Err(error) => bail!(error),
    }
}
