//! The load: many connections, each with one request under way at any time.
//!
//! It is a process of its own, of one thread, because it has the processors in common with what
//! it measures: what it uses up is in the table, and has to be little. The process that started it
//! says on its standard input, in a line of JSON, what is to be done, and gets the outcome as a
//! line of JSON.

mod by_hand;
mod http;

use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, Read as _, Write as _};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tokio::task::{JoinSet, LocalSet};
use uuid::Uuid;

use crate::products::{Choice, Chooser};
use crate::usage::Watched;

pub(crate) use by_hand::{BATCH, ONE_STATEMENT, Way, connect, fill as fill_by_hand};
pub(crate) use http::{HttpLoad, Request};

/// What is sent before anything is measured: connections, caches and plans have to be there.
const WARM_UP: Duration = Duration::from_millis(500);

/// How long the last answers may take to come.
const GRACE: Duration = Duration::from_secs(10);

/// A latency beyond this is counted as this.
const LATENCY_MAX: Duration = Duration::from_mins(1);

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) connections: usize,
    /// How long it is measured; until all products were chosen, if there is no time.
    pub(crate) duration: Option<Duration>,
    pub(crate) seed: u64,
    pub(crate) products: usize,
    /// What is chosen among, if that isn't the products.
    pub(crate) among: Option<Vec<Uuid>>,
    pub(crate) choice: Choice,
    pub(crate) watched: Watched,
}

/// To whom, and how.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Requests to a server.
    Http(HttpLoad),
    /// Statements to PostgreSQL, with nothing between.
    ByHand {
        /// The database, in the words of PostgreSQL's own clients.
        database: String,
        /// What they are.
        way: Way,
    },
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measurement {
    /// How many requests were answered, or statements done.
    pub(crate) answers: u64,
    /// In how much time.
    pub(crate) seconds: f64,
    /// Half of them took at most so long, in seconds.
    pub(crate) p50: f64,
    /// So long took 99 of 100, at most.
    pub(crate) p99: f64,
    /// What was used meanwhile.
    pub(crate) processor_time: crate::usage::ProcessorTime,
    /// The most memory that the server had meanwhile, in bytes.
    pub(crate) peak_memory: Option<u64>,
}

/// A connection with at most one request under way.
pub(crate) trait Client: 'static {
    /// Sends one, and waits for the answer. False if there is nothing left to be sent.
    ///
    /// # Errors
    /// If it is answered otherwise than expected.
    async fn send(&mut self) -> anyhow::Result<bool>;
}

/// What all connections of a process have in common.
struct Shared {
    measures: Cell<bool>,
    stops: Cell<bool>,
    latencies: RefCell<Histogram<u64>>,
}

/// The process: does what its standard input says, and ends when that is closed, so that it
/// doesn't outlive who started it.
///
/// # Errors
/// If what it was told makes no sense. An error while measuring is an outcome.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let job: Job = serde_json::from_str(&line)?;
    end_with_input();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    let outcome = local.block_on(&runtime, measure(job));
    let outcome = outcome.map_err(|error| format!("{error:#}"));
    serde_json::to_writer(std::io::stdout(), &outcome)?;
    std::io::stdout().flush()?;
    Ok(())
}

/// Ends this process when its standard input is closed.
pub(crate) fn end_with_input() {
    std::thread::spawn(|| {
        let _until_it_ends = std::io::stdin().lock().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
}

async fn measure(mut job: Job) -> anyhow::Result<Measurement> {
    let chooser = match job.among.take() {
        Some(ids) => Chooser::among(ids, job.seed, job.choice),
        None => Chooser::new(job.seed, job.products, job.choice),
    };
    let chooser = Rc::new(RefCell::new(chooser));
    match &job.work {
        Work::Http(load) => {
            let mut clients = Vec::new();
            for _ in 0..job.connections {
                clients.push(http::Connection::open(load, &chooser).await?);
            }
            drive(&job, clients).await
        }
        Work::ByHand { database, way } => {
            let mut clients = Vec::new();
            for _ in 0..job.connections {
                clients.push(by_hand::Session::open(database, *way, &chooser).await?);
            }
            drive(&job, clients).await
        }
    }
}

/// Has all clients send as fast as they are answered.
async fn drive<C: Client>(job: &Job, clients: Vec<C>) -> anyhow::Result<Measurement> {
    let nanoseconds_max = u64::try_from(LATENCY_MAX.as_nanos())?;
    let shared = Rc::new(Shared {
        measures: Cell::new(job.duration.is_none()),
        stops: Cell::new(false),
        latencies: RefCell::new(Histogram::new_with_max(nanoseconds_max, 3)?),
    });
    let mut sending = JoinSet::new();
    for client in clients {
        sending.spawn_local(repeat(client, Rc::clone(&shared)));
    }
    let Some(duration) = job.duration else {
        let (start, before) = (Instant::now(), job.watched.processor_time()?);
        finish(&mut sending).await?;
        return result(job, &shared, start.elapsed(), &before);
    };
    until(WARM_UP, &mut sending).await?;
    job.watched.reset_peak_memory()?;
    let before = job.watched.processor_time()?;
    let start = Instant::now();
    shared.measures.set(true);
    until(duration, &mut sending).await?;
    shared.measures.set(false);
    let result = result(job, &shared, start.elapsed(), &before);
    shared.stops.set(true);
    let finished = tokio::time::timeout(GRACE, finish(&mut sending)).await;
    finished.with_context(|| format!("not all was answered after {GRACE:?}"))??;
    result
}

/// Waits, unless a client fails before.
async fn until(
    duration: Duration,
    sending: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    tokio::select! {
        () = tokio::time::sleep(duration) => Ok(()),
        ended = sending.join_next() => {
            ended.context("there are no connections")???;
            bail!("a connection had nothing left to send")
        }
    }
}

async fn finish(sending: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = sending.join_next().await {
        ended??;
    }
    Ok(())
}

async fn repeat<C: Client>(mut client: C, shared: Rc<Shared>) -> anyhow::Result<()> {
    let mut sent = Instant::now();
    while !shared.stops.get() && client.send().await? {
        let answered = Instant::now();
        if shared.measures.get() {
            let latency = answered.duration_since(sent).as_nanos();
            let latency = u64::try_from(latency).unwrap_or(u64::MAX);
            shared.latencies.borrow_mut().saturating_record(latency);
        }
        sent = answered;
    }
    Ok(())
}

fn result(
    job: &Job,
    shared: &Shared,
    elapsed: Duration,
    before: &crate::usage::ProcessorTime,
) -> anyhow::Result<Measurement> {
    let processor_time = job.watched.processor_time()?.since(before);
    let latencies = shared.latencies.borrow();
    if latencies.is_empty() {
        bail!("nothing was answered within {elapsed:?}");
    }
    let quantile = |quantile| Duration::from_nanos(latencies.value_at_quantile(quantile));
    Ok(Measurement {
        answers: latencies.len(),
        seconds: elapsed.as_secs_f64(),
        p50: quantile(0.5).as_secs_f64(),
        p99: quantile(0.99).as_secs_f64(),
        processor_time,
        peak_memory: job.watched.peak_memory()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake {
        left: u32,
        fails: bool,
    }

    impl Client for Fake {
        async fn send(&mut self) -> anyhow::Result<bool> {
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.left = self.left.saturating_sub(1);
            if self.left == 0 && self.fails {
                bail!("500 at last");
            }
            Ok(self.left > 0)
        }
    }

    async fn driven(duration: Option<u64>, left: u32, fails: bool) -> anyhow::Result<Measurement> {
        let job = Job {
            work: Work::ByHand {
                database: String::new(),
                way: Way::ForUpdate,
            },
            connections: 2,
            duration: duration.map(Duration::from_millis),
            seed: 1,
            products: 1,
            among: None,
            choice: Choice::Hot,
            watched: Watched::default(),
        };
        let clients = (0..2).map(|_| Fake { left, fails }).collect();
        LocalSet::new().run_until(drive(&job, clients)).await
    }

    #[tokio::test]
    async fn what_is_sent_is_measured() {
        let measured = driven(Some(50), u32::MAX, false).await.unwrap();
        assert!(measured.answers > 4 && measured.seconds >= 0.05);
        assert!(measured.p50 >= 0.001 && measured.p99 >= measured.p50);
    }

    #[tokio::test]
    async fn without_a_time_all_is_sent() {
        assert_eq!(driven(None, 10, false).await.unwrap().answers, 18);
    }

    #[tokio::test]
    async fn a_failure_is_the_outcome() {
        for duration in [None, Some(60_000)] {
            let error = driven(duration, 10, true).await.unwrap_err();
            assert_eq!(error.to_string(), "500 at last");
        }
    }

    #[tokio::test]
    async fn running_out_of_requests_is_a_failure() {
        assert!(driven(Some(60_000), 10, false).await.is_err());
    }
}
