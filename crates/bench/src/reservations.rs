//! What reserving, reading and expiring cost with a thousand pending reservations, and with a
//! million.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use stockroom_domain::{
    ExpiresIn, OrderId, OrganizationId, ProductId, ReservationItem, Reserve, StoreId,
};
use stockroom_test_postgres::{Cluster, programs};
use stockroom_test_server::{Credentials, Storage};
use uuid::Uuid;

use crate::cases::read;
use crate::load::{Job, Request};
use crate::products::{Choice, PIECES, products};
use crate::report::{Table, median, microseconds, number};
use crate::seed::{Seeding, quantity};
use crate::server::Server;
use crate::systems::{POSTGRES_SETTINGS, http, run, settle};
use crate::usage::Watched;

/// How many reservations are pending at first.
const FEW: usize = 1_000;

/// How many products there is stock of.
const PRODUCTS: usize = 10_000;

/// The first reservations are all of so many products: each of these is held by more than a page of
/// reservations from the beginning, so that a page of what holds it is always full.
const HELD: usize = 40;

/// How many connections there are to the server.
const CONNECTIONS: usize = 16;

/// How many of the pending reservations are read, at most.
const READ: usize = 10_000;

/// What is reserved while measuring is over after a second: each round has as many pending as the
/// one before.
const OVER_AFTER: Duration = Duration::from_millis(1_200);

/// What is stored as expired is what was reserved, once the server is gone: not while it is measured.
const NO_SWEEPER: [&str; 2] = ["--expiry-sweep-seconds", "0"];

/// What "about the same" means.
const RATIO_MAX: f64 = 3.0;

const STORED: &str = "store as expired, by hundreds";

/// A database, and what is in it.
struct Bed<'a> {
    program: &'a Path,
    duration: Duration,
    seed: u64,
    name: &'a str,
    storage: &'a Storage,
    cluster: Option<&'a Cluster>,
    organization: OrganizationId,
    store: StoreId,
    credentials: Credentials,
    products: Vec<Uuid>,
    /// The pending reservations.
    ids: Vec<Uuid>,
}

/// Something that clients do.
struct Operation {
    title: &'static str,
    request: Request,
    among: Among,
    choice: Choice,
}

/// What the ids in requests are of.
enum Among {
    Products,
    HeldProducts,
    Reservations,
}

/// How often something is done in a second, and half of the times that it takes at most. Nobody waits
/// for what the sweeper does.
#[derive(Clone, Copy)]
struct Figure {
    rate: f64,
    p50: Option<Duration>,
}

/// The figures of an operation, one of each round.
type Rounds = Vec<(&'static str, Vec<Figure>)>;

/// Measures on each database with few pending reservations, and with as many as wanted.
pub(crate) async fn measure(
    program: &Path,
    duration: Duration,
    rounds: usize,
    many: usize,
    seed: u64,
) -> anyhow::Result<Table> {
    ensure!(many > FEW, "there have to be more than {FEW} reservations");
    let mut rows = Vec::new();
    let folder = tempfile::tempdir()?;
    let sqlite = Storage::Sqlite(folder.path().to_owned());
    let bed = Bed::new(program, duration, seed, ("SQLite", &sqlite), None);
    rows.extend(bed.await?.measure(rounds, many).await?);
    let postgres = programs().context("there are no programs of PostgreSQL here")?;
    let cluster = Cluster::start(&postgres, &POSTGRES_SETTINGS).await;
    let cluster = cluster.context("PostgreSQL doesn't start")?;
    let postgres = Storage::Postgres(cluster.url());
    let storage = ("PostgreSQL", &postgres);
    let bed = Bed::new(program, duration, seed, storage, Some(&cluster));
    rows.extend(bed.await?.measure(rounds, many).await?);
    cluster.stop().await?;
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
            "With {few} and with {many} pending reservations of {} products; {CONNECTIONS} \
             connections, medians of {rounds} measurements, which may be up to {RATIO_MAX} times as slow",
            grouped(PRODUCTS)
        ),
        columns: columns.to_vec(),
        rows,
    })
}

impl<'a> Bed<'a> {
    /// Adds stock of all products to an empty database.
    async fn new(
        program: &'a Path,
        duration: Duration,
        seed: u64,
        (name, storage): (&'a str, &'a Storage),
        cluster: Option<&'a Cluster>,
    ) -> anyhow::Result<Self> {
        let products = products(seed, PRODUCTS);
        let seeding = Seeding::begin(storage).await?;
        let organization = seeding.organization();
        let (store, credentials) = seeding.store("Benchmark").await?;
        seeding.create(store, &products, PIECES).await?;
        seeding.finish().await;
        Ok(Self {
            program,
            duration,
            seed,
            name,
            storage,
            cluster,
            organization,
            store,
            credentials,
            products,
            ids: Vec::new(),
        })
    }

    async fn measure(mut self, rounds: usize, many: usize) -> anyhow::Result<Vec<Vec<String>>> {
        let held = HELD.min(self.products.len());
        self.fill(FEW, held).await?;
        let few = self.measure_all(rounds).await?;
        self.fill(many, self.products.len()).await?;
        let many = self.measure_all(rounds).await?;
        let both = few.into_iter().zip(many);
        both.map(|((title, few), (_, many))| self.row(title, &few, &many))
            .collect()
    }

    fn row(&self, title: &str, few: &[Figure], many: &[Figure]) -> anyhow::Result<Vec<String>> {
        let rate = |figures: &[Figure]| median(figures.iter().map(|it| it.rate).collect());
        let p50 = |figures: &[Figure]| median(figures.iter().filter_map(|it| it.p50).collect());
        let rates = rate(few).zip(rate(many));
        let (few_rate, many_rate) = rates.context("nothing was measured")?;
        let ratio = few_rate / many_rate;
        let missed = if ratio > RATIO_MAX { " **missed**" } else { "" };
        let shown = |p50: Option<Duration>| p50.map_or_else(|| "–".to_owned(), microseconds);
        Ok(vec![
            self.name.to_owned(),
            title.to_owned(),
            number(few_rate),
            number(many_rate),
            format!("{ratio:.2}{missed}"),
            shown(p50(few)),
            shown(p50(many)),
        ])
    }

    /// Adds pending reservations of some of the first products until there are so many.
    async fn fill(&mut self, count: usize, products: usize) -> anyhow::Result<()> {
        let start = Instant::now();
        let seeding = Seeding::resume(self.storage, self.organization).await?;
        let products = self.products.get(..products).unwrap_or_default();
        let pending = self.ids.len();
        let mut random = StdRng::seed_from_u64(self.seed.wrapping_add(pending as u64));
        let expires_in = ExpiresIn::from_seconds(ExpiresIn::SECONDS_MAX.into())?;
        let requests = (pending..count).map(|number| Reserve {
            order: order(number),
            expires_in,
            items: items(&mut random, products),
        });
        let made = seeding.reserve(self.store, requests).await?;
        self.ids.extend(made);
        seeding.finish().await;
        if let Some(cluster) = self.cluster {
            settle(cluster).await?;
        }
        let pending = self.ids.len();
        let took = start.elapsed();
        eprintln!("{}: {pending} pending, after {took:.1?}", self.name);
        Ok(())
    }

    async fn measure_all(&self, rounds: usize) -> anyhow::Result<Rounds> {
        let mut all = Rounds::new();
        for round in 1..=rounds {
            let measured = self.measure_once().await?;
            if all.is_empty() {
                all.extend(measured.iter().map(|(title, _)| (*title, Vec::new())));
            }
            let (name, pending) = (self.name, self.ids.len());
            for ((_, figures), (title, figure)) in all.iter_mut().zip(measured) {
                let rate = figure.rate;
                eprintln!("{round}/{rounds} {name}, {pending} pending: {title}: {rate:.0}/s");
                figures.push(figure);
            }
        }
        Ok(all)
    }

    /// Measures everything once. Afterwards as many are pending as before.
    async fn measure_once(&self) -> anyhow::Result<Vec<(&'static str, Figure)>> {
        let server = Server::start_with(self.program, self.storage, &NO_SWEEPER).await?;
        let mut measured = Vec::new();
        for operation in operations() {
            let figure = self.operate(&server, &operation).await;
            let (name, title) = (self.name, operation.title);
            measured.push((title, figure.with_context(|| format!("{name}: {title}"))?));
            // What is reserved is over before anything is read again.
            if operation.request.method == "POST" {
                tokio::time::sleep(OVER_AFTER).await;
            }
        }
        server.stop().await?;
        let seeding = Seeding::resume(self.storage, self.organization).await?;
        let (expired, time) = seeding.expire().await?;
        seeding.finish().await;
        ensure!(
            expired == PRODUCTS,
            "{expired} reservations have expired, not {PRODUCTS}"
        );
        #[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
        let rate = expired as f64 / time.as_secs_f64();
        measured.push((STORED, Figure { rate, p50: None }));
        Ok(measured)
    }

    async fn operate(&self, server: &Server, operation: &Operation) -> anyhow::Result<Figure> {
        let once = operation.choice == Choice::Each;
        let job = Job {
            work: http(server, &self.credentials, &operation.request).await?,
            connections: CONNECTIONS,
            duration: (!once).then_some(self.duration),
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
}

/// A few are for an order.
fn order(number: usize) -> Option<OrderId> {
    let has_order = number.is_multiple_of(10);
    has_order.then(|| OrderId::new("order_id", format!("order-{number}")).ok())?
}

/// One to three items.
fn items(random: &mut StdRng, products: &[Uuid]) -> Vec<ReservationItem> {
    let count = random.random_range(1..=3);
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        let product = products.get(random.random_range(..products.len()));
        items.extend(product.map(|product| ReservationItem {
            product: ProductId::new(*product),
            location: None,
            quantity: quantity(1),
        }));
    }
    items
}

/// What is measured, in order: what is reserved expires at the end.
fn operations() -> Vec<Operation> {
    let reads = [
        (
            "read one",
            "/v2/inventories/reservations/{product}",
            Among::Reservations,
        ),
        (
            "list, first page",
            "/v2/inventories/reservations?page[limit]=25",
            Among::Products,
        ),
        (
            "holds of a product, first page, always full",
            "/v2/inventories/{product}/holds?page[limit]=25",
            Among::HeldProducts,
        ),
        (
            "holds of any product, first page, full with many",
            "/v2/inventories/{product}/holds?page[limit]=25",
            Among::Products,
        ),
        ("read stock", "/v2/inventories/{product}", Among::Products),
    ];
    let reads = reads.map(|(title, path, among)| Operation {
        title,
        request: read(path),
        among,
        choice: Choice::Uniform,
    });
    let mut operations = Vec::from(reads);
    operations.push(Operation {
        title: "reserve",
        request: reserve(),
        among: Among::Products,
        choice: Choice::Each,
    });
    operations.push(Operation {
        title: "expire, by reading the stock",
        request: read("/v2/inventories/{product}"),
        among: Among::Products,
        choice: Choice::Each,
    });
    operations
}

/// A reservation of a piece of a product, which is over soon.
fn reserve() -> Request {
    let attributes = r#"{"expires_in":1,"items":[{"product_id":"{product}","quantity":1}]}"#;
    Request {
        method: "POST".to_owned(),
        path: "/v2/inventories/reservations".to_owned(),
        body: Some(format!(
            r#"{{"data":{{"type":"stock-reservation","attributes":{attributes}}}}}"#
        )),
        status: 201,
    }
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
        assert_eq!((reserve.choice, read.choice), (Choice::Each, Choice::Each));
        assert_eq!(
            reserve.request.body.as_deref().unwrap(),
            r#"{"data":{"type":"stock-reservation","attributes":{"expires_in":1,"items":[{"product_id":"{product}","quantity":1}]}}}"#
        );
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
