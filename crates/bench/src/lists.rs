//! Lists, searches and histories in a store with a thousand products and in one with a million.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use stockroom_test_server::{Credentials, Storage};
use uuid::Uuid;

use crate::products::{PIECES, products};
use crate::report::{Table, median, microseconds};
use crate::seed::Seeding;
use crate::server::Server;

const FEW: usize = 1_000;
const TRANSACTIONS: usize = 1_000;

/// One of the two stores, as a client sees it.
struct Store<'a> {
    http: reqwest::Client,
    server: &'a Server,
    token: String,
    product: String,
}

/// Measures how long single requests take, one after the other, in turns in both stores.
pub(crate) async fn measure(
    program: &Path,
    duration: Duration,
    rounds: usize,
    many: usize,
    seed: u64,
) -> anyhow::Result<Table> {
    let folder = tempfile::tempdir()?;
    let storage = Storage::Sqlite(folder.path().to_owned());
    let seeding = Seeding::begin(&storage).await?;
    let mut stores = Vec::new();
    for (name, stocks) in [("Few stocks", FEW), ("Many stocks", many)] {
        let start = Instant::now();
        let (store, credentials) = seeding.store(name).await?;
        let products = products(seed, stocks);
        let product = *products.first().context("no stock was asked for")?;
        seeding.create(store, &products, PIECES).await?;
        seeding.register(store, &products).await?;
        let history = std::iter::repeat_n(product, TRANSACTIONS);
        seeding.increment(store, history).await?;
        eprintln!("{stocks} products created in {:.1?}", start.elapsed());
        stores.push((credentials, product));
    }
    seeding.finish().await;
    let server = Server::start(program, &storage).await?;
    let [few_stocks, many_stocks] = [&stores[0], &stores[1]];
    let few_stocks = Store::open(&server, few_stocks).await?;
    let many_stocks = Store::open(&server, many_stocks).await?;

    let mut rows = Vec::new();
    for (what, path) in [
        ("first page of stock", "/v2/inventories"),
        ("page of stock at 900", "/v2/inventories?page[offset]=900"),
        (
            "first page of a history",
            "/v2/inventories/{product}/transactions",
        ),
        (
            "page of a history at 900",
            "/v2/inventories/{product}/transactions?page[offset]=900",
        ),
        ("one stock", "/v2/inventories/{product}"),
        ("stock by SKU", "/v2/inventories?filter=eq(sku,SKU-000007)"),
        ("products by SKU", "/v2/products?filter=eq(sku,SKU-000007)"),
        (
            "ten products by the beginning of their names",
            "/v2/products?filter=ilike(name,CHAIR%2000000*)",
        ),
        ("first page of products by name", "/v2/products?sort=name"),
        ("last page of products by SKU", "/v2/products?sort=-sku"),
        (
            "products that changed last",
            "/v2/products?sort=-updated_at",
        ),
    ] {
        let mut few = Vec::new();
        let mut most = Vec::new();
        for _ in 0..rounds {
            few.push(few_stocks.typical(path, duration).await?);
            most.push(many_stocks.typical(path, duration).await?);
        }
        let few = median(few).context("nothing was measured")?;
        let most = median(most).context("nothing was measured")?;
        rows.push(vec![
            what.to_owned(),
            microseconds(few),
            microseconds(most),
            format!("{:.2}", most.as_secs_f64() / few.as_secs_f64()),
        ]);
    }
    Ok(Table {
        title: "Lists, searches and histories, SQLite, one connection, median latency".to_owned(),
        columns: vec![
            "request".to_owned(),
            format!("{FEW} products"),
            format!("{many} products"),
            "ratio".to_owned(),
        ],
        rows,
    })
}

impl<'a> Store<'a> {
    async fn open(
        server: &'a Server,
        (credentials, product): &(Credentials, Uuid),
    ) -> anyhow::Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            server,
            token: server.token(credentials).await?,
            product: product.to_string(),
        })
    }

    /// The median time that a request takes, of all that fit into `duration`.
    async fn typical(&self, path: &str, duration: Duration) -> anyhow::Result<Duration> {
        let path = path.replace("{product}", &self.product);
        let url = self.server.url(&path);
        let mut times = Vec::new();
        let start = Instant::now();
        while start.elapsed() < duration {
            let sent = Instant::now();
            let answer = self.http.get(&url).bearer_auth(&self.token).send().await?;
            let status = answer.status();
            let body = answer.bytes().await?;
            times.push(sent.elapsed());
            ensure!(
                status.is_success(),
                "{path}: {status} {}",
                String::from_utf8_lossy(&body)
            );
        }
        median(times).context("no request was answered")
    }
}
