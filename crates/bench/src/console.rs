//! How soon pages of the console come, and how large they are, in a store with much stock.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use reqwest::redirect::Policy;
use stockroom_test_server::{Credentials, Storage};

use crate::products::{PIECES, products};
use crate::report::{Table, number};
use crate::seed::Seeding;
use crate::server::Server;

/// A person who is signed in.
struct Visit<'a> {
    http: reqwest::Client,
    server: &'a Server,
    cookie: String,
}

/// A page as it came.
struct Answer {
    /// The time until its first byte.
    first_byte: Duration,
    bytes: usize,
    /// The number of other files that it names.
    files: usize,
}

/// Loads pages one after the other, on SQLite, each for `duration`.
pub(crate) async fn measure(
    program: &Path,
    duration: Duration,
    stocks: usize,
    seed: u64,
) -> anyhow::Result<Table> {
    let folder = tempfile::tempdir()?;
    let storage = Storage::Sqlite(folder.path().to_owned());
    let seeding = Seeding::begin(&storage).await?;
    let (store, credentials) = seeding.store("Shop").await?;
    let products = products(seed, stocks);
    let product = *products.first().context("no stock was asked for")?;
    seeding.create(store, &products, PIECES).await?;
    seeding.register(store, &products).await?;
    seeding.finish().await;
    let server = Server::start(program, &storage).await?;
    let visit = Visit::sign_in(&server, &credentials).await?;
    let base = format!("/console/stores/{store}");
    let product = format!("/products/{product}");
    let mut rows = Vec::new();
    for (what, path) in [
        ("overview", "/"),
        ("stock", "/stock"),
        ("stock by name", "/stock?sort=name"),
        ("search", "/stock?q=SKU-00012"),
        ("products", "/products"),
        ("a product", product.as_str()),
        ("its ledger", &format!("{product}/ledger")),
        ("activity", "/activity"),
    ] {
        rows.push(visit.row(what, &format!("{base}{path}"), duration).await?);
    }
    let columns = [
        "page",
        "first byte, median",
        "first byte, p99",
        "bytes",
        "requests, first and later",
    ];
    Ok(Table {
        title: format!("The console with {stocks} stocks, SQLite, one connection"),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    })
}

impl<'a> Visit<'a> {
    async fn sign_in(server: &'a Server, key: &Credentials) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy();
        let http = http.redirect(Policy::none()).build()?;
        let (id, secret) = (&key.client_id, &key.client_secret);
        let form = format!("client_id={id}&client_secret={secret}");
        let answer = http.post(server.url("/console/sign-in")).body(form);
        let answer = answer.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = answer.send().await?;
        let cookie = answer.headers().get(SET_COOKIE);
        let cookie = cookie.context("nobody was signed in")?.to_str()?;
        let (cookie, _) = cookie.split_once(';').context("a strange cookie")?;
        Ok(Self {
            cookie: cookie.to_owned(),
            http,
            server,
        })
    }

    async fn row(&self, what: &str, path: &str, duration: Duration) -> anyhow::Result<Vec<String>> {
        let mut times = Vec::new();
        let start = Instant::now();
        let mut page = self.load(path).await?;
        while start.elapsed() < duration {
            page = self.load(path).await?;
            times.push(page.first_byte);
        }
        times.sort_unstable();
        let milliseconds = |percent: usize| {
            let time = times.get(times.len() * percent / 100);
            let time = time.context("nothing was measured")?;
            anyhow::Ok(format!("{:.1} ms", time.as_secs_f64() * 1e3))
        };
        #[expect(clippy::cast_precision_loss, reason = "a page isn't that long")]
        let bytes = page.bytes as f64;
        Ok(vec![
            what.to_owned(),
            milliseconds(50)?,
            milliseconds(99)?,
            number(bytes),
            format!("{}, 1", page.files + 1),
        ])
    }

    async fn load(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self.http.get(self.server.url(path));
        let request = request.header(COOKIE, &self.cookie);
        let start = Instant::now();
        let answer = request.send().await?;
        let first_byte = start.elapsed();
        let status = answer.status();
        let body = answer.bytes().await?;
        ensure!(status.is_success(), "{path}: {status}");
        let text = String::from_utf8_lossy(&body);
        Ok(Answer {
            first_byte,
            bytes: body.len(),
            files: text.matches("/console/assets/").count(),
        })
    }
}
