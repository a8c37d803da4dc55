//! What reserving, reading and expiring cost with a thousand pending reservations, and with a
//! million.

mod operations;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use stockroom_domain::{ExpiresIn, OrganizationId, Reserve, StoreId};
use stockroom_test_postgres::{Cluster, programs};
use stockroom_test_server::{Credentials, Storage};
use uuid::Uuid;

use crate::load::Job;
use crate::products::{Choice, PIECES, products};
use crate::report::{Table, median, microseconds, number};
use crate::seed::Seeding;
use crate::server::Server;
use crate::systems::{POSTGRES_SETTINGS, http, run, settle};
use crate::usage::Watched;
use operations::{Among, Operation, items, operations, order};

/// How many reservations are pending at first.
const FEW: usize = 1_000;

/// How many products there is stock of.
const PRODUCTS: usize = 10_000;

/// The first reservations are all of so many products: each of these is held by more than a page of
/// reservations from the beginning, so that a page of what holds it is always full.
const HELD: usize = 40;

/// Filling is done with so many products at a time, so that what it touches stays in caches: all over
/// ten thousand products it takes several times as long.
const AT_A_TIME: usize = 100;

/// For how many reservations the same products are taken.
const IN_A_ROW: usize = 1_000;

/// How many connections there are to the server.
const CONNECTIONS: usize = 16;

/// How many of the pending reservations are read, at most.
const READ: usize = 10_000;

/// What is reserved while measuring is over by then: each round has as many pending as the one
/// before.
const OVER_AFTER: Duration = Duration::from_millis(1_200);

/// What is stored as expired is what was reserved, once the server is gone: not while it is measured.
const NO_SWEEPER: [&str; 2] = ["--expiry-sweep-seconds", "0"];

/// What "about the same" means.
const RATIO_MAX: f64 = 3.0;

const STORED: &str = "store as expired, by hundreds";

/// A database, and what is in it.
struct Bed {
    storage: Storage,
    cluster: Option<Cluster>,
    seed: u64,
    organization: OrganizationId,
    store: StoreId,
    credentials: Credentials,
    products: Vec<Uuid>,
    /// The pending reservations.
    ids: Vec<Uuid>,
}

/// Two databases of a kind, one with few pending reservations and one with many: measured in turns,
/// so that what drifts, drifts for both.
struct Pair<'a> {
    program: &'a Path,
    duration: Duration,
    name: &'static str,
    beds: [Bed; 2],
}

/// How often something is done in a second, and half of the times that it takes at most. Nobody waits
/// for what the sweeper does.
#[derive(Clone, Copy)]
struct Figure {
    rate: f64,
    p50: Option<Duration>,
}

/// The figures of one round: of each operation, with few and with many.
type Round = Vec<(&'static str, [Figure; 2])>;

/// Measures on each database with few pending reservations, and with as many as wanted.
pub(crate) async fn measure(
    program: &Path,
    duration: Duration,
    rounds: usize,
    many: usize,
    seed: u64,
) -> anyhow::Result<Table> {
    ensure!(many > FEW, "there have to be more than {FEW} reservations");
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let [few, most] = [&folders[0], &folders[1]].map(|it| Storage::Sqlite(it.path().to_owned()));
    let sqlite = Pair {
        program,
        duration,
        name: "SQLite",
        beds: [
            Bed::fill(few, None, FEW, seed).await?,
            Bed::fill(most, None, many, seed).await?,
        ],
    };
    let mut rows = sqlite.measure(rounds).await?;
    drop((sqlite, folders));
    let postgres = Pair {
        program,
        duration,
        name: "PostgreSQL",
        beds: [
            Bed::on_postgres(FEW, seed).await?,
            Bed::on_postgres(many, seed).await?,
        ],
    };
    rows.extend(postgres.measure(rounds).await?);
    for bed in postgres.beds {
        if let Some(cluster) = bed.cluster {
            cluster.stop().await?;
        }
    }
    let [few, many] = [FEW, many].map(grouped);
    let columns = [
        "database".to_owned(),
        "operation".to_owned(),
        format!("per second with {few}"),
        format!("per second with {many}"),
        "time, ratio".to_owned(),
        format!("p50 with {few}"),
        format!("p50 with {many}"),
    ];
    Ok(Table {
        title: format!(
            "{few} and {many} pending reservations of {} products; {CONNECTIONS} connections, \
             medians of {rounds} measurements; up to {RATIO_MAX} times the time is wanted",
            grouped(PRODUCTS)
        ),
        columns: columns.to_vec(),
        rows,
    })
}

impl Bed {
    /// A cluster of its own.
    async fn on_postgres(count: usize, seed: u64) -> anyhow::Result<Self> {
        let programs = programs().context("there are no programs of PostgreSQL here")?;
        let cluster = Cluster::start(&programs, &POSTGRES_SETTINGS).await;
        let cluster = cluster.context("PostgreSQL doesn't start")?;
        let storage = Storage::Postgres(cluster.url());
        Self::fill(storage, Some(cluster), count, seed).await
    }

    /// Adds stock of all products to an empty database, and so many pending reservations.
    async fn fill(
        storage: Storage,
        cluster: Option<Cluster>,
        count: usize,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let start = Instant::now();
        let products = products(seed, PRODUCTS);
        let seeding = Seeding::begin(&storage).await?;
        let (store, credentials) = seeding.store("Benchmark").await?;
        seeding.create(store, &products, PIECES).await?;
        let mut bed = Self {
            storage,
            cluster,
            seed,
            organization: seeding.organization(),
            store,
            credentials,
            products,
            ids: Vec::new(),
        };
        bed.reserve(&seeding, FEW, HELD).await?;
        bed.reserve(&seeding, count, PRODUCTS).await?;
        seeding.finish().await;
        let took = start.elapsed();
        eprintln!("{} pending, after {took:.1?}", bed.ids.len());
        Ok(bed)
    }

    /// Reserves some of the first products until there are so many pending.
    async fn reserve(
        &mut self,
        seeding: &Seeding,
        count: usize,
        products: usize,
    ) -> anyhow::Result<()> {
        let products = self.products.get(..products).unwrap_or(&self.products);
        let pending = self.ids.len();
        let mut random = StdRng::seed_from_u64(self.seed.wrapping_add(pending as u64));
        let expires_in = ExpiresIn::from_seconds(ExpiresIn::SECONDS_MAX.into())?;
        let requests = (pending..count).map(|number| Reserve {
            order: order(number),
            expires_in,
            items: items(&mut random, part(products, number)),
            sourcing: None,
        });
        let made = seeding.reserve(self.store, requests).await?;
        self.ids.extend(made);
        match &self.cluster {
            Some(cluster) => settle(cluster).await,
            None => Ok(()),
        }
    }

    async fn operate(
        &self,
        server: &Server,
        operation: &Operation,
        duration: Duration,
    ) -> anyhow::Result<Figure> {
        let once = operation.choice == Choice::Each;
        let job = Job {
            work: http(server, &self.credentials, &operation.request).await?,
            connections: CONNECTIONS,
            duration: (!once).then_some(duration),
            seed: self.seed,
            products: PRODUCTS,
            among: match operation.among {
                Among::Products => None,
                Among::HeldProducts => Some(self.products.iter().take(HELD).copied().collect()),
                Among::Reservations => Some(self.some_reservations()),
            },
            choice: operation.choice,
            watched: Watched::default(),
        };
        let measurement = run(&job).await?;
        #[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
        let rate = measurement.answers as f64 / measurement.seconds;
        let p50 = Some(Duration::from_secs_f64(measurement.p50));
        Ok(Figure { rate, p50 })
    }

    /// Pending reservations from all over them.
    fn some_reservations(&self) -> Vec<Uuid> {
        let every = self.ids.len().div_ceil(READ).max(1);
        self.ids.iter().step_by(every).copied().collect()
    }

    /// Stores of what was reserved while measuring that it has expired. Every product was reserved
    /// once, and read once since.
    async fn expire(&self) -> anyhow::Result<Figure> {
        let seeding = Seeding::resume(&self.storage, self.organization).await?;
        let (expired, time) = seeding.expire().await?;
        seeding.finish().await;
        ensure!(
            expired == PRODUCTS,
            "{expired} reservations have expired, not {PRODUCTS}"
        );
        #[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
        let rate = expired as f64 / time.as_secs_f64();
        Ok(Figure { rate, p50: None })
    }
}

impl Pair<'_> {
    async fn measure(&self, rounds: usize) -> anyhow::Result<Vec<Vec<String>>> {
        let mut all: Vec<Round> = Vec::new();
        for round in 1..=rounds {
            let measured = self.measure_once().await?;
            for (title, [few, many]) in &measured {
                let (name, few, many) = (self.name, few.rate, many.rate);
                eprintln!("{round}/{rounds} {name}: {title}: {few:.0}/s and {many:.0}/s");
            }
            all.push(measured);
        }
        let titles = all.first().into_iter().flatten().map(|(title, _)| *title);
        let rows = titles.enumerate().map(|(index, title)| {
            let of_rounds = all.iter().filter_map(|round| round.get(index));
            let figures: Vec<[Figure; 2]> = of_rounds.map(|(_, figures)| *figures).collect();
            row(self.name, title, &figures)
        });
        rows.collect()
    }

    /// Measures everything once. Afterwards as many are pending as before.
    async fn measure_once(&self) -> anyhow::Result<Round> {
        let [few, many] = &self.beds;
        let start = |storage| Server::start_with(self.program, storage, &NO_SWEEPER);
        let few_server = start(&few.storage).await?;
        let many_server = start(&many.storage).await?;
        let mut measured = Round::new();
        for operation in operations() {
            let title = operation.title;
            let failed = || format!("{}: {title}", self.name);
            let few = few.operate(&few_server, &operation, self.duration).await;
            let many = many.operate(&many_server, &operation, self.duration).await;
            let both = [few.with_context(failed)?, many.with_context(failed)?];
            measured.push((title, both));
            if operation.is_reserving {
                tokio::time::sleep(OVER_AFTER).await;
            }
        }
        few_server.stop().await?;
        many_server.stop().await?;
        measured.push((STORED, [few.expire().await?, many.expire().await?]));
        Ok(measured)
    }
}

fn row(name: &str, title: &str, figures: &[[Figure; 2]]) -> anyhow::Result<Vec<String>> {
    let medians = |which: fn(&[Figure; 2]) -> Figure| {
        let figures = figures.iter().map(which);
        let p50 = figures.clone().filter_map(|figure| figure.p50).collect();
        let rate = median(figures.map(|figure| figure.rate).collect());
        rate.map(|rate| (rate, median(p50)))
    };
    let both = medians(|[few, _]| *few).zip(medians(|[_, many]| *many));
    let ((few, few_p50), (many, many_p50)) = both.context("nothing was measured")?;
    let ratio = few / many;
    let missed = if ratio > RATIO_MAX { " **missed**" } else { "" };
    let shown = |p50: Option<Duration>| p50.map_or_else(|| "–".to_owned(), microseconds);
    Ok(vec![
        name.to_owned(),
        title.to_owned(),
        number(few),
        number(many),
        format!("{ratio:.2}{missed}"),
        shown(few_p50),
        shown(many_p50),
    ])
}

/// The products that a reservation is of some of.
fn part(products: &[Uuid], number: usize) -> &[Uuid] {
    let parts = products.len().div_ceil(AT_A_TIME).max(1);
    let part = products.chunks(AT_A_TIME).nth(number / IN_A_ROW % parts);
    part.unwrap_or(products)
}

fn grouped(count: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
    let count = count as f64;
    number(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_is_reserved_once_and_read_once_afterwards() {
        let operations = operations();
        let [.., reserve, read] = operations.as_slice() else {
            panic!("there are more");
        };
        assert!(reserve.is_reserving && !read.is_reserving);
        assert_eq!((reserve.choice, read.choice), (Choice::Each, Choice::Each));
        assert_eq!(
            reserve.request.body.as_deref().unwrap(),
            r#"{"data":{"type":"stock-reservation","attributes":{"expires_in":1,"items":[{"product_id":"{product}","quantity":1}]}}}"#
        );
    }

    #[test]
    fn three_times_the_time_is_too_much() {
        let figure = |rate| Figure { rate, p50: None };
        let shown = |many| row("D", "O", &[[figure(3_000.0), figure(many)]]).unwrap();
        assert_eq!(
            shown(1_000.0),
            ["D", "O", "3,000", "1,000", "3.00", "–", "–"]
        );
        assert_eq!(shown(900.0)[4], "3.33 **missed**");
    }

    #[test]
    fn all_products_have_their_turn() {
        let products = products(1, 250);
        assert_eq!(part(&products, 999), &products[..100]);
        assert_eq!(part(&products, 2_000), &products[200..]);
        assert_eq!(part(&products, 3_000), &products[..100]);
        assert_eq!(part(&products[..40], 1_500), &products[..40]);
    }

    #[test]
    fn a_reservation_has_one_to_three_items() {
        let products = products(1, 5);
        let mut random = StdRng::seed_from_u64(1);
        let counts: Vec<usize> = (0..100)
            .map(|_| items(&mut random, &products).len())
            .collect();
        assert_eq!(counts.iter().min().zip(counts.iter().max()), Some((&1, &3)));
        assert_eq!(order(20).unwrap().as_str(), "order-20");
        assert_eq!(order(21), None);
    }
}
