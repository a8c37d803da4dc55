//! Lists and histories in a store with a thousand stocks and in one with a million.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use stockroom_application::NewKey;

use crate::report::{Table, median, microseconds};
use crate::seed::Seeding;
use crate::server::Server;

const FEW: u32 = 1_000;
const TRANSACTIONS: u32 = 1_000;
const ROUNDS: usize = 3;

/// One of the two stores, as a client sees it.
struct Store {
    http: reqwest::Client,
    base: String,
    token: String,
    product: String,
}

/// Measures how long single requests take, one after the other, in turns in both stores.
pub(crate) async fn measure(
    program: &Path,
    duration: Duration,
    many: u32,
) -> anyhow::Result<Table> {
    let folder = tempfile::tempdir()?;
    let seeding = Seeding::begin(folder.path()).await?;
    let mut stores = Vec::new();
    for (name, stocks) in [("Few stocks", FEW), ("Many stocks", many)] {
        let start = Instant::now();
        let (store, key) = seeding.store(name).await?;
        let product = seeding.stock(store, stocks, TRANSACTIONS).await?;
        eprintln!("{stocks} stocks created in {:.1?}", start.elapsed());
        stores.push((key, product));
    }
    seeding.finish().await;
    let server = Server::start(program, folder.path())?;
    let [few_stocks, many_stocks] = [&stores[0], &stores[1]];
    let few_stocks = Store::open(&server, &few_stocks.0, few_stocks.1.to_string()).await?;
    let many_stocks = Store::open(&server, &many_stocks.0, many_stocks.1.to_string()).await?;

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
    ] {
        let mut few = Vec::new();
        let mut most = Vec::new();
        for _ in 0..ROUNDS {
            few.push(few_stocks.typical(path, duration).await?);
            most.push(many_stocks.typical(path, duration).await?);
        }
        let few = median(&mut few).context("nothing was measured")?;
        let most = median(&mut most).context("nothing was measured")?;
        rows.push(vec![
            what.to_owned(),
            microseconds(few),
            microseconds(most),
            format!("{:.2}", most.as_secs_f64() / few.as_secs_f64()),
        ]);
    }
    Ok(Table {
        title: "Lists and histories, SQLite, one connection, median latency".to_owned(),
        columns: vec![
            "request".to_owned(),
            format!("{FEW} stocks"),
            format!("{many} stocks"),
            "ratio".to_owned(),
        ],
        rows,
    })
}

impl Store {
    async fn open(server: &Server, key: &NewKey, product: String) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let credentials = json!({
            "grant_type": "client_credentials",
            "client_id": key.key.client_id,
            "client_secret": key.client_secret,
        });
        let answer = http
            .post(format!("{}/oauth/access_token", server.base))
            .json(&credentials);
        let answer: Value = answer.send().await?.json().await?;
        let token = answer["access_token"].as_str().context("no token")?;
        Ok(Self {
            http,
            base: server.base.clone(),
            token: token.to_owned(),
            product,
        })
    }

    /// The median time that a request takes, of all that fit into `duration`.
    async fn typical(&self, path: &str, duration: Duration) -> anyhow::Result<Duration> {
        let path = path.replace("{product}", &self.product);
        let url = format!("{}{path}", self.base);
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
        median(&mut times).context("no request was answered")
    }
}
