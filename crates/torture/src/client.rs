//! A client: asks for one thing after another, and asks again where it doesn't know the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::ask::{Ask, Cut, Message, Product, Request, Step};
use crate::generate::Generator;
use crate::http::{self, Connection};
use crate::ledger;
use crate::record::{Answer, Attempt, Clock, Record};
use crate::reservation::{Picked, Pool, Shown};
use crate::system::Board;

/// How long a client waits before it tries again.
const PAUSE: Duration = Duration::from_millis(10);

/// How long it tries: whatever is broken on purpose is mended long before.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the clients of a round have in common.
pub(crate) struct Stage {
    pub(crate) round: u64,
    pub(crate) products: Arc<[Product]>,
    pub(crate) board: Arc<Board>,
    pub(crate) clock: Clock,
    /// The reservations that anybody was told of.
    pool: Pool,
    token: String,
    stopping: AtomicBool,
}

/// A connection to each server.
pub(crate) struct Wire(Vec<Option<Connection>>);

/// A client of a round.
pub(crate) struct Client {
    stage: Arc<Stage>,
    number: usize,
    generator: Generator,
    /// Two, for what is asked for twice at the same time.
    wires: [Wire; 2],
    records: Vec<Record>,
}

impl Stage {
    pub(crate) fn new(
        round: u64,
        products: Arc<[Product]>,
        board: Arc<Board>,
        token: String,
    ) -> Self {
        Self {
            round,
            products,
            board,
            clock: Clock::start(),
            pool: Pool::default(),
            token,
            stopping: AtomicBool::new(false),
        }
    }

    /// One without clients.
    pub(crate) fn quiet(board: Arc<Board>, token: String) -> Self {
        Self::new(0, Arc::default(), board, token)
    }

    /// The token that all requests are made with.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Whether clients are to finish.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Has clients finish what they are at.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

impl Wire {
    pub(crate) fn new(servers: usize) -> Self {
        Self((0..servers).map(|_| None).collect())
    }

    /// A connection to this server, or to another one if it is down.
    async fn connect(
        &mut self,
        board: &Board,
        server: usize,
    ) -> anyhow::Result<(usize, Connection)> {
        let start = Instant::now();
        loop {
            let servers = self.0.len();
            for server in (server..servers).chain(0..server) {
                let (Some(address), Some(kept)) = (board.address(server), self.0.get_mut(server))
                else {
                    continue;
                };
                if let Some(kept) = kept.take()
                    && kept.address == address
                {
                    return Ok((server, kept));
                }
                if let Ok(connection) = Connection::open(address).await {
                    return Ok((server, connection));
                }
            }
            ensure!(
                start.elapsed() < PATIENCE,
                "no server can be reached for {PATIENCE:?}"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sends a request to this server, or to another one if it is down.
    async fn attempt(
        &mut self,
        stage: &Stage,
        server: usize,
        request: &[u8],
        cut: Option<Cut>,
    ) -> anyhow::Result<Attempt> {
        let (server, mut connection) = self.connect(&stage.board, server).await?;
        let invoked = stage.clock.now();
        let outcome = connection.exchange(request, cut).await?;
        let ended = stage.clock.now();
        if connection.is_usable()
            && let Some(slot) = self.0.get_mut(server)
        {
            *slot = Some(connection);
        }
        Ok(Attempt {
            server,
            invoked,
            ended,
            outcome,
        })
    }

    /// Sends a request until there is an answer.
    ///
    /// # Errors
    /// If there is none for long.
    pub(crate) async fn insist(
        &mut self,
        stage: &Stage,
        server: usize,
        message: &Message,
        key: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let request = http::bytes(message, &stage.token, key);
        let start = Instant::now();
        loop {
            let unclear = match self.attempt(stage, server, &request, None).await?.outcome {
                Ok(answer) => return Ok(answer),
                Err(unclear) => unclear,
            };
            ensure!(
                start.elapsed() < PATIENCE,
                "no answer for {PATIENCE:?}: {unclear:?}"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Client {
    pub(crate) fn new(stage: Arc<Stage>, number: usize, generator: Generator) -> Self {
        let servers = stage.board.servers();
        Self {
            stage,
            number,
            generator,
            wires: [Wire::new(servers), Wire::new(servers)],
            records: Vec::new(),
        }
    }

    /// Asks until it is told to stop. Gives all that it asked, and the first fault that it found
    /// by itself.
    pub(crate) async fn run(mut self) -> (Vec<Record>, anyhow::Result<()>) {
        let mut result = Ok(());
        while result.is_ok() && !self.stage.stopping.load(Ordering::Relaxed) {
            result = match self.generator.next() {
                Step::Ask(ask) => self.ask(*ask).await,
                Step::Again { of, server } => self.again(of, server).await,
            };
        }
        let name = format!("client {}", self.number);
        (self.records, result.map_err(|error| error.context(name)))
    }

    async fn ask(&mut self, ask: Ask) -> anyhow::Result<()> {
        if !ask.pause.is_zero() {
            tokio::time::sleep(ask.pause).await;
        }
        let number = self.records.len();
        let name: Arc<str> = format!("{}-{}-{number}", self.stage.round, self.number).into();
        let key = match ask.request {
            Request::Misuse { of, .. } => self.records.get(of).map(|it| Arc::clone(&it.name)),
            _ => ask.keyed.then(|| Arc::clone(&name)),
        };
        let ask = self.pick(ask).await;
        let message = ask.request.message(&name, &self.stage.products);
        let request = http::bytes(&message, &self.stage.token, key.as_deref());
        self.records.push(Record {
            name,
            request: ask.request,
            keyed: ask.keyed,
            attempts: Vec::new(),
        });
        if ask.twin {
            self.send_twice(number, ask.server, &request).await?;
        } else {
            self.send(number, ask.server, &request, ask.cut).await?;
        }
        if key.is_some() && self.answers(number) == 0 {
            tokio::time::sleep(PAUSE).await;
            let server = (ask.server + 1) % self.stage.board.servers();
            self.send_until_answered(number, server, &request).await?;
        }
        Ok(())
    }

    /// Asks rather for something of a reservation, if there is one: when the time has come.
    async fn pick(&self, mut ask: Ask) -> Ask {
        let stage = &self.stage;
        let pick = ask.pick.take();
        let picked = pick.and_then(|pick| stage.pool.picked(&pick, stage.clock.time()));
        if let Some(Picked {
            reservation,
            act,
            at,
        }) = picked
        {
            if let Some(at) = at {
                let wait = at.duration_since(stage.clock.time());
                tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
            }
            ask.request = Request::Act { reservation, act };
        }
        ask
    }

    /// Asks for the same again, though the answer is known.
    async fn again(&mut self, of: usize, server: usize) -> anyhow::Result<()> {
        let Some(record) = self.records.get(of) else {
            return Ok(());
        };
        let message = record.request.message(&record.name, &self.stage.products);
        let request = http::bytes(&message, &self.stage.token, Some(&record.name));
        self.send_until_answered(of, server, &request).await
    }

    fn answers(&self, number: usize) -> usize {
        self.records
            .get(number)
            .map_or(0, |record| record.answers().count())
    }

    async fn send(
        &mut self,
        number: usize,
        server: usize,
        request: &[u8],
        cut: Option<Cut>,
    ) -> anyhow::Result<()> {
        let [wire, _] = &mut self.wires;
        let attempt = wire.attempt(&self.stage, server, request, cut).await?;
        self.note(number, attempt);
        Ok(())
    }

    async fn send_twice(
        &mut self,
        number: usize,
        server: usize,
        request: &[u8],
    ) -> anyhow::Result<()> {
        let [first, second] = &mut self.wires;
        let other = (server + 1) % self.stage.board.servers();
        let (first, second) = tokio::join!(
            first.attempt(&self.stage, server, request, None),
            second.attempt(&self.stage, other, request, None),
        );
        self.note(number, first?);
        self.note(number, second?);
        Ok(())
    }

    /// Sends a request to one server after another until there is one more answer.
    async fn send_until_answered(
        &mut self,
        number: usize,
        mut server: usize,
        request: &[u8],
    ) -> anyhow::Result<()> {
        let start = Instant::now();
        let answers = self.answers(number);
        loop {
            self.send(number, server, request, None).await?;
            if self.answers(number) > answers {
                return Ok(());
            }
            ensure!(
                start.elapsed() < PATIENCE,
                "there is no answer to request {number} for {PATIENCE:?}"
            );
            tokio::time::sleep(PAUSE).await;
            server = (server + 1) % self.stage.board.servers();
        }
    }

    fn note(&mut self, number: usize, attempt: Attempt) {
        let Some(record) = self.records.get_mut(number) else {
            return;
        };
        let items = match &record.request {
            Request::Reserve(reserve) => Some(Some(reserve.items.as_slice())),
            Request::Act { .. } => Some(None),
            _ => None,
        };
        if let (Some(items), Ok(answer)) = (items, &attempt.outcome)
            && let Ok(shown) = ledger::data::<Shown>(&answer.body)
        {
            let is_new = answer.status == 201;
            let products = &self.stage.products;
            self.stage.pool.note(&shown, items, is_new, products);
        }
        record.attempts.push(attempt);
    }
}
