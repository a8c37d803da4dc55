//! A connection that sends one request after another, most of them damaged.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use stockroom_test_server::http::Connection;
use tokio::time::timeout;

use crate::check::{Outcome, faults};
use crate::document::Operation;
use crate::mutate;
use crate::report::{Report, told};
use crate::request::{Request, Sending};
use crate::system::{Tenant, tokens};
use crate::valid::{self, Caller, ORGANIZATIONS};
use crate::world::World;

/// How long an answer may take: longer than the server gives itself.
const ANSWER_MAX: Duration = Duration::from_secs(40);

/// How often a valid request of each operation is tried before damage begins, at most.
const TRIES: usize = 20;

/// How many things have to be made one after the other so that a request is possible, at most.
const STEPS: usize = 5;

/// How often tokens are renewed, which are good for an hour.
const TOKENS_EVERY: Duration = Duration::from_mins(20);

/// What all connections have in common.
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    pub(crate) seed: u64,
    pub(crate) operations: Vec<Operation>,
    pub(crate) tenant: Tenant,
    /// When the run ends.
    pub(crate) end: Instant,
    /// What nobody may be shown.
    pub(crate) secrets: Vec<String>,
    pub(crate) report: Mutex<Report>,
}

/// A connection.
pub(crate) struct Client {
    shared: Arc<Shared>,
    index: u64,
    rng: StdRng,
    caller: Caller,
    world: World,
    connection: Option<Connection>,
    tokens_since: Instant,
    /// How many requests it has sent.
    sent: u64,
}

impl Shared {
    pub(crate) fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is time, and a reason to go on.
    pub(crate) fn goes_on(&self) -> bool {
        Instant::now() < self.end && !self.report().is_full()
    }
}

impl Client {
    /// One of the connections, which sends with the keys of its place.
    ///
    /// # Errors
    /// If the server gives no tokens.
    pub(crate) async fn new(
        shared: Arc<Shared>,
        index: u64,
        foreign: Vec<String>,
    ) -> anyhow::Result<Self> {
        let tenant = &shared.tenant;
        let tokens = tokens(shared.address, tenant).await?;
        let has_organization = tokens.organization.is_some();
        // The store itself, its organization, and the organization in another store.
        let role = index % 3;
        let caller = Caller {
            tokens,
            is_organization: has_organization && role > 0,
            store: tenant.stores.get(1).filter(|_| role == 2).cloned(),
            credentials: tenant.store_key.clone(),
        };
        let stores = tenant.stores.clone();
        Ok(Self {
            index,
            // Neighbouring seeds are to have nothing in common.
            rng: StdRng::seed_from_u64(shared.seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            caller,
            world: World::new(format!("c{index}"), stores, foreign),
            connection: None,
            tokens_since: Instant::now(),
            sent: 0,
            shared,
        })
    }

    /// Sends at most so many requests: first of each operation until one succeeds, then any.
    ///
    /// # Errors
    /// If the server can't be reached, or a request can't be made.
    pub(crate) async fn run(mut self, requests_max: u64) -> anyhow::Result<()> {
        let shared = Arc::clone(&self.shared);
        for operation in &shared.operations {
            self.warm_up(operation).await?;
        }
        while self.sent < requests_max && shared.goes_on() {
            if self.tokens_since.elapsed() > TOKENS_EVERY {
                self.caller.tokens = tokens(shared.address, &shared.tenant).await?;
                self.tokens_since = Instant::now();
            }
            let index = self.rng.random_range(0..shared.operations.len());
            let operation = shared.operations.get(index).context("no operations")?;
            let mut request = self.valid(operation)?;
            let is_as_made = request.operation != operation.id || self.rng.random_bool(0.2);
            if !is_as_made {
                mutate::damage(&mut request, Some(operation), &self.world, &mut self.rng);
            }
            self.exchange(&request, is_as_made).await?;
        }
        Ok(())
    }

    /// Tries until a valid request of an operation has succeeded.
    async fn warm_up(&mut self, operation: &Operation) -> anyhow::Result<()> {
        for _ in 0..TRIES {
            if !self.shared.goes_on() {
                return Ok(());
            }
            let request = self.valid(operation)?;
            let outcome = self.exchange(&request, true).await?;
            let succeeded = matches!(outcome.status(), Some(200..300));
            if succeeded && request.operation == operation.id {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A valid request of the operation, or of one that makes what it needs.
    fn valid(&mut self, operation: &Operation) -> anyhow::Result<Request> {
        let operations = &self.shared.operations;
        let mut operation = operation;
        for _ in 0..STEPS {
            let (caller, world, rng) = (&self.caller, &mut self.world, &mut self.rng);
            match valid::request(operation, caller, world, rng) {
                Ok(request) => return Ok(request),
                Err(kind) => {
                    let maker = valid::maker(kind);
                    let found = operations.iter().find(|it| it.id == maker);
                    operation = found.with_context(|| format!("there is no operation {maker}"))?;
                }
            }
        }
        bail!("{} needs itself", operation.id)
    }

    /// Sends a request, and looks at what comes of it.
    async fn exchange(&mut self, request: &Request, is_as_made: bool) -> anyhow::Result<Outcome> {
        self.sent += 1;
        let outcome = self.outcome(request).await?;
        let shared = Arc::clone(&self.shared);
        let mut report = shared.report();
        report.count(request, is_as_made, &outcome);
        let faults = faults(request, &outcome, &shared.secrets);
        if !faults.is_empty() {
            let fault = faults.join("; ");
            let place = format!(
                "seed {}, connection {}, request {}, {}",
                shared.seed, self.index, self.sent, request.operation
            );
            let address = shared.address.to_string();
            let curl = request.curl(&address, &self.caller.tokens.named());
            let text = told(&fault, &place, &curl, &outcome);
            report.find(&format!("{} {fault}", request.operation), &text);
        }
        drop(report);
        if let Some(status) = outcome.status() {
            let body = outcome.json();
            self.world.learn(request, is_as_made, status, &body);
        }
        Ok(outcome)
    }

    async fn outcome(&mut self, request: &Request) -> anyhow::Result<Outcome> {
        let bytes = request.bytes();
        if let Sending::Cut(thousandths) = request.sending {
            let mut connection = self.connect().await?.0;
            let part = bytes.get(..bytes.len() * thousandths / 1000);
            let _it_may_be_closed_already = connection.send(part.unwrap_or_default()).await;
            return Ok(Outcome::Cut);
        }
        loop {
            let (mut connection, is_new) = self.connect().await?;
            // One that reads no further may have answered all the same.
            let _its_answer_tells = connection.send(&bytes).await;
            let answer = timeout(ANSWER_MAX, connection.answer(request.is_head())).await;
            return Ok(match answer {
                Ok(Ok(Some(answer))) => {
                    if connection.is_usable() {
                        self.connection = Some(connection);
                    }
                    Outcome::Answer(answer)
                }
                // A server may close a connection that was kept at any time.
                Ok(Ok(None)) if !is_new => continue,
                Ok(Ok(None)) => Outcome::Closed,
                Ok(Err(error)) => Outcome::Garbage(format!("{error:#}")),
                Err(_) => Outcome::Late,
            });
        }
    }

    /// The connection that was kept, or a new one.
    async fn connect(&mut self) -> anyhow::Result<(Connection, bool)> {
        if let Some(connection) = self.connection.take() {
            return Ok((connection, false));
        }
        let connection = Connection::open(self.shared.address).await;
        Ok((connection.context("the server can't be reached")?, true))
    }
}

/// The operations that somebody of this tenant may do at all.
pub(crate) fn possible(operations: &[Operation], tenant: &Tenant) -> Vec<Operation> {
    let is_possible = |operation: &&Operation| {
        tenant.organization_key.is_some() || !ORGANIZATIONS.contains(&&*operation.id)
    };
    operations.iter().filter(is_possible).cloned().collect()
}
