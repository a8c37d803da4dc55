//! A browser, and the ways in which tests use it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client as Page, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::support::{DataFolder, Server};

/// The longest wait for something on a page.
const PATIENCE: Duration = Duration::from_secs(20);

/// Chromium's driver, stopped when the value is dropped.
struct Driver {
    process: Child,
    url: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Driver {
    fn start() -> Self {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver, of the package chromium-driver, can't be started");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let port = line.split("started successfully on port ").nth(1)?;
            Some(port.trim_end_matches('.').to_owned())
        });
        // Its output is read on, so that it never waits.
        std::thread::spawn(move || lines.for_each(drop));
        let url = format!("http://127.0.0.1:{}", port.unwrap());
        Self { process, url }
    }
}

/// A demonstration in a browser, with somebody signed in.
pub(crate) struct Browser {
    pub(crate) page: Page,
    pub(crate) server: Server,
    driver: Driver,
    _folder: DataFolder,
}

impl Browser {
    /// Opens the demonstration's overview, with scripts or without.
    pub(crate) async fn open(scripts: bool) -> Self {
        let folder = DataFolder::new();
        let server = Server::start_with(&folder.path(), &["--demo"]);
        let driver = Driver::start();
        let page = window(&driver, scripts).await;
        let browser = Self {
            page,
            server,
            driver,
            _folder: folder,
        };
        browser.sign_in(&browser.page).await;
        browser
    }

    /// Another browser, with the same person signed in.
    pub(crate) async fn another(&self) -> Page {
        let page = window(&self.driver, true).await;
        self.sign_in(&page).await;
        page
    }

    async fn sign_in(&self, page: &Page) {
        let key = self.server.first_key();
        page.goto(&self.server.url("/console/")).await.unwrap();
        fill(page, "#client_id", &key.client_id).await;
        fill(page, "#client_secret", &key.client_secret).await;
        click(page, "button.primary").await;
        see(page, "main h1", "Overview").await;
    }

    /// The address of a screen of the organization.
    pub(crate) fn url(&self, screen: &str) -> String {
        self.server.url(&format!("/console/organization{screen}"))
    }

    /// The product page of the first product that a search finds.
    pub(crate) async fn product(&self, search: &str) -> String {
        let page = &self.page;
        page.goto(&self.url(&format!("/stock?q={search}")))
            .await
            .unwrap();
        let link = find(page, "tbody th a").await;
        link.prop("href").await.unwrap().unwrap()
    }

    /// Everything that the browser complained about, such as a script that isn't allowed.
    pub(crate) async fn complaints(&self) -> Vec<Value> {
        let session = self.page.session_id().await.unwrap().unwrap();
        let url = format!("{}/session/{session}/se/log", self.driver.url);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.post(url).json(&json!({ "type": "browser" })).send();
        let answer: Value = answer.await.unwrap().json().await.unwrap();
        answer["value"].as_array().unwrap().clone()
    }

    /// Closes the browser.
    pub(crate) async fn close(self) {
        self.page.close().await.unwrap();
    }
}

async fn window(driver: &Driver, scripts: bool) -> Page {
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-proxy-server",
        "--lang=en",
    ];
    let scripts = if scripts { 1 } else { 2 };
    let wanted = json!({
        "goog:chromeOptions": {
            "args": arguments,
            "prefs": { "profile.managed_default_content_settings.javascript": scripts },
        },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    let Value::Object(wanted) = wanted else {
        unreachable!("it is an object");
    };
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(wanted);
    builder.connect(&driver.url).await.unwrap()
}

/// Waits until something is so. While the script replaces a page, elements that were found are gone again: that
/// counts as not being so yet.
async fn wait<T>(
    page: &Page,
    what: &str,
    is_so: impl AsyncFn() -> Result<Option<T>, CmdError>,
) -> T {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Ok(Some(found)) = is_so().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let url = page.current_url().await.unwrap();
    let body = page
        .find(Locator::Css("body"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    panic!("{what} is not so on {url}: {body}");
}

/// Waits for an element.
pub(crate) async fn find(page: &Page, selector: &str) -> Element {
    wait(page, selector, async || {
        page.find(Locator::Css(selector)).await.map(Some)
    })
    .await
}

/// Waits until an element has this text.
pub(crate) async fn see(page: &Page, selector: &str, text: &str) {
    wait(page, &format!("{text:?} in {selector}"), async || {
        for element in page.find_all(Locator::Css(selector)).await? {
            if element.text().await?.contains(text) {
                return Ok(Some(()));
            }
        }
        Ok(None)
    })
    .await;
}

/// Types into a field, in place of what is there.
pub(crate) async fn fill(page: &Page, selector: &str, text: &str) {
    wait(page, selector, async || {
        let field = page.find(Locator::Css(selector)).await?;
        field.clear().await?;
        field.send_keys(text).await.map(Some)
    })
    .await;
}

/// Clicks, once the element can be clicked.
pub(crate) async fn click(page: &Page, selector: &str) {
    wait(page, selector, async || {
        let element = page.find(Locator::Css(selector)).await?;
        element.click().await.map(Some)
    })
    .await;
}
