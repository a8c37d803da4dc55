//! A thousand streams of ten organizations on one server: the memory that they take, and the time from
//! the answer to a change to its event at every client.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::future::try_join_all;
use serde_json::{Value, json};
use stockroom_test_postgres::{Cluster, programs};
use stockroom_test_server::Storage;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::products::{PIECES, products};
use crate::report::{Table, median, number};
use crate::seed::Seeding;
use crate::server::Server;
use crate::systems::{POSTGRES_SETTINGS, settle};
use crate::usage::Watched;

const ORGANIZATIONS: usize = 10;
const STREAMS_OF_EACH: usize = 100;

/// The time between two changes of an organization.
const CHANGE_EVERY: Duration = Duration::from_millis(100);

/// The longest time in which streams open, or the last event of a round comes.
const GRACE: Duration = Duration::from_mins(1);

/// The beginning of an event's data, before its id.
const BEFORE_ID: &str = "\ndata: {\"id\":\"";
const ID_BYTES: usize = 36;

/// One organization, as its clients see it.
struct Tenant {
    token: String,
    product: String,
}

/// What was measured in one round.
struct Measured {
    /// Times from an answer to an event, in order.
    delays: Vec<Duration>,
    changes: usize,
    seconds: f64,
    /// Of the server, in bytes: before, with open streams, and at most.
    memory: [u64; 3],
}

/// Measures on each database.
pub(crate) async fn measure(
    program: &Path,
    duration: Duration,
    rounds: usize,
    seed: u64,
) -> anyhow::Result<Table> {
    let folder = tempfile::tempdir()?;
    let sqlite = Storage::Sqlite(folder.path().to_owned());
    let mut rows = vec![row("SQLite", program, &sqlite, None, (duration, rounds), seed).await?];
    let programs = programs().context("there are no programs of PostgreSQL here")?;
    let cluster = Cluster::start(&programs, &POSTGRES_SETTINGS).await;
    let cluster = cluster.context("PostgreSQL doesn't start")?;
    let postgres = Storage::Postgres(cluster.url());
    let limits = (duration, rounds);
    rows.push(
        row(
            "PostgreSQL",
            program,
            &postgres,
            Some(&cluster),
            limits,
            seed,
        )
        .await?,
    );
    cluster.stop().await?;
    let columns = [
        "database",
        "changes/s",
        "events sent/s",
        "p50",
        "p99",
        "slowest",
        "memory before, with streams, peak",
        "memory of a stream",
    ];
    Ok(Table {
        title: format!(
            "Streams: {} of {ORGANIZATIONS} organizations, each of which makes a change every {} ms, {} s; times \
             from the answer to a change to its event at a client, medians of {rounds} rounds; the load runs on the \
             same machine",
            ORGANIZATIONS * STREAMS_OF_EACH,
            CHANGE_EVERY.as_millis(),
            duration.as_secs()
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    })
}

async fn row(
    name: &str,
    program: &Path,
    storage: &Storage,
    cluster: Option<&Cluster>,
    (duration, rounds): (Duration, usize),
    seed: u64,
) -> anyhow::Result<Vec<String>> {
    let mut seeded = Vec::new();
    for number in (seed..).take(ORGANIZATIONS) {
        let seeding = Seeding::begin(storage).await?;
        let (store, credentials) = seeding.store("Streams").await?;
        let products = products(number, 1);
        seeding.create(store, &products, PIECES).await?;
        seeding.finish().await;
        let product = products.first().context("no product")?.to_string();
        seeded.push((credentials, product));
    }
    if let Some(cluster) = cluster {
        settle(cluster).await?;
    }
    let mut measured = Vec::new();
    for round in 1..=rounds {
        // A new server, whose memory isn't that of the streams before.
        let server = Server::start(program, storage).await?;
        let tenants = seeded.iter().map(async |(credentials, product)| {
            let token = server.token(credentials).await?;
            let product = product.clone();
            anyhow::Ok(Tenant { token, product })
        });
        let tenants = try_join_all(tenants).await?;
        let once = once(&server, &tenants, duration).await;
        let once = once.with_context(|| format!("{name}: streams"))?;
        eprintln!("{round}/{rounds} {}", shown(name, &[&once]).join(" | "));
        measured.push(once);
        server.stop().await?;
    }
    Ok(shown(name, &measured.iter().collect::<Vec<_>>()))
}

/// Opens all streams, and makes changes for that long.
async fn once(server: &Server, tenants: &[Tenant], duration: Duration) -> anyhow::Result<Measured> {
    let watched = Watched {
        server: server.process(),
        postgres: None,
    };
    let before = watched.memory()?.unwrap_or(0);
    // The number of events that each stream of an organization has to get, once it is known.
    let expected: Vec<_> = tenants.iter().map(|_| watch::channel(None)).collect();
    let mut readers = JoinSet::new();
    for (tenant, (_, expected)) in tenants.iter().zip(&expected) {
        let streams = (0..STREAMS_OF_EACH).map(|_| open(server, tenant));
        let streams = timeout(GRACE, try_join_all(streams)).await;
        for stream in streams.context("streams don't open")?? {
            readers.spawn(read(stream, expected.clone()));
        }
    }
    let open = watched.memory()?.unwrap_or(0);
    watched.reset_peak_memory()?;
    let start = Instant::now();
    let writers = tenants.iter().map(|tenant| write(server, tenant, duration));
    let answered = try_join_all(writers).await?;
    let seconds = start.elapsed().as_secs_f64();
    for ((expected, _), answered) in expected.iter().zip(&answered) {
        expected.send_replace(Some(answered.len()));
    }
    let changes = answered.iter().map(HashMap::len).sum();
    let answered: HashMap<String, Instant> = answered.into_iter().flatten().collect();
    let mut delays = Vec::new();
    let all_read = async {
        while let Some(received) = readers.join_next().await {
            for (id, at) in received?? {
                let answered = answered.get(&id).context("an event that nobody made")?;
                // Some events are there before their answer.
                delays.push(at.saturating_duration_since(*answered));
            }
        }
        anyhow::Ok(())
    };
    timeout(GRACE, all_read)
        .await
        .context("events are missing")??;
    delays.sort_unstable();
    Ok(Measured {
        delays,
        changes,
        seconds,
        memory: [before, open, watched.peak_memory()?.unwrap_or(0)],
    })
}

/// Opens a stream on a connection of its own, and waits for its beginning.
async fn open(server: &Server, tenant: &Tenant) -> anyhow::Result<reqwest::Response> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let request = http.get(server.url("/v2/inventories/events"));
    let request = request.header("accept", "text/event-stream");
    let mut stream = request.bearer_auth(&tenant.token).send().await?;
    ensure!(stream.status().is_success(), "{}", stream.status());
    stream.chunk().await?.context("a stream ended at once")?;
    Ok(stream)
}

/// Reads the ids of events, and when they came, until there are as many as are expected.
async fn read(
    mut stream: reqwest::Response,
    mut expected: watch::Receiver<Option<usize>>,
) -> anyhow::Result<Vec<(String, Instant)>> {
    let mut received = Vec::new();
    let mut text = String::new();
    while expected
        .borrow_and_update()
        .is_none_or(|expected| received.len() < expected)
    {
        let part = tokio::select! {
            part = stream.chunk() => part?.context("a stream ended")?,
            _ = expected.changed() => continue,
        };
        let now = Instant::now();
        text.push_str(std::str::from_utf8(&part)?);
        while let Some(end) = text.find("\n\n") {
            let block: String = text.drain(..end + 2).collect();
            if let Some((_, data)) = block.split_once(BEFORE_ID) {
                let id = data.get(..ID_BYTES).context("an event without an id")?;
                received.push((id.to_owned(), now));
            }
        }
    }
    Ok(received)
}

/// Makes changes at a steady rate; the ids of their events, and when they were answered.
async fn write(
    server: &Server,
    tenant: &Tenant,
    duration: Duration,
) -> anyhow::Result<HashMap<String, Instant>> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let path = format!("/v2/inventories/{}/transactions", tenant.product);
    let url = server.url(&path);
    let body = json!({ "data": { "action": "increment", "quantity": 1 } });
    let mut answered = HashMap::new();
    let mut ticks = interval(CHANGE_EVERY);
    let start = Instant::now();
    while start.elapsed() < duration {
        ticks.tick().await;
        let request = http.post(&url).bearer_auth(&tenant.token).json(&body);
        let answer = request.send().await?;
        let at = Instant::now();
        ensure!(answer.status().is_success(), "{}", answer.status());
        let answer: Value = answer.json().await?;
        let id = answer["data"]["id"].as_str().context("no id")?;
        answered.insert(id.to_owned(), at);
    }
    Ok(answered)
}

fn shown(name: &str, measured: &[&Measured]) -> Vec<String> {
    let time = |thousandths: usize| {
        let times = measured.iter().filter_map(|it| {
            let index =
                (it.delays.len() * thousandths / 1_000).min(it.delays.len().checked_sub(1)?);
            it.delays.get(index).copied()
        });
        let time = median(times.collect()).unwrap_or_default();
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    };
    let rate = |count: fn(&Measured) -> usize| {
        let rates = measured.iter().map(|it| per_second(count(it), it.seconds));
        number(median(rates.collect()).unwrap_or_default())
    };
    let memory = |index: usize| {
        let bytes = measured
            .iter()
            .filter_map(|it| it.memory.get(index).copied());
        median(bytes.collect()).unwrap_or_default()
    };
    let [before, open, peak] = [0, 1, 2].map(memory);
    let streams = (ORGANIZATIONS * STREAMS_OF_EACH) as u64;
    vec![
        name.to_owned(),
        rate(|it| it.changes),
        rate(|it| it.delays.len()),
        time(500),
        time(990),
        time(1_000),
        [before, open, peak]
            .map(|bytes| format!("{} MB", bytes / 1_000_000))
            .join(", "),
        format!("{} kB", open.saturating_sub(before) / streams / 1_000),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
fn per_second(count: usize, seconds: f64) -> f64 {
    count as f64 / seconds
}
