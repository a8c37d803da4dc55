//! How fast files move in and out, and in how much memory.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::Value;
use stockroom_test_postgres::{Cluster, programs};
use stockroom_test_server::Storage;

use crate::report::{Table, median, number};
use crate::server::Server;
use crate::systems::POSTGRES_SETTINGS;
use crate::usage::Watched;

/// How many locations each product lies in: a line for each.
const LOCATIONS: usize = 5;

const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Imports a file of so many lines into each database, in several ways, and exports it.
pub(crate) async fn measure(program: &Path, rounds: usize, lines: usize) -> anyhow::Result<Table> {
    let folder = tempfile::tempdir()?;
    let sqlite = Storage::Sqlite(folder.path().to_owned());
    let mut rows = on(program, rounds, lines, ("SQLite", &sqlite)).await?;
    let postgres = programs().context("there are no programs of PostgreSQL here")?;
    let cluster = Cluster::start(&postgres, &POSTGRES_SETTINGS).await;
    let cluster = cluster.context("PostgreSQL doesn't start")?;
    let postgres = Storage::Postgres(cluster.url());
    rows.extend(on(program, rounds, lines, ("PostgreSQL", &postgres)).await?);
    cluster.stop().await?;
    let columns = ["database", "step", "lines/s", "peak memory of the server"];
    let products = lines / LOCATIONS;
    Ok(Table {
        title: format!("Files of {lines} lines about {products} products"),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    })
}

/// A server, and a client of it.
struct Client {
    server: Server,
    http: reqwest::Client,
    token: String,
}

/// What is done, how often so far, and how long it took.
#[derive(Default)]
struct Step {
    times: Vec<Duration>,
    peak: u64,
}

async fn on(
    program: &Path,
    rounds: usize,
    lines: usize,
    (name, storage): (&str, &Storage),
) -> anyhow::Result<Vec<Vec<String>>> {
    let mut server = Server::start(program, storage).await?;
    let credentials = server.first_key().await?;
    let client = Client {
        token: server.token(&credentials).await?,
        http: reqwest::Client::builder().no_proxy().build()?,
        server,
    };
    let products = lines / LOCATIONS;
    let steps = [
        "moving in, with new products and locations",
        "the same again",
        "all changed",
        "undoing that",
        "export",
    ];
    let mut measured = steps.map(|_| Step::default());
    let [moving, same, changed, undone, exported] = &mut measured;
    let first = file(products, 0);
    let create = "?products=create&locations=create";
    client.import(create, &first, moving).await?;
    for round in 1..=rounds {
        client.import("", &first, same).await?;
        let job = client.import("", &file(products, round), changed).await?;
        client.undo(&job, undone).await?;
        client.export(exported).await?;
        eprintln!("{round}/{rounds} {name}");
    }
    client.server.stop().await?;
    let rows = steps.into_iter().zip(measured).map(|(step, measured)| {
        let time = median(measured.times).context("nothing was measured")?;
        #[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
        let (rate, megabytes) = (
            (products * LOCATIONS) as f64 / time.as_secs_f64(),
            measured.peak as f64 / 1e6,
        );
        let memory = format!("{megabytes:.0} MB");
        Ok(vec![name.to_owned(), step.to_owned(), number(rate), memory])
    });
    rows.collect()
}

/// A file that sets all stock, to other figures in each version.
fn file(products: usize, version: usize) -> String {
    let mut file = "sku,name,location,action,quantity\n".to_owned();
    for product in 0..products {
        for location in 0..LOCATIONS {
            let quantity = (product + location) % 90 + version;
            // Writing to a text can't fail.
            let _ = writeln!(
                file,
                "SKU-{product:06},Product {product},warehouse-{location},set,{quantity}"
            );
        }
    }
    file
}

impl Client {
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, self.server.url(path));
        request.bearer_auth(&self.token)
    }

    fn watch(&self) -> anyhow::Result<Watched> {
        let watched = Watched {
            server: self.server.process(),
            postgres: None,
        };
        watched.reset_peak_memory()?;
        Ok(watched)
    }

    /// Imports a file, and returns the path of the job.
    async fn import(&self, query: &str, file: &str, step: &mut Step) -> anyhow::Result<String> {
        let path = format!("/v2/inventories/imports{query}");
        let request = self.request(Method::POST, &path);
        let request = request
            .header("content-type", "text/csv")
            .body(file.to_owned());
        let watched = self.watch()?;
        let start = Instant::now();
        let answer = request.send().await?.error_for_status()?;
        let job: Value = serde_json::from_slice(&answer.bytes().await?)?;
        let id = job["data"]["id"].as_str().context("no job")?;
        let path = format!("/v2/inventories/imports/{id}");
        self.wait(&path, "success").await?;
        step.add(start, watched)?;
        Ok(path)
    }

    async fn undo(&self, job: &str, step: &mut Step) -> anyhow::Result<()> {
        let watched = self.watch()?;
        let start = Instant::now();
        let undo = self.request(Method::POST, &format!("{job}/undo"));
        undo.send().await?.error_for_status()?;
        self.wait(job, "undone").await?;
        step.add(start, watched)
    }

    async fn export(&self, step: &mut Step) -> anyhow::Result<()> {
        let watched = self.watch()?;
        let start = Instant::now();
        let export = self.request(Method::GET, "/v2/inventories/export");
        let mut answer = export.send().await?.error_for_status()?;
        while answer.chunk().await?.is_some() {}
        step.add(start, watched)
    }

    /// Waits until a job has ended in this way.
    async fn wait(&self, job: &str, status: &str) -> anyhow::Result<()> {
        loop {
            let answer = self.request(Method::GET, job).send().await?;
            let job: Value = serde_json::from_slice(&answer.bytes().await?)?;
            let attributes = &job["data"]["attributes"];
            if !attributes["completed_at"].is_null() {
                ensure!(attributes["status"] == status, "{job}");
                return Ok(());
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

impl Step {
    fn add(&mut self, start: Instant, watched: Watched) -> anyhow::Result<()> {
        self.times.push(start.elapsed());
        let peak = watched.peak_memory()?.unwrap_or(0);
        self.peak = self.peak.max(peak);
        Ok(())
    }
}
